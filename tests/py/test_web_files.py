"""The data files in the cloud: made by the page, the owner's alone, within what the hub allows; and what clones are told."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
from webhub import Client, WebHub, face

OF_THIS_HUB = "names.127.0.0.1.csv"
CHANNEL_FILES = {"names.csv", "edits.csv", "faces_statistics.csv", "models_statistics.csv", "written.jsonl"}


def rows(web: WebHub, channel: int) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Data files by folder and name: hash, size, rights."""
    found = web.sql("SELECT folder, filename, hash, filesize, allow_cid, allow_gid, deny_cid, deny_gid FROM attach WHERE uid = %s"
                    " AND is_photo = 0 AND is_dir = 0 ORDER BY id", channel)  # fmt: skip
    return {(str(folder), str(name)): tuple(rest) for folder, name, *rest in found}


def own_only(web: WebHub) -> tuple[str, str, str, str]:
    return (f"<{web.hash('alice')}>", "", "", "")


def test_the_owner_opens_the_page_and_the_files_are_there(web: WebHub, alice: int, owner: Client) -> None:
    group = "<22222222-aaaa-bbbb-cccc-000000000001>"
    web.sql(
        "UPDATE channel SET channel_allow_gid = %s WHERE channel_id = %s", group, alice
    )  # the hub's default for a personal channel
    photos = web.folder(alice, "Photos")
    deep = web.folder(alice, "o \"q\" 'x' / $(id) 🎉", photos)
    web.folder(alice, "Documents")
    web.sql("UPDATE attach SET allow_gid = %s WHERE hash = %s", group, photos)
    for folder in ("", photos, deep):
        web.photo(alice, "a.png", folder=folder, shade=len(folder))
    answer = owner.get("/faces/alice")
    problems = re.findall(r'faces-problem"[^>]*>([^<]*)', answer.text)
    assert answer.code == 200 and problems == ["The admin of this hub has switched the search for faces off."]
    found = rows(web, alice)
    top = web.sql("SELECT hash, allow_cid FROM attach WHERE uid = %s AND filename = 'faces' AND is_dir = 1", alice)
    assert top[0][1] == own_only(web)[0]
    assert set(found) == {(f, n) for f in ("", photos, deep) for n in ("faces.csv", "faces.pkl")} | {
        (top[0][0], n) for n in CHANNEL_FILES
    }
    assert {row[2:] for row in found.values()} == {own_only(web)}
    for row in found.values():
        path = web.root / web.content(alice, row[0])
        assert path.stat().st_size == 0 and path.stat().st_mode & 0o777 == 0o600
    assert web.wrong_rows() == []
    owner.get("/faces/alice")
    assert rows(web, alice) == found


def test_nobody_elses_visit_makes_files(web: WebHub, alice: int) -> None:
    web.photo(alice, "a.png")
    web.connect_people("alice", "dave", writes=True)
    for client in (web.anonymous(), web.remote(), web.log_in("carol"), web.log_in("dave"), web.log_in("admin")):
        assert client.get("/faces/alice").code == 200
    assert rows(web, alice) == {}


def test_a_channel_without_photos_gets_no_files(web: WebHub, alice: int, owner: Client) -> None:
    owner.get("/faces/alice")
    assert rows(web, alice) == {} and web.sql("SELECT id FROM attach WHERE uid = %s", alice) == []


def test_photos_in_the_folder_faces_get_none(web: WebHub, alice: int, owner: Client) -> None:
    top = web.folder(alice, "faces")
    inner = web.folder(alice, "mine", top)
    web.photo(alice, "a.png", folder=inner)
    web.photo(alice, "b.png", shade=1)
    owner.get("/faces/alice")
    assert {folder for folder, name in rows(web, alice) if name == "faces.csv"} == {""}


