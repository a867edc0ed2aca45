"""What is answered: photos by name, date, folder and state; names at once; decisions by the worker's own rules."""

from __future__ import annotations

import datetime
import json
import random
import re
import subprocess
import threading
import unicodedata
from typing import Any

import pytest
from faces.names import Subject, clean_name, resolve
from faces.records import Box, Decision, ShownFace
from webhub import ROOT, Client, WebHub, face


@pytest.fixture
def alice(web: WebHub, alice: int) -> int:
    web.data_files(alice, "")
    return alice


def shown(client: Client, **query: Any) -> dict[str, dict[str, Any]]:
    """Faces by id."""
    answer = client.get("/faces/alice/faces", limit=200, **query).json
    return {f["id"]: f for p in answer["photos"] for f in p["faces"]}


def simple(web: WebHub, alice: int, **more: Any) -> str:
    """One photo with one face; the face's id."""
    photo = web.photo(alice, "a.png")
    web.faces(alice, [face(1, photo, **more)])
    return f"{1:032x}"


# --- a decision is seen at once --------------------------------------------------------------------------------------


def test_a_name_is_saved_and_seen_at_once(web: WebHub, alice: int, owner: Client) -> None:
    one = simple(web, alice, content="ab" * 16)
    answer = owner.post("/faces/alice/name", faces=one, name="Ada Lovelace").json
    assert answer["saved"] == [
        {"face": one, "decision": "name", "name": "Ada Lovelace", "time": answer["saved"][0]["time"]}
    ]
    assert answer["searching"] is False
    assert (shown(owner)[one]["name"], shown(owner)[one]["state"]) == ("Ada Lovelace", "named")
    (written,) = web.names(alice)
    photo = web.sql("SELECT hash FROM attach WHERE uid = %s AND is_photo = 1", alice)[0][0]
    assert written == Decision(written.time, one, photo, "a.png", Box(0.1, 0.2, 0.08, 0.1), "name", "Ada Lovelace",
                               web.address("alice"), "ab" * 16)  # fmt: skip
    assert web.wrong_rows() == []


@pytest.mark.parametrize(
    ("decision", "name", "state", "guess"),
    [
        ("name", "Ada", "named", ""),
        ("unknown", "", "unknown", ""),
        ("ignore", "", "ignored", ""),
        ("clear", "", "", "Bob"),
        ("reject", "Bob", "", ""),
    ],
)
def test_each_decision(
    web: WebHub, alice: int, owner: Client, decision: str, name: str, state: str, guess: str
) -> None:
    one = simple(web, alice, name_recognized="Bob", distance=0.3)
    assert shown(owner)[one]["guess"] == "Bob"
    assert owner.post("/faces/alice/name", faces=one, decision=decision, name=name).code == 200
    face = shown(owner)[one]
    assert (face["state"], face["name"], face["guess"]) == (state, name if state == "named" else "", guess)


def test_a_rejected_name_comes_back_only_when_it_is_given(web: WebHub, alice: int, owner: Client) -> None:
    one = simple(web, alice, name_recognized="Bob", distance=0.3)
    for decision, name in (("reject", "Bob"), ("clear", "")):
        owner.post("/faces/alice/name", faces=one, decision=decision, name=name)
        assert shown(owner)[one]["guess"] == ""
    owner.post("/faces/alice/name", faces=one, name="Bob")
    owner.post("/faces/alice/name", faces=one, decision="clear")
    assert shown(owner)[one]["guess"] == "Bob"


def test_a_guess_gives_way_to_a_name_on_the_same_photo(web: WebHub, alice: int, owner: Client) -> None:
    photo = web.photo(alice, "a.png")
    web.faces(alice, [face(1, photo), face(2, photo, name_recognized="Ada", distance=0.3)])
    owner.post("/faces/alice/name", faces=f"{1:032x}", name="Ada")
    assert shown(owner)[f"{2:032x}"]["guess"] == ""


def test_many_faces_in_one_post_or_none_of_them(web: WebHub, alice: int, owner: Client) -> None:
    photo = web.photo(alice, "a.png")
    web.faces(alice, [face(i, photo) for i in range(300)])
    ids = [f"{i:032x}" for i in range(300)]
    assert owner.post("/faces/alice/name", faces=",".join([*ids, "f" * 32]), name="Ada").code == 404
    assert web.names(alice) == []
    assert len(owner.post("/faces/alice/name", faces=",".join(ids), name="Ada").json["saved"]) == 300
    times = [d.time for d in web.names(alice)]
    assert len(times) == 300 and times == sorted(set(times))


