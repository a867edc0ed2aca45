"""For everybody: keyboard only, screen readers (axe-core), a phone, dark; and nobody sees or does what he may not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import expect
from visits import Hub, Visit

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
VIEWS = ("", "?state=unnamed&from=2000-01-01", "?view=people", "?view=person&name=Barack%20Obama", "?view=groups", "?view=singles", "/settings", "/metadata", "/thresholds",
         "/export", "/remove", "/help")  # fmt: skip


def violations(it: Visit) -> list[str]:
    """What axe-core finds in our part of the page."""
    it.page.evaluate(AXE)
    found = it.page.evaluate("axe.run('.faces-page', {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("look", [{}, {"color_scheme": "dark"}, PHONE], ids=["desktop", "dark", "phone"])
def test_axe_finds_nothing(hub: Hub, visit: Callable[..., Visit], look: dict[str, Any]) -> None:
    it = visit(**look)
    it.open()
    it.name("obama.jpg", "Barack Obama")
    it.saved()
    hub.web.quiet()
    for view in VIEWS:
        it.open(view)
        it.page.wait_for_timeout(700)
        assert violations(it) == [], view
        wide = it.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{view} is {wide} px wider than the screen"
    it.open()
    it.chip("biden.jpg").locator(".faces-chip").click()
    it.page.keyboard.type("b")
    assert violations(it) == []
    it.page.keyboard.press("Escape")
    it.page.keyboard.press("Escape")
    it.enlarge("biden.jpg")
    expect(it.page.locator(".faces-viewer h2")).to_contain_text("biden")
    assert violations(it) == []
    it.page.get_by_role("button", name="Draw a face").click()
    assert violations(it) == []


def test_by_keyboard_alone(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open()
    expect(it.chip("biden.jpg")).to_be_visible()
    obama = hub.photos["obama.jpg"]
    tab_to(it, f"document.activeElement.closest('[data-photo=\"{obama}\"] .faces-names')")
    it.page.keyboard.press("Enter")
    expect(it.page.locator(".faces-editor input")).to_be_focused()
    it.page.keyboard.type("Barack Obama")
    it.page.keyboard.press("Enter")
    expect(it.chip("obama.jpg").locator(".faces-chip")).to_be_focused()
    expect(it.chip("obama2.jpg").locator("bdi")).to_have_text("Barack Obama?")
    it.chip("obama2.jpg").locator(".faces-chip").focus()
    it.page.keyboard.press("y")
    expect(it.chip("obama2.jpg").locator("bdi")).to_have_text("Barack Obama")
    it.chip("obama3.jpg").locator(".faces-chip").focus()
    it.page.keyboard.press("n")
    expect(it.chip("obama3.jpg").locator("bdi")).to_have_text("who?")
    expect(it.chip("obama3.jpg").locator(".faces-chip")).to_be_focused()
    it.page.keyboard.press("Enter")
    it.page.keyboard.press("Escape")
    expect(it.chip("obama3.jpg").locator(".faces-chip")).to_be_focused()
    it.page.keyboard.press("Control+z")
    it.page.keyboard.press("Control+z")
    expect(it.chip("obama2.jpg").locator("bdi")).to_have_text("Barack Obama?")
    it.saved()


def tab_to(it: Visit, where: str, most: int = 80) -> None:
    for _ in range(most):
        it.page.keyboard.press("Tab")
        if it.page.evaluate(f"Boolean({where})"):
            return
    raise AssertionError(f"Tab never comes to {where}")


def test_a_phone_names_with_a_finger(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit(**PHONE)
    it.open()
    expect(it.page.get_by_role("slider", name="In a row")).to_have_value("2")
    it.chip("biden.jpg").locator(".faces-chip").tap()
    editor = it.page.locator(".faces-editor")
    place = editor.bounding_box()
    assert place and place["x"] >= 0 and place["x"] + place["width"] <= 360
    editor.get_by_role("combobox").fill("Joe Biden")
    editor.get_by_role("button", name="Save").tap()
    expect(it.chip("biden.jpg").locator("bdi")).to_have_text("Joe Biden")
    small = it.page.evaluate("""() => [...document.querySelectorAll('.faces-page button, .faces-page a, .faces-page select')].filter((one) => one.checkVisibility())
        .map((one) => [one.getBoundingClientRect(), one.className || one.textContent]).filter(([box]) => Math.min(box.width, box.height) < 24).map(([, name]) => name)""")
    assert small == []


@pytest.mark.parametrize("nick", ["bob", ""])
def test_who_may_not_write_sees_no_editing(hub: Hub, visit: Callable[..., Visit], nick: str) -> None:
    it = visit(nick)
    for view in ("", "?view=groups", "?view=person&name=Barack%20Obama", "?view=people"):
        it.open(view)
        expect(it.page.locator(".faces-photo, .faces-portrait, .faces-people, .faces-person").first).to_be_attached()
        for words in ("Draw", "Save", "Name all", "Rename", "Look for new photos", "Stop", "Undo", "Unknown"):
            assert it.page.locator(".faces-page").get_by_role("button", name=words).count() == 0, (view, words)
    it.open()
    it.enlarge("biden.jpg")
    expect(it.page.locator(".faces-viewer h2")).to_contain_text("biden")
    it.page.locator(".faces-frames .faces-frame").first.click(force=True)
    expect(it.page.locator(".faces-editor")).to_have_count(0)


def test_a_visitor_sees_only_the_photos_he_may_see(hub: Hub, visit: Callable[..., Visit]) -> None:
    only = f"<{hub.web.hash('bob')}>"
    for table, column in (("attach", "hash"), ("photo", "resource_id")):
        hub.web.sql(f"UPDATE {table} SET allow_cid = %s WHERE {column} = %s", only, hub.photos["obama.jpg"])
        hub.web.sql(
            f"UPDATE {table} SET allow_cid = %s WHERE {column} = %s",
            f"<{hub.web.hash('alice')}>",
            hub.photos["biden.jpg"],
        )
    try:
        for nick, there, hidden in (
            ("bob", {"obama.jpg"}, {"biden.jpg"}),
            ("carol", set(), {"obama.jpg", "biden.jpg"}),
            ("alice", {"obama.jpg", "biden.jpg"}, set()),
        ):
            it = visit(nick)
            it.open()
            expect(it.chip("obama2.jpg")).to_be_visible()
            shown = set(it.page.locator(".faces-file").all_text_contents())
            assert there <= shown and not hidden & shown, nick
            it.open("?view=groups")
            expect(it.page.locator(".faces-group").first).to_be_visible()
            assert not [file for file in hidden if file in it.page.content()]
    finally:
        for table in ("attach", "photo"):
            hub.web.sql(f"UPDATE {table} SET allow_cid = ''" + (" WHERE is_photo = 1" if table == "attach" else ""))


def test_without_javascript_the_page_is_there(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit(java_script_enabled=False)
    it.open()
    expect(it.page.locator("noscript .faces-photo, .faces-photo")).to_have_count(len({row.file for row in hub.faces()}))
