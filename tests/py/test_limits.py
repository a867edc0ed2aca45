"""What a hub's admin allows: the rules, and that every job keeps to them."""

from __future__ import annotations

import fakes
import pytest
from faces.folders import PlainAlbum
from faces.jobs.channel import read_settings
from faces.limits import Limits, parse_limits
from faces.settings import DEMOGRAPHY, DETECTORS, MODELS, Settings
from hubs import HubSite
from hypothesis import given
from hypothesis import strategies as st


def test_nothing_set_allows_every_name_but_one_at_a_time() -> None:
    assert parse_limits({}) == (Limits(experimental=False), [])
    assert parse_limits(dict.fromkeys(("detectors", "models", "demography", "ram"), "")) == (
        Limits(experimental=False),
        [],
    )


def test_what_is_set_holds() -> None:
    values = {"detectors": " DLIB,yunet", "models": "SFace", "demography": "-", "experimental": "1", "ram": "70"}
    assert parse_limits(values) == (Limits(("dlib", "yunet"), ("SFace",), (), True, 70.0), [])


def test_no_limit_of_memory_is_no_warning() -> None:
    assert parse_limits({"ram": "0"}) == (Limits(experimental=False), [])  # as the admin's page has it


@pytest.mark.parametrize(
    ("values", "limits"),
    [
        ({"detectors": "nonesuch"}, Limits(experimental=False)),
        ({"detectors": "nonesuch,dlib"}, Limits(("dlib",), experimental=False)),
        ({"models": "-"}, Limits(experimental=False)),
        ({"experimental": "yes"}, Limits(experimental=False)),
        ({"ram": "0.5"}, Limits(experimental=False)),
        ({"ram": "nan"}, Limits(experimental=False)),
        ({"ram": "a lot"}, Limits(experimental=False)),
    ],
)
def test_wrong_values_are_ignored_with_a_warning(values: dict[str, str], limits: Limits) -> None:
    found, warnings = parse_limits(values)
    assert found == limits and len(warnings) == 1 and f"setting {next(iter(values))}" in warnings[0]


@given(st.dictionaries(st.sampled_from(["detectors", "models", "demography", "experimental", "ram"]), st.text()))
def test_any_text_gives_limits(values: dict[str, str]) -> None:
    limits, _ = parse_limits(values)
    assert limits.detectors and limits.models and 1 <= limits.ram <= 100


ASKED = Settings(("yunet", "dlib"), ("SFace", "Dlib"), ("Age", "Race"), enforce=True, ram=60.0)


def test_settings_hold_as_far_as_they_are_allowed() -> None:
    assert Limits().restrict(ASKED) == (ASKED, [])
    settings, lines = Limits(("dlib",), ("ArcFace", "Dlib"), ("Race",), True, 50.0).restrict(ASKED)
    assert (settings.detectors, settings.models, settings.demography) == (("dlib",), ("Dlib",), ("Race",))
    assert settings.enforce and settings.ram == 50.0 and set(settings.spare_models) == {"ArcFace", "Dlib"}
    assert [line.partition(" left out")[0] for line in lines] == [
        "detectors: yunet",
        "models: SFace",
        "demography: Age",
    ]
    settings, lines = Limits(experimental=False, ram=90.0).restrict(ASKED)
    assert (settings.detectors, settings.models, settings.demography) == (("yunet",), ("SFace",), ("Age", "Race"))
    assert not settings.enforce and settings.ram == 60.0 and len(lines) == 3


def test_the_programs_choice_is_among_those_allowed() -> None:
    assert Limits().default("detectors", ("yunet",)) == ("yunet",)
    assert Limits(detectors=("mtcnn", "ssd")).default("detectors", ("yunet",)) == ("mtcnn",)
    assert Limits(models=("Dlib",)).default("models", ("Dlib",)) == ("Dlib",)


def test_a_folder_has_no_limits(tmp_path: object) -> None:
    limits = PlainAlbum(tmp_path).limits()  # type: ignore[arg-type]
    assert (limits.detectors, limits.models, limits.demography, limits.experimental) == (
        DETECTORS,
        MODELS,
        DEMOGRAPHY,
        True,
    )


# --- on a hub ---------------------------------------------------------------------------------------------------


@pytest.fixture
def alice(site: HubSite) -> int:
    channel = site.channel("alice")
    site.photo(channel, "a.png", {"red": (20, 20)})
    site.data_files(channel, "")
    config = {"detectors": ["yunet", "dlib"], "models": ["SFace", "Dlib"]}
    site.configure(
        channel, {"version": 1, "detection": config, "recognition": {"enforce": True}, "worker": {"ram": 99}}
    )
    return channel


def engines(site: HubSite, channel: int) -> set[tuple[str, str]]:
    return {(row.detector, row.model) for row in site.rows(channel)}


def by_settings(site: HubSite) -> None:
    """A detection without options."""
    assert site.detect(detectors=None, models=None).error() is None


def test_a_channel_gets_one_detector_and_one_model(site: HubSite, alice: int) -> None:
    by_settings(site)
    assert engines(site, alice) == {("yunet", "SFace")}
    site.set_value("experimental", "1")
    by_settings(site)
    assert engines(site, alice) == {("yunet", "SFace"), ("yunet", "Dlib"), ("dlib", "SFace"), ("dlib", "Dlib")}


def test_what_is_not_allowed_is_replaced_by_a_choice_that_is(
    site: HubSite, alice: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("faces.models.default_detectors", lambda: ("yunet",))
    caplog.set_level("INFO", "faces")
    site.set_value("detectors", "dlib")
    site.set_value("models", "Dlib,ArcFace")
    site.set_value("ram", "55")
    site.configure(alice, {"version": 1, "detection": {"detectors": ["yunet"], "models": ["SFace"]}})
    by_settings(site)
    assert engines(site, alice) == {("dlib", "Dlib")}
    assert "channel alice" in caplog.text and "detectors: yunet left out: the hub's admin" in caplog.text
    settings = read_settings(site.album(alice))
    assert (settings.detectors, settings.models, settings.ram) == (("dlib",), ("Dlib",), 55.0)
    site.set_value("detectors", "yunet")  # the kept choice is not allowed any more either
    by_settings(site)
    assert ("yunet", "Dlib") in engines(site, alice)


def test_options_are_the_admins_own(site: HubSite, alice: int) -> None:
    site.set_value("detectors", "mtcnn")
    assert site.detect(detectors=("yunet", "dlib"), models=("Dlib",)).error() is None
    assert engines(site, alice) == {("yunet", "Dlib"), ("dlib", "Dlib")}


def test_a_model_that_is_not_allowed_guesses_nobody(site: HubSite, alice: int) -> None:
    site.photo(alice, "b.png", {"red": (60, 60)}, shade=1)
    site.detect(models=("SFace",))
    site.name_face(alice, site.shown(alice)[0], "Ada")
    site.set_value("models", "Dlib")
    site.recognize()
    assert not any(face.name_recognized for face in site.shown(alice))
    site.set_value("models", "SFace,Dlib")
    site.recognize()
    assert [face.name_recognized for face in site.shown(alice)] == ["", "Ada"]


def test_the_admins_limit_of_memory_stops_a_channel(site: HubSite, alice: int) -> None:
    site.set_value("ram", "1")
    report = site.detect(engines=fakes.models())
    assert "percent" in str(report.error())
