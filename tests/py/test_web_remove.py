"""Removing: what is there is counted, parts of it go by the worker, everything goes without it, and nothing is left."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from webhub import Client, WebHub, face, program, ready, until

PAGE = "/faces/alice/remove"
SECRET = "Augusta Ada King"


def a_life(web: WebHub, alice: int, owner: Client) -> list[str]:
    """Photos in two folders, faces, names, settings, caches, status, logs: all that there can be. The photos' names."""
    folder = web.folder(alice, "Photos 🎉")
    photos = [web.photo(alice, "a.png"), web.photo(alice, "b.png", folder=folder, shade=1)]
    until(lambda: owner.get("/faces/alice") and not missing(web, alice, folder), 60)
    web.faces(alice, [face(1, photos[0], name_recognized=SECRET), face(2, photos[0])])
    web.faces(alice, [face(3, photos[1], "b.png")], folder)
    owner.post("/faces/alice/name", faces=f"{1:032x},{3:032x}", name=SECRET)
    owner.post("/faces/alice/settings", zoom="2")
    owner.post("/faces/alice/thresholds", **{"Dlib-euclidean": "0.5"})
    web.write(alice, "written.jsonl", f'{{"time": "2026-11-24T09:00:00Z", "people": ["{SECRET}"]}}\n'.encode())
    owner.get("/faces/alice/faces")  # caches
    web.set("status.alice", json.dumps({"state": "done", "folder": SECRET}))
    web.set("status", json.dumps({"state": "done", "channel": "alice", "folder": SECRET}))
    for name in (
        "choice.json",
        "contents.json",
        "distances.json",
        "aside/faces.pkl.1",
        "import/1.parquet",
        "imported.json",
        "recognize.outcome",
        "wrote.json",
        "preview.json",
        "metadata.log",
        "metadata.outcome",
        "preview.outcome",
        "undo.outcome",
        "sidecars.json",
        "sidecars/1.xmp",
    ):
        web.give(web.state(name, "alice"), {"version": 1, "name": SECRET})
    for name in ("faces.log", "worker.log"):
        web.give(web.state(name), f"bob: fine\nalice2: fine\nmalice: fine\nalice: {SECRET}\nnot 'alice', {SECRET}\n")
    web.give(web.state("detect.outcome"), f"8\n2026-11-24T09:00:00Z\nbob: away\nalice: {SECRET}\n")
    web.give(web.state("detect.started"), "bob")
    half = web.root / "store" / "alice" / ".faces-tmp"
    half.mkdir(exist_ok=True)
    (half / "7.faces.csv").write_text(SECRET)
    return ["a.png", "b.png"]


def missing(web: WebHub, alice: int, folder: str) -> bool:
    return len(web.sql("SELECT id FROM attach WHERE uid = %s AND filename IN ('faces.csv', 'faces.pkl')", alice)) < 4


def traces(web: WebHub, alice: int) -> list[str]:
    """Whatever is left: every file on the hub's disk and every row of its database is looked through."""
    found = []
    number = str(alice)
    for path in (web.root / "store").rglob("*"):
        if path.is_file() and not path.is_symlink():
            ours = f"[data]/faces/{number}/" in str(path) or ".faces-tmp" in str(path)
            if ours or SECRET.encode() in path.read_bytes():
                found.append(str(path))
    for (table,) in web.sql("SHOW TABLES"):
        if table in ("session", "sent", "photo", "cache"):  # what clones were told is looked at by itself
            continue
        for row in web.sql(f"SELECT * FROM `{table}`"):
            if any(SECRET in str(value) for value in row):
                found.append(f"{table}: {row}")
    found += [f"attach: {row}" for row in web.sql("SELECT filename FROM attach WHERE uid = %s AND is_photo = 0 AND (filename LIKE 'faces%%' OR"
              " filename LIKE 'names%%' OR filename LIKE '%%.json' OR filename LIKE '%%_statistics.csv' OR filename IN ('edits.csv', 'written.jsonl'))", alice)]  # fmt: skip
    found += [f"config: {row}" for row in web.sql("SELECT k FROM config WHERE cat = 'faces' AND k LIKE '%%.alice'")]
    return found


