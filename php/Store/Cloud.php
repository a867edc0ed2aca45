<?php

declare(strict_types=1);

namespace Faces\Store;

/** A channel's cloud: folders and data files by the rows of `attach`. store/ itself is never walked. */
final class Cloud
{
    public const FACES_CSV = 'faces.csv';
    public const FACES_PKL = 'faces.pkl';
    public const FOLDER_FILES = [self::FACES_CSV, self::FACES_PKL];
    public const DATA_FOLDER = 'faces';
    /** An export that somebody put there to be imported: uploads by a form have narrower limits. It is not ours. */
    public const EXPORTED = 'faces-export.zip';
    public const NAMES_CSV = 'names.csv';
    public const EDITS_CSV = 'edits.csv';
    public const CONFIG_JSON = 'config.json';
    public const THRESHOLDS_JSON = 'thresholds.json';
    /** What the worker wrote into photos, and beside them. */
    public const WRITTEN = 'written.jsonl';
    /** In the channel's folder `faces`. */
    public const CHANNEL_FILES = [self::NAMES_CSV, self::EDITS_CSV, self::CONFIG_JSON, self::THRESHOLDS_JSON,
        'faces_statistics.csv', 'models_statistics.csv', self::WRITTEN];
    /** There, too, if a computer works on the cloud over WebDAV. */
    private const OF_FOLDER_MODE = ['report.html', 'faces.log', 'detect.lock', 'recognize.lock', 'names.lock',
        'settled.json'];
    /** Where a channel lives on several hubs, each has a journal of its own: two writers of one file would overwrite each other. */
    private const NAMES_OF_HUB = '/^names\.[a-z0-9.-]{1,100}\.csv$/D';
    private const DEEPEST = 100;
    private const FILE = 'SELECT id, hash, filename, folder, filesize, edited, content, allow_cid, allow_gid, deny_cid, deny_gid FROM attach WHERE ';

    /** @var array<string, array{name: string, parent: string}>|null */
    private ?array $folders = null;
    /** @var list<DataFile>|null */
    private ?array $files = null;
    /** A folder, and its photos' hashes by name. @var array{string|null, array<string, string>} */
    private array $named = [null, []];

    public function __construct(public readonly Channel $channel)
    {
    }

    /** @return array<string, array{name: string, parent: string}> folders by hash */
    public function folders(): array
    {
        if ($this->folders === null) {
            $this->folders = [];
            $rows = Sql::rows(
                'SELECT hash, filename, folder FROM attach WHERE uid = %d AND is_dir = 1 ORDER BY id',
                $this->channel->id,
            );
            foreach ($rows as $row) {
                $this->folders[(string) $row['hash']] ??= ['name' => (string) $row['filename'], 'parent' => (string) $row['folder']];
            }
        }
        return $this->folders;
    }

    /** From the top down, hashes of the folders that lead to this one, itself the last; not more than DEEPEST. @return list<string> */
    public function chain(string $hash): array
    {
        $chain = [];
        $folders = $this->folders();
        while ($hash !== '' && isset($folders[$hash]) && count($chain) < self::DEEPEST && !in_array($hash, $chain, true)) {
            $chain[] = $hash;
            $hash = $folders[$hash]['parent'];
        }
        return array_reverse($chain);
    }

    /** For people, made from the chain of folders: the hub's own display_path is stale after a rename. */
    public function folderPath(string $hash): string
    {
        return implode('/', array_map(fn (string $h): string => $this->folders()[$h]['name'], $this->chain($hash)));
    }

    /** Whether the folder is that one, or lies below it. */
    public function isBelow(string $hash, string $top): bool
    {
        return in_array($top, $this->chain($hash), true);
    }

    /** The hash of the channel's folder `faces`; "" if it has none. */
    public function dataFolder(): string
    {
        foreach ($this->folders() as $hash => $folder) {
            if ($folder['parent'] === '' && $folder['name'] === self::DATA_FOLDER) {
                return (string) $hash;
            }
        }
        return '';
    }

    /** faces.csv of each folder that has one, by the folder's hash. @return array<string, DataFile> */
    public function facesFiles(): array
    {
        $found = [];
        foreach ($this->files() as $file) {
            if ($file->name === self::FACES_CSV) {
                $found[$file->folder] ??= $file;
            }
        }
        return $found;
    }

