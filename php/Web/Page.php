<?php

declare(strict_types=1);

namespace Faces\Web;

use Faces\Model\Face;
use Faces\Model\Photo;
use Faces\Store\ChannelFiles;
use Faces\Store\ChannelSettings;
use Faces\Store\Clones;
use Faces\Store\Sidecars;
use Faces\Store\State;
use Faces\View\Album;
use Faces\View\Captions;
use Faces\Worker\Launcher;
use Faces\Worker\Settings;
use Faces\Worker\Status;

/**
 * The page as it is sent: what the scripts (view/js) start from, and beside it a plain page for those without JavaScript,
 * with photos, names and forms to name faces.
 */
final class Page
{
    /** At a time; the scripts ask for as many (view/js/photolist.js, SECTION). */
    private const PHOTOS = 60;
    /** Seconds in which data files are made while somebody waits for the page. */
    private const PATIENCE = 3.0;
    /** Seconds between two searches that are started because the page was opened. */
    private const PAUSE = 20;
    /** Seconds after a person stopped a search in which opening the page starts none. */
    private const STOPPED = 3600;

    public static function show(Album $album, Request $request): Answer
    {
        $isOwner = $album->visitor->isOwner($album->channel);
        $problems = $isOwner ? self::opened($album) : [];
        $settings = new ChannelSettings($album->cloud);
        $query = Query::fromRequest($request, $album->cloud, $settings->value('sort'), $settings->value('order'), self::PHOTOS);
        $version = $album->version(); // before anything is read: what changes meanwhile is seen as a change
        $gallery = $album->gallery();
        $page = $query->page($gallery);
        $mayName = $album->visitor->mayName($album->channel);
        $first = Data::page($album, $query, $page);
        $names = array_column($first['photos'], 'file', 'photo');
        $own = '/faces/' . rawurlencode($album->channel->nick);
        return Template::page($album, '', sprintf(t('Faces on photos of %s'), $album->channel->name), [
            'template' => 'page',
            'zoom' => $settings->isSet('zoom') ? $settings->value('zoom') : Settings::zoom(),
            'photos' => array_map(static fn (Photo $photo): array => self::photo($photo, $names[$photo->hash], $mayName), $page['photos']),
            'total' => sprintf(t('Photos: %1$d, faces: %2$d'), $page['total'], $page['faces']),
            'problems' => $isOwner ? array_merge($problems, $gallery->problems) : [],
            'status' => self::status($album, $isOwner),
            'isOwner' => $isOwner,
            'mayName' => $mayName,
            'mayRun' => $isOwner && Launcher::obstacle() === '',
            'query' => http_build_query($request->query()),
            'filter' => ['name' => implode(', ', $request->names('all')), 'state' => $request->value('state'), 'states' => self::states()],
            'earlier' => self::link($request, $own, $query->offset - $query->limit, $page['total']),
            'later' => self::link($request, $own, $query->offset + $query->limit, $page['total']),
            't' => self::texts(),
            // So that the scripts need not ask before the first faces are seen.
            'version' => $version,
            'first' => json_encode($first, JSON_INVALID_UTF8_SUBSTITUTE | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR),
        ] + self::forScripts($album, $settings));
    }

    /** @return array<string, string> */
    private static function forScripts(Album $album, ChannelSettings $settings): array
    {
        return [
            // What is not saved yet is kept in the browser: it tells people apart who use the same one.
            'visitor' => substr(hash('sha256', $album->visitor->hash), 0, 16),
            'sort' => $settings->value('sort'),
            'order' => $settings->value('order'),
        ];
    }

    /**
     * The owner opened the page: the data files are made, and new photos are looked for.
     *
     * @return list<string> why not, if not
     */
    private static function opened(Album $album): array
    {
        $files = new ChannelFiles($album->cloud, $album->quota);
        $made = $files->ensure(self::PATIENCE);
        $problems = $files->problems;
        if ($files->isPartial) {
            $problems[] = t('There are many folders: their data files are still being made. Load the page again, or wait for the hub\'s cron.');
        }
        $sidecars = new Sidecars($album->cloud, $album->quota);
        $sidecars->tend(self::PATIENCE);
        array_push($problems, ...$sidecars->problems);
        Clones::sendChanged($album->cloud);
        $obstacle = Launcher::obstacle();
        $stamp = State::path('opened', $album->channel);
        try {
            $isWanted = ($made > 0 || State::age($stamp) >= self::PAUSE) && State::age(State::path('stopped', $album->channel)) >= self::STOPPED;
            if ($obstacle === '' && $isWanted && !Launcher::isRunning('detect')) {
                State::write($stamp, '');
                Launcher::detect($album->channel);
            }
        } catch (\Throwable $error) {
            $obstacle = $error->getMessage();
        }
        if ($obstacle !== '') {
            $problems[] = $obstacle;
        }
        return $problems;
    }

