<?php

declare(strict_types=1);

namespace Faces\Store;

use Faces\Model\Box;
use Faces\Model\Decision;
use Faces\Model\Name;
use Faces\Refusal;

/**
 * What people decided: names.csv, which only we write, and edits.csv, which only the worker writes (names that were typed
 * into faces.csv). docs/formats.md describes both.
 */
final class Journal
{
    private const COLUMNS = ['time', 'face', 'photo', 'file', 'x', 'y', 'w', 'h', 'decision', 'name', 'by', 'content'];
    /** Larger than that no journal is: 64 MB are some 300,000 decisions. */
    public const LARGEST = 64 << 20;
    /** So many seconds a writer waits for the others. */
    private const PATIENCE = 30.0;
    private const VERSION = 1;

    public function __construct(private readonly Cloud $cloud, private readonly Quota $quota)
    {
    }

    /** UTC, ISO 8601, with Z, as text sorts as time. */
    public static function isTime(string $text): bool
    {
        return preg_match('/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/D', $text) === 1;
    }

    /**
     * Every decision, in the order of time; without the path of the photo and who decided, which nothing here asks for.
     *
     * @return list<Decision>
     * @throws UnreadableFile
     */
    public function decisions(): array
    {
        $names = $this->cloud->own(Cloud::NAMES_CSV);
        $edits = $this->cloud->own(Cloud::EDITS_CSV);
        $rows = array_merge($names ? $this->rows($names) : [], $edits ? $this->rows($edits) : []);
        $last = '';
        $isSorted = true;
        foreach ($rows as $row) {
            $isSorted = $isSorted && strcmp($last, $row[0]) <= 0;
            $last = $row[0];
        }
        if (!$isSorted) {
            usort($rows, static fn (array $a, array $b): int => strcmp(rtrim($a[0], 'Z'), rtrim($b[0], 'Z')));
        }
        return array_map(static fn (array $r): Decision => new Decision($r[0], $r[1], $r[2], '', new Box((float) $r[3], (float) $r[4],
            (float) $r[5], (float) $r[6]), $r[7], $r[8], '', $r[9]), $rows);
    }

    /**
     * Adds decisions to names.csv; they are on disk, and the hub's row says so, when this returns.
     *
     * @param list<Decision> $decisions their times are set here
     * @return list<Decision> with their times
     * @throws Refusal|UnreadableFile
     */
    public function append(array $decisions): array
    {
        return $this->locked(function () use ($decisions): array {
            $this->cloud->refresh();
            $file = $this->cloud->own(Cloud::NAMES_CSV);
            if ($file === null || $file->path === '') {
                throw new Refusal('names.csv is not there. Open the page of faces as the owner once: it makes it', Refusal::BUSY);
            }
            $old = $this->content($file);
            $edits = $this->cloud->own(Cloud::EDITS_CSV);
            $dated = self::dated($decisions, max(self::newest($old), $edits ? self::newest($this->content($edits)) : ''));
            $new = trim($old) === '' ? implode(',', self::COLUMNS) . "\n" : $old;
            $new .= (str_ends_with($new, "\n") ? '' : "\n") . implode('', array_map(self::line(...), $dated));
            $this->quota->check($file, strlen($new));
            CloudFile::replace($this->cloud->channel, $file, $new);
            return $dated;
        });
    }

    /**
     * The decisions with times later than every one there is, even if a clock was wrong.
     *
     * @param list<Decision> $decisions
     * @return list<Decision>
     */
    private static function dated(array $decisions, string $newest): array
    {
        $now = new \DateTimeImmutable('now', new \DateTimeZone('UTC'));
        if ($newest !== '') {
            $last = new \DateTimeImmutable(substr($newest, 0, 26) . '+00:00');
            $now = max($now, $last->modify('+1 microsecond'));
        }
        $dated = [];
        foreach ($decisions as $d) {
            $time = $now->format('Y-m-d\TH:i:s.u\Z');
            $dated[] = new Decision($time, $d->face, $d->photo, $d->file, $d->box, $d->kind, $d->name, $d->by, $d->content);
            $now = $now->modify('+1 microsecond');
        }
        return $dated;
    }

    /** The newest time in a journal, without its Z; "" if there is none. */
    private static function newest(string $content): string
    {
        preg_match_all('/^(?:\xef\xbb\xbf)?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)Z,/m', $content, $found);
        return $found[1] ? max($found[1]) : '';
    }

