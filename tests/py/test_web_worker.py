"""The worker behind the page: the real program, started, watched and stopped over HTTP; and what goes wrong with it."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from webhub import Client, WebHub, face, program, ready, until


@pytest.fixture
def alice(web: WebHub, alice: int) -> int:
    web.set("block", 0)
    return alice


def status(client: Client) -> dict[str, Any]:
    return dict(client.get("/faces/alice/status").json)


class Held:
    """In the place of the worker: it ends when it is let go, so that no test has to be quicker than it."""

    def __init__(self, web: WebHub, note: str = 'echo "$*" >> "$0.runs"') -> None:
        path = Path(program(web, f'{note}; while [ ! -e "$0.go" ]; do sleep 0.05; done; touch "$0.done"'))
        self.runs, self.done, self._go = (path.with_name(f"python.{name}") for name in ("runs", "done", "go"))

    def let_go(self) -> None:
        """This run, and those that follow."""
        self._go.touch()

    def forget(self) -> None:
        for file in (self.runs, self.done, self._go):
            file.unlink(missing_ok=True)


@pytest.fixture
def held(web: WebHub) -> Iterator[Held]:
    worker = Held(web)
    worker.forget()
    yield worker
    worker.let_go()
    web.quiet()
    worker.forget()


# --- the whole way -----------------------------------------------------------------------------------------------------------


def test_from_an_upload_to_a_guess(web: WebHub, alice: int, owner: Client, portraits: Path) -> None:
    """Photos come, the owner opens the page, faces are found; a name is given, and the others are guessed at once."""
    folder = web.folder(alice, "Presidents")
    for name in ("obama.jpg", "obama2.jpg", "biden.jpg"):
        web.photo(alice, name, folder=folder, path=portraits / name)
    owner.get("/faces/alice")
    web.quiet()
    assert (status(owner)["state"], status(owner)["failure"]) == ("done", None), status(owner)
    photos = {p["file"]: p for p in owner.get("/faces/alice/faces").json["photos"]}
    assert set(photos) == {"obama.jpg", "obama2.jpg", "biden.jpg"} and {p["path"] for p in photos.values()} == {
        "Presidents"
    }
    answer = owner.post("/faces/alice/name", faces=photos["obama.jpg"]["faces"][0]["id"], name="Barack Obama")
    assert answer.json["searching"] is True
    until(
        lambda: (
            {p["file"]: p["faces"][0]["guess"] for p in owner.get("/faces/alice/faces").json["photos"]}["obama2.jpg"]
            == "Barack Obama"
        )
    )
    web.quiet()
    found = {p["file"]: p["faces"][0] for p in owner.get("/faces/alice/faces").json["photos"]}
    assert found["biden.jpg"]["guess"] == "" and found["obama.jpg"]["name"] == "Barack Obama"
    assert web.wrong_rows() == []
    people = owner.get("/faces/alice/people").json["people"]
    assert [(p["name"], p["faces"], p["guesses"]) for p in people] == [("Barack Obama", 1, 1)]


def test_cron_finds_what_was_uploaded(web: WebHub, alice: int, owner: Client, portraits: Path) -> None:
    web.photo(alice, "biden.jpg", path=portraits / "biden.jpg")
    web.php("cron")
    web.quiet()
    assert owner.get("/faces/alice/faces").json["faces"] == 1
    started = web.state("cron").stat().st_mtime
    web.photo(alice, "obama.jpg", path=portraits / "obama.jpg", shade=1)
    web.php("cron")  # within the interval
    assert web.state("cron").stat().st_mtime == started and web.workers() == []
    os.utime(web.state("cron"), (started - 3600, started - 3600))
    web.php("cron")
    web.quiet()
    assert owner.get("/faces/alice/faces").json["faces"] == 2
    web.set("interval", 0)
    os.utime(web.state("cron"), (started - 99_999, started - 99_999))
    web.php("cron")
    assert web.workers() == []


def test_a_run_that_a_signal_ended_goes_on_with_the_next_cron(web: WebHub, alice: int) -> None:
    web.photo(alice, "a.png")
    program(web, 'echo "faces: stopped by SIGTERM; what was done is stored" >&2; exit 9')
    web.php("cron")
    web.quiet()
    marker = Path(program(web, 'touch "$0.ran"'))
    os.utime(web.state("cron"), (time.time() - 60, time.time() - 60))
    web.php("cron")
    web.quiet()
    assert marker.with_name("python.ran").exists()
    marker.with_name("python.ran").unlink()


# --- how it is started -----------------------------------------------------------------------------------------------------------


def test_no_secret_in_arguments_or_files_and_little_in_the_environment(web: WebHub, alice: int, owner: Client) -> None:
    web.photo(alice, "a.png")
    path = program(
        web,
        'env > "$0.env"; cat /proc/$$/cmdline /proc/$PPID/cmdline | tr "\\0" "\\n" > "$0.args"; ls -l /proc/$$/fd > "$0.fd"; exec sleep 3',
    )
    ready(web, owner)
    assert owner.post("/faces/alice/start").code == 202
    until(lambda: Path(f"{path}.fd").exists() and Path(f"{path}.fd").read_text())
    time.sleep(0.1)
    environment = dict(line.split("=", 1) for line in Path(f"{path}.env").read_text().splitlines() if "=" in line)
    password = web.server.credentials.password if web.is_real else __import__("servers").PASSWORD  # type: ignore[attr-defined]
    assert environment["FACES_DB_PASSWORD"] == password and environment["FACES_DB_NAME"] == web.name
    assert environment["FACES_DB_TYPE"] == "mysql" and "SECRET_OF_THE_SERVER" not in environment
    assert set(environment) <= {"FACES_DB_HOST", "FACES_DB_PORT", "FACES_DB_USER", "FACES_DB_PASSWORD", "FACES_DB_NAME", "FACES_DB_TYPE", "PATH",
                                "LANG", "FACES_STARTED_BY", "HOME", "DEEPFACE_HOME", "PWD", "OLDPWD", "SHLVL", "_"}  # fmt: skip
    arguments = Path(f"{path}.args").read_text()
    assert password not in arguments and f"--hub\n{web.root}\n--wait\n3600\n--channel\nalice" in arguments
    # nothing of the web server's: its sockets would keep it from being started anew
    descriptors = dict(line.split()[-3::2] for line in Path(f"{path}.fd").read_text().splitlines() if "->" in line)
    assert descriptors["3"].endswith("detect-start.lock") and "socket" not in str(descriptors)
    web.quiet()
    for file in [*web.state("").rglob("*"), *web.root.glob("*.log")]:
        assert not file.is_file() or password.encode() not in file.read_bytes(), file
        if file.is_file() and web.state("") in file.parents:
            assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file
    for suffix in (".env", ".args", ".fd"):
        Path(path + suffix).unlink()


def test_it_outlives_the_web_server(web: WebHub, alice: int, owner: Client, held: Held) -> None:
    """It has a session of its own: what is sent to the server's processes does not reach it."""
    if web.is_real:
        pytest.skip("would stop the hub")
    web.photo(alice, "a.png")
    owner.post("/faces/alice/start")
    until(held.runs.exists)
    workers = web.workers()
    os.killpg(web.process.pid, signal.SIGKILL)
    web.process.wait()
    assert web.workers() == workers
    held.let_go()
    until(held.done.exists, 10)


