"""Faces that other programs marked in photos: names that are offered or count as given, faces of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import fakes
import pytest
from faces import metadata
from faces.records import REGION, Box
from fakes import SIZE, draw
from steps import again, call, find, names, rows, shown, take_away
from test_drawn import Blind, part
from test_regions import microsoft, mwg, write

pytestmark = pytest.mark.skipif(not shutil.which("exiftool"), reason="needs exiftool")


def mark(path: Path, people: dict[str, Box], kind: Any = mwg) -> None:
    """As another program would: the names, and the file's time is now."""
    before = path.stat()
    tags = [kind(box, name, SIZE) if kind is mwg else kind(box, name) for name, box in people.items()]
    key, items = ("RegionInfo", "RegionList") if kind is mwg else ("RegionInfoMP", "Regions")
    whole = tags[0][key]
    whole[items] = [item for tag in tags for item in tag[key][items]]
    write(path, {key: whole})
    os.utime(path, ns=(before.st_atime_ns, max(before.st_mtime_ns + 10**9, path.stat().st_mtime_ns)))


def configure(album: Path, **values: Any) -> None:
    file = album / "faces" / "config.json"
    file.parent.mkdir(exist_ok=True)
    config = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps({**config, "metadata": values}))


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Red on a and c, green beside it on a, blue on b."""
    draw(tmp_path / "album" / "a.png", {"red": (20, 40), "green": (120, 60)}, 1)
    draw(tmp_path / "album" / "b.jpg", {"blue": (40, 40)}, 2, quality=95)
    draw(tmp_path / "album" / "c.png", {"red": (70, 70)}, 3)
    return tmp_path / "album"


@pytest.mark.parametrize("kind", [mwg, microsoft])
def test_a_name_in_a_photo_is_offered_before_any_other(album: Path, kind: Any) -> None:
    mark(album / "a.png", {"Ada": part(20, 40)}, kind)
    find(album)
    assert names(album) == {"a.png#1": "?Ada", "a.png#2": "", "b.jpg#1": "", "c.png#1": ""}
    face = shown(album)["a.png#1"]
    assert (face.name_in_photo, face.model, face.distance, face.state) == ("Ada", REGION, None, "")
    call(album, "c.png", "Bob")  # the same red person: what the photo itself says comes first
    assert names(album)["a.png#1"] == "?Ada"
    call(album, "a.png#1", "Ada", "reject")
    assert names(album)["a.png#1"] == "?Bob"
    assert find(album).todo == 0


def test_another_detector_leaves_the_name_that_the_photo_gives(album: Path) -> None:
    mark(album / "a.png", {"Ada": part(20, 40)})
    find(album)
    find(album, detectors=("dlib", "yunet"))
    assert shown(album)["a.png#1"].detector == "dlib" and names(album)["a.png#1"] == "?Ada"


def test_with_few_new_decisions_it_is_the_same_as_with_everything(album: Path) -> None:
    """`again` must offer what `whole` would."""
    mark(album / "a.png", {"Ada": part(20, 40), "Bob": part(120, 60)})
    find(album)
    find(album)
    call(album, "b.jpg", "Cy")
    call(album, "a.png#2", "Ada")  # then the other one cannot be her, too
    few = {key: (f.name, f.name_recognized, f.model, f.distance) for key, f in shown(album).items()}
    (album / "faces" / "settled.json").unlink()
    again(album)
    assert {key: (f.name, f.name_recognized, f.model, f.distance) for key, f in shown(album).items()} == few
    assert names(album)["a.png#1"] == "" and names(album)["a.png#2"] == "Ada"


def test_the_owner_may_have_them_count_as_given(album: Path) -> None:
    mark(album / "a.png", {"Ada": part(20, 40)})
    mark(album / "b.jpg", {"Cy": part(40, 40)})
    configure(album, region_names="confirm")
    find(album)
    assert names(album) == {"a.png#1": "Ada", "a.png#2": "", "b.jpg#1": "Cy", "c.png#1": "?Ada"}
    journal = (album / "faces" / "edits.csv").read_text()
    assert journal.count(",photo,\n") == 2
    call(album, "b.jpg", "", "clear")  # what was taken back here stays so
    find(album)
    assert names(album)["b.jpg#1"] == "?Cy" and (album / "faces" / "edits.csv").read_text() == journal


@pytest.mark.parametrize("setting", ["suggest", "confirm"])
def test_what_is_decided_here_holds_until_it_is_changed_there(album: Path, setting: str) -> None:
    mark(album / "b.jpg", {"Cy": part(40, 40)})
    configure(album, region_names=setting)
    find(album)
    call(album, "b.jpg", "Dan")
    find(album)
    assert names(album)["b.jpg#1"] == "Dan"
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-XMP:Rating=3", str(album / "b.jpg")], check=True)
    find(album)  # another file, but the name in it is as it was
    assert names(album)["b.jpg#1"] == "Dan"
    mark(album / "b.jpg", {"Eve": part(40, 40)})
    os.utime(album / "b.jpg", (2e9, 2e9))
    find(album)
    assert names(album)["b.jpg#1"] == ("Eve" if setting == "confirm" else "Dan")
    assert shown(album)["b.jpg#1"].name_in_photo == "Eve"


def test_a_region_without_a_face_becomes_a_face_and_goes_with_it(album: Path) -> None:
    """The detector finds no red ones."""
    mark(album / "c.png", {"Ada": part(70, 70)})
    blind = lambda: find(album, engines=fakes.models(Blind()))  # noqa: E731
    blind()
    face = shown(album)["c.png#1"]
    assert (face.detector, face.name_recognized) == (REGION, "Ada") and face.box.overlap(part(70, 70)) > 0.95
    assert [(row.model, row.embedding is not None) for row in rows(album) if row.detector == REGION] == [("Dlib", True)]
    assert blind().todo == 0
    call(album, "c.png", "Ada")
    draw(album / "d.png", {"red": (10, 10)}, 4)
    find(album)  # with one that finds them: the same face
    assert names(album)["c.png#1"] == "Ada" and names(album)["d.png#1"] == "?Ada"
    assert shown(album)["c.png#1"].id == face.id


def test_a_region_that_is_taken_out_takes_its_face_along_if_nobody_decided(album: Path) -> None:
    for photo, place in (("a.png", part(20, 40)), ("c.png", part(70, 70))):
        mark(album / photo, {"Ada": place})
    blind = lambda: find(album, engines=fakes.models(Blind()))  # noqa: E731
    blind()
    call(album, "c.png", "Ada")
    assert [row.detector for row in rows(album)].count(REGION) == 2
    for photo in ("a.png", "c.png"):
        subprocess.run(["exiftool", "-q", "-overwrite_original", "-XMP:all=", str(album / photo)], check=True)
    blind()
    assert names(album) == {"a.png#1": "", "b.jpg#1": "", "c.png#1": "Ada"}  # green is the only one on a now


def test_regions_may_be_removed_and_stay_so(album: Path) -> None:
    mark(album / "c.png", {"Ada": part(70, 70)})
    find(album, engines=fakes.models(Blind()))
    take_away(album, detectors=(REGION,))
    assert "c.png#1" not in shown(album)
    find(album, engines=fakes.models(Blind()))
    assert "c.png#1" not in shown(album)


def test_photos_searched_before_regions_were_read_are_read_once(album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without exiftool nothing is known of them; with it the next run reads them, and looks at no face again."""
    mark(album / "a.png", {"Ada": part(20, 40)})
    with monkeypatch.context() as without:
        without.setattr("shutil.which", lambda *_: None)
        find(album)
        assert find(album).todo == 0
    assert names(album)["a.png#1"] == ""
    (album / "faces" / "settled.json").unlink()  # as a new version does
    seen: list[Path] = []
    read = metadata.read
    monkeypatch.setattr("faces.metadata.read", lambda tool, path: seen.append(path) or read(tool, path))
    engines = fakes.models(fakes.SquareDetector())
    monkeypatch.setattr(engines.detector("yunet"), "detect", lambda _: pytest.fail("nothing is to be detected"))
    find(album, engines=engines)
    assert names(album)["a.png#1"] == "?Ada" and seen == [album / "a.png"]
    assert find(album).todo == 0


def test_what_exiftool_cannot_read_is_searched_all_the_same(album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark(album / "a.png", {"Ada": part(20, 40)})
    monkeypatch.setattr("faces.exiftool.ExifTool.seconds", 0.0)
    find(album)
    assert names(album)["a.png#1"] == "" and find(album).todo == 0


def test_a_name_that_is_no_text_to_trust(album: Path) -> None:
    evil = "=cmd|' /C calc'!A0 <script>alert(1)</script>\u202e"
    mark(album / "b.jpg", {evil: part(40, 40)})
    configure(album, region_names="confirm")
    find(album)
    assert names(album)["b.jpg#1"] == evil[:-1]
    assert ",'=cmd" in (album / "faces.csv").read_text()
