"""When things go wrong or come together: servers in trouble, slow ones, sessions that end, double clicks, two tabs, odd names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from faces.records import Box
from playwright.sync_api import expect
from test_naming import decisions
from visits import Hub, Visit
from webhub import face

GROUPS = ".faces-group"


def slowly(it: Visit, where: str, *milliseconds: int) -> None:
    """The answers take so long, one after the other; later ones no time."""
    left = iter(milliseconds)

    def wait(route: Any) -> None:
        it.page.wait_for_timeout(next(left, 0))
        route.continue_()

    it.page.route(where, wait)


def without(it: Visit, *words: str) -> None:
    """The browser itself complains about answers that are errors: this was on purpose."""
    it.complaints = [text for text in it.complaints if not any(word in text for word in words)]


# --- the server ---------------------------------------------------------------------------------------------------------


def largest_group(it: Visit) -> tuple[Any, int]:
    """The first of the groups, and how many faces are in it."""
    it.open("?view=groups")
    group = it.page.locator(GROUPS).first
    expect(group).to_be_visible()
    return group, group.locator(".faces-grid > li").count()


@pytest.mark.parametrize(
    ("code", "body", "said"),
    [
        (500, json.dumps({"error": "An error inside the addon.", "code": 500}), "An error inside the addon."),
        (502, "<h1>Bad gateway</h1>", "Not saved yet: 1"),
        (200, "<h1>Log in at this hotel</h1>", "Not saved yet: 1"),
        (200, "{}", "Not saved yet: 1"),
        (200, "[7]", "Not saved yet: 1"),
        (401, json.dumps({"error": "Faces of this channel: log in first", "code": 401}), "log in first"),
    ],
)
def test_a_decision_survives_a_server_in_trouble(
    hub: Hub, visit: Callable[..., Visit], code: int, body: str, said: str
) -> None:
    it = visit()
    it.open()
    expect(it.chip("biden.jpg")).to_be_visible()
    it.page.route("**/faces/alice/name", lambda route: route.fulfill(status=code, body=body))
    it.name("biden.jpg", "Joe Biden")
    expect(it.page.locator(".faces-not-saved")).to_contain_text(said)
    expect(it.chip("biden.jpg").locator("bdi")).to_have_text("Joe Biden")
    it.page.unroute("**/faces/alice/name")
    it.page.locator(".faces-not-saved button").dispatch_event("click")  # it may be gone: the page tries by itself, too
    it.saved()
    assert decisions(hub) == [("name", "Joe Biden")]
    without(it, str(code))


def test_a_session_that_ended_loses_nothing(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open()
    expect(it.chip("biden.jpg")).to_be_visible()
    cookies = it.context.cookies()
    it.context.clear_cookies()
    it.name("biden.jpg", "Joe Biden")
    expect(it.page.locator(".faces-not-saved")).to_contain_text("log in first")
    it.context.add_cookies(
        [
            {"name": key, "value": value, "url": hub.web.url, "sameSite": "Lax"}
            for key, value in hub.web.log_in("alice").cookies.items()
        ]
    )
    it.page.locator(".faces-not-saved").get_by_role("button", name="Try now").click()
    it.saved()  # with the token of the new session
    assert cookies and decisions(hub) == [("name", "Joe Biden")]
    without(it, "401", "403")


def test_an_answer_that_is_lost_is_no_conflict(hub: Hub, visit: Callable[..., Visit]) -> None:
    """The hub saved it, and the connection broke before it could say so: a phone in a tunnel."""
    it = visit()
    it.open()
    expect(it.chip("biden.jpg")).to_be_visible()

    def lose(route: Any) -> None:
        route.fetch()
        route.abort()

    it.page.route("**/faces/alice/name", lose, times=1)
    it.name("biden.jpg", "Joe Biden")
    it.saved()
    expect(it.chip("biden.jpg").locator("bdi")).to_have_text("Joe Biden")
    expect(it.page.locator(".faces-notice")).not_to_contain_text("Somebody else")
    it.page.keyboard.press("Control+z")
    it.saved()
    assert decisions(hub)[0] == ("name", "Joe Biden") and decisions(hub)[-1] == ("clear", "")
    without(it, "ERR_FAILED", "409")


def test_the_watch_says_what_the_hub_says_from_the_first_moment(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit("bob")
    it.page.route(
        "**/faces/alice/status*",
        lambda route: route.fulfill(status=401, body=json.dumps({"error": "log in first", "code": 401})),
    )
    it.open()
    expect(it.page.locator(".faces-watch")).to_be_visible()
    expect(it.page.locator(".faces-watch")).to_have_text("log in first")
    without(it, "401")


def test_a_view_that_cannot_be_loaded_says_so_and_is_tried_again(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    for view, path, there in (
        ("people", "people", ".faces-people"),
        ("groups", "groups", ".faces-group"),
        ("singles", "portraits", ".faces-grid"),
    ):
        it.page.route(f"**/faces/alice/{path}?*", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
        it.open(f"?view={view}")
        expect(it.page.locator(".faces-view .faces-problem")).to_contain_text("could not be loaded")
        assert "Nobody has a name" not in it.page.locator(".faces-view").inner_text()
        it.page.unroute(f"**/faces/alice/{path}?*")
        it.page.get_by_role("button", name="Try again").click()
        expect(it.page.locator(there).first).to_be_visible()
    without(it, "502")


def test_a_slow_hub_shows_the_last_search(hub: Hub, visit: Callable[..., Visit]) -> None:
    hub.web.set("block", 1)
    rows = {row.file: row for row in hub.faces()}
    rows["obama.jpg"].name, rows["obama.jpg"].state = "Barack Obama", "named"
    hub.web.faces(hub.alice, list(rows.values()), hub.folder)
    it = visit()
    it.open()
    expect(it.chip("biden.jpg")).to_be_visible()
    it.page.wait_for_timeout(500)
    slowly(it, "**/faces/alice/faces?*", 3_000, 0)
    state = it.page.get_by_role("combobox", name="Faces", exact=True)
    state.select_option("without a name")
    state.select_option("with a name")
    expect(it.page.locator(".faces-file")).to_have_text(["obama.jpg"])
    it.page.wait_for_timeout(3_500)
    expect(it.page.locator(".faces-file")).to_have_text(["obama.jpg"])


def test_what_changed_while_an_answer_was_on_its_way_is_asked_for_again(hub: Hub, visit: Callable[..., Visit]) -> None:
    hub.web.set("block", 1)
    it = visit()
    it.open()
    expect(it.chip("biden.jpg")).to_be_visible()
    it.page.wait_for_timeout(1_000)  # the watch knows the version

    def late(route: Any) -> None:
        answer = route.fetch()
        it.page.wait_for_timeout(2_500)
        route.fulfill(response=answer)

    it.page.route("**/faces/alice/faces?*", late, times=1)
    with it.page.expect_request("**/faces/alice/faces?*"):
        it.page.get_by_role("combobox", name="Faces", exact=True).select_option("with a name")
    it.page.wait_for_timeout(700)
    rows = {row.file: row for row in hub.faces()}
    rows["obama.jpg"].name, rows["obama.jpg"].state = "Barack Obama", "named"
    hub.web.faces(hub.alice, list(rows.values()), hub.folder)
    it.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # whoever comes back to the tab
    expect(it.page.locator(".faces-file")).to_have_text(["obama.jpg"], timeout=6_000)


def test_nobody_is_said_to_be_nobody_before_that_is_known(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    slowly(it, "**/faces/alice/people*", 1_500)
    it.open("?view=people")
    it.page.wait_for_timeout(500)
    assert "Nobody" not in it.page.locator(".faces-view").inner_text()
    expect(it.page.locator(".faces-empty")).to_be_visible()


# --- together -----------------------------------------------------------------------------------------------------------


def test_the_editor_outlives_its_photo(hub: Hub, visit: Callable[..., Visit]) -> None:
    """Somebody types while the photo leaves the list: what was typed is saved all the same."""
    hub.web.set("block", 1)
    it = visit()
    it.open("?state=unnamed")
    it.chip("biden.jpg").locator(".faces-chip").click()
    it.page.keyboard.type("Joe Biden")
    rows = hub.faces()
    for row in rows:
        if row.file == "biden.jpg":
            row.name_recognized, row.distance = "", None
            row.state = "ignored"
    hub.web.faces(hub.alice, rows, hub.folder)
    expect(it.photo("biden.jpg")).to_have_count(0, timeout=15_000)
    expect(it.page.locator(".faces-editor input")).to_have_value("Joe Biden")
    it.page.keyboard.press("Enter")
    expect(it.page.locator(".faces-notice")).to_contain_text("Named: Joe Biden")
    it.saved()
    assert decisions(hub) == [("name", "Joe Biden")]
    assert it.page.evaluate("document.activeElement !== document.body")


def test_what_is_typed_into_the_search_stays_while_results_come_in(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open("?all[]=Nobody")
    it.page.get_by_text("More to search by").click()
    least = it.page.get_by_label("People, at least")
    least.click()
    it.page.keyboard.type("2")
    token = it.page.locator(".faces-tokens button")
    token.evaluate("(one) => (window.token = one)")
    with it.page.expect_response("**/faces/alice/people*"):
        hub.web.faces(hub.alice, hub.faces()[1:], hub.folder)
    it.page.wait_for_timeout(300)
    expect(least).to_have_value("2")
    expect(least).to_be_focused()
    assert token.evaluate("(one) => one === window.token")


def test_a_double_click_decides_about_one_group(hub: Hub, visit: Callable[..., Visit]) -> None:
    """What comes up under the mouse is the next group's button."""
    hub.web.set("block", 1)
    rows = [
        face(i, hub.photos["biden.jpg"], "biden.jpg", group=f"{i % 3:032x}", box=Box(0.1 * i, 0.1, 0.1, 0.1))
        for i in range(9)
    ]
    hub.web.faces(hub.alice, rows, hub.folder)
    it = visit()
    it.open("?view=groups")
    groups = it.page.locator(GROUPS)
    expect(groups).to_have_count(3)
    groups.first.get_by_role("button", name="Not faces").dblclick()
    expect(groups).to_have_count(2)
    it.saved()
    expect(groups).to_have_count(2)
    assert [kind for kind, _ in decisions(hub)] == ["ignore"] * 3


