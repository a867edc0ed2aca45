<?php

declare(strict_types=1);

namespace Faces\Worker;

use Faces\Store\State;

/**
 * What the last self-check found: which detectors, models and attributes work on this server, and what they cost. Made in the
 * background by py/availability.py, which writes it after each thing it tried; a page only reads it.
 */
final class SelfCheck
{
    public const KINDS = ['detectors' => 'detector', 'models' => 'model', 'demography' => 'demography'];
    private const FILE = 'availability.json';
    private const LARGEST = 1 << 20;

    /** @param array<string, mixed> $found */
    private function __construct(private readonly array $found, public readonly bool $isRunning)
    {
    }

    public static function last(): self
    {
        $found = json_decode(State::read(State::path(self::FILE), self::LARGEST), true, 8);
        $isOurs = is_array($found) && ($found['version'] ?? 0) === 1;
        return new self($isOurs ? $found : [], Launcher::isRunning('availability'));
    }

    /** Forgets what was found, as when it is to be found anew. */
    public static function forget(): void
    {
        foreach ([self::FILE, 'availability.outcome', 'availability.started'] as $name) {
            @unlink(State::path($name));
        }
    }

    public function isThere(): bool
    {
        return $this->found !== [];
    }

    /** Whether it got to the end. */
    public function isWhole(): bool
    {
        return ($this->found['finished'] ?? false) === true;
    }

    /** A text of it: started, updated (UTC, ISO 8601), python, checking; "" where it is not known. */
    public function text(string $name): string
    {
        $value = $this->found[$name] ?? '';
        return is_scalar($value) ? mb_substr(mb_scrub((string) $value, 'UTF-8'), 0, 500) : '';
    }

    /** A number of it: done, total, cores, memory (MB); 0 where it is not known. */
    public function number(string $name): int
    {
        $value = $this->found[$name] ?? 0;
        return is_int($value) || is_float($value) ? (int) min(max($value, 0), PHP_INT_MAX / 2) : 0;
    }

    /** @return array<string, string> version by package; "missing" where it is not installed */
    public function versions(): array
    {
        $versions = $this->found['versions'] ?? [];
        return is_array($versions) ? array_filter($versions, 'is_string') : [];
    }

    /** Without it what photos say of themselves is not seen, and nothing can be written into them. False where nobody looked. */
    public function lacksExiftool(): bool
    {
        return in_array($this->versions()['exiftool'] ?? '', ['missing', 'broken'], true);
    }

    /**
     * What was found of one thing; null if it was not tried.
     *
     * @return array{works: bool, reason: string, megabytes: float, load: float, each: float}|null
     */
    public function of(string $kind, string $name): ?array
    {
        foreach (is_array($this->found['findings'] ?? null) ? $this->found['findings'] : [] as $one) {
            if (is_array($one) && ($one['kind'] ?? '') === self::KINDS[$kind] && ($one['name'] ?? '') === $name) {
                $number = static fn (string $key): float => is_numeric($one[$key] ?? null) ? max(0.0, (float) $one[$key]) : 0.0;
                $reason = is_string($one['reason'] ?? null) ? mb_scrub($one['reason'], 'UTF-8') : '';
                return ['works' => $reason === '' && ($one['works'] ?? true) === true, 'reason' => $reason,
                    'megabytes' => $number('megabytes'), 'load' => $number('seconds_load'), 'each' => $number('seconds_each')];
            }
        }
        return null;
    }
}
