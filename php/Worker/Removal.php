<?php

declare(strict_types=1);

namespace Faces\Worker;

use Faces\Refusal;
use Faces\Store\Channel;
use Faces\Store\Cloud;
use Faces\Store\Remains;
use Faces\Store\Sql;
use Faces\Store\State;

/**
 * Removing everything of a channel. It is a wish that is written down first, and done bit by bit: by the page that asked for
 * it, and if that is closed, by the hub's cron. It needs no Python. Each step may be done twice.
 */
final class Removal
{
    /** In the channel's own folder, which is deleted last. */
    private const NOTE = 'removing';
    private const STARTED = ['recognize', 'distances', 'remove', 'metadata', 'preview', 'undo'];
    private const LOCKS = ['detect.lock', 'recognize.lock', 'metadata.lock', 'names.lock', 'files.lock', 'settings.lock'];

    /** Files under our names that stay. @var list<string> */
    public array $kept = [];

    public function __construct(private readonly Channel $channel)
    {
    }

    /** Whether it was asked for and is not done. */
    public static function isWanted(Channel $channel): bool
    {
        clearstatcache(true, State::path(self::NOTE, $channel));
        return is_file(State::path(self::NOTE, $channel));
    }

    /** Asks for it. @throws Refusal if that cannot be written down */
    public function begin(): void
    {
        if (!State::write(State::path(self::NOTE, $this->channel), '')) {
            throw new Refusal(sprintf(t('%s cannot be written. It has to belong to the web user. The admin: see docs/hub.md'),
                State::path(self::NOTE, $this->channel)), Refusal::FULL);
        }
        $this->stop();
    }

    /** The app goes first, so that nothing is made anew; what is at work is stopped. */
    private function stop(): void
    {
        $this->channel->withdraw();
        Launcher::cancel($this->channel);
        foreach (['recognize', 'metadata'] as $command) {
            @unlink(State::path("$command.again", $this->channel));
        }
        foreach (Launcher::METADATA as $command) { // they ask for no consent while they are at work
            Launcher::end($command, $this->channel, 0);
        }
        Launcher::askToStop($this->channel->nick, true); // a last word would be something left
    }

    /** Goes on for so many seconds. Whether all is done. */
    public function goOn(float $seconds): bool
    {
        $end = microtime(true) + $seconds;
        $this->stop();
        // Requests that began before the wish are waited for: what they write now would be left.
        if (!State::use($this->channel, true, $seconds)) {
            State::release();
            return false;
        }
        $locks = [];
        try {
            if (!self::isWanted($this->channel)) {
                return true; // somebody else did it
            }
            return $this->lock($locks, $end) && $this->delete(max(1.0, $end - microtime(true)));
        } finally {
            foreach ($locks as $lock) {
                fclose($lock);
            }
            State::release();
        }
    }

    /** @param list<resource> $locks are added to */
    private function lock(array &$locks, float $end): bool
    {
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
        return true;
    }

    private function delete(float $seconds): bool
    {
        $remains = new Remains(new Cloud($this->channel));
        $isDone = $remains->deleteFiles($seconds);
        $this->kept = $remains->foreign();
        if ($isDone) {
            if (!Launcher::isRunning('detect')) { // else that takes the request away when it comes to this channel, or at its end
                Sql::run("DELETE FROM config WHERE cat = 'faces' AND k = '%s'", 'stop.' . $this->channel->nick);
            }
            $remains->deleteRest(array_unique([State::path('faces.log'), State::path('worker.log'), Settings::log()]), self::NOTE);
        }
        return $isDone;
    }

    private static function pause(float $end): bool
    {
        usleep(100_000);
        return microtime(true) < $end;
    }
}
