"""Names in photos, as the owner's page has it: what is set, what would be written, what was, and how it is taken out again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from webhub import Client, WebHub, program, until

PAGE = "/faces/alice/metadata"


@pytest.fixture
def alice(web: WebHub, alice: int) -> int:
    web.photo(alice, "a.png")
    return alice


def config(web: WebHub, alice: int) -> dict[str, Any]:
    return dict(json.loads(web.path(alice, "config.json").read_bytes()).get("metadata", {}))


def told(**what: Any) -> dict[str, Any]:
    """As the worker writes it (jobs/wrote.py)."""
    return {"version": 1, "time": "2026-11-24T09:00:00Z", "target": "photo", "names": "all", "undo": False, "named": 0, "written": 0,
            "same": 0, "seconds": 0.1, "error": "", "problems": [], "left": [], "failed": 0, **what}  # fmt: skip


def worker(web: WebHub) -> Path:
    """In place of the worker: notes with what it was started, a line each."""
    web.set("block", 0)
    seen = Path("/var/tmp") / f"faces-test-{os.getpid()}" / "started"
    seen.unlink(missing_ok=True)
    program(web, f'echo "$@" >> {seen}')
    return seen


def started(web: WebHub, seen: Path, number: int) -> list[str]:
    """So many starts, but for the searches of the page."""
    place = f"--hub {web.root}"

    def lines() -> list[str]:
        text = seen.read_text() if seen.exists() else ""
        return [line.partition("/py/")[2].replace(place, "HUB") for line in text.splitlines() if "metadata.py" in line]

    until(lambda: len(lines()) >= number, 20)
    return lines()


def test_the_settings_are_shown_and_saved_here_and_nowhere_else(web: WebHub, alice: int, owner: Client) -> None:
    page = owner.get(PAGE).text
    assert 'value="suggest" selected' in page and 'value="nowhere" selected' in page and 'value="new" selected' in page
    assert "Nothing was written yet." in page and "Write now" not in page and "Take everything out" not in page
    answer = owner.ask_form(PAGE, page="1", region_names="confirm", write_to="sidecar", write_names="all")
    assert (answer.code, answer.headers["Location"]) == (303, f"{web.url}{PAGE}?done=saved")
    wanted = {"region_names": "confirm", "write_to": "sidecar", "write_names": "all"}
    assert config(web, alice) == wanted
    page = owner.get(PAGE, done="saved").text
    assert "Saved." in page and 'value="sidecar" selected' in page and 'value="all" selected' in page
    settings = owner.get("/faces/alice/settings").text
    assert 'name="write_to"' not in settings
    assert owner.post("/faces/alice/settings", write_to="photo").code == 400
    owner.post("/faces/alice/settings", preset="default")
    assert config(web, alice) == wanted
    for bad in ({"write_to": "everywhere"}, {"write_to[]": "photo"}, {"region_names": ""}, {}, {"write_to": "photo", "write_names": "<i>"}):  # fmt: skip
        assert owner.ask_form(PAGE, **bad).code == 400, bad
    assert config(web, alice) == wanted


def test_it_is_the_owners_alone_and_a_form_needs_its_token(web: WebHub, alice: int, owner: Client) -> None:
    web.give(web.state("wrote.json", "alice"), told(problems=["Photos/secret.jpg: no"], failed=1))
    web.connect_people("alice", "bob", writes=True)
    for visitor in (web.log_in("bob"), web.log_in("admin"), web.anonymous(), web.remote()):
        answer = visitor.get(PAGE)
        assert answer.code in (401, 403) and "secret.jpg" not in answer.text
        assert visitor.post(PAGE, write_to="photo").code in (401, 403)
    for token in ("", "1." + "0" * 128, None):
        assert owner.post(PAGE, token=token, write_to="photo").code == 403
        assert owner.post(PAGE, token=token, undo="1").code == 403
    assert not web.sql("SELECT id FROM attach WHERE filename = 'config.json'")


def test_saving_and_the_buttons_start_the_worker(web: WebHub, alice: int, owner: Client) -> None:
    seen = worker(web)
    assert owner.post(PAGE, write="1").code == 400  # nowhere
    assert owner.post(PAGE, preview="1").code == 202
    preview = "metadata.py HUB --channel alice --wait 3600 --dry-run --most 3 --write"
    assert started(web, seen, 1) == [preview]
    owner.post(PAGE, write_to="photo")
    write = "metadata.py HUB --wait 3600 --channel alice --write"
    assert started(web, seen, 2) == [preview, write]
    web.quiet()
    owner.post(PAGE, write_to="nowhere", write_names="all")
    owner.post(PAGE, write_to="photo")
    assert started(web, seen, 3) == [preview, write, write]  # not for nowhere
    web.quiet()
    assert owner.post(PAGE, write="1").code == 202
    assert started(web, seen, 4)[3:] == [write]
    web.quiet()
    assert owner.post(PAGE, undo="1").code == 202
    assert started(web, seen, 5)[4:] == ["metadata.py HUB --channel alice --wait 3600 --undo"]
    assert config(web, alice)["write_to"] == "nowhere"  # else it came back


def test_where_python_is_blocked_it_is_said_and_the_settings_stay(web: WebHub, alice: int, owner: Client) -> None:
    owner.post(PAGE, write_to="photo")
    assert "switched the search for faces off" in (page := owner.get(PAGE).text) and "Show what" not in page
    for button in ("preview", "write", "undo"):
        assert owner.ask_form(PAGE, **{button: "1"}).code == 503, button
    assert config(web, alice) == {"write_to": "photo"}


def test_without_exiftool_owner_and_admin_are_told(web: WebHub, alice: int, owner: Client) -> None:
    for version, isMissing in (("12.57", False), ("missing", True), ("broken", True)):
        web.give(web.state("availability.json"), {"version": 1, "versions": {"exiftool": version}})
        assert ("exiftool is missing on this server" in owner.get(PAGE).text) is isMissing
        assert ("exiftool is missing: dates" in web.log_in("admin").get("/admin/addons/faces").text) is isMissing


def test_what_would_be_written_is_shown_on_the_photos(web: WebHub, alice: int, owner: Client) -> None:
    odd = web.folder(alice, "o <b> / 🎉")
    photos = {"a.png": "", "o <b> / 🎉/x<i>.png": odd}
    hashes = [
        web.sql("SELECT hash FROM attach WHERE filename = 'a.png'")[0][0],
        web.photo(alice, "x<i>.png", folder=odd),
    ]
    made = [
        {"photo": path, "hash": hash, "lines": [f"+ keyword <evil>{path}"]}
        for path, hash in zip(photos, hashes, strict=True)
    ]
    web.give(
        web.state("preview.json", "alice"),
        told(named=41, written=3, photos=[*made, {"photo": "gone.png", "hash": "gone", "lines": []}, {"photo": 7}, 3]),
    )
    page = owner.get(PAGE).text
    assert "photos with names to be written: 41." in page and "<evil>" not in page and "&lt;evil&gt;a.png" in page
    for hash in hashes:
        assert f"/photo/{hash}-2" in page
    figures = page[page.index("<figure>") : page.rindex("</figure>")]
    assert page.count("<figure>") == 3 and figures.count("<img") == 2
    assert "The settings are others now" in page  # all names, and new ones are set
    owner.post(PAGE, write_names="all")
    assert "The settings are others now" not in owner.get(PAGE).text
    web.give(web.state("preview.json", "alice"), told(names="new", photos=[]))
    assert "names that were given before are left" in owner.get(PAGE).text


def test_how_the_last_run_ended_is_told(web: WebHub, alice: int, owner: Client) -> None:
    what = told(
        named=9,
        written=5,
        same=3,
        failed=1,
        problems=["a<i>.png: it is read-only"],
        left=["b.png: Ada: another program calls that face Bob"],
    )
    web.give(web.state("wrote.json", "alice"), what)
    page = owner.get(PAGE).text
    assert (
        "Photos with names: 9, changed: 5, as they were: 3." in page and "Photos that could not be changed: 1" in page
    )
    assert "a&lt;i&gt;.png: it is read-only" in page and "another program calls that face Bob" in page
    web.give(web.state("wrote.json", "alice"), told(undo=True, written=5))
    assert "Photos changed: 5." in owner.get(PAGE).text
    for damaged in (
        "",
        "[]",
        '{"version": 1, "problems": {"a": [1]}, "left": [7], "named": "x", "time": []}',
        "{" * 9000,
    ):
        for name in ("wrote.json", "preview.json"):
            web.give(web.state(name, "alice"), damaged)
        assert owner.get(PAGE).code == 200, damaged


def test_a_run_that_failed_says_why(web: WebHub, alice: int, owner: Client) -> None:
    web.set("block", 0)
    program(web, 'echo "faces: names cannot be written without exiftool: apt install it" >&2; exit 12')
    owner.post(PAGE, preview="1")
    web.quiet()
    until(lambda: "names cannot be written without exiftool" in owner.get(PAGE).text, 20)


def test_removing_everything_ends_what_is_being_written(web: WebHub, alice: int, owner: Client) -> None:
    web.set("block", 0)
    program(web, 'case "$*" in *metadata.py*) exec sleep 50;; esac')
    owner.post(PAGE, write_to="photo")
    until(lambda: "Names are being written." in owner.get(PAGE).text, 20)
    begun = time.monotonic()
    until(lambda: owner.post("/faces/alice/remove", everything="1", sure="1").code == 200, 40)
    assert time.monotonic() - begun < 30 and not web.state("", "alice").exists()


def tags(path: Path) -> dict[str, Any]:
    done = subprocess.run(["exiftool", "-json", "-XMP:all", str(path)], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout)[0])


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("exiftool"), reason="no exiftool here: sh tests/packages.sh")
def test_the_whole_way_with_the_real_worker(web: WebHub, alice: int, owner: Client, portraits: Path) -> None:
    photo = web.photo(alice, "obama.jpg", path=portraits / "obama.jpg")
    path = web.root / web.content(alice, photo)
    before = path.read_bytes()
    web.set("block", 0)
    owner.get("/faces/alice")
    web.quiet()
    faces = {p["file"]: p["faces"] for p in owner.get("/faces/alice/faces").json["photos"]}
    owner.post("/faces/alice/name", faces=faces["obama.jpg"][0]["id"], name="Barack Obama")
    web.quiet()
    assert path.read_bytes() == before  # nobody asked for it
    owner.post(PAGE, write_to="nowhere", write_names="all")
    owner.post(PAGE, preview="1")
    until(lambda: "Barack Obama" in owner.get(PAGE).text)
    assert f"/photo/{photo}-2" in owner.get(PAGE).text and path.read_bytes() == before
    owner.post(PAGE, write_to="photo")
    until(lambda: "changed: 1," in owner.get(PAGE).text)
    assert tags(path)["PersonInImage"] == "Barack Obama"
    assert web.sql("SELECT filesize FROM attach WHERE hash = %s", photo) == [(path.stat().st_size,)]
    if web.is_real:  # it sends as many bytes as its rows say
        for address in ("/cloud/alice/obama.jpg", f"/photo/{photo}.jpg", f"/attach/{photo}"):
            assert owner.get(address).body == path.read_bytes(), address
    web.quiet()
    owner.post("/faces/alice/start")
    web.quiet()
    (known,) = (p["faces"] for p in owner.get("/faces/alice/faces").json["photos"] if p["file"] == "obama.jpg")
    assert [(f["id"], f["name"]) for f in known] == [(faces["obama.jpg"][0]["id"], "Barack Obama")]  # no new photo
    owner.post(PAGE, undo="1")
    until(lambda: "Taken out:" in owner.get(PAGE).text)
    assert "PersonInImage" not in tags(path) and config(web, alice)["write_to"] == "nowhere"
    web.quiet()
    before = path.read_bytes()
    owner.post(PAGE, write_to="sidecar")
    until(lambda: "obama.jpg.xmp" in waiting(web, owner))
    hash = web.sql("SELECT hash FROM attach WHERE filename = 'obama.jpg.xmp'")[0][0]
    assert tags(web.root / web.content(alice, hash))["PersonInImage"] == "Barack Obama"
    web.quiet()
    owner.post(PAGE, write="1")  # the worker knows it in its new place
    web.quiet()
    assert "changed: 0, as they were: 1." in owner.get(PAGE).text
    owner.post(PAGE, undo="1")
    until(lambda: waiting(web, owner) == set())
    assert path.read_bytes() == before and web.wrong_rows() == []


# --- files beside photos ------------------------------------------------------------------------------------------------------


def beside(web: WebHub, photo: str, content: str = "<x:xmpmeta/>") -> Path:
    """What the worker leaves for a photo."""
    path = web.state(f"sidecars/{photo}.xmp", "alice")
    web.give(path, content)
    return path


def waiting(web: WebHub, owner: Client) -> set[str]:
    """The names of files beside photos, after the page was opened; the worker may be between a file and its row."""
    owner.get(PAGE)
    return {name for (name,) in web.sql("SELECT filename FROM attach WHERE filename LIKE '%%.xmp'")}


def sidecars(web: WebHub, alice: int) -> dict[str, tuple[Any, ...]]:
    """In the cloud: content, rights, folder by name; each has a row that says its size."""
    rows = web.sql(
        "SELECT filename, hash, filesize, allow_cid, allow_gid, folder FROM attach WHERE uid = %s AND filename LIKE '%%.xmp'",
        alice,
    )
    found = {}
    for name, hash, size, cid, gid, folder in rows:
        path = web.root / web.content(alice, hash)
        assert path.stat().st_size == size and name not in found
        found[name] = (path.read_text(), cid + gid, folder)
    return found


@pytest.mark.parametrize("how", ["metadata", "page", "cron"])
def test_files_beside_photos_come_into_the_cloud_for_the_owner_alone(
    web: WebHub, alice: int, owner: Client, how: str
) -> None:
    folder = web.folder(alice, "o <b> 🎉")
    web.sql("UPDATE attach SET allow_gid = '<friends>' WHERE hash = %s", folder)
    photo = web.photo(alice, "x'y.jpg", folder=folder, shade=3)
    waiting = beside(web, photo)
    gone = beside(web, "11111111-2222-3333-4444-555555555555")
    own = web.sql("SELECT hash FROM attach WHERE filename = 'a.png'")[0][0]
    web.data_file(alice, "a.png.xmp", content=b"mine")
    late = beside(web, own)  # somebody put one there since
    odd = web.state("sidecars/..%2Fx.xmp", "alice")
    web.give(odd, "odd")
    web.php("cron") if how == "cron" else owner.get(PAGE if how == "metadata" else "/faces/alice")
    assert sidecars(web, alice)["x'y.jpg.xmp"] == ("<x:xmpmeta/>", f"<{web.hash('alice')}>", folder)
    assert sidecars(web, alice)["a.png.xmp"][0] == "mine" and len(sidecars(web, alice)) == 2
    assert [path.exists() for path in (waiting, gone, late, odd)] == [False, False, False, True]
    assert web.sql("SELECT id FROM attach WHERE uid = %s AND filename = 'odd'", alice) == []


def test_one_of_ours_that_was_emptied_goes_and_no_other(web: WebHub, alice: int, owner: Client) -> None:
    photo = web.photo(alice, "b.png", shade=1)
    web.data_file(alice, "theirs.xmp")  # empty, and not ours
    beside(web, photo)
    owner.get(PAGE)
    assert set(sidecars(web, alice)) == {"b.png.xmp", "theirs.xmp"}
    owner.get(PAGE)
    assert set(sidecars(web, alice)) == {"b.png.xmp", "theirs.xmp"}
    web.write(alice, "b.png.xmp", b"", "")  # what an undo does
    owner.get(PAGE)
    assert set(sidecars(web, alice)) == {"theirs.xmp"}
    beside(web, photo, "again")
    owner.get(PAGE)
    assert sidecars(web, alice)["b.png.xmp"][0] == "again"


def test_without_room_it_waits_and_the_owner_is_told(web: WebHub, alice: int, owner: Client) -> None:
    waiting = beside(web, web.sql("SELECT hash FROM attach WHERE filename = 'a.png'")[0][0], "x" * 5000)
    long = web.photo(alice, "x" * 187 + ".png", shade=1)
    beside(web, long)
    web.limit("alice", 1000)
    page = owner.get(PAGE).text
    assert "a.png.xmp cannot be made" in page and waiting.exists() and sidecars(web, alice) == {}
    web.limit("alice", None)
    assert ("x" * 187 + ".png.xmp cannot be made: it is too long") in owner.get(PAGE).text
    assert not waiting.exists() and len(sidecars(web, alice)["a.png.xmp"][0]) == 5000
