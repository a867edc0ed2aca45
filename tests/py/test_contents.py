"""contents.json: what the hub's pages are told of what is there."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import fakes
import pytest
from faces.errors import StorageError
from faces.files import DataFile
from faces.folders import Folder
from faces.guard import Guard
from faces.jobs import remove
from faces.jobs.collection import Collection, FolderData, merge
from faces.jobs.contents import summed_up
from faces.jobs.hub import remove_channels
from faces.progress import Progress
from faces.records import FACE, FAILED, NONE, FaceRow
from hubs import HubSite
from steps import find


@pytest.fixture
def alice(site: HubSite) -> int:
    channel = site.channel("alice")
    site.photo(channel, "a.png", {"red": (20, 20), "green": (120, 60)})
    site.photo(channel, "none.png", {}, shade=1)
    site.data_files(channel, "")
    return channel


def path(site: HubSite, channel: int) -> Path:
    return site.root / "store" / "[data]" / "faces" / str(channel) / "contents.json"


def contents(site: HubSite, channel: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path(site, channel).read_text())
    return found


def take_away(site: HubSite, channel: int, **what: Any) -> None:
    hub = site.hub()
    wanted = [hub.channel(site.nick(channel))]
    assert remove_channels(hub, wanted, remove.What(**what), Guard(), Progress()).error() is None


def test_it_says_what_is_there(site: HubSite, alice: int) -> None:
    site.detect(detectors=("yunet", "dlib"), models=("Dlib",))
    found = contents(site, alice)
    assert (found["version"], found["photos"], found["failed"], found["faces"]) == (1, 2, 0, 2)
    assert {name: (d["photos"], d["faces"]) for name, d in found["detectors"].items()} == {
        "yunet": (2, 2),
        "dlib": (2, 2),
    }
    assert list(found["models"]) == ["Dlib"] and found["models"]["Dlib"]["faces"] == 2 and found["demography"] == {}
    assert all(entry["seconds"] > 0 for kind in ("detectors", "models") for entry in found[kind].values())
    assert path(site, alice).stat().st_mode & 0o077 == 0


def test_it_is_written_only_if_something_changed(site: HubSite, alice: int) -> None:
    site.detect()
    before = path(site, alice).read_bytes()
    site.name_face(alice, site.shown(alice)[0], "Ada")
    site.recognize()
    site.detect()
    assert path(site, alice).read_bytes() == before
    site.photo(alice, "b.png", {"red": (60, 60)}, shade=2)
    site.photo(alice, "bad.png", {"blue": (60, 60)}, shade=3)
    site.detect(engines=fakes.models(fakes.Failing("raises")))
    assert [contents(site, alice)[key] for key in ("photos", "failed", "faces")] == [4, 1, 3]


def test_what_is_removed_is_not_there_any_more(site: HubSite, alice: int) -> None:
    site.detect(detectors=("yunet", "dlib"), models=("Dlib", "SFace"))
    (path(site, alice).parent / "distances.json").write_text("{}")
    take_away(site, alice, models=("SFace",))
    assert list(contents(site, alice)["models"]) == ["Dlib"]
    assert not (path(site, alice).parent / "distances.json").exists()
    take_away(site, alice, detectors=("dlib",))
    assert list(contents(site, alice)["detectors"]) == ["yunet"]
    assert str(path(site, alice)) in remove.left(site.album(alice))
    take_away(site, alice, everything=True)
    assert not path(site, alice).exists() and remove.left(site.album(alice)) == []


@pytest.mark.parametrize("damage", [b"{", b"[1]", b"[" * 100_000, b"\xff", b'{"photos": "?"}'])
def test_a_damaged_one_is_made_anew(site: HubSite, alice: int, damage: bytes) -> None:
    site.detect()
    path(site, alice).write_bytes(damage)
    site.recognize()
    assert contents(site, alice)["faces"] == 2


def test_a_failure_to_write_it_ends_nothing(
    site: HubSite, alice: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: DataFile, content: bytes, expected: object = ...) -> bool:
        if self.path.name == "contents.json":
            raise StorageError("no")
        return write(self, content, expected)  # type: ignore[arg-type]

    write = DataFile.write
    monkeypatch.setattr(DataFile, "write", fail)
    assert site.detect().error() is None and len(site.shown(alice)) == 2
    assert "contents.json: no" in caplog.text


def test_a_folder_has_none(drawn: Path) -> None:
    find(drawn)
    assert not [name for _, _, names in os.walk(drawn) for name in names if name == "contents.json"]


def test_the_sums() -> None:
    folder = Folder("", DataFile(Path("x")), DataFile(Path("y")))

    def row(status: str, file: str, **more: Any) -> FaceRow:
        return FaceRow(status, "", file, "c", 1, 2, **more)

    rows = [
        row(FACE, "a", detector="yunet", face="1", model="Dlib", seconds_detect=2.0, seconds_embed=0.1, age=3.0),
        row(FACE, "a", detector="yunet", face="1", model="SFace", seconds_detect=2.0, seconds_embed=0.0, gender="?"),
        row(FACE, "a", detector="dlib", face="1", model="Dlib", seconds_detect=float("nan"), seconds_embed=0.3),
        row(FACE, "a", detector="yunet", face="2", seconds_detect=2.0),
        row(NONE, "b", detector="yunet", seconds_detect=1.0),
    ]
    failed = [row(FAILED, "c", attempts=1), row(FAILED, "c", model="Dlib")]
    data = FolderData(
        folder, merge(folder, rows, {}), [], {r.file: r for r in [*rows, *failed]}, 0, None, set(), rows[4:]
    )
    assert summed_up(Collection([data], [(folder, r) for r in failed]), 3) == {
        "version": 1, "time": "", "photos": 3, "failed": 1, "faces": 2,
        "detectors": {"dlib": {"photos": 1, "faces": 1, "seconds": None}, "yunet": {"photos": 2, "faces": 2, "seconds": 1.5}},
        "models": {"Dlib": {"faces": 1, "seconds": 0.2}, "SFace": {"faces": 1, "seconds": None}},
        "demography": {"Age": 1, "Gender": 1},
        "seconds": 1.7,
        "failures": [{"photo": "", "file": "c", "error": "", "attempts": 1, "given_up": False}],
    }  # fmt: skip
    assert summed_up(Collection(), 3)["seconds"] is None


def test_failures_are_one_a_photo_the_worst_first() -> None:
    def failure(folder: str, file: str, **more: Any) -> tuple[Folder, FaceRow]:
        row = FaceRow(FAILED, f"hash of {file}", file, "", 1, 2, **more)
        return Folder(folder, DataFile(Path("x")), DataFile(Path("y"))), row

    failures = [
        failure("", "b", detector="yunet", error="a detector", attempts=9),
        failure("", "b", error="the photo", attempts=3),
        failure("sub", "b", model="Dlib", error="x" * 9999, attempts=1),
        failure("sub", "b", detector="yunet", error="of both the one tried more", attempts=2),
        failure("", "a", error="no", attempts=2),
    ]
    found = summed_up(Collection([], failures), 3)
    assert found["failed"] == 3
    assert [(f["file"], f["photo"], f["error"], f["attempts"], f["given_up"]) for f in found["failures"]] == [
        ("b", "hash of b", "the photo", 3, True),
        ("a", "hash of a", "no", 2, False),
        ("sub/b", "hash of b", "of both the one tried more", 2, False),
    ]
    assert len(summed_up(Collection([], [failures[2]]), 3)["failures"][0]["error"]) == 500
    many = [failure("", f"{i:04}", attempts=1) for i in reversed(range(300))]
    found = summed_up(Collection([], many), 3)
    assert found["failed"] == 300 and [f["file"] for f in found["failures"]] == [f"{i:04}" for i in range(200)]


def test_the_file_says_which_photo_failed_and_why(site: HubSite, alice: int) -> None:
    hash = site.photo(alice, "bad.png", {"blue": (60, 60)}, shade=3)
    for _ in range(3):
        site.detect(engines=fakes.models(fakes.Failing("raises")))
    (failure,) = contents(site, alice)["failures"]
    assert failure == {"photo": hash, "file": "bad.png", "error": "detector yunet failed: the net fell over",
                       "attempts": 3, "given_up": True}  # fmt: skip
    assert contents(site, alice)["seconds"] > 0