def kill(web: WebHub) -> None:
    while found := web.workers():
        for line in found:
            with suppress(ProcessLookupError):
                os.kill(int(line.split()[0]), signal.SIGKILL)
        time.sleep(0.05)


def test_1000_starts_are_one_worker(web: WebHub, alice: int, owner: Client) -> None:
    web.photo(alice, "a.png")
    path = Path(program(web, 'echo x >> "$0.count"; while :; do sleep 0.2; done'))
    count = path.with_name("python.count")
    count.unlink(missing_ok=True)
    ready(web, owner)
    codes: list[int] = []

    def start() -> None:
        client = Client(web, "alice")
        client.cookies, client._token = dict(owner.cookies), owner.token()
        codes.extend(client.post("/faces/alice/start").code for _ in range(125))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (codes.count(202), codes.count(409), len(codes)) == (1, 999, 1000)
    assert count.read_text() == "x\n"
    assert len([w for w in web.workers() if "launch.py" in w]) == 1
    kill(web)
    count.unlink()


def test_a_start_while_one_is_at_work_is_followed_by_another_through_all_channels(
    web: WebHub, alice: int, owner: Client, held: Held
) -> None:
    web.photo(alice, "a.png")
    ready(web, owner)
    assert owner.post("/faces/alice/start").code == 202
    until(held.runs.exists)
    answer = owner.post("/faces/alice/start")
    assert answer.code == 409 and answer.json["follows"] is True
    assert [owner.post("/faces/alice/start").code for _ in range(3)] == [409] * 3  # one more, not four
    held.let_go()
    web.quiet()
    first, second = held.runs.read_text().splitlines()
    assert first.endswith(f"detect.py --hub {web.root} --wait 3600 --channel alice")
    assert second.endswith(f"detect.py --hub {web.root} --wait 3600")


