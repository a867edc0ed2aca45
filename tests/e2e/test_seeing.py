"""Looking at photos: frames where the faces are, large, one to six in a row, thousands of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from faces.records import Box, ShownFace
from playwright.sync_api import expect
from visits import Hub, Visit
from webhub import face


def middle(box: Any) -> tuple[float, float]:
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_frames_lie_on_the_faces(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open()
    expect(it.chip("biden.jpg")).to_be_visible()
    rows = [row for row in hub.faces() if row.file == "biden.jpg"]
    photo = it.photo("biden.jpg")
    photo.scroll_into_view_if_needed()
    image = photo.locator(".faces-open img").bounding_box()
    frame = photo.locator(".faces-frame").bounding_box()
    assert image and frame and len(rows) == 1
    box = rows[0].box
    for part, value in (("x", box.x), ("width", box.w)):
        shown = frame[part] - (image["x"] if part == "x" else 0)
        assert shown / image["width"] == pytest.approx(value, abs=0.01)
    for part, value in (("y", box.y), ("height", box.h)):
        shown = frame[part] - (image["y"] if part == "y" else 0)
        assert shown / image["height"] == pytest.approx(value, abs=0.01)


def test_so_many_in_a_row_and_frames_or_not_is_remembered(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open()
    expect(it.chip("biden.jpg")).to_be_visible()
    zoom = it.page.get_by_role("slider", name="In a row")
    for number in (1, 2, 6):
        zoom.fill(str(number))
        tops = it.page.locator(".faces-photo").evaluate_all("all => all.map((one) => one.getBoundingClientRect().top)")
        assert tops.count(tops[0]) == min(number, len(tops))
    it.page.get_by_role("button", name="Frames").click()
    it.open()
    expect(it.page.get_by_role("slider", name="In a row")).to_have_value("6")
    expect(it.page.get_by_role("button", name="Frames")).to_have_attribute("aria-pressed", "false")
    expect(it.photo("biden.jpg").locator(".faces-frame").first).to_have_css("opacity", "0")


def test_the_large_view_goes_through_all_and_back_closes_it(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open()
    it.enlarge("biden.jpg")
    viewer = it.page.locator("dialog.faces-viewer")
    expect(viewer.locator("h2")).to_contain_text("biden.jpg")
    seen = set()
    for key in ["ArrowRight"] * len(hub.photos) + ["ArrowLeft"] * len(hub.photos):
        seen.add(viewer.locator("h2").inner_text())
        it.page.keyboard.press(key)
        it.page.wait_for_timeout(60)
    assert len(seen) == len({row.file for row in hub.faces()})
    it.page.go_back()
    expect(viewer).to_be_hidden()
    expect(it.chip("biden.jpg")).to_be_visible()
    it.enlarge("biden.jpg")
    it.page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()


def test_a_swipe_turns_the_page_and_a_name_is_given_in_large(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open()
    it.enlarge("biden.jpg")
    title = it.page.locator(".faces-viewer h2")
    first = title.inner_text()
    x, y = middle(it.page.locator(".faces-stage").bounding_box())
    forth = 1 if "(1 of" in first else -1
    it.page.mouse.move(x + 150 * forth, y + 200)
    it.page.mouse.down()
    it.page.mouse.move(x - 150 * forth, y + 205)
    it.page.mouse.up()
    expect(title).not_to_have_text(first)
    it.page.keyboard.press("ArrowLeft" if forth == 1 else "ArrowRight")
    expect(title).to_have_text(first)
    it.page.locator(".faces-frames .faces-frame").first.click()
    it.page.keyboard.type("Joe Biden")
    it.page.keyboard.press("Enter")
    expect(it.page.locator(".faces-frames .faces-frame > span").first).to_have_text("Joe Biden")
    it.page.keyboard.press("Escape")
    expect(it.chip("biden.jpg").locator("bdi")).to_have_text("Joe Biden")


def many(hub: Hub, photos: int, faces: int) -> None:
    """So many photos with so many faces each, all with the picture of one."""
    web, number = hub.web, 0
    rows: list[ShownFace] = []
    like = web.sql("SELECT content FROM attach WHERE hash = %s", hub.photos["biden.jpg"])[0][0]
    for i in range(photos):
        hash = f"many-{i:06}"
        web.sql("INSERT INTO attach (uid, hash, filename, filetype, filesize, folder, is_dir, is_photo, os_storage, os_path, display_path, content,"
                " created, edited, allow_cid, allow_gid, deny_cid, deny_gid) SELECT uid, %s, %s, filetype, filesize, folder, 0, 1, 1, %s, %s, content,"
                " %s, edited, '', '', '', '' FROM attach WHERE hash = %s",
                hash, f"many{i}.jpg", hash, hash, f"2020-01-01 {i // 3600:02}:{i // 60 % 60:02}:{i % 60:02}", hub.photos["biden.jpg"])  # fmt: skip
        for j in range(faces):
            number += 1
            rows.append(face(number, hash, f"many{i}.jpg", box=Box(0.1 + 0.2 * j, 0.2, 0.15, 0.2)))
    assert like
    hub.web.faces(hub.alice, [*hub.faces(), *rows], hub.folder)


@pytest.fixture
def thousands(hub: Hub) -> Any:
    hub.web.set("block", 1)
    many(hub, 600, 2)
    yield hub
    hub.web.sql("DELETE FROM attach WHERE hash LIKE 'many-%%'".replace("%%", "%"))


def drawn(it: Visit) -> Visit:
    """The pictures of the many photos are made by the browser."""
    it.page.route("**/photo/many-*", lambda route: route.fulfill(status=200, content_type="image/svg+xml",
        body='<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300"/>'))  # fmt: skip
    return it


def test_only_what_is_near_the_screen_is_there(thousands: Hub, visit: Callable[..., Visit]) -> None:
    it = drawn(visit())
    it.open()
    expect(it.page.locator(".faces-total")).to_contain_text("Photos: 60")
    heights = set()
    for part in (0.3, 0.6, 1.0, 0.0, 1.0):
        it.page.evaluate("(part) => scrollTo(0, part * document.documentElement.scrollHeight)", part)
        it.page.wait_for_function("""() => [...document.querySelectorAll('.faces-photo')].some((one) => {
            const { top, bottom } = one.getBoundingClientRect(); return bottom > 0 && top < innerHeight; })""")
        it.page.wait_for_timeout(300)
        assert it.page.locator(".faces-photo").count() <= 240
        heights.add(it.page.evaluate("document.documentElement.scrollHeight"))
    assert max(heights) < 1.6 * min(heights)
    expect(it.page.locator(".faces-photos").last).to_contain_text("obama2.jpg")  # the oldest


@pytest.mark.parametrize("anchors", ["auto", "none"])  # Safari does not hold the place by itself
def test_new_results_move_neither_what_is_looked_at_nor_an_open_editor(
    thousands: Hub, visit: Callable[..., Visit], anchors: str
) -> None:
    it = drawn(visit())
    it.open()
    it.page.add_style_tag(content=f"* {{ overflow-anchor: {anchors} }}")
    expect(it.page.locator(".faces-total")).to_contain_text("Photos: 60")
    it.page.evaluate("scrollTo(0, 3000)")
    tile = it.page.locator('.faces-photo[data-photo="many-000560"]')
    tile.scroll_into_view_if_needed()
    tile.locator(".faces-chip").first.click()
    it.page.keyboard.type("Ad")
    before = tile.bounding_box()
    editor = it.page.locator(".faces-editor")
    editor_before = editor.bounding_box()
    rows = thousands.faces()
    for row in rows:
        if "many-" <= row.photo < "many-000012":
            row.date_taken = "2030-01-01T00:00:00"  # four rows of photos come in above it
    thousands.web.faces(thousands.alice, rows, thousands.folder)
    newest = it.page.locator(".faces-photo").first
    expect(newest).to_have_attribute("data-photo", re.compile("many-00000|many-000010|many-000011"), timeout=15_000)
    it.page.wait_for_timeout(300)
    expect(it.page.locator(".faces-editor input")).to_have_value("Ad")
    expect(it.page.locator(".faces-editor input")).to_be_focused()
    after = tile.bounding_box()
    assert before and after and abs(before["y"] - after["y"]) < 3
    editor_after = editor.bounding_box()
    assert editor_before and editor_after and abs(editor_before["y"] - editor_after["y"]) < 3  # at its face still
    it.page.keyboard.type("a")
    it.page.keyboard.press("Enter")
    expect(tile.locator("bdi").first).to_have_text("Ada")
