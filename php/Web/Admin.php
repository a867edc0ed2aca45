<?php

declare(strict_types=1);

namespace Faces\Web;

use Faces\Model\Setting;
use Faces\Refusal;
use Faces\Store\Channel;
use Faces\Store\Remains;
use Faces\Store\Usage;
use Faces\Worker\Launcher;
use Faces\Worker\Removal;
use Faces\Worker\SelfCheck;
use Faces\Worker\Settings;
use Faces\Worker\Status;

/**
 * The admin's page, /admin/addons/faces: what works on this server, what channels may use, what is at work. It only reads; what
 * takes time is done in the background. The hub puts it into a form of its own, so there are buttons, but no form here.
 */
final class Admin
{
    private const TOKEN = 'faces_admin';
    private const FAILURES = 5;
    /** Channels in the table of what is stored. */
    private const MOST = 100;
    /** Seconds that a run has to end by itself after it was asked to. */
    private const GRACE = 60;
    /** Seconds in which channels are emptied within a request. */
    private const PATIENCE = 20.0;
    /** Seconds between two looks at a self-check that is at work. */
    private const LOOK = 5;

    /** What the hub shows. */
    public static function show(): string
    {
        if (!is_site_admin()) {
            return '';
        }
        Template::addStyle();
        $check = SelfCheck::last();
        if ($check->isRunning && in_array($_GET['done'] ?? '', ['check', 'savedcheck'], true)) {
            header('Refresh: ' . self::LOOK); // it needs no script
        }
        $done = is_string($_GET['done'] ?? null) ? $_GET['done'] : '';
        return Template::fill('admin.tpl', [
            'token' => get_form_security_token(self::TOKEN),
            'said' => AdminTexts::done($done),
            'verdict' => AdminTexts::verdict($check, Launcher::obstacle()),
            'lack' => $check->lacksExiftool() ? t('exiftool is missing: dates that are not in EXIF and names that other programs wrote into photos are not seen, and no names can be written into photos. Install it: apt install libimage-exiftool-perl') : '',
            'check' => self::check($check),
            'versions' => $check->versions(),
            'engines' => AdminTexts::engines($check),
            'running' => self::running(),
            'failures' => self::failures(),
            'usage' => self::usage(),
            'settings' => self::settings(),
            't' => AdminTexts::all(),
        ]);
    }

    /** What the admin asked for; then the page anew. */
    public static function post(): void
    {
        if (!is_site_admin()) {
            return;
        }
        $token = $_POST[Request::TOKEN] ?? '';
        try {
            $done = is_string($token) && Request::isToken($token, self::TOKEN) ? self::act(is_string($_POST['action'] ?? null) ? $_POST['action'] : '') : 'token';
        } catch (\Throwable $error) {
            logger('faces: ' . $error->getMessage(), LOGGER_NORMAL);
            $done = 'failed';
        }
        goaway(z_root() . "/admin/addons/faces?done=$done");
    }

    private static function act(string $action): string
    {
        return match ($action) {
            'save' => self::save(),
            'check' => Launcher::check() ? 'check' : 'busy',
            'endcheck' => self::endCheck(),
            'stop' => self::stop(),
            'removeall' => self::removeAll(),
            default => 'bad',
        };
    }

    private static function save(): string
    {
        $values = [];
        foreach (['detectors', 'models', 'demography'] as $kind) {
            $choices = Setting::all()[$kind]->choices;
            $chosen = array_values(array_intersect($choices, array_filter((array) ($_POST[$kind] ?? []), 'is_string')));
            if ($chosen === [] && $kind !== 'demography') {
                return 'none';
            }
            // every one: also those that a later version knows
            $values[$kind] = $chosen === $choices ? '' : ($chosen === [] ? '-' : implode(',', $chosen));
        }
        foreach (['interval' => [0, 10_080], 'ram' => [0, 100], 'zoom' => [1, 6]] as $key => [$least, $greatest]) {
            $given = $_POST[$key] ?? '';
            if (!is_string($given) || !preg_match('/^\s*\d{1,6}\s*$/D', $given)) {
                return 'number';
            }
            $values[$key] = min($greatest, max($least, (int) $given));
        }
        foreach (['experimental', 'immediate', 'block'] as $key) {
            $values[$key] = ($_POST[$key] ?? '') === '1' ? 1 : 0;
        }
        $python = is_string($_POST['python'] ?? null) ? trim($_POST['python']) : '';
        $isOther = $python !== Settings::pythonSet(); // one that was set on the command line may be any
        if ($isOther && !self::isPython($python)) {
            return 'python';
        }
        foreach ($values + ['python' => $python] as $key => $value) {
            Settings::set($key, $value);
        }
        if ($values['block'] === 1) {
            self::stop();
        }
        return $isOther && self::checkAnew() ? 'savedcheck' : 'saved';
    }

    /** What was found is about another Python. Why it cannot be checked, if so, is on the page. */
    private static function checkAnew(): bool
    {
        SelfCheck::forget();
        try {
            return Launcher::check();
        } catch (Refusal) {
            return false;
        }
    }

