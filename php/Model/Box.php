<?php

declare(strict_types=1);

namespace Faces\Model;

/** A rectangle on a photo: left, top, width, height as fractions (0 to 1) of the upright photo. */
final class Box
{
    /** From this overlap on two boxes on one photo are the same face; as SAME_FACE_OVERLAP in py/faces/records.py. */
    public const SAME_FACE = 0.3;

    /** What a person draws is at least so wide and high. */
    private const LEAST = 0.005;

    public function __construct(
        public readonly float $x,
        public readonly float $y,
        public readonly float $w,
        public readonly float $h,
    ) {
    }

    /** A box from texts; null unless each is a finite number and the box has an area. */
    public static function fromText(string $x, string $y, string $w, string $h): ?self
    {
        if (!is_numeric($x) || !is_numeric($y) || !is_numeric($w) || !is_numeric($h)) {
            return null;
        }
        $box = new self((float) $x, (float) $y, (float) $w, (float) $h);
        return is_finite($box->x + $box->y + $box->w + $box->h) && $box->w > 0 && $box->h > 0 ? $box : null;
    }

    /** The part of it that is on the photo, with as many digits as are written down; null if that is too small for a face. */
    public function onPhoto(): ?self
    {
        [$left, $top] = [max(0.0, $this->x), max(0.0, $this->y)];
        $w = round(min(1.0, $this->x + $this->w) - $left, 5);
        $h = round(min(1.0, $this->y + $this->h) - $top, 5);
        return $w >= self::LEAST && $h >= self::LEAST ? new self(round($left, 5), round($top, 5), $w, $h) : null;
    }

    /** @return list<float> */
    public function toJson(): array
    {
        return [$this->x, $this->y, $this->w, $this->h];
    }

    /** Intersection over union, 0 to 1. */
    public function overlap(self $other): float
    {
        $w = min($this->x + $this->w, $other->x + $other->w) - max($this->x, $other->x);
        $h = min($this->y + $this->h, $other->y + $other->h) - max($this->y, $other->y);
        if ($w <= 0 || $h <= 0) {
            return 0.0;
        }
        $union = $this->w * $this->h + $other->w * $other->h - $w * $h;
        return $union > 0 ? $w * $h / $union : 0.0;
    }
}
