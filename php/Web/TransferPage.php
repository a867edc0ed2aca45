<?php

declare(strict_types=1);

namespace Faces\Web;

use Faces\Model\Setting;
use Faces\Model\Threshold;
use Faces\Refusal;
use Faces\Store\ChannelFiles;
use Faces\Store\ChannelSettings;
use Faces\Store\Cloud;
use Faces\Store\Export;
use Faces\Store\Import;
use Faces\Store\Journal;
use Faces\Store\Memory;
use Faces\Store\Remains;
use Faces\Store\State;
use Faces\Store\UnreadableFile;
use Faces\Store\Written;
use Faces\View\Album;
use Faces\View\SettingsForm;
use Faces\Worker\Launcher;

/** Everything in one file, to be kept or taken to another hub; and back. */
final class TransferPage
{
    /** Missing photos that are named on the page. */
    private const NAMED = 100;
    /** Seconds in which data files are made before names are taken in. */
    private const PATIENCE = 10.0;

    public static function show(Album $album, Request $request): Answer
    {
        $isThere = $request->value('new') !== '';
        return Template::page($album, 'export', t('Export and import'), [
            'template' => 'export',
            'mayImport' => $album->channel->hasApp(),
            'said' => $isThere ? self::said($request->number('new', 0, 0, 9_999_999), $request->number('known', 0, 0, 9_999_999), $request->number('files', 0, 0, 999_999)) : '',
            'problem' => $request->value('toolarge') === '1' ? Request::tooLarge()->getMessage() : '',
            'isWaiting' => Import::isWaiting($album->channel),
            'report' => self::report($album),
            'obstacle' => Launcher::obstacle(),
            'largest' => sprintf(t('This server takes files of %s at most.'), Template::bytes(self::largest())),
            'cloudFile' => $album->cloud->exported() !== null,
            'cloudName' => Cloud::DATA_FOLDER . '/' . Cloud::EXPORTED,
            't' => self::texts(),
        ]);
    }

    public static function export(Album $album, Request $request): Answer
    {
        Remains::sweep($album->channel);
        $path = (new Export($album->cloud))->make(self::readme());
        $name = 'faces-' . preg_replace('/[^A-Za-z0-9_-]+/', '-', $album->channel->nick) . '-' . gmdate('Y-m-d') . '.zip';
        return Answer::file($path, $name, 'application/zip');
    }

    public static function import(Album $album, Request $request): Answer
    {
        Remains::sweep($album->channel);
        if ($request->field('discard') === '1') {
            Import::forget($album->channel);
            return Answer::done($request, $album->channel, 'export', ['discarded' => true]);
        }
        $path = $request->field('cloud') === '1' ? $album->cloud->exported()?->path ?? '' : $request->upload('file');
        if ($path === '') {
            throw new Refusal(t('Choose the file of an export first.'), Refusal::BAD);
        }
        if (Import::isWaiting($album->channel)) {
            throw new Refusal(t('Faces of an earlier import are waiting for the next search. Import this one when that is through.'), Refusal::BUSY);
        }
        $files = new ChannelFiles($album->cloud, $album->quota);
        $files->ensure(self::PATIENCE);
        $isSearching = Launcher::obstacle() === '';
        $journal = $album->cloud->journalName();
        $album->cloud->own($journal) ?? $files->provide($journal); // another request may be making them: never write to a clone's
        $import = new Import($album->cloud);
        try {
            $import->read($path, $isSearching);
            (new Written($album->cloud))->take($import->written(), $files, $album->quota);
            $found = $import->apply(new Journal($album->cloud, $album->quota));
        } catch (UnreadableFile $error) {
            throw new Refusal(sprintf(t('Nothing was saved: %s'), $error->getMessage()), Refusal::FULL);
        }
        if ($request->field('settings') === '1') {
            self::takeSettings($album, $import->settings(), $files);
        }
        if ($isSearching) {
            @unlink(State::path('stopped', $album->channel));
            Launcher::detect($album->channel);
        }
        $album->tellClones();
        $known = $found['decisions'] - $found['new'];
        return Answer::done($request, $album->channel, "export?new=$found[new]&known=$known&files=$found[files]", $found);
    }

    /**
     * Those that are allowed here, each checked as if a form had it.
     *
     * @param array<string, array<mixed>> $given config and thresholds
     */
    private static function takeSettings(Album $album, array $given, ChannelFiles $files): void
    {
        $settings = new ChannelSettings($album->cloud);
        $config = $given['config'] ?? [];
        $values = [];
        foreach (Setting::all() as $name => $setting) {
            $value = is_array($config[$setting->group] ?? null) ? $config[$setting->group][$name] ?? null : null;
            // Into photos nothing is written before their owner says so here.
            if ($value !== null && $name !== 'write_to' && SettingsForm::refusal($name) === '') {
                $values[$name] = SettingsForm::allowed($name, $setting->checked($value));
            }
        }
        if ($values !== []) {
            $settings->save($values, $files, $album->quota);
        }
        $cuts = [];
        foreach (Threshold::DEFAULTS as $model => $metrics) {
            foreach (array_keys($metrics) as $metric) {
                $value = is_array($given['thresholds'][$model] ?? null) ? $given['thresholds'][$model][$metric] ?? null : null;
                if (is_int($value) || is_float($value)) {
                    $cuts[$model][$metric] = Threshold::clamped($model, $metric, (float) $value);
                }
            }
        }
        if ($cuts !== []) {
            $settings->saveThresholds($cuts, $files, $album->quota);
        }
    }

