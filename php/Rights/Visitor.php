<?php

declare(strict_types=1);

namespace Faces\Rights;

use Faces\Refusal;
use Faces\Store\Channel;

/** Who asks, by the hub's session and nothing that is in the URL, and what he may do in a channel. */
final class Visitor
{
    private function __construct(
        /** xchan_hash; "" for somebody nobody knows. */
        public readonly string $hash,
        /** For the column `by` of names.csv: the address, as ada@hub.example. */
        public readonly string $address,
        private readonly int $local,
    ) {
    }

    public static function now(): self
    {
        $observer = \App::get_observer();
        $address = is_array($observer) ? (string) ($observer['xchan_addr'] ?: $observer['xchan_hash']) : '';
        return new self((string) get_observer_hash(), $address, (int) local_channel());
    }

    public function isOwner(Channel $channel): bool
    {
        return $this->local !== 0 && $this->local === $channel->id;
    }

    public function isAdmin(): bool
    {
        return (bool) is_site_admin();
    }

    public function maySee(Channel $channel): bool
    {
        return (bool) perm_is_allowed($channel->id, $this->hash, 'view_storage');
    }

    /** Not for somebody nobody knows, whatever the channel's settings say: a decision has somebody who made it. */
    public function mayName(Channel $channel): bool
    {
        return $this->hash !== '' && $this->maySee($channel) && perm_is_allowed($channel->id, $this->hash, 'write_storage');
    }

    /** The refusal of what this visitor may not do: whoever is not logged in might be allowed once he is. */
    public function refused(string $what): Refusal
    {
        return $this->hash === ''
            ? new Refusal(sprintf(t('%s: log in first'), $what), Refusal::NOBODY)
            : new Refusal(sprintf(t('%s: you are not allowed to'), $what), Refusal::FORBIDDEN);
    }
}
