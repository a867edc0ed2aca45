"""A recognition does as little as it takes, and what comes of that is what comes of doing everything."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faces import parquet, store
from faces.errors import StorageError
from faces.files import DataFile
from faces.folders import PlainAlbum
from faces.jobs import again as few
from faces.jobs import channel, name, settled, whole
from faces.jobs.summaries import Recognized
from faces.records import FACE, Box, Decision, FaceRow, ShownFace
from fakes import draw
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from steps import again, find, take_away

PEOPLE = 5


def make(root: Path, seed: int, detectors: tuple[str, ...] = ("yunet",), **recognition: Any) -> Path:
    """An album of faces round a few points as detections leave it: three folders, up to three faces on a photo."""
    random = np.random.default_rng(seed)
    points = random.normal(size=(PEOPLE, 8)) / 3
    config = {"detection": {"detectors": list(detectors), "models": ["Dlib"]}, "recognition": recognition}
    store.write_json(DataFile(root / "faces" / "config.json"), config)
    number = 0
    for folder in ("", "a", 'a/b, "c"'):
        rows = []
        for photo in range(8):
            content = f"{folder}{photo}".encode().hex().zfill(32)
            for place in range(random.integers(1, 4)):
                number += 1
                point = points[random.integers(PEOPLE)]
                for detector in detectors:
                    vector = point + random.normal(size=8) * random.choice([0.05, 0.15])
                    row = FaceRow(FACE, "", f"{photo}.png", content, 1, 1, width=4000, height=3000, face=f"{number:032x}",
                                  detector=detector, model="Dlib", space="Dlib/x/y", x=100.0 + 1000 * place, y=9.0, w=float(random.choice([25, 200])),
                                  h=90.0, confidence=0.9, embedding=vector.astype(np.float32))  # fmt: skip
                    rows.append(row)
        (root / folder).mkdir(parents=True, exist_ok=True)
        parquet.write_faces(DataFile(root / folder / "faces.pkl"), rows)
    return root


def rows_of(album: Path) -> list[tuple[str, ShownFace]]:
    """Every row of every faces.csv, with its folder."""
    return [(path.parent.relative_to(album).as_posix(), row) for path in sorted(album.rglob("faces.csv"))
            for row in store.read_shown(DataFile(path)) or ()]  # fmt: skip


def rounded(album: Path) -> list[tuple[str, ShownFace]]:
    """The same without the last decimal of distances: it depends on what else is multiplied in one go."""
    rows = rows_of(album)
    for _, row in rows:
        row.distance = None if row.distance is None else round(row.distance, 3)
    return rows


def decide(album: Path, number: int, kind: str, name: str = "") -> None:
    """About the face of this number of the album."""
    found = rows_of(album)
    folder, row = found[number % len(found)]
    entry = Decision("", row.id, row.content, f"{folder}/{row.file}".removeprefix("./"), row.box, kind, name, "test")
    channel.decide(PlainAlbum(album), entry)


def by_everything(album: Path) -> tuple[list[tuple[str, ShownFace]], Recognized]:
    """What a recognition that goes through everything makes of a copy."""
    copy = album.with_name("copy")
    shutil.copytree(album, copy)
    try:
        (copy / "faces" / "settled.json").unlink()
        summary = again(copy)
        return rounded(copy), summary
    finally:
        shutil.rmtree(copy)


def counts(summary: Recognized) -> tuple[int, ...]:
    return summary.faces, summary.named, summary.guessed, summary.people, summary.groups, summary.failures


DECISIONS = st.lists(
    st.tuples(
        st.integers(0, 10_000),
        st.sampled_from(["name", "name", "name", "reject", "unknown", "ignore", "clear"]),
        st.integers(0, PEOPLE),
    ),
    min_size=1,
    max_size=12,
)

RECOGNITION = st.fixed_dictionaries(
    {
        "most_similar_number": st.integers(1, 5),
        "history": st.booleans(),
        "metric": st.sampled_from(["euclidean", "cosine"]),
    }
)


@given(st.integers(0, 100_000), DECISIONS, st.booleans(), RECOGNITION, st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_few_decisions_give_what_everything_gives(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    decisions: list[tuple[int, str, int]],
    two_detectors: bool,
    recognition: dict[str, Any],
    at_once: bool,
) -> None:
    detectors = ("yunet", "dlib") if two_detectors else ("yunet",)
    album = make(tmp_path_factory.mktemp("few") / "album", seed, detectors, **recognition)
    again(album)
    for number in range(0, 36, 3):
        decide(album, number, "name", f"Person {number % PEOPLE}")
    again(album)
    for number, kind, person in decisions:
        decide(album, number, kind, f"Person {person}" if kind in ("name", "reject") else "")
        if not at_once:
            again(album)
    expected, summary = by_everything(album)
    got = again(album)
    assert rounded(album) == expected
    assert counts(got) == counts(summary)


@pytest.fixture
def named(tmp_path: Path) -> Path:
    """An album with a few names, settled."""
    album = make(tmp_path / "album", 1)
    again(album)
    for number in range(0, 36, 3):
        decide(album, number, "name", f"Person {number % PEOPLE}")
    again(album)
    return album


@pytest.fixture
def only_few(named: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on going through everything is an error."""

    def fail(*_: Any) -> None:
        raise AssertionError("everything was gone through")

    monkeypatch.setattr(whole, "run", fail)