def test_the_second_click_on_a_thumb_is_not_the_next_ones(hub: Hub, visit: Callable[..., Visit]) -> None:
    """Thumbs go when they are pressed, and the next face's may come to lie under the mouse."""
    hub.web.set("block", 1)
    rows = hub.faces()
    for row in rows:
        row.name_recognized, row.distance = ("Joe Biden", 0.3) if row.file == "biden.jpg" else ("", None)
    hub.web.faces(hub.alice, rows, hub.folder)
    it = visit()
    it.open()
    for name in ("Yes, Joe Biden", "Not Joe Biden"):
        it.chip("biden.jpg").get_by_role("button", name=name).dispatch_event("click", {"detail": 2})
    expect(it.chip("biden.jpg").locator("bdi")).to_have_text("Joe Biden?")
    it.chip("biden.jpg").get_by_role("button", name="Yes, Joe Biden").click()
    expect(it.chip("biden.jpg").locator("bdi")).to_have_text("Joe Biden")
    it.saved()


def test_a_group_named_without_a_connection(hub: Hub, visit: Callable[..., Visit]) -> None:
    hub.web.set("block", 1)
    it = visit()
    group, count = largest_group(it)
    it.offline(True)
    group.get_by_role("combobox").fill("Barack Obama")
    it.page.keyboard.press("Enter")
    expect(it.page.locator(".faces-not-saved")).to_contain_text("Not saved yet: 1")
    expect(it.page.get_by_role("button", name=f"Name all {count}")).to_have_count(0)
    it.page.keyboard.press("Control+z") if it.page.evaluate(
        "document.activeElement.tagName !== 'INPUT'"
    ) else it.page.get_by_role("button", name="Undo").click()
    it.offline(False)
    it.page.evaluate("dispatchEvent(new Event('online'))")
    it.saved()
    expect(it.page.get_by_role("button", name=f"Name all {count}")).to_be_visible(timeout=15_000)
    assert {kind for kind, _ in decisions(hub)} == {"name", "clear"}
    without(it, "DISCONNECTED")


