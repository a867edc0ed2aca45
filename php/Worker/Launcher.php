<?php

declare(strict_types=1);

namespace Faces\Worker;

use Faces\Refusal;
use Faces\Store\Channel;
use Faces\Store\State;

/**
 * Starts the worker and does not wait for it. Of each kind one runs at a time: a lock is taken before the start and handed
 * on to the process (py/launch.py), so it lasts from before the process is there until it is gone, and the kernel releases
 * it.
 */
final class Launcher
{
    /** Words of a detection's command that remain when it is run once more: all but --channel NICK. */
    private const WORDS_FOR_ALL = 6;
    /** Seconds a run waits for one that somebody started by hand. */
    private const LONGEST_WAIT = '3600';

    /**
     * Searches for new photos in a channel, or in all; false if a search is at work already: then another one, through all
     * channels, follows it.
     *
     * @throws Refusal if it is blocked or cannot be started
     */
    public static function detect(?Channel $channel = null): bool
    {
        return self::start('detect', null, $channel);
    }

    /** Looks for people in a channel's faces; false if that is at work already: then it is done once more. @throws Refusal */
    public static function recognize(Channel $channel): bool
    {
        return self::start('recognize', $channel, $channel);
    }

    /** Why nothing can be started on this hub; "" if something can. */
    public static function obstacle(): string
    {
        $python = Settings::python();
        return match (true) {
            Settings::isBlocked() => 'The admin of this hub has switched the search for faces off.',
            str_contains($python, '/') && !is_executable($python) => "Python is not where the hub's settings say ($python). The admin: see docs/hub.md, Install",
            !function_exists('proc_open') => 'PHP must not start programs here (disable_functions has proc_open).',
            default => '',
        };
    }

    /** Whether one runs, started by us or by hand. */
    public static function isRunning(string $command, ?Channel $place = null): bool
    {
        // Past the gate, so that nobody who wants to start takes our look for a run.
        $gate = State::open(State::path("$command.gate", $place));
        try {
            flock($gate, LOCK_EX);
            return State::isLocked(State::path("$command-start.lock", $place)) || State::isLocked(State::path("$command.lock", $place));
        } finally {
            fclose($gate);
        }
    }

    /**
     * @param Channel|null $place whose lock it takes; null: the hub's
     * @param Channel|null $only the channel to work on; null: all
     */
    private static function start(string $command, ?Channel $place, ?Channel $only): bool
    {
        $obstacle = self::obstacle();
        if ($obstacle !== '') {
            throw new Refusal($obstacle, Refusal::BLOCKED);
        }
        $lock = self::taken($command, $place, $only);
        if ($lock === null) {
            return false;
        }
        try {
            $python = Settings::python();
            $root = (string) getcwd();
            $program = [$python, Settings::addon() . "/py/$command.py", '--hub', $root, '--wait', self::LONGEST_WAIT,
                ...($only ? ['--channel', $only->nick] : [])];
            $keep = $command === 'detect' ? self::WORDS_FOR_ALL : count($program);
            self::run([$python, Settings::addon() . '/py/launch.py', "$root/" . State::path($command, $place), (string) $keep,
                Settings::log(), ...$program], $lock, State::path($command, $place), $only ? $only->nick : '*');
            return true;
        } finally {
            fclose($lock);
        }
    }

    /** Takes back what a channel asked for while a search for photos was at work. What others asked for stays. */
    public static function cancel(Channel $channel): void
    {
        $again = State::path('detect.again');
        $gate = State::open(State::path('detect.gate'));
        flock($gate, LOCK_EX);
        $others = array_diff(explode("\n", State::read($again)), [$channel->nick, '']);
        $others === [] ? @unlink($again) : State::write($again, implode("\n", $others));
        fclose($gate);
    }

    /**
     * The lock; null if somebody has it: he is asked to run once more. launch.py looks for that and releases the lock behind
     * the same gate, so nobody asks in vain.
     *
     * @return resource|null
     */
    private static function taken(string $command, ?Channel $place, ?Channel $only)
    {
        $again = State::path("$command.again", $place);
        $gate = State::open(State::path("$command.gate", $place));
        $lock = State::open(State::path("$command-start.lock", $place));
        try {
            flock($gate, LOCK_EX);
            if (!flock($lock, LOCK_EX | LOCK_NB)) {
                fclose($lock);
                $asked = [...array_diff(explode("\n", State::read($again)), ['']), $only ? $only->nick : '*'];
                State::write($again, implode("\n", array_unique($asked)));
                return null;
            }
            if ($place === $only) {
                @unlink($again); // left by one that was killed; this run does what was asked for
            }
            return $lock;
        } finally {
            fclose($gate);
        }
    }

    /**
     * @param list<string> $command
     * @param resource $lock
     */
    private static function run(array $command, $lock, string $state, string $for): void
    {
        @unlink("$state.outcome");
        State::write("$state.started", $for);
        $errors = tmpfile() ?: ['file', '/dev/null', 'w'];
        $null = ['file', '/dev/null', 'r+'];
        $pipes = [];
        $process = @proc_open($command, [$null, $null, $errors, $lock], $pipes, Settings::addon(), self::environment());
        $code = is_resource($process) ? proc_close($process) : -1; // at once: launch.py goes on in another process
        if ($code === 0) {
            return;
        }
        $said = is_resource($errors) && rewind($errors) ? trim((string) stream_get_contents($errors)) : '';
        $last = trim((string) strrchr("\n$said", "\n"));
        // 126, as a shell has it for what cannot be executed
        State::write("$state.outcome", "126\n" . gmdate('Y-m-d\TH:i:s\Z') . "\n" . ($last ?: "cannot run $command[0]"));
        throw new Refusal("The search for faces cannot be started: $command[0] " . ($last !== '' ? "says: $last" : 'cannot be run.'), Refusal::BLOCKED);
    }

    /** @return array<string, string> nothing of the web server's but what is needed; the database's password is nowhere else */
    private static function environment(): array
    {
        $kept = array_filter(['DEEPFACE_HOME' => (string) getenv('DEEPFACE_HOME'), 'HOME' => (string) getenv('HOME')]);
        return $kept + ['PATH' => getenv('PATH') ?: '/usr/local/bin:/usr/bin:/bin', 'LANG' => 'C.UTF-8', 'FACES_STARTED_BY' => 'page']
            + Credentials::environment();
    }
}