    private static function line(Decision $d): string
    {
        $box = array_map(static fn (float $v): string => sprintf('%.5F', $v), [$d->box->x, $d->box->y, $d->box->w, $d->box->h]);
        return Csv::line([$d->time, $d->face, $d->photo, Csv::guard($d->file), ...$box, $d->kind, Csv::guard($d->name), $d->by,
            $d->content]);
    }

    /**
     * The decisions in a file, each as [time, face, photo, x, y, w, h, kind, name, content]. What was read is remembered, as in
     * FacesCsv; since a journal only grows, only what was added since is to be read.
     *
     * @return list<array<mixed>>
     */
    private function rows(DataFile $file): array
    {
        $stamp = $file->stamp();
        $known = json_decode(State::read($this->cacheOf($file)), true, 8);
        $isOurs = is_array($known) && ($known['version'] ?? 0) === self::VERSION;
        if ($isOurs && $stamp !== '' && $known['stamp'] === $stamp) {
            return $known['rows'];
        }
        $content = $this->content($file);
        if (!$isOurs || $known['bytes'] > strlen($content) || hash('xxh128', substr($content, 0, $known['bytes'])) !== $known['digest']) {
            $known = ['bytes' => 0, 'rows' => [], 'header' => self::COLUMNS]; // another file than the one that was read
        }
        $whole = (int) strrpos("\n" . $content, "\n"); // a line that is torn may be mended by what comes
        [$rows, $header] = self::parse(substr($content, $known['bytes'], $whole - $known['bytes']), $known['header']);
        $rows = array_merge($known['rows'], $rows);
        if ($content !== '') {
            $flags = JSON_INVALID_UTF8_SUBSTITUTE | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR;
            State::write($this->cacheOf($file), json_encode(['version' => self::VERSION, 'stamp' => $stamp, 'bytes' => $whole,
                'digest' => hash('xxh128', substr($content, 0, $whole)), 'header' => $header, 'rows' => $rows], $flags));
        }
        return array_merge($rows, self::parse(substr($content, $whole), $header)[0]);
    }

    private function cacheOf(DataFile $file): string
    {
        return State::path("cache/$file->id.json", $this->cloud->channel);
    }

    /**
     * Line by line: a line that makes no sense is left out, and spoils itself only.
     *
     * @param list<string> $header the columns of the lines until there is another header
     * @return array{list<array<mixed>>, list<string>} rows, and the header that holds behind them
     */
    private static function parse(string $content, array $header): array
    {
        $found = [];
        $place = array_flip($header);
        foreach (explode("\n", $content) as $line) {
            $line = rtrim(str_starts_with($line, "\u{feff}") ? substr($line, 3) : $line, "\r");
            if (trim($line) === '') {
                continue;
            }
            $cells = Csv::cells($line);
            if (($cells[0] ?? '') === 'time' && ($cells[1] ?? '') === 'face') {
                // a shorter one is of before there was the last column: then lines may be longer than it
                $header = $cells === array_slice(self::COLUMNS, 0, count($cells)) ? self::COLUMNS : $cells;
                $place = array_flip($header);
                continue;
            }
            $row = self::row($cells, $place);
            if ($row) {
                $found[] = $row;
            }
        }
        return [$found, $header];
    }

    /**
     * @param list<string> $cells
     * @param array<string, int> $place
     * @return list<mixed>|null
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
        return [$value['time'], $value['face'], $value['photo'], $box->x, $box->y, $box->w, $box->h, $value['decision'], $name,
            $value['content']];
    }

    private function content(DataFile $file): string
    {
        if ($file->stamp() === '') {
            if ($file->size > 0) {
                throw new UnreadableFile("$file->name: its file is gone, or is no plain file");
            }
            return '';
        }
        if ((int) @filesize($file->path) > self::LARGEST) {
            throw new UnreadableFile("$file->name is larger than " . (self::LARGEST >> 20) . ' MB');
        }
        $content = @file_get_contents($file->path);
        if ($content === false) {
            throw new UnreadableFile("$file->name cannot be read");
        }
        return $content;
    }

    /**
     * Runs it while no other process writes names, be it PHP or Python: the lock is the same, and the kernel's.
     *
     * @template T
     * @param callable(): T $job
     * @return T
     */
    private function locked(callable $job): mixed
    {
        $lock = State::open(State::path('names.lock', $this->cloud->channel));
        try {
            $end = microtime(true) + self::PATIENCE;
            while (!flock($lock, LOCK_EX | LOCK_NB)) {
                if (microtime(true) > $end) {
                    throw new Refusal('Others are writing names. Try again in a moment.', Refusal::BUSY);
                }
                usleep(random_int(2_000, 20_000));
            }
            return $job();
        } finally {
            fclose($lock);
        }
    }
}
