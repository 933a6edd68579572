"""One query's way, stage by stage: documentation that runs. docs/architecture.md quotes it.

`efield` runs one query from dbt. Everything on the way is real: the embedded account speaks AWS's protocol, boto3
reads it, SQLite holds it, the exposition is rendered and parsed. Only the clocks are the test's.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from math import inf
from pathlib import Path

import pytest
from processes import parse, summed

import athena_testbed
from athena_exporter import catalog
from athena_exporter.ledger.model import Rules
from athena_exporter.ledger.store import Ledger, LedgerSettings
from athena_exporter.outlets.metrics import render
from athena_exporter.pricing import Prices, billed_bytes, cost_nanousd
from athena_exporter.records import Identity, Kind, QueryExecution, StartedQuery, State, Target, epoch_ms
from athena_exporter.sources.athena import AthenaSource
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.lookup import LookupSource
from athena_exporter.sources.rate import Rates
from athena_exporter.sources.session import Session, resolve

GIB = 2**30
SUBMITTED = datetime(2026, 3, 28, 14, 0, tzinfo=UTC)
ENDED = SUBMITTED + timedelta(seconds=12.5)
SQL = '-- /* {"app": "dbt", "node_id": "model.shop.daily_orders"} */\nSELECT count(*) FROM orders'
PRICES = Prices(usd_per_tb=Decimal(5), tb_bytes=2**40, minimum_bytes=10 * 2**20)


@pytest.fixture
def now() -> list[datetime]:
    """The one clock of this story: the test moves it."""
    return [ENDED + timedelta(seconds=20)]


@pytest.fixture
def company(now: list[datetime]) -> Iterator[athena_testbed.Running]:
    """An account in which nothing happens but one query; CloudTrail tells of it five minutes late."""
    settings = athena_testbed.Settings(queries_per_minute=0)
    with athena_testbed.running(settings, clock=lambda: epoch_ms(now[0])) as testbed:
        testbed.add(
            {
                "person": "efield",
                "client": "dbt-athena",
                "workgroup": "dbt-dev",
                "database": "sales",
                "sql": SQL,
                "statement_type": "DML",
                "scanned_bytes": 3 * GIB,
                "submitted_at": SUBMITTED.isoformat(),
                "ended_at": ENDED.isoformat(),
                "event_delay_seconds": 300,
            }
        )
        yield testbed


def test_one_querys_way_from_aws_to_the_exposition(
    company: athena_testbed.Running, now: list[datetime], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testbed")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testbed")

    # 1. STS says whose account it is, and what time it is: AWS's clock, not ours, decides from here on.
    session = Session(
        region="eu-west-1",
        rates=Rates(share=inf, clock=lambda: 0.0, sleep=lambda _: None),
        count=lambda *_: None,
        endpoint_url=company.url,
    )
    target, started_at = resolve(session, lambda: now[0])
    assert target == Target(account_id=athena_testbed.ACCOUNT_ID, region="eu-west-1")

    # 2. A new ledger begins to count for it, an hour back.
    settings = LedgerSettings(
        path=tmp_path / "ledger.db",
        rules=Rules(prices=PRICES),
        initial_lookback=timedelta(hours=1),
        series_warmup=timedelta(seconds=120),
    )
    seconds = [0.0]
    with closing(Ledger(settings, monotonic=lambda: seconds[0])) as ledger:
        assert ledger.adopt(target, started_at)

        # 3. The source `athena`: ListWorkGroups, ListQueryExecutions, BatchGetQueryExecution -> records. AWS's words
        #    end here. No user: BatchGetQueryExecution does not know one.
        athena = AthenaSource(client=session.athena(), target=target, clock=lambda: now[0])
        (execution,) = (
            record
            for batch in _applied(ledger, athena)
            for record in batch.records
            if isinstance(record, QueryExecution)
        )
        assert (execution.workgroup, execution.database, execution.state) == ("dbt-dev", "sales", State.SUCCEEDED)
        assert (execution.scanned_bytes, execution.ended_at) == (3 * GIB, ENDED)
        assert execution.sql_digest == sha256(SQL.encode()).hexdigest()

        # 4. fold: the query is final, so it counts for its workgroup now, and for a user when its start is there.
        #    Money is integers: 3 GiB at $5 a TiB are 14,648,438 nanodollars, half up.
        assert cost_nanousd(billed_bytes(execution, PRICES) or 0, PRICES) == 14_648_438
        assert _shown(ledger, now, catalog.PENDING_QUERIES) == {(): 1}
        assert _shown(ledger, now, catalog.USER_WINDOW_QUERIES, "window", "user")["today", "pending"] == 1

        # 5. Five minutes later CloudTrail tells of the start: the source `lookup` -> who.
        now[0] = SUBMITTED + timedelta(minutes=6)
        lookup = LookupSource(
            client=session.cloudtrail(), target=target, rules=IdentityRules.of(), clock=lambda: now[0]
        )
        start = next(
            record for batch in _applied(ledger, lookup) for record in batch.records if isinstance(record, StartedQuery)
        )
        assert start.query_id == execution.query_id
        assert start.identity == Identity(
            user="efield", role="alpha_user_efield", kind=Kind.PERSON, client="dbt-athena"
        )

        # 6. The new series is born at 0, so that `increase()` sees its first rise ...
        assert _shown(ledger, now, catalog.SCANNED_BYTES, "workgroup") == {}
        assert _shown(ledger, now, catalog.PENDING_QUERIES) == {}

        # 7. ... and two minutes later it shows what is committed.
        seconds[0] = 120.0
        assert _shown(ledger, now, catalog.SCANNED_BYTES, "workgroup") == {("dbt-dev",): 3 * GIB}
        assert _shown(ledger, now, catalog.USER_SCANNED_BYTES, "user", "database") == {("efield", "sales"): 3 * GIB}
        assert _shown(ledger, now, catalog.USER_COST_USD, "user") == {("efield",): 0.014648438}
        assert _shown(ledger, now, catalog.CLIENT_QUERIES, "client") == {("dbt-athena",): 1}
        assert _shown(ledger, now, catalog.USER_WINDOW_QUERIES, "window", "user")["today", "efield"] == 1

        # 8. The same answers again, from whatever source and however often, change nothing.
        before = ledger.samples(now[0])
        _applied(ledger, athena)
        _applied(ledger, lookup)
        counters = {metric.name for metric in catalog.METRICS if metric.durable}
        assert [s for s in ledger.samples(now[0]) if s.metric in counters] == [
            s for s in before if s.metric in counters
        ]


def _applied(ledger: Ledger, source: AthenaSource | LookupSource) -> list:  # type: ignore[type-arg]  # of Batch
    """One pass of a source, each batch committed before the next is asked for."""
    batches = []
    for batch in source.read(ledger.view(source.target)):
        ledger.apply(batch)
        batches.append(batch)
    return batches


def _shown(ledger: Ledger, now: list[datetime], metric: catalog.Metric, *labels: str) -> dict[tuple[str, ...], float]:
    """What a scrape would read, summed over all but these labels; zeros left out."""
    ledger.reveal()
    return summed(parse(render(ledger.samples(now[0])).decode()), metric.name, *labels)
