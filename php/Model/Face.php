<?php

declare(strict_types=1);

namespace Faces\Model;

/** A face as people see it: a row of faces.csv with what was decided since. */
final class Face
{
    public const OPEN = '';
    public const NAMED = 'named';
    public const UNKNOWN = 'unknown';
    public const IGNORED = 'ignored';

    /** The detector of a face that somebody drew, until the worker has a row for it; then there is none. */
    public const DRAWN = 'drawn';
    /** The detector of a face that another program marked in the photo; as a model: the photo itself says the guess. */
    public const REGION = 'region';

    /** What people may ask for: any; those with a guess are a part of those without a name; and our own. */
    public const STATES = ['', 'unnamed', 'guessed', self::NAMED, self::UNKNOWN, self::IGNORED];

    /** What the id of a face, or of a group of them, looks like. */
    public const ID = '/^[0-9A-Za-z_-]{1,64}$/D';

    public function __construct(
        public readonly string $id,
        public readonly Box $box,
        public readonly int $number,
        public string $name,
        /** OPEN, NAMED, UNKNOWN or IGNORED. */
        public string $state,
        /** The name the program guesses; "" if none. */
        public string $guess,
        public readonly ?float $distance,
        /** When the decision was made that holds; "" if there was none. UTC, ISO 8601, as text sorts as time. */
        public string $time,
        public readonly float $confidence,
        public readonly string $detector,
        public readonly string $model,
        /** Faces that look like one person have it in common; "" for one that is alone. */
        public readonly string $group = '',
    ) {
    }

    /** The name a person gave, else the guess where nobody decided. */
    public function person(bool $guesses): string
    {
        if ($this->state === self::NAMED) {
            return $this->name;
        }
        return $guesses && $this->state === self::OPEN ? $this->guess : '';
    }

    /** @param string $state one of STATES */
    public function isIn(string $state): bool
    {
        return match ($state) {
            '' => true,
            'unnamed' => $this->state === self::OPEN,
            'guessed' => $this->state === self::OPEN && $this->guess !== '',
            default => $this->state === $state,
        };
    }

    /**
     * Whether it is there because a person says so here, not because a detector found it, or another program marked it in the
     * photo: those have a row of the worker's, which decisions find by its place.
     */
    public function isDrawn(): bool
    {
        return $this->detector === '' || $this->detector === self::DRAWN;
    }

    /** Whether the guess is what the photo itself says, and not what the face looks like. */
    public function isGuessOfPhoto(): bool
    {
        return $this->guess !== '' && $this->model === self::REGION;
    }

    /** Nobody decided, and nobody is guessed. */
    public function isPlain(): bool
    {
        return $this->isWaiting(false);
    }

    /** Nobody decided; with `$guesses` even if somebody is guessed. */
    public function isWaiting(bool $guesses): bool
    {
        return $this->state === self::OPEN && ($guesses || $this->guess === '');
    }

    /** @return array<string, mixed> */
    public function toJson(): array
    {
        return [
            'id' => $this->id,
            'box' => $this->box->toJson(),
            'number' => $this->number,
            'name' => $this->name,
            'state' => $this->state,
            'guess' => $this->state === self::OPEN ? $this->guess : '',
            'distance' => $this->distance,
            'confidence' => $this->confidence,
            'detector' => $this->detector,
            'model' => $this->model,
            'time' => $this->time,
            'group' => $this->state === self::OPEN ? $this->group : '',
        ];
    }
}
