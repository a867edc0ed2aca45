<?php

declare(strict_types=1);

namespace Faces\Worker;

use Faces\Store\State;

/** What the admin set for the whole hub: family `faces` of the hub's table config. */
final class Settings
{
    private const FAMILY = 'faces';

    /** "Block Python on this server": nothing is started, neither by a page nor by cron. */
    public static function isBlocked(): bool
    {
        return (bool) (int) get_config(self::FAMILY, 'block', 0);
    }

    /** Whether guesses may be looked for as soon as somebody gave a name. */
    public static function allowsImmediateSearch(): bool
    {
        return (bool) (int) get_config(self::FAMILY, 'immediate', 1);
    }

    /** Minutes between two searches for new photos by cron; 0: never. */
    public static function interval(): int
    {
        return min(10_080, max(0, (int) get_config(self::FAMILY, 'interval', 60)));
    }

    /** The Python that has our packages: what the admin set, else the addon's own, else the system's. */
    public static function python(): string
    {
        $set = trim((string) get_config(self::FAMILY, 'python', ''));
        $own = self::addon() . '/.venv/bin/python';
        return $set !== '' ? $set : (is_executable($own) ? $own : 'python3');
    }

    public static function addon(): string
    {
        return dirname(__DIR__, 2);
    }

    /** Where errors of the worker are written: beside the logs of the addon logrot, else beside the hub's, else our own. */
    public static function log(): string
    {
        $folders = [(string) get_config('logrot', 'logrotpath', ''), dirname((string) get_config('system', 'logfile', '') ?: '/-/-')];
        foreach ($folders as $folder) {
            $folder = rtrim($folder, '/');
            if ($folder !== '' && is_dir($folder) && is_writable($folder)) {
                return (realpath($folder) ?: $folder) . '/faces.log';
            }
        }
        return getcwd() . '/' . State::path('worker.log');
    }
}
