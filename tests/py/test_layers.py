"""The architecture: a module imports only from lower layers; library code neither prints nor exits."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "py" / "faces"

LAYERS = [
    {"errors", "records", "progress"},
    {
        "settings",
        "limits",
        "images",
        "alignment",
        "matcher",
        "clusters",
        "names",
        "files",
        "credentials",
        "cores",
        "children",
        "regions",
        "marking",
    },
    {
        "weights",
        "networks",
        "graphs",
        "detector",
        "embedder",
        "demography",
        "store",
        "parquet",
        "exiftool",
        "metadata",
        "drivers",
        "database",
        "hubfile",
        "rewriting",
    },
    {"models", "folders", "guard", "hub", "hubalbum", "heartbeat"},
    {"jobs"},
    {"console", "options", "texts", "cli", "cli_hub", "cli_metadata", "__main__"},
]
#: Within a layer, who may import whom.
BESIDE = {("limits", "settings"), ("clusters", "matcher"), ("regions", "names"), ("marking", "names"), ("marking", "regions"), ("limits", "settings"), ("metadata", "exiftool"), ("networks", "weights"), ("detector", "networks"), ("embedder", "networks"), ("detector", "weights"), ("embedder", "weights"), ("embedder", "detector"), ("demography", "detector"),
          ("hub", "folders"), ("hub", "hubalbum"), ("hubalbum", "folders"), ("hubalbum", "hub"), ("hubfile", "database"), ("database", "drivers"), ("heartbeat", "guard"), ("cli", "options"), ("cli", "console"), ("cli", "texts"), ("cli", "cli_hub"),
          ("cli_hub", "console"), ("cli_hub", "texts"), ("cli", "cli_metadata"), ("cli_metadata", "cli_hub"), ("cli_metadata", "console"), ("cli_metadata", "texts"), ("options", "console"), ("__main__", "cli")}  # fmt: skip
#: The order inside jobs.
JOBS = ["summaries", "channel", "collection", "contents", "drawn", "plan", "imports", "written", "origin", "marked", "examine", "examiners", "cluster", "photo", "statistics", "guesses", "groups", "settled", "whole", "again", "recognize", "distances", "suspects", "worker", "detect", "name", "remove", "hub", "page", "report", "metadata", "write", "wrote",
        "availability"]  # fmt: skip


def level(module: str) -> int:
    return next(i for i, layer in enumerate(LAYERS) if module in layer)


def imports(path: Path) -> set[str]:
    """The modules of the package that a file imports, anywhere in it: "matcher", "jobs.plan"."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "faces":
            base = node.module.split(".")[1:]
            for alias in node.names:
                parts = [*base, alias.name]
                target = PACKAGE.joinpath(*parts)
                real = target.is_dir() or target.with_suffix(".py").is_file()
                found.add(".".join(parts if real else base))
    return found - {""}


def test_every_module_has_a_layer() -> None:
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"} | {"jobs"}
    assert modules == set().union(*LAYERS)
    assert {path.stem for path in (PACKAGE / "jobs").glob("*.py")} - {"__init__"} == set(JOBS)


def test_modules_import_from_lower_layers_only() -> None:
    wrong = []
    for path in PACKAGE.glob("*.py"):
        for target in imports(path):
            other = target.split(".")[0]
            if path.stem != "__init__" and other != path.stem and level(other) >= level(path.stem) \
                    and (path.stem, other) not in BESIDE:  # fmt: skip
                wrong.append(f"{path.stem} -> {target}")
    for path in (PACKAGE / "jobs").glob("*.py"):
        for target in imports(path):
            first, _, job = target.partition(".")
            if first == "jobs" and job:
                if JOBS.index(job) >= JOBS.index(path.stem):
                    wrong.append(f"jobs.{path.stem} -> {target}")
            elif first != "jobs" and level(first) >= level("jobs"):
                wrong.append(f"jobs.{path.stem} -> {target}")
    assert wrong == []


def test_library_code_neither_prints_nor_exits() -> None:
    wrong = []
    for path in PACKAGE.rglob("*.py"):
        if path.stem in LAYERS[5] or path.stem in ("availability", "graphs"):  # their last lines are programs
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "sys.exit", "exit", "os._exit"):
                wrong.append(f"{path.name}:{node.lineno}")
    assert wrong == []


def test_nothing_unpickles_or_evaluates() -> None:
    banned = {"pickle", "cPickle", "dill", "joblib", "marshal", "shelve"}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert not banned & {alias.name.split(".")[0] for alias in node.names}, path
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] not in banned, path
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in ("eval", "exec", "os.system"), path
                assert not any(k.arg == "shell" for k in node.keywords), path


def test_files_and_functions_stay_readable() -> None:
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text()
        assert source.count("\n") <= 400, path
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 50, f"{path.name}: {node.name}"


# --- the PHP side ---------------------------------------------------------------------------------------------------

PHP = ROOT / "php"
#: Folders of php/: what is in one uses only what stands before it. Everybody may use Refusal.
PHP_LAYERS = ("Model", "Store", "Rights", "Worker", "View", "Web")


def php_files() -> list[Path]:
    return sorted(PHP.rglob("*.php"))


@pytest.mark.parametrize("path", php_files(), ids=lambda path: str(path.relative_to(PHP)))
def test_php_uses_lower_layers_only(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    used = set(re.findall(r"^use Faces\\(\w+)\\", text, re.M))
    assert used <= set(PHP_LAYERS)
    assert not re.search(r"\\Faces\\\w", text), "name it in a `use`"
    folder = path.parent.name
    if folder in PHP_LAYERS:
        assert used <= set(PHP_LAYERS[: PHP_LAYERS.index(folder)])
        assert f"namespace Faces\\{folder};" in text


@pytest.mark.parametrize("path", php_files(), ids=lambda path: str(path.relative_to(PHP)))
def test_php_files_and_functions_are_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) < 400
    starts = [i for i, line in enumerate(lines) if re.match(r"    (?:\w+ )+function ", line)]
    for start in starts:
        end = next(i for i in range(start, len(lines)) if lines[i] == "    }" or lines[i].endswith("{}"))
        assert end - start < 50, lines[start]
