<?php

declare(strict_types=1);

namespace Faces\Store;

use Faces\Model\Setting;
use Faces\Model\Threshold;

/** What a channel's owner set: config.json and thresholds.json. A value that makes no sense counts as its default. */
final class ChannelSettings
{
    private readonly JsonFile $config;
    private readonly JsonFile $thresholds;
    /** @var array<mixed>|null */
    private ?array $read = null;

    public function __construct(private readonly Cloud $cloud)
    {
        $this->config = new JsonFile($cloud, Cloud::CONFIG_JSON);
        $this->thresholds = new JsonFile($cloud, Cloud::THRESHOLDS_JSON);
    }

    /** The value of a setting, by its name. @return list<string>|string|int|float|bool */
    public function value(string $name): array|string|int|float|bool
    {
        $this->read ??= $this->config->read();
        $setting = Setting::all()[$name];
        $group = $this->read[$setting->group] ?? [];
        return $setting->checked(is_array($group) ? $group[$name] ?? null : null);
    }

    /** Whether visitors may see the page. Not if that is not known for certain: to be closed is what can be mended. */
    public function allowsVisitors(): bool
    {
        $this->read ??= $this->config->read();
        $set = is_array($this->read['page'] ?? null) ? $this->read['page']['visitors'] ?? true : true;
        return $set === true && !$this->config->isDamaged();
    }

    /** Whether the owner set it, to a value that makes sense. */
    public function isSet(string $name): bool
    {
        $this->read ??= $this->config->read();
        $setting = Setting::all()[$name];
        $group = $this->read[$setting->group] ?? [];
        return is_array($group) && isset($group[$name]) && $setting->isGood($group[$name]);
    }

    /** What is chosen, in the order in which it is used: the owner's, else what the first run chose. @return list<string> */
    public function chosen(string $name): array
    {
        $own = $this->value($name);
        if ($own) {
            return $own;
        }
        $first = json_decode(State::read(State::path('choice.json', $this->cloud->channel)), true, 8);
        return Setting::all()[$name]->checked(is_array($first) ? $first['detection'][$name] ?? null : null);
    }

    /** @param array<string, list<string>|string|int|float|bool> $values by name; what is not named stays */
    public function save(array $values, ChannelFiles $files, Quota $quota): void
    {
        $settings = Setting::all();
        $this->config->change(static function (\stdClass $config) use ($values, $settings): void {
            $config->version ??= 1;
            foreach ($values as $name => $value) {
                $group = $settings[$name]->group;
                $config->$group = ($config->$group ?? null) instanceof \stdClass ? $config->$group : new \stdClass();
                $config->$group->$name = $value;
            }
        }, $files, $quota);
        $this->read = null;
    }

    /** The largest distance that counts as one person: the owner's, else the default. */
    public function threshold(string $model, string $metric): float
    {
        return $this->thresholds()[$model][$metric] ?? Threshold::default($model, $metric);
    }

    /** The owner's own. @return array<string, array<string, float>> by model and metric */
    public function thresholds(): array
    {
        $own = [];
        $read = $this->thresholds->read();
        foreach (Threshold::DEFAULTS as $model => $metrics) {
            foreach (array_keys($metrics) as $metric) {
                $value = is_array($read[$model] ?? null) ? $read[$model][$metric] ?? null : null;
                if ((is_int($value) || is_float($value)) && $value > 0 && $value < 1e6) {
                    $own[$model][$metric] = (float) $value;
                }
            }
        }
        return $own;
    }

    /** @param array<string, array<string, float>> $values by model and metric; one that is the default is left out of the file */
    public function saveThresholds(array $values, ChannelFiles $files, Quota $quota): void
    {
        $this->thresholds->change(static function (\stdClass $file) use ($values): void {
            foreach ($values as $model => $metrics) {
                $file->$model = ($file->$model ?? null) instanceof \stdClass ? $file->$model : new \stdClass();
                foreach ($metrics as $metric => $value) {
                    $file->$model->$metric = $value;
                    if ($value === Threshold::default($model, $metric)) {
                        unset($file->$model->$metric);
                    }
                }
                if ((array) $file->$model === []) {
                    unset($file->$model);
                }
            }
        }, $files, $quota);
    }
}
