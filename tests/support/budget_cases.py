"""For each alert on budgets a story that fires it and some that must not: see rule_cases.

The budgets are those that ship, so that the alerts are known to need no configuration.
"""

from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from functools import partial
from typing import Any

import book
from book import DAY, HOUR, MINUTE, TARGET
from rule_cases import GIB, TIB, WHERE, Alert, Case, Runs
from rule_stories import SCRAPED, Story

from athena_exporter.budgets import Allowance, Amount, Budget, Calendar, Enforce, Mode, Per, Period, Result, Unit
from athena_exporter.config import Config
from athena_exporter.records import epoch_ms

SHIPPED = {"budgets": tuple(one.budget() for one in Config().budgets)}
"""1 TiB a user and day, 250 USD a workgroup and month; both warn from 80 % on."""
_STEP = 5 * MINUTE


def _own(**said: Any) -> dict[str, tuple[Budget, ...]]:
    """A TiB a user and day, and what a case wants otherwise."""
    limit = Amount(unit=Unit.BYTES, value=TIB)
    return {"budgets": (Budget(name="own", per=Per.USER, window=Calendar(period=Period.DAY), limit=limit, **said),)}


def _standing(share: str, budget: str = "user-daily", more: str = "") -> Alert:
    return Alert(
        labels=WHERE | {"budget": budget, "subject": "ann"},
        description=f"ann (account 111122223333, eu-west-1) has used {share} of the limit of budget {budget}{more}.",
    )


def _scans(story: Story, scanned: int, *, is_known: bool = True, pause: timedelta = timedelta(0)) -> None:
    """One query ends, whose user is known at once or not at all; with a pause it was long ago."""
    execution, start = Runs(story).started("ann", "console", scanned_bytes=scanned)
    story.passes(5 * MINUTE)
    story.sweep(execution, *([start] if is_known else []))
    story.passes(pause, is_up=False)
    story.passes(10 * MINUTE)


