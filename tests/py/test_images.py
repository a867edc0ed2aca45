"""Every kind of photo: upright, RGB, 8 bits; or a reason that a person understands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from faces.errors import PhotoError
from faces.images import content_hash, decode, decode_parts, thumbnail
from faces.records import Box
from PIL import Image


def picture(width: int = 64, height: int = 48) -> Image.Image:
    """Red in the upper left corner, green in the upper right, blue in the lower left, white elsewhere."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    h, w = height // 3, width // 3
    pixels[:h, :w], pixels[:h, -w:], pixels[-h:, :w] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    return Image.fromarray(pixels)


def corners(pixels: np.ndarray) -> list[str]:
    """The colours of upper left, upper right, lower left, lower right."""

    def colour(value: np.ndarray) -> str:
        high = tuple(int(v) > 128 for v in value)
        return {(True, False, False): "r", (False, True, False): "g", (False, False, True): "b"}.get(high, "w")  # fmt: skip

    return [colour(pixels[y, x]) for y in (3, -4) for x in (3, -4)]


#: How to turn the upright picture so that this orientation tag turns it back (Exif 2.32, 0x0112).
STORED = {
    1: [], 2: [Image.Transpose.FLIP_LEFT_RIGHT], 3: [Image.Transpose.ROTATE_180],
    4: [Image.Transpose.FLIP_TOP_BOTTOM], 5: [Image.Transpose.TRANSPOSE], 6: [Image.Transpose.ROTATE_90],
    7: [Image.Transpose.TRANSVERSE], 8: [Image.Transpose.ROTATE_270],
}  # fmt: skip


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("side", [None, 200])
def test_every_orientation_comes_out_upright(tmp_path: Path, orientation: int, kind: str, side: int | None) -> None:
    image = picture(900, 600)
    for step in STORED[orientation]:
        image = image.transpose(step)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(tmp_path / f"a.{kind}", exif=exif, quality=95)
    result = decode(tmp_path / f"a.{kind}", 100, side)
    assert corners(result.pixels) == ["r", "g", "b", "w"]
    assert (result.width, result.height, result.orientation) == (900, 600, orientation)
    assert result.pixels.shape[1] == round(900 * result.scale)
    if side and kind == "jpg":
        assert result.scale < 0.5


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK", "RGBA", "LA", "P", "1"])
def test_colour_modes(tmp_path: Path, mode: str) -> None:
    kind = "tif" if mode == "CMYK" else "png"
    picture().convert(mode).save(tmp_path / f"a.{kind}")
    pixels = decode(tmp_path / f"a.{kind}", 100).pixels
    assert pixels.shape == (48, 64, 3) and pixels.dtype == np.uint8
    assert pixels[-4, -4].tolist() == [255, 255, 255]


def test_cmyk_jpeg(tmp_path: Path) -> None:
    picture().convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    assert corners(decode(tmp_path / "a.jpg", 100).pixels)[0] == "r"


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert decode(tmp_path / "a.png", 100).pixels.min() == 255


