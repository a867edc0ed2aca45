"""Photos as pixels: upright, RGB, 8 bits, whatever the file. Pillow reads them, and is loaded only here.

Pillow rather than OpenCV, because it names what is wrong with a file (OpenCV hands out a truncated photo as a
whole one), knows the size before it decodes, and reduces JPEGs while decoding as fast (MEASURED: 2.0 against
2.25 times).
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from faces.errors import PhotoError
from faces.records import Box

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

_FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "TIFF", "AVIF", "HEIF", "BMP")
#: Rows of pixels that are copied at a time.
_STRIP = 128
_ORIENTATION, _EXIF, _TAKEN, _OFFSET, _PART = 0x0112, 0x8769, 0x9003, 0x9011, 0x9291


@dataclass(frozen=True, slots=True)
class Picture:
    """Decoded pixels (h, w, 3) RGB, upright. `width`, `height` are of the full photo, upright;
    `scale` is pixels here per pixel of the full photo (1.0, 0.5, ...); `taken` as in EXIF, or ''; `has_more`: whether
    the file says more of itself than was read here."""

    pixels: NDArray[np.uint8]
    width: int
    height: int
    scale: float
    orientation: int
    taken: str
    has_more: bool = True


def content_hash(path: Path) -> str:
    """32 hex digits that tell photos apart by their bytes (BLAKE2b, 128 bits). PhotoError if unreadable."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        raise PhotoError(f"cannot be read: {error.strerror}") from error


def pixels_hash(path: Path) -> str:
    """32 hex digits that tell images apart by their pixels, as they are stored, of all their frames; whatever else is
    in the file. PhotoError as `decode`."""
    hashed = hashlib.blake2b(digest_size=16)
    with _reasons(), _open(path, float("inf")) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            image.load()
            hashed.update(repr((image.size, image.mode)).encode())
            for top in range(0, image.height, _STRIP):
                box = (0, top, image.width, min(top + _STRIP, image.height))
                hashed.update(image.crop(box).tobytes())
    return hashed.hexdigest()


def decode(photo: Path | bytes, max_megapixels: float, side: int | None = None) -> Picture:
    """The pixels of a photo, by its path or its content; where `side` is given and the format allows, reduced while
    decoding to the smallest of 1, 1/2, 1/4, 1/8 that leaves the longest side at least that long.

    Raises PhotoError with a reason a person understands: no image, truncated, too large, no memory.
    """
    with _reasons(), _open(photo, max_megapixels) as image:
        width, height = image.size
        exif = image.getexif()
        taken = _taken(exif)
        if side and image.format in ("JPEG", "MPO"):
            factor = side / max(width, height)
            image.draft("RGB", (max(1, int(width * factor)), max(1, int(height * factor))))
        orientation, left = _load(image)
        has_more = _has_more(image)
        pixels = _upright(_to_rgb(image), left)
    if left >= 5:
        width, height = height, width
    return Picture(pixels, width, height, pixels.shape[1] / width, orientation, taken, has_more)


def decode_parts(photo: Path | bytes, max_megapixels: float, boxes: Sequence[Box]) -> list[NDArray[np.uint8]]:
    """Parts of a photo in full resolution, (h, w, 3) RGB, of whole pixels within it: `boxes` are measured on the
    upright photo. Takes a third of the memory that all of it would as pixels. PhotoError as `decode`."""
    with _reasons(), _open(photo, max_megapixels) as image:
        _, left = _load(image)
        width, height = image.size if left < 5 else image.size[::-1]
        parts = []
        for box in boxes:
            x, y, w, h = int(box.x), int(box.y), int(box.w), int(box.h)
            if left in (2, 3, 6, 7):  # as `_upright`, backwards
                x = width - x - w
            if left in (3, 4, 7, 8):
                y = height - y - h
            if left >= 5:
                x, y, w, h = y, x, h, w
            parts.append(_upright(_to_rgb(image.crop((x, y, x + w, y + h))), left))
        return parts


@contextmanager
def _reasons() -> Iterator[None]:
    """Whatever a damaged file provokes as a PhotoError with a reason a person understands."""
    try:
        yield
    except PhotoError:
        raise
    except MemoryError as error:
        raise PhotoError("does not fit into memory") from error
    except Exception as error:  # Pillow's plugins raise what they like
        raise PhotoError(_reason(error)) from error


