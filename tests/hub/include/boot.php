<?php

// Follows boot.php, include/dba/dba_driver.php, include/dba/dba_pdo.php, include/config.php, Zotlabs/Lib/Config.php.

declare(strict_types=1);

// It takes known passwords. In an installed addon this file lies where a web server may find it: it serves tests alone.
if (!getenv('FACES_TEST_ROOT') || !in_array(PHP_SAPI, ['cli', 'cli-server'], true)) {
    http_response_code(404);
    exit;
}

const LOGGER_NORMAL = 0;
const LOGGER_DEBUG = 2;
const ACCOUNT_ROLE_ADMIN = 0x1000;
const PERMS_PUBLIC = 1;
const PERMS_NETWORK = 2;
const PERMS_SITE = 4;
const PERMS_CONTACTS = 8;
const PERMS_SPECIFIC = 0x80;
const PERMS_AUTHED = 0x100;
const PERMS_PENDING = 0x200;

final class App
{
    /** @var array<string, mixed>|null */
    public static ?array $observer = null;
    /** @var array<string, mixed>|null */
    public static ?array $channel = null;
    /** @var array<string, mixed>|null */
    public static ?array $account = null;
    /** @var array<string, array<string, mixed>> */
    public static array $config = [];
    public static string $module = '';
    /** @var list<string> */
    public static array $argv = [];
    /** @var list<array{string, string}> */
    public static array $css_sources = [];
    public static ?PDO $db = null;
    /** @var array<string, string>|null */
    public static ?array $strings = null;

    public static function get_observer(): ?array
    {
        return self::$observer;
    }

    public static function set_observer(?array $xchan): void
    {
        self::$observer = $xchan;
    }

    public static function get_hostname(): string
    {
        return '127.0.0.1';
    }
}

(static function (): void {
    include '.htconfig.php';
    App::$db = new PDO('mysql:unix_socket=' . substr($db_host, 1) . ";dbname=$db_data;charset=utf8mb4", $db_user, $db_pass);
    App::$db->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
})();
date_default_timezone_set('UTC');

foreach (['people', 'attach', 'page', 'storage', 'zotlabs'] as $part) {
    require_once __DIR__ . "/$part.php";
}

/** A list of rows for a SELECT, else a statement; false on an error, which is logged only. */
function q(string $sql, mixed ...$values): mixed
{
    $sql = vsprintf($sql, $values);
    try {
        $result = App::$db->query($sql, PDO::FETCH_ASSOC);
    } catch (PDOException $error) {
        logger("$sql: {$error->getMessage()}");
        return false;
    }
    return stripos($sql, 'select') === 0 ? $result->fetchAll() : $result;
}

function dbesc(mixed $text): string
{
    return substr(App::$db->quote((string) $text), 1, -1);
}

function dbescbin(mixed $text): string
{
    return dbesc($text);
}

function dbunescbin(mixed $text): mixed
{
    return $text;
}

function db_getfunc(string $name): string
{
    return $name;
}

/** The whole family is read at first use and then kept for the request. */
function get_config(string $family, string $key, mixed $default = false): mixed
{
    if (!isset(App::$config[$family]['config_loaded'])) {
        App::$config[$family] = array_column(q("SELECT k, v FROM config WHERE cat = '%s'", dbesc($family)) ?: [], 'v', 'k') + ['config_loaded' => true];
    }
    $value = App::$config[$family][$key] ?? null;
    if ($value === null) {
        return $default;
    }
    return is_string($value) && str_starts_with($value, 'json:') ? json_decode(substr($value, 5), true) : $value;
}

/** Stores a bool as 0 or 1, an array as "json:..."; false on an error. */
function set_config(string $family, string $key, mixed $value): mixed
{
    $stored = is_array($value) ? 'json:' . json_encode($value) : (is_bool($value) ? (string) (int) $value : (string) $value);
    $there = q("SELECT k FROM config WHERE cat = '%s' AND k = '%s'", dbesc($family), dbesc($key));
    $done = $there
        ? q("UPDATE config SET v = '%s' WHERE cat = '%s' AND k = '%s'", dbesc($stored), dbesc($family), dbesc($key))
        : q("INSERT INTO config (cat, k, v) VALUES ('%s', '%s', '%s')", dbesc($family), dbesc($key), dbesc($stored));
    if ($done !== false) {
        App::$config[$family][$key] = $value;
    }
    return $done === false ? false : $value;
}

function get_pconfig(int $uid, string $family, string $key, mixed $default = false): mixed
{
    $found = q("SELECT v FROM pconfig WHERE uid = %d AND cat = '%s' AND k = '%s'", $uid, dbesc($family), dbesc($key));
    return $found ? $found[0]['v'] : $default;
}

function logger(string $message, int $level = LOGGER_NORMAL, int $priority = 0): void
{
    file_put_contents('hub.log', gmdate('c') . " $message\n", FILE_APPEND);
}

function datetime_convert(string $from = 'UTC', string $to = 'UTC', string $text = 'now', string $format = 'Y-m-d H:i:s'): string
{
    return (new DateTime($text, new DateTimeZone($from)))->setTimezone(new DateTimeZone($to))->format($format);
}

function argc(): int
{
    return count(App::$argv);
}

function argv(int $i): string
{
    return App::$argv[$i] ?? '';
}

function z_root(): string
{
    return 'http://' . ($_SERVER['HTTP_HOST'] ?? '127.0.0.1');
}

function killme(): never
{
    exit;
}

/** By the browser's language, as the hub chooses it; the addon's own table. */
function t(string $text): string
{
    if (App::$strings === null) {
        App::$strings = [];
        // the hub takes the first that it has a folder for; its own are de-de and, as a link to that, de
        $language = strtolower(preg_split('/[,;]/', (string) ($_SERVER['HTTP_ACCEPT_LANGUAGE'] ?? ''))[0]);
        $table = "addon/faces/lang/$language/hstrings.php";
        if (preg_match('/^[a-z-]+$/D', $language) && is_file($table)) {
            include $table;
        }
    }
    $found = App::$strings[$text] ?? $text;
    return is_array($found) ? $found[0] : $found;
}

function goaway(string $url): never
{
    header("Location: $url", true, 302);
    killme();
}

function new_uuid(): string
{
    $bytes = bin2hex(random_bytes(16));
    return preg_replace('/^(.{8})(.{4})(.{4})(.{4})(.{12})$/', '$1-$2-$3-$4-$5', $bytes);
}

/** @param mixed $value by reference, as hooks have it */
function call_hooks(string $name, mixed &$value): void
{
    foreach (q("SELECT file, fn FROM hook WHERE hook = '%s'", dbesc($name)) ?: [] as $hook) {
        require_once $hook['file'];
        $hook['fn']($value);
    }
}
