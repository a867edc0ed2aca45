<?php

declare(strict_types=1);

namespace Faces\Model;

/**
 * Lays what people decided over what faces.csv says, by the worker's rules (py/faces/names.py), so that a name is seen at
 * once, even where no worker runs. A row of faces.csv has the decisions in it that are not newer than its `time_named`.
 */
final class Decisions
{
    /** The last decision about a face, and the one before each of them; likewise by the photo's content and by its hash. */
    private array $byFace = [];
    private array $beforeOfFace = [];
    private array $byPhoto = [];
    private array $beforeOfContent = [];
    private array $beforeOfHash = [];

    /**
     * @param list<array<mixed>> $all in the order of time, each [time, face, photo, x, y, w, h, kind, name, content]
     * @param array<string, mixed>|null $visible photos the visitor may see, by hash; null: all. What was decided on another
     *     photo is not told by a copy of it, or by a face that somebody says to be the same.
     */
    public function __construct(private readonly array $all, private readonly ?array $visible = null)
    {
        foreach ($all as $i => [1 => $face, 2 => $photo, 9 => $content]) {
            $this->beforeOfFace[$i] = $this->byFace[$face] ?? -1;
            $this->byFace[$face] = $i;
            $this->beforeOfContent[$i] = $content === '' ? -1 : $this->byPhoto["c$content"] ?? -1;
            $this->byPhoto["c$content"] = $i;
            $this->beforeOfHash[$i] = $this->byPhoto["p$photo"] ?? -1;
            $this->byPhoto["p$photo"] = $i;
        }
    }

    /** Changes the photo's faces, and adds those that people drew. */
    public function apply(Photo $photo): void
    {
        [$found, $drawn] = $this->all === [] ? [[], []] : $this->of($photo);
        foreach ($found as $i => $decisions) {
            ksort($decisions);
            self::decide($photo->faces[$i], $decisions);
        }
        foreach ($drawn as $id => $decisions) {
            ksort($decisions);
            $face = new Face((string) $id, end($decisions)->box, count($photo->faces) + 1, '', Face::OPEN, '', null, '', 0.0, Face::DRAWN, '');
            self::decide($face, $decisions);
            if ($face->state !== Face::OPEN) { // it was taken back
                $photo->faces[] = $face;
            }
        }
        self::hideDoubles($photo);
    }

    /** Whether anything was decided about a face of that id. */
    public function knows(string $id): bool
    {
        return isset($this->byFace[$id]);
    }

    /** The photos on which anything was decided. @return \Generator<string> hashes */
    public function photos(): \Generator
    {
        foreach ($this->byPhoto as $key => $_) {
            if ($key[0] === 'p') {
                yield substr($key, 1);
            }
        }
    }

    /**
     * The decisions about each face: by its id, else the face at that place on a photo of that content (a copy, or one
     * that was deleted and uploaded again; another detection), else one that somebody drew, by its id.
     *
     * @return array{array<int, array<int, Decision>>, array<string, array<int, Decision>>} place in $photo->faces, and id of a
     *     drawn face => decisions by their order
     */
    private function of(Photo $photo): array
    {
        $found = $drawn = $ids = [];
        foreach ($photo->faces as $i => $face) {
            $ids[$face->id] = true;
            for ($d = $this->byFace[$face->id] ?? -1; $d >= 0; $d = $this->beforeOfFace[$d]) {
                if ($this->isToldBy($photo, $d)) {
                    $found[$i][$d] = $this->decision($d);
                }
            }
        }
        foreach ($this->onPhoto($photo) as $d => $_) {
            if (!isset($ids[$this->all[$d][1]]) && $this->isToldBy($photo, $d)) {
                $decision = $this->decision($d);
                $i = $photo->placeAt($decision->box, false);
                if ($i !== null) {
                    $found[$i][$d] = $decision;
                } elseif (self::isDrawnOn($photo, $decision)) {
                    $drawn[$decision->face][$d] = $decision;
                }
            }
        }
        return [$found, $drawn];
    }

    /** Those made on this photo, or on one of the same content. @return array<int, true> */
    private function onPhoto(Photo $photo): array
    {
        $found = [];
        for ($d = $photo->content === '' ? -1 : $this->byPhoto["c$photo->content"] ?? -1; $d >= 0; $d = $this->beforeOfContent[$d]) {
            $found[$d] = true;
        }
        for ($d = $this->byPhoto["p$photo->hash"] ?? -1; $d >= 0; $d = $this->beforeOfHash[$d]) {
            // The hub's hash stays when a photo is replaced: the content has to be the same, where both say one.
            if ($this->all[$d][9] === '' || $photo->content === '' || $this->all[$d][9] === $photo->content) {
                $found[$d] = true;
            }
        }
        return $found;
    }

    /** Not on a copy; nor on what may be another photo by now: of one without a row the content is not known. */
    private static function isDrawnOn(Photo $photo, Decision $decision): bool
    {
        return $decision->photo === $photo->hash && in_array($decision->content, ['', $photo->content], true)
            && preg_match(Face::ID, $decision->face);
    }

    private function isToldBy(Photo $photo, int $d): bool
    {
        return $this->visible === null || $this->all[$d][2] === $photo->hash || isset($this->visible[$this->all[$d][2]]);
    }

    private function decision(int $d): Decision
    {
        [$time, $face, $photo, $x, $y, $w, $h, $kind, $name, $content] = $this->all[$d];
        return new Decision($time, $face, $photo, '', new Box((float) $x, (float) $y, (float) $w, (float) $h), $kind, $name, '', $content);
    }

    /** @param array<int, Decision> $decisions in the order of time */
    private static function decide(Face $face, array $decisions): void
    {
        $rejected = [];
        $known = rtrim($face->time, 'Z');
        foreach ($decisions as $d) {
            $isNew = strcmp($d->moment(), $known) > 0;
            if ($d->kind === Decision::REJECT) {
                $rejected[$d->name] = true;
                if ($isNew && $face->name === $d->name) {
                    [$face->name, $face->state, $face->time] = ['', Face::OPEN, $d->time];
                }
                continue;
            }
            if ($d->kind === Decision::NAME) {
                unset($rejected[$d->name]);
            }
            if ($isNew) {
                $face->name = $d->kind === Decision::NAME ? $d->name : '';
                $face->state = match ($d->kind) {
                    Decision::NAME => Face::NAMED,
                    Decision::UNKNOWN => Face::UNKNOWN,
                    Decision::IGNORE => Face::IGNORED,
                    default => Face::OPEN,
                };
                $face->time = $d->time;
            }
        }
        if (isset($rejected[$face->guess])) {
            $face->guess = '';
        }
    }

    /** Two faces on one photo are never the same person: a guess gives way to a name. */
    private static function hideDoubles(Photo $photo): void
    {
        $named = [];
        foreach ($photo->faces as $face) {
            if ($face->state === Face::NAMED) {
                $named[$face->name] = true;
            }
        }
        foreach ($photo->faces as $face) {
            if ($face->state === Face::OPEN && isset($named[$face->guess])) {
                $face->guess = '';
            }
        }
    }
}
