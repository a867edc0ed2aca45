"""What an attacker of hub mode found, and a random model of everything people do with photos and names on a hub."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fakes
import pytest
from faces import store
from faces.errors import FacesError
from faces.files import DataFile, lock
from faces.folders import DETECT_LOCK, RECOGNIZE_LOCK
from faces.guard import Guard
from faces.hubfile import HubFile
from faces.images import content_hash
from faces.jobs import remove
from faces.jobs.hub import Report, remove_channels
from faces.progress import Progress
from hubs import HubSite
from servers import Postgres
from test_hub_faults import blue, slow, wait_for


def names(site: HubSite, channel: int, *folders: str) -> dict[str, str]:
    return {f"{f.file}#{f.face_nr}": f.name for f in site.shown(channel, *folders)}


def take_away(site: HubSite, nick: str, wait: float = 5, **what: Any) -> Report:
    hub = site.hub()
    return remove_channels(hub, [hub.channel(nick)], remove.What(**what), Guard(), Progress(), wait=wait)


def left(site: HubSite, channel: int) -> list[str]:
    return remove.left(site.album(channel))


def status(site: HubSite, key: str = "status.alice") -> dict[str, Any]:
    return json.loads(site.value(key) or "{}")  # type: ignore[no-any-return]


@pytest.fixture
def alice(site: HubSite) -> int:
    """A channel with a photo in its root and its data files."""
    channel = site.channel("alice")
    site.photo(channel, "root.png", {"red": (40, 40)})
    site.data_files(channel, "")
    return channel


# --- names ------------------------------------------------------------------------------------------------------


def test_copied_then_replaced_by_somebody_else(site: HubSite, alice: int) -> None:
    folder = site.folder(alice, "Z")
    photo = site.photo(alice, "party.png", {"red": (60, 40)}, folder)
    site.data_files(alice, folder)
    site.detect()
    site.name_face(alice, site.shown(alice, folder)[0], "Ada")
    site.detect()
    site.photo(alice, "copy.png", {}, path=site.root / site.content(alice, photo))
    site.replace(alice, photo, {"blue": (60, 40)})
    site.detect()
    assert names(site, alice)["copy.png#1"] == "Ada"
    assert names(site, alice, folder) == {"party.png#1": ""}


def test_two_photos_that_change_places(site: HubSite, alice: int) -> None:
    site.photo(alice, "b.png", {"blue": (40, 40)}, shade=3)
    site.detect()
    for face in site.shown(alice):
        site.name_face(alice, face, {"root.png": "Ada", "b.png": "Bob"}[face.file])
    site.detect()
    one, two = (site.root / site.content(alice, row.photo) for row in site.rows(alice))
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    site.detect()
    assert names(site, alice) == {"root.png#1": "Bob", "b.png#1": "Ada"}


def test_replaced_within_a_second_and_faces_pkl_lost(site: HubSite, alice: int) -> None:
    site.detect()
    site.name_face(alice, site.shown(alice)[0], "Ada")
    site.detect()
    site.replace(alice, site.rows(alice)[0].photo, {"blue": (40, 40)})
    site.path(alice, "faces.pkl", "").write_bytes(b"")
    site.detect()
    assert names(site, alice) == {"root.png#1": ""}


def test_a_photo_that_kills_does_not_take_its_namesake_along(site: HubSite) -> None:
    """Nor do other channels make the program forget which one it was."""
    channel = site.channel("alice")
    site.photo(channel, "t.png", {"blue": (20, 40)})
    good = site.photo(channel, "t.png", {"red": (20, 40)}, shade=3)
    site.data_files(channel, "")
    for shade in range(3):
        site.photo(site.channel(f"other{shade}"), "x.png", {"red": (1, 1)})
    codes = []
    for _ in range(8):
        run = slow(site, FAKE_DETECTOR="dies")
        codes.append(run.wait(60))
        if codes[-1] >= 0:
            break
    assert codes[-1] >= 0 and codes.count(-signal.SIGKILL) >= 3
    assert {row.photo: row.status for row in site.rows(channel)}[good] == "face"
    assert sorted(row.status for row in site.rows(channel)) == ["face", "failed"]


COLOURS = {"red": "Ada", "green": "Bob", "blue": "Cy", "yellow": "Di", "pink": "Eve", "cyan": "Flo"}


class Life:
    """A channel and what a person has said about the photos of it, by their content."""

    def __init__(self, site: HubSite, seed: int):
        self.site, self.random = site, random.Random(seed)
        self.channel = site.channel("alice")
        self.folders = [site.folder(self.channel, "A"), site.folder(self.channel, "B"), ""]
        site.data_files(self.channel, *self.folders)
        self.shades, self.ticks = itertools.count(1), itertools.count(1)
        self.deleted: list[bytes] = []
        self.said: dict[str, str] = {}
        self.done: list[str] = []
        for _ in range(3):
            self.new()

    # Each method is something that happens; `live` picks one.

    def new(self) -> None:
        people = {self.random.choice(list(COLOURS)): (40, 40)}
        self._touched(self.site.photo(self.channel, self._name(), people, self._folder(), shade=next(self.shades)))

    def replace(self) -> None:
        photo = self._photo()
        self.site.replace(self.channel, photo, {self.random.choice(list(COLOURS)): (40, 40)}, shade=next(self.shades))
        self._touched(photo)

    def replace_by_another(self) -> None:
        one, other = self._photo(), self._photo()
        self._path(one).write_bytes(self._path(other).read_bytes())
        self._touched(one)

    def swap(self) -> None:
        one, other = self._photo(), self._photo()
        first, second = self._path(one).read_bytes(), self._path(other).read_bytes()
        self._path(one).write_bytes(second)
        self._path(other).write_bytes(first)
        self._touched(one)
        self._touched(other)

    def move(self) -> None:
        self.site.move(self.channel, self._photo(), self._folder())

    def rename(self) -> None:
        self.site.sql("UPDATE attach SET filename = %s WHERE hash = %s", self._name(), self._photo())

    def copy(self) -> None:
        self._touched(self.site.photo(self.channel, self._name(), {}, self._folder(), path=self._path(self._photo())))

    def delete(self) -> None:
        photo = self._photo()
        self.deleted.append(self._path(photo).read_bytes())
        self._path(photo).unlink()
        self.site.sql("DELETE FROM attach WHERE hash = %s", photo)

    def upload_again(self) -> None:
        if self.deleted:
            file = self.site.root / "again"
            file.write_bytes(self.random.choice(self.deleted))
            self._touched(self.site.photo(self.channel, self._name(), {}, self._folder(), path=file))

    def lose_faces_pkl(self) -> None:
        self.site.path(self.channel, "faces.pkl", self._folder()).write_bytes(b"")

    def lose_faces_csv(self) -> None:
        self.site.recognize()  # what was typed into it is in the journal
        self.site.path(self.channel, "faces.csv", self._folder()).write_bytes(b"")

    def name(self) -> None:
        self._say("name")

    def clear(self) -> None:
        self._say("clear")

    def type_a_name(self) -> None:
        self.detect()
        folder = self._folder()
        rows = self.site.shown(self.channel, folder)
        if rows:
            face = self.random.choice(rows)
            face.name = self.said[face.content] = self._person(face.photo)
            store.write_shown(DataFile(self.site.path(self.channel, "faces.csv", folder)), rows)

    def detect(self) -> None:
        error = self.site.detect().error()
        assert error is None, (error, self.done)
        self.check()

    def killed(self) -> None:
        """At a random write to a file or its row, before or after it."""
        left, after = [self.random.randrange(1, 8)], self.random.random() < 0.5

        class Killed(BaseException):
            pass

        def deadly(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any) -> Any:
                left[0] -= 1
                if left[0] < 0 or (left[0] == 0 and not after):
                    raise Killed
                result = real(*arguments)
                if left[0] == 0:
                    raise Killed
                return result

            return call

        kept = HubFile._replace, HubFile._follow, HubFile.append
        try:
            HubFile._replace, HubFile._follow, HubFile.append = map(deadly, kept)  # type: ignore[method-assign]
            self.site.detect()
        except Killed:
            pass
        finally:
            HubFile._replace, HubFile._follow, HubFile.append = kept  # type: ignore[method-assign]

    def stopped(self) -> None:
        left = [self.random.randrange(1, 4)]

        def asked() -> str:
            left[0] -= 1
            return "" if left[0] > 0 else "the test"

        self.site.detect(guard=Guard(asked=asked))

    def live(self, steps: int) -> None:
        rare = [self.detect, self.name, self.name, self.type_a_name]
        for _ in range(steps):
            event = self.random.choice([
                self.new, self.replace, self.replace_by_another, self.swap, self.move, self.rename, self.copy, self.delete,
                self.upload_again, self.lose_faces_pkl, self.lose_faces_csv, self.clear, self.killed, self.stopped, *rare,
            ])  # fmt: skip
            if not self._photos():
                event = self.new
            self.done.append(event.__name__)
            event()
        self.site.detect()
        self.detect()
        assert not self.site.detect().outcomes[0].summary.changed, self.done
        assert self.site.wrong_rows() == [], self.done

    def check(self) -> None:
        """Nobody has another one's name, and no name is lost."""
        photos, named = self._photos(), {}
        for face in self.site.shown(self.channel, *self.folders):
            if face.photo in photos and face.name:
                assert face.name == self._person(face.photo), (self.done, face)
                named[face.photo] = face.name
        for photo in photos:
            said = self.said.get(content_hash(self._path(photo)))
            assert not said or named.get(photo) == said, (self.done, "lost", said)

    def _say(self, decision: str) -> None:
        self.detect()
        faces = self.site.shown(self.channel, *self.folders)
        if faces:
            face = self.random.choice(faces)
            name = self._person(face.photo) if decision == "name" else ""
            self.site.name_face(self.channel, face, name, decision)
            self.said[face.content] = name

    def _person(self, photo: str) -> str:
        from PIL import Image

        with Image.open(self._path(photo)) as image:
            colour = image.convert("RGB").getpixel((60, 60))
        return next(COLOURS[name] for name, value in fakes.COLOURS.items() if value == colour)

    def _photos(self) -> list[str]:
        return [hash for (hash,) in self.site.sql("SELECT hash FROM attach WHERE is_photo = 1 ORDER BY id")]

    def _photo(self) -> str:
        return self.random.choice(self._photos())

    def _path(self, photo: str) -> Path:
        return self.site.root / self.site.content(self.channel, photo)

    def _touched(self, photo: str) -> None:
        when = time.time_ns() - 10**15 + next(self.ticks) * 3_000_000_000  # seconds apart
        os.utime(self._path(photo), ns=(when, when))

    def _name(self) -> str:
        return self.random.choice(["x.png", "y.png"])

    def _folder(self) -> str:
        return self.random.choice(self.folders)


