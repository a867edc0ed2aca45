<?php

declare(strict_types=1);

namespace Faces\Web;

use Faces\Model\Name;
use Faces\Refusal;

/**
 * What was asked: method, path and values, each read as the text it has to be. A value that is an array where a text is
 * expected, is no UTF-8, or is too long, is refused with 400: so it is nowhere else to be thought of.
 */
final class Request
{
    public const LONGEST = 1000;

    /**
     * @param list<string> $path the parts of the URL's path: faces, NICK, ...
     * @param array<mixed> $query
     * @param array<mixed> $form
     */
    public function __construct(
        public readonly string $method,
        public readonly array $path,
        private readonly array $query = [],
        private readonly array $form = [],
    ) {
    }

    public static function fromHub(): self
    {
        $path = [];
        for ($i = 0; $i < argc(); $i++) {
            $path[] = (string) argv($i);
        }
        return new self((string) ($_SERVER['REQUEST_METHOD'] ?? 'GET'), $path, $_GET, $_POST);
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

    /** The same, "" for one that makes no sense: what is done already is not refused any more. */
    public function lenient(string $name): string
    {
        try {
            return $this->field($name);
        } catch (Refusal) {
            return '';
        }
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
            throw new Refusal("$name: a whole number from $least to $greatest is expected", Refusal::BAD);
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
            throw new Refusal("$name: more than 100 names", Refusal::BAD);
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
            throw new Refusal("$name: one of " . implode(', ', array_diff($choices, [''])) . ' is expected', Refusal::BAD);
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
            throw new Refusal("$name: a text in UTF-8 is expected", Refusal::BAD);
        }
        if (strlen($value) > $longest) {
            throw new Refusal("$name: longer than $longest bytes", Refusal::BAD);
        }
        return $value;
    }
}
