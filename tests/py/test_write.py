"""`faces metadata --write`: which photos are changed, which not, and what of that survives."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import fakes
import pytest
from faces import cli, metadata
from faces.errors import DiskFull, FacesError, LockedError, PackageMissing, StopRequested
from faces.exiftool import ExifTool
from faces.files import lock
from faces.folders import PlainAlbum
from faces.guard import Guard
from faces.images import content_hash, pixels_hash
from faces.jobs import write
from faces.jobs.write import What, Wrote
from faces.jobs.written import Written
from faces.progress import Progress
from faces.settings import ALL, NEW, PHOTO, SIDECAR
from fakes import draw
from steps import again, call, find, ids, names, rows, take_away, until
from test_marked import configure, mark, part

pytestmark = pytest.mark.skipif(not shutil.which("exiftool"), reason="needs exiftool")


def put(album: Path, target: str = PHOTO, which: str = ALL, **more: Any) -> Wrote:
    """`faces metadata DIR --write TARGET --names WHICH`."""
    return write.run(PlainAlbum(album), What(target, which, **more), Guard(), Progress())


def said(path: Path) -> dict[str, Any]:
    """The people that a file names: by regions, keywords, PersonInImage."""
    run = subprocess.run(["exiftool", "-j", "-struct", "-Subject", "-PersonInImage", "-RegionInfo", "-RegionInfoMP", str(path)],
                         capture_output=True, check=True)  # fmt: skip
    found = json.loads(run.stdout)[0]
    regions = [item["Name"] for item in found.get("RegionInfo", {}).get("RegionList", [])]
    mp = [item["PersonDisplayName"] for item in found.get("RegionInfoMP", {}).get("Regions", [])]
    assert regions == mp
    return {
        "regions": sorted(regions),
        "keywords": sorted(found.get("Subject", [])),
        "people": sorted(found.get("PersonInImage", [])),
    }


def named(*people: str) -> dict[str, list[str]]:
    return {"regions": sorted(people), "keywords": sorted(people), "people": sorted(people)}


def state(album: Path) -> dict[str, tuple[int, str]]:
    """Of each photo what changes with any writing."""
    photos = (path for path in album.rglob("*") if path.suffix in (".png", ".jpg", ".xmp"))
    return {path.name: (path.stat().st_ino, content_hash(path)) for path in photos}


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Ada (red) on a and c, Bob (green) beside her on a, both named; somebody (blue) on b."""
    draw(tmp_path / "album" / "a.png", {"red": (20, 40), "green": (120, 60)}, 1)
    draw(tmp_path / "album" / "b.jpg", {"blue": (40, 40)}, 2, quality=95)
    draw(tmp_path / "album" / "sub" / "c.png", {"red": (70, 70)}, 3)
    find(tmp_path / "album")
    call(tmp_path / "album", "a.png#1", "Ada")
    call(tmp_path / "album", "a.png#2", "Bob")
    call(tmp_path / "album", "sub/c.png", "Ada")
    return tmp_path / "album"


