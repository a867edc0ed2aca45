<?php

/**
 * Name: Faces
 * Description: Finds faces in people's own cloud photos. Name a face once, and that person is found in all other photos, on this server.
 * Version: 0.1
 * Author: the founders of faces
 * MinVersion: 8.8
 * MinPHPVersion: 8.1
 */

declare(strict_types=1);

use Zotlabs\Extend\Hook;
use Zotlabs\Extend\Route;

require_once __DIR__ . '/php/autoload.php';

function faces_load(): void
{
    Route::register('addon/faces/php/Mod_Faces.php', 'faces');
    Hook::register('cron', 'addon/faces/faces.php', 'faces_cron');
}

/** What people named, and the data files in their clouds, stay: docs/hub.md, "Removing the addon". */
function faces_unload(): void
{
    Route::unregister_by_file('addon/faces/php/Mod_Faces.php');
    Hook::unregister_by_file('addon/faces/faces.php');
}

/** @param mixed $time UTC, as the hub gives it */
function faces_cron(&$time): void
{
    Faces\Cron::run();
}

/** The admin's page, /admin/addons/faces. */
function faces_plugin_admin(string &$o): void
{
    $o .= Faces\Web\Admin::show();
}

function faces_plugin_admin_post(): void
{
    Faces\Web\Admin::post();
}
