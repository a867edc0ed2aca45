"""The admin's page: what works here, from a self-check in the background; settings of the hub; what is at work; removing all."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from webhub import Answer, Client, WebHub, face, program, until

PAGE = "/admin/addons/faces"


@pytest.fixture
def admin(web: WebHub) -> Client:
    web.install(web.id("alice"))
    return web.log_in("admin")


def text(client: Client, **query: Any) -> str:
    answer = client.get(PAGE, **query)
    assert answer.code == 200, answer
    return answer.text.partition('class="faces-page')[2]


def press(client: Client, action: str, **fields: Any) -> str:
    """Presses a button; what is said then."""
    token = re.search(r'name="form_security_token" value="(\d+\.[0-9a-f]{128})"', text(client))
    assert token
    answer = client.post(PAGE, token=token.group(1), action=action, **fields)
    assert answer.code == 302, answer
    found = re.search(r"done=(\w+)", answer.headers["Location"])
    assert found, answer.headers["Location"]
    return found.group(1)


def settings(client: Client, **changes: Any) -> dict[str, Any]:
    """The form as a browser would send it, but for these changes."""
    page = text(client)
    form: dict[str, Any] = dict(re.findall(r'<input type="(?:number|text)" name="(\w+)" value="([^"]*)"', page))
    for name, value in re.findall(r'<input type="checkbox" name="([\w\[\]]+)" value="([^"]*)" checked', page):
        form[name] = [*form.get(name, []), value] if name.endswith("[]") else value
    return {name: value for name, value in {**form, **changes}.items() if value is not None}


def everything(web: WebHub) -> tuple[Any, ...]:
    """The database and our folder, to see whether something changed."""
    state = web.root / "store" / "[data]" / "faces"
    files = (
        {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in state.rglob("*")}
        if state.exists()
        else {}
    )
    return files, *(web.sql(f"SELECT * FROM {table} ORDER BY 1") for table in ("config", "attach", "app"))


def test_it_is_the_admins_alone(web: WebHub, admin: Client) -> None:
    for client in (web.anonymous(), web.log_in("alice"), web.remote()):
        answer = client.get(PAGE)
        assert "faces-admin" not in answer.text
        client.post(PAGE, token="1." + "0" * 128, action="save", block="1", interval="0", ram="0", zoom="1")
        assert web.value("block") is None
    assert "faces-admin" in admin.get(PAGE).text


def test_opening_it_changes_nothing_and_starts_nothing(web: WebHub, admin: Client) -> None:
    text(admin)  # templates are compiled
    before = everything(web)
    page = text(admin)
    assert "Nobody knows yet what works" in page and "Nothing is at work" in page
    assert everything(web) == before and web.workers() == []


def test_it_opens_fast(web: WebHub, admin: Client) -> None:
    """Not a bar, but a bound: with data of all channels, the check's answer is read, not made."""
    for nick in ("alice", "bob", "carol"):
        number = web.id(nick)
        for i in range(30):
            web.data_files(number, web.folder(number, f"f{i}"))
    text(admin)
    start = time.monotonic()
    text(admin)
    assert time.monotonic() - start < 2


@pytest.mark.slow
def test_a_check_shows_progress_and_what_works(web: WebHub, admin: Client) -> None:
    assert press(admin, "check") == "check"
    answer = admin.get(PAGE, done="check")
    assert answer.headers["Refresh"] == "5" and ("starting" in answer.text or "At work" in answer.text)
    page = until(lambda: found if "now detector" in (found := text(admin)) else "")
    assert re.search(r'<progress value="\d+" max="21">', page) and "Stop the self-check" in page
    assert press(admin, "check") == "busy"
    until(lambda: 'value="check"' in text(admin), 400)
    page = text(admin)
    assert "Faces can be found and recognized on this server." in page
    assert re.search(
        r'value="dlib" checked> dlib</label></th><td class="faces-works">works</td><td>\d+ MB</td><td>[\d.]+ s</td><td>[\d.]+ s a photo',
        page,
    )
    assert re.search(
        r'value="ArcFace" checked> ArcFace</label></th><td class="faces-broken">does not work <details>[^\n]*arcface_weights',
        page,
    )
    assert "<td>missing</td>" not in page.partition(">deepface<")[2][:60] and "Refresh" not in admin.get(PAGE).headers


