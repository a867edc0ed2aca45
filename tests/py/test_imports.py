"""Imports: what another hub knows of a photo holds here, if the photo is the same; whatever else is in the files."""

from __future__ import annotations

import json
import math
import pickle
import subprocess
import sys
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import fakes
import numpy as np
import pytest
from faces import parquet, store
from faces.errors import PartlyFailed, StopRequested
from faces.files import DataFile
from faces.guard import Guard
from faces.jobs import remove
from faces.jobs.imports import _by_content
from faces.records import FACE, FAILED, NONE, Decision, FaceRow
from hubs import HubSite, iso
from hypothesis import given
from hypothesis import strategies as st
from test_hub_faults import FAKE_PROGRAM

Import = dict[str, tuple[str, bytes]]


class Counting(fakes.SquareDetector):
    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def detect(self, image: Any) -> Any:
        self.calls += 1
        return super().detect(image)


@pytest.fixture
def alice(site: HubSite) -> int:
    """Another hub's channel: three photos in two folders, detected."""
    channel = site.channel("alice")
    below = site.folder(channel, "Photos")
    site.photo(channel, "1.png", {"red": (20, 20), "green": (120, 60)})
    site.photo(channel, "2.png", {"green": (60, 60)}, below, shade=2)
    site.photo(channel, "none.png", {}, below, shade=3)
    site.data_files(channel, "", below)
    assert site.detect("alice").error() is None
    return channel


@pytest.fixture
def bob(site: HubSite, alice: int) -> int:
    """The channel here: the same photos under other names, in a folder of its own."""
    channel = site.channel("bob")
    folder = site.folder(channel, "Mine")
    for name, content in photos(site, alice).items():
        site.photo(channel, f"my {name}", {}, folder, path=site.root / content)
    site.data_files(channel, "", folder)
    return channel


def photos(site: HubSite, channel: int) -> dict[str, str]:
    rows = site.sql("SELECT filename, content FROM attach WHERE uid = %s AND is_photo = 1 ORDER BY id", channel)
    return {name: c if isinstance(c, str) else bytes(c).decode() for name, c in rows}


def folder_of(site: HubSite, channel: int, name: str) -> str:
    return str(site.sql("SELECT hash FROM attach WHERE uid = %s AND filename = %s", channel, name)[0][0])


def state(site: HubSite, channel: int) -> Path:
    return site.root / "store" / "[data]" / "faces" / str(channel)


def exported(site: HubSite, alice: int) -> Import:
    below = folder_of(site, alice, "Photos")
    return {"1.parquet": ("", site.path(alice, "faces.pkl", "").read_bytes()),
            "2.parquet": ("Photos", site.path(alice, "faces.pkl", below).read_bytes())}  # fmt: skip


def put(site: HubSite, channel: int, files: Import) -> Path:
    """As the page does: the index last."""
    folder = state(site, channel) / "import"
    folder.mkdir(parents=True)
    for name, (_, content) in files.items():
        (folder / name).write_bytes(content)
    index = {"version": 1, "time": iso(), "folders": {name: of for name, (of, _) in files.items()}}
    (folder / "index.json").write_text(json.dumps(index))
    return folder