    private static function status(Album $album, bool $isOwner): string
    {
        $status = Status::of($album->channel, $isOwner);
        $failure = $isOwner ? Status::failure($album->channel, $album->visitor->isAdmin()) : null;
        if ($status['running'] && ($status['stopping'] ?? false)) {
            return t('The search was asked to stop.');
        }
        if ($status['running'] && !(int) ($status['total'] ?? 0)) {
            return t('The search is at work. Load this page again in a while.');
        }
        if ($status['running']) {
            $text = sprintf(t('The search is at work: %1$d of %2$d photos done.'), (int) ($status['done'] ?? 0), (int) ($status['total'] ?? 0));
            $eta = strtotime((string) ($status['eta'] ?? ''));
            return $text . ($eta ? ' ' . sprintf(t('It ends at about %s.'), datetime_convert('UTC', date_default_timezone_get(), gmdate('Y-m-d H:i:s', $eta), 'H:i')) : '');
        }
        if ($failure !== null) {
            return sprintf(t('The last run failed (%1$s): %2$s'), Template::time($failure['time']), $failure['reason']);
        }
        $stopped = State::age(State::path('stopped', $album->channel));
        if ($isOwner && $stopped < self::STOPPED) {
            return sprintf(t('The search was stopped. Until %s none starts when you open this page; the button starts one.'),
                Template::time(gmdate('Y-m-d\TH:i:s\Z', time() - $stopped + self::STOPPED)));
        }
        if ($isOwner && $status['state'] === 'done') {
            return sprintf(t('Searched last: %s.'), Template::time((string) ($status['updated'] ?? '')));
        }
        if (!in_array($status['state'], ['failed', 'stopped'], true)) {
            return '';
        }
        $sentence = isset($status['code']) ? Status::sentence((int) $status['code']) . ' ' : '';
        return $sentence . (string) ($status['message'] ?? '');
    }

    /** @return array<string, mixed> */
    private static function photo(Photo $photo, string $file, bool $mayName): array
    {
        $faces = [];
        foreach ($photo->faces as $i => $face) {
            $faces[] = [
                'id' => $face->id,
                'number' => $i + 1,
                'style' => sprintf('left:%.3F%%;top:%.3F%%;width:%.3F%%;height:%.3F%%', 100 * $face->box->x, 100 * $face->box->y,
                    100 * $face->box->w, 100 * $face->box->h),
                'label' => self::label($face),
                'state' => $face->state === Face::OPEN ? ($face->guess !== '' ? 'guessed' : 'unnamed') : $face->state,
                'name' => $face->name !== '' ? $face->name : $face->guess,
                'guess' => $face->state === Face::OPEN ? $face->guess : '',
            ];
        }
        return [
            'hash' => $photo->hash,
            'url' => Captions::url($photo->hash) . '-1',
            'file' => $file,
            'date' => substr($photo->date('taken'), 0, 10),
            'alt' => sprintf(t('%1$s, faces: %2$d'), $file, count($faces)),
            'faces' => $faces,
            'mayName' => $mayName,
        ];
    }

    private static function label(Face $face): string
    {
        return match ($face->state) {
            Face::NAMED => $face->name,
            Face::UNKNOWN => t('somebody unknown'),
            Face::IGNORED => t('not a face'),
            default => $face->guess === '' ? t('who?') : sprintf($face->isGuessOfPhoto() ? t('%s? (from the photo)') : t('%s?'), $face->guess),
        };
    }

    /** @return array<string, string> */
    private static function states(): array
    {
        return ['' => t('all'), 'unnamed' => t('without a name'), 'guessed' => t('with a guess'), 'named' => t('with a name'),
            'unknown' => t('unknown'), 'ignored' => t('not a face')];
    }

    /** @return array<string, string> */
    private static function texts(): array
    {
        return ['name' => t('Name'), 'save' => t('Save'), 'unknown' => t('Unknown person'), 'ignore' => t('Not a face'),
            'yes' => t('Yes'), 'reject' => t('Not this person'), 'clear' => t('Take back'), 'show' => t('Show'), 'person' => t('Person'), 'faces' => t('Faces'),
            'earlier' => t('Back'), 'later' => t('More photos'), 'search' => t('Look for new photos now'), 'stop' => t('Stop'),
            'none' => t('No photos with faces here yet.'), 'change' => t('Change')];
    }

    private static function link(Request $request, string $own, int $offset, int $total): string
    {
        if ($offset >= $total || $offset <= -Query::MOST || ($offset < 0 && (int) $request->value('offset') <= 0)) {
            return '';
        }
        return z_root() . $own . '?' . http_build_query(['offset' => max(0, $offset)] + $request->query());
    }
}
