<?php

// Follows include/auth.php, include/security.php, include/permissions.php, include/channel.php, Zotlabs/Web/Session.php.

declare(strict_types=1);

/** Sessions lie in the database, under the cookie's value. */
function start_session(): void
{
    session_set_save_handler(
        static fn (): bool => true,
        static fn (): bool => true,
        static function (string $id): string {
            $found = q("SELECT sess_data FROM session WHERE sid = '%s'", dbesc($id));
            return $found ? (string) $found[0]['sess_data'] : '';
        },
        static function (string $id, string $data): bool {
            if (q("SELECT id FROM session WHERE sid = '%s'", dbesc($id))) {
                q("UPDATE session SET sess_data = '%s' WHERE sid = '%s'", dbesc($data), dbesc($id));
            } else {
                q("INSERT INTO session (sid, sess_data, expire) VALUES ('%s', '%s', %d)", dbesc($id), dbesc($data), time() + 9999);
            }
            return true;
        },
        static fn (): bool => true,
        static fn (): int => 0,
    );
    session_set_cookie_params(['path' => '/', 'httponly' => true, 'samesite' => 'None']);
    session_start();
    register_shutdown_function('session_write_close');
    if (local_channel()) {
        App::$channel = channelx_by_n(local_channel());
        App::$observer = App::$channel ?: null;
        $account = q('SELECT * FROM account WHERE account_id = %d', (int) $_SESSION['account_id']);
        App::$account = $account[0] ?? null;
    } elseif (remote_channel()) {
        $found = q("SELECT * FROM xchan WHERE xchan_hash = '%s'", dbesc(remote_channel()));
        App::$observer = $found[0] ?? null;
    }
}

/** The tests' password of everybody is "Secret12" and the name. */
function log_in(string $address, string $password): void
{
    $nick = strstr($address, '@', true) ?: $address;
    $channel = channelx_by_nick($nick);
    if (!$channel || $password !== "Secret12$nick") {
        http_response_code(403);
        return;
    }
    session_regenerate_id(true);
    $_SESSION = ['authenticated' => 1, 'uid' => (int) $channel['channel_id'], 'account_id' => (int) $channel['channel_account_id']];
    header('Location: /', true, 302);
}

function local_channel(): int|false
{
    return session_id() && !empty($_SESSION['authenticated']) && !empty($_SESSION['uid']) ? (int) $_SESSION['uid'] : false;
}

function remote_channel(): string|false
{
    return session_id() && !empty($_SESSION['authenticated']) && !empty($_SESSION['visitor_id']) ? $_SESSION['visitor_id'] : false;
}

function get_observer_hash(): string
{
    return App::$observer['xchan_hash'] ?? '';
}

function is_site_admin(): bool
{
    return session_id() && !empty($_SESSION['authenticated']) && App::$account
        && ((int) App::$account['account_roles'] & ACCOUNT_ROLE_ADMIN);
}

function channelx_by_nick(string $nick): array|false
{
    $found = q("SELECT * FROM channel LEFT JOIN xchan ON channel_hash = xchan_hash WHERE channel_address = '%s' AND channel_removed = 0 LIMIT 1", dbesc($nick));
    return $found[0] ?? false;
}

function channelx_by_n(int $id): array|false
{
    $found = q('SELECT * FROM channel LEFT JOIN xchan ON channel_hash = xchan_hash WHERE channel_id = %d LIMIT 1', $id);
    return $found[0] ?? false;
}

/** In the hub's order: any authenticated, blocked, owner, public, nobody, network, site, contact, pending, contacts, specific. */
function perm_is_allowed(int $uid, string $observer, string $permission): bool
{
    $defaults = ['view_storage' => PERMS_PUBLIC, 'write_storage' => PERMS_SPECIFIC, 'view_contacts' => PERMS_PUBLIC];
    $limit = (int) get_pconfig($uid, 'perm_limits', $permission, $defaults[$permission] ?? 0);
    $channel = channelx_by_n($uid);
    if (!$channel) {
        return false;
    }
    $contact = null;
    if ($observer !== '') {
        if ($limit & PERMS_AUTHED) {
            return true;
        }
        $contact = q("SELECT * FROM abook WHERE abook_channel = %d AND abook_xchan = '%s' AND abook_self = 0", $uid, dbesc($observer))[0] ?? null;
        if ($contact && (int) $contact['abook_blocked']) {
            return false;
        }
    } elseif ((int) get_config('system', 'block_public')) {
        return false;
    }
    if ($channel['channel_hash'] === $observer) {
        return true;
    }
    if ($limit & PERMS_PUBLIC) {
        return true;
    }
    if ($observer === '') {
        return false;
    }
    if ($limit & PERMS_SITE) {
        return (bool) q("SELECT channel_id FROM channel WHERE channel_hash = '%s'", dbesc($observer));
    }
    if (!$contact) {
        return false;
    }
    if ($limit & PERMS_PENDING) {
        return true;
    }
    if ((int) $contact['abook_pending']) {
        return false;
    }
    if ($limit & PERMS_CONTACTS) {
        return true;
    }
    $own = q("SELECT v FROM abconfig WHERE chan = %d AND xchan = '%s' AND cat = 'my_perms' AND k = '%s'", $uid, dbesc($observer), dbesc($permission));
    return ($limit & PERMS_SPECIFIC) && $own && (int) $own[0]['v'];
}

/** A condition on one row, without what is above it. '' for the owner; nobody known sees what has no rights set. */
function permissions_sql(int $owner, ?string $observer = null, string $table = ''): string
{
    $observer ??= get_observer_hash();
    if (local_channel() === $owner || ($observer !== '' && $observer === (channelx_by_n($owner)['channel_hash'] ?? null))) {
        return '';
    }
    $p = $table === '' ? '' : "$table.";
    if ($observer === '') {
        return " AND {$p}allow_cid = '' AND {$p}allow_gid = '' AND {$p}deny_cid = '' AND {$p}deny_gid = ''";
    }
    $groups = q("SELECT hash FROM pgrp LEFT JOIN pgrp_member ON pgrp.id = pgrp_member.gid WHERE pgrp.uid = %d AND xchan = '%s'", $owner, dbesc($observer));
    $me = dbesc("<$observer>");
    $mine = dbesc($groups ? '<' . implode('>|<', array_column($groups, 'hash')) . '>' : '<<>>');
    return " AND (NOT ({$p}deny_cid REGEXP '$me' OR {$p}deny_gid REGEXP '$mine') AND ({$p}allow_cid REGEXP '$me' "
        . "OR {$p}allow_gid REGEXP '$mine' OR ({$p}allow_cid = '' AND {$p}allow_gid = '')))";
}

/** "" for what has no limit; the tests set one for an account's class by config service_class. */
function service_class_fetch(int $uid, string $property): mixed
{
    $found = q('SELECT account_service_class AS class FROM account JOIN channel ON channel_account_id = account_id WHERE channel_id = %d', $uid);
    $limits = $found && $found[0]['class'] ? get_config('service_class', $found[0]['class']) : false;
    return is_array($limits) && !empty($limits[$property]) ? $limits[$property] : false;
}

function engr_units_to_bytes(mixed $size): mixed
{
    $units = ['K' => 1 << 10, 'M' => 1 << 20, 'G' => 1 << 30];
    return $size ? (int) $size * ($units[strtoupper(substr(trim((string) $size), -1))] ?? 1) : $size;
}
