<?php

declare(strict_types=1);

namespace Faces\Worker;

use Faces\Store\Channel;
use Faces\Store\State;

/** What the worker wrote down of a channel's faces.pkl files, which PHP cannot read: how many faces of which detector and model. */
final class Contents
{
    /** @param array<string, mixed> $known */
    private function __construct(private readonly array $known)
    {
    }

    public static function of(Channel $channel): self
    {
        $known = json_decode(State::read(State::path('contents.json', $channel), 1 << 20), true, 8);
        return new self(is_array($known) && ($known['version'] ?? 0) === 1 ? $known : []);
    }

    /** Photos that were searched; faces. */
    public function number(string $name): int
    {
        return is_int($this->known[$name] ?? null) ? $this->known[$name] : 0;
    }

    /** Faces of each detector, model or attribute. @return array<string, int> by name */
    public function faces(string $kind): array
    {
        $found = [];
        foreach (is_array($this->known[$kind] ?? null) ? $this->known[$kind] : [] as $name => $one) {
            $number = is_array($one) ? $one['faces'] ?? 0 : $one;
            if (is_int($number)) {
                $found[(string) $name] = $number;
            }
        }
        return $found;
    }

    /** Photos that a detector has searched. */
    public function photos(string $detector): int
    {
        $one = is_array($this->known['detectors'] ?? null) ? $this->known['detectors'][$detector] ?? null : null;
        return is_array($one) && is_int($one['photos'] ?? null) ? $one['photos'] : 0;
    }

    /** Seconds that a detector took for a photo, or a model for a face, on average; null if that is not known. */
    public function seconds(string $kind, string $name): ?float
    {
        $one = is_array($this->known[$kind] ?? null) ? $this->known[$kind][$name] ?? null : null;
        $seconds = is_array($one) ? $one['seconds'] ?? null : null;
        return is_int($seconds) || is_float($seconds) ? max(0.0, (float) $seconds) : null;
    }
}
