<?php

declare(strict_types=1);

namespace Faces\Store;

use Faces\Refusal;
use Zotlabs\Storage\BasicAuth;
use Zotlabs\Storage\Directory;

/**
 * The data files of a channel: makes those that are missing, through the hub's own storage, and sees to it that nobody but
 * the owner may read them. The worker writes only where there is a row, so this comes before each run.
 */
final class ChannelFiles
{
    /** What the worker needs beside the journal, which is ours. config.json and thresholds.json are made when they are needed. */
    private const MADE = [Cloud::EDITS_CSV, 'faces_statistics.csv', 'models_statistics.csv', Cloud::WRITTEN];

    /** Why something could not be made. @var list<string> */
    public array $problems = [];
    /** Whether there was not enough time for all of them: the next call goes on. */
    public bool $isPartial = false;

    public function __construct(private readonly Cloud $cloud, private readonly Quota $quota)
    {
    }

    /** Makes what is missing and narrows what is too wide, for so many seconds at most. The number of files made. */
    public function ensure(float $seconds): int
    {
        $lock = null;
        try {
            $lock = State::open(State::path('files.lock', $this->cloud->channel));
            if (!flock($lock, LOCK_EX | LOCK_NB)) {
                $this->isPartial = true; // another request is at it
                return 0;
            }
            $this->cloud->refresh();
            return self::asOwner($this->cloud->channel, fn (): int => $this->make(microtime(true) + $seconds));
        } catch (\Throwable $error) { // Storage throws what Sabre has, and the hub's own errors
            $this->problems[] = sprintf(t('The data files could not be made: %s'), $error->getMessage());
            return 0;
        } finally {
            $this->cloud->refresh();
            $this->narrow(); // also where making fails
            if ($lock) {
                fclose($lock);
            }
        }
    }

    /** A file of the channel's folder `faces`, which is made now. @throws Refusal if it cannot be */
    public function provide(string $name): DataFile
    {
        $reason = $this->quota->refusal(0);
        if ($reason !== '') {
            throw new Refusal(sprintf(t('%1$s cannot be made: %2$s'), $name, $reason), Refusal::FULL);
        }
        $this->problems = [];
        try {
            self::asOwner($this->cloud->channel, function () use ($name): void {
                $top = $this->cloud->dataFolder() ?: $this->makeDataFolder();
                if ($top !== '') {
                    $this->create($top, $name);
                }
            });
        } catch (Refusal $refusal) {
            throw $refusal;
        } catch (\Throwable $error) { // as in `ensure`
            $this->problems[] = $error->getMessage();
        }
        $this->cloud->refresh();
        $file = $this->cloud->own($name);
        if ($file === null || $file->path === '') {
            throw new Refusal(sprintf(t('%1$s cannot be made: %2$s'), $name, implode('; ', $this->problems)), Refusal::FULL);
        }
        return $file;
    }

    /** Another file of the owner's, in any folder. Its hash; "" and a problem if it cannot be made. */
    public function add(string $folder, string $name): string
    {
        try {
            return self::asOwner($this->cloud->channel, fn (): string => $this->create($folder, $name));
        } catch (\Throwable $error) { // as in `ensure`
            $this->problems[] = sprintf(t('%1$s cannot be made: %2$s'), $name, $error->getMessage());
            return '';
        }
    }

    /** Data files that came by WebDAV or from a clone have the rights of their folder: the owner's alone are right. */
    public function narrow(): int
    {
        $wide = array_filter($this->cloud->everything(), static fn (DataFile $file): bool => !$file->isOwnerOnly);
        foreach ($wide as $file) {
            $this->giveToOwner($file->id, $file->hash);
        }
        if ($wide) {
            $this->cloud->refresh();
        }
        return count($wide);
    }

    private function make(float $end): int
    {
        $missing = $this->missing();
        if ($missing === []) {
            return 0;
        }
        $reason = $this->quota->refusal(0);
        if ($reason !== '') {
            $this->problems[] = sprintf(t('The data files could not be made: %s'), $reason);
            return 0;
        }
        $made = 0;
        foreach ($missing as [$folder, $name]) {
            if (microtime(true) > $end) {
                $this->isPartial = true;
                break;
            }
            $made += (int) ($this->create($folder, $name) !== '');
        }
        return $made;
    }

