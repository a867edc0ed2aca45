<?php

declare(strict_types=1);

namespace Faces\Store;

use Faces\Refusal;

/** Writes a data file as a whole, and lets the hub's row follow: the hub sends as many bytes as the row says. */
final class CloudFile
{
    /** Beside the channel's files, where the hub knows nothing of it; the worker has its unfinished files there, too. */
    private const TEMPORARY = '.faces-tmp';

    /**
     * The same content with these lines at its end, in a new file that takes the old one's place. A line that is torn at its
     * end is ended first. False, and nothing was done, if the file is not the one of that stamp any more.
     *
     * @throws Refusal if the disk is full, or the file was moved or deleted meanwhile
     */
    public static function append(Channel $channel, DataFile $file, string $lines, string $stamp): bool
    {
        return self::store($channel, $file, $lines, $stamp, true);
    }

    /** This content in the place of the old one; as `append`. @throws Refusal */
    public static function replace(Channel $channel, DataFile $file, string $content, string $stamp): bool
    {
        return self::store($channel, $file, $content, $stamp, false);
    }

    private static function store(Channel $channel, DataFile $file, string $lines, string $stamp, bool $keepsOld): bool
    {
        $folder = "store/{$channel->nick}/" . self::TEMPORARY;
        if (!is_dir($folder)) {
            @mkdir($folder, 0700);
        }
        $temporary = "$folder/$file->id." . getmypid() . bin2hex(random_bytes(4));
        try {
            $size = self::write($temporary, $file, $lines, $keepsOld);
            if ($file->stamp() !== $stamp) {
                return false;
            }
            if (is_link($folder) || is_link($file->path) || !@rename($temporary, $file->path)) {
                throw new Refusal(sprintf(t('%1$s cannot be written: %2$s and the file have to belong to the web user'), $file->name, $folder), Refusal::FULL);
            }
        } finally {
            if (is_file($temporary)) {
                unlink($temporary);
            }
        }
        self::follow($channel, $file, $size);
        return true;
    }

    /** Its size. */
    private static function write(string $path, DataFile $file, string $lines, bool $keepsOld): int
    {
        $old = !$keepsOld || $file->stamp() === '' ? null : @fopen($file->path, 'rb');
        $new = @fopen($path, 'xb');
        if ($new === false || $old === false) {
            throw new Refusal(sprintf(t('%s cannot be written: is the disk full?'), $file->name), Refusal::FULL);
        }
        @chmod($path, (@fileperms($file->path) ?: 0600) & 0777);
        $size = $old ? @stream_copy_to_stream($old, $new) : 0;
        if ($old && $size > 0 && fseek($old, -1, SEEK_END) === 0 && fgetc($old) !== "\n") {
            $lines = "\n" . $lines;
        }
        $isWhole = $size !== false && (!$old || $size === fstat($old)['size'])
            && @fwrite($new, $lines) === strlen($lines) && @fflush($new) && @fsync($new);
        fclose($new);
        if ($old) {
            fclose($old);
        }
        if (!$isWhole) {
            throw new Refusal(sprintf(t('%s cannot be written: the disk is full. Nothing was changed'), $file->name), Refusal::FULL);
        }
        return (int) $size + strlen($lines);
    }

    private static function follow(Channel $channel, DataFile $file, int $size): void
    {
        $where = "WHERE uid = %d AND hash = '%s' AND content = '%s'";
        $row = [$channel->id, $file->hash, $file->stored];
        Sql::run("UPDATE attach SET filesize = %d, edited = '%s' $where", $size, datetime_convert(), ...$row);
        if (!Sql::rows("SELECT id FROM attach $where", ...$row)) {
            // Moved or deleted while we wrote: what lies at its old place now would be found by nobody.
            @unlink($file->path);
            throw new Refusal(sprintf(t('%s was moved or deleted meanwhile. Try again'), $file->name), Refusal::BUSY);
        }
    }
}
