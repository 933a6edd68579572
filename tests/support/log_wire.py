"""The client's side of CloudWatch Logs for tests: a client, what has arrived, what became of events, an outbox."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from athena_exporter.ledger.outbox import StoredFact
from athena_exporter.outlets.events import Groups
from athena_exporter.records import Target

REGION = "eu-west-1"
TARGET = Target(account_id="123456789012", region=REGION)
"""The embedded account's own."""
GROUPS = Groups(table_access="/athena-observability/table-access", queries="/athena-observability/queries")


def logs_client(url: str, *, attempts: int = 1) -> Any:
    """A client of boto3 that answers at once: botocore's own retries are others' business."""
    return boto3.client(
        "logs",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="testbed",
        aws_secret_access_key="testbed",
        config=Config(
            retries={"mode": "standard", "total_max_attempts": attempts}, read_timeout=60, connect_timeout=60
        ),
    )


def arrived(client: Any, group: str) -> list[dict[str, Any]]:
    pages = client.get_paginator("filter_log_events").paginate(logGroupName=group)
    try:
        return [
            {**json.loads(event["message"]), "@timestamp": event["timestamp"], "@logStream": event["logStreamName"]}
            for page in pages
            for event in page["events"]
        ]
    except client.exceptions.ResourceNotFoundException:
        return []


@dataclass
class Fates:
    """Counts what became of events, as `Telemetry` does."""

    counts: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def events_accepted(self, log_group: str, count: int) -> None:
        self.counts["accepted", log_group] += count

    def events_resent(self, log_group: str, count: int) -> None:
        self.counts["resent", log_group] += count

    def events_rejected(self, log_group: str, reason: str, count: int) -> None:
        self.counts[reason, log_group] += count

    def of(self, fate: str) -> int:
        """Over all log groups."""
        return sum(count for key, count in self.counts.items() if key[0] == fate)


@dataclass
class Box:
    """An outbox in memory: facts by number, and how far they were acknowledged."""

    facts: list[StoredFact] = field(default_factory=list)
    acknowledged: int = 0
    asked: list[int] = field(default_factory=list)

    def pending_facts(self, consumer: str, limit: int, *, after: int = 0) -> list[StoredFact]:
        assert consumer == "events"
        self.asked.append(limit)
        return [fact for fact in self.facts if fact.seq > max(self.acknowledged, after)][:limit]

    def acknowledge(self, consumer: str, seq: int) -> None:
        assert consumer == "events"
        self.acknowledged = seq
