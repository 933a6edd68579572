"""For each alert a story that fires it and at least one that must not: what happens, and what people then read.

Labels and sentences are written by hand; only the summary and the links, which are the same for every alert of a rule,
come from the table.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import book
from book import DAY, HOUR, MB, MINUTE, TARGET
from rule_stories import SCRAPED, Story, told

from athena_exporter import catalog
from athena_exporter.ledger.outbox import Bounds
from athena_exporter.outlets.metrics import render
from athena_exporter.records import (
    ActiveQueries,
    ActiveQueryQuota,
    ActiveQueryQuotas,
    Evidence,
    QueryError,
    QueryExecution,
    QuotaOrigin,
    Sample,
    StartedQuery,
    State,
    Workgroup,
    Workgroups,
)

GIB, TIB = 2**30, 2**40
WHERE = {"account_id": TARGET.account_id, "region": TARGET.region}
_ETL = WHERE | {"workgroup": "etl"}
_CONSUMER = SCRAPED | {"consumer": "events"}
SYNTAX = QueryError(category=2, type=1006, retryable=False)

Build = Callable[[Path], AbstractContextManager[Story]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert that is expected: the labels of its series, and its sentence."""

    labels: dict[str, str]
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A story, and which alerts of the rule fire at its end; none: it must be silent. `name` says what happens."""

    name: str
    tell: Callable[[Story], None]
    alerts: tuple[Alert, ...] = ()
    step: timedelta = MINUTE
    every: timedelta = MINUTE
    """How often promtool evaluates the rules, if more seldom than at every step."""
    settings: dict[str, Any] = field(default_factory=dict)

    def pages(self, folder: Path) -> Story:
        """The story, told to its end."""
        with told(folder, self.step, **self.settings) as story:
            self.tell(story)
            return story


class Runs:
    """Queries that end now, each with an id of its own."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._numbers = count(1)

    def query(self, **said: Any) -> QueryExecution:
        return book.query(next(self._numbers), at=self._story.now, **{"workgroup": "etl", **said})

    def started(self, user: str, client: str, **said: Any) -> tuple[QueryExecution, StartedQuery]:
        """A query and who started it."""
        number = next(self._numbers)
        execution = book.query(number, at=self._story.now, **{"workgroup": "etl", **said})
        return execution, book.start(number, user, at=self._story.now, client=client)


def _scan(story: Story, scanned_bytes: int) -> None:
    """The workgroup's counter is there since long; then one query ends."""
    runs = Runs(story)
    story.sweep(runs.query(scanned_bytes=10 * MB))
    story.passes(20 * MINUTE)
    story.sweep(runs.query(scanned_bytes=scanned_bytes))
    story.passes(20 * MINUTE)


def _scan_after_an_outage(story: Story) -> None:
    """For half an hour nobody could read Athena; then everything comes at once."""
    runs = Runs(story)
    story.sweep(runs.query(scanned_bytes=10 * MB))
    story.passes(20 * MINUTE)
    story.passes(30 * MINUTE, each=lambda: None)
    story.sweep(runs.query(scanned_bytes=6 * TIB))
    story.passes(20 * MINUTE)


def _first_query(story: Story) -> None:
    """The very first query of a workgroup is the dear one: its series is born at 0."""
    story.passes(10 * MINUTE)
    story.sweep(Runs(story).query(scanned_bytes=6 * TIB))
    story.passes(20 * MINUTE)


WORKGROUP_SCAN = (
    Case(
        step=5 * MINUTE,
        name="a workgroup scans 6 TiB within an hour, and the counter was there before",
        tell=partial(_scan, scanned_bytes=6 * TIB),
        alerts=(
            Alert(
                labels=_ETL,
                # increase() reckons with the half minute before the first sample, which nobody saw.
                description="Workgroup etl (account 111122223333, eu-west-1) scanned 6TiB in the last hour; "
                "the threshold is 5 TiB.",
            ),
        ),
    ),
    Case(
        step=5 * MINUTE,
        name="the workgroup's very first query scans 6 TiB",
        tell=_first_query,
        alerts=(
            Alert(
                labels=_ETL,
                description="Workgroup etl (account 111122223333, eu-west-1) scanned 6TiB in the last hour; "
                "the threshold is 5 TiB.",
            ),
        ),
    ),
    Case(step=5 * MINUTE, name="a workgroup scans 4 TiB within an hour", tell=partial(_scan, scanned_bytes=4 * TIB)),
    Case(
        step=5 * MINUTE, name="6 TiB are counted at once after half an hour without Athena", tell=_scan_after_an_outage
    ),
)