    /** An admin of the hub need not be one of the server: nothing but a Python of the server's is started from here. */
    private static function isPython(string $path): bool
    {
        return $path === '' || (preg_match('#^/[^\0]{1,500}/python[0-9.]{0,8}$#D', $path) === 1 && !str_contains($path, '/../')
            && is_file($path) && is_executable($path) && self::isSafe($path) && self::isSafe((string) realpath($path)));
    }

    /** Whether nobody but root and the web user could have put it there: the file and every folder above it belong to them. */
    private static function isSafe(string $path): bool
    {
        if (str_starts_with($path, getcwd() . '/store/')) { // where people's files are
            return false;
        }
        $web = fileowner('store');
        for (; $path !== '/' && $path !== ''; $path = dirname($path)) {
            $isSticky = (fileperms($path) & 01000) !== 0;
            if (!in_array(fileowner($path), [0, $web], true) || ((fileperms($path) & 0002) !== 0 && !$isSticky)) {
                return false;
            }
        }
        return true;
    }

    private static function stop(): string
    {
        foreach (array_keys(Status::running()) as $nick) {
            $nick = (string) $nick;
            Launcher::askToStop($nick);
            $nick === '' ? Launcher::end('detect', null, self::GRACE) : Launcher::end('recognize', Channel::named($nick), self::GRACE);
        }
        return 'stop';
    }

    private static function endCheck(): string
    {
        Launcher::end('availability', null, 0);
        return 'endcheck';
    }

    private static function removeAll(): string
    {
        $typed = is_string($_POST['confirm'] ?? null) ? trim($_POST['confirm']) : '';
        if (mb_strtolower($typed, 'UTF-8') !== mb_strtolower(t('remove everything'), 'UTF-8')) {
            return 'confirm';
        }
        $channels = Channel::withData();
        foreach ($channels as $channel) { // the wish first: the cron does what there is no time for
            Removal::isWanted($channel) || self::begin($channel);
        }
        $end = microtime(true) + self::PATIENCE;
        $isDone = true;
        foreach ($channels as $channel) {
            $left = $end - microtime(true);
            $isDone = $left > 0 && Removal::isWanted($channel) && (new Removal($channel))->goOn($left) && $isDone;
        }
        Remains::deleteOrphans();
        return $isDone ? 'removed' : 'removing';
    }

    /** One channel's trouble is not the others'; it is in the hub's log, and its data are still counted on the page. */
    private static function begin(Channel $channel): void
    {
        try {
            (new Removal($channel))->begin();
        } catch (\Throwable $error) {
            logger("faces: $channel->nick: {$error->getMessage()}", LOGGER_NORMAL);
        }
    }

    /** @return array<string, mixed> how the last self-check went */
    private static function check(SelfCheck $check): array
    {
        $failure = $check->isRunning ? null : Status::failureOf('availability');
        return [
            'isRunning' => $check->isRunning,
            'done' => $check->number('done'),
            'total' => max(1, $check->number('total')),
            'text' => AdminTexts::progress($check),
            'python' => $check->text('python'),
            'failure' => $failure['reason'] ?? '',
        ];
    }

    /** @return list<string> */
    private static function running(): array
    {
        $lines = [];
        foreach (Status::running() as $nick => $status) {
            $lines[] = AdminTexts::run((string) $nick, $status);
        }
        return $lines;
    }

    /** @return list<string> */
    private static function failures(): array
    {
        return array_map(static fn (array $one): string => sprintf(t('%1$s: exit code %2$d. %3$s'),
            trim(Template::time($one['time']) . ' ' . $one['nick']), $one['code'], $one['reason']), Status::failures(self::FAILURES));
    }

    /** @return array<string, mixed> */
    private static function usage(): array
    {
        $all = Usage::perChannel(self::MOST);
        return [
            'total' => sprintf(t('Channels with face data: %1$d, together %2$s.'), count($all), Template::bytes(array_sum(array_column($all, 'bytes')) + array_sum(array_column($all, 'cached')))),
            'channels' => array_map(static fn (array $one): array => ['nick' => $one['nick'], 'url' => z_root() . '/channel/' . rawurlencode($one['nick']),
                'files' => $one['files'], 'bytes' => Template::bytes($one['bytes']), 'cached' => Template::bytes($one['cached']),
                'note' => $one['hasApp'] ? '' : t('no longer has the app')], array_slice($all, 0, self::MOST)),
        ];
    }

    /** @return array<string, mixed> */
    private static function settings(): array
    {
        return ['experimental' => Settings::isExperimental(), 'immediate' => Settings::allowsImmediateSearch(), 'block' => Settings::isBlocked(),
            'interval' => Settings::interval(), 'ram' => Settings::ram(), 'zoom' => Settings::zoom(), 'python' => Settings::pythonSet(),
            'pythonUsed' => Settings::python(), 'log' => Settings::log()];
    }
}
