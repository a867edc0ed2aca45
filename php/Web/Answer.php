<?php

declare(strict_types=1);

namespace Faces\Web;

use Faces\Store\Channel;

/** What a request is answered with: JSON, a page's content (HTML that the hub puts into its layout), or a redirect. */
final class Answer
{
    private function __construct(
        public readonly int $code,
        public readonly string $type,
        public readonly string $body,
        /** @var array<string, string> */
        private readonly array $headers = [],
        private readonly string $path = '',
    ) {
    }

    /**
     * @param array<string, mixed> $value
     * @param array<string, string> $headers
     */
    public static function json(array $value, int $code = 200, array $headers = []): self
    {
        $flags = JSON_INVALID_UTF8_SUBSTITUTE | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_HEX_TAG
            | JSON_PRESERVE_ZERO_FRACTION | JSON_THROW_ON_ERROR;
        return new self($code, 'application/json; charset=utf-8', json_encode($value, $flags), $headers);
    }

    public static function page(string $html, int $code = 200): self
    {
        return new self($code, 'text/html', $html);
    }

    /** After a form was taken: the browser asks for the page anew. `$path` is one of our own. */
    public static function redirect(string $path): self
    {
        return new self(303, '', '', ['Location' => z_root() . $path]);
    }

    /** The same, to a page of the channel. `$place` is what comes behind its name: "settings?saved=1", "?query#photo-...". */
    public static function toPage(Channel $channel, string $place): self
    {
        return self::redirect('/faces/' . rawurlencode($channel->nick) . (preg_match('/^\w/', $place) ? "/$place" : $place));
    }

    /**
     * What was done: a plain form gets the page again, a program JSON.
     *
     * @param array<string, mixed> $value
     */
    public static function done(Request $request, Channel $channel, string $place, array $value, int $code = 200): self
    {
        return $request->lenient('page') === '1' ? self::toPage($channel, $place) : self::json($value, $code);
    }

    /** A file that is deleted as soon as it is sent, or cannot be. */
    public static function file(string $path, string $name, string $type): self
    {
        return new self(200, $type, '', ['Content-Disposition' => "attachment; filename=\"$name\"", 'Content-Length' => (string) filesize($path)], $path);
    }

    public function isPage(): bool
    {
        return $this->type === 'text/html';
    }

    public function send(): void
    {
        http_response_code($this->code);
        // Faces are personal: nothing between here and the person may keep them.
        $own = ['Cache-Control' => 'no-store', 'X-Content-Type-Options' => 'nosniff'];
        if ($this->type !== '') {
            $own['Content-Type'] = $this->type;
        }
        foreach ($own + $this->headers as $name => $value) {
            header("$name: $value");
        }
        echo $this->body;
        if ($this->path !== '') {
            $this->sendFile();
        }
    }

    private function sendFile(): void
    {
        $file = @fopen($this->path, 'rb');
        @unlink($this->path); // open it stays, whatever becomes of this request
        while (ob_get_level() > 0) {
            ob_end_clean(); // else all of it would be held in memory
        }
        if ($file) {
            fpassthru($file);
        }
    }
}