@pytest.mark.parametrize("seed", range(int(os.environ.get("FACES_LIVES", "12"))))
def test_a_life_of_photos_and_names(site: HubSite, seed: int) -> None:
    Life(site, seed).live(14)


# --- files and rights -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hash", ["../../../../../outside", "/etc/x", "**x", "", "a\0b", "[", "x" * 191])
def test_a_hash_is_a_text_and_no_path(site: HubSite, alice: int, hash: str) -> None:
    site.detect()
    site.path(alice, "faces.pkl", "").write_bytes(b"PAR1" + b"x" * 50 + b"PAR1")
    before = set(site.root.parent.glob("*")) | set(site.root.glob("*")) | set((site.root / "store").glob("*"))
    site.sql("UPDATE attach SET hash = %s WHERE filename = 'faces.pkl'", hash)
    site.detect()
    take_away(site, "alice", everything=True)
    left(site, alice)
    assert before == set(site.root.parent.glob("*")) | set(site.root.glob("*")) | set((site.root / "store").glob("*"))


def test_rows_without_a_hash_are_left_alone(site: HubSite, alice: int) -> None:
    site.detect()
    site.sql("UPDATE attach SET hash = '' WHERE is_photo = 1")
    site.detect()
    assert not [q for q in site.queries(lambda: site.detect()) if q.startswith("UPDATE attach")]


