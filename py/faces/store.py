"""What is in our files: faces.pkl (Parquet), faces.csv, names.csv, config.json. docs/formats.md describes them.

Each reader takes a DataFile and returns our own types; each writer leaves the file untouched if nothing
changed. A file that is not ours raises DataFileError, and nothing here ever unpickles.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from faces.errors import DamagedFile, ForeignFile, PickleRefused
from faces.files import DataFile
from faces.records import DECISIONS, FORMAT_VERSION, Box, Decision, FaceRow, ShownFace

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
)
JOURNAL_COLUMNS = ("time", "face", "photo", "file", "x", "y", "w", "h", "decision", "name", "by")

_TEXT = (
    "status",
    "photo",
    "file",
    "content",
    "date_taken",
    "detector",
    "face",
    "model",
    "space",
    "gender",
    "emotion",
    "race",
    "error",
)
_PARQUET_MAGIC = b"PAR1"


# --- faces.pkl ----------------------------------------------------------------------------------------------


def read_faces(file: DataFile, embeddings: bool = True) -> list[FaceRow] | None:
    """The rows of a faces.pkl; None where there is none. Without `embeddings` that column is not read at all.

    Raises PickleRefused (nothing is ever unpickled), DamagedFile, or ForeignFile for one of a newer format.
    """
    content = file.read()
    if content is None:
        return None
    if content[:4] != _PARQUET_MAGIC:
        if content[:1] == b"\x80" or content[-1:] == b".":  # the PROTO opcode, the STOP opcode
            raise PickleRefused(
                f"{file.path} is a Python pickle, which could run anything when loaded: it was not "
                "read; detection will replace it"
            )
        raise DamagedFile(f"{file.path} is damaged: no Parquet file")
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        parquet = pq.ParquetFile(pa.BufferReader(content))
        schema = parquet.schema_arrow
        metadata = schema.metadata or {}
        version = int(metadata.get(b"faces_format", b"0"))
        if version > FORMAT_VERSION:
            raise ForeignFile(
                f"{file.path} has format {version}, this program knows {FORMAT_VERSION}: "
                "update the program; the file was left alone"
            )
        if version < 1:
            raise ForeignFile(f"{file.path} is a Parquet file, but not one of ours; it was left alone")
        there = set(schema.names) - (set() if embeddings else {"embedding"})
        names = [f.name for f in fields(FaceRow) if f.name in there]
        return _rows(parquet.read(columns=names, use_threads=False), names)
    except (pa.ArrowException, ValueError, TypeError, OSError, BufferError, MemoryError) as error:
        raise DamagedFile(f"{file.path} is damaged: {error}") from error


def _rows(table: Any, names: list[str]) -> list[FaceRow]:
    columns: list[list[Any]] = []
    for item in fields(FaceRow):
        if item.name not in names:  # not asked for, or of a file older than the column
            columns.append([item.default] * table.num_rows)
        else:
            column = table.column(item.name).combine_chunks()
            columns.append(_vectors(column) if item.name == "embedding" else column.to_pylist())
    return [FaceRow(*values) for values in zip(*columns, strict=True)]


def _vectors(column: Any) -> list[Any]:
    """Each row's embedding as a view into one array; None for an empty one."""
    # from_dlpack, because to_numpy imports pandas: half a second and 100 MB for nothing
    values = np.from_dlpack(column.flatten()) if len(column.flatten()) else np.empty(0, np.float32)
    lengths = [length or 0 for length in column.value_lengths().to_pylist()]
    ends = np.cumsum(lengths)
    return [values[end - n : end] if n else None for n, end in zip(lengths, ends.tolist(), strict=True)]


def write_faces(file: DataFile, rows: Sequence[FaceRow]) -> bool:
    """Replace a faces.pkl by these rows; False if it was the same already."""
    return file.write(faces_to_bytes(rows))


