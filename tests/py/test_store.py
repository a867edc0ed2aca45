"""What is in the files: round trips with hostile content, other readers, damage."""

from __future__ import annotations

import dataclasses
import os
import pickle
import random
from pathlib import Path

import numpy as np
import pytest
from faces import parquet, store
from faces.errors import DamagedFile, ForeignFile, PickleRefused
from faces.files import DataFile
from faces.records import DECISIONS, FACE, FAILED, NONE, Box, Decision, FaceRow, ShownFace
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

text = st.text(st.characters(blacklist_categories=("Cs",)), max_size=30) | st.sampled_from(
    ['=1+1', "'=1", "''", "-x", "@a", "\t", 'a"b', "a,b", "a\nb", "a\r\nb", "\x00", "<b>", "😀", "\u202e", ";", "time,face"])  # fmt: skip
fraction = st.integers(0, 100_000).map(lambda n: n / 100_000)
boxes = st.builds(Box, fraction, fraction, st.integers(1, 100_000).map(lambda n: n / 100_000),
                  st.integers(1, 100_000).map(lambda n: n / 100_000))  # fmt: skip
shown = st.builds(
    ShownFace, id=st.uuids(version=4).map(lambda u: u.hex), file=text.filter(bool), photo=st.sampled_from(["", "a-b-c"]), box=boxes,
    face_nr=st.integers(1, 99), name=text, state=st.sampled_from(["", "named", "unknown", "ignored"]),
    name_recognized=text, distance=st.none() | st.integers(0, 20000).map(lambda n: n / 10000),
    confidence=st.integers(0, 1000).map(lambda n: n / 1000), cluster=st.sampled_from(["", "0af" * 10 + "12"]), extra=st.just({}) | st.just({"my column": "=x"}),
)  # fmt: skip
relaxed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@relaxed
@given(st.lists(shown, max_size=5))
def test_faces_csv_gives_back_what_was_written(tmp_path: Path, faces: list[ShownFace]) -> None:
    if any(face.extra for face in faces):
        for face in faces:
            face.extra = {"my column": face.extra.get("my column", "")}
    file = DataFile(tmp_path / "faces.csv")
    store.write_shown(file, faces)
    assert store.read_shown(file) == faces
    file.read().decode("utf-8")  # type: ignore[union-attr]


@relaxed
@given(st.lists(text.filter(bool), min_size=1, max_size=4))
def test_no_cell_starts_a_formula(tmp_path: Path, names: list[str]) -> None:
    import csv

    file = DataFile(tmp_path / "faces.csv")
    store.write_shown(file, [ShownFace("0" * 32, name, "", Box(0, 0, 1, 1), name=name) for name in names])
    with file.path.open(newline="", encoding="utf-8") as raw:
        for row in csv.reader(raw):
            assert not any(cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") for cell in row if cell)


def decision(time: str = "2026-01-01T00:00:00Z", **more: object) -> Decision:
    return Decision(**{"time": time, "face": "f" * 32, "photo": "", "file": "a.jpg", "box": Box(0.1, 0.2, 0.3, 0.4),
                       "decision": "name", "name": "Ada", "by": "x", **more})  # type: ignore[arg-type]  # fmt: skip


@relaxed
@given(
    st.lists(
        st.builds(decision, file=text, name=text.filter(lambda t: t.strip()), decision=st.sampled_from(DECISIONS)),
        max_size=6,
    )
)
def test_the_journal_gives_back_every_decision_in_one_line_each(tmp_path: Path, decisions: list[Decision]) -> None:
    file = DataFile(tmp_path / "names.csv")
    file.remove()
    for item in decisions:
        store.append_decisions(file, [item])
    read = store.read_decisions(file)
    assert [(d.decision, d.box, d.name) for d in read] == [
        (d.decision, d.box, store.one_line(d.name)) for d in decisions
    ]
    assert len((file.read() or b"").split(b"\n")) == (len(decisions) + 2 if decisions else 1)


def test_torn_and_garbled_lines_cost_themselves_only(tmp_path: Path) -> None:
    file = DataFile(tmp_path / "names.csv")
    for name in ("Ada", "Grace"):
        store.append_decisions(file, [decision(name=name)])
    with file.path.open("ab") as raw:
        raw.write(b'2026-01-02T00:00:00Z,abc,"torn quote\n\xff\xfe\x00garbage\n2026,a,b,c,x,x,x,x,name,Eve,x\n,,,\n')
    store.append_decisions(file, [decision(name="Joan")])
    said: list[str] = []
    assert [d.name for d in store.read_decisions(file, said.append)] == ["Ada", "Grace", "Joan"]
    assert "4 line(s) damaged" in said[0]


def test_a_file_name_cannot_forge_a_decision(tmp_path: Path) -> None:
    file = DataFile(tmp_path / "names.csv")
    forged = f"x\n2027-01-01T00:00:00Z,{'f' * 32},,a.jpg,0.1,0.2,0.3,0.4,name,Mallory,x"
    store.append_decisions(file, [decision(file=forged)])
    assert [d.name for d in store.read_decisions(file)] == ["Ada"]


@pytest.mark.parametrize("content", [b"", b"\n", b"time,face\n", b"\x00" * 50, random.Random(1).randbytes(3000)])
def test_any_bytes_in_the_journal_do_no_harm(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "names.csv").write_bytes(content)
    assert store.read_decisions(DataFile(tmp_path / "names.csv")) == []


def test_a_spreadsheet_saves_faces_csv_in_its_own_way(tmp_path: Path) -> None:
    file = DataFile(tmp_path / "faces.csv")
    store.write_shown(file, [ShownFace("0" * 32, "a.jpg", "", Box(0.1, 0.2, 0.3, 0.4), name="Ada")])
    text = (file.read() or b"").decode().replace(",", ";").replace("\n", "\r\n")
    file.path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert [f.name for f in store.read_shown(file) or ()] == ["Ada"]


@pytest.mark.parametrize("content", [b"a,b,c\n1,2,3\n", b"\xff\xfe\x00\x01", b"id,file\n1,2\n"])
def test_a_foreign_faces_csv_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "faces.csv").write_bytes(content)
    for read in (store.read_shown, store.check_shown):
        with pytest.raises(ForeignFile, match="left alone"):
            read(DataFile(tmp_path / "faces.csv"))


