<?php

declare(strict_types=1);

namespace Faces\Store;

use Faces\Album\Box;
use Faces\Album\Decision;
use Faces\Album\Name;
use Faces\Web\Refusal;

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
     * Every decision, in the order of time.
     *
     * @return list<Decision>
     * @throws UnreadableFile
     */
    public function decisions(): array
    {
        $all = [];
        foreach ([Cloud::NAMES_CSV, Cloud::EDITS_CSV] as $name) {
            $file = $this->cloud->own($name);
            array_push($all, ...($file ? self::parse($this->content($file)) : []));
        }
        usort($all, static fn (Decision $a, Decision $b): int => strcmp($a->moment(), $b->moment()));
        return $all;
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
        preg_match_all('/^(?:\x{feff})?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)Z,/m', $content, $found);
        return $found[1] ? max($found[1]) : '';
    }

    private static function line(Decision $d): string
    {
        $box = array_map(static fn (float $v): string => sprintf('%.5F', $v), [$d->box->x, $d->box->y, $d->box->w, $d->box->h]);
        return Csv::line([$d->time, $d->face, $d->photo, Csv::guard($d->file), ...$box, $d->kind, Csv::guard($d->name), $d->by,
            $d->content]);
    }

    /** Line by line: a line that makes no sense is left out, and spoils itself only. @return list<Decision> */
    private static function parse(string $content): array
    {
        $found = [];
        $header = array_flip(self::COLUMNS);
        foreach (explode("\n", $content) as $line) {
            $line = rtrim(str_starts_with($line, "\u{feff}") ? substr($line, 3) : $line, "\r");
            if (trim($line) === '') {
                continue;
            }
            $cells = Csv::cells($line);
            if (($cells[0] ?? '') === 'time' && ($cells[1] ?? '') === 'face') {
                $header = array_flip($cells) + ['content' => -1];
                continue;
            }
            $decision = self::decision($cells, $header);
            if ($decision) {
                $found[] = $decision;
            }
        }
        return $found;
    }

    /**
     * @param list<string> $cells
     * @param array<string, int> $place
     */
    private static function decision(array $cells, array $place): ?Decision
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
        return new Decision($value['time'], $value['face'], $value['photo'], mb_scrub(Csv::unguard($value['file']), 'UTF-8'), $box,
            $value['decision'], $name, mb_scrub($value['by'], 'UTF-8'), $value['content']);
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
