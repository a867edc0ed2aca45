<?php

declare(strict_types=1);

namespace Faces\Store;

/** What our logs say of a channel, to be taken out of them. */
final class LogLines
{
    /** No line of ours is longer. */
    private const LONGEST = 1 << 16;

    /** Takes the lines out that name the channel. Others may write into it meanwhile: a line of theirs may be lost. */
    public static function forget(string $path, Channel $channel): void
    {
        $from = is_file($path) && !is_link($path) ? @fopen($path, 'r+b') : false;
        $kept = tmpfile();
        if (!$from || !$kept) {
            return;
        }
        $isChanged = false;
        while (($line = fgets($from, self::LONGEST)) !== false) {
            $isAbout = self::isAbout($line, $channel->nick);
            $isChanged = $isChanged || $isAbout;
            $isAbout || fwrite($kept, $line);
        }
        if ($isChanged && rewind($kept) && rewind($from)) {
            $size = (int) stream_copy_to_stream($kept, $from);
            ftruncate($from, $size);
        }
        fclose($from);
        fclose($kept);
    }

    /** How the last search ended, where its words name the channel; that it was started for it. */
    public static function forgetOutcome(string $state, Channel $channel): void
    {
        if (trim(State::read("$state.started")) === $channel->nick) {
            @unlink("$state.started");
        }
        $lines = explode("\n", State::read("$state.outcome"));
        $words = array_filter(array_slice($lines, 2), static fn (string $line): bool => !self::isAbout($line, $channel->nick));
        if (count($words) < count($lines) - 2) {
            State::write("$state.outcome", implode("\n", [...array_slice($lines, 0, 2), ...$words]));
        }
    }

    /** Whether a line names the channel as our program does: `alice: ...`, `'alice'`, `alice/Photos`. */
    private static function isAbout(string $line, string $nick): bool
    {
        $nick = preg_quote($nick, '~');
        return preg_match("~(?:^|[\\s'\"/(,]){$nick}(?:[:'\"/]|$)~m", $line) === 1;
    }
}
