"""One test for each way a hub's database or disk can fail, and for several programs at once: with the real server."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import fakes
import hubs
import pytest
import servers
from faces import store
from faces.errors import DatabaseError, DiskFull, LockedError, StopRequested
from faces.files import DataFile, lock
from faces.folders import DETECT_LOCK, RECOGNIZE_LOCK
from faces.guard import Guard
from faces.jobs import remove
from faces.jobs.hub import remove_channels
from faces.progress import Progress
from hubs import HubSite
from servers import USER, MariaDb

Program = Callable[..., CompletedProcess[str]]
FAKE_PROGRAM = Path(__file__).parent / "fake_program.py"


@pytest.fixture(scope="module")
def own() -> Iterator[MariaDb]:
    """A server that may be killed."""
    server = servers.start(MariaDb, Path(tempfile.mkdtemp(prefix="faces-db-")))
    yield server  # type: ignore[misc]
    server.stop(signal.SIGKILL)
    shutil.rmtree(server.folder)


@pytest.fixture
def frail(own: MariaDb, tmp_path: Path) -> HubSite:
    """A hub on that server, with a channel alice of six photos in two folders."""
    site = HubSite(own, tmp_path / "hub")
    fill(site)
    return site


def fill(site: HubSite, photos: int = 6) -> int:
    channel = site.channel("alice")
    folders = [site.folder(channel, "one"), site.folder(channel, "two")]
    for number in range(photos):
        site.photo(channel, f"{number}.png", {"red": (20 + number, 40)}, folders[number % 2], shade=number)
    site.data_files(channel, *folders)
    return channel


def alice(site: HubSite) -> tuple[int, list[str]]:
    """The channel's id and its folders."""
    channel = int(site.sql("SELECT channel_id FROM channel WHERE channel_address = 'alice'")[0][0])
    return channel, [h for (h,) in site.sql("SELECT hash FROM attach WHERE uid = %s AND is_dir = 1 AND filename <> 'faces' "
                                            "ORDER BY id", channel)]  # fmt: skip


def faces(site: HubSite) -> int:
    channel, folders = alice(site)
    return len(site.shown(channel, *folders))


class During(fakes.SquareDetector):
    """Calls `job` with the number of the photo, before each is looked at."""

    def __init__(self, job: Callable[[int], Any]):
        super().__init__()
        self.job, self.number = job, 0

    def detect(self, image: object) -> list[Any]:
        self.number += 1
        self.job(self.number)
        return super().detect(image)


def once(number: int, job: Callable[[], Any]) -> Any:
    """Engines that call `job` at the photo of that number."""
    return fakes.models(During(lambda at: job() if at == number else None))


def later(seconds: float, job: Callable[[], Any]) -> threading.Thread:
    def run() -> None:
        time.sleep(seconds)
        job()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def wait_for(what: Callable[[], Any], seconds: float = 20) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come to that")


def kill_connections(server: MariaDb) -> None:
    connection = server.connect()
    cursor = connection.cursor()
    cursor.execute("SELECT id FROM information_schema.processlist WHERE user = %s", (USER,))
    for (number,) in cursor.fetchall():
        with suppress(Exception):  # gone already
            cursor.execute(f"KILL {int(number)}")
    connection.close()


@pytest.fixture(autouse=True)
def beats(monkeypatch: pytest.MonkeyPatch) -> None:
    """A beat after each photo, not after two seconds."""
    monkeypatch.setattr("faces.heartbeat.PERIOD", 0.0)


# --- the database -----------------------------------------------------------------------------------------------


def test_a_server_that_is_killed_and_comes_back_ends_nothing(own: MariaDb, frail: HubSite) -> None:
    threads = []

    def kill() -> None:
        own.stop(signal.SIGKILL)
        threads.append(later(1.0, own.start))

    report = frail.detect(patience=30, engines=once(2, kill))
    threads[0].join()
    assert report.error() is None and report.outcomes[0].summary.done == 6
    assert faces(frail) == 6 and frail.wrong_rows() == []


def test_a_server_that_stays_away_ends_the_run_with_everything_stored(own: MariaDb, frail: HubSite) -> None:
    channel, folders = alice(frail)
    paths = [frail.path(channel, "faces.pkl", folder) for folder in folders]
    try:
        report = frail.detect(patience=1.0, engines=once(3, lambda: own.stop(signal.SIGKILL)))
        error = report.error()
        assert isinstance(error, DatabaseError) and error.exit_code == 13
        assert "tried for" in str(error) and "s.sock" not in str(error) and "ecret" not in str(error)
        assert paths[0].stat().st_size > 0
    finally:
        own.start()
    assert frail.wrong_rows() != []
    done = sum(bool(row.face) for folder in folders for row in frail.rows(channel, folder))
    assert done >= 3
    report = frail.detect()
    assert report.error() is None and report.outcomes[0].summary.done == 6 - done
    assert faces(frail) == 6 and frail.wrong_rows() == []


