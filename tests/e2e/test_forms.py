"""The pages that are forms: sent without loading the page anew, previewed, watched; and they work without JavaScript."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from test_web_settings import measured
from visits import Hub, Visit

FILES = "SELECT COUNT(*) FROM attach WHERE uid = %s AND filename IN ('faces.csv', 'faces.pkl', 'names.csv', 'config.json', 'thresholds.json')"


@pytest.fixture
def it(hub: Hub, visit: Callable[..., Visit]) -> Iterator[Visit]:
    yield visit()
    for name in ("config.json", "thresholds.json"):
        if hub.web.sql("SELECT id FROM attach WHERE uid = %s AND filename = %s", hub.alice, name):
            hub.web.write(hub.alice, name, b"{}")


def opened(it: Visit, place: str) -> None:
    it.open(f"/{place}")
    it.page.evaluate("window.isTheSamePage = true")


def is_same(it: Visit) -> bool:
    return bool(it.page.evaluate("window.isTheSamePage === true"))


def said(it: Visit) -> Any:
    """What the page says at its end, also to screen readers."""
    return it.page.locator(".faces-live")


def config(hub: Hub, name: str = "config.json") -> dict[str, Any]:
    found = hub.web.sql("SELECT id FROM attach WHERE uid = %s AND filename = %s", hub.alice, name)
    return json.loads(hub.web.path(hub.alice, name).read_bytes()) if found else {}


def has_focus(it: Visit) -> bool:
    return bool(it.page.evaluate("document.activeElement !== document.body"))


# --- settings -----------------------------------------------------------------------------------------------------------


def test_settings_are_saved_without_loading_the_page_anew(hub: Hub, it: Visit) -> None:
    opened(it, "settings")
    pixels = it.page.locator("input[name=min_face_pixels]")
    pixels.fill("33")
    expect(said(it)).to_have_text("Changed, not saved yet.")
    it.page.locator("input[name=zoom]").evaluate("(one) => one.removeAttribute('max')")
    it.page.locator("input[name=zoom]").fill("77")
    save = it.page.get_by_role("button", name="Save")
    save.focus()
    it.page.keyboard.press("Enter")
    expect(said(it)).to_have_text("Saved.")
    expect(it.page.locator("input[name=zoom]")).to_have_value("6")  # as the server made it
    expect(pixels).to_have_value("33")
    expect(save).to_be_focused()
    assert is_same(it)
    assert config(hub)["detection"]["min_face_pixels"] == 33 and config(hub)["page"]["zoom"] == 6
    it.page.get_by_role("button", name="Default").click()
    expect(pixels).not_to_have_value("33")
    assert is_same(it) and has_focus(it)


def test_who_leaves_with_something_unsaved_is_asked(hub: Hub, it: Visit) -> None:
    asked: list[str] = []
    it.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    opened(it, "settings")
    it.page.locator("input[name=zoom]").click()
    it.page.keyboard.press("Control+a")
    it.page.keyboard.type("2")
    it.page.get_by_role("link", name="Help").click()
    it.page.wait_for_url("**/help")
    assert asked == ["beforeunload"]
    opened(it, "settings")
    it.page.locator("input[name=zoom]").click()
    it.page.keyboard.press("ArrowUp")
    it.page.get_by_role("button", name="Save").click()
    expect(said(it)).to_have_text("Saved.")
    it.page.get_by_role("link", name="Help").click()
    it.page.wait_for_url("**/help")
    assert asked == ["beforeunload"]


def test_what_is_refused_is_said_and_what_was_filled_in_stays(hub: Hub, it: Visit) -> None:
    opened(it, "settings")
    it.page.locator("input[name=zoom]").fill("2")
    hub.web.limit("alice", 10)
    try:
        it.page.get_by_role("button", name="Save").click()
        expect(said(it)).to_contain_text("the account may store")
        expect(it.page.locator("input[name=zoom]")).to_have_value("2")
    finally:
        hub.web.limit("alice", None)
    it.page.get_by_role("button", name="Save").click()
    expect(said(it)).to_have_text("Saved.")
    assert is_same(it) and config(hub)["page"]["zoom"] == 2
    it.complaints = [text for text in it.complaints if "507" not in text]


def test_a_form_whose_token_is_too_old_is_sent_with_a_new_one(hub: Hub, it: Visit) -> None:
    opened(it, "settings")
    old = "1." + "0" * 128
    it.page.evaluate(
        "(old) => document.querySelectorAll('[name=form_security_token]').forEach((one) => (one.value = old))", old
    )
    it.page.locator("input[name=zoom]").fill("5")
    it.page.get_by_role("button", name="Save").click()
    expect(said(it)).to_have_text("Saved.")
    assert is_same(it) and config(hub)["page"]["zoom"] == 5
    it.complaints = [text for text in it.complaints if "403" not in text]


def test_the_session_ended_or_the_hub_is_in_trouble(hub: Hub, it: Visit) -> None:
    opened(it, "settings")
    it.page.locator("input[name=zoom]").fill("5")
    cookies = it.context.cookies()
    it.context.clear_cookies()
    it.page.get_by_role("button", name="Save").click()
    expect(said(it)).to_contain_text("log in first")
    it.context.add_cookies(cookies)
    for status, kind, body in (
        (502, "text/html", "<h1>Bad gateway</h1>"),
        (200, "text/html", "<h1>Log in at this hotel</h1>"),
        (500, "text/plain", ""),
    ):
        answer = {"status": status, "content_type": kind, "body": body}
        it.page.route("**/faces/alice/settings", lambda route: route.fulfill(**answer))  # noqa: B023 (taken away below)
        it.page.get_by_role("button", name="Save").click()
        expect(said(it)).to_have_text("The hub does not answer. Nothing was changed: try again.")
        expect(it.page.locator("input[name=zoom]")).to_have_value("5")
        it.page.unroute("**/faces/alice/settings")
        it.page.locator("input[name=zoom]").fill("5")
        expect(said(it)).to_have_text("Changed, not saved yet.")
    assert is_same(it)
    it.complaints = [text for text in it.complaints if not any(code in text for code in ("401", "502", "500"))]


def test_a_double_click_sends_once_and_what_is_typed_meanwhile_stays(hub: Hub, it: Visit) -> None:
    posts: list[str] = []
    opened(it, "settings")
    it.page.on("request", lambda request: request.method == "POST" and posts.append(request.url))
    it.page.route("**/faces/alice/settings", lambda route: (it.page.wait_for_timeout(700), route.continue_()))
    it.page.locator("input[name=zoom]").fill("5")
    it.page.get_by_role("button", name="Save").dblclick()
    it.page.locator("input[name=min_face_pixels]").fill("44")
    expect(said(it)).to_have_text("Saved.")
    expect(it.page.locator("input[name=min_face_pixels]")).to_have_value("44")
    assert len(posts) == 1
    it.page.get_by_role("button", name="Save").click()
    expect(said(it)).to_have_text("Saved.")
    assert config(hub)["detection"]["min_face_pixels"] == 44


# --- thresholds ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def cut(hub: Hub, it: Visit) -> Iterator[Visit]:
    """The distances of alice's faces were measured."""
    measured(hub.web)
    yield it
    hub.web.state("distances.json", "alice").unlink()


