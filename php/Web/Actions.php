<?php

declare(strict_types=1);

namespace Faces\Web;

use Faces\Model\Decision;
use Faces\Model\Name;
use Faces\Refusal;
use Faces\Store\ChannelFiles;
use Faces\Store\ChannelSettings;
use Faces\Store\State;
use Faces\Store\UnreadableFile;
use Faces\View\Album;
use Faces\Worker\Launcher;
use Faces\Worker\Settings;
use Faces\Worker\Status;

/** What may be done. Each is a POST with the hub's form token; docs/api.md describes the fields. */
final class Actions
{
    /** Seconds in which data files are made within a request. */
    private const PATIENCE = 5.0;

    public static function name(Album $album, Request $request): Answer
    {
        $kind = $request->field('decision');
        $kind = $kind === '' ? Decision::NAME : $kind;
        $chosen = Chosen::fromRequest($request, $kind);
        $name = self::nameOf($request, $kind);
        try {
            $decisions = $album->decide($chosen->in(...), $kind, $name, $chosen->time !== null);
        } catch (UnreadableFile $error) {
            throw new Refusal(sprintf(t('Nothing was saved: %s'), $error->getMessage()), Refusal::BUSY);
        }
        $album->tellClones();
        $saved = array_map(static fn (Decision $d): array => ['face' => $d->face, 'decision' => $d->kind, 'name' => $d->name,
            'time' => $d->time], $decisions);
        return self::done($request, $album, ['saved' => $saved, 'searching' => self::searchNow($album)]);
    }

    public static function recognize(Album $album, Request $request): Answer
    {
        $started = Launcher::recognize($album->channel);
        return self::done($request, $album, ['started' => true, 'follows' => !$started], 202);
    }

    public static function start(Album $album, Request $request): Answer
    {
        $retry = match ($request->field('retry')) {
            '' => false,
            '1' => true,
            default => throw Refusal::senseless('retry'),
        };
        $files = new ChannelFiles($album->cloud, $album->quota);
        $files->ensure(self::PATIENCE);
        @unlink(State::path('stopped', $album->channel));
        if (!Launcher::detect($album->channel, $retry)) {
            $lost = $retry ? ['retry' => false] : []; // the one that follows is for everybody
            throw new Refusal(t('A search is at work on this hub. Yours follows.'), Refusal::BUSY, ['follows' => true] + $lost);
        }
        return self::done($request, $album, ['started' => true, 'problems' => $files->problems] + ($retry ? ['retry' => true] : []), 202);
    }

    public static function stop(Album $album, Request $request): Answer
    {
        Launcher::cancel($album->channel);
        if (!Status::of($album->channel, true)['running']) {
            throw new Refusal(t('Nothing is at work for this channel.'), Refusal::BUSY);
        }
        State::write(State::path('stopped', $album->channel), '');
        Launcher::askToStop($album->channel->nick);
        return self::done($request, $album, ['stopping' => true], 202);
    }

    private static function nameOf(Request $request, string $kind): string
    {
        if (!in_array($kind, [Decision::NAME, Decision::REJECT], true)) {
            return '';
        }
        $given = $request->field('name');
        $name = Name::clean($given);
        if ($name === '') {
            throw new Refusal(sprintf(t('%s: a name is expected'), 'name'), Refusal::BAD);
        }
        if (mb_strlen($given, 'UTF-8') > Name::LONGEST) {
            throw new Refusal(sprintf(t('%1$s: longer than %2$d characters'), 'name', Name::LONGEST), Refusal::BAD);
        }
        return $name;
    }

    /** After a name was given, people are looked for at once, where admin and owner want that. A name is saved in any case. */
    private static function searchNow(Album $album): bool
    {
        if (!Settings::allowsImmediateSearch() || !(new ChannelSettings($album->cloud))->value('immediate_search')) {
            return false;
        }
        try {
            Launcher::recognize($album->channel);
            return true;
        } catch (\Throwable $error) {
            logger('faces: ' . $error->getMessage(), LOGGER_NORMAL);
            return false;
        }
    }

    /** @param array<string, mixed> $what */
    private static function done(Request $request, Album $album, array $what, int $code = 200): Answer
    {
        if ($request->lenient('page') === '1') { // a plain form: back to the page, at the photo
            $photo = $request->lenient('photo');
            $place = preg_match('/^[\w-]{1,191}$/D', $photo) ? "#photo-$photo" : '';
            $query = $request->lenient('query');
            $query = preg_match('/^[\w%=&.+~-]{1,900}$/D', $query) ? "?$query" : '';
            return Answer::toPage($album->channel, $query . $place);
        }
        return Answer::json($what, $code);
    }
}