def test_names_are_written_once_and_are_no_new_photo(album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, pixels = ids(album), {path: pixels_hash(path) for path in album.rglob("*.png")}
    contents = {row.file: row.content for row in rows(album)}
    summary = put(album)
    assert (summary.named, summary.written, summary.same, summary.problems) == (2, 2, 0, [])
    assert said(album / "a.png") == named("Ada", "Bob") and said(album / "sub" / "c.png") == named("Ada")
    assert said(album / "b.jpg") == named()
    assert {path: pixels_hash(path) for path in album.rglob("*.png")} == pixels
    there = state(album)
    monkeypatch.setattr(ExifTool, "read", lambda *_: pytest.fail("nothing is to be read"))
    assert (put(album).written, put(album).same) == (0, 2)  # before any detection, and without a look at a photo
    monkeypatch.undo()
    engines = fakes.models(fakes.SquareDetector())
    monkeypatch.setattr(engines.detector("yunet"), "detect", lambda _: pytest.fail("nothing is to be detected"))
    find(album, engines=engines)
    assert find(album).todo == 0 and ids(album) == before and names(album)["a.png#1"] == "Ada"
    assert {row.file: row.content for row in rows(album)} == contents
    assert (put(album).written, state(album)) == (0, there)


def test_what_is_decided_after_that_follows(album: Path) -> None:
    put(album)
    call(album, "a.png#1", "Ada Lovelace")  # before a detection has seen that the file is another
    call(album, "a.png#2", "", "clear")
    assert put(album).written == 1
    assert said(album / "a.png") == named("Ada Lovelace")
    find(album)
    call(album, "a.png#1", "", "unknown")
    assert put(album).written == 1 and said(album / "a.png") == named()
    assert put(album).written == 0 and said(album / "sub" / "c.png") == named("Ada")


def test_a_photo_that_was_moved_or_copied_after_that_is_known(album: Path) -> None:
    put(album)
    (album / "a.png").rename(album / "sub" / "moved.png")
    shutil.copy2(album / "sub" / "c.png", album / "copy.png")
    before = ids(album)["sub/c.png#1"]
    find(album)
    assert names(album) == {"b.jpg#1": "", "copy.png#1": "Ada", "sub/c.png#1": "Ada", "sub/moved.png#1": "Ada",
                            "sub/moved.png#2": "Bob"}  # fmt: skip
    assert before in ids(album).values()
    there = state(album)
    assert put(album).written == 0 and state(album) == there
    assert put(album, undo=True).written == 3 and said(album / "sub" / "moved.png") == named()


def test_names_survive_when_all_data_files_but_the_journals_are_lost(album: Path) -> None:
    put(album)
    for path in (*album.rglob("faces.csv"), *album.rglob("faces.pkl"), album / "faces" / "settled.json"):
        path.unlink()
    find(album)
    assert names(album) == {"a.png#1": "Ada", "a.png#2": "Bob", "b.jpg#1": "", "sub/c.png#1": "Ada"}


def test_without_our_notes_the_names_are_offered_by_the_photos(album: Path) -> None:
    put(album)
    shutil.rmtree(album / "faces")
    for path in (*album.rglob("faces.csv"), *album.rglob("faces.pkl")):
        path.unlink()
    find(album)
    assert names(album) == {"a.png#1": "?Ada", "a.png#2": "?Bob", "b.jpg#1": "", "sub/c.png#1": "?Ada"}


def test_undo_takes_out_what_we_wrote_and_nothing_else(album: Path) -> None:
    mark(album / "sub" / "c.png", {"Eve": part(10, 10)})
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-XMP-dc:Subject=Ada", str(album / "a.png")], check=True)
    find(album)
    put(album)
    regions = metadata.read(ExifTool(), album / "sub" / "c.png").regions
    assert sorted(region.name for region in regions) == ["Ada", "Eve"]
    assert put(album, undo=True).written == 2 and put(album, undo=True).written == 0
    assert said(album / "a.png") == {"regions": [], "keywords": ["Ada"], "people": []}
    found = metadata.read(ExifTool(), album / "sub" / "c.png")
    assert [region.name for region in found.regions] == ["Eve"] and found.people == []
    find(album)
    assert names(album)["a.png#1"] == "Ada"  # the names here stay


def test_new_names_are_those_given_since_it_was_asked_for(album: Path) -> None:
    assert put(album, which=NEW).written == 0
    call(album, "b.jpg", "Cy")
    assert put(album, which=NEW).written == 1 and said(album / "b.jpg") == named("Cy")
    assert said(album / "a.png") == named()
    assert put(album).written == 2  # all
    assert put(album, which=NEW).written == 0 and said(album / "a.png") == named("Ada", "Bob")  # that is no undo


def test_a_dry_run_changes_nothing_and_says_what_it_would(album: Path) -> None:
    told: dict[str, list[str]] = {}
    before = sorted((path, path.stat().st_mtime_ns, path.stat().st_size) for path in album.rglob("*"))
    what = What(PHOTO, ALL, dry=True)
    summary = write.run(
        PlainAlbum(album), what, Guard(), Progress(), lambda path, change: told.update({path: change.lines})
    )
    assert summary.written == 2 and list(told) == ["a.png", "sub/c.png"]
    assert told["sub/c.png"] == ["+ keyword Ada", "+ person Ada", "+ region Ada at 35, 47, 20 x 27 percent",
                                 "+ Microsoft's region Ada at 35, 47, 20 x 27 percent"]  # fmt: skip
    lock_file = album / "faces" / "metadata.lock"
    after = sorted(
        (path, path.stat().st_mtime_ns, path.stat().st_size) for path in album.rglob("*") if path != lock_file
    )
    folder = album / "faces"
    assert [entry for entry in after if entry[0] != folder] == [entry for entry in before if entry[0] != folder]
    assert put(album, dry=True, most=1).written == 1


def test_a_sidecar_is_made_kept_up_and_taken_away(album: Path) -> None:
    there = state(album)
    assert put(album, SIDECAR).written == 2
    assert said(album / "a.png.xmp") == named("Ada", "Bob") and said(album / "sub" / "c.png.xmp") == named("Ada")
    assert {name: what for name, what in state(album).items() if not name.endswith(".xmp")} == there
    assert (album / "a.png.xmp").stat().st_mode == (album / "a.png").stat().st_mode
    assert put(album, SIDECAR).written == 0 and find(album).todo == 0
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-XMP:Rating=4", str(album / "a.png.xmp")], check=True)
    call(album, "a.png#2", "Bea")
    assert put(album, SIDECAR).written == 1 and said(album / "a.png.xmp") == named("Ada", "Bea")
    assert put(album, undo=True).written == 2
    assert not (album / "sub" / "c.png.xmp").exists()
    assert said(album / "a.png.xmp") == named() and b"Rating" in (album / "a.png.xmp").read_bytes()


def test_a_sidecar_of_another_program_is_used(album: Path) -> None:
    sidecar = album / "a.xmp"
    subprocess.run(["exiftool", "-q", "-o", str(sidecar), "-XMP-dc:Title=sea", "-XMP-dc:Subject=sea"], check=True)
    assert put(album, SIDECAR).written == 2 and not (album / "a.png.xmp").exists()
    assert said(sidecar) == {**named("Ada", "Bob"), "keywords": ["Ada", "Bob", "sea"]}
    assert put(album, undo=True).written == 2 and b"<rdf:li xml:lang='x-default'>sea</rdf:li>" in sidecar.read_bytes()


def test_another_programs_change_is_seen_and_kept(album: Path) -> None:
    put(album)
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-XMP:Rating=3", "-XMP-dc:Subject-=Bob", str(album / "a.png")],
                   check=True)  # fmt: skip
    summary = put(album)
    assert summary.written == 0 and "run `faces detect` first" in summary.problems[0]
    find(album)
    assert names(album)["a.png#1"] == "Ada"
    assert put(album).written == 1 and said(album / "a.png") == named("Ada", "Bob")


