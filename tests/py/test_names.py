"""The rules of names."""

from __future__ import annotations

import unicodedata

import pytest
from faces.names import Standing, Subject, assign, clean_name, edited, resolve
from faces.records import Box, Decision
from hypothesis import given
from hypothesis import strategies as st

HERE, THERE = Box(0.1, 0.1, 0.2, 0.2), Box(0.6, 0.6, 0.2, 0.2)


def decide(kind: str, name: str = "", time: int = 1, face: str = "f1", photo: str = "p1", box: Box = HERE) -> Decision:
    return Decision(f"2026-01-01T00:00:{time:02}Z", face, photo, "a.jpg", box, kind, name, "me")


def subject(face: str = "f1", content: str = "p1", photo: str = "", path: str = "a.jpg", box: Box = HERE) -> Subject:
    return Subject(face, content, photo, path, box)


@given(st.text())
def test_a_clean_name_is_one_visible_line_and_stays_as_it_is(text: str) -> None:
    name = clean_name(text)
    assert clean_name(name) == name
    assert len(name) <= 200 and name == name.strip() and "\n" not in name
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") for c in name)
    name.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "name"),
    [("  Ada \n Lovelace\t", "Ada Lovelace"), ("a\x00b", "ab"), ("\u202eevil\u2066", "evil"), ("e\u0301", "é"),
     ("👩\u200d🔬", "👩\u200d🔬"), ("<b>", "<b>"), ("\ud800x", "?x"), ("x" * 70_000, "x" * 200)],
)  # fmt: skip
def test_clean_names(text: str, name: str) -> None:
    assert clean_name(text) == name


def test_the_newest_decision_wins_whatever_the_order_in_the_file() -> None:
    standings, _ = resolve([decide("name", "New", 3), decide("name", "Old", 1), decide("unknown", time=2)], [subject()])
    assert (standings["f1"].name, standings["f1"].state) == ("New", "named")


def test_fractions_of_a_second_count() -> None:
    late = Decision("2026-01-01T00:00:01.5Z", "f1", "p1", "a", HERE, "name", "Late")
    standings, _ = resolve([late, decide("name", "Early", 1)], [subject()])
    assert standings["f1"].name == "Late"


def test_a_rejected_name_stays_out_until_it_is_given() -> None:
    journal = [decide("reject", "Ada", 1), decide("reject", "Grace", 2)]
    assert resolve(journal, [subject()])[0]["f1"].rejected == {"Ada", "Grace"}
    standing = resolve([*journal, decide("name", "Ada", 3)], [subject()])[0]["f1"]
    assert (standing.name, standing.rejected) == ("Ada", {"Grace"})
    standing = resolve([*journal, decide("name", "Ada", 3), decide("reject", "Ada", 4)], [subject()])[0]["f1"]
    assert (standing.name, standing.state, standing.rejected) == ("", "", {"Ada", "Grace"})


def test_a_decision_finds_its_face_by_overlap_on_the_same_photo() -> None:
    near = Box(0.12, 0.1, 0.2, 0.22)
    subjects = [subject("other", box=THERE), subject("new", box=near), subject("elsewhere", content="p2", path="b.jpg")]
    standings, orphans = resolve([decide("name", "Ada", face="gone")], subjects)
    assert {face: s.name for face, s in standings.items()} == {"new": "Ada"} and not orphans


def test_a_decision_of_a_known_face_touches_no_other_face_of_the_photo() -> None:
    """Another detector's box may lie over it, with an id of its own."""
    standings, _ = resolve([decide("name", "Ada")], [subject(), subject("f2", box=Box(0.11, 0.1, 0.2, 0.2))])
    assert list(standings) == ["f1"]


def test_copies_share_decisions_both_ways() -> None:
    subjects = [subject("f1", path="a.jpg"), subject("f2", path="copy/a.jpg")]
    standings, _ = resolve([decide("name", "Ada", 1, "f1"), decide("name", "Grace", 2, "f2")], subjects)
    assert {face: s.name for face, s in standings.items()} == {"f1": "Grace", "f2": "Grace"}


