"""Who may do what: each kind of visitor at each address, and which photos he gets to see."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import pytest
from webhub import REMOTE, Client, WebHub, face


@dataclass
class World:
    hub: WebHub
    alice: int
    photos: dict[str, str]
    ids: dict[str, str]


@pytest.fixture
def world(web: WebHub) -> World:
    """alice has the app, a contact bob, a contact dave who may write; one photo of each kind of right."""
    web.set("block", 1)  # nothing is to be started here
    alice = web.id("alice")
    web.install(alice)
    web.connect_people("alice", "bob")
    web.connect_people("alice", "dave", writes=True)
    private = web.folder(alice, "Private")
    photos = {"public": web.photo(alice, "public.png"), "bob": web.photo(alice, "bob.png", shade=1), "eve": web.photo(alice, "eve.png", shade=2),
              "hidden": web.photo(alice, "hidden.png", shade=3), "below": web.photo(alice, "below.png", folder=private, shade=4)}  # fmt: skip
    web.restrict(photos["bob"], web.hash("bob"))
    web.restrict(photos["eve"], REMOTE)
    web.restrict(photos["hidden"])
    web.restrict(private)  # `below` itself is open to everybody, but not the folder above it
    web.data_files(alice, "", private)
    faces = {
        kind: face(i, photos[kind], f"{kind}.png", name=f"N {kind}", state="named") for i, kind in enumerate(photos)
    }
    # all in one data file at the top: it must not matter in which file a face stands
    web.faces(alice, list(faces.values()))
    return World(web, alice, photos, {kind: f.id for kind, f in faces.items()})


SEES = {
    "nobody": {"public"}, "stranger": {"public"}, "contact": {"public", "bob"}, "writer": {"public"}, "admin": {"public"},
    "remote": {"public", "eve"}, "owner": {"public", "bob", "eve", "hidden", "below"},
}  # fmt: skip
ROLES = tuple(SEES)


def visitor(hub: WebHub, role: str) -> Client:
    nick = {"stranger": "carol", "contact": "bob", "writer": "dave", "admin": "admin", "owner": "alice"}.get(role)
    return hub.log_in(nick) if nick else hub.remote() if role == "remote" else hub.anonymous()


#: The table: address, fields of the form, and what each kind of visitor is answered.
def codes(nobody: int, others: int, writer: int, owner: int) -> dict[str, int]:
    return {
        "nobody": nobody,
        "stranger": others,
        "contact": others,
        "admin": others,
        "remote": others,
        "writer": writer,
        "owner": owner,
    }


TABLE: list[tuple[str, str, dict[str, str], dict[str, int]]] = [
    ("GET", "/faces/alice", {}, codes(200, 200, 200, 200)),
    ("GET", "/faces/alice/faces", {}, codes(200, 200, 200, 200)),
    ("GET", "/faces/alice/portraits", {}, codes(200, 200, 200, 200)),
    ("GET", "/faces/alice/groups", {}, codes(200, 200, 200, 200)),
    ("GET", "/faces/alice/people", {}, codes(200, 200, 200, 200)),
    ("GET", "/faces/alice/status", {}, codes(200, 200, 200, 200)),
    ("POST", "/faces/alice/name", {"faces": "PUBLIC", "decision": "name", "name": "Ada"}, codes(401, 403, 200, 200)),
    ("POST", "/faces/alice/name", {"faces": "HIDDEN", "decision": "name", "name": "Ada"}, codes(401, 403, 404, 200)),
    ("POST", "/faces/alice/recognize", {}, codes(401, 403, 503, 503)),  # allowed, but blocked by the admin
    ("POST", "/faces/alice/start", {}, codes(401, 403, 403, 503)),
    ("POST", "/faces/alice/stop", {}, codes(401, 403, 403, 409)),
    ("GET", "/faces/alice/help", {}, codes(200, 200, 200, 200)),
    ("GET", "/faces/alice/settings", {}, codes(401, 403, 403, 200)),
    ("POST", "/faces/alice/settings", {"zoom": "4"}, codes(401, 403, 403, 200)),
    ("POST", "/faces/alice/settings", {"preset": "default"}, codes(401, 403, 403, 200)),
    ("GET", "/faces/alice/metadata", {}, codes(401, 403, 403, 200)),
    ("POST", "/faces/alice/metadata", {"write_to": "nowhere"}, codes(401, 403, 403, 200)),
    ("POST", "/faces/alice/metadata", {"preview": "1"}, codes(401, 403, 403, 503)),
    ("POST", "/faces/alice/metadata", {"write": "1"}, codes(401, 403, 403, 400)),  # nowhere
    ("POST", "/faces/alice/metadata", {"undo": "1"}, codes(401, 403, 403, 503)),
    ("GET", "/faces/alice/thresholds", {}, codes(401, 403, 403, 200)),
    ("POST", "/faces/alice/thresholds", {"Dlib-euclidean": "0.5"}, codes(401, 403, 403, 200)),
    ("POST", "/faces/alice/thresholds", {"measure": "1"}, codes(401, 403, 403, 503)),
    ("GET", "/faces/alice/export", {}, codes(401, 403, 403, 200)),
    ("POST", "/faces/alice/export", {}, codes(401, 403, 403, 200)),
    ("POST", "/faces/alice/import", {}, codes(401, 403, 403, 400)),
    ("GET", "/faces/alice/remove", {}, codes(401, 403, 403, 200)),
    ("POST", "/faces/alice/remove", {"names": "1"}, codes(401, 403, 403, 503)),
    ("POST", "/faces/alice/remove", {"everything": "1"}, codes(401, 403, 403, 400)),  # "sure" is missing
    ("GET", "/faces/carol/remove", {}, codes(404, 404, 404, 404) | {"stranger": 200}),  # her own, without the app
    ("POST", "/faces/carol/import", {}, codes(404, 404, 404, 404)),
    ("GET", "/faces/carol/settings", {}, codes(404, 404, 404, 404)),
    ("GET", "/faces/bob/faces", {}, codes(404, 404, 404, 404)),  # has not the app
    ("GET", "/faces/alice/me", {}, codes(404, 404, 404, 404)),
    ("GET", "/faces/alice/faces/me", {}, codes(404, 404, 404, 404)),
    ("GET", "/faces/nobody/faces", {}, codes(404, 404, 404, 404)),
    ("GET", "/faces/..%2Falice/faces", {}, codes(404, 404, 404, 404)),
    ("GET", "/faces/alice/name", {}, codes(405, 405, 405, 405)),
    ("POST", "/faces/alice/faces", {}, codes(405, 405, 405, 405)),
]


PAGES = [
    f"/faces/{nick}/{page}"
    for nick in ("alice", "carol")
    for page in ("help", "settings", "metadata", "thresholds", "export", "remove")
]


def test_each_visitor_at_each_address(world: World) -> None:
    wrong = []
    for role in ROLES:
        client = visitor(world.hub, role)
        for method, path, fields, expected in TABLE:
            fields = {
                k: v.replace("PUBLIC", world.ids["public"]).replace("HIDDEN", world.ids["hidden"])
                for k, v in fields.items()
            }
            answer = client.get(path) if method == "GET" else client.post(path, **fields)
            if answer.code != expected[role]:
                wrong.append((role, method, path, fields, expected[role], answer))
            elif path in PAGES and method == "GET":
                assert "faces-page" in answer.text, (role, path)
            elif path == "/faces/alice/export" and answer.code == 200:
                assert answer.body.startswith(b"PK"), (role, path)
            elif path.count("/") > 2 and "%2F" not in path:  # which another web server than PHP's takes for a path
                assert answer.json, (role, path)
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_who_sees_which_photos(world: World, role: str) -> None:
    client, seen = visitor(world.hub, role), SEES[role]
    answer = client.get("/faces/alice/faces").json
    assert {p["photo"] for p in answer["photos"]} == {world.photos[kind] for kind in seen}
    assert answer["total"] == answer["faces"] == len(seen)
    people = client.get("/faces/alice/people").json
    assert {p["name"] for p in people["people"]} == {f"N {kind}" for kind in seen}
    assert people["counts"]["photos"] == len(seen)
    page = client.get("/faces/alice").text
    for kind, hash in world.photos.items():
        assert (hash in page) == (kind in seen), kind
        assert (f"N {kind}" in page) == (kind in seen), kind
    # by name and by folder no more comes than without
    for kind in world.photos:
        assert client.get("/faces/alice/faces", all=f"N {kind}").json["total"] == (kind in seen)
    assert answer["may_name"] == (role in ("owner", "writer"))
    assert ("problems" in answer) == (role == "owner")


def test_it_is_what_the_hub_itself_says_of_each_photo(world: World) -> None:
    """Folders four deep with all mixtures of rights: one query of ours against attach_can_view, asked for each photo."""
    hub, alice = world.hub, world.alice
    group = "11111111-aaaa-bbbb-cccc-000000000001"
    hub.sql("DELETE FROM pgrp WHERE uid = %s AND gname = 'Friends of faces'", alice)
    hub.sql("INSERT INTO pgrp (hash, uid, gname) VALUES (%s, %s, 'Friends of faces')", group, alice)
    number = hub.sql("SELECT id FROM pgrp WHERE hash = %s", group)[0][0]
    hub.sql("DELETE FROM pgrp_member WHERE uid = %s", alice)
    hub.sql("INSERT INTO pgrp_member (uid, gid, xchan) VALUES (%s, %s, %s)", alice, number, hub.hash("bob"))
    rights: list[dict[str, str]] = [
        {"allow": ""},
        {"allow": hub.hash("bob")},
        {"group": group},
        {"allow": hub.hash("carol")},
    ]
    photos, faces = [], []
    for i, (one, two, three) in enumerate(itertools.product(rights, rights, rights)):
        outer = hub.folder(alice, f"o{i}")
        inner = hub.folder(alice, f"i{i}", outer)
        photo = hub.photo(alice, f"p{i}.png", folder=inner, shade=10 + i)
        for hash, acl in ((outer, one), (inner, two), (photo, three)):
            hub.restrict(hash, **acl)
        if i % 7 == 0:
            hub.sql("UPDATE attach SET deny_cid = %s WHERE hash = %s", f"<{hub.hash('bob')}>", photo)
        photos.append(photo)
        faces.append(face(1000 + i, photo))
    hub.faces(alice, faces)
    for role in ROLES:
        client = visitor(hub, role)
        shown = {
            p["photo"]
            for offset in (0, 50)
            for p in client.get("/faces/alice/faces", offset=offset, limit=50).json["photos"]
        }
        assert shown == {photo for photo in photos if can_view(hub, role, photo)}, role


def can_view(hub: WebHub, role: str, photo: str) -> bool:
    """attach_can_view: the row's own rights and those of every folder above it."""
    observer = {"owner": hub.hash("alice"), "contact": hub.hash("bob"), "stranger": hub.hash("carol"), "writer": hub.hash("dave"),
                "admin": hub.hash("admin"), "remote": REMOTE, "nobody": ""}[role]  # fmt: skip
    if role == "owner":
        return True
    groups = ["11111111-aaaa-bbbb-cccc-000000000001"] if role == "contact" else []
    hash = photo
    while hash:
        folder, cid, gid, no_cid = hub.sql(
            "SELECT folder, allow_cid, allow_gid, deny_cid FROM attach WHERE hash = %s", hash
        )[0]
        allowed = (not cid and not gid) or (observer and f"<{observer}>" in cid) or any(f"<{g}>" in gid for g in groups)
        if not allowed or (no_cid and (not observer or f"<{observer}>" in no_cid)):
            return False
        hash = folder
    return True