def test_one_photo_that_cannot_be_written_costs_the_others_nothing(album: Path) -> None:
    (album / "a.png").chmod(0o444)
    summary = put(album)
    assert summary.written == 1 and summary.problems == ["a.png: it is read-only"]
    (album / "a.png").chmod(0o644)
    with (album / "a.png").open("r+b") as file:
        file.truncate(300)
    summary = put(album)
    assert summary.written == 0 and summary.problems[0].startswith("a.png: ")
    assert (album / "a.png").stat().st_size == 300


@pytest.mark.parametrize("name", ["o 'q' \"d\" $(id);.png", "ünï 😀.png", "-Name=x.png", "#a @b %c.png", "a\nb.png"])
def test_odd_file_names(tmp_path: Path, name: str) -> None:
    album = tmp_path / "album"
    draw(album / name, {"red": (20, 40)}, 1)
    find(album)
    call(album, name, "Ada")
    summary = put(album)
    if "\n" in name:
        assert summary.written == 0 and "line break" in summary.problems[0]
    else:
        assert (summary.written, summary.problems) == (1, []) and put(album).written == 0
        assert [region.name for region in metadata.read(ExifTool(), album / name).regions] == ["Ada"]


def test_a_torn_note_spoils_itself_only(album: Path) -> None:
    put(album)
    notes = album / "faces" / "written.jsonl"
    lines = notes.read_bytes().splitlines(keepends=True)
    notes.write_bytes(lines[0] + b'\x00garbage {[\n[1]\n{"key":5}\n' + lines[1][:-30])
    entries = Written(PlainAlbum(album)).entries()
    assert [entry.key for entry in entries] == ["a.png"]
    assert (put(album).written, put(album).problems) == (0, [])  # the names are there
    find(album)
    assert names(album)["sub/c.png#1"] == "Ada" and put(album).written == 0


@pytest.mark.parametrize("wait", [0.15, 0.3, 0.5, 0.8, 1.2])
def test_a_run_that_is_killed_costs_nothing(album: Path, wait: float) -> None:
    """kill -9 at some moment: every photo is as before or whole with its names, and the next run ends the work."""
    for number in range(12):
        draw(album / f"{number}.jpg", {"red": (number * 8, 30)}, number, quality=90)
    find(album)
    for number in range(12):
        call(album, f"{number}.jpg", "Ada")
    pixels = {path: pixels_hash(path) for path in album.glob("*.jpg")}
    command = [sys.executable, "-m", "faces", "metadata", str(album), "--write", "photo"]
    child = subprocess.Popen(command, cwd=Path(write.__file__).parents[2], stdout=subprocess.DEVNULL)
    time.sleep(0.2 + wait)
    child.send_signal(signal.SIGKILL)
    child.wait()
    for path in album.glob("[0-9]*.jpg"):
        assert pixels_hash(path) == pixels[path] and said(path) in (named(), named("Ada"))
    until(lambda: _is_free(album))
    done = put(album)
    assert done.problems == [] and all(said(path) == named("Ada") for path in album.glob("[0-9]*.jpg"))
    find(album)
    assert put(album).written == 0 and set(names(album).values()) <= {"Ada", "Bob", ""}
    for path in album.rglob(".faces-tmp-*"):
        os.utime(path, (1, 1))
    draw(album / "new.png", {"pink": (20, 20)}, 50)
    find(album)
    assert list(album.rglob(".faces-tmp-*")) == []


