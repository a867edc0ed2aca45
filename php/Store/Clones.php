<?php

declare(strict_types=1);

namespace Faces\Store;

use Faces\Refusal;
use Zotlabs\Lib\Libsync;

/** Tells a channel's clones on other hubs which data files changed: what the worker writes, the hub does not notice. */
final class Clones
{
    private const AT_ONCE = 20;

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
            $changed = [];
            foreach ($cloud->files() as $file) {
                if ($file->size > 0 && ($sent[$file->hash] ?? '') !== "$file->size $file->edited") {
                    $changed[$file->hash] = "$file->size $file->edited";
                }
            }
            $there = array_fill_keys(array_map(static fn (DataFile $file): string => $file->hash, $cloud->files()), true);
            $sent = array_intersect_key($sent, $there);
            $end = microtime(true) + $seconds;
            $number = 0;
            foreach (array_chunk($changed, self::AT_ONCE, true) as $some) {
                // Noted before they are sent: a packet is not worth being sent for ever, should sending fail each time.
                $sent = $some + $sent;
                if (microtime(true) > $end || !self::note($note, $sent)) {
                    break;
                }
                self::send($channel, array_map('strval', array_keys($some)));
                $number += count($some);
            }
            return $number;
        } finally {
            fclose($note);
        }
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
