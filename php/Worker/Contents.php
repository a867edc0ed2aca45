<?php

declare(strict_types=1);

namespace Faces\Worker;

use Faces\Store\Channel;
use Faces\Store\State;

/** What the worker wrote down of a channel's faces.pkl files, which PHP cannot read: how many faces of which detector and model. */
final class Contents
{
    /** So many failures are told. */
    private const FAILURES = 200;

    /** @param array<string, mixed> $known */
    private function __construct(private readonly array $known)
    {
    }

    public static function of(Channel $channel): self
    {
        $known = json_decode(State::read(State::path('contents.json', $channel), 1 << 20), true, 8);
        return new self(is_array($known) && ($known['version'] ?? 0) === 1 ? $known : []);
    }

    /** Photos that were searched; faces. */
    public function number(string $name): int
    {
        return is_int($this->known[$name] ?? null) ? $this->known[$name] : 0;
    }

    /** Seconds that a photo takes with all that is asked for, on average; null if that is not known. */
    public function secondsOfAll(): ?float
    {
        return self::positive($this->known['seconds'] ?? null);
    }

    /**
     * Photos that could not be searched, each with the reason.
     *
     * @return list<array{photo: string, file: string, error: string, attempts: int, given_up: bool}>
     */
    public function failures(): array
    {
        $found = [];
        foreach (is_array($this->known['failures'] ?? null) ? $this->known['failures'] : [] as $one) {
            $texts = array_filter(is_array($one) ? array_intersect_key($one, ['photo' => 0, 'file' => 0, 'error' => 0]) : [], 'is_string');
            if (count($texts) === 3 && is_int($one['attempts'] ?? null) && is_bool($one['given_up'] ?? null)) {
                $found[] = ['photo' => $texts['photo'], 'file' => $texts['file'], 'error' => $texts['error'], 'attempts' => $one['attempts'], 'given_up' => $one['given_up']];
            }
        }
        return array_slice($found, 0, self::FAILURES);
    }

    /** Faces of each detector, model or attribute. @return array<string, int> by name */
    public function faces(string $kind): array
    {
        $found = [];
        foreach (is_array($this->known[$kind] ?? null) ? $this->known[$kind] : [] as $name => $one) {
            $number = is_array($one) ? $one['faces'] ?? 0 : $one;
            if (is_int($number)) {
                $found[(string) $name] = $number;
            }
        }
        return $found;
    }

    /** Photos that a detector has searched. */
    public function photos(string $detector): int
    {
        $one = is_array($this->known['detectors'] ?? null) ? $this->known['detectors'][$detector] ?? null : null;
        return is_array($one) && is_int($one['photos'] ?? null) ? $one['photos'] : 0;
    }

    /** Seconds that a detector took for a photo, or a model for a face, on average; null if that is not known. */
    public function seconds(string $kind, string $name): ?float
    {
        $one = is_array($this->known[$kind] ?? null) ? $this->known[$kind][$name] ?? null : null;
        return self::positive(is_array($one) ? $one['seconds'] ?? null : null);
    }

    private static function positive(mixed $seconds): ?float
    {
        return is_int($seconds) || is_float($seconds) ? max(0.0, (float) $seconds) : null;
    }
}
