<?php

declare(strict_types=1);

namespace Faces\Web;

use Faces\Model\Setting;
use Faces\Refusal;
use Faces\Store\ChannelFiles;
use Faces\Store\ChannelSettings;
use Faces\Store\Cloud;
use Faces\Store\Clones;
use Faces\Store\Sidecars;
use Faces\View\Album;
use Faces\View\Captions;
use Faces\View\SettingsForm;
use Faces\View\SettingsTexts;
use Faces\Worker\Launcher;
use Faces\Worker\SelfCheck;
use Faces\Worker\Status;
use Faces\Worker\Wrote;

/** Names in photos: whether they are written there, what that would be, what came of it; and how to take it back. */
final class MetadataPage
{
    /** Seconds in which files beside photos are made within a request. */
    private const PATIENCE = 3.0;

    public static function show(Album $album, Request $request): Answer
    {
        $channel = $album->channel;
        $sidecars = new Sidecars($album->cloud, $album->quota);
        $sidecars->tend(self::PATIENCE);
        Clones::sendChanged($album->cloud);
        $settings = new ChannelSettings($album->cloud);
        $failure = Status::failure($channel, $album->visitor->isAdmin(), array_fill_keys(Launcher::METADATA, $channel));
        $isAtWork = array_filter(Launcher::METADATA, static fn (string $one): bool => Launcher::isRunning($one, $channel)) !== [];
        return Template::page($album, 'metadata', t('Names in photos'), [
            'template' => 'metadata',
            'said' => self::said($request->value('done')),
            'fields' => (new SettingsForm($settings, $album))->fields(SettingsTexts::METADATA),
            'problems' => $sidecars->problems,
            'obstacle' => Launcher::obstacle(),
            'lack' => SelfCheck::last()->lacksExiftool() ? t('The program exiftool is missing on this server. Without it names in photos are not seen, and none can be written. The admin can install it (Debian: apt install libimage-exiftool-perl).') : '',
            'busy' => self::busy($album),
            'failure' => $failure === null || $isAtWork ? '' : $failure['reason'],
            'preview' => self::preview($album, $settings),
            'last' => self::last(Wrote::last($channel)),
            'mayWrite' => $settings->value('write_to') !== Setting::NOWHERE,
            'mayUndo' => ($album->cloud->own(Cloud::WRITTEN)->size ?? 0) > 0,
            't' => self::texts(),
        ]);
    }

    /** Saves; or with `preview`, `write` or `undo` starts that. */
    public static function save(Album $album, Request $request): Answer
    {
        $asked = array_filter(['preview', 'write', 'undo'], static fn (string $one): bool => $request->field($one) === '1');
        $what = $asked === [] ? 'saved' : reset($asked);
        $settings = new ChannelSettings($album->cloud);
        match ($what) {
            'preview' => Launcher::preview($album->channel),
            'write' => self::write($album, $settings),
            'undo' => self::undo($album, $settings),
            'saved' => self::change($album, $settings, $request),
        };
        return Answer::done($request, $album->channel, "metadata?done=$what", $what === 'saved' ? ['saved' => true] : ['started' => true],
            $what === 'saved' ? 200 : 202);
    }

    private static function write(Album $album, ChannelSettings $settings): void
    {
        if ($settings->value('write_to') === Setting::NOWHERE) {
            throw new Refusal(t('Names are written nowhere. Choose first where they are to be written, and save that.'), Refusal::BAD);
        }
        Launcher::write($album->channel);
    }

    /** Nothing is written any more, else all of it came back with the next search. */
    private static function undo(Album $album, ChannelSettings $settings): void
    {
        if (Launcher::obstacle() !== '') {
            throw new Refusal(Launcher::obstacle(), Refusal::BLOCKED);
        }
        $settings->save(['write_to' => Setting::NOWHERE], new ChannelFiles($album->cloud, $album->quota), $album->quota);
        Launcher::undo($album->channel);
    }

    private static function change(Album $album, ChannelSettings $settings, Request $request): void
    {
        $values = [];
        foreach (SettingsTexts::METADATA as $name) {
            $given = $request->given($name);
            if ($given !== null) {
                $values[$name] = Setting::all()[$name]->fromForm($given) ?? throw Refusal::senseless(SettingsTexts::field($name)[0]);
            }
        }
        if ($values === []) {
            throw new Refusal(t('There was nothing to save.'), Refusal::BAD);
        }
        $settings->save($values, new ChannelFiles($album->cloud, $album->quota), $album->quota);
        if ($settings->value('write_to') === Setting::NOWHERE) {
            return;
        }
        try {
            Launcher::write($album->channel);
        } catch (Refusal) { // saved it is in any case; the next run on this or another computer has it
        }
    }

