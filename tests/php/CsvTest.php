<?php

declare(strict_types=1);

use Faces\Store\Csv;
use PHPUnit\Framework\TestCase;

final class CsvTest extends TestCase
{
    public function testWhatIsWrittenIsReadAgain(): void
    {
        mt_srand(4);
        $alphabet = ['a', ',', '"', "'", '=', '+', '-', '@', "\t", ';', '\\', ' ', 'é', '😀', '0', '<'];
        for ($i = 0; $i < 3000; $i++) {
            $cells = [];
            for ($c = mt_rand(1, 4); $c > 0; $c--) {
                $cells[] = implode('', array_map(static fn (): string => $alphabet[array_rand($alphabet)], range(1, mt_rand(1, 6))));
            }
            $line = Csv::line(array_map(Csv::guard(...), $cells));
            self::assertSame(1, substr_count($line, "\n"));
            self::assertSame($cells, array_map(Csv::unguard(...), Csv::cells(rtrim($line, "\n"))));
        }
    }

    /** A spreadsheet must not run a cell; one that begins with an apostrophe is read as it was. */
    public function testFormulas(): void
    {
        foreach (['=1+1', '+1', '-1', '@x', "\tx", "'=x", "''=x"] as $text) {
            self::assertSame("'$text", Csv::guard($text));
            self::assertSame($text, Csv::unguard(Csv::guard($text)));
        }
        foreach (['', 'Ada', "O'Brien", "'tis", 'a=b'] as $text) {
            self::assertSame($text, Csv::guard($text));
            self::assertSame($text, Csv::unguard($text));
        }
    }

    public function testALineBreakWithinACellIsNone(): void
    {
        foreach (["\n", "\r", "\r\n", "\u{0b}", "\u{0c}", "\u{85}", "\u{2028}", "\u{2029}", "\u{1c}"] as $break) {
            self::assertSame("a\u{fffd}b\n", Csv::line(["a{$break}b"]));
        }
    }

    public function testDelimiters(): void
    {
        self::assertSame(',', Csv::delimiter('id,file,x'));
        self::assertSame(';', Csv::delimiter('id;file;x,y'));
        self::assertSame("\t", Csv::delimiter("id\tfile\tx"));
        self::assertSame(',', Csv::delimiter(''));
    }
}
