<?php

declare(strict_types=1);

namespace Faces;

/** A request that is not done, with the HTTP code and a reason for a person. */
final class Refusal extends \RuntimeException
{
    public const BAD = 400;
    public const NOBODY = 401;
    public const FORBIDDEN = 403;
    public const MISSING = 404;
    public const METHOD = 405;
    public const BUSY = 409;
    public const BLOCKED = 503;
    public const FULL = 507;

    /** @param array<string, mixed> $more what else the answer says */
    public function __construct(string $message, int $code, public readonly array $more = [])
    {
        parent::__construct($message, $code);
    }

    /** A field of a form, or a parameter, that has none of the values it may have. `$field`: what people know it by. */
    public static function senseless(string $field): self
    {
        return new self(sprintf(t('%s: this value makes no sense'), $field), self::BAD);
    }
}