def _two_weeks(story: Story, then: int, now: int) -> None:
    """A query every hour for eight hours, `then` bytes each; a week later the same hours have `now` bytes each."""
    runs = Runs(story)
    story.passes(8 * HOUR, each=lambda: story.sweep(runs.query(scanned_bytes=then)))
    story.passes(7 * DAY - 8 * HOUR, is_up=False)
    story.passes(8 * HOUR, each=lambda: story.sweep(runs.query(scanned_bytes=now)))


def _outage_now(story: Story) -> None:
    """Twenty hours without Athena; then all that ran meanwhile is counted at once, no more than a week before."""
    runs = Runs(story)
    story.passes(DAY, each=lambda: story.sweep(runs.query(scanned_bytes=50 * GIB)))
    story.passes(6 * DAY, is_up=False)
    story.passes(20 * HOUR, each=lambda: None)
    story.sweep(*(runs.query(scanned_bytes=50 * GIB) for _ in range(20)))
    story.passes(4 * HOUR, each=lambda: story.sweep(runs.query(scanned_bytes=50 * GIB)))


def _outage_then(story: Story) -> None:
    """A week before nothing could be counted for the first hours of the six; today is as that day was."""
    runs = Runs(story)
    story.passes(3 * HOUR, each=lambda: story.sweep(runs.query(scanned_bytes=50 * GIB)))
    story.passes(4 * HOUR, each=lambda: None)
    story.passes(HOUR, each=lambda: story.sweep(runs.query(scanned_bytes=50 * GIB)))
    story.passes(7 * DAY - 8 * HOUR, is_up=False)
    story.passes(12 * HOUR, each=lambda: story.sweep(runs.query(scanned_bytes=50 * GIB)))


def _young(story: Story) -> None:
    runs = Runs(story)
    story.passes(8 * HOUR)
    story.passes(7 * DAY - 8 * HOUR, is_up=False)
    story.passes(8 * HOUR, each=lambda: story.sweep(runs.query(scanned_bytes=100 * GIB)))


SPIKE = (
    Case(
        name="a workgroup scans four times what it scanned a week before",
        tell=partial(_two_weeks, then=50 * GIB, now=200 * GIB),
        step=HOUR,
        every=2 * HOUR,
        alerts=(
            Alert(
                labels=_ETL,
                description="Workgroup etl (account 111122223333, eu-west-1) scanned in the last six hours 400% of "
                "what it scanned in the same hours a week before; the threshold is 300 %.",
            ),
        ),
    ),
    Case(
        name="it scans twice as much", tell=partial(_two_weeks, then=50 * GIB, now=100 * GIB), step=HOUR, every=2 * HOUR
    ),
    Case(name="four times next to nothing", tell=partial(_two_weeks, then=GIB, now=4 * GIB), step=HOUR, every=2 * HOUR),
    Case(name="all is counted at once after an outage", tell=_outage_now, step=HOUR, every=2 * HOUR),
    Case(name="the exporter was out a week before", tell=_outage_then, step=HOUR, every=2 * HOUR),
    Case(name="the workgroup is younger than a week", tell=_young, step=HOUR, every=2 * HOUR),
)


def _cutoff(story: Story, *, is_cut_off: bool) -> None:
    story.passes(10 * MINUTE)
    story.sweep(Runs(story).query(state=State.CANCELLED, cutoff_hit=is_cut_off))
    story.passes(2 * HOUR)


CUTOFF_HITS = (
    Case(
        name="Athena cut a query off two hours ago",
        tell=partial(_cutoff, is_cut_off=True),
        step=5 * MINUTE,
        alerts=(
            Alert(
                labels=_ETL,
                description="Workgroup etl (account 111122223333, eu-west-1): 1 of the last day's queries were cut off "
                "because they scanned more than the workgroup allows.",
            ),
        ),
    ),
    Case(name="a person cancelled a query", tell=partial(_cutoff, is_cut_off=False), step=5 * MINUTE),
)


def _settings(story: Story, *workgroups: Workgroup) -> None:
    story.tell(Workgroups(items=workgroups), source="workgroups")
    story.passes(2 * HOUR)


