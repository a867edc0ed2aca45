"""Faces that other programs marked: the rules, and files as exiftool writes them in the published forms."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import numpy as np
import pytest
from faces import metadata, regions
from faces.errors import PhotoError
from faces.exiftool import ExifTool
from faces.images import decode
from faces.records import Box
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

Program = Callable[..., CompletedProcess[str]]
exiftool = pytest.mark.skipif(not shutil.which("exiftool"), reason="needs exiftool")
#: Stored, in pixels: a red square on grey.
SIZE, SQUARE = (240, 160), (24, 32, 48, 40)


def photo(path: Path, orientation: int) -> Path:
    """The red square lies at SQUARE of the stored image."""
    pixels = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    x, y, w, h = SQUARE
    pixels[y : y + h, x : x + w] = (220, 20, 20)
    Image.fromarray(pixels).save(path, quality=95)
    subprocess.run(
        ["exiftool", "-q", "-overwrite_original", "-n", f"-EXIF:Orientation={orientation}", str(path)], check=True
    )
    return path


def write(path: Path, tags: dict[str, Any]) -> None:
    """By exiftool, from JSON, as it has to be given structures."""
    beside = path.parent / "tags.json"
    # not as \\u escapes: exiftool 12.57 takes the two halves of an emoji apart
    beside.write_text(json.dumps([{"SourceFile": "*", **tags}], ensure_ascii=False))
    subprocess.run(["exiftool", "-q", "-overwrite_original", f"-json={beside}", str(path)], check=True)
    beside.unlink()


def fractions(pixels: tuple[int, int, int, int], size: tuple[int, int]) -> Box:
    x, y, w, h = pixels
    return Box(x / size[0], y / size[1], w / size[0], h / size[1])


def mwg(box: Box, name: str, size: tuple[int, int] = SIZE, kind: str = "Face") -> dict[str, Any]:
    """As digiKam, Lightroom and Picasa write it: the centre, and the size of the image."""
    area = {"X": box.x + box.w / 2, "Y": box.y + box.h / 2, "W": box.w, "H": box.h, "Unit": "normalized"}
    return {"RegionInfo": {
        "AppliedToDimensions": {"W": size[0], "H": size[1], "Unit": "pixel"},
        "RegionList": [{"Area": area, "Name": name, "Type": kind}],
    }}  # fmt: skip


def microsoft(box: Box, name: str) -> dict[str, Any]:
    """As Windows' photo gallery, digiKam and Lightroom write it: the top left corner."""
    rectangle = f"{box.x:.6f}, {box.y:.6f}, {box.w:.6f}, {box.h:.6f}"
    return {"RegionInfoMP": {"Regions": [{"Rectangle": rectangle, "PersonDisplayName": name}]}}


def red(path: Path) -> Box:
    """Where the red square is on the upright photo, in fractions."""
    pixels = decode(path, 100).pixels.astype(int)
    ys, xs = np.nonzero((np.abs(pixels - (220, 20, 20)) < 60).all(axis=2))
    height, width = pixels.shape[:2]
    return Box(xs.min() / width, ys.min() / height, (np.ptp(xs) + 1) / width, (np.ptp(ys) + 1) / height)


@exiftool
@pytest.mark.parametrize("ending", ["jpg", "png", "tiff", "webp"])
@pytest.mark.parametrize("make", [mwg, microsoft])
def test_a_region_lies_on_the_face_whatever_the_orientation(tmp_path: Path, ending: str, make: Any) -> None:
    tool = ExifTool()
    for orientation in range(1, 9):
        path = photo(tmp_path / f"{orientation}.{ending}", orientation)
        write(path, make(fractions(SQUARE, SIZE), "Ada"))
        said = metadata.read(tool, path)
        [region] = said.regions
        assert region.name == "Ada" and said.orientation == orientation
        assert region.box.overlap(red(path)) > 0.9, (orientation, region.box, red(path))
    tool.close()


@exiftool
def test_both_kinds_of_the_same_face_are_one_and_what_is_no_face_is_left_out(tmp_path: Path) -> None:
    path = photo(tmp_path / "a.jpg", 1)
    box, other = fractions(SQUARE, SIZE), Box(0.6, 0.6, 0.2, 0.3)
    info = mwg(box, "")["RegionInfo"]
    info["RegionList"] += mwg(other, "Rex", kind="Pet")["RegionInfo"]["RegionList"]
    more = microsoft(box, "Ada \u202eevil\n")["RegionInfoMP"]
    more["Regions"] += microsoft(other, "Bob 'quoted' \"<b>\" 🙂")["RegionInfoMP"]["Regions"]
    write(path, {"RegionInfo": info, "RegionInfoMP": more, "PersonInImage": ["Cy", "Ada", "Cy"]})
    tool = ExifTool()
    said = metadata.read(tool, path)
    tool.close()
    assert [region.name for region in said.regions] == ["Ada evil", "Bob 'quoted' \"<b>\" 🙂"]
    assert said.people == ["Cy", "Ada"]


def test_a_region_of_an_image_that_was_turned_or_cropped_since() -> None:
    box = Box(0.1, 0.2, 0.3, 0.25)
    turned = mwg(box, "Ada", size=(160, 240))
    [region] = regions.read(turned, *SIZE, 6)  # measured on the upright one
    assert region.box.overlap(box) > 0.999
    assert regions.read(turned, *SIZE, 1) == []  # nobody knows which way
    assert regions.read(mwg(box, "Ada", size=(200, 200)), *SIZE, 1) == []
    [scaled] = regions.read(mwg(box, "Ada", size=(4800, 3210)), *SIZE, 1)
    assert scaled.box.overlap(box) > 0.999