    private static function said(int $new, int $known, int $files): string
    {
        $text = sprintf(t('Decisions taken in: %1$d; known already: %2$d.'), $new, $known);
        return $text . ' ' . ($files > 0 ? t('Faces are taken in with the search that has begun now: photos of the same content need not be searched again by the same detector.')
            : t('No faces are taken in: the next search finds them anew, and names find their faces by the content of the photos.'));
    }

    /** What came of the last import: how many photos of it are here. @return array<string, mixed> */
    private static function report(Album $album): array
    {
        $found = json_decode(State::read(State::path('imported.json', $album->channel)), true, 8);
        if (!is_array($found) || ($found['version'] ?? 0) !== 1) {
            return [];
        }
        $number = static fn (string $key): int => is_int($found[$key] ?? null) ? $found[$key] : 0;
        $missing = [];
        foreach (is_array($found['missing'] ?? null) ? array_slice($found['missing'], 0, self::NAMED) : [] as $one) {
            $missing[] = is_array($one) ? ltrim(implode('/', array_filter([$one['folder'] ?? '', $one['file'] ?? ''], 'is_string')), '/') : '';
        }
        return [
            'text' => sprintf(t('The last import: of %1$d photos %2$d are here, with the same content; faces taken over: %3$d.'), $number('photos'), $number('matched'), $number('faces')),
            'left' => $number('photos') - $number('matched'),
            'missing' => $missing,
            'unreadable' => is_array($found['unreadable'] ?? null) ? array_values(array_filter($found['unreadable'], 'is_string')) : [],
            'hasMore' => count(is_array($found['missing'] ?? null) ? $found['missing'] : []) > self::NAMED,
        ];
    }

    /** Bytes. */
    private static function largest(): int
    {
        return min(Memory::bytes('upload_max_filesize'), Memory::bytes('post_max_size'));
    }

    /** What the file says of itself. */
    private static function readme(): string
    {
        return implode("\n\n", array_map(static fn (string $text): string => wordwrap($text, 100), [
            t('Faces on your photos: everything that the addon "faces" has stored of your channel.'),
            t('names/: what you and others decided about faces, one decision in a line: names.csv, and edits.csv for names that were typed into faces.csv. CSV, to be opened in any spreadsheet (UTF-8, commas).'),
            t('folders/NUMBER/faces.csv: where faces are on the photos of a folder, in parts of the photo\'s width and height from its top left corner, and who they are. folders.csv says which folder has which number.'),
            t('folders/NUMBER/faces.parquet: a row of numbers for each face, by which it can be recognized: biometric data. Apache Parquet, to be read by pyarrow, pandas, DuckDB and others.'),
            t('Columns of faces.csv: id (of the face), file, photo (the hub\'s number of it), x y w h (place), face_nr (from left to right), name, state (named, unknown, ignored: not a face), name_recognized and distance (a guess), model, detector, confidence (0 to 1), time_named (UTC), date_taken, content (a number that the photo has by what is in it).'),
            t('photos/written.jsonl: what was written into your photos, or beside them.'),
            t('settings/: your settings and thresholds, JSON. statistics/: how good guesses were. export.json: what this file is, for the program that takes it in.'),
            t('To take it to another hub: install the app "Faces" there, upload the same photos, and choose this file at "Export and import". Photos are known by their content, whatever their names. The columns are described in the addon\'s docs/formats.md.'),
        ])) . "\n";
    }

    /** @return array<string, string> */
    private static function texts(): array
    {
        return ['export' => t('Export faces'), 'aboutExport' => t('Faces, names and settings in one file, without the photos. Whoever has it can recognize the people in it: keep it where nobody else gets at it.'),
            'download' => t('Download the file'), 'import' => t('Import faces'), 'aboutImport' => t('From a file that was exported here or on another hub. Photos are known by their content; nothing is asked twice; what you decided here stays, where it is newer.'),
            'file' => t('File'), 'settings' => t('Take the settings in it, too'), 'take' => t('Import this file'), 'fromCloud' => t('Import this file from my cloud:'),
            'larger' => t('A larger one: put it into your cloud under this name, and load this page again:'),
            'waiting' => t('Faces of an import are waiting for the search to be through.'), 'discard' => t('Do not take them in'),
            'unreadable' => t('The faces of these folders could not be read; they are found anew:'), 'missing' => t('These photos are not here:'),
            'more' => t('And more.'), 'noApp' => t('To import, install the app "Faces" first.'), 'noPython' => t('Only names can be taken in here, not faces:')];
    }
}
