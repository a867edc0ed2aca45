"""Names written into photos' metadata: what is asked of exiftool, and what is there afterwards, by the real exiftool."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from faces import marking, metadata, regions
from faces.errors import PhotoError
from faces.exiftool import ExifTool
from faces.images import pixels_hash
from faces.marking import Change, Ours
from faces.names import clean_name
from faces.records import Box
from faces.regions import Region, stored, upright
from faces.rewriting import rewrite
from hypothesis import given, settings
from hypothesis import strategies as st
from test_regions import SIZE, SQUARE, fractions, microsoft, mwg, photo, red, write

pytestmark = pytest.mark.skipif(not shutil.which("exiftool"), reason="needs exiftool")
#: The red square on the stored image, and another place.
THERE, ELSEWHERE = fractions(SQUARE, SIZE), Box(0.6, 0.55, 0.2, 0.3)
ODD = [
    'Ada "Lovelace"', "O'Neil, Bob", "{curly} [square] |pipe|", "=1+1", "<b>&amp;</b>", "😀 Zoë Ǆ", "-Name=x", "#hash",
    "100%", "$HOME `id` \\n \\", "1984", "1.50", "1e5", "true", "False", "a;b:c/d", "שלום עולם", "x" * 200, "Ї" * 40, "a||b",
]  # fmt: skip


class Files:
    """Changes files as a run does."""

    def __init__(self) -> None:
        self.tool = ExifTool()

    def plan(self, path: Path, wanted: list[Region], ours: Ours, orientation: int = 1) -> Change:
        tags = self.tool.read(path, marking.TAGS)
        marks = regions.marks(tags, *SIZE, orientation)
        return marking.plan(tags, marks, SIZE, orientation, wanted, ours)

    def put(self, path: Path, wanted: list[Region], ours: Ours | None = None, orientation: int = 1) -> Change:
        """The change, made; nothing is left to do then, and the pixels are as they were."""
        before, change = pixels_hash(path), self.plan(path, wanted, ours or Ours(), orientation)
        if change.arguments:
            self.tool.write(path, change.arguments)
        assert self.plan(path, wanted, change.ours, orientation).arguments == []
        assert pixels_hash(path) == before
        return change


@pytest.fixture
def files() -> Any:
    files = Files()
    yield files
    files.tool.close()


def everything(path: Path) -> dict[str, Any]:
    """All that exiftool finds in a file, but what says when and by what it was written, and how it lies on disk."""
    said = subprocess.run(["exiftool", "-j", "-struct", "-G1", "-a", "-ee", str(path)], capture_output=True, check=True)
    found = json.loads(said.stdout)[0]
    passing = ("SourceFile", "ExifTool:", "System:", "XMP-x:XMPToolkit", "Composite:", "File:", "IPTC2:", "IFD0:Strip",
               "IFD0:PageNumber")  # fmt: skip
    return {key: value for key, value in found.items() if not key.startswith(passing)}


@pytest.mark.parametrize("ending", ["jpg", "png", "tiff", "webp", "heic", "avif"])
def test_a_name_lies_on_the_face_whatever_the_orientation(tmp_path: Path, files: Files, ending: str) -> None:
    for orientation in range(1, 9) if ending not in ("heic", "avif") else [1]:
        path = made(tmp_path / f"{orientation}.{ending}", orientation)
        box = upright(THERE, orientation)
        assert box.overlap(red(path)) > 0.9
        files.put(path, [Region(box, "Ada")], orientation=orientation)
        [found] = regions.read(files.tool.read(path, ["RegionInfo"]), *SIZE, orientation)
        [other] = regions.read(files.tool.read(path, ["RegionInfoMP"]), *SIZE, orientation)
        assert found.name == other.name == "Ada"
        assert min(found.box.overlap(red(path)), other.box.overlap(red(path))) > 0.9, orientation
        said = metadata.read(files.tool, path)
        assert said.people == ["Ada"] and [region.name for region in said.regions] == ["Ada"]
        tags = files.tool.read(path, ["RegionInfo", "XMP-dc:Subject"])
        assert tags["Subject"] == ["Ada"] or tags["Subject"] == "Ada"
        assert tags["RegionInfo"]["AppliedToDimensions"] == {"W": SIZE[0], "H": SIZE[1], "Unit": "pixel"}


def made(path: Path, orientation: int) -> Path:
    """`photo`, also in formats that EXIF's orientation does not turn."""
    if path.suffix in (".heic", ".avif"):
        from PIL import Image

        if path.suffix == ".heic":
            pytest.importorskip("pillow_heif").register_heif_opener()
        Image.open(photo(path.with_suffix(".png"), 1)).save(path, quality=95)
        return path
    return photo(path, orientation)