def _load(image: PillowImage) -> tuple[int, int]:
    """Decodes. The EXIF orientation as the file has it, and what is left of it to undo: Pillow turns TIFF and HEIF
    itself, and says so by taking the tag away."""
    orientation = image.getexif().get(_ORIENTATION, 1)
    orientation = orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1
    image.load()
    left = image.getexif().get(_ORIENTATION, 1)
    return orientation, orientation if orientation == left else 1


def thumbnail(path: Path, side: int, max_megapixels: float, quality: int = 72) -> bytes:
    """The photo as a small upright JPEG, longest side at most `side`. PhotoError as `decode`."""
    from PIL import Image

    image = Image.fromarray(decode(path, max_megapixels, side).pixels)
    image.thumbnail((side, side))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _open(photo: Path | bytes, max_megapixels: float) -> PillowImage:
    from PIL import AvifImagePlugin, Image, MpoImagePlugin, TiffImagePlugin, WebPImagePlugin  # noqa: F401

    # The size is checked here against the user's limit; Pillow's own limit would only warn.
    Image.MAX_IMAGE_PIXELS = None
    Image.preinit()
    if isinstance(photo, bytes):
        head = photo[:12]
    else:
        with photo.open("rb") as file:
            head = file.read(12)
    if not head:
        raise PhotoError("is empty")
    if head[4:8] == b"ftyp" and head[8:11] in (b"hei", b"hev", b"mif", b"msf"):  # ISO/IEC 23008-12
        try:
            import pillow_heif
        except ImportError as error:
            raise PhotoError("HEIC needs the package pillow-heif: pip install pillow-heif") from error
        pillow_heif.register_heif_opener()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd EXIF is no reason to fill the log
        # Only formats of photos: Pillow also opens PostScript and others that start programs.
        image = Image.open(
            io.BytesIO(photo) if isinstance(photo, bytes) else photo,
            formats=[known for known in _FORMATS if known in Image.OPEN],
        )
    width, height = image.size
    if width * height > max_megapixels * 1e6:
        image.close()
        raise PhotoError(
            f"has {width * height / 1e6:.0f} megapixels, the limit is {max_megapixels:g} "
            "(detection.max_megapixels in config.json)"
        )
    return image


def _to_rgb(image: PillowImage) -> NDArray[np.uint8]:
    from PIL import Image

    if image.mode in ("I;16", "I;16L", "I;16B", "I", "F"):
        values = np.asarray(image)
        if image.mode.startswith("I;16"):
            grey = (values >> 8).astype(np.uint8)
        else:  # other depths have no agreed white, so their brightest pixel is it
            top = max(float(values.max(initial=0)), 1.0)
            grey = np.clip(values * np.float32(255.0 / top), 0, 255).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        image = Image.new("RGB", rgba.size, "white")
        image.paste(rgba, mask=rgba.getchannel("A"))
    image = image if image.mode == "RGB" else image.convert("RGB")
    width, height = image.size
    pixels = np.empty((height, width, 3), np.uint8)
    for y in range(0, height, _STRIP):  # all at once would take twice the time, and memory for another picture
        pixels[y : y + _STRIP] = np.asarray(image.crop((0, y, width, min(height, y + _STRIP))))
    return pixels


def _upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo the EXIF orientation (Exif 2.32, tag 0x0112)."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def _taken(exif: Any) -> str:
    try:
        details = exif.get_ifd(_EXIF)
        part = f"{details.get(_PART, '')}".strip("\0 ")
        return f"{details.get(_TAKEN, '')}{'.' + part if part.isdecimal() else ''}{details.get(_OFFSET, '')}".strip(
            "\0 "
        )
    except Exception:  # a date is not worth a photo
        return ""


def _has_more(image: PillowImage) -> bool:
    """Whether there are metadata in the file: EXIF, XMP, texts, or what Pillow cannot say for this kind of file."""
    if image.format not in ("JPEG", "MPO", "PNG", "WEBP", "TIFF"):
        return True
    # "photoshop" is IPTC; of a TIFF all is "EXIF"
    known = {"exif", "xmp", "photoshop", "comment", "Raw profile type exif", "XML:com.adobe.xmp"} & image.info.keys()
    try:
        return bool(known or len(image.getexif()) or getattr(image, "text", None))
    except Exception:  # damaged, so there are some
        return True


def _reason(error: Exception) -> str:
    from PIL import UnidentifiedImageError

    text = str(error) or type(error).__name__
    if isinstance(error, FileNotFoundError):
        return "is gone"
    if isinstance(error, UnidentifiedImageError):
        return "is not an image, whatever its name says"
    if "truncated" in text or "Truncated" in text:
        return "is truncated: copy it again from where it came from"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}"
    return f"cannot be decoded: {text}"
