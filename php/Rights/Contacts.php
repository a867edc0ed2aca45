<?php

declare(strict_types=1);

namespace Faces\Rights;

use Faces\Store\Channel;
use Faces\Store\Sql;

/** A contact's address may be a name: then the page shows who that is, to whoever may see the channel's contacts. */
final class Contacts
{
    private const MOST = 5000;

    /**
     * @param list<string> $names
     * @return array<string, array{name: string, url: string}> by name, of those that are a contact's address
     */
    public static function among(array $names, Channel $channel, Visitor $visitor): array
    {
        $addresses = array_values(array_filter($names, static fn (string $name): bool => str_contains($name, '@')));
        if ($addresses === [] || !perm_is_allowed($channel->id, $visitor->hash, 'view_contacts')) {
            return [];
        }
        $rows = Sql::rows(
            'SELECT xchan_addr, xchan_name, xchan_url FROM abook LEFT JOIN xchan ON abook_xchan = xchan_hash '
            . 'WHERE abook_channel = %d AND abook_self = 0 AND xchan_addr IN (' . Sql::in($addresses) . ')',
            $channel->id,
        );
        return self::byAddress($rows);
    }

    /**
     * The contacts whose names may be given, by their names; [] for who may not give any, or not see them.
     *
     * @return list<array{address: string, name: string, url: string}>
     */
    public static function all(Channel $channel, Visitor $visitor): array
    {
        if (!$visitor->mayName($channel) || !perm_is_allowed($channel->id, $visitor->hash, 'view_contacts')) {
            return [];
        }
        $rows = Sql::rows(
            'SELECT xchan_addr, xchan_name, xchan_url FROM abook LEFT JOIN xchan ON abook_xchan = xchan_hash WHERE abook_channel = %d '
            . "AND abook_self = 0 AND abook_blocked = 0 AND abook_pending = 0 AND xchan_addr <> '' ORDER BY xchan_name, xchan_addr LIMIT %d",
            $channel->id,
            self::MOST,
        );
        $found = [];
        foreach (self::byAddress($rows) as $address => $contact) {
            $found[] = ['address' => (string) $address] + $contact;
        }
        return $found;
    }

    /** @param list<array<string, mixed>> $rows @return array<string, array{name: string, url: string}> */
    private static function byAddress(array $rows): array
    {
        $found = [];
        foreach ($rows as $row) {
            $url = (string) $row['xchan_url'];
            $found[(string) $row['xchan_addr']] = [
                'name' => (string) $row['xchan_name'],
                'url' => preg_match('#^https?://#i', $url) ? $url : '',
            ];
        }
        return $found;
    }
}