def test_a_decision_is_the_newest_even_if_a_clock_was_wrong(web: WebHub, alice: int, owner: Client) -> None:
    one = simple(web, alice)
    for name in ("names.csv", "edits.csv"):
        future = f"20{90 + len(name) % 7}-01-01T00:00:00Z,{one},x,a.png,0.1,0.2,0.08,0.1,name,Of the future,somebody,\n"
        web.write(alice, name, b"time,face,photo,file,x,y,w,h,decision,name,by,content\n" + future.encode())
    assert shown(owner)[one]["name"] == "Of the future"
    owner.post("/faces/alice/name", faces=one, name="Now")
    assert shown(owner)[one]["name"] == "Now"
    assert web.names(alice)[-1].time > "2090"


def test_an_edit_in_faces_csv_counts_unless_something_newer_was_decided(web: WebHub, alice: int, owner: Client) -> None:
    photo = web.photo(alice, "a.png")
    one = f"{1:032x}"
    web.faces(alice, [face(1, photo)])
    time = owner.post("/faces/alice/name", faces=one, name="Ada").json["saved"][0]["time"]
    web.faces(alice, [face(1, photo, name="Typed in", state="named", time_named=time)])
    assert shown(owner)[one]["name"] == "Typed in"
    owner.post("/faces/alice/name", faces=one, name="Newer")
    assert shown(owner)[one]["name"] == "Newer"


def test_lines_that_make_no_sense_spoil_only_themselves(web: WebHub, alice: int, owner: Client) -> None:
    one = simple(web, alice)
    good = f"2026-01-01T00:00:00.5Z,{one},x,a.png,0.1,0.2,0.08,0.1,name,Ada,me,"
    web.write(
        alice,
        "names.csv",
        f'\ufefftime,face,name\n"torn,{one}\n\x00\xff,,,\n{good}\n2027,{one},bad,time\n{good[:40]}'.encode(
            "utf-8", "surrogateescape"
        ),
    )
    assert shown(owner)[one]["name"] == ""  # under that header no line has all columns
    web.write(
        alice,
        "names.csv",
        b'time,face,photo,file,x,y,w,h,decision,name,by\n"torn,\n' + good.rstrip(",").encode() + b"\n2027-01-01T00:00",
    )
    assert shown(owner)[one]["name"] == "Ada"
    owner.post("/faces/alice/name", faces=one, name="Grace")  # the torn line at the end is ended first
    assert shown(owner)[one]["name"] == "Grace"