    private static function said(string $done): string
    {
        return match ($done) {
            'saved' => t('Saved.'),
            'undo' => t('What was written is taken out again, and nothing is written any more.'),
            default => '',
        };
    }

    /** The last two hold the lock of the first. */
    private static function busy(Album $album): string
    {
        $isRunning = static fn (string $command): bool => Launcher::isRunning($command, $album->channel);
        return match (true) {
            $isRunning('undo') => t('What was written is being taken out. You may go away: the server goes on by itself.'),
            $isRunning('preview') => t('Your photos are being looked at. This takes a moment.'),
            $isRunning('metadata') => t('Names are being written. You may go away: the server goes on by itself.'),
            default => '',
        };
    }

    /** @return array<string, mixed> none if nobody asked for it yet */
    private static function preview(Album $album, ChannelSettings $settings): array
    {
        $found = Wrote::preview($album->channel);
        if (!$found->isThere()) {
            return [];
        }
        $target = $settings->value('write_to') === Setting::NOWHERE ? 'photo' : $settings->value('write_to');
        $there = $album->cloud->photoNames(array_column($found->photos(), 'hash')); // some may be gone by now
        $photos = array_map(static fn (array $one): array => $one + ['url' => isset($there[$one['hash']]) ? Captions::url($one['hash']) . '-2' : ''],
            $found->photos());
        $isNew = $found->text('names') === 'new';
        return [
            'text' => sprintf(t('%1$s: photos with names to be written: %2$d.'), Template::time($found->text('time')), $found->number('named')),
            'where' => sprintf(t('They would be written %1$s; %2$s.'), SettingsTexts::choice($found->text('target')), SettingsTexts::choice($found->text('names'))),
            'isOld' => $found->text('target') !== $target || $found->text('names') !== $settings->value('write_names'),
            'none' => match (true) {
                $photos !== [] || $found->text('error') !== '' => '',
                $isNew => t('Nothing would be changed now: names that were given before are left. Choose "all names", save, and look again to see those.'),
                default => t('Nothing would be changed.'),
            },
            'error' => $found->text('error'),
            'photos' => $photos,
        ];
    }

    /** How the last run ended. @return array<string, mixed> */
    private static function last(Wrote $last): array
    {
        if (!$last->isThere()) {
            return [];
        }
        $time = Template::time($last->text('time'));
        return [
            'text' => $last->isUndo() ? sprintf(t('Taken out: %1$s. Photos changed: %2$d.'), $time, $last->number('written'))
                : sprintf(t('Written last: %1$s. Photos with names: %2$d, changed: %3$d, as they were: %4$d.'), $time, $last->number('named'),
                    $last->number('written'), $last->number('same')),
            'error' => $last->text('error'),
            'failed' => $last->number('failed') === 0 ? '' : sprintf(t('Photos that could not be changed: %d'), $last->number('failed')),
            'problems' => $last->lines('problems'),
            'left' => $last->lines('left'),
        ];
    }

    /** @return array<string, string> */
    private static function texts(): array
    {
        return ['about' => t('Other programs for photos show the names that are in them, and search by them. Here you say whether yours are written there, and what becomes of those that other programs wrote.'),
            'fields' => t('Written are keywords, the people shown (PersonInImage), and where each face is (regions of MWG and Microsoft), as digiKam, Lightroom and Windows read them. Nothing of other programs is changed or taken out, the picture stays as it is, and all of it can be taken out again.'),
            'private' => t('Whoever gets the photo can read the names in it.'), 'save' => t('Save'),
            'wouldBe' => t('What would be written'), 'preview' => t('Show what would be written'), 'aboutPreview' => t('Three photos as examples; nothing is written.'),
            'old' => t('The settings are others now: look again.'), 'failed' => t('It failed:'),
            'names' => t('Names in your photos'), 'write' => t('Write now'), 'undo' => t('Take everything out again'),
            'aboutUndo' => t('Only what was written from here. Then nothing is written any more, until you choose it again.'),
            'never' => t('Nothing was written yet.'), 'left' => t('Left as they are, because another program says something else')];
    }
}
