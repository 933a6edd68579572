"""What there is to tell: facts of the outbox as typed records. Pure.

Stage: the ledger's outbox -> **notice** -> message. Amounts are in the ledger's integers: bytes, or nanodollars.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from athena_exporter.budgets import Level, Unit
from athena_exporter.config import News
from athena_exporter.ledger.outbox import StoredFact
from athena_exporter.records import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowTold:
    """The window. `end` is None of a rolling one, whose `since` is the beginning of the episode."""

    words: str
    zone: str | None
    start: datetime
    end: datetime | None
    since: datetime
    is_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryTold:
    """One of the dearest queries."""

    query_id: str
    workgroup: str
    database: str
    user: str | None
    scanned_bytes: int | None
    cost_nanousd: int | None
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionTold:
    """The exception that gave the subject its limit."""

    reason: str
    until: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a decision says beyond what it shares with an action of the guard."""

    per: str
    warn_ratio: float
    forecast: int | None
    window: WindowTold
    counted_since: datetime | None
    exception: ExceptionTold | None
    owners: tuple[str, ...]
    queries: tuple[QueryTold, ...]
    queries_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What the guard did to a query."""

    query_id: str
    workgroup: str
    user: str
    mode: str
    result: str
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to tell. `notice_id` is the id of the decision or of the action: the same in every copy.

    Exactly one of `standing` and `action` is there. `is_trial`: nothing has happened, somebody tries the channel.
    """

    notice_id: str
    news: News
    target: Target
    budget: str
    subject: str
    unit: Unit
    used: int
    limit: int
    at: datetime
    standing: Standing | None = None
    action: Action | None = None
    is_trial: bool = False

    @property
    def ratio(self) -> float:
        """The used share of the limit."""
        return self.used / self.limit if self.limit else 0.0


def notice_of(fact: StoredFact) -> Notice:
    """The notice that a fact means."""
    told = json.loads(fact.body)
    return _action(fact.target, told) if fact.kind == "guard" else _decision(fact.target, told)


def trial(target: Target, notice_id: str, at: datetime) -> Notice:
    """A message that says of itself that it is a test; its numbers are made up."""
    return Notice(
        notice_id=notice_id, news=News.WARNED, target=target, budget="test", subject="nobody", unit=Unit.BYTES,
        used=800 * 2**30, limit=2**40, at=at, is_trial=True,
        standing=Standing(
            per="user", warn_ratio=0.75, forecast=2**40, counted_since=None, exception=None, owners=(), queries=(),
            queries_since=None,
            window=WindowTold(
                words="rolling 24h", zone=None, start=at - timedelta(days=1), end=None, since=at, is_over=False
            ),
        ),
    )  # fmt: skip  # a form reads best in rows


def _decision(target: Target, told: Mapping[str, Any]) -> Notice:
    exception = told["exception"]
    return Notice(
        notice_id=told["decision_id"], news=News(Level(told["level"]).value), target=target, budget=told["budget"],
        subject=told["subject"], unit=Unit(told["unit"]), used=told["used"], limit=told["limit"],
        at=datetime.fromisoformat(told["decided_at"]),
        standing=Standing(
            per=told["per"], warn_ratio=told["warn_ratio"], forecast=told["forecast"], window=_window(told["window"]),
            counted_since=_moment(told["counted_since"]),
            exception=exception and ExceptionTold(reason=exception["reason"], until=exception["until"]),
            owners=tuple(told["owners"]), queries=tuple(map(_query, told["queries"])),
            queries_since=_moment(told["queries_since"]),
        ),
    )  # fmt: skip  # as above


def _window(told: Mapping[str, Any]) -> WindowTold:
    return WindowTold(
        words=told["words"], zone=told["time_zone"], start=datetime.fromisoformat(told["start"]),
        end=_moment(told["end"]), since=datetime.fromisoformat(told["since"]), is_over=told["is_over"],
    )  # fmt: skip  # as above


def _query(told: Mapping[str, Any]) -> QueryTold:
    return QueryTold(**{**told, "ended_at": datetime.fromisoformat(told["ended_at"])})


def _action(target: Target, told: Mapping[str, Any]) -> Notice:
    return Notice(
        notice_id=told["action_id"], news=News.GUARD, target=target, budget=told["budget"], subject=told["subject"],
        unit=Unit(told["unit"]), used=told["used"], limit=told["limit"], at=datetime.fromisoformat(told["decided_at"]),
        action=Action(
            query_id=told["query_id"], workgroup=told["workgroup"], user=told["user"], mode=told["mode"],
            result=told["result"], ended_at=_moment(told["ended_at"]),
        ),
    )  # fmt: skip  # as above


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
