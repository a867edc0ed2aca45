"""`make demo`: the whole way on real photos, by the same commands a user types."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import album
from faces import cli, store
from faces.files import DataFile
from faces.folders import FACES_CSV, PlainAlbum
from faces.records import NAMED

ROOT = Path(__file__).resolve().parents[2] / "demo"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=lambda text: Path(text).expanduser())
    parser.add_argument("--into", type=Path, default=ROOT, help="where the demo's photos and the report go")
    options = parser.parse_args()
    own, into = options.photos, options.into
    photos = own or into / "photos"
    if not own:
        try:
            album.fetch(photos)
        except RuntimeError as error:
            print(f"demo: {error}", file=sys.stderr)
            return 1
    else:
        print(f"Data files go beside your photos (faces.csv, faces.pkl, faces/). To remove them:\n"
              f"  .venv/bin/faces remove --directory {photos} --all\n")  # fmt: skip
    code = cli.run(["detect", "--directory", str(photos)])
    if code not in (0, 8):  # 8: some photos failed, the report names them
        return code
    if not own and name_one_each(photos):
        cli.run(["recognize", "--directory", str(photos)])
    wrong = print_people(photos, {} if own else album.PEOPLE)
    code = cli.run(["report", str(photos), "--output", str(into / "report.html")])
    return code or int(wrong)


def name_one_each(photos: Path) -> bool:
    """Name the one photo of each person, unless it has its name. True if one was named now."""
    named = {face.file for face in store.read_shown(DataFile(photos / FACES_CSV)) or () if face.state == NAMED}
    missing = [file for file in album.NAMED if file not in named]
    for file in missing:
        cli.run(["name", str(photos / file), album.PEOPLE[file]])
    return bool(missing)


def print_people(photos: Path, truth: dict[str, str]) -> bool:
    """Who is on which photo, and whether that is right where it is known. True if something is wrong."""
    faces = [(folder.path_of(face.file), face) for folder in PlainAlbum(photos).folders()
             for face in store.read_shown(folder.csv) or ()]  # fmt: skip
    right = wrong = missed = 0
    for path, face in faces[:40]:
        how = (
            "named"
            if face.state == NAMED
            else f"recognized, distance {face.distance:.2f}"
            if face.distance
            else "unknown"
        )
        print(f"  {path:28} {face.name or face.name_recognized or '-':16} {how}")
        if face.file in truth and face.state != NAMED:
            right += face.name_recognized == truth[face.file]
            wrong += face.name_recognized not in ("", truth[face.file])
            missed += not face.name_recognized
    if truth:
        print(f"  {right} right, {wrong} wrong, {missed} missed, of the photos that nobody named")
    elif not any(face.state == NAMED for _, face in faces) and faces:
        print(f'Nobody has a name yet. Say who it is, then run this again:\n'
              f'  .venv/bin/faces name "{photos}/{faces[0][0]}#{faces[0][1].face_nr}" "Ada Lovelace"')  # fmt: skip
    return bool(truth) and bool(wrong or missed)


if __name__ == "__main__":
    sys.exit(main())
