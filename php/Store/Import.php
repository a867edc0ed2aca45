<?php

declare(strict_types=1);

namespace Faces\Store;

use Faces\Model\Decision;
use Faces\Refusal;

/**
 * Reads what Export made, from a file that may be anything: nothing is changed before all of it is known to be good. Nothing is
 * unpacked by a name of its own. Faces go to our own folder, where the next search takes them for photos of the same content.
 */
final class Import
{
    /** What may be in it => bytes of it at most. */
    private const KNOWN = [
        '#^(README\.txt|export\.json|settings/(config|thresholds)\.json)$#D' => 1 << 20,
        '#^(folders\.csv|photos/written\.jsonl|folders/\d{5}/faces\.csv)$#D' => FacesCsv::LARGEST,
        '#^names/(names|edits|names\.[a-z0-9.-]{1,100})\.csv$#D' => Journal::LARGEST,
        '#^statistics/(faces|models)_statistics\.csv$#D' => 1 << 28,
        '#^folders/\d{5}/faces\.parquet$#D' => 1 << 30,
    ];
    private const MOST_FILES = 100_000;
    private const LARGEST = 4 << 30;
    /** No data file of ours is packed to less than a part of this. */
    private const RATIO = 200;
    private const PIECE = 1 << 16;
    /** Bytes of memory for a decision, here and in the journal. */
    private const LINE = 2500;
    /** Bytes of a zip's list of files; libzip reads all of it before it can be asked how long it is. */
    private const LIST = 16 << 20;
    private const FOLDER = 'import';

    /** @var list<Decision> */
    private array $decisions = [];
    /** @var array<string, array<mixed>> by name: config, thresholds */
    private array $settings = [];
    /** @var array<string, string> as Written has them */
    private array $written = [];
    private int $files = 0;
    private ?string $place = null;

    public function __construct(private readonly Cloud $cloud)
    {
    }

    /** Whether faces of an earlier import wait for a search. */
    public static function isWaiting(Channel $channel): bool
    {
        return is_dir(State::path(self::FOLDER, $channel));
    }

    /**
     * Reads and checks all of it; its faces then lie ready. `apply` or `discard` has to follow.
     *
     * @param bool $withFaces false where no search can take them
     * @throws Refusal with what is wrong
     */
    public function read(string $path, bool $withFaces): void
    {
        if (!class_exists(\ZipArchive::class)) {
            throw new Refusal(t('PHP lacks its extension zip here. The admin can install it (Debian: php-zip).'), Refusal::BLOCKED);
        }
        if (self::listOf($path) > self::LIST) {
            throw self::refused(t('it has too many files in it'));
        }
        $zip = new \ZipArchive();
        if (@$zip->open($path, \ZipArchive::RDONLY) !== true) {
            throw self::refused(t('it is no zip file, or damaged'));
        }
        try {
            $entries = self::entries($zip);
            $this->info($zip, $entries);
            $folders = $this->folders($zip, $entries);
            $contents = [];
            foreach ($entries as $name => $index) {
                if (preg_match('#^folders/\d{5}/faces\.csv$#D', $name)) {
                    $contents += self::contents(self::text($zip, $index, $name));
                } elseif ($withFaces && preg_match('#^folders/(\d{5})/faces\.parquet$#D', $name, $found)) {
                    $this->faces($zip, $index, $name, (int) $found[1]);
                }
            }
            foreach ($entries as $name => $index) {
                if (str_starts_with($name, 'names/')) {
                    $this->names(self::text($zip, $index, $name), $contents);
                } elseif ($name === 'photos/' . Cloud::WRITTEN) {
                    $this->written = Written::ofExport(self::text($zip, $index, $name));
                } elseif (preg_match('#^settings/(\w+)\.json$#D', $name, $found)) {
                    $value = json_decode(self::text($zip, $index, $name), true, 32);
                    // 1e999 can be read, but not written
                    $isGood = is_array($value) && ($value === [] || !array_is_list($value)) && json_encode($value) !== false;
                    $this->settings[$found[1]] = $isGood ? $value : throw self::refused(sprintf(t('%s is damaged'), $name));
                }
            }
            $this->index($folders);
        } catch (\Throwable $error) {
            $this->discard();
            throw $error;
        } finally {
            $zip->close();
        }
    }

    /**
     * Names go to the journal, faces to where the next search finds them.
     *
     * @return array{decisions: int, new: int, files: int}
     * @throws Refusal|UnreadableFile
     */
    public function apply(Journal $journal): array
    {
        try {
            $new = $this->decisions === [] ? 0 : $journal->take($this->decisions);
            if ($this->files > 0) {
                $place = State::path(self::FOLDER, $this->cloud->channel);
                if (!@rename($this->place(), $place)) {
                    throw new Refusal(sprintf(t('%s cannot be written. It has to belong to the web user. The admin: see docs/hub.md'), $place), Refusal::BLOCKED);
                }
            }
        } finally {
            $this->discard();
        }
        return ['decisions' => count($this->decisions), 'new' => $new, 'files' => $this->files];
    }

