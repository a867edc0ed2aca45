<?php

// Follows include/security.php (tokens), include/plugin.php and Zotlabs/Render/SmartyTemplate.php (templates), Zotlabs/Module/Photo.php.

declare(strict_types=1);

function get_form_security_token(string $type = ''): string
{
    return ($now = time()) . '.' . token_hash((string) $now, $type);
}

/** As the hub's: reads $_REQUEST, and trips over an odd value. */
function check_form_security_token(string $type = ''): bool
{
    $parts = explode('.', $_REQUEST['form_security_token'] ?? '');
    return time() <= (int) $parts[0] + 10800 && token_hash($parts[0], $type) == $parts[1];
}

function token_hash(string $time, string $type): string
{
    $key = local_channel() ? App::$channel['channel_prvkey'] : '';
    return hash('whirlpool', App::$observer['xchan_guid'] . $key . session_id() . $time . $type);
}

function head_add_css(string $path, string $media = 'screen'): void
{
    App::$css_sources[] = [$path, $media];
}

function get_markup_template(string $name, string $root = ''): string
{
    return "$root/view/tpl/$name";
}

/** Nothing is escaped by itself. @param array<string, mixed> $values */
function replace_macros(string $template, array $values): string
{
    require_once '/usr/share/php/smarty4/Smarty.class.php';
    $smarty = new Smarty();
    $smarty->setCompileDir('store/[data]/smarty3')->setTemplateDir('.');
    $smarty->left_delimiter = '{{';
    $smarty->right_delimiter = '}}';
    foreach ($values as $name => $value) {
        $smarty->assign(ltrim($name, '$'), $value);
    }
    return $smarty->fetch($template);
}

/** /admin/addons/faces: follows Zotlabs/Module/Admin.php and Admin/Addons.php; the hub's form is round what the addon says. */
function admin_page(): void
{
    if (!is_site_admin()) {
        http_response_code(403);
        echo 'Permission denied.';
        return;
    }
    require_once 'addon/faces/faces.php';
    if ($_SERVER['REQUEST_METHOD'] === 'POST') {
        faces_plugin_admin_post();
        goaway(z_root() . '/admin/addons/faces');
    }
    $form = '';
    faces_plugin_admin($form);
    echo "<!DOCTYPE html><html lang=\"en\"><head><title>Hub</title></head><body><main><form method=\"post\" action=\"/admin/addons/faces/\">$form</form></main></body></html>";
}

/** /photo/HASH-1: a photo's own row of `photo` says who may see it. */
function send_photo(string $name): void
{
    [$hash, $scale] = preg_match('/^(.+)-(\d)$/', strstr("$name.", '.', true), $m) ? [$m[1], (int) $m[2]] : [$name, 0];
    $found = q("SELECT uid, content FROM photo WHERE resource_id = '%s' AND imgscale = %d", dbesc($hash), $scale);
    $row = $found[0] ?? null;
    $allowed = $row && perm_is_allowed((int) $row['uid'], get_observer_hash(), 'view_storage') && q(
        "SELECT id FROM photo WHERE resource_id = '%s' AND imgscale = %d" . str_replace('%', '%%', permissions_sql((int) $row['uid'])),
        dbesc($hash),
        $scale,
    );
    if (!$allowed) {
        http_response_code($row ? 403 : 404);
        return;
    }
    header('Content-Type: image/jpeg');
    readfile($row['content']);
}
