"""Which series ListMetrics names: late to learn of a new one, and forgetful of one that has stopped.

Source: the API reference of ListMetrics: up to 15 minutes until a new metric shows, two weeks until it is gone.
"""

from collections.abc import Iterator, Sequence

from athena_testbed.cloudwatch.days import DAY_MINUTES, Days
from athena_testbed.cloudwatch.questions import ListQuestion
from athena_testbed.cloudwatch.series import CLASSES, QUERY_METRICS, Key, Named, Names
from athena_testbed.settings import ACCOUNT_ID

_REMEMBERED_MINUTES = 14 * DAY_MINUTES
_RECENT_MINUTES = 180
_REMEMBERED_LISTS = 4


class Listing:
    """The series that are named at any minute; `delay_ms` is how long after its first sample a series is."""

    def __init__(self, days: Days, names: Names, delay_ms: int) -> None:
        self._days = days
        self._names = names
        self._delay_minutes = -(-delay_ms // 60_000)
        self._known: dict[tuple[int, bool], tuple[int, Sequence[Named]]] = {}

    def at(self, minute: int, question: ListQuestion, *, is_first_page: bool) -> Sequence[Named]:
        """What ListMetrics answers at a minute (since 1970), all pages; later pages continue what the first began."""
        named = self._named(minute, recent=question.recently_active, fresh=is_first_page)
        return [series for series in named if _fits(series, question)]

    def _named(self, minute: int, *, recent: bool, fresh: bool) -> Sequence[Named]:
        version, named = self._known.get((minute, recent), (-1, ()))
        if version < 0 or (fresh and version != self._days.version):
            if len(self._known) > _REMEMBERED_LISTS:
                self._known.clear()
            named = sorted(set(self._find(minute, recent=recent)), key=_order)
            self._known[minute, recent] = (self._days.version, named)
        return named

    def _find(self, minute: int, *, recent: bool) -> Iterator[Named]:
        named_until = minute - self._delay_minutes + 1
        keys = self._metrics(minute - _REMEMBERED_MINUTES, named_until)
        if recent:
            active = self._metrics(minute - _RECENT_MINUTES, minute + 1)
            keys = {key: metrics for key, metrics in keys.items() if key in active}
        for key, metrics in keys.items():
            for metric in metrics:
                yield from self._names.of_key(key, metric)
        yield from self._names.of_capacity()
        since = minute - (_RECENT_MINUTES if recent else _REMEMBERED_MINUTES)
        for kind in CLASSES:
            if self._was_active(kind, since, named_until):
                yield self._names.of_usage(kind)

    def _metrics(self, since: int, until: int) -> dict[Key, set[int]]:
        """The finest series with a sample in these minutes, and which metrics each has."""
        found: dict[Key, set[int]] = {}
        for number in range(since // DAY_MINUTES, -(-until // DAY_MINUTES)):
            midnight = number * DAY_MINUTES
            for key, column in self._days.day(number).columns.items():
                if column.has(max(0, since - midnight), max(0, until - midnight)):
                    present = found.setdefault(key, set())
                    present.update(metric for metric in range(len(QUERY_METRICS)) if column.present[metric])
        return found

    def _was_active(self, kind: str, since: int, until: int) -> bool:
        for number in range(-(-until // DAY_MINUTES) - 1, since // DAY_MINUTES - 1, -1):
            midnight = number * DAY_MINUTES
            if any(since <= midnight + minute < until for minute in self._days.gauge(("active", kind), number)):
                return True
        return False


def _order(series: Named) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    return series.namespace, series.metric, series.dimensions


def _fits(series: Named, question: ListQuestion) -> bool:
    has = dict(series.dimensions)
    return (
        question.owner in {None, ACCOUNT_ID}
        and question.namespace in {None, series.namespace}
        and question.metric in {None, series.metric}
        and all(name in has and value in {None, has[name]} for name, value in question.dimensions)
    )
