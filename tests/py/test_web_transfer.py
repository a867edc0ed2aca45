"""Export and import: one zip, complete; photos are known by their content; a file that is not ours changes nothing."""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import uuid
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from faces import parquet
from faces.files import DataFile
from faces.jobs import written
from webhub import Answer, Client, WebHub, face, ready, until

EXPORT, IMPORT = "/faces/alice/export", "/faces/alice/import"
NAMES = "time,face,photo,file,x,y,w,h,decision,name,by,content\n"


def upload(client: Client, content: bytes, path: str = IMPORT, **fields: str) -> Answer:
    """A form with a file, as a browser sends it."""
    mark = uuid.uuid4().hex
    fields = {"form_security_token": client.token(), **fields}
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    parts.append(f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="../x.zip"\r\nContent-Type: application/zip\r\n\r\n'.encode()
                 + content + b"\r\n")  # fmt: skip
    return client.ask(
        "POST",
        path,
        b"".join(parts) + f"--{mark}--\r\n".encode(),
        {"Content-Type": f"multipart/form-data; boundary={mark}"},
    )


def archive(files: dict[str, bytes], **changes: Any) -> bytes:
    """A zip like ours, with these files; `changes`: those of it that are other than ours."""
    made = {
        "README.txt": b"read me",
        "export.json": b'{"format": "faces", "version": 1}',
        "folders.csv": b"number,folder\n00001,Photos\n",
        **files,
    }
    made = {name: content for name, content in {**made, **changes}.items() if content is not None}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in made.items():
            file.writestr(name, content)
    return out.getvalue()


def line(
    number: int,
    name: str = "Ada",
    time: str = "2026-11-24T09:00:00.000000Z",
    content: str = "",
    photo: str = "p",
    **more: str,
) -> str:
    cells = {"time": time, "face": f"{number:032x}", "photo": photo, "file": "a.png", "x": "0.1", "y": "0.2", "w": "0.08", "h": "0.1",
             "decision": "name", "name": name, "by": "eve@far.example", "content": content, **more}  # fmt: skip
    return ",".join(cells.values()) + "\n"


def state(web: WebHub, channel: int) -> Any:
    """All that an import could change."""
    rows = web.sql("SELECT filename, filesize, edited, hash FROM attach WHERE uid = %s ORDER BY id", channel)
    contents = {name: web.path(channel, name).read_bytes() for name in ("names.csv", "edits.csv")}
    folder = web.state("", web.nick(channel))
    ours = sorted(
        path.name
        for path in folder.iterdir()
        if path.name not in ("cache", "names.lock", "files.lock", "settings.lock", "sent.json")
    )
    return rows, contents, ours


def test_the_export_has_everything(web: WebHub, alice: int, owner: Client) -> None:
    folder = web.folder(alice, 'o "q" / 🎉')
    photos = [web.photo(alice, "a.png"), web.photo(alice, "b.png", folder=folder, shade=1)]
    web.data_files(alice, "", folder)
    web.faces(alice, [face(1, photos[0])])
    web.faces(alice, [face(2, photos[1])], folder)
    web.write(alice, "faces.pkl", b"PAR1 some parquet PAR1", folder)
    owner.post("/faces/alice/name", faces=f"{1:032x}", name="Ada")
    owner.post("/faces/alice/settings", zoom="2")
    owner.post("/faces/alice/thresholds", **{"Dlib-euclidean": "0.5"})
    answer = owner.post(EXPORT)
    assert answer.code == 200 and answer.headers["Content-Type"] == "application/zip"
    assert 'attachment; filename="faces-alice-' in answer.headers["Content-Disposition"]
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    with zipfile.ZipFile(io.BytesIO(answer.body)) as file:
        assert file.testzip() is None
        found = {name: file.read(name) for name in file.namelist()}
    folders = dict(row.split(",", 1) for row in found["folders.csv"].decode().splitlines()[1:])
    number = {path: number for number, path in folders.items()}
    there = number['"o ""q"" / 🎉"']
    assert set(found) == {"README.txt", "export.json", "folders.csv", "names/names.csv", "settings/config.json", "settings/thresholds.json",
                          f"folders/{number['']}/faces.csv", f"folders/{there}/faces.csv", f"folders/{there}/faces.parquet"}  # fmt: skip
    assert found["names/names.csv"] == web.path(alice, "names.csv").read_bytes() and b"Ada" in found["names/names.csv"]
    assert found[f"folders/{there}/faces.parquet"] == b"PAR1 some parquet PAR1"
    assert "biometric" in found["README.txt"].decode() and json.loads(found["export.json"])["format"] == "faces"
    assert [
        path.name for path in web.state("", "alice").iterdir() if "export" in path.name
    ] == []  # nothing stays on the server