@pytest.mark.parametrize("ending", ["jpg", "png", "tiff", "webp"])
def test_odd_names_are_written_and_taken_out_again(tmp_path: Path, files: Files, ending: str) -> None:
    path = photo(tmp_path / f"a.{ending}", 1)
    before = everything(path)
    for name in ODD:
        change = files.put(path, [Region(THERE, clean_name(name))])
        assert change.ours.names == {clean_name(name)} and change.ours.mwg and change.ours.microsoft
        said = metadata.read(files.tool, path)
        assert [r.name.casefold() for r in said.regions] == [clean_name(name).casefold()]
        undo = files.put(path, [], change.ours)
        assert not undo.ours and everything(path) == before, name


@settings(deadline=None, max_examples=40)
@given(name=st.text(min_size=1, max_size=60))
def test_any_name_is_written_as_it_is(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    name = clean_name(name)
    if not name:
        return
    path, files = photo(tmp_path_factory.mktemp("names") / "a.jpg", 1), Files()
    try:
        change = files.put(path, [Region(THERE, name)])
        said = metadata.read(files.tool, path)
        assert [region.name for region in said.regions] == [name] or name.casefold() in ("true", "false")
        files.put(path, [], change.ours)
        assert metadata.read(files.tool, path).regions == []
    finally:
        files.tool.close()


def test_other_programs_names_and_regions_stay(tmp_path: Path, files: Files) -> None:
    """Regions of a pet, a focus point and a bar code, a face that another program named, its keywords, and what it says
    beside; ours come and go."""
    path = photo(tmp_path / "a.jpg", 1)
    info = mwg(ELSEWHERE, "Eve")["RegionInfo"]
    info["RegionList"][0] |= {"Description": "of digiKam", "Extensions": {"XMP-dc:Creator": ["digiKam"]}}
    for kind, x in (("Pet", 0.05), ("Focus", 0.4), ("BarCode", 0.45)):
        info["RegionList"] += mwg(Box(x, 0.7, 0.1, 0.2), f"a {kind}", kind=kind)["RegionInfo"]["RegionList"]
    mp = microsoft(ELSEWHERE, "Eve")["RegionInfoMP"]
    mp["Regions"][0] |= {"PersonEmailDigest": "ABC", "PersonLiveIdCID": "7"}
    write(path, {"RegionInfo": info, "RegionInfoMP": mp, "XMP-dc:Subject": ["sea", "Eve"], "IPTC:Keywords": ["sea", "Eve"],
                 "XMP-digiKam:TagsList": ["People/Eve"], "XMP-lr:HierarchicalSubject": ["People|Eve"], "XMP:Rating": 4,
                 "EXIF:Artist": "me", "EXIF:GPSLatitude": 48.1, "PersonInImage": ["Eve"]})  # fmt: skip
    before = everything(path)
    both = [Region(ELSEWHERE, "Eve"), Region(THERE, "Ada")]
    change = files.put(path, both)
    assert change.ours.names == {"Ada"}  # Eve was there before
    after = everything(path)
    assert after["XMP-dc:Subject"] == ["sea", "Eve", "Ada"] and after["IPTC:Keywords"] == ["sea", "Eve", "Ada"]
    for region in before["XMP-mwg-rs:RegionInfo"]["RegionList"]:
        assert region in after["XMP-mwg-rs:RegionInfo"]["RegionList"]
    assert before["XMP-MP:RegionInfoMP"]["Regions"][0] in after["XMP-MP:RegionInfoMP"]["Regions"]
    changed = {key for key in after if after[key] != before.get(key)}
    assert changed <= {"XMP-dc:Subject", "IPTC:Keywords", "XMP-iptcExt:PersonInImage", "XMP-mwg-rs:RegionInfo",
                       "XMP-MP:RegionInfoMP", "Photoshop:IPTCDigest"} and before.keys() <= after.keys()  # fmt: skip
    files.put(path, [], change.ours)  # neither is named here any more
    left = everything(path)
    assert {**left, "Photoshop:IPTCDigest": ""} == {**before, "Photoshop:IPTCDigest": ""}


def test_a_face_that_another_program_calls_otherwise_keeps_that_name(tmp_path: Path, files: Files) -> None:
    path = photo(tmp_path / "a.jpg", 1)
    write(path, {**mwg(THERE, "Eve"), **microsoft(THERE, "Eve")})
    change = files.put(path, [Region(THERE, "Ada")])
    assert change.left == ["Ada: another program calls that face Eve"]
    assert [region.name for region in metadata.read(files.tool, path).regions] == ["Eve"]
    assert change.ours.keywords == ["Ada"] and not change.ours.mwg


def test_a_face_without_a_name_gets_it_and_loses_it_again(tmp_path: Path, files: Files) -> None:
    """As digiKam and Picasa leave faces that nobody confirmed."""
    path = photo(tmp_path / "a.jpg", 1)
    info = mwg(THERE, "")["RegionInfo"]
    del info["RegionList"][0]["Name"]
    info["RegionList"][0]["Description"] = "of Picasa, with {brackets}, and |"
    mp = microsoft(THERE, "")["RegionInfoMP"]
    del mp["Regions"][0]["PersonDisplayName"]
    write(path, {"RegionInfo": info, "RegionInfoMP": mp})
    before = everything(path)
    change = files.put(path, [Region(Box(THERE.x + 0.01, THERE.y, THERE.w, THERE.h), "Ada")])
    after = everything(path)
    [region] = after["XMP-mwg-rs:RegionInfo"]["RegionList"]
    assert region == {**before["XMP-mwg-rs:RegionInfo"]["RegionList"][0], "Name": "Ada"}  # its own place
    change = files.put(path, [Region(THERE, "Bob")], change.ours)  # she was somebody else
    assert [own.was_there for own in (*change.ours.mwg, *change.ours.microsoft)] == [True, True]
    files.put(path, [], change.ours)
    assert everything(path) == before


def test_a_name_given_anew_or_taken_back_here_is_so_there_if_it_was_ours(tmp_path: Path, files: Files) -> None:
    path = photo(tmp_path / "a.jpg", 1)
    write(path, {"XMP-dc:Subject": ["Ada"]})  # somebody else's keyword of the same name
    change = files.put(path, [Region(THERE, "Ada"), Region(ELSEWHERE, "Bob")])
    assert change.ours.keywords == ["Bob"] and change.ours.people == ["Ada", "Bob"]
    change = files.put(path, [Region(THERE, "Cy"), Region(ELSEWHERE, "Bob")], change.ours)
    assert sorted(region.name for region in metadata.read(files.tool, path).regions) == ["Bob", "Cy"]
    tags = files.tool.read(path, ["XMP-dc:Subject", "PersonInImage"])
    assert sorted(tags["Subject"]) == ["Ada", "Bob", "Cy"] and sorted(tags["PersonInImage"]) == ["Bob", "Cy"]


def test_another_programs_renaming_of_our_region_is_its_own(tmp_path: Path, files: Files) -> None:
    path = photo(tmp_path / "a.jpg", 1)
    change = files.put(path, [Region(THERE, "Ada")])
    write(path, {**mwg(THERE, "Eve"), **microsoft(THERE, "Eve")})
    undo = files.put(path, [], change.ours)
    assert [region.name for region in metadata.read(files.tool, path).regions] == ["Eve"] and not undo.ours


def test_regions_of_an_image_that_was_cropped_since_are_left_alone(tmp_path: Path, files: Files) -> None:
    path = photo(tmp_path / "a.jpg", 1)
    write(path, mwg(ELSEWHERE, "Eve", size=(200, 200)))
    change = files.put(path, [Region(THERE, "Ada")])
    assert "another shape" in change.left[0] and not change.ours.mwg and change.ours.microsoft
    assert everything(path)["XMP-mwg-rs:RegionInfo"]["RegionList"][0]["Name"] == "Eve"


def test_beside_regions_measured_on_the_upright_image_ours_are_so_too(tmp_path: Path, files: Files) -> None:
    path = photo(tmp_path / "a.jpg", 6)
    write(path, mwg(Box(0.6, 0.7, 0.2, 0.2), "Eve", size=(SIZE[1], SIZE[0])))
    box = upright(THERE, 6)
    files.put(path, [Region(box, "Ada")], orientation=6)
    found = {region.name: region.box for region in regions.read(files.tool.read(path, ["RegionInfo"]), *SIZE, 6)}
    assert found["Ada"].overlap(box) > 0.99 and found["Eve"].overlap(Box(0.6, 0.7, 0.2, 0.2)) > 0.99


boxes = st.builds(Box, st.floats(0, 0.6), st.floats(0, 0.6), st.floats(0.05, 0.3), st.floats(0.05, 0.3))


@settings(deadline=None, max_examples=40)
@given(box=boxes, orientation=st.integers(1, 8))
def test_a_box_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, box: Box, orientation: int) -> None:
    path, files = photo(tmp_path_factory.mktemp("boxes") / "a.jpg", orientation), Files()
    try:
        files.put(path, [Region(box, "Ada")], orientation=orientation)
        [found] = metadata.read(files.tool, path).regions
        assert found.box.overlap(box) > 0.999
        assert stored(found.box, orientation).is_sane()
    finally:
        files.tool.close()


