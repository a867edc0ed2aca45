<?php

declare(strict_types=1);

namespace Faces\Store;

/** RFC 4180 without PHP's own escape character, and the guard of cells that a spreadsheet would run as a formula. */
final class Csv
{
    private const FORMULA = "/^'*[=+\\-@\t\r\n]/";

    /** A cell as it is written: text that looks like a formula gets an apostrophe before it. */
    public static function guard(string $text): string
    {
        return preg_match(self::FORMULA, $text) ? "'$text" : $text;
    }

    /** The reverse of `guard`. */
    public static function unguard(string $text): string
    {
        return ($text[0] ?? '') === "'" && preg_match(self::FORMULA, $text) ? substr($text, 1) : $text;
    }

    /**
     * A line with its line feed. Line breaks within cells become the replacement character: a journal is read line by line.
     *
     * @param list<string> $cells
     */
    public static function line(array $cells): string
    {
        $written = [];
        foreach ($cells as $cell) {
            // what Python's splitlines knows as line breaks
            $cell = preg_replace('/\r\n|[\n\r\x{0b}\x{0c}\x{1c}-\x{1e}\x{85}\x{2028}\x{2029}]/u', "\u{fffd}", $cell) ?? '';
            $written[] = strpbrk($cell, ",\"\t;") === false ? $cell : '"' . str_replace('"', '""', $cell) . '"';
        }
        return implode(',', $written) . "\n";
    }

    /** @return list<string> the cells of one line; [] for an empty one */
    public static function cells(string $line, string $delimiter = ','): array
    {
        return $line === '' ? [] : str_getcsv($line, $delimiter, '"', '');
    }

    /** Comma, semicolon or tab: a spreadsheet may have saved the file in its country's way. */
    public static function delimiter(string $header): string
    {
        $counts = [',' => substr_count($header, ','), ';' => substr_count($header, ';'), "\t" => substr_count($header, "\t")];
        arsort($counts);
        return (string) array_key_first($counts);
    }
}