def test_everything_goes_and_nothing_is_left(web: WebHub, alice: int, owner: Client) -> None:
    photos = a_life(web, alice, owner)
    assert len(traces(web, alice)) > 15  # or this test could not fail
    page = owner.get(PAGE).text
    assert "Yes, everything" in page and f">{2}</td>" in page
    assert owner.post(PAGE, everything="1").code == 400  # not ticked
    assert len(web.names(alice)) == 2
    answer = owner.ask_form(PAGE, page="1", everything="1", sure="1")
    assert (answer.code, answer.headers["Location"]) == (303, f"{web.url}{PAGE}?done=all")
    assert traces(web, alice) == []
    page = owner.get(PAGE, done="all").text
    assert "Everything was removed" in page and page.count("<td>0") == 7
    assert [
        row[0] for row in web.sql("SELECT filename FROM attach WHERE uid = %s AND is_dir = 0 ORDER BY id", alice)
    ] == photos
    assert all((web.root / web.content(alice, row[0])).is_file()
               for row in web.sql("SELECT hash FROM attach WHERE uid = %s AND is_dir = 0", alice))  # fmt: skip
    assert web.sql("SELECT * FROM app WHERE app_plugin = 'faces' AND app_channel = %s", alice) == []
    # what others left in the logs stays
    assert web.state("worker.log").read_text() == "bob: fine\nalice2: fine\nmalice: fine\n"
    assert web.state("detect.outcome").read_text() == "8\n2026-11-24T09:00:00Z\nbob: away\n"
    assert web.state("detect.started").read_text() == "bob"
    # looking at it makes nothing anew; neither does the cron
    owner.get("/faces/alice")
    owner.get("/faces/alice/help")
    owner.get("/faces/alice/export")
    web.php("cron")
    assert traces(web, alice) == []


def test_after_it_one_can_begin_anew(web: WebHub, alice: int, owner: Client) -> None:
    a_life(web, alice, owner)
    assert owner.post(PAGE, everything="1", sure="1").json == {"removed": True, "kept": []}
    web.install(alice)
    assert owner.get("/faces/alice/people").json["people"] == []
    owner.get("/faces/alice")
    assert "Augusta" not in owner.get("/faces/alice").text and web.names(alice) == []


def test_clones_are_told(web: WebHub, alice: int, owner: Client) -> None:
    if web.is_real:
        pytest.skip("a real hub does not say what it sent")
    web.sql("INSERT INTO hubloc (hubloc_hash, hubloc_host) VALUES (%s, 'clone.example')", web.hash("alice"))
    a_life(web, alice, owner)
    hashes = {row[0] for row in web.sql("SELECT hash FROM attach WHERE uid = %s AND is_photo = 0", alice)}
    web.sql("DELETE FROM sent")
    owner.post(PAGE, everything="1", sure="1")
    gone, apps = set(), []
    for (packet,) in web.sql("SELECT packet FROM sent"):
        told = json.loads(packet)
        apps += told.get("app", [])
        gone |= {one["hash"] for file in told.get("file", []) for one in file["attach"] if one.get("deleted")}
    photos_folder = {row[0] for row in web.sql("SELECT hash FROM attach WHERE uid = %s AND is_dir = 1", alice)}
    assert gone == hashes - photos_folder and len(gone) > 8
    assert [int(app["app_deleted"]) for app in apps] == [1]


