<?php

declare(strict_types=1);

namespace Faces\Worker;

use Faces\Model\Setting;
use Faces\Refusal;
use Faces\Store\State;

/** What the admin set for the whole hub: family `faces` of the hub's table config. */
final class Settings
{
    private const FAMILY = 'faces';

    /** "Block Python on this server": nothing is started, neither by a page nor by cron. */
    public static function isBlocked(): bool
    {
        return (bool) self::number(get_config(self::FAMILY, 'block', 0));
    }

    /** Whether guesses may be looked for as soon as somebody gave a name. */
    public static function allowsImmediateSearch(): bool
    {
        return (bool) self::number(get_config(self::FAMILY, 'immediate', 1));
    }

    /** Minutes between two searches for new photos by cron; 0: never. */
    public static function interval(): int
    {
        return min(10_080, max(0, self::number(get_config(self::FAMILY, 'interval', 60))));
    }

    /** The Python that has our packages: what the admin set, else the addon's own, else the system's. */
    public static function python(): string
    {
        $set = self::pythonSet();
        $own = self::addon() . '/.venv/bin/python';
        return $set !== '' ? $set : (is_executable($own) ? $own : 'python3');
    }

    /** The path that the admin set; "" if none. */
    public static function pythonSet(): string
    {
        $set = get_config(self::FAMILY, 'python', '');
        return is_string($set) ? trim($set) : '';
    }

    /**
     * What the admin allows channels to use, of detectors, models or demography. Set by names with commas between them;
     * nothing set means every one, "-" none.
     *
     * @return list<string>
     */
    public static function allowed(string $kind): array
    {
        $set = match ($kind) {
            'detectors' => get_config(self::FAMILY, 'detectors', ''),
            'models' => get_config(self::FAMILY, 'models', ''),
            default => get_config(self::FAMILY, 'demography', ''),
        };
        $choices = Setting::all()[$kind]->choices;
        $names = is_string($set) ? array_filter(array_map('trim', explode(',', $set))) : [];
        $allowed = array_values(array_intersect($choices, $names));
        // as the worker reads it (limits.py)
        return $kind === 'demography' && $names === ['-'] ? [] : ($allowed ?: $choices);
    }

    /** Whether channels may use several detectors and models at once, and compare them. */
    public static function isExperimental(): bool
    {
        return (bool) self::number(get_config(self::FAMILY, 'experimental', 0));
    }

    /** Percent of the machine's memory at which the worker stops, over what channels set; 0: what they set. */
    public static function ram(): int
    {
        return min(100, max(0, self::number(get_config(self::FAMILY, 'ram', 0))));
    }

    /** Photos in a row on the page, where a channel has not set it. */
    public static function zoom(): int
    {
        return min(6, max(1, self::number(get_config(self::FAMILY, 'zoom', 3))));
    }

    /** @throws Refusal if the database does not take it */
    public static function set(string $key, string|int $value): void
    {
        // twice: of two requests that make the same row at once the second one fails
        if (set_config(self::FAMILY, $key, $value) === false && set_config(self::FAMILY, $key, $value) === false) {
            throw new Refusal(t('The database did not take it. Try again.'), Refusal::BLOCKED);
        }
    }

    /** What somebody wrote into the table by hand may be anything. */
    private static function number(mixed $value): int
    {
        return is_scalar($value) ? (int) $value : 0;
    }

    public static function addon(): string
    {
        return dirname(__DIR__, 2);
    }

    /** Where errors of the worker are written: beside the logs of the addon logrot, else beside the hub's, else our own. */
    public static function log(): string
    {
        $folder = get_config('logrot', 'logrotpath', '');
        $hubs = get_config('system', 'logfile', '');
        foreach ([$folder, is_string($hubs) && $hubs !== '' ? dirname($hubs) : ''] as $folder) {
            if (!is_string($folder)) {
                continue;
            }
            $folder = rtrim($folder, '/');
            // not where the web server hands out files
            if ($folder !== '' && realpath($folder) !== realpath('.') && is_dir($folder) && is_writable($folder)) {
                return (realpath($folder) ?: $folder) . '/faces.log';
            }
        }
        return getcwd() . '/' . State::path('worker.log');
    }
}
