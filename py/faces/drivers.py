"""The drivers of databases: how each connects, waits, and which of its errors pass by themselves."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, Protocol

from faces.credentials import USUAL_SOCKETS, Credentials
from faces.errors import PackageMissing


class Driver(Protocol):
    #: Base class of what the driver raises.
    error: type[Exception]

    def connect(self, timeout: int) -> Any: ...
    def cursor(self, connection: Any, timeout: int) -> AbstractContextManager[Any]:
        """A cursor whose statement raises if the server says nothing for so many seconds."""

    def passes(self, error: Exception) -> bool:
        """Whether waiting may help."""

    def advice(self, error: Exception) -> str:
        """What to do about an error that stays."""


class MySql:
    """mysql-connector-python (MySQL, MariaDB)."""

    _PASSING = frozenset({
        2002, 2003, 2006, 2013, 2026, 2027, 2055, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 4031,  # no connection, lost
        1040, 1041, 1203, 1226, 1021, 1030,  # too many of us, or no room
        1053, 1077, 1078, 1079, 1080, 1290, 1836,  # starting, stopping, read-only for a failover
        1205, 1213, 1317, 1969, 3024,  # lock wait, deadlock, interrupted
    })  # fmt: skip
    _ADVICE: ClassVar = {
        1044: "the user may not use that database: see GRANT",
        1045: "wrong user or password",
        1049: "there is no such database",
        1054: "this is no hub's database",
        1142: "the user lacks a right: it needs SELECT, INSERT, UPDATE and DELETE",
        1143: "the user lacks a right: it needs SELECT, INSERT, UPDATE and DELETE",
        1146: "this is no hub's database",
        1153: "raise max_allowed_packet of the server",
        1290: "the server is read-only",
        1836: "the server is read-only",
    }

    def __init__(self, credentials: Credentials):
        import mysql.connector

        self._connect, self.error = mysql.connector.connect, mysql.connector.Error
        self._count_found = mysql.connector.ClientFlag.FOUND_ROWS
        self._credentials = credentials

    def connect(self, timeout: int) -> Any:
        c = self._credentials
        local = c.socket
        if c.host == "localhost":  # PHP means the server's socket by that, whatever the port
            local = next((path for path in USUAL_SOCKETS if Path(path).exists()), "")
        place: dict[str, Any] = {"unix_socket": local} if local else {"host": c.host, "port": c.port}
        return self._connect(
            user=c.user,
            password=c.password,
            database=c.name,
            charset="utf8mb4",
            collation="utf8mb4_general_ci",  # the connector's own default is unknown to MariaDB
            autocommit=True,
            connection_timeout=min(timeout, 10),
            read_timeout=timeout,
            write_timeout=timeout,
            use_pure=True,
            client_flags=[self._count_found],  # an UPDATE that changes nothing has found its row all the same
            **place,
        )

    @contextmanager
    def cursor(self, connection: Any, timeout: int) -> Iterator[Any]:
        connection.read_timeout = connection.write_timeout = timeout  # for what making a cursor asks the server, too
        cursor = connection.cursor()
        try:
            yield cursor
        finally:
            with suppress(Exception):
                cursor.close()

    def passes(self, error: Exception) -> bool:
        number = getattr(error, "errno", None)
        return number is None or number < 0 or number in self._PASSING

    def advice(self, error: Exception) -> str:
        return self._ADVICE.get(getattr(error, "errno", 0), "")


class Postgres:
    """psycopg (PostgreSQL), an extra."""

    # SQLSTATE classes: connection, resources, operator intervention, rollback; and a read-only transaction.
    _PASSING = ("08", "53", "57", "40", "25006", "55P03")
    _ADVICE: ClassVar = {
        "28": "wrong user or password",
        "3D": "there is no such database",
        "42501": "the user lacks a right",
        "42P01": "this is no hub's database",
        "42703": "this is no hub's database",
    }

    def __init__(self, credentials: Credentials):
        try:
            import psycopg
        except ImportError as error:
            raise PackageMissing(
                "this hub's database is PostgreSQL, and the Python package psycopg is missing: "
                ".venv/bin/pip install -e '.[postgres]'"
            ) from error
        self._connect, self.error = psycopg.connect, psycopg.Error
        self._credentials = credentials

    def connect(self, timeout: int) -> Any:
        c = self._credentials
        folder = c.socket.rpartition("/")[0] if c.socket.rpartition("/")[2].startswith(".s.PGSQL") else c.socket
        return self._connect(
            host=folder or c.host,
            port=c.port,
            user=c.user,
            password=c.password,
            dbname=c.name,
            autocommit=True,
            connect_timeout=max(2, min(timeout, 10)),  # psycopg's least
        )

    @contextmanager
    def cursor(self, connection: Any, timeout: int) -> Iterator[Any]:
        # libpq waits for ever for a server that is stopped: so the line is cut from this side
        line = socket.socket(fileno=os.dup(connection.pgconn.socket))
        watch = threading.Timer(timeout, _cut, (line,))
        watch.daemon = True
        watch.start()
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            watch.cancel()
            line.close()

    def passes(self, error: Exception) -> bool:
        state = getattr(error, "sqlstate", None)
        if state is None:  # not connected: only the text tells a wrong password from a server that is down
            return "password" not in str(error) and "does not exist" not in str(error)
        return str(state).startswith(self._PASSING)

    def advice(self, error: Exception) -> str:
        state = str(getattr(error, "sqlstate", None) or "")
        return next((text for start, text in self._ADVICE.items() if state.startswith(start)), "")


def _cut(line: socket.socket) -> None:
    with suppress(OSError):  # it was closed just now
        line.shutdown(socket.SHUT_RDWR)