def test_without_room_an_export_and_an_import_say_so(web: WebHub, alice: int, owner: Client) -> None:
    if web.is_real:
        pytest.skip("the disk is the hub's")
    photo = web.photo(alice, "a.png")
    owner.token()
    web.faces(alice, [face(1, photo)])
    web.write(alice, "faces.pkl", b"PAR1" + os.urandom(50_000) + b"PAR1", "")
    folder = web.state("", "alice")
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", folder], capture_output=True, check=False
    ).returncode:
        pytest.skip("cannot mount a tmpfs here")
    try:
        answer = owner.post(EXPORT)
        assert answer.code == 507 and "disk full" in answer.json["error"], answer
        assert list(folder.glob("export*")) == []
        web.set("block", 0)
        web.set("python", "/bin/true")
        answer = upload(owner, stored("folders/00001/faces.parquet", b"PAR1" + os.urandom(50_000) + b"PAR1"))
        assert answer.code == 507 and list(folder.glob("import*")) == [], answer
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_names_come_back_by_the_content_of_photos(web: WebHub, alice: int, owner: Client) -> None:
    """Photos that were uploaded anew have other hashes; the content is the same."""
    content = "ab" * 16
    photo = web.photo(alice, "other name.png")
    web.data_files(alice, "")
    web.faces(alice, [face(7, photo, "other name.png", content=content)])
    old = face(7, "old-hash", "a.png", content=content)
    shown = f"id,file,photo,x,y,w,h,content\n{old.id},a.png,old-hash,0.1,0.2,0.08,0.1,{content}\n"
    # the line itself does not know the content (it is of an older version): faces.csv of the export does
    made = archive(
        {
            "names/names.csv": (NAMES + line(99, "Ada", photo="old-hash", x="0.7")).encode(),
            "folders/00001/faces.csv": shown.encode(),
        }
    )
    answer = upload(owner, made)
    assert answer.json == {"decisions": 1, "new": 1, "files": 0}, answer
    assert [f["name"] for f in owner.get("/faces/alice/faces").json["photos"][0]["faces"]] == ["Ada"]
    answer = upload(owner, made)  # nothing is asked, or written, twice
    assert answer.json == {"decisions": 1, "new": 0, "files": 0} and len(web.names(alice)) == 1


def test_what_was_decided_here_later_stays(web: WebHub, alice: int, owner: Client) -> None:
    photo = web.photo(alice, "a.png")
    web.data_files(alice, "")
    web.faces(alice, [face(1, photo)])
    owner.post("/faces/alice/name", faces=f"{1:032x}", name="New")
    upload(owner, archive({"names/names.csv": (NAMES + line(1, "Old", "2020-01-01T00:00:00Z")).encode()}))
    assert owner.get("/faces/alice/faces").json["photos"][0]["faces"][0]["name"] == "New"
    soon = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    upload(owner, archive({"names/edits.csv": (NAMES + line(1, "Newer", soon)).encode()}))
    assert owner.get("/faces/alice/faces").json["photos"][0]["faces"][0]["name"] == "Newer"
    owner.post("/faces/alice/name", faces=f"{1:032x}", name="Newest")  # a clock that is wrong does not lock it for ever
    assert owner.get("/faces/alice/faces").json["photos"][0]["faces"][0]["name"] == "Newest"


