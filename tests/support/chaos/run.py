"""One run: the schedule, then quiet, then the checks; and what is to be said of it."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from processes import until

from athena_exporter import catalog
from chaos import acts, checks
from chaos.acts import Seen
from chaos.checks import Finding
from chaos.forms import LOOKUP, TRAIL, Form, schedule
from chaos.world import ExporterEndedError, World, world

Say = Callable[[str], None]
_WHILE_CATCHING_UP = 4
"""So many times as long as for a check is waited for the guard: the exporter may be far behind the company."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One fault: how often it was done, what was seen, and what was lost or told twice of queries of its time."""

    fault: str
    done: int
    seen: int
    lost: int
    twice: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a run. `trouble`: why it could not come to its checks, else None."""

    queries: int
    deaths: int
    seconds: float
    rows: Sequence[Row]
    findings: Mapping[str, Finding]
    trouble: str | None = None

    @property
    def failed(self) -> list[str]:
        """Checks that do not hold."""
        return [name for name, finding in self.findings.items() if not finding.is_clean]

    @property
    def unseen(self) -> list[str]:
        """Faults that were switched on and never really there."""
        return [row.fault for row in self.rows if not row.seen]

    @property
    def is_clean(self) -> bool:
        return not (self.trouble or self.failed or self.unseen)


def run(
    form: Form, seed: int, prometheus: str, folder: Path, *, safety_off: str | None = None, say: Say = lambda _: None
) -> Result:
    """Live through a schedule, then compare everything."""
    began, seen = time.monotonic(), Seen()
    with world(form, seed, prometheus, folder, safety_off) as made:
        trouble, findings = None, {}
        try:
            _live_through(made, seen, say)
            findings = _compared(made, say)
        except (AssertionError, ExporterEndedError) as error:
            trouble = str(error)
            made.testbed.plan_faults([])  # whoever tidies up shall meet none
        return Result(
            queries=made.truth()["queries"],
            deaths=made.deaths,
            seconds=time.monotonic() - began,
            rows=_rows(made, seen, findings),
            findings=findings,
            trouble=trouble,
        )


def _live_through(made: World, seen: Seen, say: Say) -> None:
    steps = schedule(made.form, made.seed)
    if made.form.begins_whole:
        made.ready()
        until(lambda: made.summed(catalog.SOURCE_COMPLETE_UNTIL, "source"), what=made.tail)
    for number, step in enumerate(steps, start=1):
        say(f"{number}/{len(steps)} {step.act} {step.point}, {', '.join(step.wire) or 'nothing on the wire'}")
        acts.take(made, seen, step)
    made.ready()
    say("the rest of the queries")
    until(lambda: made.has_its_queries, seconds=made.form.settles * 4, what="the company has its queries")
    acts.make_sure(made, seen)
    acts.company(made, seen)
    say("the guard stops who is over a limit")
    patience = made.form.patience * (1 if made.safety_off else _WHILE_CATCHING_UP)
    with suppress(AssertionError):  # the check of the guard says how many it has not
        until(lambda: set(made.lasting) <= made.stopped, seconds=patience, what="all are stopped")


def _compared(made: World, say: Say) -> dict[str, Finding]:
    """Let all end and be read; then every check, again and again until it holds or patience is over."""
    over = datetime.fromisoformat(made.testbed.quiesce()["last_completion"]).timestamp()
    # Where the trail tells the same, LookupEvents is read as rarely as people would read it then.
    sources = ["athena", *([LOOKUP] if LOOKUP in made.form.routes and TRAIL not in made.form.routes else [])]

    def is_complete() -> bool:
        made.insist()
        found = made.summed(catalog.SOURCE_COMPLETE_UNTIL, "source")
        return min(found.get((source,), 0) for source in sources) > over

    say("quiet: everything is read to its end")
    settled = made.form.patience if made.safety_off else made.form.settles
    until(is_complete, seconds=settled, every=0.5, what=lambda: f"all is read\n{made.tail(1)}")
    if TRAIL in made.form.routes:
        made.files.cloudtrail.stop_logging(Name="trail")
    return _checked(made, say, time.monotonic() + made.form.patience)


def _checked(made: World, say: Say, deadline: float) -> dict[str, Finding]:
    """Every check at least once; those that do not hold again, in turn, so that none uses up another's patience.

    The account is this process: while it adds up a large truth, nobody is answered. So the queues may empty first.
    """
    found: dict[str, Finding] = {}
    say("the queues empty")
    with suppress(AssertionError):  # their check says how much is left
        until(lambda: checks.queues(made).is_clean, seconds=deadline - time.monotonic(), every=2, what="they are empty")
    deadline = max(deadline, time.monotonic() + made.form.patience / 4)
    while True:
        for name, check in checks.checks_of(made).items():
            if name not in found or not found[name].is_clean:
                say(f"checking {name}")
                found[name] = check(made)
        if time.monotonic() > deadline or all(one.is_clean for one in found.values()):
            return found
        time.sleep(0.5)


def _rows(made: World, seen: Seen, findings: Mapping[str, Finding]) -> list[Row]:
    ids = {query_id: fate for finding in findings.values() for query_id, fate in finding.ids.items()}
    ended = {plan.query_id: (plan.submitted_ms, plan.ended_ms) for plan in made.plans() if plan.query_id in ids}
    found = []
    for name in made.form.faults:
        hit = Counter(ids[one] for one, life in ended.items() if _overlap(life, made.times.get(name, ())))
        seen_all = seen.seen[name] + made.struck[name]
        found.append(Row(fault=name, done=seen.done[name], seen=seen_all, lost=hit["lost"], twice=hit["twice"]))
    return found


def _overlap(life: tuple[int, int], times: Iterable[tuple[int, int]]) -> bool:
    return any(since <= life[1] and life[0] <= until_ for since, until_ in times)
