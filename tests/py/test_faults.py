"""One test for each way to fail: the run goes on, the reason is visible, and a failure is never "no face"."""

from __future__ import annotations

import os
import pickle
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import fakes
import pytest
from faces import store
from faces.errors import NothingReadable, PartlyFailed, StopRequested, TimeLimitReached, WeightsMissing
from faces.files import DataFile
from faces.folders import PlainAlbum
from faces.guard import Guard
from faces.jobs import detect, worker
from faces.progress import Progress
from faces.records import FACE, FAILED, NONE
from fakes import draw
from steps import OPTIONS, again, call, find, ids, names, rows
from test_store import Payload

Program = Callable[..., CompletedProcess[str]]


def failed(album: Path, folder: str = "") -> list[tuple[str, str, int]]:
    return [(row.file, row.error, row.attempts) for row in rows(album, folder) if row.status == FAILED]


@pytest.mark.parametrize(
    ("how", "reason"),
    [("raises", "the net fell over"), ("memory", "out of memory"), ("nonsense", "nonsense"), ("negative", "nonsense")],
)
def test_a_detector_that_fails_on_one_photo_costs_that_photo(drawn: Path, how: str, reason: str) -> None:
    with pytest.raises(PartlyFailed) as caught:
        find(drawn, engines=fakes.models(fakes.Failing(how)))
    assert caught.value.summary.failed == 1  # type: ignore[attr-defined]
    [(file, error, attempts)] = failed(drawn, "sub")
    assert file == "c.png" and reason in error and attempts == 1
    assert not [row for row in rows(drawn, "sub") if row.status == NONE]
    assert len(names(drawn)) == 3


@pytest.mark.parametrize(
    ("how", "reason"),
    [("raises", "the model fell over"), ("memory", "out of memory"), ("nan", "nonsense"), ("few", "nonsense")],
)
def test_a_model_that_fails_on_one_face_costs_that_photo_and_keeps_the_box(
    tmp_path: Path, how: str, reason: str
) -> None:
    for number in range(5):  # in one folder: one batch
        draw(tmp_path / f"{number}.png", {"blue" if number == 2 else "red": (10, 10)}, shade=number)
    with pytest.raises(PartlyFailed):
        find(tmp_path, engines=fakes.models(embedder=fakes.FailingEmbedder(how)))
    [(file, error, _)] = failed(tmp_path)
    assert file == "2.png" and reason in error
    assert [row.file for row in rows(tmp_path) if row.embedding is not None] == ["0.png", "1.png", "3.png", "4.png"]
    assert "2.png#1" in names(tmp_path)
    find(tmp_path)
    assert failed(tmp_path) == []


def test_a_failed_photo_is_tried_three_times_then_rests_until_it_changes(drawn: Path) -> None:
    bad = drawn / "sub" / "bad.jpg"
    bad.write_bytes(b"no photo")
    for attempt in (1, 2, 3):
        with pytest.raises(PartlyFailed):
            find(drawn)
        assert failed(drawn, "sub") == [("bad.jpg", "is not an image, whatever its name says", attempt)]
    assert not find(drawn).changed
    with pytest.raises(PartlyFailed):
        find(drawn, retry=True)
    draw(bad, {"red": (10, 10)}, format="PNG")
    find(drawn)
    assert failed(drawn, "sub") == [] and "sub/bad.jpg#1" in names(drawn)


