"""The program with --hub, as a process: options, output, exit codes, what it leaves on disk; removing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from faces import cli_hub
from hubs import HubSite
from servers import PASSWORD, USER, Postgres

Program = Callable[..., CompletedProcess[str]]


def fill(site: HubSite, nick: str, app: bool = True) -> int:
    channel = site.channel(nick, app=app)
    folder = site.folder(channel, "Photos")
    site.photo(channel, "root.png", {"red": (40, 40)}, shade=len(nick))
    site.photo(channel, "a.png", {"red": (20, 20), "green": (120, 60)}, folder, shade=len(nick))
    site.data_files(channel, "", folder)
    return channel


def test_the_whole_way(site: HubSite, program: Program) -> None:
    alice = fill(site, "alice")
    said = program("detect", "--hub", site.root)
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout == "alice: 2 photos: 2 done with 3 faces in " + said.stdout.partition(" faces in ")[2]
    site.name_face(alice, site.shown(alice)[0], "Ada")
    said = program("recognize", "--hub", site.root, "--channel", "alice", "--json")
    assert json.loads(said.stdout)["summary"]["alice"]["new"] == 1
    said = program("detect", "--hub", site.root, "--json")
    assert json.loads(said.stdout)["summary"]["alice"]["done"] == 0 and said.returncode == 0
    assert site.wrong_rows() == []


def test_json_lines_name_the_channel(site: HubSite, program: Program) -> None:
    fill(site, "alice")
    lines = [json.loads(line) for line in program("detect", "--hub", site.root, "--json").stdout.splitlines()]
    assert [(line["photo"], line["done"], line["total"]) for line in lines[:-1]] == [
        ("alice/root.png", 1, 2), ("alice/Photos/a.png", 2, 2)]  # fmt: skip


@pytest.mark.skipif(not shutil.which("exiftool"), reason="needs exiftool")
def test_what_photos_of_a_channel_say_of_themselves(site: HubSite, program: Program) -> None:
    alice, _, _ = fill(site, "alice"), fill(site, "carol"), fill(site, "bob", app=False)
    hash = site.photo(alice, "marked.png", {"red": (40, 40)}, shade=77)
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-XMP-MP:RegionInfoMP={Regions=[{PersonDisplayName=Ada,"
                    "Rectangle=0.1|, 0.1|, 0.2|, 0.2}]}", site.root / site.content(alice, hash)], check=True)  # fmt: skip
    said = program("metadata", "--hub", site.root, "--json")
    lines = [json.loads(line) for line in said.stdout.splitlines()]
    assert said.returncode == 0
    assert {nick: found["people"] for nick, found in lines.pop()["summary"].items()} == {
        "alice": {"Ada": 1},
        "carol": {},
    }
    photos = {f"{nick}/{name}" for nick in ("alice", "carol") for name in ("root.png", "Photos/a.png")}
    assert {line["photo"] for line in lines} == {*photos, "alice/marked.png"}
    assert [line["photo"] for line in lines for region in line["regions"]] == ["alice/marked.png"]
    assert program("metadata", "--hub", site.root, "--channel", "bob").returncode == 2


def test_no_channel_has_the_app(site: HubSite, program: Program) -> None:
    fill(site, "bob", app=False)
    said = program("detect", "--hub", site.root)
    assert (said.returncode, said.stdout) == (0, "No channel has the app faces.\n")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["detect"], "one of the arguments --directory --hub is required"),
        (["detect", "--hub", "HUB", "--directory", "HUB"], "not allowed with argument"),
        (["detect", "--directory", "HUB", "--channel", "alice"], "--channel goes with --hub"),
        (["remove", "--directory", "HUB", "--all-channels", "--all"], "--all-channels goes with --hub"),
        (["detect", "--hub", "HUB", "--follow-symlinks"], "--follow-symlinks goes with --directory"),
        (["remove", "--hub", "HUB", "--all", "--yes"], "say which: --channel NICK or --all-channels"),
        (["remove", "--hub", "HUB", "--all", "--yes", "--channel", "alice", "--all-channels"], "say which"),
        (["remove", "--hub", "HUB", "--channel", "alice"], "say what to remove"),
        (["remove", "--hub", "HUB", "--channel", "alice", "--all"], "say --yes"),
        (["detect", "--hub", "/nowhere"], "cannot read /nowhere/.htconfig.php"),
        (["detect", "--hub", "HUB", "--channel", "nobody"], "no channel 'nobody'"),
        (["detect", "--hub", "HUB", "--channel", "../alice"], "no channel '../alice'"),
    ],
)
def test_wrong_options_are_said(site: HubSite, program: Program, arguments: list[str], reason: str) -> None:
    fill(site, "alice")
    said = program(*[str(site.root) if a == "HUB" else a for a in arguments])
    assert said.returncode == 2 and reason in said.stderr and "Traceback" not in said.stderr


def test_credentials_of_the_environment_win_and_are_nowhere_to_be_seen(site: HubSite, program: Program) -> None:
    fill(site, "alice")
    (site.root / ".htconfig.php").write_text("<?php $db_user = 'wrong'; $db_data = 'wrong';")
    environment = {"FACES_DB_HOST": f":{site.server.socket}", "FACES_DB_USER": USER, "FACES_DB_PASSWORD": PASSWORD,
                   "FACES_DB_NAME": site.name}  # fmt: skip
    said = program("detect", "--hub", site.root, "--loglevel", "4", **environment)
    assert said.returncode == 0
    wrong = program(
        "detect", "--hub", site.root, "--loglevel", "4", **{**environment, "FACES_DB_PASSWORD": "another $ecret"}
    )
    assert wrong.returncode == 13 and "wrong user or password" in wrong.stderr
    log = (site.root / "store" / "[data]" / "faces" / "faces.log").read_text()
    assert "ecret" not in said.stdout + said.stderr + wrong.stdout + wrong.stderr + log


def test_a_missing_htconfig_says_what_to_do(site: HubSite, program: Program) -> None:
    (site.root / ".htconfig.php").unlink()
    said = program("detect", "--hub", site.root)
    assert said.returncode == 2 and "FACES_DB_HOST" in said.stderr


def test_every_channel_that_failed_is_named(site: HubSite, program: Program) -> None:
    fill(site, "alice")
    bob = fill(site, "bob")
    (site.root / site.content(bob, site.sql("SELECT hash FROM attach WHERE uid = %s AND filename = 'root.png'", bob)[0][0])
     ).write_bytes(b"no photo")  # fmt: skip
    said = program("detect", "--hub", site.root)
    assert said.returncode == 8 and said.stderr.startswith("faces: bob: 1 photo(s) failed")
    assert "alice: 2 photos: 2 done" in said.stdout and "bob: 2 photos: 1 done" in said.stdout


def test_the_log_is_for_the_web_user_only(site: HubSite, program: Program) -> None:
    fill(site, "alice")
    program("detect", "--hub", site.root)
    state = site.root / "store" / "[data]" / "faces"
    assert all(path.stat().st_mode & 0o077 == 0 for path in state.rglob("*") if path.is_file())
    assert "recognized: 3 faces" in (state / "faces.log").read_text()


# --- removing ---------------------------------------------------------------------------------------------------


def on_disk(site: HubSite, nick: str) -> set[str]:
    """Every file of a channel that is not empty and is no photo."""
    photos = {
        c if isinstance(c, str) else bytes(c).decode()
        for (c,) in site.sql("SELECT content FROM attach WHERE is_photo = 1")
    }
    keep = {site.root / f"{p}{scale}" for p in photos for scale in ("", "-1", "-2", "-3")}
    return {str(path) for path in (site.root / "store" / nick).rglob("*")
            if path.is_file() and path not in keep and path.stat().st_size}  # fmt: skip


def test_remove_everything_of_one_channel(site: HubSite, program: Program) -> None:
    alice, bob = fill(site, "alice"), fill(site, "bob")
    site.configure(alice, {"version": 1, "worker": {"statistics": True}})
    program("detect", "--hub", site.root)
    for channel in (alice, bob):
        site.name_face(channel, site.shown(channel)[0], "Ada")
    program("recognize", "--hub", site.root)
    site.path(alice, "faces.pkl", "").write_bytes(b"PAR1 damaged")
    program("recognize", "--hub", site.root)
    program("detect", "--hub", site.root, "--channel", "alice")  # keeps the damaged one aside
    aside = site.root / "store" / "[data]" / "faces" / str(alice) / "aside"
    assert len(list(aside.iterdir())) == 1
    before = on_disk(site, "bob")
    left = program("remove", "--hub", site.root, "--channel", "alice", "--verify")
    assert left.returncode == 8 and left.stdout.startswith("Still there:\n") and str(aside) in left.stdout
    said = program("remove", "--hub", site.root, "--channel", "alice", "--all", "--yes", "--verify")
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("alice: Removed: ") and said.stdout.endswith("Verified: nothing of ours is left.\n")
    assert on_disk(site, "alice") == set() and site.wrong_rows() == []
    assert [k for (k,) in site.sql("SELECT k FROM config WHERE k LIKE '%%alice%%'")] == []
    assert not aside.exists() and "alice" not in (site.root / "store" / "[data]" / "faces" / "faces.log").read_text()
    state = site.root / "store" / "[data]" / "faces" / str(alice)
    assert [path.name for path in state.iterdir() if path.stat().st_size] == []
    assert on_disk(site, "bob") == before and len(before) >= 5
    again = program("detect", "--hub", site.root)  # and it can begin anew
    assert again.returncode == 0 and len(site.shown(alice)) == 1


def test_remove_names_only(site: HubSite, program: Program) -> None:
    alice = fill(site, "alice")
    site.configure(alice, {"version": 1, "worker": {"statistics": True}})
    program("detect", "--hub", site.root)
    site.name_face(alice, site.shown(alice)[0], "Ada Lovelace")
    program("recognize", "--hub", site.root)
    said = program("remove", "--hub", site.root, "--channel", "alice", "--names", "--yes")
    assert said.returncode == 0 and "1 named faces, 1 decisions" in said.stdout
    for path in on_disk(site, "alice"):
        assert b"Ada" not in Path(path).read_bytes(), path
    assert len(site.shown(alice)) == 1 and site.wrong_rows() == []


def test_remove_from_all_channels_takes_those_without_the_app_too(site: HubSite, program: Program) -> None:
    alice, bob = fill(site, "alice"), fill(site, "bob")
    program("detect", "--hub", site.root)
    site.sql("DELETE FROM app WHERE app_channel = %s", bob)
    eve = fill(site, "eve", app=False)  # a file of our names that is not ours
    site.path(eve, "faces.csv", "").write_bytes(b"my,own,table\n1,2,3\n")
    said = program("remove", "--hub", site.root, "--all-channels", "--all", "--yes", "--verify", "--json")
    assert said.returncode == 0, said.stderr
    first, second = map(json.loads, said.stdout.splitlines())
    assert set(first["summary"]) == {"alice", "bob", "eve"} and second == {"left": []}
    assert on_disk(site, "alice") == on_disk(site, "bob") == set()
    assert site.path(eve, "faces.csv", "").read_bytes() == b"my,own,table\n1,2,3\n"
    assert alice and site.wrong_rows() == [("faces.csv", 0, 19)]


def test_remove_models_and_detectors(site: HubSite, program: Program) -> None:
    alice = fill(site, "alice")
    program("detect", "--hub", site.root, "--models", "Dlib,SFace", "--detectors", "yunet,dlib")
    said = program("remove", "--hub", site.root, "--channel", "alice", "--models", "SFace", "--yes")
    assert "6 embeddings of SFace" in said.stdout
    said = program("remove", "--hub", site.root, "--channel", "alice", "--detectors", "dlib", "--yes")
    assert "3 detections of dlib" in said.stdout
    assert {(r.detector, r.model) for r in site.rows(alice)} == {("yunet", "Dlib")} and site.wrong_rows() == []


# --- PostgreSQL -------------------------------------------------------------------------------------------------


def test_a_hub_on_postgresql(postgres: Postgres, tmp_path: Path, program: Program) -> None:
    site = HubSite(postgres, tmp_path / "hub")
    alice = fill(site, "alice")
    said = program("detect", "--hub", site.root)
    assert (said.returncode, said.stderr) == (0, "")
    site.name_face(alice, site.shown(alice)[0], "Ada \U0001f600")
    assert program("recognize", "--hub", site.root).returncode == 0
    folder = site.sql("SELECT hash FROM attach WHERE filename = 'Photos'")[0][0]
    assert sorted((f.name, f.name_recognized) for f in site.shown(alice, "", folder)) == [
        ("", ""), ("", "Ada \U0001f600"), ("Ada \U0001f600", "")]  # fmt: skip
    assert json.loads(site.value("status.alice") or "{}")["state"] == "done"
    assert site.wrong_rows() == []
    said = program("remove", "--hub", site.root, "--all-channels", "--all", "--yes", "--verify")
    assert said.returncode == 0 and on_disk(site, "alice") == set()


def test_a_postgresql_that_is_away_or_refuses(postgres: Postgres, tmp_path: Path) -> None:
    site = HubSite(postgres, tmp_path / "hub")
    alice = fill(site, "alice")
    from faces.errors import DatabaseError
    from test_hub_faults import once

    def kill() -> None:
        site.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", USER)

    assert site.detect(engines=once(2, kill)).error() is None
    assert len(site.shown(alice)) == 1 and site.wrong_rows() == []
    site.sql("REVOKE UPDATE ON attach FROM hub")
    site.sql("UPDATE attach SET filesize = 1 WHERE filename = 'faces.pkl'")
    assert isinstance(site.detect(patience=1).error(), DatabaseError)


def test_without_psycopg_the_message_says_what_to_install(tmp_path: Path, program: Program) -> None:
    (tmp_path / "psycopg.py").write_text("raise ImportError('not here')")
    (tmp_path / "hub" / "store").mkdir(parents=True)
    (tmp_path / "hub" / ".htconfig.php").write_text("<?php $db_user = 'u'; $db_data = 'd'; $db_type = 1;")
    said = program("detect", "--hub", tmp_path / "hub", PYTHONPATH=str(tmp_path))
    assert said.returncode == 12 and "pip install -e '.[postgres]'" in said.stderr


def test_weights_go_where_the_web_user_may_write(site: HubSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEEPFACE_HOME")
    monkeypatch.setattr(Path, "home", lambda: Path("/nonexistent"))
    cli_hub.open_hub(Namespace(hub=site.root))
    assert os.environ["DEEPFACE_HOME"] == str(site.root / "store" / "[data]" / "faces")
    monkeypatch.setenv("DEEPFACE_HOME", "/own")
    cli_hub.open_hub(Namespace(hub=site.root))
    assert os.environ["DEEPFACE_HOME"] == "/own"
