"""A process that counts queries, decides and tells a webhook, and kills itself with SIGKILL where that hurts, or never.

    python telling.py LEDGER URL POINT COUNT

It ends with 0 when all is told. POINT, at its COUNT-th passage: `transaction` (decisions are written, not committed),
`committed` (nobody was told yet), `sent` (the receiver has a message, the outbox does not know), or `never`.
"""

import os
import signal
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import urllib3

from athena_exporter.budgets import Amount, Budget, Calendar, Globs, Per, Period, Rolling, Unit
from athena_exporter.config import News
from athena_exporter.ledger.model import Rules
from athena_exporter.ledger.outbox import StoredFact
from athena_exporter.ledger.store import Ledger, LedgerSettings
from athena_exporter.outlets.notifications import Notifier, People, Wanted, Webhook, WebhookSender, to_slack
from athena_exporter.pricing import Prices
from athena_exporter.records import Batch, Identity, Kind, QueryExecution, StartedQuery, State, Target
from athena_exporter.telemetry import Telemetry

CONSUMER = "notifications/ops"
TARGET = Target(account_id="111122223333", region="eu-west-1")
BORN = datetime(2026, 3, 10, tzinfo=UTC)
STEPS, PEOPLE = 6, 3
"""In each step everybody runs one query of 400 units: warned after two, over the limit after three."""
_LIMIT = Amount(unit=Unit.BYTES, value=1000)
BUDGETS = (
    Budget(name="daily", per=Per.USER, window=Calendar(period=Period.DAY), limit=_LIMIT),
    Budget(name="rolling", per=Per.USER, window=Rolling(length=timedelta(hours=24)), limit=_LIMIT),
)


class Deaths:
    """Dies at the COUNT-th passage of a point."""

    def __init__(self, point: str, count: int) -> None:
        self._point = point
        self._left = count

    def pass_(self, point: str) -> None:
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class MortalOutbox:
    """The ledger, but for a death between the sending and the acknowledgement."""

    def __init__(self, ledger: Ledger, deaths: Deaths) -> None:
        self._ledger = ledger
        self._deaths = deaths

    def pending_facts(self, consumer: str, limit: int) -> list[StoredFact]:
        return self._ledger.pending_facts(consumer, limit)

    def acknowledge(self, consumer: str, seq: int) -> None:
        self._deaths.pass_("sent")
        self._ledger.acknowledge(consumer, seq)


def after(steps: int) -> datetime:
    return BORN + steps * timedelta(hours=1)


def records(step: int) -> tuple[QueryExecution | StartedQuery, ...]:
    at = after(step + 1)
    found: list[QueryExecution | StartedQuery] = []
    for person in range(PEOPLE):
        query_id = f"00000000-0000-4000-8000-{step * 100 + person:012d}"
        found += [
            QueryExecution(
                query_id=query_id, workgroup="primary", state=State.SUCCEEDED, submitted_at=at, ended_at=at,
                database="sales", statement_type="DML", scanned_bytes=400, total_ms=5,
            ),
            StartedQuery(
                query_id=query_id, event_id=query_id, started_at=at, account_id=TARGET.account_id,
                region=TARGET.region, workgroup="primary",
                identity=Identity(user=f"user-{person}", role="r", kind=Kind.PERSON, client="console"),
            ),
        ]  # fmt: skip  # as short as it can be said
    return tuple(found)


def settings(path: Path) -> LedgerSettings:
    return LedgerSettings(
        path=path, rules=Rules(prices=Prices(usd_per_tb=Decimal(5), tb_bytes=2**40, minimum_bytes=0)),
        budgets=BUDGETS, channels=(CONSUMER,), series_warmup=timedelta(0),
    )  # fmt: skip  # as short as it can be said


def notifier(ledger: Ledger, url: str, pool: urllib3.PoolManager, deaths: Deaths) -> Notifier:
    webhook = Webhook(name="ops", address=lambda: url, pools=lambda _: pool, now=lambda: datetime.now(UTC))
    return Notifier(
        name="ops", consumer=CONSUMER, outbox=MortalOutbox(ledger, deaths), people=People(None),
        wanted=Wanted(news=frozenset(News), budgets=Globs(())), sender=WebhookSender(webhook, to_slack),
        tally=Telemetry(), console_url="https://example.com/QUERY_ID", monotonic=time.monotonic, chance=lambda: 0.5,
    )  # fmt: skip  # as above


def main(path: str, url: str, point: str, count: str) -> None:
    deaths = Deaths(point, int(count))
    pool = urllib3.PoolManager()
    with closing(Ledger(settings(Path(path)), monotonic=time.monotonic)) as ledger:
        ledger.adopt(TARGET, BORN)
        writing = ledger._deciding._counted  # the last thing in the transaction

        def counted(*args: Any, **kwargs: Any) -> Any:
            found = writing(*args, **kwargs)
            if args[0]:
                deaths.pass_("transaction")
            return found

        ledger._deciding._counted = counted  # type: ignore[method-assign]  # a crash point, as in crashing_exporter.py
        tell = notifier(ledger, url, pool, deaths)
        first = int(ledger.view(TARGET).cursor("test", "step") or 0)
        look(ledger, tell, after(first), deaths)
        for step in range(first, STEPS):
            cursors = {"step": str(step + 1)}
            at = after(step + 1)
            ledger.apply(Batch(source="test", target=TARGET, observed_at=at, records=records(step), cursors=cursors))
            look(ledger, tell, at, deaths)
        ledger.stamp()
    pool.clear()


def look(ledger: Ledger, tell: Notifier, now: datetime, deaths: Deaths) -> None:
    ledger.stamp()  # as the publisher does all the time: else the next process would take the file for a copy
    ledger._deciding._due = float("-inf")  # no rest: a test is short
    if ledger.decide(now):
        deaths.pass_("committed")
    while tell.run_once():
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
