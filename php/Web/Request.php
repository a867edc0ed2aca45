<?php

declare(strict_types=1);

namespace Faces\Web;

use Faces\Model\Name;
use Faces\Refusal;
use Faces\Store\Memory;

/**
 * What was asked: method, path and values, each read as the text it has to be. A value that is an array where a text is
 * expected, is no UTF-8, or is too long, is refused with 400: so it is nowhere else to be thought of.
 */
final class Request
{
    public const LONGEST = 1000;
    public const TOKEN = 'form_security_token';

    /**
     * @param list<string> $path the parts of the URL's path: faces, NICK, ...
     * @param array<mixed> $query
     * @param array<mixed> $form
     * @param array<mixed> $files as PHP has uploaded files
     */
    public function __construct(
        public readonly string $method,
        public readonly array $path,
        private readonly array $query = [],
        private readonly array $form = [],
        private readonly array $files = [],
    ) {
    }

    public static function fromHub(): self
    {
        $path = [];
        for ($i = 0; $i < argc(); $i++) {
            $path[] = (string) argv($i);
        }
        return new self((string) ($_SERVER['REQUEST_METHOD'] ?? 'GET'), $path, $_GET, $_POST, $_FILES);
    }

    public function part(int $i): string
    {
        return $this->path[$i] ?? '';
    }

    /** The value of a form's field, "" if it is not there. */
    public function field(string $name, int $longest = self::LONGEST): string
    {
        return self::text($this->form[$name] ?? '', $name, $longest);
    }

    /** Whether it is the hub's token of that kind. The hub's own check reads $_REQUEST, and takes odd values for PHP errors. */
    public static function isToken(string $token, string $kind): bool
    {
        return preg_match('/^\d{1,12}\.[0-9a-f]{128}$/D', $token) && ($_REQUEST[self::TOKEN] ?? null) === $token && check_form_security_token($kind);
    }

    /** The same, null if the form has no such field. */
    public function given(string $name): ?string
    {
        return array_key_exists($name, $this->form) ? $this->field($name) : null;
    }

    /** The values of name[]=a&name[]=b, empty ones left out; null if the form has no such field. @return list<string>|null */
    public function several(string $name): ?array
    {
        if (!array_key_exists($name, $this->form)) {
            return null;
        }
        $values = is_array($this->form[$name]) ? array_values($this->form[$name]) : [$this->form[$name]];
        if (count($values) > 100) {
            throw new Refusal(sprintf(t('%s: too many values'), $name), Refusal::BAD);
        }
        $texts = array_map(static fn (mixed $one): string => self::text($one, $name, self::LONGEST), $values);
        return array_values(array_filter($texts, static fn (string $one): bool => $one !== ''));
    }

    /** The same, "" for one that makes no sense: what is done already is not refused any more. */
    public function lenient(string $name): string
    {
        try {
            return $this->field($name);
        } catch (Refusal) {
            return '';
        }
    }

    /** Where an uploaded file lies until the request ends; "" if there is none. */
    public function upload(string $name): string
    {
        $file = $this->files[$name] ?? null;
        $error = is_array($file) ? $file['error'] ?? UPLOAD_ERR_NO_FILE : UPLOAD_ERR_NO_FILE;
        if (in_array($error, [UPLOAD_ERR_INI_SIZE, UPLOAD_ERR_FORM_SIZE], true)) {
            throw self::tooLarge();
        }
        if ($error !== UPLOAD_ERR_OK && $error !== UPLOAD_ERR_NO_FILE) {
            throw new Refusal(t('The file did not arrive. Try again.'), Refusal::BAD);
        }
        $path = is_array($file) && is_string($file['tmp_name'] ?? null) ? $file['tmp_name'] : '';
        return $path !== '' && is_uploaded_file($path) ? $path : '';
    }

    /** PHP gives an empty form, and no reason, if what was sent is larger than it takes. */
    public function isCutOff(): bool
    {
        return $this->method === 'POST' && $this->form === [] && (int) ($_SERVER['CONTENT_LENGTH'] ?? 0) > Memory::bytes('post_max_size');
    }

    public static function tooLarge(): Refusal
    {
        return new Refusal(sprintf(t('The file is larger than this server takes (%s).'), (string) ini_get('upload_max_filesize')), Refusal::BAD);
    }

    /** The value of ?name=, "" if it is not there. */
    public function value(string $name, int $longest = self::LONGEST): string
    {
        return self::text($this->query[$name] ?? '', $name, $longest);
    }

    public function number(string $name, int $default, int $least, int $greatest): int
    {
        $text = $this->value($name);
        if ($text === '') {
            return $default;
        }
        if (!preg_match('/^\d{1,9}$/D', $text) || (int) $text < $least || (int) $text > $greatest) {
            throw new Refusal(sprintf(t('%1$s: a whole number from %2$d to %3$d is expected'), $name, $least, $greatest), Refusal::BAD);
        }
        return (int) $text;
    }

    /**
     * ?name=a, or ?name[]=a&name[]=b; empty ones left out.
     *
     * @return list<string> cleaned as names are
     */
    public function names(string $name): array
    {
        $raw = $this->query[$name] ?? [];
        $raw = is_array($raw) ? $raw : [$raw];
        if (count($raw) > 100) {
            throw new Refusal(sprintf(t('%s: too many values'), $name), Refusal::BAD);
        }
        $names = array_map(static fn (mixed $one): string => Name::clean(self::text($one, $name, self::LONGEST)), $raw);
        return array_values(array_unique(array_filter($names, static fn (string $one): bool => $one !== '')));
    }

    /** @param list<string> $choices the first is the default */
    public function choice(string $name, array $choices): string
    {
        $text = $this->value($name);
        $text = $text === '' ? $choices[0] : $text; // "0" is a value, too
        if (!in_array($text, $choices, true)) {
            throw new Refusal(sprintf(t('%1$s: one of %2$s is expected'), $name, implode(', ', array_diff($choices, ['']))), Refusal::BAD);
        }
        return $text;
    }

    /** The query, to be put into links of a page; without what is no text. @return array<string, string|list<string>> */
    public function query(): array
    {
        $kept = [];
        foreach ($this->query as $key => $value) {
            if ($key !== 'q' && is_string($value)) { // q is the path, put there by the server's rewriting
                $kept[(string) $key] = $value;
            } elseif (is_array($value)) {
                $kept[(string) $key] = array_values(array_filter($value, 'is_string'));
            }
        }
        return $kept;
    }

    private static function text(mixed $value, string $name, int $longest): string
    {
        if (!is_string($value) || !mb_check_encoding($value, 'UTF-8')) {
            throw new Refusal(sprintf(t('%s: a text in UTF-8 is expected'), $name), Refusal::BAD);
        }
        if (strlen($value) > $longest) {
            throw new Refusal(sprintf(t('%1$s: longer than %2$d bytes'), $name, $longest), Refusal::BAD);
        }
        return $value;
    }
}
