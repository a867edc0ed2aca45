"""What an owner sets: settings and thresholds, within what the admin allows, in config.json and thresholds.json."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from faces.settings import THRESHOLDS, parse_settings
from webhub import Client, WebHub, face

SETTINGS, THRESHOLD = "/faces/alice/settings", "/faces/alice/thresholds"


@pytest.fixture
def alice(web: WebHub, alice: int) -> int:
    web.photo(alice, "a.png")
    return alice


def stored(web: WebHub, channel: int, name: str = "config.json") -> dict[str, Any]:
    """As the worker reads it; its row has to say its size, and the owner alone may read it."""
    found = web.sql("SELECT filesize, allow_cid, folder FROM attach WHERE uid = %s AND filename = %s", channel, name)
    if not found:
        return {}
    content = web.path(channel, name).read_bytes()
    assert found[0][0] == len(content)
    assert found[0][1] == f"<{web.hash('alice')}>"
    value = json.loads(content)
    _, warnings = parse_settings(value) if name == "config.json" else parse_settings(None, value)
    assert warnings == []
    return value


def put(web: WebHub, channel: int, owner: Client, name: str, content: bytes) -> None:
    owner.post(SETTINGS, zoom="3")  # makes the folder
    owner.post(THRESHOLD, **{"Dlib-euclidean": "0.5"})
    web.write(channel, name, content)


def checked(page: str, name: str) -> list[str]:
    return re.findall(rf'name="{re.escape(name)}" value="([^"]*)" ?checked', page)


def test_every_setting_is_shown_and_saved(web: WebHub, alice: int, owner: Client) -> None:
    assert stored(web, alice) == {}  # looking makes nothing
    page = owner.get(SETTINGS).text
    for name in ("detectors[]", "models[]", "demography[]", "min_face_percent", "min_face_pixels", "metric", "training_min_pixels",
                 "result_min_pixels", "most_similar_percent", "most_similar_number", "enforce", "history", "statistics", "immediate_search",
                 "visitors", "sort", "order", "zoom"):  # fmt: skip
        assert f'name="{name}"' in page, name
    values = {"detectors[]": "dlib", "models[]": "SFace", "demography[]": ["Age", "Gender"], "min_face_percent": "2,5", "min_face_pixels": "33",
              "metric": "cosine", "training_min_pixels": "44", "result_min_pixels": "55", "most_similar_percent": "70", "most_similar_number": "9",
              "history": "0", "statistics": "1", "immediate_search": "0", "sort": "uploaded", "order": "asc", "zoom": "5"}  # fmt: skip
    answer = owner.ask_form(SETTINGS, page="1", **values)
    assert (answer.code, answer.headers["Location"]) == (303, f"{web.url}{SETTINGS}?saved=1")
    assert stored(web, alice) == {
        "version": 1,
        "detection": {"detectors": ["dlib"], "models": ["SFace"], "demography": ["Age", "Gender"], "min_face_percent": 2.5, "min_face_pixels": 33},
        "recognition": {"metric": "cosine", "training_min_pixels": 44, "result_min_pixels": 55, "most_similar_percent": 70.0,
                        "most_similar_number": 9, "history": False},
        "worker": {"statistics": True},
        "page": {"immediate_search": False, "sort": "uploaded", "order": "asc", "zoom": 5},
    }  # fmt: skip
    page = owner.get(SETTINGS).text
    assert checked(page, "detectors[]") == ["dlib"] and checked(page, "demography[]") == ["Age", "Gender"]
    assert 'value="cosine" selected' in page and 'value="2.5"' in page


def test_a_value_is_brought_within_its_range_and_nonsense_is_refused(web: WebHub, alice: int, owner: Client) -> None:
    owner.post(SETTINGS, min_face_percent="-3", min_face_pixels="999999", zoom="77", most_similar_percent="1e99")
    config = stored(web, alice)
    assert config["detection"] == {"min_face_percent": 0.0, "min_face_pixels": 10_000}
    assert config["page"]["zoom"] == 6 and config["recognition"]["most_similar_percent"] == 100.0
    for bad in ({"zoom": "many"}, {"zoom": "nan"}, {"metric": "manhattan"}, {"detectors[]": "camera"}, {"detectors[]": "../x"},
                {"zoom[]": "3"}, {"detectors[a][b]": "c"}, {"preset": "mine"}, {}):  # fmt: skip
        answer = owner.post(SETTINGS, **bad)
        assert answer.code == 400, (bad, answer)
    assert stored(web, alice) == config


def test_what_the_admin_does_not_allow_is_disabled_and_not_taken(web: WebHub, alice: int, owner: Client) -> None:
    web.set("detectors", "yunet,dlib")
    web.set("demography", "-")
    web.set("immediate", 0)
    page = owner.get(SETTINGS).text
    boxes = dict(re.findall(r'name="detectors\[\]" value="(\w+)"( disabled)?', page))
    assert boxes == {"yunet": "", "dlib": "", "retinaface": " disabled", "mtcnn": " disabled", "ssd": " disabled", "mediapipe": " disabled",
                     "opencv": " disabled"}  # fmt: skip
    assert page.count("The admin of this hub does not allow it.") == 5 + 4 + 1
    owner.post(
        SETTINGS,
        **{"detectors[]": ["opencv", "dlib", "yunet"], "demography[]": "Race", "immediate_search": "0", "enforce": "1"},
    )
    config = stored(web, alice)
    assert config["detection"]["detectors"] == ["dlib"]  # allowed, and one only: no experiments
    assert config["detection"]["demography"] == []
    assert "page" not in config and "recognition" not in config
    web.set("experimental", 1)
    owner.post(SETTINGS, **{"detectors[]": ["opencv", "yunet", "dlib"], "enforce": "1"})
    config = stored(web, alice)
    assert config["detection"]["detectors"] == ["yunet", "dlib"] and config["recognition"]["enforce"] is True


def test_presets(web: WebHub, alice: int, owner: Client) -> None:
    owner.post(SETTINGS, **{"detectors[]": "dlib", "zoom": "6", "metric": "cosine"})
    assert owner.post(SETTINGS, preset="experimental").code == 403
    owner.post(SETTINGS, preset="default")
    config = stored(web, alice)
    assert (
        config["detection"]["detectors"] == []
        and config["page"]["zoom"] == 3
        and config["recognition"]["metric"] == "euclidean"
    )
    web.set("experimental", 1)
    web.set("models", "Dlib,SFace")
    owner.post(SETTINGS, preset="experimental")
    config = stored(web, alice)
    assert config["detection"]["models"] == ["Dlib", "SFace"] and len(config["detection"]["detectors"]) == 7
    assert config["recognition"]["enforce"] is True and config["worker"]["statistics"] is True


def test_what_is_not_ours_in_the_file_is_kept_and_a_damaged_one_is_not_lost(
    web: WebHub, alice: int, owner: Client
) -> None:
    mine = {
        "version": 1,
        "mine": {"a": [], "b": {}},
        "detection": {"max_megapixels": 50, "detectors": ["dlib"]},
        "page": 7,
    }
    put(web, alice, owner, "config.json", json.dumps(mine).encode())
    owner.post(SETTINGS, zoom="2")
    config = stored(web, alice)
    assert config == {**mine, "page": {"zoom": 2}}
    put(web, alice, owner, "config.json", b'{"page": {"zoom": ')
    assert owner.get(SETTINGS).code == 200
    owner.post(SETTINGS, zoom="4")
    assert stored(web, alice) == {"version": 1, "page": {"zoom": 4}}
    kept = list((web.state("aside", "alice")).iterdir())
    assert [path.read_bytes() for path in kept] == [b'{"page": {"zoom": ']


def test_one_that_cannot_be_read_whole_is_not_written_over(web: WebHub, alice: int, owner: Client) -> None:
    large = b'{"mine": "' + b"x" * 1_100_000 + b'"}'
    put(web, alice, owner, "config.json", large)
    assert owner.post(SETTINGS, zoom="2").code == 409
    assert web.path(alice, "config.json").read_bytes() == large
    put_again = b'{"x": 1e999, "page": {"zoom": 5}}'
    web.write(alice, "config.json", put_again)
    assert owner.post(SETTINGS, zoom="2").code == 200
    assert put_again in [path.read_bytes() for path in web.state("aside", "alice").iterdir()]


def test_what_somebody_put_into_the_file_does_no_harm(web: WebHub, alice: int, owner: Client) -> None:
    evil = {"detection": {"detectors": ["<evil>", "yunet"], "min_face_pixels": "7", "models": {"a": 1}},
            "recognition": {"metric": "<evil>"}, "page": {"zoom": 1e308, "sort": ["taken"], "visitors": "no"}}  # fmt: skip
    put(web, alice, owner, "config.json", json.dumps(evil).encode())
    for path in (SETTINGS, "/faces/alice", THRESHOLD):
        page = owner.get(path)
        assert page.code == 200 and "<evil>" not in page.text and "<evil>" not in page.text
    put(web, alice, owner, "config.json", b"[" * 100_000)
    assert owner.get(SETTINGS).code == 200


def test_nothing_is_saved_without_room(web: WebHub, alice: int, owner: Client) -> None:
    owner.post(SETTINGS, zoom="2")
    before = stored(web, alice)
    web.limit("alice", 10)
    answer = owner.post(SETTINGS, zoom="5")
    assert answer.code == 507 and stored(web, alice) == before
    web.limit("alice", None)


def test_the_page_of_photos_follows_them(web: WebHub, alice: int, owner: Client) -> None:
    assert "faces-zoom-3" in owner.get("/faces/alice").text
    web.set("zoom", 5)
    assert "faces-zoom-5" in owner.get("/faces/alice").text
    owner.post(SETTINGS, zoom="1")
    assert "faces-zoom-1" in owner.get("/faces/alice").text


def test_what_it_costs_is_said_from_what_is_known(web: WebHub, alice: int, owner: Client) -> None:
    for i in range(9):
        web.photo(alice, f"p{i}.png", shade=i + 1)
    state = web.state("availability.json")
    state.parent.mkdir(parents=True, exist_ok=True)
    finding = {
        "kind": "detector",
        "ram": 1,
        "seconds": 1,
        "reason": "",
        "works": True,
        "megabytes": 104.2,
        "seconds_load": 1,
        "seconds_each": 60.0,
    }
    web.give(
        state,
        {
            "version": 1,
            "findings": [
                {**finding, "name": "yunet"},
                {**finding, "name": "ssd", "works": False, "reason": "no <i>weights</i>"},
            ],
        },
    )
    page = owner.get(SETTINGS).text
    assert "photos to be searched: 10 (about 10 minutes), 104 MB of memory" in page
    assert page.count("It does not work on this server.") == 1 and "weights" not in page
    contents = {
        "version": 1,
        "photos": 10,
        "faces": 12,
        "detectors": {"yunet": {"photos": 10, "faces": 12, "seconds": 0.1}},
        "models": {},
    }
    web.give(web.state("contents.json", "alice"), contents)
    page = owner.get(SETTINGS).text
    assert "already done for all photos, 104 MB of memory" in page and "faces to be computed: 12" in page
    state.unlink()


# --- thresholds -------------------------------------------------------------------------------------------------------


def bins(**counts: int) -> list[int]:
    made = [0] * 250
    for place, number in counts.items():
        made[int(place[1:])] = number
    return made


def measured(web: WebHub, key: str = "/0") -> None:
    one = {"default": 0.55, "cut": 0.55, "same": bins(_40=10, _120=10), "different": bins(_150=80, _90=20), "guesses": bins(_50=7, _105=3, _140=2),
           "pairs_same": 20, "pairs_different": 100, "open": 30}  # fmt: skip
    path = web.state("distances.json", "alice")
    path.parent.mkdir(parents=True, exist_ok=True)
    web.give(
        path,
        {
            "version": 1,
            "time": "2026-11-24T09:00:00Z",
            "key": key,
            "models": {"Dlib": {"euclidean": one}, "<evil>": {"x": 1}},
        },
    )


def test_thresholds_are_shown_with_default_picture_and_words(web: WebHub, alice: int, owner: Client) -> None:
    page = owner.get(THRESHOLD).text
    assert "Not measured yet" in page and "<svg" not in page
    measured(web)
    page = owner.get(THRESHOLD).text
    assert 'name="Dlib-euclidean" value="0.55" min="0.275" max="0.825"' in page
    assert page.count("<rect") == 4 and "<evil>" not in page
    words = ("With 0.55: of 20 pairs of one person 50.0 % are near enough, of 100 pairs of different people 20.0 %; "
             "guesses for 7 of 30 faces without a name.")  # fmt: skip
    assert words in page


def test_what_a_cut_would_change_is_said_before_it_is_saved(web: WebHub, alice: int, owner: Client) -> None:
    measured(web)
    page = owner.ask_form(THRESHOLD, page="1", preview="1", **{"Dlib-euclidean": "0.616"}).text  # 112 %
    assert "Guesses gained: 3" in page and "Not saved yet" in page
    assert stored(web, alice, "thresholds.json") == {}
    page = owner.ask_form(THRESHOLD, page="1", preview="1", **{"Dlib-euclidean": "0.2"}).text  # brought to 50 %
    assert "Guesses lost: 7" in page and 'value="0.275"' in page


def test_a_measurement_that_is_out_of_date_says_so(web: WebHub, alice: int, owner: Client) -> None:
    photo = web.sql("SELECT hash FROM attach WHERE uid = %s AND is_photo = 1", alice)[0][0]
    measured(web)
    assert "Names were given since" not in owner.get(THRESHOLD).text
    owner.get("/faces/alice")
    web.faces(alice, [face(1, photo)])
    time = owner.post("/faces/alice/name", faces=f"{1:032x}", name="Ada").json["saved"][0]["time"]
    web.set("block", 0)  # else there is nothing to be pressed
    assert "Names were given since" in owner.get(THRESHOLD).text
    measured(web, f"{time}/1")
    assert "Names were given since" not in owner.get(THRESHOLD).text


def test_thresholds_are_saved_within_their_range(web: WebHub, alice: int, owner: Client) -> None:
    for model, metrics in THRESHOLDS.items():
        for metric, default in metrics.items():
            for given, expected in ((default * 1.2, 1.2), (default * 9, 1.5), (0, 0.5)):
                answer = owner.post(THRESHOLD, **{f"{model}-{metric}": f"{given:.6f}"})
                assert answer.code == 200
                assert stored(web, alice, "thresholds.json")[model][metric] == pytest.approx(
                    default * expected, rel=1e-4
                ), (model, metric)
            break
    owner.post(THRESHOLD, **{"Dlib-euclidean": "0.55", "SFace-cosine": ""})  # the default is not written down
    assert "euclidean" not in stored(web, alice, "thresholds.json").get("Dlib", {})
    assert owner.post(THRESHOLD, **{"Dlib-euclidean": "near"}).code == 400
    assert owner.post(THRESHOLD, **{"Dlib-manhattan": "1"}).code == 400


def test_a_damaged_measurement_is_none(web: WebHub, alice: int, owner: Client) -> None:
    measured(web)
    path = web.state("distances.json", "alice")
    for content in (
        b"",
        b"[]",
        b'{"version": 1, "models": 7}',
        b'{"version": 1, "time": [], "models": {"Dlib": {"euclidean": {"same": "x", "guesses": [1, "a", -5]}}}}',
    ):
        path.write_bytes(content)
        assert owner.get(THRESHOLD).code == 200, content