def rows() -> list[FaceRow]:
    vector = np.arange(128, dtype=np.float32) / 7
    face = FaceRow(FACE, "", 'o "q" \n;😀.jpg', "c" * 32, 123, 1_700_000_000_123_456_789, 6, 400, 300, "2020-01-02T03:04:05",
                   "yunet", 0.01, "f" * 32, 10.5, 20.25, 30.0, 40.0, [1.0] * 10, 0.9, "Dlib", "Dlib/ab/chip150", vector,
                   age=31.5, gender="Woman")  # fmt: skip
    return [face, FaceRow(NONE, "", "none.jpg", "d" * 32, 5, 6, detector="yunet"),
            FaceRow(FAILED, "", "bad.jpg", "", 7, 8, error="is truncated", attempts=2)]  # fmt: skip


def plain(row: FaceRow) -> dict[str, object]:
    values = dataclasses.asdict(row)
    values["landmarks"] = list(values["landmarks"])
    values["embedding"] = None if row.embedding is None else [float(v) for v in row.embedding]
    return {key: round(v, 4) if isinstance(v, float) else v for key, v in values.items()}


def test_faces_pkl_gives_back_what_was_written(tmp_path: Path) -> None:
    file = DataFile(tmp_path / "faces.pkl")
    parquet.write_faces(file, rows())
    read = parquet.read_faces(file)
    assert read is not None
    expected = sorted(rows(), key=lambda row: row.file)
    assert [plain(row) for row in read] == [plain(row) for row in expected]
    without = parquet.read_faces(file, embeddings=False)
    assert without is not None and all(row.embedding is None for row in without)
    assert not parquet.write_faces(file, list(reversed(read)))  # the same rows are the same file


def test_no_rows_at_all(tmp_path: Path) -> None:
    file = DataFile(tmp_path / "faces.pkl")
    parquet.write_faces(file, [])
    assert parquet.read_faces(file) == []


@pytest.mark.parametrize("reader", ["pyarrow", "fastparquet", "pandas"])
def test_other_programs_read_faces_pkl(tmp_path: Path, reader: str) -> None:
    path = tmp_path / "faces.pkl"
    parquet.write_faces(DataFile(path), rows())
    if reader == "fastparquet":
        import fastparquet

        table = fastparquet.ParquetFile(str(path)).to_pandas()
    elif reader == "pandas":
        import pandas

        table = pandas.read_parquet(path, engine="pyarrow")
    else:
        import pyarrow.parquet

        table = pyarrow.parquet.read_table(path).to_pandas()
    face = table[table.status == "face"].iloc[0]
    assert np.allclose(np.asarray(face.embedding, dtype=np.float32), np.arange(128, dtype=np.float32) / 7)
    assert (face.file, int(face.mtime_ns), face.gender) == ('o "q" \n;😀.jpg', 1_700_000_000_123_456_789, "Woman")
    assert sorted(table.status) == ["face", "failed", "none"]


