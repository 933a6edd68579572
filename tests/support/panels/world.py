"""The world that the dashboards are asked about: a company, an exporter with a month behind it, and Prometheus.

Everything is real but the company: the month is replayed into a ledger and into Prometheus's blocks, then
`athena-exporter serve` goes on with that ledger, Prometheus scrapes it, and for a while new queries run. At last
nothing moves any more.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from processes import ENVIRONMENT, Prometheus, fetch, free_port, process, until

import athena_testbed
from athena_exporter import catalog
from panels.openmetrics import Recording
from panels.past import Moved, MovedClock, life

JOB = "athena-exporter"
REGION = "eu-west-1"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WEEK = timedelta(days=7)
_DAY = timedelta(hours=26)
"""A day, and what a graph of a day looks back beyond it."""
_MONTHLY = "workgroup-monthly"
_NANO = 10**9
_READ_DAYS = 4
"""How much of the past is asked about at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is lived, and how closely it is looked at.

    `fine` is the pace of the newest day and of that a week before, `coarse` that of the rest. `live`: how many queries
    a minute run while the exporter does, and `lasting` how long. `cloudwatch_days`: for how long the exporter has been
    reading what CloudWatch counts.
    """

    days: int = 31
    queries_per_day: float = 120
    fine: timedelta = timedelta(hours=1)
    coarse: timedelta = timedelta(hours=12)
    live: float = 300
    lasting: timedelta = timedelta(seconds=6)
    cloudwatch_days: int = 2 * _READ_DAYS
    is_read_finely: bool = False
    """Whether AWS is asked at every step of the newest day: then the exporter's own calls look like an exporter's."""

    def reads(self, end: datetime) -> list[datetime]:
        """The moments of the past at which AWS is asked what has happened since the one before."""
        days = range(-(-self.days // _READ_DAYS))
        newest = _between(end - _DAY, end, self.fine) if self.is_read_finely else [end - _DAY]
        return sorted({*(end - timedelta(days=_READ_DAYS) * each for each in days), *newest})

    def steps(self, end: datetime) -> list[datetime]:
        """The moments of the past that are recorded, on round times, and `end`."""
        newest = _between(end - _DAY, end, self.fine)
        week_before = _between(end - _WEEK - _DAY, end - _WEEK, self.fine)
        rest = _between(end - timedelta(days=self.days), end, self.coarse)
        return sorted({*newest, *week_before, *rest, *self.reads(end)})

    def pace(self, reach: timedelta) -> timedelta:
        """How often a range of this length has a sample: what a data source is told as its scrape interval."""
        return self.fine if reach <= _DAY else self.coarse


def _between(since: datetime, until: datetime, step: timedelta) -> list[datetime]:
    """The multiples of `step` after `since` and before `until`."""
    first = (since - _EPOCH) // step + 1
    return [_EPOCH + step * place for place in range(first, -((_EPOCH - until) // step))]


FOR_PICTURES = Plan(
    queries_per_day=400,
    fine=timedelta(minutes=10),
    coarse=timedelta(hours=1),
    live=60,
    cloudwatch_days=31,
    is_read_finely=True,
)
"""What looks like a month to people: minutes to live through, and a company at work afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Quiet: nothing runs any more, and all of it is counted.

    `at`: the time of a scrape of all that, at which everything is asked. `history`: the size of the blocks.
    """

    account: athena_testbed.Running
    exporter: str
    prometheus: Prometheus
    plan: Plan
    began: datetime
    at: datetime
    history: Mapping[str, int]

    @property
    def truth(self) -> dict[str, Any]:
        """What the account knows of all that ended since the exporter began."""
        return self.account.truth(self.began, undelivered="unattributed")


def settings(plan: Plan) -> athena_testbed.Settings:
    """The account: everything is told at once."""
    return athena_testbed.Settings(
        history=timedelta(days=plan.days + 1),
        history_queries_per_day=plan.queries_per_day,
        queries_per_minute=plan.live,
        rates=None,
        cloudtrail_delay=timedelta(0),
        cloudwatch_delay=timedelta(0),
        listmetrics_delay=timedelta(0),
        statistics_delay=timedelta(0),
        insights_delay=timedelta(0),
        time_scale=0.1,
        failed_starts=0.03,
        lost_events=0,
    )


def _configuration(folder: Path, running: athena_testbed.Running, **differences: Any) -> dict[str, Any]:
    return {
        "targets": [{"region": REGION}],
        "aws": {"endpoint_url": running.url, "rate_share": 1},
        "ledger": {"path": str(folder / "ledger.db"), "journal": "rollback", "retention": "7d"},
        "sources": {
            "athena": {"interval": "1s", "deep_interval": "45d"},
            "lookup": {"interval": "1s"},
            "workgroups": {"interval": "1m", "tags": ["component", "team"]},
            "cloudwatch": {"enabled": True, "interval": "1m", "active_queries": "1s"},
        },
        "exposition": {"interval": "1s"},
        "events": {"enabled": True, "query_text": "redacted"},
        "guard": {"mode": "dry_run"},
        **differences,
    }


def _budgets(plan: Plan) -> list[dict[str, Any]]:
    """Limits that some users, roles and workgroups of this company come near to, hit, and are far from."""
    gib, usd = plan.queries_per_day * 4, plan.queries_per_day / 16
    rolling = {"window": "rolling 31d", "warn": 0.5}
    return [
        {"name": "user-daily", "per": "user", "window": "day", "limit": f"{gib / 4:.1f} GiB"},
        {"name": "user-31-days", "per": "user", "limit": f"{gib:.1f} GiB", "enforce": "stop_queries", **rolling},
        {"name": "role-31-days", "per": "role", "limit": f"{usd:.2f} USD", **rolling},
        {"name": _MONTHLY, "per": "workgroup", "window": "month", "limit": f"{usd:.2f} USD"},
    ]


def _written(path: Path, document: object) -> Path:
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path


@contextmanager
def world(folder: Path, prometheus: str, promtool: str, plan: Plan, *, is_quiet: bool = True) -> Iterator[World]:
    """Live through the past, go on for a while and come to rest; without `is_quiet` it goes on running."""
    aws = MovedClock()
    port = free_port()
    with _credentials(), athena_testbed.running(settings(plan), clock=aws.ms) as running:
        end = aws.now()
        recording, began = _past(folder, running, aws, plan, end)
        history = _blocks(folder, promtool, recording, {"job": JOB, "instance": f"127.0.0.1:{port}"})
        exposition = {"interval": "1s", "series_warmup": "8s"}  # a busy machine misses scrapes
        live = _configuration(folder, running, exposition=exposition, budgets=_budgets(plan))
        command = [
            str(Path(sys.executable).with_name("athena-exporter")), "serve",
            "--config", str(_written(folder / "live.yml", live)), "--web.listen-address", f"127.0.0.1:{port}",
        ]  # fmt: skip  # a command
        url = f"http://127.0.0.1:{port}"
        with process(command, folder / "exporter.log"), _prometheus(folder, prometheus, port) as server:
            until(lambda: _is_live(server), what="Prometheus has scraped the exporter")
            at = _rest(running, server, plan, began) if is_quiet else datetime.now(UTC)
            yield World(
                account=running, exporter=url, prometheus=server, plan=plan, began=began, at=at, history=history
            )


@contextmanager
def _credentials() -> Iterator[None]:
    """Made-up ones, and nothing of the person's own set-up, for what asks the account from this process."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            **ENVIRONMENT,
            "AWS_CONFIG_FILE": "/nonexistent",
            "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        }.items():
            environment.setenv(name, value)
        environment.delenv("AWS_PROFILE", raising=False)
        yield