_STRICT = Workgroup(name="strict", is_enabled=True, is_enforced=True, is_publishing=True, cutoff_bytes=TIB)
_CLOSED = Workgroup(name="closed", is_enabled=False, is_enforced=False, is_publishing=False)
_LIMITLESS = Workgroup(name="limitless", is_enabled=True, is_enforced=True, is_publishing=True)
_LOOSE = Workgroup(name="loose", is_enabled=True, is_enforced=False, is_publishing=True, cutoff_bytes=TIB)


def _unguarded(name: str) -> Alert:
    return Alert(
        labels=WHERE | {"workgroup": name},
        description=f"Workgroup {name} (account 111122223333, eu-west-1) is enabled and has no scan limit, or does "
        "not enforce its settings on its clients.",
    )


UNGUARDED = (
    Case(
        name="one workgroup has no limit, one does not enforce its settings, one is as it should be",
        tell=lambda story: _settings(story, _LIMITLESS, _LOOSE, _STRICT),
        step=5 * MINUTE,
        alerts=(_unguarded("limitless"), _unguarded("loose")),
    ),
    Case(
        name="the only workgroup without a limit is disabled",
        tell=lambda story: _settings(story, _STRICT, _CLOSED),
        step=5 * MINUTE,
    ),
)


def _fail(story: Story, failed: int, succeeded: int, client: str = "console") -> None:
    """Queries of one client over a quarter of an hour; the counters are there since before."""
    runs = Runs(story)
    bad = {"state": State.FAILED, "error": SYNTAX}
    story.sweep(*runs.started("ann", client, **bad), *runs.started("ann", client))
    story.passes(70 * MINUTE)
    ends = [*([bad] * failed), *([{}] * succeeded)]
    story.tell(*(record for said in ends for record in runs.started("ann", client, **said)))
    story.passes(20 * MINUTE)


FAILURE_RATIO = (
    Case(
        step=5 * MINUTE,
        name="half of a workgroup's twenty queries fail",
        tell=partial(_fail, failed=10, succeeded=10),
        alerts=(
            Alert(
                labels=_ETL,
                description="50% of the queries that workgroup etl (account 111122223333, eu-west-1) finished in the "
                "last hour have failed; the threshold is 25 %.",
            ),
        ),
    ),
    Case(step=5 * MINUTE, name="all of four queries fail", tell=partial(_fail, failed=4, succeeded=0)),
    Case(step=5 * MINUTE, name="a tenth of a hundred queries fails", tell=partial(_fail, failed=10, succeeded=90)),
)
PIPELINE_FAILING = (
    Case(
        step=5 * MINUTE,
        name="three of Airflow's queries fail",
        tell=partial(_fail, failed=3, succeeded=90, client="airflow"),
        alerts=(
            Alert(
                labels=_ETL,
                description="3 queries failed in the last hour in workgroup etl (account 111122223333, eu-west-1), "
                "whose queries come from Airflow or dbt; more than 2 are no accident.",
            ),
        ),
    ),
    Case(
        step=5 * MINUTE,
        name="two of Airflow's queries fail",
        tell=partial(_fail, failed=2, succeeded=90, client="airflow"),
    ),
    Case(step=5 * MINUTE, name="three of a person's queries fail", tell=partial(_fail, failed=3, succeeded=90)),
)


def _queue(story: Story, seconds: int) -> None:
    runs = Runs(story)
    story.passes(30 * MINUTE, each=lambda: story.sweep(runs.query(queue_ms=seconds * 1000)))


QUEUE_TIME = (
    Case(
        name="every query waits two minutes",
        tell=partial(_queue, seconds=120),
        alerts=(
            Alert(
                labels=_ETL,
                # The bucket reaches from one minute to five; its 95th percentile is taken from the line between.
                description="5 % of the queries of workgroup etl (account 111122223333, eu-west-1) have waited longer "
                "than 4m 48s in Athena's queue; the threshold is 1 min.",
            ),
        ),
    ),
    Case(name="every query waits ten seconds", tell=partial(_queue, seconds=10)),
)


def _active(story: Story, told: int | None, running: int = 0) -> None:
    quota = ActiveQueryQuota(type="DML", queries=150, origin=QuotaOrigin.SERVICE_QUOTAS)
    story.tell(ActiveQueryQuotas(items=(quota,)), source="workgroups")
    story.tell(*(book.running(1000 + n, at=story.now, workgroup="etl") for n in range(running)))

    def minute() -> None:
        if told is not None:
            story.tell(ActiveQueries(by_type={"DML": told}), source="usage")
        story.sweep()

    story.passes(10 * MINUTE, each=minute)


