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
    /** Words of a detection's command that remain when it is run once more: all but --channel NICK and --retry. */
    private const WORDS_FOR_ALL = 6;
    /** Where a command has not its own script. */
    private const SCRIPTS = ['distances' => 'recognize', 'preview' => 'metadata', 'undo' => 'metadata'];
    /** Names in photos: written, shown what would be, taken out again. */
    public const METADATA = ['metadata', 'preview', 'undo'];
    /** Photos that are shown with what would be written into them. */
    private const SHOWN = '3';
    /** Seconds a run waits for one that somebody started by hand. */
    private const LONGEST_WAIT = '3600';

    /**
     * Searches for new photos in a channel, or in all; false if a search is at work already: then another one, through all
     * channels, follows it. `$retry`: also photos that were given up; the search that follows another one leaves them.
     *
     * @throws Refusal if it is blocked or cannot be started
     */
    public static function detect(?Channel $channel = null, bool $retry = false): bool
    {
        return self::start('detect', null, $channel, null, $retry ? ['--retry'] : []);
    }

    /** Looks for people in a channel's faces; false if that is at work already: then it is done once more. @throws Refusal */
    public static function recognize(Channel $channel): bool
    {
        return self::start('recognize', $channel, $channel);
    }

    /** Looks which detectors and models work here; false if that is at work already. What it finds: SelfCheck. @throws Refusal */
    public static function check(): bool
    {
        return self::start('availability', null, null, ['--output', getcwd() . '/' . State::path('availability.json'), '--hub', (string) getcwd()]);
    }

    /** Measures a channel's distances for the page of thresholds; false if that is at work already. @throws Refusal */
    public static function measure(Channel $channel): bool
    {
        return self::start('distances', $channel, $channel, [...self::place($channel), '--distances']);
    }

    /** Writes names into a channel's photos, or beside them, as its settings say; false if that is at work already: then it is done once more. @throws Refusal */
    public static function write(Channel $channel): bool
    {
        return self::start('metadata', $channel, $channel, null, ['--write']);
    }

    /** Finds out what would be written, for the page (preview.json); false if that is at work already. @throws Refusal */
    public static function preview(Channel $channel): bool
    {
        return self::start('preview', $channel, $channel, [...self::place($channel), '--wait', self::LONGEST_WAIT, '--dry-run', '--most', self::SHOWN, '--write']);
    }

    /** Takes out all that was written; false if that is at work already. @throws Refusal */
    public static function undo(Channel $channel): bool
    {
        return self::start('undo', $channel, $channel, [...self::place($channel), '--wait', self::LONGEST_WAIT, '--undo']);
    }

    /**
     * Removes detectors, models or names; it stops what is at work in the channel first. False if that is at work already.
     *
     * @param list<string> $what options of py/remove.py
     * @throws Refusal
     */
    public static function remove(Channel $channel, array $what): bool
    {
        return self::start('remove', $channel, $channel, [...self::place($channel), '--yes', ...$what]);
    }

    /**
     * Asks what is at work in a channel to stop, or the search through the hub (""). docs/hub.md: a request is a time, so that
     * one that is left over stops no later run; `$quietly`: the run writes no last word.
     *
     * @throws Refusal if the database does not take it
     */
    public static function askToStop(string $nick, bool $quietly = false): void
    {
        Settings::set($nick === '' ? 'stop' : "stop.$nick", gmdate('Y-m-d\TH:i:s\Z') . ($quietly ? ' quietly' : ''));
    }

    /** Has the launcher end what it runs, if it runs, and if that has not ended by itself after so many seconds. */
    public static function end(string $command, ?Channel $place, int $seconds): void
    {
        if (self::isRunning($command, $place)) {
            State::write(State::path("$command.stop", $place), (string) $seconds);
        }
    }

    /** Why nothing can be started on this hub; "" if something can. */
    public static function obstacle(): string
    {
        $python = Settings::python();
        return match (true) {
            Settings::isBlocked() => t('The admin of this hub has switched the search for faces off.'),
            str_contains($python, '/') && !is_executable($python) => sprintf(t('Python is not where the hub\'s settings say (%s). The admin: see docs/hub.md, Install'), $python),
            !function_exists('proc_open') => t('PHP must not start programs here (disable_functions has proc_open).'),
            default => '',
        };
    }

    /** Whether one runs, started by us or by hand. */
    public static function isRunning(string $command, Channel|int|null $place = null): bool
    {
        if (!is_file(State::path("$command.gate", $place))) { // to look leaves no trace
            return State::isLocked(State::path("$command.lock", $place));
        }
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
     * @param list<string>|null $arguments of a command that is not repeated for others; null: one that waits for its turn
     * @param list<string> $once what such a one has beside them the first time
     */
    private static function start(string $command, ?Channel $place, ?Channel $only, ?array $arguments = null, array $once = []): bool
    {
        $obstacle = self::obstacle();
        if ($obstacle !== '') {
            throw new Refusal($obstacle, Refusal::BLOCKED);
        }
        $lock = self::taken($command, $place, $arguments === null ? ($only ? $only->nick : '*') : '');
        if ($lock === null) {
            return false;
        }
        try {
            $python = Settings::python();
            $root = (string) getcwd();
            $script = Settings::addon() . '/py/' . (self::SCRIPTS[$command] ?? $command) . '.py';
            $program = [$python, $script, ...($arguments ?? ['--hub', $root, '--wait', self::LONGEST_WAIT,
                ...($only ? ['--channel', $only->nick] : []), ...$once])];
            $keep = $command === 'detect' ? self::WORDS_FOR_ALL : count($program);
            self::run([$python, Settings::addon() . '/py/launch.py', "$root/" . State::path($command, $place), (string) $keep,
                Settings::log(), ...$program], $lock, State::path($command, $place), $only ? $only->nick : '*');
            return true;
        } finally {
            fclose($lock);
        }
    }

    /** @return list<string> */
    private static function place(Channel $channel): array
    {
        return ['--hub', (string) getcwd(), '--channel', $channel->nick];
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
     * The lock; null if somebody has it: he is asked to run once more (for `$asks`: a channel's name, "*" for all, "" not).
     * launch.py looks for that and releases the lock behind the same gate, so nobody asks in vain.
     *
     * @return resource|null
     */
    private static function taken(string $command, ?Channel $place, string $asks)
    {
        $again = State::path("$command.again", $place);
        $gate = State::open(State::path("$command.gate", $place));
        $lock = State::open(State::path("$command-start.lock", $place));
        try {
            flock($gate, LOCK_EX);
            if (!flock($lock, LOCK_EX | LOCK_NB)) {
                fclose($lock);
                if ($asks !== '') {
                    $asked = [...array_diff(explode("\n", State::read($again)), ['']), $asks];
                    State::write($again, implode("\n", array_unique($asked)));
                }
                return null;
            }
            if ($place !== null || $asks === '*') {
                @unlink($again); // left by one that was killed; this run does what was asked for
            }
            @unlink(State::path("$command.stop", $place)); // meant for one that has ended
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
        throw new Refusal(sprintf(t('It cannot be started: %1$s (%2$s)'), $command[0], $last !== '' ? $last : t('it cannot be run')), Refusal::BLOCKED);
    }

    /** @return array<string, string> nothing of the web server's but what is needed; the database's password is nowhere else */
    private static function environment(): array
    {
        $kept = array_filter(['DEEPFACE_HOME' => (string) getenv('DEEPFACE_HOME'), 'HOME' => (string) getenv('HOME')]);
        return $kept + ['PATH' => getenv('PATH') ?: '/usr/local/bin:/usr/bin:/bin', 'LANG' => 'C.UTF-8', 'FACES_STARTED_BY' => 'page']
            + Credentials::environment();
    }
}