class Payload:
    def __init__(self, target: Path):
        self.target = target

    def __reduce__(self) -> object:
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("protocol", range(6))
def test_a_malicious_pickle_is_refused_and_harmless(tmp_path: Path, protocol: int) -> None:
    target = tmp_path / "ran"
    (tmp_path / "faces.pkl").write_bytes(pickle.dumps(Payload(target), protocol))
    with pytest.raises(PickleRefused, match="not read"):
        parquet.read_faces(DataFile(tmp_path / "faces.pkl"))
    assert not target.exists()
    pickle.loads((tmp_path / "faces.pkl").read_bytes())  # noqa: S301  # the payload is real
    assert target.exists()


def test_an_empty_faces_pkl_is_none(tmp_path: Path) -> None:
    """A hub's page makes such, to be filled; a computer sees it over WebDAV."""
    file = DataFile(tmp_path / "faces.pkl")
    file.path.write_bytes(b"")
    assert parquet.read_faces(file) is None


def test_two_columns_of_one_name_are_damage(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    file = DataFile(tmp_path / "faces.pkl")
    parquet.write_faces(file, rows())
    table = pq.read_table(file.path)
    pq.write_table(table.append_column("error", table.column("error")), file.path)
    with pytest.raises(DamagedFile, match="two columns"):
        parquet.read_faces(file)


def test_what_would_fill_the_memory_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some kB that unpack to more than the machine has."""
    import psutil
    import pyarrow.parquet as pq

    file = DataFile(tmp_path / "faces.pkl")
    parquet.write_faces(file, rows())
    one = pq.read_table(file.path).slice(0, 1)
    pq.write_table(one.take([0] * 20_000), file.path)
    assert len(parquet.read_faces(file) or []) == 20_000 and file.path.stat().st_size < 100_000
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": 20_000_000})())
    with pytest.raises(ForeignFile, match="more than is free"):
        parquet.read_faces(file)


def test_damaged_parquet_is_told_from_foreign_and_newer(tmp_path: Path) -> None:
    file = DataFile(tmp_path / "faces.pkl")
    parquet.write_faces(file, rows())
    good = file.read() or b""
    chance = random.Random(3)
    for _ in range(150):
        bad = bytearray(good)
        for _ in range(chance.randint(1, 20)):
            bad[chance.randrange(4, len(bad))] = chance.randrange(256)
        file.path.write_bytes(bad[: chance.choice([len(bad), chance.randrange(1, len(bad))])])
        try:
            assert isinstance(parquet.read_faces(file), list)
        except (DamagedFile, ForeignFile, PickleRefused):
            pass
    for text in (b"just text", b"ends with a dot.", b"."):
        file.path.write_bytes(text)
        with pytest.raises(ForeignFile, match="left alone"):
            parquet.read_faces(file)
    for rest in (bytes(500), b"PAR"):
        file.path.write_bytes(rest)
        with pytest.raises(DamagedFile):
            parquet.read_faces(file)
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": [1]}), file.path)
    with pytest.raises(ForeignFile, match="not one of ours"):
        parquet.read_faces(file)
    pq.write_table(pa.table({"a": [1]}).replace_schema_metadata({"faces_format": "99"}), file.path)
    with pytest.raises(ForeignFile, match="update the program"):
        parquet.read_faces(file)


@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff", b"[" * 100_000, b"x" * 2_000_000, b'"text"'])
def test_damaged_json_is_a_warning(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.json").write_bytes(content)
    value, warning = store.read_json(DataFile(tmp_path / "config.json"))
    assert value is None and "config.json" in warning


def test_json_gives_back_what_was_written(tmp_path: Path) -> None:
    value = {"version": 1, "mine": ["😀", None, 1.5]}
    store.write_json(DataFile(tmp_path / "config.json"), value)
    assert store.read_json(DataFile(tmp_path / "config.json")) == (value, "")
    assert store.read_json(DataFile(tmp_path / "none.json")) == (None, "")
