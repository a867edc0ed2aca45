<?php

declare(strict_types=1);

namespace Faces\Store;

use Faces\Refusal;

/** written.jsonl, which the worker writes (docs/formats.md): into which photos it wrote names, and what they were before. */
final class Written
{
    private const LONGEST_LINE = 1 << 20;

    public function __construct(private readonly Cloud $cloud)
    {
    }

    /**
     * The photos that are as the worker left them here. A clone has the same file, and the photos from us: it need not send
     * them back.
     *
     * @return list<DataFile>
     */
    public function photos(): array
    {
        $marks = $this->marks();
        return array_values(array_filter($this->cloud->filesOf(array_map('strval', array_keys($marks))),
            static fn (DataFile $file): bool => str_starts_with($marks[$file->hash], self::mark($file->path))));
    }

    /**
     * What an export says of photos that names were written into, a line by their content then: without it they would be taken for
     * other photos. Their places, and files beside them, are that hub's.
     *
     * @return array<string, string>
     */
    public static function ofExport(string $text): array
    {
        $found = [];
        foreach (explode("\n", $text) as $line) {
            $one = json_decode($line, false, 16);
            $texts = array_map(static fn (string $key): mixed => $one->$key ?? '', ['time', 'key', 'target', 'content', 'after']);
            if (array_filter($texts, 'is_string') !== $texts || $texts[2] !== 'photo' || !preg_match('/^([0-9a-f]{32})([0-9a-f]{32})$/D', $texts[3] . $texts[4])) {
                continue;
            }
            $made = array_combine(['time', 'key', 'target', 'content', 'after'], $texts)
                + (is_array($one->people ?? null) ? ['people' => $one->people] : []) + (($one->ours ?? null) instanceof \stdClass ? ['ours' => $one->ours] : []);
            $found[$texts[4]] = json_encode($made, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PRESERVE_ZERO_FRACTION | JSON_THROW_ON_ERROR) . "\n";
        }
        return $found;
    }

    /**
     * Takes such lines in, before those that are there: of each photo the last one counts.
     *
     * @param array<string, string> $lines as `ofExport` has them
     * @throws Refusal
     */
    public function take(array $lines, ChannelFiles $files, Quota $quota): void
    {
        if ($lines === []) {
            return;
        }
        $lock = State::open(State::path('metadata.lock', $this->cloud->channel));
        try {
            $file = flock($lock, LOCK_EX | LOCK_NB) ? $this->cloud->own(Cloud::WRITTEN) ?? $files->provide(Cloud::WRITTEN) : null;
            $stamp = $file?->stamp();
            Memory::need(3 * ($file->size ?? 0), Cloud::WRITTEN);
            $own = $file === null || $stamp === '' ? '' : (string) @file_get_contents($file->path);
            $new = implode('', array_filter($lines, static fn (int|string $after): bool => !str_contains($own, "\"$after\""), ARRAY_FILTER_USE_KEY));
            $file === null || $quota->check($file, strlen($new . $own));
            if ($file === null || ($new !== '' && !CloudFile::replace($this->cloud->channel, $file, $new . $own, (string) $stamp))) {
                throw new Refusal(t('Names are being written into photos just now. Nothing was taken in; try again when that is through.'), Refusal::BUSY);
            }
        } finally {
            fclose($lock);
        }
    }

    /** Number and size of the file; the worker has its time behind them, to the nanosecond, which PHP does not know. */
    private static function mark(string $path): string
    {
        clearstatcache(true, $path);
        $found = $path === '' ? false : @stat($path);
        return $found ? "$found[ino]-$found[size]-" : 'none';
    }

    /** By the photo's hash; the last line of each counts. @return array<string, string> */
    private function marks(): array
    {
        $file = $this->cloud->own(Cloud::WRITTEN);
        $handle = $file === null || $file->stamp() === '' ? false : @fopen($file->path, 'rb');
        $marks = [];
        while ($handle && ($line = fgets($handle, self::LONGEST_LINE)) !== false) {
            $one = json_decode($line, true, 16);
            if (is_array($one) && ($one['target'] ?? '') === 'photo' && is_string($one['key'] ?? null) && is_string($one['mark'] ?? null)) {
                $marks[$one['key']] = $one['mark'];
            }
        }
        if ($handle) {
            fclose($handle);
        }
        return $marks;
    }
}
