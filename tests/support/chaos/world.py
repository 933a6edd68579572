"""Everything around the exporter that lives through its deaths: the account, Prometheus, queues, buckets, the disk."""

import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from archives import Archive, archived
from bridges import RULES, WITH_READS, Bridged, bridged
from processes import ENVIRONMENT, Process, Prometheus, fetch, free_port, parse, prometheus_server, summed, until
from trails import Trailed, trailed

import athena_testbed
from athena_exporter import catalog
from athena_exporter.config.sources import AccessEvent
from athena_testbed.trail import file_key, packed
from chaos.disk import Disk, disk
from chaos.exporter import Child
from chaos.faults import FAULTS, Way
from chaos.forms import EVENTBRIDGE, LOOKUP, TRAIL, Form
from chaos.orders import Orders, heard

GOVERNED = AccessEvent.GET_DATA_ACCESS.value
GUARDED = "Alice"
_LEASE = 10
_SUPPORT = Path(__file__).parent.parent
_GUARD_ROLE = "arn:aws:iam::123456789012:role/athena-guard"
BUDGETS = f"""
budgets:
  - {{name: users, per: user, window: rolling 24h, limit: 1 MiB}}
  - {{name: workgroups, per: workgroup, window: rolling 24h, limit: 0.01 USD}}
  - {{name: hard, match: {{user: [{GUARDED}]}}, per: user, window: rolling 24h, limit: 1 GiB, enforce: stop_queries}}
"""