def test_decisions_are_those_of_the_worker(web: WebHub, alice: int, owner: Client) -> None:
    """Random journals over photos, copies and replaced detections: each face has the state that the worker gives it."""
    draw = random.Random(5)
    photos, rows, subjects = [], [], []
    number = 0
    for i in range(40):
        hash = web.photo(alice, f"{i}.png", shade=i)
        content = f"{draw.choice([i, i // 2 * 2]):032x}"  # some are copies of the one before
        photos.append((hash, content))
        for nr in range(3):
            number += 1
            box = Box(0.1 + 0.3 * nr, 0.2, 0.2, 0.2)
            rows.append(face(number, hash, f"{i}.png", box=box, content=content))
            subjects.append(Subject(f"{number:032x}", content, hash, f"{i}.png", box))
    decisions = []
    for i in range(600):
        target = draw.choice(subjects)
        dx = draw.choice([0, 0.02, 0.05])
        id = target.id if draw.random() < 0.5 else f"{10_000 + draw.randrange(50):032x}"  # a face that is no more
        box = target.box if id == target.id else Box(target.box.x + dx, target.box.y, target.box.w, target.box.h)
        kind = draw.choice(["name", "name", "name", "unknown", "ignore", "reject", "clear"])
        name = draw.choice(["Ada", "Bob", "=Cy", 'Dé, "x"']) if kind in ("name", "reject") else ""
        photo = target.photo if draw.random() < 0.8 else "gone"
        content = draw.choice([target.content, target.content, f"{999:032x}"]) if id != target.id else target.content
        decisions.append(
            Decision(
                f"2026-01-{draw.randrange(1, 28):02}T00:00:00.{i:06}Z", id, photo, "x", box, kind, name, "me", content
            )
        )
    # faces that somebody drew: each id on one photo, beside the others, over them, over each other
    for i in range(200):
        number = draw.randrange(60)
        hash, content = photos[number % 40]
        box = Box(draw.choice([0.1, 0.15, 0.5]), draw.choice([0.2, 0.3, 0.6, 0.65]), 0.2, 0.2)
        kind = draw.choice(["name", "name", "unknown", "ignore", "reject", "clear"])
        name = draw.choice(["Ada", "Eve"]) if kind in ("name", "reject") else ""
        time = f"2026-01-{draw.randrange(1, 28):02}T00:00:01.{i:06}Z"
        decisions.append(
            Decision(time, f"{20_000 + number:032x}", hash, "x", box, kind, name, "me", draw.choice(["", content]))
        )
    draw.shuffle(decisions)
    web.faces(alice, rows)
    place = web.root / "names.csv"
    place.unlink(missing_ok=True)
    from faces.files import DataFile
    from faces.store import append_decisions

    append_decisions(DataFile(place), decisions[:400])
    web.write(alice, "names.csv", place.read_bytes())
    place.unlink()
    append_decisions(DataFile(place), decisions[400:])
    web.write(alice, "edits.csv", place.read_bytes())
    place.unlink()
    standings, orphans = resolve(decisions, subjects)
    seen = shown(owner)
    expected = {
        s.id: (standings[s.id].state, standings[s.id].name) if s.id in standings else ("", "") for s in subjects
    }
    assert {id: (f["state"], f["name"]) for id, f in seen.items() if f["detector"] != "drawn"} == expected
    assert len(set(expected.values())) > 5
    # what `recognize` makes rows of by itself (_by_hand), is drawn by PHP
    there = dict(photos)
    drawn = {}
    for id, standing in orphans.items():
        last = standing.history[-1]
        if standing.state and last.photo in there and last.content in ("", there[last.photo]):
            drawn[id] = (standing.state, standing.name, standing.time, [last.box.x, last.box.y, last.box.w, last.box.h])
    assert {
        id: (f["state"], f["name"], f["time"], f["box"]) for id, f in seen.items() if f["detector"] == "drawn"
    } == drawn
    assert len(drawn) > 10


def test_200_names_at_once(web: WebHub, alice: int, owner: Client) -> None:
    """From eight browsers; none is lost, and no line is torn."""
    photo = web.photo(alice, "a.png")
    web.faces(alice, [face(i, photo) for i in range(200)])
    owner.token()
    codes: list[int] = []

    def name(part: int) -> None:
        client = Client(web, "alice")
        client.cookies, client._token = dict(owner.cookies), owner.token()
        codes.extend(
            client.post("/faces/alice/name", faces=f"{i:032x}", name=f"Person {i}").code for i in range(part, 200, 8)
        )

    threads = [threading.Thread(target=name, args=(part,)) for part in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [200] * 200
    found = web.names(alice)
    assert sorted(d.name for d in found) == sorted(f"Person {i}" for i in range(200))
    assert len({d.time for d in found}) == 200
    assert web.wrong_rows() == []


# --- names are text ----------------------------------------------------------------------------------------------------

ODD = {
    "markup": "<script>alert(1)</script><img src=x onerror=alert(2)>", "quotes": "O'Brien \"the\" `x` \\ \\' %s %d",
    "sql": "'); DROP TABLE attach; --", "formula": "=cmd|' /C calc'!A0", "plus": "+1", "at": "@SUM(1)", "minus": "-1", "apostrophe": "'=x",
    "comma": "Doe, John; Jr.", "emoji": "👩‍👧 Zoë 🎉", "smarty": "{{$z_baseurl}} {literal} {{php}}", "percent": "100%_%%", "slash": "../../etc/passwd",
    "json": "json:{\"a\":1}", "serialized": 'a:1:{i:0;s:1:"x";}', "address": "bob@127.0.0.1", "arabic": "محمد", "long": "x" * 200,
}  # fmt: skip


@pytest.mark.parametrize("kind", list(ODD))
def test_odd_names_stay_what_they_are(web: WebHub, alice: int, owner: Client, kind: str) -> None:
    one, name = simple(web, alice), ODD[kind]
    assert owner.post("/faces/alice/name", faces=one, name=name).json["saved"][0]["name"] == name
    assert shown(owner)[one]["name"] == name
    assert web.names(alice)[0].name == name
    assert shown(owner, all=name).keys() == {one}
    people = owner.get("/faces/alice/people").json["people"]
    assert [p["name"] for p in people] == [name]
    page = owner.get("/faces/alice").text
    assert "<script>alert" not in page and "<img src=x" not in page


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("a\nb", "a b"), ("a\x00b", "ab"), ("\u202eevil\u202c", "evil"), ("  Ada \t Lovelace ", "Ada Lovelace"), ("e\u0301", "é"),
     ("\u200bx\ufeff", "x")],
)  # fmt: skip
def test_names_are_cleaned(web: WebHub, alice: int, owner: Client, sent: str, kept: str) -> None:
    one = simple(web, alice)
    assert owner.post("/faces/alice/name", faces=one, name=sent).json["saved"][0]["name"] == kept
    assert web.names(alice)[0].name == kept