def test_photos_that_were_given_up_are_tried_again_on_request(
    web: WebHub, alice: int, owner: Client, held: Held
) -> None:
    web.photo(alice, "a.png")
    ready(web, owner)
    for wrong in ({"retry": "yes"}, {"retry": "0"}, {"retry[]": "1"}):
        assert owner.post("/faces/alice/start", **wrong).code == 400
    answer = owner.post("/faces/alice/start", retry=1)
    assert (answer.code, answer.json["retry"]) == (202, True)
    until(held.runs.exists)
    late = owner.post("/faces/alice/start", retry=1)
    assert (late.code, late.json["follows"], late.json["retry"]) == (409, True, False)
    assert "retry" not in owner.post("/faces/alice/start").json
    held.let_go()
    web.quiet()
    first, second = held.runs.read_text().splitlines()
    assert first.endswith(f"detect.py --hub {web.root} --wait 3600 --channel alice --retry")
    assert second.endswith(f"detect.py --hub {web.root} --wait 3600")


def test_names_given_while_a_recognition_is_at_work_are_looked_for_too(
    web: WebHub, alice: int, owner: Client, held: Held
) -> None:
    photo = web.photo(alice, "a.png")
    web.data_files(alice, "")
    web.faces(alice, [face(i, photo) for i in range(9)])
    names = web.path(alice, "names.csv")
    Held(web, f'case "$1" in *detect.py) exit 0;; esac; echo $(wc -l < {names}) "$@" >> "$0.runs"')
    for i in range(9):
        assert owner.post("/faces/alice/name", faces=f"{i:032x}", name="Ada").json["searching"] is True
        until(held.runs.exists)
    held.let_go()
    web.quiet()
    first, second = held.runs.read_text().splitlines()  # not one run for each, and the last one saw the last name
    assert first.startswith("2 ") and second.startswith("10 ")
    assert second.endswith(f"recognize.py --hub {web.root} --wait 3600 --channel alice")


def test_immediate_search_only_where_admin_and_owner_want_it(web: WebHub, alice: int, owner: Client) -> None:
    photo = web.photo(alice, "a.png")
    web.data_files(alice, "")
    web.faces(alice, [face(1, photo)])
    program(web, "exit 0")

    def searching() -> bool:
        answer = bool(owner.post("/faces/alice/name", faces=f"{1:032x}", name="Ada").json["searching"])
        web.quiet()
        return answer

    assert searching()
    web.set("immediate", 0)
    assert not searching()
    web.set("immediate", 1)
    web.write(alice, "config.json", b'{"page": {"immediate_search": false}}')
    assert not searching()
    for odd in (
        b'{"page": {"immediate_search": "no"}}',
        b'{"page": []}',
        b"[]",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"page": null}',
    ):
        web.write(alice, "config.json", odd)
        assert searching(), odd[:40]


# --- what goes wrong ------------------------------------------------------------------------------------------------------------------


