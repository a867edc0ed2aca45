"""What is stored, for `make bench`: reading it beside pandas, writing no more than changed, float16."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from bench_commands import faces, shown, stored
from bench_photos import Absent
from bench_rows import Bench, Row, Section, span
from faces import parquet
from faces.files import DataFile
from faces.records import OPEN

#: Folders, photos in each with two faces, numbers of an embedding.
SIZE = (500, 50, 512)


def _store(bench: Bench) -> Path:
    root, (folders, photos, numbers) = bench.photos.folder / "store", SIZE
    if not root.exists():
        _work(bench, "make_store", root=str(root), folders=folders, photos=photos, numbers=numbers)()
    return root


def _work(bench: Bench, name: str, **arguments: Any) -> Callable[[], dict[str, Any]]:
    return partial(bench.child, name, script="bench_stores_work", **arguments)


#: What is read -> how it is called, of ours and of pandas.
READ = {
    "all": ("parquet.read_faces", "all columns"),
    "embeddings": ("parquet.read_faces", "all but the embeddings"),
    "load": ("collection.load", "what a whole recognition reads"),
}


def reading(bench: Bench, how: str) -> list[Row]:
    if importlib.util.find_spec("pandas") is None:
        raise Absent("the package pandas is not there")
    root = str(_store(bench))
    pair = bench.pair(_work(bench, "read_ours", root=root, how=how), _work(bench, "read_pandas", root=root, how=how))
    if pair.ours["faces"] != pair.peer["faces"]:
        raise RuntimeError(f"{pair.ours['faces']} faces read, pandas has {pair.peer['faces']}")
    limit = ""
    if how == "all":
        plain = _work(bench, "read_plain", root=root)()
        limit = f"{span(plain['seconds'])}: the files' bytes; {span(plain['npy'])}: the vectors in one .npy"
    what = f"Reading {pair.ours['faces']:,} faces of {SIZE[2]} numbers from {SIZE[0]} folders, {READ[how][1]}: {READ[how][0]}, " \
           "against pandas.read_parquet"  # fmt: skip
    return [pair.row(what, None, "", limit)]


# Writing


def _state(root: Path) -> dict[str, tuple[int, int]]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


def _written(bench: Bench, root: Path) -> tuple[list[str], list[str]]:
    """What a recognition writes: files in folders of photos, and files of the album as a whole."""
    before = _state(root)
    faces(bench, "recognize", root)
    changed = sorted(name for name, state in _state(root).items() if before.get(name) != state)
    return ([name for name in changed if not name.startswith("faces/")],
            [name for name in changed if name.startswith("faces/")])  # fmt: skip


def writing(bench: Bench) -> list[Row]:
    """A detection found another vector for one open face."""
    root = stored(bench, SIZE[0], 2, 2, 200)
    faces(bench, "recognize", root)
    nothing, _ = _written(bench, root)
    csv, face = next((csv, face) for csv, face in reversed(shown(root)) if face.state == OPEN and face.name_recognized)
    pkl = DataFile(csv.with_name("faces.pkl"))
    rows = parquet.read_faces(pkl) or []
    drift = np.random.default_rng(0).normal(0, 0.01, 128).astype(np.float32)
    parquet.write_faces(pkl, [replace(r, embedding=r.embedding + drift) if r.face == face.id else r for r in rows])
    folders, album = _written(bench, root)
    now = next(other for where, other in shown(root) if where == csv and other.id == face.id)
    if now.distance == face.distance:
        raise RuntimeError(f"the distance of a face whose vector is another one stayed {now.distance}")
    only = csv.relative_to(root).as_posix()
    said = f"{len(folders)} file(s) in them ({', '.join(folders[:3]) or 'none'})" + (
        f"; of the album: {', '.join(album)}" if album else ""
    )
    what = f"Files that a recognition writes after one face of {SIZE[0]} folders got another vector"
    met = folders in ([], [only]) and not nothing
    said += f"; {len(nothing)} where nothing changed"
    return [Row(what, said, bar="that folder's faces.csv, nothing else", met=met)]


# float16


def float16(bench: Bench) -> list[Row]:
    found = _work(bench, "halved", chips=bench.chips(100 if bench.runs == 1 else 500))()
    asked = found["pairs"] * found["cuts"]
    ours, half = (f"{found[key] / found['faces']:.0f} bytes a face" for key in ("full", "half"))
    told = f"{half}, {found['decisions']} of {asked:,} decisions differ, distances by up to {found['difference']:.1e}"
    what = f"Embeddings as float32, as they are stored, against float16, {found['faces']} faces, {found['pairs']:,} pairs: " \
           + ("float32 stays" if found["decisions"] else "no decision differs")  # fmt: skip
    ratio = f"{found['full'] / found['half']:.2f} times the size"
    return [Row(what, ours, told, ratio, f"{found['peak']:.0f}")]


SECTIONS = [
    Section(
        "Storage",
        f"""{SIZE[0]} folders with {SIZE[1]} photos each and two faces on each, drawn vectors of {SIZE[2]} numbers, in faces.pkl
        as the program writes it; no faces.csv. `parquet.read_faces` makes rows of our own of it, `collection.load` (the
        folders' lists, the columns that a recognition needs, rows put together to faces) what a whole recognition begins with;
        pandas.read_parquet (engine pyarrow) reads the same columns of the same files into a table each. One folder was read
        before, files are in the kernel's cache. A file counts as written if its inode or time is another one. float16: the
        embeddings of real faces rounded; the same file but for that column; a decision is whether two faces are one person,
        for each pair and each threshold from 0.30 to 0.80 in steps of 0.01 (euclidean).""",
        [*(partial(reading, how=how) for how in READ), writing, float16],
    ),
]
