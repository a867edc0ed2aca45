"""What photos say of themselves, read, and names written into them, for `make bench`."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from bench_commands import faces, spent
from bench_photos import Absent
from bench_rows import Bench, Row, Section
from faces import store
from faces.files import DataFile
from faces.folders import FACES_CSV, NAMES_CSV, PlainAlbum
from faces.jobs.channel import now
from faces.records import Decision
from PIL import Image

MARKED, ALONE = 1000, 50
REGION = "{AppliedToDimensions={W=64,H=48,Unit=pixel},RegionList=[{Area={X=0.5,Y=0.5,W=0.2,H=0.2,Unit=normalized},Name=Ada,Type=Face}]}"


def _marked(bench: Bench) -> Path:
    """Photos of 64 x 48 pixels with a date and a face region each."""
    if not shutil.which("exiftool"):
        raise Absent("exiftool is not installed")
    folder = bench.photos.folder / "marked"
    if not folder.exists():
        folder.mkdir()
        first = folder / "0000.jpg"
        Image.new("RGB", (64, 48), "grey").save(first)
        tags = (f"-XMP-mwg-rs:RegionInfo={REGION}", "-DateTimeOriginal=2020:01:02 03:04:05")
        subprocess.run(["exiftool", "-q", "-overwrite_original", *tags, str(first)], check=True)
        for number in range(1, MARKED):
            (folder / f"{number:04}.jpg").write_bytes(first.read_bytes())
    return folder


def reading(bench: Bench) -> list[Row]:
    folder = _marked(bench)

    def ours() -> dict[str, Any]:
        found = faces(bench, "metadata", folder, "--json")
        summary = json.loads(found["said"].splitlines()[-1])["summary"]
        if (summary["regions"], summary["dated"]) != (MARKED, MARKED):
            raise RuntimeError(f"not all was read: {summary}")
        return {**found, "seconds": found["wall"] / MARKED}

    def alone() -> dict[str, Any]:
        photos = sorted(folder.glob("*.jpg"))[:ALONE]
        found = [spent(bench, "exiftool", "-j", "-struct", str(photo)) for photo in photos]
        return {"seconds": sum(one["wall"] for one in found) / ALONE, "peak": max(one["peak"] for one in found)}

    what = f"faces metadata, {MARKED:,} photos with a region each, against an exiftool process for each photo"
    return [bench.pair(ours, alone).row(what, 10)]


#: Photos are stored anew in these formats, in turn; the first stay the JPEGs they are.
ENDINGS = (".jpg", ".png", ".webp", ".tiff")


def _named(bench: Bench, place: Path) -> tuple[Path, int]:
    """An album of every photo there is and some of 12 megapixels, with a name for every face; and how many have one."""
    if place.exists():
        shutil.rmtree(place)
    place.mkdir()
    for number, path in enumerate([*bench.photos.every(), *bench.photos.large()]):
        copy = place / f"{number:04}{ENDINGS[number % len(ENDINGS)]}"
        if copy.suffix == path.suffix.lower():
            shutil.copyfile(path, copy)
        else:
            exif = Image.Exif()
            exif[0x0112] = Image.open(path).getexif().get(0x0112, 1)  # how it lies
            Image.open(path).convert("RGB").save(copy, exif=exif)
    faces(bench, "detect", place, "--detectors", "yunet", "--models", "Dlib")
    shown = store.read_shown(DataFile(place / FACES_CSV)) or []
    names = [
        Decision(now(), f.id, f.content, f.file, f.box, "name", f"Person {i % 97}", "bench")
        for i, f in enumerate(shown)
    ]
    store.append_decisions(PlainAlbum(place).data(NAMES_CSV), names)
    return place, len({face.file for face in shown})


def _pixels(folder: Path) -> dict[str, Any]:
    """Of each photo what Pillow makes of it, by its own reckoning, not by the program's."""
    photos = [path for path in sorted(folder.iterdir()) if path.suffix in ENDINGS]
    return {path.name: hash(np.asarray(Image.open(path)).tobytes()) for path in photos}


def writing(bench: Bench) -> list[Row]:
    if not shutil.which("exiftool"):
        raise Absent("exiftool is not installed")
    ours, peers, again, changed, wrote, peak = [], [], [], 0, 0, 0.0
    for run in range(min(bench.runs, 3)):
        folder, count = _named(bench, bench.photos.folder / f"named{run}")
        before = _pixels(folder)
        first = faces(bench, "metadata", folder, "--write", "photo", "--json")
        second = faces(bench, "metadata", folder, "--write", "photo", "--json")
        summary, more = (json.loads(one["said"].splitlines()[-1])["summary"] for one in (first, second))
        if summary["written"] != count or summary["problems"]:
            raise RuntimeError(f"not all of {count} were written: {summary}")
        after = _pixels(folder)
        changed += sum(after.get(name) != pixels for name, pixels in before.items())
        wrote += more["written"]
        tags = ("-XMP-dc:Subject+=Ada", f"-XMP-mwg-rs:RegionInfo={REGION}")
        photos = [path for path in sorted(folder.iterdir()) if path.suffix in ENDINGS][:: max(1, count // ALONE)]
        alone = [spent(bench, "exiftool", "-q", "-overwrite_original", *tags, str(path)) for path in photos]
        ours.append(first["wall"] / count)
        again.append(second["wall"])
        peers.append(sum(one["wall"] for one in alone) / len(alone))
        peak = max(peak, first["peak"])
        shutil.rmtree(folder)
    good = changed == wrote == 0
    return [
        Row(
            f"faces metadata --write photo, {count} photos: for each photo, against an exiftool process for each",
            f"{1000 * median(ours):.0f} ms",
            f"{1000 * median(peers):.0f} ms",
            f"{median(peer / own for own, peer in zip(ours, peers, strict=True)):.1f}",
            f"{peak:.0f}",
        ),
        Row(
            f"photos whose decoded pixels changed, of {count}; photos written by a second run ({median(again):.2f} s)",
            f"{changed}; {wrote}",
            bar="0; 0",
            met=good,
        ),
    ]


SECTIONS = [
    Section(
        "Metadata",
        f"""{MARKED:,} JPEGs of 64 x 48 pixels with a date and a face region. `faces metadata --directory DIR --json` as a process
        of its own, with the start of Python and of its one exiftool; beside it `exiftool -j -struct PHOTO`, one process after
        the other, for {ALONE} of them. Wall time for a photo. Then names: every photo of ../shared/photos and 16 of 12
        megapixels as JPEG, PNG, WebP and TIFF in turn, every face with a name; `faces metadata --write photo` twice. The peer
        writes a keyword and a region and looks at no pixels.""",
        [reading, writing],
    ),
]
