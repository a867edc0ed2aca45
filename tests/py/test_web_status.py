"""What a page that stays open asks for again and again: a new form token, whether anything changed, how far the search is."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from test_web_rights import ROLES, visitor
from webhub import Client, WebHub, face

STATUS = "/faces/alice/status"
CONTENTS = {"version": 1, "photos": 40, "failed": 2, "faces": 90, "seconds": 0.25}
FAILURE = {"photo": "ff2b", "file": "</script><b>.jpg", "error": 'it\'s "broken"', "attempts": 3, "given_up": True}


@pytest.fixture
def alice(web: WebHub, alice: int) -> int:
    web.data_files(alice, "")
    return alice


def test_who_may_post_gets_a_token(web: WebHub, alice: int, owner: Client) -> None:
    web.connect_people("alice", "bob")
    web.connect_people("alice", "dave", writes=True)
    web.faces(alice, [face(1, web.photo(alice, "a.png"))])
    fields = {"faces": f"{1:032x}", "name": "Ada"}
    tokens = {}
    for role in ROLES:
        client = visitor(web, role)
        answer = client.get(STATUS).json
        assert ("token" in answer) == (role in ("owner", "writer")), role
        if "token" in answer:
            tokens[role] = answer["token"]
            assert client.post("/faces/alice/name", token=answer["token"], **fields).code == 200
    assert owner.post("/faces/alice/name", token=tokens["writer"], **fields).code == 403


def test_the_version_changes_with_the_faces(web: WebHub, alice: int, owner: Client) -> None:
    photo = web.photo(alice, "a.png")
    versions = [owner.get(STATUS).json["version"]]
    web.faces(alice, [face(1, photo)])
    versions.append(owner.get(STATUS).json["version"])
    owner.post("/faces/alice/name", faces=f"{1:032x}", name="Ada")
    versions.append(owner.get(STATUS).json["version"])
    web.write(alice, "edits.csv", b"time,face,photo,file,x,y,w,h,decision,name,by,content\n")
    versions.append(owner.get(STATUS).json["version"])
    assert len(set(versions)) == 4 and all(re.fullmatch(r"\w{8,64}", version) for version in versions)
    assert web.anonymous().get(STATUS).json["version"] == owner.get(STATUS).json["version"] == versions[-1]


def test_the_owner_is_told_how_far_the_search_is(web: WebHub, alice: int, owner: Client) -> None:
    own = web.sql("SELECT hash FROM attach WHERE filename = 'faces' AND is_dir = 1 AND uid = %s", alice)[0][0]
    folder = web.folder(alice, "Folder")
    for i, place in enumerate(("", folder, folder, own, web.folder(alice, "Deep", own))):
        web.photo(alice, f"{i}.png", folder=place, shade=i)
    facts = {"photos": 3, "searched": 0, "failed": 0, "found": 0, "seconds": None}
    answer = owner.get(STATUS).json
    assert {key: answer[key] for key in facts} == facts and "failures" not in answer
    web.give(web.state("contents.json", "alice"), {**CONTENTS, "failures": [FAILURE]})
    answer = owner.get(STATUS, failures=1).json
    facts |= {"searched": 40, "failed": 2, "found": 90, "seconds": 0.25, "failures": [FAILURE]}
    assert {key: answer[key] for key in facts} == facts
    assert "failures" not in owner.get(STATUS).json
    assert owner.get(STATUS, failures="yes").code == 400
    for role in ROLES:
        if role != "owner":
            answer = visitor(web, role).get(STATUS, failures=1).json
            assert answer.keys() <= {"running", "blocked", "state", "version", "token"}, role


@pytest.mark.parametrize(
    "odd",
    [{"failures": "x", "seconds": "1"}, {"failures": [1, None, "x", [], {}], "seconds": [], "photos": "4"},
     {"failures": [{**FAILURE, "file": 1}, {**FAILURE, "photo": None}, {**FAILURE, "attempts": "3"}, {**FAILURE, "given_up": 1},
                   {k: v for k, v in FAILURE.items() if k != "error"}], "failed": -1.5}],
)  # fmt: skip
def test_a_note_of_the_workers_that_makes_no_sense(web: WebHub, alice: int, owner: Client, odd: dict[str, Any]) -> None:
    web.give(web.state("contents.json", "alice"), {**CONTENTS, "seconds": None, "failed": 0, **odd})
    answer = owner.get(STATUS, failures=1).json
    assert (answer["failures"], answer["seconds"], answer["failed"]) == ([], None, 0)


def test_of_many_failures_the_first_are_told(web: WebHub, alice: int, owner: Client) -> None:
    web.give(
        web.state("contents.json", "alice"), json.dumps({**CONTENTS, "failures": [{**FAILURE, "more": "x"}] * 300})
    )
    assert owner.get(STATUS, failures=1).json["failures"] == [FAILURE] * 200