@pytest.mark.parametrize("time", ["2199-12-31T23:59:59.999999Z", "2099-01-01T00:00:00Z"])
def test_a_decision_of_the_future_is_left_out(web: WebHub, alice: int, owner: Client, time: str) -> None:
    """It would hold against everything that is decided until then."""
    photo = web.photo(alice, "a.png")
    web.data_files(alice, "")
    web.faces(alice, [face(1, photo)])
    lines = line(1, "Mallory", time) + line(2, "Ada")
    assert upload(owner, archive({"names/names.csv": (NAMES + lines).encode()})).json["new"] == 1
    owner.post("/faces/alice/name", faces=f"{1:032x}", name="New")
    assert owner.get("/faces/alice/faces").json["photos"][0]["faces"][0]["name"] == "New"


def test_a_journal_whose_last_year_has_come_says_so(web: WebHub, alice: int, owner: Client) -> None:
    photo = web.photo(alice, "a.png")
    web.data_files(alice, "")
    web.faces(alice, [face(1, photo)])
    web.write(alice, "names.csv", (NAMES + line(2, "Ada", "2199-12-31T23:59:59.999999Z")).encode())
    answer = owner.post("/faces/alice/name", faces=f"{1:032x}", name="New")
    assert answer.code == 409 and "2199" in answer.json["error"]


def test_what_cannot_come_back_is_not_exported_and_named(web: WebHub, alice: int, owner: Client) -> None:
    web.photo(alice, "a.png")
    owner.get("/faces/alice")
    owner.post("/faces/alice/settings", zoom="2")
    web.write(alice, "faces.pkl", b"PAR1 torn", "")
    web.write(alice, "config.json", b"[1]")
    owner.post("/faces/alice/name")
    exported = owner.post(EXPORT).body
    with zipfile.ZipFile(io.BytesIO(exported)) as file:
        assert not [name for name in file.namelist() if "parquet" in name or "config" in name]
        text = file.read("README.txt").decode()
        assert "Left out" in text and "faces.pkl" in text and "faces/config.json" in text
    assert upload(owner, exported).code == 200


def test_of_two_files_of_one_name_the_one_that_counts_is_exported(web: WebHub, alice: int, owner: Client) -> None:
    photo = web.photo(alice, "a.png")
    web.data_files(alice, "")
    web.faces(alice, [face(1, photo)])
    owner.post("/faces/alice/name", faces=f"{1:032x}", name="Ada")
    top = web.sql(
        "SELECT hash FROM attach WHERE uid = %s AND is_dir = 1 AND filename = 'faces' AND folder = ''", alice
    )[0][0]
    web.data_file(alice, "names.csv", top)
    with zipfile.ZipFile(io.BytesIO(owner.post(EXPORT).body)) as file:
        assert b"Ada" in file.read("names/names.csv")


def test_faces_that_wait_can_be_given_up(web: WebHub, alice: int, owner: Client) -> None:
    web.photo(alice, "a.png")
    owner.token()
    web.give(web.state("import/index.json", "alice"), {"version": 1})
    assert upload(owner, archive({})).code == 409
    assert "Do not take them in" in owner.get(EXPORT).text
    assert owner.post(IMPORT, discard="1").json == {"discarded": True}
    assert upload(owner, archive({})).code == 200


def test_settings_are_taken_only_if_that_is_wanted_and_allowed(web: WebHub, alice: int, owner: Client) -> None:
    web.photo(alice, "a.png")
    web.set("detectors", "dlib,yunet")
    config = {
        "detection": {"detectors": ["opencv", "dlib"], "min_face_pixels": 33},
        "page": {"zoom": 99, "sort": "uploaded"},
        "evil": {"x": 1},
    }
    files = {
        "settings/config.json": json.dumps(config).encode(),
        "settings/thresholds.json": b'{"Dlib": {"euclidean": 0.5, "cosine": 99}, "X": 1}',
    }
    upload(owner, archive(files))
    assert web.sql("SELECT id FROM attach WHERE uid = %s AND filename = 'config.json'", alice) == []
    upload(owner, archive(files), settings="1")
    found = json.loads(web.path(alice, "config.json").read_bytes())
    assert found["detection"] == {"detectors": ["dlib"], "min_face_pixels": 33} and found["page"] == {
        "zoom": 3,
        "sort": "uploaded",
    }
    assert "evil" not in found
    assert json.loads(web.path(alice, "thresholds.json").read_bytes()) == {"Dlib": {"euclidean": 0.5, "cosine": 0.1125}}


