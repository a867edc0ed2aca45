<?php

declare(strict_types=1);

namespace Faces\Worker;

use Faces\Store\Channel;
use Faces\Store\Sql;
use Faces\Store\State;

/** How the search goes: what the worker writes into the table config, whether it lives, and how the last one ended. */
final class Status
{
    private const ENDED = ['done', 'stopped', 'failed'];
    private const FIELDS = ['state', 'command', 'started', 'updated', 'done', 'total', 'folder', 'ram', 'message', 'code', 'eta'];

    /**
     * The channel's own status, without what only an owner may know unless he asks: names of folders, messages.
     *
     * @return array<string, mixed>
     */
    public static function of(Channel $channel, bool $isOwner): array
    {
        // Not get_config: it caches for the length of a request, and its values are decoded in ways of its own.
        $rows = Sql::rows("SELECT v FROM config WHERE cat = 'faces' AND k = '%s'", "status.$channel->nick");
        $value = json_decode((string) ($rows[0]['v'] ?? ''), true, 8);
        $status = array_intersect_key(is_array($value) ? $value : [], array_flip(self::FIELDS));
        $status = array_filter($status, static fn (mixed $one): bool => is_scalar($one));
        $isOver = $status === [] || in_array($status['state'] ?? '', self::ENDED, true);
        // A detection that goes through the hub may have this channel yet to come.
        $running = self::isAtWork($channel) || (!$isOver && Launcher::isRunning('detect'));
        if (!$running && !$isOver) {
            $status['state'] = 'failed'; // its process is gone without a last word
            $status['message'] = 'The search ended without a word: it was killed, or the server was restarted.';
        }
        if (!$isOwner) {
            unset($status['folder'], $status['message'], $status['ram'], $status['code']);
        }
        return ['running' => $running, 'blocked' => Settings::isBlocked()] + $status + ['state' => ''];
    }

    private static function isAtWork(Channel $channel): bool
    {
        return State::isLocked(State::path('detect.lock', $channel)) || Launcher::isRunning('recognize', $channel);
    }

    /**
     * How the last start ended that was not well, for the page: code, time and reason. Null if all is well.
     *
     * @return array{code: int, time: string, reason: string}|null
     */
    public static function failure(Channel $channel, bool $isAdmin): ?array
    {
        $last = null;
        foreach ([State::path('detect.outcome'), State::path('recognize.outcome', $channel)] as $path) {
            $lines = explode("\n", State::read($path), 3);
            if (count($lines) === 3 && ctype_digit($lines[0]) && $lines[1] > ($last['time'] ?? '')) {
                $last = ['code' => (int) $lines[0], 'time' => $lines[1], 'reason' => self::reason((int) $lines[0], $lines[2], $isAdmin)];
            }
        }
        return $last !== null && $last['reason'] !== '' ? $last : null;
    }

    /** "" for an end that is none to worry about, or that the channel's own status tells of. */
    private static function reason(int $code, string $errors, bool $isAdmin): string
    {
        // docs/errors.md: done, limits of memory and time, partly failed, stopped
        if (in_array($code, [0, 4, 5, 8, 9], true)) {
            return '';
        }
        $last = trim((string) strrchr("\n" . trim(mb_scrub($errors, 'UTF-8')), "\n"));
        // Those name the server's files and packages; others may name another channel's photos.
        if ($isAdmin || in_array($code, [2, 7, 12, 126, 127], true)) {
            return $last !== '' ? $last : "ended with code $code";
        }
        return $code > 128
            ? 'It was killed by signal ' . ($code - 128) . ', often because the server ran out of memory.'
            : "It ended with code $code. The admin of this hub finds the reason in faces.log.";
    }
}