@pytest.mark.usefixtures("only_few")
@pytest.mark.parametrize("kind", ["name", "reject", "unknown", "ignore"])
def test_one_decision_takes_no_going_through_everything(named: Path, kind: str) -> None:
    decide(named, 1, kind, "Person 1" if kind in ("name", "reject") else "")
    summary = again(named)
    assert summary.written > 0 or kind == "reject"
    before = {path: path.stat().st_mtime_ns for path in named.rglob("faces.csv")}
    assert again(named).written == 0
    assert {path: path.stat().st_mtime_ns for path in named.rglob("faces.csv")} == before


@pytest.mark.usefixtures("only_few")
def test_a_rejected_guess_does_not_come_back(named: Path) -> None:
    number, guess = next((i, row.name_recognized) for i, (_, row) in enumerate(rows_of(named)) if row.name_recognized)
    decide(named, number, "reject", guess)
    again(named)
    assert rows_of(named)[number][1].name_recognized != guess
    other = next(i for i, (_, row) in enumerate(rows_of(named)) if row.name_recognized == guess)
    decide(named, other, "name", guess)
    again(named)
    assert rows_of(named)[number][1].name_recognized != guess


@pytest.mark.usefixtures("only_few")
def test_a_name_taken_from_one_face_frees_it_for_another_on_the_photo(named: Path) -> None:
    rows = [row for _, row in rows_of(named)]
    number = next(i for i, row in enumerate(rows) if row.state == "named")
    decide(named, number, "name", "Somebody else")
    again(named)
    assert [row.name for _, row in rows_of(named)][number] == "Somebody else"


def test_only_what_changed_is_written(named: Path) -> None:
    before = {path: path.stat().st_ino for path in named.rglob("faces.csv")}
    decide(named, 1, "ignore")
    again(named)
    assert sum(path.stat().st_ino != number for path, number in before.items()) <= 1


