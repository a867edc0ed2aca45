"""What the documentation says exists, and what exists is in the documentation."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import json
import re
from pathlib import Path

import pytest
from faces import console, errors, options, settings, store
from faces.records import FORMAT_VERSION, FaceRow
from test_layers import PHP_LAYERS

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "py" / "faces"
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
FORMATS, ERRORS = ((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("formats.md", "errors.md"))


def commands() -> dict[str, argparse.ArgumentParser]:
    whole = options.parser(None)
    return next(a for a in whole._actions if isinstance(a, argparse._SubParsersAction)).choices


def section(title: str) -> str:
    """The part of README.md under a heading that ends with `title` in backticks or without."""
    match = re.search(rf"^(#+) [^\n]*{re.escape(title)}`?\n(.*?)(?=^#{{1,3}} |\Z)", README, re.M | re.S)
    assert match, title
    return match.group(2)


def row(text: str, *first: str) -> list[str]:
    """The cells of the table row that begins with `first`."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and cells[: len(first)] == list(first):
            return cells
    pytest.fail(f"no row {first}")


def code(text: str) -> str:
    """What stands in backticks or in blocks of code."""
    blocks = re.findall(r"^```.*?^```", text, re.M | re.S)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    return "\n".join([*blocks, *re.findall(r"`[^`\n]+`", rest)])


