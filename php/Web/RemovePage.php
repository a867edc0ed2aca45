<?php

declare(strict_types=1);

namespace Faces\Web;

use Faces\Model\Face;
use Faces\Model\Setting;
use Faces\Refusal;
use Faces\Store\ChannelSettings;
use Faces\Store\Cloud;
use Faces\Store\Journal;
use Faces\Store\Remains;
use Faces\Store\UnreadableFile;
use Faces\View\Album;
use Faces\View\People;
use Faces\Worker\Contents;
use Faces\Worker\Launcher;
use Faces\Worker\Removal;
use Faces\Worker\Status;

/** What is stored of a channel, and how to have it removed: parts of it by the worker, everything without it. */
final class RemovePage
{
    /** Seconds in which everything is removed within a request; the hub's cron does the rest. */
    private const PATIENCE = 8.0;

    public static function show(Album $album, Request $request): Answer
    {
        $channel = $album->channel;
        $isWanted = Removal::isWanted($channel);
        $remains = new Remains($album->cloud);
        $count = $remains->count();
        $isEmpty = array_sum($count) === 0;
        return Template::page($album, 'remove', t('Remove'), [
            'template' => 'remove',
            'isEmpty' => $isEmpty,
            'isWanted' => $isWanted,
            'said' => self::said($request->value('done'), $isWanted, $isEmpty),
            'counts' => self::counts($album, $count),
            'kept' => self::kept($album, $isEmpty),
            'running' => Launcher::isRunning('remove', $channel) ? t('What you chose is being removed.') : '',
            'failure' => Status::failure($channel, $album->visitor->isAdmin(), ['remove' => $channel])['reason'] ?? '',
            'obstacle' => Launcher::obstacle(),
            'parts' => $isEmpty || $isWanted ? [] : self::parts($album),
            'isWritten' => ($album->cloud->own(Cloud::WRITTEN)->size ?? 0) > 0,
            't' => self::texts(),
        ]);
    }

    public static function remove(Album $album, Request $request): Answer
    {
        if ($request->field('everything') === '1') {
            if ($request->field('sure') !== '1' && !Removal::isWanted($album->channel)) {
                throw new Refusal(t('Tick "Yes, everything" as well. Nothing was removed.'), Refusal::BAD);
            }
            $removal = new Removal($album->channel);
            Removal::isWanted($album->channel) || $removal->begin();
            $isDone = $removal->goOn(self::PATIENCE);
            return Answer::done($request, $album->channel, 'remove?done=' . ($isDone ? 'all' : 'part'),
                ['removed' => $isDone, 'kept' => $removal->kept], $isDone ? 200 : 202);
        }
        $what = self::chosen($request);
        if ($what === []) {
            throw new Refusal(t('Choose what is to be removed. Nothing was removed.'), Refusal::BAD);
        }
        if (!Launcher::remove($album->channel, $what)) {
            throw new Refusal(t('Something is being removed already. Wait for it to end.'), Refusal::BUSY);
        }
        return Answer::done($request, $album->channel, 'remove?done=begun', ['started' => true], 202);
    }

    /** As options of py/remove.py. @return list<string> */
    private static function chosen(Request $request): array
    {
        $what = $request->field('names') === '1' ? ['--names'] : [];
        foreach (['detectors', 'models'] as $kind) {
            $names = $request->several($kind) ?? [];
            if (array_diff($names, self::removable($kind)) !== []) {
                throw Refusal::senseless($kind);
            }
            if ($names !== []) {
                $what = [...$what, "--$kind", implode(',', $names)];
            }
        }
        return $what;
    }

    /** Of a kind (detectors, models). Faces of no detector are removed like one's. @return list<string> */
    private static function removable(string $kind): array
    {
        return [...Setting::all()[$kind]->choices, ...($kind === 'detectors' ? [Face::DRAWN, Face::REGION] : [])];
    }

