"""What a hostile reviewer once broke, each kept from coming back."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import fakes
import numpy as np
import pytest
from faces import parquet, store
from faces.errors import DamagedFile, DetectorError, PartlyFailed, TimeLimitReached, UsageError, WeightsMissing
from faces.files import DataFile
from faces.folders import PlainAlbum
from faces.jobs import detect, name, whole
from faces.jobs.channel import iso_time, just_after
from faces.progress import Progress
from faces.records import FAILED
from fakes import draw
from places import ROOT
from steps import again, call, find, ids, names, rows, shown, take_away
from test_faults import OPTIONS, StopAfter

Program = Callable[..., CompletedProcess[str]]


def replace_by_another_person(album: Path) -> None:
    draw(album / "a.png", {"blue": (40, 40)})


# --- wrong names, lost names ----------------------------------------------------------------------------------


def test_a_replaced_photo_that_is_unreadable_once_does_not_keep_the_old_name(
    drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    replace_by_another_person(drawn)
    from faces.errors import PhotoError

    def refuse(path: Path) -> str:
        raise PhotoError("cannot be read: Permission denied")

    monkeypatch.setattr("faces.jobs.origin.content_hash", refuse)
    with pytest.raises(PartlyFailed):
        find(drawn)
    monkeypatch.undo()
    find(drawn)
    assert names(drawn)["a.png#1"] == ""
    assert not [row for row in rows(drawn) if row.status == FAILED]
    assert not find(drawn).changed


@pytest.mark.parametrize("how", ["no embedding", "another model", "lost faces.pkl", "box by hand"])
def test_a_replaced_photo_hands_no_name_on_where_it_cannot_be_checked(drawn: Path, how: str) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    if how == "no embedding":
        take_away(drawn, models=("Dlib",))
    if how == "lost faces.pkl":
        (drawn / "faces.pkl").unlink()
    if how == "box by hand":
        take_away(drawn, detectors=("yunet",))
    time.sleep(1.1)  # faces.csv knows times to the second
    replace_by_another_person(drawn)
    find(drawn, models=("SFace",) if how == "another model" else ("Dlib",))
    assert "Ruth" not in {value for key, value in names(drawn).items() if key.startswith("a.png")}


@pytest.mark.parametrize("mtime", [0, 4e9])
def test_clocks_that_are_wrong_neither_lose_an_edit_nor_freeze_a_name(drawn: Path, mtime: float) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    csv = drawn / "faces.csv"
    csv.write_text(csv.read_text().replace("Ruth,named", "Gwen,named"))
    os.utime(csv, (mtime, mtime))
    again(drawn)
    assert names(drawn)["a.png#1"] == "Gwen"
    call(drawn, "a.png", "Cy")
    assert names(drawn)["a.png#1"] == "Cy"


def test_a_spreadsheet_that_rewrites_times_loses_no_edit_and_freezes_no_name(drawn: Path) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    csv = drawn / "faces.csv"
    when = shown(drawn)["a.png#1"].time_named
    csv.write_text(csv.read_text().replace(when, "30.05.2026 12:00"))
    again(drawn)
    assert names(drawn)["a.png#1"] == "Ruth"
    csv.write_text(csv.read_text().replace(when, "30.05.2026 12:00").replace("Ruth,named", "Gwen,named"))
    again(drawn)
    assert names(drawn)["a.png#1"] == "Gwen"
    call(drawn, "a.png", "Cy")
    assert names(drawn)["a.png#1"] == "Cy"


def test_an_edit_saved_while_recognition_is_at_work_counts(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    real, csv, times = whole.guess, drawn / "faces.csv", []

    def slow(*arguments: object) -> object:
        if not times:
            times.append(1)
            csv.write_text(csv.read_text().replace("Ruth,named", "Gwen,named"))
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(whole, "guess", slow)
    (drawn / "faces" / "settled.json").unlink()  # so that everything is gone through
    name.run(str(drawn / "sub/c.png"), "name", "Blanche")
    again(drawn)
    assert (names(drawn)["a.png#1"], names(drawn)["sub/c.png#1"]) == ("Gwen", "Blanche")


def test_an_interrupted_batch_is_embedded_by_the_next_run(tmp_path: Path) -> None:
    class Interrupted(fakes.ColourEmbedder):
        def embed(self, crops: object) -> object:
            raise KeyboardInterrupt

    for number in range(18):
        draw(tmp_path / f"{number}.png", {"red": (10, 10)}, shade=number)
    with pytest.raises(KeyboardInterrupt):
        find(tmp_path, engines=fakes.models(embedder=Interrupted()))
    find(tmp_path)
    assert len([row for row in rows(tmp_path) if row.embedding is not None]) == 18


def test_a_crop_that_kills_the_program_costs_its_photo_only(tmp_path: Path, program: Program) -> None:
    for number in range(5):
        draw(tmp_path / f"{number}.png", {"blue" if number == 2 else "red": (10, 10)}, shade=number)
    codes: list[int] = []
    while not codes or (codes[-1] < 0 and len(codes) < 8):
        codes.append(program("detect", "--directory", tmp_path, FAKE_EMBEDDER="dies").returncode)
    assert codes == [-9, -9, -9, -9, 8]  # once in a batch, three times alone
    assert {row.file for row in rows(tmp_path) if row.embedding is not None} == {"0.png", "1.png", "3.png", "4.png"}
    assert [row.file for row in rows(tmp_path) if row.status == FAILED] == ["2.png"]


def test_a_link_to_a_sibling_folder_is_one_folder(tmp_path: Path) -> None:
    draw(tmp_path / "s" / "a.png", {"red": (10, 10)})
    (tmp_path / "t").symlink_to("s")
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / "config.json").write_text('{"version": 1, "worker": {"follow_symlinks": true}}')
    album = PlainAlbum(tmp_path, True)
    assert [folder.name for folder in album.folders()] == ["s"]


# --- ids, columns and faces -----------------------------------------------------------------------------------


def test_a_moved_photo_keeps_its_face_while_a_model_is_missing(drawn: Path) -> None:
    class Missing(fakes.ColourEmbedder):
        def load(self) -> None:
            raise WeightsMissing("no SFace")

    engines = fakes.models(SFace=Missing)
    with pytest.raises(WeightsMissing):
        find(drawn, models=("Dlib", "SFace"), engines=engines)
    before = ids(drawn)["sub/c.png#1"]
    (drawn / "sub/c.png").rename(drawn / "m.png")
    with pytest.raises(WeightsMissing):
        find(drawn, models=("Dlib", "SFace"), engines=engines)
    assert ids(drawn)["m.png#1"] == before


def test_a_photo_copied_and_moved_at_once_has_two_faces(drawn: Path) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    before = ids(drawn)["a.png#1"]
    shutil.copy(drawn / "a.png", drawn / "sub" / "copy.png")
    (drawn / "a.png").rename(drawn / "z.png")
    find(drawn)
    found = {key: face for key, face in ids(drawn).items() if key in ("z.png#1", "sub/copy.png#1")}
    assert len(set(found.values())) == 2 and before in found.values()
    assert not find(drawn).changed


def test_twins_whose_data_is_lost_get_two_ids(drawn: Path) -> None:
    shutil.copy(drawn / "a.png", drawn / "z.png")
    find(drawn)
    call(drawn, "a.png", "Ruth")
    (drawn / "faces.pkl").unlink()
    (drawn / "faces.csv").unlink()
    find(drawn)
    assert names(drawn)["a.png#1"] == names(drawn)["z.png#1"] == "Ruth"
    assert len(set(ids(drawn).values())) == len(ids(drawn)) == 5
    assert not find(drawn).changed


def test_a_move_interrupted_half_way_keeps_the_id(drawn: Path) -> None:
    find(drawn)
    before = ids(drawn)["sub/c.png#1"]
    (drawn / "sub/c.png").rename(drawn / "c.png")
    draw(drawn / "sub" / "new.png", {"pink": (5, 5)})
    with pytest.raises(TimeLimitReached):
        detect.run(PlainAlbum(drawn), OPTIONS, StopAfter(1, TimeLimitReached("x")), Progress(), models=fakes.models())
    find(drawn)
    assert ids(drawn)["c.png#1"] == before and "sub/c.png#1" not in ids(drawn)


def test_a_copied_folder_leaves_the_original_its_ids_and_columns(drawn: Path) -> None:
    draw(drawn / "zoo" / "a.png", {"cyan": (5, 5)})
    find(drawn)
    csv = drawn / "zoo" / "faces.csv"
    head, line = csv.read_text().splitlines()
    csv.write_text(f"{head},note\n{line},grandma\n")
    again(drawn)
    before = ids(drawn)["zoo/a.png#1"]
    time.sleep(0.05)
    shutil.copytree(drawn / "zoo", drawn / "a copy")
    find(drawn)
    assert ids(drawn)["zoo/a.png#1"] == before != ids(drawn)["a copy/a.png#1"]
    assert shown(drawn)["zoo/a.png#1"].extra == {"note": "grandma"}
    take_away(drawn, detectors=("yunet",))
    call(drawn, "a.png", "Ruth") if "a.png#1" in names(drawn) else None


# --- one bad file ---------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount read-only")
def test_a_read_only_folder_costs_itself_only(drawn: Path) -> None:
    draw(drawn / "zoo" / "z.png", {"cyan": (5, 5)})
    folder = drawn / "sub"
    mount = ["mount", "--bind", str(folder), str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("cannot mount here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        with pytest.raises(PartlyFailed, match=r"cannot write into .*sub"):
            find(drawn)
        assert set(names(drawn)) == {"a.png#1", "b.png#1", "b.png#2", "zoo/z.png#1"}
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_damaged_faces_csv_costs_its_folder_only(drawn: Path) -> None:
    find(drawn)
    with (drawn / "faces.csv").open("a") as file:
        file.write("x" * 140_000 + "\n")
    draw(drawn / "new.png", {"pink": (5, 5)})
    draw(drawn / "zoo" / "z.png", {"cyan": (5, 5)})
    for _ in range(2):
        with pytest.raises(PartlyFailed, match="damaged"):
            find(drawn)
    assert [row.file for row in rows(drawn, "zoo")] == ["z.png"]


@pytest.mark.parametrize("column", ["min_width", "attempts", "file", "embedding", "detector"])
def test_a_faces_pkl_with_wrong_types_is_damaged(drawn: Path, column: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    find(drawn)
    table = pq.read_table(drawn / "faces.pkl")
    wrong = pa.array(["x"] * table.num_rows) if column in ("min_width", "embedding") else pa.nulls(table.num_rows)
    position = table.schema.get_field_index(column)
    pq.write_table(table.set_column(position, column, wrong), drawn / "faces.pkl")
    with pytest.raises(DamagedFile):
        parquet.read_faces(DataFile(drawn / "faces.pkl"))
    with contextlib.suppress(PartlyFailed):  # damage in the embeddings is seen by recognition, after detection
        find(drawn)
    find(drawn)
    assert len(names(drawn)) == 4


def test_embeddings_of_another_length_are_not_compared(drawn: Path) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    stored = rows(drawn)
    stored[1].embedding = np.ones(7, np.float32)
    parquet.write_faces(DataFile(drawn / "faces.pkl"), stored)
    again(drawn)
    assert names(drawn)["a.png#1"] == "Ruth"


@pytest.mark.parametrize("file", ["faces.pkl", "faces.csv", "faces/names.csv", "faces/config.json"])
@pytest.mark.parametrize("what", ["folder", "pipe"])
def test_no_file_in_the_place_of_ours_neither_hangs_nor_crashes(
    drawn: Path, program: Program, file: str, what: str
) -> None:
    (drawn / "faces").mkdir()
    (os.mkdir if what == "folder" else os.mkfifo)(drawn / file)
    answer = program("detect", "--directory", drawn)
    assert answer.returncode in (8, 11), answer
    assert "is no file" in answer.stderr and "Traceback" not in answer.stderr


def test_odd_times_and_texts_do_no_harm(drawn: Path, program: Program) -> None:
    os.utime(drawn / "a.png", (253402300900, 253402300900))
    (drawn / "faces").mkdir()
    (drawn / "faces" / "config.json").write_text('{"mine": "\\ud800"}')
    (drawn / "faces" / "detect.lock").write_text("[" * 90_000)
    assert program("detect", "--directory", drawn).returncode == 0
    assert "a.png#1" in names(drawn)
    assert program("name", f"{drawn}/a.png#²", "Ada").returncode == 2
    assert program("name", f"{drawn}/{'x' * 300}.png", "Ada").returncode == 2
    assert program("detect", "--directory", drawn / ("x" * 300)).returncode == 2
    csv = drawn / "faces.csv"
    csv.write_text(csv.read_text().replace(",0.900,", ",nan,"))
    assert program("report", drawn).returncode == 0
    assert (
        iso_time(1e30) == "9999-12-31T23:59:59.000000Z"
        and just_after("2026-01-01T00:00:00Z") == "2026-01-01T00:00:00.000001Z"
    )


def test_a_very_deep_folder(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(1200):
        deep = deep / "d"
    subprocess.run(["mkdir", "-p", deep], check=True)
    try:
        draw(tmp_path / "a.png", {"red": (1, 1)}).rename(deep / "a.png")
        assert [p.name for folder in PlainAlbum(tmp_path).folders() for p in folder.photos] == ["a.png"]
    finally:
        subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)


def test_damaged_weights_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from faces import weights
    from faces.models import Models

    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path))
    weights.prepare_folder()
    (weights.folder() / weights.DLIB_RESNET).write_text("junk")
    with pytest.raises(WeightsMissing, match="is damaged"):
        Models().embedder("Dlib")


# --- outside the folder, and around it ------------------------------------------------------------------------


def test_a_log_that_the_user_names_may_be_a_link(drawn: Path, program: Program, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "log")
    assert program("detect", "--directory", drawn, "--logfile", tmp_path / "link").returncode == 0
    assert (tmp_path / "link").is_symlink() and "recognized" in (tmp_path / "log").read_text()
    assert program("recognize", "--directory", drawn, "--logfile", "/dev/stderr").returncode == 0
    assert Path("/dev/stderr").exists()


def test_a_data_folder_that_is_a_link_is_refused(drawn: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (drawn / "faces").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="symbolic link"):
        find(drawn)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_remove_leaves_files_that_only_bear_our_names(drawn: Path) -> None:
    find(drawn)
    foreign = {"names.csv": "first,last\nAda,Lovelace\n", "report.html": "<p>mine</p>", "config.json": '{"mine": 1}'}
    for file, text in foreign.items():
        (drawn / "faces" / file).write_text(text)
    summary = take_away(drawn, everything=True)
    assert {path.name: path.read_text() for path in (drawn / "faces").iterdir()} == foreign
    assert len(summary.kept) == 3


def test_links_are_followed_by_every_command_or_none(drawn: Path, program: Program, tmp_path: Path) -> None:
    draw(tmp_path / "outside" / "x.png", {"red": (7, 7)})
    (drawn / "there").symlink_to(tmp_path / "outside")
    (drawn / "faces").mkdir()
    (drawn / "faces" / "config.json").write_text('{"version": 1, "worker": {"follow_symlinks": true}}')
    assert program("detect", "--directory", drawn).returncode == 0
    assert program("name", drawn / "a.png", "Ruth").returncode == 0
    assert program("recognize", "--directory", drawn).returncode == 0
    assert "Ruth" in (tmp_path / "outside" / "faces.csv").read_text()
    assert program("remove", "--directory", drawn, "--all", "--yes").returncode == 0
    assert os.listdir(tmp_path / "outside") == ["x.png"]


def test_a_reader_that_goes_away_does_not_end_the_run(tmp_path: Path) -> None:
    for number in range(20):
        draw(tmp_path / f"{number}.png", {"red": (10, 10)}, shade=number)
    program = [
        sys.executable,
        str(ROOT / "tests" / "py" / "fake_program.py"),
        "detect",
        "--json",
        "--directory",
        str(tmp_path),
    ]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(60) in (0, -signal.SIGPIPE)
    assert len(rows(tmp_path)) == 20


def test_a_second_run_leaves_the_log_of_the_first_alone(drawn: Path, program: Program) -> None:
    from faces.console import logging_to

    log = drawn / "faces" / "faces.log"
    with logging_to(log, 1, ours=True):
        import logging

        logging.getLogger("faces").warning("the first")
        program("recognize", "--directory", drawn)
        logging.getLogger("faces").warning("the second")
    assert [line.split()[-1] for line in log.read_text().splitlines()] == ["first", "second"]


def test_remove_names_works_beside_a_damaged_faces_pkl(drawn: Path) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    (drawn / "faces.pkl").write_bytes(b"PAR1 torn")
    take_away(drawn, names=True)
    find(drawn)
    assert set(names(drawn).values()) == {""}


def test_leftovers_are_removed(drawn: Path) -> None:
    find(drawn)
    old, new = drawn / ".faces-tmp-old", drawn / ".faces-tmp-new"
    for path in (old, new):
        path.write_text("x")
    os.utime(old, (1, 1))
    (drawn / "empty folder").mkdir()
    (drawn / "empty folder" / "faces.pkl.damaged-20260101-000000").write_text("x")
    find(drawn)
    assert not old.exists() and new.exists()
    take_away(drawn, everything=True)
    assert not new.exists() and not list((drawn / "empty folder").iterdir())


def test_boxes_outside_the_photo_are_a_failure() -> None:
    from faces.detector import find_faces
    from faces.records import Box, Detection

    class Outside(fakes.SquareDetector):
        def detect(self, image: object) -> list[Detection]:
            return [Detection(Box(5000, 5000, 10, 10), 1.0)]

    with pytest.raises(DetectorError, match="outside"):
        find_faces(Outside(), np.zeros((50, 50, 3), np.uint8))


def test_a_decision_with_a_line_break_anywhere_is_one_line(tmp_path: Path) -> None:
    from faces.records import Box, Decision

    file = DataFile(tmp_path / "names.csv")
    store.append_decisions(
        file, [Decision("2026-01-01T00:00:00Z", "f\n1", "p\r2", "a", Box(0, 0, 1, 1), "name", "Ada", "x\ny")]
    )
    assert len(store.read_decisions(file)) == 1 and (file.read() or b"").count(b"\n") == 2


@pytest.mark.parametrize("kind", ["copied", "merged"])
def test_many_photos_at_once_cost_no_square_of_them(tmp_path: Path, kind: str) -> None:
    """Work is counted, not time: how often stored rows are read."""
    count = 60
    for number in range(count):
        draw(tmp_path / f"f{number % 2}" / f"{number}.png", {"red": (10, 10)}, shade=number)
    find(tmp_path)
    if kind == "copied":
        shutil.copytree(tmp_path / "f0", tmp_path / "g")
    else:
        (tmp_path / "g").mkdir()
        for photo in tmp_path.glob("f?/*.png"):
            photo.rename(tmp_path / "g" / photo.name)
    reads, real = [], parquet.read_faces

    def counted(file: DataFile, *arguments: object, **more: object) -> object:
        reads.append(file.path)
        return real(file, *arguments, **more)  # type: ignore[arg-type]

    parquet.read_faces = counted  # type: ignore[assignment]
    try:
        find(tmp_path)
    finally:
        parquet.read_faces = real
    assert len(reads) < 20


# --- the second attack ----------------------------------------------------------------------------------------


def later(album: Path, photo: str, *people: str) -> None:
    """Another photo in its place, of another time."""
    draw(album / photo, dict.fromkeys(people, (40, 40)))
    os.utime(album / photo, (1_700_000_000, 1_700_000_000))


@pytest.mark.parametrize("how", ["replaced", "deleted first", "folder"])
def test_a_copy_that_is_replaced_hands_no_name_on(drawn: Path, how: str) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    target = "copies/a.png" if how == "folder" else "z.png"
    (drawn / target).parent.mkdir(exist_ok=True)
    shutil.copy(drawn / "a.png", drawn / target)
    find(drawn)
    assert names(drawn)[f"{target}#1"] == "Ruth"
    if how == "deleted first":
        (drawn / target).unlink()
        find(drawn)
    later(drawn, target, "cyan")
    find(drawn)
    assert names(drawn)[f"{target}#1"] == "" and names(drawn)["a.png#1"] == "Ruth"


@pytest.mark.parametrize("how", ["replaced", "swapped", "renamed", "deleted"])
def test_a_name_typed_before_a_photo_changed_places_goes_with_the_photo(drawn: Path, how: str) -> None:
    find(drawn)
    csv = drawn / "faces.csv"
    lines = csv.read_text().splitlines()
    assert lines[1].split(",")[1] == "a.png"
    cells = lines[1].split(",")
    cells[8] = "Ruth"
    csv.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n")
    if how == "swapped":
        (drawn / "a.png").rename(drawn / "t")
        (drawn / "sub/c.png").rename(drawn / "a.png")
        (drawn / "t").rename(drawn / "sub/c.png")
    elif how == "renamed":
        (drawn / "a.png").rename(drawn / "z.png")
    if how == "deleted":
        (drawn / "a.png").unlink()
        find(drawn)
    if how != "swapped":
        later(drawn, "a.png", "cyan")
    find(drawn)
    given = {key for key, value in names(drawn).items() if value == "Ruth"}
    assert given == {"swapped": {"sub/c.png#1"}, "renamed": {"z.png#1"}}.get(how, set())


def test_a_lost_journal_and_a_replaced_photo(drawn: Path) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    (drawn / "faces" / "names.csv").unlink()
    later(drawn, "a.png", "cyan")
    find(drawn)
    assert names(drawn)["a.png#1"] == ""


def test_two_photos_of_one_new_content_have_two_faces(drawn: Path) -> None:
    find(drawn)
    later(drawn, "a.png", "cyan")
    shutil.copy(drawn / "a.png", drawn / "z.png")
    find(drawn)
    assert {"a.png#1", "z.png#1"} <= set(names(drawn))
    assert len(set(ids(drawn).values())) == len(ids(drawn))
    assert not find(drawn).changed


def test_an_original_kept_beside_its_edited_version_keeps_its_name(drawn: Path) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    (drawn / "a.png").rename(drawn / "a_orig.png")
    draw(drawn / "a.png", {"red": (40, 40)}, shade=5)
    find(drawn)
    assert names(drawn)["a_orig.png#1"] == "Ruth"
    call(drawn, "a.png", "Other")
    assert (names(drawn)["a_orig.png#1"], names(drawn)["a.png#1"]) == ("Ruth", "Other")


def test_naming_a_photo_that_has_changed_since_is_refused(drawn: Path) -> None:
    find(drawn)
    later(drawn, "a.png", "cyan")
    with pytest.raises(UsageError, match="has changed since"):
        call(drawn, "a.png", "Ruth")


def test_deaths_are_remembered_by_a_run_that_is_stopped(drawn: Path, program: Program) -> None:
    assert program("detect", "--directory", drawn, FAKE_DETECTOR="dies").returncode == -9
    assert program("detect", "--directory", drawn, "--ram", "1").returncode == 4
    assert '"sub/c.png"' in (drawn / "faces" / "detect.lock").read_text()
