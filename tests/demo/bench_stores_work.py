"""What `bench_stores` measures, each in a process of its own, like `bench_work`."""

from __future__ import annotations

import gc
import io
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from bench_work import Answer, memory, timed
from faces import parquet
from faces.files import DataFile
from faces.records import FACE, FaceRow


def make_store(root: str, folders: int, photos: int, numbers: int) -> Answer:
    """Folders of photos with two faces on each, embeddings of so many numbers; the same vectors in one file, too."""
    random, top, vectors = np.random.default_rng(0), Path(root), []
    for f in range(folders):
        folder, rows = top / f"folder {f:03}", []
        folder.mkdir(parents=True)
        for p in range(photos):
            photo, content = folder / f"{p:04}.jpg", random.bytes(16).hex()
            photo.touch()
            for n in range(2):
                vector = random.standard_normal(numbers, np.float32)
                vectors.append(vector / np.linalg.norm(vector))
                rows.append(_row(random, photo.name, content, photo.stat().st_mtime_ns, n, vectors[-1]))
        parquet.write_faces(DataFile(folder / "faces.pkl"), rows)
    np.save(top / "vectors.npy", np.array(vectors))
    return {"bytes": sum(path.stat().st_size for path in top.glob("*/faces.pkl"))}


def _row(random: Any, file: str, content: str, mtime_ns: int, number: int, vector: Any) -> FaceRow:
    """The so manieth face of a photo, as a detection writes it."""
    x, y, w, h = (300 * number + 100 * random.random(4)).tolist()
    points = tuple((1000 * random.random(10, np.float32)).tolist())
    return FaceRow(FACE, "", file, content, 0, mtime_ns, 1, 4000, 3000, "2026-01-01T00:00:00", "yunet", 0.01,
                   random.bytes(16).hex(), x, y, w, h, points, random.random(), "Facenet512", "Facenet512/bench/deepface",
                   vector)  # fmt: skip


def read_ours(root: str, how: str) -> Answer:
    """`all`, `embeddings` off, or `load`: what a whole recognition reads."""
    from faces.folders import PlainAlbum
    from faces.jobs.collection import NOT_FOR_NAMES, load

    def read(top: Path) -> int:
        if how == "load":
            found = load(PlainAlbum(top), ("yunet",), True, NOT_FOR_NAMES)
            return len(found.faces())
        files = sorted(top.rglob("faces.pkl"))
        everything = [parquet.read_faces(DataFile(file), how == "all") or () for file in files]
        return sum(map(len, everything))

    return _read(read, root)


def read_pandas(root: str, how: str) -> Answer:
    import pandas
    from faces.jobs.collection import NOT_FOR_NAMES

    without = {"all": set(), "embeddings": {"embedding"}, "load": NOT_FOR_NAMES}[how]
    columns = [item.name for item in fields(FaceRow) if item.name not in without]

    def read(top: Path) -> int:
        files = sorted(top.rglob("faces.pkl"))
        tables = [pandas.read_parquet(file, engine="pyarrow", columns=columns) for file in files]
        return sum(map(len, tables))

    return _read(read, root)


def _read(read: Callable[[Path], int], root: str) -> Answer:
    """Seconds for all folders; one of them was read before. As in a recognition nothing is looked through for garbage."""
    gc.disable()
    read(Path(root) / "folder 000")
    seconds, faces = timed(lambda: read(Path(root)))
    return {"seconds": seconds, "faces": faces}


def read_plain(root: str) -> Answer:
    """The bytes of all faces.pkl, and the vectors as one file."""
    top = Path(root)

    def read() -> int:
        return sum(len(path.read_bytes()) for path in sorted(top.rglob("faces.pkl")))

    read()
    np.load(top / "vectors.npy")
    return {"seconds": timed(read)[0], "npy": timed(lambda: np.load(top / "vectors.npy"))[0]}


def halved(chips: str) -> Answer:
    """Embeddings of real faces as they are and as float16: bytes on disk, and decisions that come out differently."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from faces.embedder import Dlib

    embedder = Dlib()
    embedder.load()
    full = embedder.embed(np.load(chips))
    half = full.astype(np.float16)
    random = np.random.default_rng(0)
    whole = parquet.faces_to_bytes([_row(random, f"{i:04}.jpg", random.bytes(16).hex(), i, 0, vector)
                                    for i, vector in enumerate(full)])  # fmt: skip
    table = pq.read_table(io.BytesIO(whole))
    place, flat = table.schema.get_field_index("embedding"), half.reshape(-1)
    offsets = np.arange(0, len(flat) + 1, full.shape[1], dtype=np.int32)
    column = pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat))
    target = io.BytesIO()
    texts = [item.name for item in table.schema if item.type == pa.string()]
    pq.write_table(table.set_column(place, "embedding", column), target, compression="zstd", use_dictionary=texts,
                   write_statistics=False)  # fmt: skip
    return {"faces": len(full), "full": len(whole), "half": len(target.getvalue()), **_differences([full, half])}


def _differences(kinds: Sequence[Any]) -> Answer:
    upper = np.triu_indices(len(kinds[0]), 1)
    pairs = [np.linalg.norm(v.astype(np.float64)[upper[0]] - v.astype(np.float64)[upper[1]], axis=1) for v in kinds]
    cuts = np.round(np.arange(0.30, 0.805, 0.01), 2)
    differ = np.array([(pairs[0] <= cut) != (pairs[1] <= cut) for cut in cuts])
    return {
        "pairs": len(upper[0]),
        "cuts": len(cuts),
        "decisions": int(differ.sum()),
        "difference": float(np.abs(pairs[0] - pairs[1]).max()),
    }


if __name__ == "__main__":
    answer = globals()[sys.argv[1]](**json.loads(sys.argv[2]))
    answer.setdefault("peak", memory("VmHWM"))
    print(f"\n{json.dumps(answer)}")
