"""Settings: every wrong value gives a warning and the default, every unknown key stays."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from faces.settings import METRICS, MODELS, THRESHOLDS, Settings, choose, parse_settings, settings_to_json
from hypothesis import given
from hypothesis import strategies as st


def test_nothing_gives_the_defaults() -> None:
    assert parse_settings(None) == (Settings(thresholds={}), [])
    assert parse_settings({}) == (Settings(thresholds={}), [])


def test_good_values_are_taken() -> None:
    settings, warnings = parse_settings(
        {"detection": {"detectors": ["YuNet", "dlib", "yunet"], "min_face_percent": 3}, "worker": {"ram": 50.5, "follow_symlinks": True},
         "recognition": {"metric": "cosine"}}, {"Dlib": {"cosine": 0.05}})  # fmt: skip
    assert warnings == []
    assert settings.detectors == ("yunet", "dlib") and settings.min_face_percent == 3.0
    assert settings.ram == 50.5 and settings.follow_symlinks is True
    assert settings.threshold("Dlib") == 0.05
    assert settings.threshold("SFace") == THRESHOLDS["SFace"]["cosine"]


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [("detection", "detectors", "yunet"), ("detection", "detectors", ["nonesuch"]), ("detection", "detectors", [1]),
     ("detection", "min_face_percent", -1), ("detection", "min_face_percent", "5"), ("detection", "min_face_percent", True),
     ("detection", "min_face_percent", float("nan")), ("worker", "ram", 1e9), ("recognition", "metric", "angular"),
     ("worker", "follow_symlinks", 1), ("recognition", "most_similar_number", None)],
)  # fmt: skip
def test_a_wrong_value_gives_a_warning_and_the_default(group: str, name: str, value: Any) -> None:
    settings, warnings = parse_settings({group: {name: value}})
    assert settings == Settings(thresholds={})
    assert len(warnings) == 1 and f"{group}.{name}" in warnings[0]


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["detection", "worker", "ram", "detectors", "metric", "Dlib", "cosine"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(json_values, json_values)
def test_any_json_gives_settings(config: Any, thresholds: Any) -> None:
    settings, _ = parse_settings(config, thresholds)
    for model in MODELS:
        assert settings.threshold(model) > 0


def test_unknown_keys_stay_in_the_file() -> None:
    config = {"mine": 1, "detection": {"theirs": [2], "models": ["SFace"]}}
    changed = settings_to_json(config, {"models": ("Dlib",), "ram": 70.0})
    assert changed == {
        "version": 1,
        "mine": 1,
        "detection": {"theirs": [2], "models": ["Dlib"]},
        "worker": {"ram": 70.0},
    }
    assert parse_settings(changed)[0].models == ("Dlib",)


def test_defaults_lie_within_their_limits_and_every_model_has_thresholds() -> None:
    for item in fields(Settings):
        if "range" in item.metadata:
            least, greatest = item.metadata["range"]
            assert least <= item.default <= greatest, item.name
    assert set(THRESHOLDS) == set(MODELS)
    assert all(set(metrics) == set(METRICS) for metrics in THRESHOLDS.values())


def test_choose_names_what_there_is() -> None:
    with pytest.raises(ValueError, match="no model 'x'; there are: Dlib, VGG-Face"):
        choose(["x"], MODELS, "model")