    private static function said(string $done, bool $isWanted, bool $isEmpty): string
    {
        return match (true) {
            $isWanted => t('Everything is being removed. What is at work is stopped first. You may go away: the server goes on by itself.'),
            $isEmpty && $done === 'all' => t('Everything was removed, and the app was taken away. Nothing is searched any more. To begin anew, install the app "Faces" again.'),
            $isEmpty => t('There is nothing stored of this channel.'),
            $done === 'begun' => t('It has begun. What is at work is stopped first. Load this page again to see what is left.'),
            default => '',
        };
    }

    /**
     * @param array{files: int, bytes: int, caches: int, cached: int, rows: int} $count
     * @return array<string, string> what => how much
     */
    private static function counts(Album $album, array $count): array
    {
        $contents = Contents::of($album->channel);
        $people = (new People($album->gallery()))->counts();
        try {
            $decisions = (string) count((new Journal($album->cloud, $album->quota))->rows());
        } catch (UnreadableFile $error) {
            $decisions = $error->getMessage();
        }
        return [
            t('Photos with faces') => (string) $people['photos'],
            t('Faces') => (string) max($people['faces'], $contents->number('faces')),
            t('Faces that somebody decided about') => (string) ($people['named'] + $people['unknown'] + $people['ignored']),
            t('Decisions (each name you gave or took back)') => $decisions,
            t('Data files in your cloud') => sprintf(t('%1$d (%2$s)'), $count['files'], Template::bytes($count['bytes'])),
            t('Notes and copies on the server') => sprintf(t('%1$d (%2$s)'), $count['caches'], Template::bytes($count['cached'])),
            t('Rows in the hub\'s database') => (string) $count['rows'],
        ];
    }

    /** What may be removed by itself, with how much of it there is. @return array<string, list<array{name: string, label: string, count: string, note: string}>> */
    private static function parts(Album $album): array
    {
        $contents = Contents::of($album->channel);
        $settings = new ChannelSettings($album->cloud);
        $parts = [];
        foreach (['detectors', 'models'] as $kind) {
            foreach ($contents->faces($kind) as $name => $faces) {
                if (!in_array($name, self::removable($kind), true)) {
                    continue;
                }
                $label = match ($name) {
                    Face::DRAWN => t('what was computed for boxes that you drew'),
                    Face::REGION => t('faces that other programs marked in photos'),
                    default => $name,
                };
                $parts[$kind][] = ['name' => $name, 'label' => $label, 'count' => sprintf(t('faces: %d'), $faces),
                    'note' => in_array($name, $settings->chosen($kind), true) ? t('It is in use: the next search would do it again. Choose another one in the settings first.') : ''];
            }
        }
        return $parts;
    }

    /** Files under our names that are not ours. @return list<string> */
    private static function kept(Album $album, bool $isEmpty): array
    {
        return $isEmpty ? (new Remains($album->cloud))->foreign() : [];
    }

    /** @return array<string, string> */
    private static function texts(): array
    {
        return ['stored' => t('What is stored'), 'photosStay' => t('Your photos stay as they are, whatever you remove here.'),
            'written' => t('Names that were written into photos, or beside them, stay there. To have them out, take them out first: "Names in photos".'),
            'parts' => t('Remove a part'), 'detectors' => t('What a detector found'), 'models' => t('What a model computed'),
            'names' => t('All names, and every other decision about a face'), 'remove' => t('Remove'), 'all' => t('Remove everything'),
            'about' => t('Everything that this addon has stored of you: faces, names, settings, in your cloud, on this server and on your clones. The app is taken away, so that nothing is made anew. There is no way back: export your names first if you may want them again.'),
            'sure' => t('Yes, everything'), 'goOn' => t('Go on'), 'failed' => t('Removing failed:'),
            'kept' => t('These files stay, because they are not this addon\'s, or you put them there:'), 'needsPython' => t('To remove a part Python is needed:')];
    }
}
