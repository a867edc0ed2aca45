"""Screenshots of the page into tests/e2e/shots: `make shots`. The same hub, photos and browser as the tests."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("py", "tests/py", "tests/e2e", "tests/demo")]
SHOTS = ROOT / "tests" / "e2e" / "shots"

import album
import servers
from playwright.sync_api import sync_playwright
from visits import CHROMIUM, Hub, Visit, searched_hub
from webhub import WebHub

PHONE = {"viewport": {"width": 390, "height": 800}, "device_scale_factor": 1, "is_mobile": True, "has_touch": True}


def main() -> None:
    place = Path(tempfile.mkdtemp(prefix="faces-shots-"))
    album.fetch(ROOT / "demo" / "photos")
    server = servers.start(servers.MariaDb, place / "db")
    web = WebHub(server, place / "hub")
    try:
        hub = searched_hub(web, ROOT / "demo" / "photos")
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            take(hub, lambda **options: Visit(hub, browser, "alice", **options))
            browser.close()
    finally:
        web.close()
        server.stop()


def take(hub: Hub, visit: Callable[..., Visit]) -> None:
    hub.reset()
    SHOTS.mkdir(exist_ok=True)
    desk = visit(viewport={"width": 1100, "height": 800})

    def shot(it: Visit, name: str) -> None:
        it.page.wait_for_timeout(700)
        it.page.screenshot(path=SHOTS / f"{name}.png")

    desk.open("?view=groups")
    desk.page.locator(".faces-portrait").nth(1).click()
    desk.page.locator(".faces-group input").first.fill("Barack Obama")
    desk.page.keyboard.press("Escape")
    shot(desk, "groups")
    desk.open()
    desk.name("obama.jpg", "Barack Obama")
    desk.name("biden.jpg", "Joe Biden")
    desk.saved()
    hub.web.quiet()
    desk.page.wait_for_selector(".faces-guessed")
    desk.page.get_by_role("slider", name="In a row").fill("4")
    desk.page.locator(".faces-look").evaluate("(one) => one.scrollIntoView()")
    desk.page.locator(".faces-notice .faces-close").click()
    shot(desk, "photos")
    desk.enlarge("biden.jpg")
    shot(desk, "large")
    desk.page.keyboard.press("Escape")
    for view, name in (
        ("?view=people", "people"),
        ("?view=person&name=Barack%20Obama", "person"),
        ("/settings", "settings"),
    ):
        desk.open(view)
        shot(desk, name)
    dark = visit(color_scheme="dark", viewport={"width": 1100, "height": 800})
    dark.open()
    shot(dark, "dark")
    phone = visit(**PHONE)
    phone.open()
    phone.chip("obama2.jpg").locator(".faces-chip").tap()
    phone.page.keyboard.type("ba")
    shot(phone, "phone")


if __name__ == "__main__":
    main()
