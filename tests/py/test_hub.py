"""Journeys on a hub: a real database, a store as a hub has it, the whole program."""

from __future__ import annotations

import csv
import os

import fakes
import pytest
from faces import store
from faces.errors import PartlyFailed, StopRequested, StorageError, UsageError
from faces.files import DataFile
from hubs import HubSite
from servers import MariaDb


def names(site: HubSite, channel: int, *folders: str) -> dict[str, str]:
    """ "file#nr" -> the name given, "?" and the name guessed, or "" """
    return {f"{face.file}#{face.face_nr}": face.name or (f"?{face.name_recognized}" if face.name_recognized else "")
            for face in site.shown(channel, *folders)}  # fmt: skip


@pytest.fixture
def alice(site: HubSite) -> int:
    """A channel with a photo in the root, two in Photos and one in `Photos/o "q" 'x' ;`, and their data files."""
    channel = site.channel("alice")
    photos = site.folder(channel, "Photos")
    below = site.folder(channel, "o \"q\" 'x' ; 😀/\n", photos)
    site.photo(channel, "root.png", {"red": (40, 40)})
    site.photo(channel, "a.png", {"red": (20, 20), "green": (120, 60)}, photos)
    site.photo(channel, "none.png", {}, photos)
    site.photo(channel, 'it\'s "b".png', {"green": (60, 40)}, below, shade=1)
    site.data_files(channel, "", photos, below)
    return channel


def folders(site: HubSite, channel: int) -> list[str]:
    """The hashes of the folders with photos, root first."""
    return ["", *(h for (h,) in site.sql("SELECT hash FROM attach WHERE uid = %s AND is_dir = 1 AND filename <> 'faces' "
                                         "ORDER BY id", channel))]  # fmt: skip


def test_detects_names_and_finds_again(site: HubSite, alice: int) -> None:
    report = site.detect()
    assert report.error() is None
    [outcome] = report.outcomes
    assert (outcome.nick, outcome.summary.photos, outcome.summary.done, outcome.summary.faces) == ("alice", 4, 4, 4)
    root, photos, below = folders(site, alice)
    assert names(site, alice, root, photos, below) == {
        "root.png#1": "",
        "a.png#1": "",
        "a.png#2": "",
        'it\'s "b".png#1': "",
    }
    site.name_face(alice, site.shown(alice)[0], "Ada")
    assert site.recognize().error() is None
    assert names(site, alice, root, photos)["a.png#1"] == "?Ada"
    assert site.wrong_rows() == []
    again = site.detect()
    assert not again.outcomes[0].summary.changed


def test_only_channels_with_the_app_are_touched(site: HubSite, alice: int) -> None:
    others = [
        site.channel("bob", app=False),
        site.channel("gone", removed=True),
        site.channel("uninstalled", app=False),
    ]
    site.install(others[2], deleted=1)
    for channel in others:
        site.photo(channel, "x.png", {"red": (10, 10)})
        site.data_files(channel, "")
    before = site.sql("SELECT id, hash, filesize, edited FROM attach WHERE uid <> %s ORDER BY id", alice)
    assert [outcome.nick for outcome in site.detect().outcomes] == ["alice"]
    assert [outcome.nick for outcome in site.recognize().outcomes] == ["alice"]
    for nick, reason in (
        ("bob", "has not installed"),
        ("gone", "was removed"),
        ("uninstalled", "has not installed"),
        ("x", "no channel"),
    ):
        with pytest.raises(UsageError, match=reason):
            site.detect(nick)
        with pytest.raises(UsageError, match=reason):
            site.recognize(nick)
    assert before == site.sql("SELECT id, hash, filesize, edited FROM attach WHERE uid <> %s ORDER BY id", alice)
    assert all(
        site.path(channel, name, "").read_bytes() == b"" for channel in others for name in ("faces.csv", "faces.pkl")
    )
    assert {k for (k,) in site.sql("SELECT k FROM config")} == {"status", "status.alice"}


