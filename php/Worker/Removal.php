<?php

declare(strict_types=1);

namespace Faces\Worker;

use Faces\Store\Channel;
use Faces\Store\Cloud;
use Faces\Store\Remains;
use Faces\Store\Sql;
use Faces\Store\State;

/**
 * Removing everything of a channel. It is a wish that is written down first, and done bit by bit: by the page that asked for
 * it, and if that is closed, by the hub's cron. It needs no Python.
 */
final class Removal
{
    /** In the channel's own folder, which is deleted last. */
    private const NOTE = 'removing';
    private const STARTED = ['recognize', 'distances', 'remove'];
    private const LOCKS = ['detect.lock', 'recognize.lock', 'names.lock'];

    /** Data files of others under our names, which stay. @var list<string> */
    public array $kept = [];

    public function __construct(private readonly Channel $channel)
    {
    }

    /** Whether it was asked for and is not done. */
    public static function isWanted(Channel $channel): bool
    {
        return is_file(State::path(self::NOTE, $channel));
    }

    /** Asks for it: the app goes first, so that nothing is made anew; what is at work is stopped. */
    public function begin(): void
    {
        State::write(State::path(self::NOTE, $this->channel), '');
        $this->channel->withdraw();
        Launcher::cancel($this->channel);
        @unlink(State::path('recognize.again', $this->channel));
        // docs/hub.md, Status and stop: the run then writes no last word, which would be something left
        Settings::set('stop.' . $this->channel->nick, gmdate('Y-m-d\TH:i:s\Z') . ' quietly');
    }

    /** Goes on for so many seconds. Whether all is done. */
    public function goOn(float $seconds): bool
    {
        $end = microtime(true) + $seconds;
        $locks = [];
        try {
            foreach (self::STARTED as $command) { // they end by themselves: the channel has no app any more
                while (State::isLocked(State::path("$command-start.lock", $this->channel))) {
                    if (!self::pause($end)) {
                        return false;
                    }
                }
            }
            foreach (self::LOCKS as $name) {
                $locks[] = $lock = State::open(State::path($name, $this->channel));
                while (!flock($lock, LOCK_EX | LOCK_NB)) {
                    if (!self::pause($end)) {
                        return false;
                    }
                }
            }
            $remains = new Remains(new Cloud($this->channel));
            $isDone = $remains->deleteFiles(max(1.0, $end - microtime(true)));
            $this->kept = $remains->foreign();
            if ($isDone) {
                $remains->deleteRest();
                $this->forgetRequest();
            }
            return $isDone;
        } finally {
            foreach ($locks as $lock) {
                fclose($lock);
            }
        }
    }

    private static function pause(float $end): bool
    {
        usleep(100_000);
        return microtime(true) < $end;
    }

    /** A search through the whole hub may come to this channel yet: then it takes the request away itself. */
    private function forgetRequest(): void
    {
        if (!Launcher::isRunning('detect')) {
            Sql::run("DELETE FROM config WHERE cat = 'faces' AND k = '%s'", 'stop.' . $this->channel->nick);
        }
    }
}
