<?php

declare(strict_types=1);

namespace Faces\Store;

/**
 * Everything of ours that there is of a channel: data files with their rows, our own folder for it, rows of `config`. To be
 * counted, and to be deleted. A file of one of our names that is not ours stays.
 */
final class Remains
{
    private const AT_ONCE = 20;
    /** Seconds after which a file of an export or import belongs to no request any more. */
    private const ABANDONED = 7200;
    /** Bytes at the end of a faces.pkl in which its columns are named. */
    private const FOOTER = 1 << 20;

    public function __construct(private readonly Cloud $cloud)
    {
    }

    /**
     * @return array{files: int, bytes: int, caches: int, cached: int, rows: int} data files and their bytes, our own files
     *     and theirs, rows of config
     */
    public function count(): array
    {
        $files = array_filter($this->cloud->files(), $this->isOurs(...));
        [$caches, $cached] = self::size(State::path('', $this->cloud->channel));
        [$half, $bytes] = self::size($this->temporary());
        return [
            'files' => count($files),
            'bytes' => array_sum(array_map(static fn (DataFile $file): int => $file->size, $files)),
            'caches' => $caches + $half,
            'cached' => $cached + $bytes,
            'rows' => count(Sql::rows("SELECT k FROM config WHERE cat = 'faces' AND k IN (" . $this->keys() . ')')),
        ];
    }

    /** Files of our names and places that are not ours: paths in the cloud. @return list<string> */
    public function foreign(): array
    {
        $others = array_filter($this->cloud->files(), fn (DataFile $file): bool => !$this->isOurs($file));
        return array_values(array_map(fn (DataFile $file): string => ltrim($this->cloud->folderPath($file->folder) . "/$file->name", '/'), $others));
    }

    /** Deletes data files with their rows, tells clones, for so many seconds; whether all are gone. */
    public function deleteFiles(float $seconds): bool
    {
        require_once 'include/attach.php';
        $end = microtime(true) + $seconds;
        $this->cloud->refresh();
        $ours = array_map(static fn (DataFile $file): string => $file->hash, array_filter($this->cloud->files(), $this->isOurs(...)));
        foreach (array_chunk($ours, self::AT_ONCE) as $some) {
            if (microtime(true) > $end) {
                return false;
            }
            $this->delete($some);
        }
        $top = $this->cloud->dataFolder();
        if ($top !== '' && !Sql::rows("SELECT id FROM attach WHERE uid = %d AND folder = '%s' LIMIT 1", $this->cloud->channel->id, $top)) {
            $this->delete([$top]);
        }
        $this->cloud->refresh();
        return true;
    }

    /** Deletes our own folder of the channel, half-written files, rows of config, and what our logs say of it. */
    public function deleteRest(): void
    {
        self::deleteTree($this->temporary());
        self::deleteTree(rtrim(State::path('', $this->cloud->channel), '/'));
        Sql::run("DELETE FROM config WHERE cat = 'faces' AND k = '%s'", 'status.' . $this->cloud->channel->nick);
        foreach (['faces.log', 'worker.log', 'detect.outcome', 'detect.started'] as $name) {
            self::forget(State::path($name), $this->cloud->channel->nick);
        }
        // the run through the hub that names it has its last word, and a folder of it, there
        $status = Sql::rows("SELECT v FROM config WHERE cat = 'faces' AND k = 'status'");
        $value = json_decode((string) ($status[0]['v'] ?? ''), true, 8);
        if (is_array($value) && ($value['channel'] ?? '') === $this->cloud->channel->nick && !State::isLocked(State::path('detect.lock'))) {
            Sql::run("DELETE FROM config WHERE cat = 'faces' AND k = 'status'");
        }
    }

    /** @param list<string> $hashes */
    private function delete(array $hashes): void
    {
        foreach ($hashes as $hash) {
            attach_delete($this->cloud->channel->id, $hash);
        }
        Clones::sendDeleted($this->cloud->channel, $hashes);
    }