def test_python_is_missing(web: WebHub, admin: Client) -> None:
    web.set("python", "/nowhere/python3")
    page = text(admin)
    assert "Python is not where the hub&#039;s settings say (/nowhere/python3)" in page
    assert press(admin, "check") == "failed"
    assert press(admin, "save", **settings(admin)) == "saved"  # set on the command line it may be anything
    assert press(admin, "save", **settings(admin, python="/elsewhere/python3")) == "python"
    assert press(admin, "save", **settings(admin, python="")) == "savedcheck"  # what works with that one?
    assert press(admin, "endcheck") == "endcheck"
    until(lambda: 'value="check"' in text(admin))


def test_packages_are_missing(web: WebHub, admin: Client, tmp_path: Path) -> None:
    """A Python with nothing installed, as after a clone without `make setup`."""
    if web.is_real:
        pytest.skip("its web user cannot read the tests' folder")
    bare = tmp_path / "bare"
    subprocess.run(["python3", "-m", "venv", "--without-pip", str(bare)], check=True)
    assert press(admin, "save", **settings(admin, python=str(bare / "bin" / "python3"))) == "savedcheck"
    until(lambda: 'value="check"' in text(admin))
    page = text(admin)
    assert "Nothing can be recognized on this server" in page
    assert re.search(r">deepface</th><td>missing</td>", page)
    assert page.count("make setup") >= 17  # what to do, for each of them


def test_weights_are_missing(web: WebHub, admin: Client) -> None:
    path = web.state("availability.json")
    finding = {"ram": 1.0, "seconds": 1.0, "megabytes": 0, "seconds_load": 0, "seconds_each": 0}
    web.give(path, {"version": 1, "finished": True, "ok": False, "updated": "2026-11-24T09:00:00Z", "done": 2, "total": 2, "cores": 2, "memory": 2048,
                    "versions": {"deepface": "0.0.103", "<evil>": "1"}, "findings": [
                        {**finding, "kind": "detector", "name": "yunet", "reason": "/x/yunet.onnx is missing; get it from <https://e>", "works": False},
                        {**finding, "kind": "model", "name": "Dlib", "reason": "weights are missing", "works": False}]})  # fmt: skip
    page = text(admin)
    assert (
        "Nothing can be recognized on this server" in page
        and "/x/yunet.onnx is missing; get it from &lt;https://e&gt;" in page
    )
    assert "2 cores and 2048 MB" in page and "<evil>" not in page and page.count("not checked") == 19


def test_an_old_python(web: WebHub, admin: Client) -> None:
    """An old Python cannot be had everywhere: what the scripts say on one (tests/py/test_launch.py) is shown."""
    program(
        web,
        'echo "faces: needs Python 3.11 or later, this is 3.9.2 (/usr/bin/python3): make setup PYTHON=..." >&2; exit 12',
    )
    press(admin, "check")
    until(lambda: 'value="check"' in text(admin))
    assert "It could not be run: faces: needs Python 3.11 or later, this is 3.9.2" in text(admin)


def test_a_worker_that_hangs_is_seen_and_stopped(web: WebHub, admin: Client) -> None:
    program(web, "trap '' TERM; sleep 600 & wait; sleep 600")
    press(admin, "check")
    start = time.monotonic()
    page = text(admin)
    assert "The self-check is starting" in page and time.monotonic() - start < 2
    until(lambda: web.state("availability.started").exists())
    time.sleep(0.5)
    assert press(admin, "endcheck") == "endcheck"
    until(lambda: 'value="check"' in text(admin), 60)
    assert "killed by signal 9" in text(admin) or "ended with code" in text(admin)


