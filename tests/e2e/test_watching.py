"""Watching a search: what happens at the first visit, progress, stop, what failed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from visits import Hub, Visit


def status(hub: Hub, **more: Any) -> None:
    """What the worker says of itself."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    value = {"state": "detecting", "command": "detect", "pid": 1, "run": "r", "started": now, "updated": now, "done": 3, "total": 10, "channel": "alice",
             "folder": "Album", "ram": 41.5, "message": "", "code": None, "eta": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))}  # fmt: skip
    hub.web.set_value("status.alice", json.dumps({**value, **more}))


@pytest.fixture
def running(hub: Hub) -> Iterator[Hub]:
    """A run is at work: somebody holds its lock."""
    import fcntl

    path = hub.web.state("detect.lock", "alice")
    path.touch()
    with path.open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield hub


def test_progress_end_and_memory_are_shown_and_it_can_be_stopped(running: Hub, visit: Callable[..., Visit]) -> None:
    status(running)
    it = visit()
    it.open()
    watch = it.page.locator(".faces-watch")
    expect(watch).to_contain_text("3 of 10 photos")
    expect(watch).to_contain_text("in Album")
    expect(watch).to_contain_text("in 10 min")
    expect(watch).to_contain_text("memory used: 42 %")
    expect(watch.get_by_role("progressbar")).to_have_attribute("value", "3")
    status(running, done=7)
    expect(watch.get_by_role("progressbar")).to_have_attribute("value", "7")
    watch.get_by_role("button", name="Stop").click()
    expect(watch).to_contain_text("asked to stop")
    assert running.web.value("stop.alice")


def test_results_come_in_while_the_run_goes_on(running: Hub, visit: Callable[..., Visit]) -> None:
    rows = running.faces()
    running.web.faces(running.alice, rows[:1], running.folder)
    status(running)
    it = visit()
    it.open()
    expect(it.page.locator(".faces-photo")).to_have_count(1)
    running.web.faces(running.alice, rows, running.folder)
    expect(it.page.locator(".faces-photo")).to_have_count(len({row.file for row in rows}))


def test_the_first_visit_says_what_happens(hub: Hub, visit: Callable[..., Visit]) -> None:
    hub.write("faces.csv", b"")
    contents = hub.web.state("contents.json", "alice")
    kept = contents.read_bytes()
    contents.unlink()
    try:
        it = visit()
        it.open()
        first = it.page.locator(".faces-first-visit")
        expect(first).to_contain_text(f"your photos ({len(hub.photos)})")
        expect(first).to_contain_text("This will take about")
    finally:
        hub.web.give(contents, kept.decode())


def test_what_failed_is_named_with_the_reason_and_tried_again(hub: Hub, visit: Callable[..., Visit]) -> None:
    contents = hub.web.state("contents.json", "alice")
    kept = contents.read_text()
    odd = '<b>broken</b> "photo".jpg'
    failure = {"photo": "x", "file": odd, "error": "it is cut off", "attempts": 3, "given_up": True}
    hub.web.give(contents, json.dumps({**json.loads(kept), "failed": 1, "failures": [failure]}))
    try:
        it = visit()
        it.open()
        it.page.get_by_text("Photos that could not be searched: 1").click()
        expect(it.page.locator(".faces-failed li")).to_have_text(f"{odd}: it is cut off (given up)")
        it.page.get_by_role("button", name="Try them again").click()
        expect(it.page.locator(".faces-watch")).to_contain_text("Searched last", timeout=60_000)
        hub.web.quiet()
        assert "failures" in json.loads(contents.read_text())
        expect(it.page.locator(".faces-failed")).to_be_hidden()
    finally:
        hub.web.give(contents, kept)


def test_a_tab_that_nobody_sees_asks_nothing_and_is_up_to_date_when_it_is_seen(
    running: Hub, visit: Callable[..., Visit]
) -> None:
    status(running)
    it = visit()
    it.open()
    expect(it.page.locator(".faces-watch")).to_contain_text("3 of 10 photos")
    it.page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    it.page.wait_for_timeout(2_000)  # the question that is on its way
    asked: list[str] = []
    it.page.on("request", lambda request: asked.append(request.url))
    status(running, done=8)
    it.page.wait_for_timeout(4_000)
    assert asked == []
    it.page.evaluate(
        "Object.defineProperty(document, 'hidden', { value: false }), document.dispatchEvent(new Event('visibilitychange'))"
    )
    expect(it.page.locator(".faces-watch")).to_contain_text("8 of 10 photos")


def test_a_hub_that_does_not_answer_is_said_and_comes_back(hub: Hub, visit: Callable[..., Visit]) -> None:
    it = visit()
    it.page.route("**/faces/alice/status*", lambda route: route.abort())
    it.open()
    expect(it.page.locator(".faces-watch")).to_contain_text("does not answer")
    it.page.unroute("**/faces/alice/status*")
    expect(it.page.locator(".faces-watch")).not_to_contain_text("does not answer", timeout=15_000)
    it.complaints = [text for text in it.complaints if "ERR_FAILED" not in text]
