<?php

declare(strict_types=1);

namespace Faces;

use Faces\Store\Channel;
use Faces\Store\ChannelFiles;
use Faces\Store\Clones;
use Faces\Store\Cloud;
use Faces\Store\Quota;
use Faces\Store\Remains;
use Faces\Store\Sidecars;
use Faces\Store\Sql;
use Faces\Store\State;
use Faces\Worker\Launcher;
use Faces\Worker\Removal;
use Faces\Worker\Settings;
use Faces\Worker\Status;

/**
 * What the hub's cron does for us, every ten minutes or so: data files are made and kept private, clones get what changed,
 * and once in an interval new photos are looked for, so that nobody has to open a page and wait.
 */
final class Cron
{
    /** The hub hands out a job of more than 300 seconds a second time. */
    private const PATIENCE = 120.0;
    /** Seconds for each removal that is under way. */
    private const REMOVAL = 8.0;

    public static function run(): void
    {
        $end = microtime(true) + self::PATIENCE;
        try {
            self::remove($end);
            self::tidy();
        } catch (\Throwable $error) { // the database is away: so it is for the others, too
            logger("faces: {$error->getMessage()}", LOGGER_NORMAL);
            return;
        }
        foreach (Channel::consenting() as $channel) {
            $left = $end - microtime(true);
            if ($left <= 0) {
                logger('faces: not all channels had their turn, the next run goes on', LOGGER_NORMAL);
                break;
            }
            if (State::use($channel) && !Removal::isWanted($channel) && $channel->hasApp()) {
                self::tend($channel, $left);
            }
            State::release();
        }
        self::search();
    }

    /** Removals that nobody waits for any more; and on a hub with a clone, what everything was removed of on another hub. */
    private static function remove(float $end): void
    {
        foreach (Channel::withData() as $channel) {
            $isWanted = Removal::isWanted($channel);
            if (microtime(true) > $end || (!$isWanted && ($channel->hasApp() || (new Cloud($channel))->everything() !== []))) {
                continue;
            }
            try {
                $isWanted || (new Removal($channel))->begin();
                (new Removal($channel))->goOn(self::REMOVAL);
            } catch (\Throwable $error) {
                logger("faces: $channel->nick: {$error->getMessage()}", LOGGER_NORMAL);
            }
        }
    }

    /** What nobody else takes away: of channels that are gone, requests to stop that nobody heard. */
    private static function tidy(): void
    {
        Remains::deleteOrphans();
        $yesterday = gmdate('Y-m-d\TH:i:s\Z', time() - 86_400);
        Sql::run("DELETE FROM config WHERE cat = 'faces' AND (k = 'stop' OR k LIKE 'stop.%%') AND v < '%s'", $yesterday);
    }

    private static function tend(Channel $channel, float $seconds): void
    {
        try {
            $cloud = new Cloud($channel);
            $files = new ChannelFiles($cloud, new Quota($channel));
            $files->ensure($seconds);
            $sidecars = new Sidecars($cloud, new Quota($channel));
            $sidecars->tend($seconds);
            foreach ([...$files->problems, ...$sidecars->problems] as $problem) {
                logger("faces: $channel->nick: $problem", LOGGER_NORMAL);
            }
            Clones::sendChanged($cloud);
            Remains::sweep($channel);
        } catch (\Throwable $error) { // one channel's trouble is not the others'
            logger("faces: $channel->nick: {$error->getMessage()}", LOGGER_NORMAL);
        }
    }

    /** A run that was stopped by a signal, as by a restart of the server, is not left until the interval is over. */
    private static function search(): void
    {
        $stamp = State::path('cron');
        $age = State::age($stamp);
        $interval = Settings::interval();
        if ($interval === 0 || Settings::isBlocked() || ($age < 60 * $interval - 30 && !self::wasInterrupted(time() - $age))) {
            return;
        }
        try {
            State::write($stamp, '');
            Launcher::detect();
        } catch (\Throwable $error) {
            logger("faces: {$error->getMessage()}", LOGGER_NORMAL);
        }
    }

    private static function wasInterrupted(int $since): bool
    {
        [$code, $time, $errors] = Status::outcome('detect') ?? [0, '', ''];
        // 9: stopped, by a signal or by somebody on the page; that one is to stay stopped
        return $code === 9 && strtotime($time) > $since && str_contains($errors, 'SIGTERM');
    }
}
