"""A hub that answers over HTTP: a stand-in (tests/hub, over a real MariaDB) or, with HUBZILLA_URL and HUBZILLA_ROOT, a real
one. The tests are the same. A real one needs MariaDB, the addon installed, the channels of PEOPLE with accounts
NICK@127.0.0.1 and passwords "Secret12NICK", admin a site admin; their files are deleted by the tests."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import psutil
import steps
from faces import store
from faces.credentials import Credentials, from_htconfig
from faces.files import DataFile
from faces.records import Box, ShownFace
from hubs import HubSite
from PIL import Image, ImageOps
from servers import MariaDb

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = ROOT / "tests" / "hub"
PEOPLE = ("admin", "alice", "bob", "carol", "dave")
REMOTE = "remote-visitor-hash"
OWN_TOKEN = "the visitor's own"

_TABLES = {
    "xchan": "xchan_hash char(191) PRIMARY KEY, xchan_guid char(191) NOT NULL DEFAULT '', xchan_addr char(191) NOT NULL DEFAULT '',"
    " xchan_name char(191) NOT NULL DEFAULT '', xchan_url char(191) NOT NULL DEFAULT ''",
    "account": "account_id int unsigned AUTO_INCREMENT PRIMARY KEY, account_email char(191) NOT NULL DEFAULT '',"
    " account_roles int NOT NULL DEFAULT 0, account_service_class char(32) NOT NULL DEFAULT ''",
    "abook": "abook_id int unsigned AUTO_INCREMENT PRIMARY KEY, abook_channel int unsigned NOT NULL, abook_xchan char(191) NOT NULL,"
    " abook_self int NOT NULL DEFAULT 0, abook_blocked int NOT NULL DEFAULT 0, abook_pending int NOT NULL DEFAULT 0",
    "abconfig": "id int unsigned AUTO_INCREMENT PRIMARY KEY, chan int unsigned NOT NULL, xchan char(191) NOT NULL, cat char(191) NOT NULL,"
    " k char(191) NOT NULL, v mediumtext NOT NULL",
    "pconfig": "id int unsigned AUTO_INCREMENT PRIMARY KEY, uid int NOT NULL, cat char(191) NOT NULL, k char(191) NOT NULL, v mediumtext NOT NULL",
    "photo": "id int unsigned AUTO_INCREMENT PRIMARY KEY, uid int unsigned NOT NULL, resource_id char(191) NOT NULL, imgscale int NOT NULL,"
    " width int NOT NULL DEFAULT 0, height int NOT NULL DEFAULT 0, filesize int unsigned NOT NULL DEFAULT 0, edited datetime DEFAULT NULL,"
    " content longblob NOT NULL, allow_cid mediumtext NOT NULL, allow_gid mediumtext NOT NULL, deny_cid mediumtext NOT NULL, deny_gid mediumtext NOT NULL",
    "hubloc": "hubloc_id int unsigned AUTO_INCREMENT PRIMARY KEY, hubloc_hash char(191) NOT NULL, hubloc_host char(191) NOT NULL DEFAULT '',"
    " hubloc_url char(191) NOT NULL DEFAULT '', hubloc_addr char(191) NOT NULL DEFAULT '', hubloc_deleted int NOT NULL DEFAULT 0",
    "hook": "id int unsigned AUTO_INCREMENT PRIMARY KEY, hook char(191) NOT NULL, file char(191) NOT NULL, fn char(191) NOT NULL",
    "session": "id int unsigned AUTO_INCREMENT PRIMARY KEY, sid char(191) NOT NULL, sess_data mediumtext NOT NULL, expire bigint NOT NULL",
    "sent": "id int unsigned AUTO_INCREMENT PRIMARY KEY, uid int unsigned NOT NULL, packet mediumtext NOT NULL",
    "pgrp": "id int unsigned AUTO_INCREMENT PRIMARY KEY, hash char(191) NOT NULL, uid int unsigned NOT NULL, gname char(191) NOT NULL",
    "pgrp_member": "id int unsigned AUTO_INCREMENT PRIMARY KEY, uid int unsigned NOT NULL, gid int unsigned NOT NULL, xchan char(191) NOT NULL",
}  # fmt: skip
_CHANNEL = ("channel_name char(191) NOT NULL DEFAULT ''", "channel_prvkey mediumtext", *(f"channel_{acl} mediumtext"
            for acl in ("allow_cid", "allow_gid", "deny_cid", "deny_gid")))  # fmt: skip


class Answer:
    """What came back."""

    def __init__(self, code: int, headers: http.client.HTTPMessage, body: bytes):
        self.code, self.headers, self.body = code, headers, body

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        assert "json" in (self.headers["Content-Type"] or ""), (
            self.code,
            self.headers["Content-Type"],
            self.text[:500],
        )
        return json.loads(self.body)

    def __repr__(self) -> str:
        return f"{self.code} {self.body[:300]!r}"


class Client:
    """A browser with cookies, on one connection."""

    def __init__(self, hub: WebHub, nick: str = ""):
        self.hub, self.nick = hub, nick
        self.cookies: dict[str, str] = {}
        self._connection: http.client.HTTPConnection | None = None
        self._token = ""

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        cookies = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        headers = {**({"Cookie": cookies} if cookies else {}), **(headers or {})}
        for attempt in (0, 1):
            try:
                if self._connection is None:
                    parts = urlsplit(self.hub.url)
                    self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
                self._connection.request(method, path, body, headers)
                answer = self._connection.getresponse()
                content = answer.read()
                break
            except (http.client.HTTPException, OSError):
                self._connection = None  # a server that closed it meanwhile
                if attempt:
                    raise
        for header in answer.headers.get_all("Set-Cookie") or ():
            self.cookies.update({name: morsel.value for name, morsel in SimpleCookie(header).items()})
        return Answer(answer.status, answer.headers, content)

    def get(self, path: str, **query: Any) -> Answer:
        return self.ask("GET", path + ("?" + urlencode(query, doseq=True) if query else ""))

    def post(self, path: str, *, token: str | None = OWN_TOKEN, **fields: Any) -> Answer:
        if token is not None:
            fields["form_security_token"] = self.token() if token == OWN_TOKEN else token
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, urlencode(fields, doseq=True, errors="surrogateescape").encode(), headers)

    def ask_form(self, path: str, **fields: Any) -> Answer:
        """A plain form, several values of one name as a list."""
        fields["form_security_token"] = self.token()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, urlencode(fields, doseq=True).encode(), headers)

    def token(self) -> str:
        """A form token of this visitor's, from a page that gives him one."""
        if not self._token:
            found = re.search(r'form-security-token="(\d+\.[0-9a-f]{128})"', self._page_with_token())
            self._token = found.group(1) if found else "1." + "0" * 128
        return self._token

    def _page_with_token(self) -> str:
        page = self._content("/faces/alice")
        if "form-security-token" not in page and self.nick:
            with self.hub.app(self.nick):
                page = self._content(f"/faces/{self.nick}")
        return page

    def _content(self, path: str) -> str:
        """Our part of a page: the hub's own has forms with tokens of other kinds."""
        return self.get(path).text.partition('class="faces-page')[2]


