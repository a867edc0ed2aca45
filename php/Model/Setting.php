<?php

declare(strict_types=1);

namespace Faces\Model;

/**
 * A setting of a channel: its place in config.json ("group.name"), default, least and greatest value in one line each. Those
 * of the worker are the same in py/faces/settings.py (a test compares them); `page` is ours alone.
 */
final class Setting
{
    public const SEVERAL = 'several';
    public const ONE = 'one';
    public const NUMBER = 'number';
    public const SWITCH = 'switch';

    /** The value of write_to with which no name is written into a photo, or beside it. */
    public const NOWHERE = 'nowhere';

    public const DETECTORS = ['yunet', 'dlib', 'retinaface', 'mtcnn', 'ssd', 'mediapipe', 'opencv'];
    public const MODELS = ['Dlib', 'VGG-Face', 'Facenet', 'Facenet512', 'ArcFace', 'OpenFace', 'DeepFace', 'SFace', 'GhostFaceNet', 'Buffalo_L'];
    public const DEMOGRAPHY = ['Emotion', 'Age', 'Gender', 'Race'];
    public const METRICS = ['euclidean', 'cosine', 'euclidean_l2'];

    /**
     * @param list<string>|string|int|float|bool $default
     * @param list<string> $choices of which one or several may be chosen
     */
    private function __construct(
        public readonly string $group,
        public readonly string $name,
        public readonly string $kind,
        public readonly array|string|int|float|bool $default,
        public readonly array $choices = [],
        public readonly int $least = 0,
        public readonly int $greatest = 0,
    ) {
    }

    /** By name, which is unique without its group. @return array<string, self> */
    public static function all(): array
    {
        static $all = null;
        if ($all !== null) {
            return $all;
        }
        $settings = [
            // Empty: the program chooses at the first run, and keeps to it.
            new self('detection', 'detectors', self::SEVERAL, [], self::DETECTORS),
            new self('detection', 'models', self::SEVERAL, [], self::MODELS),
            new self('detection', 'demography', self::SEVERAL, [], self::DEMOGRAPHY),
            new self('detection', 'min_face_percent', self::NUMBER, 1.0, [], 0, 100),
            new self('detection', 'min_face_pixels', self::NUMBER, 20, [], 1, 10_000),
            new self('recognition', 'metric', self::ONE, 'euclidean', self::METRICS),
            new self('recognition', 'training_min_pixels', self::NUMBER, 30, [], 1, 10_000),
            new self('recognition', 'result_min_pixels', self::NUMBER, 20, [], 1, 10_000),
            new self('recognition', 'most_similar_percent', self::NUMBER, 100.0, [], 1, 100),
            new self('recognition', 'most_similar_number', self::NUMBER, 100, [], 1, 100_000),
            new self('recognition', 'enforce', self::SWITCH, false),
            new self('recognition', 'history', self::SWITCH, true),
            new self('worker', 'statistics', self::SWITCH, false),
            // names that other programs wrote into photos; where ours are written; which of them
            new self('metadata', 'region_names', self::ONE, 'suggest', ['suggest', 'confirm']),
            new self('metadata', 'write_to', self::ONE, self::NOWHERE, [self::NOWHERE, 'sidecar', 'photo']),
            new self('metadata', 'write_names', self::ONE, 'new', ['new', 'all']),
            new self('page', 'immediate_search', self::SWITCH, true),
            new self('page', 'visitors', self::SWITCH, true),
            new self('page', 'sort', self::ONE, 'taken', ['taken', 'uploaded']),
            new self('page', 'order', self::ONE, 'desc', ['desc', 'asc']),
            new self('page', 'zoom', self::NUMBER, 3, [], 1, 6),
        ];
        return $all = array_combine(array_map(static fn (self $one): string => $one->name, $settings), $settings);
    }

    /** A value as config.json has it, if it is one; else the default: the file may be written by anybody. */
    public function checked(mixed $value): mixed
    {
        return match (true) {
            !$this->isGood($value) => $this->default,
            $this->kind === self::NUMBER => is_float($this->default) ? (float) $value : (int) $value,
            default => $value,
        };
    }

    public function isGood(mixed $value): bool
    {
        return match ($this->kind) {
            self::SEVERAL => is_array($value) && array_is_list($value) && array_diff(array_map(static fn ($v) => is_string($v) ? $v : '', $value), $this->choices) === [],
            self::ONE => in_array($value, $this->choices, true),
            self::NUMBER => (is_int($value) || is_float($value)) && $value >= $this->least && $value <= $this->greatest,
            default => is_bool($value),
        };
    }

    /**
     * A value as a form has it, within what is allowed; null if it makes no sense at all.
     *
     * @param list<string>|string $given
     * @return list<string>|string|int|float|bool|null
     */
    public function fromForm(array|string $given): array|string|int|float|bool|null
    {
        if ($this->kind === self::SEVERAL) {
            return is_array($given) && array_diff($given, $this->choices) === [] ? array_values(array_unique($given)) : null;
        }
        if (is_array($given)) {
            return null;
        }
        if ($this->kind === self::NUMBER) {
            $given = strtr(trim($given), ',', '.');
            if (!is_numeric($given) || !is_finite((float) $given)) {
                return null;
            }
            $number = min($this->greatest, max($this->least, (float) $given));
            return is_float($this->default) ? round($number, 3) : (int) round($number);
        }
        return $this->kind === self::SWITCH ? $given === '1' : (in_array($given, $this->choices, true) ? $given : null);
    }
}
