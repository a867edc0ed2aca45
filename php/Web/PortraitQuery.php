<?php

declare(strict_types=1);

namespace Faces\Web;

use Faces\Model\Face;
use Faces\Model\Name;
use Faces\Refusal;
use Faces\View\Gallery;

/** What faces are asked for one by one. docs/api.md describes the parameters. */
final class PortraitQuery
{
    public const MOST = 500;
    private const SINGLE = 'single';

    private function __construct(
        private readonly string $name,
        private readonly bool $guesses,
        private readonly string $group,
        private readonly string $state,
        public readonly int $offset,
        public readonly int $limit,
    ) {
    }

    public static function fromRequest(Request $request): self
    {
        $group = $request->value('group');
        if ($group !== '' && !preg_match(Face::ID, $group)) {
            throw Refusal::senseless('group');
        }
        return new self(
            Name::clean($request->value('name')),
            $request->choice('guesses', ['1', '0']) === '1',
            $group,
            $request->choice('state', [...Face::STATES, self::SINGLE]),
            $request->number('offset', 0, 0, 10_000_000),
            $request->number('limit', 100, 1, self::MOST),
        );
    }

    /**
     * A page of the faces that match, and how many there are: guesses nearest first if they are asked for (what photos say before them), else by date.
     *
     * @return array{total: int, places: list<array{string, string, string}>} as View\Portraits reads them
     */
    public function page(Gallery $gallery): array
    {
        $found = $members = [];
        foreach ($gallery->photos() as $folder => $photo) {
            foreach ($photo->faces as $face) {
                if ($face->isPlain()) {
                    $members[$face->group] = ($members[$face->group] ?? 0) + 1;
                }
                if ($this->matches($face)) {
                    $found[] = [
                        'distance' => $this->state === 'guessed' ? ($face->isGuessOfPhoto() ? -1.0 : $face->distance ?? PHP_FLOAT_MAX) : 0.0,
                        'date' => $photo->date('taken'),
                        'id' => "$face->id $photo->hash", // makes the order the same each time
                        'place' => [$folder, $photo->hash, $face->id],
                        'group' => $face->group,
                    ];
                }
            }
        }
        if ($this->state === self::SINGLE) {
            $found = array_filter($found, static fn (array $one): bool => $one['group'] === '' || $members[$one['group']] === 1);
        }
        [$distances, $dates, $ids, $places] = array_map(static fn (string $key): array => array_column($found, $key), ['distance', 'date', 'id', 'place']);
        array_multisort($distances, SORT_ASC, SORT_NUMERIC, $dates, SORT_DESC, SORT_STRING, $ids, SORT_ASC, SORT_STRING, $places);
        return ['total' => count($places), 'places' => array_slice($places, $this->offset, $this->limit)];
    }

    private function matches(Face $face): bool
    {
        return ($this->state === self::SINGLE ? $face->isPlain() : $face->isIn($this->state))
            && ($this->name === '' || $face->person($this->guesses) === $this->name)
            && ($this->group === '' || ($face->group === $this->group && $face->isWaiting($this->guesses)));
    }
}
