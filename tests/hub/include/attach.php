<?php

// Follows include/attach.php.

declare(strict_types=1);

function attach_can_view(int $uid, string $observer, string $hash): bool
{
    if (!perm_is_allowed($uid, $observer, 'view_storage')) {
        return false;
    }
    $found = q("SELECT folder FROM attach WHERE hash = '%s' AND uid = %d" . str_replace('%', '%%', permissions_sql($uid, $observer)), dbesc($hash), $uid);
    return $found && attach_can_view_folder($uid, $observer, $found[0]['folder']);
}

function attach_can_view_folder(int $uid, string $observer, string $folder): bool
{
    if ($folder === '') {
        return perm_is_allowed($uid, $observer, 'view_storage');
    }
    do {
        $found = q("SELECT folder FROM attach WHERE hash = '%s' AND uid = %d" . str_replace('%', '%%', permissions_sql($uid, $observer)), dbesc($folder), $uid);
        if (!$found) {
            return false;
        }
        $folder = $found[0]['folder'];
    } while ($folder !== '');
    return true;
}

/**
 * @param array<string, mixed> $channel
 * @param array<string, mixed> $arr
 * @return array<string, mixed>
 */
function attach_mkdir(array $channel, string $observer, array $arr): array
{
    $uid = (int) $channel['channel_id'];
    $base = "store/$channel[channel_address]";
    if (!is_dir($base)) {
        mkdir($base, 0770, true);
    }
    if (!perm_is_allowed($uid, $observer, 'write_storage')) {
        return ['success' => false, 'message' => 'Permission denied.'];
    }
    // in the database's collation, which does not tell upper from lower case
    if (q("SELECT id FROM attach WHERE filename = '%s' AND folder = '%s' AND uid = %d", dbesc($arr['filename']), dbesc($arr['folder']), $uid)) {
        return ['success' => false, 'message' => 'duplicate filename or path'];
    }
    $hash = new_uuid();
    $os_path = ltrim(attach_syspaths($uid, $arr['folder'])['os_path'] . "/$hash", '/');
    $acl = array_map(static fn (string $k): string => dbesc($arr[$k] ?? $channel["channel_$k"]), ['allow_cid', 'allow_gid', 'deny_cid', 'deny_gid']);
    q("INSERT INTO attach (aid, uid, hash, creator, filename, filetype, folder, os_storage, is_dir, content, created, edited, os_path, display_path,
        allow_cid, allow_gid, deny_cid, deny_gid) VALUES (%d, %d, '%s', '%s', '%s', 'multipart/mixed', '%s', 1, 1, '%s', '%s', '%s', '%s', '%s', '%s', '%s', '%s', '%s')",
        (int) $channel['channel_account_id'], $uid, $hash, dbesc(get_observer_hash()), dbesc($arr['filename']), dbesc($arr['folder']),
        dbesc("$base/$os_path"), datetime_convert(), datetime_convert(), dbesc($os_path), dbesc($arr['filename']), ...$acl);
    mkdir("$base/$os_path", 0770, true);
    return ['success' => true, 'data' => q("SELECT * FROM attach WHERE hash = '%s'", $hash)[0]];
}

/** The row and what it stands for on disk, scales of photos included. */
function attach_delete(int $uid, string $hash): void
{
    $found = q("SELECT * FROM attach WHERE hash = '%s' AND uid = %d", dbesc($hash), $uid);
    if (!$found) {
        return;
    }
    if ((int) $found[0]['is_dir']) {
        foreach (q("SELECT hash FROM attach WHERE folder = '%s' AND uid = %d", dbesc($hash), $uid) as $row) {
            attach_delete($uid, $row['hash']);
        }
        @rmdir($found[0]['content']);
    } else {
        array_map('unlink', array_filter([$found[0]['content'], ...glob($found[0]['content'] . '-?')], 'file_exists'));
    }
    q("DELETE FROM attach WHERE hash = '%s' AND uid = %d", dbesc($hash), $uid);
    q("DELETE FROM photo WHERE resource_id = '%s' AND uid = %d", dbesc($hash), $uid);
}

/**
 * @param array<string, mixed> $channel
 * @return array<string, mixed>
 */
function attach_export_data(array $channel, string $hash, bool $deleted = false): array
{
    if ($deleted) {
        return ['attach' => [['hash' => $hash, 'deleted' => 1]], 'original_channel' => $channel['channel_address']];
    }
    $rows = [];
    while ($hash !== '' && ($found = q("SELECT * FROM attach WHERE hash = '%s' AND uid = %d LIMIT 1", dbesc($hash), (int) $channel['channel_id']))) {
        array_unshift($rows, $found[0]);
        $hash = $found[0]['folder'];
    }
    return ['attach' => $rows, 'original_channel' => $channel['channel_address']];
}

/** @return array{os_path: string, path: string} */
function attach_syspaths(int $uid, string $hash): array
{
    $os_path = $path = [];
    while ($hash !== '' && ($found = q("SELECT folder, filename FROM attach WHERE hash = '%s' AND uid = %d", dbesc($hash), $uid))) {
        array_unshift($os_path, $hash);
        array_unshift($path, $found[0]['filename']);
        $hash = $found[0]['folder'];
    }
    return ['os_path' => implode('/', $os_path), 'path' => implode('/', $path)];
}
