"""What is in our text files: faces.csv, names.csv, config.json. docs/formats.md describes them; faces.pkl: `parquet`.

Each reader takes a DataFile and returns our own types; each writer leaves the file untouched if nothing
changed. A file that is not ours raises DataFileError.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from types import EllipsisType
from typing import Any

from faces.errors import ForeignFile
from faces.files import DataFile
from faces.records import DECISIONS, Box, Decision, ShownFace

CSV_COLUMNS = (
    "id",
    "file",
    "photo",
    "x",
    "y",
    "w",
    "h",
    "face_nr",
    "name",
    "state",
    "name_recognized",
    "distance",
    "distance_metric",
    "model",
    "detector",
    "confidence",
    "time_named",
    "date_taken",
    "mtime",
    "content",
    "cluster",
    "name_in_photo",
)
JOURNAL_COLUMNS = ("time", "face", "photo", "file", "x", "y", "w", "h", "decision", "name", "by", "content")

_ID = re.compile(r"[0-9a-f]{32}")


# --- faces.csv ----------------------------------------------------------------------------------------------


def read_shown(file: DataFile) -> list[ShownFace] | None:
    """The rows of a faces.csv; None where there is none. A row that makes no sense is left out.

    Raises ForeignFile for a file that is not ours (its header lacks our columns) or no UTF-8.
    """
    content = file.read()
    return None if content is None else parse_shown(file, content)


def parse_shown(file: DataFile, content: bytes) -> list[ShownFace]:
    """The same of content that was read already."""
    if not content.strip():
        return []
    reader, header = _csv_reader(file, content)
    place = {name: i for i, name in enumerate(header)}
    ours = [place.get(name, len(header)) for name in CSV_COLUMNS]
    extra = [(name, i) for name, i in place.items() if name not in CSV_COLUMNS]
    rows = []
    try:
        for cells in reader:
            cells += [""] * (len(header) + 1 - len(cells))  # short rows, and a place for columns that are missing
            face = _shown([cells[i] for i in ours])
            if face:
                face.extra = {name: cells[i] for name, i in extra}
                if "cluster" not in place:
                    face.cluster = None
                rows.append(face)
    except csv.Error as error:
        raise ForeignFile(f"{file} is damaged ({error}); it was left alone. Mend or rename it") from error
    return rows


def check_shown(file: DataFile) -> None:
    """Raises what `read_shown` would, looking at the header only."""
    content = file.read()
    if content and content.strip():
        _csv_reader(file, content)


def _shown(cells: list[str]) -> ShownFace | None:
    """A row from its cells in the order of CSV_COLUMNS; None if it makes no sense."""
    face, file, photo, x, y, w, h, number, name, state, guess, distance, *more = cells
    metric, model, detector, confidence, time, taken, mtime, content, cluster, in_photo = more
    try:
        box = Box(float(x), float(y), float(w), float(h))
        far, sure = float(distance) if distance else None, float(confidence or 0)
        if not face or not box.is_sane() or not math.isfinite((far or 0.0) + sure):
            return None
        shown = ShownFace(
            cell_text(face), cell_text(file), photo, box, int(number or 0), cell_text(name), state, cell_text(guess)
        )
    except ValueError:
        return None
    shown.distance, shown.distance_metric, shown.model, shown.detector = far, metric, model, detector
    shown.confidence, shown.time_named, shown.date_taken, shown.mtime = sure, time, taken, mtime
    shown.content, shown.cluster = content, cluster if _ID.fullmatch(cluster) else ""
    shown.name_in_photo = cell_text(in_photo)
    return shown


def write_shown(file: DataFile, faces: Iterable[ShownFace], expected: bytes | EllipsisType | None = ...) -> bool:
    """Replace a faces.csv by these rows, unknown columns after ours; False if it was the same already.

    Raises ChangedMeanwhile if a person saved it since the caller read it (`expected`).
    """
    return file.write(shown_to_bytes(faces), expected)


def shown_to_bytes(faces: Iterable[ShownFace]) -> bytes:
    """What a faces.csv with these rows holds."""
    faces = list(faces)
    extra = list(dict.fromkeys(name for face in faces for name in face.extra))
    lines = _Lines()
    lines.add([*CSV_COLUMNS, *extra])
    for face in faces:
        lines.add(_shown_cells(face, extra))
    return lines.text().encode("utf-8")


def _shown_cells(f: ShownFace, extra: Sequence[str]) -> list[object]:
    distance = "" if f.distance is None else f"{f.distance:.4f}"
    text = (_guard(f.name), f.state, _guard(f.name_recognized), distance, f.distance_metric, f.model, f.detector)
    own = (_guard(f.id), _guard(f.file), f.photo, *_decimals(f.box), f.face_nr, *text, f"{f.confidence:.3f}")
    more = (f.time_named, f.date_taken, f.mtime, f.content, f.cluster or "", _guard(f.name_in_photo))
    return [*own, *more, *(f.extra.get(name, "") for name in extra)]


class ShownLines:
    """A faces.csv as we wrote it, of which a few rows are to be changed: the others stay the text they are.

    Raises ForeignFile for one that we did not write, or of which a row takes more than a line.
    """

    def __init__(self, file: DataFile, content: bytes):
        self._lines = content.decode("utf-8", "replace").split("\n")
        reader, header = _csv_reader(file, content)
        #: The cells of each row, as they are written.
        self.rows: list[list[str]] = list(reader)
        self._extra = header[len(CSV_COLUMNS) :]
        ours = tuple(header[: len(CSV_COLUMNS)]) == CSV_COLUMNS
        if not ours or len(self.rows) + 2 != len(self._lines) or any(len(row) != len(header) for row in self.rows):
            raise ForeignFile(f"{file} was not written by this program")

    def face(self, number: int) -> ShownFace:
        """A row. ForeignFile if it makes no sense."""
        cells = self.rows[number]
        face = _shown(cells[: len(CSV_COLUMNS)])
        if face is None:
            raise ForeignFile(f"row {number + 2} makes no sense")
        face.extra = dict(zip(self._extra, cells[len(CSV_COLUMNS) :], strict=True))
        return face

    def put(self, number: int, face: ShownFace) -> bool:
        """Write a row anew; False if it was the same already."""
        line = _Lines()
        line.add(_shown_cells(face, self._extra))
        text = line.text().removesuffix("\n")
        if text == self._lines[number + 1]:
            return False
        self._lines[number + 1] = text
        self.rows[number] = next(csv.reader([text]))
        return True

    def content(self) -> bytes:
        return "\n".join(self._lines).encode("utf-8")


class _Lines:
    """CSV with LF at the ends of lines and every cell with a CR or LF quoted: csv.writer quotes only what its own
    line ending has, so it writes CR LF, which is cut off."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._writer = csv.writer(self, lineterminator="\r\n")

    def add(self, cells: Sequence[object]) -> None:
        self._writer.writerow(cells)

    def write(self, line: str) -> None:
        self._lines.append(line[:-2])

    def text(self) -> str:
        return "\n".join([*self._lines, ""])


