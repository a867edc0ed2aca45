"""Boxes that a person drew round faces that no detector found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import fakes
import pytest
from faces import cli, store
from faces.errors import PartlyFailed
from faces.folders import PlainAlbum
from faces.guard import Guard
from faces.images import content_hash
from faces.jobs import channel, detect, name
from faces.jobs.drawn import Drawn, was_taken_back
from faces.jobs.summaries import Detected
from faces.names import Standing
from faces.progress import Progress
from faces.records import DRAWN, FACE, FAILED, Box, Decision, Detection, FaceRow
from fakes import FACE as SIDE
from fakes import SIZE, draw
from hubs import HubSite
from steps import again, find, names, rows, shown, take_away


def part(x: int, y: int) -> Box:
    """The square at that place, as fractions of the photo."""
    return Box(x / SIZE[0], y / SIZE[1], SIDE / SIZE[0], SIDE / SIZE[1])


class Blind(fakes.SquareDetector):
    """Finds no red face: that is what boxes are drawn for."""

    def detect(self, image: Any) -> list[Detection]:
        def is_red(face: Detection) -> bool:
            inside = image[int(face.box.y) + 9, int(face.box.x) + 9].astype(int)
            return bool((abs(inside - fakes.COLOURS["red"]) < 30).all())

        return [face for face in super().detect(image) if not is_red(face)]


def blindly(album: Path, **more: Any) -> Detected:
    engines = more.pop("engines", None) or fakes.models(Blind())
    return find(album, engines=engines, **more)


def box_on(album: Path, photo: str, place: Box, person: str = "Ada", decision: str = "name") -> str:
    return name.run(str(album / photo), decision, person, box=place).id


def decide(album: Path, face: str, kind: str, person: str = "") -> None:
    """As the page does: a line about a face that is shown."""
    row = next(f for f in shown(album).values() if f.id == face)
    channel.decide(PlainAlbum(album), Decision("", face, row.content, row.file, row.box, kind, person, "page"))


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Red, which the detector does not find, on a and b; green on b."""
    draw(tmp_path / "album" / "a.png", {"red": (40, 40)}, 1)
    draw(tmp_path / "album" / "b.png", {"red": (20, 60), "green": (120, 60)}, 2)
    blindly(tmp_path / "album")
    assert names(tmp_path / "album") == {"b.png#1": ""}
    return tmp_path / "album"


def drawn_rows(album: Path) -> list[FaceRow]:
    return [row for row in rows(album) if row.detector == DRAWN]


def test_a_drawn_face_teaches_and_learns(album: Path) -> None:
    a = box_on(album, "a.png", part(40, 40))
    b = box_on(album, "b.png", part(20, 60), "", "unknown")
    assert blindly(album).done == 2
    (one, two) = sorted(drawn_rows(album), key=lambda row: row.file)
    assert (one.face, one.model, one.status, one.confidence, one.landmarks) == (a, "Dlib", FACE, 1.0, [])
    assert (one.x, one.y, one.w, one.h) == pytest.approx((40, 40, SIDE, SIDE), abs=0.01) and one.embedding is not None
    assert two.face == b
    assert {key: (f.name, f.state, f.detector, f.name_recognized) for key, f in shown(album).items()} == {
        "a.png#1": ("Ada", "named", DRAWN, ""),
        "b.png#1": ("", "unknown", DRAWN, ""),
        "b.png#2": ("", "", "yunet", ""),
    }
    decide(album, b, "reject", "Nobody")  # still unknown
    draw(album / "c.png", {"red": (70, 70)}, 3)
    find(album)  # with a detector that sees red
    assert names(album)["c.png#1"] == "?Ada"