def test_a_server_that_is_not_there_is_said_at_once_with_its_place(own: MariaDb, frail: HubSite) -> None:
    own.stop()
    try:
        with pytest.raises(DatabaseError, match="mysql database 'hub"):
            frail.detect(patience=0.5)
    finally:
        own.start()


def test_a_right_that_is_revoked_is_named_and_the_rows_are_mended_later(own: MariaDb, frail: HubSite) -> None:
    def revoke() -> None:
        own.admin(f"REVOKE UPDATE ON {frail.name}.* FROM {USER}@localhost")
        kill_connections(own)  # a connection keeps the rights it began with

    report = frail.detect(engines=once(2, revoke))
    own.admin(f"GRANT UPDATE ON {frail.name}.* TO {USER}@localhost")
    error = report.error()
    assert isinstance(error, DatabaseError) and "the user lacks a right" in str(error)
    assert frail.detect().error() is None
    assert faces(frail) == 6 and frail.wrong_rows() == []


def test_a_server_that_is_read_only_for_a_while_is_waited_for(own: MariaDb, frail: HubSite) -> None:
    threads = []

    def read_only() -> None:
        own.admin("SET GLOBAL read_only = 1")
        threads.append(later(1.0, lambda: own.admin("SET GLOBAL read_only = 0")))

    report = frail.detect(patience=30, engines=once(2, read_only))
    threads[0].join()
    assert report.error() is None and frail.wrong_rows() == []


def test_a_server_that_stays_read_only_ends_the_run(own: MariaDb, frail: HubSite) -> None:
    own.admin("SET GLOBAL read_only = 1")
    try:
        error = frail.detect(patience=1.0).error()
        assert isinstance(error, DatabaseError) and "read-only" in str(error)
    finally:
        own.admin("SET GLOBAL read_only = 0")
    assert frail.detect().error() is None and frail.wrong_rows() == []


def test_a_row_that_somebody_else_locks_is_waited_for(own: MariaDb, frail: HubSite) -> None:
    channel, folders = alice(frail)
    own.admin("SET GLOBAL innodb_lock_wait_timeout = 1")
    other = own.connect(frail.name)
    other.autocommit = False
    other.cursor().execute(
        "UPDATE attach SET revision = 1 WHERE hash = %s", (frail.own_file(channel, "faces.pkl", folders[0]),)
    )
    thread = later(2.5, other.commit)
    report = frail.detect(patience=30)
    thread.join()
    own.admin("SET GLOBAL innodb_lock_wait_timeout = 50")
    assert report.error() is None and frail.wrong_rows() == []


def test_connections_that_are_killed_again_and_again_end_nothing(own: MariaDb, frail: HubSite) -> None:
    over = threading.Event()

    def kill() -> None:
        while not over.is_set():
            kill_connections(own)
            time.sleep(0.05)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        report = frail.detect(patience=30, engines=fakes.models(During(lambda _: time.sleep(0.1))))
    finally:
        over.set()
        thread.join()
    assert report.error() is None and faces(frail) == 6 and frail.wrong_rows() == []


def test_a_server_that_takes_short_statements_only_gets_short_ones(own: MariaDb, frail: HubSite) -> None:
    _, folders = alice(frail)
    frail.sql("UPDATE attach SET filename = %s WHERE hash = %s", "\U0001f600" * 190, folders[0])
    own.admin("SET GLOBAL max_allowed_packet = 1024")
    try:
        report = frail.detect()
    finally:
        own.admin("SET GLOBAL max_allowed_packet = 16777216")
    assert report.error() is None and faces(frail) == 6
    assert json.loads(frail.value("status.alice") or "")["state"] == "done"


def test_a_database_that_is_no_hubs_is_called_so(own: MariaDb, frail: HubSite) -> None:
    frail.sql("DROP TABLE app")
    with pytest.raises(DatabaseError, match="this is no hub's database"):
        frail.detect()


# --- the disk ---------------------------------------------------------------------------------------------------


