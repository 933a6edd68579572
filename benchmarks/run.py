"""`make bench`: every benchmark in a process of its own, its tables on the terminal and in docs/benchmarks.md."""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from document import PEERS, SOAK, section, with_section
from machine import ROOT, facts
from measure import table

DOCUMENT = ROOT / "docs" / "benchmarks.md"
_DISK = ROOT / ".venv"
"""Ignored by git, and on a disk: the system's own folder may be memory, where fsync costs nothing."""

_LARGE = {"bench_history.py": ("--large",), "bench_questions.py": ("--million", "10")}
"""What makes it ten million queries of history, in half an hour more."""

_INTRODUCTION = """\
# Benchmarks

Written by `make bench`; rows that lose stay in. A run takes up to half an hour and 2 GB of disk. Times are of the
wall where nothing else is said, medians of several runs; on a machine that others use, compare the rows of one run
and look at the column of the processor's time.

What is counted where nothing else is said: 500 users, 20 workgroups, 120 databases, 11 clients; queries fall evenly
on 20,000 cells of user, workgroup, database and state, which is worse for every cache than life is."""


def main() -> None:
    """Run all; the document is replaced only when every one has ended well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="ten million queries of history instead of one million")
    flags = _LARGE if parser.parse_args().large else {}
    scripts = sorted(Path(__file__).parent.glob("bench_*.py"))
    with tempfile.TemporaryDirectory(prefix="bench-", dir=_DISK) as name:
        folder = Path(name)
        parts = [_INTRODUCTION, f"## Machine\n\n{table(['Fact', 'Value'], facts(folder))}"]
        parts += [_output(script, folder, flags.get(script.name, ())) for script in scripts]
    DOCUMENT.write_text(with_others("\n\n".join(parts) + "\n"), encoding="utf-8")
    print(f"written: {DOCUMENT.relative_to(ROOT)}")


def with_others(text: str) -> str:
    """The new document with the old one's sections that `make peers` and `make soak` alone write."""
    old = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""
    for title in (SOAK, PEERS):
        kept = section(old, title)
        text = text if kept is None else with_section(text, kept)
    return text


def _output(script: Path, folder: Path, flags: Sequence[str]) -> str:
    command = [sys.executable, str(script), str(folder), *flags]
    text = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    print(text, end="\n\n", flush=True)
    return text


if __name__ == "__main__":
    main()
