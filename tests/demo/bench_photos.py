"""What `make bench` works on: real photos beside the checkout (../shared), and photos of 12 megapixels made of them."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from faces import weights
from faces.records import EXTENSIONS
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
#: Of a photo of 12 megapixels.
SIZE = (4000, 3000)
#: A photo with more is no small one.
SMALL = 2e6


class Absent(Exception):
    """Photos, weights or a package are not here; the message says which."""


class Photos:
    """The photos, and what is made of them in `folder`, each when it is asked for first."""

    def __init__(self, folder: Path):
        self.folder = folder

    def home(self) -> Path:
        """A DEEPFACE_HOME with YuNet and dlib's network, for us and for deepface."""
        place = self.folder / "home" / ".deepface" / "weights"
        if not place.exists():
            place.mkdir(parents=True)
            yunet = SHARED / "weights" / weights.YUNET
            if yunet.is_file():
                (place / weights.YUNET).symlink_to(yunet)
            (place / weights.DLIB_RESNET).symlink_to(weights.packaged(weights.DLIB_RESNET))
        return self.folder / "home"

    def yunet(self) -> Path:
        path = self.home() / ".deepface" / "weights" / weights.YUNET
        if not path.is_file():
            raise Absent(f"{SHARED / 'weights' / weights.YUNET} is not there")
        return path

    @staticmethod
    def originals(*collections: str) -> list[Path]:
        """All photos of these folders of ../shared/photos."""
        roots = [SHARED / "photos" / name for name in collections]
        for root in roots:
            if not root.is_dir():
                raise Absent(f"{root} is not there")
        return [p for root in roots for p in sorted(root.rglob("*")) if p.suffix.lower() in EXTENSIONS]

    def every(self) -> list[Path]:
        return self.originals("lfw10", "sitcom", "athletes")

    def small(self) -> list[Path]:
        """About 60: portraits of 250 pixels, groups, photos from the web."""
        web = [path for path in self.originals("athletes") if _pixels(path) <= SMALL]
        chosen = [*_some(self.originals("lfw10"), 30), *self.originals("sitcom/groups"), *_some(web, 25)]
        return self._made("small", len(chosen), lambda i: (chosen[i].suffix, chosen[i].read_bytes()))

    def large(self) -> list[Path]:
        """Of 12 megapixels: a portrait, a photo from the web and two mosaics, in turn."""
        return self.many(16)

    def single(self) -> list[Path]:
        """Of 12 megapixels without mosaics: one to a few faces, as most photos have."""
        kinds = self._kinds()[:2]
        return self._made("single", 24, lambda i: (".jpg", _mosaic(kinds[i % 2](i // 2), i)))

    def many(self, count: int) -> list[Path]:
        """So many different photos of 12 megapixels, half of them mosaics."""
        kinds = self._kinds()
        return self._made(f"large{count}", count, lambda i: (".jpg", _mosaic(kinds[i % 4](i // 4), i)))

    def _kinds(self) -> list[Callable[[int], list[Path]]]:
        """What is on the i-th photo of each kind."""
        portraits, groups, web = self.originals("lfw10"), self.originals("sitcom/groups"), self.originals("athletes")
        return [
            lambda i: [portraits[(7 * i) % len(portraits)]],
            lambda i: [web[(7 * i) % len(web)]],
            lambda i: [portraits[(12 * i + j) % len(portraits)] for j in range(12)],
            lambda i: [(groups + web)[(4 * i + j) % (len(groups) + len(web))] for j in range(4)],
        ]

    def thousand(self, count: int, different: int) -> Path:
        """A folder with so many photos of 12 megapixels, no two of the same bytes: a comment tells copies apart."""
        folder = self.folder / f"copies{count}"
        if not folder.exists():
            folder.mkdir()
            models = [path.read_bytes() for path in self.many(different)]
            for number in range(count):
                note = f"copy {number:06}".encode()
                comment = b"\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note  # ISO/IEC 10918-1, B.2.4.5
                data = models[number % different]
                (folder / f"{number:04}.jpg").write_bytes(data[:2] + comment + data[2:])
        return folder

    def _made(self, name: str, count: int, make: Callable[[int], tuple[str, bytes]]) -> list[Path]:
        folder = self.folder / name
        if not folder.exists():
            folder.mkdir()
            for number in range(count):
                suffix, data = make(number)
                (folder / f"{number:03}{suffix}").write_bytes(data)
        return sorted(folder.iterdir())


@contextmanager
def album(photos: Sequence[Path], beside: Path) -> Iterator[Path]:
    """A folder of these photos that nothing was stored in yet."""
    with TemporaryDirectory(dir=beside) as temporary:
        for path in photos:
            try:
                os.link(path, Path(temporary) / path.name)
            except OSError:  # another disk
                shutil.copy(path, temporary)
        yield Path(temporary)


def _some(paths: list[Path], count: int) -> list[Path]:
    return [paths[i * len(paths) // count] for i in range(min(count, len(paths)))]


def _pixels(path: Path) -> int:
    with Image.open(path) as image:
        return image.width * image.height


def _mosaic(parts: list[Path], seed: int) -> bytes:
    """1, 4 or 12 photos side by side, as a JPEG of about 3 MB: what is scaled up is smooth, so a camera's noise is put
    over it."""
    columns, rows = {1: (1, 1), 4: (2, 2), 12: (4, 3)}[len(parts)]
    width, height = SIZE[0] // columns, SIZE[1] // rows
    whole = Image.new("RGB", SIZE)
    for number, path in enumerate(parts):
        with Image.open(path) as image:
            part = image.convert("RGB")
        factor = min(width / part.width, height / part.height)  # nothing is cut off
        part = part.resize((round(part.width * factor), round(part.height * factor)), Image.Resampling.BICUBIC)
        whole.paste(part, (number % columns * width, number // columns * height))
    noise = np.random.default_rng(seed).normal(0, 6, (SIZE[1], SIZE[0], 1)).astype(np.float32)
    pixels = np.clip(np.asarray(whole, np.float32) + noise, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
