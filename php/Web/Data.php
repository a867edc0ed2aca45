<?php

declare(strict_types=1);

namespace Faces\Web;

use Faces\Model\Face;
use Faces\Model\Photo;
use Faces\Rights\Contacts;
use Faces\Store\Clones;
use Faces\View\Album;
use Faces\View\Captions;
use Faces\View\Groups;
use Faces\View\People;
use Faces\View\Portraits;
use Faces\Worker\Contents;
use Faces\Worker\Settings;
use Faces\Worker\Status;

/** What may be asked, as JSON. docs/api.md describes it. */
final class Data
{
    public static function faces(Album $album, Request $request): Answer
    {
        $query = Query::fromRequest($request, $album->cloud);
        $gallery = $album->gallery();
        return Answer::json(self::page($album, $query, $query->page($gallery)) + self::problems($album, $gallery->problems));
    }

    /**
     * What `faces` answers.
     *
     * @param array{total: int, faces: int, photos: list<Photo>} $page what was found
     * @return array<string, mixed>
     */
    public static function page(Album $album, Query $query, array $page): array
    {
        $captions = new Captions($album->cloud, array_map(static fn (Photo $photo): string => $photo->hash, $page['photos']));
        $photos = [];
        foreach ($page['photos'] as $photo) {
            $photos[] = ['url' => Captions::url($photo->hash) . '-1', 'faces' => array_map(static fn (Face $face): array => $face->toJson(), $photo->faces)]
                + $captions->of($photo);
        }
        return [
            'total' => $page['total'],
            'faces' => $page['faces'],
            'offset' => $query->offset,
            'limit' => $query->limit,
            'may_name' => $album->visitor->mayName($album->channel),
            'photos' => $photos,
        ];
    }

    /** Faces one by one, whatever photo they are on. */
    public static function portraits(Album $album, Request $request): Answer
    {
        $query = PortraitQuery::fromRequest($request);
        $gallery = $album->gallery();
        $page = $query->page($gallery);
        return Answer::json([
            'total' => $page['total'],
            'offset' => $query->offset,
            'limit' => $query->limit,
            'may_name' => $album->visitor->mayName($album->channel),
            'faces' => array_values(Portraits::read($page['places'], $gallery, $album->cloud)),
        ]);
    }

    /** Open faces that look like one person, group by group. */
    public static function groups(Album $album, Request $request): Answer
    {
        $guesses = $request->choice('guesses', ['0', '1']) === '1';
        $offset = $request->number('offset', 0, 0, 10_000_000);
        $limit = $request->number('limit', 20, 1, 100);
        $most = $request->number('portraits', 12, 1, 60);
        $gallery = $album->gallery();
        $groups = new Groups($gallery, $guesses);
        $page = $groups->page($offset, $limit, $most);
        $read = Portraits::read(array_merge(...array_column($page, 'places')), $gallery, $album->cloud);
        return Answer::json([
            'total' => $groups->number(),
            'faces' => $groups->faces(),
            'singles' => $groups->singles,
            'offset' => $offset,
            'limit' => $limit,
            'may_name' => $album->visitor->mayName($album->channel),
            'groups' => array_map(static fn (array $one): array => ['group' => $one['group'], 'faces' => $one['faces'],
                'portraits' => array_values(array_intersect_key($read, array_flip(array_map(Portraits::key(...), $one['places']))))], $page),
        ]);
    }

    public static function people(Album $album, Request $request): Answer
    {
        $wantsContacts = $request->choice('contacts', ['0', '1']) === '1';
        $gallery = $album->gallery();
        $found = new People($gallery);
        $people = $found->people($album->cloud);
        $contacts = Contacts::among(array_column($people, 'name'), $album->channel, $album->visitor);
        foreach ($people as $i => $person) {
            if (isset($contacts[$person['name']])) {
                $people[$i]['contact'] = $contacts[$person['name']];
            }
        }
        $folders = [];
        foreach ($found->folders() as $hash => $counts) {
            $folders[] = ['folder' => (string) $hash, 'path' => $album->cloud->folderPath((string) $hash)] + $counts;
        }
        usort($folders, static fn (array $a, array $b): int => strnatcasecmp($a['path'], $b['path']));
        return Answer::json(['counts' => $found->counts(), 'people' => $people, 'folders' => $folders]
            + ($wantsContacts ? ['contacts' => Contacts::all($album->channel, $album->visitor)] : [])
            + self::problems($album, $gallery->problems));
    }

    public static function status(Album $album, Request $request): Answer
    {
        $wantsFailures = $request->choice('failures', ['0', '1']) === '1';
        $isOwner = $album->visitor->isOwner($album->channel);
        $status = Status::of($album->channel, $isOwner) + ['version' => $album->version()];
        if ($isOwner || $album->visitor->mayName($album->channel)) {
            $status['token'] = get_form_security_token('faces'); // a page may be open for longer than one lasts
        }
        if ($isOwner) {
            $status['failure'] = Status::failure($album->channel, $album->visitor->isAdmin());
            $status['immediate'] = Settings::allowsImmediateSearch();
            $contents = Contents::of($album->channel);
            $status += ['photos' => array_sum($album->cloud->photosByFolder()), 'searched' => $contents->number('photos'), 'failed' => $contents->number('failed'),
                'found' => $contents->number('faces'), 'seconds' => $contents->secondsOfAll()] + ($wantsFailures ? ['failures' => $contents->failures()] : []);
            if (!$status['running']) {
                Clones::sendChanged($album->cloud);
            }
        }
        return Answer::json($status);
    }

    /**
     * What is missing and why, for the owner; others are not told the names of folders.
     *
     * @param list<string> $problems
     * @return array{problems?: list<string>}
     */
    private static function problems(Album $album, array $problems): array
    {
        return $album->visitor->isOwner($album->channel) ? ['problems' => $problems] : [];
    }
}
