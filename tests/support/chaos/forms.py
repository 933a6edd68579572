"""How long a run is and what it goes through; and its schedule, which the seed decides."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from random import Random
from typing import Any

from crashing_exporter import COMMITTED, HEARD, KNOWN, READ

from chaos.exporter import (
    BEFORE_SEND,
    IN_TRANSACTION,
    POINTS,
    POWER_POINTS,
)
from chaos.faults import FAULTS, Way, names

LOOKUP, EVENTBRIDGE, TRAIL = "lookup", "eventbridge", "trail"
ROUTES = (LOOKUP, EVENTBRIDGE, TRAIL)
DEADLY = ("crash points", "SIGKILL", "crash points", "power cut", "crash points")
"""The acts that kill, in the shares in which they come."""
_NOT_IN_A_PLAN = (Way.ACT, Way.COMPANY)
_ROUTE_OF = {HEARD: EVENTBRIDGE, READ: TRAIL, KNOWN: TRAIL}
"""Crash points that one route alone passes."""
_RARE = frozenset({KNOWN, READ, "reveal->publish", "intent->act", "act->record"})
"""Crash points that are passed seldom: the first passage is taken."""
_OF_THE_GUARD = frozenset({"intent->act", "act->record"})
"""Passed a second after a step begins, which is when somebody comes over a limit: a later order would be too late."""

_MOST_PASSAGES = {**dict.fromkeys(POWER_POINTS, 25), "write": 1_000}
"""How many passages are waited for at most, where it is not five."""

_LONE = 3
"""Steps of a run without any act."""
_IN_A_BURST = 4
"""Two pages at least of a burst are committed then, and one is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One size of a run.

    Attributes:
        queries: how many there are at least.
        a_second: how fast they come.
        kills: how often the exporter dies by SIGKILL; each other act comes once for every seven of them, once at least.
        routes: what tells who started a query.
        untold: states of queries that EventBridge's rules leave out.
        unruled: workgroups that they leave out; sweeps, CloudTrail's files and its API tell of these.
        faults: which of faults.FAULTS are on.
        points: the crash points in turn.
        cuts: where the power fails in turn.
        hang_seconds: how long a transaction hangs before its process dies in it.
        dwell: seconds, at least and at most, that an exporter lives before something is done to it.
        is_leased: the ledger is on a disk without locks, with a lease.
        megabytes: the size of the ledger's disk.
        settles: seconds until all has to be read once the company is quiet; the exporter may be far behind it.
        patience: seconds until every check has to hold once all is read.
        warm_up: seconds that a series is 0.
        publishes: seconds between two pages: to render one of a large company takes a tenth of a second.
        full_pass: seconds between two reads of CloudTrail's whole window.
        retention: seconds until a decided query is forgotten.
        is_governed: CloudTrail's events of Lake Formation are read; what is later than `retention` is not told.
        hidden_seconds: for how long a queue hides a received message at most; one that is not deleted comes again.
        begins_whole: the first exporter sweeps everything before anything is done to it.
        spare: how many more come at most, as a share, while the rest is waited for.
        burst: so many queries run before each death at a crash point, while no exporter does.
    """

    queries: int
    a_second: float
    kills: int
    routes: Sequence[str] = ROUTES
    untold: Sequence[str] = ("QUEUED",)
    unruled: Sequence[str] = ()
    faults: Sequence[str] = tuple(FAULTS)
    points: Sequence[str] = POINTS
    cuts: Sequence[str] = POWER_POINTS
    hang_seconds: float = 1.5
    dwell: tuple[float, float] = (0.2, 3.5)
    is_leased: bool = False
    megabytes: int = 256
    settles: float = 900.0
    patience: float = 120.0
    warm_up: float = 6.0
    publishes: float = 0.5
    full_pass: float = 30.0
    retention: float = 40.0
    is_governed: bool = True
    hidden_seconds: float = 20.0
    begins_whole: bool = False
    burst: int = 0
    spare: float = 0.1

    @property
    def most(self) -> int:
        """No more queries than that: a machine that is busy with other work takes longer, and shall not have more."""
        return int((1 + self.spare) * self.queries) + 200


CI = Form(
    queries=1_500,
    a_second=40,
    kills=8,
    dwell=(0.1, 1.0),
    warm_up=4.0,
    full_pass=5.0,
    retention=20.0,
    hidden_seconds=5.0,
)
_LARGE: Mapping[str, Any] = {
    "a_second": 400,
    "dwell": (0.2, 4.0),
    "hidden_seconds": 8.0,
    "spare": 0.01,
    "warm_up": 8.0,
    "publishes": 2.0,
    "full_pass": 180.0,
    "untold": ("QUEUED", "RUNNING"),
    "unruled": ("airflow-core", "airflow-ml", "analytics", "dashboards", "dbt-prod"),
}
"""As many queries as two cores can play, tell on three routes and count, with room to catch up after each death."""
FORMS: Mapping[str, Form] = {
    "ci": CI,
    "normal": Form(queries=100_000, kills=20, megabytes=1_024, patience=240, **_LARGE),
    "full": Form(
        queries=1_000_000, kills=100, megabytes=4_096, settles=3_600, patience=2_400, retention=600.0,
        **{**_LARGE, "full_pass": 1_800.0},
    ),
}  # fmt: skip  # rows
"""What `make chaos` runs, and CI."""
_SHORT = replace(CI, queries=600, a_second=100, kills=3, faults=("crash points",), patience=40.0)
SHORTEST: Mapping[str, Form] = {
    "outbox": replace(_SHORT, points=(BEFORE_SEND,)),
    "pruned": replace(
        _SHORT, queries=1_500, kills=4, routes=(LOOKUP,), points=(COMMITTED,), retention=12.0, hang_seconds=0.0,
        dwell=(8.0, 12.0), is_governed=False,
    ),
    "sweeps": replace(
        _SHORT, queries=900, a_second=1, kills=3, routes=(), points=(COMMITTED,), hang_seconds=0.0, begins_whole=True,
        burst=300,
    ),
    "quiet": replace(_SHORT, queries=300, kills=0, faults=()),
    "random": replace(_SHORT, kills=3, dwell=(9.0, 11.0), a_second=40, queries=1_500, faults=("SIGKILL",)),
    "leased": replace(_SHORT, kills=1, points=(COMMITTED,), is_leased=True, faults=("crash points", "two exporters")),
    "events": replace(_SHORT, routes=(EVENTBRIDGE,), points=(IN_TRANSACTION, COMMITTED, HEARD), kills=4),
    "powerless": replace(
        _SHORT, queries=1_000, kills=3, faults=("power cut",), cuts=("write",), dwell=(6.0, 8.0)
    ),
}  # fmt: skip  # a table
"""The shortest forms in which a safety is missed; each is green with all safeties on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One episode: which faults of the wire are on, and how it ends for the exporter.

    `point` and `count`: where it dies. `seconds`: how long it lives before, but
    where the order is there when it starts (`is_early`). `jump`: how many seconds its clock is off.
    """

    wire: Sequence[str]
    act: str
    point: str
    count: int
    seconds: float
    is_early: bool
    jump: float


def schedule(form: Form, seed: int) -> list[Step]:
    """The same form and seed make the same steps."""
    chance = Random(f"chaos/{seed}")
    acts = [*_deaths(form), *_others(form)]
    chance.shuffle(acts)
    points, cuts = cycle(_points(form)), cycle(form.cuts)
    wire = _dealt([name for name in form.faults if FAULTS[name].way not in _NOT_IN_A_PLAN], chance)
    turns = {"crash points": points, "power cut": cuts}
    return [_step(form, act, next(wire), next(turns[act]) if act in turns else "", chance) for act in acts]


def _step(form: Form, act: str, wire: Sequence[str], point: str, chance: Random) -> Step:
    return Step(
        wire=wire,
        act=act,
        point=point,
        count=_IN_A_BURST if form.burst else 1 if point in _RARE else chance.randint(1, _MOST_PASSAGES.get(point, 5)),
        seconds=chance.uniform(*form.dwell),
        is_early=form.burst > 0 or (form.dwell[0] < 1 and chance.random() < 0.5) or point in _OF_THE_GUARD,
        jump=chance.choice((-1, 1)) * chance.choice((7200, 3 * 86_400)),
    )


def _deaths(form: Form) -> Iterator[str]:
    on = [name for name in DEADLY if name in form.faults]
    return islice(cycle(on), form.kills) if on else iter(())


def _others(form: Form) -> list[str]:
    """Each other act so often; without any act a few steps that do nothing but wait."""
    acts = [name for name in names(Way.ACT) if name in form.faults]
    wire = [name for name in form.faults if FAULTS[name].way not in _NOT_IN_A_PLAN]
    if wire and not acts:
        return ["nothing"] * max(_LONE, len(wire))
    return [name for name in acts if name not in DEADLY] * max(1, form.kills // 7)


def _points(form: Form) -> list[str]:
    return [point for point in form.points if point not in _ROUTE_OF or _ROUTE_OF[point] in form.routes]


def _dealt(names: Sequence[str], chance: Random) -> Iterator[Sequence[str]]:
    """Up to three at a time; all have had their turn before one comes again."""
    while True:
        deck = list(names)
        chance.shuffle(deck)
        for start in range(0, max(len(deck), 1), 3):
            yield deck[start : start + 3]
