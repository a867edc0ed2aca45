"""How the database's credentials are found: the environment, else .htconfig.php as text."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from faces.credentials import MYSQL, POSTGRES, from_environment, from_htconfig
from faces.errors import UsageError
from hypothesis import given
from hypothesis import strategies as st

WHOLE = (
    "<?php\n$db_host = 'db.example';\n$db_port = '3307';\n$db_user = 'hub';\n$db_pass = 'x';\n$db_data = 'hubzilla';\n"
)


def password(literal: str) -> str:
    return from_htconfig(f"<?php $db_user = 'u'; $db_data = 'd'; $db_pass = {literal};", "f").password


def test_a_whole_htconfig() -> None:
    found = from_htconfig(WHOLE + "$db_type = 0;\n", "f")
    assert (found.kind, found.host, found.port, found.socket, found.user, found.password, found.name) == (
        MYSQL, "db.example", 3307, "", "hub", "x", "hubzilla")  # fmt: skip


@pytest.mark.parametrize(("type", "kind", "port"), [("0", MYSQL, 3306), ("'1'", POSTGRES, 5432), ("1", POSTGRES, 5432), ("''", MYSQL, 3306),
                                                    ("DBTYPE_POSTGRES", POSTGRES, 5432)])  # fmt: skip
def test_types_and_their_ports(type: str, kind: str, port: int) -> None:
    found = from_htconfig(f"<?php $db_user = 'u'; $db_data = 'd'; $db_port = 0; $db_type = {type};", "f")
    assert (found.kind, found.port, found.host) == (kind, port, "localhost")


def test_a_socket() -> None:
    found = from_htconfig(WHOLE.replace("db.example", ":/run/my sql.sock"), "f")
    assert (found.socket, found.host) == ("/run/my sql.sock", "")


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        (r"'it\'s'", "it's"),
        (r"'a\x'", r"a\x"),
        (r"'a\\x'", r"a\x"),
        (r"'\\\\'", r"\\"),
        ("'$no \"variable\"'", '$no "variable"'),
        (r'"\xc3\xa9"', "é"),
        (r'"a\$b\"c\\d\n\x41\u{e9}\101"', 'a$b"c\\d\nAéA'),
        ('"100$"', "100$"),
        ("''", ""),
        ("null", ""),
        ("12345", "12345"),
        ("'line\nbreak'", "line\nbreak"),
        ("'// no comment'", "// no comment"),
        ("'x' // a comment ; with 'quotes'\n", "x"),
    ],
)
def test_strings_as_php_reads_them(literal: str, value: str) -> None:
    assert password(literal) == value


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_whatever_php_would_write(text: str) -> None:
    assert password("'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'") == text


@given(st.text(max_size=200))
def test_no_text_is_too_odd(text: str) -> None:
    try:
        from_htconfig("<?php " + text, "f")
    except UsageError:
        pass


def test_php_itself_agrees(tmp_path: Path) -> None:
    php = shutil.which("php")
    if not php:
        pytest.skip("no php here")
    literals = [r"'it\'s \\ \x $y'", r'"a\$b\"\x41\u{1F600}\101\\"', "'// x'"]
    for literal in literals:
        said = subprocess.run([php, "-r", f"echo {literal};"], capture_output=True, check=True).stdout.decode()
        assert password(literal) == said


def test_comments_other_variables_and_heredocs_are_left_out_and_the_last_one_counts() -> None:
    text = """text before <?php
    // $db_pass = 'one';
    # $db_pass = 'two';
    /* $db_pass = 'three'; */
    App::$config['system']['note'] = '$db_pass = "four";';
    $other->db_pass = 'five';
    $text = <<<EOT
    $db_pass = 'six';
    EOT;
    $db_user = 'u'; $db_data = 'd'; $db_pass = 'old'; $db_pass = 'right';
    """
    assert from_htconfig(text, "f").password == "right"


@pytest.mark.parametrize("text", [
    "<?PHP\n$db_pass='right';", "\ufeff<?php\r\n$db_pass='right';\r\n", "<?php // a ?>\n<?php $db_pass='right';",
    "<?php $db_pass='right' ?>\n$db_pass = 'x';", "<?php if ($x == 'a') { $db_pass='right'; }", "<?php $db_pass==='x'; $db_pass='right';",
])  # fmt: skip
def test_what_php_reads_is_read(text: str) -> None:
    assert from_htconfig(text.replace("<?php", "<?php $db_user = 'u'; $db_data = 'd';", 1) if "<?php" in text else
                         text + "$db_user = 'u'; $db_data = 'd';", "f").password == "right"  # fmt: skip


@pytest.mark.parametrize("text", ["if (true) $db_pass = 'x';", "$db_pass = 'x'; $db_pass .= 'y';", "$db_pass = $a = 'x';",
                                  "$a = $db_pass = 'x';", "$db_pass = ('x');", "$db_pass ??= 'x';"])  # fmt: skip
def test_what_may_or_may_not_be_assigned_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="only PHP can read"):
        from_htconfig(f"<?php $db_user = 'u'; $db_data = 'd'; {text}", "f")


@pytest.mark.parametrize("value", ["getenv('DB')", "'a' . 'b'", '"$other"', "$other", "['x']", "__DIR__ . '/x'"])
def test_what_only_php_can_read_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match="only PHP can read: set FACES_DB_PASSWORD"):
        password(value)


@pytest.mark.parametrize("text", ["", "<?php", "<?php $db_user = 'u';", "<?php $db_data = 'd';", WHOLE + "$db_port = '70000';",
                                  WHOLE + "$db_port = 'x';", WHOLE + "$db_type = 7;"])  # fmt: skip
def test_what_lacks_or_makes_no_sense_is_said(text: str) -> None:
    with pytest.raises(UsageError, match=r"^f"):
        from_htconfig(text, "f")


def test_the_environment() -> None:
    assert from_environment({}) is None
    found = from_environment(
        {"FACES_DB_HOST": ":/s", "FACES_DB_USER": "u", "FACES_DB_PASSWORD": "p", "FACES_DB_NAME": "n"}
    )
    assert found and (found.kind, found.socket, found.user, found.password, found.name) == (MYSQL, "/s", "u", "p", "n")
    with pytest.raises(UsageError, match="environment"):
        from_environment({"FACES_DB_USER": "u"})


def test_a_password_is_never_shown() -> None:
    found = from_htconfig(WHOLE.replace("'x'", "'secret'"), "f")
    assert "secret" not in f"{found} {found!r}"