def test_it_is_done_once_and_without_detectors(album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box_on(album, "a.png", part(40, 40))
    monkeypatch.setattr(Blind, "detect", lambda *_: pytest.fail("it was detected again"))
    assert blindly(album).done == 1
    assert not blindly(album).changed
    assert blindly(album, models=("Dlib", "SFace")).done == 2
    assert {row.model for row in drawn_rows(album)} == {"Dlib", "SFace"}
    assert not blindly(album, models=("Dlib", "SFace")).changed


def test_a_box_over_a_face_that_was_found_is_about_that_face(album: Path) -> None:
    box_on(album, "b.png", part(118, 58), "Eve")
    assert not blindly(album).done
    assert drawn_rows(album) == [] and names(album) == {"b.png#1": "Eve"}


def test_two_boxes_round_one_face_are_one_face(album: Path) -> None:
    box_on(album, "a.png", part(40, 40), "Ada")
    box_on(album, "a.png", part(44, 42), "Eve")
    blindly(album)
    assert len(drawn_rows(album)) == 1 and names(album)["a.png#1"] == "Eve"
    assert not blindly(album).changed


def test_a_detector_that_finds_it_later_does_not_make_two_of_it(album: Path) -> None:
    face = box_on(album, "a.png", Box(0.18, 0.25, 0.22, 0.3))
    blindly(album)
    find(album, detectors=("yunet", "dlib"))
    there = [row for row in rows(album) if row.file == "a.png" and row.status == FACE]
    assert {row.face for row in there} == {face} and {row.detector for row in there} == {DRAWN, "dlib"}
    assert names(album)["a.png#1"] == "Ada" and shown(album)["a.png#1"].detector == "dlib"


def test_a_box_on_a_photo_that_was_never_searched_waits_for_it(album: Path) -> None:
    draw(album / "n.png", {"red": (40, 40), "blue": (120, 20)}, 5)
    box_on(album, "n.png", part(40, 40))
    again(album)
    assert blindly(album).done == 1
    assert names(album)["n.png#1"] == "Ada" and names(album)["n.png#2"] == ""
    assert [row.file for row in drawn_rows(album)] == ["n.png"]


def test_it_goes_along_when_the_photo_moves_and_not_to_another_photo(album: Path) -> None:
    face = box_on(album, "a.png", part(40, 40))
    (album / "sub").mkdir()
    (album / "a.png").rename(album / "sub" / "z.png")  # before a detection saw it
    blindly(album)
    assert [row.face for row in rows(album, "sub") if row.detector == DRAWN] == [face] and drawn_rows(album) == []
    (album / "sub" / "z.png").rename(album / "y.png")
    blindly(album)
    assert [row.face for row in drawn_rows(album)] == [face] and names(album)["y.png#1"] == "Ada"
    shutil.copy(album / "y.png", album / "copy.png")
    blindly(album)
    assert names(album)["copy.png#1"] == names(album)["y.png#1"] == "Ada"
    assert len({row.face for row in drawn_rows(album)}) == 2
    draw(album / "y.png", {"green": (40, 40)}, 7)
    blindly(album)
    assert names(album)["y.png#1"] == "" and [row.file for row in drawn_rows(album)] == ["copy.png"]
    assert not blindly(album).changed


@pytest.mark.parametrize(
    ("kinds", "left"),
    [(["clear"], None), (["reject"], ("", "")), (["ignore"], ("", "ignored")), (["reject", "clear"], None)],
)
def test_what_is_taken_back_goes_and_what_is_rejected_stays(
    album: Path, kinds: list[str], left: tuple[str, str] | None
) -> None:
    face = box_on(album, "a.png", part(40, 40))
    blindly(album)
    for kind in kinds:
        decide(album, face, kind, "Ada" if kind == "reject" else "")
        again(album)
    found = shown(album).get("a.png#1")
    assert (found and (found.name, found.state)) == left
    blindly(album)
    assert bool(drawn_rows(album)) == (left is not None)
    found = shown(album).get("a.png#1")
    assert (found and (found.name, found.state)) == left
    assert not blindly(album).changed


def test_taken_back_before_a_detection_is_never_drawn(album: Path) -> None:
    face = box_on(album, "a.png", part(40, 40))
    again(album)
    decide(album, face, "clear")
    assert not blindly(album).done and names(album) == {"b.png#1": ""}


def test_a_model_that_fails_on_it_is_a_failure_as_any(album: Path) -> None:
    box_on(album, "a.png", part(40, 40))
    broken = fakes.models(Blind(), Crash())
    for attempt in (1, 2, 3):
        with pytest.raises(PartlyFailed):
            blindly(album, engines=broken)
        (failed,) = [row for row in rows(album) if row.status == FAILED]
        assert (failed.detector, failed.model, failed.attempts) == (DRAWN, "Dlib", attempt)
    assert not blindly(album, engines=broken).done
    assert blindly(album, retry=True).done and drawn_rows(album)[0].model == "Dlib"


class Crash(fakes.ColourEmbedder):
    def embed(self, crops: Any) -> Any:
        raise RuntimeError("the model fell over")


def test_drawn_boxes_can_be_removed_as_what_a_detector_found(album: Path) -> None:
    box_on(album, "a.png", part(40, 40))
    blindly(album)
    assert take_away(album, detectors=(DRAWN,)).detections == {DRAWN: 1}
    assert drawn_rows(album) == [] and names(album)["a.png#1"] == "Ada"


def test_a_run_with_nothing_to_do_loads_nothing_heavy(album: Path) -> None:
    box_on(album, "a.png", part(40, 40))
    blindly(album)
    code = ("import sys; from faces import cli; code = cli.run(sys.argv[1:]); "
            "print(code, *({name.split('.')[0] for name in sys.modules} & {'cv2', 'dlib', 'deepface', 'PIL'}))")  # fmt: skip
    answer = subprocess.run(
        [sys.executable, "-c", code, "detect", "--directory", str(album)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(name.__file__).parents[2])},
    )
    assert answer.stdout.splitlines()[-1] == "0"