def test_a_threshold_is_previewed_while_it_is_typed_and_saved_on_request(hub: Hub, cut: Visit) -> None:
    opened(cut, "thresholds")
    field = cut.page.locator('input[name="Dlib-euclidean"]')
    field.click()
    cut.page.keyboard.press("Control+a")
    cut.page.keyboard.type("0.616")
    change = cut.page.locator('[data-change="Dlib-euclidean"]')
    expect(change).to_have_text("Guesses gained: 3")
    expect(field).to_be_focused()
    cut.page.keyboard.type("0")  # where the cursor was
    expect(field).to_have_value("0.6160")
    expect(said(cut)).to_have_text("Changed, not saved yet.")
    assert config(hub, "thresholds.json").get("Dlib", {}) == {}
    cut.page.get_by_role("button", name="Save").click()
    expect(said(cut)).to_contain_text("Saved.")
    assert config(hub, "thresholds.json")["Dlib"]["euclidean"] == pytest.approx(0.616)
    assert is_same(cut) and has_focus(cut)


def test_a_threshold_is_drawn_in_the_picture(hub: Hub, cut: Visit) -> None:
    opened(cut, "thresholds")
    field = cut.page.locator('input[name="Dlib-euclidean"]')
    picture = cut.page.locator('[data-field="Dlib-euclidean"] svg')
    box = picture.bounding_box()
    assert box
    cut.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50)
    cut.page.mouse.down()
    for part in (0.52, 0.54, 0.56):
        cut.page.mouse.move(box["x"] + box["width"] * part, box["y"] + 50)
        cut.page.wait_for_timeout(350)  # the picture is renewed under the finger
    cut.page.mouse.up()
    expect(field).to_have_value("0.616")
    expect(cut.page.locator('[data-change="Dlib-euclidean"]')).to_have_text("Guesses gained: 3")
    cut.page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 50)
    expect(field).to_have_value("0.616")  # let go
    cut.page.mouse.down()
    expect(field).to_have_value("0.825")  # not beyond its range
    cut.page.mouse.up()
    assert config(hub, "thresholds.json").get("Dlib", {}) == {}


