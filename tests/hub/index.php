<?php

// A stand-in for a Hubzilla hub: what the addon calls, and nothing else, over a real database. Started in the hub's root by
// `php -S`. Follows index.php, Zotlabs/Web/WebServer.php and Router.php: session, login, then init, post and get of a module.

declare(strict_types=1);

require_once 'include/boot.php';

if (preg_match('#^/addon/faces/view/(js|css)/[\w.-]+$#D', (string) parse_url((string) $_SERVER['REQUEST_URI'], PHP_URL_PATH))) {
    return false; // a plain file, as any web server gives it
}
$path = explode('/', trim(rawurldecode((string) parse_url((string) $_SERVER['REQUEST_URI'], PHP_URL_PATH)), '/'));
App::$argv = $path;
App::$module = $path[0];
start_session();

if (App::$module === 'login') {
    log_in((string) ($_POST['main_login_username'] ?? ''), (string) ($_POST['main_login_password'] ?? ''));
    killme();
}
if (App::$module === 'photo') {
    send_photo($path[1] ?? '');
    killme();
}
if (App::$module === 'dav') {
    dav($path);
    killme();
}
if ($path === ['admin', 'addons', 'faces'] || $path === ['admin', 'addons', 'faces', '']) {
    admin_page();
    killme();
}
foreach (\Zotlabs\Extend\Route::get() as [$file, $module]) {
    if ($module === App::$module) {
        require_once $file;
        $name = '\\Zotlabs\\Module\\' . ucfirst($module);
        $controller = new $name();
        $controller->init();
        if ($_SERVER['REQUEST_METHOD'] === 'POST' && method_exists($controller, 'post')) {
            $controller->post();
        }
        $content = $controller->get();
        $links = implode('', array_map(static fn (array $css): string => "<link rel=\"stylesheet\" href=\"$css[0]\">", App::$css_sources));
        echo "<!DOCTYPE html><html lang=\"en\"><head><title>Hub</title><meta name=\"color-scheme\" content=\"light dark\"><style>body { background: Canvas; color: CanvasText; }</style><meta name=\"viewport\" content=\"width=device-width\"><link rel=\"icon\" href=\"data:,\">$links</head><body><main>$content</main></body></html>";
        killme();
    }
}
http_response_code(404);
echo '<h1>Page not found.</h1>';
