"""Real database servers for the tests, each with a socket of its own: no port, nothing of the machine's is touched."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest

USER, PASSWORD = "hub", 'it\'s $ecret \\ "quoted"'

_ATTACH = """id {serial}, aid {uint} NOT NULL DEFAULT 0, uid {uint} NOT NULL DEFAULT 0, hash {key} NOT NULL DEFAULT '',
creator {key} NOT NULL DEFAULT '', filename {key} NOT NULL DEFAULT '', filetype {key} NOT NULL DEFAULT '',
filesize {uint} NOT NULL DEFAULT 0, revision {uint} NOT NULL DEFAULT 0, folder {key} NOT NULL DEFAULT '',
flags {uint} NOT NULL DEFAULT 0, is_dir {flag} NOT NULL DEFAULT 0, is_photo {flag} NOT NULL DEFAULT 0,
os_storage {flag} NOT NULL DEFAULT 0, os_path {text} NOT NULL, display_path {text} NOT NULL, content {blob} NOT NULL,
created {time} NOT NULL DEFAULT '0001-01-01 00:00:00', edited {time} NOT NULL DEFAULT '0001-01-01 00:00:00',
allow_cid {text} NOT NULL, allow_gid {text} NOT NULL, deny_cid {text} NOT NULL, deny_gid {text} NOT NULL"""
_APP = """id {serial}, app_id {key} NOT NULL DEFAULT '', app_name {key} NOT NULL DEFAULT '',
app_channel {int} NOT NULL DEFAULT 0, app_deleted {int} NOT NULL DEFAULT 0, app_system {int} NOT NULL DEFAULT 0, app_plugin {key} NOT NULL DEFAULT ''"""
_CHANNEL = """channel_id {serial}, channel_account_id {uint} NOT NULL DEFAULT 0, channel_address {key} NOT NULL DEFAULT '',
channel_hash {key} NOT NULL DEFAULT '', channel_removed {flag} NOT NULL DEFAULT 0"""
_CONFIG = "id {serial}, cat {key} NOT NULL DEFAULT '', k {key} NOT NULL DEFAULT '', v {text} NOT NULL, UNIQUE (cat, k)"
_ACCOUNT = """account_id {serial}, account_email {key} NOT NULL DEFAULT '', account_roles {int} NOT NULL DEFAULT 0,
account_service_class {key} NOT NULL DEFAULT ''"""
_PHOTO = """id {serial}, uid {uint} NOT NULL DEFAULT 0, resource_id {key} NOT NULL DEFAULT '', imgscale {int} NOT NULL DEFAULT 0,
width {int} NOT NULL DEFAULT 0, height {int} NOT NULL DEFAULT 0, filesize {uint} NOT NULL DEFAULT 0, edited {time} NULL,
content {blob} NOT NULL, allow_cid {text} NOT NULL, allow_gid {text} NOT NULL, deny_cid {text} NOT NULL, deny_gid {text} NOT NULL"""
#: The columns of a hub's tables that HUBZILLA.md describes, with their types there.
TABLES = {"attach": _ATTACH, "app": _APP, "channel": _CHANNEL, "config": _CONFIG, "account": _ACCOUNT, "photo": _PHOTO}
INDEXES = ("attach (uid)", "attach (hash)", "app (app_channel)")


class Server:
    """A server with its data in `folder`."""

    kind = ""
    types: ClassVar[dict[str, str]] = {}

    def __init__(self, folder: Path):
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / "server.log"

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, **self.options())
        end = time.monotonic() + 60
        while True:
            with suppress(Exception):
                self.connect().close()
                return
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(f"the server does not start: {self.log.read_text()[-2000:]}")
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process:
            with suppress(ProcessLookupError):
                self.process.send_signal(how)
            self.process.wait(60)
            self.process = None

    def options(self) -> dict[str, Any]:
        return {}

    def command(self) -> list[str]:
        raise NotImplementedError

    def connect(self, database: str = "") -> Any:
        """As the administrator, autocommit."""
        raise NotImplementedError

    def create(self, name: str) -> None:
        raise NotImplementedError

    def make_tables(self, name: str) -> None:
        connection = self.connect(name)
        cursor = connection.cursor()
        for table, columns in TABLES.items():
            cursor.execute(f"CREATE TABLE {table} ({columns.format(**self.types)})")
        for number, index in enumerate(INDEXES):
            cursor.execute(f"CREATE INDEX i{number} ON {index}")
        connection.close()


class MariaDb(Server):
    kind = "mysql"
    types: ClassVar = {"serial": "int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY", "uint": "int unsigned", "int": "int",
             "key": "char(191)", "flag": "tinyint(1)", "text": "mediumtext", "blob": "longblob", "time": "datetime"}  # fmt: skip

    def __init__(self, folder: Path):
        super().__init__(folder)
        self.socket = folder / "s"
        self.temporary = folder / "temporary"  # a server that starts removes every server's tables in there
        self.temporary.mkdir()
        subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={folder / 'data'}", "--skip-test-db",
                        "--auth-root-authentication-method=normal", *self._user()], check=True, capture_output=True,
                       env={**os.environ, "TMPDIR": str(self.temporary)})  # fmt: skip

    @staticmethod
    def _user() -> list[str]:
        return ["--user=root"] if os.geteuid() == 0 else []

    def command(self) -> list[str]:
        return [shutil.which("mariadbd") or "/usr/sbin/mariadbd", "--no-defaults", f"--datadir={self.folder / 'data'}",
                f"--socket={self.socket}", "--skip-networking", f"--pid-file={self.folder / 'pid'}",
                f"--tmpdir={self.temporary}",
                "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=2",
                # the tests kill servers, not the machine: nothing has to reach the disk, and tables are made in no time
                "--innodb-flush-method=nosync", "--skip-innodb-doublewrite", "--skip-sync-frm",
                f"--general-log-file={self.folder / 'queries.log'}", *self._user()]  # fmt: skip

    def connect(self, database: str = "", user: str = "root", password: str = "") -> Any:
        import mysql.connector

        return mysql.connector.connect(unix_socket=str(self.socket), user=user, password=password, charset="utf8mb4",
                                       collation="utf8mb4_general_ci", autocommit=True, database=database or None)  # fmt: skip

    def create(self, name: str) -> None:
        connection = self.connect()
        cursor = connection.cursor()
        cursor.execute(f"CREATE DATABASE {name} DEFAULT CHARACTER SET utf8mb4")
        cursor.execute("CREATE USER IF NOT EXISTS %s@localhost IDENTIFIED BY %s", (USER, PASSWORD))
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name}.* TO %s@localhost", (USER,))
        connection.close()
        self.make_tables(name)

    def admin(self, statement: str) -> None:
        connection = self.connect()
        connection.cursor().execute(statement)
        connection.close()


class Postgres(Server):
    kind = "postgres"
    types: ClassVar = {"serial": "serial PRIMARY KEY", "uint": "bigint", "int": "int", "key": "text", "flag": "smallint",
             "text": "text", "blob": "bytea", "time": "timestamp"}  # fmt: skip
    programs = Path("/usr/lib/postgresql/15/bin")

    def __init__(self, folder: Path):
        super().__init__(folder)
        folder.chmod(0o755)
        if os.geteuid() == 0:  # it does not run as root
            shutil.chown(folder, "postgres", "postgres")
        subprocess.run([str(self.programs / "initdb"), "-D", str(folder / "data"), "-U", "admin", "-A", "trust"],
                       check=True, capture_output=True, **self.options())  # fmt: skip
        (folder / "data" / "pg_hba.conf").write_text("local all admin trust\nlocal all all scram-sha-256\n")

    def options(self) -> dict[str, Any]:
        return {"user": "postgres", "group": "postgres", "cwd": "/"} if os.geteuid() == 0 else {"cwd": "/"}

    def command(self) -> list[str]:
        return [str(self.programs / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder),
                "-c", "listen_addresses="]  # fmt: skip

    @property
    def socket(self) -> Path:
        return self.folder

    def connect(self, database: str = "") -> Any:
        import psycopg

        return psycopg.connect(host=str(self.folder), user="admin", dbname=database or "postgres", autocommit=True)

    def create(self, name: str) -> None:
        import psycopg

        connection = self.connect()
        cursor = connection.cursor()
        cursor.execute(f"CREATE DATABASE {name}")
        if not cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (USER,)).fetchall():
            cursor.execute(psycopg.sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                psycopg.sql.Identifier(USER), psycopg.sql.Literal(PASSWORD)))  # fmt: skip
        connection.close()
        self.make_tables(name)
        connection = self.connect(name)
        connection.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {USER}")
        connection.execute(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {USER}")
        connection.close()


def start(kind: type[Server], folder: Path) -> Server:
    """The server, running; skips the test where its programs are not installed."""
    there = shutil.which("mariadb-install-db") if kind is MariaDb else (Postgres.programs / "initdb").exists()
    if not there:
        pytest.skip(f"no {kind.__name__} here: sh tests/packages.sh")
    if kind is Postgres:
        pytest.importorskip("psycopg")
    server = kind(folder)
    server.start()
    return server
