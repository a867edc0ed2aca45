<?php

declare(strict_types=1);

namespace Faces\Rights;

use Faces\Store\Cloud;
use Faces\Store\Sql;

/**
 * Which photos of a channel a visitor may see: those of which `attach_can_view` (include/attach.php) says so, the row itself
 * and every folder above it, but with one query for all of them. The hub filters rows one by one and leaves out the parents.
 */
final class Sight
{
    /** @var array<string, array{folder: string, uploaded: string}>|null */
    private ?array $photos = null;

    public function __construct(private readonly Cloud $cloud, private readonly Visitor $visitor)
    {
    }

    /** By hash. @return array<string, array{folder: string, uploaded: string}> */
    public function photos(): array
    {
        if ($this->photos !== null) {
            return $this->photos;
        }
        $this->photos = [];
        if (!$this->visitor->maySee($this->cloud->channel)) {
            return [];
        }
        $folders = $this->folders();
        $rows = Sql::rows(
            'SELECT hash, folder, created FROM attach WHERE uid = %d AND is_dir = 0 AND is_photo = 1 ' . $this->own() . ' ORDER BY id',
            $this->cloud->channel->id,
        );
        foreach ($rows as $row) {
            $folder = (string) $row['folder'];
            if ($folder === '' || isset($folders[$folder])) {
                $this->photos[(string) $row['hash']] ??= ['folder' => $folder, 'uploaded' => (string) $row['created']];
            }
        }
        return $this->photos;
    }

    /** The folders he may see with all that are above them. @return array<string, true> */
    private function folders(): array
    {
        $rows = Sql::rows(
            'SELECT hash FROM attach WHERE uid = %d AND is_dir = 1 ' . $this->own(),
            $this->cloud->channel->id,
        );
        $allowed = array_fill_keys(array_column($rows, 'hash'), true);
        $seen = [];
        foreach (array_keys($allowed) as $hash) {
            $chain = $this->cloud->chain((string) $hash);
            $top = $chain ? $this->cloud->folders()[$chain[0]]['parent'] : 'nowhere';
            $isWhole = $top === '' && array_diff_key(array_flip($chain), $allowed) === [];
            if ($isWhole) {
                $seen[(string) $hash] = true;
            }
        }
        return $seen;
    }

    /** The hub's own condition on a row; a % in it is doubled for vsprintf. */
    private function own(): string
    {
        return str_replace('%', '%%', permissions_sql($this->cloud->channel->id, $this->visitor->hash));
    }
}
