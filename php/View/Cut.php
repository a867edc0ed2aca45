<?php

declare(strict_types=1);

namespace Faces\View;

/**
 * What a threshold does to the faces of a channel, by their distances: how many pairs of one person it holds together, how many
 * of different people it mixes up, how many guesses there are. Everything in percent of the default threshold.
 */
final class Cut
{
    /** Of the picture: bars of so many percent, up to so many, so high. */
    private const STEP = 5;
    private const WIDEST = 200;
    private const HEIGHT = 100.0;

    /** @param array{same: list<int>, different: list<int>, guesses: list<int>, open: int} $measured */
    public function __construct(private readonly array $measured, private readonly float $default)
    {
    }

    /** Guesses for the open faces at this threshold. */
    public function guesses(float $threshold): int
    {
        return self::below($this->measured['guesses'], $this->percent($threshold));
    }

    /** Of pairs of one person, how many percent are within it; null if there is no pair. */
    public function held(float $threshold): ?float
    {
        return $this->share('same', $threshold);
    }

    /** The same of pairs of different people. */
    public function mixed(float $threshold): ?float
    {
        return $this->share('different', $threshold);
    }

    /** Pairs of one person, and of different people. @return array{int, int} */
    public function pairs(): array
    {
        return [array_sum($this->measured['same']), array_sum($this->measured['different'])];
    }

    public function open(): int
    {
        return $this->measured['open'];
    }

    /**
     * Bars of a picture 200 wide (percent of the default) and 100 high, each kind in parts of its own greatest bar.
     *
     * @return list<array{kind: string, x: int, width: int, y: string, height: string}>
     */
    public function bars(): array
    {
        $bars = [];
        foreach (['different', 'same'] as $kind) {
            $sums = array_map('array_sum', array_chunk(array_slice($this->measured[$kind], 0, self::WIDEST), self::STEP));
            $greatest = max(1, ...$sums);
            foreach ($sums as $i => $sum) {
                if ($sum > 0) {
                    $height = max(1.0, self::HEIGHT * $sum / $greatest);
                    $bars[] = ['kind' => $kind, 'x' => $i * self::STEP, 'width' => self::STEP, 'y' => sprintf('%.1F', self::HEIGHT - $height), 'height' => sprintf('%.1F', $height)];
                }
            }
        }
        return $bars;
    }

    /** Where a threshold is in the picture. */
    public function place(float $threshold): string
    {
        return sprintf('%.1F', min((float) self::WIDEST, $this->percent($threshold)));
    }

    private function percent(float $threshold): float
    {
        return 100.0 * $threshold / $this->default;
    }

    private function share(string $kind, float $threshold): ?float
    {
        $all = array_sum($this->measured[$kind]);
        return $all === 0 ? null : 100.0 * self::below($this->measured[$kind], $this->percent($threshold)) / $all;
    }

    /** How many are nearer; within the bar that the threshold cuts they are taken for even. @param list<int> $bins */
    private static function below(array $bins, float $percent): int
    {
        $whole = (int) floor($percent + 1e-6);
        $part = $percent - $whole;
        return array_sum(array_slice($bins, 0, $whole)) + (int) round(max(0.0, $part) * ($bins[$whole] ?? 0));
    }
}
