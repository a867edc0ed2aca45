"""What the addon's answers cost with 20,000 faces, against the limit. `make bars` runs it; it needs PHP and MariaDB."""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "py"), str(ROOT / "tests" / "py")]

from faces.files import DataFile
from faces.records import Box, Decision, ShownFace
from faces.store import append_decisions
from servers import MariaDb, start
from webhub import Client, WebHub

FACES, PER_PHOTO, NAMED = 20_000, 4, 10_000
LIMIT = 0.3
#: What is held to it.
LIMITED = ("faces", "people", "groups", "portraits", "status")
#: Of the admin's page, with data in so many channels.
ADMIN_LIMIT, CHANNELS = 0.5, 200
ROUNDS = 11


def fill(hub: WebHub, folders: int) -> list[str]:
    """alice's photos in so many folders, with names, guesses and a journal; ids of faces."""
    alice = hub.id("alice")
    hub.install(alice)
    hub.set("block", 1)
    ids: list[str] = []
    decisions = []
    number = 0
    for i in range(folders):
        folder = hub.folder(alice, f"Folder {i}")
        hub.data_files(alice, folder)
        rows, values = [], []
        for _ in range(FACES // PER_PHOTO // folders):
            hash = str(uuid.uuid4())
            content = f"{uuid.uuid4().hex}"
            values.append((hash, f"photo {number}.jpg", folder))
            for nr in range(PER_PHOTO):
                box = Box(0.02 + 0.24 * nr, 0.2, 0.2, 0.3)
                face = ShownFace(f"{number:032x}", f"photo {number}.jpg", hash, box, nr + 1, detector="yunet", model="Dlib",
                                 confidence=0.9, content=content, mtime="2026-01-01T00:00:00Z",
                                 date_taken=f"20{number % 26:02}-0{number % 9 + 1}-1{number % 10}T10:00:00")  # fmt: skip
                if number < NAMED:
                    face.name, face.state, face.time_named = (
                        f"Person {number % 50}",
                        "named",
                        f"2026-01-01T00:00:00.{number:06}Z",
                    )
                    decisions.append(
                        Decision(
                            face.time_named, face.id, hash, "x", box, "name", face.name, "alice@127.0.0.1", content
                        )
                    )
                elif number % 2 == 0:
                    face.cluster = f"group{number // 2 % 400}"
                else:
                    face.name_recognized, face.distance = f"Person {number % 50}", 0.4
                rows.append(face)
                ids.append(face.id)
                number += 1
        for one in range(0, len(values), 500):
            part = values[one : one + 500]
            hub.sql("INSERT INTO attach (uid, hash, filename, filetype, folder, is_photo, os_storage, os_path, display_path, content, created,"
                    " edited, allow_cid, allow_gid, deny_cid, deny_gid) VALUES "
                    + ", ".join(["(%s, %s, %s, 'image/jpeg', %s, 1, 1, '', '', 'store/alice/x', '2026-01-01 10:00:00', '2026-01-01 10:00:00',"
                                 " '', '', '', '')"] * len(part)), *[v for row in part for v in (alice, *row)])  # fmt: skip
            hub.sql("INSERT INTO photo (uid, resource_id, imgscale, width, height, content, allow_cid, allow_gid, deny_cid, deny_gid) VALUES "
                    + ", ".join(["(%s, %s, 1, 1024, 768, 'x', '', '', '', '')"] * len(part)), *[v for row in part for v in (alice, row[0])])  # fmt: skip
        hub.faces(alice, rows, folder)
    journal = hub.path(alice, "names.csv")
    append_decisions(DataFile(journal), decisions)
    hub.sql("UPDATE attach SET filesize = %s WHERE uid = %s AND filename = 'names.csv'", journal.stat().st_size, alice)
    return ids


def fill_channels(hub: WebHub) -> None:
    """Data of many other channels, some of them with copies on the server."""
    for i in range(CHANNELS):
        number = hub.channel(f"other{i}", app=bool(i % 2))
        folder = hub.folder(number, "Photos")
        hub.data_files(number, folder)
        for name in range(20):
            hub.give(hub.state(f"cache/faces-{name}.json", f"other{i}"), "x" * 1000)


def seconds(client: Client, path: str, **query: object) -> float:
    start = time.perf_counter()
    answer = client.get(path, **query)
    assert answer.code == 200, answer
    return time.perf_counter() - start


def measure(folders: int, server: MariaDb) -> list[tuple[str, float, float]]:
    place = Path(tempfile.mkdtemp(prefix="faces-web-"))
    hub = WebHub(server, place / "hub")
    try:
        ids = fill(hub, folders)
        owner, remote = hub.log_in("alice"), hub.remote()
        cold = seconds(owner, "/faces/alice/faces")
        asks = [("faces, the owner", owner, "faces", {}), ("faces, a remote visitor", remote, "faces", {}),
                ("faces by two names and a state", owner, "faces", {"all[]": ["Person 1", "Person 2"], "state": "guessed"}),
                ("faces, photos without any", owner, "faces", {"state": "none"}), ("people with contacts", owner, "people", {"contacts": "1"}),
                ("groups", owner, "groups", {}), ("portraits of a person", owner, "portraits", {"name": "Person 1"}),
                ("portraits, guesses", remote, "portraits", {"state": "guessed"}), ("status", owner, "status", {}), ("the plain page, a visitor", remote, "", {}),
                ("the page of settings", owner, "settings", {}), ("the page of thresholds", owner, "thresholds", {}),
                ("the page of removing", owner, "remove", {})]  # fmt: skip
        found = [(f"first request, {folders} folder(s), nothing cached", cold, cold)]
        for what, client, path, query in asks:
            times = [seconds(client, f"/faces/alice/{path}".rstrip("/"), **query) for _ in range(ROUNDS)]
            found.append((f"{what}, {folders} folder(s)", statistics.median(times), max(times)))
        times = []
        for i in range(ROUNDS):
            before = time.perf_counter()
            assert owner.post("/faces/alice/name", faces=ids[-1 - i], name="Ada").code == 200
            times.append(time.perf_counter() - before)
        found.append(
            (f"naming a face, {NAMED} decisions before it, {folders} folder(s)", statistics.median(times), max(times))
        )
        found += pages_of_all(hub, owner, folders)
        return found
    finally:
        hub.close()
        shutil.rmtree(place)


def pages_of_all(hub: WebHub, owner: Client, folders: int) -> list[tuple[str, float, float]]:
    """The admin's page; an export; removing everything, which ends it."""
    fill_channels(hub)
    admin = hub.log_in("admin")
    seconds(admin, "/admin/addons/faces")  # the template is compiled
    times = [seconds(admin, "/admin/addons/faces") for _ in range(ROUNDS)]
    found = [(f"the admin's page, {CHANNELS + 1} channels, {folders} folder(s)", statistics.median(times), max(times))]
    for what, fields in (("export", {}), ("remove", {"everything": "1", "sure": "1"})):
        start, requests, code = time.perf_counter(), 0, 202
        while code == 202:
            code = owner.post(f"/faces/alice/{what}", **fields).code
            requests += 1
        assert code == 200, code
        took = time.perf_counter() - start
        found.append((f"{what} everything, {requests} request(s), {folders} folder(s)", took, took))
    return found


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="faces-db-"))
    server = start(MariaDb, folder)
    print(
        f"The addon's answers, {FACES} faces on {FACES // PER_PHOTO} photos, {ROUNDS} rounds, through `php -S`: seconds"
    )
    print(f"{'':72} {'median':>8} {'worst':>8} {'limit':>8}")
    well = True
    try:
        for folders in (1, 500):
            for what, median, worst in measure(folders, server):  # type: ignore[arg-type]
                limit = LIMIT if what.startswith(LIMITED) else ADMIN_LIMIT if what.startswith("the admin") else 0
                well &= not limit or median < limit
                print(f"{what:72} {median:8.3f} {worst:8.3f} {f'{limit:8.1f}' if limit else '':>8}")
    finally:
        server.stop()
        shutil.rmtree(folder)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