@dataclass(slots=True, kw_only=True)
class World:
    """What lives on. `struck`: how often each rule of a fault was given; `deaths`: exporters that died by SIGKILL."""

    form: Form
    seed: int
    safety_off: str | None
    folder: Path
    testbed: athena_testbed.Running
    prometheus: Prometheus
    disk: Disk
    archive: Archive
    events: Bridged
    files: Trailed
    address: str
    config: Path
    struck: Counter[str] = field(default_factory=Counter)
    times: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    lasting: list[str] = field(default_factory=list)
    deaths: int = 0
    number: int = 0
    exporter: Process | None = None
    vfs: str | None = None
    _truths: dict[tuple[datetime | None, ...], dict[str, Any]] = field(default_factory=dict)
    _ended: list[Any] = field(default_factory=list)
    _planned: list[str] = field(default_factory=list)
    _planned_at: int = 0
    _calls_at: int = 0

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def orders(self) -> Path:
        return self.folder / "orders"

    @property
    def log(self) -> Path:
        return self.folder / "exporter.log"

    def order(self, **what: Any) -> None:
        """What the exporter shall do from now on."""
        self.number += 1
        Orders(number=self.number, hang_seconds=self.form.hang_seconds, **what).give(self.orders)

    def heard(self, word: str) -> list[Any]:
        """What exporters told of their orders under this word."""
        return [said[word] for said in heard(self.orders) if word in said]

    def start(self, *, vfs: str | None = None) -> Process:
        """An exporter, ready or not."""
        self.vfs = vfs or ("unix-none" if self.form.is_leased else None)
        self.exporter = self.process(self.address, "child", vfs=self.vfs)
        return self.exporter

    def process(self, address: str, name: str, *, vfs: str | None = None, is_stranger: bool = False) -> Process:
        child = Child(
            orders=str(self.orders), seed=self.seed, retention_seconds=self.form.retention, vfs=vfs,
            safety_off=self.safety_off, is_stranger=is_stranger,
        )  # fmt: skip  # rows
        path = child.write(self.folder / f"{name}.json")
        command = [sys.executable, "-m", "chaos.exporter", str(self.config), address, str(path)]
        around = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(_SUPPORT)}
        return Process(command, self.log if name == "child" else self.folder / f"{name}.log", around)

    def running(self, *, vfs: str | None = None) -> Process:
        """The exporter, started if there is none, with this VFS if there has to be one."""
        if self.exporter is not None and self.exporter.running and vfs in {None, self.vfs}:
            return self.exporter
        if self.exporter is not None and self.exporter.running:
            self.end()
        return self.start(vfs=vfs)

    def ready(self, *, vfs: str | None = None) -> Process:
        """The same, once it is ready."""
        exporter = self.running(vfs=vfs)
        until(
            lambda: fetch(f"{self.url}/-/ready") or not exporter.running,
            what=lambda: f"the exporter is ready\n{self.tail()}",
            every=0.05,
        )
        self.insist()
        return exporter

    def insist(self) -> None:
        """The exporter is running. Raises ExporterEndedError."""
        if self.exporter is None or not self.exporter.running:
            code = None if self.exporter is None else self.exporter.popen.returncode
            raise ExporterEndedError(f"the exporter ended with {code}: {self.tail(1)}")

    def end(self) -> int:
        """End it by SIGTERM, if there is one; its exit code."""
        exporter, self.exporter = self.exporter, None
        return 0 if exporter is None else exporter.end()

    def died(self) -> None:
        """It has died by SIGKILL."""
        self.exporter = None
        self.deaths += 1

    def tail(self, lines: int = 5) -> str:
        """What the exporter said last."""
        said = self.log.read_text().splitlines() if self.log.exists() else []
        return "\n".join(said[-lines:])

    def summed(self, metric: catalog.Metric, *labels: str) -> dict[tuple[str, ...], float]:
        """What the exporter shows of one metric now; the rest of a large page is not looked at."""
        page = fetch(f"{self.url}/metrics") or ""
        lines = [line for line in page.splitlines() if line.startswith(metric.name)]
        return summed(parse("\n".join(lines) + "\n"), metric.name, *labels)

    def plan(self, *faults: str) -> None:
        """These faults of the wire and the account from now on, and no others."""
        self.gather()
        rules = [(name, dict(rule)) for name in faults for rule in FAULTS[name].rules]
        self.testbed.plan_faults([rule for _, rule in rules])
        self._planned = [name for name, _ in rules]
        self._planned_at = self.testbed.testbed.now_ms()
        self._calls_at = self._calls()

    def gather(self) -> None:
        """Count what the present plan has struck, for the next one begins at 0."""
        now = self.testbed.testbed.now_ms()
        for name, rule in zip(self._planned, self.testbed.testbed.faults.json(), strict=True):
            is_wire = FAULTS[name].way is Way.WIRE
            self.struck[name] += rule["given"] if is_wire else self._calls() - self._calls_at
        for name in dict.fromkeys(self._planned):
            self.times.setdefault(name, []).append((self._planned_at, now))
        self._planned = []

    def is_struck(self, fault: str) -> bool:
        """Whether a fault of the present plan has struck."""
        if FAULTS[fault].way is Way.ACCOUNT:
            return self._calls() > self._calls_at
        given = zip(self._planned, self.testbed.testbed.faults.json(), strict=True)
        return any(rule["given"] for name, rule in given if name == fault)

    def _calls(self) -> int:
        return sum(int(call["count"]) for call in self.testbed.calls())

    @property
    def has_its_queries(self) -> bool:
        """Whether as many have come as the form wants."""
        account = self.testbed.account
        with account.lock:
            account.advance()
            return account.exhausted or account.size >= self.form.queries

    def truth(self, since: datetime | None = None, until: datetime | None = None) -> dict[str, Any]:
        """What really happened, once all is quiet: it is added up once, for that takes seconds in a large run."""
        if (since, until) not in self._truths:
            self._truths[since, until] = self.testbed.truth(since, until)
        return self._truths[since, until]

    def plans(self) -> list[Any]:
        """Every query that has ended, as the account played it, once all is quiet."""
        if not self._ended:
            account = self.testbed.account
            with account.lock:
                self._ended = list(account.ended(0, account.advance() + 1))
        return self._ended

    def burst(self) -> None:
        """Many queries run and end in the workgroup that is swept first, while nobody looks."""
        self.end()
        now, first = datetime.now(UTC).isoformat(), min(self.testbed.account.company.workgroups)
        one = {"sql": "SELECT 1", "workgroup": first, "submitted_at": now, "ended_at": now, "scanned_bytes": 2**20}
        self.testbed.add(*([one] * self.form.burst))

    def overspend(self) -> None:
        """Somebody over an enforced limit begins a query that lasts an hour; the first time beside one that spends."""
        now = datetime.now(UTC)
        common: dict[str, Any] = {"person": GUARDED, "sql": "SELECT 1", "event_delay_seconds": 0.1}
        spends = {"submitted_at": now.isoformat(), "ended_at": now.isoformat(), "scanned_bytes": 2**31}
        lasts = {"submitted_at": now.isoformat(), "ended_at": (now + timedelta(hours=1)).isoformat()}
        self.lasting += self.testbed.add(*([] if self.lasting else [common | spends]), common | lasts)[-1:]


class ExporterEndedError(Exception):
    """It should be running."""


@contextmanager
def world(form: Form, seed: int, prometheus: str, folder: Path, safety_off: str | None = None) -> Iterator[World]:
    """A company that has just begun, and nobody yet who counts."""
    address = f"127.0.0.1:{free_port()}"
    with ExitStack() as stack:
        scraping = stack.enter_context(prometheus_server(prometheus, folder, address))
        testbed = stack.enter_context(athena_testbed.running(_settings(form, seed)))
        events = stack.enter_context(bridged(testbed.url, rules=(), dead_letters=_has_dead_letters(form)))
        files = stack.enter_context(trailed(testbed.url))
        made = World(
            form=form, seed=seed, safety_off=safety_off, folder=folder, testbed=testbed, address=address,
            prometheus=scraping, disk=stack.enter_context(disk(folder / "disk", form.megabytes)),
            archive=stack.enter_context(archived(testbed.url)), events=events, files=files,
            config=folder / "exporter.yml",
        )  # fmt: skip  # rows
        made.config.write_text(_configuration(made))
        _set_up(made)
        made.order()
        stack.callback(_kill, made)
        yield made


def _kill(made: World) -> None:
    if made.exporter is not None and made.exporter.running:
        made.exporter.kill()