@pytest.mark.parametrize("name", ["", "   ", "\n", "\u202e", "x" * 201, "x" * 65_536, "\udcff\udcfe"])
def test_names_that_are_none(web: WebHub, alice: int, owner: Client, name: str) -> None:
    one = simple(web, alice)
    answer = owner.post("/faces/alice/name", faces=one, name=name)
    assert answer.code == 400 and "name" in answer.json["error"]
    assert web.names(alice) == []


def test_both_programs_clean_names_alike(tmp_path: Any) -> None:
    draw = random.Random(3)
    texts = [unicodedata.lookup("GREEK SMALL LETTER ALPHA"), "\u1680x\u2028y", "\x1cx\x85y", "\u180ez"]
    for _ in range(3000):
        texts.append("".join(chr(draw.choice([draw.randrange(0xD800), draw.randrange(0x300), draw.randrange(0xE000, 0x3000 + 0xE000)]))
                             for _ in range(draw.randrange(1, 12))))  # fmt: skip
    assert php_list("Faces\\Model\\Name::clean", texts) == [known(clean_name(text)) for text in map(known, texts)]


def known(text: str) -> str:
    return text


def php_list(function: str, texts: list[str]) -> list[str]:
    script = f"require '{ROOT}/php/autoload.php'; echo json_encode(array_map('{function}', json_decode(stream_get_contents(STDIN))));"
    done = subprocess.run(["php", "-r", script], input=json.dumps(texts), capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


@pytest.mark.parametrize(
    "fields",
    [{}, {"faces": ""}, {"faces": "../x", "name": "A"}, {"faces": ",".join(["a"] * 3 + ["b c"]), "name": "A"}, {"faces": "a", "decision": "drop"},
     {"faces[]": "a", "name": "A"}, {"faces": "a", "name[]": "A"}, {"faces": "a", "decision[x]": "name", "name": "A"},
     {"faces": ",".join(f"{i}" for i in range(10_001)), "name": "A"}, {"faces": "a" * 700_001, "name": "A"}],
)  # fmt: skip
def test_forms_that_make_no_sense(web: WebHub, alice: int, owner: Client, fields: dict[str, str]) -> None:
    simple(web, alice)
    assert owner.post("/faces/alice/name", **fields).code == 400
    assert web.names(alice) == []


# --- asking -------------------------------------------------------------------------------------------------------------


def album(web: WebHub, alice: int) -> list[dict[str, Any]]:
    """60 photos in three folders, with what a model of the search needs to know of each."""
    draw = random.Random(1)
    one = web.folder(alice, "One / with a slash")
    two = web.folder(alice, "Two", one)
    web.data_files(alice, one, two)
    photos: list[dict[str, Any]] = []
    rows: dict[str, list[ShownFace]] = {"": [], one: [], two: []}
    number = 0
    for i in range(60):
        folder = draw.choice(list(rows))
        hash = web.photo(alice, f"{i}.png", folder=folder, shade=i)
        taken = (
            f"20{draw.randrange(10, 13)}-0{draw.randrange(1, 9)}-1{draw.randrange(9)}T10:00:00"
            if draw.random() < 0.8
            else ""
        )
        uploaded = f"2020-0{draw.randrange(1, 9)}-01 00:00:{i % 60:02}"
        web.sql("UPDATE attach SET created = %s WHERE hash = %s", uploaded, hash)
        faces = []
        for _ in range(draw.randrange(1, 5)):
            number += 1
            state = draw.choice(["", "", "named", "named", "unknown", "ignored"])
            name = draw.choice(["Ada", "Bob", "Cy"]) if state == "named" else ""
            guess = draw.choice(["", "Ada", "Dan"]) if state == "" else ""
            made = face(number, hash, f"{i}.png", state=state, name=name, name_recognized=guess, date_taken=taken,
                        distance=0.3 if guess else None, content=f"{i:032x}")  # fmt: skip
            rows[folder].append(made)
            faces.append((state, name, guess))
        names = {n for _, n, _ in faces}
        faces = [(s, n, "" if g in names else g) for s, n, g in faces]
        photos.append({"hash": hash, "folder": folder, "taken": taken, "uploaded": uploaded.replace(" ", "T"), "faces": faces,
                       "below": {"": {""}, one: {one}, two: {one, two}}[folder]})  # fmt: skip
    for folder, made in rows.items():
        web.faces(alice, made, folder)
    return photos


def matches(photo: dict[str, Any], q: dict[str, Any]) -> bool:
    guesses = q.get("guesses", "1") == "1"
    people = [(n if s == "named" else g if guesses and s == "" else "") for s, n, g in photo["faces"] if s != "ignored"]
    names = set(people) - {""}
    day = date(photo, q)[:10]
    states = {"unnamed": any(s == "" for s, _, _ in photo["faces"]), "guessed": any(g for s, _, g in photo["faces"] if s == ""),
              "named": any(s == "named" for s, _, _ in photo["faces"]), "unknown": any(s == "unknown" for s, _, _ in photo["faces"]),
              "ignored": any(s == "ignored" for s, _, _ in photo["faces"]), "": True}  # fmt: skip
    return (
        set(q.get("all[]", [])) <= names
        and (not q.get("any[]") or bool(set(q["any[]"]) & names))
        and not set(q.get("not[]", [])) & names
        and (not q.get("only[]") or (bool(people) and all(p in q["only[]"] for p in people)))
        and q.get("from", "0") <= day <= q.get("to", "9")
        and ("folder" not in q or (photo["folder"] == "" if q["folder"] == "/" else q["folder"] in photo["below"]))
        and states[q.get("state", "")]
        and q.get("people_min", 0) <= len(people) <= q.get("people_max", 99)
    )


def date(photo: dict[str, Any], q: dict[str, Any]) -> str:
    return str(photo["uploaded"] if q.get("sort") == "uploaded" or not photo["taken"] else photo["taken"])


def test_every_way_to_ask_against_a_model(web: WebHub, alice: int, owner: Client) -> None:
    photos = album(web, alice)
    folders = list({p["folder"] or "/" for p in photos})
    draw = random.Random(2)
    sizes = set()
    for _ in range(150):
        q: dict[str, Any] = {}
        for key in ("all[]", "any[]", "not[]", "only[]"):
            if draw.random() < 0.25:
                q[key] = draw.sample(["Ada", "Bob", "Cy", "Dan", "Nobody"], draw.randrange(1, 4))
        for key, values in {"guesses": ["0", "1"], "from": ["2010-05-01", "2011-01-01"], "to": ["2012-03-03", "2020-06-01"], "folder": folders,
                            "state": ["unnamed", "guessed", "named", "unknown", "ignored"], "people_min": [1, 2, 3], "people_max": [1, 3],
                            "sort": ["taken", "uploaded"], "order": ["asc", "desc"]}.items():  # fmt: skip
            if draw.random() < 0.2:
                q[key] = draw.choice(values)
        expected = [p for p in photos if matches(p, q)]
        expected.sort(key=lambda p: (date(p, q), p["hash"]), reverse=q.get("order") != "asc")
        answer = owner.get("/faces/alice/faces", limit=7, offset=0, **q).json
        got = [p["photo"] for p in answer["photos"]]
        for offset in range(7, answer["total"], 7):
            got += [p["photo"] for p in owner.get("/faces/alice/faces", limit=7, offset=offset, **q).json["photos"]]
        assert got == [p["hash"] for p in expected], q
        assert answer["faces"] == sum(len(p["faces"]) for p in expected)
        sizes.add(len(got))
    assert len(sizes) > 15


def test_people_and_counts(web: WebHub, alice: int, owner: Client) -> None:
    photos = album(web, alice)
    answer = owner.get("/faces/alice/people").json
    everybody = [f for p in photos for f in p["faces"]]
    counts = answer["counts"]
    assert (counts["photos"], counts["faces"]) == (60, len(everybody))
    assert counts["unnamed"] == sum(s == "" for s, _, _ in everybody) and counts["guessed"] == sum(
        bool(g) for _, _, g in everybody
    )
    for person in answer["people"]:
        assert person["faces"] == sum(n == person["name"] for _, n, _ in everybody)
        assert person["guesses"] == sum(g == person["name"] for _, _, g in everybody)
    assert {f["path"] for f in answer["folders"]} == {"", "One / with a slash", "One / with a slash/Two"}


@pytest.mark.parametrize(
    "query",
    [{"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"offset": "-1"}, {"offset": "9" * 30}, {"from": "2026-13-01"}, {"from": "yesterday"},
     {"to": "2026-02-30"}, {"state": "dead"}, {"sort": "size"}, {"order": "up"}, {"guesses": "2"}, {"people_min": "a"}, {"all[x][y]": "a"},
     {"from[]": "2026-01-01"}, {"limit[]": "5"}, {"all": "x" * 1001}, {"folder": "x" * 1001}],
)  # fmt: skip
def test_questions_that_make_no_sense(web: WebHub, alice: int, owner: Client, query: dict[str, str]) -> None:
    simple(web, alice)
    answer = owner.get("/faces/alice/faces", **query)
    assert answer.code == 400 and answer.json["error"]
    assert owner.ask("GET", "/faces/alice/faces?all=%FF%FE").code == 400


def test_folders_that_are_not_there(web: WebHub, alice: int, owner: Client) -> None:
    simple(web, alice)
    for folder in ("nothing", "../..", "' OR 1=1 --", "%00"):
        assert owner.get("/faces/alice/faces", folder=folder).json["total"] == 0


def test_a_contacts_address_may_be_a_name(web: WebHub, alice: int, owner: Client) -> None:
    web.connect_people("alice", "bob")
    photo = web.photo(alice, "a.png")
    web.faces(alice, [face(1, photo), face(2, photo)])
    owner.post("/faces/alice/name", faces=f"{1:032x}", name=web.address("bob"))
    owner.post("/faces/alice/name", faces=f"{2:032x}", name=web.address("carol"))
    people = {p["name"]: p.get("contact") for p in owner.get("/faces/alice/people").json["people"]}
    assert people[web.address("carol")] is None
    contact = people[web.address("bob")]
    assert contact is not None and contact["name"] == "Bob" and contact["url"].endswith("/channel/bob")


def test_photos_come_with_the_size_of_the_upright_photo(web: WebHub, alice: int, owner: Client) -> None:
    known, unknown = web.photo(alice, "a.png"), web.photo(alice, "b.png", shade=1)
    web.sql("DELETE FROM photo WHERE resource_id = %s AND imgscale = 1", unknown)
    web.faces(alice, [face(1, known), face(2, unknown)])
    sizes = {p["photo"]: (p["width"], p["height"]) for p in owner.get("/faces/alice/faces").json["photos"]}
    assert sizes == {known: (1024, 768), unknown: (0, 0)}


def test_a_face_that_nobody_decided_about_tells_its_group(web: WebHub, alice: int, owner: Client) -> None:
    photo = web.photo(alice, "a.png")
    web.faces(alice, [face(1, photo, group="a_B-9"), face(2, photo, group="a_B-9", name="Ada", state="named"), face(3, photo),
                      face(4, photo, group="<b>"), face(5, photo, group="x" * 65), face(6, photo, group="x" * 64)])  # fmt: skip
    for _ in range(2):  # as it is read, and as it was remembered
        groups = {int(id, 16): f["group"] for id, f in shown(owner).items()}
        assert groups == {1: "a_B-9", 2: "", 3: "", 4: "", 5: "", 6: "x" * 64}
    web.faces(alice, [face(1, photo)])  # a file without the column
    assert shown(owner)[f"{1:032x}"]["group"] == ""


def test_contacts_are_listed_for_those_who_may_name_and_see_them(web: WebHub, alice: int, owner: Client) -> None:
    for nick in ("bob", "carol", "admin"):
        web.connect_people("alice", nick)
    web.connect_people("alice", "dave", writes=True)
    web.sql(
        "UPDATE abook SET abook_blocked = 1 WHERE abook_channel = %s AND abook_xchan = %s", alice, web.hash("carol")
    )
    web.sql(
        "UPDATE abook SET abook_pending = 1 WHERE abook_channel = %s AND abook_xchan = %s", alice, web.hash("admin")
    )
    odd = "</script><b>B'ob %s"
    web.sql(
        "UPDATE xchan SET xchan_name = %s, xchan_url = 'javascript:alert(1)' WHERE xchan_hash = %s",
        odd,
        web.hash("bob"),
    )

    def contacts(client: Client) -> Any:
        return client.get("/faces/alice/people", contacts=1).json["contacts"]

    before = web.sql("SELECT v FROM pconfig WHERE uid = %s AND k = 'view_contacts'", alice)

    def may_see_contacts(limit: object) -> None:
        web.sql("DELETE FROM pconfig WHERE uid = %s AND k = 'view_contacts'", alice)
        web.sql("INSERT INTO pconfig (uid, cat, k, v) VALUES (%s, 'perm_limits', 'view_contacts', %s)", alice, limit)

    may_see_contacts(1)  # PERMS_PUBLIC
    profile = web.sql("SELECT xchan_url FROM xchan WHERE xchan_hash = %s", web.hash("dave"))[0][0]
    expected = [{"address": web.address("bob"), "name": odd, "url": ""},
                {"address": web.address("dave"), "name": "Dave", "url": profile}]  # fmt: skip
    dave = web.log_in("dave")
    assert contacts(owner) == contacts(dave) == expected
    for client in (web.anonymous(), web.log_in("bob"), web.remote()):
        assert contacts(client) == []
    assert "contacts" not in owner.get("/faces/alice/people").json
    assert owner.get("/faces/alice/people", contacts="x").code == 400
    may_see_contacts(128)  # PERMS_SPECIFIC
    assert (contacts(owner), contacts(dave)) == (expected, [])
    may_see_contacts(before[0][0] if before else 1)


def test_each_person_has_the_widest_face_that_a_visitor_may_see(web: WebHub, alice: int, owner: Client) -> None:
    public, hidden = web.photo(alice, "a.png"), web.photo(alice, "b.png", shade=1)
    web.restrict(hidden)

    def wide(number: int, photo: str, width: float, **more: Any) -> ShownFace:
        return face(number, photo, box=Box(0.1, 0.2, width, 0.1), **more)

    named = {"name": "Ada", "state": "named"}
    web.faces(alice, [wide(1, public, 0.5, name_recognized="Ada"), wide(2, hidden, 0.4, **named), wide(3, hidden, 0.1, **named),
                      wide(4, public, 0.1, name_recognized="Bob"), wide(5, public, 0.2, name_recognized="Bob"),
                      wide(6, hidden, 0.9, name_recognized="Cy")])  # fmt: skip
    portraits = {p["name"]: p["portrait"] for p in owner.get("/faces/alice/people").json["people"]}
    assert portraits["Ada"] == {"face": f"{2:032x}", "photo": hidden, "url": f"{web.url}/photo/{hidden}", "box": [0.1, 0.2, 0.4, 0.1],
                                "width": 1024, "height": 768}  # fmt: skip
    assert (portraits["Bob"]["face"], portraits["Cy"]["face"]) == (f"{5:032x}", f"{6:032x}")
    people = web.anonymous().get("/faces/alice/people").json["people"]
    assert {p["name"]: p["portrait"]["face"] for p in people} == {"Ada": f"{1:032x}", "Bob": f"{5:032x}"}


# --- photos that moved, changed or went ------------------------------------------------------------------------------------


def test_photos_that_moved_or_went_since_the_last_run(web: WebHub, alice: int, owner: Client) -> None:
    folder = web.folder(alice, "New")
    web.data_files(alice, folder)
    moved, gone = web.photo(alice, "moved.png"), web.photo(alice, "gone.png", shade=1)
    web.faces(alice, [face(1, moved), face(2, gone)])
    web.sql("UPDATE attach SET folder = %s, filename = 'renamed.png' WHERE hash = %s", folder, moved)
    web.sql("DELETE FROM attach WHERE hash = %s", gone)
    (photo,) = owner.get("/faces/alice/faces").json["photos"]
    assert (photo["photo"], photo["file"], photo["path"]) == (moved, "renamed.png", "New")
    # the worker was there meanwhile: its row in the new folder counts, the old one is not shown a second time
    web.faces(alice, [face(1, moved, state="unknown")], folder)
    (photo,) = owner.get("/faces/alice/faces").json["photos"]
    assert [f["state"] for f in photo["faces"]] == ["unknown"]


def test_two_rows_of_one_id_are_one_face(web: WebHub, alice: int, owner: Client) -> None:
    photo = web.photo(alice, "a.png")
    web.faces(alice, [face(1, photo), face(1, photo), face(2, photo)])
    assert owner.get("/faces/alice/faces").json["faces"] == 2


# --- the page without JavaScript -----------------------------------------------------------------------------------------


def test_the_page_names_a_face_by_a_plain_form(web: WebHub, alice: int, owner: Client) -> None:
    photo = web.photo(alice, "Müller & <b>.png")
    web.faces(alice, [face(1, photo, "Müller & <b>.png", name_recognized="Bob", distance=0.2)])
    page = owner.get("/faces/alice", state="unnamed").text
    assert f'src="{web.url}/photo/{photo}-1"' in page and "left:10.000%;top:20.000%;width:8.000%;height:10.000%" in page
    assert "Bob?" in page and "Müller &amp; &lt;b&gt;.png" in page
    answer = owner.post(
        "/faces/alice/name",
        faces=f"{1:032x}",
        name="Ada",
        decision="name",
        page="1",
        photo=photo,
        query="state=unnamed",
    )
    assert answer.code == 303
    assert answer.headers["Location"] == f"{web.url}/faces/alice?state=unnamed#photo-{photo}"
    assert "Ada" in owner.get("/faces/alice").text
    refused = owner.post("/faces/alice/name", faces=f"{9:032x}", name="Ada", page="1")
    assert refused.code == 404 and "no such face" in refused.text and "html" in refused.headers["Content-Type"]
    odd = owner.post(
        "/faces/alice/name", faces=f"{1:032x}", name="Ada", page="1", photo='"><script>', query="//evil.example\r\nX: y"
    )
    assert odd.headers["Location"] == f"{web.url}/faces/alice"


def test_the_page_goes_on(web: WebHub, alice: int, owner: Client) -> None:
    web.faces(alice, [face(i, web.photo(alice, f"{i}.png", shade=i), name="Ada", state="named") for i in range(70)])
    seen, path = set(), "/faces/alice?all=Ada"
    for _ in range(2):
        page = owner.get(path).text
        seen |= set(re.findall(r'id="photo-([^"]+)"', page))
        links = re.findall(r'<nav class="faces-pages">.*?</nav>', page, re.S)[0]
        found = re.findall(r'href="[^"]*?(/faces/alice[^"]*)"', links)
        path = found[-1].replace("&amp;", "&")
        assert "all=Ada" in path
    assert len(seen) == 70


def test_answers_are_not_to_be_kept_by_anybody(web: WebHub, alice: int, owner: Client) -> None:
    simple(web, alice)
    answer = owner.get("/faces/alice/faces")
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["X-Content-Type-Options"] == "nosniff"
    wrong = owner.get("/faces/alice/name")
    assert wrong.headers["Allow"] == "POST"
    assert datetime.datetime.fromisoformat(
        owner.post("/faces/alice/name", faces=f"{1:032x}", name="A").json["saved"][0]["time"]
    )


def test_faces_that_a_computer_at_home_found_are_shown(web: WebHub, alice: int, owner: Client) -> None:
    """Over WebDAV photos are known by their names, not by the hub's hash."""
    folder = web.folder(alice, "Home")
    web.data_files(alice, folder)
    photo = web.photo(alice, "a.png", folder=folder)
    web.photo(alice, "a.png", shade=1)  # the same name elsewhere
    hidden = web.photo(alice, "hidden.png", folder=folder, shade=2)
    web.restrict(hidden)
    web.faces(
        alice, [face(1, "", "a.png", content="a" * 32), face(2, "", "hidden.png"), face(3, "", "gone.png")], folder
    )
    answer = owner.get("/faces/alice/faces").json
    assert {p["photo"]: [f["id"] for f in p["faces"]] for p in answer["photos"]} == {
        photo: [f"{1:032x}"],
        hidden: [f"{2:032x}"],
    }
    assert [p["photo"] for p in web.anonymous().get("/faces/alice/faces").json["photos"]] == [photo]
    assert owner.post("/faces/alice/name", faces=f"{1:032x}", name="Ada").code == 200
    [decision] = web.names(alice)
    assert (decision.photo, decision.file, decision.content) == (photo, "Home/a.png", "a" * 32)
    assert owner.get("/faces/alice/people").json["people"][0]["name"] == "Ada"
    assert web.anonymous().post("/faces/alice/name", faces=f"{2:032x}", name="Ada").code == 401
