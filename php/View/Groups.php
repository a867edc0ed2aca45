<?php

declare(strict_types=1);

namespace Faces\View;

/** Open faces that look like one person, as the worker put them together, of those that a visitor may see. */
final class Groups
{
    /** Open faces without a guess that are in no group, or alone in theirs. */
    public readonly int $singles;
    /** Where the faces of each group of two and more stand, by the box's width. @var array<string, list<array{float, array{string, string, string}}>> */
    private array $groups = [];

    /** With `$guesses` also faces for which somebody is guessed. */
    public function __construct(Gallery $gallery, bool $guesses)
    {
        $plain = ['' => 0];
        foreach ($gallery->photos() as $folder => $photo) {
            foreach ($photo->faces as $face) {
                if ($face->isPlain()) {
                    $plain[$face->group] = ($plain[$face->group] ?? 0) + 1;
                }
                if ($face->group !== '' && $face->isWaiting($guesses)) {
                    $this->groups[$face->group][] = [$face->box->w, [$folder, $photo->hash, $face->id]];
                }
            }
        }
        $alone = array_filter($plain, static fn (int $number): bool => $number === 1);
        unset($alone['']);
        $this->singles = $plain[''] + count($alone);
        $this->groups = array_filter($this->groups, static fn (array $faces): bool => count($faces) > 1);
        $ids = array_map('strval', array_keys($this->groups)); // PHP makes numbers of texts that look like some
        $sizes = array_map('count', array_values($this->groups));
        array_multisort($sizes, SORT_DESC, SORT_NUMERIC, $ids, SORT_ASC, SORT_STRING);
        $this->groups = array_replace(array_fill_keys($ids, []), $this->groups);
    }

    public function number(): int
    {
        return count($this->groups);
    }

    public function faces(): int
    {
        return array_sum(array_map('count', $this->groups));
    }

    /**
     * A part of the groups, the largest first; of each how many faces it has, and where the widest of them stand.
     *
     * @return list<array{group: string, faces: int, places: list<array{string, string, string}>}>
     */
    public function page(int $offset, int $limit, int $portraits): array
    {
        $page = [];
        foreach (array_slice($this->groups, $offset, $limit, true) as $group => $faces) {
            usort($faces, static fn (array $a, array $b): int => [$b[0], $a[1][2]] <=> [$a[0], $b[1][2]]);
            $page[] = ['group' => (string) $group, 'faces' => count($faces), 'places' => array_column(array_slice($faces, 0, $portraits), 1)];
        }
        return $page;
    }
}
