"""Why these tests exist: a harness that skips a fault, or a power cut that loses nothing, would prove nothing."""

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from chaos import acts
from chaos.exporter import POINTS, POWER_POINTS
from chaos.faults import FAULTS, Way
from chaos.forms import DEADLY, FORMS, SHORTEST, schedule
from chaos.safeties import SAFETIES

from athena_testbed.faults import FaultPlan

SCRIPT = """
import json, sqlite3, sys
from random import Random
from chaos.power import Power

path, left, seed, synchronous, journal, at = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]

def is_due(point):
    global left
    left -= point == at
    return left < 0

power = Power(is_due, Random(seed), lambda told: print(json.dumps(told), flush=True))
power.register()
writer = sqlite3.connect(f"file:{path}?vfs=power", uri=True, isolation_level=None)
writer.execute(f"PRAGMA journal_mode = {journal}")
writer.execute(f"PRAGMA synchronous = {synchronous}")
writer.execute("CREATE TABLE IF NOT EXISTS numbers (number INTEGER PRIMARY KEY, filler BLOB)")
reader = sqlite3.connect(f"file:{path}?vfs=power&mode=ro", uri=True, isolation_level=None)
number = 0
while True:
    writer.execute("BEGIN IMMEDIATE")
    for _ in range(20):
        number += 1
        writer.execute("INSERT INTO numbers VALUES (?, randomblob(500))", (number,))
    writer.execute("COMMIT")
    print(number, flush=True)
    reader.execute("SELECT count(*) FROM numbers").fetchone()
    if number % 200 == 0:
        writer.execute("PRAGMA wal_checkpoint")
"""


@pytest.mark.parametrize("name", [*FORMS, *SHORTEST])
def test_a_schedule_has_every_fault_that_is_switched_on_and_no_other(name: str) -> None:
    form = {**FORMS, **SHORTEST}[name]
    steps = schedule(form, 1)
    done = {step.act for step in steps} | {fault for step in steps for fault in step.wire}
    wanted = {fault for fault in form.faults if FAULTS[fault].way is not Way.COMPANY}
    assert done - {"nothing"} == wanted
    assert sum(step.act in DEADLY for step in steps) == form.kills


def test_a_seed_makes_one_schedule_and_another_seed_another() -> None:
    form = FORMS["normal"]
    assert schedule(form, 1) == schedule(form, 1) != schedule(form, 2)


def test_every_crash_point_has_its_turn_in_a_normal_run() -> None:
    steps = [step for step in schedule(FORMS["normal"], 1) if step.act == "crash points"]
    assert len({step.point for step in steps}) == min(len(POINTS), len(steps))
    cuts = [step for step in schedule(FORMS["normal"], 1) if step.act == "power cut"]
    assert {step.point for step in cuts} == set(POWER_POINTS)


def test_each_fault_can_be_done() -> None:
    assert {name for name, fault in FAULTS.items() if fault.way is Way.ACT} == acts.ACTS.keys() - {"nothing"}
    for fault in FAULTS.values():
        FaultPlan(fault.rules, 1)
        assert bool(fault.rules) is (fault.way in {Way.WIRE, Way.ACCOUNT})


def test_each_safety_has_a_form_of_its_own() -> None:
    assert all(safety.form in SHORTEST for safety in SAFETIES.values())


@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
def test_a_power_cut_loses_nothing_that_was_synced(tmp_path: Path, journal: str) -> None:
    lost = 0
    for seed in range(4):
        path = tmp_path / f"{seed}.db"
        said, told = _cut(path, seed, "FULL", journal)
        lost += told["lost"] + told["torn"]
        with closing(sqlite3.connect(path)) as ledger:
            assert ledger.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert said <= _held(path) <= said + 20
    assert lost, "a cut that loses nothing is none"


def test_a_power_cut_loses_what_was_never_synced(tmp_path: Path) -> None:
    harmed = 0
    for seed in range(4):
        said, _ = _cut(tmp_path / f"{seed}.db", seed, "OFF", "WAL", at="write")
        harmed += said > _held(tmp_path / f"{seed}.db")
    assert harmed


def _held(path: Path) -> int:
    """The newest number that can be read, 0 if nothing can."""
    with closing(sqlite3.connect(path)) as ledger:
        try:
            return int(ledger.execute("SELECT max(number) FROM numbers").fetchone()[0] or 0)
        except sqlite3.DatabaseError:
            return 0


def _cut(path: Path, seed: int, synchronous: str, journal: str, at: str = "before sync") -> tuple[int, dict[str, int]]:
    """The last number whose COMMIT returned, and what became of unsynced writes."""
    left = Random(seed).randint(4, 40) * (10 if at == "write" else 1)
    command = [sys.executable, "-c", SCRIPT, str(path), str(left), str(seed), synchronous, journal, at]
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    *numbers, told = ended.stdout.split("\n")[:-1]
    return int(numbers[-1]) if numbers else 0, json.loads(told)