def _past(
    folder: Path, running: athena_testbed.Running, aws: MovedClock, plan: Plan, end: datetime
) -> tuple[Recording, datetime]:
    """The past lived through; the account's clock then goes with the machine's."""
    steps = plan.steps(end)
    began = steps[0] - plan.coarse
    told = {"identity": {"patience": "5d", "source_down_after": "6d"}, "exposition": {"series_warmup": "1m"}}
    path = _written(folder / "past.yml", _configuration(folder, running, budgets=_budgets(plan), **told))
    recording = Recording()
    with life(path, running, Moved(aws=aws, own=MovedClock()), began) as lived:
        for at, samples in lived.through(steps, plan.reads(end), end - timedelta(days=plan.cloudwatch_days)):
            recording.take(at, samples)
    aws.put(None)
    return recording, began


def _blocks(folder: Path, promtool: str, recording: Recording, labels: Mapping[str, str]) -> dict[str, int]:
    path = folder / "history.om"
    with path.open("w", encoding="utf-8") as file:
        count = recording.write(file, labels)
    # One block: promtool reads the file again for each, and asks for two hours each unless told otherwise.
    command = [
        promtool, "tsdb", "create-blocks-from", "--max-block-duration=9000h", "openmetrics", str(path),
        str(folder / "tsdb"),
    ]  # fmt: skip  # a command
    subprocess.run(command, check=True, capture_output=True, text=True)
    path.unlink()
    return {"series": recording.series_count, "samples": count}