def test_a_channel_that_removes_the_app_during_its_run_is_left_alone(
    site: HubSite, alice: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faces.heartbeat.PERIOD", 0.0)

    class Removing(fakes.SquareDetector):
        def detect(self, image: object) -> list[object]:
            site.sql("DELETE FROM app WHERE app_channel = %s", alice)
            return super().detect(image)

    error = site.detect(engines=fakes.models(Removing())).error()
    assert isinstance(error, StopRequested) and "has not the app faces any more" in str(error)
    # what was stored before stays, nothing is written after
    assert len({row.photo for folder in folders(site, alice) for row in site.rows(alice, folder)}) <= 1
    assert all(site.path(alice, "faces.csv", folder).read_bytes() == b"" for folder in folders(site, alice))


def test_photos_moved_renamed_replaced_and_copied(site: HubSite, alice: int) -> None:
    _, photos, below = folders(site, alice)
    site.detect()
    [face] = site.shown(alice)
    site.name_face(alice, face, "Ada")
    # moved: not even read again
    (photo,) = (row.photo for row in site.rows(alice))
    site.move(alice, photo, photos)
    path = site.root / site.content(alice, photo)
    whole, stat = path.read_bytes(), path.stat()
    path.write_bytes(b"?" * len(whole))  # whoever reads it now finds no photo
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    report = site.detect()
    assert report.error() is None and report.outcomes[0].summary.moved == 1
    path.write_bytes(whole)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert site.rows(alice) == [] and names(site, alice, photos)["root.png#1"] == "Ada"
    # renamed: the hub leaves display_path stale
    site.sql("UPDATE attach SET filename = 'new.png' WHERE hash = %s", photo)
    site.detect()
    assert names(site, alice, photos)["new.png#1"] == "Ada"
    # the folder is renamed and moved
    site.sql("UPDATE attach SET filename = 'Bilder', folder = %s WHERE hash = %s", "", below)
    assert not site.detect().outcomes[0].summary.changed
    # replaced by somebody else, in the same place of the photo: the name does not follow
    site.replace(alice, photo, {"blue": (40, 40)})
    site.detect()
    assert names(site, alice, photos)["new.png#1"] == ""
    # and back: the decision knows the content it was made for
    path.write_bytes(whole)
    site.detect()
    assert names(site, alice, photos)["new.png#1"] == "Ada"
    # deleted and uploaded again: a new hash, the same content
    site.sql("DELETE FROM attach WHERE hash = %s", photo)
    path.rename(site.root / "store" / "kept")
    site.detect()
    assert "new.png#1" not in names(site, alice, photos)
    site.photo(alice, "again.png", {}, below, path=site.root / "store" / "kept")
    site.detect()
    assert names(site, alice, below)["again.png#1"] == "Ada"


def test_a_replaced_photo_whose_face_is_the_same_person_keeps_the_name(site: HubSite, alice: int) -> None:
    site.detect()
    site.name_face(alice, site.shown(alice)[0], "Ada")
    site.replace(alice, site.rows(alice)[0].photo, {"red": (44, 40)})
    site.detect()
    assert names(site, alice) == {"root.png#1": "Ada"}


def test_names_survive_lost_data_files_and_another_detector(site: HubSite, alice: int) -> None:
    site.detect()
    site.name_face(alice, site.shown(alice)[0], "Ada")
    site.recognize()
    for name in ("faces.csv", "faces.pkl"):
        site.path(alice, name, "").write_bytes(b"")
    site.detect(detectors=("dlib",))
    assert names(site, alice) == {"root.png#1": "Ada"}


def test_a_name_typed_into_faces_csv_goes_into_edits_csv(site: HubSite, alice: int) -> None:
    site.detect()
    path = site.path(alice, "faces.csv", "")
    face = site.shown(alice)[0]
    face.name = "Ada"
    store.write_shown(DataFile(path), [face])
    site.recognize()
    assert names(site, alice) == {"root.png#1": "Ada"} and site.shown(alice)[0].state == "named"
    assert ",Ada,faces.csv," in site.path(alice, "edits.csv").read_text() and site.wrong_rows() == []
    [decision] = store.read_decisions(DataFile(site.path(alice, "edits.csv")))
    assert decision.photo == face.photo and decision.content == face.content != ""


def test_without_a_row_for_edits_csv_a_typed_name_waits_where_it_is(site: HubSite, alice: int) -> None:
    site.detect()
    site.sql("DELETE FROM attach WHERE filename = 'edits.csv'")
    path = site.path(alice, "faces.csv", "")
    face = site.shown(alice)[0]
    face.name = "Ada"
    store.write_shown(DataFile(path), [face])
    before = path.read_bytes()
    error = site.recognize().error()
    assert isinstance(error, StorageError) and "edits.csv is not in the cloud" in str(error)
    assert path.read_bytes() == before


def test_folders_without_our_files_wait_and_say_so(site: HubSite, alice: int) -> None:
    other = site.folder(alice, "New")
    site.photo(alice, "new.png", {"red": (10, 10)}, other)
    error = site.detect().error()
    assert isinstance(error, PartlyFailed) and "folder 'New' of alice has no faces.csv" in str(error)
    assert len(names(site, alice)) == 1
    site.data_files(alice, other)
    assert site.detect().error() is None
    assert "new.png#1" in names(site, alice, other)


def test_odd_folders(site: HubSite, alice: int) -> None:
    """A folder named `/Photos` beside `Photos`, two of one name, a parent that is gone, a circle of parents."""
    slash, twin, lost = site.folder(alice, "/Photos"), site.folder(alice, "Photos"), site.folder(alice, "lost")
    one, two = site.folder(alice, "one"), site.folder(alice, "two")
    for shade, folder in enumerate((slash, twin, lost, one, two), 10):
        site.photo(alice, "same.png", {"red": (10, 10)}, folder, shade=shade)
        site.data_files(alice, folder)
    site.sql("UPDATE attach SET folder = 'nowhere' WHERE hash = %s", lost)
    site.sql("UPDATE attach SET folder = %s WHERE hash = %s", two, one)
    site.sql("UPDATE attach SET folder = %s WHERE hash = %s", one, two)
    assert site.detect().error() is None
    for folder in (slash, twin, lost, one, two):
        assert list(names(site, alice, folder)) == ["same.png#1"]
    assert len({face.id for face in site.shown(alice, slash, twin, lost, one, two)}) == 5
    assert not site.detect().outcomes[0].summary.changed


def test_two_photos_of_one_name_in_a_folder(site: HubSite) -> None:
    channel = site.channel("alice")
    for shade, x in ((1, 20), (2, 60)):
        site.photo(channel, "twin.png", {"red": (x, 20), "green": (x + 60, 80)}, shade=shade)
    site.photo(channel, "TWIN.png", {"blue": (30, 30)})
    site.data_files(channel, "")
    site.detect()
    faces = site.shown(channel)
    assert [(f.file, f.face_nr) for f in faces].count(("twin.png", 1)) == 2 and len(faces) == 5
    site.name_face(channel, next(f for f in faces if f.file == "twin.png" and f.face_nr == 1), "Ada")
    site.recognize()
    assert sorted((f.name, f.name_recognized) for f in site.shown(channel) if f.file == "twin.png" and f.face_nr == 1) == [
        ("", "Ada"), ("Ada", "")]  # fmt: skip


def test_of_two_files_of_one_name_the_older_is_ours(site: HubSite, alice: int) -> None:
    second = site.data_file(alice, "faces.csv", "")
    site.detect()
    assert (site.root / site.content(alice, second)).read_bytes() == b""
    assert len(site.shown(alice)) == 1


def test_photos_in_the_channels_folder_faces_are_not_searched(site: HubSite, alice: int) -> None:
    own = site.sql("SELECT hash FROM attach WHERE filename = 'faces' AND is_dir = 1")[0][0]
    site.photo(alice, "no.png", {"red": (1, 1)}, own)
    site.photo(alice, "no.png", {"red": (1, 1)}, site.folder(alice, "below", own))
    assert site.detect().outcomes[0].summary.photos == 4


def test_a_photo_whose_file_is_gone_is_skipped_and_its_rows_go(site: HubSite, alice: int) -> None:
    site.detect()
    photo = site.rows(alice)[0].photo
    (site.root / site.content(alice, photo)).unlink()
    report = site.detect()
    assert report.error() is None and report.outcomes[0].summary.skipped == 1
    assert site.rows(alice) == [] and site.shown(alice) == []
    assert site.wrong_rows() == []


def test_a_store_that_is_not_mounted_costs_nothing(site: HubSite, alice: int) -> None:
    site.detect()
    (site.root / "store" / "alice").rename(site.root / "store" / "elsewhere")
    error = site.detect().error()
    assert isinstance(error, StorageError) and "is the disk of the hub's store mounted?" in str(error)
    (site.root / "store" / "elsewhere").rename(site.root / "store" / "alice")
    assert not site.detect().outcomes[0].summary.changed


@pytest.mark.parametrize("content", [
    "store/alice/../bob/secret", "store/bob/secret", "/etc/passwd", "store/alice/./x", "store/alice//x", "store/alice/\0",
    "store/alice/link/secret", "store/alice/file-link", "../../etc/passwd", "store/alice", "store/alice/", "", "store",
    "store/alicex/secret", "store/alice/folder",
])  # fmt: skip
def test_a_crafted_path_is_refused(site: HubSite, alice: int, content: str) -> None:
    bob = site.root / "store" / "bob"
    bob.mkdir()
    fakes.draw(bob / "secret", {"red": (10, 10)}, format="PNG")
    (site.root / "store" / "alice" / "link").symlink_to(bob)
    (site.root / "store" / "alice" / "file-link").symlink_to(bob / "secret")
    (site.root / "store" / "alice" / "folder").mkdir()
    before = (bob / "secret").read_bytes()
    photo = site.photo(alice, "crafted.png", {})
    site.sql("UPDATE attach SET content = %s WHERE hash = %s", content.encode(), photo)
    report = site.detect()
    assert report.error() is None and report.outcomes[0].summary.skipped == 1
    assert "crafted.png#1" not in names(site, alice)
    # and a data file
    site.sql("UPDATE attach SET content = %s WHERE hash = %s", content.encode(), site.own_file(alice, "faces.pkl", ""))
    site.photo(alice, "more.png", {"red": (50, 50)}, shade=3)
    error = site.detect().error()
    assert isinstance(error, PartlyFailed)
    assert (bob / "secret").read_bytes() == before and not list(bob.glob("*tmp*"))


def test_a_nick_that_is_no_folder_name_is_refused(site: HubSite) -> None:
    number = site.channel("x")
    site.sql("UPDATE channel SET channel_address = '../x' WHERE channel_id = %s", number)
    assert isinstance(site.detect().error(), UsageError)


def test_the_shortest_work_comes_first(site: HubSite, alice: int) -> None:
    for nick, photos in (("big", 5), ("small", 1), ("idle", 0)):
        channel = site.channel(nick)
        for shade in range(photos):
            site.photo(channel, f"{shade}.png", {"red": (10, 10)}, shade=shade)
        site.data_files(channel, "")
    report = site.detect()
    assert [(o.nick, o.summary.done) for o in report.outcomes] == [("idle", 0), ("small", 1), ("alice", 4), ("big", 5)]


def test_one_channel_that_fails_does_not_keep_the_others_from_their_turn(site: HubSite, alice: int) -> None:
    bob = site.channel("bob")
    site.photo(bob, "x.png", {"red": (1, 1)})
    site.data_files(bob, "")
    site.path(bob, "faces.csv", "").write_bytes(b"not,ours\n1,2\n")
    report = site.detect()
    assert {o.nick: type(o.error) for o in report.outcomes} == {"alice": type(None), "bob": PartlyFailed}
    assert str(report.error()).startswith("bob: ") and len(names(site, alice)) == 1
    assert site.path(bob, "faces.csv", "").read_bytes() == b"not,ours\n1,2\n"


def test_statistics(site: HubSite, alice: int) -> None:
    site.configure(alice, {"worker": {"statistics": True}})
    site.detect()
    _, photos, below = folders(site, alice)
    site.name_face(alice, site.shown(alice)[0], "Ada")
    site.recognize()
    red = next(face for face in site.shown(alice, photos) if face.name_recognized == "Ada")
    site.name_face(alice, red, "Ada")
    green = next(face for face in site.shown(alice, photos) if not face.name_recognized)
    site.name_face(alice, green, "Bob")
    site.recognize()
    other = site.shown(alice, below)[0]
    assert other.name_recognized == "Bob"
    site.name_face(alice, other, "Eve")
    site.recognize()
    rows = list(csv.DictReader(site.path(alice, "models_statistics.csv").open()))
    assert [(r["model"], r["detector"], r["accuracy"], r["detected"], r["recognised"], r["set"], r["correct"], r["wrong"])
            for r in rows] == [("Dlib", "yunet", "0.5000", "4", "2", "4", "1", "1")]  # fmt: skip
    assert float(rows[0]["seconds"]) >= 0 and float(rows[0]["seconds/face"]) >= 0
    faces = list(csv.DictReader(site.path(alice, "faces_statistics.csv").open()))
    assert sorted(r["result"] for r in faces) == ["", "", "correct", "wrong"]
    assert site.wrong_rows() == []


def test_an_album_of_many_is_looked_at_with_few_queries(
    site: HubSite, mariadb: MariaDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many photos and folders a channel has; measured by the server's log of queries."""
    counts = {}
    for nick, number in (("few", 2), ("many", 60)):
        channel = site.channel(nick)
        for i in range(number // 2):
            folder = site.folder(channel, f"folder {i}")
            site.data_files(channel, folder)
            for shade in (1, 2):
                site.photo(channel, f"{shade}.png", {"red": (10, 10)}, folder, shade=(2 * i + shade) % 250)
        assert site.detect(nick).error() is None
        queries = site.queries(lambda nick=nick: site.detect(nick))
        counts[nick] = len(queries)
        assert not [q for q in queries if q.startswith("UPDATE attach")]
        counts[f"{nick} recognized"] = len(site.queries(lambda nick=nick: site.recognize(nick)))
        site.photo(channel, "new.png", {"red": (10, 10)}, folder, shade=251)
        work = site.queries(lambda nick=nick: site.detect(nick))
        counts[f"{nick} new"] = len([q for q in work if not q.startswith("UPDATE config")])
    print(counts, *site.queries(lambda: site.detect("many")), sep="\n")
    assert counts["few"] == counts["many"] and counts["few recognized"] == counts["many recognized"]
    assert counts["few new"] == counts["many new"]
    # a channel's own are 5; the others: the list of channels, the admin's limits, the hub's status twice, the requests to
    # stop at its end,
    # and one that the driver asks after connecting
    assert counts["many"] <= 5 + 6, counts