def test_nothing_readable(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    with pytest.raises(NothingReadable, match="none of 1 photo"):
        find(tmp_path)


def test_a_photo_that_is_still_being_uploaded_waits(drawn: Path) -> None:
    class Uploading(fakes.SquareDetector):
        def detect(self, image: object) -> list[object]:
            with (drawn / "a.png").open("ab") as file:
                file.write(b"more")
            return super().detect(image)

    summary = find(drawn, engines=fakes.models(Uploading()))
    assert summary.waiting >= 1
    assert not [row for row in rows(drawn) if row.file == "a.png"]
    find(drawn)
    assert "a.png#1" in names(drawn)


def test_missing_weights_record_nothing(drawn: Path) -> None:
    class Missing(fakes.SquareDetector):
        def load(self) -> None:
            raise WeightsMissing("detector yunet: FILE is missing; put it into FOLDER")

    with pytest.raises(WeightsMissing, match="put it into FOLDER"):
        find(drawn, engines=fakes.models(Missing()))
    assert rows(drawn) == []
    with pytest.raises(WeightsMissing):  # the other detector works meanwhile
        find(drawn, detectors=("yunet", "dlib"), engines=fakes.models(Missing()))
    assert {row.detector for row in rows(drawn)} == {"dlib"}
    find(drawn)
    assert {row.detector for row in rows(drawn)} == {"dlib", "yunet"}


class StopAfter(Guard):
    def __init__(self, photos: int, error: Exception):
        super().__init__()
        self.left, self.error = photos, error

    def check(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise self.error


@pytest.mark.parametrize("error", [StopRequested("x"), TimeLimitReached("x")])
def test_a_run_that_is_ended_has_stored_what_it_did_and_goes_on_there(drawn: Path, error: Exception) -> None:
    with pytest.raises(type(error)):
        detect.run(PlainAlbum(drawn), OPTIONS, StopAfter(2, error), Progress(), models=fakes.models())
    assert sorted({row.file for row in rows(drawn)}) == ["a.png", "b.png"]
    assert len(names(drawn)) == 3
    assert find(drawn).done == 2


def test_a_pickle_in_place_of_faces_pkl_does_not_run_and_is_replaced(drawn: Path, tmp_path: Path) -> None:
    (drawn / "faces.pkl").write_bytes(pickle.dumps(Payload(tmp_path / "ran")))
    before = (drawn / "faces.pkl").read_bytes()
    assert "pickle" in again(drawn).problems[0]
    assert (drawn / "faces.pkl").read_bytes() == before  # recognition leaves it alone
    find(drawn)
    assert not (tmp_path / "ran").exists()
    assert len(rows(drawn)) == 4


def test_a_torn_faces_pkl_is_set_aside_and_made_anew_with_all_names(drawn: Path) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    before = ids(drawn), names(drawn)
    content = (drawn / "faces.pkl").read_bytes()
    (drawn / "faces.pkl").write_bytes(content[: len(content) // 2])
    assert "damaged" in again(drawn).problems[0]
    assert names(drawn)["a.png#1"] == "Ruth"
    find(drawn)
    assert (ids(drawn), names(drawn)) == before
    assert list(drawn.glob("faces.pkl.damaged-*"))


@pytest.mark.parametrize("name", ["faces.csv", "faces.pkl"])
def test_a_foreign_file_keeps_its_folder_untouched(drawn: Path, name: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if name == "faces.csv":
        (drawn / "sub" / name).write_text("my,list\n1,2\n")
    else:
        pq.write_table(pa.table({"a": [1]}), drawn / "sub" / name)
    before = sorted((path.name, path.read_bytes()) for path in (drawn / "sub").iterdir())
    with pytest.raises(PartlyFailed, match="left alone"):
        find(drawn)
    assert sorted((path.name, path.read_bytes()) for path in (drawn / "sub").iterdir()) == before
    (drawn / "sub" / name).unlink()
    assert len(names(drawn)) == 3
    find(drawn)
    assert len(names(drawn)) == 4


def test_a_damaged_config_is_kept_aside_and_the_defaults_hold(drawn: Path) -> None:
    (drawn / "faces").mkdir()
    (drawn / "faces" / "config.json").write_bytes(b"{torn")
    find(drawn)
    assert [path.read_bytes() for path in (drawn / "faces").glob("config.json.damaged-*")] == [b"{torn"]
    assert store.read_json(DataFile(drawn / "faces" / "config.json"))[0]["detection"]["detectors"] == ["yunet"]  # type: ignore[index]


def test_hostile_file_names_go_through_everything(tmp_path: Path) -> None:
    album = tmp_path / "album"
    odd = [
        "-rf.png",
        "o \"q\" 'x' ; $(id).png",
        "😀.png",
        "new\nline.png",
        "#1.png",
        "a,b.png",
        "=1+1.png",
        "<b>x.png",
        "a#2.png",
    ]
    for number, name in enumerate(odd):
        draw(album / "f'o\"l\nder" / name, {"red": (10, 10)}, shade=number)
    find(album)
    call(album, "f'o\"l\nder/" + odd[3], "Ruth")
    call(album, "f'o\"l\nder/" + odd[8], "Ruth")
    call(album, "f'o\"l\nder/" + odd[4] + "#1", "Ruth")
    assert {row.file for row in rows(album, "f'o\"l\nder")} == set(odd)
    assert sorted(names(album).values()) == ["?Ruth"] * 6 + ["Ruth"] * 3
    assert not find(album).changed
    from faces.jobs import report

    report.run(PlainAlbum(album), tmp_path / "r.html", Progress())
    assert "<b>x.png" not in (tmp_path / "r.html").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small disk")
def test_a_full_disk_ends_the_run_and_leaves_readable_files(tmp_path: Path, program: Program) -> None:
    """A tmpfs of 256 kB, filled while the album grows."""
    import subprocess

    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], check=False, capture_output=True
    ).returncode:
        pytest.skip("cannot mount a tmpfs here")
    try:
        draw(disk / "a.png", {"red": (40, 40)})
        assert program("detect", "--directory", disk).returncode == 0
        assert program("name", disk / "a.png", "Ruth").returncode == 0
        assert program("recognize", "--directory", disk).returncode == 0
        for number in range(12):
            draw(disk / f"{number}.png", {"red": (10, 10), "blue": (90, 90)}, shade=number)
        with (disk / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError):
            while True:
                filler.write(b"x" * 512)
        answer = program("detect", "--directory", disk)
        assert answer.returncode == 11, answer.stderr
        assert "the disk is full" in answer.stderr and "Traceback" not in answer.stderr
        assert names(disk) == {"a.png#1": "Ruth"}
        (disk / "filler").unlink()
        assert program("detect", "--directory", disk).returncode == 0
        assert len(names(disk)) == 25 and names(disk)["a.png#1"] == "Ruth"
    finally:
        subprocess.run(["umount", "-l", disk], check=False)


def test_a_photo_that_kills_the_program_is_left_for_last_and_given_up(drawn: Path, program: Program) -> None:
    """SIGKILL in the middle of a photo, as the kernel does it when memory runs out."""
    draw(drawn / "sub" / "z.png", {"red": (5, 5)})
    codes = []
    for _ in range(6):
        codes.append(program("detect", "--directory", drawn, FAKE_DETECTOR="dies").returncode)
        if codes[-1] >= 0:
            break
    assert codes == [-9, -9, -9, -9, 8]  # the first time it was one of several that were looked at
    assert "sub/z.png#1" in names(drawn)  # the others were done
    [(file, error, _)] = failed(drawn, "sub")
    assert file == "c.png" and "died 3 times" in error
    assert program("detect", "--directory", drawn, FAKE_DETECTOR="dies").returncode == 0  # it rests
    assert program("detect", "--directory", drawn, "--retry").returncode == 0
    assert "sub/c.png#1" in names(drawn)


def test_photos_that_vanish_in_mid_run(drawn: Path) -> None:
    class Deleting(fakes.SquareDetector):
        def detect(self, image: object) -> list[object]:
            shutil.rmtree(drawn / "sub", ignore_errors=True)
            (drawn / "b.png").unlink(missing_ok=True)
            return super().detect(image)

    find(drawn, engines=fakes.models(Deleting()))
    assert set(names(drawn)) == {"a.png#1"}


def test_a_folder_that_cannot_be_listed_keeps_its_data(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find(drawn)
    call(drawn, "sub/c.png", "Blanche")
    real = os.scandir

    def scandir(path: object) -> object:
        if Path(str(path)).name == "sub":
            raise OSError(5, "Input/output error")
        return real(path)  # type: ignore[call-overload]

    monkeypatch.setattr("faces.folders.os.scandir", scandir)
    with pytest.raises(PartlyFailed, match="Input/output error"):
        find(drawn)
    monkeypatch.undo()
    assert names(drawn)["sub/c.png#1"] == "Blanche"
    assert [row.status for row in rows(drawn, "sub")] == [FACE]


def test_storing_happens_every_so_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a very short interval the first photos are in faces.pkl and faces.csv long before the last is done."""
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / "config.json").write_text('{"worker": {"store_seconds": 1}}')
    for number in range(12):
        draw(tmp_path / f"{number:02}.png", {"red": (10, 10)}, shade=number)
    seen = []

    class Slow(fakes.SquareDetector):
        def detect(self, image: object) -> list[object]:
            seen.append(len(names(tmp_path)))
            time.sleep(0.3)
            return super().detect(image)

    engines, rests = fakes.models(Slow()), list[int]()
    monkeypatch.setattr(worker, "MANY", 0)
    monkeypatch.setattr(engines, "rest", lambda: rests.append(len(seen)))
    find(tmp_path, engines=engines)
    assert seen[0] == 0 and seen[-1] >= 2
    assert len(rests) >= 2 and rests[-1] == 12  # networks give their memory back where faces of all photos are compared
