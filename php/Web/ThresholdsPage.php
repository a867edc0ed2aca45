<?php

declare(strict_types=1);

namespace Faces\Web;

use Faces\Model\Setting;
use Faces\Model\Threshold;
use Faces\Refusal;
use Faces\Store\ChannelFiles;
use Faces\Store\ChannelSettings;
use Faces\Store\Journal;
use Faces\Store\UnreadableFile;
use Faces\View\Album;
use Faces\View\Cut;
use Faces\Worker\Distances;
use Faces\Worker\Launcher;
use Faces\Worker\Status;

/** How near two faces have to be to count as one person: shown on the channel's own faces, so that a person sees where to cut. */
final class ThresholdsPage
{
    public static function show(Album $album, Request $request): Answer
    {
        $said = $request->value('saved') === '1' ? t('Saved. People are looked for anew.') : '';
        return self::page($album, [], $said);
    }

    /** Saves, or with `preview` only shows what would change; with `measure` has the distances measured. */
    public static function save(Album $album, Request $request): Answer
    {
        if ($request->field('measure') === '1') {
            Launcher::measure($album->channel);
            return Answer::done($request, $album->channel, 'thresholds', ['started' => true], 202);
        }
        $values = self::given($request);
        if ($values === []) {
            throw new Refusal(t('There was nothing to save.'), Refusal::BAD);
        }
        if ($request->field('preview') === '1') {
            return self::page($album, $values, t('Not saved yet: this is what would change.'));
        }
        (new ChannelSettings($album->cloud))->saveThresholds($values, new ChannelFiles($album->cloud, $album->quota), $album->quota);
        try {
            Launcher::recognize($album->channel);
        } catch (Refusal) { // saved it is in any case; the next run on this or another computer has it
        }
        return Answer::done($request, $album->channel, 'thresholds?saved=1', ['saved' => $values]);
    }

    /** @return array<string, array<string, float>> by model and metric, within what is allowed */
    private static function given(Request $request): array
    {
        $values = [];
        foreach (Threshold::DEFAULTS as $model => $metrics) {
            foreach (array_keys($metrics) as $metric) {
                $given = $request->given(self::field($model, $metric));
                if ($given === null) {
                    continue;
                }
                $given = strtr(trim($given), ',', '.');
                if ($given === '') {
                    $values[$model][$metric] = Threshold::default($model, $metric);
                } elseif (!is_numeric($given) || !is_finite((float) $given)) {
                    throw new Refusal(sprintf(t('%s: a number is expected'), "$model, $metric"), Refusal::BAD);
                } else {
                    $values[$model][$metric] = Threshold::clamped($model, $metric, (float) $given);
                }
            }
        }
        return $values;
    }

    private static function field(string $model, string $metric): string
    {
        return "$model-$metric";
    }

    /** @param array<string, array<string, float>> $proposed shown instead of what is saved, and what would change */
    private static function page(Album $album, array $proposed, string $said): Answer
    {
        $settings = new ChannelSettings($album->cloud);
        $distances = Distances::of($album->channel);
        $isMeasuring = Launcher::isRunning('distances', $album->channel);
        $failure = Status::failure($album->channel, $album->visitor->isAdmin(), ['distances' => $album->channel]);
        $models = array_values(array_intersect(Setting::MODELS, [...$settings->chosen('models'), ...$distances->models(), ...array_keys($proposed)]));
        $metrics = array_unique([$settings->value('metric'), ...Setting::METRICS]);
        $shown = [];
        foreach ($models ?: ['Dlib'] as $model) {
            foreach ($metrics as $metric) {
                $shown[$model][] = self::cut($settings, $distances, $model, $metric, $proposed[$model][$metric] ?? null);
            }
        }
        return Template::page($album, 'thresholds', t('Thresholds'), [
            'template' => 'thresholds',
            'said' => $said,
            'models' => $shown,
            'measured' => $distances->time() === '' ? '' : sprintf(t('Measured %s.'), Template::time($distances->time())),
            'isMeasuring' => $isMeasuring,
            'isOld' => $distances->time() !== '' && $distances->key() !== self::key($album),
            'failure' => $failure === null || $isMeasuring ? '' : $failure['reason'],
            'obstacle' => Launcher::obstacle(),
            't' => self::texts(),
        ]);
    }

    /** As the worker makes it (jobs/distances.py). */
    private static function key(Album $album): string
    {
        try {
            $rows = (new Journal($album->cloud, $album->quota))->rows();
        } catch (UnreadableFile) {
            return '';
        }
        return ($rows === [] ? '' : max(array_column($rows, 0))) . '/' . count($rows);
    }

    /** @return array<string, mixed> */
    private static function cut(ChannelSettings $settings, Distances $distances, string $model, string $metric, ?float $proposed): array
    {
        $default = Threshold::default($model, $metric);
        [$least, $greatest] = Threshold::range($model, $metric);
        $now = $settings->threshold($model, $metric);
        $value = $proposed ?? $now;
        $measured = $distances->measured($model, $metric);
        $cut = $measured === null ? null : new Cut($measured, $default);
        $change = '';
        if ($cut !== null && $proposed !== null && $proposed !== $now) {
            [$before, $after] = [$cut->guesses($now), $cut->guesses($proposed)];
            $change = sprintf($after >= $before ? t('Guesses gained: %d') : t('Guesses lost: %d'), abs($after - $before));
        }
        return [
            'field' => self::field($model, $metric),
            'metric' => $metric,
            'isUsed' => $metric === $settings->value('metric'),
            'value' => self::number($value),
            'default' => self::number($default),
            'least' => self::number($least),
            'greatest' => self::number($greatest),
            'step' => self::number($default / 100),
            'change' => $change,
            'bars' => $cut?->bars() ?? [],
            'place' => $cut?->place($value) ?? '',
            'axis' => array_map(static fn (int $half): string => self::number($half * $default / 2), range(0, 4)),
            'text' => $cut === null ? '' : self::text($cut, $value),
        ];
    }

    /** What the picture shows, in words. */
    private static function text(Cut $cut, float $value): string
    {
        [$same, $different] = $cut->pairs();
        $percent = static fn (?float $share): string => $share === null ? '-' : sprintf('%.1f %%', $share);
        return sprintf(t('With %1$s: of %2$d pairs of one person %3$s are near enough, of %4$d pairs of different people %5$s; guesses for %6$d of %7$d faces without a name.'),
            self::number($value), $same, $percent($cut->held($value)), $different, $percent($cut->mixed($value)), $cut->guesses($value), $cut->open());
    }

    private static function number(float $value): string
    {
        return rtrim(rtrim(sprintf('%.5F', $value), '0'), '.');
    }

    /** @return array<string, string> */
    private static function texts(): array
    {
        return ['save' => t('Save'), 'preview' => t('What would change?'), 'measure' => t('Measure my faces'), 'default' => t('Default'),
            'about' => t('Two faces count as one person if their distance is not greater than this. Smaller: fewer guesses, fewer of them wrong. Green are pairs of faces to which you gave the same name, red are pairs of different people, or that you rejected. Cut where green ends and red begins.'),
            'unmeasured' => t('Not measured yet. Give names to a few people, then press "Measure my faces".'),
            'measuring' => t('Your faces are being measured. Load this page again in a moment.'),
            'old' => t('Names were given since then: measure again.'),
            'failed' => t('They could not be measured:'), 'used' => t('in use'),
            'same' => t('one person'), 'different' => t('different people')];
    }
}
