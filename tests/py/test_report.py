"""The report: one file, offline, everything escaped."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from faces.errors import PartlyFailed, StorageError
from faces.folders import PlainAlbum
from faces.jobs import page, report
from faces.progress import Progress
from fakes import draw
from steps import call, find

EVIL = "<script>alert(1)</script>\"'&"


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.text = ""
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)
        for key, value in attrs:
            assert not key.startswith("on"), key
            if key in ("src", "href"):
                self.sources.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_shows_all_and_escapes_all(drawn: Path, tmp_path: Path) -> None:
    draw(drawn / "sub" / "<img src=x onerror=alert(1)>.png", {"green": (9, 9)})
    (drawn / "bad.jpg").write_text("x")
    with pytest.raises(PartlyFailed):
        find(drawn)
    call(drawn, "a.png", EVIL)
    output = tmp_path / "out" / "r.html"
    assert report.run(PlainAlbum(drawn), output, Progress()).written
    reader = Reader()
    text = output.read_text()
    reader.feed(text)
    assert reader.open == []
    assert not {"script", "iframe", "link", "object", "form"} & set(reader.tags)
    assert all(source.startswith(("data:image/jpeg;base64,", "#")) for source in reader.sources)
    assert "http" not in text.replace("http-equiv", "")
    assert EVIL in reader.text and f"{EVIL}?" in reader.text
    assert "<img src=x onerror=alert(1)>.png" in reader.text
    assert "is not an image" in reader.text
    assert reader.text.count("People (1)") == 1
    assert "width=device-width" in text and "default-src 'none'" in text


def test_a_report_of_the_same_data_is_not_written_again(drawn: Path, tmp_path: Path) -> None:
    find(drawn)
    output = tmp_path / "r.html"
    assert report.run(PlainAlbum(drawn), output, Progress()).written
    assert not report.run(PlainAlbum(drawn), output, Progress()).written
    call(drawn, "a.png", "Ruth")
    assert report.run(PlainAlbum(drawn), output, Progress()).written


def test_an_empty_album_and_a_limit(tmp_path: Path, drawn: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert report.run(PlainAlbum(empty), tmp_path / "e.html", Progress()).written
    find(drawn)
    report.run(PlainAlbum(drawn), tmp_path / "l.html", Progress(), limit=1)
    assert "1 of 4 photos" in (tmp_path / "l.html").read_text()


def test_a_place_that_cannot_be_written(drawn: Path) -> None:
    find(drawn)
    with pytest.raises(StorageError):
        report.run(PlainAlbum(drawn), Path("/proc/nowhere/r.html"), Progress())


def test_plots_of_nothing_and_of_one_value() -> None:
    assert "nothing yet" in page.histogram([], "x", None)
    assert "threshold 0.5" in page.histogram([0.1], "x", 0.5)
    assert "<rect" in page.histogram([0.0], "x", None)
