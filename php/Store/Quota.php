<?php

declare(strict_types=1);

namespace Faces\Store;

use Faces\Refusal;

/**
 * What the hub lets a channel store. To be asked before a write: the hub itself looks afterwards, and then deletes the file
 * (Zotlabs/Storage/File.php).
 */
final class Quota
{
    public function __construct(private readonly Channel $channel)
    {
    }

    /** Whether there is room for so many bytes in one file, in the place of `$replaced`. "" or the reason why not. */
    public function refusal(int $bytes, int $replaced = 0): string
    {
        $largest = get_config('system', 'maxfilesize');
        $largest = is_scalar($largest) ? (int) $largest : 0;
        if ($largest > 0 && $bytes > $largest) {
            return sprintf(t('it would have %1$d bytes, the hub takes files of %2$d at most. The admin can raise system/maxfilesize'), $bytes, $largest);
        }
        $limit = engr_units_to_bytes(service_class_fetch($this->channel->id, 'attach_upload_limit'));
        if ($limit !== false) {
            $rows = Sql::rows('SELECT SUM(filesize) AS total FROM attach WHERE aid = %d', $this->channel->account);
            $total = (int) ($rows[0]['total'] ?? 0) - $replaced;
            if ($total + $bytes > (int) $limit) {
                return sprintf(t('the account may store %1$d bytes, and %2$d are used. Delete something, or ask the admin for more'), $limit, $total);
            }
        }
        return '';
    }

    /** @throws Refusal */
    public function check(DataFile $file, int $bytes): void
    {
        $reason = $this->refusal($bytes, $file->size);
        if ($reason !== '') {
            throw new Refusal(sprintf(t('%1$s was not changed: %2$s'), $file->name, $reason), Refusal::FULL);
        }
    }
}