def test_a_full_disk_ends_the_run_and_costs_nothing(site: HubSite) -> None:
    store_folder = site.root / "store"
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(store_folder)], capture_output=True
    ).returncode:
        pytest.skip("no right to mount a small disk here")
    try:
        (store_folder / "[data]").mkdir()
        channel = fill(site)
        site.detect()
        _, folders = alice(site)
        site.name_face(channel, site.shown(channel, folders[0])[0], "Ada")
        filler = store_folder / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"x" * 1024)
        before = [site.path(channel, name, f).read_bytes() for f in folders for name in ("faces.pkl", "faces.csv")]
        error = site.recognize().error()
        assert isinstance(error, DiskFull) and "the disk is full" in str(error)
        assert before == [
            site.path(channel, name, f).read_bytes() for f in folders for name in ("faces.pkl", "faces.csv")
        ]
        assert site.wrong_rows() == []
        filler.unlink()
        assert site.detect().error() is None
        assert "Ada" in {face.name for face in site.shown(channel, *folders)} and site.wrong_rows() == []
    finally:
        subprocess.run(["umount", str(store_folder)], check=True)


def test_killed_between_file_and_row(site: HubSite, program: Program) -> None:
    fill(site)
    killed = program("detect", "--hub", site.root, FAKE_ROW="dies")
    assert killed.returncode == -signal.SIGKILL
    assert site.wrong_rows() != []
    assert program("detect", "--hub", site.root).returncode == 0
    assert site.wrong_rows() == [] and faces(site) == 6


def test_a_row_of_the_right_size_but_an_old_time_is_mended(site: HubSite) -> None:
    channel = fill(site)
    site.detect()
    hash = site.own_file(channel, "faces.pkl", alice(site)[1][0])
    site.sql("UPDATE attach SET edited = '2020-01-01 00:00:00' WHERE hash = %s", hash)
    site.detect()
    [(edited,)] = site.sql("SELECT edited FROM attach WHERE hash = %s", hash)
    assert edited.year > 2020


def test_nothing_is_written_if_nothing_changed(site: HubSite) -> None:
    fill(site)
    site.detect()
    site.detect()  # notes that there was nothing to do
    before = site.sql("SELECT id, filesize, edited FROM attach ORDER BY id")
    inodes = {path: path.stat().st_ino for path in (site.root / "store").rglob("*")}
    time.sleep(1.1)  # `edited` has seconds
    site.detect()
    site.recognize()
    assert before == site.sql("SELECT id, filesize, edited FROM attach ORDER BY id")
    assert inodes == {path: path.stat().st_ino for path in (site.root / "store").rglob("*")}


def test_owner_and_mode_of_a_data_file_stay(site: HubSite) -> None:
    channel = fill(site)
    path = site.path(channel, "faces.csv", alice(site)[1][0])
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 1234, 2345)
    before = path.stat()
    site.detect()
    after = path.stat()
    assert after.st_size and (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )


def test_the_wrong_user_is_told_the_right_one(site: HubSite, program: Program) -> None:
    if os.geteuid():
        pytest.skip("only root may give folders away")
    os.chown(site.root / "store", 33, 33)
    said = program("detect", "--hub", site.root)
    assert said.returncode == 2 and "run as the web user, sudo -u www-data" in said.stderr


# --- several at once --------------------------------------------------------------------------------------------


def slow(site: HubSite, *more: str, **environment: str) -> subprocess.Popen[str]:
    """A detection in the background that takes its time over photos with a blue square."""
    return subprocess.Popen([sys.executable, str(FAKE_PROGRAM), "detect", "--hub", str(site.root), *more], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                            env={**os.environ, "FAKE_DETECTOR": "slow", **environment})  # fmt: skip


def blue(site: HubSite, photos: int) -> int:
    """A channel of photos that are slow to do."""
    channel = site.channel("alice")
    for number in range(photos):
        site.photo(channel, f"{number}.png", {"blue": (20, 40)}, shade=number)
    site.data_files(channel, "")
    return channel


def test_one_detection_per_hub_and_the_second_names_the_first(site: HubSite, program: Program) -> None:
    blue(site, 60)
    bob = site.channel("bob")
    site.data_files(bob, "")
    first = slow(site)
    wait_for(lambda: (json.loads(site.value("status.alice") or "{}")).get("done"))
    start = time.monotonic()
    second = program("detect", "--hub", site.root, "--channel", "bob")
    assert second.returncode == 3 and time.monotonic() - start < 10
    assert f"another detection on this hub is running already (process {first.pid} on " in second.stderr
    first.send_signal(signal.SIGTERM)
    assert first.wait(30) == 9
    assert json.loads(site.value("status.alice") or "{}")["state"] == "stopped"
    assert "SIGTERM" in json.loads(site.value("status") or "{}")["message"]


