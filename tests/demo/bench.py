"""`make bench`: what the program does beside what others do, on the same photos on this machine; writes docs/benchmarks.md.

The rows are in `bench_peers`, how two are compared in `bench_rows`, what is measured in `bench_work`. Ratios are what counts:
a time belongs to a machine and to what else it does.
"""

from __future__ import annotations

import argparse
import compileall
import importlib.metadata
import os
import platform
import sys
import textwrap
import time
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from bench_peers import SECTIONS
from bench_photos import ROOT, Absent, Photos
from bench_rows import APART, Bench, Row, span
from faces import cores

TARGET = ROOT / "docs" / "benchmarks.md"
HEAD = ("what", "ours", "peer", "ratio", "peak MB, ours / peer", "physical limit", "bar", "met")
PACKAGES = ("numpy", "onnxruntime", "opencv-contrib-python-headless", "dlib-bin", "deepface", "pillow", "face-recognition",
            "faiss-cpu", "pandas", "pyarrow", "distributed")  # fmt: skip


def machine() -> list[tuple[str, str]]:
    """What the numbers belong to."""
    cpu = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.processor())  # fmt: skip
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    found = []
    for name in PACKAGES:
        of = [d.version for d in importlib.metadata.distributions(name=name, path=[*sys.path, str(APART)])]
        found.append(f"{name} {of[0] if of else 'absent'}")
    return [
        ("date", date.today().isoformat()),
        ("CPU", f"{cpu}, {cores.available()} core(s), {memory:.0f} GB"),
        ("load when it began", f"{os.getloadavg()[0]:.1f}"),
        ("system", f"{platform.system()} {platform.release()}, Python {platform.python_version()}"),
        ("packages", ", ".join(found)),
    ]


def table(rows: list[Row]) -> str:
    lines = [HEAD, ("---",) * len(HEAD), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def document(
    about: list[tuple[str, str]],
    rows: list[Row],
    told: list[tuple[str, str]],
    absent: list[str],
    runs: int,
    ahead: list[str],
) -> str:
    """docs/benchmarks.md. `ahead`: sections that were not measured yet."""
    missed = [row.what for row in rows if row.met is False]
    parts = [
        "# Benchmarks",
        "`make bench` wrote this file, all of it: what the program does beside what others do, on the same photos, on this "
        "machine. A time belongs to a machine and to what else it did; the bars are ratios.",
        *([f"This run did not come to its end. Not measured: {', '.join(ahead)}."] if ahead else []),
        "\n".join(["| | |", "|---|---|", *(f"| {key} | {value} |" for key, value in about)]),
        "## The table",
        table(rows),
        f"Bars missed: {'; '.join(missed)}." if missed else "All bars are met.",
        *(["Left out:", "\n".join(f"- {reason}" for reason in absent)] if absent else []),
        "## How it is measured",
        f"Each time is the median of {runs} run(s), each in a process of its own that does everything once before the clock "
        "starts: imports, weights and first calls do not count, if nothing else is said. Ours and the peer's take turns; the ratio is the median of "
        "the turns' ratios (in brackets the least and the greatest). Peak memory is VmHWM of the process, with everything "
        "it loaded. A limit is what this machine's matrix product (numpy's sgemm, measured in the same run) or the parts of "
        "the work, measured alone, would need.",
        *(f"**{name}.** {text}" for name, text in told),
    ]
    return "\n\n".join(part if part.startswith(("|", "- ")) else _wrapped(part) for part in parts) + "\n"


def _wrapped(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 116, break_long_words=False, break_on_hyphens=False)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--only", default="", metavar="WORD", help="sections with this word in their name; writes nothing"
    )
    parser.add_argument("--quick", action="store_true", help="one run of each, fewer photos; writes nothing")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="turns of each comparison (default 5)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: docs/benchmarks.md, for a whole run")
    options = parser.parse_args()
    target = options.output or (None if options.only or options.quick else TARGET)
    compileall.compile_dir(
        ROOT / "py", quiet=1
    )  # as set-up does; where bytecode is not kept, each start would compile it
    about, rows, told, absent = machine(), list[Row](), list[tuple[str, str]](), list[str]()
    with TemporaryDirectory(prefix="faces-bench-") as temporary:
        bench = Bench(Photos(Path(temporary)), 1 if options.quick else max(2, options.runs))
        chosen = [section for section in SECTIONS if options.only.lower() in section.name.lower()]
        for number, section in enumerate(chosen, 1):
            told.append((section.name, section.text))
            start = time.monotonic()
            for make in section.rows:
                try:
                    new = make(bench)
                except (Absent, RuntimeError) as reason:  # a row is measured or left out
                    absent.append(f"{section.name}: {reason}")
                    print(f"left out, {absent[-1]}", file=sys.stderr)
                    continue
                rows += new
                for row in new:
                    print(" | ".join(row.cells()), file=sys.stderr, flush=True)
            print(f"({section.name}: {span(time.monotonic() - start)})", file=sys.stderr, flush=True)
            if target:
                ahead = [later.name for later in chosen[number:]]
                target.write_text(document(about, rows, told, absent, bench.runs, ahead))
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
