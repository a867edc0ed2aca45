<?php

declare(strict_types=1);

namespace Faces\Web;

use Faces\Refusal;
use Faces\Rights\Visitor;
use Faces\Store\Channel;
use Faces\Store\ChannelSettings;
use Faces\Store\State;
use Faces\View\Album;
use Faces\Worker\Removal;

/** Where each request below /faces comes in: finds the channel, checks the rights, calls what answers it. */
final class Front
{
    /** Who may: see the channel's files, name faces (write them), the owner. */
    public const SEE = 'see';
    public const NAME = 'name';
    public const OWN = 'own';

    /** A page for people: what is refused there is said on a page, too. */
    public const PAGE = 'page';
    /** Also for an owner who has not (or no longer) the app: what was stored has to be his to take and to remove. */
    public const LEFT = 'left';

    /** Below /faces/NICK; "" is the page itself. Method and path => who may, what answers, and what is special. */
    public const ROUTES = [
        'GET ' => [self::SEE, [Page::class, 'show'], self::PAGE],
        'GET faces' => [self::SEE, [Data::class, 'faces']],
        'GET portraits' => [self::SEE, [Data::class, 'portraits']],
        'GET groups' => [self::SEE, [Data::class, 'groups']],
        'GET people' => [self::SEE, [Data::class, 'people']],
        'GET status' => [self::SEE, [Data::class, 'status']],
        'POST name' => [self::NAME, [Actions::class, 'name']],
        'POST recognize' => [self::NAME, [Actions::class, 'recognize']],
        'POST start' => [self::OWN, [Actions::class, 'start']],
        'POST stop' => [self::OWN, [Actions::class, 'stop']],
        'GET settings' => [self::OWN, [SettingsPage::class, 'show'], self::PAGE],
        'POST settings' => [self::OWN, [SettingsPage::class, 'save']],
        'GET metadata' => [self::OWN, [MetadataPage::class, 'show'], self::PAGE],
        'POST metadata' => [self::OWN, [MetadataPage::class, 'save']],
        'GET thresholds' => [self::OWN, [ThresholdsPage::class, 'show'], self::PAGE],
        'POST thresholds' => [self::OWN, [ThresholdsPage::class, 'save']],
        'GET export' => [self::OWN, [TransferPage::class, 'show'], self::PAGE, self::LEFT],
        'POST export' => [self::OWN, [TransferPage::class, 'export'], self::LEFT],
        'POST import' => [self::OWN, [TransferPage::class, 'import']],
        'GET remove' => [self::OWN, [RemovePage::class, 'show'], self::PAGE, self::LEFT],
        'POST remove' => [self::OWN, [RemovePage::class, 'remove'], self::LEFT],
        'GET help' => [self::SEE, [HelpPage::class, 'show'], self::PAGE, self::LEFT],
    ];
    /** Seconds that a request waits while all data of a channel are removed. */
    private const PATIENCE = 10.0;

    public static function answer(Request $request): Answer
    {
        try {
            return self::route($request);
        } catch (Refusal $refusal) {
            return self::refused($request, $refusal);
        } catch (\Throwable $error) {
            logger("faces: {$error->getMessage()} at {$error->getFile()}:{$error->getLine()}", LOGGER_NORMAL, LOG_ERR);
            return self::refused($request, new Refusal(t('An error inside the addon; the log of the hub has it.'), 500));
        }
    }

    private static function route(Request $request): Answer
    {
        $visitor = Visitor::now();
        $nick = $request->part(1);
        if ($nick === '') {
            return self::home($visitor);
        }
        $route = self::allowed($request);
        $channel = Channel::named($nick);
        $isOwn = $channel !== null && $visitor->isOwner($channel);
        if ($channel === null || !self::isOpen($channel, $isOwn && in_array(self::LEFT, $route, true))) {
            throw new Refusal($isOwn ? t('Install the app "Faces" first: /apps/available') : t('There are no faces at this address.'), Refusal::MISSING);
        }
        $album = new Album($channel, $visitor);
        self::check($route[0], $album);
        if (Removal::isWanted($channel) && !in_array(self::LEFT, $route, true)) {
            throw new Refusal(t('All face data of this channel are being removed. When that is done, you can begin anew.'), Refusal::BUSY);
        }
        if ($request->part(2) === 'import' && $request->isCutOff()) {
            // nothing longer: PHP has not read what was sent, and nginx stalls over a page while it still sends that
            return Answer::toPage($channel, 'export?toolarge=1');
        }
        if ($request->method === 'POST') {
            self::checkToken($request);
        }
        try {
            return $route[1]($album, $request);
        } catch (Refusal $refusal) {
            throw $visitor->isOwner($channel) || $visitor->isAdmin() ? $refusal : self::withoutDetails($refusal);
        }
    }

