"""Settings of a channel or folder: read once into a frozen, typed object; nothing below sees a dict.

Each setting states its key in config.json ("group.name"), default, least and greatest value in one line.
A wrong value is replaced by its default with a warning; unknown keys stay in the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from faces.records import METRICS as METRICS

#: What becomes of names that other programs wrote into photos; where names go from here; which ones.
SUGGEST, CONFIRM = "suggest", "confirm"
NOWHERE, SIDECAR, PHOTO = "nowhere", "sidecar", "photo"
NEW, ALL = "new", "all"

DETECTORS = ("yunet", "dlib", "retinaface", "mtcnn", "ssd", "mediapipe", "opencv")
MODELS = (
    "Dlib",
    "VGG-Face",
    "Facenet",
    "Facenet512",
    "ArcFace",
    "OpenFace",
    "DeepFace",
    "SFace",
    "GhostFaceNet",
    "Buffalo_L",
)
DEMOGRAPHY = ("Emotion", "Age", "Gender", "Race")

#: Largest distance at which two faces count as one person: model -> metric -> threshold.
#: Dlib: measured by us on aligned chips with `make thresholds` (docs/thresholds.md has the table). All others: deepface
#: 0.0.103's own (deepface/config/threshold.py), not measured here because their weights cannot be had.
THRESHOLDS: dict[str, dict[str, float]] = {
    "Dlib": {"cosine": 0.075, "euclidean": 0.55, "euclidean_l2": 0.385},
    "VGG-Face": {"cosine": 0.68, "euclidean": 1.17, "euclidean_l2": 1.17},
    "Facenet": {"cosine": 0.40, "euclidean": 10, "euclidean_l2": 0.80},
    "Facenet512": {"cosine": 0.30, "euclidean": 23.56, "euclidean_l2": 1.04},
    "ArcFace": {"cosine": 0.68, "euclidean": 4.15, "euclidean_l2": 1.13},
    "OpenFace": {"cosine": 0.10, "euclidean": 0.55, "euclidean_l2": 0.55},
    "DeepFace": {"cosine": 0.23, "euclidean": 64, "euclidean_l2": 0.64},
    "SFace": {"cosine": 0.593, "euclidean": 10.734, "euclidean_l2": 1.055},
    "GhostFaceNet": {"cosine": 0.65, "euclidean": 35.71, "euclidean_l2": 1.10},
    "Buffalo_L": {"cosine": 0.55, "euclidean": 0.6, "euclidean_l2": 1.1},
}


def _names(key: str, choices: tuple[str, ...]) -> Any:
    return field(default=(), metadata={"key": key, "choices": choices})


def _number(key: str, default: float, least: float, greatest: float) -> Any:
    return field(default=default, metadata={"key": key, "range": (least, greatest)})


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run works with. Empty `detectors` or `models` mean: choose at the first run."""

    detectors: tuple[str, ...] = _names("detection.detectors", DETECTORS)
    models: tuple[str, ...] = _names("detection.models", MODELS)
    demography: tuple[str, ...] = _names("detection.demography", DEMOGRAPHY)
    #: Narrower faces are left out: percent of the photo's width, and pixels of the photo as taken.
    min_face_percent: float = _number("detection.min_face_percent", 1.0, 0, 100)
    min_face_pixels: int = _number("detection.min_face_pixels", 20, 1, 10_000)
    #: Larger photos are refused before they are decoded. A pixel takes 3 bytes, with transparency 8.
    max_megapixels: int = _number("detection.max_megapixels", 100, 1, 1000)
    max_attempts: int = _number("detection.max_attempts", 3, 1, 100)
    metric: str = field(default="euclidean", metadata={"key": "recognition.metric", "choice": METRICS})
    #: Narrower faces are not learnt from / not given a name (pixels of the photo as taken).
    training_min_pixels: int = _number("recognition.training_min_pixels", 30, 1, 10_000)
    result_min_pixels: int = _number("recognition.result_min_pixels", 20, 1, 10_000)
    #: Of each person the named faces most alike are learnt from: this many percent, at most this number.
    most_similar_percent: float = _number("recognition.most_similar_percent", 100.0, 1, 100)
    most_similar_number: int = _number("recognition.most_similar_number", 100, 1, 100_000)
    #: With several models: False takes the first that matches, True lists what each of them says.
    enforce: bool = field(default=False, metadata={"key": "recognition.enforce"})
    #: What was guessed stays in faces.csv beside what a person decided.
    history: bool = field(default=True, metadata={"key": "recognition.history"})
    ram: float = _number("worker.ram", 80.0, 1, 100)
    #: Photos that are looked at at a time; 0: as many as there are cores, at most 4.
    jobs: int = _number("worker.jobs", 0, 0, 64)
    #: Seconds; 0 is no limit.
    time_limit: int = _number("worker.time_limit", 0, 0, 10_000_000)
    store_seconds: int = _number("worker.store_seconds", 120, 1, 3600)
    #: Write faces_statistics.csv and models_statistics.csv.
    statistics: bool = field(default=False, metadata={"key": "worker.statistics"})
    #: Names in the regions of photos are offered, or taken for what a person decided.
    region_names: str = field(default=SUGGEST, metadata={"key": "metadata.region_names", "choice": (SUGGEST, CONFIRM)})
    #: Where names are written: nowhere, into a file NAME.xmp beside each photo, or into the photo itself.
    write_to: str = field(default=NOWHERE, metadata={"key": "metadata.write_to", "choice": (NOWHERE, SIDECAR, PHOTO)})
    #: Only names that were given since that was switched on, or all.
    write_names: str = field(default=NEW, metadata={"key": "metadata.write_names", "choice": (NEW, ALL)})
    follow_symlinks: bool = field(default=False, metadata={"key": "worker.follow_symlinks"})
    thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    #: Models that guess where no face has an embedding of `models`.
    spare_models: tuple[str, ...] = MODELS

    def threshold(self, model: str) -> float:
        """The largest distance for this model and the metric set: thresholds.json, else the default."""
        own = self.thresholds.get(model, {}).get(self.metric)
        return own if own is not None else THRESHOLDS.get(model, {}).get(self.metric, 0.0)

    def with_options(self, **options: Any) -> Settings:
        """The same with the given values changed; None leaves a setting as it is. Values are checked by cli."""
        return replace(self, **{k: v for k, v in options.items() if v is not None})