def test_an_old_preview_does_not_come_after_a_newer_one_or_after_saving(hub: Hub, cut: Visit) -> None:
    opened(cut, "thresholds")
    delays = iter((1500, 0, 0))
    cut.page.route(
        "**/faces/alice/thresholds",
        lambda route: (
            cut.page.wait_for_timeout(next(delays)) if "preview" in (route.request.post_data or "") else None,
            route.continue_(),
        ),
    )
    field = cut.page.locator('input[name="Dlib-euclidean"]')
    field.fill("0.3")
    cut.page.wait_for_timeout(400)
    field.fill("0.616")
    change = cut.page.locator('[data-change="Dlib-euclidean"]')
    expect(change).to_have_text("Guesses gained: 3")
    cut.page.wait_for_timeout(1800)
    expect(change).to_have_text("Guesses gained: 3")
    cut.page.get_by_role("button", name="Save").click()
    expect(said(cut)).to_contain_text("Saved.")
    cut.page.wait_for_timeout(700)
    expect(said(cut)).to_contain_text("Saved.")


def test_measuring_is_followed_and_leaves_what_is_typed(hub: Hub, cut: Visit) -> None:
    opened(cut, "thresholds")
    cut.page.locator('input[name="Dlib-euclidean"]').fill("0.6")
    cut.page.get_by_role("button", name="Measure my faces").click()
    expect(said(cut)).to_have_text("")
    expect(cut.page.locator('input[name="Dlib-euclidean"]')).to_have_value("0.6")
    assert is_same(cut)
    opened(cut, "thresholds")
    expect(cut.page.locator("[data-busy]")).to_have_count(0, timeout=60_000)
    hub.web.quiet()


# --- remove -------------------------------------------------------------------------------------------------------------


def test_parts_are_removed_by_the_worker_and_the_page_follows(hub: Hub, it: Visit) -> None:
    it.open()
    it.name("obama.jpg", "Barack Obama")
    it.saved()
    hub.web.quiet()
    opened(it, "remove")
    it.page.get_by_label("All names").check()
    it.page.get_by_role("button", name="Remove", exact=True).click()
    expect(said(it)).to_contain_text("It has begun.")
    expect(it.page.locator("tr", has_text="Decisions")).to_contain_text("0", timeout=60_000)
    expect(it.page.locator("[data-busy]")).to_have_count(0, timeout=60_000)
    assert is_same(it) and hub.web.names(hub.alice) == []


def test_nothing_chosen_is_said(hub: Hub, it: Visit) -> None:
    opened(it, "remove")
    it.page.get_by_role("button", name="Remove", exact=True).click()
    expect(said(it)).to_have_text("Choose what is to be removed. Nothing was removed.")
    expect(it.page.get_by_label("All names")).to_be_visible()
    it.complaints = [text for text in it.complaints if "400" not in text]


def test_removing_what_is_being_removed_is_said(hub: Hub, it: Visit) -> None:
    import fcntl

    opened(it, "remove")
    it.page.get_by_label("All names").check()
    path = hub.web.state("remove-start.lock", "alice")
    path.touch()
    with path.open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        it.page.get_by_role("button", name="Remove", exact=True).click()
        expect(said(it)).to_contain_text("Something is being removed already.")
    expect(it.page.get_by_label("All names")).to_be_checked()
    it.complaints = [text for text in it.complaints if "409" not in text]


@pytest.fixture
def kept(hub: Hub) -> Iterator[Hub]:
    """What is removed comes back: others need it."""
    owner = hub.web.log_in("alice")
    yield hub
    hub.web.install(hub.alice)
    files = "SELECT filename FROM attach WHERE uid = %s AND filename IN ('faces.pkl', 'models_statistics.csv')"
    while len(hub.web.sql(files, hub.alice)) < 2:
        assert owner.get("/faces/alice").code == 200
    hub.web.quiet()
    hub.search()
    hub.pristine = {name: hub.read(name) for name in hub.pristine}


def test_removing_everything_ends_on_a_page_that_says_so(kept: Hub, it: Visit) -> None:
    opened(it, "remove")
    everything = it.page.get_by_role("button", name="Remove everything")
    everything.click()
    assert it.page.get_by_label("Yes, everything").evaluate(
        "(one) => one.validity.valueMissing"
    )  # not without the tick
    it.page.get_by_label("Yes, everything").check()
    everything.click()
    expect(said(it)).to_contain_text("Everything was removed, and the app was taken away.", timeout=60_000)
    expect(it.page.locator(".faces-page h2")).to_be_visible()
    expect(everything).to_have_count(0)
    assert is_same(it) and has_focus(it) and kept.web.sql(FILES, kept.alice)[0][0] == 0