    /** From now on nobody removes all data of the channel under our hands. Whether it has the app, or need not have it. */
    private static function isOpen(Channel $channel, bool $needsNoApp): bool
    {
        if (!State::use($channel, false, self::PATIENCE)) {
            throw new Refusal(t('Face data are being removed on this hub. Try again in a moment.'), Refusal::BUSY);
        }
        return $needsNoApp || $channel->hasApp();
    }

    /** Paths on the server and an account's limits are for the owner and the admin. */
    private static function withoutDetails(Refusal $refusal): Refusal
    {
        return match ($refusal->getCode()) {
            Refusal::BLOCKED => new Refusal(t('This cannot be done on this hub just now.'), Refusal::BLOCKED),
            Refusal::FULL => new Refusal(t('There is no room left. Nothing was saved.'), Refusal::FULL),
            default => $refusal,
        };
    }

    /** /faces alone is one's own channel. */
    private static function home(Visitor $visitor): Answer
    {
        $own = local_channel() ? channelx_by_n((int) local_channel()) : false;
        if (!is_array($own)) {
            throw $visitor->refused(t('Your own faces'));
        }
        return Answer::redirect('/faces/' . rawurlencode((string) $own['channel_address']));
    }

    /** @return array{0: string, 1: callable(Album, Request): Answer, 2?: string, 3?: string} */
    private static function allowed(Request $request): array
    {
        $path = $request->part(2);
        $method = $request->method === 'HEAD' ? 'GET' : $request->method;
        $methods = [];
        foreach (self::ROUTES as $route => $what) {
            [$one, $place] = explode(' ', $route);
            if ($place === $path && count($request->path) <= 3) {
                $methods[$one] = $what;
            }
        }
        if ($methods === []) {
            throw new Refusal(t('There is nothing at this address.'), Refusal::MISSING);
        }
        if (!isset($methods[$method])) {
            throw new Refusal(sprintf(t('Not with %s'), $method), Refusal::METHOD, ['allow' => implode(', ', array_keys($methods))]);
        }
        return $methods[$method];
    }

    private static function check(string $right, Album $album): void
    {
        [$visitor, $channel] = [$album->visitor, $album->channel];
        $isAllowed = match ($right) {
            self::SEE => $visitor->isOwner($channel) || $visitor->mayName($channel)
                || ($visitor->maySee($channel) && (new ChannelSettings($album->cloud))->allowsVisitors()),
            self::NAME => $visitor->mayName($channel),
            default => $visitor->isOwner($channel),
        };
        if (!$isAllowed) {
            throw $visitor->refused(t('Faces of this channel'));
        }
    }

    /** The hub's token of a form: without it another site could send a form in a person's name. */
    private static function checkToken(Request $request): void
    {
        if (!Request::isToken($request->field(Request::TOKEN), 'faces')) {
            throw new Refusal(t('The form is too old, or came from another page. Load the page anew, and try again.'), Refusal::FORBIDDEN);
        }
    }

    private static function refused(Request $request, Refusal $refusal): Answer
    {
        $code = $refusal->getCode();
        $isForm = $request->method === 'POST' && ($_POST['page'] ?? '') === '1';
        if ($isForm || ($request->method !== 'POST' && self::isPage($request))) {
            return Answer::page(Template::message($refusal->getMessage(), $request->part(1), $request->part(2)), $code);
        }
        $headers = $code === Refusal::METHOD ? ['Allow' => (string) $refusal->more['allow']] : [];
        return Answer::json(['error' => $refusal->getMessage(), 'code' => $code] + $refusal->more, $code, $headers);
    }

    private static function isPage(Request $request): bool
    {
        $route = self::ROUTES['GET ' . $request->part(2)] ?? [];
        return count($request->path) <= 2 || (count($request->path) === 3 && in_array(self::PAGE, $route, true));
    }
}
