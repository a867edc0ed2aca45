<?php

declare(strict_types=1);

namespace Faces\Store;

/** How much disk the face data of each channel take: with one query, whatever the number of channels. */
final class Usage
{
    /**
     * @return list<array{nick: string, files: int, bytes: int, cached: int, hasApp: bool}> the largest first; copies on the
     *     server (`cached`) are counted for so many of them
     */
    public static function perChannel(int $counted): array
    {
        $folders = "SELECT hash FROM attach WHERE is_dir = 1 AND folder = '' AND filename = '%s'";
        $rows = Sql::rows(
            'SELECT uid, COUNT(*) AS files, SUM(filesize) AS bytes FROM attach WHERE is_dir = 0 AND (filename IN (' . Sql::in(Cloud::FOLDER_FILES)
            . ') OR (filename IN (' . Sql::in(Cloud::CHANNEL_FILES) . ") AND folder IN ($folders))) GROUP BY uid",
            Cloud::DATA_FOLDER,
        );
        $known = array_column($rows, null, 'uid');
        $consenting = array_fill_keys(array_map(static fn (Channel $one): int => $one->id, Channel::consenting()), true);
        $found = [];
        foreach (Channel::withData() as $channel) {
            $row = $known[$channel->id] ?? ['files' => 0, 'bytes' => 0];
            $found[] = ['nick' => $channel->nick, 'files' => (int) $row['files'], 'bytes' => (int) $row['bytes'],
                'cached' => 0, 'hasApp' => isset($consenting[$channel->id]), 'id' => $channel->id];
        }
        usort($found, static fn (array $a, array $b): int => [$b['bytes'], $a['nick']] <=> [$a['bytes'], $b['nick']]);
        foreach (array_slice($found, 0, $counted, true) as $i => $one) {
            $found[$i]['cached'] = Remains::size(State::path('', $one['id']))[1];
        }
        return $found;
    }
}