def test_what_is_not_ours_stays_and_is_named(web: WebHub, alice: int, owner: Client) -> None:
    a_life(web, alice, owner)
    mine = web.folder(alice, "mine")
    web.data_files(alice, mine)
    web.write(alice, "faces.csv", b"brand;model\nFiat;Panda\n", mine)
    web.write(alice, "faces.pkl", b"\x80\x04a pickle of mine", mine)
    top = web.sql(
        "SELECT hash FROM attach WHERE uid = %s AND is_dir = 1 AND filename = 'faces' AND folder = ''", alice
    )[0][0]
    note = web.photo(alice, "my note.txt", folder=top)
    web.write(alice, "config.json", b'{"editor": "mine"}')
    web.write(alice, "thresholds.json", b'{"alarm": 5}')
    assert web.dav("alice", "faces/names.a.csv", b"2024-01-01T10:00:00Z,my own diary\n") == 201
    assert web.dav("alice", "faces/faces-export.zip", b"PK") == 201
    answer = owner.post(PAGE, everything="1", sure="1").json
    assert answer["removed"] is True and sorted(answer["kept"]) == ["faces/config.json", "faces/faces-export.zip", "faces/names.a.csv",
                                                                         "faces/thresholds.json", "mine/faces.csv", "mine/faces.pkl"]  # fmt: skip
    assert web.content(alice, web.own_file(alice, "faces.csv", mine)) and web.content(alice, note)
    page = owner.get(PAGE, done="all").text
    assert "mine/faces.csv" in page and "stay" in page


def test_it_goes_on_by_the_cron_if_nobody_waits(web: WebHub, alice: int, owner: Client) -> None:
    """A run at work holds the locks; the wish is not lost, and nothing is made or named meanwhile."""
    a_life(web, alice, owner)
    web.give(web.state("detect.lock", "alice"), "")
    locked = web.state("detect.lock", "alice").open("a")
    fcntl.flock(locked, fcntl.LOCK_EX)
    answer = owner.post(PAGE, everything="1", sure="1")
    assert answer.code == 202 and answer.json["removed"] is False
    assert str(web.value("stop.alice")).endswith(" quietly")
    assert "is being removed" in owner.get(PAGE).text and "Go on" in owner.get(PAGE).text
    web.install(alice)  # somebody is quick
    assert owner.get("/faces/alice").code == 409
    assert owner.post("/faces/alice/name", faces=f"{1:032x}", name="x").code == 409
    web.php("cron")
    assert len(traces(web, alice)) > 10
    locked.close()
    web.php("cron")
    assert traces(web, alice) == []
    assert owner.get("/faces/alice").code == 404  # the app that came back meanwhile is gone, too
    web.install(alice)
    assert owner.get("/faces/alice").code == 200


def test_a_wish_that_was_killed_at_its_beginning_is_carried_out(web: WebHub, alice: int, owner: Client) -> None:
    """kill -9 between the note and the rest: the app is still there."""
    a_life(web, alice, owner)
    web.give(web.state("removing", "alice"), "")
    web.php("cron")
    assert traces(web, alice) == []
    assert web.sql("SELECT * FROM app WHERE app_plugin = 'faces' AND app_channel = %s", alice) == []


def test_without_room_for_the_wish_nothing_begins(web: WebHub, alice: int, owner: Client) -> None:
    a_life(web, alice, owner)
    folder = web.state("", "alice")
    if web.is_real or subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", folder], check=False).returncode:
        pytest.skip("cannot mount a disk here")
    try:
        assert owner.post(PAGE, everything="1", sure="1").code in (503, 507)
        assert web.sql("SELECT * FROM app WHERE app_plugin = 'faces' AND app_channel = %s", alice)
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_requests_in_flight_are_waited_for(web: WebHub, alice: int, owner: Client) -> None:
    """They began before the wish, and what they write afterwards would be left."""
    a_life(web, alice, owner)
    lock = web.state(f"in-use-{alice % 64}.lock")
    with lock.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        assert owner.post(PAGE, everything="1", sure="1").code == 202
        assert len(traces(web, alice)) > 10
    assert owner.post(PAGE, everything="1", sure="1").code == 200
    assert traces(web, alice) == []


