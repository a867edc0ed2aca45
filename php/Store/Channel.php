<?php

declare(strict_types=1);

namespace Faces\Store;

use Zotlabs\Lib\Apps;
use Zotlabs\Lib\Libsync;

/** A channel of this hub, whose photos and faces it is about. */
final class Channel
{
    private function __construct(
        public readonly int $id,
        public readonly string $nick,
        public readonly string $name,
        public readonly string $hash,
        public readonly int $account,
        /** @var array<string, mixed> the hub's row, for the hub's own functions */
        public readonly array $row,
    ) {
    }

    /** Null if there is none of that name, or it was removed. */
    public static function named(string $nick): ?self
    {
        // The hub's look-up takes what the database's collation takes; the files lie under the very name.
        $row = preg_match('/^[^\/\0.][^\/\0]{0,190}$/D', $nick) ? channelx_by_nick($nick) : false;
        return is_array($row) && $row['channel_address'] === $nick ? self::of($row) : null;
    }

    /** Every channel with the app, which is its consent. @return list<self> */
    public static function consenting(): array
    {
        $rows = Sql::rows(
            "SELECT DISTINCT app_channel FROM app WHERE app_plugin = '%s' AND app_channel <> 0 AND app_deleted = 0",
            'faces',
        );
        $channels = self::numbered(array_map('intval', array_column($rows, 'app_channel')));
        return array_values(array_filter($channels, static fn (self $one): bool => !(int) $one->row['channel_removed']));
    }

    /** Channels with anything of ours, whether they have the app or not, or were removed. @return list<self> */
    public static function withData(): array
    {
        $ids = array_column(Sql::rows('SELECT DISTINCT uid FROM attach WHERE is_dir = 0 AND filename IN ('
            . Sql::in([Cloud::FACES_CSV, Cloud::FACES_PKL]) . ')'), 'uid');
        return array_values(self::numbered([...array_map('intval', $ids), ...State::channels()]));
    }

    /**
     * Those of these numbers that the hub knows, with a query for each 500 of them.
     *
     * @param list<int> $ids
     * @return array<int, self> by number
     */
    public static function numbered(array $ids): array
    {
        $found = [];
        foreach (array_chunk(array_unique($ids), 500) as $some) {
            $list = implode(',', $some);
            // as channelx_by_n, which does not know removed ones
            foreach (Sql::rows("SELECT * FROM channel LEFT JOIN xchan ON channel_hash = xchan_hash WHERE channel_id IN ($list) ORDER BY channel_id") as $row) {
                if ((string) $row['channel_address'] !== '') {
                    $found[(int) $row['channel_id']] = self::of($row);
                }
            }
        }
        return $found;
    }

    /**
     * Takes the app away from the channel, here and on its clones: without it nothing is searched or made. As the hub's own page
     * of apps does it (Zotlabs/Module/Appman.php).
     */
    public function withdraw(): void
    {
        foreach (Sql::rows("SELECT * FROM app WHERE app_plugin = '%s' AND app_channel = %d AND app_deleted = 0", 'faces', $this->id) as $app) {
            Apps::app_destroy($this->id, ['guid' => $app['app_id']]);
            Libsync::build_sync_packet($this->id, [(int) $app['app_system'] ? 'sysapp' : 'app' => [['app_deleted' => 1] + $app]]);
        }
    }

    public function hasApp(): bool
    {
        return Apps::addon_app_installed($this->id, 'faces');
    }

    /** The rights of a data file: the owner and nobody else. */
    public function ownerOnly(): string
    {
        return '<' . $this->hash . '>';
    }

    /** @param array<string, mixed> $row */
    private static function of(array $row): self
    {
        return new self(
            (int) $row['channel_id'],
            (string) $row['channel_address'],
            (string) $row['channel_name'],
            (string) $row['channel_hash'],
            (int) $row['channel_account_id'],
            $row,
        );
    }
}
