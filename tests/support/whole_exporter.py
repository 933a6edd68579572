"""Everything a configuration switches on, wired as `serve` wires it, and run pass by pass against the testbed."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

import athena_testbed
from athena_exporter import catalog
from athena_exporter.cli import wiring
from athena_exporter.cli.guarding import GUARD, Guarding
from athena_exporter.cli.readers import CLOCKS, OUTLET, Reader, Writer
from athena_exporter.config import Config, load
from athena_exporter.ledger.store import Ledger
from athena_exporter.outlets.guard import Guard
from athena_exporter.poller import Poller
from athena_exporter.records import Sample, Target
from athena_exporter.sources import Source
from athena_exporter.sources.session import resolve
from athena_exporter.sources.trail.source import Audience
from athena_exporter.telemetry import Telemetry
from athena_testbed import executions

REGION = "eu-west-1"
SOURCES = "sources: {workgroups: {tags: [component]}, cloudwatch: {enabled: true}}\n"
"""A configuration with every source."""
EVERYTHING = SOURCES + "events: {enabled: true}\n"
"""A configuration with every part of the product that calls AWS."""
VIEW = "SELECT 1 FROM sales.v_open_orders, sales.stores, finance.accounts, finance.ledger_entries, web_events.sessions"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE00",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
}
"""The environment of whoever runs the exporter against the testbed."""
KEPT = frozenset({"primary", "analytics", "risk-reserved", "monitoring"})
"""The workgroups of the account: one has reserved capacity, one does not publish."""
_ACCOUNT: Mapping[str, Any] = {
    "history": timedelta(0),
    "queries_per_minute": 0,
    "rates": None,
    "cloudtrail_delay": timedelta(0),
    "cloudwatch_delay": timedelta(0),
    "listmetrics_delay": timedelta(0),
    "lost_events": 0,
    "time_scale": 0.01,
    "statistics_delay": timedelta(0),
}


@contextmanager
def account(*, whole: bool = False, **settings: Any) -> Iterator[athena_testbed.Running]:
    """A company that ran a few queries twenty minutes ago, one of them on a view, and whose answers come at once.

    It has the workgroups in `KEPT` only, unless `whole`.
    """
    with athena_testbed.running(athena_testbed.Settings(**{**_ACCOUNT, **settings})) as running:
        for name in set() if whole else set(running.account.company.workgroups) - KEPT:
            running.delete_workgroup(name)  # each would cost calls of AWS's scarcest rates
        began = datetime.now(UTC) - timedelta(minutes=20)
        running.add(*(_query(began + timedelta(seconds=number), name) for number, name in enumerate(sorted(KEPT))))
        yield running


def _query(at: datetime, workgroup: str) -> dict[str, Any]:
    """They stand close together, for CloudTrail is asked once for a window, and answers two calls a second."""
    sql = VIEW if workgroup == "analytics" else "SELECT * FROM sales.orders"
    ended_at = (at + timedelta(seconds=3)).isoformat()
    return {"sql": sql, "workgroup": workgroup, "submitted_at": at.isoformat(), "ended_at": ended_at}


def configured(folder: Path, running: athena_testbed.Running, text: str = "", **target: str) -> Path:
    """The configuration's file: `text`, the testbed's address, a ledger in `folder`, and little to wait for."""
    base: dict[str, Any] = {
        "targets": [{"region": REGION, **target}],
        "aws": {"endpoint_url": running.url, "rate_share": 1},
        "ledger": {"path": str(folder / "ledger.db"), "journal": "rollback", "initial_lookback": "2h"},
        "sources": {"lookup": {"interval": "1s", "full_pass": "30s"}},
        "identity": {"patience": "1m"},
        "exposition": {"series_warmup": "0s"},
    }
    path = folder / "exporter.yml"
    path.write_text(yaml.safe_dump(_merged(base, yaml.safe_load(text) or {})))
    return path


def _merged(base: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    return base | {
        name: _merged(base[name], value) if isinstance(value, dict) and name in base else value
        for name, value in more.items()
    }


@dataclass(slots=True)
class Exporter:
    """One target's sources, the ledger behind them, and the delivery of events, if there is one."""

    poller: Poller
    telemetry: Telemetry
    ledger: Ledger
    target: Target
    sources: Mapping[str, Source]
    delivery: Any
    pages: list[bytes] = field(default_factory=list)
    guard: Guard | None = None

    def run(self, passes: int = 1) -> None:
        """Read each source so often, let the guard act, then deliver what came of it, and publish."""
        for _ in range(passes):
            for source in self.sources.values():
                self.poller.poll(source)
        if self.guard is not None:
            self.poller.deliver(self.target, GUARD, self.guard.run_once)
        if self.delivery is not None:
            self.poller.deliver(self.target, OUTLET, self.delivery.run_once)
        self.poller.publish()

    def samples(self, metric: catalog.Metric) -> dict[tuple[str, ...], float]:
        """What the process and the ledger know of a metric, by its labels."""
        every: list[Sample] = [*self.telemetry.samples(), *self.ledger.samples(CLOCKS.now())]
        return {one.labels: one.value for one in every if one.metric == metric.name}

    @property
    def up(self) -> dict[str, float]:
        """Whether each source's last read succeeded."""
        return {labels[0]: value for labels, value in self.samples(catalog.SOURCE_UP).items()}


