"""A hub with photos that were searched, and people who visit it with a browser."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faces import store
from faces.files import DataFile
from faces.records import ShownFace
from webhub import Client, WebHub, until

CHROMIUM = shutil.which("chromium") or ""
FOLDER = "Album"


@dataclass
class Hub:
    """A hub on which alice has photos in a folder, and the worker has searched them. `pristine`: her data files before
    anybody decided anything, by the name of the file."""

    web: WebHub
    alice: int
    folder: str
    photos: dict[str, str]
    pristine: dict[str, bytes] = field(default_factory=dict)

    def faces(self) -> list[ShownFace]:
        return store.parse_shown(DataFile(self.web.path(self.alice, "faces.csv", self.folder)), self.read("faces.csv"))

    def read(self, name: str) -> bytes:
        folder = self.folder if name in ("faces.csv", "faces.pkl") else None
        return self.web.path(self.alice, name, folder).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        self.web.write(self.alice, name, content, self.folder if name in ("faces.csv", "faces.pkl") else None)

    def reset(self) -> None:
        """As after the first search: nobody has decided anything."""
        self.web.quiet()
        for name, content in self.pristine.items():
            self.write(name, content)
        for setting, value in (("block", 0), ("immediate", 1)):
            self.web.set(setting, value)
        self.web.state("opened", "alice").touch()  # opening the page starts no search of its own for a while
        self.web.sql("DELETE FROM config WHERE cat = 'faces' AND k LIKE 'st%%.alice'".replace("%%", "%"))

    def search(self, seconds: float = 120) -> None:
        """The owner looks for new photos, and waits."""
        owner = self.web.log_in("alice")
        answer = owner.post("/faces/alice/start")
        # While the last one is being tidied away: one more follows. (To ask again would be to ask for yet another.)
        assert answer.code == 202 or answer.json["follows"], answer
        until(lambda: not owner.get("/faces/alice/status").json["running"], seconds)
        self.web.quiet()


def searched_hub(web: WebHub, portraits: Path) -> Hub:
    """alice has the app and these photos in a folder, and the worker has searched them."""
    alice = web.id("alice")
    web.install(alice)
    if not web.is_real:
        web.set("python", sys.executable)
    for setting, value in (
        ("detectors", "dlib"),
        ("models", "Dlib"),
    ):  # what every machine has, whatever weights lie about on it
        web.set(setting, value)
    folder = web.folder(alice, FOLDER)
    photos = {
        path.name: web.photo(alice, path.name, folder=folder, path=path) for path in sorted(portraits.glob("[!.]*"))
    }
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
    return hub


class Visit:
    """A person at the page. Whatever the browser complains about fails the test."""

    def __init__(self, hub: Hub, browser: Any, nick: str, **options: object):
        self.hub, self.nick = hub, nick
        self.complaints: list[str] = []
        self.context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}, "locale": "en-GB", **options})
        client = hub.web.log_in(nick) if nick else Client(hub.web)
        self.context.add_cookies(
            [
                {"name": name, "value": value, "url": hub.web.url, "sameSite": "Lax"}
                for name, value in client.cookies.items()
            ]
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{error}"))

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text} {message.location.get('url', '')}")

    def open(self, query: str = "", channel: str = "alice") -> Any:
        self.page.goto(f"{self.hub.web.url}/faces/{channel}{query}")
        return self.page

    def chip(self, file: str, number: int = 0) -> Any:
        """The face's name below a photo."""
        return self.page.locator(f'.faces-photo[data-photo="{self.hub.photos[file]}"] .faces-names > li').nth(number)

    def photo(self, file: str) -> Any:
        return self.page.locator(f'.faces-photo[data-photo="{self.hub.photos[file]}"]')

    def enlarge(self, file: str) -> None:
        self.photo(file).locator(".faces-open").click(position={"x": 4, "y": 4})

    def name(self, file: str, name: str, number: int = 0) -> None:
        self.chip(file, number).locator(".faces-chip").click()
        self.page.keyboard.type(name)
        self.page.keyboard.press("Enter")

    def saved(self) -> None:
        """Until nothing is on its way."""
        self.page.wait_for_function("Object.keys(localStorage).every((key) => !key.startsWith('faces-outbox'))")

    def offline(self, isOff: bool) -> None:
        self.context.set_offline(isOff)


def eventually(what: Callable[[], object], seconds: float = 20) -> None:
    """Until it is so."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)