def test_blocked_is_blocked_everywhere(web: WebHub, alice: int, owner: Client) -> None:
    web.set("block", 1)
    photo = web.photo(alice, "a.png")
    path = Path(program(web, 'touch "$0.ran"'))
    page = owner.get("/faces/alice").text
    assert "switched the search for faces off" in page
    web.faces(alice, [face(1, photo)])
    for action in ("start", "recognize"):
        answer = owner.post(f"/faces/alice/{action}")
        assert answer.code == 503 and "switched" in answer.json["error"]
    assert owner.post("/faces/alice/name", faces=f"{1:032x}", name="Ada").json["searching"] is False
    web.php("cron")
    time.sleep(0.3)
    assert not path.with_name("python.ran").exists() and web.workers() == []
    assert owner.get("/faces/alice/faces").json["photos"][0]["faces"][0]["name"] == "Ada"  # what needs no Python works


@pytest.mark.parametrize(
    ("script", "code", "seen"),
    [('echo "faces: the Python package numpy is missing: run make setup" >&2; exit 12', 12, "numpy is missing: run make setup"),
     ('echo "Traceback" >&2; echo "secret of /bob/private.jpg" >&2; exit 1', 1, "ended with code 1"),
     ("kill -9 $$", 137, "killed by signal 9")],
)  # fmt: skip
def test_the_first_failure_is_seen_on_the_page(
    web: WebHub, alice: int, owner: Client, script: str, code: int, seen: str
) -> None:
    web.photo(alice, "a.png")
    web.set("logfile", web.root / "store" / "hub.log", "system")
    program(web, script)
    owner.post("/faces/alice/start")
    web.quiet()
    failure = status(owner)["failure"]
    assert failure["code"] == code and seen in failure["reason"]
    page = owner.get("/faces/alice").text
    assert seen in page and "secret of" not in page
    assert "failure" not in web.log_in("carol").get("/faces/alice/status").json
    log = web.root / "store" / "faces.log"
    assert script.startswith("kill") or script.split('"')[1] in log.read_text()
    assert not log.exists() or stat.S_IMODE(log.stat().st_mode) == 0o600
    program(web, "exit 0")
    web.state("opened", "alice").unlink(missing_ok=True)
    web.quiet()
    owner.post("/faces/alice/start")
    web.quiet()
    assert status(owner)["failure"] is None
    web.sql("DELETE FROM config WHERE cat = 'system' AND k = 'logfile'")
    log.unlink(missing_ok=True)


@pytest.mark.parametrize(
    "python", ["/nowhere/python", "/etc/passwd", "no-such-python", "; touch /tmp/x", "$(reboot)", "/bin/false"]
)
def test_a_python_that_is_none(web: WebHub, alice: int, owner: Client, python: str) -> None:
    web.photo(alice, "a.png")
    web.set("python", python)
    ready(web, owner)
    answer = owner.post("/faces/alice/start")
    assert answer.code == 503 and python in answer.json["error"], answer
    assert web.workers() == []
    assert python in owner.get("/faces/alice").text.replace("&#039;", "'")
    if "/" not in python or python == "/bin/false":
        assert status(owner)["failure"]["code"] == 126
    photo = web.photo(alice, "b.png", shade=1)
    web.faces(alice, [face(1, photo)])
    web.connect_people("alice", "dave", writes=True)
    told = web.log_in("dave").post("/faces/alice/recognize")  # not where things lie on the server
    assert told.code == 503 and python not in told.text


def test_stop_ends_a_run(web: WebHub, alice: int, owner: Client, portraits: Path) -> None:
    for i in range(60):
        web.photo(alice, f"{i}.jpg", path=portraits / "obama.jpg", shade=i)
        hash = web.sql("SELECT hash FROM attach WHERE filename = %s AND uid = %s", f"{i}.jpg", alice)[0][0]
        with (web.root / web.content(alice, hash)).open("ab") as file:
            file.write(bytes([i]))  # each its own content
    ready(web, owner)
    assert owner.post("/faces/alice/start").code == 202
    until(lambda: status(owner)["running"] and status(owner)["state"] == "detecting")
    assert owner.post("/faces/alice/stop").code == 202
    web.quiet()
    found = status(owner)
    assert (found["state"], found["running"]) == ("stopped", False) and found["done"] < 60
    assert found["failure"] is None
    assert web.wrong_rows() == []


