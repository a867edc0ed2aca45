"""Names written into photos on a hub: its rows follow, what it allows is kept to, and consent is asked."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fakes
import psutil
import pytest
from faces import cli, cli_metadata, hubalbum, metadata
from faces.database import Database
from faces.errors import ConsentLost, DatabaseError
from faces.exiftool import ExifTool
from faces.files import is_locked, lock
from faces.folders import METADATA_LOCK, METADATA_NEXT_LOCK
from faces.guard import Guard
from faces.heartbeat import Consent
from faces.images import pixels_hash
from faces.jobs import write
from faces.jobs.write import What, Wrote
from faces.progress import Progress
from faces.settings import SIDECAR
from hubs import HubSite
from steps import until

pytestmark = pytest.mark.skipif(not shutil.which("exiftool"), reason="needs exiftool")


@pytest.fixture
def alice(site: HubSite) -> int:
    """Ada and Bob on a.png, named; Ada on b.png in a folder, guessed. What the settings say is on."""
    channel = site.channel("alice")
    site.sql("INSERT INTO account (account_email) VALUES ('alice@example.org')")
    [(account,)] = site.sql("SELECT max(account_id) FROM account")
    site.sql("UPDATE channel SET channel_account_id = %s WHERE channel_id = %s", account, channel)
    photos = site.folder(channel, "Photos")
    site.photo(channel, "a.png", {"red": (20, 20), "green": (120, 60)}, photos, 1)
    site.photo(channel, "b.png", {"red": (60, 20)}, photos, 2)
    site.data_files(channel, "", photos)
    site.sql("UPDATE attach SET aid = %s WHERE uid = %s", account, channel)
    for hash, content in site.sql("SELECT hash, content FROM attach WHERE is_photo = 1"):
        for scale in range(4):
            site.sql("INSERT INTO photo (uid, resource_id, imgscale, filesize, content, allow_cid, allow_gid, deny_cid, "
                     "deny_gid) VALUES (%s, %s, %s, 7, %s, '', '', '', '')", channel, hash, scale, content)  # fmt: skip
    site.configure(channel, {"metadata": {"write_to": "photo", "write_names": "all"}})
    site.detect()
    for face, name in zip(site.shown(channel, photos), ("Ada", "Bob"), strict=False):
        site.name_face(channel, face, name)
    site.recognize()
    return channel


def put(site: HubSite, channel: int, **what: Any) -> Wrote:
    return write.run(site.album(channel), What(**what), Guard(), Progress())


def photo(site: HubSite, channel: int, name: str) -> tuple[str, Path]:
    [(hash,)] = site.sql("SELECT hash FROM attach WHERE uid = %s AND filename = %s", channel, name)
    return hash, site.root / site.content(channel, hash)


def said(path: Path) -> list[str]:
    return sorted(region.name for region in metadata.read(ExifTool(), path).regions)


def test_the_rows_follow_and_it_is_no_new_photo(site: HubSite, alice: int) -> None:
    hash, path = photo(site, alice, "a.png")
    before = {face.id: face.content for face in site.shown(alice, site.own_file(alice, "Photos", ""))}
    pixels = pixels_hash(path)
    assert (put(site, alice).written, put(site, alice).written) == (1, 0)
    size = path.stat().st_size
    assert said(path) == ["Ada", "Bob"] and pixels_hash(path) == pixels and size > 500
    [(attached, edited)] = site.sql("SELECT filesize, edited FROM attach WHERE hash = %s", hash)
    rows = site.sql("SELECT imgscale, filesize, edited FROM photo WHERE resource_id = %s ORDER BY imgscale", hash)
    assert attached == size and rows[0] == (0, size, edited) and [row[1] for row in rows[1:]] == [7, 7, 7]
    assert site.wrong_rows() == []
    detector = fakes.models(fakes.SquareDetector())
    detector.detector("yunet").detect = lambda _: pytest.fail("nothing is to be detected")  # type: ignore[method-assign]
    assert site.detect(engines=detector).error() is None
    folder = site.own_file(alice, "Photos", "")
    assert {face.id: face.content for face in site.shown(alice, folder)} == before
    assert [path.name for path in (site.root / "store" / "alice").glob(".faces-tmp/*")] == []


def test_a_row_that_did_not_follow_is_mended(site: HubSite, alice: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run died between the file and the row: the hub would send a part of the photo."""
    hash, path = photo(site, alice, "a.png")
    with monkeypatch.context() as dying:
        dying.setattr(hubalbum.HubAlbum, "replaced", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            put(site, alice)
    assert site.sql("SELECT filesize FROM attach WHERE hash = %s", hash) != [(path.stat().st_size,)]
    assert put(site, alice).written == 0
    assert site.sql("SELECT filesize FROM attach WHERE hash = %s", hash) == [(path.stat().st_size,)]


def test_a_database_that_goes_away_ends_the_run(site: HubSite, alice: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One photo's rows wait for the next run; no other photo is touched."""
    folder = site.own_file(alice, "Photos", "")
    site.name_face(alice, site.shown(alice, folder)[2], "Ada")
    site.recognize()
    paths = [photo(site, alice, name)[1] for name in ("a.png", "b.png")]
    with monkeypatch.context() as away, pytest.raises(DatabaseError):
        away.setattr(Database, "set_photo_size", lambda *_: (_ for _ in ()).throw(DatabaseError("it is away")))
        put(site, alice)
    assert sorted(bool(said(path)) for path in paths) == [False, True]
    assert put(site, alice).written == 1 and all(map(said, paths))
    sizes = dict(site.sql("SELECT hash, filesize FROM attach WHERE is_photo = 1"))
    assert all(sizes[path.name] == path.stat().st_size for path in paths)


def test_what_was_moved_meanwhile_is_no_file_without_a_row(
    site: HubSite, alice: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    hash, path = photo(site, alice, "a.png")
    real = Database.set_photo_size

    def moved(*arguments: Any) -> bool:
        site.sql("UPDATE attach SET content = 'store/alice/elsewhere' WHERE hash = %s", hash)
        return real(*arguments)

    monkeypatch.setattr(Database, "set_photo_size", moved)
    summary = put(site, alice)
    assert "moved or deleted" in summary.problems[0] and not path.exists()


@pytest.mark.parametrize("kind", ["json:%s", "%s"])
def test_what_the_account_may_store_is_kept_to(site: HubSite, alice: int, kind: str) -> None:
    used = int(site.sql("SELECT SUM(filesize) FROM attach")[0][0])
    limits = {"attach_upload_limit": f"{used + 100}"}
    text = json.dumps(limits) if "json" in kind else f'a:1:{{s:19:"attach_upload_limit";s:4:"{used + 100}";}}'
    site.sql("UPDATE account SET account_service_class = 'small'")
    site.sql("INSERT INTO config (cat, k, v) VALUES ('service_class', 'small', %s)", kind % text)
    _, path = photo(site, alice, "a.png")
    before = path.read_bytes()
    assert "the account may store" in put(site, alice).problems[0] and path.read_bytes() == before
    site.sql("UPDATE config SET v = %s WHERE cat = 'service_class'", kind % text.replace(f"{used + 100}", "100M"))
    site.sql("INSERT INTO config (cat, k, v) VALUES ('system', 'maxfilesize', '600')")
    assert "files of 600 at most" in put(site, alice).problems[0] and path.read_bytes() == before
    site.sql("UPDATE config SET v = '' WHERE k = 'maxfilesize'")
    assert put(site, alice).problems == [] and said(path) == ["Ada", "Bob"]


def test_the_command_does_what_each_owner_says(site: HubSite, alice: int, capfd: pytest.CaptureFixture[str]) -> None:
    bob = site.channel("bob")
    site.photo(bob, "x.png", {"red": (20, 20)})
    site.data_files(bob, "")
    site.detect()
    site.name_face(bob, site.shown(bob)[0], "Cy")
    hub = ["--hub", str(site.root)]
    assert cli.run(["metadata", *hub, "--write", "photo"]) == 2 and "owner" in capfd.readouterr().err
    assert cli.run(["metadata", *hub, "--write"]) == 0
    assert "alice: 1 photos changed" in capfd.readouterr().out
    _, mine = photo(site, alice, "a.png")
    _, his = photo(site, bob, "x.png")
    assert said(mine) == ["Ada", "Bob"] and said(his) == []
    wrote = json.loads((site.root / "store" / "[data]" / "faces" / str(alice) / "wrote.json").read_text())
    assert (wrote["written"], wrote["error"], wrote["undo"]) == (1, "", False)
    assert cli.run(["metadata", *hub, "--channel", "bob", "--write", "--dry-run", "--most", "3"]) == 0  # to show him
    preview = json.loads((site.root / "store" / "[data]" / "faces" / str(bob) / "preview.json").read_text())
    assert (
        preview["photos"]
        == [{"photo": "x.png", "hash": photo(site, bob, "x.png")[0], "lines": preview["photos"][0]["lines"]}]
        and said(his) == []
    )
    assert "+ keyword Cy" in preview["photos"][0]["lines"]
    assert cli.run(["metadata", *hub, "--channel", "alice", "--undo"]) == 0 and said(mine) == []


def test_names_follow_a_recognition_by_themselves(site: HubSite, alice: int) -> None:
    """In a process of its own, for which nobody waits."""
    _, path = photo(site, alice, "a.png")
    subprocess.run([sys.executable, "-m", "faces", "recognize", "--hub", str(site.root)], check=True,
                   cwd=Path(cli.__file__).parents[1], stdout=subprocess.DEVNULL)  # fmt: skip
    until(lambda: said(path) == ["Ada", "Bob"], 30)


def writers(site: HubSite) -> list[psutil.Process]:
    """Processes that write names into this hub's photos."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if {"metadata", str(site.root)} <= set(process.cmdline()):
                found.append(process)
    return found


def test_however_many_names_are_given_one_process_waits_and_sees_them_all(
    site: HubSite, alice: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is followed by a recognition, and that by a writer: a hundred of them would be too many for a small hub."""
    bob = site.channel("bob")
    site.data_files(bob, "")
    site.configure(bob, {"metadata": {"write_to": "photo", "write_names": "all"}})
    _, path = photo(site, alice, "a.png")
    hub, album, started = site.hub(), site.album(alice), list[Any]()
    spy = SimpleNamespace(
        DEVNULL=subprocess.DEVNULL, Popen=lambda *a, **more: started.append(subprocess.Popen(*a, **more))
    )
    monkeypatch.setattr(cli_metadata, "subprocess", spy)
    with lock(album.lock(METADATA_LOCK), "this test"):
        cli_metadata.start(hub, ["alice"])
        until(lambda: is_locked(album.lock(METADATA_NEXT_LOCK)), 30)
        [waiting] = writers(site)
        for channels in (["alice"], ["bob", "alice"], ["alice"]):
            cli_metadata.start(hub, channels)
            until(lambda: writers(site) == [waiting], 30)
        assert len(started) == 4 and said(path) == []  # for all channels one
    until(lambda: not writers(site), 30)
    assert said(path) == ["Ada", "Bob"]


def test_who_takes_the_app_away_is_left_alone(site: HubSite, alice: int) -> None:
    consent = Consent(site.hub().database, site.hub().channel("alice"))
    assert consent.ask() == ""
    site.sql("DELETE FROM app")
    consent._asked = 0.0
    with pytest.raises(ConsentLost):
        consent.ask()


def test_a_sidecar_waits_for_the_page_and_is_kept_up_in_the_cloud(site: HubSite, alice: int) -> None:
    hash, _ = photo(site, alice, "a.png")
    assert (put(site, alice, target=SIDECAR).written, put(site, alice, target=SIDECAR).written) == (1, 0)
    waiting = site.root / "store" / "[data]" / "faces" / str(alice) / "sidecars" / f"{hash}.xmp"
    folder = site.own_file(alice, "Photos", "")
    site.data_file(alice, "a.png.xmp", folder, waiting.read_bytes())  # as the page does
    waiting.unlink()
    assert put(site, alice, target=SIDECAR).written == 0
    face = site.shown(alice, folder)[1]
    site.name_face(alice, face, "Bea")
    assert put(site, alice, target=SIDECAR).written == 1 and site.wrong_rows() == []
    assert said(site.path(alice, "a.png.xmp", folder)) == ["Ada", "Bea"]
    assert put(site, alice, undo=True).written == 1
    assert site.path(alice, "a.png.xmp", folder).read_bytes() == b"" and site.wrong_rows() == []


def test_without_its_file_of_notes_nothing_is_written(site: HubSite, alice: int) -> None:
    site.sql("DELETE FROM attach WHERE filename = 'written.jsonl'")
    _, path = photo(site, alice, "a.png")
    before = path.read_bytes()
    with pytest.raises(Exception, match="open the channel's page"):
        put(site, alice)
    assert path.read_bytes() == before