    /** The settings in it, config and thresholds. @return array<string, array<mixed>> */
    public function settings(): array
    {
        return $this->settings;
    }

    /** What photos were before names were written into them. @return array<string, string> as Written takes it */
    public function written(): array
    {
        return $this->written;
    }

    /** Faces of an earlier import are not wanted any more. */
    public static function forget(Channel $channel): void
    {
        Remains::deleteTree(State::path(self::FOLDER, $channel));
    }

    public function discard(): void
    {
        Remains::deleteTree($this->place());
    }

    private static function refused(string $why): Refusal
    {
        return new Refusal(sprintf(t('This file cannot be imported: %s. Nothing was changed.'), $why), Refusal::BAD);
    }

    /** Bytes of the list of files, as the end of the zip says (APPNOTE.TXT 4.3.16 and 4.3.14); 0 if that cannot be found. */
    private static function listOf(string $path): int
    {
        $end = (string) @file_get_contents($path, false, null, max(0, (int) @filesize($path) - 66_000));
        $place = strrpos($end, "PK\x05\x06");
        $size = $place === false || strlen($end) < $place + 16 ? 0 : (int) unpack('V', $end, $place + 12)[1];
        $large = strrpos($end, "PK\x06\x06");
        return $size !== 0xFFFFFFFF ? $size : ($large === false || strlen($end) < $large + 48 ? PHP_INT_MAX : (int) unpack('P', $end, $large + 40)[1]);
    }

    /** @return array<string, int> index by name, all of them known to be names of ours and of a size of ours */
    private static function entries(\ZipArchive $zip): array
    {
        if ($zip->count() > self::MOST_FILES) {
            throw self::refused(t('it has too many files in it'));
        }
        $entries = [];
        $total = 0;
        for ($i = 0; $i < $zip->count(); $i++) {
            $found = $zip->statIndex($i);
            $name = is_array($found) ? (string) $found['name'] : '';
            $largest = self::largest($name);
            if (!$found || $largest === null || isset($entries[$name])) {
                throw self::refused(sprintf(t('"%s" does not belong in an export'), mb_substr(mb_scrub($name, 'UTF-8'), 0, 100)));
            }
            $total += $found['size'];
            $isBomb = $found['size'] > self::PIECE && $found['size'] > self::RATIO * $found['comp_size'];
            if ($found['size'] > $largest || $total > self::LARGEST || $isBomb || ($found['encryption_method'] ?? 0) !== 0) {
                throw self::refused(sprintf(t('%s is too large, or packed in another way than ours'), $name));
            }
            $entries[$name] = $i;
        }
        $free = @disk_free_space('store');
        if ($free !== false && $total > $free / 2) {
            throw new Refusal(t('There is not enough room on the disk for it. Nothing was changed.'), Refusal::FULL);
        }
        return $entries;
    }

    private static function largest(string $name): ?int
    {
        foreach (self::KNOWN as $pattern => $bytes) {
            if (preg_match($pattern, $name)) {
                return $bytes;
            }
        }
        return null;
    }

    /** Whether a file would be taken under that name: what cannot come back is not to be exported. */
    public static function takes(string $name, string $path): bool
    {
        $size = (int) @filesize($path);
        if ($size > (self::largest($name) ?? 0)) {
            return false;
        }
        if (str_ends_with($name, '.parquet')) {
            return self::isParquet($path, $size);
        }
        $value = str_ends_with($name, '.json') ? json_decode((string) @file_get_contents($path), true, 32) : [];
        return is_array($value) && ($value === [] || !array_is_list($value)) && json_encode($value) !== false;
    }

    /** By both ends: what can run code when it is read, as a pickle, has others. */
    private static function isParquet(string $path, int $size): bool
    {
        return @file_get_contents($path, false, null, 0, 4) === 'PAR1' && @file_get_contents($path, false, null, max(0, $size - 4)) === 'PAR1';
    }

    /** @param array<string, int> $entries */
    private function info(\ZipArchive $zip, array $entries): void
    {
        $info = isset($entries[Export::INFO]) ? json_decode(self::text($zip, $entries[Export::INFO], Export::INFO), true, 4) : null;
        if (!is_array($info) || ($info['format'] ?? '') !== 'faces') {
            throw self::refused(t('it is not an export of faces'));
        }
        if (($info['version'] ?? 0) !== Export::VERSION) {
            throw self::refused(t('it is not of a version that is known here; update this addon'));
        }
    }

