<?php

declare(strict_types=1);

use Faces\Model\Name;
use PHPUnit\Framework\TestCase;

final class NameTest extends TestCase
{
    /** @return list<array{string, string}> */
    public static function names(): array
    {
        return [
            ['Ada Lovelace', 'Ada Lovelace'], ['  Ada   Lovelace ', 'Ada Lovelace'], ["Ada\n\tLovelace", 'Ada Lovelace'], ["a\0b", 'ab'],
            ["\u{202e}evil", 'evil'], ["e\u{301}", 'é'], ["👩\u{200d}👧", "👩\u{200d}👧"], ["\xff", '?'], ['', ''], ["\u{3000}", ''],
            [str_repeat('ä', 300), str_repeat('ä', 200)], [str_repeat('x', 300), str_repeat('x', 200)], ['0', '0'],
        ];
    }

    /** @dataProvider names */
    public function testClean(string $given, string $kept): void
    {
        self::assertSame($kept, Name::clean($given));
        self::assertSame($kept, Name::clean(Name::clean($given)));
    }
}
