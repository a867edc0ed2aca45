"""The page in a real browser (Debian's Chromium), on a hub with real photos that the real worker has searched."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from visits import CHROMIUM, Hub, Visit, searched_hub
from webhub import RealHub, WebHub

playwright = pytest.importorskip("playwright.sync_api")
playwright.expect.set_options(timeout=20_000)  # the tests share two cores with other tests


@pytest.fixture(scope="session")
def chromium() -> Iterator[playwright.Browser]:
    if not CHROMIUM:
        pytest.skip("no Chromium here: sh tests/packages.sh")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def searched(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, portraits: Path
) -> Iterator[Hub]:
    if os.environ.get("HUBZILLA_URL"):
        web: WebHub = RealHub()
    else:
        web = WebHub(request.getfixturevalue("mariadb"), tmp_path_factory.mktemp("e2e") / "hub")
    yield searched_hub(web, portraits)
    web.close()


@pytest.fixture
def hub(searched: Hub) -> Iterator[Hub]:
    searched.reset()
    yield searched
    searched.web.quiet()
    assert searched.web.php_log() == ""


@pytest.fixture
def visit(hub: Hub, chromium: playwright.Browser) -> Iterator[Callable[..., Visit]]:
    visits: list[Visit] = []

    def begin(nick: str = "alice", **options: object) -> Visit:
        visits.append(Visit(hub, chromium, nick, **options))
        return visits[-1]

    yield begin
    for one in visits:
        one.context.close()
    assert [complaint for one in visits for complaint in one.complaints] == []