def test_a_group_of_which_not_all_can_be_had_is_not_decided_about(hub: Hub, visit: Callable[..., Visit]) -> None:
    hub.web.set("block", 1)
    rows = [
        face(i, hub.photos["biden.jpg"], "biden.jpg", group=f"{7:032x}", box=Box(0.02 * i, 0.1, 0.02, 0.1))
        for i in range(40)
    ]
    hub.web.faces(hub.alice, rows, hub.folder)
    it = visit()
    it.open("?view=groups")
    group = it.page.locator(GROUPS).first
    expect(group.locator(".faces-grid > li")).to_have_count(24)
    it.page.route(
        "**/faces/alice/portraits*",
        lambda route: route.fulfill(status=503, body=json.dumps({"error": "The database rests."})),
    )
    group.get_by_role("combobox").fill("Joe")
    group.get_by_role("button", name="Name all 40").click()
    expect(it.page.locator(".faces-notice")).to_contain_text("The database rests.")
    expect(group.get_by_role("button", name="Name all 40")).to_be_visible()
    assert decisions(hub) == []
    it.page.unroute("**/faces/alice/portraits*")
    slowly(it, "**/faces/alice/portraits*", 800)
    group.get_by_role("button", name="Name all 40").dblclick()
    expect(group).to_have_count(0)
    it.saved()
    assert len(decisions(hub)) == 40
    without(it, "503")