def test_photos_with_names_in_them_are_known_again(web: WebHub, alice: int, owner: Client) -> None:
    """By the content that they had before; what was written here since counts more."""
    if web.is_real:
        pytest.skip("the album is opened through the tests' own server")
    web.photo(alice, "a.png")
    owner.get("/faces/alice")
    a, b, c, d = (letter * 32 for letter in "abcd")
    here = {"time": "2026-11-25T09:00:00Z", "key": "k1", "target": "photo", "content": a, "after": c, "mark": "1-2-3"}
    web.write(alice, "written.jsonl", json.dumps(here).encode() + b"\n")
    ours = {"keywords": ["<Ada>"], "mwg": [{"box": {"x": 0.0, "y": 0.1, "w": 0.5, "h": 1.0}, "name": "Ada"}]}
    there = [{**here, "after": b, "mark": "7-7-7", "ours": ours}, {**here, "time": "2026-11-24T09:00:00Z"}, {**here, "key": "k2", "content": d, "after": b[:31] + "0", "people": []},
             {**here, "key": 7}, {**here, "target": "sidecar", "after": d}, {**here, "after": "../x"}, {"since": "2026-11-24T09:00:00Z"}, [], "x"]  # fmt: skip
    lines = b"\n".join(json.dumps(one).encode() for one in there) + b"\n{\xff" + b"[" * 99
    assert upload(owner, archive({"photos/written.jsonl": lines})).code == 200
    found = written.Written(web.album(alice))
    assert [found.content_before(one) for one in (b, c, b[:31] + "0", d)] == [a, a, d, d]
    assert found.last("k1", "photo").mark == "1-2-3" and found.since == ""
    assert web.path(alice, "written.jsonl").read_bytes().count(b"\n") == 3
    kept = web.path(alice, "written.jsonl").read_bytes()
    assert upload(owner, archive({"photos/written.jsonl": lines})).code == 200
    assert web.path(alice, "written.jsonl").read_bytes() == kept and web.wrong_rows() == []
    files = {"settings/config.json": b'{"metadata": {"write_to": "photo", "write_names": "all"}}'}
    upload(owner, archive(files), settings="1")
    assert json.loads(web.path(alice, "config.json").read_bytes())["metadata"] == {"write_names": "all"}
    # so that it can be taken out again
    assert json.loads(kept.splitlines()[0])["ours"] == ours and found.last("", "photo", a).ours.mwg == []


# --- files that are not ours ----------------------------------------------------------------------------------------------------