def test_a_run_that_is_at_work_is_shown_and_stopped(web: WebHub, admin: Client) -> None:
    program(web, "sleep 600")
    web.photo(web.id("alice"), "a.png")
    web.log_in("alice").get("/faces/alice")
    until(lambda: "no word from it yet" in text(admin))
    web.set("status", json.dumps({"state": "detecting", "channel": "alice", "started": "2026-11-24T09:00:00Z", "updated": "2026-11-24T09:00:00Z",
                                  "done": 3, "total": 9, "ram": 41.5, "eta": "2026-11-24T10:00:00Z", "folder": "<evil>", "run": "x"}))  # fmt: skip
    page = text(admin)
    assert "finding faces, 3 of 9 photos, memory 41 %" in page
    assert press(admin, "stop") == "stop"
    assert str(web.value("stop")).startswith("20") and web.state("detect.stop").read_text() == "60"
    web.state("detect.stop").write_text("0")  # the minute is over
    until(lambda: "Nothing is at work" in text(admin), 60)


def test_the_last_failure_is_shown_with_its_reason(web: WebHub, admin: Client) -> None:
    program(web, 'echo "faces: the disk is full of <evil>cats</evil>" >&2; exit 11')
    web.photo(web.id("alice"), "a.png")
    web.log_in("alice").get("/faces/alice")
    until(lambda: "exit code 11. faces: the disk is full of &lt;evil&gt;cats&lt;/evil&gt;" in text(admin))


def test_failures_in_channels_are_shown_too(web: WebHub, admin: Client) -> None:
    web.give(
        web.state("recognize.outcome", "alice"), "13\n2026-11-24T09:00:00Z\nfaces: the database is <evil>away</evil>"
    )
    web.give(web.state("remove.outcome", "bob"), "0\n2026-11-24T10:00:00Z\n")
    page = text(admin)
    assert (
        re.search(r"2026-11-24 \d\d:00 alice: exit code 13. faces: the database is &lt;evil&gt;away", page)
        and "exit code 0" not in page
    )


def test_settings_are_saved_within_their_range(web: WebHub, admin: Client) -> None:
    form = settings(admin)
    assert len(form["detectors[]"]) == 7 and len(form["models[]"]) == 10 and form["interval"] == "60"
    assert press(admin, "save", **settings(admin)) == "saved"
    assert web.value("detectors") == "" == web.value("demography")  # every one: also those of a later version
    done = press(admin, "save", **settings(admin, **{"detectors[]": ["yunet", "dlib", "<x>"], "demography[]": None, "experimental": "1",
                                                    "immediate": None, "interval": "99999", "ram": "150", "zoom": "0"}))  # fmt: skip
    assert done == "saved"
    found = {
        key: web.value(key)
        for key in (
            "detectors",
            "models",
            "demography",
            "experimental",
            "immediate",
            "interval",
            "ram",
            "zoom",
            "block",
        )
    }
    assert found == {"detectors": "yunet,dlib", "models": "", "demography": "-", "experimental": "1", "immediate": "0", "interval": "10080",
                     "ram": "100", "zoom": "1", "block": "0"}  # fmt: skip
    page = text(admin)
    assert re.findall(r'name="detectors\[\]" value="(\w+)" checked', page) == ["yunet", "dlib"]
    assert press(admin, "save", **settings(admin, **{"models[]": None})) == "none"
    assert press(admin, "save", **settings(admin, ram="much")) == "number"
    assert press(admin, "save", **settings(admin, zoom=None)) == "number"
    assert {key: web.value(key) for key in found} == found


@pytest.mark.parametrize("path", ["/bin/sh", "python3", "/etc/passwd", "/usr/bin/../bin/python3", "/usr/bin/python3 -c x", "/usr/bin/python3;id",
                                  "store/python3", "/tmp/no/python3"])  # fmt: skip
def test_nothing_but_a_python_can_be_named(web: WebHub, admin: Client, path: str) -> None:
    assert press(admin, "save", **settings(admin, python=path)) == "python"
    assert web.value("python") is None