def test_files_of_our_names_that_are_not_ours_stay(site: HubSite) -> None:
    channel = site.channel("alice")
    site.photo(channel, "a.png", {"red": (40, 40)})
    own = site.folder(channel, "faces")
    mine = {
        site.data_file(channel, "faces.pkl", "", b"my own notes about faces.\n"): b"my own notes about faces.\n",
        site.data_file(channel, "faces_statistics.csv", own, b"my own study\n1;2\n"): b"my own study\n1;2\n",
        site.data_file(channel, "thresholds.json", own, b"[1, 2]"): b"[1, 2]",
        site.data_file(channel, "names.csv", own, b"baby;names\nAda;1\n"): b"baby;names\nAda;1\n",
    }
    config = site.data_file(channel, "config.json", own, b'{"version": 1, "worker": {"statistics": true}}')
    for name in ("edits.csv", "models_statistics.csv"):
        site.data_file(channel, name, own)
    site.data_file(channel, "faces.csv", "")
    assert "is not ours; it was left alone" in str(site.detect().error())
    assert "alice: faces/faces_statistics.csv (" in str(site.recognize().error())
    take_away(site, "alice", models=("SFace",))
    take_away(site, "alice", everything=True)
    for hash, content in mine.items():
        assert (site.root / site.content(channel, hash)).read_bytes() == content
    assert (site.root / site.content(channel, config)).read_bytes() == b""
    assert not (site.hub().state / str(channel) / "aside").exists()