def test_a_refused_group_comes_back_and_undo_spares_what_somebody_else_decided(
    hub: Hub, visit: Callable[..., Visit]
) -> None:
    hub.web.set("block", 1)
    it = visit()
    group, count = largest_group(it)
    first = str(group.locator(".faces-grid > li").first.get_attribute("data-face"))
    hub.web.log_in("alice").post("/faces/alice/name", faces=first, name="Somebody Else")
    group.get_by_role("combobox").fill("Barack Obama")
    it.page.keyboard.press("Enter")
    expect(it.page.locator(".faces-notice")).to_contain_text("Somebody else decided")
    expect(it.page.locator(GROUPS).first.locator(".faces-grid > li")).to_have_count(count - 1, timeout=15_000)
    it.page.evaluate("document.activeElement.blur()")
    it.page.keyboard.press("Control+z")
    it.page.wait_for_timeout(500)
    it.saved()
    assert decisions(hub) == [("name", "Somebody Else")]
    without(it, "409")


def test_a_group_that_could_not_be_named_is_there_again(hub: Hub, visit: Callable[..., Visit]) -> None:
    """Nothing has changed on the hub, so the watch has nothing to tell; and the groups that follow are still being asked for."""
    hub.web.set("block", 1)
    it = visit()
    following: list[Any] = []
    it.page.route("**/faces/alice/groups?offset=1&*", lambda route: following.append(route))
    it.open("?view=groups")
    groups = it.page.locator(GROUPS)
    expect(groups.first).to_be_visible()
    count = groups.first.locator(".faces-grid > li").count()
    it.page.route(
        "**/faces/alice/name", lambda route: route.fulfill(status=404, body=json.dumps({"error": "It is gone."}))
    )
    groups.first.get_by_role("combobox").fill("Barack Obama")
    it.page.keyboard.press("Enter")
    expect(it.page.locator(".faces-notice")).to_contain_text("It is gone.")
    assert len(following) == 1
    following[0].continue_()
    expect(it.page.get_by_role("button", name=f"Name all {count}")).to_be_visible()
    without(it, "404")


def test_two_tabs_send_what_is_unsaved_once_or_agree(hub: Hub, visit: Callable[..., Visit]) -> None:
    one = visit()
    one.open()
    expect(one.chip("biden.jpg")).to_be_visible()
    one.page.route("**/faces/alice/name", lambda route: route.fulfill(status=503, body=json.dumps({"error": "busy"})))
    one.name("biden.jpg", "Joe Biden")
    expect(one.page.locator(".faces-not-saved")).to_be_visible()
    other = one.context.new_page()
    other.goto(one.page.url)
    other.wait_for_function("document.querySelector('.faces-not-saved')?.hidden")
    expect(other.locator(f'[data-photo="{hub.photos["biden.jpg"]}"] .faces-names bdi')).to_have_text("Joe Biden")
    one.page.unroute("**/faces/alice/name")
    one.page.locator(".faces-not-saved").get_by_role("button", name="Try now").click()
    expect(one.page.locator(".faces-not-saved")).to_be_hidden()
    expect(one.page.locator(".faces-notice")).not_to_contain_text("Somebody else")
    assert set(decisions(hub)) == {("name", "Joe Biden")}
    without(one, "503", "409")


def test_storage_that_is_full_or_forbidden(hub: Hub, visit: Callable[..., Visit]) -> None:
    for script in ("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };",
                   "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });"):  # fmt: skip
        it = visit()
        it.context.add_init_script(script)
        it.open()
        it.name("biden.jpg", "Joe Biden")
        expect(it.chip("biden.jpg").locator("bdi")).to_have_text("Joe Biden")
        it.page.get_by_role("slider", name="In a row").fill("2")
        expect(it.chip("biden.jpg")).not_to_have_class("faces-unsaved")
        if hub.web.is_real:  # Hubzilla's own scripts count on it
            it.complaints = [text for text in it.complaints if text not in ("full", "no")]
    hub.web.quiet()
    assert set(decisions(hub)) == {("name", "Joe Biden")}