def test_a_run_that_was_killed_is_not_said_to_go_on(web: WebHub, alice: int, owner: Client) -> None:
    web.set("block", 1)
    web.set(
        "status.alice",
        json.dumps({"state": "detecting", "done": 1, "total": 5, "folder": "x", "updated": "2026-01-01T00:00:00Z"}),
    )
    found = status(owner)
    assert (found["running"], found["state"]) == (False, "failed") and "killed" in found["message"]
    for odd in (
        "",
        "null",
        "[]",
        '{"state": ["x"]}',
        "{" * 999,
        '{"state": null, "eta": {"a": 1}}',
        '{"eta": "\\u0000"}',
    ):
        web.set("status.alice", odd)
        assert owner.get("/faces/alice/status").code == 200 and owner.get("/faces/alice").code == 200, odd


@pytest.mark.parametrize("value", ["json:[1]", "a:1:{i:0;i:1;}", "yes", "", "-5", "9" * 40, "json:{}"])
def test_odd_values_in_the_hubs_settings(web: WebHub, alice: int, owner: Client, value: str) -> None:
    """Whatever somebody wrote into the table: no error, and in doubt nothing is started."""
    for key in ("block", "python", "interval", "immediate"):
        web.set(key, value)
    for key, family in (("logrotpath", "logrot"), ("logfile", "system")):
        web.set(key, value, family)
    web.photo(alice, "a.png")
    assert owner.get("/faces/alice").code == 200 and owner.get("/faces/alice/status").code == 200
    assert owner.post("/faces/alice/start").code in (202, 409, 503)
    web.php("cron")
    web.quiet()
    for key, family in (("logrotpath", "logrot"), ("logfile", "system")):
        web.sql("DELETE FROM config WHERE cat = %s AND k = %s", family, key)


def test_a_start_asked_for_while_another_begins_is_not_lost(web: WebHub, alice: int, owner: Client) -> None:
    """Left by somebody who asked just before the lock was taken: a run for one channel does not do for it."""
    web.photo(alice, "a.png")
    path = Path(program(web, 'echo "$*" >> "$0.runs"'))
    runs = path.with_name("python.runs")
    runs.unlink(missing_ok=True)
    ready(web, owner)
    again = web.state("detect.again")
    again.write_text("")
    os.chown(again, (web.root / "store").stat().st_uid, -1)
    assert owner.post("/faces/alice/start").code == 202
    web.quiet()
    assert [line.endswith("--channel alice") for line in runs.read_text().splitlines()] == [True, False]
    assert not again.exists()
    runs.unlink()


def test_a_block_also_ends_what_was_to_follow(web: WebHub, alice: int, owner: Client, portraits: Path) -> None:
    web.photo(alice, "a.jpg", path=portraits / "biden.jpg")
    ready(web, owner)
    assert owner.post("/faces/alice/start").code == 202
    owner.post("/faces/alice/start")
    web.set("block", 1)
    web.quiet()
    code = int(web.state("detect.outcome").read_text().split("\n")[0])
    assert code == 9 and "switched" in web.state("detect.outcome").read_text()
    assert status(owner)["failure"] is None


def test_a_run_that_leaves_no_word_is_a_failure(web: WebHub, alice: int, owner: Client) -> None:
    web.photo(alice, "a.png")
    program(web, "while :; do sleep 0.1; done")
    ready(web, owner)
    owner.post("/faces/alice/start")
    until(web.workers)
    assert status(owner)["failure"] is None
    kill(web)
    failure = until(lambda: status(owner)["failure"], 10)
    assert "without a word" in failure["reason"]


def test_what_failed_in_another_channel_is_not_told(web: WebHub, alice: int, owner: Client) -> None:
    web.photo(alice, "a.png")
    program(web, 'echo "faces: bob: ArcFace: /srv/secret.h5 is missing" >&2; exit 7')
    web.php("cron")
    web.quiet()
    failure = status(owner)["failure"]
    assert failure["code"] == 7 and "secret" not in failure["reason"] and "bob" not in failure["reason"]
    program(web, 'echo "faces: alice: ArcFace: /srv/own.h5 is missing" >&2; exit 7')
    web.set("block", 0)
    owner.post("/faces/alice/start")
    web.quiet()
    assert "own.h5" in status(owner)["failure"]["reason"]


