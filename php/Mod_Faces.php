<?php

declare(strict_types=1);

namespace Zotlabs\Module;

use Faces\Web\Front;
use Faces\Web\Request;
use Faces\Web\Template;
use Zotlabs\Web\Controller;

require_once __DIR__ . '/autoload.php';

/** What Hubzilla calls for /faces and all that is below it: init, then (for a POST) post, then get. */
final class Faces extends Controller
{
    private string $page = '';

    /** Answers what is no page (data, decisions, redirects, refusals) and ends there. */
    public function init(): void
    {
        $answer = Front::answer(Request::fromHub());
        if ($answer->isPage()) {
            $this->page = $answer->body;
            http_response_code($answer->code);
            return;
        }
        $answer->send();
        killme();
    }

    public function get(): string
    {
        Template::addStyle();
        return $this->page;
    }
}
