<?php

declare(strict_types=1);

namespace Faces\Store;

use Faces\Model\Decision;
use Faces\Refusal;

/**
 * What people decided: names.csv (or, where the channel has clones, names.HOST.csv), which only we write, those of other hubs, and
 * edits.csv, which only the worker writes (names that were typed into faces.csv). docs/formats.md describes both.
 */
final class Journal
{
    /** Larger than that no journal is: 64 MB are some 300,000 decisions. */
    public const LARGEST = 64 << 20;
    /** So many seconds a writer waits for the others. */
    private const PATIENCE = 20.0;
    /** A file that is shorter than it should be, and has not changed for so many seconds, stays so. */
    private const UNFINISHED = 60;
    /** Bytes of memory for each byte of the file; measured: 8. */
    private const MEMORY = 10;
    /** And for each line; measured: 700 */
    private const LINE = 900;
    private const VERSION = 1;

    public function __construct(private readonly Cloud $cloud, private readonly Quota $quota)
    {
    }

    /**
     * Every decision, in the order of time, each as [time, face, photo, x, y, w, h, kind, name, content]: objects would take
     * twice the memory.
     *
     * @return list<array<mixed>>
     * @throws UnreadableFile
     */
    public function rows(): array
    {
        $rows = [];
        foreach ($this->cloud->journals() as $file) {
            $rows = array_merge($rows, $this->rowsOf($file));
        }
        $last = '';
        foreach ($rows as $row) {
            $moment = rtrim($row[0], 'Z'); // "...:28Z" is before "...:28.5Z"
            if (strcmp($last, $moment) > 0) {
                usort($rows, static fn (array $a, array $b): int => strcmp(rtrim($a[0], 'Z'), rtrim($b[0], 'Z')));
                break;
            }
            $last = $moment;
        }
        return $rows;
    }

    /**
     * Adds decisions to names.csv; they are on disk, and the hub's row says so, when this returns.
     *
     * @param list<Decision> $decisions their times are set here
     * @param (callable(): mixed)|null $before is called when nobody else writes any more; if it throws, nothing is written
     * @return list<Decision> with their times
     * @throws Refusal|UnreadableFile
     */
    public function append(array $decisions, ?callable $before = null): array
    {
        return $this->locked(function (float $end) use ($decisions, $before): array {
            $this->cloud->refresh();
            if ($before !== null) {
                $before();
            }
            while (true) {
                $this->cloud->refresh();
                $file = $this->file();
                $stamp = $file->stamp();
                if (!self::isBeingWritten($file) && ($dated = $this->tryToAppend($file, $stamp, $decisions)) !== null) {
                    return $dated;
                }
                self::pause($end);
            }
        });
    }

    /**
     * Adds decisions that were made elsewhere, with their own times; those that are known already are left out.
     *
     * @param list<Decision> $decisions
     * @return int how many were added
     * @throws Refusal|UnreadableFile
     */
    public function take(array $decisions): int
    {
        return $this->locked(function (float $end) use ($decisions): int {
            while (true) {
                $this->cloud->refresh();
                $file = $this->file();
                $stamp = $file->stamp();
                $known = [];
                foreach ($this->rows() as [$time, $face, , , , , , $kind, $name]) {
                    $known["$time $face $kind $name"] = true;
                }
                $new = [];
                foreach ($decisions as $d) {
                    $key = "$d->time $d->face $d->kind $d->name";
                    if (!isset($known[$key])) {
                        $known[$key] = true; // two journals of an export may have the same line
                        $new[] = $d;
                    }
                }
                if ($new === [] || (!self::isBeingWritten($file) && $this->add($file, $stamp, $new, $this->scan($file)[1]))) {
                    return count($new);
                }
                self::pause($end);
            }
        });
    }

    /** The one that this hub writes; names.csv as long as that is not there. */
    public function own(): ?DataFile
    {
        return $this->cloud->own($this->cloud->journalName()) ?? $this->cloud->own(Cloud::NAMES_CSV);
    }

    private function file(): DataFile
    {
        $file = $this->own();
        if ($file === null || $file->path === '') {
            throw new Refusal(t('names.csv is not there. Open the page of faces as the owner once: it makes it'), Refusal::BUSY);
        }
        return $file;
    }

    private static function pause(float $end): void
    {
        if (microtime(true) > $end) {
            throw new Refusal(t('names.csv is being written by another program. Nothing was saved; try again in a moment.'), Refusal::BUSY);
        }
        usleep(100_000);
    }

    /**
     * Whether another program, WebDAV or a clone, is just writing it in place, without our lock: it is shorter than the hub's
     * row says, and not for long.
     */
    private static function isBeingWritten(DataFile $file): bool
    {
        clearstatcache(true, $file->path);
        $found = @stat($file->path);
        return $found && $found['size'] < $file->size && abs(time() - $found['mtime']) < self::UNFINISHED;
    }

    /**
     * @param list<Decision> $decisions
     * @return list<Decision>|null null if it was changed by another program meanwhile
     */
    private function tryToAppend(DataFile $file, string $stamp, array $decisions): ?array
    {
        [$newest, $header] = $this->scan($file);
        foreach ($this->cloud->journals() as $other) {
            $newest = $other->id === $file->id ? $newest : max($newest, $this->scan($other)[0]);
        }
        $dated = self::dated($decisions, $newest);
        return $this->add($file, $stamp, $dated, $header) ? $dated : null;
    }