def faces_to_bytes(rows: Sequence[FaceRow]) -> bytes:
    """The rows as Parquet, in a fixed order, so that equal rows give equal bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    ordered = sorted(rows, key=lambda r: (r.file, r.detector, r.face, r.model, r.status))
    schema = _schema(pa)
    arrays = [pa.array([getattr(row, item.name) for row in ordered], type=item.type) for item in schema]
    buffer = io.BytesIO()
    pq.write_table(
        pa.Table.from_arrays(arrays, schema=schema),
        buffer,
        compression="zstd",
        use_dictionary=[*_TEXT],
        write_statistics=False,
        store_schema=True,
    )
    return buffer.getvalue()


def _schema(pa: Any) -> Any:
    kinds = {
        "size": pa.int64(),
        "mtime_ns": pa.int64(),
        "orientation": pa.int8(),
        "width": pa.int32(),
        "height": pa.int32(),
        "attempts": pa.int32(),
        "landmarks": pa.list_(pa.float32()),
        "embedding": pa.list_(pa.float32()),
        **dict.fromkeys(_TEXT, pa.string()),
    }
    return pa.schema(
        [(f.name, kinds.get(f.name, pa.float32())) for f in fields(FaceRow)],
        metadata={"faces_format": str(FORMAT_VERSION)},
    )


# --- faces.csv ----------------------------------------------------------------------------------------------


def read_shown(file: DataFile) -> list[ShownFace] | None:
    """The rows of a faces.csv; None where there is none. A row that makes no sense is left out.

    Raises ForeignFile for a file that is not ours (its header lacks our columns) or no UTF-8.
    """
    content = file.read()
    if content is None:
        return None
    if not content.strip():
        return []
    reader, header = _csv_reader(file, content)
    rows = []
    try:
        for values in reader:
            face = _shown(dict(zip(header, values, strict=False)))
            if face:
                rows.append(face)
    except csv.Error as error:
        raise ForeignFile(f"{file.path} is damaged ({error}); it was left alone. Mend or rename it") from error
    return rows


def check_shown(file: DataFile) -> None:
    """Raises what `read_shown` would, looking at the header only."""
    content = file.read()
    if content and content.strip():
        _csv_reader(file, content)


def _shown(cell: dict[str, str]) -> ShownFace | None:
    def take(name: str) -> str:
        return cell.pop(name, "")

    try:
        box = Box(*(float(take(k)) for k in "xywh"))
        face = ShownFace(take("id"), _unguard(take("file")), take("photo"), box, int(take("face_nr") or 0))
        face.name, face.state, face.name_recognized = (
            _unguard(take("name")),
            take("state"),
            _unguard(take("name_recognized")),
        )
        distance = take("distance")
        face.distance = float(distance) if distance else None
        face.confidence = float(take("confidence") or 0)
    except ValueError:
        return None
    for column in ("distance_metric", "model", "detector", "time_named", "date_taken", "mtime"):
        setattr(face, column, take(column))
    face.extra = cell
    return face if face.id and box.is_sane() else None


def write_shown(file: DataFile, faces: Iterable[ShownFace]) -> bool:
    """Replace a faces.csv by these rows, unknown columns after ours; False if it was the same already."""
    faces = list(faces)
    extra = list(dict.fromkeys(name for face in faces for name in face.extra))
    lines = _Lines()
    lines.add([*CSV_COLUMNS, *extra])
    for f in faces:
        distance = "" if f.distance is None else f"{f.distance:.4f}"
        text = (_guard(f.name), f.state, _guard(f.name_recognized), distance, f.distance_metric, f.model, f.detector)
        own = (f.id, _guard(f.file), f.photo, *_decimals(f.box), f.face_nr, *text, f"{f.confidence:.3f}")
        lines.add([*own, f.time_named, f.date_taken, f.mtime, *(f.extra.get(name, "") for name in extra)])
    return file.write(lines.text().encode("utf-8"))


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
            f"{file.path} is no UTF-8 text; it was left alone. Save it as UTF-8, or rename it to let a new one be made"
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
            f"{file.path} is not ours: column {missing[0]!r} is missing; it was left alone. "
            "Rename it to let a new one be made"
        )
    return reader, header


# A spreadsheet runs a cell that starts like a formula (OWASP: CSV injection). An apostrophe before it makes it
# text; one is added before apostrophes that look like ours, so that reading gives back what was written.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")


def _guard(text: str) -> str:
    return "'" + text if _FORMULA.match(text) else text


def _unguard(text: str) -> str:
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


# --- names.csv ----------------------------------------------------------------------------------------------


def read_decisions(file: DataFile, warn: Callable[[str], None] = lambda _: None) -> list[Decision]:
    """The decisions of a journal in the order of the file. A line that makes no sense is left out with a
    warning (and left in the file): one torn line must not cost the other names."""
    content = file.read()
    if not content:
        return []
    decisions, bad = [], 0
    header: list[str] = list(JOURNAL_COLUMNS)
    # Line by line: no cell holds a line break, so a torn quote spoils its own line only.
    for line in content.split(b"\n"):
        text = line.decode("utf-8", "replace").removeprefix("\ufeff").rstrip("\r")
        if not text.strip():
            continue
        values = _cells(text)
        if values[:2] == ["time", "face"]:
            header = values
            continue
        decision = _decision(dict(zip(header, values, strict=False)))
        if decision:
            decisions.append(decision)
        else:
            bad += 1
    if bad:
        warn(f"{file.path}: {bad} line(s) damaged and left out; the other {len(decisions)} decisions hold")
    return decisions


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
            _unguard(cell["file"]),
            Box(*(float(cell[k]) for k in "xywh")),
            cell["decision"],
            _unguard(cell["name"]),
            cell["by"],
        )
    except (KeyError, ValueError):
        return None
    needs_name = decision.decision in ("name", "reject")
    return decision if decision.decision in DECISIONS and (decision.name or not needs_name) else None


def one_line(text: str) -> str:
    """Line breaks as the replacement character: the journal is read line by line."""
    return text if text.isprintable() else "\ufffd".join(text.splitlines())


def append_decision(file: DataFile, decision: Decision) -> None:
    """Add one decision; it is on disk when this returns. The caller holds the lock of the journal."""
    header = ",".join(JOURNAL_COLUMNS) + "\n"
    own = (decision.time, decision.face, decision.photo, _guard(one_line(decision.file)), *_decimals(decision.box))
    line = _Lines()
    line.add([*own, decision.decision, _guard(one_line(decision.name)), decision.by])
    file.append_line(line.text(), header)


# --- config.json, thresholds.json ---------------------------------------------------------------------------

LARGEST_JSON = 1 << 20


def read_json(file: DataFile) -> tuple[dict[str, Any] | None, str]:
    """The object in a JSON file and a warning: (None, "") where there is none, (None, reason) if damaged."""
    content = file.read()
    if content is None or not content.strip():
        return None, ""
    if len(content) > LARGEST_JSON:
        return None, f"{file.path} has {len(content)} bytes, more than {LARGEST_JSON}: left out"
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        return None, f"{file.path} is damaged ({error}): using the defaults"
    if not isinstance(value, dict):
        return None, f"{file.path} holds no object: using the defaults"
    return value, ""


def write_json(file: DataFile, value: dict[str, Any]) -> bool:
    return file.write((json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode("utf-8"))