def test_the_command_line_takes_a_box(album: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["name", str(album / "a.png"), "Ada", "--box", "0.2,0.27,0.2,0.27"]) == 0
    assert "drawn face: name 'Ada'. `faces detect` finds the others." in capfd.readouterr().out
    blindly(album)
    assert names(album)["a.png#1"] == "Ada"
    for wrong in ("0,0,0,1", "0.5,0.5,0.6,0.1", "1,2,3", "a,b,c,d", "nan,0,1,1"):
        assert cli.run(["name", str(album / "a.png"), "Ada", "--box", wrong]) == 2
    assert cli.run(["name", str(album / "a.png"), "--ignore", "--box", "0,0,1,1"]) == 2


# --- on a hub, where a journal may not know the content ----------------------------------------------------------------


@pytest.fixture
def channel_of(site: HubSite) -> int:
    number = site.channel("alice")
    site.photo(number, "a.png", {"red": (40, 40)})
    site.data_files(number, "")
    site.detect(engines=fakes.models(Blind()))
    assert site.shown(number) == []
    return number


def on_hub(site: HubSite, number: int, time: str, content: str = "", face: str = "d" * 32) -> None:
    album = site.album(number)
    (folder,) = [folder for folder in album.folders() if folder.photos]
    (photo,) = folder.photos
    decision = Decision(
        time, face, photo.hash, folder.path_of(photo.name), part(40, 40), "name", "Ada", "page", content
    )
    store.append_decisions(album.data("names.csv"), [decision])


def test_on_a_hub_a_box_without_content_is_of_the_photo_that_was_there(site: HubSite, channel_of: int) -> None:
    on_hub(site, channel_of, "2000-01-01T00:00:00Z")  # the photo is younger: nobody knows what was there then
    site.detect(engines=fakes.models(Blind()))
    assert [f.detector for f in site.shown(channel_of)] == [""]
    on_hub(site, channel_of, channel.now())
    site.detect(engines=fakes.models(Blind()))
    assert [(f.id, f.name, f.detector) for f in site.shown(channel_of)] == [("d" * 32, "Ada", DRAWN)]


def test_on_a_hub_content_says_which_photo(site: HubSite, channel_of: int) -> None:
    on_hub(site, channel_of, channel.now(), "0" * 32)
    assert site.detect(engines=fakes.models(Blind())).error() is None
    assert site.shown(channel_of) == []
    (photo,) = [p for folder in site.album(channel_of).folders() for p in folder.photos]
    on_hub(site, channel_of, "2000-01-01T00:00:00Z", content_hash(photo.path), "e" * 32)
    site.detect(engines=fakes.models(Blind()))
    assert [(f.id, f.detector) for f in site.shown(channel_of)] == [("e" * 32, DRAWN)]


