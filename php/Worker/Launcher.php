<?php

declare(strict_types=1);

namespace Faces\Worker;

use Faces\Refusal;
use Faces\Store\Channel;
use Faces\Store\State;

/**
 * Starts the worker and does not wait for it. Of each kind one runs at a time: a lock is taken before the start and handed
 * on to the process, so it lasts from before the process is there until it is gone, and the kernel releases it.
 */
final class Launcher
{
    /** Words of a detection's command that remain when it is run once more: python detect.py --hub ROOT. */
    private const WORDS_FOR_ALL = 4;

    /**
     * Searches for new photos in a channel, or in all; false if a search is at work already: then another one, through all
     * channels, follows it.
     *
     * @throws Refusal if it is blocked or cannot be started
     */
    public static function detect(?Channel $channel = null): bool
    {
        return self::start('detect', null, $channel, self::WORDS_FOR_ALL);
    }

    /** Looks for people in a channel's faces; false if that is at work already: then it is done once more. @throws Refusal */
    public static function recognize(Channel $channel): bool
    {
        return self::start('recognize', $channel, $channel, 99);
    }

    public static function isRunning(string $command, ?Channel $channel = null): bool
    {
        return State::isLocked(State::path("$command-start.lock", $channel)) || State::isLocked(State::path("$command.lock", $channel));
    }

    /**
     * @param Channel|null $place whose lock it takes; null: the hub's
     * @param Channel|null $only the channel to work on; null: all
     */
    private static function start(string $command, ?Channel $place, ?Channel $only, int $keep): bool
    {
        if (Settings::isBlocked()) {
            throw new Refusal('The admin of this hub has switched the search for faces off.', Refusal::BLOCKED);
        }
        $again = State::path("$command.again", $place);
        $lock = State::open(State::path("$command-start.lock", $place));
        try {
            if (!self::taken($lock, $again)) {
                return false;
            }
            if ($command === 'detect' && State::isLocked(State::path('detect.lock'))) {
                return false; // one that an admin started, which goes through all channels; a recognition would wait for its turn
            }
            $python = Settings::python();
            self::check($python);
            $root = (string) getcwd();
            $arguments = ['/bin/sh', __DIR__ . '/launch.sh', "$root/$again", "$root/" . State::path("$command.outcome", $place),
                Settings::log(), (string) $keep, $python, Settings::addon() . "/py/$command.py", '--hub', $root,
                ...($only ? ['--channel', $only->nick] : []), ...($command === 'recognize' ? ['--wait', '600'] : [])];
            self::run($arguments, $lock);
            return true;
        } finally {
            fclose($lock);
        }
    }

    /**
     * Whether the lock is ours. If not, whoever has it is asked to run once more; he looks for that before he ends, so after
     * a moment in which he might just have ended we look again.
     *
     * @param resource $lock
     */
    private static function taken($lock, string $again): bool
    {
        if (flock($lock, LOCK_EX | LOCK_NB)) {
            return true;
        }
        @touch($again);
        usleep(30_000);
        return flock($lock, LOCK_EX | LOCK_NB);
    }

    private static function check(string $python): void
    {
        if (str_contains($python, '/') && !is_executable($python)) {
            throw new Refusal("Python is not where the hub's settings say ($python). The admin: see docs/hub.md, Install", Refusal::BLOCKED);
        }
        if (!function_exists('proc_open')) {
            throw new Refusal('PHP must not start programs here (disable_functions has proc_open).', Refusal::BLOCKED);
        }
    }

    /**
     * @param list<string> $arguments
     * @param resource $lock
     */
    private static function run(array $arguments, $lock): void
    {
        // setsid: a signal to the web server's group is not for us. The shell goes on in the background; this returns at once.
        $command = ['/bin/sh', '-c', 'setsid "$@" &', 'sh', ...$arguments];
        $null = ['file', '/dev/null', 'r+'];
        $pipes = [];
        $process = @proc_open($command, [$null, $null, $null, $lock], $pipes, Settings::addon(), self::environment());
        if (!is_resource($process) || proc_close($process) !== 0) {
            throw new Refusal('The search for faces could not be started: no process could be made.', Refusal::BLOCKED);
        }
    }

    /** @return array<string, string> nothing of the web server's but what is needed; the database's password is nowhere else */
    private static function environment(): array
    {
        $kept = array_filter(['DEEPFACE_HOME' => (string) getenv('DEEPFACE_HOME'), 'HOME' => (string) getenv('HOME')]);
        return $kept + ['PATH' => getenv('PATH') ?: '/usr/local/bin:/usr/bin:/bin', 'LANG' => 'C.UTF-8'] + Credentials::environment();
    }
}
