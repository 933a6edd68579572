"""One embedded account on loopback, and the real clients that read it, for the tests of the sources."""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from typing import Any, TypeAlias

import athena_testbed
from athena_exporter.records import Target
from athena_exporter.sources.athena import AthenaSource
from athena_exporter.sources.cloudwatch import CloudWatchSource
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.lookup import LookupSource
from athena_exporter.sources.rate import Rates
from athena_exporter.sources.session import Session
from athena_exporter.sources.workgroups import WorkgroupsSource

REGION = "eu-west-1"
TARGET = Target(account_id=athena_testbed.ACCOUNT_ID, region=REGION)
QUIET = athena_testbed.Settings(queries_per_minute=0, rates=None, lost_events=0.0, failed_starts=0.0)
"""An account in which nothing happens but what a test puts there."""


def local_time() -> datetime:
    return datetime.now(tz=UTC)


@dataclass(slots=True)
class Hand:
    """A clock that a test moves, for the account and for the sources alike."""

    at: datetime = field(default_factory=lambda: local_time().replace(microsecond=0))

    def time(self) -> datetime:
        return self.at

    def milliseconds(self) -> int:
        return int(self.at.timestamp() * 1000)


@dataclass(slots=True)
class World:
    """The account, a session with it, and the calls the session has counted."""

    running: athena_testbed.Running
    session: Session
    calls: Counter[tuple[str, str, str]]
    clock: Callable[[], datetime]

    def athena(self, **settings: object) -> AthenaSource:
        client = self.session.athena()
        return AthenaSource(client=client, target=TARGET, clock=self.clock, **settings)  # type: ignore[arg-type]  # a test names them right or fails

    def lookup(self, **settings: object) -> LookupSource:
        client = self.session.cloudtrail()
        rules = IdentityRules.of()
        return LookupSource(client=client, target=TARGET, rules=rules, clock=self.clock, **settings)  # type: ignore[arg-type]  # as above

    def workgroups(self, **settings: object) -> WorkgroupsSource:
        athena, quotas = self.session.athena(), self.session.service_quotas()
        return WorkgroupsSource(client=athena, quotas=quotas, target=TARGET, clock=self.clock, **settings)  # type: ignore[arg-type]  # as above

    def cloudwatch(self, **settings: object) -> CloudWatchSource:
        client = self.session.cloudwatch()
        return CloudWatchSource(client=client, target=TARGET, clock=self.clock, **settings)  # type: ignore[arg-type]  # as above

    def add(self, **given: object) -> str:
        """Put one query into the account; its id."""
        return self.running.testbed.add(given)[0]

    def asked(self, operation: str) -> int:
        return sum(count for (_, name, _), count in self.calls.items() if name == operation)


MakeWorld: TypeAlias = Callable[..., AbstractContextManager[World]]


def session_with(url: str, calls: Counter[tuple[str, str, str]], **settings: Any) -> Session:
    def count(service: str, operation: str, result: str) -> None:
        calls[service, operation, result] += 1

    rates = Rates(share=inf, clock=time.monotonic, sleep=time.sleep)
    return Session(region=REGION, rates=rates, count=count, endpoint_url=url, **settings)
