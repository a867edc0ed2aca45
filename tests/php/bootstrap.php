<?php

declare(strict_types=1);

// PHPUnit's start: our classes alone. What needs a hub is tested over HTTP (tests/py/test_web_*.py).
error_reporting(E_ALL);
require_once dirname(__DIR__, 2) . '/php/autoload.php';

/** The functions of the hub that classes tested here call. */
function t(string $text): string
{
    return $text;
}

function z_root(): string
{
    return 'https://hub.example';
}
