<?php

declare(strict_types=1);

namespace Faces\Store;

use Faces\Refusal;

/**
 * config.json or thresholds.json of a channel. Anybody who may write there may have written it, so what is read is checked by
 * whoever asks; what is not ours in it is kept.
 */
final class JsonFile
{
    private const LARGEST = 1 << 20;
    private const DEEPEST = 32;

    public function __construct(private readonly Cloud $cloud, private readonly string $name)
    {
    }

    /** What is in it; [] where there is nothing, or nothing that makes sense. @return array<mixed> */
    public function read(): array
    {
        $value = json_decode($this->content() ?? '', true, self::DEEPEST);
        return is_array($value) ? $value : [];
    }

    /** Whether there is something in it that cannot be understood. */
    public function isDamaged(): bool
    {
        $content = $this->content();
        return $content === null || ($content !== '' && !is_array(json_decode($content, true, self::DEEPEST)));
    }

    /**
     * Changes it as a whole; the file is made if need be. One that is damaged is kept in our own folder, not lost.
     *
     * @param callable(\stdClass): void $change gets what is in it
     * @throws Refusal|UnreadableFile
     */
    public function change(callable $change, ChannelFiles $files, Quota $quota): void
    {
        $lock = State::open(State::path('settings.lock', $this->cloud->channel));
        try {
            flock($lock, LOCK_EX);
            $this->cloud->refresh();
            $file = $this->cloud->own($this->name) ?? $files->provide($this->name);
            $stamp = $file->stamp();
            $content = $this->content();
            if ($content === null) {
                throw new Refusal(sprintf(t('%s cannot be read, or is larger than settings are. Rename or delete it in your cloud. Nothing was saved.'), $this->name), Refusal::BUSY);
            }
            $value = json_decode($content, false, self::DEEPEST);
            $isGood = $value instanceof \stdClass && json_encode($value) !== false; // 1e999 can be read, but not written
            if ($content !== '' && !$isGood && !State::write(State::path("aside/$this->name." . gmdate('Ymd\THis\Z'), $this->cloud->channel), $content)) {
                throw new Refusal(sprintf(t('%s is damaged, and cannot be kept aside. Nothing was saved.'), $this->name), Refusal::FULL);
            }
            $value = $isGood ? $value : new \stdClass();
            $change($value);
            $this->store($file, $value, $stamp, $content, $quota);
        } finally {
            fclose($lock);
        }
    }

    private function store(DataFile $file, \stdClass $value, string $stamp, string $old, Quota $quota): void
    {
        $flags = JSON_PRETTY_PRINT | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PRESERVE_ZERO_FRACTION | JSON_THROW_ON_ERROR;
        $new = json_encode($value, $flags) . "\n";
        if ($new === $old) {
            return;
        }
        $quota->check($file, strlen($new));
        if (!CloudFile::replace($this->cloud->channel, $file, $new, $stamp)) {
            throw new Refusal(sprintf(t('%s was changed by another program just now. Nothing was saved; try again.'), $this->name), Refusal::BUSY);
        }
        Clones::send($this->cloud->channel, [$file->hash]);
        $this->cloud->refresh();
    }

    /** Null if there is a file that cannot be read, or is too large. */
    private function content(): ?string
    {
        $file = $this->cloud->own($this->name);
        if ($file === null || ($file->stamp() === '' && $file->size === 0)) {
            return '';
        }
        $content = $file->stamp() === '' || (int) @filesize($file->path) > self::LARGEST ? false : @file_get_contents($file->path);
        if ($content === false) {
            return null;
        }
        $content = str_starts_with($content, "\u{feff}") ? substr($content, 3) : $content; // an editor may have put it there
        return trim($content) === '' ? '' : $content;
    }
}