def test_one_recognition_per_channel(site: HubSite) -> None:
    channel = fill(site)
    bob = site.channel("bob")
    site.data_files(bob, "")
    site.detect()
    with lock(site.album(channel).lock(RECOGNIZE_LOCK), "x"):
        report = site.recognize()
    assert {o.nick: type(o.error) for o in report.outcomes} == {"alice": LockedError, "bob": type(None)}
    assert isinstance(report.error(), LockedError)


def test_two_hundred_requests_to_stop(site: HubSite) -> None:
    """However many come, and whenever: each run ends properly, and in the end all is done."""
    channel = blue(site, 12)
    over = threading.Event()

    def ask() -> None:
        other = HubSite.__new__(HubSite)
        other.server, other.name, other._connection = site.server, site.name, None
        for _ in range(200):
            other.set_value("stop.alice", hubs.iso())
            time.sleep(0.01)
        over.set()

    thread = threading.Thread(target=ask)
    thread.start()
    stopped = 0
    while not over.is_set():
        error = site.detect().error()
        assert error is None or isinstance(error, StopRequested)
        stopped += error is not None
        assert json.loads(site.value("status.alice") or "{}")["state"] == ("stopped" if error else "done")
    thread.join()
    time.sleep(1.1)  # a request of the second that a run starts in is for it
    assert stopped > 3
    assert site.detect().error() is None
    assert len(site.shown(channel)) == 12 and site.wrong_rows() == []


def test_a_request_that_is_older_than_the_run_is_not_for_it(site: HubSite) -> None:
    fill(site)
    site.set_value("stop.alice", "2020-01-01T00:00:00Z")
    site.set_value("stop", "2020-01-01 00:00:00")
    assert site.detect().error() is None
    site.set_value("stop.alice", "nonsense")  # better once too often than never, but not for ever
    assert isinstance(site.detect().error(), StopRequested)
    assert site.value("stop.alice") is None


def test_a_request_to_stop_the_hub_ends_every_turn(site: HubSite) -> None:
    fill(site)
    bob = site.channel("bob")
    for shade in range(12):  # several are looked at at a time, and a request stops those that follow
        site.photo(bob, f"{shade}.png", {"red": (1, 1)}, shade=shade)
    site.data_files(bob, "")
    report = site.detect(engines=once(1, lambda: site.set_value("stop", hubs.iso())))
    assert [type(o.error) for o in report.outcomes] == [StopRequested, StopRequested]
    assert site.value("stop") is None and json.loads(site.value("status") or "")["state"] == "stopped"


def test_the_status_says_how_it_goes(site: HubSite) -> None:
    fill(site)
    seen: list[dict[str, Any]] = []

    def look() -> None:
        seen.append(json.loads(site.value("status.alice") or "{}"))

    site.detect(engines=fakes.models(During(lambda _: look())))
    keys = {
        "state",
        "command",
        "pid",
        "run",
        "started",
        "updated",
        "done",
        "total",
        "channel",
        "folder",
        "ram",
        "message",
        "code",
        "eta",
    }
    assert all(set(status) == keys for status in seen)
    last = json.loads(site.value("status.alice") or "{}")
    assert (last["state"], last["done"], last["total"], last["code"], last["pid"]) == ("done", 6, 6, 0, os.getpid())
    assert {status["state"] for status in seen} == {"detecting"} and seen[0]["total"] == 6
    assert json.loads(site.value("status") or "{}")["state"] == "done"
    assert 0 < last["ram"] <= 100 and last["started"] <= last["updated"]


