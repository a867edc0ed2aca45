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
        $keys = Sql::in(["status.$channel->nick", "stop.$channel->nick"]);
        $rows = array_column(Sql::rows("SELECT k, v FROM config WHERE cat = 'faces' AND k IN ($keys)"), 'v', 'k');
        $status = self::clean((string) ($rows["status.$channel->nick"] ?? ''));
        $isOver = $status === [] || in_array($status['state'] ?? '', self::ENDED, true);
        // A detection that goes through the hub may have this channel yet to come.
        $isMeant = !$isOver || State::read(State::path('detect.started')) === $channel->nick;
        $running = self::isAtWork($channel) || ($isMeant && Launcher::isRunning('detect'));
        if (!$running && !$isOver) {
            $status['state'] = 'failed'; // its process is gone without a last word
            $status['message'] = t('The search ended without a word: it was killed, or the server was restarted.');
        }
        if ($running && $isOver) { // it has not said anything yet: what is there is of the last one
            $status = ['state' => 'starting'];
        }
        $status['stopping'] = $running && isset($rows["stop.$channel->nick"]);
        if (!$isOwner) { // how many photos there are, and when they came, is nobody else's business
            $status = [];
        }
        return ['running' => $running, 'blocked' => Settings::isBlocked()] + $status + ['state' => ''];
    }

    private static function isAtWork(Channel|int $channel): bool
    {
        return State::isLocked(State::path('detect.lock', $channel)) || Launcher::isRunning('recognize', $channel);
    }

    /**
     * How the last start ended that was not well, for the page: code, time and reason. Null if all is well.
     *
     * @param array<string, Channel|null>|null $commands which ones, with whose they are; null: all that a channel is concerned with
     * @return array{code: int, time: string, reason: string}|null
     */
    public static function failure(Channel $channel, bool $isAdmin, ?array $commands = null): ?array
    {
        $last = null;
        foreach ($commands ?? ['detect' => null, 'recognize' => $channel, 'remove' => $channel] as $command => $place) {
            $found = self::ending($command, $place);
            if ($found !== null && $found[1] > ($last['time'] ?? '')) {
                $reason = self::reason($found[0], $found[2], $channel, $isAdmin);
                $last = ['code' => $found[0], 'time' => $found[1], 'reason' => $reason];
            }
        }
        return $last !== null && $last['reason'] !== '' ? $last : null;
    }

    /** The same for the admin, of a run through the hub or in a channel. @return array{code: int, time: string, reason: string}|null */
    public static function failureOf(string $command, ?Channel $place = null): ?array
    {
        $found = self::ending($command, $place);
        $reason = $found === null ? '' : self::reason($found[0], $found[2], null, true);
        return $reason === '' ? null : ['code' => $found[0], 'time' => $found[1], 'reason' => $reason];
    }

    /**
     * The last failures, for the admin: of the search through the hub, and in channels.
     *
     * @return list<array{code: int, time: string, reason: string, nick: string}> the newest first
     */
    public static function failures(int $most): array
    {
        $found = [];
        $last = State::newest(['recognize.outcome', 'remove.outcome', 'distances.outcome', ...array_map(static fn (string $one): string => "$one.outcome", Launcher::METADATA)], 3 * $most);
        $channels = Channel::numbered(array_column($last, 0));
        foreach ($last as [$id, $name]) {
            $channel = $channels[$id] ?? null;
            $failure = $channel === null ? null : self::failureOf(strtok($name, '.') ?: '', $channel);
            $found[] = $failure === null ? null : $failure + ['nick' => $channel->nick];
        }
        $failure = self::failureOf('detect');
        $found = array_values(array_filter([$failure === null ? null : $failure + ['nick' => ''], ...$found]));
        usort($found, static fn (array $a, array $b): int => $b['time'] <=> $a['time']);
        return array_slice($found, 0, $most);
    }

    /**
     * What is at work on the hub, for the admin: the search for photos, and people being looked for in channels.
     *
     * @return array<string, array<string, mixed>> the worker's status by channel, "" for the search through the hub; `started`
     *     at least is there
     */
    public static function running(): array
    {
        $found = [];
        $rows = array_column(Sql::rows("SELECT k, v FROM config WHERE cat = 'faces' AND (k = 'status' OR k LIKE 'status.%%')"), 'v', 'k');
        if (Launcher::isRunning('detect')) {
            $value = self::clean($rows['status'] ?? '', ['channel']);
            $started = (int) @filemtime(State::path('detect.started'));
            $found[''] = in_array($value['state'] ?? '', ['', ...self::ENDED], true) ? ['started' => gmdate('Y-m-d\TH:i:s\Z', $started ?: time())] : $value;
        }
        unset($rows['status']);
        $open = array_filter(array_map(self::clean(...), $rows), static fn (array $one): bool => !in_array($one['state'] ?? 'waiting', [...self::ENDED, 'waiting'], true));
        $nicks = array_map(static fn (string $key): string => substr($key, 7), array_map('strval', array_keys($open)));
        foreach (array_chunk($nicks, 500) as $some) {
            foreach (Sql::rows('SELECT channel_id, channel_address FROM channel WHERE channel_address IN (' . Sql::in($some) . ')') as $row) {
                $nick = (string) $row['channel_address'];
                if (isset($open["status.$nick"]) && self::isAtWork((int) $row['channel_id'])) {
                    $found[$nick] = $open["status.$nick"];
                }
            }
        }
        return $found;
    }

    /** @param list<string> $more @return array<string, scalar> */
    private static function clean(string $json, array $more = []): array
    {
        $value = json_decode($json, true, 8);
        $known = array_intersect_key(is_array($value) ? $value : [], array_flip([...self::FIELDS, ...$more]));
        return array_filter($known, static fn (mixed $one): bool => is_scalar($one));
    }

    /** What launch.py wrote at the end: code, time, stderr. Null if there is nothing of it. @return array{int, string, string}|null */
    public static function outcome(string $command, ?Channel $place = null): ?array
    {
        $lines = explode("\n", State::read(State::path("$command.outcome", $place)), 3);
        return count($lines) === 3 && ctype_digit($lines[0]) ? [(int) $lines[0], $lines[1], $lines[2]] : null;
    }

    /** How the last start ended: code, time, stderr. Null if there was none, or it has not ended. @return array{int, string, string}|null */
    private static function ending(string $command, ?Channel $place): ?array
    {
        $outcome = self::outcome($command, $place);
        if ($outcome !== null) {
            return $outcome;
        }
        $started = State::path("$command.started", $place);
        if (!is_file($started) || Launcher::isRunning($command, $place)) {
            return null;
        }
        return [-1, gmdate('Y-m-d\TH:i:s\Z', (int) filemtime($started)), ''];
    }

    /** How a run ended, by its exit code (docs/errors.md): the worker's own message says more, in English. */
    public static function sentence(int $code): string
    {
        return match ($code) {
            3 => t('Another search was at work.'),
            4 => t('The search stopped because too much of the machine\'s memory was in use. The next one goes on.'),
            5 => t('The search stopped because its time was over. The next one goes on.'),
            6 => t('No photo could be read.'),
            7 => t('A detector or model that is chosen cannot be loaded.'),
            8 => t('Some photos or files could not be done.'),
            9 => t('The search was stopped.'),
            10 => t('A data file is damaged, or not ours.'),
            11 => t('A file could not be written: the disk is full, or the file belongs to somebody else.'),
            12 => t('Something is missing in the installation of Python.'),
            13 => t('The database did not answer.'),
            14 => t('The cluster that was to look at the photos did not answer.'),
            default => t('The search failed.'),
        };
    }

    /** "" for an end that is none to worry about, or that the channel's own status tells of. */
    private static function reason(int $code, string $errors, ?Channel $channel, bool $isAdmin): string
    {
        // docs/errors.md: done, limits of memory and time, partly failed, stopped
        if (in_array($code, [0, 4, 5, 8, 9], true)) {
            return '';
        }
        $last = trim((string) strrchr("\n" . trim(mb_scrub($errors, 'UTF-8')), "\n"));
        // Those name the server's files and packages; others may name another channel's photos. A run through the hub
        // begins its lines with the channel's name.
        $isForeign = preg_match('/^(?:faces: )?(\S+): /', $last, $found) && !in_array($found[1], ['faces', $channel?->nick], true);
        if ($last !== '' && $isAdmin) {
            return $last;
        }
        if ($last !== '' && !$isForeign && in_array($code, [2, 7, 12, 126, 127], true)) {
            return sprintf(t('%s (The admin of this hub can mend it: docs/hub.md, Settings of the hub.)'), $last);
        }
        return match (true) {
            $code < 0 => t('It ended without a word: it was killed, or the disk is full.'),
            $code > 128 => sprintf(t('It was killed by signal %d, often because the server ran out of memory.'), $code - 128),
            default => sprintf(t('It ended with code %d. The admin of this hub finds the reason in faces.log.'), $code),
        };
    }
}
