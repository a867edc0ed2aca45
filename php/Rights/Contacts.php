<?php

declare(strict_types=1);

namespace Faces\Rights;

use Faces\Store\Channel;
use Faces\Store\Sql;

/** A contact's address may be a name: then the page shows who that is, to whoever may see the channel's contacts. */
final class Contacts
{
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
