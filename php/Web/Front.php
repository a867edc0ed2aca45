<?php

declare(strict_types=1);

namespace Faces\Web;

use Faces\Refusal;
use Faces\Rights\Visitor;
use Faces\Store\Channel;
use Faces\View\Album;

/** Where each request below /faces comes in: finds the channel, checks the rights, calls what answers it. */
final class Front
{
    /** Who may: see the channel's files, name faces (write them), the owner. */
    public const SEE = 'see';
    public const NAME = 'name';
    public const OWN = 'own';

    /** Below /faces/NICK; "" is the page itself. Method and path => who may, and what answers. */
    public const ROUTES = [
        'GET ' => [self::SEE, [Page::class, 'show']],
        'GET faces' => [self::SEE, [Data::class, 'faces']],
        'GET people' => [self::SEE, [Data::class, 'people']],
        'GET status' => [self::SEE, [Data::class, 'status']],
        'POST name' => [self::NAME, [Actions::class, 'name']],
        'POST recognize' => [self::NAME, [Actions::class, 'recognize']],
        'POST start' => [self::OWN, [Actions::class, 'start']],
        'POST stop' => [self::OWN, [Actions::class, 'stop']],
    ];
    private const TOKEN = 'form_security_token';

    public static function answer(Request $request): Answer
    {
        try {
            return self::route($request);
        } catch (Refusal $refusal) {
            return self::refused($request, $refusal);
        } catch (\Throwable $error) {
            logger("faces: {$error->getMessage()} at {$error->getFile()}:{$error->getLine()}", LOGGER_NORMAL, LOG_ERR);
            return self::refused($request, new Refusal('An error inside the addon; the log of the hub has it.', 500));
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
        if ($channel === null || !$channel->hasApp()) {
            $isOwn = $channel !== null && $visitor->isOwner($channel);
            throw new Refusal($isOwn ? 'Install the app "Faces" first: /apps/available' : 'There are no faces at this address.', Refusal::MISSING);
        }
        [$right, $handler] = $route;
        self::check($right, $visitor, $channel);
        if ($request->method === 'POST') {
            self::checkToken($request);
        }
        try {
            return $handler(new Album($channel, $visitor), $request);
        } catch (Refusal $refusal) {
            throw $visitor->isOwner($channel) || $visitor->isAdmin() ? $refusal : self::withoutDetails($refusal);
        }
    }

    /** Paths on the server and an account's limits are for the owner and the admin. */
    private static function withoutDetails(Refusal $refusal): Refusal
    {
        return match ($refusal->getCode()) {
            Refusal::BLOCKED => new Refusal('This cannot be done on this hub just now.', Refusal::BLOCKED),
            Refusal::FULL => new Refusal('There is no room left. Nothing was saved.', Refusal::FULL),
            default => $refusal,
        };
    }

    /** /faces alone is one's own channel. */
    private static function home(Visitor $visitor): Answer
    {
        $own = local_channel() ? channelx_by_n((int) local_channel()) : false;
        if (!is_array($own)) {
            throw $visitor->refused('Your own faces');
        }
        return Answer::redirect('/faces/' . rawurlencode((string) $own['channel_address']));
    }

    /** @return array{string, callable(Album, Request): Answer} */
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
            throw new Refusal('There is nothing at this address.', Refusal::MISSING);
        }
        if (!isset($methods[$method])) {
            throw new Refusal('Not with ' . $method, Refusal::METHOD, ['allow' => implode(', ', array_keys($methods))]);
        }
        return $methods[$method];
    }

    private static function check(string $right, Visitor $visitor, Channel $channel): void
    {
        $isAllowed = match ($right) {
            self::SEE => $visitor->maySee($channel),
            self::NAME => $visitor->mayName($channel),
            default => $visitor->isOwner($channel),
        };
        if (!$isAllowed) {
            throw $visitor->refused('Faces of this channel');
        }
    }

    /** The hub's token of a form: without it another site could send a form in a person's name. */
    private static function checkToken(Request $request): void
    {
        // The hub's check reads $_REQUEST, and takes odd values for PHP errors.
        $token = $request->field(self::TOKEN);
        $isWell = preg_match('/^\d{1,12}\.[0-9a-f]{128}$/D', $token) && ($_REQUEST[self::TOKEN] ?? null) === $token;
        if (!$isWell || !check_form_security_token('faces')) {
            throw new Refusal('The form is too old, or came from another page. Load the page anew, and try again.', Refusal::FORBIDDEN);
        }
    }

    private static function refused(Request $request, Refusal $refusal): Answer
    {
        $code = $refusal->getCode();
        $isForm = $request->method === 'POST' && ($_POST['page'] ?? '') === '1';
        if ($isForm || (count($request->path) <= 2 && $request->method !== 'POST')) {
            return Answer::page(Page::message($refusal->getMessage(), $request->part(1)), $code);
        }
        $headers = $code === Refusal::METHOD ? ['Allow' => (string) $refusal->more['allow']] : [];
        return Answer::json(['error' => $refusal->getMessage(), 'code' => $code] + $refusal->more, $code, $headers);
    }
}
