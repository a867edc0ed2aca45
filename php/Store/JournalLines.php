<?php

declare(strict_types=1);

namespace Faces\Store;

use Faces\Model\Box;
use Faces\Model\Decision;
use Faces\Model\Name;

/** The lines of a journal (names.csv) as text: read with distrust, written so that every reader understands them. */
final class JournalLines
{
    public const COLUMNS = ['time', 'face', 'photo', 'file', 'x', 'y', 'w', 'h', 'decision', 'name', 'by', 'content'];

    /** The line of a file's columns. */
    public static function title(): string
    {
        return implode(',', self::COLUMNS) . "\n";
    }

    /**
     * UTC, ISO 8601, with Z, as text sorts as time; of the calendar, and before 2200: nothing could be decided after one of
     * the year 9999. As is_time in py/faces/store.py.
     */
    public static function isTime(string $text): bool
    {
        return preg_match('/^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?Z$/D', $text, $found) === 1
            && (int) $found[1] > 0 && (int) $found[1] < 2200 && checkdate((int) $found[2], (int) $found[3], (int) $found[1]);
    }

    public static function line(Decision $d): string
    {
        $box = array_map(static fn (float $v): string => sprintf('%.5F', $v), [$d->box->x, $d->box->y, $d->box->w, $d->box->h]);
        return Csv::line([$d->time, $d->face, $d->photo, Csv::guard($d->file), ...$box, $d->kind, Csv::guard($d->name),
            Csv::guard($d->by), $d->content]);
    }

    /**
     * Line by line: a line that makes no sense is left out, and spoils itself only.
     *
     * @param list<string> $header the columns of the lines until there is another header
     * @return array{list<array<mixed>>, list<string>} rows as [time, face, photo, x, y, w, h, kind, name, content], and the
     *     header that holds behind them
     */
    public static function rows(string $content, array $header): array
    {
        $found = [];
        foreach (self::values($content, $header) as [$box, $value]) {
            $found[] = [$value['time'], $value['face'], $value['photo'], $box->x, $box->y, $box->w, $box->h, $value['decision'],
                $value['name'], $value['content']];
        }
        return [$found, $header];
    }

    /** The same with all there is of each. @return list<Decision> */
    public static function decisions(string $content): array
    {
        $found = [];
        $header = self::COLUMNS;
        foreach (self::values($content, $header) as [$box, $value]) {
            $found[] = new Decision($value['time'], $value['face'], $value['photo'], Csv::unguard($value['file']), $box, $value['decision'],
                $value['name'], Csv::unguard($value['by']), $value['content']);
        }
        return $found;
    }

    /**
     * @param list<string> $header
     * @return \Generator<array{Box, array<string, string>}>
     */
    private static function values(string $content, array &$header): \Generator
    {
        $place = array_flip($header);
        foreach (explode("\n", $content) as $line) {
            $line = rtrim(str_starts_with($line, "\u{feff}") ? substr($line, 3) : $line, "\r");
            if (trim($line) === '') {
                continue;
            }
            $cells = Csv::cells($line);
            if (($cells[0] ?? '') === 'time' && ($cells[1] ?? '') === 'face') {
                $header = self::header($cells);
                $place = array_flip($header);
                continue;
            }
            $row = self::row($cells, $place);
            if ($row) {
                yield $row;
            }
        }
    }

    /** A shorter one than ours is of before there was the last column: then lines may be longer than it. @param list<string> $cells @return list<string> */
    public static function header(array $cells): array
    {
        return $cells === array_slice(self::COLUMNS, 0, count($cells)) ? self::COLUMNS : $cells;
    }

    /**
     * @param list<string> $cells
     * @param array<string, int> $place
     * @return array{Box, array<string, string>}|null
     */
    private static function row(array $cells, array $place): ?array
    {
        foreach (self::COLUMNS as $column) {
            $value[$column] = $cells[$place[$column] ?? -1] ?? null;
        }
        $value['content'] ??= '';
        if (in_array(null, $value, true)) {
            return null;
        }
        $box = Box::fromText($value['x'], $value['y'], $value['w'], $value['h']);
        $name = Name::clean(Csv::unguard($value['name']));
        $needsName = in_array($value['decision'], [Decision::NAME, Decision::REJECT], true);
        if (!$box || !self::isTime($value['time']) || !in_array($value['decision'], Decision::KINDS, true) || ($needsName && $name === '')) {
            return null;
        }
        return [$box, ['name' => $name] + $value];
    }
}