class WebHub(HubSite):
    """The stand-in, served by PHP's own web server from a folder with a database of its own."""

    url = ""
    is_real = False

    def __init__(self, server: MariaDb, root: Path):
        super().__init__(server, root)
        for name, columns in _TABLES.items():
            self.sql(f"CREATE TABLE {name} ({columns})")
        self.sql("ALTER TABLE channel " + ", ".join(f"ADD {column}" for column in _CHANNEL))
        for nick in PEOPLE:
            self._person(nick)
        self._remote()
        (root / "addon").mkdir()
        (root / "addon" / "faces").symlink_to(ROOT)
        (root / "include").symlink_to(STAND_IN / "include")
        self.php("load")
        self.process = self._serve()

    def _person(self, nick: str) -> None:
        self.sql(
            "INSERT INTO account (account_email, account_roles) VALUES (%s, %s)",
            f"{nick}@127.0.0.1",
            0x1000 * (nick == "admin"),
        )
        self.sql("INSERT INTO xchan VALUES (%s, %s, %s, %s, %s)", f"hash-{nick}", f"guid-{nick}", f"{nick}@127.0.0.1", nick.title(),
                 f"http://127.0.0.1/channel/{nick}")  # fmt: skip
        self.channel(nick, app=False)
        self.sql(
            "UPDATE channel SET channel_account_id = LAST_INSERT_ID(), channel_name = %s, channel_prvkey = %s, channel_allow_cid = '',"
            " channel_allow_gid = '', channel_deny_cid = '', channel_deny_gid = '' WHERE channel_address = %s",
            nick.title(), f"key-{nick}", nick)  # fmt: skip
        self.sql("UPDATE channel c JOIN account a ON a.account_email = %s SET c.channel_account_id = a.account_id WHERE c.channel_address = %s",
                 f"{nick}@127.0.0.1", nick)  # fmt: skip

    def _remote(self) -> None:
        """Somebody whose home is another hub."""
        self.sql("DELETE FROM xchan WHERE xchan_hash = %s", REMOTE)
        self.sql("INSERT INTO xchan (xchan_hash, xchan_guid, xchan_addr, xchan_name, xchan_url) VALUES (%s, 'guid-eve', 'eve@far.example', "
                 "'Eve', 'https://far.example/channel/eve')", REMOTE)  # fmt: skip

    def _serve(self) -> subprocess.Popen[bytes]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = ["php", "-d", "auto_prepend_file=" + str(STAND_IN / "prepend.php"), "-d", "memory_limit=128M", "-d", "post_max_size=8M",
                   "-S", f"127.0.0.1:{port}", str(STAND_IN / "index.php")]  # fmt: skip
        with (self.root / "server.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=self.root, stdout=log, stderr=log, start_new_session=True, env=self._environment()
            )
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return process
            time.sleep(0.02)
        raise RuntimeError((self.root / "server.log").read_text())

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PHP_CLI_SERVER_WORKERS": "6",
            "FACES_TEST_ROOT": str(self.root),
            "SECRET_OF_THE_SERVER": "not for workers",
        }

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.quiet()
        self.sql(f"DROP DATABASE {self.name}")

    # --- the admin --------------------------------------------------------------------------------------------------

    def php(self, what: str) -> str:
        """load, unload or cron, on the command line."""
        command = ["php", "-d", "auto_prepend_file=" + str(STAND_IN / "prepend.php"), str(STAND_IN / "run.php"), what]
        done = subprocess.run(
            command, cwd=self.root, capture_output=True, text=True, check=True, env=self._environment(), timeout=300
        )
        return done.stdout

    def set(self, key: str, value: object, family: str = "faces") -> None:
        self.sql("DELETE FROM config WHERE cat = %s AND k = %s", family, key)
        self.sql("INSERT INTO config (cat, k, v) VALUES (%s, %s, %s)", family, key, str(value))

    def php_log(self) -> str:
        """Warnings of PHP that came from our code."""
        log = self.root / "php.log"
        return log.read_text() if log.exists() else ""

    def hub_log(self) -> str:
        log = self.root / "hub.log"
        return log.read_text() if log.exists() else ""

    def state(self, name: str, nick: str = "") -> Path:
        folder = self.root / "store" / "[data]" / "faces"
        return folder / str(self.id(nick)) / name if nick else folder / name

    def workers(self) -> list[str]:
        """Command lines of workers of this hub that are alive."""
        lines = [(p.info["pid"], " ".join(p.info["cmdline"] or ())) for p in psutil.process_iter(["pid", "cmdline"])]
        return [f"{pid} {line}" for pid, line in lines if f"--hub {self.root}" in line]

    def quiet(self, seconds: float = 120) -> None:
        """Wait until no worker is left."""
        end = time.monotonic() + seconds
        while self.workers():
            assert time.monotonic() < end, self.workers()
            time.sleep(0.05)

    # --- people -----------------------------------------------------------------------------------------------------

    def anonymous(self) -> Client:
        return Client(self)

    def log_in(self, nick: str) -> Client:
        client = Client(self, nick)
        fields = {
            "main_login_username": f"{nick}@127.0.0.1",
            "main_login_password": f"Secret12{nick}",
            "auth-params": "login",
        }
        client.get("/login")
        answer = client.post("/login", token=None, **fields)
        assert answer.code == 302, answer
        return client

    def remote(self) -> Client:
        """Eve of another hub, as after the hub's own way to know her."""
        client = Client(self)
        sid = uuid.uuid4().hex
        data = f'authenticated|i:1;visitor_id|s:{len(REMOTE)}:"{REMOTE}";'
        self.sql("INSERT INTO session (sid, sess_data, expire) VALUES (%s, %s, %s)", sid, data, int(time.time()) + 9999)
        client.cookies["PHPSESSID"] = sid
        return client

    def id(self, nick: str) -> int:
        return int(self.sql("SELECT channel_id FROM channel WHERE channel_address = %s", nick)[0][0])

    def hash(self, nick: str) -> str:
        return str(self.sql("SELECT channel_hash FROM channel WHERE channel_address = %s", nick)[0][0])

    def address(self, nick: str) -> str:
        return str(self.sql("SELECT xchan_addr FROM xchan WHERE xchan_hash = %s", self.hash(nick))[0][0])

    @contextmanager
    def app(self, nick: str) -> Iterator[None]:
        """With the app in this channel, for that long only (or longer, if it has it)."""
        number = self.id(nick)
        had = self.sql("SELECT id FROM app WHERE app_channel = %s AND app_plugin = 'faces'", number)
        if not had:
            self.install(number)
        yield
        if not had:
            self.sql("DELETE FROM app WHERE app_channel = %s AND app_plugin = 'faces'", number)

    def connect_people(self, nick: str, to: str, writes: bool = False) -> None:
        """`to` becomes a contact of `nick`."""
        number, hash = self.id(nick), self.hash(to)
        self.sql("DELETE FROM abook WHERE abook_channel = %s AND abook_xchan = %s", number, hash)
        self.sql("DELETE FROM abconfig WHERE chan = %s AND xchan = %s", number, hash)
        self.sql("INSERT INTO abook (abook_channel, abook_xchan) VALUES (%s, %s)", number, hash)
        self.sql(
            "INSERT INTO abconfig (chan, xchan, cat, k, v) VALUES (%s, %s, 'my_perms', 'write_storage', %s)",
            number,
            hash,
            str(int(writes)),
        )

    # --- files ------------------------------------------------------------------------------------------------------

    def dav(self, nick: str, path: str, content: bytes) -> int:
        """PUT over WebDAV; the code."""
        import base64

        key = base64.b64encode(f"{nick}@127.0.0.1:Secret12{nick}".encode()).decode()
        return Client(self).ask("PUT", f"/dav/{nick}/{quote(path)}", content, {"Authorization": f"Basic {key}"}).code

    def photo(
        self, channel: int, name: str, people: Any = None, folder: str = "", shade: int = 0, path: Path | None = None
    ) -> str:
        hash = super().photo(channel, name, people or {}, folder, shade, path)
        content = self.content(channel, hash)
        self.sql("DELETE FROM photo WHERE resource_id = %s", hash)
        width, height = ImageOps.exif_transpose(Image.open(path)).size if path else (1024, 768)
        for scale in range(4):
            place = content if scale == 0 else f"{content}-{scale}"
            # the original's row has the size of a photo that lies on its side, the others that of the upright one
            size = (30, 40) if scale == 0 else (width >> scale - 1, height >> scale - 1)
            self.sql("INSERT INTO photo (uid, resource_id, imgscale, width, height, content, allow_cid, allow_gid, deny_cid, deny_gid)"
                     " VALUES (%s, %s, %s, %s, %s, %s, '', '', '', '')", channel, hash, scale, *size, place.encode())  # fmt: skip
        return hash

    def _insert(self, channel: int, *arguments: Any, **more: Any) -> None:
        super()._insert(channel, *arguments, **more)
        self.sql(
            "UPDATE attach SET aid = (SELECT channel_account_id FROM channel WHERE channel_id = %s) WHERE uid = %s",
            channel,
            channel,
        )

    def restrict(self, hash: str, allow: str = "nobody", group: str = "") -> None:
        """Only this person (or group) and the owner may see the file or folder. `allow` "": everybody."""
        acl = (f"<{allow}>" if allow and not group else "", f"<{group}>" if group else "")
        self.sql("UPDATE attach SET allow_cid = %s, allow_gid = %s WHERE hash = %s", *acl, hash)
        self.sql("UPDATE photo SET allow_cid = %s, allow_gid = %s WHERE resource_id = %s", *acl, hash)

    def write(self, channel: int, name: str, content: bytes, folder: str | None = None) -> None:
        """The worker's work: content, and the row that follows."""
        hash = self.own_file(channel, name, folder)
        path = self.root / self.content(channel, hash)
        temporary = path.with_name(path.name + "~")
        temporary.write_bytes(content)
        shutil.copystat(path, temporary)
        owner = path.stat()
        os.chown(temporary, owner.st_uid, owner.st_gid)
        os.utime(temporary, (time.time() - 5,) * 2)  # what is written this very second is not remembered
        temporary.replace(path)
        self.sql("UPDATE attach SET filesize = %s, edited = UTC_TIMESTAMP() WHERE hash = %s", len(content), hash)

    def faces(self, channel: int, faces: Sequence[ShownFace], folder: str = "") -> None:
        """These rows into a folder's faces.csv."""
        place = self.root / "made.csv"
        place.unlink(missing_ok=True)
        store.write_shown(DataFile(place), faces)
        self.write(channel, "faces.csv", place.read_bytes(), folder)
        place.unlink()

    def give(self, path: Path, value: object) -> None:
        """A note of the worker's: a text as it is, else as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value if isinstance(value, str) else json.dumps(value))
        owner = (self.root / "store").stat()
        ours = self.state("")
        for one in (path, *(p for p in path.parents if p == ours or ours in p.parents)):
            os.chown(one, owner.st_uid, owner.st_gid)

    def limit(self, nick: str, size: int | str | None) -> None:
        """So many bytes the person's account may store; None: any number."""
        self.sql(
            "UPDATE account SET account_service_class = %s WHERE account_email = %s",
            "" if size is None else "small",
            f"{nick}@127.0.0.1",
        )
        self.sql("DELETE FROM config WHERE cat = 'service_class'")
        if size is not None:
            self.sql(
                "INSERT INTO config (cat, k, v) VALUES ('service_class', 'small', %s)",
                "json:" + json.dumps({"attach_upload_limit": str(size)}),
            )

    def names(self, channel: int) -> list[Any]:
        """What the worker reads in names.csv; every line of it has to make sense."""
        damaged: list[str] = []
        found = store.read_decisions(DataFile(self.path(channel, "names.csv")), damaged.append)
        assert damaged == []
        return found