def test_channels_that_the_hub_forgot_leave_nothing(web: WebHub, alice: int, owner: Client) -> None:
    web.give(web.root / "store" / "[data]" / "faces" / "987654" / "cache" / "faces-1.json", SECRET)
    web.php("cron")
    assert not (web.root / "store" / "[data]" / "faces" / "987654").exists()


def test_on_a_clone_the_copies_on_the_server_go_too(web: WebHub, alice: int, owner: Client) -> None:
    """There files and app go by the hub's packets; nobody presses a button."""
    web.sql("DELETE FROM app WHERE app_channel = %s AND app_plugin = 'faces'", alice)
    web.give(web.state("cache/journal-3.json", "alice"), SECRET)
    web.set("status.alice", SECRET)
    web.php("cron")
    assert traces(web, alice) == []
    bob = web.id("bob")  # who took the app away only: his data are his to remove
    web.data_files(bob, "")
    web.give(web.state("cache/journal-3.json", "bob"), "{}")
    web.php("cron")
    assert web.state("cache/journal-3.json", "bob").exists()


def test_what_a_computer_at_home_left_goes_too(web: WebHub, alice: int, owner: Client) -> None:
    a_life(web, alice, owner)
    for name, content in (
        ("report.html", f"<!doctype html><!-- faces 1 -->{SECRET}"),
        ("faces.log", SECRET),
        ("detect.lock", ""),
    ):
        assert web.dav("alice", f"faces/{name}", content.encode()) == 201
    web.write(alice, "faces.pkl", b"PAR1 half a file" + SECRET.encode(), "")  # torn
    lost = web.folder(alice, "lost")
    web.data_files(alice, lost)
    shutil.rmtree(web.root / web.content(alice, lost))  # a row whose file, and folder, are gone
    assert owner.post(PAGE, everything="1", sure="1").json == {"removed": True, "kept": []}
    assert traces(web, alice) == []