@exiftool
@pytest.mark.parametrize(
    ("tags", "taken", "source"),
    [
        (["-EXIF:DateTimeOriginal=2008:05:30 15:56:01", "-OffsetTimeOriginal=+02:00", "-XMP:DateTimeOriginal=2001:01:01 01:01:01"],
         "2008-05-30T15:56:01+02:00", "DateTimeOriginal"),
        (["-XMP:CreateDate=2011:02:03 04:05:06Z"], "2011-02-03T04:05:06+00:00", "CreateDate"),
        (["-EXIF:DateTimeOriginal=0000:00:00 00:00:00", "-IPTC:DateCreated=2012:03:04", "-IPTC:TimeCreated=05:06:07+01:00"],
         "2012-03-04T05:06:07+01:00", "DateTimeOriginal"),  # exiftool puts it together
        (["-XMP-photoshop:DateCreated=2013:04:05 06:07:08"], "2013-04-05T06:07:08", "DateCreated"),
        (["-ModifyDate=2014:05:06 07:08:09"], "", ""),
    ],
)  # fmt: skip
def test_the_date_and_the_tag_that_says_it(tmp_path: Path, tags: list[str], taken: str, source: str) -> None:
    path, tool = photo(tmp_path / "a.jpg", 1), ExifTool()
    subprocess.run(["exiftool", "-q", *tags, str(path)], check=True)
    said = metadata.read(tool, path)
    tool.close()
    assert (said.taken, said.taken_from) == (taken, source)


boxes = st.builds(Box, st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.01, 0.1), st.floats(0.01, 0.1))


@given(boxes, st.integers(1, 8))
def test_the_way_to_the_stored_image_and_back(box: Box, orientation: int) -> None:
    there = regions.upright(regions.stored(box, orientation), orientation)
    assert np.allclose([there.x, there.y, there.w, there.h], [box.x, box.y, box.w, box.h])


junk = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.sampled_from(["Face", "0,0,1,1", "nan, 1, 1, 1"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["RegionList", "Regions", "Area", "Name", "Type", "AppliedToDimensions", "Rectangle",
                         "PersonDisplayName", "X", "Y", "W", "H", "Unit"]), inner, max_size=6,
    ),
    max_leaves=25,
)  # fmt: skip


@given(junk, junk, st.integers(0, 5000), st.integers(0, 5000), st.integers(1, 8))
def test_whatever_is_written_there_regions_make_sense(
    a: Any, b: Any, width: int, height: int, orientation: int
) -> None:
    for region in regions.read({"RegionInfo": a, "RegionInfoMP": b}, width, height, orientation):
        assert region.box.is_sane() and region.box == region.box.clipped(1, 1)
        assert region.name.isprintable()


# The command


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    photo(tmp_path / "sub a.jpg", 6)
    write(
        tmp_path / "sub a.jpg", {**mwg(fractions(SQUARE, SIZE), "Ada"), "XMP:DateTimeOriginal": "2011:02:03 04:05:06"}
    )
    photo(tmp_path / "plain.png", 1)
    (tmp_path / "broken.jpg").write_bytes(b"")
    (tmp_path / "-o.jpg").write_bytes((tmp_path / "sub a.jpg").read_bytes())
    return tmp_path


@exiftool
def test_the_command_says_who_is_marked_and_writes_nothing(marked: Path, program: Program) -> None:
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in marked.rglob("*")}
    done = program("metadata", "--directory", marked, "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    summary = lines.pop()["summary"]
    assert summary["people"] == {"Ada": 2} and summary["photos"] == 4 and summary["dated"] == 2
    told = {line["photo"]: line for line in lines}
    assert told["-o.jpg"]["taken"] == "2011-02-03T04:05:06" and told["-o.jpg"]["regions"][0]["name"] == "Ada"
    assert told["plain.png"]["regions"] == [] and "broken.jpg" not in told
    assert done.returncode == 8 and "broken.jpg: exiftool cannot read it: File is empty" in done.stderr
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in marked.rglob("*")} == before
    text = program("metadata", "--directory", marked).stdout
    assert "sub a.jpg: Ada at 0." in text and "4 photos, 2 with a date, 2 with 2 marked faces, 1 people" in text


@exiftool
def test_without_exiftool_the_command_says_what_to_do(
    marked: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(marked))
    done = program("metadata", "--directory", marked)
    assert done.returncode == 12 and "apt install libimage-exiftool-perl" in done.stderr


@exiftool
def test_names_of_files_are_no_options_and_a_broken_file_costs_itself(tmp_path: Path) -> None:
    tool = ExifTool()
    for name in ("-csv=x.jpg", "#comment.jpg", "a'b\"c $(x).jpg", "🙂.jpg", "@list.jpg", "-execute.jpg"):
        write(photo(tmp_path / "p.jpg", 1), microsoft(fractions(SQUARE, SIZE), "Ada"))
        (tmp_path / "p.jpg").rename(tmp_path / name)
        assert [region.name for region in metadata.read(tool, tmp_path / name).regions] == ["Ada"]
    for name in ("a\nb.jpg", "gone.jpg"):
        with pytest.raises(PhotoError, match="line break" if "\n" in name else "File not found$"):
            metadata.read(tool, tmp_path / name)
    assert tool._failures == 0
    tool.close()
