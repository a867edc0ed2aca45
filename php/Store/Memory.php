<?php

declare(strict_types=1);

namespace Faces\Store;

/** Sees to it that a large file is refused with a reason, where PHP would end without a word for want of memory. */
final class Memory
{
    /** A request asks for no more than this, whatever it would be allowed. */
    private const MOST = 512 << 20;

    /** Room for so many bytes more; PHP's own limit is raised for this request if need be. @throws UnreadableFile */
    public static function need(int $bytes, string $name): void
    {
        $needed = memory_get_usage() + $bytes;
        if ($needed > self::limit() && $needed <= self::MOST) {
            @ini_set('memory_limit', (string) self::MOST);
        }
        if ($needed > self::limit()) {
            throw new UnreadableFile(sprintf(t('%1$s is too large: to read it would take %2$d MB of memory'), $name, (int) ceil($needed / (1 << 20))));
        }
    }

    private static function limit(): int
    {
        $limit = self::bytes('memory_limit');
        return $limit < 0 ? PHP_INT_MAX : $limit;
    }

    /** A setting of PHP's that is a number of bytes, as "8M". */
    public static function bytes(string $setting): int
    {
        $text = trim((string) ini_get($setting));
        $units = ['K' => 1 << 10, 'M' => 1 << 20, 'G' => 1 << 30];
        return (int) $text * ($units[strtoupper(substr($text, -1))] ?? 1);
    }
}