def test_two_at_once_are_one(web: WebHub, alice: int, owner: Client) -> None:
    a_life(web, alice, owner)
    clients = [web.log_in("alice") for _ in range(4)]
    tokens = [client.token() for client in clients]  # before: without the app the page gives none
    codes: list[int] = []
    threads = [
        threading.Thread(
            target=lambda client: codes.append(client.post(PAGE, everything="1", sure="1").code), args=[client]
        )
        for client in clients
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(tokens) and set(codes) <= {200, 202} and 200 in codes
    until(lambda: owner.post(PAGE, everything="1", sure="1").code == 200)
    assert traces(web, alice) == []


def test_without_the_app_an_owner_still_gets_rid_of_it(web: WebHub, alice: int, owner: Client) -> None:
    a_life(web, alice, owner)
    owner.token()
    web.sql("DELETE FROM app WHERE app_channel = %s AND app_plugin = 'faces'", alice)
    assert owner.get("/faces/alice").code == 404
    assert "Yes, everything" in owner.get(PAGE).text
    assert owner.post(PAGE, everything="1", sure="1").json["removed"] is True
    assert traces(web, alice) == []


def test_a_link_in_the_place_of_a_file_leads_nowhere(web: WebHub, alice: int, owner: Client, tmp_path: Path) -> None:
    a_life(web, alice, owner)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("precious")
    half = web.root / "store" / "alice" / ".faces-tmp"
    (half / "link").symlink_to(outside)
    web.state("linked", "alice").symlink_to(outside)
    path = web.path(alice, "edits.csv")
    path.unlink()
    path.symlink_to(outside / "precious")
    owner.post(PAGE, everything="1", sure="1")
    assert (outside / "precious").read_text() == "precious"
    assert not half.exists() and not web.state("", "alice").exists()


# --- parts: the worker does it --------------------------------------------------------------------------------------------------


def test_parts_can_be_chosen_and_the_worker_is_told(web: WebHub, alice: int, owner: Client) -> None:
    a_life(web, alice, owner)
    contents = {"version": 1, "photos": 2, "faces": 3, "detectors": {"yunet": {"photos": 2, "faces": 3}, "opencv": {"photos": 2, "faces": 5}, "region": {"photos": 1, "faces": 7},
                "<evil>": {"faces": 1}},
                "models": {"Dlib": {"faces": 3}}}  # fmt: skip
    web.give(web.state("contents.json", "alice"), contents)
    page = owner.get(PAGE).text
    assert 'value="opencv" disabled' in page and "faces: 5" in page and "<evil>" not in page
    assert "faces that other programs marked in photos" in page and "faces: 7" in page
    assert owner.post(PAGE, names="1").code == 503  # blocked
    web.set("block", 0)
    seen = Path("/var/tmp") / f"faces-test-{os.getpid()}" / "arguments"
    program(web, f'printf "%s\\n" "$@" > {seen}')
    for bad in ({}, {"detectors[]": "camera"}, {"models[]": "--all"}, {"detectors[]": "yunet,--all"}, {"names": "2"}):
        assert owner.ask_form(PAGE, **bad).code == 400, bad
    assert owner.ask_form(PAGE, **{"detectors[]": ["opencv", "region"], "models[]": "Dlib", "names": "1"}).code == 202
    until(lambda: seen.exists() and seen.read_text().endswith("Dlib\n"))
    words = seen.read_text().splitlines()
    assert words[1:] == [
        "--hub",
        str(web.root),
        "--channel",
        "alice",
        "--yes",
        "--names",
        "--detectors",
        "opencv,region",
        "--models",
        "Dlib",
    ]


@pytest.mark.slow
def test_names_and_a_detector_go_by_the_real_worker(web: WebHub, alice: int, owner: Client, portraits: Path) -> None:
    web.set("block", 0)
    for name in ("obama.jpg", "biden.jpg"):
        web.photo(alice, name, path=portraits / name)
    ready(web, owner)
    owner.get("/faces/alice")
    web.quiet()
    ids = [f["id"] for p in owner.get("/faces/alice/faces").json["photos"] for f in p["faces"]]
    owner.post("/faces/alice/name", faces=ids[0], name=SECRET)
    web.quiet()
    assert owner.post(PAGE, names="1").code == 202
    web.quiet()
    assert owner.get("/faces/alice/people").json["people"] == [] and web.names(alice) == []
    assert owner.get("/faces/alice/people").json["counts"]["faces"] == 2
    assert SECRET not in owner.get(PAGE).text
    detector = owner.get("/faces/alice/faces").json["photos"][0]["faces"][0]["detector"]
    assert f'value="{detector}"' in owner.get(PAGE).text and "It is in use" in owner.get(PAGE).text
    assert owner.ask_form(PAGE, **{"detectors[]": detector}).code == 202
    web.quiet()
    assert owner.get("/faces/alice/faces").json["total"] == 0
    assert f'value="{detector}"' not in owner.get(PAGE).text
    assert web.wrong_rows() == []


@pytest.mark.slow
def test_a_search_at_work_is_stopped_first(web: WebHub, alice: int, owner: Client, portraits: Path) -> None:
    web.set("block", 0)
    for i in range(60):
        web.photo(alice, f"{i}.jpg", path=portraits / "obama.jpg", shade=i)
    ready(web, owner)
    owner.get("/faces/alice")
    until(lambda: owner.get("/faces/alice/status").json.get("state") == "detecting")
    start = time.monotonic()
    answer: Any = owner.post(PAGE, everything="1", sure="1")
    while answer.code == 202:
        answer = owner.post(PAGE, everything="1", sure="1")
    assert time.monotonic() - start < 60
    web.quiet()
    assert traces(web, alice) == []