_NEAR = Alert(
    labels=WHERE | {"type": "DML"},
    description="86.67% of the quota of active DML queries of account 111122223333 in eu-west-1 is used; "
    "the threshold is 80 %.",
)
ACTIVE_QUERIES = (
    Case(name="CloudWatch tells 130 of 150 active queries", tell=partial(_active, told=130), alerts=(_NEAR,)),
    Case(
        name="the exporter sees 130 queries under way, and CloudWatch is not read",
        tell=partial(_active, told=None, running=130),
        alerts=(_NEAR,),
    ),
    Case(name="CloudWatch tells 100 of 150 active queries", tell=partial(_active, told=100)),
)


def _down(story: Story, gone: timedelta) -> None:
    story.passes(10 * MINUTE)
    story.passes(gone, is_up=False)


def _gone(account: str, region: str) -> Alert:
    return Alert(
        labels={"account_id": account, "region": region},
        description=f"There are no figures of {account} in {region}: the exporter is down, not scraped, "
        "or no longer told to read it; or Prometheus does not answer.",
    )


def _never_there(story: Story) -> None:
    story.pages.clear()
    story.passes(10 * MINUTE, is_up=False)


_NOTHING = _gone("every account", "every Region")


def _restart(story: Story) -> None:
    _down(story, 2 * MINUTE)
    story.passes(10 * MINUTE)


EXPORTER_DOWN = (
    Case(
        name="the exporter stops answering",
        tell=partial(_down, gone=10 * MINUTE),
        alerts=(_gone("111122223333", "eu-west-1"), _NOTHING),
    ),
    Case(name="no exporter was ever there", tell=_never_there, alerts=(_NOTHING,)),
    Case(name="the exporter restarts within two minutes", tell=_restart),
    Case(name="the exporter has not answered for three minutes", tell=partial(_down, gone=3 * MINUTE)),
)


def _stale(story: Story, silent: timedelta) -> None:
    story.passes(10 * MINUTE)
    story.telemetry.read_failed(TARGET, "athena", "denied")
    story.passes(silent, each=lambda: None)


def _denied_from_the_beginning(story: Story) -> None:
    story.telemetry.read_failed(TARGET, "lookup", "denied")
    story.passes(15 * MINUTE)


def _switched_off(story: Story) -> None:
    """What a restarted exporter does not read any more is no trouble, though the ledger remembers it."""
    story.ledger.succeeded(TARGET, "lookup", story.now)
    story.passes(HOUR)


def _stands(source: str, age: str) -> Alert:
    return Alert(
        labels=WHERE | {"source": source},
        description=f"The source {source} of account 111122223333 in eu-west-1 was last read to its end {age} ago; "
        "the threshold is 30 min.",
    )


def _silent_channel(story: Story) -> None:
    story.telemetry.read_failed(TARGET, "notifications/ops", "network")
    story.passes(HOUR)


SOURCE_STALE = (
    Case(
        name="Athena has not been read for 45 minutes",
        tell=partial(_stale, silent=45 * MINUTE),
        alerts=(_stands("athena", "45m 0s"),),
    ),
    Case(
        name="CloudTrail could never be read",
        tell=_denied_from_the_beginning,
        alerts=(_stands("lookup", "+Inf"),),
    ),
    Case(name="Athena has not been read for 35 minutes", tell=partial(_stale, silent=35 * MINUTE)),
    Case(name="a source was switched off an hour ago", tell=_switched_off),
    Case(name="a channel of notifications does not answer, which is another alert", tell=_silent_channel),
)


def _calls(story: Story, throttled: int, length: timedelta = 50 * MINUTE) -> None:
    """A hundred calls at every step, so many of them throttled."""

    def minute() -> None:
        for number in range(100):
            result = "ThrottlingException" if number < throttled else "ok"
            story.telemetry.aws_call(TARGET, "cloudtrail", "LookupEvents", result)
        story.sweep()

    story.passes(length, each=minute)


