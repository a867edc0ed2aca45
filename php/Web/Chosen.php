<?php

declare(strict_types=1);

namespace Faces\Web;

use Faces\Model\Box;
use Faces\Model\Decision;
use Faces\Model\Face;
use Faces\Model\Name;
use Faces\Model\Photo;
use Faces\Refusal;
use Faces\Store\JournalLines;
use Faces\View\Gallery;

/** Which faces a form decides about: those of some ids, one that somebody drew on a photo, or all of a person. */
final class Chosen
{
    public const MOST_FACES = 10_000;
    /** What may be decided about a face that somebody drew, and about all of a person. */
    private const OF_DRAWN = [Decision::NAME, Decision::UNKNOWN];
    private const OF_PERSON = [Decision::NAME, Decision::CLEAR, Decision::UNKNOWN, Decision::IGNORE];

    /**
     * @param list<string> $ids
     * @param string|null $time when the newest decision was made that whoever decides knew of; null: whatever there is
     */
    private function __construct(
        private readonly array $ids,
        private readonly string $photo,
        private readonly ?Box $box,
        private readonly string $person,
        public readonly ?string $time,
    ) {
    }

    public static function fromRequest(Request $request, string $kind): self
    {
        $given = ['faces' => $request->field('faces', 700_000), 'box' => $request->field('box'), 'person' => $request->field('person')];
        $given = array_filter($given, static fn (string $one): bool => $one !== '');
        if (count($given) !== 1) {
            throw new Refusal(t('Either faces, or photo and box, or person is expected.'), Refusal::BAD);
        }
        $what = array_key_first($given);
        $time = $request->given('time');
        if ($time !== null && ($what !== 'faces' || ($time !== '' && !JournalLines::isTime($time)))) {
            throw Refusal::senseless('time');
        }
        self::checkKind($kind, ['faces' => Decision::KINDS, 'box' => self::OF_DRAWN, 'person' => self::OF_PERSON][$what]);
        return match ($what) {
            'faces' => new self(self::ids($given['faces']), '', null, '', $time),
            'box' => new self([], self::photo($request->field('photo')), self::box($given['box']), '', null),
            'person' => new self([], '', null, self::person($given['person']), null),
        };
    }

    /** @return list<array{Face, Photo}> @throws Refusal if one of them is not there for this visitor, or was decided about meanwhile */
    public function in(Gallery $gallery): array
    {
        return match (true) {
            $this->box !== null => [$this->drawn($gallery, $this->box)],
            $this->person !== '' => $this->named($gallery),
            default => $this->known($gallery),
        };
    }

    /** @return list<array{Face, Photo}> */
    private function known(Gallery $gallery): array
    {
        $all = $gallery->find($this->ids);
        $found = array_map(static fn (string $id): ?array => $all[$id] ?? null, $this->ids);
        if (in_array(null, $found, true)) {
            throw new Refusal(t('There is no such face, or not any more. Nothing was saved.'), Refusal::MISSING);
        }
        $newer = $this->time === null ? [] : array_filter($found, fn (array $one): bool => strcmp(rtrim($one[0]->time, 'Z'), rtrim($this->time, 'Z')) > 0);
        if ($newer !== []) {
            throw new Refusal(t('Somebody else decided about it meanwhile. Nothing was saved.'), Refusal::BUSY,
                ['newer' => array_map(static fn (array $one): array => $one[0]->toJson(), array_values($newer))]);
        }
        return $found;
    }

    /** The face that is at this place already, else a new one. @return array{Face, Photo} */
    private function drawn(Gallery $gallery, Box $box): array
    {
        $photo = $gallery->photo($this->photo);
        if ($photo === null) {
            throw new Refusal(t('There is no such photo, or not any more. Nothing was saved.'), Refusal::MISSING);
        }
        $face = $photo->faceAt($box) ?? new Face(self::idOf($photo->hash, $box), $box, 0, '', Face::OPEN, '', null, '', 0.0, Face::DRAWN, '');
        return [$face, $photo];
    }

    /** @return list<array{Face, Photo}> */
    private function named(Gallery $gallery): array
    {
        $found = [];
        foreach ($gallery->photos() as $photo) {
            foreach ($photo->faces as $face) {
                if ($face->state === Face::NAMED && $face->name === $this->person) {
                    $found[] = [$face, $photo];
                }
            }
        }
        return $found ?: throw new Refusal(t('There is nobody of that name, or not any more. Nothing was saved.'), Refusal::MISSING);
    }

    /** In the form of a UUID of version 4; the same each time, so that a request that is sent twice makes one face. */
    private static function idOf(string $photo, Box $box): string
    {
        $place = array_map(static fn (float $one): int => (int) round(1000 * $one), $box->toJson());
        $id = substr(hash('sha256', "$photo " . implode(' ', $place)), 0, 32);
        return substr_replace(substr_replace($id, '4', 12, 1), '89ab'[hexdec($id[16]) % 4], 16, 1);
    }

    /** @return list<string> */
    private static function ids(string $text): array
    {
        $ids = array_values(array_unique(array_diff(explode(',', $text), [''])));
        foreach ($ids as $id) {
            if (!preg_match(Face::ID, $id)) {
                throw new Refusal(sprintf(t('%s: ids with commas between them are expected'), 'faces'), Refusal::BAD);
            }
        }
        if ($ids === [] || count($ids) > self::MOST_FACES) {
            throw new Refusal(sprintf(t('%1$s: from 1 to %2$d faces are expected'), 'faces', self::MOST_FACES), Refusal::BAD);
        }
        return $ids;
    }

    private static function photo(string $hash): string
    {
        return preg_match('/^[\w-]{1,191}$/D', $hash) ? $hash : throw Refusal::senseless('photo');
    }

    private static function box(string $text): Box
    {
        $parts = explode(',', $text);
        $box = count($parts) === 4 ? Box::fromText(...$parts)?->onPhoto() : null;
        return $box ?? throw Refusal::senseless('box');
    }

    private static function person(string $text): string
    {
        $name = Name::clean($text);
        return $name !== '' ? $name : throw Refusal::senseless('person');
    }

    /** @param list<string> $kinds */
    private static function checkKind(string $kind, array $kinds): void
    {
        if (!in_array($kind, $kinds, true)) {
            throw new Refusal(sprintf(t('%1$s: one of %2$s is expected'), 'decision', implode(', ', $kinds)), Refusal::BAD);
        }
    }
}