def test_the_log_does_not_lie_in_the_web_root(web: WebHub, alice: int, owner: Client) -> None:
    web.photo(alice, "a.png")
    web.set("logfile", "hub.log", "system")
    program(web, 'echo "faces: alice: Private/secret.jpg" >&2; exit 1')
    ready(web, owner)
    owner.post("/faces/alice/start")
    web.quiet()
    web.sql("DELETE FROM config WHERE cat = 'system' AND k = 'logfile'")
    assert not (web.root / "faces.log").exists()
    assert "secret.jpg" in web.state("worker.log").read_text()


def test_an_htconfig_that_defines_a_function_is_read_not_run(web: WebHub, alice: int, owner: Client) -> None:
    if web.is_real:
        pytest.skip("would change the hub")
    web.photo(alice, "a.png")
    file = web.root / ".htconfig.php"
    file.write_text(file.read_text() + "\n// $db_user = 'no';\nfunction of_the_admin() {}\n")
    path = program(web, 'env > "$0.env"')
    ready(web, owner)
    assert owner.post("/faces/alice/start").code == 202
    web.quiet()
    lines = Path(f"{path}.env").read_text().splitlines()
    assert f"FACES_DB_NAME={web.name}" in lines and any(line.startswith("FACES_DB_PASSWORD=it's") for line in lines)
    Path(f"{path}.env").unlink()


@pytest.mark.parametrize(
    "name", ["files.lock", "names.lock", "sent.json", "recognize-start.lock", "recognize.gate", "opened"]
)
def test_state_files_that_cannot_be_opened_are_said(web: WebHub, alice: int, owner: Client, name: str) -> None:
    photo = web.photo(alice, "a.png")
    web.data_files(alice, "")
    web.faces(alice, [face(1, photo)])
    program(web, "exit 0")
    ready(web, owner)
    place = web.state(name, "alice")
    place.unlink(missing_ok=True)
    place.mkdir(parents=True)
    for path in ("", "/faces", "/people", "/status"):
        assert owner.get(f"/faces/alice{path}").code in (200, 503), path
    assert owner.post("/faces/alice/name", faces=f"{1:032x}", name="Ada").code == (503 if name == "names.lock" else 200)
    assert owner.post("/faces/alice/start").code in (202, 409)
    web.quiet()
    place.rmdir()


def test_who_stops_a_search_has_stopped_it(web: WebHub, alice: int, owner: Client, held: Held) -> None:
    """What he asked for before does not follow, and the page that he comes back to starts none."""
    web.photo(alice, "a.png")
    ready(web, owner)
    assert owner.post("/faces/alice/start").code == 202
    until(held.runs.exists)
    assert owner.post("/faces/alice/start").code == 409
    assert owner.post("/faces/alice/stop", page="1").code == 303
    assert "asked to stop" in owner.get("/faces/alice").text and status(owner)["stopping"] is True
    held.let_go()
    web.quiet()
    web.state("opened", "alice").unlink(missing_ok=True)
    owner.get("/faces/alice")
    web.quiet()
    assert len(held.runs.read_text().splitlines()) == 1
    assert owner.post("/faces/alice/stop").code == 409
    assert owner.post("/faces/alice/start").code == 202  # asked for by hand it runs
    web.quiet()
    assert len(held.runs.read_text().splitlines()) == 2
    web.sql("DELETE FROM config WHERE cat = 'faces' AND k = 'stop.alice'")


def test_opening_the_page_during_a_search_asks_for_no_other(web: WebHub, alice: int, owner: Client, held: Held) -> None:
    web.photo(alice, "a.png")
    owner.get("/faces/alice")
    until(held.runs.exists)
    web.state("opened", "alice").unlink(missing_ok=True)
    assert "The search is at work" in owner.get("/faces/alice").text
    held.let_go()
    web.quiet()
    assert len(held.runs.read_text().splitlines()) == 1