def test_without_view_storage_nothing_is_seen(world: World) -> None:
    hub = world.hub
    hub.sql("DELETE FROM pconfig WHERE uid = %s AND cat = 'perm_limits' AND k = 'view_storage'", world.alice)
    hub.sql("INSERT INTO pconfig (uid, cat, k, v) VALUES (%s, 'perm_limits', 'view_storage', '128')", world.alice)
    expected = {"nobody": 401, "owner": 200}
    for role in ROLES:
        client = visitor(hub, role)
        for path in ("", "/faces", "/portraits", "/groups", "/people", "/status"):
            path = f"/faces/alice{path}"
            answer = client.get(path)
            assert answer.code == expected.get(role, 403), (role, path, answer)
            assert role == "owner" or "N public" not in answer.text
    assert visitor(hub, "writer").post("/faces/alice/name", faces=world.ids["public"], name="X").code == 403


def test_thumbnails_come_from_the_hub_with_its_rights(world: World) -> None:
    contact = visitor(world.hub, "contact")
    shown = contact.get("/faces/alice/faces").json["photos"]
    assert {p["url"] for p in shown} == {f"{world.hub.url}/photo/{world.photos[k]}-1" for k in SEES["contact"]}
    if not world.hub.is_real:  # whose photo rows have more to them than those made here
        assert all(contact.get(f"/photo/{p['photo']}-1").code == 200 for p in shown)
        assert contact.get(f"/photo/{world.photos['hidden']}-1").code == 403


