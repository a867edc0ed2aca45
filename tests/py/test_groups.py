"""Groups of unnamed faces in an album: who takes part, what stays, what the file says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faces import clusters, parquet, store
from faces.files import DataFile
from faces.folders import Folder, PlainAlbum
from faces.jobs import recognize
from faces.jobs.channel import read_settings
from faces.jobs.collection import Collection, FolderData, merge
from faces.jobs.groups import group
from faces.names import Standing
from faces.records import FACE, IGNORED, NAMED, OPEN, UNKNOWN, Box, FaceRow, ShownFace
from faces.settings import Settings
from fakes import draw
from steps import again, call, find, rows, shown, take_away

SETTINGS = Settings(models=("Dlib", "SFace"))
#: Far apart in every direction, so that a person's number is all there is to a face.
PEOPLE = np.eye(8, dtype=np.float32) * 10


def face(number: int, person: int, photo: int, **more: Any) -> FaceRow:
    own = {"w": 30.0, "model": "Dlib", "space": "s", "embedding": PEOPLE[person], **more}
    place = {"width": 100, "height": 100, "x": float(number)}
    return FaceRow(FACE, "", f"{photo}.jpg", f"c{photo}", 1, 2, face=f"{number:032x}", **place, **own)


def collected(*faces: FaceRow) -> Collection:
    folder = Folder("", DataFile(Path("x")), DataFile(Path("y")))
    return Collection([FolderData(folder, merge(folder, faces, {}), [], {}, 0, None, set())])


def before(**clusters: str | None) -> dict[str, ShownFace]:
    """What faces.csv said of open faces: number -> group, or None where they were not compared."""
    found = {}
    for key, cluster in clusters.items():
        name = f"{int(key[1:]):032x}"
        found[name] = ShownFace(name, "", "", Box(0, 0, 1, 1), model="Dlib", cluster=cluster)
    return found


def numbers(groups: dict[str, str]) -> dict[int, int | None]:
    return {int(key, 16): int(value, 16) if value else None for key, value in groups.items()}


def test_a_group_is_called_after_the_first_of_it() -> None:
    found = group(collected(face(3, 1, 3), face(1, 1, 1), face(2, 2, 2)), {}, {}, SETTINGS)
    assert numbers(found) == {1: 1, 3: 1, 2: None}


@pytest.mark.parametrize("state", [NAMED, UNKNOWN, IGNORED])
def test_a_decided_face_is_no_member_and_attracts_nobody(state: str) -> None:
    faces = collected(face(1, 1, 1), face(2, 1, 2))
    standings = {f"{1:032x}": Standing(state)}
    assert numbers(group(faces, standings, before(f1=f"{1:032x}"), SETTINGS)) == {2: None}


def test_a_face_that_is_open_again_is_in_its_group_again_unless_another_of_its_photo_is() -> None:
    one = f"{1:032x}"
    old = before(f1=one, f2=one, f3=one)
    old[one].state = NAMED
    assert numbers(group(collected(face(1, 1, 1), face(2, 1, 2), face(3, 1, 3)), {}, old, SETTINGS)) == {
        1: 1,
        2: 1,
        3: 1,
    }
    found = numbers(group(collected(face(1, 1, 2), face(2, 1, 2), face(3, 1, 3)), {}, old, SETTINGS))
    assert found == {1: None, 2: 1, 3: 1}  # 2 has its place on photo 2


def test_a_name_of_a_group_is_given_once() -> None:
    one = f"{1:032x}"  # 1 founded the group of 2; named since, and taken back when 4 of its photo had joined
    old = before(f1=one, f2=one, f4=one)
    old[one].state = NAMED
    found = numbers(group(collected(face(1, 1, 1), face(2, 2, 2), face(4, 2, 1), face(5, 1, 5)), {}, old, SETTINGS))
    assert found[2] == found[4] == 1
    assert found[1] == found[5] and found[1] not in (None, 1)


def test_only_faces_that_were_not_compared_are(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    real = clusters.edges

    def edges(vectors: Any, new: Any, *rest: Any) -> Any:
        asked.append((len(new), len(vectors)))
        return real(vectors, new, *rest)

    monkeypatch.setattr(clusters, "edges", edges)
    faces = collected(*(face(i, i % 4, i) for i in range(8)))
    first = group(faces, {}, {}, SETTINGS)
    old = before(**{f"f{int(key, 16)}": cluster for key, cluster in first.items()})
    assert group(faces, {}, old, SETTINGS) == first and asked == [(8, 8)]
    more = collected(*(face(i, i % 4, i) for i in range(9)))
    assert group(more, {}, old, SETTINGS) == {**first, f"{8:032x}": f"{0:032x}"}
    assert asked == [(8, 8), (1, 9)]
    old[f"{7:032x}"].cluster = None
    group(faces, {}, old, SETTINGS)
    assert asked[2:] == [(1, 8)]


def test_faces_of_different_spaces_are_not_compared_and_each_has_the_first_model_it_can() -> None:
    faces = collected(
        face(1, 1, 1), face(2, 1, 2, space="t"), face(3, 1, 3, model="SFace"), face(4, 1, 4, model="SFace"),
        face(5, 1, 5), face(5, 2, 5, model="SFace"), face(6, 1, 6, model="VGG-Face"),
    )  # fmt: skip
    assert numbers(group(faces, {}, {}, SETTINGS)) == {1: 1, 5: 1, 2: None, 3: 3, 4: 3}
    spare = group(faces, {}, {}, Settings(models=("Facenet",)))
    assert len({key for key, value in spare.items() if value == f"{1:032x}"}) == 2


def test_two_faces_of_a_photo_do_not_meet_over_two_spaces() -> None:
    one = f"{1:032x}"
    faces = collected(face(1, 1, 1), face(2, 1, 2), face(3, 1, 2, space="t"), face(4, 1, 4, space="t"))
    found = numbers(group(faces, {}, before(f1=one, f2=None, f3=one, f4=one), SETTINGS))
    assert found == {1: 1, 2: None, 3: 1, 4: 1}


def test_a_face_too_narrow_joins_nothing_but_keeps_what_it_has() -> None:
    faces = collected(face(1, 1, 1), face(2, 1, 2, w=10.0), face(3, 1, 3, w=10.0))
    assert numbers(group(faces, {}, {}, SETTINGS)) == {1: None}
    assert numbers(group(faces, {}, before(f3=f"{3:032x}"), SETTINGS)) == {1: None, 3: 3}


# --- in an album ----------------------------------------------------------------------------------------------------


def groups(album: Path) -> dict[str, str | None]:
    return {key: face.cluster for key, face in shown(album).items()}


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Red on a, b and c; green on c and d; blue on e."""
    album = tmp_path / "album"
    for i, (name, who) in enumerate({"a": "r", "b": "r", "c": "rg", "sub/d": "g", "e": "b"}.items()):
        places = {"r": (20, 20), "g": (120, 20), "b": (20, 90)}
        colours = {"r": "red", "g": "green", "b": "blue"}
        draw(album / f"{name}.png", {colours[letter]: places[letter] for letter in who}, i)
    return album


