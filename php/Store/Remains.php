<?php

declare(strict_types=1);

namespace Faces\Store;

/**
 * Everything of ours that there is of a channel: data files with their rows, our own folder for it, rows of `config`, lines in
 * logs. To be counted, and to be deleted. A file of one of our names that is not ours stays (Ownership).
 */
final class Remains
{
    private const AT_ONCE = 20;
    /** Seconds after which a file of an export or import belongs to no request any more. */
    private const ABANDONED = 7200;

    public function __construct(private readonly Cloud $cloud)
    {
    }

    /**
     * @return array{files: int, bytes: int, caches: int, cached: int, rows: int} data files and their bytes, our own files
     *     and theirs, rows of config
     */
    public function count(): array
    {
        $files = array_filter($this->cloud->everything(), Ownership::isOurs(...));
        [$caches, $cached] = self::size(State::path('', $this->cloud->channel));
        [$half, $bytes] = self::size($this->temporary());
        return [
            'files' => count($files),
            'bytes' => array_sum(array_map(static fn (DataFile $file): int => $file->size, $files)),
            'caches' => $caches + $half,
            'cached' => $cached + $bytes,
            'rows' => count(Sql::rows("SELECT k FROM config WHERE cat = 'faces' AND k = '%s'", $this->status())),
        ];
    }

    /** Files of our names and places that are not ours, and an export that somebody put there: paths in the cloud. @return list<string> */
    public function foreign(): array
    {
        $others = array_filter($this->cloud->everything(), static fn (DataFile $file): bool => !Ownership::isOurs($file));
        $exported = $this->cloud->exported();
        return array_values(array_map(fn (DataFile $file): string => ltrim($this->cloud->folderPath($file->folder) . "/$file->name", '/'),
            [...$others, ...($exported ? [$exported] : [])]));
    }

    /** Deletes data files with their rows, tells clones, for so many seconds; whether all are gone. */
    public function deleteFiles(float $seconds): bool
    {
        require_once 'include/attach.php';
        $end = microtime(true) + $seconds;
        $this->cloud->refresh();
        $ours = array_map(static fn (DataFile $file): string => $file->hash, array_filter($this->cloud->everything(), Ownership::isOurs(...)));
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

    /**
     * Deletes what is not in the cloud: the channel's lines in these logs, rows of config, half-written files, and last our own
     * folder for it. Whatever ends it before that, it can be done again.
     *
     * @param list<string> $logs
     * @param string $note the file in that folder that goes last
     */
    public function deleteRest(array $logs, string $note): void
    {
        $channel = $this->cloud->channel;
        foreach ($logs as $log) {
            LogLines::forget($log, $channel);
        }
        LogLines::forgetOutcome(State::path('detect'), $channel);
        Sql::run("DELETE FROM config WHERE cat = 'faces' AND k = '%s'", $this->status());
        // the search through the hub has its last word, and the name of a folder, there
        $status = Sql::rows("SELECT v FROM config WHERE cat = 'faces' AND k = 'status'");
        $value = json_decode((string) ($status[0]['v'] ?? ''), true, 8);
        if (is_array($value) && ($value['channel'] ?? '') === $channel->nick && !State::isLocked(State::path('detect.lock'))) {
            Sql::run("DELETE FROM config WHERE cat = 'faces' AND k = 'status'");
        }
        self::deleteTree($this->temporary());
        self::deleteTree(rtrim(State::path('', $channel), '/'), $note);
    }

    /** What there is of channels that the hub has forgotten. */
    public static function deleteOrphans(): void
    {
        $ids = State::channels();
        foreach (array_diff($ids, array_keys(Channel::numbered($ids))) as $id) {
            self::deleteTree(rtrim(State::path('', $id), '/'));
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

    private function temporary(): string
    {
        return "store/{$this->cloud->channel->nick}/.faces-tmp";
    }

    private function status(): string
    {
        return 'status.' . $this->cloud->channel->nick;
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

    /** A folder of ours with all that is in it, one file last; links are not followed. */
    public static function deleteTree(string $folder, string $last = ''): void
    {
        if (is_link($folder) || !is_dir($folder)) {
            return;
        }
        $names = array_diff(@scandir($folder) ?: [], ['.', '..', $last]);
        foreach ($last === '' ? $names : [...$names, $last] as $name) {
            $path = "$folder/$name";
            is_dir($path) && !is_link($path) ? self::deleteTree($path) : @unlink($path);
        }
        @rmdir($folder);
    }
}
