"""What is done to the exporter's process, its disk and its clock, and what was seen of it."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from processes import fetch, free_port, until

from athena_exporter import catalog
from chaos.exporter import AFTER_SYNC
from chaos.faults import FAULTS, Way, names
from chaos.forms import Step
from chaos.power import NAME as POWER
from chaos.world import World

_DIES_WITHIN = 45.0
"""Seconds after which a crash point that nobody passes is given up; the exporter is killed, and nothing was seen."""

_STRIKES_WITHIN = 30.0
_CUTS = 3


@dataclass(slots=True)
class Seen:
    """How often each fault was done, and how often what had to be seen was."""

    done: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)


def take(made: World, seen: Seen, step: Step) -> None:
    """One step of the schedule."""
    seen.done.update(step.wire)
    began = made.testbed.testbed.now_ms()
    made.plan(*step.wire)
    if made.form.routes:
        made.overspend()
    seen.done[step.act] += 1
    seen.seen[step.act] += ACTS[step.act](made, step)
    made.plan()
    made.times.setdefault(step.act, []).append((began, made.testbed.testbed.now_ms()))


def _live(seconds: float) -> None:
    time.sleep(seconds)  # not waiting for anything: the moment is the run's random input


def _nothing(made: World, step: Step) -> int:
    made.ready()
    _live(max(step.seconds, 3.0))
    return 1


def _kill(made: World, step: Step) -> int:
    exporter = made.ready()
    _live(step.seconds)
    exporter.kill()
    made.died()
    return int(exporter.popen.returncode == -signal.SIGKILL)


def _die(made: World, step: Step, vfs: str | None = None) -> int:
    """At a point, by order; what was seen is that it was there."""
    if made.form.burst:
        made.burst()
    if not step.is_early:
        made.ready(vfs=vfs)
        _live(step.seconds)
    exporter = made.running(vfs=vfs)
    made.order(point=step.point, count=step.count)
    until(lambda: fetch(f"{made.url}/-/ready") or not exporter.running, what=made.tail)
    began = time.monotonic()
    while exporter.running and time.monotonic() - began < (10 if made.testbed.account.exhausted else _DIES_WITHIN):
        _live(0.05)
    died = not exporter.running
    if not died:
        exporter.kill()
    made.order()
    made.died()
    return int(died and exporter.popen.returncode == -signal.SIGKILL)


def _cut(made: World, step: Step) -> int:
    """Writes that were lost or torn; a cut by which chance kept all of them is made again."""
    lost = 0
    for _ in range(_CUTS):
        before = len(made.heard("power"))
        _die(made, step, vfs=POWER)
        lost += sum(told["lost"] + told["torn"] for told in made.heard("power")[before:])
        if lost or step.point == AFTER_SYNC:
            break
    return lost


def _terminate(made: World, step: Step) -> int:
    made.ready()
    _live(step.seconds)
    return int(made.end() == 0)


def _fill(made: World, _: Step) -> int:
    """A fresh log has no room of its own yet, so that the next commit asks for some."""
    made.end()
    exporter = made.ready()
    before = _complaints(made)
    with made.disk.full(exporter):
        until(lambda: _complaints(made) > before or not exporter.running, what=made.tail)
    return int(exporter.running)


def _complaints(made: World) -> float:
    """In the metrics, and in the log: where not even the stamp of a page finds room, no new page is published."""
    counted = made.summed(catalog.SOURCE_ERRORS, "reason").get(("ledger",), 0)
    return counted + made.log.read_text().count(": the disk is full")


def _fresh(name: str) -> str:
    """A name whose log holds the words of one process alone."""
    return f"{name}-{time.monotonic_ns()}"


def _write_protect(made: World, _: Step) -> int:
    if not made.disk.can_be_read_only:
        return 0
    made.end()
    with made.disk.read_only():
        refused = made.process(f"127.0.0.1:{free_port()}", _fresh("refused"))
        until(lambda: not refused.running, what="an exporter without a disk ends")
    said = refused.log.read_text()
    return int(refused.popen.returncode == 2 and "Traceback" not in said and said.count("athena-exporter: ") == 1)


def _second(made: World, _: Step) -> int:
    made.ready()
    second = made.process(f"127.0.0.1:{free_port()}", _fresh("second"), vfs=made.vfs, is_stranger=made.form.is_leased)
    try:
        until(lambda: not second.running, what="a second exporter is refused", seconds=_DIES_WITHIN)
    except AssertionError:
        second.kill()
        return 0
    said = second.log.read_text()
    return int(second.popen.returncode == 2 and "another exporter uses it" in said)


def _jump(made: World, step: Step) -> int:
    made.ready()
    before = len(made.heard("clock"))
    made.order(clock_seconds=step.jump)
    until(lambda: len(made.heard("clock")) > before, what="the exporter looks at its clock")
    _live(max(step.seconds, 2.0))
    made.order()
    until(lambda: len(made.heard("clock")) > before + 1, what="the exporter looks at its clock again")
    return 1


ACTS: Mapping[str, Callable[[World, Step], int]] = {
    "nothing": _nothing,
    "SIGKILL": _kill,
    "crash points": _die,
    "power cut": _cut,
    "SIGTERM": _terminate,
    "disk full": _fill,
    "read-only disk": _write_protect,
    "two exporters": _second,
    "machine's clock": _jump,
}
"""Name of a fault -> what does it; each answers how often what had to be seen was."""


def make_sure(made: World, seen: Seen) -> None:
    """Faults of the wire that struck nobody, for an episode may have few calls: on until they do, or for so long."""
    made.gather()
    struck_by_testbed = {*names(Way.WIRE), *names(Way.ACCOUNT)} & {*made.form.faults}
    unseen = sorted(name for name in struck_by_testbed if not made.struck[name])
    if not unseen:
        return
    made.ready()
    made.plan(*unseen)
    seen.done.update(unseen)
    began = time.monotonic()
    while not all(made.is_struck(name) for name in unseen) and time.monotonic() - began < _STRIKES_WITHIN:
        _live(0.2)
    made.plan()


def company(made: World, seen: Seen) -> None:
    """What went wrong from the start to the end, counted where it was done."""
    for name in made.form.faults:
        if FAULTS[name].way is Way.COMPANY:
            seen.done[name] += 1
            seen.seen[name] += _COUNTED[name](made)
            made.times[name] = [(0, 2**62)]


def _twice(made: World) -> int:
    ids = [event["EventId"] for event in _newest(made)]
    return len(ids) - len(set(ids))


def _disordered(made: World) -> int:
    times = [event["EventTime"] for event in _newest(made)]
    return sum(later > earlier for earlier, later in pairwise(times))


def _lost(made: World) -> int:
    return len(made.testbed.testbed.bridge.lost)


_COUNTED: Mapping[str, Callable[[World], int]] = {
    "duplicates": _twice,
    "late and reordered": _disordered,
    "lost events": _lost,
}


def _newest(made: World) -> list[dict[str, Any]]:
    """What LookupEvents shows of the newest records."""
    found: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    for _ in range(20):
        answer = made.files.cloudtrail.lookup_events(MaxResults=50, **token)
        found += answer["Events"]
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    return found
