<?php

declare(strict_types=1);

namespace Faces\View;

use Faces\Model\Photo;
use Faces\Store\Cloud;

/** What is said of photos beside their faces: name, place, dates, address and size, with two queries for all of them. */
final class Captions
{
    /** @var array<string, string> */
    private readonly array $names;
    /** @var array<string, array{int, int}> */
    private readonly array $sizes;

    /** @param list<string> $hashes of the photos that will be asked for */
    public function __construct(private readonly Cloud $cloud, array $hashes)
    {
        $this->names = $cloud->photoNames($hashes);
        $this->sizes = $cloud->photoSizes($hashes);
    }

    /** `url` is without a scale: -1, -2 or -3 belongs behind it. @return array<string, mixed> */
    public function of(Photo $photo): array
    {
        [$width, $height] = $this->sizes[$photo->hash];
        return [
            'photo' => $photo->hash,
            'file' => $this->names[$photo->hash] ?? '',
            'folder' => $photo->folder,
            'path' => $this->cloud->folderPath($photo->folder),
            'taken' => $photo->taken,
            'uploaded' => $photo->uploaded,
            'url' => self::url($photo->hash),
            'width' => $width,
            'height' => $height,
        ];
    }

    /** The hub's own address of a photo, with the hub's own rights. */
    public static function url(string $hash): string
    {
        return z_root() . "/photo/$hash";
    }
}
