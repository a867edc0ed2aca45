"""Measuring distances: the histograms are those of the rules of recognition, and nothing but distances.json is written."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faces.files import DataFile, lock
from faces.folders import Folder
from faces.guard import Guard
from faces.jobs import distances as job
from faces.jobs import remove
from faces.jobs.collection import Collection, FolderData, merge
from faces.jobs.guesses import guess
from faces.jobs.hub import measure_channels
from faces.matcher import distances
from faces.names import Standing
from faces.progress import Progress
from faces.records import FACE, IGNORED, METRICS, NAMED, FaceRow
from faces.settings import THRESHOLDS, Settings
from hubs import HubSite
from hypothesis import given
from hypothesis import strategies as st
from steps import call, find
from test_accuracy import HEAVY

Program = Callable[..., "subprocess.CompletedProcess[str]"]


def made_up(seed: int, faces: int = 60, people: int = 6) -> tuple[Collection, dict[str, Standing]]:
    """Faces round a few points, several on a photo, of two spaces; some named, some rejected."""
    random = np.random.default_rng(seed)
    points = random.normal(size=(people, 8))
    rows, standings = [], {}
    for n in range(faces):
        vector = points[random.integers(people)] + random.normal(size=8) * random.choice([0.1, 0.4])
        row = FaceRow(FACE, "", f"{random.integers(faces // 4)}.jpg", "c", 1, 2, width=4000, height=3000, face=f"{n:032x}",
                      detector="yunet", model="Dlib", space=f"Dlib/{n % 5 == 0}/x", x=n, w=float(random.choice([15, 25, 200])),
                      h=90.0, embedding=(vector / 4).astype(np.float32))  # fmt: skip
        rows.append(row)
        standing = Standing()
        chance = random.random()
        if chance < 0.4:
            standing.state, standing.name = NAMED, f"Person {random.integers(people)}"
        elif chance < 0.45:
            standing.state = IGNORED
        if random.random() < 0.3:
            standing.rejected = {f"Person {n}" for n in random.integers(people, size=2)} - {standing.name}
        if standing != Standing():
            standings[row.face] = standing
    folder = Folder("", DataFile(Path("x")), DataFile(Path("y")))
    return Collection([FolderData(folder, merge(folder, rows, {}), [], {}, 0, None, set())]), standings


@given(st.integers(0, 10_000), st.floats(1, 150), st.sampled_from(METRICS), st.integers(1, 3))
def test_guesses_at_a_smaller_cut_are_those_with_a_smaller_distance(
    seed: int, percent: float, metric: str, most: int
) -> None:
    """And what is measured with few candidates is what recognition arrives at with all of them."""
    collection, standings = made_up(seed)
    settings = Settings(("yunet",), ("Dlib",), metric=metric, most_similar_number=most)
    default = THRESHOLDS["Dlib"][metric]

    def at(cut: float) -> dict[str, tuple[str, float]]:
        found = guess(collection, standings, settings.with_options(thresholds={"Dlib": {metric: cut}}))
        return {face: (own[0].name, own[0].distance) for face, own in found.items()}

    widest = at(job.REACH * default)
    cut = float(np.float32(percent / 100 * default))  # as the matcher compares
    assert at(cut) == {face: found for face, found in widest.items() if found[1] <= cut}
    measured = job._Measure(collection.faces(), standings, settings).of("Dlib", metric)
    expected = np.zeros(job.BINS, int)
    for _, distance in widest.values():
        expected[min(int(distance / default * 100), job.BINS - 1)] += 1
    assert measured["guesses"] == expected.tolist()
    assert (
        sum(measured["guesses"])
        <= measured["open"]
        == sum(
            face.row.w >= settings.result_min_pixels and standings.get(face.id, Standing()).state == ""
            for face in collection.faces()
        )
    )


@pytest.mark.parametrize("metric", METRICS)
def test_pairs_are_counted_once_each(metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "_ROWS", 7)
    collection, standings = made_up(3, 80)
    measured = job._Measure(collection.faces(), standings, Settings()).of("Dlib", metric)
    same, different, default = np.zeros(job.BINS, int), np.zeros(job.BINS, int), THRESHOLDS["Dlib"][metric]
    faces = collection.faces()
    for i, a in enumerate(faces):
        for k, b in enumerate(faces):
            one, two = standings.get(a.id, Standing()), standings.get(b.id, Standing())
            if a.row.space != b.row.space or two.state != NAMED or i == k:
                continue
            apart = float(distances(a.row.embedding[None], b.row.embedding[None], metric)[0, 0])
            where = min(int(apart / default * 100), job.BINS - 1)
            if one.state == NAMED and i < k and one.name != two.name:
                different[where] += 1
            elif one.state == NAMED and i < k and a.photo != b.photo:
                same[where] += 1
            elif one.state != NAMED and two.name in one.rejected:
                different[where] += 1
    assert (measured["pairs_same"], measured["pairs_different"]) == (same.sum(), different.sum())
    # a distance at the edge of a bin may be rounded either way
    assert np.abs(np.cumsum(measured["same"]) - np.cumsum(same)).max() <= 2
    assert np.abs(np.cumsum(measured["different"]) - np.cumsum(different)).max() <= 2


def test_many_named_faces_are_spread_over_the_people(monkeypatch: pytest.MonkeyPatch) -> None:
    collection, standings = made_up(1, 200)
    monkeypatch.setattr(job, "MOST_FACES", 12)
    named = [(f, f.row) for f in collection.faces() if f.id in standings and standings[f.id].state == NAMED]

    def name(face: Any) -> str:
        return standings[face.id].name

    chosen = job._spread(named, name)
    assert len(chosen) == 12 and len({name(face) for face, _ in chosen}) == 6
    assert [face.id for face, _ in chosen] == [face.id for face, _ in job._spread(named[::-1], name)]


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_embeddings_that_are_none_do_no_harm(value: float) -> None:
    collection, standings = made_up(2)
    for face in collection.faces()[::3]:
        face.row.embedding[:] = value
    with np.errstate(all="ignore"):
        for metric in METRICS:
            measured = job._Measure(collection.faces(), standings, Settings()).of("Dlib", metric)
            assert sum(measured["same"]) == measured["pairs_same"]


# --- the command ------------------------------------------------------------------------------------------------


def test_in_a_folder_it_prints_and_writes_nothing(drawn: Path, program: Program) -> None:
    find(drawn)
    call(drawn, "a.png", "Ruth")
    call(drawn, "sub/c.png", "Blanche")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in drawn.rglob("*") if path.is_file()}
    said = program("recognize", "--directory", drawn, "--distances", "--json")
    assert said.returncode == 0 and said.stderr == ""
    found = json.loads(said.stdout)["summary"]
    assert found["version"] == 1 and found["key"].endswith("Z/2") and list(found["models"]) == ["Dlib"]
    entry = found["models"]["Dlib"]["euclidean"]
    assert (entry["default"], entry["cut"], entry["pairs_same"], entry["pairs_different"]) == (0.55, 0.55, 0, 1)
    assert entry["open"] == 2 and entry["guesses"][0] == 1 and len(entry["guesses"]) == 250
    assert program("recognize", "--directory", drawn, "--distances").stdout.startswith(
        "Dlib, euclidean: 0 pairs of the same"
    )
    assert (
        program("recognize", "--directory", drawn, "--distances", "--models", "SFace").stdout
        == "No faces to measure.\n"
    )
    after = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in drawn.rglob("*") if path.is_file()}
    assert after == before


def test_it_imports_nothing_heavy(drawn: Path) -> None:
    find(drawn)
    code = f"""
