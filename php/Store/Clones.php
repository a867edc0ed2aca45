<?php

declare(strict_types=1);

namespace Faces\Store;

use Zotlabs\Lib\Libsync;

/** Tells a channel's clones on other hubs which data files changed: what the worker writes, the hub does not notice. */
final class Clones
{
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

    /**
     * Sends what changed since it was sent last, each file once. What was sent is noted in our own folder. The number of
     * files sent.
     */
    public static function sendChanged(Cloud $cloud): int
    {
        $channel = $cloud->channel;
        if (!self::has($channel)) {
            return 0;
        }
        $note = State::open(State::path('sent.json', $channel));
        try {
            if (!flock($note, LOCK_EX | LOCK_NB)) {
                return 0; // another request is at it
            }
            $sent = json_decode((string) stream_get_contents($note), true);
            $sent = is_array($sent) ? $sent : [];
            $now = $changed = [];
            foreach ($cloud->files() as $file) {
                $now[$file->hash] = "$file->size $file->edited";
                if ($file->size > 0 && ($sent[$file->hash] ?? '') !== $now[$file->hash]) {
                    $changed[] = $file->hash;
                }
            }
            // Noted before it is sent: a packet is not worth being sent for ever, should sending fail each time.
            $text = json_encode($now, JSON_THROW_ON_ERROR);
            if ($changed && rewind($note) && ftruncate($note, 0) && fwrite($note, $text) === strlen($text)) {
                self::send($channel, $changed);
            }
            return count($changed);
        } finally {
            fclose($note);
        }
    }

    private static function has(Channel $channel): bool
    {
        return Sql::rows("SELECT hubloc_id FROM hubloc WHERE hubloc_hash = '%s' AND hubloc_deleted = 0 AND hubloc_host <> '%s' LIMIT 1",
            $channel->hash, (string) \App::get_hostname()) !== [];
    }
}
