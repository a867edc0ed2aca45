"""A model of an album, and random things that happen to it. After each detection: every face that a person named, and
whose photo is still there unchanged, wherever it is, has that name; nobody has another person's; ids are unique; no
face is missing; groups stay as they are; and a second run changes nothing. A person is a colour, so who is on a photo is known.
"""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import fakes
import pytest
from faces.errors import StopRequested
from faces.folders import PlainAlbum
from faces.jobs import detect
from faces.progress import Progress
from faces.records import ShownFace
from fakes import draw
from steps import OPTIONS, call, find, shown, take_away
from test_faults import StopAfter

PLACES = [(20, 20), (120, 20), (20, 90), (120, 90)]
MOVES = ["new", "delete", "move", "move over", "copy", "copy over", "swap", "replace", "touch", "stop"]
#: What happens in each family of albums, beside moves, naming and detecting.
FAMILIES = {
    "moves": [],
    "losses": ["lose faces.pkl", "lose faces.csv"],
    "removals": ["remove detector", "remove model"],
}


class AlbumModel:
    def __init__(self, root: Path, seed: int):
        self.root, self.chance, self.clock, self.number = root, random.Random(seed), 1_600_000_000, 0
        self.people: dict[int, dict[str, tuple[int, int]]] = {}  # content -> who is where on it
        self.photos: dict[str, int] = {}  # path -> content
        self.known: dict[str, int] = {}  # the same as of the last detection
        self.named: dict[tuple[int, str], str] = {}  # content, person -> name
        self.groups: dict[str, str | None] = {}  # face -> group, as of the last detection
        self.log: list[object] = []
        (root / "sub").mkdir()
        for _ in range(3):
            self.put(self.free_path())

    def free_path(self) -> str:
        self.number += 1
        return self.chance.choice(["", "sub/"]) + f"p{self.number}.png"

    def stamp(self, path: str) -> None:
        self.clock += 1000
        os.utime(self.root / path, (self.clock, self.clock))

    def put(self, path: str) -> None:
        content = len(self.people) + 1
        colours = self.chance.sample(sorted(fakes.COLOURS), self.chance.choice([1, 1, 2]))
        self.people[content] = dict(zip(colours, self.chance.sample(PLACES, len(colours)), strict=True))
        draw(self.root / path, self.people[content], content)
        self.stamp(path)
        self.photos[path] = content

    def step(self, what: str) -> None:
        self.log.append(what)
        if what in MOVES:
            self.move(what)
        elif what == "name":
            self.name()
        elif what.startswith("lose"):
            for path in (self.root / what.split()[1], self.root / "sub" / what.split()[1]):
                path.unlink(missing_ok=True)
            self.known = {}
            if what == "lose faces.csv":
                self.groups = {}
        else:
            if what == "remove detector":  # what it found goes, too
                self.groups = {}
            take_away(self.root, **({"detectors": ("yunet",)} if what == "remove detector" else {"models": ("Dlib",)}))
            self.known = {}

    def move(self, what: str) -> None:
        one, two = self.chance.sample(sorted(self.photos), 2) if len(self.photos) > 2 else (None, None)
        if what == "new" or one is None or two is None:
            self.put(self.free_path())
        elif what == "delete":
            (self.root / one).unlink()
            del self.photos[one]
        elif what in ("move", "move over"):
            target = two if what == "move over" else self.free_path()
            (self.root / one).rename(self.root / target)
            self.photos[target] = self.photos.pop(one)
        elif what in ("copy", "copy over"):
            target = two if what == "copy over" else self.free_path()
            shutil.copy(self.root / one, self.root / target)
            self.photos[target] = self.photos[one]
            self.stamp(target)
        elif what == "swap":
            (self.root / one).rename(self.root / "t")
            (self.root / two).rename(self.root / one)
            (self.root / "t").rename(self.root / two)
            self.photos[one], self.photos[two] = self.photos[two], self.photos[one]
        elif what == "replace":
            self.put(one)
        elif what == "touch":
            self.stamp(one)
        elif what == "stop":
            guard = StopAfter(self.chance.randint(0, 3), StopRequested("x"))
            try:
                detect.run(PlainAlbum(self.root), OPTIONS, guard, Progress(), models=fakes.models())
            except StopRequested:
                self.known = {}

    def name(self) -> None:
        faces = [(key, face) for key, face in shown(self.root).items()
                 if (path := key.rpartition("#")[0]) in self.known and self.known[path] == self.photos.get(path)]  # fmt: skip
        if faces:
            key, face = self.chance.choice(faces)
            content = self.photos[key.rpartition("#")[0]]
            person = self.person(content, face.box)
            self.named[content, person] = f"{person} {self.chance.randint(1, 3)}"
            self.log.append((key, self.named[content, person]))
            call(self.root, key, self.named[content, person])

    def person(self, content: int, box: object) -> str:
        x, y = box.x * 200 + box.w * 100, box.y * 150 + box.h * 75  # type: ignore[attr-defined]
        return next(
            who for who, (left, top) in self.people[content].items() if left <= x <= left + 40 and top <= y <= top + 40
        )

    def check(self) -> None:
        find(self.root)
        self.known = dict(self.photos)
        faces = {key: (self.photos[key.rpartition("#")[0]], face) for key, face in shown(self.root).items()}
        assert len({face.id for _, face in faces.values()}) == len(faces), self.log
        assert len(faces) == sum(len(self.people[content]) for content in self.photos.values()), self.log
        for key, (content, face) in faces.items():
            person = self.person(content, face.box)
            assert face.name in ("", *(f"{person} {n}" for n in (1, 2, 3))), (key, face.name, self.log)
            assert face.name_recognized.split(" ")[0] in ("", person), (key, face.name_recognized, self.log)
            assert face.name == self.named.get((content, person), face.name), (key, face.name, self.log)
        self.check_groups(faces)
        assert not find(self.root).changed, self.log

    def check_groups(self, faces: dict[str, tuple[int, ShownFace]]) -> None:
        """Each is of one person, none has two faces of a photo, and who had one has it still."""
        members = [(key.rpartition("#")[0], self.person(content, face.box), face)
                   for key, (content, face) in faces.items() if face.cluster and not face.state]  # fmt: skip
        assert len({(photo, face.cluster) for photo, _, face in members}) == len(members), self.log
        assert len({(who, face.cluster) for _, who, face in members}) == len({face.cluster for *_, face in members})
        now = {face.id: face.cluster for *_, face in members}
        assert now == {**now, **{face: group for face, group in self.groups.items() if face in now}}, self.log
        self.groups = now


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", range(12))
def test_names_and_ids_stay_whatever_happens(tmp_path: Path, family: str, seed: int) -> None:
    model = AlbumModel(tmp_path, seed)
    model.check()
    for _ in range(4):
        for what in model.chance.choices([*MOVES, "name", "name", "name", *FAMILIES[family] * 2], k=3):
            model.step(what)
        model.log.append("check")
        model.check()
