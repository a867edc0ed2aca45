<?php

declare(strict_types=1);

namespace Faces\View;

use Faces\Model\Face;
use Faces\Store\Cloud;

/** Who is on a channel's photos and how often, what is in its folders, and how many faces there are of each state. */
final class People
{
    /** So many people come with a portrait, those on the most photos: there may be as many people as faces. */
    private const PORTRAITS = 5000;

    /** @var array<string, array{name: string, faces: int, guesses: int, last: string, portrait: null}> */
    private array $people = [];
    /** Of each the widest face that is named, else the widest guess: how wide, and face, photo and box as JSON, as objects take much memory. */
    private array $widths = [];
    private array $portraits = [];
    /** @var array<string, array{photos: int, faces: int}> */
    private array $folders = [];
    /** @var array<string, int> */
    private array $counts = ['photos' => 0, 'faces' => 0, 'named' => 0, 'guessed' => 0, 'unnamed' => 0, 'unknown' => 0, 'ignored' => 0];

    public function __construct(Gallery $gallery)
    {
        foreach ($gallery->photos() as $photo) {
            $this->counts['photos']++;
            $this->folders[$photo->folder] ??= ['photos' => 0, 'faces' => 0];
            $this->folders[$photo->folder]['photos']++;
            $this->folders[$photo->folder]['faces'] += count($photo->faces);
            foreach ($photo->faces as $face) {
                $this->count($face, $photo->hash);
            }
        }
    }

    /**
     * People by name, those on the most photos first.
     *
     * @return list<array{name: string, faces: int, guesses: int, last: string, portrait: array<string, mixed>|null}>
     */
    public function people(Cloud $cloud): array
    {
        $people = array_values($this->people);
        usort($people, static fn (array $a, array $b): int => [$b['faces'] + $b['guesses'], $a['name']] <=> [$a['faces'] + $a['guesses'], $b['name']]);
        $portraits = array_map(fn (array $one): array => json_decode($this->portraits[$one['name']], true), array_slice($people, 0, self::PORTRAITS));
        $sizes = $cloud->photoSizes(array_column($portraits, 'photo'));
        foreach ($portraits as $i => $one) {
            [$width, $height] = $sizes[$one['photo']];
            $people[$i]['portrait'] = $one + ['url' => Captions::url($one['photo']), 'width' => $width, 'height' => $height];
        }
        return $people;
    }

    /** By hash, "" is the top. @return array<string, array{photos: int, faces: int}> */
    public function folders(): array
    {
        return $this->folders;
    }

    /** @return array<string, int> */
    public function counts(): array
    {
        return $this->counts;
    }

    private function count(Face $face, string $photo): void
    {
        $this->counts['faces']++;
        $this->counts[match ($face->state) {
            Face::NAMED => 'named',
            Face::UNKNOWN => 'unknown',
            Face::IGNORED => 'ignored',
            default => 'unnamed',
        }]++;
        $name = $face->person(true);
        if ($name === '') {
            return;
        }
        $this->people[$name] ??= ['name' => $name, 'faces' => 0, 'guesses' => 0, 'last' => '', 'portrait' => null];
        $person = &$this->people[$name];
        $isNamed = $face->state === Face::NAMED;
        $isFirst = $person['faces'] === 0 && ($isNamed || $person['guesses'] === 0);
        if ($isFirst || (($isNamed || $person['faces'] === 0) && $face->box->w > $this->widths[$name])) {
            $this->widths[$name] = $face->box->w;
            $this->portraits[$name] = json_encode(['face' => $face->id, 'photo' => $photo, 'box' => $face->box->toJson()], JSON_PRESERVE_ZERO_FRACTION | JSON_THROW_ON_ERROR);
        }
        if ($isNamed) {
            $person['faces']++;
            $person['last'] = max($person['last'], $face->time);
        } else {
            $person['guesses']++;
            $this->counts['guessed']++;
        }
    }
}