# --- removing ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["quoted", "no header", "blank"])
def test_a_names_csv_that_a_spreadsheet_saved_is_ours(site: HubSite, alice: int, kind: str) -> None:
    site.detect()
    site.name_face(alice, site.shown(alice)[0], "Ada")
    path = site.path(alice, "names.csv")
    head, rest = path.read_text().split("\n", 1)
    quoted = ",".join(f'"{cell}"' for cell in head.split(","))
    path.write_text({"quoted": f"{quoted}\n{rest}", "no header": rest, "blank": f"\n{head}\n{rest}"}[kind])
    site.recognize()
    assert names(site, alice) == {"root.png#1": "Ada"}
    take_away(site, "alice", everything=True)
    assert path.read_bytes() == b"" and left(site, alice) == []


def test_nothing_is_left_after_the_page_deleted_the_rows(site: HubSite, alice: int) -> None:
    site.detect()
    take_away(site, "alice", everything=True)
    site.sql("DELETE FROM attach WHERE is_photo = 0 AND is_dir = 0")
    assert left(site, alice) == []


def test_killed_while_emptying_a_file_of_the_page(site: HubSite, alice: int, monkeypatch: pytest.MonkeyPatch) -> None:
    site.detect()
    site.name_face(alice, site.shown(alice)[0], "Ada")

    class Killed(BaseException):
        pass

    def follow(self: HubFile) -> None:
        if self._row.filename == "names.csv":
            raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(HubFile, "_follow", follow)
        take_away(site, "alice", everything=True)
    assert site.wrong_rows() != []
    take_away(site, "alice", everything=True)
    assert site.wrong_rows() == [] and left(site, alice) == []


def test_a_names_csv_that_is_gone_from_the_disk(site: HubSite, alice: int) -> None:
    site.detect()
    site.name_face(alice, site.shown(alice)[0], "Ada")
    site.recognize()
    site.path(alice, "names.csv").unlink()
    site.detect()
    assert names(site, alice) == {"root.png#1": "Ada"} and site.wrong_rows() == []


