"""`make bench`: every benchmark in a process of its own, its tables on the terminal and in docs/benchmarks.md."""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from document import PEERS, SOAK, section, sections, with_section
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


_SCRIPTS = {path.stem.removeprefix("bench_"): path for path in sorted(Path(__file__).parent.glob("bench_*.py"))}


def main() -> None:
    """Run all, or some; the document is replaced only when every one has ended well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="ten million queries of history instead of one million")
    parser.add_argument("--only", nargs="+", choices=_SCRIPTS, default=(), help="these; the others' sections stay")
    arguments = parser.parse_args()
    flags = _LARGE if arguments.large else {}
    scripts = [_SCRIPTS[name] for name in arguments.only or _SCRIPTS]
    with tempfile.TemporaryDirectory(prefix="bench-", dir=_DISK) as name:
        folder = Path(name)
        known = facts(folder)
        parts = [_output(script, folder, flags.get(script.name, ())) for script in scripts]
    text = _renewed(parts, known) if arguments.only else _whole(parts, known)
    DOCUMENT.write_text(text, encoding="utf-8")
    print(f"written: {DOCUMENT.relative_to(ROOT)}")


def _whole(parts: Sequence[str], known: Sequence[tuple[str, str]]) -> str:
    machine = f"## Machine\n\n{table(['Fact', 'Value'], known)}"
    return with_others("\n\n".join([_INTRODUCTION, machine, *parts]) + "\n")


def _renewed(parts: Sequence[str], known: Sequence[tuple[str, str]]) -> str:
    text = DOCUMENT.read_text(encoding="utf-8")
    for found in [found for part in parts for found in sections(part)]:
        text = with_section(text, by_itself(found, known))
    return text


def by_itself(part: str, known: Sequence[tuple[str, str]]) -> str:
    """A section that says when it was measured, because the document's table of facts is of another run."""
    heading, _, rest = part.partition("\n")
    when = {name.lower(): value for name, value in known if name in {"Date", "Commit", "Load average at the start"}}
    return f"{heading}\n\nMeasured by itself: {'; '.join(f'{name} {value}' for name, value in when.items())}.\n{rest}"


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