# --- rules --------------------------------------------------------------------------------------------------------------


def standing(*kinds: str) -> Standing:
    found = Standing()
    for i, kind in enumerate(kinds):
        found.apply(
            Decision(f"2026-01-01T00:00:0{i}Z", "f", "p", "a", Box(0, 0, 1, 1), kind, "Ada" if kind != "clear" else "")
        )
    return found


def test_what_counts_as_taken_back() -> None:
    assert was_taken_back(standing("name", "clear")) and was_taken_back(standing("name", "clear", "reject"))
    for kinds in (("name", "clear", "name"), ("name", "reject"), ("unknown",), ("clear", "ignore"), ()):
        assert not was_taken_back(standing(*kinds))


def test_a_box_outside_of_the_photo_is_none(album: Path) -> None:
    content = content_hash(album / "a.png")
    journal = [Decision("2026-01-01T00:00:00Z", "f", content, "a.png", Box(1.2, 0, 0.1, 0.1), "name", "Ada", "page")]
    (photo,) = [p for folder in PlainAlbum(album).folders() for p in folder.photos if p.name == "a.png"]
    assert Drawn.of(journal).lacking(content, photo, "a.png", [], ()) == ()
    partly = [Decision("2026-01-01T00:00:00Z", "f", content, "a.png", Box(0.9, -0.1, 0.3, 0.2), "name", "Ada", "page")]
    ((_, box),) = Drawn.of(partly).lacking(content, photo, "a.png", [], ())
    assert (box.x, box.y, box.w, box.h) == pytest.approx((0.9, 0, 0.1, 0.1))


def test_dlib_recognizes_who_was_drawn(portraits: Path, tmp_path: Path) -> None:
    """Real engines: a person draws a box round a face on one photo, and is found on the next."""
    from faces.models import Models

    class Nobody(fakes.SquareDetector):
        def detect(self, image: Any) -> Any:
            return []

    album = tmp_path / "album"
    album.mkdir()
    for photo in ("obama.jpg", "biden.jpg"):
        shutil.copy(portraits / photo, album)
    options = {"detectors": ("dlib",), "models": ("Dlib",)}
    found = detect.run(PlainAlbum(album), options, Guard(), Progress())
    assert found.faces == 2
    places = {face.file: face.box for face in shown(album).values()}
    (album / "faces.pkl").unlink()
    (album / "faces.csv").unlink()
    blind = Models(detectors={"dlib": lambda: Nobody("dlib")})
    detect.run(PlainAlbum(album), options, Guard(), Progress(), models=blind)
    assert shown(album) == {}
    for photo, person in (("obama.jpg", "Barack Obama"), ("biden.jpg", "Joe Biden")):
        box = places[photo]
        box_on(album, photo, Box(box.x - 0.01, box.y - 0.01, box.w * 1.1, box.h * 1.05).clipped(1, 1), person)
    detect.run(PlainAlbum(album), options, Guard(), Progress(), models=blind)
    assert {row.detector for row in rows(album) if row.status == FACE} == {DRAWN}
    shutil.copy(portraits / "obama2.jpg", album)
    detect.run(PlainAlbum(album), options, Guard(), Progress())
    assert names(album)["obama2.jpg#1"] == "?Barack Obama"


def test_a_drawn_face_stays_when_only_what_the_photo_says_of_itself_changes(album: Path) -> None:
    """Another program's rating makes other bytes of the photo; another picture in its place is another matter."""
    from PIL import Image, PngImagePlugin

    a = box_on(album, "a.png", part(40, 40))
    blindly(album)
    info = PngImagePlugin.PngInfo()
    info.add_text("Rating", "5")
    Image.open(album / "a.png").save(album / "a.png", pnginfo=info)
    blindly(album)
    assert {row.face for row in drawn_rows(album)} == {a} and names(album)["a.png#1"] == "Ada"
    draw(album / "a.png", {"blue": (110, 20)}, 7)
    blindly(album)
    assert drawn_rows(album) == [] and "Ada" not in names(album).values()