    /** Lines of a log of ours that name the channel. It is written to by others meanwhile: a line of theirs may be lost. */
    private static function forget(string $path, string $nick): void
    {
        $text = State::read($path);
        if (str_contains($text, $nick)) {
            $lines = array_filter(explode("\n", $text), static fn (string $line): bool => !str_contains($line, $nick));
            @file_put_contents($path, implode("\n", $lines));
        }
    }

    /** As the worker decides it (py/faces/jobs/remove.py): by what is in it, not by its name alone. */
    private function isOurs(DataFile $file): bool
    {
        if ($file->stamp() === '') {
            return $file->path !== '' && !file_exists($file->path); // a row whose file is gone
        }
        if ((int) @filesize($file->path) === 0) {
            return true;
        }
        $start = ltrim((string) @file_get_contents($file->path, false, null, 0, 4096), "\u{feff}\" \r\n\t");
        return match (true) {
            $file->name === Cloud::FACES_PKL => $this->isOurParquet($file),
            $file->name === Cloud::FACES_CSV => self::hasColumns($start, ['id', 'file', 'x', 'y', 'w', 'h']),
            str_ends_with($file->name, '_statistics.csv') => str_contains(strtok($start, "\n") ?: '', 'detector'),
            str_ends_with($file->name, '.csv') => str_starts_with(str_replace('"', '', $start), 'time,face,')
                || preg_match('/^\d{4}-\d\d-\d\dT[\d:.]+Z,/', $start) === 1,
            default => str_starts_with($start, '{') || $start === '',
        };
    }

    /** @param list<string> $columns */
    private static function hasColumns(string $start, array $columns): bool
    {
        $header = strtok($start, "\r\n") ?: '';
        $cells = array_map(static fn (string $cell): string => trim($cell, '" '), preg_split('/[,;\t]/', $header) ?: []);
        return array_diff($columns, $cells) === [];
    }

    /** Parquet whose footer names our columns. */
    private function isOurParquet(DataFile $file): bool
    {
        $size = (int) @filesize($file->path);
        $end = (string) @file_get_contents($file->path, false, null, max(0, $size - self::FOOTER));
        return str_ends_with($end, 'PAR1') && str_contains($end, 'embedding') && str_contains($end, 'space') && str_contains($end, 'detector');
    }

    private function temporary(): string
    {
        return "store/{$this->cloud->channel->nick}/.faces-tmp";
    }

    private function keys(): string
    {
        return Sql::in(['status.' . $this->cloud->channel->nick]);
    }

    /** Files below a folder, and their bytes; links are not followed. @return array{int, int} */
    public static function size(string $folder): array
    {
        $number = $bytes = 0;
        foreach (is_link(rtrim($folder, '/')) || !is_dir($folder) ? [] : (@scandir($folder) ?: []) as $name) {
            $path = rtrim($folder, '/') . "/$name";
            if ($name === '.' || $name === '..') {
                continue;
            }
            if (is_dir($path) && !is_link($path)) {
                [$more, $size] = self::size($path);
                [$number, $bytes] = [$number + $more, $bytes + $size];
            } else {
                [$number, $bytes] = [$number + 1, $bytes + (int) @filesize($path)];
            }
        }
        return [$number, $bytes];
    }

    /** What a request that was killed left of an export or import. */
    public static function sweep(Channel $channel): void
    {
        $folder = rtrim(State::path('', $channel), '/');
        foreach (is_dir($folder) ? (@scandir($folder) ?: []) : [] as $name) {
            $path = "$folder/$name";
            if (preg_match('/^(import-|export\.)/', $name) && time() - (int) @filemtime($path) > self::ABANDONED) {
                is_dir($path) && !is_link($path) ? self::deleteTree($path) : @unlink($path);
            }
        }
    }

    /** A folder of ours with all that is in it; links are not followed. */
    public static function deleteTree(string $folder): void
    {
        if (is_link($folder) || !is_dir($folder)) {
            return;
        }
        foreach (array_diff(@scandir($folder) ?: [], ['.', '..']) as $name) {
            $path = "$folder/$name";
            is_dir($path) && !is_link($path) ? self::deleteTree($path) : @unlink($path);
        }
        @rmdir($folder);
    }
}
