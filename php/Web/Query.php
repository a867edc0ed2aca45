<?php

declare(strict_types=1);

namespace Faces\Web;

use Faces\Model\Face;
use Faces\Model\Photo;
use Faces\Refusal;
use Faces\Store\Cloud;
use Faces\View\Gallery;

/** What photos are asked for. docs/api.md describes the parameters. */
final class Query
{
    public const MOST = 200;
    /** The state of a photo on which is no face. */
    private const NONE = 'none';

    /**
     * @param list<string> $all names that all have to be on the photo
     * @param list<string> $any names of which one has to be
     * @param list<string> $not names that must not be
     * @param list<string> $only nobody but these, and one of them at least
     * @param string $photo a hash: this photo alone, with or without faces; "": all
     * @param list<string>|null $folders hashes; null: all
     */
    private function __construct(
        private readonly string $photo,
        private readonly array $all,
        private readonly array $any,
        private readonly array $not,
        private readonly array $only,
        private readonly bool $guesses,
        private readonly string $from,
        private readonly string $to,
        private readonly ?array $folders,
        private readonly string $state,
        private readonly int $leastPeople,
        private readonly int $mostPeople,
        private readonly string $sort,
        private readonly bool $ascending,
        public readonly int $offset,
        public readonly int $limit,
    ) {
    }

    /** `$sort`, `$order` and `$limit`: where the request says nothing of it. */
    public static function fromRequest(Request $request, Cloud $cloud, string $sort = 'taken', string $order = 'desc', int $limit = 50): self
    {
        $state = $request->choice('state', [...Face::STATES, self::NONE]);
        return new self(
            $request->value('photo'),
            $request->names('all'),
            $request->names('any'),
            $request->names('not'),
            $request->names('only'),
            $request->choice('guesses', ['1', '0']) === '1',
            self::day($request->value('from'), 'from'),
            self::day($request->value('to'), 'to'),
            self::below($request->value('folder'), $cloud),
            $state,
            $request->number('people_min', 0, 0, 1000),
            $request->number('people_max', 1_000_000, 0, 1_000_000),
            // when a photo was taken is known by its faces
            $request->choice('sort', $state === self::NONE ? ['uploaded', 'taken'] : array_unique([$sort, 'taken', 'uploaded'])),
            $request->choice('order', array_unique([$order, 'desc', 'asc'])) === 'asc',
            $request->number('offset', 0, 0, 10_000_000),
            $request->number('limit', $limit, 1, self::MOST),
        );
    }

    /**
     * A page of the photos that match, and how many there are.
     *
     * @return array{total: int, faces: int, photos: list<Photo>}
     */
    public function page(Gallery $gallery): array
    {
        $keys = [];
        $faces = 0;
        foreach ($this->candidates($gallery, null) as $file => $photo) {
            if ($this->matches($photo)) {
                // the hash makes the order the same each time
                $keys[$photo->date($this->sort) . ' ' . $photo->hash] = $file;
                $faces += count($photo->faces);
            }
        }
        $this->ascending ? ksort($keys, SORT_STRING) : krsort($keys, SORT_STRING);
        $wanted = array_slice($keys, $this->offset, $this->limit, true);
        // Only the keys were kept: the photos of the page are read again.
        $found = [];
        foreach ($wanted === [] ? [] : $this->candidates($gallery, array_values(array_unique($wanted))) as $photo) {
            $key = $photo->date($this->sort) . ' ' . $photo->hash;
            if (isset($wanted[$key])) {
                $found[$key] = $photo;
            }
        }
        $photos = array_values(array_filter(array_map(static fn (string $key) => $found[$key] ?? null, array_keys($wanted))));
        return ['total' => count($keys), 'faces' => $faces, 'photos' => $photos];
    }

    /** @param list<string>|null $folders @return \Generator<string, Photo> */
    private function candidates(Gallery $gallery, ?array $folders): \Generator
    {
        if ($this->state !== self::NONE) {
            yield from $gallery->photos($folders);
        }
        if ($this->state === self::NONE || $this->photo !== '') {
            yield from $gallery->faceless($folders);
        }
    }

    public function matches(Photo $photo): bool
    {
        if ($this->photo !== '' && $this->photo !== $photo->hash) {
            return false;
        }
        if ($this->folders !== null && !in_array($photo->folder, $this->folders, true)) {
            return false;
        }
        $day = substr($photo->date($this->sort), 0, 10);
        if (($this->from !== '' && $day < $this->from) || ($this->to !== '' && $day > $this->to)) {
            return false;
        }
        return $this->matchesPeople($photo) && $this->matchesState($photo);
    }

    private function matchesPeople(Photo $photo): bool
    {
        $people = [];
        $others = $count = 0;
        foreach ($photo->faces as $face) {
            if ($face->state === Face::IGNORED) {
                continue;
            }
            $count++;
            $person = $face->person($this->guesses);
            if ($person !== '') {
                $people[$person] = true;
            }
            $others += (int) !in_array($person, $this->only, true);
        }
        $has = static fn (string $name): bool => isset($people[$name]);
        return $count >= $this->leastPeople && $count <= $this->mostPeople
            && count(array_filter($this->all, $has)) === count($this->all)
            && ($this->any === [] || array_filter($this->any, $has) !== [])
            && array_filter($this->not, $has) === []
            && ($this->only === [] || ($others === 0 && $count > 0));
    }

    private function matchesState(Photo $photo): bool
    {
        foreach ($photo->faces as $face) {
            if ($face->isIn($this->state)) {
                return true;
            }
        }
        return $this->state === '' || $this->state === self::NONE;
    }

    private static function day(string $text, string $name): string
    {
        $parts = array_map('intval', explode('-', $text));
        if ($text !== '' && !(preg_match('/^\d{4}-\d\d-\d\d$/D', $text) && checkdate($parts[1], $parts[2], $parts[0]))) {
            throw new Refusal(sprintf(t('%s: a day as 2026-11-24 is expected'), $name), Refusal::BAD);
        }
        return $text;
    }

    /** The folder and all below it; "/" is the top alone. One that is not there has no photos. @return list<string>|null */
    private static function below(string $folder, Cloud $cloud): ?array
    {
        if ($folder === '' || $folder === '/') {
            return $folder === '' ? null : [''];
        }
        $hashes = array_map('strval', array_keys($cloud->folders()));
        return array_values(array_filter($hashes, static fn (string $hash): bool => $cloud->isBelow($hash, $folder)));
    }
}