import sys, json
from faces import cli
code = cli.run(["recognize", "--distances", "--directory", {str(drawn)!r}])
print(json.dumps([code, sorted(m for m in {HEAVY!r} if m in sys.modules)]))
"""
    cwd = Path(__file__).parents[2] / "py"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=cwd)
    assert json.loads(answer.stdout.splitlines()[-1]) == [0, []], answer.stdout


@pytest.fixture
def alice(site: HubSite) -> int:
    channel = site.channel("alice")
    for shade in (1, 2, 3):
        site.photo(channel, f"{shade}.png", {"red": (20, 20), "green": (120, 60)}, shade=shade)
    site.data_files(channel, "")
    site.detect()
    for face, name in zip(site.shown(channel)[:3], ("Ada", "Bob", "Ada"), strict=True):
        site.name_face(channel, face, name)
    return channel


def measure(site: HubSite, **more: Any) -> Any:
    return measure_channels(site.hub(), "alice", (), more.pop("guard", None) or Guard(), Progress(), **more)


def test_on_a_hub_it_is_written_for_the_page(site: HubSite, alice: int, program: Program) -> None:
    state = site.root / "store" / "[data]" / "faces" / str(alice)
    status, log = site.value("status.alice"), state.parent / "faces.log"
    log.write_text("of the last run")
    shown = site.path(alice, "faces.csv", "").read_bytes()
    said = program("recognize", "--hub", site.root, "--channel", "alice", "--distances", "--json")
    assert said.returncode == 0, said.stderr
    told = json.loads(said.stdout)["summary"]["alice"]
    assert told.pop("problems") == [] and told == json.loads((state / "distances.json").read_text())
    entry = told["models"]["Dlib"]["cosine"]
    assert (entry["pairs_same"], entry["pairs_different"], entry["open"], sum(entry["guesses"])) == (1, 2, 3, 3)
    assert (site.value("status.alice"), log.read_text()) == (status, "of the last run")
    assert site.path(alice, "faces.csv", "").read_bytes() == shown and site.wrong_rows() == []
    assert str(state / "distances.json") in remove.left(site.album(alice))
    remove.run(site.album(alice), remove.What(everything=True))
    assert remove.left(site.album(alice)) == []


def test_the_cut_is_that_of_thresholds_json(site: HubSite, alice: int) -> None:
    hash = site.own_file(alice, "thresholds.json")
    (site.root / site.content(alice, hash)).write_text('{"Dlib": {"cosine": 0.2}}')
    file = site.root / "store" / "[data]" / "faces" / str(alice) / "distances.json"
    assert measure(site).error() is None
    assert json.loads(file.read_text())["models"]["Dlib"]["cosine"]["cut"] == 0.2


def test_it_waits_for_nobody_while_it_reads(site: HubSite, alice: int, monkeypatch: pytest.MonkeyPatch) -> None:
    album = site.album(alice)
    load = job.load

    def during(*arguments: Any) -> Collection:
        with lock(album.lock("recognize.lock"), "us"):
            return load(*arguments)

    monkeypatch.setattr(job, "load", during)
    assert measure(site).error() is None


def test_nothing_is_written_for_a_channel_that_was_emptied_meanwhile(
    site: HubSite, alice: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = job.load

    def during(*arguments: Any) -> Collection:
        collection = load(*arguments)
        remove.run(site.album(alice), remove.What(everything=True))
        return collection

    monkeypatch.setattr(job, "load", during)
    assert measure(site).error() is None
    assert remove.left(site.album(alice)) == []
