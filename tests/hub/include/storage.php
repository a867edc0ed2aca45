<?php

// Follows Zotlabs/Storage/{BasicAuth,Directory,File}.php: also what is odd there, because the addon has to live with it.

declare(strict_types=1);

namespace Zotlabs\Storage {

    use Zotlabs\Lib\Libsync;

    final class Forbidden extends \RuntimeException
    {
    }

    final class BasicAuth
    {
        public int $channel_id = 0;
        public string $channel_hash = '';
        public string $observer = '';
        public int $owner_id = 0;
        public string $owner_nick = '';
    }

    final class Directory
    {
        public string $folder_hash = '';
        public string $os_path = '';

        /** @param array<string, mixed> $data */
        public function __construct(string $path, array $data, private BasicAuth &$auth)
        {
            // "/MODULE" is cut off, be it the beginning of a channel's name or not
            $path = str_starts_with($path, '/' . \App::$module) ? substr($path, strlen(\App::$module) + 1) : $path;
            $parts = explode('/', trim($path, '/'));
            $channel = channelx_by_nick($parts[0]) ?: throw new Forbidden('no such channel');
            $auth->owner_id = (int) $channel['channel_id'];
            $auth->owner_nick = $parts[0];
            foreach (array_slice($parts, 1) as $name) { // a name with a slash is never found
                $found = q("SELECT hash FROM attach WHERE folder = '%s' AND filename = '%s' AND uid = %d AND is_dir = 1", $this->folder_hash, dbesc($name), $auth->owner_id);
                if (!$found) {
                    throw new Forbidden("$name could not be found");
                }
                $this->folder_hash = $found[0]['hash'];
                $this->os_path = ltrim("$this->os_path/$this->folder_hash", '/');
            }
        }

        /** The file has the rights of its folder, else the channel's. Over the limit it is deleted again, and nothing is said. */
        public function createFile(string $name, mixed $data = null): void
        {
            if (!perm_is_allowed($this->auth->owner_id, $this->auth->observer, 'write_storage')) {
                throw new Forbidden('Permission denied.');
            }
            $uid = $this->auth->owner_id;
            $channel = channelx_by_n($uid);
            $folder = q("SELECT * FROM attach WHERE hash = '%s' AND is_dir = 1 AND uid = %d", dbesc($this->folder_hash), $uid)[0] ?? null;
            $own = $folder && $folder['allow_cid'] . $folder['allow_gid'] . $folder['deny_cid'] . $folder['deny_gid'] !== '';
            $acl = array_map(static fn (string $k): string => dbesc($own ? $folder[$k] : $channel["channel_$k"]), ['allow_cid', 'allow_gid', 'deny_cid', 'deny_gid']);
            $hash = new_uuid();
            $file = 'store/' . $this->auth->owner_nick . '/' . ($this->os_path !== '' ? "$this->os_path/" : '') . $hash;
            q("INSERT INTO attach (aid, uid, hash, creator, filename, folder, os_storage, filetype, content, created, edited, os_path, display_path, allow_cid, allow_gid, deny_cid, deny_gid)
                VALUES (%d, %d, '%s', '%s', '%s', '%s', 1, 'application/octet-stream', '%s', '%s', '%s', '', '', '%s', '%s', '%s', '%s')",
                (int) $channel['channel_account_id'], $uid, $hash, dbesc($this->auth->observer), dbesc($name), dbesc($this->folder_hash), dbesc($file),
                datetime_convert(), datetime_convert(), ...$acl);
            if (@file_put_contents($file, $data) === false) {
                attach_delete($uid, $hash);
                return;
            }
            stored($channel, $hash, $file);
        }
    }

    final class File
    {
        /** @param array<string, mixed> $data */
        public function __construct(string $name, private array $data, BasicAuth &$auth)
        {
        }

        /** In place, with no lock; over the limit the file that was there is deleted. */
        public function put(mixed $data): void
        {
            file_put_contents($this->data['content'], $data);
            stored(channelx_by_n((int) $this->data['uid']), $this->data['hash'], $this->data['content']);
        }
    }

    /** @param array<string, mixed> $channel */
    function stored(array $channel, string $hash, string $file): void
    {
        clearstatcache();
        $size = filesize($file);
        $paths = attach_syspaths((int) $channel['channel_id'], $hash);
        q("UPDATE attach SET filesize = %d, os_path = '%s', display_path = '%s', edited = '%s' WHERE hash = '%s'", $size, dbesc($paths['os_path']), dbesc($paths['path']), datetime_convert(), $hash);
        $largest = (int) get_config('system', 'maxfilesize');
        $limit = engr_units_to_bytes(service_class_fetch((int) $channel['channel_id'], 'attach_upload_limit'));
        $total = (int) q('SELECT SUM(filesize) AS total FROM attach WHERE aid = %d', (int) $channel['channel_account_id'])[0]['total'];
        if (($largest && $size > $largest) || ($limit !== false && $total + $size > $limit)) {
            attach_delete((int) $channel['channel_id'], $hash);
            return;
        }
        Libsync::build_sync_packet((int) $channel['channel_id'], ['file' => [attach_export_data($channel, $hash)]]);
    }
}

namespace {

    use Zotlabs\Storage\BasicAuth;
    use Zotlabs\Storage\Directory;
    use Zotlabs\Storage\File;

    /** PUT /dav/NICK/FOLDER/NAME with Basic authentication, as a WebDAV client sends it. @param list<string> $path */
    function dav(array $path): void
    {
        $nick = strstr((string) ($_SERVER['PHP_AUTH_USER'] ?? ''), '@', true);
        if ($_SERVER['REQUEST_METHOD'] !== 'PUT' || $nick === false || ($_SERVER['PHP_AUTH_PW'] ?? '') !== "Secret12$nick") {
            http_response_code(401);
            return;
        }
        $auth = new BasicAuth();
        $auth->observer = channelx_by_nick($nick)['channel_hash'];
        $name = array_pop($path);
        $directory = new Directory('/' . implode('/', $path), [], $auth);
        $data = file_get_contents('php://input');
        $found = q("SELECT * FROM attach WHERE uid = %d AND folder = '%s' AND filename = '%s' ORDER BY id LIMIT 1", $auth->owner_id, $directory->folder_hash, dbesc($name));
        $found ? (new File($name, $found[0], $auth))->put($data) : $directory->createFile($name, $data);
        http_response_code($found ? 204 : 201);
    }
}