SOURCE_THROTTLED = (
    Case(
        step=5 * MINUTE,
        name="a fifth of the calls to CloudTrail is throttled",
        tell=partial(_calls, throttled=20),
        alerts=(
            Alert(
                labels=WHERE | {"service": "cloudtrail"},
                description="20% of the exporter's calls to cloudtrail in account 111122223333, eu-west-1, were "
                "throttled in the last half hour; the threshold is 10 %.",
            ),
        ),
    ),
    Case(step=5 * MINUTE, name="a twentieth of the calls is throttled", tell=partial(_calls, throttled=5)),
    Case(
        step=5 * MINUTE,
        name="a fifth of the calls has been throttled for ten minutes",
        tell=partial(_calls, throttled=20, length=10 * MINUTE),
    ),
)


def _behind(story: Story, length: timedelta) -> None:
    story.passes(90 * MINUTE)
    story.passes(length, each=lambda: None)


BEHIND = (
    Case(
        step=5 * MINUTE,
        name="for an hour and a half nothing could be counted",
        tell=partial(_behind, length=90 * MINUTE),
        alerts=(
            Alert(
                labels=WHERE,
                description="The counts of account 111122223333 in eu-west-1 have been more than ten minutes behind "
                "for over an hour. Rules on spikes and thresholds of workgroups are silent until it has caught up.",
            ),
        ),
    ),
    Case(step=5 * MINUTE, name="for half an hour nothing could be counted", tell=partial(_behind, length=30 * MINUTE)),
)


def _nobodys(story: Story, nobodys: int, anns: int) -> None:
    """CloudTrail is read all the time; of some queries it never has a start."""
    runs = Runs(story)

    def both() -> None:
        story.sweep()
        story.read(Evidence.IDENTITIES, "lookup")

    story.sweep(runs.query(scanned_bytes=nobodys), *runs.started("ann", "console", scanned_bytes=anns))
    story.passes(5 * HOUR, each=both)


UNATTRIBUTED = (
    Case(
        name="a tenth of the day's bytes has no user after three hours",
        tell=partial(_nobodys, nobodys=10 * GIB, anns=90 * GIB),
        step=15 * MINUTE,
        alerts=(
            Alert(
                labels=WHERE,
                description="10% of the bytes of the last day in account 111122223333, eu-west-1, have no user "
                "although CloudTrail was asked; the threshold is 5 %.",
            ),
        ),
    ),
    Case(
        name="a hundredth of the day's bytes has no user",
        tell=partial(_nobodys, nobodys=GIB, anns=99 * GIB),
        step=15 * MINUTE,
    ),
    Case(
        name="all of next to nothing has no user",
        tell=partial(_nobodys, nobodys=10 * MB, anns=0),
        step=15 * MINUTE,
    ),
)
_WITH_OUTBOX = {"consumers": ("events",), "rules": {"facts": True}}


def _deliver(story: Story, *, is_delivered: bool, wait: timedelta = 25 * MINUTE) -> None:
    story.sweep(*Runs(story).started("ann", "console"))
    for fact in story.ledger.pending_facts("events", 10) if is_delivered else ():
        story.ledger.acknowledge("events", fact.seq)
    story.passes(wait)


DELIVERY_STUCK = (
    Case(
        name="an event has waited for 25 minutes",
        tell=partial(_deliver, is_delivered=False),
        settings=_WITH_OUTBOX,
        alerts=(
            Alert(
                labels=_CONSUMER,
                description="The oldest event in the outbox of exporter:9989 has waited 25m 0s for events; "
                "the threshold is 15 min. Nothing is lost yet.",
            ),
        ),
    ),
    Case(name="events are delivered", tell=partial(_deliver, is_delivered=True), settings=_WITH_OUTBOX),
    Case(
        name="what has waited for 25 minutes is a notification, which is another alert",
        tell=partial(_deliver, is_delivered=False),
        settings={"consumers": ("notifications/ops",), "rules": {"facts": True}},
    ),
    Case(
        name="what has waited for 25 minutes is the query history's, which gathers",
        tell=partial(_deliver, is_delivered=False),
        settings={"consumers": ("history",), "rules": {"facts": True}},
    ),
    Case(
        name="an event has waited for 17 minutes",
        tell=partial(_deliver, is_delivered=False, wait=17 * MINUTE),
        settings=_WITH_OUTBOX,
    ),
)


def _deep(story: Story, depth: int) -> None:
    """Half a million facts would take minutes to write: the exposition is real, the depth is told to it."""
    story.pages.clear()
    for _ in range(10):
        story.publish(
            render([Sample(metric=catalog.OUTBOX_DEPTH.name, target=None, labels=("events",), value=depth)]), b"-"
        )
        story.keep()