def slug(heading: str) -> str:
    """A heading's anchor, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower().replace("`", "")).strip().replace(" ", "-")


@pytest.mark.parametrize("command", commands())
def test_every_command_has_its_section_with_an_example(command: str) -> None:
    assert f".venv/bin/faces {command} " in section(f"`{command}") or f"faces {command}\n" in section(f"`{command}")


def test_every_option_is_documented() -> None:
    everything = code("\n".join(page.read_text(encoding="utf-8") for page in PAGES))
    missing = [
        f"{command} {option}"
        for command, parser in [*commands().items(), ("faces", options.parser(None))]
        for action in parser._actions
        for option in action.option_strings
        if option.startswith("--") and not re.search(rf"{option}(?![\w-])", everything)
    ]
    assert missing == []


def test_every_option_named_in_the_readme_exists() -> None:
    known = {
        option for parser in [*commands().values(), options.parser(None)] for option in parser._option_string_actions
    }
    assert set(re.findall(r"(?<![\w-])--[a-z][\w-]*", code(README))) - known == set()


def test_every_exit_code_is_documented() -> None:
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.FacesError)]
    for kind in kinds:
        assert f"`{kind.__name__}`" in ERRORS
        if "exit_code" in vars(kind):
            assert row(ERRORS, str(kind.exit_code), f"`{kind.__name__}`")[2:4] != ["", ""]
    assert {int(n) for n in re.findall(r"^\| (\d+) \| *`?\w*`? *\|", ERRORS.split("### ")[0], re.M)} == {
        0,
        *(kind.exit_code for kind in kinds),
    }


def test_every_log_level_is_documented() -> None:
    levels = re.findall(r"^\| (-?\d+)(?: \(default\))? \|", ERRORS.split("## The log")[1], re.M)
    assert [int(level) for level in levels] == list(console.LOG_LEVELS)


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("faces.csv", store.CSV_COLUMNS),
        ("faces.pkl", tuple(item.name for item in dataclasses.fields(FaceRow))),
        ("names.csv and edits.csv", store.JOURNAL_COLUMNS),
    ],
)
def test_every_column_is_documented_and_no_other(heading: str, names: tuple[str, ...]) -> None:
    part = FORMATS.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    first = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    assert sorted(name for cell in first for name in re.findall(r"`(\w+)`", cell)) == sorted(names)


def test_the_history_of_the_format_has_its_version() -> None:
    history = FORMATS.split("## History of the format")[1]
    assert row(history, str(FORMAT_VERSION))


def test_every_setting_is_in_the_readme_with_default_and_range() -> None:
    table, keys = section("Settings"), []
    for item in dataclasses.fields(settings.Settings):
        if "key" not in item.metadata:
            continue
        keys.append(item.metadata["key"])
        default = json.dumps(list(item.default) if isinstance(item.default, tuple) else item.default)
        cells = row(table, f"`{item.metadata['key']}`", f"`{default}`")
        if "range" in item.metadata:
            assert cells[2] == "{:d} to {:d}".format(*item.metadata["range"])
        elif "choice" in item.metadata:
            assert cells[2] == ", ".join(item.metadata["choice"])
    assert re.findall(r"^\| `(\w+\.\w+)`", table, re.M) == keys


def test_the_documented_thresholds_are_those_of_the_program() -> None:
    page = (ROOT / "docs" / "thresholds.md").read_text(encoding="utf-8")
    for model, metrics in settings.THRESHOLDS.items():
        cells = row(page, model)[1:4]
        assert [float(cell) for cell in cells] == [metrics[m] for m in ("euclidean", "cosine", "euclidean_l2")]


def test_every_make_target_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.M))
    for page in PAGES:
        named = set(re.findall(r"\bmake (?:[A-Z]+=\S+ )?([a-z]+)", code(page.read_text(encoding="utf-8"))))
        assert named <= targets, page.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"https?://", target):
            continue
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.M)
            assert anchor in [slug(heading) for heading in headings], target


def test_the_layout_in_the_readme_is_that_of_the_package() -> None:
    tree = section("Layout of the repository").split("```")[1]
    inside = tree.split("the program\n", 1)[1].split("\ntests/")[0]
    top = re.findall(r"^  (\w+\.py) ", inside, re.M)
    jobs = re.findall(r"^    (\w+\.py) ", inside, re.M)
    assert sorted(top) == sorted(path.name for path in PACKAGE.glob("*.py"))
    assert sorted(jobs) == sorted(path.name for path in (PACKAGE / "jobs").glob("*.py") if path.name != "__init__.py")


def test_the_layout_in_the_readme_is_that_of_php() -> None:
    tree = section("Layout of the repository").split("```")[1].split("\nphp/\n")[1].split("\nlang/")[0]
    named = re.findall(r"[\w]+\.(?:php|sh)", tree)
    assert sorted(named) == sorted(path.name for path in (ROOT / "php").rglob("*.*"))
    assert re.findall(r"^  (\w+)/", tree, re.M) == list(PHP_LAYERS)


def test_the_layout_in_the_readme_is_that_of_the_scripts() -> None:
    tree = section("Layout of the repository").split("```")[1].split("\nview/js/")[1].split("\ntests/")[0]
    named = re.findall(r"^  (\w+\.js) ", tree, re.M)
    assert sorted(named) == sorted(path.name for path in (ROOT / "view" / "js").glob("*.js"))


def test_every_address_is_documented_with_who_may() -> None:
    front = (ROOT / "php" / "Web" / "Front.php").read_text()
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    routes = re.findall(r"'(GET|POST) (\w*)' => \[self::(\w+)", front)
    documented = re.findall(r"^\| `/faces/NICK/?(\w*)` \| (GET|POST) \| (\w+) \|", page, re.M)
    assert sorted((method, path, who.upper()) for path, method, who in documented) == sorted(routes)


def test_every_parameter_field_and_code_of_the_addon_is_documented() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    asking = [(ROOT / "php" / "Web" / name).read_text() for name in ("Query.php", "PortraitQuery.php", "Data.php")]
    for name in re.findall(r"\$request->\w+\('(\w+)'", "".join(asking)):
        assert re.search(rf"`{name}(\[\])?`", page), name
    refusal = (ROOT / "php" / "Refusal.php").read_text()
    assert re.findall(r"^\| (\d{3}) \|", page, re.M) == re.findall(r"const \w+ = (\d{3});", refusal)


def test_every_setting_of_the_hub_is_documented() -> None:
    source = (ROOT / "php" / "Worker" / "Settings.php").read_text()
    found = re.findall(r"get_config\(self::FAMILY, '(\w+)', ('?\w*'?)\)", source)
    page = (ROOT / "docs" / "hub.md").read_text(encoding="utf-8").split("## Settings of the hub")[1].split("\n## ")[0]
    assert sorted(found) == sorted(
        (key, default or "''") for key, default in re.findall(r"^\| `(\w+)` \| (\w*) *\|", page, re.M)
    )


def test_the_layers_in_the_design_are_those_of_the_test() -> None:
    from test_layers import LAYERS

    design = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    for number, layer in enumerate(LAYERS):
        named = re.findall(r"`(\w+)/?`", row(design, str(number))[1])
        assert set(named) == layer - {"__main__"}


def test_requirements_txt_is_the_core_and_mediapipe() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["mediapipe"]]
    lines = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert lines == wanted
