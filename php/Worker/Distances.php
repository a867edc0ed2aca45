<?php

declare(strict_types=1);

namespace Faces\Worker;

use Faces\Store\Channel;
use Faces\Store\State;

/**
 * How far apart the faces of a channel are, as the worker measured it (recognize --distances): histograms in percent of the
 * default threshold. docs/formats.md describes the file.
 */
final class Distances
{
    public const BINS = 250;

    /** @param array<string, mixed> $found */
    private function __construct(private readonly array $found)
    {
    }

    public static function of(Channel $channel): self
    {
        $found = json_decode(State::read(State::path('distances.json', $channel), 1 << 20), true, 8);
        return new self(is_array($found) && ($found['version'] ?? 0) === 1 && is_array($found['models'] ?? null) ? $found : []);
    }

    /** When it was measured, UTC, ISO 8601; "" if it was not. */
    public function time(): string
    {
        return is_string($this->found['time'] ?? null) ? substr($this->found['time'], 0, 40) : '';
    }

    /** What tells whether names changed since: the time of the newest decision, and how many there were. */
    public function key(): string
    {
        return is_string($this->found['key'] ?? null) ? $this->found['key'] : '';
    }

    /** @return list<string> */
    public function models(): array
    {
        return array_map('strval', array_keys($this->found['models'] ?? []));
    }

    /**
     * @return array{same: list<int>, different: list<int>, guesses: list<int>, open: int}|null counts of distances from i to
     *     i + 1 percent of the default; null if that was not measured
     */
    public function measured(string $model, string $metric): ?array
    {
        $one = $this->found['models'][$model][$metric] ?? null;
        if (!is_array($one)) {
            return null;
        }
        $bins = static function (string $name) use ($one): array {
            $given = is_array($one[$name] ?? null) ? array_slice(array_values($one[$name]), 0, self::BINS) : [];
            return array_pad(array_map(static fn ($n): int => is_int($n) ? max(0, min($n, 1 << 40)) : 0, $given), self::BINS, 0);
        };
        return ['same' => $bins('same'), 'different' => $bins('different'), 'guesses' => $bins('guesses'),
            'open' => is_int($one['open'] ?? null) ? $one['open'] : 0];
    }
}
