"""One story in two acts, told to a ledger of any version: what the first act left behind, the second goes on with.

Old code runs this module too (`keep_version.py`): it asks the records what they know, and tells an older version less.
"""

from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from athena_exporter import records
from athena_exporter.ledger.model import Rules
from athena_exporter.ledger.store import Ledger, LedgerSettings
from athena_exporter.pricing import Prices

TARGET = records.Target(account_id="111122223333", region="eu-west-1")
BORN = datetime(2026, 3, 10, tzinfo=UTC)
QUERIES = 30
"""One every half an hour."""
FIRST_ACT = 20
"""So many of them have begun when the first act is over."""
INTERVAL, PATIENCE = timedelta(minutes=30), timedelta(hours=3)
BETWEEN = BORN + FIRST_ACT * INTERVAL
"""When one version ends and the next begins."""
END = BORN + timedelta(days=1, hours=6)
_USERS = ("ann", "bob", "cleo", "dbt")
_WORKGROUPS, _DATABASES = ("primary", "etl", "adhoc"), ("sales", "finance", None)
_STATES = ("succeeded", "succeeded", "failed", "succeeded", "cancelled", "succeeded", "succeeded")
_TYPES = ("DML", "DML", "DDL", "DML", "UTILITY")
CONSUMERS = tuple(name for name in ("events", "history") if find_spec(f"athena_exporter.outlets.{name}") is not None)
"""Who takes facts from the outbox: nobody in the first version."""


def settings(path: Path) -> LedgerSettings:
    """A ledger's settings, as far as its version has them; every counter is shown at once."""
    prices = Prices(usd_per_tb=Decimal(5), tb_bytes=2**40, minimum_bytes=10 * 2**20)
    rules = Rules(prices=prices, identity_patience=PATIENCE, facts=bool(CONSUMERS))
    told: dict[str, Any] = {
        "path": path, "rules": rules, "journal": "rollback", "series_warmup": timedelta(0),
        "consumers": CONSUMERS, "channels": ("notifications/people",),
    }  # fmt: skip  # rows
    known = {one.name for one in fields(LedgerSettings)}
    if "budgets" in known:
        told["budgets"] = _budgets()
    return LedgerSettings(**{name: value for name, value in told.items() if name in known})


def tell(ledger: Ledger, *acts: Callable[[], Iterator[records.Batch]]) -> None:
    """Let a ledger hear some acts, and publish once in a while as the poller does: what is shown is durable."""
    for act in acts:
        for number, batch in enumerate(act()):
            ledger.apply(batch)
            if number % 8 == 0:
                _publish(ledger, batch.observed_at)
        _publish(ledger, batch.observed_at)


def _publish(ledger: Ledger, now: datetime) -> None:
    ledger.reveal()
    ledger.samples(now)
    ledger.stamp()
    if hasattr(ledger, "decide"):
        ledger.decide(now)


def first_act() -> Iterator[records.Batch]:
    """Ten hours: some queries run on, wait for their statistics or for their users, and some get none."""
    for number in range(FIRST_ACT):
        at = BORN + number * INTERVAL
        unready = {3: _running, 5: _bare}.get(number % 11, _query)
        yield _batch("athena", at + INTERVAL, unready(number), reads=[_read("executions", at)])
        if number % 5 != 2:
            yield _batch("lookup", at + INTERVAL, _start(number), reads=[])
    yield _batch("lookup", BETWEEN, _refused("refused-1"), reads=[_read("identities", BETWEEN)])


def second_act() -> Iterator[records.Batch]:
    """The rest, with everything of the first act once more: what ran has ended, and late users come."""
    for number in range(QUERIES):
        at = max(BETWEEN, BORN + number * INTERVAL) + INTERVAL
        yield _batch("athena", at, _query(number), reads=[_read("executions", at - INTERVAL)])
        yield _batch("lookup", at, _start(number), reads=[])
    again = (_refused("refused-1"), _refused("refused-2"))
    yield _batch("lookup", END, *again, reads=[_read("identities", END)])


def _batch(source: str, at: datetime, *told: Any, reads: list[records.Read]) -> records.Batch:
    cursors = {"reached": at.isoformat()}
    return records.Batch(
        source=source, target=TARGET, observed_at=at, records=told, reads=tuple(reads), cursors=cursors
    )


