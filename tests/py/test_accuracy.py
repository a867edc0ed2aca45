"""Who is recognized, on real photos with the real default engines: the demo's album always, ../shared/photos where it is.

Precision: of the names given, how many are right. Recall: of the photos to be recognized, how many got the right name.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from faces.folders import PlainAlbum
from faces.guard import Guard
from faces.jobs import detect, name, recognize
from faces.jobs.channel import read_settings
from faces.progress import Progress
from places import ROOT, SHARED
from steps import names

NAMED = 3


def run(album: Path, **options: object) -> None:
    detect.run(PlainAlbum(album), options, Guard(), Progress())


def test_the_demo_album(portraits: Path, tmp_path: Path) -> None:
    """Every unnamed photo of a named person gets the right name, nobody a wrong one."""
    from album import NAMED as named
    from album import PEOPLE

    album = tmp_path / "album"
    album.mkdir()
    for file in PEOPLE:
        (album / file).write_bytes((portraits / file).read_bytes())
    run(album, detectors=("dlib",))
    for file in named:
        name.run(str(album / file), "name", PEOPLE[file])
    recognize.run(PlainAlbum(album), read_settings(PlainAlbum(album)))
    assert names(album) == {f"{file}#1": person if file in named else f"?{person}" for file, person in PEOPLE.items()}


@pytest.mark.parametrize("detector", ["yunet", "dlib"])
@pytest.mark.parametrize("collection", ["lfw10", "sitcom"])
def test_shared_photos(collection: str, detector: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    source = SHARED / "photos" / collection
    if not source.is_dir():
        pytest.skip(f"no {source}")
    if detector == "yunet":
        request.getfixturevalue("yunet")
    album = tmp_path / "album"
    album.mkdir()
    people = sorted(folder.name for folder in source.iterdir() if folder.is_dir() and folder.name != "groups")
    for person in people:
        (album / person).mkdir()
        for photo in (source / person).iterdir():
            (album / person / photo.name).write_bytes(photo.read_bytes())
    run(album, detectors=(detector,))
    named = set()
    for person in people:
        own = sorted(key for key in names(album) if key.startswith(f"{person}/") and alone(album, key))
        for key in own[:NAMED]:
            named.add(key)
            name.run(str(album / key), "name", person)
    recognize.run(PlainAlbum(album), read_settings(PlainAlbum(album)))
    given = {key: guess[1:] for key, guess in names(album).items() if guess.startswith("?")}
    right = {key for key, guess in given.items() if key.split("/")[0] == guess}
    wrong = sorted((key, guess) for key, guess in given.items() if key not in right)
    photos = {f"{person}/{photo.name}" for person in people for photo in (source / person).iterdir()}
    left = photos - {key.rpartition("#")[0] for key in named}
    found = {key.rpartition("#")[0] for key in right}
    precision, recall = len(right) / len(given), len(found) / len(left)
    print(f"\n{collection}, {detector}, {NAMED} named of each of {len(people)}: {len(found)} of {len(left)} photos recognized "
          f"(recall {recall:.3f}), {len(wrong)} wrong of {len(given)} (precision {precision:.3f}) {wrong}")  # fmt: skip
    assert precision >= 0.99
    assert recall >= 0.9


def alone(album: Path, key: str) -> bool:
    photo = key.rpartition("#")[0]
    return sum(other.startswith(f"{photo}#") for other in names(album)) == 1


HEAVY = (
    "cv2",
    "dlib",
    "deepface",
    "onnxruntime",
    "mediapipe",
    "PIL",
    "pandas",
    "exiftool",
    "fastparquet",
    "tqdm",
    "mysql",
)


@pytest.mark.parametrize("command", ["recognize", "detect"])
def test_a_run_with_nothing_to_do_imports_nothing_heavy(drawn: Path, command: str) -> None:
    code = f"""
import sys, json
from faces import cli
code = cli.run(["{command}", "--directory", {str(drawn)!r}])
print(json.dumps([code, sorted(m for m in {HEAVY!r} if m in sys.modules)]))
"""
    from steps import find

    find(drawn)
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT / "py")
    assert json.loads(answer.stdout.splitlines()[-1]) == [0, []], answer.stdout


def test_peak_memory_of_a_detection_with_the_default_engines(portraits: Path, tmp_path: Path) -> None:
    """The kernel's own count of the whole process on the demo's album. (Not ru_maxrss: that a process has from whoever
    started it.)"""
    for photo in portraits.glob("*.*g"):
        (tmp_path / photo.name).write_bytes(photo.read_bytes())
    code = f"""
from pathlib import Path
from faces import cli
assert cli.run(["detect", "--directory", {str(tmp_path)!r}, "--detectors", "dlib"]) == 0
[line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print(int(line.split()[1]) // 1024)
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT / "py")
    peak = int(answer.stdout.splitlines()[-1])
    print(f"\npeak memory of a detection on {len(list(tmp_path.glob('*.*g')))} photos: {peak} MB")
    assert peak < 400