def report(site: HubSite, channel: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((state(site, channel) / "imported.json").read_text())
    return {key: value for key, value in found.items() if key not in ("version", "time")}


def ids(site: HubSite, channel: int, folder: str) -> dict[str, str]:
    """Photo and place -> id."""
    return {f"{f.file.removeprefix('my ')} {f.box.x:.2f}": f.id for f in site.shown(channel, folder)}


def detect(site: HubSite, nick: str = "bob", **more: Any) -> tuple[Any, int]:
    """The report and how often the detector was called."""
    detector = Counting()
    return site.detect(nick, engines=fakes.models(detector), **more), detector.calls


def test_photos_of_the_same_content_are_not_detected_again(site: HubSite, alice: int, bob: int) -> None:
    mine, below = folder_of(site, bob, "Mine"), folder_of(site, alice, "Photos")
    put(site, bob, exported(site, alice))
    site.photo(bob, "new.png", {"blue": (20, 20)}, mine, shade=4)
    done, calls = detect(site)
    assert done.error() is None and calls == 1
    assert (done.outcomes[0].summary.imported, done.outcomes[0].summary.moved) == (3, 0)
    assert report(site, bob) == {"photos": 3, "matched": 3, "faces": 3, "missing": [], "unreadable": []}
    own = ids(site, bob, mine)
    del own["new.png 0.10"]
    assert own == {**ids(site, alice, ""), **ids(site, alice, below)}
    hashes = {row[0] for row in site.sql("SELECT hash FROM attach WHERE uid = %s AND is_photo = 1", bob)}
    rows = site.rows(bob, mine)
    assert {row.photo for row in rows} == hashes and [r.file for r in rows if r.status == NONE] == ["my none.png"]
    assert all(row.embedding is not None for row in rows if row.status == FACE)
    assert not (state(site, bob) / "import").exists() and site.wrong_rows() == []
    again, calls = detect(site)
    assert calls == 0 and not again.outcomes[0].summary.changed
    assert remove.left(site.album(bob)) and str(state(site, bob) / "imported.json") in remove.left(site.album(bob))
    remove.run(site.album(bob), remove.What(everything=True))
    assert remove.left(site.album(bob)) == []


def test_names_find_the_imported_faces_by_content(site: HubSite, alice: int, bob: int) -> None:
    mine = folder_of(site, bob, "Mine")
    face = site.shown(alice)[0]
    line = Decision(
        iso(), "f" * 32, "hash of the other hub", "old/1.png", face.box, "name", "Ada", "page", face.content
    )
    hash = site.own_file(bob, "names.csv")
    store.append_decisions(DataFile(site.root / site.content(bob, hash)), [line])
    put(site, bob, exported(site, alice))
    assert detect(site)[1] == 0
    assert {f.name: f.file for f in site.shown(bob, mine) if f.name} == {"Ada": "my 1.png"}


def test_what_the_settings_ask_for_beyond_it_is_done(site: HubSite, alice: int, bob: int) -> None:
    mine = folder_of(site, bob, "Mine")
    put(site, bob, exported(site, alice))
    done, calls = detect(site, detectors=("yunet", "dlib"), models=("Dlib", "SFace"))
    assert done.error() is None and calls == 0
    rows = site.rows(bob, mine)
    assert len({row.face for row in rows if row.face}) == 3
    assert {(row.detector, row.model) for row in rows if row.face} == {
        ("yunet", "Dlib"), ("yunet", "SFace"), ("dlib", "Dlib"), ("dlib", "SFace")}  # fmt: skip


def test_ids_that_are_not_free_are_replaced(site: HubSite, alice: int, bob: int) -> None:
    mine = folder_of(site, bob, "Mine")
    first = next(iter(photos(site, alice).values()))
    site.photo(bob, "copy.png", {}, mine, path=site.root / first)
    put(site, bob, exported(site, alice))
    assert detect(site)[1] == 0
    faces = site.shown(bob, mine)
    assert len(faces) == len({face.id for face in faces}) == 5
    assert report(site, bob)["faces"] == 3  # of the import; the copy has them once more


def test_an_import_of_what_is_known_already_is_resolved(site: HubSite, alice: int, bob: int) -> None:
    assert detect(site)[1] == 3
    files = exported(site, alice)
    site.photo(alice, "elsewhere.png", {"red": (30, 30)}, shade=9)
    site.detect("alice")
    put(site, bob, {**files, "1.parquet": exported(site, alice)["1.parquet"]})
    done, calls = detect(site, nick="")
    assert done.error() is None and calls == 0
    assert report(site, bob) == {"photos": 4, "matched": 3, "faces": 0, "unreadable": [],
                                 "missing": [{"folder": "", "file": "elsewhere.png"}]}  # fmt: skip
    assert not (state(site, bob) / "import").exists()


def test_failures_are_not_taken_and_what_failed_here_is_mended(site: HubSite, alice: int, bob: int) -> None:
    files = exported(site, alice)
    rows = parquet.read_faces(DataFile(site.path(alice, "faces.pkl", ""))) or []
    failed = [FaceRow(FAILED, "h", "bad.png", "a" * 32, 1, 2, error="no"), *rows]
    detect(site, detectors=("mtcnn",))  # which is not there: nothing is known but that
    put(site, bob, {**files, "1.parquet": ("", parquet.faces_to_bytes(failed))})
    assert detect(site)[1] == 0
    assert report(site, bob)["photos"] == 3


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pickle.dumps({"a": 1}), "Python pickle"),
        (b"PAR1 damaged PAR1", "damaged"),
        (b"garbage", "no Parquet file"),
        (b"\0" * 100, "nothing is left"),
    ],
)
def test_a_file_that_cannot_be_read_costs_itself_only(
    site: HubSite, alice: int, bob: int, content: bytes, reason: str
) -> None:
    folder = put(site, bob, {**exported(site, alice), "1.parquet": ("Old/place", content)})
    (folder / "3.parquet").symlink_to("/etc/passwd")
    done, calls = detect(site)
    error = done.error()
    assert isinstance(error, PartlyFailed) and reason in str(error) and "folder 'Old/place'" in str(error)
    assert calls == 1 and report(site, bob) == {"photos": 2, "matched": 2, "faces": 1, "missing": [],
                                                "unreadable": ["Old/place"]}  # fmt: skip
    assert detect(site)[0].error() is None and Path("/etc/passwd").is_file()


