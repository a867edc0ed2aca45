"""faces.pkl: Parquet, whatever its name. docs/formats.md describes its columns. Nothing here ever unpickles.

pyarrow is loaded by the first file that is there.
"""

from __future__ import annotations

import io
import itertools
import os
import pickletools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faces.errors import DamagedFile, ForeignFile, PickleRefused
from faces.files import DataFile
from faces.records import FORMAT_VERSION, FaceRow

# Arrow's own pool takes a gigabyte of addresses, which a limit of memory counts, and gives little of it back; malloc is
# as fast here. It is read when pyarrow is loaded.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

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
    "date_source",
    "region_name",
    "region_time",
)
#: Columns that numpy turns into Python numbers ten times faster than pyarrow.
_NUMBERS = (
    "size",
    "mtime_ns",
    "orientation",
    "width",
    "height",
    "min_width",
    "x",
    "y",
    "w",
    "h",
    "confidence",
    "attempts",
    "seconds_decode",
    "seconds_detect",
    "seconds_embed",
    "regions_read",
)
_PARQUET_MAGIC = b"PAR1"
#: Bytes for which the machine is not asked whether they are free.
_NOT_ASKED_FOR = 16 << 20
#: More rows than any folder has; a small file could claim billions.
MOST_ROWS = 3_000_000


def read_faces(file: DataFile, embeddings: bool = True, without: frozenset[str] = frozenset()) -> list[FaceRow] | None:
    """The rows of a faces.pkl; None where there is none. Without `embeddings` that column is not read at all,
    nor are those of `without`: they have their defaults then.

    Raises PickleRefused (nothing is ever unpickled), DamagedFile, or ForeignFile for one of a newer format.
    """
    opened = _open(file)
    if opened is None:
        return None
    import pyarrow as pa

    there = set(opened.schema_arrow.names) - without - (set() if embeddings else {"embedding"})
    names = [f.name for f in fields(FaceRow) if f.name in there]
    with _damage(file):
        _check_memory(file, opened.metadata, names)
        return _rows(opened.read(columns=names, use_threads=False), names, _schema(pa))


@dataclass(slots=True)
class Embedded:
    """Rows with an embedding: (n,) face ids, widths in pixels, detectors, models and spaces; n vectors."""

    faces: list[str]
    widths: list[float]
    detectors: list[str]
    models: list[str]
    spaces: list[str]
    vectors: list[NDArray[np.float32]]


def read_embedded(file: DataFile) -> Embedded:
    """What guesses are made from, in the order of the rows and several times as fast as `read_faces`, which raises the
    same."""
    opened = _open(file)
    names = ("face", "w", "detector", "model", "space", "embedding")
    if opened is None:
        return Embedded([], [], [], [], [], [])
    import pyarrow as pa

    with _damage(file):
        _check_memory(file, opened.metadata, names)
        table, schema = opened.read(columns=names, use_threads=False), _schema(pa)
        columns = [_values(table.column(name).combine_chunks(), schema.field(name).type, name) for name in names]
        if any(vector is None for vector in columns[-1]):
            kept = [i for i, vector in enumerate(columns[-1]) if vector is not None]
            columns = [[column[i] for i in kept] for column in columns]
        return Embedded(*columns)


def _open(file: DataFile) -> Any:
    """The file as pyarrow has it, checked; None where there is none. Raises what `read_faces` does."""
    content = file.read()
    if not content:  # an empty one is there to be filled: a hub's page makes such, which a computer sees over WebDAV
        return None
    if content[:4] != _PARQUET_MAGIC:
        if _is_pickle(content):
            raise PickleRefused(
                f"{file} is a Python pickle, which could run anything when loaded: it was not "
                "read; detection will replace it"
            )
        if not content.strip(b"\0") or _PARQUET_MAGIC.startswith(content):  # a disk may lose what was in a file
            raise DamagedFile(f"{file} is damaged: nothing is left in it")
        raise ForeignFile(f"{file} is no Parquet file, so it is not ours; it was left alone. Rename or delete it")
    import pyarrow as pa
    import pyarrow.parquet as pq

    with _damage(file):
        parquet = pq.ParquetFile(pa.BufferReader(content))
        schema = parquet.schema_arrow
        metadata = schema.metadata or {}
        version = int(metadata.get(b"faces_format", b"0"))
        if version > FORMAT_VERSION:
            raise ForeignFile(
                f"{file} has format {version}, this program knows {FORMAT_VERSION}: "
                "update the program; the file was left alone"
            )
        if version < 1:
            raise ForeignFile(f"{file} is a Parquet file, but not one of ours; it was left alone")
        if parquet.metadata.num_rows > MOST_ROWS:
            raise DamagedFile(f"{file} is damaged: {parquet.metadata.num_rows} rows")
        if len(set(schema.names)) < len(schema.names):
            raise DamagedFile(f"{file} is damaged: two columns of one name")
        return parquet