    /** @return list<array{string, string}> folder's hash and name */
    private function missing(): array
    {
        $folders = $this->cloud->foldersWithPhotos();
        if ($folders === []) {
            return []; // a channel without photos gets no files
        }
        $top = $this->cloud->dataFolder() ?: $this->makeDataFolder();
        $wanted = $top === '' ? [] : array_map(static fn (string $name): array => [$top, $name],
            [$this->cloud->journalName(), ...self::MADE]);
        foreach ($folders as $folder) {
            foreach (Cloud::FOLDER_FILES as $name) {
                $wanted[] = [$folder, $name];
            }
        }
        $there = [];
        foreach ($this->cloud->files() as $file) {
            $there["$file->folder/$file->name"] = true;
        }
        return array_values(array_filter($wanted, static fn (array $w): bool => !isset($there["$w[0]/$w[1]"])));
    }

    /** Its hash; "" and a problem if it cannot be made. */
    private function makeDataFolder(): string
    {
        require_once 'include/attach.php';
        $channel = $this->cloud->channel;
        $made = attach_mkdir($channel->row, $channel->hash, [
            'filename' => Cloud::DATA_FOLDER, 'folder' => '', 'allow_cid' => $channel->ownerOnly(), 'allow_gid' => '',
            'deny_cid' => '', 'deny_gid' => '',
        ]);
        $this->cloud->refresh();
        $hash = $this->cloud->dataFolder();
        if ($hash === '') {
            $this->problems[] = sprintf(t('The folder "faces" cannot be made at the top of the cloud. If there is a file or folder whose name is the same but for upper case, rename it. The hub says: %s'),
                (string) ($made['message'] ?? ''));
        } else {
            $this->send($hash);
        }
        return $hash;
    }

    /**
     * By the folder's hash, not by its path: names may hold a slash, and then no path leads there. The hub gives the new file
     * the rights of its folder; it is empty until they are narrowed. Its hash; "" and a problem if it cannot be made.
     */
    private function create(string $folder, string $name): string
    {
        $channel = $this->cloud->channel;
        $auth = new BasicAuth();
        $auth->channel_id = $channel->id;
        $auth->channel_hash = $auth->observer = $channel->hash;
        $directory = new Directory("/$channel->nick", [], $auth);
        if ((int) $auth->owner_id !== $channel->id) { // the hub reads it from the path
            throw new \RuntimeException("the hub took /$channel->nick for another channel");
        }
        $directory->folder_hash = $folder;
        $directory->os_path = implode('/', $this->cloud->chain($folder));
        $shown = ltrim($this->cloud->folderPath($folder) . "/$name", '/');
        if ($directory->os_path !== '' && !is_dir("store/$channel->nick/$directory->os_path")) {
            $this->problems[] = sprintf(t('%s cannot be made: its folder is missing on disk'), $shown);
            return '';
        }
        $directory->createFile($name, '');
        $where = "WHERE uid = %d AND folder = '%s' AND filename = '%s'";
        $rows = Sql::rows("SELECT id, hash, content FROM attach $where ORDER BY id DESC", $channel->id, $folder, $name);
        if (!$rows) {
            $this->problems[] = sprintf(t('%s cannot be made: the hub did not take it'), $shown);
            return '';
        }
        @chmod(Sql::text($rows[0]['content']), 0600);
        $this->giveToOwner((int) $rows[0]['id'], (string) $rows[0]['hash']);
        return (string) $rows[0]['hash'];
    }

    /** Not by attach_change_permissions: it keeps tokens by which anybody could read the file. */
    private function giveToOwner(int $id, string $hash): void
    {
        $channel = $this->cloud->channel;
        Sql::run("UPDATE attach SET allow_cid = '%s', allow_gid = '', deny_cid = '', deny_gid = '' WHERE uid = %d AND id = %d",
            $channel->ownerOnly(), $channel->id, $id);
        $this->send($hash);
    }

    private function send(string $hash): void
    {
        Clones::send($this->cloud->channel, [$hash]);
    }

    /**
     * The hub asks for the observer in some places, whatever it is told; in a cron job there is none. And for the module.
     *
     * @template T
     * @param callable(): T $job
     * @return T
     */
    private static function asOwner(Channel $channel, callable $job): mixed
    {
        $before = [\App::get_observer(), \App::$module];
        try {
            \App::set_observer($channel->row); // channel and xchan in one
            // Directory cuts "/MODULE" off a path's beginning: of a channel "facesofrome" it would leave "ofrome".
            \App::$module = '/';
            return $job();
        } finally {
            \App::set_observer($before[0]);
            \App::$module = $before[1];
        }
    }
}