@pytest.mark.parametrize("kind", ["png", "tif"])
def test_sixteen_bit_grey_keeps_its_shades(tmp_path: Path, kind: str) -> None:
    ramp = np.tile(np.linspace(0, 65535, 256, dtype=np.uint16), (16, 1))
    Image.fromarray(ramp).save(tmp_path / f"a.{kind}")
    assert np.abs(decode(tmp_path / f"a.{kind}", 100).pixels[0, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_first_frame_of_a_gif(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.gif", save_all=True, append_images=[Image.new("RGB", (64, 48))])
    assert corners(decode(tmp_path / "a.gif", 100).pixels)[:1] == ["r"]


@pytest.mark.parametrize("kind", ["heic", "avif"])
def test_phone_formats(tmp_path: Path, kind: str) -> None:
    if kind == "heic":
        import pillow_heif

        pillow_heif.register_heif_opener()
    picture(300, 210).save(tmp_path / f"a.{kind}", quality=90)
    assert corners(decode(tmp_path / f"a.{kind}", 100).pixels) == ["r", "g", "b", "w"]


def test_what_a_file_is_counts_not_its_name(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert corners(decode(tmp_path / "a.jpg", 100).pixels)[0] == "r"


def broken(folder: Path, how: str) -> Path:
    path = folder / "a.jpg"
    if how == "empty":
        path.write_bytes(b"")
    elif how == "text":
        path.write_text("this is no photo")
    elif how == "script":
        path.write_text("%!PS-Adobe-3.0\n(%stdin) run")
    elif how == "truncated":
        picture(800, 600).save(path, quality=95)
        path.write_bytes(path.read_bytes()[:-2000])
    elif how == "truncated png":
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 90, 3), np.uint8)).save(path, "PNG")
        path.write_bytes(path.read_bytes()[:9000])
    elif how == "huge":  # 400 megapixels in 50 kB
        Image.new("1", (20_000, 20_000)).save(path, "PNG")
    elif how == "folder":
        path.mkdir()
    return path


@pytest.mark.parametrize(
    ("how", "reason"),
    [("empty", "is empty"), ("text", "is not an image"), ("script", "is not an image"), ("truncated", "truncated"),
     ("truncated png", "truncated"), ("huge", "400 megapixels, the limit is 100"), ("folder", "cannot be read"),
     ("gone", "is gone")],
)  # fmt: skip
@pytest.mark.parametrize("side", [None, 200])
def test_a_broken_photo_has_a_reason(tmp_path: Path, how: str, reason: str, side: int | None) -> None:
    with pytest.raises(PhotoError, match=reason):
        decode(broken(tmp_path, how), 100, side)


def test_hostile_bytes_never_raise_anything_else(tmp_path: Path) -> None:
    """Every photo of a few kinds, with bytes overwritten in random places."""
    random = np.random.default_rng(1)
    for kind in ("jpg", "png", "webp", "gif", "tif", "avif"):
        picture(200, 150).save(tmp_path / f"good.{kind}")
        good = (tmp_path / f"good.{kind}").read_bytes()
        for _ in range(60):
            bad = bytearray(good)
            for place in random.integers(0, min(len(bad), 2000), 12):
                bad[place] = random.integers(0, 256)
            path = tmp_path / f"bad.{kind}"
            path.write_bytes(bad)
            try:
                assert decode(path, 10).pixels.ndim == 3
            except PhotoError as error:
                assert str(error)


def test_content_hash_and_thumbnail(tmp_path: Path) -> None:
    picture(900, 600).save(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes((tmp_path / "a.jpg").read_bytes())
    assert content_hash(tmp_path / "a.jpg") == content_hash(tmp_path / "b.jpg")
    assert len(content_hash(tmp_path / "a.jpg")) == 32
    small = thumbnail(tmp_path / "a.jpg", 120, 100)
    (tmp_path / "t.jpg").write_bytes(small)
    with Image.open(tmp_path / "t.jpg") as image:
        assert image.size == (120, 80)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("suffix", "mode"),
    [("jpg", "RGB"), ("jpg", "L"), ("jpg", "CMYK"), ("png", "RGBA"), ("tif", "RGB"), ("webp", "RGB")],
)
def test_parts_are_what_they_are_in_the_whole(tmp_path: Path, orientation: int, suffix: str, mode: str) -> None:
    from PIL import Image

    pixels = np.random.default_rng(1).integers(0, 255, (37, 53, 3), np.uint8)
    image = Image.fromarray(pixels).convert(mode)
    exif = image.getexif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{suffix}"
    image.save(path, exif=exif)
    whole = decode(path, 100)
    boxes = [Box(0, 0, whole.width, whole.height), Box(3, 5, 11, 7), Box(whole.width - 4, whole.height - 9, 4, 9)]
    for photo in (path, path.read_bytes()):
        for box, part in zip(boxes, decode_parts(photo, 100, boxes), strict=True):
            x, y, w, h = int(box.x), int(box.y), int(box.w), int(box.h)
            assert np.array_equal(part, whole.pixels[y : y + h, x : x + w])


def test_parts_of_what_is_no_photo_or_too_large(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="is not an image"):
        decode_parts(b"anything", 100, [])
    Image = pytest.importorskip("PIL.Image")
    Image.new("RGB", (2000, 1000)).save(tmp_path / "a.png")
    with pytest.raises(PhotoError, match="has 2 megapixels, the limit is 1"):
        decode_parts(tmp_path / "a.png", 1, [])