def broken(content: bytes) -> bytes:
    """One bit of the packed content is another."""
    place = content.index(b"PAR1") + 6
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def stored(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        file.writestr("export.json", b'{"format": "faces", "version": 1}')
        file.writestr(name, content)
    return out.getvalue()


def lying() -> bytes:
    """It says that it unpacks to less than it does."""
    made = archive({"names/names.csv": (NAMES + line(1) * 5000).encode()})
    size = struct.pack("<I", len((NAMES + line(1) * 5000).encode()))
    assert made.count(size) >= 2
    return made.replace(size, struct.pack("<I", 100))


PARQUET = b"PAR1" + b"x" * 2000 + b"PAR1"
HOSTILE: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "no zip": lambda: b"hello " * 100,
    "half a zip": lambda: archive({"names/names.csv": (NAMES + line(1) * 900).encode()})[:-40],
    "not an export": lambda: archive({}, **{"export.json": None}),
    "of a newer version": lambda: archive({}, **{"export.json": b'{"format": "faces", "version": 2}'}),
    "info that is no JSON": lambda: archive({}, **{"export.json": b"{" * 1000}),
    "a path upwards": lambda: archive({"../../../evil.php": b"<?php"}),
    "an absolute path": lambda: archive({"/etc/cron.d/evil": b"x"}),
    "a path upwards in a folder": lambda: archive({"folders/00001/../../../evil": b"x"}),
    "a backslash": lambda: archive({"folders\\00001\\faces.csv": b"x"}),
    "another file": lambda: archive({"folders/00001/evil.php": b"<?php"}),
    "a line feed in a name": lambda: archive({"names/names.csv\n": b"x"}),
    "a NUL in a name": lambda: archive({"names/names.csv": b""}).replace(b"names/names.csv", b"names/names\0csv"),
    "a bomb": lambda: archive({"folders/00001/faces.csv": b"0" * 50_000_000}),
    "a bomb of settings": lambda: archive({"settings/config.json": b" " * 5_000_000}),
    "a lie about its size": lying,
    "a pickle": lambda: archive({"folders/00001/faces.parquet": b"\x80\x04\x95 a pickle"}),
    "a pickle behind a head of Parquet": lambda: archive({"folders/00001/faces.parquet": b"PAR1\x80\x04\x95"}),
    "a bit that fell over": lambda: broken(stored("folders/00001/faces.parquet", PARQUET)),
    "settings that cannot be written": lambda: archive({"settings/config.json": b'{"x": 1e999}'}),
    "more files than a list can have": lambda: archive({f"folders/{i:05d}/faces.csv" + "x" * 200: b"" for i in range(70_000)}),
    "settings that are no object": lambda: archive({"settings/config.json": b"[1]"}),
    "many folders": lambda: archive({f"folders/{i:05d}/other": b"" for i in range(2000)}),
    "two of one name": lambda: archive({"names/names.csv": NAMES.encode(), "names/edits.csv": NAMES.encode()}).replace(b"names/edits.csv", b"names/names.csv"),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_file_that_is_not_ours_changes_nothing(web: WebHub, alice: int, owner: Client, what: str) -> None:
    web.set("block", 0)
    web.set("python", "/bin/true")  # faces would be taken
    web.photo(alice, "a.png")
    web.set("block", 1)
    owner.token()
    web.set("block", 0)
    before = state(web, alice)
    answer = upload(owner, HOSTILE[what]())
    assert answer.code == 400 or ("toolarge" in answer.headers["Location"] and len(HOSTILE[what]()) > 2_000_000), answer
    assert state(web, alice) == before
    assert not list(web.root.rglob("evil*")) and not Path("/etc/cron.d/evil").exists()


def test_lines_that_make_no_sense_are_left_out(web: WebHub, alice: int, owner: Client) -> None:
    web.photo(alice, "a.png")
    owner.get("/faces/alice")
    lines = [line(1, "=HYPERLINK(x)"), line(2, face="=cmd|x"), line(3, photo="../../x"), line(4, time="yesterday"), line(5, x="nan"),
             line(6, decision="delete"), line(7, name="<evil>alert(1)</script>"), line(8, content="'; DROP TABLE attach"), "torn,line\n", '"unclosed']  # fmt: skip
    answer = upload(owner, archive({"names/names.csv": (NAMES + "".join(lines)).encode()}))
    assert answer.json["new"] == 3, answer
    names = {d.name for d in web.names(alice)}
    assert names == {"=HYPERLINK(x)", "<evil>alert(1)</script>", "Ada"}
    text = web.path(alice, "names.csv").read_text()
    assert "'=HYPERLINK" in text and "DROP TABLE" not in text
    assert "<evil>alert" not in owner.get("/faces/alice").text


def test_one_that_is_too_large_for_php_says_so(web: WebHub, alice: int, owner: Client) -> None:
    answer = upload(owner, b"x" * 9_000_000)  # PHP's post_max_size: nothing of the form arrives
    assert (answer.code, answer.headers["Location"]) == (303, f"{web.url}{EXPORT}?toolarge=1")
    assert "larger than this server takes" in owner.get(EXPORT, toolarge="1").text
    answer = upload(owner, b"x" * 3_000_000)
    assert answer.code == 400 and "larger than this server takes" in answer.text


def test_a_larger_one_is_taken_from_the_cloud(web: WebHub, alice: int, owner: Client) -> None:
    web.photo(alice, "a.png")
    owner.get("/faces/alice")
    assert owner.post(IMPORT, cloud="1").code == 400
    assert web.dav("alice", "faces/faces-export.zip", archive({"names/names.csv": (NAMES + line(1)).encode()})) == 201
    assert "faces/faces-export.zip" in owner.get(EXPORT).text
    assert owner.post(IMPORT, cloud="1").json["new"] == 1


# --- there and back -------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_export_remove_everything_import_gives_the_same(
    web: WebHub, alice: int, owner: Client, portraits: Path
) -> None:
    """And to another channel, whose photos have other names, folders and hashes: nothing is searched again there."""
    web.set("block", 0)
    folder = web.folder(alice, "Presidents")
    for name in ("obama.jpg", "obama2.jpg", "biden.jpg"):
        web.photo(alice, name, folder=folder, path=portraits / name)
    ready(web, owner)
    owner.get("/faces/alice")
    web.quiet()
    ids = {p["file"]: p["faces"][0]["id"] for p in owner.get("/faces/alice/faces").json["photos"]}
    owner.post("/faces/alice/name", faces=ids["obama.jpg"], name="Barack Obama")
    owner.post("/faces/alice/name", faces=ids["biden.jpg"], decision="unknown")
    web.quiet()
    before = faces(owner, "alice")
    assert {f["guess"] for f in before} == {"", "Barack Obama"} and len(before) == 3
    rows = web.rows(alice, folder)
    exported = owner.post(EXPORT).body

    owner.post("/faces/alice/remove", everything="1", sure="1")
    web.install(alice)
    ready(web, owner)
    assert faces(owner, "alice") == []
    answer = upload(owner, exported)
    assert answer.json == {"decisions": 2, "new": 2, "files": 1}, answer
    web.quiet()
    assert faces(owner, "alice") == before
    again = web.rows(alice, folder)
    assert [(r.face, r.seconds_detect, r.embedding.tobytes() if r.embedding is not None else b"") for r in again] == \
        [(r.face, r.seconds_detect, r.embedding.tobytes() if r.embedding is not None else b"") for r in rows]  # fmt: skip
    assert "of 3 photos 3 are here" in owner.get(EXPORT).text

    bob = web.id("bob")
    web.install(bob)
    client = web.log_in("bob")
    web.photo(bob, "renamed.jpg", path=portraits / "obama2.jpg")
    web.photo(bob, "b.jpg", folder=web.folder(bob, "elsewhere"), path=portraits / "biden.jpg")
    ready(web, client)
    assert upload(client, exported, "/faces/bob/import").json["files"] == 1
    web.quiet()
    found = {p["file"]: p["faces"][0] for p in client.get("/faces/bob/faces").json["photos"]}
    assert found["b.jpg"]["state"] == "unknown" and found["renamed.jpg"]["id"] == ids["obama2.jpg"]
    page = client.get("/faces/bob/export").text
    assert "of 3 photos 2 are here" in page and "Presidents/obama.jpg" in page
    assert web.wrong_rows() == []


