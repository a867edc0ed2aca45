<?php

declare(strict_types=1);

use Faces\View\Cut;
use PHPUnit\Framework\TestCase;

final class CutTest extends TestCase
{
    /** @param array<int, int> $counts by percent of the default @return list<int> */
    private static function bins(array $counts): array
    {
        return array_values(array_replace(array_fill(0, 250, 0), $counts));
    }

    private static function cut(): Cut
    {
        return new Cut(['same' => self::bins([40 => 30, 110 => 10]), 'different' => self::bins([90 => 5, 160 => 95]),
            'guesses' => self::bins([50 => 4, 100 => 10, 249 => 7]), 'open' => 21], 0.5);
    }

    public function testACutCountsWhatIsNearer(): void
    {
        $cut = self::cut();
        $this->assertSame([4, 4, 14, 14], array_map($cut->guesses(...), [0.3, 0.5, 0.505, 0.75]));
        $this->assertSame(75.0, $cut->held(0.5));
        $this->assertSame(100.0, $cut->held(0.75));
        $this->assertSame(5.0, $cut->mixed(0.5));
        $this->assertSame([40, 100], $cut->pairs());
        $this->assertSame(21, $cut->open());
    }

    public function testALargerCutNeverCountsFewer(): void
    {
        $last = [0, 0.0, 0.0];
        for ($percent = 50; $percent <= 150; $percent++) {
            $now = [self::cut()->guesses($percent * 0.005), self::cut()->held($percent * 0.005), self::cut()->mixed($percent * 0.005)];
            $this->assertSame($last, array_map('min', $last, $now));
            $last = $now;
        }
    }

    public function testWithoutPairsThereIsNoShare(): void
    {
        $none = new Cut(['same' => self::bins([]), 'different' => self::bins([]), 'guesses' => self::bins([]), 'open' => 0], 0.5);
        $this->assertNull($none->held(0.5));
        $this->assertSame([], $none->bars());
        $this->assertSame(0, $none->guesses(0.5));
    }

    public function testBarsStayInThePicture(): void
    {
        foreach (self::cut()->bars() as $bar) {
            $this->assertGreaterThanOrEqual(0, $bar['x']);
            $this->assertLessThanOrEqual(200, $bar['x'] + $bar['width']);
            $this->assertEqualsWithDelta(100.0, (float) $bar['y'] + (float) $bar['height'], 0.11);
        }
        $this->assertSame('100.0', self::cut()->place(0.5));
        $this->assertSame('200.0', self::cut()->place(9.0));
    }
}
