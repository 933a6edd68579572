"""`make soak`: run it, judge it, write it down."""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from document import with_section
from machine import ROOT, facts
from measure import say

from soak import report
from soak.judging import Verdict, judged, settled
from soak.running import Held, Plan, kept, soaking

DOCUMENT = ROOT / "docs" / "benchmarks.md"
_DISK = ROOT / ".venv"
"""Ignored by git, and on a disk."""
_SAMPLES, _HELD, _FACTS = "samples.jsonl", "held.json", "facts.txt"
_FEWEST = 3
"""Fewer days have no slope."""
_WHERE = ("Date", "Commit", "Processor", "Disk", "Python", "Load average at the start")


def main() -> int:
    """Exit code 1: a bar was missed, a number is not the truth, or it could not be run; 2: wrong usage."""
    told = _arguments().parse_args()
    plan = Plan(
        days=told.days, per_day=told.per_day, step=timedelta(hours=told.step), lookups=timedelta(minutes=told.lookups)
    )
    problem = _problem(plan) or _unusable(told.folder, is_shown=told.show)
    if problem is not None:
        sys.stderr.write(f"soak: {problem}\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="soak-", dir=_DISK if _DISK.is_dir() else None) as name:
        folder = told.folder or Path(name)
        try:
            if not told.show:
                soaked(plan, folder)
            text, is_good = judgement(plan, folder)
        except (RuntimeError, ValueError) as error:
            sys.stderr.write(f"soak: {error}\n")
            return 1
    sys.stdout.write(text)
    if told.write:
        DOCUMENT.write_text(with_section(DOCUMENT.read_text(encoding="utf-8"), text), encoding="utf-8")
    return 0 if is_good else 1


def soaked(plan: Plan, folder: Path) -> None:
    """Run it in a folder, which keeps where it was run, each midnight as it comes, and the comparison at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    where = "; ".join(f"{fact.lower()} {value}" for fact, value in facts(folder) if fact in _WHERE)
    (folder / _FACTS).write_text(f"{where[0].upper()}{where[1:]}.", encoding="utf-8")
    with soaking(plan, folder) as soak:
        for sample in soak.days():
            kept(folder / _SAMPLES, sample)
        say("soak: the last users, and the comparison with the truth")
        soak.settle()
        held = soak.compared()
    for one in held:
        for line in one.differing[:10]:
            say(f"soak: {one.what}: {line}")
    (folder / _HELD).write_text(json.dumps([asdict(one) for one in held]), encoding="utf-8")


def judgement(plan: Plan, folder: Path) -> tuple[str, bool]:
    """The section of what a folder has, and whether all is met. Raises ValueError: there are too few days."""
    days = [json.loads(line) for line in (folder / _SAMPLES).read_text(encoding="utf-8").splitlines()]
    held_there = json.loads((folder / _HELD).read_text(encoding="utf-8")) if (folder / _HELD).exists() else []
    held = [Held(**one) for one in held_there]
    found = judged(settled(days, plan.learning))
    text = report.section(plan, days, found, held, (folder / _FACTS).read_text(encoding="utf-8"))
    return text, not is_bad(found, held)


def is_bad(found: Sequence[Verdict], held: Sequence[Held]) -> bool:
    """Whether anything was missed."""
    return any(not one.met for one in found) or any(one.differing for one in held)


def _problem(plan: Plan) -> str | None:
    if plan.days - plan.learning < _FEWEST:
        return f"DAYS is {plan.days}; at least {_FEWEST * 2}: {_FEWEST} days are judged, after the retention is full"
    if plan.per_day < 1:
        return f"PER_DAY is {plan.per_day}; at least 1"
    if not timedelta(minutes=10) <= plan.step <= timedelta(hours=6):
        return f"the step is {plan.step}; from 10 minutes to 6 hours"
    return None


def _unusable(folder: Path | None, *, is_shown: bool) -> str | None:
    if is_shown:
        is_there = folder is not None and (folder / _SAMPLES).is_file()
        return None if is_there else f"--show judges what an earlier run has kept: no {_SAMPLES} in --folder {folder}"
    if folder is not None and folder.is_dir() and any(folder.iterdir()):
        return f"{folder} is not empty: name a new --folder, or look at what it has with --show"
    return None


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--days", type=int, default=Plan().days, help="simulated days")
    parser.add_argument("--per-day", type=int, default=Plan().per_day, help="queries a day")
    parser.add_argument("--step", type=float, default=2, metavar="HOURS", help="between two rounds of most loops")
    parser.add_argument("--lookups", type=float, default=10, metavar="MINUTES", help="between two of `lookup`")
    parser.add_argument("--folder", type=Path, help="where ledger and samples are kept; default: nowhere")
    parser.add_argument("--show", action="store_true", help="judge what --folder has, run nothing")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    return parser