def test_of_the_status_others_learn_no_names(world: World) -> None:
    value = ('{"state": "detecting", "done": 3, "total": 9, "folder": "Secret folder", "message": "secret", "ram": 5.0, "eta": ""}')  # fmt: skip
    world.hub.set("status.alice", value)
    for role in ROLES:
        text = visitor(world.hub, role).get("/faces/alice/status").text
        assert ("ecret" in text) == (role == "owner"), role


# --- forms that somebody else sends in a person's name -------------------------------------------------------------


@pytest.mark.parametrize(
    "action", ["name", "start", "stop", "recognize", "settings", "metadata", "thresholds", "export", "import", "remove"]
)
@pytest.mark.parametrize("token", [None, "", "1.0", "nonsense", "x.y", f"{2**40}.{'0' * 128}", "OTHER"])
def test_a_post_without_the_right_token_does_nothing(world: World, action: str, token: Any) -> None:
    owner = visitor(world.hub, "owner")
    if token == "OTHER":
        token = visitor(world.hub, "writer").token()
    fields = {
        "faces": world.ids["public"],
        "name": "Mallory",
        "zoom": "5",
        "write_to": "photo",
        "Dlib-euclidean": "0.4",
        "everything": "1",
        "sure": "1",
    }
    answer = owner.post(f"/faces/alice/{action}", token=token, **fields)
    assert answer.code == 403 and "form" in answer.json["error"]
    assert world.hub.path(world.alice, "names.csv").read_bytes() == b""
    assert world.hub.value("stop.alice") is None


