<?php

declare(strict_types=1);

namespace Faces\Store;

use Faces\Model\Box;
use Faces\Model\Face;
use Faces\Model\Name;
use Faces\Model\Photo;

/**
 * Reads faces.csv, and remembers what was read in our own folder, for as long as the file stays as it is: to read JSON is
 * many times faster than to read and check the CSV.
 */
final class FacesCsv
{
    public const LARGEST = 64 << 20;
    /** No line of ours is longer; a file that is one line must not be read into memory as one. */
    private const LONGEST_LINE = 1 << 16;
    /** Bytes of memory for each byte of the file, while it is read anew; measured: 7. */
    private const MEMORY = 9;
    private const VERSION = 3;
    private const COLUMNS = ['id', 'file', 'photo', 'x', 'y', 'w', 'h', 'face_nr', 'name', 'state', 'name_recognized',
        'distance', 'time_named', 'date_taken', 'content', 'confidence', 'detector', 'model', 'cluster'];

    /** The last one read: a page of photos reads the same file twice. @var array{string, list<array<mixed>>} */
    private array $last = ['', []];

    public function __construct(private readonly Channel $channel)
    {
    }

    /**
     * The photos in a faces.csv with their faces, as it says, one after the other; none if the file is not there.
     *
     * @return \Generator<Photo>
     * @throws UnreadableFile for one that is not ours, too large, or damaged
     */
    public function photos(DataFile $file): \Generator
    {
        foreach ($this->rows($file) as $row) {
            yield self::photo($row);
        }
    }

    /** Whether one of these ids may be in the file; cheaper than to look at each face. @param list<string> $ids */
    public function mayHave(DataFile $file, array $ids): bool
    {
        if (count($ids) > 100) {
            return true;
        }
        $stamp = $file->stamp();
        $this->rows($file); // the cache is up to date then, if there is one
        $cached = State::read($this->cacheOf($file));
        if (!str_contains(substr($cached, 0, 200), "\"$stamp\"")) {
            return true;
        }
        foreach ($ids as $id) {
            if ($cached === '' || str_contains($cached, "\"$id\"")) {
                return true;
            }
        }
        return false;
    }

    /** @return list<array<mixed>> */
    private function rows(DataFile $file): array
    {
        $stamp = $file->stamp();
        if ($stamp === '') {
            if ($file->size > 0) {
                throw new UnreadableFile(sprintf(t('%s: its file is gone, or is no plain file'), $file->name));
            }
            return [];
        }
        if ($this->last[0] === "$file->id $stamp") {
            return $this->last[1];
        }
        $this->last = ['', []]; // two large ones at a time would be too much
        Memory::need(self::MEMORY * (int) @filesize($file->path), $file->name);
        $rows = $this->cached($file, $stamp);
        if ($rows === null) {
            try {
                $rows = self::parse($file);
                if (time() - (int) @filemtime($file->path) > 1) { // else it might be written again in place, in the same second
                    $this->keep($file, $stamp, ['photos' => $rows]);
                }
            } catch (UnreadableFile $error) {
                $this->keep($file, $stamp, ['error' => $error->getMessage()]); // so that it is found out once
                throw $error;
            }
        }
        $this->last = ["$file->id $stamp", $rows];
        return $rows;
    }

    private function cacheOf(DataFile $file): string
    {
        return State::path("cache/faces-$file->id.json", $this->channel);
    }

    /** @return list<array<mixed>>|null */
    private function cached(DataFile $file, string $stamp): ?array
    {
        $text = State::read($this->cacheOf($file));
        // The stamp stands at the beginning: a stale cache is not worth being decoded.
        $start = '{"version":' . self::VERSION . ',"stamp":"' . $stamp . '"';
        if (!str_starts_with($text, $start)) {
            return null;
        }
        $value = json_decode($text, true, 16);
        if (is_array($value) && is_string($value['error'] ?? null)) {
            throw new UnreadableFile($value['error']);
        }
        return is_array($value) && is_array($value['photos'] ?? null) ? $value['photos'] : null;
    }

    /** @param array<string, mixed> $what */
    private function keep(DataFile $file, string $stamp, array $what): void
    {
        $flags = JSON_INVALID_UTF8_SUBSTITUTE | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR;
        State::write($this->cacheOf($file), json_encode(['version' => self::VERSION, 'stamp' => $stamp] + $what, $flags));
    }