class RealHub(WebHub):
    """A real Hubzilla at HUBZILLA_URL, its files at HUBZILLA_ROOT; run as root."""

    is_real = True

    def __init__(self) -> None:
        self.url, self.root = os.environ["HUBZILLA_URL"].rstrip("/"), Path(os.environ["HUBZILLA_ROOT"])
        self._connection = None
        self.server = _Known(from_htconfig((self.root / ".htconfig.php").read_text(), ".htconfig.php"))  # type: ignore[assignment]
        self.name = self.server.credentials.name  # type: ignore[attr-defined]
        self.owner = (self.root / "store").stat()
        self._warnings = Path(os.environ.get("HUBZILLA_PHP_LOG", "/nonexistent"))
        self._start = len(self.php_log())
        for nick in PEOPLE:
            self._empty(nick)
        self.sql("DELETE FROM config WHERE cat = 'faces'")
        for name in ("cron", "detect.outcome", "detect.started", "detect.again"):
            self.state(name).unlink(missing_ok=True)
        self._remote()
        self.sql("DELETE FROM hubloc WHERE hubloc_hash = %s", REMOTE)
        self.sql("INSERT INTO hubloc (hubloc_hash, hubloc_host, hubloc_url, hubloc_addr, hubloc_network, hubloc_primary, hubloc_id_url)"
                 " VALUES (%s, 'far.example', 'https://far.example', 'eve@far.example', 'zot6', 1, 'https://far.example/channel/eve')", REMOTE)  # fmt: skip

    def _empty(self, nick: str) -> None:
        number = self.id(nick)
        self.quiet()
        for table, column in (("attach", "uid"), ("photo", "uid"), ("abook", "abook_channel"), ("abconfig", "chan")):
            self.sql(
                f"DELETE FROM {table} WHERE {column} = %s" + (" AND abook_self = 0" if table == "abook" else ""), number
            )
        self.sql("DELETE FROM app WHERE app_channel = %s AND app_plugin = 'faces'", number)
        self.sql(
            "DELETE FROM pconfig WHERE uid = %s AND cat = 'perm_limits' AND k IN ('view_storage', 'write_storage')",
            number,
        )
        for k, v in (("view_storage", "1"), ("write_storage", "128")):
            self.sql("INSERT INTO pconfig (uid, cat, k, v) VALUES (%s, 'perm_limits', %s, %s)", number, k, v)
        shutil.rmtree(self.root / "store" / nick, ignore_errors=True)
        shutil.rmtree(self.state("", nick), ignore_errors=True)
        self.sql("UPDATE channel SET channel_allow_gid = '' WHERE channel_id = %s", number)
        (self.root / "store" / nick).mkdir()
        self._hand_over(nick)

    def _hand_over(self, nick: str) -> None:
        """What the tests made belongs to the web user."""
        for path in [self.root / "store" / nick, *(self.root / "store" / nick).rglob("*")]:
            os.chown(path, self.owner.st_uid, self.owner.st_gid, follow_symlinks=False)

    def install(self, channel: int, deleted: int = 0) -> None:
        self.sql("INSERT INTO app (app_id, app_name, app_channel, app_deleted, app_plugin, app_url, app_sig, app_author, app_desc, app_photo,"
                 " app_version, app_addr, app_price, app_page, app_requires) VALUES ('x', 'Faces', %s, %s, 'faces', '', '', '', '', '', '0.1',"
                 " '', '', '', '')", channel, deleted)  # fmt: skip

    def _insert(self, channel: int, *arguments: Any, **more: Any) -> None:
        super()._insert(channel, *arguments, **more)
        self._hand_over(self.nick(channel))

    def photo(self, channel: int, name: str, *arguments: Any, **more: Any) -> str:
        hash = super().photo(channel, name, *arguments, **more)
        kind = "image/jpeg" if name.endswith(".jpg") else "image/png"
        size = (self.root / self.content(channel, hash)).stat().st_size  # of every scale: they are copies
        self.sql(
            "UPDATE photo SET os_storage = 1, mimetype = %s, filesize = %s, filename = %s WHERE resource_id = %s",
            kind,
            size,
            name,
            hash,
        )
        self._hand_over(self.nick(channel))
        return hash

    def php(self, what: str) -> str:
        assert what == "cron"
        script = "require 'include/cli_startup.php'; cli_startup(); $t = datetime_convert(); call_hooks('cron', $t);"
        done = subprocess.run(["sudo", "-u", f"#{self.owner.st_uid}", "php", "-r", script], cwd=self.root, capture_output=True, text=True,
                              check=True, timeout=300)  # fmt: skip
        return done.stdout

    def php_log(self) -> str:
        return (
            self._warnings.read_text()[self._start if hasattr(self, "_start") else 0 :]
            if self._warnings.exists()
            else ""
        )

    def close(self) -> None:
        self.quiet()