_TWICE = Allowance(subject=("ann",), limit=Amount(unit=Unit.BYTES, value=2 * TIB), until=None, reason="closing")
_ENOUGH = ", enough for a warning"
WARNED = (
    Case(
        name="a user has scanned 85 % of the day's TiB",
        tell=partial(_scans, scanned=TIB * 85 // 100),
        alerts=(_standing("85%", more=_ENOUGH),),
        settings=SHIPPED,
        step=_STEP,
    ),
    Case(
        name="a budget of its own warns from half on",
        tell=partial(_scans, scanned=TIB * 60 // 100),
        alerts=(_standing("60%", "own", _ENOUGH),),
        settings=_own(warn=Fraction(1, 2)),
        step=_STEP,
    ),
    Case(
        name="a user has scanned 75 % of the day's TiB",
        tell=partial(_scans, scanned=TIB * 75 // 100),
        settings=SHIPPED,
        step=_STEP,
    ),
    Case(
        name="the limit itself was hit, which is another alert",
        tell=partial(_scans, scanned=TIB),
        settings=SHIPPED,
        step=_STEP,
    ),
    Case(
        name="a new UTC day has begun",
        tell=partial(_scans, scanned=TIB * 85 // 100, pause=DAY),
        settings=SHIPPED,
        step=_STEP,
    ),
)
EXCEEDED = (
    Case(
        name="a user has scanned 1.5 TiB in a day",
        tell=partial(_scans, scanned=TIB * 3 // 2),
        alerts=(_standing("150%"),),
        settings=SHIPPED,
        step=_STEP,
    ),
    Case(
        name="a user has scanned the day's TiB to the byte",
        tell=partial(_scans, scanned=TIB),
        alerts=(_standing("100%"),),
        settings=SHIPPED,
        step=_STEP,
    ),
    Case(
        name="a user has scanned all but a MiB of the day's TiB",
        tell=partial(_scans, scanned=TIB - 2**20),
        settings=SHIPPED,
        step=_STEP,
    ),
    Case(
        name="nobody knows yet who scanned 1.5 TiB",
        tell=partial(_scans, scanned=TIB * 3 // 2, is_known=False),
        settings=SHIPPED,
        step=_STEP,
    ),
    Case(
        name="an exception gives the user twice as much",
        tell=partial(_scans, scanned=TIB * 3 // 2),
        settings=_own(exceptions=(_TWICE,)),
        step=_STEP,
    ),
    Case(
        name="a new UTC day has begun",
        tell=partial(_scans, scanned=TIB * 3 // 2, pause=DAY),
        settings=SHIPPED,
        step=_STEP,
    ),
)


def _spends(story: Story, length: timedelta, month: float) -> None:
    """A query every six hours, at a speed that uses this share of the workgroup's budget in a month of 31 days."""
    runs = Runs(story)
    each = round(month * 50 * TIB / (31 * 4))
    story.passes(length, each=lambda: story.sweep(runs.query(scanned_bytes=each)))


FORECAST = (
    Case(
        name="for ten days a workgroup has spent a fifth more than its month allows",
        tell=partial(_spends, length=10 * DAY, month=1.2),
        alerts=(
            Alert(
                labels=WHERE | {"budget": "workgroup-monthly", "subject": "etl"},
                description="etl (account 111122223333, eu-west-1) will have used 120% of the limit of budget "
                "workgroup-monthly when the month ends, if it goes on as it went so far.",
            ),
        ),
        settings=SHIPPED,
        step=6 * HOUR,
    ),
    Case(
        name="it has for five days: no weekend was among them",
        tell=partial(_spends, length=5 * DAY, month=1.2),
        settings=SHIPPED,
        step=6 * HOUR,
    ),
    Case(
        name="it spends a twentieth less than its month allows",
        tell=partial(_spends, length=10 * DAY, month=0.95),
        settings=SHIPPED,
        step=6 * HOUR,
    ),
    Case(
        name="it is over the limit already, which is another alert",
        tell=partial(_spends, length=10 * DAY, month=4),
        settings=SHIPPED,
        step=6 * HOUR,
    ),
    Case(
        name="a day's budget will not last until midnight",
        tell=lambda story: _burns(story, quiet=timedelta(0), length=18 * HOUR, each=51 * GIB),
        settings=SHIPPED,
        step=HOUR,
    ),
)


def _burns(story: Story, quiet: timedelta, length: timedelta, each: int) -> None:
    """Nobody looks for a while, then a query of the same user ends at every step."""
    story.passes(quiet, is_up=False)
    story.passes(min(quiet, HOUR))
    story.passes(length, each=_queries(story, each))


def _queries(story: Story, each: int) -> Callable[[], None]:
    runs = Runs(story)
    return lambda: story.sweep(*runs.started("ann", "console", scanned_bytes=each))


def _one_large_query(story: Story, then: timedelta) -> None:
    """Among small ones."""
    runs = Runs(story)
    story.sweep(*runs.started("ann", "console", scanned_bytes=GIB))
    story.passes(2 * HOUR)
    story.sweep(*runs.started("ann", "console", scanned_bytes=700 * GIB))
    story.passes(then, each=lambda: story.sweep(*runs.started("ann", "console", scanned_bytes=GIB)))


def _comes_back(story: Story) -> None:
    """For an hour and a half nobody could read Athena; then 600 GiB come at once, and the user goes on."""
    late = _queries(story, 20 * GIB)
    late()
    story.passes(2 * HOUR)
    story.passes(90 * MINUTE, each=lambda: None)
    for _ in range(30):
        late()
    story.passes(40 * MINUTE, each=late)


def _burning(left: str) -> Alert:
    return Alert(
        labels=WHERE | {"budget": "user-daily", "subject": "ann"},
        description="At the speed of the last hour ann (account 111122223333, eu-west-1) will have used up budget "
        f"user-daily in {left}; the threshold is 3 h.",
    )


BURN_RATE = (
    Case(
        name="a user scans 45 GiB every five minutes",
        tell=partial(_burns, quiet=HOUR, length=75 * MINUTE, each=45 * GIB),
        # Of 1,024 GiB 675 are used, at 540 an hour.
        alerts=(_burning("38m 46s"),),
        settings=SHIPPED,
        step=_STEP,
    ),
    Case(
        name="a user scans 45 GiB every five minutes since midnight",
        tell=partial(_burns, quiet=timedelta(0), length=55 * MINUTE, each=45 * GIB),
        # Of the hour only 55 minutes are known: 495 GiB of 1,024.
        alerts=(_burning("1h 4m 7s"),),
        settings=SHIPPED,
        step=_STEP,
    ),
    Case(
        name="a user scans 10 GiB every five minutes",
        tell=partial(_burns, quiet=HOUR, length=2 * HOUR, each=10 * GIB),
        settings=SHIPPED,
        step=_STEP,
    ),
    Case(
        name="one query has just scanned 700 GiB",
        tell=partial(_one_large_query, then=15 * MINUTE),
        settings=SHIPPED,
        step=_STEP,
    ),
    Case(
        name="forty minutes ago one query scanned 700 GiB",
        tell=partial(_one_large_query, then=40 * MINUTE),
        settings=SHIPPED,
        step=_STEP,
    ),
    Case(
        name="the day ends before the limit is hit",
        tell=partial(_burns, quiet=20 * HOUR, length=170 * MINUTE, each=25 * GIB),
        settings=SHIPPED,
        step=_STEP,
    ),
    Case(name="much comes at once after an outage", tell=_comes_back, settings=SHIPPED, step=_STEP),
)


def _guarded(story: Story, mode: Mode, *ends: Result) -> None:
    """Somebody is over a limit that the guard enforces and has as many queries running; so ends what it does."""
    story.sweep(*Runs(story).started("ann", "console", scanned_bytes=2 * TIB))
    story.passes(10 * MINUTE)
    for number in range(900, 900 + len(ends)):
        story.sweep(book.running(number, at=story.now, workgroup="etl"), book.start(number, "ann", at=story.now))
    guard = story.ledger.guard_book(TARGET)
    intents = guard.intend(guard.excesses(story.now), mode, epoch_ms(story.now))
    for intent, result in zip(intents, ends, strict=True):
        guard.end(intent, result, epoch_ms(story.now))
    story.passes(10 * MINUTE)


_ENFORCED = _own(enforce=Enforce.STOP_QUERIES)
GUARD_ACTED = (
    Case(
        name="the guard stopped two queries, the first ones ever",
        tell=lambda story: _guarded(story, Mode.ENFORCE, Result.STOPPED, Result.STOPPED),
        alerts=(
            Alert(
                labels=WHERE | {"budget": "own"},
                description="Queries that the guard stopped in the last hour for budget own (account 111122223333, "
                "eu-west-1): 2.",
            ),
        ),
        settings=_ENFORCED,
    ),
    Case(
        name="the guard is on trial",
        tell=lambda story: _guarded(story, Mode.DRY_RUN, Result.DRY_RUN),
        settings=_ENFORCED,
    ),
    Case(
        name="the query had ended before",
        tell=lambda story: _guarded(story, Mode.ENFORCE, Result.ALREADY_FINISHED),
        settings=_ENFORCED,
    ),
)


def _failing(result: str, number: int) -> Alert:
    return Alert(
        labels=WHERE | {"budget": "own", "result": result},
        description="Queries that the guard could not stop in the last hour for budget own (account 111122223333, "
        f"eu-west-1), {result}: {number}.",
    )


GUARD_FAILING = (
    Case(
        name="of four queries it may not stop two, and is throttled, and too late",
        tell=lambda story: _guarded(
            story, Mode.ENFORCE, Result.DENIED, Result.DENIED, Result.THROTTLED, Result.EXPIRED
        ),
        alerts=(_failing("denied", 2), _failing("expired", 1), _failing("throttled", 1)),
        settings=_ENFORCED,
    ),
    Case(
        name="AWS refuses the stop",
        tell=lambda story: _guarded(story, Mode.ENFORCE, Result.FAILED),
        alerts=(_failing("failed", 1),),
        settings=_ENFORCED,
    ),
    Case(
        name="it stopped one, one had ended, one the kill switch spared",
        tell=lambda story: _guarded(story, Mode.ENFORCE, Result.STOPPED, Result.ALREADY_FINISHED, Result.KILLED),
        settings=_ENFORCED,
    ),
)


def _notified(story: Story, minutes: int, **results: int) -> None:
    """A channel is there since long; then at every minute so many messages have these results."""

    def minute() -> None:
        for result, count in results.items():
            story.telemetry.notified("ops", result, count)
        story.sweep()

    for result in ("sent", "failed", "refused", "skipped"):
        story.telemetry.notified("ops", result, 0)
    story.passes(10 * MINUTE)
    story.passes(minutes * MINUTE, each=minute)


def _told_in_vain(result: str, number: int) -> Alert:
    return Alert(
        labels=SCRAPED | {"channel": "ops", "result": result},
        description=f"Notifications of exporter:9989 over channel ops that came to nothing, {result}: {number}.",
    )


def _refused_once(story: Story) -> None:
    _notified(story, 1, refused=1)
    story.passes(20 * MINUTE)


def _back_again(story: Story) -> None:
    _notified(story, 9, failed=1)
    story.telemetry.notified("ops", "sent", 1)
    story.passes(10 * MINUTE)


NOTIFICATIONS_FAILING = (
    Case(
        name="a channel has not answered for twenty minutes",
        tell=partial(_notified, minutes=20, failed=1),
        alerts=(_told_in_vain("failed", 15),),
    ),
    Case(
        name="a channel refused a message twenty minutes ago",
        tell=_refused_once,
        alerts=(_told_in_vain("refused", 1),),
    ),
    Case(name="a channel answered after nine minutes", tell=_back_again),
    Case(
        name="some tries fail, and messages come through",
        tell=partial(_notified, minutes=30, failed=2, sent=1, skipped=5),
    ),
)

CASES: dict[str, tuple[Case, ...]] = {
    "AthenaBudgetWarned": WARNED,
    "AthenaBudgetExceeded": EXCEEDED,
    "AthenaBudgetForecast": FORECAST,
    "AthenaBudgetBurnRate": BURN_RATE,
    "AthenaGuardActed": GUARD_ACTED,
    "AthenaGuardFailing": GUARD_FAILING,
    "AthenaNotificationsFailing": NOTIFICATIONS_FAILING,
}
"""By the alert's name."""