    /** A file of the channel's folder `faces`; null if the hub has no row for it. */
    public function own(string $name): ?DataFile
    {
        $top = $this->dataFolder();
        foreach ($top === '' ? [] : $this->files() as $file) {
            if ($file->folder === $top && $file->name === $name) {
                return $file;
            }
        }
        return null;
    }

    /** The export to be imported; null if there is none. */
    public function exported(): ?DataFile
    {
        $top = $this->dataFolder();
        $rows = $top === '' ? [] : Sql::rows(self::FILE . "uid = %d AND is_dir = 0 AND folder = '%s' AND filename = '%s' ORDER BY id LIMIT 1",
            $this->channel->id, $top, self::EXPORTED);
        $file = $rows ? $this->file($rows[0]) : null;
        return $file !== null && $file->stamp() !== '' ? $file : null;
    }

    /** The files with decisions, oldest of a name first. @return list<DataFile> */
    public function journals(): array
    {
        $found = [];
        foreach ($this->files() as $file) {
            if ($file->name === self::NAMES_CSV || $file->name === self::EDITS_CSV || preg_match(self::NAMES_OF_HUB, $file->name)) {
                $found[$file->name] ??= $file;
            }
        }
        return array_values($found);
    }

    /** The name of the journal that this hub writes: names.csv, or where the channel has clones, names.HOST.csv. */
    public function journalName(): string
    {
        $host = preg_replace('/[^a-z0-9.-]+/', '-', strtolower((string) \App::get_hostname())) ?? '';
        return Clones::has($this->channel) ? 'names.' . substr($host, 0, 100) . '.csv' : self::NAMES_CSV;
    }

    /** Files by their hashes, the oldest of one hash. @param list<string> $hashes @return list<DataFile> */
    public function filesOf(array $hashes): array
    {
        $found = [];
        foreach (array_chunk(array_unique($hashes), 500) as $some) {
            foreach (Sql::rows(self::FILE . 'uid = %d AND is_dir = 0 AND hash IN (' . Sql::in($some) . ') ORDER BY id', $this->channel->id) as $row) {
                $found[(string) $row['hash']] ??= $this->file($row);
            }
        }
        return array_values($found);
    }

    /** Every data file that is ours by name and place, the oldest of a name first, as the hub opens it. @return list<DataFile> */
    public function files(): array
    {
        if ($this->files === null) {
            $this->files = [];
            $top = $this->dataFolder();
            $rows = Sql::rows(
                self::FILE . 'uid = %d AND is_dir = 0 AND filename IN ('
                . Sql::in([...self::FOLDER_FILES, ...self::CHANNEL_FILES]) . ") OR (uid = %d AND is_dir = 0 AND filename LIKE 'names.%%.csv') ORDER BY id",
                $this->channel->id,
                $this->channel->id,
            );
            foreach ($rows as $row) {
                $name = (string) $row['filename']; // MySQL compares without case
                $folder = (string) $row['folder'];
                if (in_array($name, self::FOLDER_FILES, true)
                    || ($top !== '' && $folder === $top
                        && (in_array($name, self::CHANNEL_FILES, true) || preg_match(self::NAMES_OF_HUB, $name)))) {
                    $this->files[] = $this->file($row);
                }
            }
        }
        return $this->files;
    }

    /**
     * The same, and what a worker on another computer left (WebDAV): its log and locks, files that it found damaged. All that
     * is nobody else's to read, and to be removed.
     *
     * @return list<DataFile>
     */
    public function everything(): array
    {
        $top = $this->dataFolder();
        $rows = Sql::rows(self::FILE . "uid = %d AND is_dir = 0 AND ((folder = '%s' AND filename IN (" . Sql::in(self::OF_FOLDER_MODE) . ")) OR filename LIKE '%%.damaged-%%') ORDER BY id",
            $this->channel->id, $top === '' ? 'none' : $top);
        $rows = array_filter($rows, static fn (array $row): bool => in_array($row['filename'], self::OF_FOLDER_MODE, true)
            || (preg_match('/^(.+)\.damaged-[0-9-]+$/D', (string) $row['filename'], $found)
                && (in_array($found[1], self::FOLDER_FILES, true) || ($row['folder'] === $top && in_array($found[1], self::CHANNEL_FILES, true)))));
        return [...$this->files(), ...array_map($this->file(...), array_values($rows))];
    }