def test_a_python_that_anybody_could_have_put_there_is_refused(web: WebHub, admin: Client, tmp_path: Path) -> None:
    folder = Path("/var/tmp") / f"faces-evil-{os.getpid()}"
    folder.mkdir()
    try:
        (folder / "python3").write_text("#!/bin/sh\n")
        (folder / "python3").chmod(0o755)
        folder.chmod(0o777)
        assert press(admin, "save", **settings(admin, python=str(folder / "python3"))) == "python"
        folder.chmod(0o755)
        os.chown(folder, 12345, 12345)
        assert press(admin, "save", **settings(admin, python=str(folder / "python3"))) == "python"
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("action", ["save", "check", "stop", "endcheck", "removeall"])
@pytest.mark.parametrize("token", ["", "1." + "0" * 128, "nonsense", "FACES"])
def test_without_the_token_of_this_page_nothing_is_done(web: WebHub, admin: Client, action: str, token: str) -> None:
    token = admin.token() if token == "FACES" else token  # one of another page of ours
    before = everything(web)
    answer = admin.post(
        PAGE,
        token=token,
        action=action,
        confirm="remove everything",
        interval="5",
        ram="0",
        zoom="3",
        **{"detectors[]": "dlib", "models[]": "Dlib"},
    )
    assert answer.headers["Location"].endswith("?done=token")
    assert everything(web) == before


def test_what_is_stored_is_counted_by_channel(web: WebHub, admin: Client) -> None:
    alice, bob = web.id("alice"), web.id("bob")
    web.data_files(alice, "")
    photo = web.photo(alice, "a.png")
    web.faces(alice, [face(1, photo)])
    web.data_files(bob, "")
    web.write(bob, "faces.csv", b"x" * 3_000_000, "")
    other = web.folder(bob, "not ours")
    web.data_files(bob, other)  # names.csv somewhere else is none of ours
    page = text(admin)
    rows = re.findall(r'<a href="[^"]*">(\w+)</a> ?([^<]*)</th><td>(\d+)</td><td>([^<]*)</td>', page)
    assert [row[0] for row in rows][:2] == ["bob", "alice"]
    assert rows[0][1].strip() == "no longer has the app" and rows[0][3] == "3.0 MB"
    assert rows[1][1].strip() == ""


def test_all_data_go_when_the_words_are_typed(web: WebHub, admin: Client) -> None:
    web.set("block", 1)
    owner = web.log_in("alice")
    alice, bob = web.id("alice"), web.id("bob")
    photo = web.photo(alice, "a.png")
    owner.get("/faces/alice")
    web.faces(alice, [face(1, photo)])
    owner.post("/faces/alice/name", faces=f"{1:032x}", name="Ada")
    web.data_files(bob, "")  # bob has not the app (any more)
    for confirm in ("", "yes", "REMOVE", "remove everything!"):
        assert press(admin, "removeall", confirm=confirm) == "confirm"
    assert len(web.names(alice)) == 1
    assert press(admin, "removeall", confirm=" Remove Everything ") == "removed"
    for nick in ("alice", "bob"):
        left = web.sql("SELECT filename FROM attach WHERE uid = %s AND is_photo = 0", web.id(nick))
        assert left == [], nick
        assert not web.state("", nick).exists()
    assert web.sql("SELECT filename FROM attach WHERE uid = %s", alice) == [("a.png",)]
    assert web.sql("SELECT * FROM app WHERE app_plugin = 'faces' AND app_channel > 0") == []
    assert "Channels with face data: 0" in text(admin)


def test_it_survives_odd_values(web: WebHub, admin: Client) -> None:
    for key in ("python", "interval", "ram", "zoom", "detectors", "status", "status.alice", "block", "experimental"):
        web.set(key, 'json:{"a": [1]}')
    web.give(
        web.state("availability.json"), {"version": 1, "findings": "x", "versions": [1], "done": "many", "updated": []}
    )
    assert "faces-admin" in admin.get(PAGE).text
    assert isinstance(admin.get(PAGE, done="<evil>"), Answer) and "<evil>" not in text(admin, done="<evil>")
    assert "<evil>" not in admin.ask("GET", f"{PAGE}?done[]=<evil>").text
    os.truncate(web.state("availability.json"), 5)
    assert "faces-admin" in admin.get(PAGE).text
