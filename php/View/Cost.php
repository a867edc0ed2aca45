<?php

declare(strict_types=1);

namespace Faces\View;

use Faces\Store\Cloud;
use Faces\Store\Sql;
use Faces\Worker\Contents;
use Faces\Worker\SelfCheck;

/** What it would cost a channel to use another detector or model, in words: by what its own searches took, else the self-check. */
final class Cost
{
    private readonly Contents $contents;
    private readonly int $photos;

    public function __construct(Cloud $cloud, private readonly SelfCheck $check)
    {
        $this->contents = Contents::of($cloud->channel);
        $rows = Sql::rows('SELECT COUNT(*) AS number FROM attach WHERE uid = %d AND is_photo = 1', $cloud->channel->id);
        $this->photos = (int) $rows[0]['number'];
    }

    /** For a detector or model of that name: what is to be done, how long it takes, how much memory. */
    public function of(string $kind, string $name): string
    {
        $found = $this->check->of($kind, $name);
        $parts = [];
        $isKnown = $kind === 'detectors' || ($kind === 'models' && $this->contents->number('faces') > 0);
        if ($isKnown) {
            $all = $kind === 'detectors' ? max($this->photos, $this->contents->number('photos')) : $this->contents->number('faces');
            $left = max(0, $all - ($kind === 'detectors' ? $this->contents->photos($name) : $this->contents->faces($kind)[$name] ?? 0));
            $each = $this->contents->seconds($kind, $name) ?? $found['each'] ?? null;
            $parts[] = $kind === 'detectors' ? self::photos($left, $each) : self::faces($left, $each);
        }
        if ($found !== null && $found['megabytes'] > 0) {
            $parts[] = sprintf(t('%d MB of memory'), (int) round($found['megabytes']));
        }
        return implode(', ', $parts);
    }

    private static function photos(int $left, ?float $each): string
    {
        return match (true) {
            $left === 0 => t('already done for all photos'),
            $each === null || $each <= 0 => sprintf(t('photos to be searched: %d'), $left),
            default => sprintf(t('photos to be searched: %1$d (%2$s)'), $left, self::duration($left * $each)),
        };
    }

    private static function faces(int $left, ?float $each): string
    {
        return match (true) {
            $left === 0 => t('already done for all faces'),
            $each === null || $each <= 0 => sprintf(t('faces to be computed: %d'), $left),
            default => sprintf(t('faces to be computed: %1$d (%2$s)'), $left, self::duration($left * $each)),
        };
    }

    /** Seconds in words. */
    public static function duration(float $seconds): string
    {
        return match (true) {
            $seconds <= 60 => t('less than a minute'),
            $seconds < 5400 => sprintf(t('about %d minutes'), (int) ceil($seconds / 60)),
            $seconds < 172_800 => sprintf(t('about %d hours'), (int) round($seconds / 3600)),
            default => sprintf(t('about %d days'), (int) round($seconds / 86_400)),
        };
    }
}
