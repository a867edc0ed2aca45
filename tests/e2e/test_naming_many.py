"""Many faces at once: groups of those that are alike, and the page of one person."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect
from visits import Hub, Visit

OBAMA = {"obama.jpg", "obama2.jpg", "obama3.jpg", "obama_partial_face.jpg", "obama_partial_face2.jpg"}


def named(hub: Hub) -> dict[str, str]:
    """Who stands in the journal last, by file."""
    file_of = {row.id: row.file for row in hub.faces()}
    return {file_of[one.face]: one.name if one.decision == "name" else one.decision for one in hub.web.names(hub.alice)}


def test_a_group_gets_its_name_with_one_click(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open("?view=groups")
    group = it.page.locator(".faces-group").first
    expect(group).to_be_visible()
    count = group.locator(".faces-grid > li").count()
    assert count >= 5
    group.get_by_role("combobox").fill("Barack Obama")
    group.get_by_role("button", name=f"Name all {count}").click()
    expect(it.page.locator(".faces-notice")).to_contain_text(f"Barack Obama: {count} faces")
    expect(group).to_be_hidden()
    it.saved()
    assert set(named(hub)) >= OBAMA and set(named(hub).values()) == {"Barack Obama"}
    it.page.get_by_role("button", name="Undo").click()
    it.saved()
    hub.web.quiet()
    assert set(named(hub).values()) == {"clear"}
    expect(it.page.locator(".faces-group").first.locator(".faces-grid > li")).to_have_count(count)


def test_a_face_dropped_out_of_a_group_is_not_that_person(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open("?view=groups")
    group = it.page.locator(".faces-group").first
    stranger = group.locator(".faces-grid > li").nth(2)
    face = stranger.get_attribute("data-face")
    stranger.locator(".faces-portrait").click()
    expect(stranger.locator(".faces-portrait")).to_have_attribute("aria-pressed", "false")
    group.get_by_role("combobox").fill("Barack Obama")
    it.page.keyboard.press("Enter")
    expect(it.page.locator(".faces-group")).to_have_count(0)  # one face is no group
    it.saved()
    hub.web.quiet()
    last = {one.face: one.decision for one in hub.web.names(hub.alice)}
    assert last.pop(str(face)) == "reject" and set(last.values()) == {"name"} and len(last) >= 4
    assert {row.id: row.name_recognized for row in hub.faces()}[str(face)] == ""


def test_those_that_are_like_nobody_are_named_one_by_one(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open("?view=groups")
    it.page.get_by_role("link", name="Faces that are like no other").click()
    first = it.page.locator(".faces-grid > li").first
    face = first.get_attribute("data-face")
    first.locator(".faces-portrait").click()
    it.page.keyboard.type("Joe Biden")
    it.page.keyboard.press("Enter")
    expect(it.page.locator(f'[data-face="{face}"]')).to_have_count(0)
    it.saved()
    assert "Joe Biden" in named(hub).values()


def test_the_page_of_a_person_confirms_splits_renames_and_merges(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.page.on("dialog", lambda dialog: dialog.accept())
    it.open()
    it.name("obama.jpg", "Barack")
    it.name("biden.jpg", "Joe Biden")
    it.saved()
    it.open("?view=people")
    it.page.get_by_role("link", name="Barack").click()
    guesses = it.page.locator(".faces-person section").first
    named_faces = it.page.locator(".faces-person section").nth(1)
    expect(guesses.locator(".faces-grid > li")).to_have_count(5)
    expect(named_faces.locator(".faces-grid > li")).to_have_count(1)
    guesses.get_by_role("button", name="Yes, all 5 are Barack").click()
    it.saved()
    expect(named_faces.locator(".faces-grid > li")).to_have_count(6)
    # a face is split off
    named_faces.locator(".faces-portrait").first.click()
    it.page.get_by_role("dialog").get_by_role("button", name="Not Barack").click()
    expect(named_faces.locator(".faces-grid > li")).to_have_count(5)
    # renamed, then merged
    for new, count in (("Barack Obama", 5), ("Joe Biden", 6)):
        it.saved()
        it.page.get_by_text("Rename or merge").click()
        it.page.get_by_role("combobox", name="New name").fill(new)
        it.page.locator(".faces-rename").get_by_role("button", name="Save").click()
        expect(it.page.locator("h3 bdi")).to_have_text(new)
        expect(it.page.locator(".faces-person section").nth(1).locator(".faces-grid > li")).to_have_count(count)
    it.page.get_by_role("button", name="Undo").click()
    it.saved()
    assert list(named(hub).values()).count("Barack Obama") == 5