def test_visitors_can_be_kept_out(world: World) -> None:
    hub = world.hub
    visitor(hub, "owner").post("/faces/alice/settings", visitors="0")
    for role in ROLES:
        client = visitor(hub, role)
        expected = {"owner": 200, "writer": 200, "nobody": 401}.get(role, 403)
        for path in (
            "/faces/alice",
            "/faces/alice/faces",
            "/faces/alice/portraits",
            "/faces/alice/groups",
            "/faces/alice/people",
            "/faces/alice/status",
            "/faces/alice/help",
        ):
            assert client.get(path).code == expected, (role, path)
    # closed it is, too, where nobody knows what was set
    for content in (
        b'{"page": {"visitors": ',
        b'{"page": {"visitors": 0}}',
        b'\xef\xbb\xbf{"page": {"visitors": false}}',
        b" " * 2_000_000,
    ):
        hub.write(world.alice, "config.json", content)
        assert hub.anonymous().get("/faces/alice/faces").code == 401, content[:40]
    hub.write(world.alice, "config.json", b"{}")
    visitor(hub, "owner").post("/faces/alice/settings", visitors="1")
    assert hub.anonymous().get("/faces/alice").code == 200


def test_a_token_in_the_url_does_not_count(world: World) -> None:
    owner = visitor(world.hub, "owner")
    answer = owner.post(
        f"/faces/alice/name?form_security_token={owner.token()}", token=None, faces=world.ids["public"], name="M"
    )
    assert answer.code == 403


def test_no_url_makes_the_caller_the_owner(world: World) -> None:
    client = visitor(world.hub, "stranger")
    for extra in (
        {"zid": "alice@127.0.0.1"},
        {"owner": "1"},
        {"uid": str(world.alice)},
        {"channel": "alice"},
        {"f": "", "nick": "alice"},
    ):
        assert client.get("/faces/alice/faces", **extra).json["total"] == 1, extra
        assert client.post("/faces/alice/stop", **extra).code == 403


def test_the_app_of_another_channel_is_not_enough(world: World) -> None:
    """carol has the app, too: she decides about her own faces only."""
    hub, carol = world.hub, world.hub.id("carol")
    with hub.app("carol"):
        photo = hub.photo(carol, "carol.png", shade=77)
        hub.data_files(carol, "")
        hub.faces(carol, [face(500, photo)])
        client = visitor(hub, "stranger")
        assert client.post("/faces/carol/name", faces=world.ids["public"], name="X").code == 404
        assert client.post("/faces/alice/name", faces=f"{500:032x}", name="X").code == 403
        assert visitor(hub, "owner").post("/faces/alice/name", faces=f"{500:032x}", name="X").code == 404
        # a row in her file about a photo of alice's shows nothing of it
        hub.faces(carol, [face(501, world.photos["hidden"])])
        answer = client.get("/faces/carol/faces")
        assert answer.code == 200 and answer.json["total"] == 0, (answer, hub.hub_log())


def test_faces_alone_is_ones_own(world: World) -> None:
    answer = visitor(world.hub, "owner").get("/faces")
    assert (answer.code, answer.headers["Location"]) == (303, f"{world.hub.url}/faces/alice")
    assert world.hub.anonymous().get("/faces").code == 401
    page = visitor(world.hub, "contact").get("/faces/bob")
    assert page.code == 404 and "Install the app" in page.text