def test_a_crash_is_the_last_word_of_a_status(site: HubSite, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(site)

    def crash(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("faces.jobs.worker.Worker._drop_vanished", crash)
    error = site.detect().error()
    assert error and error.exit_code == 1 and "ZeroDivisionError" in str(error)
    for key in ("status.alice", "status"):
        assert json.loads(site.value(key) or "{}")["state"] == "failed"


def test_the_memory_limit_is_the_channels_own(site: HubSite) -> None:
    channel = fill(site)
    site.configure(channel, {"worker": {"ram": 1}})
    bob = site.channel("bob")
    site.photo(bob, "x.png", {"red": (1, 1)})
    site.data_files(bob, "")
    report = site.detect()
    assert {o.nick: o.error.exit_code if o.error else 0 for o in report.outcomes} == {"alice": 4, "bob": 0}
    assert "percent of the memory" in json.loads(site.value("status.alice") or "{}")["message"]


def test_remove_asks_a_detection_to_stop_and_waits_for_it(site: HubSite) -> None:
    channel = blue(site, 30)
    first = slow(site)
    wait_for(lambda: (json.loads(site.value("status.alice") or "{}")).get("done"))
    hub = site.hub()
    report = remove_channels(hub, [hub.channel("alice")], remove.What(everything=True), Guard(), Progress(), wait=30)
    assert report.error() is None and first.wait(30) == 9
    assert site.value("stop.alice") is None
    assert all(site.path(channel, name, "").read_bytes() == b"" for name in ("faces.csv", "faces.pkl"))


def test_killed_again_and_again_while_names_come_in(site: HubSite) -> None:
    rounds = int(os.environ.get("FACES_KILLS", "12"))
    given = kill_loop(site, rounds)
    check_after_kills(site, given)


def kill_loop(site: HubSite, rounds: int) -> dict[str, str]:
    """kill -9 a detection `rounds` times while another process appends names: face id -> name given."""
    channel = blue(site, 4)
    site.detect(match=False)
    site.recognize()
    faces_there = site.shown(channel)
    path = site.path(channel, "names.csv")
    code = (
        "import sys, itertools, signal, time; sys.path[:0] = sys.argv[2:]\n"
        "from pathlib import Path\nfrom faces import store\nfrom faces.files import DataFile, lock\nfrom faces.records import Box, Decision\n"
        "from faces.jobs.channel import now\nfile = DataFile(Path(sys.argv[1]))\n"
        "ids, ended = sys.stdin.read().split(), []\n"
        "signal.signal(signal.SIGTERM, lambda *_: ended.append(1))\n"  # between two names, not between file and print
        "for n in itertools.takewhile(lambda _: not ended, itertools.count()):\n"
        "    store.append_decisions(file, [Decision(now(), ids[n % len(ids)], '', '', Box(.1, .1, .2, .2), 'name', f'Person {n}', 'page')])\n"
        "    print(ids[n % len(ids)], n, flush=True)\n    time.sleep(0.05)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(path), str(Path(__file__).parents[2] / "py")], text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    assert writer.stdin and writer.stdout
    writer.stdin.write(" ".join(face.id for face in faces_there))
    writer.stdin.close()
    try:
        for number in range(rounds):
            site.photo(channel, f"new {number}.png", {"red": (20, 40)}, shade=100 + number)
            run = subprocess.Popen([sys.executable, str(FAKE_PROGRAM), "detect", "--hub", str(site.root)],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
            time.sleep(0.2 + (number * 0.137) % 0.9)
            run.kill()
            run.wait()
    finally:
        writer.terminate()
    given: dict[str, str] = {}
    for line in writer.stdout.read().splitlines():
        face, n = line.split()
        given[face] = f"Person {n}"
    return given


def check_after_kills(site: HubSite, given: dict[str, str]) -> None:
    channel = int(site.sql("SELECT channel_id FROM channel WHERE channel_address = 'alice'")[0][0])
    report = site.detect(retry=True)  # a photo that three runs in a row died over is given up for a culprit
    assert report.error() is None, report.error()
    rows = [row for row in site.wrong_rows() if row[0] != "names.csv"]  # that one is the writer's, which is the page
    assert rows == []
    names = {face.id: face.name for face in site.shown(channel)}
    assert {face: names[face] for face in given} == given and given
    photos = site.sql("SELECT count(*) FROM attach WHERE is_photo = 1")[0][0]
    assert len(site.rows(channel)) == photos == len({row.photo for row in site.rows(channel) if row.face})
    assert store.read_decisions(DataFile(site.path(channel, "names.csv")), pytest.fail)


def test_locks_of_hub_and_channel(site: HubSite) -> None:
    channel = fill(site)
    site.detect()
    with lock(site.album(channel).lock(DETECT_LOCK), "x"):
        assert isinstance(site.detect().error(), LockedError)
    with lock(site.hub().lock(DETECT_LOCK), "x"), pytest.raises(LockedError):
        site.detect()
    assert site.detect().error() is None


def test_a_data_file_that_is_deleted_or_moved_in_the_cloud_meanwhile_is_not_made_again(site: HubSite) -> None:
    """As a file that the hub knows nothing of."""
    channel = fill(site)
    one, two = alice(site)[1]
    path, hash = site.path(channel, "faces.pkl", one), site.own_file(channel, "faces.pkl", one)

    def delete() -> None:
        path.unlink()
        site.sql("DELETE FROM attach WHERE hash = %s", hash)

    report = site.detect(engines=once(2, delete))
    assert "meanwhile; the next run sees to it" in str(report.error()) and not path.exists()
    assert len(site.shown(channel, two)) == 3
    path, hash = site.path(channel, "faces.pkl", two), site.own_file(channel, "faces.pkl", two)
    site.photo(channel, "new.png", {"red": (1, 1)}, two)
    site.detect(engines=once(1, lambda: site.move(channel, hash, one)))
    assert not path.exists() and site.wrong_rows() == []
