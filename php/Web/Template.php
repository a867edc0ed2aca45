<?php

declare(strict_types=1);

namespace Faces\Web;

use Faces\View\Album;
use Faces\View\PageTexts;

/** Fills in our templates (view/tpl), which escape every value themselves. */
final class Template
{
    /** The pages of a channel beside the photos, for its owner. */
    private const OWN = ['settings', 'metadata', 'thresholds', 'export', 'remove'];
    private const SCRIPTS = 'addon/faces/view/js';
    private const WITHOUT_APP = ['export', 'remove', 'help'];

    /** Our style sheet. The hub would have it cached by the hub's version, not by ours: hence the time of the file. */
    public static function addStyle(): void
    {
        $sheet = 'addon/faces/view/css/faces.css';
        head_add_css("/$sheet?t=" . (int) @filemtime($sheet));
    }

    /** The address of a module of ours; it changes with the file. */
    private static function script(string $name): string
    {
        $path = self::SCRIPTS . "/$name.js";
        return "/$path?t=" . (int) @filemtime($path);
    }

    /**
     * What the scripts need: an import map (JSON, fit for HTML), for modules name each other without a version, and a browser must
     * not mix old ones with new ones; and the modules of the page of photos, to be loaded at once instead of one for the other.
     *
     * @return array{imports: string, script: string, modules: list<string>}
     */
    private static function scripts(bool $isPhotos): array
    {
        $modules = [];
        foreach (glob(self::SCRIPTS . '/*.js') ?: [] as $path) {
            $modules["/$path"] = self::script(basename($path, '.js'));
        }
        $forms = '/' . self::SCRIPTS . '/forms.js';
        return [
            'imports' => json_encode(['imports' => $modules], JSON_HEX_TAG | JSON_HEX_AMP | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR),
            'script' => self::script($isPhotos ? 'main' : 'forms'),
            'modules' => $isPhotos ? array_values(array_diff_key($modules, [$forms => true])) : [],
        ];
    }

    /** @param array<string, mixed> $values */
    public static function fill(string $template, array $values): string
    {
        $named = [];
        foreach ($values as $name => $value) {
            $named['$' . $name] = $value;
        }
        return (string) replace_macros(get_markup_template($template, 'addon/faces'), $named);
    }

    /**
     * A page of a channel, with the links to the others above it.
     *
     * @param array<string, mixed> $values
     */
    public static function page(Album $album, string $current, string $title, array $values, int $code = 200): Answer
    {
        $isOwner = $album->visitor->isOwner($album->channel);
        $own = z_root() . '/faces/' . rawurlencode($album->channel->nick);
        $links = [];
        foreach ($album->channel->hasApp() ? ['', ...($isOwner ? self::OWN : []), 'help'] : self::WITHOUT_APP as $place) {
            $links[] = ['url' => rtrim("$own/$place", '/'), 'text' => self::names()[$place], 'isHere' => $place === $current];
        }
        $mayPost = $isOwner || $album->visitor->mayName($album->channel);
        return Answer::page(self::fill("$values[template].tpl", $values + [
            'title' => $title,
            'own' => $own,
            'here' => rtrim("$own/$current", '/'),
            'token' => $mayPost ? get_form_security_token('faces') : '',
            'nav' => self::fill('nav.tpl', ['links' => $links, 'label' => t('Pages'), 'texts' => PageTexts::json($current === '')]
                + self::scripts($current === '')),
        ]), $code);
    }

    /** @return array<string, string> */
    private static function names(): array
    {
        return ['' => t('Photos'), 'settings' => t('Settings'), 'metadata' => t('Names in photos'), 'thresholds' => t('Thresholds'), 'export' => t('Export and import'),
            'remove' => t('Remove'), 'help' => t('Help')];
    }

    /** A time of the worker's (UTC, ISO 8601) as the visitor's clock has it. */
    public static function time(string $utc): string
    {
        $time = strtotime($utc);
        return $time === false ? '' : datetime_convert('UTC', date_default_timezone_get(), gmdate('Y-m-d H:i:s', $time), 'Y-m-d H:i');
    }

    /** A number of bytes for people. */
    public static function bytes(int $bytes): string
    {
        return match (true) {
            $bytes < 1000 => sprintf(t('%d bytes'), $bytes),
            $bytes < 1_000_000 => sprintf(t('%.1f kB'), $bytes / 1000),
            default => sprintf(t('%.1f MB'), $bytes / 1_000_000),
        };
    }

    /** A page with a sentence on it, and the way back to the page on which it happened. */
    public static function message(string $text, string $nick, string $place): string
    {
        $place = $place === 'import' ? 'export' : (isset(self::names()[$place]) ? $place : '');
        return self::fill('message.tpl', [
            'text' => $text,
            'back' => $nick === '' ? '' : rtrim(z_root() . '/faces/' . rawurlencode($nick) . "/$place", '/'),
            't' => ['back' => sprintf(t('Back: %s'), self::names()[$place]), 'title' => t('Faces')],
        ]);
    }
}
