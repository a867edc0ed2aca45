<?php

declare(strict_types=1);

namespace Faces\Store;

/** What PHP needs of a channel's config.json. One that is damaged, or larger than any settings are, means the defaults. */
final class ChannelSettings
{
    private const LARGEST = 1 << 20;

    public function __construct(private readonly Cloud $cloud)
    {
    }

    /** Whether guesses are to be looked for as soon as somebody gave a name: page.immediate_search, true unless it says false. */
    public function wantsImmediateSearch(): bool
    {
        $page = $this->read()['page'] ?? [];
        return !is_array($page) || ($page['immediate_search'] ?? true) !== false;
    }

    /** @return array<mixed> */
    private function read(): array
    {
        $file = $this->cloud->own(Cloud::CONFIG_JSON);
        if ($file === null || $file->stamp() === '' || (int) @filesize($file->path) > self::LARGEST) {
            return [];
        }
        $value = json_decode((string) @file_get_contents($file->path), true, 32);
        return is_array($value) ? $value : [];
    }
}
