<?php

declare(strict_types=1);

namespace Faces\Web;

use Faces\Model\Face;
use Faces\Model\Photo;
use Faces\Rights\Contacts;
use Faces\Store\Clones;
use Faces\View\Album;
use Faces\View\Captions;
use Faces\View\People;
use Faces\Worker\Settings;
use Faces\Worker\Status;

/** What may be asked, as JSON. docs/api.md describes it. */
final class Data
{
    public static function faces(Album $album, Request $request): Answer
    {
        $query = Query::fromRequest($request, $album->cloud);
        $gallery = $album->gallery();
        $page = $query->page($gallery);
        $captions = new Captions($album->cloud, array_map(static fn (Photo $photo): string => $photo->hash, $page['photos']));
        $photos = [];
        foreach ($page['photos'] as $photo) {
            $photos[] = ['url' => Captions::url($photo->hash) . '-1', 'faces' => array_map(static fn (Face $face): array => $face->toJson(), $photo->faces)]
                + $captions->of($photo);
        }
        return Answer::json([
            'total' => $page['total'],
            'faces' => $page['faces'],
            'offset' => $query->offset,
            'limit' => $query->limit,
            'may_name' => $album->visitor->mayName($album->channel),
            'photos' => $photos,
        ] + self::problems($album, $gallery->problems));
    }

    public static function people(Album $album): Answer
    {
        $gallery = $album->gallery();
        $found = new People($gallery);
        $people = $found->people();
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
            + self::problems($album, $gallery->problems));
    }

    public static function status(Album $album): Answer
    {
        $isOwner = $album->visitor->isOwner($album->channel);
        $status = Status::of($album->channel, $isOwner);
        if ($isOwner) {
            $status['failure'] = Status::failure($album->channel, $album->visitor->isAdmin());
            $status['immediate'] = Settings::allowsImmediateSearch();
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
