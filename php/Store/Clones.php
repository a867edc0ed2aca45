<?php

declare(strict_types=1);

namespace Faces\Store;

use Faces\Refusal;
use Zotlabs\Lib\Libsync;

/** Tells a channel's clones on other hubs which files changed: what the worker writes, into photos, too, the hub does not notice. */
final class Clones
{
    private const AT_ONCE = 20;
    /** In the note of what was sent: written.jsonl as it was when all that it tells of was sent. */
    private const WRITTEN = 'written';
    /** Before the hash of a file that is no data file. */
    private const BESIDE = 'file ';

    /** Sends these files or folders, by hash. @param list<string> $hashes */
    public static function send(Channel $channel, array $hashes): void
    {
        if ($hashes === [] || !self::has($channel)) {
            return;
        }
        require_once 'include/attach.php';
        foreach ($hashes as $hash) {
            $data = attach_export_data($channel->row, $hash);
            if ($data) {
                Libsync::build_sync_packet($channel->id, ['file' => [$data]]);
            }
        }
    }

    /** Files or folders that are not there any more, by hash. @param list<string> $hashes */
    public static function sendDeleted(Channel $channel, array $hashes): void
    {
        if ($hashes === [] || !self::has($channel)) {
            return;
        }
        require_once 'include/attach.php';
        $gone = array_map(static fn (string $hash): array => attach_export_data($channel->row, $hash, true), $hashes);
        Libsync::build_sync_packet($channel->id, ['file' => $gone]);
    }

    /**
     * Sends what changed since it was sent last, each file once, for so many seconds; the rest next time. What was sent is
     * noted in our own folder. The number of files sent.
     */
    public static function sendChanged(Cloud $cloud, float $seconds = 3.0): int
    {
        $channel = $cloud->channel;
        if (!self::has($channel)) {
            return 0;
        }
        try {
            $note = State::open(State::path('sent.json', $channel));
        } catch (Refusal $error) {
            logger("faces: {$error->getMessage()}", LOGGER_NORMAL);
            return 0;
        }
        try {
            if (!flock($note, LOCK_EX | LOCK_NB)) {
                return 0; // another request is at it
            }
            $sent = json_decode((string) stream_get_contents($note), true);
            $sent = is_array($sent) ? $sent : [];
            $isAtWork = State::isLocked(State::path('metadata.lock', $channel)); // a photo is replaced after its line is written
            $written = current(self::states(array_filter([$cloud->own(Cloud::WRITTEN)])));
            $others = self::others($cloud, $sent, (string) $written);
            $files = self::states($cloud->files());
            $sent = array_intersect_key($sent, $files + $others + [self::WRITTEN => '']);
            $end = microtime(true) + $seconds;
            $number = 0;
            // A photo is much: it goes with all that the hub made of it.
            foreach ([...array_chunk(array_diff_assoc($files, $sent), self::AT_ONCE, true), ...array_chunk(array_diff_assoc($others, $sent), 1, true)] as $some) {
                // Noted before they are sent: a packet is not worth being sent for ever, should sending fail each time.
                $sent = $some + $sent;
                if (microtime(true) > $end || !self::note($note, $sent)) {
                    return $number;
                }
                self::send($channel, array_map(static fn (int|string $key): string => str_replace(self::BESIDE, '', (string) $key), array_keys($some)));
                $number += count($some);
            }
            if (!$isAtWork && ($sent[self::WRITTEN] ?? '') !== (string) $written) {
                self::note($note, [self::WRITTEN => (string) $written] + $sent);
            }
            return $number;
        } finally {
            fclose($note);
        }
    }

    /**
     * Photos into which the worker wrote, and files beside them; they are looked at only after it wrote again.
     *
     * @param array<string, string> $sent
     * @return array<string, string>
     */
    private static function others(Cloud $cloud, array $sent, string $written): array
    {
        if ($written === ($sent[self::WRITTEN] ?? '')) {
            return array_filter($sent, static fn (int|string $key): bool => str_starts_with((string) $key, self::BESIDE), ARRAY_FILTER_USE_KEY);
        }
        return self::states([...(new Written($cloud))->photos(), ...$cloud->filesOf(Sidecars::made($cloud->channel))], self::BESIDE);
    }

    /** What changes whenever a file does; of those that are not empty. @param iterable<DataFile> $files @return array<string, string> */
    private static function states(iterable $files, string $before = ''): array
    {
        $found = [];
        foreach ($files as $file) {
            if ($file->size > 0) {
                $found[$before . $file->hash] = "$file->size $file->edited";
            }
        }
        return $found;
    }

    /**
     * @param resource $file
     * @param array<string, string> $sent
     */
    private static function note($file, array $sent): bool
    {
        $text = json_encode($sent, JSON_THROW_ON_ERROR);
        return rewind($file) && ftruncate($file, 0) && fwrite($file, $text) === strlen($text) && fflush($file);
    }

    public static function has(Channel $channel): bool
    {
        return Sql::rows("SELECT hubloc_id FROM hubloc WHERE hubloc_hash = '%s' AND hubloc_deleted = 0 AND hubloc_host <> '%s' LIMIT 1",
            $channel->hash, (string) \App::get_hostname()) !== [];
    }
}