def _is_free(album: Path) -> bool:
    try:
        with lock(album / "faces" / "metadata.lock", "a run"):
            return True
    except LockedError:
        return False


def test_two_runs_at_a_time_are_one(album: Path) -> None:
    with lock(album / "faces" / "metadata.lock", "another run"), pytest.raises(LockedError, match="writes names"):
        put(album)


def test_a_disk_that_is_full_ends_the_run(album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(album)
    monkeypatch.setattr("faces.rewriting.shutil.disk_usage", lambda _: usage._replace(free=1000))
    before = state(album)
    with pytest.raises(DiskFull) as error:
        put(album)
    assert error.value.summary.written == 0 and state(album) == before  # type: ignore[attr-defined]


def test_a_request_to_stop_leaves_the_rest_for_later(album: Path) -> None:
    asked = iter(["", "Ctrl-C"])
    with pytest.raises(StopRequested):
        write.run(PlainAlbum(album), What(), Guard(asked=lambda: next(asked)), Progress())
    assert put(album).written == 1


def test_without_exiftool_it_says_so(album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faces.exiftool.shutil.which", lambda _: None)
    with pytest.raises(PackageMissing, match="libimage-exiftool-perl"):
        put(album)


def test_the_settings_have_it_done_after_each_search(album: Path, capfd: pytest.CaptureFixture[str]) -> None:
    configure(album, write_to="photo", write_names="all")
    find(album)
    assert cli.run(["recognize", "--directory", str(album)]) == 0
    assert "Names in photos: 2 photos changed" in capfd.readouterr().out and said(album / "a.png") == named(
        "Ada", "Bob"
    )
    assert cli.run(["recognize", "--directory", str(album)]) == 0
    assert "0 photos changed, 2 as they were" in capfd.readouterr().out


def test_the_command(album: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["metadata", str(album), "--write", "photo", "--dry-run"]) == 0
    assert "sub/c.png:\n  + keyword Ada\n" in capfd.readouterr().out
    assert cli.run(["metadata", "--directory", str(album), "--write", "photo", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["summary"]["written"] == 2
    assert cli.run(["metadata", "--undo", str(album)]) == 0
    assert "2 photos changed" in capfd.readouterr().out
    (album / "a.png").chmod(0o444)
    assert cli.run(["metadata", str(album), "--write", "photo"]) == 8
    assert "a.png: it is read-only" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--dry-run"], "--dry-run"),
        (["--names", "new"], "--names"),
        (["--undo", "--names", "new"], "--names"),
        (["--write"], "written nowhere"),
        (["--write", "photo", "--undo"], "not allowed with"),
        (["--write", "elsewhere"], "invalid choice"),
    ],
)
def test_wrong_options(album: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], reason: str) -> None:
    before = state(album)
    assert cli.run(["metadata", "--directory", str(album), *arguments]) == 2
    assert reason in capfd.readouterr().err and state(album) == before


def test_removing_everything_leaves_no_note(album: Path) -> None:
    put(album)
    take_away(album, everything=True)
    assert sorted(path.name for path in album.rglob("*") if path.is_file()) == ["a.png", "b.jpg", "c.png"]
    with pytest.raises(FacesError):
        put(album / "faces")


def test_guesses_are_not_written(album: Path) -> None:
    draw(album / "d.png", {"red": (60, 20)}, 9)
    find(album)
    again(album)
    assert names(album)["d.png#1"] == "?Ada"
    put(album)
    assert said(album / "d.png") == named()


# --- what was found by attacking it ---------------------------------------------------------------------------------


def rate(path: Path) -> None:
    """Another program changes something else, now."""
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-XMP:Rating=5", str(path)], check=True)
    os.utime(path, (time.time() + 5, time.time() + 5))


@pytest.mark.parametrize("setting", ["suggest", "confirm"])
def test_a_name_that_we_wrote_is_no_news(album: Path, setting: str) -> None:
    configure(album, region_names=setting)
    put(album)  # and no detection sees that
    call(album, "a.png#1", "Bea")
    call(album, "a.png#2", "", "clear")
    rate(album / "a.png")
    find(album)
    assert names(album)["a.png#1"] == "Bea" and names(album)["a.png#2"] == ""
    put(album)
    assert said(album / "a.png") == named("Bea")


@pytest.mark.parametrize("target", [PHOTO, SIDECAR])
def test_killed_between_the_note_and_the_file_we_still_know_what_is_ours(
    album: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    written = album / ("a.png" if target == PHOTO else "a.png.xmp")
    put(album, target)
    real = Written.add

    def dying(self: Written, entry: Any) -> None:
        real(self, entry)
        raise KeyboardInterrupt

    for undo in (False, True):
        call(album, "a.png#1", "Bea")
        with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
            killed.setattr(Written, "add", dying)
            put(album, target, undo=undo)
        assert said(written) == named("Ada", "Bob") if not undo else named("Bea", "Bob")
        if not undo:
            put(album, target)
            assert said(written) == named("Bea", "Bob")
    put(album, target, undo=True)
    assert not written.exists() or said(written) == named()
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(Written, "add", dying)
        put(album, target)  # there is no file beside the photo yet
    assert put(album, target).written == 2 and said(written) == named("Bea", "Bob")


def test_photos_that_changed_places_keep_what_is_theirs(album: Path) -> None:
    draw(album / "d.png", {"blue": (20, 40)}, 9)
    find(album)
    call(album, "d.png", "Dan")
    put(album)
    (album / "a.png").rename(album / "x")
    (album / "d.png").rename(album / "a.png")
    (album / "x").rename(album / "d.png")
    find(album)
    assert put(album).written == 0
    assert put(album, undo=True).written == 3 and said(album / "a.png") == said(album / "d.png") == named()


def test_another_photo_in_the_place_keeps_its_own_keywords(album: Path) -> None:
    put(album)
    draw(album / "a.png", {"pink": (20, 40)}, 12)
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-XMP-dc:Subject=Ada", "-PersonInImage=Ada", str(album / "a.png")],
                   check=True)  # fmt: skip
    find(album)
    put(album, undo=True)
    assert said(album / "a.png") == {"regions": [], "keywords": ["Ada"], "people": ["Ada"]}


def test_a_keyword_in_another_spelling_is_not_ours_and_hinders_nothing(album: Path) -> None:
    put(album)
    tags = ["-XMP-dc:Subject-=Ada", "-XMP-dc:Subject+=ADA"]
    subprocess.run(["exiftool", "-q", "-overwrite_original", *tags, str(album / "sub" / "c.png")], check=True)
    find(album)
    assert put(album, undo=True).problems == []
    assert said(album / "sub" / "c.png") == {"regions": [], "keywords": ["ADA"], "people": []}


def test_notes_that_make_no_sense_are_left_out(album: Path) -> None:
    put(album)
    notes = album / "faces" / "written.jsonl"
    huge = '{"time": "", "key": "a.png", "target": "photo", "people": [{"name": "A", "box": {"x": 1%s, "y": 0, "w": 1, "h": 1}}]}\n'
    letters = '{"time": "", "key": "b.jpg", "target": "photo", "content": "", "ours": {"keywords": "Ada"}}\n'
    notes.write_text(notes.read_text() + huge % ("0" * 400) + letters)
    find(album)
    assert put(album).written == 0 and [e.key for e in Written(PlainAlbum(album)).entries()] == ["a.png", "sub/c.png"]


def test_copies_of_private_photos_are_private(album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes = []
    real = ExifTool.write

    def looked_at(tool: ExifTool, path: Path, arguments: Any) -> None:
        modes.append(path.stat().st_mode & 0o777)
        real(tool, path, arguments)
        modes.append(path.stat().st_mode & 0o777)

    monkeypatch.setattr(ExifTool, "write", looked_at)
    (album / "a.png").chmod(0o644)
    put(album)
    put(album, SIDECAR)
    assert set(modes) == {0o600} and len(modes) == 8


def test_the_sidecar_of_a_raw_image_is_not_ours_to_use(album: Path) -> None:
    (album / "a.CR2").write_bytes(b"raw")
    subprocess.run(["exiftool", "-q", "-o", str(album / "a.xmp"), "-XMP-dc:Title=raw"], check=True)
    before = (album / "a.xmp").read_bytes()
    put(album, SIDECAR)
    assert (album / "a.xmp").read_bytes() == before and said(album / "a.png.xmp") == named("Ada", "Bob")
