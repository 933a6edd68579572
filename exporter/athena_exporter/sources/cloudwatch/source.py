"""The settled minutes of every workgroup that publishes, as CloudWatch counts them.

Stage: CloudWatch -> **source** -> records. ListMetrics of one metric finds the series, all metrics of a series
follow from its dimensions, and a request reads as many series as fit. What was counted and how far are one batch.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import accumulate

from athena_exporter.config.sources import CloudWatchMetric
from athena_exporter.costs.plan import Want, asked, pack
from athena_exporter.costs.plan import statistics as queries_of
from athena_exporter.records import Batch, CapacityMinutes, Peak, Peaks, SettledMinutes, Target
from athena_exporter.sources import Knowledge
from athena_exporter.sources.answers import Clock
from athena_exporter.sources.cloudwatch.capacity import CapacityReader
from athena_exporter.sources.cloudwatch.data import MINUTE, read
from athena_exporter.sources.cloudwatch.minutes import Minutes
from athena_exporter.sources.cloudwatch.positions import (
    LONGEST,
    READ_UNTIL,
    RETENTION,
    Positions,
    Stretch,
    is_full_due,
    slices,
    stretch,
)
from athena_exporter.sources.cloudwatch.series import DIMENSIONS, NAMES, Listing, Series, list_metrics, query_series
from athena_exporter.sources.errors import GarbledAnswerError
from athena_exporter.sources.session import CloudWatchApi

DEFAULT_METRICS = (CloudWatchMetric.TOTAL_TIME, CloudWatchMetric.PROCESSED_BYTES)
"""How many queries, how long they took, how many bytes they scanned."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    """A series, the minute to begin with, and what is asked of it."""

    series: Series
    start: datetime
    is_new: bool
    metrics: tuple[CloudWatchMetric, ...]


@dataclass(slots=True, kw_only=True)
class _Pass:
    """One pass, and what it has met by now."""

    stretch: Stretch
    positions: Positions
    peaks: dict[tuple[str, str], dict[CloudWatchMetric, int]] = field(default_factory=dict)
    incomplete: set[Series] = field(default_factory=set)


class CloudWatchSource:
    """Reads settled minutes. One pass lists what is active, reads it, and tells the largest single queries of it.

    Args:
        client: CloudWatch's.
        target: the account and Region of the client.
        clock: the local time, where an answer brings none.
        metrics: what is asked for; each is billed by itself.
        workgroups: patterns of the names of workgroups that are asked for.
        capacity: whether DPUs of capacity reservations are asked for.
    """

    def __init__(
        self,
        *,
        client: CloudWatchApi,
        target: Target,
        clock: Clock,
        metrics: Collection[CloudWatchMetric] = DEFAULT_METRICS,
        workgroups: Sequence[str] = ("*",),
        capacity: bool = True,
    ) -> None:
        self._client = client
        self._target = target
        self._clock = clock
        self._metrics = frozenset(metrics)
        self._workgroups = tuple(workgroups)
        self._capacity = CapacityReader(client=client, clock=clock) if capacity else None

    @property
    def name(self) -> str:
        """`cloudwatch`."""
        return "cloudwatch"

    @property
    def target(self) -> Target:
        """The account and Region it reads."""
        return self._target

    def read(self, knowledge: Knowledge) -> Iterator[Batch]:
        """One pass; its marks come in the last batch.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as they are.
            GarbledAnswerError: AWS left values out; all others were read, and these will be asked for again.
        """
        cursors = knowledge.cursors(self.name)
        listing, is_full = self._list(cursors)
        planned = stretch(cursors, listing.observed_at, knowledge.counting_since(), is_full=is_full)
        run = _Pass(stretch=planned, positions=Positions.of(cursors))
        yield from self._queries(run, listing)
        if self._capacity is not None:
            for part in self._capacity.read(cursors, planned):
                yield self._batch(part.observed_at, part.records, part.cursors, part.malformed)
        if run.incomplete:
            raise GarbledAnswerError(
                operation="GetMetricData", why=f"it left out values of {len(run.incomplete)} series"
            )
        yield self._end(run, cursors, listing.observed_at)

    # -- what there is to read ------------------------------------------------------------------------------------

    def _list(self, cursors: Mapping[str, str]) -> tuple[Listing, bool]:
        """What there is to read, and whether that is all. Only the answer tells AWS's clock: ours is a guess."""
        is_full = is_full_due(cursors, self._clock())
        listing = self._ask_for_list(is_recent=not is_full)
        if not is_full and is_full_due(cursors, listing.observed_at):
            return self._ask_for_list(is_recent=False), True
        return listing, is_full

    def _ask_for_list(self, *, is_recent: bool) -> Listing:
        name = NAMES[CloudWatchMetric.TOTAL_TIME]
        return list_metrics(self._client, name, dimensions=DIMENSIONS, is_recent=is_recent, clock=self._clock)

    # -- queries --------------------------------------------------------------------------------------------------

    def _queries(self, run: _Pass, listing: Listing) -> Iterator[Batch]:
        """Everything that is due, a batch a request; what is new gets its position before anything is read."""
        found = query_series(listing, self._workgroups)
        due = [self._due(run, series) for series in found.series]
        fresh = {each.series: each.start for each in due if each.is_new}
        if fresh or found.malformed:
            yield self._batch(listing.observed_at, (), run.positions.begin(fresh), found.malformed)
        self._warn_of_losses(run, due)
        for request in pack(_wants(due, run.stretch)):
            yield from self._request(run, [want.key for want in request])

    def _due(self, run: _Pass, series: Series) -> _Due:
        counted = run.positions.counted(series, run.stretch.until)
        return _Due(
            series=series,
            start=run.stretch.start(counted),
            is_new=counted is None,
            metrics=asked(self._metrics, series.query_type),
        )

    def _warn_of_losses(self, run: _Pass, due: Iterable[_Due]) -> None:
        oldest = run.stretch.until - RETENTION
        lost = [each.start for each in due if each.start < oldest]
        if lost:
            where = f"{self._target.account_id}, {self._target.region}"
            _log.warning(
                "cloudwatch (%s): %d series were read last at %s or later; CloudWatch keeps minutes for 15 days, and"
                " what it counted before %s is lost",
                where, len(lost), min(lost).isoformat(), oldest.isoformat(),
            )  # fmt: skip  # as short as it can be said

    def _request(self, run: _Pass, due: Sequence[_Due]) -> Iterator[Batch]:
        """One request's worth of series, in slices of a day: each is committed before the next is asked for."""
        for since, until in slices(min(each.start for each in due), run.stretch.until):
            part = [each for each in due if each.start < until and each.series not in run.incomplete]
            if part:
                yield from self._slice(run, part, since, until)

    def _slice(self, run: _Pass, due: Sequence[_Due], since: datetime, until: datetime) -> Iterator[Batch]:
        questions = [each.series.question(metric) for each in due for metric in each.metrics]
        reading = read(self._client, questions, since, until, clock=self._clock)
        records: dict[Series, SettledMinutes] = {}
        for each, first in zip(due, accumulate((len(each.metrics) for each in due), initial=0), strict=False):
            places = {metric: first + place for place, metric in enumerate(each.metrics)}
            minutes = Minutes(series=each.series, since=max(since, each.start), reading=reading, places=places)
            if not minutes.is_complete:
                run.incomplete.add(each.series)
            elif (record := minutes.record()) is not None:
                records[each.series] = record
                _note_peaks(run, minutes)
        if records or reading.malformed:
            cursors = run.positions.move({series: record.until for series, record in records.items()})
            yield self._batch(reading.observed_at, tuple(records.values()), cursors, reading.malformed)

    # -- batches --------------------------------------------------------------------------------------------------

    def _end(self, run: _Pass, cursors: Mapping[str, str], observed_at: datetime) -> Batch:
        marks = run.stretch.marks()
        # A pass without a new minute has nothing to say about the largest queries: what was told stays.
        has_news = cursors.get(READ_UNTIL) != marks[READ_UNTIL]
        return self._batch(observed_at, (_peaks(run),) if has_news else (), marks)

    def _batch(
        self,
        observed_at: datetime,
        records: tuple[SettledMinutes | CapacityMinutes | Peaks, ...],
        cursors: Mapping[str, str],
        malformed: int = 0,
    ) -> Batch:
        return Batch(
            source=self.name,
            target=self._target,
            observed_at=observed_at,
            records=records,
            cursors=cursors,
            malformed=malformed,
        )


def _wants(due: Iterable[_Due], planned: Stretch) -> Iterator[Want[_Due]]:
    for each in due:
        start = max(each.start, planned.until - RETENTION)
        if each.metrics and start < planned.until:
            yield Want(
                key=replace(each, start=start),
                queries=queries_of(each.metrics),
                minutes=min(LONGEST, planned.until - start) // MINUTE,
            )


def _note_peaks(run: _Pass, minutes: Minutes) -> None:
    largest = run.peaks.setdefault((minutes.series.workgroup, minutes.series.query_type), {})
    for metric in DEFAULT_METRICS:
        value = minutes.peak(metric)
        if value is not None:
            largest[metric] = max(value, largest.get(metric, value))


def _peaks(run: _Pass) -> Peaks:
    return Peaks(
        items=tuple(
            Peak(
                workgroup=workgroup,
                query_type=query_type,
                processed_bytes=largest.get(CloudWatchMetric.PROCESSED_BYTES),
                total_ms=largest.get(CloudWatchMetric.TOTAL_TIME),
            )
            for (workgroup, query_type), largest in sorted(run.peaks.items())
            if largest
        )
    )