    /** Hashes of the folders with photos in them, "" for the top; those below `faces` left out. @return list<string> */
    public function foldersWithPhotos(): array
    {
        return array_map('strval', array_keys($this->photosByFolder()));
    }

    /** How many photos lie in each of them. @return array<string, int> */
    public function photosByFolder(): array
    {
        $top = $this->dataFolder();
        $found = [];
        foreach (Sql::rows('SELECT folder, COUNT(*) AS photos FROM attach WHERE uid = %d AND is_photo = 1 GROUP BY folder', $this->channel->id) as $row) {
            $folder = (string) $row['folder'];
            $isThere = $folder === '' || isset($this->folders()[$folder]);
            if ($isThere && !($top !== '' && $this->isBelow($folder, $top))) {
                $found[$folder] = (int) $row['photos'];
            }
        }
        return $found;
    }

    /** The hash of a photo by its name in a folder; "" if there is none. The folder's names are read at once. */
    public function photoNamed(string $name, string $folder): string
    {
        if ($this->named[0] !== $folder) {
            $rows = Sql::rows("SELECT filename, hash FROM attach WHERE uid = %d AND folder = '%s' AND is_photo = 1 ORDER BY id DESC", $this->channel->id, $folder);
            $this->named = [$folder, array_column($rows, 'hash', 'filename')];
        }
        return (string) ($this->named[1][$name] ?? '');
    }

    /** The names of photos as they are now: faces.csv may have old ones. @param list<string> $hashes @return array<string, string> by hash */
    public function photoNames(array $hashes): array
    {
        $names = [];
        foreach (array_chunk(array_unique($hashes), 500) as $some) {
            $rows = Sql::rows('SELECT hash, filename FROM attach WHERE uid = %d AND hash IN (' . Sql::in($some) . ')', $this->channel->id);
            $names += array_column($rows, 'filename', 'hash');
        }
        return $names;
    }

    /**
     * Width and height of photos as the hub scales them (upright; its rows of the original are not), [0, 0] where it has none.
     *
     * @param list<string> $hashes
     * @return array<string, array{int, int}> by hash
     */
    public function photoSizes(array $hashes): array
    {
        $sizes = array_fill_keys($hashes, [0, 0]);
        foreach (array_chunk(array_unique($hashes), 500) as $some) {
            $rows = Sql::rows('SELECT resource_id, width, height FROM photo WHERE uid = %d AND imgscale = 1 AND resource_id IN (' . Sql::in($some) . ')', $this->channel->id);
            foreach ($rows as $row) {
                $sizes[(string) $row['resource_id']] = [(int) $row['width'], (int) $row['height']];
            }
        }
        return $sizes;
    }

    /** Forget what was read: rows were made or changed. */
    public function refresh(): void
    {
        $this->folders = $this->files = null;
        $this->named = [null, []];
    }

    /** @param array<string, mixed> $row */
    private function file(array $row): DataFile
    {
        $stored = Sql::text($row['content']);
        return new DataFile(
            (int) $row['id'],
            (string) $row['hash'],
            (string) $row['filename'],
            (string) $row['folder'],
            (int) $row['filesize'],
            (string) $row['edited'],
            $this->path($stored),
            $stored,
            $row['allow_cid'] === $this->channel->ownerOnly() && "$row[allow_gid]$row[deny_cid]$row[deny_gid]" === '',
        );
    }

    /** Where a row's file lies, "" if that is not within store/NICK: a crafted row, a symbolic link, `..`. */
    private function path(string $content): string
    {
        $start = "store/{$this->channel->nick}/";
        $path = str_contains($content, 'store') ? $content : $start . $content; // as the hub itself reads it
        $odd = array_intersect(explode('/', $path), ['', '.', '..']);
        if (!str_starts_with($path, $start) || str_contains($path, "\0") || $odd !== []) {
            return '';
        }
        $base = realpath($start);
        $parent = realpath(dirname($path));
        $isWithin = $parent === false ? !file_exists($path) : $base !== false && str_starts_with("$parent/", "$base/"); // its folder may be gone
        return $isWithin && !is_link($path) ? $path : '';
    }
}