def test_what_others_asked_for_is_not_stopped(web: WebHub, alice: int, owner: Client, held: Held) -> None:
    web.photo(alice, "a.png")
    ready(web, owner)
    owner.post("/faces/alice/start")
    until(held.runs.exists)
    with web.app("bob"):
        web.photo(web.id("bob"), "b.png", shade=9)
        bob = web.log_in("bob")
        ready(web, bob)
        assert bob.post("/faces/bob/start").code == 409
    assert owner.post("/faces/alice/start").code == 409
    assert owner.post("/faces/alice/stop").code == 202
    held.let_go()
    web.quiet()
    assert len(held.runs.read_text().splitlines()) == 2
    web.sql("DELETE FROM config WHERE cat = 'faces' AND k = 'stop.alice'")


# --- a computer at home --------------------------------------------------------------------------------------------------


def mirror(web: WebHub, channel: int, place: Path) -> None:
    """The cloud as a mounted folder shows it."""
    folders = {"": place}
    rows = web.sql("SELECT hash, filename, folder, is_dir FROM attach WHERE uid = %s ORDER BY is_dir DESC, id", channel)
    for hash, name, folder, is_dir in rows:
        path = folders[folder] / name
        if is_dir:
            folders[hash] = path
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.write_bytes((web.root / web.content(channel, hash)).read_bytes())


def send_back(web: WebHub, nick: str, place: Path, before: dict[str, bytes]) -> None:
    """What changed there, as it is sent over WebDAV."""
    for path in sorted(place.rglob("*")):
        name = str(path.relative_to(place))
        if path.is_file() and before.get(name) != path.read_bytes():
            assert web.dav(nick, name, path.read_bytes()) in (201, 204), name


@pytest.mark.slow
def test_a_computer_at_home_searches_over_webdav(
    web: WebHub, alice: int, owner: Client, portraits: Path, tmp_path: Path
) -> None:
    """The hub runs no Python: the page makes the files, a computer fills them, the page shows what it found."""
    web.set("block", 1)
    folder = web.folder(alice, "Presidents")
    for name in ("obama.jpg", "obama2.jpg", "biden.jpg"):
        web.photo(alice, name, folder=folder, path=portraits / name)
    owner.get("/faces/alice")
    home = tmp_path / "home"
    home.mkdir()

    def work(command: str) -> None:
        mirror(web, alice, home)
        before = {str(p.relative_to(home)): p.read_bytes() for p in home.rglob("*") if p.is_file()}
        run = [sys.executable, str(Path(__file__).parents[2] / "py" / f"{command}.py"), "--directory", str(home)]
        done = subprocess.run(run, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done
        send_back(web, "alice", home, before)

    work("detect")
    found = {p["file"]: p["faces"] for p in owner.get("/faces/alice/faces").json["photos"]}
    assert {name: len(faces) for name, faces in found.items()} == {"obama.jpg": 1, "obama2.jpg": 1, "biden.jpg": 1}
    assert owner.post("/faces/alice/name", faces=found["obama.jpg"][0]["id"], name="Barack Obama").code == 200
    work("recognize")
    found = {p["file"]: p["faces"][0] for p in owner.get("/faces/alice/faces").json["photos"]}
    assert (found["obama.jpg"]["name"], found["obama2.jpg"]["guess"], found["biden.jpg"]["guess"]) == (
        "Barack Obama",
        "Barack Obama",
        "",
    )
    assert not [name for (name,) in web.sql("SELECT filename FROM attach WHERE uid = %s", alice) if "damaged" in name]
    # what the computer left there is the owner's alone from the next visit on, and goes with everything
    owner.get("/faces/alice")
    wide = web.sql(
        "SELECT filename FROM attach WHERE uid = %s AND is_photo = 0 AND is_dir = 0 AND allow_cid = ''", alice
    )
    assert wide == []
    assert owner.post("/faces/alice/remove", everything="1", sure="1").json == {"removed": True, "kept": []}
    assert web.sql("SELECT filename FROM attach WHERE uid = %s AND is_photo = 0 AND is_dir = 0", alice) == []
