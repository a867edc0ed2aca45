<?php

declare(strict_types=1);

namespace Faces\Store;

/** A data file as the hub's table `attach` has it. */
final class DataFile
{
    public function __construct(
        public readonly int $id,
        public readonly string $hash,
        public readonly string $name,
        /** Hash of the folder it lies in; "" at the top. */
        public readonly string $folder,
        public readonly int $size,
        public readonly string $edited,
        /** Where it lies, relative to the hub's root; "" if that is no place for a file of this channel. */
        public readonly string $path,
        /** The same as the row has it. */
        public readonly string $stored,
        public readonly bool $isOwnerOnly,
    ) {
    }

    /** What changes whenever the file does; "" if there is no such file. */
    public function stamp(): string
    {
        clearstatcache(true, $this->path);
        $found = $this->path === '' || is_link($this->path) || !is_file($this->path) ? false : @stat($this->path);
        return $found ? "{$found['size']}-{$found['mtime']}-{$found['ctime']}-{$found['ino']}" : '';
    }
}
