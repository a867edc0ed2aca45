<?php

declare(strict_types=1);

// Faces\Store\Journal is php/Store/Journal.php.
spl_autoload_register(static function (string $class): void {
    if (str_starts_with($class, 'Faces\\')) {
        $file = __DIR__ . '/' . strtr(substr($class, 6), '\\', '/') . '.php';
        if (is_file($file)) {
            require_once $file;
        }
    }
});