    /**
     * [photo, content, taken, faces], a face being the arguments of Face with the box's four numbers in place.
     *
     * @return list<array<mixed>>
     */
    private static function parse(DataFile $file): array
    {
        if ((int) @filesize($file->path) > self::LARGEST) {
            throw new UnreadableFile(sprintf(t('%1$s is larger than %2$d MB'), $file->name, self::LARGEST >> 20));
        }
        $handle = @fopen($file->path, 'rb');
        if ($handle === false) {
            throw new UnreadableFile(sprintf(t('%s cannot be read'), $file->name));
        }
        try {
            return self::read($handle, $file->name);
        } finally {
            fclose($handle);
        }
    }

    /**
     * @param resource $handle
     * @return list<array<mixed>>
     */
    private static function read($handle, string $name): array
    {
        $first = (string) fgets($handle, 1 << 16);
        $bom = str_starts_with($first, "\u{feff}") ? 3 : 0;
        $delimiter = Csv::delimiter($first);
        $header = Csv::cells(rtrim(substr($first, $bom), "\r\n"), $delimiter);
        $place = array_flip($header);
        if (trim($first) === '') {
            return [];
        }
        foreach (['id', 'file', 'x', 'y', 'w', 'h'] as $column) {
            if (!isset($place[$column])) {
                throw new UnreadableFile(sprintf(t('%1$s is not ours: column "%2$s" is missing'), $name, $column));
            }
        }
        $ours = array_map(static fn (string $column): int => $place[$column] ?? -1, self::COLUMNS);
        $photos = [];
        while (($cells = fgetcsv($handle, self::LONGEST_LINE, $delimiter, '"', '')) !== false) {
            $row = array_map(static fn (int $i): string => (string) ($cells[$i] ?? ''), $ours);
            $face = self::face($row);
            [$file, $hash, $content] = [Csv::unguard($row[1]), $row[2], $row[14]];
            if ($face === null || !preg_match('/^[\w-]{0,191}$/D', $hash) || ($hash === '' && $file === '')) {
                continue;
            }
            // A computer that works over WebDAV knows photos by their names.
            $key = $hash === '' ? "file $file" : $hash;
            $photos[$key] ??= [$hash, preg_match('/^[0-9a-f]{1,64}$/D', $content) ? $content : '', self::taken($row[13]), [], $hash === '' ? $file : ''];
            $photos[$key][3][$row[0]] ??= $face;
        }
        return array_values(array_map(static fn (array $p): array => [$p[0], $p[1], $p[2], array_values($p[3]), $p[4]], $photos));
    }

    /**
     * @param list<string> $row in the order of COLUMNS
     * @return list<mixed>|null
     */
    private static function face(array $row): ?array
    {
        [$id, , , $x, $y, $w, $h, $number, $name, $state, $guess, $distance, $time] = $row;
        $box = Box::fromText($x, $y, $w, $h);
        if ($box === null || !preg_match(Face::ID, $id)) {
            return null;
        }
        $name = Name::clean(Csv::unguard($name));
        $state = $name !== '' ? Face::NAMED : (in_array($state, [Face::UNKNOWN, Face::IGNORED], true) ? $state : Face::OPEN);
        return [$id, $box->x, $box->y, $box->w, $box->h, (int) $number, $name, $state, Name::clean(Csv::unguard($guess)),
            is_numeric($distance) && is_finite((float) $distance) ? (float) $distance : null,
            JournalLines::isTime($time) ? $time : '', is_numeric($row[15]) ? min(1.0, max(0.0, (float) $row[15])) : 0.0,
            mb_substr(mb_scrub($row[16], 'UTF-8'), 0, 40), mb_substr(mb_scrub($row[17], 'UTF-8'), 0, 40),
            preg_match(Face::ID, $row[18]) ? $row[18] : ''];
    }

    private static function taken(string $text): string
    {
        return preg_match('/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?$/D', $text) ? $text : '';
    }

    /** @param array<mixed> $row */
    private static function photo(array $row): Photo
    {
        $faces = [];
        foreach ($row[3] as $f) {
            $box = new Box((float) $f[1], (float) $f[2], (float) $f[3], (float) $f[4]);
            $faces[] = new Face($f[0], $box, $f[5], $f[6], $f[7], $f[8], $f[9] === null ? null : (float) $f[9], $f[10],
                (float) $f[11], $f[12], $f[13], $f[14]);
        }
        return new Photo($row[0], $row[1], $row[2], $faces, file: $row[4]);
    }
}