def test_what_takes_longer_is_followed_until_it_is_done(kept: Hub, it: Visit) -> None:
    import fcntl

    opened(it, "remove")
    path = kept.web.state("detect.lock", "alice")
    path.touch()
    with path.open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        it.page.get_by_label("Yes, everything").check()
        it.page.get_by_role("button", name="Remove everything").click()
        expect(said(it)).to_contain_text("Everything is being removed.", timeout=40_000)
    kept.web.php("cron")
    expect(said(it)).to_contain_text("There is nothing stored of this channel.", timeout=20_000)
    assert is_same(it)


def test_what_is_still_the_same_is_not_read_out_again(hub: Hub, it: Visit) -> None:
    import fcntl

    path = hub.web.state("remove.lock", "alice")
    hub.web.give(path, "")
    with path.open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        opened(it, "remove")
        busy = it.page.locator("[data-busy]")
        with it.page.expect_response("**/faces/alice/remove"):
            pass  # the first look may have made notes on the server, which are counted
        it.page.wait_for_timeout(300)
        busy.evaluate("(one) => (window.busy = one)")
        with it.page.expect_response("**/faces/alice/remove"):
            pass
        it.page.wait_for_timeout(300)
        assert busy.evaluate("(one) => one === window.busy")
    expect(busy).to_have_count(0, timeout=10_000)


# --- export and import ----------------------------------------------------------------------------------------------------


def test_an_export_is_a_file_that_an_import_takes(hub: Hub, it: Visit, tmp_path: Path) -> None:
    it.open()
    it.name("biden.jpg", "Joe Biden")
    it.saved()
    hub.web.quiet()
    it.open("/export")
    with it.page.expect_download() as download:
        it.page.get_by_role("button", name="Download the file").click()
    path = tmp_path / "export.zip"
    download.value.save_as(path)
    assert any("names" in name for name in zipfile.ZipFile(io.BytesIO(path.read_bytes())).namelist())
    it.page.locator("input[type=file]").set_input_files(path)
    it.page.get_by_role("button", name="Import").last.click()
    expect(it.page.locator(".faces-said")).to_be_visible()
    hub.web.quiet()


def test_a_file_that_was_chosen_stays_while_the_page_is_watched(hub: Hub, it: Visit, tmp_path: Path) -> None:
    waiting = hub.web.state("import/1.parquet", "alice")
    hub.web.give(waiting, "x")
    try:
        opened(it, "export")
        expect(it.page.locator("[data-busy]")).to_have_count(1)
        (tmp_path / "mine.zip").write_bytes(b"PK")
        it.page.locator("input[type=file]").set_input_files(tmp_path / "mine.zip")
        waiting.unlink()
        it.page.wait_for_timeout(2_700)
        assert it.page.locator("input[type=file]").evaluate("(one) => one.files.length") == 1
    finally:
        waiting.unlink(missing_ok=True)


# --- without JavaScript ---------------------------------------------------------------------------------------------------


def test_without_javascript_they_are_plain_forms(hub: Hub, it: Visit, visit: Callable[..., Visit]) -> None:
    plain = visit(java_script_enabled=False)
    plain.open("/settings")
    plain.page.locator("input[name=zoom]").fill("4")
    plain.page.get_by_role("button", name="Save").click()
    expect(plain.page.locator(".faces-said")).to_have_text("Saved.")
    assert config(hub)["page"]["zoom"] == 4
    plain.open("/thresholds")
    plain.page.locator('input[name="Dlib-euclidean"]').fill("0.5")
    plain.page.get_by_role("button", name="What would change?").click()
    expect(plain.page.locator(".faces-said")).to_contain_text("Not saved yet")
    plain.page.get_by_role("button", name="Save").click()
    expect(plain.page.locator(".faces-said")).to_contain_text("Saved.")
    hub.web.quiet()
    plain.open("/remove")
    plain.page.get_by_role("button", name="Remove", exact=True).click()
    expect(plain.page.get_by_role("alert")).to_have_text("Choose what is to be removed. Nothing was removed.")
    plain.page.get_by_role("link", name="Back: Remove").click()
    plain.page.get_by_label("All names").check()
    plain.page.get_by_role("button", name="Remove", exact=True).click()
    expect(plain.page.locator(".faces-said")).to_contain_text("It has begun.")
    hub.web.quiet()
    plain.open("/export")
    with plain.page.expect_download() as download:
        plain.page.get_by_role("button", name="Download the file").click()
    assert download.value.suggested_filename.endswith(".zip")
    plain.complaints = [text for text in plain.complaints if "400" not in text]
