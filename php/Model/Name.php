<?php

declare(strict_types=1);

namespace Faces\Model;

/** Names are one line of visible text of at most 200 characters, as py/faces/names.py has them. */
final class Name
{
    public const LONGEST = 200;

    /** Control and direction characters out, white space folded, Unicode's form NFC, 200 characters. */
    public static function clean(string $text): string
    {
        if (preg_match('/^[!-~]+( [!-~]+)*$/D', $text) && strlen($text) <= self::LONGEST) {
            return $text; // most names in most files; the rest takes ten times as long
        }
        $text = mb_scrub($text, 'UTF-8');
        if (class_exists(\Normalizer::class)) {
            $text = \Normalizer::normalize($text) ?: $text;
        }
        $text = preg_replace('/[\s\x{1c}-\x{1f}\x{85}]+/u', ' ', $text) ?? '';
        // Cc control, Cf format (direction marks), Cs surrogate, Co private use, Cn unassigned; U+200D joins emoji
        $text = preg_replace('/(?!\x{200d})[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]/u', '', $text) ?? '';
        $text = trim(preg_replace('/ +/', ' ', $text) ?? '');
        return trim(mb_substr($text, 0, self::LONGEST, 'UTF-8'));
    }
}