def everything(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with every recognition that goes through everything."""
    real, calls = whole.run, list[int]()

    def run(*arguments: Any) -> Recognized:
        calls.append(1)
        return real(*arguments)

    monkeypatch.setattr(whole, "run", run)
    return calls


def copy_of_a_photo(album: Path) -> None:
    rows = parquet.read_faces(DataFile(album / "a" / "faces.pkl")) or []
    new = [replace(row, file=f"copy of {row.file}", face=row.face.replace("0", "e", 1)) for row in rows]
    parquet.write_faces(DataFile(album / "a" / "faces.pkl"), rows + new)


def save_csv(album: Path) -> None:
    path = album / "a" / "faces.csv"
    path.write_text(path.read_text().replace("Person", "Human"))


def write(name: str, content: str) -> Callable[[Path], None]:
    return lambda album: (album / "faces" / name).write_text(content) and None


CHANGES: dict[str, Callable[[Path], object]] = {
    "faces.pkl": copy_of_a_photo,
    "faces.csv edited": save_csv,
    "faces.csv gone": lambda album: (album / "a" / "faces.csv").unlink(),
    "a folder gone": lambda album: shutil.rmtree(album / "a"),
    "a folder copied": lambda album: shutil.copytree(album / "a", album / "b"),
    "settings": write("config.json", '{"recognition": {"training_min_pixels": 3}, "detection": {"models": ["Dlib"]}}'),
    "thresholds": write("thresholds.json", '{"Dlib": {"euclidean": 0.1}}'),
    "settled.json gone": lambda album: (album / "faces" / "settled.json").unlink(),
    "settled.json torn": lambda album: os.truncate(album / "faces" / "settled.json", 100),
    "settled.json of something else": write("settled.json", '{"settings": 1, "summary": {}}'),
    "settled.json deep": write("settled.json", "[" * 100_000),
    "a journal shortened": lambda album: os.truncate(album / "faces" / "names.csv", 300),
    "a journal gone": lambda album: (album / "faces" / "names.csv").unlink(),
    "a torn line": lambda album: append(album, b"2026-01-01T00:00"),
    "an old decision": lambda album: append(album, f"2001-01-01T00:00:00Z,{1:032x},,,0,0,0,0,ignore,,test,\n".encode()),
    "about a face that is not there": lambda album: append(
        album, f"2199-01-01T00:00:00Z,{999:032x},x,x.png,0,0,0.1,0.1,name,Ada,test,\n".encode()
    ),
    "open again": lambda album: decide(album, 0, "clear"),
}


def append(album: Path, line: bytes) -> None:
    with (album / "faces" / "names.csv").open("ab") as file:
        file.write(line)


@pytest.mark.parametrize("change", CHANGES)
def test_what_else_changed_is_gone_through(named: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    CHANGES[change](named)
    calls = everything(monkeypatch)
    again(named)
    assert calls


def test_a_twin_photo_shares_the_name(named: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decision about a photo that lies there twice is about both."""
    copy_of_a_photo(named)
    again(named)
    number = next(i for i, (folder, row) in enumerate(rows_of(named)) if folder == "a" and row.state == "")
    calls = everything(monkeypatch)
    decide(named, number, "name", "Ada")
    again(named)
    assert calls
    assert sum(row.name == "Ada" for _, row in rows_of(named)) == 2


def test_somebody_saves_a_csv_meanwhile(named: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between reading and writing: what was typed is kept, and the decision holds, too."""
    rows = [row for folder, row in rows_of(named) if folder == "a"]
    typed = next(row for row in rows if row.state == "named")
    path, real = named / "a" / "faces.csv", few._Few.guess

    def slow(self: Any) -> bool:
        path.write_text(path.read_text().replace(typed.name, "Ada"))
        return real(self)

    monkeypatch.setattr(few._Few, "guess", slow)
    number = next(i for i, (folder, row) in enumerate(rows_of(named)) if folder == "a" and row.state == "")
    decide(named, number, "ignore")
    again(named)
    assert rows_of(named)[number][1].state == "ignored"
    assert next(row.name for _, row in rows_of(named) if row.id == typed.id) == "Ada"


def test_somebody_saves_the_csv_of_another_folder_meanwhile(named: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was not to be written, so what was typed is seen by the next recognition."""
    where, typed = next((folder, row) for folder, row in rows_of(named) if folder != "a" and row.state == "named")
    path, real = named / where / "faces.csv", few._Few.guess

    def slow(self: Any) -> bool:
        done = real(self)
        path.write_text(path.read_text().replace(typed.name, "Ada"))
        for csv in self._csvs:
            csv.changed &= csv.folder.csv.path != path
        return done

    with monkeypatch.context() as patched:
        patched.setattr(few._Few, "guess", slow)
        number = next(i for i, (folder, row) in enumerate(rows_of(named)) if folder == "a" and row.state == "")
        decide(named, number, "ignore")
        again(named)
    again(named)
    assert ",Ada," in (named / "faces" / "edits.csv").read_text()


@pytest.mark.parametrize("step", ["before", "after"])
def test_killed_between_two_files(named: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but time is lost."""
    decide(named, 1, "name", "Person 1")
    expected, _ = by_everything(named)

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(settled, "write", die) if step == "after" else patched.setattr(store.ShownLines, "content", die)
        with pytest.raises(KeyboardInterrupt):
            again(named)
    again(named)
    assert rounded(named) == expected


def test_a_disk_that_takes_no_note_is_no_failure(named: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = DataFile.write

    def write(self: DataFile, *arguments: Any) -> bool:
        if self.path.name == "settled.json":
            raise StorageError("no")
        return real(self, *arguments)

    decide(named, 1, "name", "Person 1")
    expected, _ = by_everything(named)
    monkeypatch.setattr(DataFile, "write", write)
    assert again(named).problems == []
    assert rounded(named) == expected


def test_names_of_every_kind(named: Path, only_few: None) -> None:
    for text in ("=1+1", "'=", 'a "b", c', "Zoë 🙂", "-"):
        decide(named, 1, "name", text)
        again(named)
        assert rows_of(named)[1][1].name == text
        assert again(named).written == 0


def test_removing_takes_the_note_along(named: Path) -> None:
    assert (named / "faces" / "settled.json").stat().st_mode & 0o077 == 0
    take_away(named, names=True)
    assert not (named / "faces" / "settled.json").exists()
    again(named)
    take_away(named, everything=True)
    assert not (named / "faces").exists()


def test_a_detection_with_nothing_to_do_loads_nothing(tmp_path: Path) -> None:
    """Neither numpy nor pyarrow; and it sees the next photo."""
    draw(tmp_path / "one.png", {"red": (60, 60)})
    find(tmp_path)
    find(tmp_path)  # finds that there is nothing to do
    code = "import sys; from faces import cli; cli.run(sys.argv[1:]); print(sorted({'numpy', 'pyarrow', 'psutil'} & set(sys.modules)))"
    command = [
        sys.executable,
        "-c",
        code,
        "detect",
        "--directory",
        str(tmp_path),
        "--detectors",
        "yunet",
        "--models",
        "Dlib",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("Nothing changed: 1 photos, 1 faces")
    assert ran.stdout.endswith("[]\n")
    command[3] = "recognize"
    ran = subprocess.run(command[:6], capture_output=True, text=True, check=True)
    assert ran.stdout.endswith("[]\n")
    draw(tmp_path / "two.png", {"green": (60, 60)})
    assert find(tmp_path).done == 1


@pytest.mark.parametrize("change", ["photo gone", "photo changed", "faces.pkl gone", "a box drawn", "another model"])
def test_a_detection_sees_what_changed(tmp_path: Path, change: str) -> None:
    photo = tmp_path / "one.png"
    draw(photo, {"red": (60, 60)})
    draw(tmp_path / "two.png", {"green": (60, 60)})
    for _ in range(2):
        find(tmp_path)
    assert not find(tmp_path).changed
    options: dict[str, Any] = {}
    if change == "photo gone":
        photo.unlink()
    elif change == "photo changed":
        draw(photo, {"green": (80, 60)})
    elif change == "faces.pkl gone":
        (tmp_path / "faces.pkl").unlink()
    elif change == "a box drawn":
        name.run(str(photo), "name", "Ada", box=Box(0.5, 0.5, 0.2, 0.2))
    else:
        options = {"models": ("SFace",)}
    assert find(tmp_path, **options).changed
