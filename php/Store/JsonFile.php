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
        $value = json_decode($this->content(), true, self::DEEPEST);
        return is_array($value) ? $value : [];
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
            $value = json_decode($content, false, self::DEEPEST);
            if (trim($content) !== '' && !$value instanceof \stdClass) {
                State::write(State::path("aside/$this->name." . gmdate('Ymd\THis\Z'), $this->cloud->channel), $content);
            }
            $value = $value instanceof \stdClass ? $value : new \stdClass();
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

    private function content(): string
    {
        $file = $this->cloud->own($this->name);
        if ($file === null || $file->stamp() === '' || (int) @filesize($file->path) > self::LARGEST) {
            return '';
        }
        return (string) @file_get_contents($file->path);
    }
}