    /**
     * @param list<Decision> $decisions
     * @param list<string> $header that holds at the file's end
     */
    private function add(DataFile $file, string $stamp, array $decisions, array $header): bool
    {
        // readers know a header in the midst of a file
        $lines = $header === JournalLines::COLUMNS ? '' : JournalLines::title();
        $lines .= implode('', array_map(JournalLines::line(...), $decisions));
        $this->quota->check($file, $file->size + strlen($lines));
        return CloudFile::append($this->cloud->channel, $file, $lines, $stamp);
    }

    /** The newest time in a journal, without its Z ("" if there is none), and the header that holds at its end. @return array{string, list<string>} */
    private function scan(DataFile $file): array
    {
        $newest = '';
        $header = [];
        $handle = $this->open($file);
        while ($handle && ($line = fgets($handle, 1 << 16)) !== false) {
            $line = str_starts_with($line, "\u{feff}") ? substr($line, 3) : $line;
            if (str_starts_with($line, 'time,face')) {
                $header = JournalLines::header(Csv::cells(rtrim($line, "\r\n")));
            } else {
                $time = strstr($line, ',', true);
                $newest = $time !== false && strcmp(rtrim($time, 'Z'), $newest) > 0 && JournalLines::isTime($time) ? rtrim($time, 'Z') : $newest;
            }
        }
        if ($handle) {
            fclose($handle);
        }
        return [$newest, $header];
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
            if (!JournalLines::isTime($time)) { // nobody would read it
                throw new Refusal(t('A line of names.csv is of the year 2199, so nothing can be decided after it. Take that line out.'), Refusal::BUSY);
            }
            $dated[] = new Decision($time, $d->face, $d->photo, $d->file, $d->box, $d->kind, $d->name, $d->by, $d->content);
            $now = $now->modify('+1 microsecond');
        }
        return $dated;
    }

    /**
     * The decisions in a file, each as [time, face, photo, x, y, w, h, kind, name, content]. What was read is remembered, as in
     * FacesCsv; since a journal only grows, only what was added since is to be read.
     *
     * @return list<array<mixed>>
     */
    private function rowsOf(DataFile $file): array
    {
        $stamp = $file->stamp();
        Memory::need(self::MEMORY * (int) @filesize($file->path), $file->name);
        $known = json_decode(State::read($this->cacheOf($file)), true, 8);
        $isOurs = is_array($known) && ($known['version'] ?? 0) === self::VERSION;
        if ($isOurs && $stamp !== '' && $known['stamp'] === $stamp) {
            return $known['rows'];
        }
        $content = $this->content($file);
        if (!$isOurs || $known['bytes'] > strlen($content) || hash('xxh128', substr($content, 0, $known['bytes'])) !== $known['digest']) {
            $known = ['bytes' => 0, 'rows' => [], 'header' => JournalLines::COLUMNS]; // another file than the one that was read
        }
        $whole = (int) strrpos("\n" . $content, "\n"); // a line that is torn may be mended by what comes
        Memory::need(self::LINE * substr_count($content, "\n"), $file->name);
        [$rows, $header] = JournalLines::rows(substr($content, $known['bytes'], $whole - $known['bytes']), $known['header']);
        $rows = array_merge($known['rows'], $rows);
        if ($content !== '') {
            $flags = JSON_INVALID_UTF8_SUBSTITUTE | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR;
            State::write($this->cacheOf($file), json_encode(['version' => self::VERSION, 'stamp' => $stamp, 'bytes' => $whole,
                'digest' => hash('xxh128', substr($content, 0, $whole)), 'header' => $header, 'rows' => $rows], $flags));
        }
        return array_merge($rows, JournalLines::rows(substr($content, $whole), $header)[0]);
    }

    private function cacheOf(DataFile $file): string
    {
        return State::path("cache/journal-$file->id.json", $this->cloud->channel);
    }

    private function content(DataFile $file): string
    {
        $handle = $this->open($file);
        $content = $handle ? stream_get_contents($handle) : '';
        if ($handle) {
            fclose($handle);
        }
        if ($content === false) {
            throw new UnreadableFile(sprintf(t('%s cannot be read'), $file->name));
        }
        return $content;
    }

    /** @return resource|null null if there is nothing to read @throws UnreadableFile */
    private function open(DataFile $file)
    {
        if ($file->stamp() === '') {
            if ($file->size > 0) {
                throw new UnreadableFile(sprintf(t('%s: its file is gone, or is no plain file'), $file->name));
            }
            return null;
        }
        if ((int) @filesize($file->path) > self::LARGEST) {
            throw new UnreadableFile(sprintf(t('%1$s is larger than %2$d MB'), $file->name, self::LARGEST >> 20));
        }
        $handle = @fopen($file->path, 'rb');
        if ($handle === false) {
            throw new UnreadableFile(sprintf(t('%s cannot be read'), $file->name));
        }
        return $handle;
    }

    /**
     * Runs it while no other process writes names, be it PHP or Python: the lock is the same, and the kernel's.
     *
     * @template T
     * @param callable(float): T $job gets the time until which it may wait
     * @return T
     */
    private function locked(callable $job): mixed
    {
        $lock = State::open(State::path('names.lock', $this->cloud->channel));
        try {
            $end = microtime(true) + self::PATIENCE;
            while (!flock($lock, LOCK_EX | LOCK_NB)) {
                if (microtime(true) > $end) {
                    throw new Refusal(t('Others are writing names. Try again in a moment.'), Refusal::BUSY);
                }
                usleep(random_int(2_000, 20_000));
            }
            return $job($end);
        } finally {
            fclose($lock);
        }
    }
}
