"""The hub's database: all SQL of the program. Works on MySQL, MariaDB and PostgreSQL.

A connection that goes away, a deadlock, a server that is full or read-only for a while: each statement is tried again
with growing waits, for `patience` seconds in all. Then DatabaseError says what is wrong.

Times of the hub are UTC without a zone.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from faces.credentials import POSTGRES, Credentials
from faces.drivers import Driver, MySql, Postgres
from faces.errors import DatabaseError, StorageError

#: Seconds a statement is tried again for.
PATIENCE = 60.0
#: Seconds without an answer after which a connection counts as lost.
_TIMEOUT = 30
#: The same for statements with no patience.
_SHORT_TIMEOUT = 3
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 5.0

_APP = "SELECT app_channel FROM app WHERE app_plugin = 'faces' AND app_channel <> 0 AND app_deleted = 0"


@dataclass(frozen=True, slots=True)
class Channel:
    """`nick`: its channel_address. `has_app`: whether it installed the app, which is its consent."""

    id: int
    nick: str
    removed: bool = False
    has_app: bool = True


@dataclass(frozen=True, slots=True)
class Attachment:
    """A row of `attach`: a photo, a folder or one of our data files. `content`: the file below the hub's root;
    `edited` is None for a photo."""

    id: int
    hash: str
    filename: str
    folder: str
    is_dir: bool
    is_photo: bool
    size: int
    content: str
    edited: datetime | None


@dataclass(slots=True)
class Room:
    """What may be stored, in bytes: `largest` in one file (0: any), `most` in all of an account, of which `used` are
    (None: any number)."""

    largest: int = 0
    most: int | None = None
    used: int = 0

    def take(self, before: int, after: int) -> None:
        """A file grows from so many bytes to so many. StorageError if it may not."""
        if self.largest and after > self.largest:
            raise StorageError(f"it would have {after} bytes, the hub takes files of {self.largest} at most")
        if self.most is not None and self.used - before + after > self.most:
            raise StorageError(f"the account may store {self.most} bytes, and {self.used} are used")
        self.used += after - before


def _upload_limit(text: str) -> int | None:
    """attach_upload_limit of a service class, as the hub keeps it: JSON, or serialized by PHP; "10M" or a number. None
    if it has none. StorageError if that makes no sense: better nothing is written than too much."""
    if "attach_upload_limit" not in text:
        return None
    found = re.search(r'attach_upload_limit"[;:]\s*(?:s:\d+:|i:)?"?(\d+)\s*([KMG]?)', text, re.IGNORECASE)
    if not found:
        raise StorageError("what the account may store cannot be read from its service class")
    return int(found[1]) * {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}[found[2].upper()]


class Database:
    """One connection, made when it is needed and made again when it is lost."""

    def __init__(
        self,
        credentials: Credentials,
        patience: float = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._credentials, self._patience, self._sleep, self._clock = credentials, patience, sleep, clock
        self._driver: Driver = (Postgres if credentials.kind == POSTGRES else MySql)(credentials)
        self._connection: Any = None
        #: Since when it has been away, by `clock`; None while it answers.
        self.away_since: float | None = None

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.close()

    # --- what is asked ------------------------------------------------------------------------------------------

    def channels(self) -> list[Channel]:
        """Every channel that is there or was removed, in the order of their ids."""
        rows = self._read(
            "SELECT channel_id, channel_address, channel_removed, "
            f"CASE WHEN channel_id IN ({_APP}) THEN 1 ELSE 0 END FROM channel ORDER BY channel_id"
        )
        return [Channel(int(id), _text(nick), bool(removed), bool(app)) for id, nick, removed, app in rows]

    def consents(self, channel: int, keys: Sequence[str]) -> tuple[bool, dict[str, str]]:
        """Whether the channel has the app and is not removed, and those values of `config` that exist, in one
        statement: it is asked every few seconds."""
        marks = ", ".join(["%s"] * len(keys))
        rows = self._read(
            f"SELECT '' AS k, '' AS v FROM channel WHERE channel_id = %s AND channel_removed = 0 "
            f"AND channel_id IN ({_APP}) "
            f"UNION ALL SELECT k, v FROM config WHERE cat = 'faces' AND k IN ({marks})",
            (channel, *keys),
            patience=0,
        )
        values = {_text(key): _text(value) for key, value in rows}
        return values.pop("", None) is not None, values

    def values(self, keys: Sequence[str]) -> dict[str, str]:
        """Those values of `config` in the family 'faces' that exist."""
        marks = ", ".join(["%s"] * len(keys))
        rows = self._read(f"SELECT k, v FROM config WHERE cat = 'faces' AND k IN ({marks})", tuple(keys))
        return {_text(key): _text(value) for key, value in rows}

    def keys(self, start: str) -> list[str]:
        """The keys of `config` in the family 'faces' that begin so; no `%` or `_` in it."""
        return [
            _text(key)
            for (key,) in self._read("SELECT k FROM config WHERE cat = 'faces' AND k LIKE %s", (f"{start}%",))
        ]

    def attachments(self, channel: int, filenames: Iterable[str], likes: Sequence[str]) -> list[Attachment]:
        """The channel's folders, photos, and files of these names or of names like those, the oldest first."""
        names = list(filenames)
        rows = self._read(
            "SELECT id, hash, filename, folder, is_dir, is_photo, filesize, "
            "CASE WHEN is_dir = 1 THEN '' ELSE content END, CASE WHEN is_photo = 1 THEN NULL ELSE edited END "
            "FROM attach WHERE uid = %s AND "
            "(is_dir = 1 OR (os_storage = 1 AND (is_photo = 1 OR filename IN "
            f"({', '.join(['%s'] * len(names))}){' OR filename LIKE %s' * len(likes)}))) ORDER BY id",
            (channel, *names, *likes),
        )
        return [
            Attachment(int(id), _text(hash), _text(name), _text(folder), bool(is_dir), bool(is_photo), int(size),
                       _text(content), edited)
            for id, hash, name, folder, is_dir, is_photo, size, content, edited in rows
        ]  # fmt: skip

    def channels_with(self, filenames: Sequence[str]) -> list[int]:
        """The ids of channels that have a file of one of these names."""
        marks = ", ".join(["%s"] * len(filenames))
        rows = self._read(
            f"SELECT DISTINCT uid FROM attach WHERE is_dir = 0 AND filename IN ({marks})", tuple(filenames)
        )
        return [int(row[0]) for row in rows]

    def room(self, channel: int) -> Room:
        """What the channel may store, as the hub has it: the largest file, and of all files of the account."""
        rows = self._read(
            "SELECT account_id, account_service_class, "
            "(SELECT v FROM config WHERE cat = 'system' AND k = 'maxfilesize' LIMIT 1), "
            "(SELECT v FROM config WHERE cat = 'service_class' AND k = account_service_class LIMIT 1), "
            "(SELECT SUM(filesize) FROM attach WHERE aid = account_id) "
            "FROM account WHERE account_id = (SELECT channel_account_id FROM channel WHERE channel_id = %s)",
            (channel,),
        )
        if not rows:
            return Room()
        _, name, largest, limits, used = rows[0]
        most = _upload_limit(_text(limits)) if name and limits is not None else None
        largest = _text(largest or "")
        return Room(int(largest) if largest.isdecimal() else 0, most, int(used or 0))

    # --- what is written ----------------------------------------------------------------------------------------

    def set_size(self, channel: int, row: Attachment, size: int, edited: str) -> bool:
        """A file was written: its row follows. `edited`: "YYYY-MM-DD HH:MM:SS". False if there is no such row any more:
        the file was moved or deleted on the hub meanwhile."""
        sql = "UPDATE attach SET filesize = %s, edited = %s WHERE uid = %s AND hash = %s AND content = %s"
        return self._write(sql, (size, edited, channel, row.hash, _bytes(row.content))) > 0

    def set_photo_size(self, channel: int, hash: str, contents: Sequence[str], size: int, edited: str) -> bool:
        """A photo's file was replaced: its rows follow, that of the original in `photo`, too. `contents`: its place as
        the row may have it. False if there is no such row any more."""
        places = ", ".join(["%s"] * len(contents))
        sql = f"UPDATE attach SET filesize = %s, edited = %s WHERE uid = %s AND hash = %s AND content IN ({places})"
        if not self._write(sql, (size, edited, channel, hash, *map(_bytes, contents))):
            return False
        sql = "UPDATE photo SET filesize = %s, edited = %s WHERE uid = %s AND resource_id = %s AND imgscale = 0"
        self._write(sql, (size, edited, channel, hash))
        return True

    def mend_size(self, channel: int, row: Attachment, size: int, edited: str) -> None:
        """A run died between file and row: the row follows, unless somebody else has seen to it meanwhile."""
        sql = "UPDATE attach SET filesize = %s, edited = %s WHERE uid = %s AND hash = %s AND content = %s"
        values = (size, edited, channel, row.hash, _bytes(row.content), row.size)
        self._write(f"{sql} AND filesize = %s", values)

    def write_value(self, key: str, value: str, patience: float | None = None) -> None:
        """A value of `config` in the family 'faces'."""
        update = "UPDATE config SET v = %s WHERE cat = 'faces' AND k = %s"
        if self._write(update, (value, key), patience):
            return
        try:
            self._write("INSERT INTO config (cat, k, v) VALUES ('faces', %s, %s)", (key, value), patience)
        except DatabaseError:  # somebody else inserted it in between
            if not self._write(update, (value, key), patience):
                raise

    def delete_value(self, key: str, value: str | None = None, patience: float | None = None) -> None:
        """Delete a value of `config`; with `value` only if it is still that one."""
        if value is None:
            self._write("DELETE FROM config WHERE cat = 'faces' AND k = %s", (key,), patience)
        else:
            self._write("DELETE FROM config WHERE cat = 'faces' AND k = %s AND v = %s", (key, value), patience)

    def delete_values(self, start: str, patience: float | None = None) -> None:
        """Delete every value of which the key begins so; as `keys`."""
        self._write("DELETE FROM config WHERE cat = 'faces' AND k LIKE %s", (f"{start}%",), patience)

    # --- how ----------------------------------------------------------------------------------------------------

    def _read(self, sql: str, values: Sequence[Any] = (), patience: float | None = None) -> list[tuple[Any, ...]]:
        def fetch(cursor: Any) -> list[tuple[Any, ...]]:
            return list(cursor.fetchall())

        return self._run(sql, values, fetch, patience)

    def _write(self, sql: str, values: Sequence[Any], patience: float | None = None) -> int:
        """The number of rows that the statement found."""

        def count(cursor: Any) -> int:
            return int(cursor.rowcount)

        return self._run(sql, values, count, patience)

    def _run(self, sql: str, values: Sequence[Any], then: Callable[[Any], Any], patience: float | None) -> Any:
        """Every statement here may be repeated: none adds to what it did before."""
        patience = self._patience if patience is None else patience
        start, wait = self._clock(), _FIRST_WAIT
        while True:
            try:
                timeout = int(min(_TIMEOUT, max(_SHORT_TIMEOUT, patience)))
                if self._connection is None:
                    self._connection = self._connect(timeout)
                with self._driver.cursor(self._connection, timeout) as cursor:
                    cursor.execute(sql, tuple(values))
                    result = then(cursor)
            except (self._driver.error, OSError) as error:
                self.close()
                passing = isinstance(error, OSError) or self._driver.passes(error)
                if passing and self.away_since is None:
                    self.away_since = start
                left = min(start + patience, (self.away_since or start) + self._patience) - self._clock()
                if not passing or left <= 0:
                    raise self._explained(error) from error
                self._sleep(min(wait, left))
                wait = min(2 * wait, _LONGEST_WAIT)
            else:
                self.away_since = None
                return result

    def _connect(self, timeout: int) -> Any:
        try:
            return self._driver.connect(timeout)
        except (self._driver.error, OSError):
            raise
        except Exception as error:  # a driver that is told nonsense raises whatever comes to its mind
            raise ConnectionError(f"the server's greeting makes no sense: {error}") from error

    def _explained(self, error: Exception) -> DatabaseError:
        reason = " ".join(str(error).split())
        advice = self._driver.advice(error)
        waited = f" (tried for {self.seconds_away():.0f} s)" if self.seconds_away() >= 1 else ""
        return DatabaseError(f"{self._credentials}: {reason}{waited}{f'; {advice}' if advice else ''}")

    @property
    def patience(self) -> float:
        return self._patience

    def seconds_away(self) -> float:
        """How long it has not answered; 0 while it does."""
        return 0.0 if self.away_since is None else self._clock() - self.away_since


def _text(value: Any) -> str:
    """Text of any driver: MySQL's and PostgreSQL's blobs are bytes."""
    return (
        bytes(value).decode("utf-8", "surrogateescape")
        if isinstance(value, bytes | bytearray | memoryview)
        else str(value)
    )


def _bytes(text: str) -> bytes:
    """What `_text` made of a blob."""
    return text.encode("utf-8", "surrogateescape")