@contextmanager
def _damage(file: DataFile) -> Iterator[None]:
    """What goes wrong while pyarrow reads it, as DamagedFile."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, ValueError, TypeError, OSError, BufferError, MemoryError) as error:
        raise DamagedFile(f"{file} is damaged: {error}") from error


def _check_memory(file: DataFile, metadata: Any, names: Sequence[str]) -> None:
    """ForeignFile for one of which these columns would not fit: a few kB can be packed to unpack to gigabytes, and the
    kernel kills who does so without a word. Measured: 60 bytes for a value, 4 for a number of a vector."""
    places = [j for j in range(metadata.num_columns) if metadata.schema.column(j).path.partition(".")[0] in names]
    columns = [group.column(j) for group in map(metadata.row_group, range(metadata.num_row_groups)) for j in places]
    needed = sum(
        c.num_values * (8 if c.path_in_schema.startswith(("embedding.", "landmarks.")) else 60) for c in columns
    )
    if needed < _NOT_ASKED_FOR:
        return
    import psutil

    if needed > psutil.virtual_memory().available:
        raise ForeignFile(
            f"{file} would take {needed >> 20} MB of memory to read, more than is free; it was left alone"
        )


def _is_pickle(content: bytes) -> bool:
    """Looks at the opcodes only; nothing is run."""
    if content[:1] == b"\x80":  # PROTO: every pickle since Python 2.3
        return True
    if content[-1:] != b".":  # STOP
        return False
    try:
        return sum(1 for _ in pickletools.genops(content)) > 1
    except Exception:  # text, or anything else
        return False


def _rows(table: Any, names: list[str], schema: Any) -> list[FaceRow]:
    columns: list[list[Any]] = []
    for item in fields(FaceRow):
        if item.name not in names:  # not asked for, or of a file older than the column
            columns.append([item.default] * table.num_rows)
            continue
        column, wanted = table.column(item.name).combine_chunks(), schema.field(item.name).type
        if column.null_count and item.name not in ("age", "embedding"):
            raise ValueError(f"no value in column {item.name}")
        columns.append(_values(column, wanted, item.name))
    return [FaceRow(*values) for values in zip(*columns, strict=True)]


def _values(column: Any, wanted: Any, name: str) -> list[Any]:
    """A column as Python values."""
    if column.type != wanted:
        column = column.cast(wanted)
    if name == "embedding":
        return _vectors(column)
    if name in _NUMBERS and len(column):
        return list(np.from_dlpack(column).tolist())
    return list(column.to_pylist())


def _vectors(column: Any) -> list[Any]:
    """Each row's embedding as a view into one array; None for an empty one."""
    # from_dlpack, because to_numpy imports pandas: half a second and 100 MB for nothing; nor any method that imports
    # pyarrow.compute, a tenth of a second
    values = np.from_dlpack(column.values) if len(column.values) else np.empty(0, np.float32)
    ends = np.from_dlpack(column.offsets).tolist()
    there = itertools.repeat(True)
    if column.null_count:  # a bit for each row (Arrow's columnar format)
        bits = np.unpackbits(np.frombuffer(column.buffers()[0], np.uint8), bitorder="little")
        there = iter(bits[column.offset :].tolist())
    return [
        values[start:end] if start < end and is_there else None
        for start, end, is_there in zip(ends, ends[1:], there, strict=False)
    ]


def write_faces(file: DataFile, rows: Sequence[FaceRow]) -> bool:
    """Replace a faces.pkl by these rows; False if it was the same already."""
    return file.write(faces_to_bytes(rows))


def faces_to_bytes(rows: Sequence[FaceRow]) -> bytes:
    """The rows as Parquet, in a fixed order, so that equal rows give equal bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    ordered = sorted(rows, key=lambda r: (r.file, r.photo, r.detector, r.face, r.model, r.status))
    schema = _schema(pa)
    arrays = [_array(pa, [getattr(row, item.name) for row in ordered], item.type) for item in schema]
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


def _array(pa: Any, values: list[Any], kind: Any) -> Any:
    """Values as an Arrow array, None as null. Made from buffers, because pa.array imports pandas if it is installed,
    half a second and 100 MB for nothing. (Arrow's columnar format: validity bits, offsets, data.)"""
    there = np.array([value is not None for value in values], np.bool_)
    valid = None if there.all() else pa.py_buffer(np.packbits(there, bitorder="little"))
    if kind not in (pa.string(), pa.list_(pa.float32())):
        numbers = np.array([value or 0 for value in values], _NUMPY[str(kind)])
        return pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(numbers)])
    parts: list[Any] = [
        value.encode() if isinstance(value, str) else () if value is None else value for value in values
    ]
    offsets = pa.py_buffer(np.cumsum([0, *map(len, parts)]).astype(np.int32))
    if kind == pa.string():
        return pa.Array.from_buffers(kind, len(values), [valid, offsets, pa.py_buffer(b"".join(parts))])
    flat = np.concatenate([np.empty(0, np.float32), *parts]).astype(np.float32)
    children = [pa.Array.from_buffers(pa.float32(), len(flat), [None, pa.py_buffer(flat)])]
    return pa.Array.from_buffers(kind, len(values), [valid, offsets], children=children)


_NUMPY = {"int8": np.int8, "int32": np.int32, "int64": np.int64, "float": np.float32}


@lru_cache
def _schema(pa: Any) -> Any:
    kinds = {
        "size": pa.int64(),
        "mtime_ns": pa.int64(),
        "orientation": pa.int8(),
        "regions_read": pa.int8(),
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
