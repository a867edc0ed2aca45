"""Whoever goes by keyboard or listens is never thrown back to the top of the page, and hears what is new only."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect
from visits import Hub, Visit


def focus(it: Visit) -> str:
    """What has the focus, in words; "BODY" if it is lost."""
    return str(
        it.page.evaluate(
            "(() => { const one = document.activeElement; return one === document.body ? 'BODY' : one.className + ' ' + one.textContent; })()"
        )
    )


def press(it: Visit, control: Any) -> None:
    """By keyboard alone."""
    control.focus()
    it.page.keyboard.press("Enter")


def test_naming_the_photos_of_a_search_goes_on_with_the_next(hub: Hub, visit: Callable[..., Visit]) -> None:
    """Each leaves the list as soon as it has a name."""
    hub.web.set("block", 1)
    it = visit()
    it.open("?state=unnamed&guesses=0")
    photos = it.page.locator(".faces-photo")
    expect(photos.first).to_be_visible()
    for left in range(photos.count() - 1, 0, -1):
        if left == 2:
            break
        following = photos.nth(1).get_attribute("data-photo")
        press(it, photos.first.locator(".faces-chip").first) if "faces-chip" not in focus(
            it
        ) else it.page.keyboard.press("Enter")
        it.page.keyboard.type("Somebody")
        it.page.keyboard.press("Enter")
        expect(photos).to_have_count(left, timeout=15_000)
        assert it.page.evaluate("document.activeElement.closest('.faces-photo')?.dataset.photo") == following


def test_undo_and_closing_a_message_give_the_focus_back(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open()
    it.name("biden.jpg", "Joe")
    notice = it.page.locator(".faces-notice")
    expect(notice).to_be_visible()
    chip = it.chip("biden.jpg").locator(".faces-chip")
    expect(chip).to_be_focused()
    press(it, notice.get_by_role("button", name="Undo"))
    expect(chip).to_be_focused()  # there is no more to be undone
    it.name("biden.jpg", "Joe")
    expect(chip).to_be_focused()
    press(it, notice.get_by_role("button", name="Close"))
    expect(notice).to_be_hidden()
    expect(chip).to_be_focused()
    it.saved()


def test_links_within_the_page_do_not_lose_it(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open()
    it.name("obama.jpg", "Barack Obama")
    it.saved()
    hub.web.quiet()
    it.open("?view=people")
    press(it, it.page.get_by_role("link", name="Barack Obama"))
    expect(it.page.locator(".faces-person")).to_be_visible()
    assert focus(it).startswith("faces-view")
    it.page.keyboard.press("Tab")
    expect(it.page.get_by_role("link", name="Photos of Barack Obama")).to_be_focused()
    guesses = it.page.locator(".faces-person section").first
    expect(guesses.locator(".faces-grid > li")).not_to_have_count(0)
    press(it, guesses.get_by_role("button", name="Yes, all"))
    expect(guesses).to_be_hidden()
    assert focus(it) != "BODY"
    it.saved()


def test_groups_by_keyboard(hub: Hub, visit: Callable[..., Visit]) -> None:
    hub.web.set("block", 1)
    it = visit()
    it.open("?view=groups")
    groups = it.page.locator(".faces-group")
    expect(groups.first).to_be_visible()
    while groups.count():
        count = groups.count()
        groups.first.get_by_role("combobox").focus()
        it.page.keyboard.type("Somebody")
        it.page.keyboard.press("Enter")
        expect(groups).to_have_count(count - 1)
        assert focus(it) != "BODY"
    it.saved()


def test_a_token_of_the_search_and_starting_and_stopping(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open("?all[]=Barack%20Obama")
    press(it, it.page.get_by_role("button", name="Do not search for Barack Obama"))
    expect(it.page.locator(".faces-tokens > li")).to_have_count(0)
    assert focus(it) != "BODY"
    press(it, it.page.get_by_role("button", name="Look for new photos now"))
    expect(it.page.locator(".faces-watch").get_by_role("button", name="Look for new photos now")).to_be_hidden()
    assert focus(it) != "BODY"
    hub.web.quiet()
    expect(it.page.locator(".faces-watch").get_by_role("button", name="Look for new photos now")).to_be_visible(
        timeout=20_000
    )
    assert focus(it) != "BODY"


def test_every_control_says_what_it_is(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open("?view=groups")
    expect(it.page.get_by_role("button", name="belongs to these").first).to_have_attribute("aria-pressed", "true")
    it.open()
    it.name("obama.jpg", "Barack Obama")
    expect(it.chip("obama2.jpg").locator("bdi")).to_have_text("Barack Obama?")
    expect(it.chip("obama2.jpg").get_by_role("button", name="Yes, Barack Obama")).to_be_visible()
    expect(it.chip("obama2.jpg").get_by_role("button", name="Not Barack Obama")).to_be_visible()
    expect(it.photo("obama2.jpg").get_by_role("button", name="Enlarge obama2.jpg, faces: 1")).to_be_visible()
    it.chip("obama2.jpg").locator(".faces-chip").click()
    field = it.page.get_by_role("combobox", name="Name")
    expect(field).to_have_attribute("aria-expanded", "true")
    it.page.keyboard.press("ArrowDown")
    active = field.get_attribute("aria-activedescendant")
    expect(it.page.locator(f'[id="{active}"]')).to_have_attribute("aria-selected", "true")
    it.page.keyboard.press("Escape")  # the list alone
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(field).to_be_focused()
    it.page.keyboard.press("Escape")
    expect(field).to_have_count(0)
    it.enlarge("obama2.jpg")
    expect(it.page.get_by_role("dialog", name="Photo in large")).to_be_visible()
    for name in ("Draw a face", "Close"):
        expect(it.page.locator(".faces-viewer-bar").get_by_role("button", name=name)).to_be_visible()
    assert it.page.locator(".faces-viewer .faces-frame").first.inner_text() == "Barack Obama?"
    it.page.keyboard.press("Escape")
    it.open("?view=people")
    expect(it.page.get_by_role("link", name="Barack Obama Faces: 1, guesses:")).to_be_visible()
    nameless = it.page.evaluate("""() => [...document.querySelectorAll('.faces-page :is(button, a, input, select)')].filter((one) => one.checkVisibility() &&
        !(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.length)).map((one) => one.outerHTML)""")
    assert nameless == []


def test_live_regions_say_only_what_is_new(hub: Hub, visit: Callable[..., Visit]) -> None:
    import fcntl

    from test_watching import status

    path = hub.web.state("detect.lock", "alice")
    path.touch()
    with path.open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        status(hub, eta=None)
        it = visit()
        it.open()
        expect(it.page.locator(".faces-watch")).to_contain_text("3 of 10 photos")
        expect(it.page.locator(".faces-watch [role=status]")).to_have_attribute("aria-live", "off")  # the bar has it
        it.page.evaluate("""() => { window.said = []; new MutationObserver((all) => all.forEach(({ target }) => {
            const region = (target.nodeType === 1 ? target : target.parentElement)?.closest('[role=status], [role=alert], [aria-live=polite]');
            region && window.said.push(region.textContent); })).observe(document.querySelector('.faces-page'), { childList: true, characterData: true, subtree: true }); }""")
        it.page.wait_for_timeout(5_000)
        assert it.page.evaluate("window.said") == []
        it.page.route(
            "**/faces/alice/status*",
            lambda route: route.fulfill(status=503, body=json.dumps({"error": "The database rests."})),
        )
        expect(it.page.locator(".faces-watch")).to_contain_text("The database rests.")
        it.page.evaluate("window.said.length = 0")
        it.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        it.page.wait_for_timeout(1_000)
        assert it.page.evaluate("window.said") == []
    it.complaints = [text for text in it.complaints if "503" not in text]
