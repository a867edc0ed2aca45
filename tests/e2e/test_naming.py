"""Naming faces: with suggestions, by thumbs, taken back, without a connection, by two people at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect
from visits import Hub, Visit, eventually

OBAMA = ("obama.jpg", "obama2.jpg", "obama3.jpg", "obama_partial_face.jpg", "obama_partial_face2.jpg")
HOSTILE = """<img src=x onerror=alert(1)>'"&</script>{{7*7}} ; DROP TABLE attach"""


def decisions(hub: Hub) -> list[tuple[str, str]]:
    return [(one.decision, one.name) for one in hub.web.names(hub.alice)]


def test_a_name_finds_that_person_on_the_other_photos_in_the_open_page(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open()
    expect(it.chip("obama.jpg").locator("bdi")).to_have_text("who?")
    it.name("obama.jpg", "Barack Obama")
    expect(it.chip("obama.jpg").locator("bdi")).to_have_text("Barack Obama", timeout=2_000)
    expect(it.page.locator(".faces-notice")).to_contain_text("Named: Barack Obama")
    for file in OBAMA[1:]:
        expect(it.chip(file).locator("bdi")).to_have_text("Barack Obama?")
    expect(it.chip("biden.jpg").locator("bdi")).to_have_text("who?")
    assert decisions(hub) == [("name", "Barack Obama")]


def test_thumbs_confirm_and_reject_and_a_rejection_is_remembered(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open()
    it.name("obama.jpg", "Barack Obama")
    it.chip("obama2.jpg").get_by_role("button", name="Yes, Barack Obama").click()
    expect(it.chip("obama2.jpg").locator("bdi")).to_have_text("Barack Obama")
    it.chip("obama3.jpg").get_by_role("button", name="Not Barack Obama").click()
    expect(it.chip("obama3.jpg").locator("bdi")).to_have_text("who?")
    it.saved()
    hub.web.quiet()
    it.open()
    expect(it.chip("obama2.jpg").locator("bdi")).to_have_text("Barack Obama")
    expect(it.chip("obama3.jpg").locator("bdi")).to_have_text("who?")
    assert decisions(hub) == [("name", "Barack Obama"), ("name", "Barack Obama"), ("reject", "Barack Obama")]


def test_unknown_not_a_face_and_take_back(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open()
    for choice, label in (("Unknown person", "somebody unknown"), ("Not a face", "not a face"), ("Take back", "who?")):
        it.chip("biden.jpg").locator(".faces-chip").click()
        it.page.get_by_role("dialog").get_by_role("button", name=choice).click()
        expect(it.chip("biden.jpg").locator("bdi")).to_have_text(label)
    it.saved()
    assert decisions(hub) == [("unknown", ""), ("ignore", ""), ("clear", "")]


def test_undo_takes_back_step_by_step_also_by_keyboard(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open()
    it.name("biden.jpg", "Joe")
    expect(it.chip("biden.jpg").locator("bdi")).to_have_text("Joe")
    it.name("biden.jpg", "Joseph")
    expect(it.chip("biden.jpg").locator("bdi")).to_have_text("Joseph")
    it.page.keyboard.press("Control+z")
    expect(it.chip("biden.jpg").locator("bdi")).to_have_text("Joe")
    it.page.locator(".faces-notice").get_by_role("button", name="Undo").click()
    expect(it.chip("biden.jpg").locator("bdi")).to_have_text("who?")
    it.saved()
    it.open()
    expect(it.chip("biden.jpg").locator("bdi")).to_have_text("who?")


def test_a_rejected_guess_comes_back_with_undo(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open()
    it.name("obama.jpg", "Barack Obama")
    it.chip("obama2.jpg").get_by_role("button", name="Not Barack Obama").click()
    expect(it.chip("obama2.jpg").locator("bdi")).to_have_text("who?")
    it.saved()
    it.page.locator(".faces-notice").get_by_role("button", name="Undo").click()
    it.saved()
    expect(it.chip("obama2.jpg").locator("bdi")).to_have_text("Barack Obama?")


def test_suggestions_show_who_is_meant_and_contacts_are_stored_by_address(
    hub: Hub, visit: Callable[..., Visit]
) -> None:
    hub.web.connect_people("alice", "bob")
    it = visit()
    it.open()
    it.name("obama.jpg", "Barack Obama")
    it.saved()
    people: list[Any] = []
    it.page.route("**/faces/alice/people*", lambda route: people.append(route))
    it.open()
    it.chip("biden.jpg").locator(".faces-chip").click()
    it.page.keyboard.type("bar")
    option = it.page.get_by_role("option", name="Barack Obama")
    expect(option).to_have_count(0)  # nobody is known yet
    it.page.route("**/faces/alice/people*", lambda route: route.continue_())
    for route in people:
        route.continue_()
    expect(option.locator("img")).to_be_visible()
    it.page.keyboard.press("Control+a")
    it.page.keyboard.type("bob")
    expect(it.page.locator(".faces-suggestions > li")).to_have_count(1)
    it.page.keyboard.press("ArrowDown")
    it.page.keyboard.press("Enter")
    label = hub.web.sql("SELECT xchan_name FROM xchan WHERE xchan_hash = %s", hub.web.hash("bob"))[0][0]
    expect(it.chip("biden.jpg").locator("bdi")).to_have_text(label)
    it.saved()
    assert decisions(hub)[-1] == ("name", hub.web.address("bob"))


def test_hostile_names_stay_text(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    asked: list[str] = []
    it.page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    it.open()
    it.name("biden.jpg", HOSTILE)
    expect(it.chip("biden.jpg").locator("bdi")).to_have_text(HOSTILE)
    it.saved()
    for view in ("", "?view=people", "?view=groups"):
        it.open(view)
        it.page.wait_for_timeout(300)
        assert it.page.locator(".faces-page img[src=x], .faces-page script:not([type])").count() == 0
    it.open("?view=people")
    it.page.get_by_text(HOSTILE).click()
    expect(it.page.locator("h3 bdi")).to_have_text(HOSTILE)
    it.page.get_by_role("link", name="Photos of").click()
    expect(it.chip("biden.jpg").locator("bdi")).to_have_text(HOSTILE)
    assert asked == []


def test_without_a_connection_it_is_kept_said_and_sent_later(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open()
    expect(it.chip("biden.jpg")).to_be_visible()
    it.offline(True)
    it.name("biden.jpg", "Joe Biden")
    expect(it.chip("biden.jpg").locator("bdi")).to_have_text("Joe Biden", timeout=2_000)
    expect(it.page.locator(".faces-not-saved")).to_contain_text("Not saved yet: 1")
    assert decisions(hub) == []
    it.offline(False)
    it.page.evaluate("dispatchEvent(new Event('online'))")
    expect(it.page.locator(".faces-not-saved")).to_be_hidden()
    assert decisions(hub) == [("name", "Joe Biden")]
    it.complaints = [text for text in it.complaints if "ERR_INTERNET_DISCONNECTED" not in text]


def test_a_page_that_was_closed_before_it_could_save_saves_when_it_is_opened_again(
    hub: Hub, visit: Callable[..., Visit]
) -> None:
    it = visit()
    asked: list[str] = []
    it.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    it.open()
    expect(it.chip("biden.jpg")).to_be_visible()
    it.page.route("**/faces/alice/name", lambda route: route.abort())
    it.name("biden.jpg", "Joe Biden")
    expect(it.page.locator(".faces-not-saved")).to_be_visible()
    it.page.unroute("**/faces/alice/name")
    it.open()
    assert asked == ["beforeunload"]
    expect(it.chip("biden.jpg").locator("bdi")).to_have_text("Joe Biden")
    it.saved()
    assert ("name", "Joe Biden") in decisions(hub)
    # If the page that was closed has saved it after all, it is refused the second time, and taken for what it is.
    it.complaints = [text for text in it.complaints if "ERR_FAILED" not in text and "409" not in text]


def test_what_the_hub_refuses_is_said_and_not_shown_as_saved(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open()
    expect(it.chip("biden.jpg")).to_be_visible()
    reason = "There is no such face, or not any more. Nothing was saved."
    it.page.route(
        "**/faces/alice/name", lambda route: route.fulfill(status=404, body=json.dumps({"error": reason, "code": 404}))
    )
    it.name("biden.jpg", "Joe Biden")
    expect(it.page.locator(".faces-notice")).to_contain_text(reason)
    expect(it.chip("biden.jpg").locator("bdi")).to_have_text("who?")
    it.complaints = [text for text in it.complaints if "404" not in text]


def test_two_browsers_see_each_others_names_and_do_not_overwrite_them_unseen(
    hub: Hub, visit: Callable[..., Visit]
) -> None:
    one, two = visit(), visit()
    one.open()
    two.open()
    expect(two.chip("biden.jpg")).to_be_visible()
    two.offline(True)
    two.name("biden.jpg", "Not Joe")
    one.name("biden.jpg", "Joe Biden")
    one.saved()
    two.offline(False)
    two.page.evaluate("dispatchEvent(new Event('online'))")
    expect(two.chip("biden.jpg").locator("bdi")).to_have_text("Joe Biden")
    expect(two.page.locator(".faces-notice")).to_contain_text("Somebody else decided")
    assert decisions(hub) == [("name", "Joe Biden")]
    two.complaints = [text for text in two.complaints if "DISCONNECTED" not in text and "409" not in text]
    two.name("obama.jpg", "Barack Obama")
    two.saved()
    eventually(lambda: one.chip("obama.jpg").locator("bdi").inner_text() == "Barack Obama", 15)
