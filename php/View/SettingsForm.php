<?php

declare(strict_types=1);

namespace Faces\View;

use Faces\Model\Setting;
use Faces\Store\ChannelSettings;
use Faces\Worker\Launcher;
use Faces\Worker\SelfCheck;
use Faces\Worker\Settings;

/** The settings of a channel as fields of a form: what may be chosen, what not and why, and what it costs. */
final class SettingsForm
{
    private readonly SelfCheck $check;
    private readonly Cost $cost;

    public function __construct(private readonly ChannelSettings $settings, Album $album)
    {
        $this->check = SelfCheck::last();
        $this->cost = new Cost($album->cloud, $this->check);
    }

    /** Why a setting is not the owner's to change; "" if it is. */
    public static function refusal(string $name): string
    {
        return match (true) {
            $name === 'enforce' && !Settings::isExperimental() => t('Only where the admin of this hub allows experiments.'),
            $name === 'immediate_search' && !Settings::allowsImmediateSearch() => t('The admin of this hub does not allow it.'),
            default => '',
        };
    }

    /**
     * A value as it may be: only what the admin allows, and only one detector and model where there are no experiments.
     *
     * @param list<string>|string|int|float|bool $value
     * @return list<string>|string|int|float|bool
     */
    public static function allowed(string $name, array|string|int|float|bool $value): array|string|int|float|bool
    {
        if (!is_array($value)) {
            return $value;
        }
        $value = array_values(array_intersect($value, Settings::allowed($name)));
        return self::isSingle($name) ? array_slice($value, 0, 1) : $value;
    }

    /** Everything that is allowed and works here, to be compared. @return array<string, list<string>|bool> */
    public function experimental(): array
    {
        $works = fn (string $kind): array => array_values(array_filter(Settings::allowed($kind),
            fn (string $name): bool => $this->check->of($kind, $name)['works'] ?? !$this->check->isThere()));
        return ['detectors' => $works('detectors'), 'models' => $works('models'), 'enforce' => true, 'history' => true, 'statistics' => true];
    }

    /** The fields, by the heading they stand under. @return array<string, list<array<string, mixed>>> */
    public function groups(): array
    {
        $groups = [];
        foreach (SettingsTexts::groups() as $heading => $names) {
            $groups[$heading] = $this->fields($names);
        }
        return $groups;
    }

    /** @param list<string> $names @return list<array<string, mixed>> */
    public function fields(array $names): array
    {
        return array_map(fn (string $name): array => $this->field(Setting::all()[$name]), $names);
    }

    /** @return array<string, mixed> */
    private function field(Setting $setting): array
    {
        $name = $setting->name;
        [$label, $help] = SettingsTexts::field($name);
        $value = $setting->kind === Setting::SEVERAL ? $this->settings->chosen($name) : $this->settings->value($name);
        if ($name === 'zoom' && !$this->settings->isSet($name)) {
            $value = Settings::zoom();
        }
        return [
            'name' => $name,
            'kind' => self::isSingle($name) ? 'single' : $setting->kind,
            'label' => $label,
            'help' => $help,
            'value' => is_bool($value) ? ($value ? '1' : '0') : (is_array($value) ? '' : (string) $value),
            'step' => is_float($setting->default) ? '0.1' : '1',
            'least' => $setting->least,
            'greatest' => $setting->greatest,
            'range' => sprintf(t('From %1$s to %2$s.'), $setting->least, $setting->greatest),
            // nothing of the owner's own: the program chooses, or has chosen
            'isOwn' => $setting->kind === Setting::SEVERAL && $this->settings->value($name) === [],
            'now' => is_array($value) ? implode(', ', array_intersect($value, Settings::allowed($name))) : '',
            'reason' => self::refusal($name),
            'choices' => $setting->kind === Setting::SEVERAL ? $this->engines($setting, $value)
                : array_map(fn (string $one): array => ['value' => $one, 'label' => SettingsTexts::choice($one), 'isChosen' => $one === $value], $setting->choices),
        ];
    }

    /** Detectors, models, attributes: those chosen first, in their order. @param list<string> $chosen @return list<array<string, mixed>> */
    private function engines(Setting $setting, array $chosen): array
    {
        $kind = $setting->name;
        $allowed = Settings::allowed($kind);
        if (self::isSingle($kind)) {
            $chosen = $this->settings->value($kind) === [] ? [] : array_slice($chosen, 0, 1);
        }
        $found = [];
        foreach (array_unique([...$chosen, ...$setting->choices]) as $name) {
            $check = $this->check->of($kind, $name);
            $reason = match (true) {
                !in_array($name, $allowed, true) => t('The admin of this hub does not allow it.'),
                $check !== null && !$check['works'] => t('It does not work on this server. The admin is told what to do.'),
                default => '',
            };
            $found[] = [
                'value' => $name,
                'label' => $name,
                'isChosen' => in_array($name, $chosen, true),
                'cost' => $reason === '' ? $this->cost->of($kind, $name) : '',
                'reason' => $reason,
                // what does not work here may still be taken away; and a computer at home may have it
                'isOff' => !in_array($name, $allowed, true) || ($reason !== '' && !in_array($name, $chosen, true) && Launcher::obstacle() === ''),
            ];
        }
        return $found;
    }

    private static function isSingle(string $name): bool
    {
        return in_array($name, ['detectors', 'models'], true) && !Settings::isExperimental();
    }
}
