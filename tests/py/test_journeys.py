"""Ids and names stay through everything that happens to an album. Fake engines, real files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from faces import store
from faces.files import DataFile
from faces.folders import PlainAlbum
from faces.jobs import name as naming
from faces.jobs import recognize
from faces.jobs.channel import read_settings
from faces.records import FAILED, NONE, Decision
from fakes import draw
from steps import again, call, find, ids, names, rows, shown, take_away


def test_a_named_face_is_recognized_elsewhere_and_nobody_else_is(drawn: Path) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    assert names(drawn) == {"a.png#1": "Ruth", "b.png#1": "?Ruth", "b.png#2": "", "sub/c.png#1": ""}


def test_a_second_run_changes_nothing(drawn: Path) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in drawn.rglob("faces.*") if path.is_file()}
    assert len(before) > 3
    summary = find(drawn)
    assert not summary.changed
    for path, old in before.items():
        if path.suffix != ".log":
            assert (path.read_bytes(), path.stat().st_mtime_ns) == old, path


def test_a_photo_without_a_face_is_known_as_such(drawn: Path) -> None:
    find(drawn)
    assert [row.status for row in rows(drawn) if row.file == "empty.png"] == [NONE]


@pytest.mark.parametrize("target", ["z.png", "sub/a.png", "new/deep/a.png"])
def test_a_moved_or_renamed_photo_keeps_ids_and_names_without_detection(drawn: Path, target: str) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    before = ids(drawn)["a.png#1"]
    (drawn / target).parent.mkdir(parents=True, exist_ok=True)
    (drawn / "a.png").rename(drawn / target)
    summary = find(drawn)
    assert (summary.moved, summary.removed) == (1, 1)
    assert ids(drawn)[f"{target}#1"] == before
    assert names(drawn)[f"{target}#1"] == "Ruth"
    assert not any(key.startswith("a.png") for key in names(drawn))
    assert not find(drawn).changed


def test_two_photos_that_swap_their_names_keep_their_own(drawn: Path) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    call(drawn, "sub/c.png", "Blanche")
    (drawn / "a.png").rename(drawn / "t.png")
    (drawn / "sub/c.png").rename(drawn / "a.png")
    (drawn / "t.png").rename(drawn / "sub/c.png")
    find(drawn)
    assert names(drawn)["a.png#1"] == "Blanche"
    assert names(drawn)["sub/c.png#1"] == "Ruth"


def test_a_copy_has_the_name_and_ids_of_its_own(drawn: Path) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    shutil.copy(drawn / "a.png", drawn / "sub" / "copy.png")
    assert find(drawn).moved == 1
    assert names(drawn)["sub/copy.png#1"] == "Ruth"
    assert len(set(ids(drawn).values())) == len(ids(drawn))
    call(drawn, "sub/copy.png", "Ruth Smith")
    assert names(drawn)["a.png#1"] == names(drawn)["sub/copy.png#1"] == "Ruth Smith"


def test_a_folder_copied_with_its_data_gets_ids_of_its_own(drawn: Path) -> None:
    find(drawn)
    call(drawn, "sub/c.png", "Blanche")
    shutil.copytree(drawn / "sub", drawn / "twin")
    find(drawn)
    assert names(drawn)["sub/c.png#1"] == names(drawn)["twin/c.png#1"] == "Blanche"
    assert len(set(ids(drawn).values())) == len(ids(drawn)) == 5


@pytest.mark.parametrize("lost", [["faces.csv"], ["faces.pkl"], ["faces.csv", "faces.pkl"]])
def test_lost_data_files_come_back_with_ids_and_names(drawn: Path, lost: list[str]) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    before = ids(drawn), names(drawn)
    for name in lost:
        (drawn / name).unlink()
    again(drawn)  # recognition alone must not make it worse
    find(drawn)
    assert (ids(drawn), names(drawn)) == before


def test_a_lost_journal_leaves_the_names_in_faces_csv(drawn: Path) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    (drawn / "faces" / "names.csv").unlink()
    again(drawn)
    (drawn / "faces.csv").unlink()  # by now they are in the journal again
    again(drawn)
    assert names(drawn)["a.png#1"] == "Ruth"


def test_names_edited_in_faces_csv_count_and_survive_its_loss(drawn: Path) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    text = (drawn / "faces.csv").read_text()
    lines = text.splitlines()
    lines = [
        line.replace("Ruth,named", "Ruth Smith,named") if line.split(",")[1] == "a.png" else line for line in lines
    ]
    cells = lines[3].split(",")
    assert cells[1] == "b.png"
    cells[8] = "Gwen"
    lines[3] = ",".join(cells)
    (drawn / "faces.csv").write_text("\n".join(lines) + "\n")
    assert again(drawn).edits == 2
    assert names(drawn)["a.png#1"] == "Ruth Smith"
    assert names(drawn)["b.png#2"] == "Gwen"
    assert again(drawn).edits == 0
    (drawn / "faces.csv").unlink()
    again(drawn)
    assert names(drawn) == {"a.png#1": "Ruth Smith", "b.png#1": "?Ruth Smith", "b.png#2": "Gwen", "sub/c.png#1": ""}
    call(drawn, "a.png", "Ruth again")  # and a later decision wins over an edit
    assert names(drawn)["a.png#1"] == "Ruth again"


def test_a_name_taken_out_of_faces_csv_is_cleared(drawn: Path) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    text = (drawn / "faces.csv").read_text()
    (drawn / "faces.csv").write_text(text.replace("Ruth,named", ",named"))
    again(drawn)
    assert names(drawn)["a.png#1"] == ""
    assert names(drawn)["b.png#1"] == ""


def test_an_unknown_column_is_kept(drawn: Path) -> None:
    find(drawn)
    lines = (drawn / "faces.csv").read_text().splitlines()
    lines = [lines[0] + ",album note", *(f"{line},=note {i}" for i, line in enumerate(lines[1:]))]
    (drawn / "faces.csv").write_text("\n".join(lines) + "\n")
    call(drawn, "a.png", "Ruth")
    assert shown(drawn)["b.png#1"].extra["album note"] == "=note 1"


def test_another_detector_keeps_ids_and_names(drawn: Path) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    before = ids(drawn), names(drawn)
    find(drawn, detectors=("dlib", "yunet"))
    assert {row.detector for row in rows(drawn)} == {"dlib", "yunet"}
    assert (ids(drawn), names(drawn)) == before
    take_away(drawn, detectors=("yunet",))
    assert {row.detector for row in rows(drawn)} == {"dlib"}
    assert (ids(drawn), names(drawn)) == before


def test_a_detector_removed_and_detected_again_keeps_ids_and_names(drawn: Path) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    before = ids(drawn), names(drawn)
    summary = take_away(drawn, detectors=("yunet",))
    assert summary.detections == {"yunet": 5}
    assert rows(drawn) == []
    assert names(drawn) == {"a.png#1": "Ruth"}  # a name is removed with --names only
    again(drawn)
    assert names(drawn) == {"a.png#1": "Ruth"}
    find(drawn)
    assert (ids(drawn), names(drawn)) == before


def test_a_model_removed_and_added_again_detects_nothing_anew(drawn: Path) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    before = ids(drawn), names(drawn)
    assert take_away(drawn, models=("Dlib",)).embeddings == {"Dlib": 4}
    assert all(row.embedding is None and not row.model for row in rows(drawn))
    assert names(drawn)["b.png#1"] == ""

    class Blind:
        name, side = "yunet", 100

        def load(self) -> None: ...

        def detect(self, image: object) -> list[object]:
            raise AssertionError("detected again")

    import fakes

    find(drawn, engines=fakes.models(Blind()))
    assert (ids(drawn), names(drawn)) == before


def test_a_second_model_is_added_without_losing_the_first(drawn: Path) -> None:
    find(drawn)
    find(drawn, models=("Dlib", "SFace"))
    assert sorted({row.model for row in rows(drawn) if row.face}) == ["Dlib", "SFace"]
    assert all(row.embedding is not None for row in rows(drawn) if row.face)


def test_removing_names_leaves_faces_and_no_name_anywhere(drawn: Path) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    faces = ids(drawn)
    summary = take_away(drawn, names=True)
    assert (summary.names, summary.decisions) == (1, 1)
    assert b"Ruth" not in b"".join(path.read_bytes() for path in drawn.rglob("*") if path.is_file())
    again(drawn)
    assert ids(drawn) == faces
    assert set(names(drawn).values()) == {""}


def test_removing_everything_leaves_the_photos_only(drawn: Path) -> None:
    photos = sorted(drawn.rglob("*.png"))
    find(drawn)
    call(drawn, "a.png", "Ruth")
    (drawn / ".faces-tmp-xyz").write_text("left by a killed run")
    (drawn / "faces.pkl.damaged-20260101-000000").write_text("set aside")
    take_away(drawn, everything=True)
    assert sorted(path for path in drawn.rglob("*") if path.is_file()) == photos
    assert not (drawn / "faces").exists()


def test_removing_everything_leaves_foreign_files(drawn: Path) -> None:
    find(drawn)
    (drawn / "sub" / "faces.csv").write_text("my,own,list\n1,2,3\n")
    (drawn / "faces" / "holiday.txt").write_text("mine")
    summary = take_away(drawn, everything=True)
    assert (drawn / "sub" / "faces.csv").exists()
    assert (drawn / "faces" / "holiday.txt").exists()
    assert len(summary.kept) == 2


def test_a_replaced_photo_with_the_same_person_keeps_the_name(drawn: Path) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    draw(drawn / "a.png", {"red": (44, 42)}, shade=9)  # retouched
    find(drawn)
    assert names(drawn)["a.png#1"] == "Ruth"


def test_a_replaced_photo_with_another_person_does_not_hand_on_the_name(drawn: Path) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    draw(drawn / "a.png", {"blue": (40, 40)})
    find(drawn)
    assert names(drawn)["a.png#1"] == ""


def test_a_touched_photo_is_not_detected_again(drawn: Path) -> None:
    find(drawn)
    (drawn / "a.png").touch()
    summary = find(drawn)
    assert (summary.moved, summary.faces) == (1, 1)
    assert not find(drawn).changed


def test_reject_unknown_ignore_and_clear(drawn: Path) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    assert names(drawn)["b.png#1"] == "?Ruth"
    call(drawn, "b.png#1", "Ruth", "reject")
    assert names(drawn)["b.png#1"] == ""
    call(drawn, "b.png#2", decision="unknown")
    call(drawn, "sub/c.png", decision="ignore")
    states = {key: face.state for key, face in shown(drawn).items()}
    assert states == {"a.png#1": "named", "b.png#1": "", "b.png#2": "unknown", "sub/c.png#1": "ignored"}
    call(drawn, "a.png", decision="clear")
    assert names(drawn)["a.png#1"] == ""
    call(drawn, "b.png#1", "Ruth")  # the very name given after all
    assert names(drawn)["a.png#1"] == "?Ruth"


def test_two_faces_on_one_photo_are_never_the_same_person(tmp_path: Path) -> None:
    from PIL import Image

    draw(tmp_path / "known.png", {"red": (40, 40)})
    two = Image.open(draw(tmp_path / "two.png", {"red": (10, 10)})).copy()
    find(tmp_path)
    call(tmp_path, "known.png", "Ruth")
    two.paste((215, 25, 25), (100, 10, 140, 50))
    two.save(tmp_path / "two.png")

    import fakes
    from faces.records import Box, Detection

    class Two(fakes.SquareDetector):
        def detect(self, image: object) -> list[Detection]:
            return [Detection(Box(10, 10, 40, 40), 1.0), Detection(Box(100, 10, 40, 40), 1.0)]

    find(tmp_path, engines=fakes.models(Two()))
    assert sorted(value for key, value in names(tmp_path).items() if key.startswith("two")) == ["", "?Ruth"]


def test_a_decision_without_a_face_is_shown_until_a_detector_finds_it(drawn: Path) -> None:
    """A box drawn by hand, or found by a detector that is gone."""
    find(drawn)
    before = shown(drawn)["a.png#1"]
    journal = drawn / "faces" / "names.csv"
    content = rows(drawn)[0].content
    journal.write_text("time,face,photo,file,x,y,w,h,decision,name,by\n"
                       f"2026-01-01T00:00:00Z,{'ab' * 16},{content},a.png,0.7,0.7,0.1,0.1,name,Hand,me\n")  # fmt: skip
    for _ in range(2):
        again(drawn)
        assert names(drawn)["a.png#2"] == "Hand"
        assert shown(drawn)["a.png#1"].id == before.id
    assert not (drawn / "faces" / "edits.csv").exists()


def test_wanting_smaller_faces_detects_again(drawn: Path) -> None:
    (drawn / "faces").mkdir()
    config = drawn / "faces" / "config.json"
    config.write_text('{"detection": {"min_face_percent": 50}, "mine": 1}')
    find(drawn)
    assert names(drawn) == {}
    config.write_text('{"detection": {"min_face_percent": 1}, "mine": 1}')
    find(drawn)
    assert len(names(drawn)) == 4
    assert '"mine": 1' in config.read_text()


def test_failures_do_not_touch_what_is_known(drawn: Path) -> None:
    import fakes
    from faces.errors import PartlyFailed

    find(drawn)
    call(drawn, "sub/c.png", "Blanche")
    with pytest.raises(PartlyFailed):
        find(drawn, models=("Dlib", "SFace"), engines=fakes.models(SFace=lambda: fakes.FailingEmbedder()))
    kept = [row for row in rows(drawn, "sub") if row.status != FAILED]
    assert [row.model for row in kept] == ["Dlib"]
    assert names(drawn)["sub/c.png#1"] == "Blanche"


def test_journals_of_other_hubs_count_in_a_cloud_mounted_as_a_folder(drawn: Path) -> None:
    """A channel that lives on two hubs, worked on at home: each hub has a journal of its own in the folder `faces`."""
    find(drawn)
    for key, host, person in (("a.png#1", "one.example", "Ada"), ("sub/c.png#1", "two.example", "Grace")):
        face = shown(drawn)[key]
        decision = Decision("2026-01-01T00:00:00Z", face.id, face.content, key, face.box, "name", person, "page")
        store.append_decisions(DataFile(drawn / "faces" / f"names.{host}.csv"), [decision])
    (drawn / "faces" / "names.Not ours.csv").write_text("x")
    again(drawn)
    assert names(drawn) == {"a.png#1": "Ada", "b.png#1": "?Ada", "b.png#2": "", "sub/c.png#1": "Grace"}
    assert take_away(drawn, everything=True).decisions == 2
    assert [path.name for path in drawn.rglob("*names*")] == ["names.Not ours.csv"]


def test_without_history_no_guess_stays_beside_a_decision(drawn: Path) -> None:
    """Decided faces lose what was guessed, open ones keep it; with `--enforce` `matches` goes, too."""
    find(drawn, enforce=True)
    call(drawn, "a.png", "Ruth")
    album = PlainAlbum(drawn)
    recognize.run(album, read_settings(album).with_options(enforce=True))
    face = shown(drawn)["b.png#1"]
    assert (face.name_recognized, face.distance) == ("Ruth", pytest.approx(0, abs=1e-3))
    for decision, person in (("name", "Ada"), ("unknown", ""), ("ignore", "")):
        naming.run(str(drawn / "b.png#1"), decision, person)
        recognize.run(album, read_settings(album).with_options(enforce=True))
        face = shown(drawn)["b.png#1"]
        assert face.name_recognized == "Ruth" and face.extra["matches"]
        summary = recognize.run(album, read_settings(album).with_options(history=False))
        face = shown(drawn)["b.png#1"]
        assert (face.name, face.name_recognized, face.distance, face.distance_metric) == (person, "", None, "")
        assert not face.extra.get("matches") and summary.written
        assert not recognize.run(album, read_settings(album).with_options(history=False)).written
        naming.run(str(drawn / "b.png#1"), "clear")
        recognize.run(album, read_settings(album).with_options(history=False, enforce=True))
        assert shown(drawn)["b.png#1"].name_recognized == "Ruth"


def test_without_history_a_face_that_no_detector_finds_any_more_keeps_its_name_only(drawn: Path) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    call(drawn, "b.png#1", "Ruth")
    album = PlainAlbum(drawn)
    (drawn / "faces.pkl").unlink()  # not redone yet: its rows wait
    recognize.run(album, read_settings(album).with_options(history=False))
    face = shown(drawn)["b.png#1"]
    assert (face.name, face.name_recognized, face.distance) == ("Ruth", "", None)
