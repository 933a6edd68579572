"""A process that counts queries and delivers their events, and kills itself with SIGKILL where that hurts, or never.

    python delivering.py LEDGER URL QUERIES POINT COUNT

It ends with 0 when every query is counted and every event delivered. POINT is `accepted` (CloudWatch Logs has taken
the COUNT-th batch, nobody has noted it), `acknowledge` (a round is over, the outbox does not know yet), or `never`.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from log_wire import GROUPS, TARGET, Fates, logs_client

from athena_exporter.ledger.model import Rules
from athena_exporter.ledger.outbox import StoredFact
from athena_exporter.ledger.store import Ledger, LedgerSettings
from athena_exporter.outlets.events import Delivery
from athena_exporter.pricing import Prices
from athena_exporter.records import Batch, Identity, Kind, Mode, QueryExecution, StartedQuery, State, TableUse

AT_ONCE = 50
FACTS = 200
"""A round's at most: rounds so small that each kill leaves some for the next one."""
_BORN = datetime.now(UTC) - timedelta(hours=30)
_PRICES = Prices(usd_per_tb=Decimal(5), tb_bytes=2**40, minimum_bytes=10 * 2**20)


def query_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def table(number: int) -> TableUse:
    return TableUse(catalog="awsdatacatalog", database="sales", table=f"table_{number % 40}", mode=Mode.READ)


def settings(path: Path) -> LedgerSettings:
    return LedgerSettings(
        path=path, rules=Rules(prices=_PRICES, facts=True), consumers=("events",), initial_lookback=timedelta(days=2)
    )


def queries(first: int, count: int, born: datetime) -> Iterator[QueryExecution | StartedQuery]:
    """Queries of more than a day, so that a batch of their events would span too much."""
    for number in range(first, first + count):
        at = born + timedelta(seconds=(number * 37) % 100_000, milliseconds=number % 1000)
        yield QueryExecution(
            query_id=query_id(number), workgroup="primary", state=State.SUCCEEDED, submitted_at=at, ended_at=at,
            database="sales", statement_type="DML", scanned_bytes=number, total_ms=5, tables=(table(number),),
        )  # fmt: skip  # ten fields read best as a block
        yield StartedQuery(
            query_id=query_id(number), event_id=f"e{number}", started_at=at, account_id=TARGET.account_id,
            region=TARGET.region, workgroup="primary",
            identity=Identity(user=f"user-{number % 7}", role="analyst", kind=Kind.PERSON, client="console"),
        )  # fmt: skip  # as above


def count(ledger: Ledger, total: int) -> None:
    """Count what the ledger lacks: how far it came is committed with the queries."""
    while (first := int(ledger.view(TARGET).cursor("test", "next") or 0)) < total:
        records = tuple(queries(first, min(AT_ONCE, total - first), ledger.view(TARGET).low_water()))
        cursors = {"next": str(first + AT_ONCE)}
        now = datetime.now(UTC)
        ledger.apply(Batch(source="test", target=TARGET, observed_at=now, records=records, cursors=cursors))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class MortalOutbox:
    """The ledger, but for a death between the sending and the acknowledgement."""

    def __init__(self, ledger: Ledger, point: str) -> None:
        self._ledger = ledger
        self._point = point

    def pending_facts(self, consumer: str, limit: int, *, after: int = 0) -> list[StoredFact]:
        return self._ledger.pending_facts(consumer, min(limit, FACTS), after=after)

    def acknowledge(self, consumer: str, seq: int) -> None:
        if self._point == "acknowledge":
            die()
        self._ledger.acknowledge(consumer, seq)


class MortalFates(Fates):
    """Dies when CloudWatch Logs has taken so many batches."""

    left = -1

    def events_accepted(self, log_group: str, count: int) -> None:
        super().events_accepted(log_group, count)
        self.left -= 1
        if self.left == 0:
            die()


def deliver(delivery: Delivery) -> bool:
    try:
        return delivery.run_once()
    except (ClientError, BotoCoreError) as error:
        print(type(error).__name__, error, flush=True)  # noqa: T201  the process's log
        return False


def main(path: str, url: str, total: str, point: str, at: str) -> None:
    fates = MortalFates()
    fates.left = int(at) if point == "accepted" else -1
    client: Any = logs_client(url, attempts=2)
    with closing(client), closing(Ledger(settings(Path(path)), monotonic=time.monotonic)) as ledger:
        ledger.adopt(TARGET, _BORN + timedelta(days=2))
        counting = threading.Thread(target=count, args=(ledger, int(total)))
        counting.start()
        delivery = Delivery(
            outbox=MortalOutbox(ledger, point), consumer="events", client=client, groups=GROUPS, tally=fates,
            now=lambda: datetime.now(UTC), monotonic=time.monotonic,
        )  # fmt: skip  # seven arguments read best as a block
        with closing(delivery):
            while counting.is_alive() or ledger.pending_facts("events", 1):
                if not deliver(delivery):
                    time.sleep(0.02)
        counting.join()
        ledger.stamp()


if __name__ == "__main__":
    main(*sys.argv[1:])
