<?php

// What an admin or the hub's cron does on the command line, in the hub's root: php run.php load | unload | cron.

declare(strict_types=1);

$_SERVER['HTTP_HOST'] = '127.0.0.1';
require_once 'include/boot.php';
require_once 'addon/faces/faces.php';

match ($argv[1] ?? '') {
    'load' => faces_load(),
    'unload' => faces_unload(),
    'cron' => (static function (): void {
        $time = datetime_convert();
        call_hooks('cron', $time);
    })(),
};
