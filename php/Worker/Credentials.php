<?php

declare(strict_types=1);

namespace Faces\Worker;

/** How the worker reaches the database, for its environment. */
final class Credentials
{
    /** @return array<string, string> FACES_DB_... as docs/hub.md has them */
    public static function environment(): array
    {
        // The hub forgets them once it is connected, so the file is read again, as the hub itself does; in a function of its
        // own, so that nothing else it sets stays.
        $read = static function (): array {
            $db_host = $db_port = $db_user = $db_pass = $db_data = $db_type = '';
            include '.htconfig.php';
            return [$db_host, $db_port, $db_user, $db_pass, $db_data, $db_type];
        };
        $config = \App::$config; // .htconfig.php sets values that the database has others for
        ob_start();
        try {
            [$host, $port, $user, $password, $name, $type] = array_map('strval', $read());
        } finally {
            ob_end_clean();
            \App::$config = $config;
        }
        return ['FACES_DB_HOST' => $host, 'FACES_DB_PORT' => $port, 'FACES_DB_USER' => $user, 'FACES_DB_PASSWORD' => $password,
            'FACES_DB_NAME' => $name, 'FACES_DB_TYPE' => $type === '1' ? 'postgres' : 'mysql'];
    }
}
