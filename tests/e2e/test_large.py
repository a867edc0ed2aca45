"""The large view under odd conditions: while the list changes, slow answers, swipes over faces, the browser's history."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from faces.records import Box
from playwright.sync_api import expect
from visits import Hub, Visit


def shown(it: Visit) -> str:
    return str(it.page.locator(".faces-viewer h2").inner_text()).split(" (")[0]


def order(it: Visit) -> list[str]:
    return [str(text) for text in it.page.locator(".faces-photos .faces-file").all_text_contents()]


def opened(it: Visit, query: str = "") -> list[str]:
    it.open(query)
    expect(it.page.locator(".faces-photo").first).to_be_visible()
    return order(it)


def test_it_goes_on_from_its_photo_when_others_come_in_or_go(hub: Hub, visit: Callable[..., Visit]) -> None:
    rows = hub.faces()
    it = visit()
    files = opened(it)
    hub.web.faces(hub.alice, [row for row in rows if row.file not in files[:2]], hub.folder)
    expect(it.page.locator(".faces-photo")).to_have_count(len(files) - 2, timeout=15_000)
    it.enlarge(files[3])
    expect(it.page.locator(".faces-viewer h2")).to_contain_text(files[3])
    hub.web.faces(hub.alice, rows, hub.folder)  # two come in before it
    expect(it.page.locator(".faces-photo")).to_have_count(len(files), timeout=15_000)
    it.page.keyboard.press("ArrowRight")
    expect(it.page.locator(".faces-viewer h2")).to_contain_text(files[4])
    hub.web.faces(hub.alice, [row for row in rows if row.file != files[4]], hub.folder)  # it goes itself
    expect(it.page.locator(".faces-photo")).to_have_count(len(files) - 1, timeout=15_000)
    it.page.keyboard.press("ArrowRight")
    expect(it.page.locator(".faces-viewer h2")).to_contain_text(files[5])


def test_the_first_the_last_and_the_only_photo(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    files = opened(it)
    back, forth = (it.page.get_by_role("button", name=name) for name in ("Previous photo", "Next photo"))
    it.enlarge(files[0])
    expect(forth).to_be_visible()
    expect(back).to_be_hidden()
    it.page.keyboard.press("ArrowLeft")
    assert shown(it) == files[0]
    for file in files[1:]:
        forth.click()
        expect(it.page.locator(".faces-viewer h2")).to_contain_text(file)
    expect(forth).to_be_hidden()
    assert it.page.evaluate("document.activeElement.checkVisibility() && document.activeElement !== document.body")
    it.page.keyboard.press("ArrowRight")
    assert shown(it) == files[-1]
    it.page.keyboard.press("Escape")
    rows = hub.faces()
    hub.web.faces(hub.alice, [row for row in rows if row.file == "biden.jpg"], hub.folder)
    opened(it)
    it.enlarge("biden.jpg")
    expect(it.page.locator(".faces-viewer h2")).to_have_text("biden.jpg (1 of 1)")
    expect(forth).to_be_hidden()
    expect(back).to_be_hidden()
    for key in ("ArrowRight", "ArrowLeft"):
        it.page.keyboard.press(key)
    assert shown(it) == "biden.jpg"


def test_every_way_out_leaves_one_step_back(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    viewer = it.page.locator("dialog.faces-viewer")
    ways: list[Callable[[], object]] = [
        lambda: it.page.keyboard.press("Escape"),
        lambda: viewer.get_by_role("button", name="Close").click(),
        lambda: viewer.get_by_role("button", name="Close").dblclick(),
        lambda: it.page.go_back(),
        lambda: (it.page.keyboard.press("Escape"), it.page.keyboard.press("Escape")),
    ]
    for number, way in enumerate(ways):
        it.page.goto(f"{hub.web.url}/faces/alice?view=people")
        it.page.get_by_role("navigation", name="Views").get_by_role("link", name="Photos").click()
        expect(it.chip("biden.jpg")).to_be_visible()
        it.enlarge("biden.jpg")
        expect(viewer.locator("h2")).to_contain_text("biden.jpg")
        way()
        expect(viewer).to_be_hidden()
        it.page.wait_for_timeout(200)
        assert it.page.url.endswith("/faces/alice"), number
        it.page.go_back()
        expect(it.page.locator(".faces-people")).to_be_visible()
        it.page.go_forward()
        expect(it.chip("biden.jpg")).to_be_visible()
        expect(viewer).to_be_hidden()


def test_the_second_click_on_close_opens_nothing(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    opened(it)
    viewer = it.page.locator("dialog.faces-viewer")
    it.enlarge("biden.jpg")
    it.page.evaluate("""() => {
        window.again = () => document.querySelector('.faces-open').dispatchEvent(
            new MouseEvent('click', { detail: 2, bubbles: true, cancelable: true }));
        document.querySelector('dialog.faces-viewer').addEventListener('close', window.again, { once: true });
    }""")
    it.page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    it.page.wait_for_timeout(700)
    expect(viewer).to_be_hidden()
    it.page.evaluate("again()")  # any other time it is a click
    expect(viewer).to_be_visible()


def test_back_with_an_open_editor_closes_both_and_the_focus_is_where_it_was(
    hub: Hub, visit: Callable[..., Visit]
) -> None:
    it = visit()
    opened(it)
    it.enlarge("biden.jpg")
    it.page.locator(".faces-frames .faces-frame").first.click()
    expect(it.page.locator(".faces-editor input")).to_be_focused()
    it.page.go_back()
    expect(it.page.locator("dialog.faces-viewer")).to_be_hidden()
    expect(it.page.locator(".faces-editor")).to_have_count(0)
    expect(it.photo("biden.jpg").locator(".faces-open")).to_be_focused()
    it.name("biden.jpg", "Joe Biden")
    expect(it.chip("biden.jpg").locator("bdi")).to_have_text("Joe Biden")


def test_a_mouse_that_swipes_over_a_face_does_not_open_it(hub: Hub, visit: Callable[..., Visit]) -> None:
    rows = hub.faces()
    for row in rows:
        row.box = Box(0.1, 0.1, 0.8, 0.8)
    hub.web.faces(hub.alice, rows, hub.folder)
    it = visit()
    files = opened(it)
    it.enlarge(files[0])
    box = it.page.locator(".faces-frames .faces-frame").first.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    it.page.mouse.move(x + 80, y)
    it.page.mouse.down()
    it.page.mouse.move(x - 80, y + 5)
    it.page.mouse.up()
    expect(it.page.locator(".faces-viewer h2")).to_contain_text(files[1])
    expect(it.page.locator(".faces-editor")).to_have_count(0)
    it.page.locator(".faces-frames .faces-frame").first.click()  # a click is still one
    expect(it.page.locator(".faces-editor")).to_be_visible()


def test_what_is_decided_in_large_can_be_undone_there_and_what_is_refused_is_seen(
    hub: Hub, visit: Callable[..., Visit]
) -> None:
    it = visit()
    opened(it)
    it.enlarge("biden.jpg")
    frame = it.page.locator(".faces-frames .faces-frame").first
    frame.click()
    it.page.keyboard.type("Joe Biden")
    it.page.keyboard.press("Enter")
    expect(frame.locator("span")).to_have_text("Joe Biden")
    expect(frame).to_be_focused()
    it.page.get_by_role("button", name="Undo").click(timeout=3_000)  # it is not behind the photo
    expect(frame.locator("span")).to_have_text("who?")
    it.saved()
    it.page.wait_for_timeout(500)  # the photo is asked for anew
    assert it.page.evaluate("document.activeElement !== document.body")
    it.page.route(
        "**/faces/alice/name",
        lambda route: route.fulfill(status=404, body=json.dumps({"error": "It is gone.", "code": 404})),
    )
    frame.click()
    it.page.keyboard.type("Joe Biden")
    it.page.keyboard.press("Enter")
    notice = it.page.locator("dialog .faces-notice")
    expect(notice).to_contain_text("It is gone.")
    expect(frame.locator("span")).to_have_text("who?")
    it.page.keyboard.press("Escape")
    expect(it.page.locator(".faces-app ~ .faces-notices, .faces-page > .faces-notices")).to_be_visible()
    it.complaints = [text for text in it.complaints if "404" not in text]


def test_taking_back_in_large_keeps_the_focus_at_the_face(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    opened(it)
    it.name("biden.jpg", "Joe Biden")
    it.saved()
    it.enlarge("biden.jpg")
    frame = it.page.locator(".faces-frames .faces-frame").first
    frame.click()
    it.page.get_by_role("dialog").get_by_role("button", name="Take back").click()
    it.saved()
    it.page.wait_for_timeout(800)
    expect(frame.locator("span")).to_have_text("who?")
    expect(frame).to_be_focused()


def test_a_photo_that_was_asked_for_first_does_not_come_last(hub: Hub, visit: Callable[..., Visit]) -> None:
    """From a group: each photo is asked for by itself, and the first answer takes longest."""
    it = visit()
    it.open("?view=groups")
    large = it.page.locator(".faces-group").first.get_by_role("button", name="Enlarge the photo")
    large.first.click()
    title = it.page.locator(".faces-viewer h2")
    expect(title).to_contain_text("(1 of")
    it.page.keyboard.press("ArrowRight")
    expect(title).to_contain_text("(2 of")
    it.page.wait_for_timeout(300)
    slow = iter((1200, 0, 0, 0, 0))
    it.page.route(
        "**/faces/alice/faces?photo=*", lambda route: (it.page.wait_for_timeout(next(slow)), route.continue_())
    )
    it.page.keyboard.press("ArrowRight")
    it.page.keyboard.press("ArrowLeft")
    expect(title).to_contain_text("(1 of")
    it.page.wait_for_timeout(1_600)
    expect(title).to_contain_text("(1 of")


def test_a_photo_that_cannot_be_had_is_said(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.open("?view=groups")
    large = it.page.locator(".faces-group").first.get_by_role("button", name="Enlarge the photo")
    it.page.route(
        "**/faces/alice/faces?photo=*",
        lambda route: route.fulfill(status=503, body=json.dumps({"error": "The database rests.", "code": 503})),
    )
    large.first.click()
    expect(it.page.locator("dialog .faces-notice")).to_contain_text("The database rests.")
    it.page.unroute("**/faces/alice/faces?photo=*")
    it.page.keyboard.press("ArrowRight")
    expect(it.page.locator(".faces-viewer h2")).to_contain_text("(1 of")
    it.complaints = [text for text in it.complaints if "503" not in text]


def test_a_box_beyond_the_edge_and_a_turned_page(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    files = opened(it)
    it.enlarge(files[0])
    draw = it.page.get_by_role("button", name="Draw a face")
    draw.click()
    area = it.page.locator(".faces-drawing").bounding_box()
    assert area
    it.page.mouse.move(area["x"] + area["width"] * 0.9, area["y"] + area["height"] * 0.9)
    it.page.mouse.down()
    it.page.mouse.move(area["x"] + area["width"] + 100, area["y"] + area["height"] + 30)
    it.page.mouse.up()
    expect(it.page.locator(".faces-editor")).to_be_visible()
    box = it.page.locator(".faces-drawing .faces-frame").bounding_box()
    assert box and box["x"] + box["width"] <= area["x"] + area["width"] + 3
    it.page.keyboard.press("Escape")
    expect(it.page.locator(".faces-drawing")).to_have_count(0)
    expect(draw).to_be_focused()
    draw.click()
    it.page.keyboard.press("Escape")
    expect(draw).to_be_focused()
    draw.click()
    it.page.get_by_role("button", name="Next photo").click()
    expect(it.page.locator(".faces-viewer h2")).to_contain_text(files[1])
    expect(it.page.locator(".faces-drawing")).to_have_count(0)
    expect(draw).to_have_attribute("aria-pressed", "false")
    assert hub.web.names(hub.alice) == []


def test_a_box_that_is_saved_late_does_not_bring_its_photo_back(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    files = opened(it)
    it.enlarge(files[0])
    it.page.route("**/faces/alice/faces?photo=*", lambda route: (it.page.wait_for_timeout(1_200), route.continue_()))
    it.page.get_by_role("button", name="Draw a face").click()
    it.page.keyboard.press("ArrowLeft")
    it.page.keyboard.press("Enter")
    it.page.keyboard.type("Somebody")
    with it.page.expect_request("**/faces/alice/faces?photo=*"):
        it.page.keyboard.press("Enter")
    it.page.get_by_role("button", name="Next photo").click()
    image = it.page.locator(".faces-large img")
    expect(image).to_have_attribute("alt", re.compile(re.escape(files[1])))
    it.page.wait_for_timeout(2_000)
    expect(image).to_have_attribute("alt", re.compile(re.escape(files[1])))
