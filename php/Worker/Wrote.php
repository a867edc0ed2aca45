<?php

declare(strict_types=1);

namespace Faces\Worker;

use Faces\Store\Channel;
use Faces\Store\State;

/**
 * What the worker said last of names that it wrote into photos, or took out (wrote.json), or would write (preview.json).
 * docs/formats.md describes both.
 */
final class Wrote
{
    private const LARGEST = 1 << 20;
    /** Lines that are shown of one kind. */
    private const MOST = 50;

    /** @param array<string, mixed> $found */
    private function __construct(private readonly array $found)
    {
    }

    public static function last(Channel $channel): self
    {
        return self::read('wrote.json', $channel);
    }

    public static function preview(Channel $channel): self
    {
        return self::read('preview.json', $channel);
    }

    private static function read(string $name, Channel $channel): self
    {
        $found = json_decode(State::read(State::path($name, $channel), self::LARGEST), true, 8);
        return new self(is_array($found) && ($found['version'] ?? 0) === 1 ? $found : []);
    }

    public function isThere(): bool
    {
        return $this->found !== [];
    }

    /** Whether what was written was taken out. */
    public function isUndo(): bool
    {
        return ($this->found['undo'] ?? false) === true;
    }

    /** `time` (UTC, ISO 8601), `error`, `target` and `names` as in the settings; "" where it says nothing of it. */
    public function text(string $name): string
    {
        return self::clean($this->found[$name] ?? '');
    }

    /** Photos: `named`, `written`, `same`, `failed`. */
    public function number(string $name): int
    {
        return is_int($this->found[$name] ?? null) ? max(0, $this->found[$name]) : 0;
    }

    /** `problems`, or `left`: what another program says otherwise. @return list<string> */
    public function lines(string $name): array
    {
        return self::list($this->found[$name] ?? null);
    }

    /** Of a preview: photos by path and hash, with what would be done. @return list<array{photo: string, hash: string, lines: list<string>}> */
    public function photos(): array
    {
        $found = [];
        foreach (is_array($this->found['photos'] ?? null) ? array_slice($this->found['photos'], 0, self::MOST) : [] as $one) {
            if (is_array($one) && is_string($one['photo'] ?? null)) {
                $hash = is_string($one['hash'] ?? null) && preg_match('/^[\w-]{1,191}$/D', $one['hash']) ? $one['hash'] : '';
                $found[] = ['photo' => mb_scrub($one['photo'], 'UTF-8'), 'hash' => $hash, 'lines' => self::list($one['lines'] ?? null)];
            }
        }
        return $found;
    }

    /** @return list<string> */
    private static function list(mixed $lines): array
    {
        return array_map(self::clean(...), array_slice(array_values(array_filter(is_array($lines) ? $lines : [], 'is_string')), 0, self::MOST));
    }

    private static function clean(mixed $text): string
    {
        return is_string($text) ? mb_substr(mb_scrub($text, 'UTF-8'), 0, 1000) : '';
    }
}
