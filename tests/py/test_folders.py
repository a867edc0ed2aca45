"""Walking an album: what is a photo, what is skipped, odd names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from faces.errors import UsageError
from faces.folders import PlainAlbum, root_of


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def listed(root: Path, follow: bool = False) -> list[str]:
    return [folder.path_of(photo.name) for folder in PlainAlbum(root, follow).folders() for photo in folder.photos]


def test_photos_are_found_and_the_rest_is_skipped(tmp_path: Path) -> None:
    for name in ("a.JPG", "b.heic", "notes.txt", "sub/c.png", "sub/deep/d.webp", ".hidden.jpg", ".git/e.jpg", "lost+found/f.jpg",
                 ".Trash-1000/g.jpg", "faces/h.jpg", "sub/faces/i.jpg", "noextension"):  # fmt: skip
        touch(tmp_path / name)
    (tmp_path / "folder.jpg").mkdir()
    assert sorted(listed(tmp_path)) == ["a.JPG", "b.heic", "sub/c.png", "sub/deep/d.webp", "sub/faces/i.jpg"]


def test_odd_names_are_names(tmp_path: Path) -> None:
    odd = [
        "-rf.jpg",
        "o \"q\" 'x' ; $(id).jpg",
        "😀.jpg",
        "new\nline.jpg",
        "#1.jpg",
        "a,b.jpg",
        "=1+1.jpg",
        "Müller & Söhne.jpg",
        "%s.jpg",
    ]
    for name in odd:
        touch(tmp_path / name)
    found = next(iter(PlainAlbum(tmp_path).folders()))
    assert sorted(photo.name for photo in found.photos) == sorted(odd)


def test_a_name_that_is_no_text_is_told(tmp_path: Path) -> None:
    os.close(os.open(os.fsencode(tmp_path) + b"/\xff.jpg", os.O_CREAT))
    os.mkdir(os.fsencode(tmp_path) + b"/\xfe")
    folder = next(iter(PlainAlbum(tmp_path).folders()))
    assert folder.photos == []
    assert any("rename the photo" in p for p in folder.problems) and any(
        "rename the folder" in p for p in folder.problems
    )


def test_symbolic_links_only_on_request_and_never_in_circles(tmp_path: Path) -> None:
    album, outside = tmp_path / "album", touch(tmp_path / "outside" / "x.jpg")
    touch(album / "a.jpg")
    (album / "link.jpg").symlink_to(outside)
    (album / "there").symlink_to(outside.parent)
    (album / "back").symlink_to(album)
    (album / "dangling.jpg").symlink_to("/nonexistent")
    assert listed(album) == ["a.jpg"]
    assert "there/x.jpg" in listed(album, follow=True) and "link.jpg" in listed(album, follow=True)
    assert len(listed(album, follow=True)) < 10


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        PlainAlbum(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="is no folder"):
        PlainAlbum(touch(tmp_path / "file"))


def test_the_root_is_the_nearest_folder_with_data(tmp_path: Path) -> None:
    touch(tmp_path / "album" / "faces" / "config.json")
    photo = touch(tmp_path / "album" / "sub" / "a.jpg")
    assert root_of(photo) == tmp_path / "album"
    with pytest.raises(UsageError, match="faces detect"):
        root_of(touch(tmp_path / "other" / "b.jpg"))
