<?php

declare(strict_types=1);

namespace Faces\Store;

/** written.jsonl, which the worker writes (docs/formats.md): into which photos it wrote names on this hub. */
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
