<?php

declare(strict_types=1);

namespace Faces\Worker;

/**
 * How the worker reaches the database, for its environment. The hub forgets that once it is connected, so .htconfig.php is
 * read again; as tokens, not run: what else it does, it has done already.
 */
final class Credentials
{
    private const NAMES = ['$db_host' => 'HOST', '$db_port' => 'PORT', '$db_user' => 'USER', '$db_pass' => 'PASSWORD', '$db_data' => 'NAME',
        '$db_type' => 'TYPE'];

    /**
     * @return array<string, string> FACES_DB_... as docs/hub.md has them; [] if something is not a plain text there. The
     *     worker then reads the file by itself, and says what it misses.
     */
    public static function environment(): array
    {
        $source = is_readable('.htconfig.php') ? (string) file_get_contents('.htconfig.php') : '';
        if (!function_exists('token_get_all')) {
            return [];
        }
        $blank = [T_WHITESPACE, T_COMMENT, T_DOC_COMMENT];
        $tokens = array_values(array_filter(token_get_all($source), static fn ($t): bool => !is_array($t) || !in_array($t[0], $blank, true)));
        $found = [];
        foreach ($tokens as $i => $token) {
            $name = is_array($token) && $token[0] === T_VARIABLE ? self::NAMES[$token[1]] ?? null : null;
            if ($name !== null && ($tokens[$i + 1] ?? null) === '=') {
                $value = ($tokens[$i + 3] ?? null) === ';' ? self::literal($tokens[$i + 2]) : null;
                if ($value === null) {
                    return [];
                }
                $found["FACES_DB_$name"] = $value;
            }
        }
        $found['FACES_DB_TYPE'] = ($found['FACES_DB_TYPE'] ?? '0') === '1' ? 'postgres' : 'mysql';
        return isset($found['FACES_DB_USER'], $found['FACES_DB_NAME'], $found['FACES_DB_PASSWORD']) ? $found : [];
    }

    /** @param mixed $token of token_get_all */
    private static function literal(mixed $token): ?string
    {
        if (!is_array($token)) {
            return null;
        }
        if ($token[0] === T_LNUMBER) {
            return $token[1];
        }
        if ($token[0] !== T_CONSTANT_ENCAPSED_STRING) {
            return null;
        }
        $inner = substr($token[1], 1, -1);
        if ($token[1][0] === "'") {
            return strtr($inner, ['\\\\' => '\\', "\\'" => "'"]);
        }
        return str_contains($inner, '\\') ? null : $inner; // rare, and the worker knows how to read it
    }
}
