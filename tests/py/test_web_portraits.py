"""Faces one by one, and in groups that look alike: against a model, and who sees which."""

from __future__ import annotations

import random
from typing import Any

import pytest
from faces.records import Box, ShownFace
from test_web_rights import ROLES, SEES, visitor
from webhub import REMOTE, Client, WebHub, face

PORTRAITS, GROUPS = "/faces/alice/portraits", "/faces/alice/groups"


@pytest.fixture
def alice(web: WebHub, alice: int) -> int:
    web.data_files(alice, "")
    return alice


def all_of(
    client: Client, path: str, what: str, limit: int, **query: Any
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Everything, page by page, and the last answer."""
    found: list[dict[str, Any]] = []
    while True:
        answer = client.get(path, limit=limit, offset=len(found), **query).json
        found += answer[what]
        if len(found) >= answer["total"]:
            return found, answer
        assert len(answer[what]) == limit


def crowd(web: WebHub, alice: int) -> list[dict[str, Any]]:
    """200 faces on photos in two folders, with what a model needs to know of each."""
    draw = random.Random(7)
    folder = web.folder(alice, "Folder")
    web.data_files(alice, folder)
    rows: dict[str, list[ShownFace]] = {"": [], folder: []}
    known = []
    for i in range(50):
        place = draw.choice(list(rows))
        hash = web.photo(alice, f"{i}.png", folder=place, shade=i)
        taken = f"201{i % 7}-0{i % 9 + 1}-10T10:00:00" if i % 4 else ""
        uploaded = f"2020-01-01 00:00:{i:02}"
        web.sql("UPDATE attach SET created = %s WHERE hash = %s", uploaded, hash)
        for nr in range(4):
            number = 4 * i + nr
            state = draw.choice(["", "", "", "named", "unknown", "ignored"])
            group = draw.choice(["", "12", "g-b", "g_c", f"own{number}", "x"]) if number % 17 else "pair"
            guess = f"Guess {nr}" if state == "" and draw.random() < 0.4 else ""
            made = face(number, hash, f"{i}.png", state=state, name=f"Name {number % 3}" if state == "named" else "", group=group,
                        name_recognized=guess, distance=round(draw.random(), 4) if guess else None, date_taken=taken, content=f"{i:032x}",
                        box=Box(0.24 * nr, 0.2, round(0.05 + draw.random() / 10, 5), 0.1))  # fmt: skip
            rows[place].append(made)
            known.append({"id": made.id, "state": state, "name": made.name, "guess": guess, "group": group if state == "" else "",
                          "distance": made.distance, "w": made.box.w, "photo": hash, "path": "Folder" if place else "",
                          "date": taken or uploaded.replace(" ", "T")})  # fmt: skip
    for place, made_there in rows.items():
        web.faces(alice, made_there, place)
    return known


def wanted(known: list[dict[str, Any]], q: dict[str, str]) -> list[str]:
    """The ids that the model answers with."""
    plain = [f for f in known if f["state"] == "" and f["guess"] == ""]
    groups = [f["group"] for f in plain]
    guesses = q.get("guesses", "1") == "1"

    def matches(f: dict[str, Any]) -> bool:
        states = {"": True, "unnamed": f["state"] == "", "guessed": f["guess"] != "",
                  "single": f in plain and (f["group"] == "" or groups.count(f["group"]) == 1)}  # fmt: skip
        is_person = "name" not in q or f["name"] == q["name"] or (guesses and f["guess"] == q["name"])
        in_group = "group" not in q or (f["group"] == q["group"] and (guesses or f in plain))
        return states.get(q.get("state", ""), f["state"] == q.get("state")) and is_person and in_group

    found = sorted((f for f in known if matches(f)), key=lambda f: f["id"])
    found.sort(key=lambda f: f["date"], reverse=True)
    if q.get("state") == "guessed":
        found.sort(key=lambda f: f["distance"])
    return [f["id"] for f in found]


def test_portraits_against_a_model(web: WebHub, alice: int, owner: Client) -> None:
    known = crowd(web, alice)
    draw = random.Random(8)
    sizes = set()
    for _ in range(120):
        q = {key: draw.choice(values) for key, values in {
            "name": ["Name 0", "Name 1", "Guess 1", "Nobody"], "group": ["12", "g-b", "pair", "own5", "none"], "guesses": ["0", "1"],
            "state": ["unnamed", "guessed", "named", "unknown", "ignored", "single"]}.items() if draw.random() < 0.4}  # fmt: skip
        faces, answer = all_of(owner, PORTRAITS, "faces", 23, **q)
        assert [f["id"] for f in faces] == wanted(known, q), q
        assert answer["total"] == len(faces) and answer["may_name"] is True
        sizes.add(len(faces))
    assert len(sizes) > 10
    by_id = {f["id"]: f for f in owner.get(PORTRAITS, limit=500).json["faces"]}
    for f in known:
        shown = by_id[f["id"]]
        assert (shown["photo"], shown["path"], shown["state"], shown["group"]) == (
            f["photo"],
            f["path"],
            f["state"],
            f["group"],
        )
        assert (shown["url"], shown["width"], shown["height"]) == (f"{web.url}/photo/{f['photo']}", 1024, 768)


@pytest.mark.parametrize("guesses", ["0", "1"])
def test_groups_against_a_model(web: WebHub, alice: int, owner: Client, guesses: str) -> None:
    known = crowd(web, alice)
    members: dict[str, list[dict[str, Any]]] = {}
    for f in known:
        if f["group"] and f["state"] == "" and (guesses == "1" or f["guess"] == ""):
            members.setdefault(f["group"], []).append(f)
    expected = sorted(
        ((group, faces) for group, faces in members.items() if len(faces) > 1), key=lambda g: (-len(g[1]), g[0])
    )
    assert len(expected) == 5
    groups, answer = all_of(owner, GROUPS, "groups", 2, guesses=guesses, portraits=7)
    assert [(g["group"], g["faces"]) for g in groups] == [(group, len(faces)) for group, faces in expected]
    for shown, (_, faces) in zip(groups, expected, strict=True):
        widest = sorted(faces, key=lambda f: (-f["w"], f["id"]))[:7]
        assert [f["id"] for f in shown["portraits"]] == [f["id"] for f in widest]
    # two ways of asking agree
    assert answer["faces"] == sum(g["faces"] for g in groups)
    assert answer["singles"] == owner.get(PORTRAITS, state="single").json["total"] > 15
    for shown in groups:
        same, _ = all_of(owner, PORTRAITS, "faces", 500, group=shown["group"], guesses=guesses)
        assert len(same) == shown["faces"]
        assert {f["id"]: f for f in same}.items() >= {f["id"]: f for f in shown["portraits"]}.items()


def test_what_a_photo_says_itself_is_offered_first_and_said_to_be_from_it(
    web: WebHub, alice: int, owner: Client
) -> None:
    photo = web.photo(alice, "a.png")
    web.data_files(alice, "")
    guessed = face(1, photo, name_recognized="Grace", distance=0.01)
    marked = face(2, photo, name_recognized="Ada", distance=None, model="region", detector="region")
    web.faces(alice, [guessed, marked])
    faces = owner.get(PORTRAITS, state="guessed").json["faces"]
    assert [(f["guess"], f["model"], f["distance"]) for f in faces] == [
        ("Ada", "region", None),
        ("Grace", "Dlib", 0.01),
    ]
    page = owner.get("/faces/alice").text
    assert "Ada? (from the photo)" in page and "Grace?<" in page
    # a decision that knows another id finds it by its place: it has a row, it was not drawn here
    web.write(alice, "names.csv", f"time,face,photo,file,x,y,w,h,decision,name,by,content\n2030-01-01T00:00:00Z,other,{photo},a.png,"
              f"{marked.box.x},{marked.box.y},{marked.box.w},{marked.box.h},name,Bob,,\n".encode())  # fmt: skip
    shown = owner.get("/faces/alice/faces").json["photos"][0]["faces"]
    assert [f["name"] for f in shown] == ["", "Bob"]


def test_a_decision_takes_a_face_out_of_its_group(web: WebHub, alice: int, owner: Client) -> None:
    photo = web.photo(alice, "a.png")
    web.faces(alice, [face(i, photo, group="g") for i in range(3)])
    for left, singles in ((2, 0), (0, 1)):
        owner.post("/faces/alice/name", faces=f"{left:032x}", decision="unknown")
        answer = owner.get(GROUPS).json
        assert (answer["faces"], answer["singles"]) == (left, singles)
        assert owner.get(PORTRAITS, state="single").json["total"] == singles


@pytest.mark.parametrize(
    ("path", "query"),
    [(PORTRAITS, {"limit": "501"}), (PORTRAITS, {"limit": "0"}), (PORTRAITS, {"offset": "-1"}), (PORTRAITS, {"state": "dead"}),
     (PORTRAITS, {"group": "a b"}), (PORTRAITS, {"group": "x" * 65}), (PORTRAITS, {"group[]": "a"}), (PORTRAITS, {"name[]": "a"}),
     (PORTRAITS, {"name": "x" * 1001}), (PORTRAITS, {"guesses": "2"}), (GROUPS, {"limit": "101"}), (GROUPS, {"portraits": "61"}),
     (GROUPS, {"portraits": "0"}), (GROUPS, {"offset": "x"}), (GROUPS, {"guesses": "yes"}), (GROUPS, {"limit[]": "5"})],
)  # fmt: skip
def test_questions_that_make_no_sense(web: WebHub, alice: int, owner: Client, path: str, query: dict[str, str]) -> None:
    answer = owner.get(path, **query)
    assert answer.code == 400 and answer.json["error"]


def test_what_is_hidden_is_in_no_group_and_no_portrait(web: WebHub, alice: int) -> None:
    """Nor counted: a group of which a visitor sees one face is none for him, and that face is alone."""
    web.connect_people("alice", "bob")
    web.connect_people("alice", "dave", writes=True)
    private = web.folder(alice, "Private")
    photos = {
        kind: web.photo(alice, f"{kind}.png", shade=i) for i, kind in enumerate(("public", "bob", "eve", "hidden"))
    }
    photos["below"] = web.photo(alice, "below.png", folder=private, shade=9)
    for kind, who in (("bob", web.hash("bob")), ("eve", REMOTE), ("hidden", "nobody")):
        web.restrict(photos[kind], who)
    web.restrict(private)
    web.faces(alice, [face(3 * i + nr, hash, f"{kind}.png", group="all" if nr == 0 else f"of-{kind}")
                      for i, (kind, hash) in enumerate(photos.items()) for nr in range(3)])  # fmt: skip
    for role in ROLES:
        client, seen = visitor(web, role), SEES[role]
        answer = client.get(GROUPS, portraits=60).json
        groups = {g["group"]: g for g in answer["groups"]}
        assert groups.keys() == {f"of-{kind}" for kind in seen} | ({"all"} if len(seen) > 1 else set()), role
        assert {f["photo"] for g in groups.values() for f in g["portraits"]} == {photos[kind] for kind in seen}
        assert (
            answer["faces"]
            == sum(g["faces"] for g in groups.values())
            == 2 * len(seen) + (len(seen) if len(seen) > 1 else 0)
        )
        assert answer["singles"] == client.get(PORTRAITS, state="single").json["total"] == (len(seen) == 1)
        assert answer["may_name"] == (role in ("owner", "writer"))
        portraits = client.get(PORTRAITS).json
        assert portraits["total"] == 3 * len(seen) and {f["photo"] for f in portraits["faces"]} == {
            photos[kind] for kind in seen
        }
        for kind in photos:
            assert client.get(PORTRAITS, group=f"of-{kind}").json["total"] == (2 if kind in seen else 0), (role, kind)
        assert client.get(PORTRAITS, group="all").json["total"] == len(seen)