@pytest.mark.parametrize(
    "index", [b"", b"{", b"[]", b'{"folders": []}', b'{"folders": {"../../x.parquet": "a"}}', b"\xff"]
)
def test_an_index_that_makes_no_sense_costs_nothing(site: HubSite, alice: int, bob: int, index: bytes) -> None:
    folder = put(site, bob, exported(site, alice))
    (folder / "index.json").write_bytes(index)
    assert detect(site)[1] == 3
    assert len(site.shown(bob, folder_of(site, bob, "Mine"))) == 3


def test_another_programs_parquet_is_refused(site: HubSite, alice: int, bob: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = site.root / "theirs"
    table = pa.table({"status": ["face"], "detector": ["yunet"]}, metadata={"faces_format": "1"})
    pq.write_table(table, path)
    put(site, bob, {"1.parquet": ("", path.read_bytes())})
    done, calls = detect(site)
    assert calls == 3 and report(site, bob)["photos"] == 0 and done.outcomes[0].summary.done == 3


def test_a_run_that_is_stopped_goes_on_with_the_import(
    site: HubSite, alice: int, bob: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = folder_of(site, bob, "Mine")
    site.photo(bob, "a new.png", {"blue": (20, 20)}, mine, shade=4)
    site.sql("UPDATE attach SET filename = 'z.png' WHERE uid = %s AND filename = 'my none.png'", bob)
    put(site, bob, exported(site, alice))
    guard = Guard()
    checks = iter(range(100))

    def check() -> None:
        if next(checks) == 5:  # two files of the import, then photos
            raise StopRequested("enough")

    monkeypatch.setattr("faces.guard.Guard.check", lambda self: check())
    done, _ = detect(site, guard=guard)
    monkeypatch.undo()
    assert isinstance(done.error(), StopRequested)
    assert (state(site, bob) / "import").exists() and not (state(site, bob) / "imported.json").exists()
    known = {row.file for row in site.rows(bob, mine)}
    assert known & {"my 1.png", "my 2.png", "z.png"} and len(known) < 4
    assert detect(site)[0].error() is None
    assert report(site, bob) == {"photos": 3, "matched": 3, "faces": 3, "missing": [], "unreadable": []}


@pytest.mark.parametrize("seconds", [0.5, 0.9, 1.3])
def test_a_run_that_is_killed_goes_on_with_the_import(site: HubSite, alice: int, bob: int, seconds: float) -> None:
    mine = folder_of(site, bob, "Mine")
    for shade in (10, 11, 12):
        site.photo(bob, f"{shade}.png", {"blue": (20, 20)}, mine, shade=shade)
    site.configure(
        bob, {"version": 1, "detection": {"detectors": ["yunet"], "models": ["Dlib"]}, "worker": {"store_seconds": 1}}
    )
    put(site, bob, exported(site, alice))
    run = subprocess.Popen([sys.executable, str(FAKE_PROGRAM), "detect", "--hub", str(site.root), "--channel", "bob"],
                           env={"FAKE_DETECTOR": "slow", "PATH": "/usr/bin:/bin"},
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    time.sleep(seconds)
    run.kill()
    run.wait()
    assert detect(site, retry=True)[0].error() is None
    assert report(site, bob) == {"photos": 3, "matched": 3, "faces": 3, "missing": [], "unreadable": []}
    assert len({face.id for face in site.shown(bob, mine)}) == 6 and site.wrong_rows() == []


def test_photos_that_wait_keep_the_import(site: HubSite, alice: int, bob: int) -> None:
    other = site.folder(bob, "Not ready")
    site.photo(bob, "x.png", {}, other, path=site.root / photos(site, alice)["1.png"])
    put(site, bob, exported(site, alice))
    detect(site)
    assert (state(site, bob) / "import").exists()
    site.data_files(bob, other)
    assert detect(site)[0].error() is None and not (state(site, bob) / "import").exists()
    assert report(site, bob)["faces"] == 3


def test_another_import_that_came_meanwhile_stays(site: HubSite, alice: int, bob: int) -> None:
    folder = put(site, bob, exported(site, alice))

    class Replacing(fakes.SquareDetector):
        def detect(self, image: Any) -> Any:
            (folder / "index.json").write_text('{"folders": {}, "other": 1}')
            return super().detect(image)

    site.photo(bob, "new.png", {"blue": (20, 20)}, folder_of(site, bob, "Mine"), shade=4)
    site.detect("bob", engines=fakes.models(Replacing()))
    assert folder.exists() and not (state(site, bob) / "imported.json").exists()
    detect(site)
    assert not folder.exists() and report(site, bob)["photos"] == 0


# --- hostile rows -----------------------------------------------------------------------------------------------


def row(**more: Any) -> FaceRow:
    good = FaceRow(FACE, "h", "a.png", "a" * 32, 1, 2, 1, 200, 150, "2008-05-30T15:56:01+02:00", "yunet", 0.1, "b" * 32,
                   10, 10, 40, 40, (1.0, 2.0), 0.9, "Dlib", "Dlib/x/y", np.ones(3, np.float32), 33.0, "Woman")  # fmt: skip
    return replace(good, **more)


def test_a_good_row_is_taken_and_none_twice() -> None:
    assert len(_by_content([row(), row(model="", space="", embedding=None), row(photo="other")], True)["a" * 32]) == 2


@pytest.mark.parametrize(
    "more",
    [{"content": "../x"}, {"content": ""}, {"face": ""}, {"face": "A" * 32}, {"detector": "mine"}, {"model": "mine"},
     {"x": math.nan}, {"w": -1.0}, {"h": math.inf}, {"x": 1e9}, {"width": 0}, {"height": -3}, {"orientation": 9},
     {"confidence": math.nan}, {"age": math.inf}, {"age": -1.0}, {"gender": "=cmd"}, {"race": "x" * 50}, {"emotion": "a\nb"},
     {"date_taken": "=1+1"}, {"date_taken": "+1"}, {"seconds_detect": math.inf}, {"min_width": math.nan},
     {"landmarks": (math.nan,)}, {"landmarks": (1.0,) * 300}, {"embedding": None}, {"embedding": np.full(3, np.nan)},
     {"embedding": np.ones(20_000)}, {"space": "SFace/x"}, {"space": "Dlib/" + "x" * 300}, {"status": NONE},
     {"model": ""}],
)  # fmt: skip
def test_a_photo_with_a_row_that_makes_no_sense_is_left_out(more: dict[str, Any]) -> None:
    assert _by_content([row(), row(**more)], True).keys() <= {"a" * 32} - (
        {"a" * 32} if "content" not in more else set()
    )


values = st.none() | st.floats() | st.text(max_size=5) | st.integers() | st.sampled_from([FACE, NONE, FAILED, "a" * 32])


@given(st.dictionaries(st.sampled_from([f.name for f in fields(FaceRow) if f.type == "str"]), st.text(max_size=40), max_size=6),
       st.dictionaries(st.sampled_from([f.name for f in fields(FaceRow) if f.type in ("float", "int")]),
                       st.floats(width=32) | st.integers(-(2**31), 2**31), max_size=6))  # fmt: skip
def test_any_row_is_taken_or_not(texts: dict[str, str], numbers: dict[str, float]) -> None:
    _by_content([row(**texts, **numbers)], True)