def parse_settings(config: object, thresholds: object = None) -> tuple[Settings, list[str]]:
    """Settings from the parsed config.json and thresholds.json, and a warning for each wrong value."""
    warnings: list[str] = []
    values: dict[str, Any] = {}
    if config is not None and not isinstance(config, dict):
        warnings.append("config.json holds no object: using the defaults")
        config = {}
    for item in fields(Settings):
        if "key" not in item.metadata:
            continue
        group, name = item.metadata["key"].split(".")
        section = (config or {}).get(group)
        if not isinstance(section, dict) or name not in section:
            continue
        try:
            values[item.name] = _checked(section[name], item.metadata, item.default)
        except ValueError as reason:
            warnings.append(f"config.json: {group}.{name}: {reason}; using {item.default!r}")
    values["thresholds"] = _checked_thresholds(thresholds, warnings)
    return Settings(**values), warnings


def settings_to_json(config: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The config with `changes` (attribute name -> value) put in at their keys, everything else kept."""
    keys = {item.name: item.metadata["key"] for item in fields(Settings) if "key" in item.metadata}
    result: dict[str, Any] = {"version": 1, **config}
    for attribute, value in changes.items():
        group, name = keys[attribute].split(".")
        section = result.get(group)
        result[group] = {
            **(section if isinstance(section, dict) else {}),
            name: list(value) if isinstance(value, tuple) else value,
        }
    return result


def choose(names: Iterable[str], choices: tuple[str, ...], what: str) -> tuple[str, ...]:
    """Names as the program spells them, whatever their case, doubles removed. ValueError for an unknown one."""
    known = {choice.lower(): choice for choice in choices}
    result = []
    for name in names:
        if not isinstance(name, str) or name.strip().lower() not in known:
            raise ValueError(f"no {what} {name!r}; there are: {', '.join(choices)}")
        result.append(known[name.strip().lower()])
    return tuple(dict.fromkeys(result))


def _checked(value: object, metadata: Mapping[str, Any], default: Any) -> Any:
    if "choices" in metadata:
        if not isinstance(value, list):
            raise ValueError(f"{value!r} is not a list of names")
        return choose(value, metadata["choices"], metadata["key"].split(".")[1].rstrip("s"))
    if "choice" in metadata:
        return choose([str(value)], metadata["choice"], metadata["key"].split(".")[1])[0]
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise ValueError(f"{value!r} is neither true nor false")
        return value
    least, greatest = metadata["range"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= greatest:
        raise ValueError(f"{value!r} is not a number from {least} to {greatest}")
    return type(default)(value)


def _checked_thresholds(raw: object, warnings: list[str]) -> dict[str, dict[str, float]]:
    result: dict[str, dict[str, float]] = {}
    if raw is None:
        return result
    if not isinstance(raw, dict):
        warnings.append("thresholds.json holds no object: using the defaults")
        return result
    for model, metrics in raw.items():
        for metric, value in (metrics if isinstance(metrics, dict) else {}).items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if model in THRESHOLDS and metric in METRICS and number and 0 < value < 1e6:
                result.setdefault(model, {})[metric] = float(value)
            else:
                warnings.append(f"thresholds.json: {model}.{metric}: {value!r} left out")
    return result
