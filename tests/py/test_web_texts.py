"""Every text that people read goes through the hub's t(), and there is a German one beside it; PHP's tables of settings are
the worker's."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest
from faces import settings
from webhub import WebHub

ROOT = Path(__file__).resolve().parents[2]
PHP = sorted((ROOT / "php").rglob("*.php"))
TEMPLATES = sorted((ROOT / "view" / "tpl").glob("*.tpl"))
#: What stands between t(' and ').
TEXT = re.compile(r"\bt\('((?:[^'\\]|\\.)*)'\)")


def unquoted(text: str) -> str:
    return text.replace("\\'", "'").replace("\\\\", "\\")


def used() -> set[str]:
    return {unquoted(text) for path in PHP for text in TEXT.findall(path.read_text(encoding="utf-8"))}


def translated(language: str = "de") -> dict[str, str]:
    source = (ROOT / "lang" / language / "hstrings.php").read_text(encoding="utf-8")
    found = re.findall(r"^App::\$strings\['((?:[^'\\]|\\.)*)'\] = '((?:[^'\\]|\\.)*)';$", source, re.M)
    assert len(found) == source.count("App::$strings["), "a line of another form"
    return {unquoted(key): unquoted(value) for key, value in found}


def test_every_text_is_translated_and_no_other() -> None:
    german = translated()
    assert sorted(used() - german.keys()) == []
    assert sorted(german.keys() - used()) == []
    assert [key for key, value in german.items() if not value.strip()] == []


def test_a_translation_has_the_places_of_its_original() -> None:
    for key, value in translated().items():
        places = [sorted(re.findall(r"%(?:\d\$)?(?:\.\d)?[sdf%]", text)) for text in (key, value)]
        assert places[0] == places[1], key


def test_texts_are_literal_so_that_they_can_be_found() -> None:
    for path in PHP:
        for call in re.findall(r"(?<![\w>:$])t\((.)", path.read_text(encoding="utf-8")):
            assert call == "'", path


#: Where a sentence for a person begins.
SENTENCES = [
    r"new Refusal\(",
    r"new UnreadableFile\(",
    r"problems\[\] = ",
    r"self::refused\(",
    r"'said' => ",
    r"->refused\(",
]


@pytest.mark.parametrize("path", PHP, ids=lambda path: path.stem)
def test_no_sentence_goes_past_t(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    for start in SENTENCES:
        for found in re.finditer(start + r"(['\"])", source):
            raise AssertionError(source[found.start() : found.start() + 120])
    # what looks like a sentence: a capital, a space, a full stop or question mark at the end
    bare = TEXT.sub("", re.sub(r"^\s*(?://|\*|/\*).*$", "", source, flags=re.M))
    for text in re.findall(r"'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"", bare):
        words = text[0] or text[1]
        logged = f"logger('{words}" in source or f'logger("{words}' in source
        assert logged or not re.match(r"[A-Z][a-z]+ [\w ,$%'()\-]+[.!?:]$", words), words


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_has_no_words_of_its_own(path: Path) -> None:
    source = re.sub(r"\{\{.*?\}\}", "", path.read_text(encoding="utf-8"), flags=re.S)
    shown = re.sub(r"<[^>]*>", "", source)
    assert re.findall(r"[A-Za-z]{2,}", shown) == []
    for name, value in re.findall(r'\b(alt|title|placeholder|aria-label|label)="([^"]*)"', source):
        assert not re.search(r"[A-Za-z]", value), (name, value)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_every_value_of_a_template_is_escaped(path: Path) -> None:
    """But HTML of our own, and numbers."""
    for value in re.findall(r"\{\{(\$[^}]*)\}\}", path.read_text(encoding="utf-8")):
        plain = re.fullmatch(
            r"\$(nav|zoom|face\.number|check\.(done|total)|field\.(least|greatest|step)|bar\.\w+|cut\.place"
            r"|report\.left|imports|settings\.(interval|ram|zoom)|channel\.files)",
            value,
        )
        assert value.endswith("|escape") or plain, value


PAGES = ("", "/settings", "/metadata", "/thresholds", "/export", "/remove", "/help")


def test_the_pages_speak_german_to_who_reads_german(web: WebHub) -> None:
    if web.is_real:
        pytest.skip("a real hub chooses the language by its own settings")
    web.set("block", 1)
    alice = web.id("alice")
    web.install(alice)
    web.photo(alice, "a.png")
    keys = [key for key, value in translated().items() if len(key) > 12 and key != value and "%" not in key]
    owner, admin = web.log_in("alice"), web.log_in("admin")
    for client, path in [*((owner, f"/faces/alice{page}") for page in PAGES), (admin, "/admin/addons/faces")]:
        text = client.ask("GET", path, headers={"Accept-Language": "de-DE,de;q=0.9"}).text
        assert client.ask("GET", path, headers={"Accept-Language": "de"}).text.count("Fotos") == text.count("Fotos") > 0
        english = client.get(path).text
        assert [key for key in keys if f">{key}<" in text or f"> {key}<" in text] == [], path
        assert len([key for key in keys if key in english]) > 3, path  # or this test could not fail


# --- tables that PHP and Python both have ---------------------------------------------------------------------------


def php(code: str) -> object:
    if not shutil.which("php"):
        pytest.skip("no PHP here: sh tests/packages.sh")
    head = (
        f"require '{ROOT}/php/autoload.php'; use Faces\\Model\\Setting; use Faces\\Model\\Threshold; echo json_encode("
    )
    return json.loads(
        subprocess.run(["php", "-r", f"{head}{code});"], capture_output=True, text=True, check=True).stdout
    )


def test_settings_are_the_workers_with_default_and_range() -> None:
    found = php(
        'array_values(array_map(fn ($s) => ["$s->group.$s->name", $s->default, $s->choices, [$s->least, $s->greatest]], Setting::all()))'
    )
    assert isinstance(found, list)
    ours = {key: (default, choices, ends) for key, default, choices, ends in found}
    python = {item.metadata["key"]: item for item in fields(settings.Settings) if "key" in item.metadata}
    shared = {key for key in ours if not key.startswith("page.")}
    assert shared <= python.keys()
    # for the admin's and the machine's care, not the owner's
    assert {"detection.detectors", "recognition.metric", "recognition.history", "worker.statistics"} <= shared
    assert {"metadata.region_names", "metadata.write_to", "metadata.write_names"} <= shared
    for key in shared:
        item, (default, choices, ends) = python[key], ours[key]
        assert default == (list(item.default) if isinstance(item.default, tuple) else item.default), key
        assert choices == list(item.metadata.get("choices", item.metadata.get("choice", ()))), key
        assert ends == list(item.metadata.get("range", (0, 0))), key


def test_thresholds_are_the_workers() -> None:
    assert php("Threshold::DEFAULTS") == settings.THRESHOLDS
