"""What an account is like, from a sample: its workgroups, how much runs in them, how late CloudTrail is.

Stage: AWS -> **survey** -> `athena-exporter check`. Reads what the sources read, by the same parsers. A part that
AWS refuses is None: the permission's own line says why.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from athena_exporter.records import QueryExecution, StartedQuery, Target, Workgroup
from athena_exporter.sources.answers import Clock, ask
from athena_exporter.sources.batches import BATCH, Reader, fetch
from athena_exporter.sources.errors import is_denied
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.session import AthenaApi, CloudTrailApi
from athena_exporter.sources.starts import EVENT_NAME, MalformedRecordError, read_event
from athena_exporter.sources.workgroups import read_workgroup

MOST_WORKGROUPS = 100
"""Workgroups that are looked at one by one: each costs three calls of scarce rates."""
_EVENT_PAGES = 4
_PAGE = 50
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How much runs in a workgroup. `unread`: executions that the parsers could make nothing of."""

    workgroup: str
    queries_per_day: float
    executions: Sequence[QueryExecution]
    unread: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Starts:
    """The newest starts that CloudTrail shows. `since` is the oldest moment that they cover."""

    since: datetime
    starts: Sequence[StartedQuery]
    unread: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How late CloudTrail is, from queries that Athena shows: ages at the moment of the read.

    `newest_seen` is the age of the youngest query whose start is visible, `oldest_unseen` that of the oldest whose
    start is not; `compared` is how many queries there were to look for.
    """

    compared: int
    newest_seen: timedelta | None
    oldest_unseen: timedelta | None


@dataclass(slots=True, kw_only=True)
class Survey:
    """All that was found. `total` counts every workgroup, the lists hold those looked at.

    `denied` has the workgroups that an action is denied on, by action.
    """

    total: int
    at: datetime
    setups: list[Workgroup] = field(default_factory=list)
    paces: list[Pace] = field(default_factory=list)
    starts: Starts | None = None
    denied: dict[str, list[str]] = field(default_factory=dict)

    @property
    def queries_per_day(self) -> float | None:
        """Of all workgroups; those not looked at are taken to be as busy as the others."""
        if not self.paces:
            return None
        return sum(pace.queries_per_day for pace in self.paces) * max(1.0, self.total / len(self.paces))

    @property
    def lag(self) -> Lag | None:
        """None unless both Athena and CloudTrail were read."""
        if self.starts is None or not self.paces:
            return None
        known = {start.query_id for start in self.starts.starts}
        recent = [
            execution
            for pace in self.paces
            for execution in pace.executions
            if execution.submitted_at >= self.starts.since + _MINUTE
        ]
        seen = [self.at - one.submitted_at for one in recent if one.query_id in known]
        unseen = [self.at - one.submitted_at for one in recent if one.query_id not in known]
        return Lag(compared=len(recent), newest_seen=min(seen, default=None), oldest_unseen=max(unseen, default=None))


class Surveyor:
    """Looks at one target.

    Args:
        athena: Athena's client.
        cloudtrail: CloudTrail's; None leaves the starts out.
        target: the account and Region.
        rules: how identities are named.
        clock: AWS's time, as far as it is known.
        settings: whether the settings of workgroups are read.
        step: told once a workgroup, for a progress bar.
    """

    def __init__(
        self,
        *,
        athena: AthenaApi,
        cloudtrail: CloudTrailApi | None,
        target: Target,
        rules: IdentityRules,
        clock: Clock,
        settings: bool,
        step: Callable[[], None],
    ) -> None:
        self._athena = athena
        self._cloudtrail = cloudtrail
        self._target = target
        self._rules = rules
        self._clock = clock
        self._settings = settings
        self._step = step

    def survey(self, workgroups: Sequence[str]) -> Survey:
        """Look at up to `MOST_WORKGROUPS` of these. Never raises AWS's errors."""
        found = Survey(total=len(workgroups), at=self._clock())
        for name in workgroups[:MOST_WORKGROUPS]:
            if self._settings:
                found.setups += _unless_refused(partial(read_setup, self._athena, name), found, name)
            found.paces += _unless_refused(partial(self._pace, name), found, name)
            self._step()
        if self._cloudtrail is not None:
            found.starts = next(iter(_unless_refused(partial(self._starts, self._cloudtrail), found)), None)
        found.at = self._clock()
        return found

    def _pace(self, name: str) -> Pace:
        answer = ask(self._athena.list_query_executions, WorkGroup=name, MaxResults=_PAGE)
        ids = [one for one in answer.get("QueryExecutionIds", ()) if isinstance(one, str)]
        if not ids:
            return Pace(workgroup=name, queries_per_day=0, executions=(), unread=0)
        fetched = fetch(self._athena, ids[:BATCH], clock=self._clock, reader=Reader(workgroup=name))
        # Nobody waits for more pages: a full one is taken for the workgroup's pace.
        rate = per_day(
            [one.submitted_at for one in fetched.executions], fetched.observed_at, more="NextToken" in answer
        )
        return Pace(workgroup=name, queries_per_day=rate, executions=fetched.executions, unread=fetched.malformed)

    def _starts(self, client: CloudTrailApi) -> Starts:
        now, since = self._clock(), self._clock() - _DAY
        pages = list(islice(self._pages(client, now), _EVENT_PAGES + 1))
        starts: list[StartedQuery] = []
        unread = 0
        for event in (event for page in pages[:_EVENT_PAGES] for event in page):
            try:
                start = read_event(event, rules=self._rules, target=self._target)
            except MalformedRecordError:
                unread += 1
                continue
            if isinstance(start, StartedQuery):
                starts.append(start)
        if len(pages) > _EVENT_PAGES and starts:
            since = min(start.started_at for start in starts)
        return Starts(since=since, starts=starts, unread=unread)

    def _pages(self, client: CloudTrailApi, now: datetime) -> Iterator[Sequence[Mapping[str, Any]]]:
        arguments: dict[str, Any] = {
            "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": EVENT_NAME}],
            "StartTime": now - _DAY,
            "EndTime": now,
            "MaxResults": _PAGE,
        }
        while True:
            answer = ask(client.lookup_events, **arguments)
            yield answer.get("Events", ())
            if not answer.get("NextToken"):
                return
            arguments["NextToken"] = answer["NextToken"]


def read_setup(client: AthenaApi, workgroup: str) -> Workgroup:
    """How one workgroup is set up. Raises AWS's errors as they are."""
    told = ask(client.get_work_group, WorkGroup=workgroup).get("WorkGroup", {})
    return read_workgroup(workgroup, told, summary={}, tags={})


def per_day(submitted: Sequence[datetime], now: datetime, *, more: bool) -> float:
    """Queries a day from a page of submission times; `more` says that older ones are on further pages.

    A whole history counts its last day. Of a part of it the pace of the page is taken, unless the page reaches
    back beyond a day: then it holds the whole last day, too.
    """
    if not submitted:
        return 0.0
    recent = sum(1 for at in submitted if now - at <= _DAY)
    oldest = min(submitted)
    if not more or now - oldest >= _DAY:
        return float(recent)
    return len(submitted) * (_DAY / max(now - oldest, timedelta(seconds=1)))


def _unless_refused(look: Callable[[], _T], found: Survey, workgroup: str | None = None) -> list[_T]:
    """What a look finds, or nothing; a workgroup that is closed to it is remembered."""
    try:
        return [look()]
    except ClientError as error:
        if workgroup is not None and is_denied(error):
            found.denied.setdefault(f"athena:{error.operation_name}", []).append(workgroup)
    except BotoCoreError:
        pass  # what was tried before says why
    return []


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
