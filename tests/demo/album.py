"""The demo's photos: portraits by the US government (public domain) that the sdist of face_recognition 1.3.0 ships."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

SDIST = "face_recognition-1.3.0.tar.gz"
SHA256 = "5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec"
INSIDE = "face_recognition-1.3.0/tests/test_images/"

#: Who is on which photo.
PEOPLE = {
    "32bit.png": "Barack Obama",
    "biden.jpg": "Joe Biden",
    "obama.jpg": "Barack Obama",
    "obama2.jpg": "Barack Obama",
    "obama3.jpg": "Barack Obama",
    "obama_partial_face.jpg": "Barack Obama",
    "obama_partial_face2.jpg": "Barack Obama",
}
#: The one photo of each person that is named; the others are to be recognized.
NAMED = ("obama.jpg", "biden.jpg")


def fetch(folder: Path) -> None:
    """Put the photos into `folder`, by pip from the package registry, unless they are there. RuntimeError with what
    to do if they cannot be had."""
    if all((folder / name).is_file() for name in PEOPLE):
        return
    with tempfile.TemporaryDirectory() as temporary:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                   "--no-binary", ":all:", "--dest", temporary, "face_recognition==1.3.0"]  # fmt: skip
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        archive = Path(temporary) / SDIST
        if answer.returncode or not archive.is_file():
            raise RuntimeError(f"cannot download the demo photos ({answer.stderr.strip()[-300:]}); "
                               "try your own: make demo PHOTOS=~/Pictures")  # fmt: skip
        if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
            raise RuntimeError(f"{SDIST} is not what it was: its digest differs")
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive) as tar:
            for name in PEOPLE:
                member = tar.extractfile(INSIDE + name)
                assert member is not None
                part = folder / f".{name}.{os.getpid()}.part"  # two tests may fetch at a time
                with part.open("wb") as file:
                    shutil.copyfileobj(member, file)
                part.replace(folder / name)
