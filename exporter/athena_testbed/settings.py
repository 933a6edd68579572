"""Everything that can be set about an embedded account, with realistic defaults.

Stage: the command line or a test writes a `Settings`; every other module reads it. Nothing here touches the clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

ACCOUNT_ID = "123456789012"
"""The account of the company: the one that moto's STS answers, so that everything speaks of one account."""


class Rhythm(StrEnum):
    """Where the working day and the weekend show."""

    HISTORY = "history"
    ALWAYS = "always"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One embedded account. The same settings and the same start time give the same account.

    Attributes:
        seed: chooses the company and its queries.
        region: the one Region that holds the company; every other Region answers as an empty account.
        users: how many people there are (at least 40).
        queries_per_minute: how fast new queries arrive from the start on; 0 for none.
        max_queries: stop after this many new queries, refused starts not counted; None for no end.
        history: how far the past reaches back from the start.
        history_queries_per_day: how many queries a day of that past had.
        rhythm: `history` gives the past working days and weekends and lets new queries come steadily.
        time_scale: multiplies how long queries take: 1 is realistic, 0.01 suits a test.
        statistics_delay: the longest time that statistics appear after the final state.
        missing_statistics: the share of finished queries whose statistics never appear.
        cloudtrail_delay: the median delay until LookupEvents shows an event; single ones take up to 20 times as long.
        duplicate_events: the share of events that CloudTrail delivers twice, with one eventID.
        disordered_events: the share of events that a page shows up to 15 seconds out of order.
        lost_events: the share of events that CloudTrail never delivers.
        failed_starts: the share of StartQueryExecution calls that Athena refuses.
        rates: scales the published token buckets: 1 is real, 2 twice as generous, None none at all.
        dml_quota: how many DML queries may be active before StartQueryExecution is refused.
        clock_skew: how far the account's clock is ahead of this machine's.
        faults: the first fault plan (see `faults.FaultPlan`).
    """

    seed: int = 7
    region: str = "eu-west-1"
    users: int = 48
    queries_per_minute: float = 60.0
    max_queries: int | None = None
    history: timedelta = timedelta(0)
    history_queries_per_day: float = 30_000.0
    rhythm: Rhythm = Rhythm.HISTORY
    time_scale: float = 1.0
    statistics_delay: timedelta = timedelta(seconds=1.5)
    missing_statistics: float = 0.0
    cloudtrail_delay: timedelta = timedelta(seconds=300)
    duplicate_events: float = 0.02
    disordered_events: float = 0.03
    lost_events: float = 0.001
    failed_starts: float = 0.01
    rates: float | None = 1.0
    dml_quota: int = 150
    clock_skew: timedelta = timedelta(0)
    faults: tuple[Mapping[str, Any], ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse what no account can be.

        Raises:
            ValueError: naming the setting and what it may be.
        """
        if self.users < 40:
            raise ValueError(f"users is {self.users}; the company has at least 40")
        for name in ("duplicate_events", "disordered_events", "lost_events", "failed_starts", "missing_statistics"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it is a share between 0 and 1")
        for name in ("queries_per_minute", "history_queries_per_day"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it can't be negative")
        if self.time_scale <= 0:
            raise ValueError(f"time_scale is {self.time_scale}; it must be above 0")
        if self.rates is not None and self.rates <= 0:
            raise ValueError(f"rates is {self.rates}; it must be above 0, or off")
