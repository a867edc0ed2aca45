<?php

declare(strict_types=1);

namespace Faces\Model;

/**
 * Lays what people decided over what faces.csv says, by the worker's rules (py/faces/names.py), so that a name is seen at
 * once, even where no worker runs. A row of faces.csv has the decisions in it that are not newer than its `time_named`.
 */
final class Decisions
{
    /** @var array<string, list<int>> */
    private array $byFace = [];
    /** @var array<string, list<int>> by the photo's content, and by its hash where the content is not known */
    private array $byPhoto = [];

    /** @param list<Decision> $all in the order of time */
    public function __construct(private readonly array $all)
    {
        foreach ($all as $i => $decision) {
            $this->byFace[$decision->face][] = $i;
            $this->byPhoto[$decision->content !== '' ? "c$decision->content" : "p$decision->photo"][] = $i;
        }
    }

    /** Changes the photo's faces. */
    public function apply(Photo $photo): void
    {
        foreach ($this->all === [] ? [] : $this->of($photo) as $i => $decisions) {
            ksort($decisions);
            self::decide($photo->faces[$i], $decisions);
        }
        self::hideDoubles($photo);
    }

    /**
     * The decisions about each face: by its id, else the face at that place on a photo of that content (a copy, or one
     * that was deleted and uploaded again; another detection).
     *
     * @return array<int, array<int, Decision>> place in $photo->faces => decisions by their order
     */
    private function of(Photo $photo): array
    {
        $found = [];
        $ids = [];
        foreach ($photo->faces as $i => $face) {
            $ids[$face->id] = true;
            foreach ($this->byFace[$face->id] ?? [] as $d) {
                $found[$i][$d] = $this->all[$d];
            }
        }
        $here = array_merge(
            $photo->content === '' ? [] : $this->byPhoto["c$photo->content"] ?? [],
            $this->byPhoto["p$photo->hash"] ?? [],
        );
        foreach ($here as $d) {
            if (!isset($ids[$this->all[$d]->face])) {
                $i = self::at($photo, $this->all[$d]->box);
                if ($i !== null) {
                    $found[$i][$d] = $this->all[$d];
                }
            }
        }
        return $found;
    }

    private static function at(Photo $photo, Box $box): ?int
    {
        $best = null;
        $most = 0.0;
        foreach ($photo->faces as $i => $face) {
            $overlap = $face->box->overlap($box);
            if ($overlap >= Box::SAME_FACE && $overlap > $most) {
                [$best, $most] = [$i, $overlap];
            }
        }
        return $best;
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