def test_ten_visits_at_once_make_each_file_once(web: WebHub, alice: int, owner: Client) -> None:
    import threading

    for i in range(8):
        web.photo(alice, "a.png", folder=web.folder(alice, f"F{i}"), shade=i)

    def visit() -> None:
        client = Client(web, "alice")
        client.cookies = dict(owner.cookies)
        client.get("/faces/alice")

    threads = [threading.Thread(target=visit) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    owner.get("/faces/alice")
    names = web.sql(
        "SELECT folder, filename, count(*) FROM attach WHERE uid = %s AND is_photo = 0 AND is_dir = 0 GROUP BY 1, 2",
        alice,
    )
    assert len(names) == 8 * 2 + len(CHANNEL_FILES) and {n for *_, n in names} == {1}


def test_without_a_store_folder_it_is_made(web: WebHub, alice: int, owner: Client) -> None:
    web.photo(alice, "a.png")
    place = web.root / "store" / "alice"
    aside = place.rename(place.with_name("alice-aside"))
    owner.get("/faces/alice")
    assert place.is_dir()
    for path in aside.iterdir():
        path.rename(place / path.name)
    aside.rmdir()


def test_a_folder_that_is_called_faces_but_for_its_case(web: WebHub, alice: int, owner: Client) -> None:
    web.folder(alice, "Faces")
    web.photo(alice, "a.png")
    page = owner.get("/faces/alice").text
    assert "The folder &quot;faces&quot; cannot be made" in page and "rename it" in page


def test_a_folder_that_is_missing_on_disk_is_said(web: WebHub, alice: int, owner: Client) -> None:
    import shutil

    folder = web.folder(alice, "Lost")
    web.photo(alice, "a.png", folder=folder)
    web.photo(alice, "b.png", shade=1)
    shutil.rmtree(web.root / web.content(alice, folder))
    page = owner.get("/faces/alice").text
    assert "Lost/faces.csv cannot be made: its folder is missing on disk" in page
    assert ("", "faces.csv") in rows(web, alice)


def test_a_channel_whose_name_begins_like_our_address(web: WebHub) -> None:
    """The hub's Directory takes /facesofrome for /faces and "ofrome"."""
    if web.is_real:
        pytest.skip("has no such channel")
    web._person("facesofrome")
    number = web.id("facesofrome")
    web.install(number)
    web.set("block", 1)
    web.photo(number, "a.png")
    page = web.log_in("facesofrome").get("/faces/facesofrome").text
    assert "cannot be made" not in page and ("", "faces.csv") in rows(web, number)


# --- rights of the data files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["page", "cron"])
def test_files_that_came_by_webdav_are_narrowed(web: WebHub, alice: int, owner: Client, how: str) -> None:
    """The worker at home writes over WebDAV: the hub gives a new file its folder's rights, here everybody's."""
    web.photo(alice, "a.png")
    for name in ("faces.csv", "faces.pkl", "Faces.csv.txt"):
        assert web.dav("alice", name, b"id,file,x,y,w,h\n") == 201
    token = f"<{web.hash('bob')}><token:abc>"
    web.sql(
        "UPDATE attach SET allow_cid = %s, deny_gid = '<x>' WHERE filename = 'faces.pkl' AND uid = %s", token, alice
    )
    assert rows(web, alice)[("", "faces.csv")][2:] == ("", "", "", "")
    owner.get("/faces/alice") if how == "page" else web.php("cron")
    found = rows(web, alice)
    assert found[("", "faces.csv")][2:] == found[("", "faces.pkl")][2:] == own_only(web)
    assert found[("", "Faces.csv.txt")][2:] == ("", "", "", "")
    assert web.anonymous().get(f"/attach/{found[('', 'faces.csv')][0]}").body.find(b"id,file") < 0


def test_of_a_channel_without_the_app_nothing_is_touched(web: WebHub, alice: int) -> None:
    bob = web.id("bob")
    web.photo(bob, "a.png")
    web.dav("bob", "faces.csv", b"something of bob's")
    web.php("cron")
    assert rows(web, bob)[("", "faces.csv")][2:] == ("", "", "", "") and len(rows(web, bob)) == 1


# --- what the hub allows ----------------------------------------------------------------------------------------------------


@pytest.fixture
def limits(web: WebHub) -> Any:
    yield
    web.sql("UPDATE account SET account_service_class = ''")
    web.sql("DELETE FROM config WHERE cat = 'service_class' OR (cat = 'system' AND k = 'maxfilesize')")


@pytest.mark.usefixtures("limits")
def test_a_name_over_the_limit_is_refused_and_the_file_stays(web: WebHub, alice: int, owner: Client) -> None:
    photo = web.photo(alice, "a.png")
    web.data_files(alice, "")
    web.faces(alice, [face(i, photo) for i in range(20)])
    assert owner.post("/faces/alice/name", faces=f"{1:032x}", name="Ada").code == 200
    before = web.path(alice, "names.csv").read_bytes()
    web.set("maxfilesize", len(before) + 100, "system")
    answer = owner.post("/faces/alice/name", faces=f"{2:032x}", name="Bob")
    assert answer.code == 507 and "maxfilesize" in answer.json["error"]
    web.sql("DELETE FROM config WHERE cat = 'system' AND k = 'maxfilesize'")
    used = int(web.sql("SELECT SUM(filesize) FROM attach WHERE uid = %s", alice)[0][0])
    web.limit("alice", f"{used + 100}")
    answer = owner.post("/faces/alice/name", faces=f"{2:032x}", name="Bob")
    assert answer.code == 507 and "may store" in answer.json["error"]
    assert web.path(alice, "names.csv").read_bytes() == before and web.wrong_rows() == []
    web.limit("alice", "100M")
    assert owner.post("/faces/alice/name", faces=f"{2:032x}", name="Bob").code == 200


@pytest.mark.usefixtures("limits")
def test_no_files_are_made_where_the_quota_is_used_up(web: WebHub, alice: int, owner: Client) -> None:
    web.photo(alice, "a.png")
    web.limit("alice", "10")
    page = owner.get("/faces/alice").text
    assert "The data files could not be made: the account may store" in page
    assert rows(web, alice) == {}


def test_the_hub_deletes_a_file_that_put_makes_too_large(web: WebHub, alice: int, owner: Client, limits: None) -> None:
    """Not ours, but why we look beforehand: the stand-in has to be as bad as the hub."""
    assert web.dav("alice", "x.csv", b"1") == 201
    web.set("maxfilesize", 10, "system")
    assert web.dav("alice", "x.csv", b"1" * 11) == 204
    assert ("", "x.csv") not in rows(web, alice)


# --- writing names.csv -------------------------------------------------------------------------------------------------------


def test_names_keep_owner_and_mode_and_leave_nothing_behind(web: WebHub, alice: int, owner: Client) -> None:
    photo = web.photo(alice, "a.png")
    web.data_files(alice, "")
    web.faces(alice, [face(1, photo)])
    path = web.path(alice, "names.csv")
    path.chmod(0o640)
    before = path.stat()
    assert owner.post("/faces/alice/name", faces=f"{1:032x}", name="Ada").code == 200
    after = path.stat()
    assert (after.st_mode, after.st_uid) == (before.st_mode, before.st_uid) and after.st_ino != before.st_ino
    assert list((web.root / "store" / "alice" / ".faces-tmp").iterdir()) == []


def test_without_names_csv_nothing_is_said_to_be_saved(web: WebHub, alice: int, owner: Client) -> None:
    photo = web.photo(alice, "a.png")
    web.data_files(alice, "")
    web.faces(alice, [face(1, photo)])
    owner.token()
    web.sql("DELETE FROM attach WHERE uid = %s AND filename = 'names.csv'", alice)
    answer = owner.post("/faces/alice/name", faces=f"{1:032x}", name="Ada")
    assert answer.code == 409 and "names.csv" in answer.json["error"]


def test_two_of_one_name_the_older_counts(web: WebHub, alice: int, owner: Client) -> None:
    photo = web.photo(alice, "a.png")
    web.data_files(alice, "")
    web.faces(alice, [face(1, photo)])
    own = web.sql("SELECT hash FROM attach WHERE uid = %s AND is_dir = 1 AND filename = 'faces'", alice)[0][0]
    web.data_file(alice, "names.csv", own)
    owner.post("/faces/alice/name", faces=f"{1:032x}", name="Ada")
    assert [d.name for d in web.names(alice)] == ["Ada"]


def test_a_full_disk_costs_no_name(web: WebHub, alice: int, owner: Client) -> None:
    """A small disk in the place of the folder for unfinished files."""
    import subprocess

    photo = web.photo(alice, "a.png")
    web.data_files(alice, "")
    web.faces(alice, [face(i, photo) for i in range(400)])
    disk = web.root / "store" / "alice" / ".faces-tmp"
    disk.mkdir(exist_ok=True)
    web_user = (web.root / "store").stat().st_uid
    os.chown(disk, web_user, -1)
    if (
        os.geteuid() != 0
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", disk], check=False).returncode
    ):
        pytest.skip("only root mounts disks")
    try:
        os.chown(disk, web_user, -1)
        before = web.path(alice, "names.csv").read_bytes()
        answer = owner.post("/faces/alice/name", faces=",".join(f"{i:032x}" for i in range(400)), name="Ada")
        assert answer.code == 507 and "disk" in answer.json["error"]
        assert web.path(alice, "names.csv").read_bytes() == before and list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", disk], check=True)
    assert owner.post("/faces/alice/name", faces=f"{1:032x}", name="Ada").code == 200


# --- clones --------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def clone(web: WebHub, alice: int) -> Any:
    if web.is_real:
        pytest.skip("a real hub does not say what it sent")
    web.sql("INSERT INTO hubloc (hubloc_hash, hubloc_host) VALUES (%s, 'clone.example')", web.hash("alice"))


def sent(web: WebHub) -> list[str]:
    """Names of the files sent since the last time."""
    packets = [json.loads(p) for (p,) in web.sql("SELECT packet FROM sent ORDER BY id")]
    web.sql("DELETE FROM sent")
    return [attach["attach"][-1]["filename"] for packet in packets for attach in packet["file"]]


@pytest.mark.usefixtures("clone")
@pytest.mark.parametrize("how", ["page", "cron", "status"])
def test_what_the_worker_wrote_is_sent_once(web: WebHub, alice: int, owner: Client, how: str) -> None:
    photo = web.photo(alice, "a.png")
    owner.get("/faces/alice")
    assert set(sent(web)) == {"faces", "faces.csv", "faces.pkl", OF_THIS_HUB, *CHANNEL_FILES} - {"names.csv"}

    def look() -> list[str]:
        web.php("cron") if how == "cron" else owner.get("/faces/alice" + ("/status" if how == "status" else ""))
        return sent(web)

    assert look() == []
    web.faces(alice, [face(1, photo)])
    assert look() == ["faces.csv"]
    assert look() == []
    time.sleep(1.1)  # the row's time is to the second
    web.faces(alice, [face(2, photo)])
    assert look() == ["faces.csv"]
    assert look() == []


@pytest.mark.usefixtures("clone")
def test_two_hubs_of_a_channel_do_not_overwrite_each_others_names(web: WebHub, alice: int, owner: Client) -> None:
    """Each writes a journal of its own; all are read. What the other one sends replaces its own file only."""
    photo = web.photo(alice, "a.png")
    web.data_files(alice, "")  # from before there was a clone
    web.faces(alice, [face(i, photo) for i in range(1, 5)])
    owner.get("/faces/alice")
    folder = web.sql("SELECT hash FROM attach WHERE uid = %s AND is_dir = 1 AND filename = 'faces'", alice)[0][0]
    web.data_file(alice, "names.other.example.csv", folder)
    own, other = "names.127.0.0.1.csv", "names.other.example.csv"
    header = b"time,face,photo,file,x,y,w,h,decision,name,by,content\n"
    line = "2026-01-01T00:00:0{n}Z,{n:032x},{photo},a.png,0.1,0.2,0.08,0.1,name,{name},me,\n"
    web.write(alice, "names.csv", header + line.format(n=1, photo=photo, name="Before").encode())
    assert owner.post("/faces/alice/name", faces=f"{2:032x}", name="Here").code == 200
    web.write(alice, other, header + line.format(n=3, photo=photo, name="There").encode())
    assert owner.post("/faces/alice/name", faces=f"{4:032x}", name="Here too").code == 200
    faces = {f["name"] for p in owner.get("/faces/alice/faces").json["photos"] for f in p["faces"]}
    assert faces == {"Before", "Here", "There", "Here too"}
    assert (
        web.path(alice, own).read_bytes().count(b"Here") == 2
        and b"Here" not in web.path(alice, "names.csv").read_bytes()
    )
    assert rows(web, alice)[(folder, other)][2:] == own_only(web) if owner.get("/faces/alice") else False
    from faces.jobs import channel, remove

    album = web.album(alice) if not web.is_real else None
    assert album is not None
    assert {d.name for d in channel.read_journal(album)} == faces
    assert remove.counts(web.album(alice))["decisions"] == 4
    remove.run(web.album(alice), remove.What(names=True))
    assert channel.read_journal(web.album(alice)) == [] and web.wrong_rows() == []
    assert {f["name"] for p in owner.get("/faces/alice/faces").json["photos"] for f in p["faces"]} == {""}


@pytest.mark.usefixtures("clone")
def test_many_files_are_sent_bit_by_bit_but_each_once(web: WebHub, alice: int, owner: Client) -> None:
    folders = [web.folder(alice, f"F{i}") for i in range(50)]
    for i, folder in enumerate(folders):
        photo = web.photo(alice, "a.png", folder=folder, shade=i)
        web.data_files(alice, folder)
        web.faces(alice, [face(i, photo)], folder)
    owner.get("/faces/alice/status")
    owner.get("/faces/alice/status")
    assert sorted(sent(web)) == ["faces.csv"] * 50


@pytest.mark.usefixtures("clone")
def test_names_are_sent_with_the_owners_rights_only(web: WebHub, alice: int, owner: Client) -> None:
    photo = web.photo(alice, "a.png")
    owner.get("/faces/alice")
    web.faces(alice, [face(1, photo)])
    owner.get("/faces/alice/status")
    web.sql("DELETE FROM sent")
    owner.post("/faces/alice/name", faces=f"{1:032x}", name="Ada")
    (packet,) = web.sql("SELECT uid, packet FROM sent")
    row = json.loads(packet[1])["file"][0]["attach"][-1]
    assert (packet[0], row["filename"], row["allow_cid"]) == (alice, OF_THIS_HUB, own_only(web)[0])
    assert int(row["filesize"]) == web.path(alice, OF_THIS_HUB).stat().st_size


def wrote(web: WebHub, channel: int, *photos: str) -> None:
    """What the worker does when it writes names into photos: a line, another file, the row."""
    lines = web.path(channel, "written.jsonl").read_bytes()
    for photo in photos:
        path = web.root / web.content(channel, photo)
        copy = path.with_name("copy")
        copy.write_bytes(path.read_bytes() + b"Ada")
        found = copy.stat()
        os.chown(copy, path.stat().st_uid, path.stat().st_gid)
        line = {
            "time": "2026-11-24T09:00:00Z",
            "key": photo,
            "target": "photo",
            "mark": f"{found.st_ino}-{found.st_size}-{found.st_mtime_ns}",
        }
        lines += json.dumps(line).encode() + b"\n"
        copy.replace(path)
        web.sql("UPDATE attach SET filesize = %s, edited = UTC_TIMESTAMP() WHERE hash = %s", found.st_size, photo)
    web.write(channel, "written.jsonl", lines)


@pytest.mark.usefixtures("clone")
def test_photos_with_names_in_them_are_sent_once_by_the_hub_that_wrote(web: WebHub, alice: int, owner: Client) -> None:
    a, b, _ = (web.photo(alice, f"{name}.png", shade=i) for i, name in enumerate("abc"))
    owner.get("/faces/alice")
    sent(web)
    wrote(web, alice, a, b)

    def look() -> list[str]:
        owner.get("/faces/alice/status")
        return sorted(sent(web))

    assert look() == ["a.png", "b.png", "written.jsonl"]
    assert look() == []
    time.sleep(1.1)
    wrote(web, alice, b)
    assert look() == ["b.png", "written.jsonl"]
    assert look() == []
    # the same lines came from a clone, with the photo: it is another file here
    path = web.root / web.content(alice, a)
    path.rename(path.with_name("old"))
    path.write_bytes(path.with_name("old").read_bytes())
    time.sleep(1.1)
    web.sql("UPDATE attach SET edited = UTC_TIMESTAMP() WHERE hash = %s", a)
    web.write(alice, "written.jsonl", web.path(alice, "written.jsonl").read_bytes() + b"no line\n")
    assert look() == ["written.jsonl"]


def test_without_clones_nothing_is_sent(web: WebHub, alice: int, owner: Client) -> None:
    if web.is_real:
        pytest.skip("a real hub does not say what it sent")
    web.photo(alice, "a.png")
    owner.get("/faces/alice")
    assert sent(web) == []


# --- installing ------------------------------------------------------------------------------------------------------------------


def test_unload_takes_away_what_load_brought(web: WebHub, alice: int, owner: Client) -> None:
    if web.is_real:
        pytest.skip("would take the addon away")
    web.sql("INSERT INTO hook (hook, file, fn) VALUES ('cron', 'addon/other/other.php', 'other_cron')")
    web.sql(
        "UPDATE config SET v = REPLACE(v, 'json:[', 'json:[[\"addon/other/Mod.php\",\"other\"],') WHERE cat = 'system' AND k = 'routes'"
    )
    web.php("load")  # twice, as a reload does
    web.php("unload")
    assert web.sql("SELECT fn FROM hook") == [("other_cron",)]
    assert "faces" not in web.sql("SELECT v FROM config WHERE k = 'routes'")[0][0]
    assert "other" in web.sql("SELECT v FROM config WHERE k = 'routes'")[0][0]
    assert owner.get("/faces/alice").code == 404


def test_the_apps_description_says_what_the_hub_wants(tmp_path: Path) -> None:
    import faces
    from webhub import ROOT

    lines = dict(line.split(": ", 1) for line in (ROOT / "faces.apd").read_text().splitlines())
    assert set(lines) == {"version", "url", "requires", "name", "photo", "categories", "desc"}
    assert lines["requires"] == "local_channel" and "'" not in lines["desc"] and '"' not in lines["desc"]
    header = dict(re.findall(r"^ \* (\w+): (.+)$", (ROOT / "faces.php").read_text(), re.M))
    assert header["Name"] == lines["name"] and header["MinVersion"] == "8.8"
    assert faces.__version__.startswith(header["Version"]) and lines["version"] == header["Version"]