def foreign(chance: random.Random) -> dict[str, Any]:
    """Tags of other programs, some of them in all the places that we write to."""
    word = lambda: "".join(chance.choice("abc äß😀,{}|[]\"'&<>") for _ in range(chance.randint(1, 12))).strip() or "x"  # noqa: E731
    tags: dict[str, Any] = {}
    for tag in (
        "XMP-dc:Subject",
        "IPTC:Keywords",
        "XMP-lr:HierarchicalSubject",
        "PersonInImage",
        "XMP-digiKam:TagsList",
    ):
        if chance.random() < 0.6:
            tags[tag] = [word() for _ in range(chance.randint(1, 4))]
    for tag in (
        "XMP-dc:Description",
        "EXIF:ImageDescription",
        "XMP-dc:Title",
        "EXIF:Copyright",
        "IPTC:Caption-Abstract",
    ):
        if chance.random() < 0.4:
            tags[tag] = word()
    if chance.random() < 0.5:
        kinds = [chance.choice(("Face", "Pet", "Focus", "BarCode")) for _ in range(chance.randint(1, 4))]
        places = [Box(0.02 + 0.24 * i, 0.02, 0.2, 0.15) for i in range(4)]
        items = [
            mwg(box, word(), kind=kind)["RegionInfo"]["RegionList"][0] for box, kind in zip(places, kinds, strict=False)
        ]
        tags["RegionInfo"] = {**mwg(THERE, "")["RegionInfo"], "RegionList": items}
    if chance.random() < 0.4:
        tags["RegionInfoMP"] = microsoft(Box(0.5, 0.02, 0.2, 0.15), word())["RegionInfoMP"]
    return tags