    /** @param array<string, int> $entries @return array<string, string> path by number */
    private function folders(\ZipArchive $zip, array $entries): array
    {
        $folders = [];
        $text = isset($entries[Export::FOLDERS]) ? self::text($zip, $entries[Export::FOLDERS], Export::FOLDERS) : '';
        foreach (explode("\n", $text) as $line) {
            $cells = Csv::cells($line);
            if (count($cells) === 2 && preg_match('/^\d{5}$/D', $cells[0])) {
                $folders[$cells[0]] = mb_substr(mb_scrub(Csv::unguard($cells[1]), 'UTF-8'), 0, 1000);
            }
        }
        return $folders;
    }

    /** A whole entry, as long and with the very sum of bits that the zip says. */
    private static function text(\ZipArchive $zip, int $index, string $name): string
    {
        $found = $zip->statIndex($index);
        Memory::need(10 * $found['size'], $name);
        $text = @$zip->getFromIndex($index, $found['size'] + 1);
        if ($text === false || strlen($text) !== $found['size'] || crc32($text) !== $found['crc']) {
            throw self::refused(sprintf(t('%s is damaged'), $name));
        }
        return $text;
    }

    /** The content of photos by their hash on the hub they come from, from a faces.csv. @return array<string, string> */
    private static function contents(string $text): array
    {
        $found = [];
        $place = null;
        foreach (explode("\n", $text) as $line) {
            $cells = Csv::cells($line);
            if ($place === null) {
                $place = array_flip($cells);
            } elseif (isset($place['photo'], $place['content'], $cells[$place['photo']], $cells[$place['content']])) {
                $found[$cells[$place['photo']]] = $cells[$place['content']];
            }
        }
        return array_filter($found, static fn (string $content): bool => preg_match('/^[0-9a-f]{32}$/D', $content) === 1);
    }

    /**
     * A journal's decisions; each gets the content of its photo, by which it is found here.
     *
     * @param array<string, string> $contents
     */
    private function names(string $text, array $contents): void
    {
        Memory::need(self::LINE * substr_count($text, "\n"), 'names.csv');
        $tomorrow = gmdate('Y-m-d\TH:i:s', time() + 86_400);
        foreach (JournalLines::decisions($text) as $d) {
            // One of the future would hold against everything that is decided until then.
            $isSane = rtrim($d->time, 'Z') < $tomorrow && preg_match('/^[0-9A-Za-z_-]{1,64}$/D', $d->face) && preg_match('/^[0-9A-Za-z_-]{0,191}$/D', $d->photo);
            if (!$isSane) {
                continue;
            }
            $content = preg_match('/^[0-9a-f]{32}$/D', $d->content) ? $d->content : $contents[$d->photo] ?? '';
            $this->decisions[] = new Decision($d->time, $d->face, $d->photo, mb_substr($d->file, 0, 1000), $d->box, $d->kind, $d->name,
                mb_substr($d->by, 0, 300), $content);
        }
    }

    private function faces(\ZipArchive $zip, int $index, string $name, int $number): void
    {
        $found = $zip->statIndex($index);
        $target = "{$this->place()}/$number.parquet";
        $from = $zip->getStreamIndex($index);
        $to = State::open($target);
        $size = 0;
        $sum = hash_init('crc32b');
        while ($from && $size <= $found['size'] && ($piece = (string) @fread($from, self::PIECE)) !== '') {
            $size += strlen($piece);
            hash_update($sum, $piece);
            if (@fwrite($to, $piece) !== strlen($piece)) {
                throw new Refusal(t('There is not enough room on the disk for it. Nothing was changed.'), Refusal::FULL);
            }
        }
        fclose($to);
        $isWhole = $size === $found['size'] && hexdec(hash_final($sum)) === $found['crc'];
        if (!$isWhole || !self::isParquet($target, $size)) {
            throw self::refused(sprintf(t('%s is damaged'), $name));
        }
        $this->files++;
    }

    /** @param array<string, string> $folders */
    private function index(array $folders): void
    {
        if ($this->files > 0) {
            $names = [];
            foreach ($folders as $number => $path) {
                $names[(int) $number . '.parquet'] = $path;
            }
            $text = json_encode(['version' => 1, 'time' => gmdate('Y-m-d\TH:i:s\Z'), 'folders' => $names], JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR);
            if (!State::write("{$this->place()}/index.json", $text)) {
                throw new Refusal(t('There is not enough room on the disk for it. Nothing was changed.'), Refusal::FULL);
            }
        }
    }

    /** Where its faces lie until all is known to be good. */
    private function place(): string
    {
        return $this->place ??= State::path('import-' . bin2hex(random_bytes(6)), $this->cloud->channel);
    }
}