def faces(client: Client, nick: str) -> list[dict[str, Any]]:
    """All that a page shows, but for the order in which photos came, and the groups of unnamed faces: those are made anew."""
    found = client.get(f"/faces/{nick}/faces").json["photos"]
    return sorted(
        ({**face, "group": "", "file": p["file"], "path": p["path"]} for p in found for face in p["faces"]),
        key=lambda f: str(f["id"]),
    )


@pytest.mark.slow
def test_an_import_that_was_killed_goes_on(web: WebHub, alice: int, owner: Client) -> None:
    """The faces wait in our folder until a search is through."""
    web.photo(alice, "a.png")
    owner.get("/faces/alice")
    web.set("block", 0)
    web.set("python", "/bin/false")
    folder = web.root / "made"
    parquet.write_faces(DataFile(folder), [])
    upload(owner, archive({"folders/00001/faces.parquet": folder.read_bytes()}))
    assert web.state("import/index.json", "alice").exists() and web.state("import/1.parquet", "alice").exists()
    assert "waiting for the search" in owner.get(EXPORT).text
    assert upload(owner, archive({})).code == 409
    web.set("python", "")
    owner.post("/faces/alice/start")
    web.quiet()
    until(lambda: not web.state("import", "alice").exists())
    assert "of 0 photos" in owner.get(EXPORT).text
