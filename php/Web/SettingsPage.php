<?php

declare(strict_types=1);

namespace Faces\Web;

use Faces\Model\Setting;
use Faces\Refusal;
use Faces\Store\ChannelFiles;
use Faces\Store\ChannelSettings;
use Faces\View\Album;
use Faces\View\SettingsForm;
use Faces\View\SettingsTexts;
use Faces\Worker\Settings;

/** What an owner can set for the channel. */
final class SettingsPage
{
    public static function show(Album $album, Request $request): Answer
    {
        $settings = new ChannelSettings($album->cloud);
        $form = new SettingsForm($settings, $album);
        return Template::page($album, 'settings', t('Settings'), [
            'template' => 'settings',
            'groups' => $form->groups(),
            'said' => $request->value('saved') === '1' ? t('Saved.') : '',
            'experiments' => Settings::isExperimental() ? '' : t('The admin of this hub does not allow experiments.'),
            't' => ['save' => t('Save'), 'presets' => t('Presets'), 'default' => t('Default'), 'experimental' => t('Experimental'),
                'aboutDefault' => t('As it is for somebody who never opened this page. Your names and faces stay.'),
                'aboutExperimental' => t('Every detector and model that works here, all of them asked, with statistics: to find out which is best for your photos. It takes long.'),
                'own' => t('The program chooses')],
        ]);
    }

    public static function save(Album $album, Request $request): Answer
    {
        $settings = new ChannelSettings($album->cloud);
        $preset = $request->field('preset');
        $values = match ($preset) {
            '' => self::given($request, $settings),
            'default' => array_map(static fn (Setting $one) => $one->default, array_filter(Setting::all(), self::isHere(...))),
            'experimental' => Settings::isExperimental() ? (new SettingsForm($settings, $album))->experimental()
                : throw new Refusal(t('The admin of this hub does not allow experiments.'), Refusal::FORBIDDEN),
            default => throw new Refusal(sprintf(t('%s: there is no such preset'), 'preset'), Refusal::BAD),
        };
        if ($values === []) {
            throw new Refusal(t('There was nothing to save.'), Refusal::BAD);
        }
        $settings->save($values, new ChannelFiles($album->cloud, $album->quota), $album->quota);
        return Answer::done($request, $album->channel, 'settings?saved=1', ['saved' => $values]);
    }

    /** The settings that are the owner's to change here. @return array<string, Setting> */
    private static function open(): array
    {
        return array_filter(Setting::all(), static fn (Setting $one): bool => self::isHere($one) && SettingsForm::refusal($one->name) === '');
    }

    /** Names in photos have a page of their own. */
    private static function isHere(Setting $setting): bool
    {
        return !in_array($setting->name, SettingsTexts::METADATA, true);
    }

    /**
     * What the form says, each value within what is allowed. What the program chose by itself and nobody changed stays its
     * choice.
     *
     * @return array<string, list<string>|string|int|float|bool> by name, of the fields that were sent
     */
    private static function given(Request $request, ChannelSettings $settings): array
    {
        $values = [];
        foreach (self::open() as $name => $setting) {
            $given = $setting->kind === Setting::SEVERAL ? $request->several($name) : $request->given($name);
            if ($given === null) {
                continue;
            }
            $value = $setting->fromForm($given) ?? throw Refusal::senseless(SettingsTexts::field($name)[0]);
            $value = SettingsForm::allowed($name, $value);
            if (is_array($value) && $settings->value($name) === [] && $value === $settings->chosen($name)) {
                $value = [];
            }
            $values[$name] = $value;
        }
        return $values;
    }
}
