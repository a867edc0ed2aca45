"""How to reach a hub's database: from the environment, else from .htconfig.php, which is read as text, never run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from faces.errors import UsageError

#: Where Debian, Red Hat and a server built by hand have the socket that PHP means by "localhost".
USUAL_SOCKETS = ("/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock")

MYSQL, POSTGRES = "mysql", "postgres"
_DEFAULT_PORT = {MYSQL: 3306, POSTGRES: 5432}
_HTCONFIG = {"db_host": "HOST", "db_port": "PORT", "db_user": "USER", "db_pass": "PASSWORD", "db_data": "NAME",
             "db_type": "TYPE"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Credentials:
    """`kind`: mysql or postgres. `socket` is a path, or "" for TCP."""

    kind: str
    host: str
    port: int
    socket: str
    user: str
    password: str = field(repr=False)
    name: str

    def __str__(self) -> str:
        return f"{self.kind} database {self.name!r} at {self.socket or f'{self.host}:{self.port}'}"


def from_environment(environment: Mapping[str, str]) -> Credentials | None:
    """FACES_DB_HOST, _PORT, _USER, _PASSWORD, _NAME and _TYPE; None if neither user nor name is set."""
    values = {key: environment.get(f"FACES_DB_{key}", "") for key in _HTCONFIG.values()}
    if not values["USER"] and not values["NAME"]:
        return None
    return _credentials(values, "the environment (FACES_DB_...)")


def from_htconfig(text: str, name: str) -> Credentials:
    """What a .htconfig.php says; `name` is its path, for messages. UsageError if it cannot be understood as text."""
    found = {_HTCONFIG[key]: value for key, value in _assignments(text) if key in _HTCONFIG}
    for key, value in found.items():
        if value is None:
            raise UsageError(
                f"{name} gives ${next(k for k, v in _HTCONFIG.items() if v == key)} in a way that only PHP can read: "
                f"set FACES_DB_{key} and the others in the environment"
            )
    return _credentials({key: found.get(key) or "" for key in _HTCONFIG.values()}, name)


def _credentials(values: Mapping[str, str], source: str) -> Credentials:
    kind = {"": MYSQL, "0": MYSQL, "1": POSTGRES, "DBTYPE_MYSQL": MYSQL, "DBTYPE_POSTGRES": POSTGRES}.get(
        values["TYPE"], values["TYPE"].lower()
    )
    if kind not in _DEFAULT_PORT:
        raise UsageError(f"{source}: no database type {values['TYPE']!r}; there are 0 (mysql) and 1 (postgres)")
    for key, what in (("USER", "user"), ("NAME", "name of the database")):
        if not values[key]:
            raise UsageError(f"{source} says no {what}")
    host, port = values["HOST"].strip() or "localhost", values["PORT"].strip() or "0"
    socket = host[1:] if host.startswith(":") else ""
    if not port.isdecimal() or int(port) > 65535:
        raise UsageError(f"{source}: {port!r} is no port")
    return Credentials(
        kind, "" if socket else host, int(port) or _DEFAULT_PORT[kind], socket, values["USER"], values["PASSWORD"],
        values["NAME"],
    )  # fmt: skip


_OPENING = re.compile(r"<\?php\b", re.I)
# One token of PHP, as far as assignments of literals need it. Comments and strings must be known to be left out.
_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<comment>(?://|\#(?!\[))(?:(?!\?>)[^\n])*|/\*.*?(?:\*/|\Z))
      | (?P<heredoc><<<[ \t]*(?P<quote>["']?)(?P<tag>\w+)(?P=quote)\r?\n.*?^[ \t]*(?P=tag)\b)
      | (?P<single>'(?:[^'\\]|\\.)*')
      | (?P<double>"(?:[^"\\]|\\.)*")
      | (?P<variable>\$\w+)
      | (?P<word>\w+(?:\.\w+)*)
      | (?P<other>\?>|->|::|[=!]==?|(?:\*\*|<<|>>|\?\?|[-+*/.%&|^])=|\S)""",
    re.S | re.X | re.M,
)
_ESCAPE = re.compile(rb"\\(u\{[0-9A-Fa-f]+\}|x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)", re.S)
_ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"e": b"\x1b", b"f": b"\f", b"\\": b"\\", b"$": b"$",
            b'"': b'"'}  # fmt: skip


def _assignments(text: str) -> Iterator[tuple[str, str | None]]:
    """(variable, value) of each `$name = literal;` in the order of the file; None for a value that is no literal."""
    tokens = list(_tokens(text))
    for before, token, sign, value, after in zip(tokens, tokens[1:], tokens[2:], tokens[3:], tokens[4:], strict=False):
        if (
            token.lastgroup != "variable"
            or not sign.group().endswith("=")
            or sign.group() in ("==", "===", "!=", "!==")
        ):
            continue
        if before.group() in ("->", "::", "$", "&"):  # of an object, or another variable
            continue
        whole = (
            before.group().lower() in (";", "{", "}", "<?php") and sign.group() == "=" and after.group() in (";", "?>")
        )
        yield token.group()[1:], _literal(value) if whole else None


def _tokens(text: str) -> Iterator[re.Match[str]]:
    """The tokens between each `<?php` and `?>`, both included, without comments."""
    place = 0
    while opening := _OPENING.search(text, place):
        yield opening
        place = opening.end()
        while (token := _TOKEN.match(text, place)) and token.group() != "?>":
            place = token.end()
            if token.lastgroup not in ("comment", "space"):
                yield token
        if not token:
            return
        yield token
        place = token.end()


def _literal(token: re.Match[str]) -> str | None:
    """The value of a string, number or constant; None where PHP would have to compute it."""
    text = token.group()
    if token.lastgroup == "single":
        return re.sub(r"\\([\\'])", r"\1", text[1:-1])
    if token.lastgroup == "double":
        if re.search(r"(?<!\\)(?:\\\\)*(?:\$[A-Za-z_{]|\{\$)", text):
            return None
        # in bytes: "\xc3\xa9" is one letter
        return _ESCAPE.sub(_unescape, text[1:-1].encode("utf-8", "replace")).decode("utf-8", "replace")
    if token.lastgroup == "word":
        return "" if text.lower() in ("null", "false") else text
    return None


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match.group(1)
    if code[:2] == b"u{":
        return chr(min(int(code[2:-1], 16), 0x10FFFF)).encode("utf-8", "replace")
    if code[:1] == b"x" and len(code) > 1:
        return bytes([int(code[1:], 16)])
    if code[:1].isdigit() and code[:1] < b"8":
        return bytes([int(code, 8) & 255])
    return _ESCAPES.get(code, match.group())