def test_another_photo_at_the_same_path_does_not_inherit() -> None:
    standings, orphans = resolve([decide("name", "Ada", face="gone", photo="old")], [subject("new", content="other")])
    assert not standings and orphans["gone"].name == "Ada"


@given(
    st.lists(
        st.tuples(st.sampled_from(["name", "unknown", "ignore", "clear", "reject"]), st.sampled_from(["Ada", "Bob"])),
        max_size=12,
    )
)
def test_state_and_name_always_fit_together(steps: list[tuple[str, str]]) -> None:
    standing = Standing()
    for time, (kind, name) in enumerate(steps):
        standing.apply(decide(kind, name if kind in ("name", "reject") else "", time))
        assert bool(standing.name) == (standing.state == "named")
        assert standing.name not in standing.rejected or not standing.name
    last = next((step for step in reversed(steps) if step[0] != "reject"), None)
    if last and last[0] == "name" and ("reject", last[1]) not in steps:
        assert standing.name == last[1]


def test_assign_gives_the_nearest_first_and_a_person_once_a_photo() -> None:
    photo_of = {"a": "p", "b": "p", "c": "q"}
    found = [(0.3, "b", "Ada"), (0.1, "a", "Ada"), (0.4, "b", "Bob"), (0.2, "c", "Ada")]
    assert assign(found, photo_of, [], {}) == {"a": ("Ada", 0.1), "b": ("Bob", 0.4), "c": ("Ada", 0.2)}
    assert assign(found, photo_of, [("q", "Ada")], {}).get("c") is None
    assert assign(found, photo_of, [], {"a": {"Ada"}})["b"] == ("Ada", 0.3)


names = st.sampled_from(["Ada", "Bob", "Cy"])


@given(
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from("abcdef"), names)),
    st.dictionaries(st.sampled_from("abcdef"), st.sets(names)),
)
def test_assign_never_breaks_its_rules(found: list[tuple[float, str, str]], rejected: dict[str, set[str]]) -> None:
    photo_of = {face: "p" if face < "d" else "q" for face in "abcdef"}
    taken = {("p", "Cy")}
    result = assign(found, photo_of, taken, rejected)
    places = [(photo_of[face], name) for face, (name, _) in result.items()]
    assert len(places) == len(set(places)) and not set(places) & taken
    for face, (name, distance) in result.items():
        assert name not in rejected.get(face, set())
        assert (distance, face, name) in found


def history(*steps: tuple[str, str, int]) -> Standing:
    standing = Standing()
    for kind, name, time in steps:
        standing.apply(decide(kind, name, time))
    return standing


T1, T2 = "2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z"


@pytest.mark.parametrize(
    ("row", "standing", "edit"),
    [
        (("Ada", "named", T1), history(("name", "Ada", 1)), None),
        (("Ada", "named", T1), history(("name", "Ada", 1), ("name", "Eve", 2)), None),  # the journal went on
        (("Bob", "named", T1), history(("name", "Ada", 1)), ("name", "Bob")),
        (("Bob", "named", T1), history(("name", "Ada", 1), ("name", "Eve", 2)), ("name", "Bob")),
        (("", "named", T1), history(("name", "Ada", 1)), ("clear", "")),
        (("Bob", "", ""), None, ("name", "Bob")),
        (("", "", ""), None, None),
        (("", "ignored", ""), None, ("ignore", "")),
        (("", "unknown", T1), history(("ignore", "", 1)), ("unknown", "")),
        (("", "nonsense", ""), None, None),
        (("Ada", "named", T1), None, None),  # the journal is lost
        ((" Ada\n", "named", T1), history(("name", "Ada", 1)), None),
    ],
)
def test_edits_of_faces_csv(row: tuple[str, str, str], standing: Standing | None, edit: tuple[str, str] | None) -> None:
    assert edited(*row, standing) == edit