def test_detection_groups_and_naming_leaves_the_rest_as_it_is(people: Path) -> None:
    summary = find(people).recognition
    assert summary and summary.groups == 2
    first = groups(people)
    red, green = first["a.png#1"], first["c.png#2"]
    assert first == {
        "a.png#1": red,
        "b.png#1": red,
        "c.png#1": red,
        "c.png#2": green,
        "sub/d.png#1": green,
        "e.png#1": "",
    }
    call(people, "a.png", "Ada")
    assert groups(people) == first and again(people).groups == 2
    call(people, "b.png", "Ada")
    assert groups(people) == first and again(people).groups == 1  # one open face is no group to ask about
    call(people, "a.png", decision="clear")
    assert groups(people) == first and again(people).groups == 2


def test_a_new_photo_moves_no_face(people: Path) -> None:
    find(people)
    first = groups(people)
    draw(people / "f.png", {"red": (60, 60), "blue": (140, 60)}, 9)
    find(people)
    after = groups(people)
    assert after["f.png#1"] == first["a.png#1"]
    assert after["f.png#2"] == after["e.png#1"] not in ("", *first.values())
    assert {key: value for key, value in after.items() if first.get(key)} == {k: v for k, v in first.items() if v}
    assert not find(people).changed


def test_groups_stay_while_photos_wait_and_move(people: Path) -> None:
    find(people)
    first = groups(people)
    (people / "faces.pkl").unlink()
    again(people)
    assert groups(people) == first
    (people / "a.png").rename(people / "sub" / "z.png")
    find(people)
    after = groups(people)
    assert after.pop("sub/z.png#1") == first.pop("a.png#1") and after == first


