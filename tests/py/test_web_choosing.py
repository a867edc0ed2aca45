"""Which faces a decision is about: a face that somebody draws, all of a person, and what nobody else decided about meanwhile."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from faces.records import Box
from test_web_data import ODD, shown
from webhub import Client, WebHub, face

NAME = "/faces/alice/name"


@pytest.fixture
def alice(web: WebHub, alice: int) -> int:
    web.data_files(alice, "")
    return alice


@pytest.fixture
def photo(web: WebHub, alice: int) -> str:
    """A photo with a face at the left."""
    hash = web.photo(alice, "a.png")
    web.faces(alice, [face(1, hash, box=Box(0.1, 0.2, 0.2, 0.2), content="ab" * 16)])
    return hash


def hidden(web: WebHub, alice: int) -> str:
    hash = web.photo(alice, "hidden.png", shade=1)
    web.restrict(hash)
    return hash


# --- a face that somebody draws --------------------------------------------------------------------------------------------


def test_a_drawn_face_is_a_decision_with_an_id_of_its_own(web: WebHub, alice: int, owner: Client, photo: str) -> None:
    answers = [owner.post(NAME, photo=photo, box="0.6,0.5,0.1,0.2", name="Ada") for _ in range(2)]
    ids = {one["face"] for answer in answers for one in answer.json["saved"]}
    assert len(ids) == 1 and re.fullmatch(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}", *ids)
    assert [(d.face, d.photo, d.file, d.box, d.name, d.content) for d in web.names(alice)] == [
        (*ids, photo, "a.png", Box(0.6, 0.5, 0.1, 0.2), "Ada", "ab" * 16)
    ] * 2
    other = owner.post(NAME, photo=photo, box="0.6,0.8,0.1,0.1", decision="unknown").json["saved"]
    assert (other[0]["decision"], other[0]["face"] in ids) == ("unknown", False)


def test_a_box_on_a_face_that_is_there_is_about_that_face(web: WebHub, alice: int, owner: Client, photo: str) -> None:
    (saved,) = owner.post(NAME, photo=photo, box="0.12,0.22,0.2,0.2", name="Ada").json["saved"]
    assert saved["face"] == f"{1:032x}" and shown(owner)[f"{1:032x}"]["name"] == "Ada"
    assert web.names(alice)[0].box == Box(0.1, 0.2, 0.2, 0.2)


@pytest.mark.parametrize(
    ("box", "kept"),
    [("-0.1,0.9,0.2,0.3", Box(0, 0.9, 0.1, 0.1)), ("0,0,5,5", Box(0, 0, 1, 1)), ("0.1,0.9,0.005,0.005", Box(0.1, 0.9, 0.005, 0.005)),
     ("0.9,0.9,1e-1, 0.1", Box(0.9, 0.9, 0.1, 0.1))],
)  # fmt: skip
def test_a_box_is_cut_at_the_edge(web: WebHub, alice: int, owner: Client, photo: str, box: str, kept: Box) -> None:
    assert owner.post(NAME, photo=photo, box=box, name="Ada").code == 200
    assert web.names(alice)[0].box == kept


@pytest.mark.parametrize(
    "fields",
    [{"box": box} for box in ("0.1,0.1,0.1", "0.1,0.1,0.1,0.1,0.1", "a,b,c,d", "nan,0,1,1", "0,0,inf,1", "0,0,1e999,1", "1.1,0.1,0.1,0.1",
                              "0.1,0.1,-0.1,0.1", "0.1,0.1,0.004,0.1", "0.9999,0.1,0.1,0.1", "0x1,0,1,1", ",,,")]
    + [{"decision": kind} for kind in ("ignore", "reject", "clear", "drop")]
    + [{"photo": ""}, {"photo": "../x"}, {"photo[]": "x"}, {"name": ""}, {"faces": "a"}, {"person": "Ada"}, {"time": ""},
       {"box[]": "1"}],
)  # fmt: skip
def test_drawings_that_make_no_sense(
    web: WebHub, alice: int, owner: Client, photo: str, fields: dict[str, str]
) -> None:
    good = {"photo": photo, "box": "0.6,0.5,0.1,0.2", "name": "Ada"}
    good = {key: value for key, value in good.items() if f"{key}[]" not in fields}
    answer = owner.post(NAME, **{**good, **fields})
    assert answer.code == 400 and answer.json["error"], answer
    assert web.names(alice) == []


def test_nobody_draws_on_what_he_may_not_see(web: WebHub, alice: int, owner: Client, photo: str) -> None:
    web.connect_people("alice", "dave", writes=True)
    web.connect_people("alice", "bob")
    private, others = hidden(web, alice), web.photo(web.id("bob"), "b.png", shade=2)
    fields = {"box": "0.6,0.5,0.1,0.2", "name": "Ada"}
    dave = web.log_in("dave")
    for client, hash, code in ((dave, private, 404), (owner, others, 404), (dave, "none", 404), (owner, "x' OR 1=1", 400),
                               (web.log_in("bob"), photo, 403), (web.remote(), photo, 403), (web.anonymous(), photo, 401)):  # fmt: skip
        assert client.post(NAME, photo=hash, **fields).code == code
    assert web.names(alice) == []
    assert dave.post(NAME, photo=photo, **fields).code == owner.post(NAME, photo=private, **fields).code == 200
    assert [d.by for d in web.names(alice)] == [web.address("dave"), web.address("alice")]


def test_a_drawn_face_is_shown_at_once(web: WebHub, alice: int, owner: Client, photo: str) -> None:
    bare, folder = web.photo(alice, "bare.png", shade=3), web.folder(alice, "New")
    web.photo(alice, "nobody.png", shade=4)
    deep = web.photo(alice, "deep.png", folder=folder, shade=5)  # of a folder without any faces.csv
    for hash in (photo, bare, deep):
        assert owner.post(NAME, photo=hash, box="0.6,0.5,0.1,0.2", name="Ada").code == 200
    answer = owner.get("/faces/alice/faces", all="Ada").json
    assert {p["photo"]: (p["file"], p["path"], p["width"]) for p in answer["photos"]} == {
        photo: ("a.png", "", 1024), bare: ("bare.png", "", 1024), deep: ("deep.png", "New", 1024)}  # fmt: skip
    for p in answer["photos"]:
        face = p["faces"][-1]
        assert (face["box"], face["name"], face["state"], face["detector"]) == (
            [0.6, 0.5, 0.1, 0.2],
            "Ada",
            "named",
            "drawn",
        )
        assert len(p["faces"]) == 1 + (p["photo"] == photo)
    assert owner.get("/faces/alice/people").json["counts"]["named"] == 3
    assert owner.get("/faces/alice/portraits", name="Ada").json["total"] == 3
    # it can be changed like any other, and taken back
    (id,) = [p["faces"][-1]["id"] for p in answer["photos"] if p["photo"] == bare]
    assert owner.post(NAME, faces=id, name="Grace").json["saved"][0]["face"] == id
    assert shown(owner)[id]["name"] == "Grace"
    # a box drawn over it is the same face
    assert owner.post(NAME, photo=bare, box="0.61,0.5,0.1,0.2", name="Bob").json["saved"][0]["face"] == id
    assert owner.post(NAME, faces=f"{id},{1:032x}", decision="clear").code == 200
    assert id not in shown(owner)
    assert owner.post(NAME, faces=id, name="Gone").code == 404


def test_a_drawn_face_is_the_one_that_the_worker_writes(web: WebHub, alice: int, owner: Client, photo: str) -> None:
    (saved,) = owner.post(NAME, photo=photo, box="0.6,0.5,0.1,0.2", name="Ada").json["saved"]
    row = face(
        2,
        photo,
        box=Box(0.6, 0.5, 0.1, 0.2),
        content="ab" * 16,
        name="Ada",
        state="named",
        detector="",
        time_named=saved["time"],
    )
    row.id = saved["face"]
    web.faces(alice, [face(1, photo, box=Box(0.1, 0.2, 0.2, 0.2), content="ab" * 16), row])
    assert {id: (f["name"], f["detector"]) for id, f in shown(owner).items()} == {
        f"{1:032x}": ("", "yunet"),
        row.id: ("Ada", ""),
    }
    assert owner.post(NAME, photo=photo, box="0.6,0.52,0.1,0.2", decision="unknown").json["saved"][0]["face"] == row.id
    assert shown(owner)[row.id]["state"] == "unknown"


def lines(*decisions: tuple[str, str, str, str, str]) -> bytes:
    """Of a journal: id, photo, box, decision and name, content."""
    rows = [
        f"2026-01-01T00:00:{i:02}Z,{id},{photo},x,{box},{what},me,{content}"
        for i, (id, photo, box, what, content) in enumerate(decisions)
    ]
    return "\n".join(["time,face,photo,file,x,y,w,h,decision,name,by,content", *rows, ""]).encode()


def test_what_is_drawn_and_what_is_not(web: WebHub, alice: int, owner: Client, photo: str) -> None:
    copy, bare = web.photo(alice, "copy.png", shade=5), web.photo(alice, "bare.png", shade=6)
    same, box = "ab" * 16, "0.6,0.5,0.1,0.2"
    web.faces(alice, [face(1, photo, box=Box(0.1, 0.2, 0.2, 0.2), content=same), face(2, copy, content=same)])
    web.write(alice, "names.csv", lines(
        ("one", photo, box, "name,Ada", same), ("one", photo, "0.7,0.5,0.1,0.2", "name,Bob", same),  # one face; the last place holds
        ("two", photo, "0.71,0.5,0.1,0.2", "unknown,", same),  # another id is another face, as with the worker
        ("back", photo, "0.4,0.5,0.1,0.2", "name,Ada", same), ("back", photo, "0.4,0.5,0.1,0.2", "clear,", same),
        ("no", photo, "0.4,0.7,0.1,0.2", "reject,Ada", same), ("old", photo, "0.4,0.7,0.1,0.2", "name,Ada", "cd" * 16),
        ("gone", "gone", box, "name,Ada", same), ("a b", photo, "0.2,0.7,0.1,0.2", "name,Ada", same),
        ("replaced", bare, box, "name,Ada", same), ("mark", bare, "0.1,0.5,0.1,0.2", "ignore,", "")))  # fmt: skip
    found = {p["photo"]: {f["id"]: (f["state"], f["name"], f["box"]) for f in p["faces"] if f["detector"] == "drawn"}
             for p in owner.get("/faces/alice/faces").json["photos"]}  # fmt: skip
    assert found == {
        photo: {"one": ("named", "Bob", [0.7, 0.5, 0.1, 0.2]), "two": ("unknown", "", [0.71, 0.5, 0.1, 0.2])},
        copy: {},
        bare: {"mark": ("ignored", "", [0.1, 0.5, 0.1, 0.2])},
    }


def test_what_is_drawn_on_a_hidden_photo_is_hidden(web: WebHub, alice: int, owner: Client, photo: str) -> None:
    web.connect_people("alice", "dave", writes=True)
    private = hidden(web, alice)
    (saved,) = owner.post(NAME, photo=private, box="0.6,0.5,0.1,0.2", name="Secret").json["saved"]
    owner.post(NAME, photo=photo, box="0.6,0.5,0.1,0.2", name="Ada")
    for client, sees in ((owner, True), (web.log_in("dave"), False), (web.anonymous(), False), (web.remote(), False)):
        for path in ("faces", "people", "portraits", "groups", "faces?all=Secret", "faces?state=none"):
            text = client.get(f"/faces/alice/{path}").text
            assert sees or ("Secret" not in text and private not in text), path
        assert client.get("/faces/alice/portraits").json["total"] == 2 + sees
        assert client.get("/faces/alice/faces", all="Secret").json["total"] == sees
    assert web.log_in("dave").post(NAME, faces=saved["face"], name="Mine").code == 404


def test_photos_without_a_face(web: WebHub, alice: int, owner: Client, photo: str) -> None:
    web.connect_people("alice", "dave", writes=True)
    folder, own = (
        web.folder(alice, "New"),
        web.sql("SELECT hash FROM attach WHERE filename = 'faces' AND is_dir = 1 AND uid = %s", alice)[0][0],
    )
    web.photo(alice, "not looked at.png", folder=web.folder(alice, "Deep", own), shade=9)
    bare = [web.photo(alice, f"{i}.png", folder=folder if i % 2 else "", shade=i + 10) for i in range(5)]
    secret = hidden(web, alice)
    for i, hash in enumerate([*bare, secret]):
        web.sql("UPDATE attach SET created = %s WHERE hash = %s", f"2020-01-0{i + 1} 10:00:00", hash)

    def seen(client: Client, **query: Any) -> list[str]:
        answer = client.get("/faces/alice/faces", state="none", **query).json
        assert answer["faces"] == 0 and all(p["faces"] == [] for p in answer["photos"])
        assert query or answer["total"] == len(answer["photos"])
        return [p["photo"] for p in answer["photos"]]

    assert seen(owner) == [secret, *bare[::-1]]
    for client in (web.anonymous(), web.remote(), web.log_in("dave")):
        assert seen(client) == bare[::-1]
    assert seen(owner, order="asc", limit=2, offset=1) == bare[1:3]
    assert seen(owner, folder=folder) == [bare[3], bare[1]]
    assert seen(owner, **{"from": "2020-01-02", "to": "2020-01-03"}) == [bare[2], bare[1]]
    assert seen(owner, all="Ada") == seen(owner, people_min=1) == []
    (saved,) = owner.post(NAME, photo=bare[2], box="0.6,0.5,0.1,0.2", name="Ada").json["saved"]
    assert bare[2] not in seen(owner)
    owner.post(NAME, faces=saved["face"], decision="clear")
    assert bare[2] in seen(owner)


# --- all faces of a person -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decision", "name", "state"),
    [("name", "Grace", "named"), ("unknown", "", "unknown"), ("ignore", "", "ignored"), ("clear", "", "")],
)
def test_all_faces_of_a_person(web: WebHub, alice: int, owner: Client, decision: str, name: str, state: str) -> None:
    photos = [web.photo(alice, f"{i}.png", shade=i) for i in range(3)]
    rows = [face(i, hash, name="Ada", state="named") for i, hash in enumerate(photos)]
    others = [
        face(3, photos[0], name="ada", state="named"),
        face(4, photos[1], name_recognized="Ada", distance=0.3),
        face(5, photos[2]),
    ]
    web.faces(alice, [*rows, *others])
    before = shown(owner)
    saved = owner.post(NAME, person="Ada", decision=decision, name=name).json["saved"]
    assert {one["face"] for one in saved} == {f.id for f in rows}
    after = shown(owner)
    assert {(after[f.id]["state"], after[f.id]["name"]) for f in rows} == {(state, name)}
    assert {f.id: (after[f.id]["state"], after[f.id]["name"]) for f in others} == {
        f.id: (before[f.id]["state"], before[f.id]["name"]) for f in others
    }
    assert owner.post(NAME, person="Ada", decision=decision, name=name).code == 404


@pytest.mark.parametrize("kind", list(ODD))
def test_people_with_odd_names(web: WebHub, alice: int, owner: Client, photo: str, kind: str) -> None:
    owner.post(NAME, faces=f"{1:032x}", name=ODD[kind])
    assert [one["name"] for one in owner.post(NAME, person=ODD[kind], name="Ada").json["saved"]] == ["Ada"]
    assert shown(owner)[f"{1:032x}"]["name"] == "Ada"


def test_what_is_hidden_keeps_its_name(web: WebHub, alice: int, owner: Client) -> None:
    web.connect_people("alice", "dave", writes=True)
    public, private = web.photo(alice, "a.png"), hidden(web, alice)
    web.faces(alice, [face(1, public, name="Ada", state="named"), face(2, private, name="Ada", state="named"),
                      face(3, private, name="Bob", state="named")])  # fmt: skip
    dave = web.log_in("dave")
    assert dave.post(NAME, person="Bob", decision="clear").code == 404
    assert [one["face"] for one in dave.post(NAME, person="Ada", name="Grace").json["saved"]] == [f"{1:032x}"]
    assert {f["name"] for f in shown(owner).values()} == {"Grace", "Ada", "Bob"}


@pytest.mark.parametrize(
    "fields",
    [{"decision": "reject", "name": "Ada"}, {"name": ""}, {"person": "\u202e", "name": "A"}, {"person[]": "Ada"}, {"time": "", "name": "A"},
     {"faces": "a", "name": "A"}, {"person": ""}],
)  # fmt: skip
def test_people_that_make_no_sense(web: WebHub, alice: int, owner: Client, photo: str, fields: dict[str, str]) -> None:
    owner.post(NAME, faces=f"{1:032x}", name="Ada")
    good = {} if "person[]" in fields else {"person": "Ada"}
    assert owner.post(NAME, **{**good, **fields}).code == 400
    assert len(web.names(alice)) == 1


# --- what somebody else decided meanwhile ----------------------------------------------------------------------------------


def test_a_newer_decision_is_not_overwritten_by_who_did_not_know_it(
    web: WebHub, alice: int, owner: Client, photo: str
) -> None:
    one = f"{1:032x}"
    (first,) = owner.post(NAME, faces=one, name="Ada", time="").json["saved"]
    late = owner.post(NAME, faces=one, name="Late", time="")
    assert late.code == 409 and [(f["id"], f["name"], f["time"]) for f in late.json["newer"]] == [
        (one, "Ada", first["time"])
    ]
    assert owner.post(NAME, faces=one, name="Bob", time=first["time"]).code == 200
    assert owner.post(NAME, faces=one, name="Late", time=first["time"]).code == 409
    assert owner.post(NAME, faces=one, name="Forced").code == 200
    assert [d.name for d in web.names(alice)] == ["Ada", "Bob", "Forced"]
    for time in ("x", "2026-01-01", "2026-01-01T00:00:00", "2200-01-01T00:00:00Z"):
        assert owner.post(NAME, faces=one, name="A", time=time).code == 400


def test_of_several_faces_the_newer_are_named_and_none_is_saved(web: WebHub, alice: int, owner: Client) -> None:
    photo = web.photo(alice, "a.png")
    web.faces(alice, [face(i, photo) for i in range(3)])
    owner.post(NAME, faces=f"{1:032x}", decision="unknown")
    answer = owner.post(NAME, faces=",".join(f"{i:032x}" for i in range(3)), name="Ada", time="")
    assert answer.code == 409 and [f["id"] for f in answer.json["newer"]] == [f"{1:032x}"]
    assert len(web.names(alice)) == 1


def test_of_many_at_once_one_decides(web: WebHub, alice: int, owner: Client, photo: str) -> None:
    answers: list[Any] = []
    owner.token()

    def decide(name: str) -> None:
        client = Client(web, "alice")
        client.cookies, client._token = dict(owner.cookies), owner.token()
        answers.append(client.post(NAME, faces=f"{1:032x}", name=name, time=""))

    threads = [threading.Thread(target=decide, args=(f"Person {i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(a.code for a in answers) == [200] + [409] * 7
    assert len(web.names(alice)) == 1
