"""Facts that are told to people, as the ledger writes them, and an outbox in memory that holds them."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from athena_exporter.ledger.outbox import StoredFact
from athena_exporter.records import Target

TARGET = Target(account_id="111122223333", region="eu-west-1")
AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
GB = 2**30


def decided(seq: int = 1, **told: Any) -> StoredFact:
    """A decision: a user is over a daily budget, two queries are known."""
    plain: dict[str, Any] = {
        "decision_id": f"{seq:040x}", "budget": "daily", "per": "user", "subject": "ann", "level": "exceeded",
        "unit": "bytes", "used": 1200 * GB, "limit": 1024 * GB, "warn_ratio": 0.8, "forecast": 2400 * GB,
        "decided_at": "2026-03-10T12:00:00.000+00:00",
        "window": {
            "words": "day", "time_zone": "Europe/Berlin", "start": "2026-03-09T23:00:00.000+00:00",
            "end": "2026-03-10T23:00:00.000+00:00", "since": "2026-03-09T23:00:00.000+00:00", "is_over": False,
        },
        "counted_since": None, "exception": None, "owners": [],
        "queries": [query("q-1", 900 * GB), query("q-2", 300 * GB)],
        "queries_since": "2026-03-10T06:00:00.000+00:00",
    }  # fmt: skip  # a form reads best in rows
    return StoredFact(seq=seq, kind="budget", target=TARGET, body=json.dumps(plain | told), written_ms=0)


def query(query_id: str, scanned_bytes: int | None, **told: Any) -> dict[str, Any]:
    return {
        "query_id": query_id, "workgroup": "primary", "database": "sales", "user": "ann",
        "scanned_bytes": scanned_bytes, "cost_nanousd": None if scanned_bytes is None else scanned_bytes // 220,
        "ended_at": "2026-03-10T11:30:00.000+00:00",
    } | told  # fmt: skip  # as above


def stopped(seq: int = 1, **told: Any) -> StoredFact:
    """An action of the guard."""
    plain: dict[str, Any] = {
        "action_id": f"{seq:040x}", "query_id": "q-9", "workgroup": "primary", "user": "ann", "budget": "daily",
        "subject": "ann", "mode": "enforce", "result": "stopped", "decided_at": "2026-03-10T12:00:00.000+00:00",
        "ended_at": "2026-03-10T12:00:02.000+00:00", "used": 1200 * GB, "limit": 1024 * GB, "unit": "bytes",
    }  # fmt: skip  # as above
    return StoredFact(seq=seq, kind="guard", target=TARGET, body=json.dumps(plain | told), written_ms=0)


@dataclass
class Box:
    """An outbox in memory."""

    facts: list[StoredFact] = field(default_factory=list)
    acknowledged: int = 0

    def pending_facts(self, consumer: str, limit: int) -> list[StoredFact]:
        assert consumer == "notifications/ops"
        return [fact for fact in self.facts if fact.seq > self.acknowledged][:limit]

    def acknowledge(self, consumer: str, seq: int) -> None:
        assert consumer == "notifications/ops"
        self.acknowledged = seq


@dataclass
class Results:
    """Counts what became of messages, as `Telemetry` does."""

    counts: Counter[str] = field(default_factory=Counter)

    def notified(self, channel: str, result: str, count: int = 1) -> None:
        assert channel == "ops"
        self.counts[result] += count
