"""A hub for tests: a real database with a hub's tables, and its store, as HUBZILLA.md found them on a live one."""

from __future__ import annotations

import itertools
import json
import os
import re
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fakes
from faces import parquet, store
from faces.credentials import Credentials
from faces.database import Database
from faces.files import DataFile
from faces.guard import Guard
from faces.hub import Hub
from faces.hubalbum import CHANNEL_FILES, HubAlbum
from faces.jobs.hub import Report, detect_channels, recognize_channels
from faces.progress import Progress
from faces.records import Box, Decision, FaceRow, ShownFace
from servers import PASSWORD, USER, Server

OPTIONS = {"detectors": ("yunet",), "models": ("Dlib",)}
_numbers = itertools.count(1)


class HubSite:
    """HUBROOT at `root`. Everything a person or the addon's page does is a method."""

    def __init__(self, server: Server, root: Path):
        self.server, self.root = server, root
        self.name = f"hub{os.getpid()}_{next(_numbers)}"
        server.create(self.name)
        self._connection: Any = None
        (root / "store" / "[data]").mkdir(parents=True)
        quoted = PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
        kind = 0 if server.kind == "mysql" else 1
        (root / ".htconfig.php").write_text(
            f"<?php\n// $db_user = 'nobody';\n$db_host = ':{server.socket}';\n$db_port = '0';\n$db_user = '{USER}';\n"
            f"$db_pass = '{quoted}';\n$db_data = '{self.name}';\n$db_type = {kind};\n"
        )

    # --- the database -------------------------------------------------------------------------------------------

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        for attempt in (0, 1):  # the tests kill servers
            try:
                if self._connection is None:
                    self._connection = self.server.connect(self.name)
                cursor = self._connection.cursor()
                cursor.execute(statement, values)
                return list(cursor.fetchall()) if cursor.description else []
            except Exception:
                self._connection = None
                if attempt:
                    raise
        return []

    def value(self, key: str) -> str | None:
        rows = self.sql("SELECT v FROM config WHERE cat = 'faces' AND k = %s", key)
        return rows[0][0] if rows else None

    def set_value(self, key: str, value: str) -> None:
        self.sql("DELETE FROM config WHERE cat = 'faces' AND k = %s", key)
        self.sql("INSERT INTO config (cat, k, v) VALUES ('faces', %s, %s)", key, value)

    # --- what people do -----------------------------------------------------------------------------------------

    def channel(self, nick: str, app: bool = True, removed: bool = False) -> int:
        self.sql("INSERT INTO channel (channel_address, channel_hash, channel_removed) VALUES (%s, %s, %s)",
                 nick, f"hash-{nick}", int(removed))  # fmt: skip
        number = int(self.sql("SELECT max(channel_id) FROM channel")[0][0])
        if app:
            self.install(number)
        (self.root / "store" / nick).mkdir(exist_ok=True)
        return number

    def install(self, channel: int, deleted: int = 0) -> None:
        self.sql("INSERT INTO app (app_name, app_channel, app_deleted, app_plugin) VALUES ('Faces', %s, %s, 'faces')",
                 channel, deleted)  # fmt: skip

    def nick(self, channel: int) -> str:
        return str(self.sql("SELECT channel_address FROM channel WHERE channel_id = %s", channel)[0][0])

    def folder(self, channel: int, name: str, parent: str = "") -> str:
        hash, above = str(uuid.uuid4()), self.content(channel, parent)
        (self.root / above / hash).mkdir()
        self._insert(channel, hash, name, parent, f"{above}/{hash}", is_dir=1)
        return hash

    def photo(self, channel: int, name: str, people: dict[str, tuple[int, int]], folder: str = "", shade: int = 0,
              path: Path | None = None) -> str:  # fmt: skip
        """Upload a drawn photo, or the one at `path`; its hash."""
        hash = str(uuid.uuid4())
        content = f"{self.content(channel, folder)}/{hash}"
        file = self.root / content
        if path:
            file.write_bytes(path.read_bytes())
        else:
            fakes.draw(file, people, shade=shade, format="PNG")
        for scale in (1, 2, 3):  # a walk would see every photo four times
            (self.root / f"{content}-{scale}").write_bytes(file.read_bytes())
        self._insert(channel, hash, name, folder, content, is_photo=1, size=file.stat().st_size)
        return hash

    def data_file(self, channel: int, name: str, folder: str = "", content: bytes = b"") -> str:
        """Make one of our files as the page does."""
        hash = str(uuid.uuid4())
        place = f"{self.content(channel, folder)}/{hash}"
        (self.root / place).write_bytes(content)
        self._insert(channel, hash, name, folder, place, size=len(content), filetype="application/octet-stream")
        return hash

    def data_files(self, channel: int, *folders: str) -> None:
        """Our files in these folders ("" is the root), and the channel's own."""
        for folder in folders:
            for name in ("faces.csv", "faces.pkl"):
                self.data_file(channel, name, folder)
        if not self.sql(
            "SELECT id FROM attach WHERE uid = %s AND is_dir = 1 AND filename = 'faces' AND folder = ''", channel
        ):
            own = self.folder(channel, "faces")
            for name in CHANNEL_FILES:
                self.data_file(channel, name, own)

    def move(self, channel: int, photo: str, to: str) -> None:
        """As a DAV MOVE does: hash, size and time stay; edited is now."""
        old = self.content(channel, photo)
        new = f"{self.content(channel, to)}/{photo}"
        (self.root / old).rename(self.root / new)
        self.sql("UPDATE attach SET folder = %s, content = %s, edited = %s WHERE uid = %s AND hash = %s",
                 to, new.encode(), _now(), channel, photo)  # fmt: skip

    def replace(self, channel: int, photo: str, people: dict[str, tuple[int, int]], shade: int = 99) -> None:
        """As a DAV PUT of the same name does: the row and its hash stay."""
        file = self.root / self.content(channel, photo)
        fakes.draw(file, people, shade=shade, format="PNG")
        os.utime(file, ns=(time.time_ns(), time.time_ns() + 5_000_000))
        self.sql("UPDATE attach SET filesize = %s, edited = %s WHERE hash = %s", file.stat().st_size, _now(), photo)

    def configure(self, channel: int, config: dict[str, Any]) -> None:
        """What the page's settings do."""
        hash, text = self.own_file(channel, "config.json"), json.dumps(config)
        (self.root / self.content(channel, hash)).write_text(text)
        self.sql("UPDATE attach SET filesize = %s WHERE hash = %s", len(text), hash)

    def name_face(self, channel: int, face: ShownFace, name: str, decision: str = "name") -> None:
        """What the page does: append to names.csv, and let its row follow."""
        hash = self.own_file(channel, "names.csv")
        file = DataFile(self.root / self.content(channel, hash))
        store.append_decisions(
            file, [Decision(iso(), face.id, face.photo, face.file, face.box, decision, name, "page", face.content)]
        )
        self.sql("UPDATE attach SET filesize = %s, edited = %s WHERE hash = %s", file.path.stat().st_size, _now(), hash)

    # --- what is there ------------------------------------------------------------------------------------------

    def content(self, channel: int, hash: str) -> str:
        """Where a row's file or folder lies, below the hub's root."""
        if not hash:
            return f"store/{self.nick(channel)}"
        content = self.sql("SELECT content FROM attach WHERE uid = %s AND hash = %s", channel, hash)[0][0]
        return bytes(content).decode() if not isinstance(content, str) else content

    def own_file(self, channel: int, name: str, folder: str | None = None) -> str:
        """The hash of one of our files; `folder` None: in the channel's folder `faces`."""
        if folder is None:
            rows = self.sql("SELECT hash FROM attach WHERE uid = %s AND is_dir = 1 AND filename = 'faces' AND folder = '' "
                            "ORDER BY id", channel)  # fmt: skip
            folder = rows[0][0]
        return str(self.sql("SELECT hash FROM attach WHERE uid = %s AND filename = %s AND folder = %s ORDER BY id",
                            channel, name, folder)[0][0])  # fmt: skip

    def path(self, channel: int, name: str, folder: str | None = None) -> Path:
        return self.root / self.content(channel, self.own_file(channel, name, folder))

    def rows(self, channel: int, folder: str = "") -> list[FaceRow]:
        content = self.path(channel, "faces.pkl", folder).read_bytes()
        return (parquet.read_faces(DataFile(self.path(channel, "faces.pkl", folder))) or []) if content else []

    def shown(self, channel: int, *folders: str) -> list[ShownFace]:
        return [face for folder in folders or ("",)
                for face in store.read_shown(DataFile(self.path(channel, "faces.csv", folder))) or ()]  # fmt: skip

    def wrong_rows(self) -> list[tuple[str, int, int]]:
        """Data files of which the row does not say what is on disk: (name, row, disk)."""
        wrong = []
        for name, size, content in self.sql(
            "SELECT filename, filesize, content FROM attach WHERE is_dir = 0 AND is_photo = 0"
        ):
            path = self.root / (content if isinstance(content, str) else bytes(content).decode())
            disk = path.stat().st_size if path.exists() else 0
            if disk != size:
                wrong.append((name, size, disk))
        return wrong

    def queries(self, job: Callable[[], Any]) -> list[str]:
        """The statements that this hub's user sent while `job` ran, by MariaDB's general query log; connecting and
        what comes with it left out."""
        log = self.server.folder / "queries.log"
        self.sql("SET GLOBAL general_log = 0")
        log.unlink(missing_ok=True)
        self.sql("SET GLOBAL general_log = 1")
        try:
            job()
        finally:
            self.sql("SET GLOBAL general_log = 0")
        found = re.findall(r"^(?:\d{6} +[\d:]+)?\s+\d+ (?:Query|Execute)\t(.*)$", log.read_text(errors="replace"), re.M)
        return [q for q in found if not q.startswith(("SET ", "SELECT filename", "SELECT channel_address"))]

    # --- what the program does ----------------------------------------------------------------------------------

    def hub(self, patience: float = 5.0) -> Hub:
        place = str(self.server.socket)
        return Hub(
            self.root, Database(Credentials(self.server.kind, "", 5432, place, USER, PASSWORD, self.name), patience)
        )

    def album(self, channel: int) -> HubAlbum:
        hub = self.hub()
        return hub.album(hub.channel(self.nick(channel)))

    def detect(self, nick: str = "", *, patience: float = 5.0, engines: Any = None, **more: Any) -> Report:
        guard = more.pop("guard", None) or Guard()
        rest = {key: more.pop(key) for key in ("retry", "match") if key in more}
        return detect_channels(self.hub(patience), nick, {**OPTIONS, **more}, guard, Progress(), models=engines or fakes.models(),
                               **rest)  # fmt: skip

    def recognize(self, nick: str = "") -> Report:
        return recognize_channels(self.hub(), nick, {}, Guard(), Progress())

    def _insert(self, channel: int, hash: str, name: str, folder: str, content: str, *, is_dir: int = 0, is_photo: int = 0,
                size: int = 0, filetype: str = "image/png") -> None:  # fmt: skip
        self.sql(
            "INSERT INTO attach (uid, hash, filename, filetype, filesize, folder, is_dir, is_photo, os_storage, os_path, "
            "display_path, content, created, edited, allow_cid, allow_gid, deny_cid, deny_gid) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 1, %s, %s, %s, %s, %s, '', '', '', '')",
            channel, hash, name, "multipart/mixed" if is_dir else filetype, size, folder, is_dir, is_photo,
            content.split("/", 2)[2], name, content.encode(), _now(), _now(),
        )  # fmt: skip


Job = Callable[..., Any]


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())


def iso() -> str:
    """Now, as the page writes times."""
    nanoseconds = time.time_ns()
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(nanoseconds // 10**9))}.{nanoseconds % 10**9 // 1000:06}Z"


def box(x: float, y: float) -> Box:
    """Where a square of `fakes` drawn at (x, y) stands."""
    return Box(x / fakes.SIZE[0], y / fakes.SIZE[1], fakes.FACE / fakes.SIZE[0], fakes.FACE / fakes.SIZE[1])
