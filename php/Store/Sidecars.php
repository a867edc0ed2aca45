<?php

declare(strict_types=1);

namespace Faces\Store;

/**
 * Files with names beside photos (NAME.EXT.xmp): the worker, who can make no row, leaves new ones in our own folder, and here
 * they come into the cloud. Those of ours that an undo emptied are deleted; of no other is anything known here.
 */
final class Sidecars
{
    private const FOLDER = 'sidecars';
    /** The files that we made: hash => the photo's. */
    private const NOTE = 'sidecars.json';
    private const LARGEST = 4 << 20;
    /** Characters of a name that the hub takes. */
    private const LONGEST = 191;

    /** Why something could not be made. @var list<string> */
    public array $problems = [];
    /** There is no room for one, and so for the others neither. */
    private bool $isFull = false;

    public function __construct(private readonly Cloud $cloud, private readonly Quota $quota)
    {
    }

    /** Hashes of the files that we made. @return list<string> */
    public static function made(Channel $channel): array
    {
        return array_map('strval', array_keys(self::note($channel)));
    }

    /** For so many seconds; the rest next time. How many came into the cloud. */
    public function tend(float $seconds): int
    {
        $channel = $this->cloud->channel;
        $waiting = $this->waiting();
        if ($waiting === [] && self::note($channel) === []) {
            return 0;
        }
        $end = microtime(true) + $seconds;
        $made = 0;
        try {
            $lock = State::open(State::path('files.lock', $channel));
            if (flock($lock, LOCK_EX | LOCK_NB)) { // else another request is at it
                $this->deleteEmptied();
                foreach ($waiting as $photo) {
                    if (microtime(true) > $end || $this->isFull) {
                        break;
                    }
                    $made += (int) $this->place($photo);
                }
            }
            fclose($lock);
        } catch (\Throwable $error) { // as in ChannelFiles
            $this->problems[] = $error->getMessage();
        }
        return $made;
    }

    /** Hashes of the photos that have a file waiting. @return list<string> */
    private function waiting(): array
    {
        $folder = State::path(self::FOLDER, $this->cloud->channel);
        $names = is_dir($folder) && !is_link($folder) ? (@scandir($folder) ?: []) : [];
        return array_values(array_filter(array_map(static fn (string $name): string => preg_match('/^([\w-]{1,191})\.xmp$/D', $name, $found) ? $found[1] : '', $names)));
    }

    private function place(string $photo): bool
    {
        $channel = $this->cloud->channel;
        $path = State::path(self::FOLDER . "/$photo.xmp", $channel);
        $rows = Sql::rows("SELECT filename, folder FROM attach WHERE uid = %d AND hash = '%s' AND is_photo = 1 ORDER BY id LIMIT 1", $channel->id, $photo);
        $name = ($rows[0]['filename'] ?? '') . '.xmp';
        $content = State::read($path, self::LARGEST + 1);
        // The photo is gone; or there is one by now, into which the worker writes itself.
        if ($rows === [] || $content === '' || $this->isThere((string) $rows[0]['folder'], $name)) {
            @unlink($path);
            return false;
        }
        $isLong = strlen($content) > self::LARGEST || mb_strlen($name, 'UTF-8') > self::LONGEST;
        $reason = $isLong ? t('it is too long') : $this->quota->refusal(strlen($content));
        $this->isFull = !$isLong && $reason !== '';
        if ($reason !== '') {
            $this->problems[] = sprintf(t('%1$s cannot be made: %2$s'), $name, $reason);
            return false;
        }
        return $this->make((string) $rows[0]['folder'], $name, $photo, $content) && @unlink($path);
    }

    private function make(string $folder, string $name, string $photo, string $content): bool
    {
        $channel = $this->cloud->channel;
        $files = new ChannelFiles($this->cloud, $this->quota);
        $hash = $files->add($folder, $name);
        $this->problems = [...$this->problems, ...$files->problems];
        $file = $hash === '' ? null : $this->cloud->filesOf([$hash])[0] ?? null;
        if ($file === null) {
            return false;
        }
        // Noted first: one that stays empty, because we are ended here, is deleted and made anew.
        if (!State::write(State::path(self::NOTE, $channel), json_encode([$hash => $photo] + self::note($channel), JSON_THROW_ON_ERROR))
            || !CloudFile::replace($channel, $file, $content, $file->stamp())) {
            return false;
        }
        Clones::send($channel, [$hash]);
        return true;
    }

    /** By the very name: the database may compare without case. */
    private function isThere(string $folder, string $name): bool
    {
        $rows = Sql::rows("SELECT filename FROM attach WHERE uid = %d AND folder = '%s' AND filename = '%s'", $this->cloud->channel->id, $folder, $name);
        return in_array($name, array_column($rows, 'filename'), true);
    }

    /** Those of ours in which nothing is left. */
    private function deleteEmptied(): void
    {
        $channel = $this->cloud->channel;
        $note = self::note($channel);
        $rows = $note === [] ? [] : Sql::rows("SELECT hash FROM attach WHERE uid = %d AND is_dir = 0 AND filesize = 0 AND filename LIKE '%%.xmp'", $channel->id);
        $empty = array_values(array_filter($this->cloud->filesOf(array_intersect(array_column($rows, 'hash'), array_keys($note))),
            static fn (DataFile $file): bool => $file->path !== '' && (int) @filesize($file->path) === 0));
        if ($empty === []) {
            return;
        }
        require_once 'include/attach.php';
        $hashes = array_map(static fn (DataFile $file): string => $file->hash, $empty);
        foreach ($hashes as $hash) {
            attach_delete($channel->id, $hash);
        }
        Clones::sendDeleted($channel, $hashes);
        State::write(State::path(self::NOTE, $channel), json_encode((object) array_diff_key($note, array_flip($hashes)), JSON_THROW_ON_ERROR));
    }

    /** @return array<string, string> */
    private static function note(Channel $channel): array
    {
        $note = json_decode(State::read(State::path(self::NOTE, $channel)), true, 4);
        return is_array($note) ? array_filter($note, 'is_string') : [];
    }
}
