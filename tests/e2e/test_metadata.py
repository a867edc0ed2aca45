"""Names in photos: the page on a phone, by keyboard and without JavaScript, with the real worker behind it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from test_access import PHONE, tab_to, violations
from visits import Hub, Visit

pytestmark = pytest.mark.skipif(not shutil.which("exiftool"), reason="no exiftool here: sh tests/packages.sh")


@pytest.fixture
def named(hub: Hub) -> Iterator[Hub]:
    """Joe Biden has his name; afterwards nothing is written any more, and nothing is known of what was."""
    owner = hub.web.log_in("alice")
    face = next(one for one in hub.faces() if one.file == "biden.jpg")
    owner.post("/faces/alice/name", faces=face.id, name="Joe Biden")
    hub.web.quiet()
    yield hub
    hub.web.quiet()
    owner.post("/faces/alice/metadata", undo="1")
    hub.web.quiet()
    hub.write("config.json", b"{}")
    for name in ("wrote.json", "preview.json"):
        hub.web.state(name, "alice").unlink(missing_ok=True)


def people(hub: Hub) -> Any:
    """Who is in the photo, as other programs see it."""
    path = hub.web.root / hub.web.content(hub.alice, hub.photos["biden.jpg"])
    done = subprocess.run(
        ["exiftool", "-json", "-PersonInImage", str(path)], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)[0].get("PersonInImage")


def button(it: Visit, name: str) -> Any:
    return it.page.get_by_role("button", name=name, exact=True)


def test_on_a_phone_shown_written_and_taken_out_again(named: Hub, visit: Callable[..., Visit]) -> None:
    it = visit(**PHONE)
    it.open("/metadata")
    it.page.evaluate("window.isTheSamePage = true")
    it.page.get_by_label("Which names").select_option("all")
    button(it, "Save").tap()
    expect(it.page.locator(".faces-live")).to_have_text("Saved.")
    button(it, "Show what would be written").tap()
    would = it.page.locator(".faces-would figure")
    expect(would).to_have_count(1)
    expect(would).to_contain_text("Album/biden.jpg")
    expect(would).to_contain_text("+ person Joe Biden")
    would.locator("img").scroll_into_view_if_needed()
    it.page.wait_for_function("document.querySelector('.faces-would img').naturalWidth > 0")
    assert violations(it) == [] and people(named) is None
    assert it.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    it.page.get_by_label("Write names").select_option("photo")
    button(it, "Save").tap()
    expect(it.page.locator(".faces-page")).to_contain_text("Photos with names: 1, changed: 1")
    assert people(named) == "Joe Biden"
    expect(button(it, "Write now")).to_be_visible()
    named.web.quiet()
    button(it, "Take everything out again").tap()
    expect(it.page.locator(".faces-page")).to_contain_text("Taken out:")
    assert people(named) is None
    expect(button(it, "Write now")).to_have_count(0)
    expect(it.page.get_by_label("Write names")).to_have_value("nowhere")
    assert it.page.evaluate("window.isTheSamePage") is True


def test_by_keyboard_the_focus_stays_where_it_was(named: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open("/metadata")
    tab_to(it, "document.activeElement.name === 'write_names'")
    it.page.keyboard.press("ArrowDown")
    tab_to(it, "document.activeElement.textContent === 'Save'", 2)
    it.page.keyboard.press("Enter")
    expect(it.page.locator(".faces-live")).to_have_text("Saved.")
    expect(button(it, "Save")).to_be_focused()
    tab_to(it, "document.activeElement.name === 'preview'", 2)
    it.page.keyboard.press("Enter")
    expect(it.page.locator(".faces-would")).to_contain_text("Joe Biden")
    expect(button(it, "Show what would be written")).to_be_focused()


def test_without_javascript(named: Hub, visit: Callable[..., Visit]) -> None:
    it = visit(java_script_enabled=False)
    it.open("/metadata")
    it.page.get_by_label("Which names").select_option("all")
    button(it, "Save").click()
    expect(it.page.locator(".faces-said")).to_have_text("Saved.")
    button(it, "Show what would be written").click()
    named.web.quiet()
    it.open("/metadata")
    expect(it.page.locator(".faces-would")).to_contain_text("Joe Biden")
