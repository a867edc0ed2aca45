<?php

// Follows Zotlabs/Web/Controller.php, Zotlabs/Extend/{Route,Hook}.php, Zotlabs/Lib/{Apps,Libsync}.php.

declare(strict_types=1);

namespace Zotlabs\Web {
    class Controller
    {
    }
}

namespace Zotlabs\Extend {

    final class Route
    {
        public static function register(string $file, string $module): void
        {
            set_config('system', 'routes', [...self::get(), [$file, $module]]);
        }

        public static function unregister_by_file(string $file): void
        {
            set_config('system', 'routes', array_values(array_filter(self::get(), static fn (array $route): bool => $route[0] !== $file)));
        }

        /** @return list<array{string, string}> */
        public static function get(): array
        {
            return get_config('system', 'routes', []);
        }
    }

    final class Hook
    {
        public static function register(string $hook, string $file, string $function): void
        {
            self::unregister_by_file($file);
            q("INSERT INTO hook (hook, file, fn) VALUES ('%s', '%s', '%s')", dbesc($hook), dbesc($file), dbesc($function));
        }

        public static function unregister_by_file(string $file): void
        {
            q("DELETE FROM hook WHERE file = '%s'", dbesc($file));
        }
    }
}

namespace Zotlabs\Lib {

    final class Apps
    {
        public static function addon_app_installed(int $uid, string $app): bool
        {
            return (bool) q("SELECT id FROM app WHERE app_plugin = '%s' AND app_channel = %d", dbesc($app), $uid);
        }

        /** Of an addon's app the row goes. @param array<string, string> $app */
        public static function app_destroy(int $uid, array $app): void
        {
            q("DELETE FROM app WHERE app_id = '%s' AND app_channel = %d", dbesc($app['guid']), $uid);
        }
    }

    final class Libsync
    {
        /** Nothing for a channel without clones; the tests find what was sent in a table. @param array<string, mixed> $packet */
        public static function build_sync_packet(int $uid, array $packet): void
        {
            $hash = channelx_by_n($uid)['channel_hash'];
            if (q("SELECT hubloc_id FROM hubloc WHERE hubloc_hash = '%s' AND hubloc_deleted = 0 AND hubloc_host <> '127.0.0.1'", dbesc($hash))) {
                q("INSERT INTO sent (uid, packet) VALUES (%d, '%s')", $uid, dbesc(json_encode($packet)));
            }
        }
    }
}
