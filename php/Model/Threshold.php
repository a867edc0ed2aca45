<?php

declare(strict_types=1);

namespace Faces\Model;

/** How near two faces have to be to count as one person: default, and what a person may set, for each model and metric. */
final class Threshold
{
    /** As THRESHOLDS in py/faces/settings.py, which says where they come from; a test compares them. */
    public const DEFAULTS = [
        'Dlib' => ['cosine' => 0.075, 'euclidean' => 0.55, 'euclidean_l2' => 0.385],
        'VGG-Face' => ['cosine' => 0.68, 'euclidean' => 1.17, 'euclidean_l2' => 1.17],
        'Facenet' => ['cosine' => 0.40, 'euclidean' => 10.0, 'euclidean_l2' => 0.80],
        'Facenet512' => ['cosine' => 0.30, 'euclidean' => 23.56, 'euclidean_l2' => 1.04],
        'ArcFace' => ['cosine' => 0.68, 'euclidean' => 4.15, 'euclidean_l2' => 1.13],
        'OpenFace' => ['cosine' => 0.10, 'euclidean' => 0.55, 'euclidean_l2' => 0.55],
        'DeepFace' => ['cosine' => 0.23, 'euclidean' => 64.0, 'euclidean_l2' => 0.64],
        'SFace' => ['cosine' => 0.593, 'euclidean' => 10.734, 'euclidean_l2' => 1.055],
        'GhostFaceNet' => ['cosine' => 0.65, 'euclidean' => 35.71, 'euclidean_l2' => 1.10],
        'Buffalo_L' => ['cosine' => 0.55, 'euclidean' => 0.6, 'euclidean_l2' => 1.1],
    ];
    private const LEAST = 0.5;
    private const GREATEST = 1.5;

    public static function default(string $model, string $metric): float
    {
        return self::DEFAULTS[$model][$metric];
    }

    /** Within half to one and a half of the default, with five digits that count. */
    public static function clamped(string $model, string $metric, float $value): float
    {
        $default = self::default($model, $metric);
        return (float) sprintf('%.5G', min(self::GREATEST * $default, max(self::LEAST * $default, $value)));
    }

    /** @return array{float, float} least and greatest */
    public static function range(string $model, string $metric): array
    {
        $default = self::default($model, $metric);
        return [self::LEAST * $default, self::GREATEST * $default];
    }
}