def test_without_recognition_groups_are_kept_and_new_faces_come_next_time(people: Path) -> None:
    find(people, match=False)
    assert set(groups(people).values()) == {""}
    again(people)
    first = groups(people)
    draw(people / "f.png", {"red": (60, 60)}, 9)
    find(people, match=False)
    assert groups(people) == {**first, "f.png#1": ""}
    again(people)
    assert groups(people) == {**first, "f.png#1": first["a.png#1"]}


def test_a_file_without_the_column_is_read_and_grouped(people: Path) -> None:
    find(people)
    first = groups(people)
    for path in (people / "faces.csv", people / "sub" / "faces.csv"):
        lines = [line.rsplit(",", 2)[0] for line in path.read_text().splitlines()]
        assert lines[0].endswith(",content")
        path.write_text("\n".join([*lines, ""]))
    assert set(groups(people).values()) == {None}
    again(people)
    assert groups(people) == first


def test_regroup_makes_them_anew(people: Path) -> None:
    find(people)
    first, red = groups(people), groups(people)["a.png#1"]
    album = PlainAlbum(people)
    settings = read_settings(album)
    strict = Settings(
        **{**{k: getattr(settings, k) for k in ("detectors", "models")}, "thresholds": {"Dlib": {"euclidean": 1e-9}}}
    )
    assert recognize.run(album, strict).written == 0  # nothing new to compare
    founder = next(key for key, face in shown(people).items() if face.id == red)
    call(people, founder, "Ada")
    assert recognize.run(album, settings, regroup=True).groups == 2
    after = groups(people)
    assert after[founder] == "" and after["c.png#1"] not in ("", red)
    assert after["c.png#2"] == first["c.png#2"]
    call(people, founder, decision="clear")
    assert groups(people)[founder] == after["c.png#1"]


def test_who_was_named_before_there_were_groups_is_grouped_after_names_are_removed(people: Path) -> None:
    find(people, match=False)
    for photo in ("a.png", "b.png", "c.png#1"):
        call(people, photo, "Ada")
    assert groups(people)["a.png#1"] == ""
    take_away(people, names=True)
    again(people)
    assert groups(people)["a.png#1"] == groups(people)["b.png#1"] == groups(people)["c.png#1"] != ""


def test_an_edited_cell_that_is_no_group_is_none(people: Path) -> None:
    find(people)
    path = people / "sub" / "faces.csv"
    path.write_text(path.read_text().replace(str(groups(people)["sub/d.png#1"]), "=1+1"))
    assert groups(people)["sub/d.png#1"] == ""
    again(people)
    assert "=1+1" not in path.read_text()


def test_ids_that_look_like_formulas_are_text(tmp_path: Path) -> None:
    file = DataFile(tmp_path / "faces.csv")
    store.write_shown(file, [ShownFace("=1+1", "a", "", Box(0, 0, 1, 1), state=OPEN)])
    assert "\n'=1+1," in (tmp_path / "faces.csv").read_text()
    assert [face.id for face in store.read_shown(file) or ()] == ["=1+1"]


def test_embeddings_of_another_length_do_no_harm(people: Path) -> None:
    find(people)
    own = rows(people)
    own[0].embedding = np.zeros(7, np.float32)
    parquet.write_faces(DataFile(people / "faces.pkl"), own)
    assert recognize.run(PlainAlbum(people), read_settings(PlainAlbum(people)), regroup=True).groups == 2
