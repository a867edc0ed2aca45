"""The page in a real browser (Debian's Chromium), on a hub with real photos that the real worker has searched."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from visits import CHROMIUM, FOLDER, Hub, Visit
from webhub import RealHub, WebHub

playwright = pytest.importorskip("playwright.sync_api")


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
    alice = web.id("alice")
    web.install(alice)
    if not web.is_real:
        web.set("python", sys.executable)
    for setting, value in (("detectors", "dlib"), ("models", "Dlib")):  # what every machine has, whatever weights lie about on it
        web.set(setting, value)
    folder = web.folder(alice, FOLDER)
    photos = {path.name: web.photo(alice, path.name, folder=folder, path=path) for path in sorted(portraits.iterdir())}
    hub = Hub(web, alice, folder, photos)
    owner = web.log_in("alice")
    files = "SELECT filename FROM attach WHERE uid = %s AND filename IN ('faces.pkl', 'models_statistics.csv')"
    while len(web.sql(files, alice)) < 2:  # the page makes the data files, as many as it can within some seconds
        assert owner.get("/faces/alice").code == 200
    web.quiet(300)
    hub.search(300)
    names = ("faces.csv", "faces.pkl", "names.csv", "edits.csv")
    hub.pristine = {name: hub.read(name) for name in names}
    assert len(hub.faces()) >= 6
    yield hub
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
