"""What the process knows of itself: calls to AWS, reads, failures. It ends with the process; the ledger stays."""

import threading
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import TypeAlias

from athena_exporter import catalog
from athena_exporter.budgets import Mode, Reason
from athena_exporter.costs.prices import price_nanousd
from athena_exporter.records import Sample, Target

_Key: TypeAlias = tuple[str, Target | None, tuple[str, ...]]


class Telemetry:
    """Counters and gauges since the start. Safe to call from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: Counter[_Key] = Counter()
        self._gauges: dict[_Key, float] = {}

    def aws_call(self, target: Target, service: str, operation: str, result: str) -> None:
        """One HTTP exchange with AWS, a retry included; `result` is `ok` or the error's code."""
        with self._lock:
            self._counters[catalog.AWS_REQUESTS.name, target, (service, operation, result)] += 1
            self._counters[catalog.AWS_COST_USD.name, target, (service, operation, result)] += 0

    def aws_bill(self, target: Target, service: str, operation: str, result: str, units: int) -> None:
        """What that exchange costs at list price; `units` are what AWS bills of it (metrics, or 1 request)."""
        price = price_nanousd(service, operation, result, units)
        with self._lock:
            self._counters[catalog.AWS_COST_USD.name, target, (service, operation, result)] += price

    def read_succeeded(self, target: Target, source: str, duration: timedelta, lag: timedelta | None) -> None:
        """A source was read to its end; `lag` is None when it brought nothing new."""
        with self._lock:
            self._gauges[catalog.SOURCE_UP.name, target, (source,)] = 1
            self._gauges[catalog.SOURCE_DURATION.name, target, (source,)] = duration.total_seconds()
            if lag is not None:
                self._gauges[catalog.SOURCE_LAG.name, target, (source,)] = lag.total_seconds()

    def read_failed(self, target: Target, source: str, reason: str, *, is_up: bool = False) -> None:
        """A read of a source ended before its end; `is_up` where nothing is broken."""
        with self._lock:
            self._gauges[catalog.SOURCE_UP.name, target, (source,)] = int(is_up)
            self._counters[catalog.SOURCE_ERRORS.name, target, (source, reason)] += 1

    def called(self, target: Target, alias: str) -> None:
        """What people call the target's account."""
        with self._lock:
            self._gauges[catalog.TARGET_INFO.name, target, (alias,)] = 1

    def forget(self, target: Target) -> None:
        """Leave out what is said of a target that turned out to be another one; its counters stay."""
        with self._lock:
            self._gauges = {key: value for key, value in self._gauges.items() if key[1] != target}

    def malformed(self, target: Target, source: str, count: int) -> None:
        """Records that could not be read; naming a source with 0 makes its series exist."""
        with self._lock:
            self._counters[catalog.MALFORMED_RECORDS.name, target, (source,)] += count

    def refused(self, reason: str, count: int = 1) -> None:
        """A request to the exporter itself was sent away; naming a reason with 0 makes its series exist."""
        self._delivered(catalog.REFUSED_REQUESTS, (reason,), count)

    def guard(self, target: Target, mode: Mode, *, is_killed: bool, waiting: Mapping[Reason, int]) -> None:
        """What the guard does there, whether the kill switch holds it, and how many queries it does not stop."""
        with self._lock:
            for one in Mode:
                self._gauges[catalog.GUARD_MODE.name, target, (one.value,)] = int(one is mode)
            self._gauges[catalog.GUARD_KILL_SWITCH.name, target, ()] = int(is_killed)
            for reason in Reason:
                self._gauges[catalog.GUARD_WAITING_QUERIES.name, target, (reason.value,)] = waiting.get(reason, 0)

    def messages(self, target: Target, source: str, results: Mapping[str, int]) -> None:
        """What messages of a queue came to; naming a result with 0 makes its series exist."""
        with self._lock:
            for result, count in results.items():
                self._counters[catalog.MESSAGES.name, target, (source, result)] += count

    def trail_files(self, target: Target, results: Mapping[str, int]) -> None:
        """What CloudTrail's files came to; naming a result with 0 makes its series exist."""
        with self._lock:
            for result, count in results.items():
                self._counters[catalog.TRAIL_FILES.name, target, (result,)] += count

    def events_accepted(self, log_group: str, count: int) -> None:
        """CloudWatch Logs has taken so many events; naming a group with 0 makes its series exist."""
        self._delivered(catalog.EVENTS_ACCEPTED, (log_group,), count)

    def events_resent(self, log_group: str, count: int) -> None:
        """So many events are sent again, for nobody can tell whether they were taken."""
        self._delivered(catalog.EVENTS_RESENT, (log_group,), count)

    def events_rejected(self, log_group: str, reason: str, count: int) -> None:
        """CloudWatch Logs will never take so many events."""
        self._delivered(catalog.EVENTS_REJECTED, (log_group, reason), count)

    def notified(self, channel: str, result: str, count: int = 1) -> None:
        """What became of a notification, or of one try; naming a result with 0 makes its series exist."""
        self._delivered(catalog.NOTIFICATIONS, (channel, result), count)

    def history_written(self, rows: int, size: int) -> None:
        """A file of the query history is in S3; 0 and 0 make the series exist."""
        self._delivered(catalog.HISTORY_ROWS, (), rows)
        self._delivered(catalog.HISTORY_BYTES, (), size)

    def history_files(self, result: str, count: int) -> None:
        """What became of files of the query history; a count of 0 makes the series exist."""
        self._delivered(catalog.HISTORY_FILES, (result,), count)

    def _delivered(self, metric: catalog.Metric, labels: tuple[str, ...], count: int) -> None:
        with self._lock:
            self._counters[metric.name, None, labels] += count

    def samples(self) -> list[Sample]:
        """Everything, at this moment."""
        with self._lock:
            found: list[tuple[_Key, float]] = [*self._counters.items(), *self._gauges.items()]
        return [
            Sample(metric=metric, target=target, labels=labels, value=value)
            for (metric, target, labels), value in found
        ]