@contextmanager
def _prometheus(folder: Path, binary: str, port: int) -> Iterator[Prometheus]:
    scrape = {"job_name": JOB, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
    document = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [scrape]}
    address = f"127.0.0.1:{free_port()}"
    command = [
        binary, f"--config.file={_written(folder / 'prometheus.yml', document)}",
        f"--storage.tsdb.path={folder / 'tsdb'}", "--storage.tsdb.retention.time=400d",
        f"--web.listen-address={address}", "--log.level=warn",
    ]  # fmt: skip  # a command
    with process(command, folder / "prometheus.log"):
        server = Prometheus(f"http://{address}")
        until(lambda: fetch(f"{server.url}/-/ready"), what="Prometheus is ready")
        yield server


def _is_live(server: Prometheus) -> bool:
    return [row["value"][1] for row in server.query(f'up{{job="{JOB}"}}')] == ["1"]


def _rest(running: athena_testbed.Running, server: Prometheus, plan: Plan, began: datetime) -> datetime:
    """Let new queries run for a while, then end all and wait until it is counted and scraped."""
    until(
        lambda: _live_queries(running) > plan.live * plan.lasting.total_seconds() / 60,
        seconds=60,
        what="new queries run",
    )
    quiet = running.quiesce()
    last = datetime.fromisoformat(quiet["last_completion"])
    complete = catalog.SOURCE_COMPLETE_UNTIL.name
    until(
        lambda: _value(server, f"min({complete}) > {last.timestamp()}") is not None,
        seconds=90,
        what="all sources have read all of it",
    )
    wanted = running.truth(began)["queries"]
    users = f"sum({catalog.USER_QUERIES.name})"
    until(
        lambda: _value(server, users) == wanted,
        seconds=90,
        what=f"{wanted} queries have their user in Prometheus",
        every=0.5,
    )
    until(
        lambda: _is_charged(running, server, began),
        seconds=90,
        what="what the budgets show is as new: they are added up the more rarely the longer it takes",
        every=0.5,
    )
    stamp = _value(server, f"max(timestamp({catalog.COUNTING_SINCE.name}))")
    assert stamp is not None
    return datetime.fromtimestamp(stamp, tz=UTC)


def _is_charged(running: athena_testbed.Running, server: Prometheus, began: datetime) -> bool:
    month = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    spent = running.truth(max(began, month))["by_workgroup"]
    rows = server.query(f'{catalog.BUDGET_USED_USD.name}{{budget="{_MONTHLY}"}}')
    used = {row["metric"]["subject"]: round(float(row["value"][1]) * _NANO) for row in rows}
    return bool(used) and used == {name: spent[name]["cost_nanousd"] if name in spent else 0 for name in used}


def _live_queries(running: athena_testbed.Running) -> int:
    since = datetime.fromtimestamp(running.account.began_ms / 1000, tz=UTC)
    return int(running.truth(since)["queries"])


def _value(server: Prometheus, expression: str) -> float | None:
    rows = server.query(expression)
    return float(rows[0]["value"][1]) if rows else None
