<?php

// Logs every warning, notice and deprecation of PHP, wherever it comes from: the tests want none.

declare(strict_types=1);

set_error_handler(static function (int $level, string $message, string $file, int $line): bool {
    // @ leaves these levels on: what it hides is expected
    if (error_reporting() & $level && !str_contains($file, '/smarty4/') && !str_contains($file, '/smarty3/')) {
        file_put_contents((getenv('FACES_TEST_ROOT') ?: '.') . '/php.log', "$message at $file:$line\n", FILE_APPEND);
    }
    return true;
});
