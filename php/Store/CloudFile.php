<?php

declare(strict_types=1);

namespace Faces\Store;

use Faces\Refusal;

/** Writes a data file as a whole, and lets the hub's row follow: the hub sends as many bytes as the row says. */
final class CloudFile
{
    /** Beside the channel's files, where the hub knows nothing of it; the worker has its unfinished files there, too. */
    private const TEMPORARY = '.faces-tmp';

    /** @throws Refusal if the disk is full, or the file was moved or deleted meanwhile */
    public static function replace(Channel $channel, DataFile $file, string $content): void
    {
        $folder = "store/{$channel->nick}/" . self::TEMPORARY;
        if (!is_dir($folder)) {
            @mkdir($folder, 0700);
        }
        $temporary = "$folder/$file->id." . getmypid() . bin2hex(random_bytes(4));
        try {
            self::write($temporary, $content, $file);
            if (is_link($folder) || is_link($file->path) || !@rename($temporary, $file->path)) {
                throw new Refusal("$file->name cannot be written: $folder and the file have to belong to the web user", Refusal::FULL);
            }
        } finally {
            if (is_file($temporary)) {
                unlink($temporary);
            }
        }
        self::follow($channel, $file, strlen($content));
    }

    private static function write(string $path, string $content, DataFile $file): void
    {
        $handle = @fopen($path, 'xb');
        if ($handle === false) {
            throw new Refusal("$file->name cannot be written: is the disk full?", Refusal::FULL);
        }
        $written = @fwrite($handle, $content);
        $done = $written === strlen($content) && fflush($handle) && fsync($handle);
        fclose($handle);
        @chmod($path, (@fileperms($file->path) ?: 0600) & 0777);
        if (!$done) {
            throw new Refusal("$file->name cannot be written: the disk is full. Nothing was changed", Refusal::FULL);
        }
    }

    private static function follow(Channel $channel, DataFile $file, int $size): void
    {
        $where = "WHERE uid = %d AND hash = '%s' AND content = '%s'";
        $row = [$channel->id, $file->hash, $file->stored];
        Sql::run("UPDATE attach SET filesize = %d, edited = '%s' $where", $size, datetime_convert(), ...$row);
        if (!Sql::rows("SELECT id FROM attach $where", ...$row)) {
            // Moved or deleted while we wrote: what lies at its old place now would be found by nobody.
            @unlink($file->path);
            throw new Refusal("$file->name was moved or deleted meanwhile. Try again", Refusal::BUSY);
        }
    }
}
