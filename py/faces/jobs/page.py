"""The pieces of the report's HTML. Every text passes through `escape`; no script, nothing loaded from outside."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from faces.records import Box

_HEAD = """<!doctype html>
{stamp}
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Faces</title><style>
{css}</style></head><body>
"""


def document(stamp: str, body: str) -> str:
    """The whole page; `stamp` is an HTML comment that stands near its beginning."""
    css = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    return _HEAD.format(stamp=stamp, css=css) + body + "</body></html>\n"


_END = ' text-anchor="end"'


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame round a face: box in fractions, the text under it, and its kind (named, guess, open, ...)."""

    box: Box
    text: str
    kind: str


def intro(numbers: Sequence[tuple[int, str]], engines: str) -> str:
    items = "".join(f"<li><b>{number}</b>{escape(what)}</li>" for number, what in numbers)
    links = "".join(
        f'<a href="#{key}">{text}</a>'
        for key, text in (
            ("people", "People"),
            ("photos", "Photos"),
            ("unnamed", "Unnamed"),
            ("failed", "Failed"),
            ("plots", "Plots"),
        )
    )
    return (
        f'<h1>Faces</h1><p class="soft">{escape(engines)}</p><nav>{links}</nav><ul class="numbers">{items}</ul>'
        '<p class="soft">Green: named by a person. Amber with a question mark: recognized. Blue: not known.</p>'
    )


def section(key: str, title: str, content: str) -> str:
    return f'<section id="{key}"><h2>{escape(title)}</h2>{content}</section>\n'


def nothing(text: str) -> str:
    return f'<p class="soft">{escape(text)}</p>'


def image(jpeg: bytes, text: str, kind: str = "") -> str:
    data = base64.b64encode(jpeg).decode("ascii")
    return (
        f'<img class="{escape(kind)}" alt="{escape(text)}" title="{escape(text)}" src="data:image/jpeg;base64,{data}">'
    )


def photo_card(title: str, jpeg: bytes, frames: Sequence[Frame]) -> str:
    boxes = "".join(
        f'<div class="frame {escape(f.kind)}" style="left:{f.box.x:.2%};top:{f.box.y:.2%};'
        f'width:{f.box.w:.2%};height:{f.box.h:.2%}">' + (f"<span>{escape(f.text)}</span>" if f.text else "") + "</div>"
        for f in frames
    )
    return (
        f'<figure><div class="photo">{image(jpeg, title)}{boxes}</div><figcaption>{escape(title)}</figcaption></figure>'
    )


def face_row(faces: Sequence[tuple[bytes, str, str]]) -> str:
    """(JPEG, kind, text) of each face."""
    items = "".join(image(jpeg, text, kind) for jpeg, kind, text in faces)
    return f'<div class="faces">{items}</div>' if items else ""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return "<table><tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + f"</tr>{lines}</table>"


def histogram(values: Sequence[float], title: str, limit: float | None, bins: int = 24) -> str:
    """A bar chart of how often which value occurs, with a line at `limit`."""
    width, height, base, tall = 440, 180, 150, 110
    if not values:
        return _svg(width, height, title, _text(12, 24, f"{title}: nothing yet"))
    top = max([*values, limit or 0.0]) * 1.05 or 1.0
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, max(0, int(value / top * bins)))] += 1
    step, most = (width - 20) / bins, max(counts)
    bars = "".join(
        f'<rect x="{10 + i * step:.1f}" y="{base - tall * n / most:.1f}" width="{step - 1:.1f}" '
        f'height="{tall * n / most:.1f}"><title>{n}</title></rect>'
        for i, n in enumerate(counts)
        if n
    )
    line = ""
    if limit:
        x = 10 + limit / top * (width - 20)
        line = f'<path d="M{x:.1f} 30V{base}"/>' + _text(x - 4, 28, f"threshold {limit:g}", end=True)
    heading = f"{title}: {len(values)} values, median {sorted(values)[len(values) // 2]:.2f}"
    axis = _text(10, 168, "0") + _text(width - 10, 168, f"{top:.2f}", end=True)
    return _svg(width, height, title, _text(12, 16, heading) + bars + line + axis)


def _svg(width: int, height: int, label: str, content: str) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">{content}</svg>'


def _text(x: float, y: float, text: str, end: bool = False) -> str:
    return f'<text x="{x:.1f}" y="{y}"{_END if end else ""}>{escape(text)}</text>'
