<?php

declare(strict_types=1);

namespace Faces\Model;

/** A photo with its faces. */
final class Photo
{
    public function __construct(
        /** The hub's hash, by which everything about it is found; "" as long as only the file's name is known. */
        public string $hash,
        /** Hash of the content the faces were found in. */
        public readonly string $content,
        /** Local time, ISO 8601; "" if unknown. */
        public readonly string $taken,
        /** @var list<Face> */
        public array $faces,
        /** Hash of the folder it lies in now, "" at the top. */
        public string $folder = '',
        /** UTC, as the hub has it: "2026-11-24 09:00:00". */
        public string $uploaded = '',
        /** The file's name where there is no hash, as a computer that works over WebDAV writes it. */
        public readonly string $file = '',
    ) {
    }

    /** The face at this place, the one that it covers best; null if there is none. */
    public function faceAt(Box $box): ?Face
    {
        $best = $this->placeAt($box);
        return $best === null ? null : $this->faces[$best];
    }

    /** The same by its place in `faces`. `$drawn`: also one that no detector found. */
    public function placeAt(Box $box, bool $drawn = true): ?int
    {
        $best = null;
        $most = 0.0;
        foreach ($this->faces as $i => $face) {
            $overlap = $face->box->overlap($box);
            if ($overlap >= Box::SAME_FACE && $overlap > $most && ($drawn || !$face->isDrawn())) {
                [$best, $most] = [$i, $overlap];
            }
        }
        return $best;
    }

    /** The time to sort and filter by: when it was taken (if unknown, uploaded), or when it was uploaded. */
    public function date(string $by): string
    {
        $uploaded = str_replace(' ', 'T', substr($this->uploaded, 0, 19));
        return $by === 'taken' && $this->taken !== '' ? substr($this->taken, 0, 19) : $uploaded;
    }
}