def _has_dead_letters(form: Form) -> bool:
    """Where nothing else tells who started a query, a message must not go away after three kills."""
    return tuple(form.routes) != (EVENTBRIDGE,)


def _settings(form: Form, seed: int) -> athena_testbed.Settings:
    """The company; what goes wrong from its start to its end is part of it."""
    wrong: dict[str, Any] = {
        "lost_events": 0.0, "duplicate_events": 0.0, "disordered_events": 0.0, "lost_changes": 0.0,
        "duplicate_changes": 0.0, "disordered_changes": 0.0,
    }  # fmt: skip  # rows
    for name in form.faults:
        wrong |= FAULTS[name].settings
    if not _has_dead_letters(form):
        wrong["lost_calls"] = 0.0
    return athena_testbed.Settings(
        seed=seed, queries_per_minute=form.a_second * 60, max_queries=form.most, time_scale=0.01, rates=None,
        dml_quota=1_000_000, failed_starts=0.02, cloudtrail_delay=timedelta(seconds=0.5), trail_noise=0,
        api_event_delay=timedelta(seconds=0.5), state_change_delay=timedelta(seconds=0.2),
        trail_interval=timedelta(seconds=1), longest_hidden=timedelta(seconds=form.hidden_seconds),
        catalogue_events=0.1, routes_from_start=True, **wrong,
    )  # fmt: skip  # rows


def _set_up(made: World) -> None:
    """Rules, a trail, what the queues hold that nobody can read, and who notes what the guard stops."""
    routes = made.form.routes
    if EVENTBRIDGE in routes:
        changes: dict[str, Any] = {"currentState": [{"anything-but": [*made.form.untold]}]}
        starts: dict[str, Any] = dict(RULES["starts"]["detail"])
        if made.form.unruled:
            changes["workgroupName"] = [{"anything-but": [*made.form.unruled]}]
            starts["requestParameters"] = {"workGroup": changes["workgroupName"]}
        made.events.rule("changes", {**RULES["changes"], "detail": changes})
        made.events.rule("starts", {**RULES["starts"], "detail": starts})
        reads = {
            "source": ["aws.lakeformation"], "detail-type": ["AWS API Call via CloudTrail"],
            "detail": {"eventName": [GOVERNED]},
        }  # fmt: skip  # rows
        made.events.rule("reads", reads, WITH_READS)
        if _has_dead_letters(made.form):
            made.events.send("no JSON", {"order": 17})
    if TRAIL in routes:
        made.files.log()
        made.files.send("no JSON", {"order": 17})
        _spoil(made)
    account, stop = made.testbed.account, made.testbed.account.stop

    def noted(plan: Any, now: int) -> None:
        if plan.ended_ms > now:
            made.stopped.add(plan.query_id)
        stop(plan, now)

    account.stop = noted  # type: ignore[method-assign]  # the account's own memory does not tell who ended a query


def _spoil(made: World) -> None:
    """A file of the trail that is broken, and one that is announced and gone."""
    at_ms = made.testbed.testbed.now_ms()
    for token, body in (("broken", packed([])[:-3]), ("gone", packed([]))):
        key = file_key(athena_testbed.ACCOUNT_ID, made.testbed.settings.region, at_ms, token)
        made.files.put(key, body)
        if token == "gone":
            made.files.s3.delete_object(Bucket=made.files.bucket, Key=key)


def _configuration(made: World) -> str:
    """The exporter's configuration, everything on."""
    routes, form = made.form.routes, made.form
    governed = f"access_events: [{GOVERNED if form.is_governed else ''}]"
    lookup = f"enabled: true, interval: 1s, full_pass: {form.full_pass:g}s, {governed}"
    eventbridge = f"enabled: true, queue_url: '{made.events.url}', gather: 200ms, sweep_interval: 2s"
    trail = f"enabled: true, queue_url: '{made.files.url}', bucket: {made.files.bucket}, settle: 1m, {governed}"
    on: Mapping[str, str] = {LOOKUP: lookup, EVENTBRIDGE: eventbridge, TRAIL: trail}
    sources = "".join(f"  {name}: {{{on[name] if name in routes else 'enabled: false'}}}\n" for name in on)
    journal = f"journal: rollback, lease: {_LEASE}s" if form.is_leased else "journal: wal, lease: 0s"
    return (
        f"aws: {{endpoint_url: '{made.testbed.url}'}}\n"
        f"ledger: {{path: '{made.disk.ledger}', initial_lookback: 10m, {journal}}}\n"
        f"sources:\n  athena: {{interval: 1s}}\n{sources}"
        f"exposition: {{series_warmup: {form.warm_up:g}s, interval: {round(form.publishes * 1000)}ms}}\n"
        "labels: {users: 500, databases: 500, tables: 2000, clients: 500, workloads: 500}\n"
        "events: {enabled: true}\n"
        f"history: {{enabled: true, bucket: {made.archive.name}, max_rows: 2000}}\n"
        f"guard: {{mode: enforce, role_arn: '{_GUARD_ROLE}', interval: 1s, max_stops_per_minute: 600}}\n{BUDGETS}"
    )
