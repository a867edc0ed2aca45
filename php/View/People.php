<?php

declare(strict_types=1);

namespace Faces\View;

use Faces\Model\Face;
use Faces\Store\Cloud;

/** Who is on a channel's photos and how often, what is in its folders, and how many faces there are of each state. */
final class People
{
    /** @var array<string, array{name: string, faces: int, guesses: int, last: string}> */
    private array $people = [];
    /** Of each person the widest face that is named, else the widest guess. @var array<string, array{Face, string}> with its photo */
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

    /** People by name, those on the most photos first. @return list<array{name: string, faces: int, guesses: int, last: string}> */
    public function people(): array
    {
        $people = array_values($this->people);
        usort($people, static fn (array $a, array $b): int => [$b['faces'] + $b['guesses'], $a['name']] <=> [$a['faces'] + $a['guesses'], $b['name']]);
        return $people;
    }

    /**
     * A face of each person that has one, with its photo's address.
     *
     * @return array<string, array{face: string, photo: string, url: string, box: list<float>, width: int, height: int}> by name
     */
    public function portraits(Cloud $cloud): array
    {
        $sizes = $cloud->photoSizes(array_column($this->portraits, 1));
        return array_map(static fn (array $one): array => ['face' => $one[0]->id, 'photo' => $one[1], 'url' => Captions::url($one[1]),
            'box' => $one[0]->box->toJson(), 'width' => $sizes[$one[1]][0], 'height' => $sizes[$one[1]][1]], $this->portraits);
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
        $known = $this->portraits[$name][0] ?? null;
        if ($known === null || [$face->state === Face::NAMED, $face->box->w] > [$known->state === Face::NAMED, $known->box->w]) {
            $this->portraits[$name] = [$face, $photo];
        }
        $this->people[$name] ??= ['name' => $name, 'faces' => 0, 'guesses' => 0, 'last' => ''];
        if ($face->state === Face::NAMED) {
            $this->people[$name]['faces']++;
            $this->people[$name]['last'] = max($this->people[$name]['last'], $face->time);
        } else {
            $this->people[$name]['guesses']++;
            $this->counts['guessed']++;
        }
    }
}
