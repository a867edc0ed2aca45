<?php

declare(strict_types=1);

namespace Faces\Store;

use Faces\Model\Threshold;

/**
 * Whether a file of one of our names, at one of our places, is ours: by what is in it, as the folder may have been somebody's
 * before. The worker decides likewise (py/faces/jobs/remove.py).
 */
final class Ownership
{
    /** Bytes at the beginning of a file that tell what it is. */
    private const HEAD = 65_536;
    /** Bytes at the end of a faces.pkl in which its columns are named. */
    private const FOOTER = 1 << 20;
    private const GROUPS = ['version', 'detection', 'recognition', 'worker', 'metadata', 'page'];

    public static function isOurs(DataFile $file): bool
    {
        if ($file->stamp() === '') {
            return $file->path !== '' && !file_exists($file->path) && !is_link($file->path); // a row whose file is gone
        }
        if ((int) @filesize($file->path) === 0) {
            return true;
        }
        $head = (string) @file_get_contents($file->path, false, null, 0, self::HEAD);
        $text = ltrim($head, "\u{feff}\" \r\n\t");
        return match (true) {
            $file->name === Cloud::FACES_PKL => self::isOurParquet($file->path, $head),
            $file->name === Cloud::FACES_CSV => self::hasColumns($text, ['id', 'file', 'x', 'y', 'w', 'h']),
            $file->name === Cloud::CONFIG_JSON => self::isConfig($text),
            $file->name === Cloud::THRESHOLDS_JSON => self::hasKeys($text, array_keys(Threshold::DEFAULTS)),
            $file->name === Cloud::WRITTEN => preg_match('/^\{"(time|since)":/', $text) === 1,
            $file->name === 'report.html' => str_contains(substr($head, 0, 200), '<!-- faces '),
            str_ends_with($file->name, '_statistics.csv') => self::hasColumns($text, ['detector']) && self::hasColumns($text, ['model']),
            str_ends_with($file->name, '.csv') => str_starts_with(str_replace('"', '', $text), 'time,face,') || JournalLines::decisions($head) !== [],
            default => true, // what was found damaged, the log and the locks of a worker on another computer
        };
    }

    /** Of a file that is torn only the beginning, or the end, may say it. */
    private static function isOurParquet(string $path, string $head): bool
    {
        if (!str_starts_with($head, 'PAR1')) {
            return false;
        }
        $end = (string) @file_get_contents($path, false, null, max(0, (int) @filesize($path) - self::FOOTER));
        return !str_ends_with($end, 'PAR1') || str_contains($end, 'faces_format');
    }

    /** @param list<string> $columns */
    private static function hasColumns(string $start, array $columns): bool
    {
        $header = strtok($start, "\r\n") ?: '';
        $cells = array_map(static fn (string $cell): string => trim($cell, '" '), preg_split('/[,;\t]/', $header) ?: []);
        return array_diff($columns, $cells) === [];
    }

    private static function isConfig(string $text): bool
    {
        return json_decode($text) === null ? str_contains($text, '"version"') : self::hasKeys($text, self::GROUPS);
    }

    /** A JSON object with one of these keys, or with none at all. @param list<string> $keys */
    private static function hasKeys(string $text, array $keys): bool
    {
        $value = json_decode($text, true, 32);
        return is_array($value) && ($value === [] || array_intersect(array_map('strval', array_keys($value)), $keys) !== []);
    }
}