class _Pages:
    def __init__(self, pages: list[bytes]) -> None:
        self._pages = pages

    def publish(self, body: bytes, *_: object) -> None:
        self._pages.append(body)


@contextmanager
def whole_exporter(path: Path) -> Iterator[Exporter]:
    """The parts of `serve`, without its threads; nothing is read before `run`."""
    config = load(path, {})
    telemetry, pages = Telemetry(), list[bytes]()
    naming = wiring.naming(config, {})
    reader = Reader(config, config.targets[0], telemetry, naming)
    with closing(reader.session), closing(Ledger(wiring.ledger_settings(config), monotonic=CLOCKS.monotonic)) as ledger:
        target, now = resolve(reader.session, CLOCKS.now)
        reader.target = target
        ledger.adopt(target, now)
        around = reader.surroundings(target, lambda: Audience(targets=frozenset({target})))
        poller = Poller(ledger=ledger, telemetry=telemetry, publisher=_Pages(pages), clocks=CLOCKS)
        with (
            _delivery(config, ledger, telemetry) as delivery,
            _guard(Guarding(config, ledger, telemetry, naming), target, now) as guard,
        ):
            yield Exporter(
                poller=poller,
                telemetry=telemetry,
                ledger=ledger,
                target=target,
                sources={name: build(around) for name, (build, _) in reader.sources.items()},
                delivery=delivery,
                pages=pages,
                guard=guard,
            )


@contextmanager
def _guard(guarding: Guarding, target: Target, now: datetime) -> Iterator[Guard | None]:
    watch = guarding.of(target, now)
    try:
        yield None if watch is None else watch.guard
    finally:
        if watch is not None:
            watch.close()


@contextmanager
def _delivery(config: Config, ledger: Ledger, telemetry: Telemetry) -> Iterator[Any]:
    if not config.events.enabled:
        yield None
        return
    writer = Writer(config, telemetry)
    with (
        closing(writer.session),
        closing(wiring.delivery(config, writer.session, ledger, telemetry, CLOCKS)) as delivery,
    ):
        yield delivery


_ACTIONS = {"DeleteMessageBatch": "sqs:DeleteMessage", "ListObjectsV2": "s3:ListBucket"}


def called(running: athena_testbed.Running) -> set[str]:
    """Every action that the account was asked for, as IAM names it; GetCallerIdentity needs no permission."""
    found = {_ACTIONS.get(call["operation"], f"{call['service']}:{call['operation']}") for call in running.calls()}
    return found - {"sts:GetCallerIdentity"}


def actions(policy: str) -> set[str]:
    """Every action that a policy's JSON allows."""
    return {action for statement in json.loads(policy)["Statement"] for action in statement["Action"]}


GUARD_ROLE = "arn:aws:iam::123456789012:role/athena-guard"
"""The role of the guard, in the account itself."""
GUARDED = (
    "budgets: [{name: hard, per: user, window: rolling 24h, limit: 1 GiB, enforce: stop_queries}]\n"
    f"guard: {{mode: enforce, role_arn: '{GUARD_ROLE}'}}\n"
)
"""A configuration that stops the queries of whoever has scanned a GiB in a day."""


def overspend(running: athena_testbed.Running, person: str = "Alice", *, queries: int = 1) -> str:
    """Let somebody scan more than `GUARDED` allows, and begin queries that last ten minutes; the last one's id."""
    now = datetime.now(UTC)
    ended = {"submitted_at": now.isoformat(), "ended_at": now.isoformat(), "scanned_bytes": 2**31}
    runs = {
        "submitted_at": (now - timedelta(seconds=1)).isoformat(),
        "ended_at": (now + timedelta(minutes=10)).isoformat(),
        "scanned_bytes": 2**40,
    }
    common = {"person": person, "sql": "SELECT * FROM sales.orders", "event_delay_seconds": 0}
    return running.add(common | ended, *([common | runs] * queries))[-1]


def state_of(running: athena_testbed.Running, query_id: str) -> str:
    """What Athena says of a query."""
    with running.account.lock:
        now = running.account.advance()
        plan = running.account.find(query_id, now)
        assert plan is not None
        return executions.state_at(plan, now)