OUTBOX_NEAR_BOUND = (
    Case(
        name="600,000 facts wait",
        tell=partial(_deep, depth=600_000),
        alerts=(
            Alert(
                labels=_CONSUMER,
                description="600000 facts wait for events in the outbox of exporter:9989; the threshold is 500000. "
                "Beyond 2 GiB or 13 days the oldest are dropped.",
            ),
        ),
    ),
    Case(name="400,000 facts wait", tell=partial(_deep, depth=400_000)),
)


def _rejected(story: Story, number: int) -> None:
    story.telemetry.events_accepted("/athena-observability/queries", 10)
    story.passes(10 * MINUTE)
    if number:
        story.telemetry.events_rejected("/athena-observability/queries", "too_old", number)
    story.passes(10 * MINUTE)


def _dropped(story: Story) -> None:
    story.passes(10 * MINUTE)
    runs = Runs(story)
    story.sweep(*runs.started("ann", "console"), *runs.started("ann", "console"))
    story.ledger.prune(TARGET)
    story.passes(10 * MINUTE)


def _lost(reason: str, number: int) -> Alert:
    return Alert(
        labels=SCRAPED | {"reason": reason},
        description=f"Events of exporter:9989 that were lost in the last hour, {reason}: {number}. Metrics and "
        "reports know their queries all the same.",
    )


EVENTS_LOST = (
    Case(
        name="CloudWatch Logs rejects three events, the first ones ever",
        tell=partial(_rejected, number=3),
        settings=_WITH_OUTBOX,
        alerts=(_lost("too_old", 3),),
    ),
    Case(
        name="a full outbox drops facts",
        tell=_dropped,
        settings=_WITH_OUTBOX | {"outbox_bounds": Bounds(max_bytes=1)},
        alerts=(_lost("dropped", 2),),
    ),
    Case(name="every event is accepted", tell=partial(_rejected, number=0), settings=_WITH_OUTBOX),
)


def _users(story: Story, *users: str, pause: timedelta = timedelta(0)) -> None:
    runs = Runs(story)
    story.passes(10 * MINUTE)
    for user in users:
        story.sweep(*runs.started(user, "console"))
    story.passes(30 * MINUTE)
    story.passes(pause, is_up=False)
    story.passes(30 * MINUTE)


LABEL_OVERFLOW = (
    Case(
        step=5 * MINUTE,
        name="three users, and room for two",
        tell=lambda story: _users(story, "ann", "bob", "cyd"),
        settings={"limits": {"user": 2}},
        alerts=(
            Alert(
                labels=WHERE | {"label": "user"},
                description="Queries of the last day in account 111122223333, eu-west-1, that were counted without "
                "their user, for its budget is full: 1.",
            ),
        ),
    ),
    Case(
        step=5 * MINUTE,
        name="two users, and room for two",
        tell=lambda story: _users(story, "ann", "bob"),
        settings={"limits": {"user": 2}},
    ),
    Case(
        step=5 * MINUTE,
        name="a third user came two days ago",
        tell=lambda story: _users(story, "ann", "bob", "cyd", pause=2 * DAY),
        every=HOUR,
        settings={"limits": {"user": 2}},
    ),
)

CASES: dict[str, tuple[Case, ...]] = {
    "AthenaWorkgroupScanThreshold": WORKGROUP_SCAN,
    "AthenaScanSpike": SPIKE,
    "AthenaScanCutoffHits": CUTOFF_HITS,
    "AthenaWorkgroupUnguarded": UNGUARDED,
    "AthenaQueryFailureRatio": FAILURE_RATIO,
    "AthenaPipelineFailing": PIPELINE_FAILING,
    "AthenaQueueTimeHigh": QUEUE_TIME,
    "AthenaActiveQueriesNearQuota": ACTIVE_QUERIES,
    "AthenaExporterDown": EXPORTER_DOWN,
    "AthenaSourceStale": SOURCE_STALE,
    "AthenaSourceThrottled": SOURCE_THROTTLED,
    "AthenaExporterBehind": BEHIND,
    "AthenaUnattributedBytes": UNATTRIBUTED,
    "AthenaEventDeliveryStuck": DELIVERY_STUCK,
    "AthenaOutboxNearBound": OUTBOX_NEAR_BOUND,
    "AthenaEventsLost": EVENTS_LOST,
    "AthenaLabelOverflow": LABEL_OVERFLOW,
}
"""By the alert's name; each has one that fires and one that does not."""
