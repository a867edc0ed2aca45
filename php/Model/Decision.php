<?php

declare(strict_types=1);

namespace Faces\Model;

/** A line of names.csv: what a person decided about a face. docs/formats.md describes it. */
final class Decision
{
    public const NAME = 'name';
    public const UNKNOWN = 'unknown';
    public const IGNORE = 'ignore';
    public const REJECT = 'reject';
    public const CLEAR = 'clear';
    public const KINDS = [self::NAME, self::UNKNOWN, self::IGNORE, self::REJECT, self::CLEAR];

    public function __construct(
        /** UTC, `2026-11-24T09:00:00.000000Z` */
        public readonly string $time,
        public readonly string $face,
        /** The hub's hash of the photo. */
        public readonly string $photo,
        /** The photo's path in the cloud, for people. */
        public readonly string $file,
        public readonly Box $box,
        public readonly string $kind,
        public readonly string $name,
        public readonly string $by,
        /** Hash of the photo's content. */
        public readonly string $content,
    ) {
    }

    /** As text sorts: "...:28Z" before "...:28.5Z". */
    public function moment(): string
    {
        return rtrim($this->time, 'Z');
    }
}