class _Known:
    """A server that runs already."""

    kind = "mysql"

    def __init__(self, credentials: Credentials):
        self.credentials = credentials

    def connect(self, database: str) -> Any:
        import mysql.connector

        c = self.credentials
        place: dict[str, Any] = {"unix_socket": c.socket} if c.socket else {"host": c.host, "port": c.port}
        return mysql.connector.connect(**place, user=c.user, password=c.password, database=database, charset="utf8mb4",
                                       collation="utf8mb4_general_ci", autocommit=True, init_command="SET SESSION sql_mode = ''")  # fmt: skip


def face(number: int, photo: str, file: str = "a.jpg", **more: Any) -> ShownFace:
    """A row of faces.csv."""
    place = more.pop("box", Box(0.1 * (number % 8), 0.2, 0.08, 0.1))
    group = more.pop("group", "")
    more.setdefault("content", f"{abs(hash(photo)):032x}"[:32])
    made = ShownFace(
        f"{number:032x}", file, photo, place, number % 8 + 1, confidence=0.9, detector="yunet", model="Dlib"
    )
    for name, value in more.items():
        setattr(made, name, value)
    made.cluster = group
    return made


def program(web: WebHub, text: str, name: str = "python") -> str:
    """A shell script in the place of the worker; everybody may run it. launch.py is run by a real Python."""
    folder = Path("/var/tmp") / f"faces-test-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o777)
    path = folder / name
    real = web.root / "addon" / "faces" / ".venv" / "bin" / "python" if web.is_real else sys.executable
    path.write_text(f'#!/bin/sh\ncase "$1" in */launch.py) exec {real} "$@";; esac\n{text}\n')
    path.chmod(0o755)
    web.set("python", path)
    return str(path)


def until(what: Any, seconds: float = 120) -> Any:
    """A hub and a real worker take their time."""
    return steps.until(what, seconds)


def ready(web: WebHub, owner: Client) -> None:
    """With a token in hand, and no run that the page which gave it has started."""
    stopped = web.state("stopped", owner.nick)
    stopped.parent.mkdir(parents=True, exist_ok=True)
    stopped.touch()
    for path in (stopped, stopped.parent, stopped.parent.parent):
        os.chown(path, (web.root / "store").stat().st_uid, -1)
    owner.token()
    stopped.unlink()