def test_what_a_killed_run_left_half_written_goes_too(
    site: HubSite, alice: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.detect()

    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    site.photo(alice, "more.png", {"green": (10, 10)})
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr("faces.files.os.fsync", die)
        site.detect()
    temporary = site.root / "store" / "alice" / ".faces-tmp"
    assert len(list(temporary.iterdir())) == 1
    site.sql("DELETE FROM attach WHERE filename = 'faces.pkl'")
    assert str(temporary) in " ".join(left(site, alice))
    take_away(site, "alice", everything=True)
    assert not temporary.exists() and left(site, alice) == []


def test_of_channels_that_lost_app_and_rows_and_of_those_the_hub_forgot_nothing_is_left(
    site: HubSite, alice: int
) -> None:
    site.detect()
    path = site.path(alice, "faces.pkl", "")
    path.write_bytes(path.read_bytes()[:-40])
    site.detect()
    state = site.hub().state
    assert list((state / str(alice) / "aside").iterdir())
    (state / "4711" / "aside").mkdir(parents=True)
    (state / "4711" / "aside" / "x").write_bytes(b"a face")
    site.sql("DELETE FROM app")
    site.sql("DELETE FROM attach WHERE is_photo = 0 AND is_dir = 0")
    hub = site.hub()
    remove_channels(hub, hub.with_data(), remove.What(everything=True), Guard(), Progress(), wait=1)
    assert not list(state.glob("*/aside")) and not list(state.glob("*/choice.json"))
    assert site.sql("SELECT k FROM config WHERE cat = 'faces'") == []


def test_the_hubs_status_names_no_folder_in_the_end(site: HubSite) -> None:
    channel = site.channel("alice")
    folder = site.folder(channel, "Secret affair")
    site.photo(channel, "a.png", {"red": (40, 40)}, folder)
    site.data_files(channel, folder)
    site.detect()
    assert "Secret" not in (site.value("status") or "") + (site.value("status.alice") or "")


def test_data_files_that_move_while_a_removal_waits(site: HubSite, alice: int) -> None:
    folder = site.folder(alice, "other")
    site.detect()
    began = threading.Event()
    hashes = [site.own_file(alice, name, "") for name in ("faces.pkl", "faces.csv")]

    def hold() -> None:
        other = HubSite.__new__(HubSite)
        other.server, other.name, other.root, other._connection = site.server, site.name, site.root, None
        with lock(site.album(alice).lock(DETECT_LOCK), "x"):
            began.set()
            time.sleep(1.0)
            for hash in hashes:
                other.move(alice, hash, folder)

    thread = threading.Thread(target=hold)
    thread.start()
    began.wait()
    assert take_away(site, "alice", wait=20, everything=True).error() is None
    thread.join()
    assert site.path(alice, "faces.pkl", folder).read_bytes() == b"" and left(site, alice) == []


def test_everything_goes_from_a_channel_that_waits_for_its_turn(site: HubSite) -> None:
    blue(site, 40)
    site.sql("UPDATE channel SET channel_address = 'bob' WHERE channel_address = 'alice'")
    (site.root / "store" / "alice").rename(site.root / "store" / "bob")
    site.sql("UPDATE attach SET content = REPLACE(content, 'store/alice', 'store/bob')")
    channel = blue(site, 50)
    run = slow(site)
    wait_for(lambda: status(site, "status.bob").get("state") == "detecting" and status(site).get("state") == "waiting")
    assert (status(site)["total"], status(site)["code"]) == (50, None)
    assert take_away(site, "alice", everything=True).error() is None
    site.set_value("stop.bob", "2099-01-01T00:00:00Z")
    assert run.wait(60) == 9
    assert left(site, channel) == []


def test_sigterm_ends_a_removal_that_waits(site: HubSite, alice: int) -> None:
    import subprocess
    import sys

    from test_hub_faults import FAKE_PROGRAM

    site.detect()
    with lock(site.album(alice).lock(DETECT_LOCK), "x"):
        run = subprocess.Popen([sys.executable, str(FAKE_PROGRAM), "remove", "--hub", str(site.root), "--channel", "alice",
                                "--all", "--yes"], stderr=subprocess.DEVNULL)  # fmt: skip
        wait_for(lambda: site.value("stop.alice"))
        time.sleep(0.3)
        run.terminate()
        assert run.wait(15) == 9
    assert site.value("stop.alice") is None and len(site.shown(alice)) == 1


# --- what the page is told --------------------------------------------------------------------------------------


def test_a_closed_terminal_is_a_request_to_stop(site: HubSite) -> None:
    blue(site, 60)
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # tests under nohup: what is ignored is inherited
    run = slow(site)
    signal.signal(signal.SIGHUP, before)
    wait_for(lambda: status(site).get("done"))
    run.send_signal(signal.SIGHUP)
    assert run.wait(30) == 9 and status(site)["state"] == "stopped"


def test_channels_that_were_not_reached_say_so(site: HubSite, alice: int) -> None:
    bob = site.channel("bob")
    for shade in (1, 2):
        site.photo(bob, f"{shade}.png", {"red": (10, 10)}, shade=shade)
    site.data_files(bob, "")
    guard = Guard()

    class Signal(fakes.SquareDetector):
        def detect(self, image: Any) -> Any:
            guard._signal = "SIGTERM"
            return super().detect(image)

    site.detect(guard=guard, engines=fakes.models(Signal()))
    assert {key: status(site, f"status.{key}")["state"] for key in ("alice", "bob")} == {"alice": "done", "bob": "stopped"} or (
        status(site)["state"], status(site, "status.bob")["state"]) == ("stopped", "stopped")  # fmt: skip
    assert "SIGTERM" in status(site, "status.bob")["message"]


@pytest.mark.parametrize(("name", "state"), [(RECOGNIZE_LOCK, "recognizing"), (DETECT_LOCK, "removing")])
def test_who_comes_in_vain_does_not_speak(site: HubSite, alice: int, name: str, state: str) -> None:
    site.detect()
    site.set_value("status.alice", json.dumps({"state": state}))
    with lock(site.album(alice).lock(name), "x"):
        (site.recognize if name == RECOGNIZE_LOCK else site.detect)()
    assert status(site)["state"] == state


def test_one_bad_nick_does_not_end_the_others(site: HubSite, alice: int) -> None:
    site.data_files(site.channel("zz"), "")
    site.sql("UPDATE channel SET channel_address = '../x' WHERE channel_id = %s", alice)
    for report in (site.recognize(), site.detect()):
        assert {o.nick: o.error is None for o in report.outcomes} == {"../x": False, "zz": True}


def test_many_names_are_written_down_at_once(site: HubSite, alice: int) -> None:
    for shade in range(12):
        site.photo(alice, f"{shade}.png", {"red": (10, 10)}, shade=shade)
    site.detect()
    for face in site.shown(alice):
        site.name_face(alice, face, "Ada")
    site.detect()
    site.path(alice, "names.csv").write_bytes(b"")
    queries = site.queries(lambda: site.recognize())
    assert len([q for q in queries if q.startswith("UPDATE attach")]) == 2  # edits.csv; names.csv, mended
    assert len(store.read_decisions(DataFile(site.path(alice, "edits.csv")))) == 13


# --- a server that hangs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["mariadb", "postgres"])
def test_a_server_that_hangs_ends_the_run_in_time(kind: str, request: pytest.FixtureRequest, tmp_path: Path,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr("faces.heartbeat.PERIOD", 0.0)
    monkeypatch.setattr("faces.database._TIMEOUT", 2)
    monkeypatch.setattr("faces.database._SHORT_TIMEOUT", 1)
    server = request.getfixturevalue(kind)
    site = HubSite(server, tmp_path / "hub")
    channel = site.channel("alice")
    for shade in range(3):
        site.photo(channel, f"{shade}.png", {"red": (10, 10)}, shade=shade)
    site.data_files(channel, "")
    path = site.path(channel, "faces.pkl", "")
    seen = []

    def pids() -> list[int]:
        found = [server.process.pid]
        if isinstance(server, Postgres):
            import psutil

            found += [child.pid for child in psutil.Process(server.process.pid).children(recursive=True)]
        return found

    class Hangs(fakes.SquareDetector):
        def detect(self, image: Any) -> Any:
            seen.append(time.monotonic())
            if len(seen) == 1:
                for pid in pids():
                    os.kill(pid, signal.SIGSTOP)
            return super().detect(image)

    start = time.monotonic()
    try:
        error = site.detect(patience=6, engines=fakes.models(Hangs())).error()
    finally:
        for pid in pids():
            os.kill(pid, signal.SIGCONT)
    assert isinstance(error, FacesError) and error.exit_code == 13
    assert time.monotonic() - start < 40 and len(seen) == 3  # the photos went on
    assert path.stat().st_size > 0
    site._connection = None
    assert site.detect().error() is None and site.wrong_rows() == []