def test_what_other_programs_wrote_survives_in_200_files(tmp_path: Path, files: Files) -> None:
    """Written, written again, undone: each file says the same as before, but for the digest that IPTC is to have."""
    chance, endings = random.Random(8), ["jpg", "png", "tiff", "webp"]
    for number in range(200):
        path = photo(tmp_path / f"{number}.{endings[number % 4]}", chance.randint(1, 8))
        orientation = metadata.read(files.tool, path).orientation
        tags = foreign(chance)
        if tags:
            write(path, tags)
        before = everything(path)
        wanted = [Region(Box(0.1, 0.4, 0.2, 0.3), chance.choice(ODD[:12])), Region(Box(0.6, 0.4, 0.2, 0.3), "Bob")]
        wanted = [Region(upright(r.box, orientation), clean_name(r.name)) for r in wanted]
        change = files.put(path, wanted[: chance.randint(1, 2)], orientation=orientation)
        change = files.put(path, wanted[chance.randint(0, 1) :], change.ours, orientation)
        files.put(path, [], change.ours, orientation)
        after = everything(path)
        for found in (before, after):
            found.pop("Photoshop:IPTCDigest", None)
        assert after == before, (number, tags)


def test_a_region_that_exiftool_does_not_know_all_of_is_left_as_it_is(tmp_path: Path, files: Files) -> None:
    path = photo(tmp_path / "a.jpg", 1)
    info = mwg(THERE, "")["RegionInfo"]
    del info["RegionList"][0]["Name"]
    write(path, {"RegionInfo": info})
    content = path.read_bytes()
    cut = b"<mwg-rs:Type>Face</mwg-rs:Type>"
    assert content.count(cut) == 1
    path.write_bytes(content.replace(cut, b"<mwg-rs:Uid>a</mwg-rs:Uid>     "))  # of the same length
    change = files.put(path, [Region(THERE, "Ada")])
    assert any("does not know" in line for line in change.left) and b"<mwg-rs:Uid>a</mwg-rs:Uid>" in path.read_bytes()


def test_200_damaged_files_are_changed_whole_or_not_at_all(tmp_path: Path, files: Files) -> None:
    """Bytes flipped, cut off, or doubled somewhere."""
    chance, written = random.Random(9), 0
    for number in range(200):
        path = photo(tmp_path / f"{number}.{('jpg', 'png', 'tiff', 'webp')[number % 4]}", 1)
        content = bytearray(path.read_bytes())
        for _ in range(chance.randint(1, 4)):
            content[chance.randrange(len(content) if number % 2 else 300)] = chance.randrange(256)
        if number % 10 == 0:
            del content[chance.randrange(len(content)) :]
        path.write_bytes(content)
        try:
            pixels = pixels_hash(path)
        except PhotoError:
            pixels = ""
        try:
            change = files.plan(path, [Region(THERE, "Ada")], Ours())
            rewrite(path, path.with_name(f".faces-tmp-{path.name}"), lambda copy, a=change.arguments: files.tool.write(copy, a),
                    lambda _: None)  # fmt: skip
        except PhotoError:
            assert path.read_bytes() == content
        else:
            written += 1
            assert pixels_hash(path) == pixels
    assert 20 < written < 180 and len(list(tmp_path.iterdir())) == 200
