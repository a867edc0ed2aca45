"""A face that the detector missed: drawn by hand, with a finger or by keyboard; it learns with the next run."""

from __future__ import annotations

from collections.abc import Callable

from faces.records import Box
from playwright.sync_api import expect
from visits import Hub, Visit


def without(hub: Hub, file: str) -> Box:
    """The detector found nobody on that photo; where the face is."""
    rows = hub.faces()
    box = next(row.box for row in rows if row.file == file)
    hub.web.faces(hub.alice, [row for row in rows if row.file != file], hub.folder)
    pkl = [row for row in hub.web.rows(hub.alice, hub.folder) if row.file != file]
    none = next(row for row in hub.web.rows(hub.alice, hub.folder) if row.file == file)
    from dataclasses import replace

    from faces import parquet
    from faces.files import DataFile

    none = replace(
        none, status="none", face="", embedding=None, model="", space="", x=0.0, y=0.0, w=0.0, h=0.0, landmarks=[]
    )
    place = hub.web.root / "made.pkl"
    parquet.write_faces(DataFile(place), [*pkl, none])
    hub.write("faces.pkl", place.read_bytes())
    place.unlink()
    return box


def draw(it: Visit, box: Box) -> None:
    area = it.page.locator(".faces-drawing").bounding_box()
    assert area
    corners = [(box.x, box.y), (box.x + box.w / 2, box.y + box.h / 2), (box.x + box.w, box.y + box.h)]
    for i, (x, y) in enumerate(corners):
        it.page.mouse.move(area["x"] + x * area["width"], area["y"] + y * area["height"])
        if i == 0:
            it.page.mouse.down()
    it.page.mouse.up()


def test_a_drawn_face_is_seen_at_once_and_learnt_from_by_the_next_run(hub: Hub, visit: Callable[..., Visit]) -> None:
    box = without(hub, "obama.jpg")
    it = visit()
    it.open("?state=none")
    it.enlarge("obama.jpg")
    it.page.get_by_role("button", name="Draw a face").click()
    draw(it, box)
    it.page.keyboard.type("Barack Obama")
    it.page.keyboard.press("Enter")
    expect(it.page.locator(".faces-frames .faces-frame > span")).to_have_text("Barack Obama")
    it.saved()
    hub.web.quiet()
    it.open()
    expect(it.chip("obama.jpg").locator("bdi")).to_have_text("Barack Obama")
    expect(it.chip("obama2.jpg").locator("bdi")).to_have_text("who?")
    it.page.get_by_role("button", name="Look for new photos now").click()
    expect(it.chip("obama2.jpg").locator("bdi")).to_have_text("Barack Obama?", timeout=60_000)
    hub.web.quiet()
    row = next(row for row in hub.faces() if row.file == "obama.jpg")
    assert (row.detector, row.name) == ("drawn", "Barack Obama")
    assert row.box.overlap(box) > 0.8


def test_a_box_is_drawn_by_keyboard_and_undone(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open()
    it.enlarge("biden.jpg")
    it.page.get_by_role("button", name="Draw a face").focus()
    it.page.keyboard.press("Enter")
    expect(it.page.locator(".faces-drawing")).to_be_focused()
    for key in ("ArrowLeft", *["ArrowLeft"] * 38, *["ArrowUp"] * 38, "Shift+ArrowLeft", "Shift+ArrowDown", "Enter"):
        it.page.keyboard.press(key)
    it.page.keyboard.type("Somebody Else")
    it.page.keyboard.press("Enter")
    frames = it.page.locator(".faces-frames .faces-frame > span")
    expect(frames).to_have_text(["who?", "Somebody Else"]) if frames.count() == 2 else expect(frames).to_have_count(2)
    it.page.keyboard.press("Control+z")
    expect(frames).to_have_count(1)
    it.saved()
    assert [one.decision for one in hub.web.names(hub.alice)] == ["name", "clear"]


def test_a_slip_of_the_finger_is_no_box_and_escape_leaves_the_drawing(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open()
    it.enlarge("biden.jpg")
    it.page.get_by_role("button", name="Draw a face").click()
    draw(it, Box(0.5, 0.5, 0.002, 0.2))
    expect(it.page.locator(".faces-editor")).to_have_count(0)
    it.page.keyboard.press("Escape")
    expect(it.page.locator(".faces-drawing")).to_have_count(0)
    expect(it.page.locator(".faces-viewer")).to_be_visible()
    assert hub.web.names(hub.alice) == []
