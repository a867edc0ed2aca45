"""Searching: everything is in the page's address."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import expect
from visits import Hub, Visit


@pytest.fixture
def it(hub: Hub, visit: Callable[..., Visit]) -> Visit:
    """Two people are named; two are guessed."""
    hub.web.set("block", 1)
    rows = {row.file: row for row in hub.faces()}
    rows["obama.jpg"].name, rows["obama.jpg"].state = "Barack Obama", "named"
    rows["biden.jpg"].name, rows["biden.jpg"].state = "Joe Biden", "named"
    rows["obama2.jpg"].name_recognized, rows["obama2.jpg"].distance = "Barack Obama", 0.3
    rows["obama3.jpg"].date_taken = "1999-05-06T10:00:00"
    hub.web.faces(hub.alice, list(rows.values()), hub.folder)
    return visit()


def found(it: Visit) -> list[str]:
    expect(it.page.locator(".faces-list > [aria-busy]")).to_have_count(0)
    return sorted(it.page.locator(".faces-file").all_text_contents())


def choose(it: Visit, how: str, name: str) -> None:
    it.page.get_by_role("combobox", name="Photos", exact=True).select_option(how)
    field = it.page.get_by_role("combobox", name="Person")
    field.fill(name[:4])
    it.page.locator(".faces-suggestions").get_by_text(name).first.click()


def test_with_or_without_and_only(it: Visit) -> None:
    it.open()
    choose(it, "with", "Barack Obama")
    assert found(it) == ["obama.jpg", "obama2.jpg"]
    it.page.get_by_text("More to search by").click()
    it.page.get_by_label("guesses count").uncheck()
    assert found(it) == ["obama.jpg"]
    choose(it, "with", "Joe Biden")
    expect(it.page.locator(".faces-total")).to_have_text("Nothing was found. Search for less.")
    it.page.get_by_role("button", name="Do not search for Barack Obama").click()
    choose(it, "with one of", "Barack Obama")
    choose(it, "with one of", "Joe Biden")
    assert found(it) == ["biden.jpg", "obama.jpg"]
    it.page.get_by_label("only these people").check()
    assert found(it) == ["biden.jpg", "obama.jpg"]
    choose(it, "without", "Joe Biden")
    assert "biden.jpg" not in found(it)
    address = it.page.url
    it.page.get_by_role("button", name="All photos").click()
    assert len(found(it)) == len({row.file for row in it.hub.faces()})
    it.page.go_back()
    expect(it.page).to_have_url(address)
    expect(it.page.locator(".faces-tokens > li")).to_have_count(2)


def test_the_address_can_be_shared(it: Visit, visit: Callable[..., Visit], hub: Hub) -> None:
    it.open(
        "?"
        + "&".join(
            [f"any[]={quote('Joe Biden')}", f"any[]={quote('Barack Obama')}", "guesses=0", "sort=uploaded", "order=asc"]
        )
    )
    assert found(it) == ["biden.jpg", "obama.jpg"]
    expect(it.page.get_by_label("guesses count")).not_to_be_checked()
    expect(it.page.get_by_role("combobox", name="Sort by")).to_have_value("uploaded")
    other = visit("bob")
    other.page.goto(it.page.url)
    assert found(other) == ["biden.jpg", "obama.jpg"]


def test_dates_folder_state_and_number(it: Visit) -> None:
    it.open()
    it.page.get_by_text("More to search by").click()
    it.page.get_by_label("From").fill("1999-01-01")
    it.page.get_by_label("To", exact=True).fill("1999-12-31")
    assert found(it) == ["obama3.jpg"]
    it.page.get_by_role("button", name="All photos").click()
    it.page.get_by_role("combobox", name="Folder").select_option(it.hub.folder)
    assert len(found(it)) == len({row.file for row in it.hub.faces()})
    it.page.get_by_role("combobox", name="Faces", exact=True).select_option("with a guess")
    assert found(it) == ["obama2.jpg"]
    it.page.get_by_role("combobox", name="Faces", exact=True).select_option("with a name")
    it.page.get_by_label("People, at least").fill("2")
    it.page.keyboard.press("Tab")
    expect(it.page.locator(".faces-total")).to_have_text("Nothing was found. Search for less.")
