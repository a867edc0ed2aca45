<?php

declare(strict_types=1);

namespace Faces\View;

use Faces\Store\Cloud;

/**
 * Faces one by one. Whoever looks through all of them keeps only where each stands (`Gallery::photos` says the folder; the
 * photo's hash; the id): those that are shown are read again.
 */
final class Portraits
{
    /**
     * Those that are still there, each with what is said of its photo.
     *
     * @param list<array{string, string, string}> $places folder, photo, face
     * @return array<string, array<string, mixed>> by the key of their place, in the order of the places
     */
    public static function read(array $places, Gallery $gallery, Cloud $cloud): array
    {
        $wanted = array_fill_keys(array_map(self::key(...), $places), null);
        $folders = array_map('strval', array_values(array_unique(array_column($places, 0))));
        foreach ($wanted === [] ? [] : $gallery->photos($folders) as $folder => $photo) {
            foreach ($photo->faces as $face) {
                $key = self::key([$folder, $photo->hash, $face->id]);
                if (array_key_exists($key, $wanted)) {
                    $wanted[$key] = [$face, $photo];
                }
            }
        }
        $found = array_filter($wanted);
        $captions = new Captions($cloud, array_map(static fn (array $one): string => $one[1]->hash, array_values($found)));
        return array_map(static fn (array $one): array => $one[0]->toJson() + $captions->of($one[1]), $found);
    }

    /** @param array{string, string, string} $place */
    public static function key(array $place): string
    {
        return "$place[1] $place[2]";
    }
}