def _decimals(box: Box) -> list[str]:
    return [f"{value:.5f}" for value in (box.x, box.y, box.w, box.h)]


def _csv_reader(file: DataFile, content: bytes) -> tuple[Any, list[str]]:
    try:
        text = content.decode("utf-8-sig")  # spreadsheets put a byte order mark before it
    except UnicodeDecodeError as error:
        raise ForeignFile(
            f"{file} is no UTF-8 text; it was left alone. Save it as UTF-8, or rename it to let a new one be made"
        ) from error
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)  # a spreadsheet may have saved it in its country's way
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = next(reader, [])
    except csv.Error:
        header = []
    missing = [name for name in ("id", "file", "x", "y", "w", "h") if name not in header]
    if missing:
        raise ForeignFile(
            f"{file} is not ours: column {missing[0]!r} is missing; it was left alone. "
            "Rename it to let a new one be made"
        )
    return reader, header


def table(columns: Iterable[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV of our own making, for people to read: text that looks like a formula is text."""
    lines = _Lines()
    lines.add([*columns])
    for row in rows:
        lines.add([_guard(cell) if isinstance(cell, str) else cell for cell in row])
    return lines.text().encode("utf-8", "backslashreplace")


# A spreadsheet runs a cell that starts like a formula (OWASP: CSV injection). An apostrophe before it makes it
# text; one is added before apostrophes that look like ours, so that reading gives back what was written.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")


def _guard(text: str) -> str:
    return "'" + text if _FORMULA.match(text) else text


def cell_text(text: str) -> str:
    """The text that a cell of faces.csv or names.csv stands for."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


# --- names.csv ----------------------------------------------------------------------------------------------


def read_decisions(file: DataFile, warn: Callable[[str], None] = lambda _: None) -> list[Decision]:
    """The decisions of a journal in the order of the file. A line that makes no sense is left out with a
    warning (and left in the file): one torn line must not cost the other names."""
    decisions, bad = parse_decisions(file.read() or b"")
    if bad:
        warn(damaged_lines(file, bad, len(decisions)))
    return decisions


def damaged_lines(file: DataFile, bad: int, good: int) -> str:
    return f"{file}: {bad} line(s) damaged and left out; the other {good} decisions hold"


def parse_decisions(content: bytes) -> tuple[list[Decision], int]:
    """The decisions in a journal's content, and how many lines make no sense."""
    decisions, bad = [], 0
    header: list[str] = list(JOURNAL_COLUMNS)
    # Line by line: no cell holds a line break, so a torn quote spoils its own line only.
    for line in content.split(b"\n"):
        text = line.decode("utf-8", "replace").removeprefix("\ufeff").rstrip("\r")
        if not text.strip():
            continue
        values = _cells(text)
        if values[:2] == ["time", "face"]:
            ours = tuple(values) == JOURNAL_COLUMNS[: len(values)]  # shorter: of before there was the last column
            header = list(JOURNAL_COLUMNS) if ours else values
            continue
        decision = _decision(dict(zip(header, values, strict=False)))
        if decision:
            decisions.append(decision)
        else:
            bad += 1
    return decisions, bad


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []


def _decision(cell: dict[str, str]) -> Decision | None:
    try:
        decision = Decision(
            cell["time"],
            cell["face"],
            cell["photo"],
            cell_text(cell["file"]),
            Box(*(float(cell[k]) for k in "xywh")),
            cell["decision"],
            cell_text(cell["name"]),
            cell_text(cell["by"]),
            cell.get("content", ""),
        )
    except (KeyError, ValueError):
        return None
    needs_name = decision.decision in ("name", "reject")
    makes_sense = decision.decision in DECISIONS and (decision.name or not needs_name)
    return decision if makes_sense and is_time(decision.time) else None


def is_time(text: str) -> bool:
    """Whether it is a time as the journal has them, which sort as text: UTC, ISO 8601, with Z; of the calendar, and
    before 2200: nothing could be decided after one of the year 9999."""
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text, re.ASCII) is None:
        return False
    try:
        return datetime.fromisoformat(text[:19]).year < 2200
    except ValueError:
        return False


def one_line(text: str) -> str:
    """Line breaks as the replacement character: the journal is read line by line."""
    return text if text.isprintable() else "\ufffd".join(text.splitlines())


def append_decisions(file: DataFile, decisions: Sequence[Decision]) -> None:
    """Add decisions; they are on disk when this returns. The caller holds the lock of the journal."""
    file.append(b"".join(map(_journal_line, decisions)), (",".join(JOURNAL_COLUMNS) + "\n").encode())


def _journal_line(d: Decision) -> bytes:
    line = _Lines()
    text = [one_line(cell) for cell in (d.time, d.face, d.photo, d.file, d.decision, d.name, d.by, d.content)]
    time, face, photo, path, kind, name, by, content = text
    line.add([time, face, photo, _guard(path), *_decimals(d.box), kind, _guard(name), _guard(by), content])
    return line.text().encode("utf-8")


# --- config.json, thresholds.json ---------------------------------------------------------------------------

LARGEST_JSON = 1 << 20


def read_json(file: DataFile) -> tuple[dict[str, Any] | None, str]:
    """The object in a JSON file and a warning: (None, "") where there is none, (None, reason) if damaged."""
    content = file.read()
    if content is None or not content.strip():
        return None, ""
    if len(content) > LARGEST_JSON:
        return None, f"{file} has {len(content)} bytes, more than {LARGEST_JSON}: left out"
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        return None, f"{file} is damaged ({error}): using the defaults"
    if not isinstance(value, dict):
        return None, f"{file} holds no object: using the defaults"
    return value, ""


def write_json(file: DataFile, value: dict[str, Any]) -> bool:
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    return file.write(text.encode("utf-8", "backslashreplace"))  # half a surrogate pair stays the escape it was
