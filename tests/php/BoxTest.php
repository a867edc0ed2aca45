<?php

declare(strict_types=1);

use Faces\Model\Box;
use PHPUnit\Framework\TestCase;

final class BoxTest extends TestCase
{
    public function testOverlap(): void
    {
        $box = new Box(0.1, 0.1, 0.2, 0.2);
        self::assertEqualsWithDelta(1.0, $box->overlap($box), 1e-9);
        self::assertEqualsWithDelta(1 / 3, $box->overlap(new Box(0.2, 0.1, 0.2, 0.2)), 1e-9);
        self::assertSame(0.0, $box->overlap(new Box(0.5, 0.5, 0.1, 0.1)));
        self::assertEqualsWithDelta(0.0, $box->overlap(new Box(0.3, 0.1, 0.2, 0.2)), 1e-9);
    }

    public function testFromText(): void
    {
        self::assertEquals(new Box(0.1, 0.0, 1.0, 0.5), Box::fromText('0.1', '0', '1e0', '.5'));
        foreach ([['nan', '0', '1', '1'], ['0', '0', '0', '1'], ['0', '0', '1', '-1'], ['1e999', '0', '1', '1'], ['', '0', '1', '1'], ['0x1', '0', '1', '1']] as $texts) {
            self::assertNull(Box::fromText(...$texts));
        }
    }
}