def _read(evidence: str, until: datetime) -> records.Read:
    return records.Read(
        evidence=records.Evidence(evidence), since=BORN - timedelta(hours=1), until=until, begun_at=until + INTERVAL
    )


def _made(kind: Any, told: dict[str, Any]) -> Any:
    known = {one.name for one in fields(kind)}
    return kind(**{name: value for name, value in told.items() if name in known})


def _query(number: int, **changed: Any) -> records.QueryExecution:
    state, ended = records.State(_STATES[number % 7]), BORN + number * INTERVAL + timedelta(seconds=20)
    scanned = None if number % 13 == 6 else (number * 7919 % 5000) * 2**20 + number
    told: dict[str, Any] = {
        "query_id": f"00000000-0000-4000-8000-{number:012d}",
        "workgroup": _WORKGROUPS[number % 3],
        "state": state,
        "submitted_at": ended - timedelta(seconds=20),
        "ended_at": ended,
        "catalog": "awsdatacatalog",
        "database": _DATABASES[number // 2 % 3],
        "statement_type": _TYPES[number % 5],
        "scanned_bytes": scanned,
        "queue_ms": 100 + number,
        "planning_ms": 200 + number,
        "engine_ms": 15_000 + number,
        "total_ms": 20_000,
        "error": records.QueryError(category=2, type=1006, retryable=False) if state == "failed" else None,
        "sql_digest": f"{number:064x}",
        "sql_text": "SELECT ?",
        "workload": "dbt:model.shop.orders" if number % 4 == 3 else None,
        "tables": _tables(number),
    }
    return _made(records.QueryExecution, told | changed)  # type: ignore[no-any-return]  # it is what it was asked for


def _running(number: int) -> records.QueryExecution:
    unknown = dict.fromkeys(("ended_at", "scanned_bytes", "queue_ms", "planning_ms", "engine_ms", "total_ms", "error"))
    return _query(number, state=records.State.RUNNING, **unknown)


def _bare(number: int) -> records.QueryExecution:
    unknown = dict.fromkeys(("scanned_bytes", "queue_ms", "planning_ms", "engine_ms", "total_ms"))
    return _query(number, **unknown)


def _tables(number: int) -> tuple[Any, ...]:
    if not hasattr(records, "TableUse"):
        return ()  # the first version did not read SQL
    uses = [("sales", "orders", records.Mode.READ), ("finance", "accounts", records.Mode.READ)]
    uses += [("sales", "daily", records.Mode.WRITE)] if number % 6 == 1 else []
    return tuple(
        records.TableUse(catalog="awsdatacatalog", database=database, table=table, mode=mode)
        for database, table, mode in uses[: 1 + number % 3]
    )


def _start(number: int) -> records.StartedQuery:
    told = {
        "query_id": f"00000000-0000-4000-8000-{number:012d}",
        "event_id": f"event-{number}",
        "started_at": BORN + number * INTERVAL,
        "account_id": TARGET.account_id,
        "region": TARGET.region,
        "workgroup": _WORKGROUPS[number % 3],
        "identity": _identity(_USERS[number % 4]),
    }
    return _made(records.StartedQuery, told)  # type: ignore[no-any-return]  # it is what it was asked for


def _refused(event_id: str) -> records.FailedStart:
    return records.FailedStart(
        event_id=event_id, started_at=BORN + timedelta(hours=5), account_id=TARGET.account_id, region=TARGET.region,
        workgroup="etl", identity=_identity("bob"), error_code="InvalidRequestException",
    )  # fmt: skip  # a form reads best in rows


def _identity(user: str) -> records.Identity:
    kind = records.Kind.SERVICE if user == "dbt" else records.Kind.PERSON
    return records.Identity(user=user, role="analyst", kind=kind, client="dbt-athena" if user == "dbt" else "console")


def _budgets() -> tuple[Any, ...]:
    from athena_exporter.budgets import Amount, Budget, Calendar, Per, Period, Unit  # noqa: PLC0415  since version 3

    daily = Amount(unit=Unit.BYTES, value=4 * 2**30)
    return (Budget(name="daily", per=Per.USER, window=Calendar(period=Period.DAY), limit=daily),)