# --- odd things -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def odd(hub: Hub) -> Iterator[dict[str, str]]:
    """A photo and a folder with odd names; the photo has 30 faces."""
    file, folder = "a 'b' \"c\"\n<i>#?%41&.jpg", "<b>bold</b>"
    hub.web.set("block", 1)
    photo = hub.photos["biden.jpg"]
    before = [
        hub.web.sql(f"SELECT {column} FROM attach WHERE hash = %s", hash)[0][0]
        for column, hash in (("filename", photo), ("filename", hub.folder))
    ]
    rows = [replace(row, file=file) if row.photo == photo else row for row in hub.faces()]
    first = next(row for row in rows if row.photo == photo)
    many = [
        replace(first, id=f"{900 + i:032x}", box=Box(0.1 + 0.025 * i, 0.1 + 0.025 * i, 0.1, 0.1)) for i in range(29)
    ]
    hub.web.sql("UPDATE attach SET filename = %s WHERE hash = %s", file, photo)
    hub.web.sql("UPDATE attach SET filename = %s WHERE hash = %s", folder, hub.folder)
    hub.web.faces(hub.alice, [*rows, *many], hub.folder)
    yield {"file": file, "folder": folder}
    for name, hash in zip(before, (photo, hub.folder), strict=True):
        hub.web.sql("UPDATE attach SET filename = %s WHERE hash = %s", name, hash)


@pytest.mark.parametrize("name", ["x" * 200, "محمد بن موسى الخوارزمي", "👩‍👩‍👧‍👦 Zoë \u202eevil", "#?%41&a=b+c;/.."])  # fmt: skip
def test_odd_names_fit_on_a_phone_and_lead_to_their_pages(
    hub: Hub, odd: dict[str, str], visit: Callable[..., Visit], name: str
) -> None:
    it = visit(viewport={"width": 360, "height": 740})
    it.open()
    it.name("biden.jpg", name)
    name = name.replace("\u202e", "")  # a name does not turn round what stands beside it
    expect(it.chip("biden.jpg").locator("bdi")).to_have_text(name)
    it.saved()
    expect(it.photo("biden.jpg").locator(".faces-names > li")).to_have_count(30)
    for view in ("", "?view=people", f"?view=person&name={quote(name)}", f"?all[]={quote(name)}", "?view=groups"):
        it.open(view)
        it.page.wait_for_timeout(400)
        assert it.page.locator(".faces-page b, .faces-page i").count() == 0
        assert it.page.evaluate("document.documentElement.scrollWidth") <= 360, view
    it.open("?view=people")
    it.page.get_by_text(name, exact=True).click()
    expect(it.page.locator(".faces-person .faces-grid > li").first).to_be_visible()
    it.page.locator(".faces-person-head").get_by_role("link").click()
    expect(it.photo("biden.jpg").locator(".faces-file")).to_have_text(odd["file"], use_inner_text=False)
    it.page.get_by_text("More to search by").click()
    expect(it.page.get_by_role("combobox", name="Folder")).to_contain_text(odd["folder"])
    for zoom in range(1, 7):
        it.page.get_by_role("slider", name="In a row").fill(str(zoom))
        assert it.page.evaluate("document.documentElement.scrollWidth") <= 360, zoom
    it.enlarge("biden.jpg")
    expect(it.page.locator(".faces-frames .faces-frame")).to_have_count(30)


def test_reduced_motion_is_respected(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit(reduced_motion="reduce")
    it.open()
    expect(it.chip("biden.jpg")).to_be_visible()
    moving = it.page.evaluate("""() => [...document.querySelectorAll('.faces-page *')].filter((one) => { const style = getComputedStyle(one);
        return parseFloat(style.transitionDuration) > 0 || style.animationName !== 'none' || style.scrollBehavior === 'smooth'; }).length""")
    assert moving == 0


def test_views_that_are_closed_leave_nothing_behind(hub: Hub, visit: Callable[..., Visit]) -> None:
    hub.web.set("block", 1)
    it = visit()
    it.open()
    expect(it.chip("biden.jpg")).to_be_visible()
    probe = it.context.new_cdp_session(it.page)

    def counted() -> dict[str, int]:
        probe.send("HeapProfiler.collectGarbage")
        found = probe.send("Memory.getDOMCounters")
        return {"nodes": found["nodes"], "listeners": found["jsEventListeners"]}

    def round_trip(times: int) -> None:
        links = it.page.get_by_role("navigation", name="Views").get_by_role("link")
        for _ in range(times):
            for i, there in ((1, ".faces-people"), (2, ".faces-group"), (0, ".faces-photo")):
                links.nth(i).click()
                it.page.locator(there).first.wait_for()
            it.enlarge("biden.jpg")
            it.page.keyboard.press("Escape")
            it.page.locator("dialog.faces-viewer").wait_for(state="hidden")
            it.chip("biden.jpg").locator(".faces-chip").click()
            it.page.keyboard.press("Escape")

    round_trip(5)
    before = counted()
    round_trip(45)
    after = counted()
    assert after["nodes"] < before["nodes"] + 400, (before, after)
    assert after["listeners"] < before["listeners"] + 100, (before, after)
