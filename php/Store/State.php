<?php

declare(strict_types=1);

namespace Faces\Store;

use Faces\Refusal;

/**
 * Our own folder in the hub's store, which no user and no visitor can reach: locks, caches, what the last run ended with.
 * The worker uses the same (docs/hub.md).
 */
final class State
{
    /** Files that channels share: they are of nobody. */
    private const IN_USE = 64;

    /** @var resource|null */
    private static $inUse = null;

    /** For the whole hub, "store/[data]/faces", or for one channel (or its number), with that below it. */
    public static function path(string $name, Channel|int|null $channel = null): string
    {
        $id = $channel instanceof Channel ? $channel->id : $channel;
        return 'store/[data]/faces' . ($id === null ? '' : "/$id") . "/$name";
    }

    /**
     * From now on, for the rest of this request, a channel's data are in use: nobody removes all of them under our hands. With
     * `$alone`, nobody else uses them: what was at work is over. False if that is not so within so many seconds.
     */
    public static function use(Channel $channel, bool $alone = false, float $seconds = 0.0): bool
    {
        try {
            self::$inUse = self::open(self::path('in-use-' . $channel->id % self::IN_USE . '.lock'));
        } catch (Refusal $refusal) {
            if ($alone) {
                throw $refusal;
            }
            return true; // photos can be looked at where nothing can be written; and nothing can be removed there, either
        }
        $end = microtime(true) + $seconds;
        while (!flock(self::$inUse, ($alone ? LOCK_EX : LOCK_SH) | LOCK_NB)) {
            if (microtime(true) > $end) {
                return false;
            }
            usleep(50_000);
        }
        return true;
    }

    /** Ends what `use` began. */
    public static function release(): void
    {
        if (self::$inUse) {
            fclose(self::$inUse);
        }
        self::$inUse = null;
    }

    /**
     * Opens a file of ours for a lock or a note; it is made if it is not there.
     *
     * @return resource
     */
    public static function open(string $path)
    {
        self::makeFolder(dirname($path));
        $file = is_link($path) ? false : self::privately(static fn () => @fopen($path, 'c+e'));
        if ($file === false) {
            throw new Refusal(sprintf(t('%s cannot be written. It has to belong to the web user. The admin: see docs/hub.md'), $path), Refusal::BLOCKED);
        }
        return $file;
    }

    /** Replaces a file of ours as a whole; a failure is not said: what lies here can be made again. */
    public static function write(string $path, string $content): bool
    {
        self::makeFolder(dirname($path));
        $temporary = $path . '.' . getmypid() . bin2hex(random_bytes(3)) . '.tmp';
        $written = self::privately(static fn () => @file_put_contents($temporary, $content));
        $done = $written === strlen($content) && @rename($temporary, $path);
        if (!$done) {
            @unlink($temporary);
        }
        return $done;
    }

    /** "" where there is none; not more than so many bytes. */
    public static function read(string $path, ?int $most = null): string
    {
        return is_file($path) && !is_link($path) ? (string) @file_get_contents($path, false, null, 0, $most) : '';
    }

    /** Seconds since a file of ours was written; a huge number if it is not there, or a clock was wrong. */
    public static function age(string $path): int
    {
        clearstatcache(true, $path);
        $time = is_file($path) ? (int) filemtime($path) : 0;
        return $time > time() + 60 ? PHP_INT_MAX : time() - $time;
    }

    /**
     * Files of these names in the folders of channels, those that were written last.
     *
     * @param list<string> $names
     * @return list<array{int, string}> the channel's number, and the name
     */
    public static function newest(array $names, int $most): array
    {
        $times = [];
        foreach (self::channels() as $id) {
            foreach ($names as $name) {
                $time = @filemtime(self::path("$id/$name"));
                if ($time !== false) {
                    $times["$id $name"] = $time;
                }
            }
        }
        arsort($times);
        return array_map(static function (string $key): array {
            [$id, $name] = explode(' ', $key);
            return [(int) $id, $name];
        }, array_slice(array_keys($times), 0, $most));
    }

    /** Numbers of the channels that have a folder here. @return list<int> */
    public static function channels(): array
    {
        $root = rtrim(self::path(''), '/');
        return array_map('intval', array_values(array_filter(is_dir($root) ? (@scandir($root) ?: []) : [], 'ctype_digit')));
    }

    /** Whether somebody holds the lock at this path now: the kernel knows. */
    public static function isLocked(string $path): bool
    {
        $file = is_file($path) && !is_link($path) ? @fopen($path, 'r+e') : false;
        if ($file === false) {
            return false;
        }
        $free = flock($file, LOCK_EX | LOCK_NB);
        fclose($file);
        return !$free;
    }

    /**
     * Files that it makes are readable by the web user only, from the beginning.
     *
     * @template T
     * @param callable(): T $job
     * @return T
     */
    private static function privately(callable $job): mixed
    {
        $before = umask(0077);
        try {
            return $job();
        } finally {
            umask($before);
        }
    }

    private static function makeFolder(string $folder): void
    {
        if (!is_dir($folder)) {
            @mkdir($folder, 0700, true);
        }
    }
}
