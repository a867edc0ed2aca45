<?php

declare(strict_types=1);

namespace Faces\Store;

use Faces\Refusal;

/** The hub's database through its own q(). Texts are escaped here, so that nobody can forget it. */
final class Sql
{
    /**
     * `'%s'` for a text, `%d` for a number, `%%` for a percent sign.
     *
     * @return list<array<string, mixed>>
     */
    public static function rows(string $statement, string|int ...$values): array
    {
        $found = q($statement, ...self::escaped($values));
        if (!is_array($found)) {
            throw new Refusal(t('The database did not answer. Try again in a moment.'), Refusal::BLOCKED);
        }
        return array_values($found);
    }

    public static function run(string $statement, string|int ...$values): void
    {
        if (q($statement, ...self::escaped($values)) === false) {
            throw new Refusal(t('The database did not take a change. Try again in a moment.'), Refusal::BLOCKED);
        }
    }

    /** `'a','b'` for IN (...); texts of our own or from the database. @param list<string> $texts */
    public static function in(array $texts): string
    {
        // It goes through vsprintf with the statement.
        return implode(',', array_map(static fn (string $t): string => "'" . str_replace('%', '%%', dbesc($t)) . "'", $texts));
    }

    /** A binary column as text: PostgreSQL gives it as a stream. */
    public static function text(mixed $binary): string
    {
        return (string) dbunescbin($binary);
    }

    /**
     * @param array<string|int> $values
     * @return list<string|int>
     */
    private static function escaped(array $values): array
    {
        return array_map(static fn (string|int $v): string|int => is_string($v) ? dbesc($v) : $v, array_values($values));
    }
}
