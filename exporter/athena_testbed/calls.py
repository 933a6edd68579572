"""How often each operation was called, by whom and how it ended, and what AWS would bill of it.

Stage: testbed.py counts every answer here; control.py tells it.
"""

from collections import Counter
from dataclasses import dataclass
from threading import Lock

from athena_testbed.wire import Json, Request

Key = tuple[str, str, str]
"""Service, operation, and `ok` or the error's code."""


@dataclass(frozen=True, slots=True)
class _Counted:
    access_key: str
    key: Key


class Calls:
    """Counts of calls, safe to use from every thread. Who called is told by the access key that signed."""

    def __init__(self) -> None:
        self._counts: Counter[_Counted] = Counter()
        self._billed: Counter[_Counted] = Counter()
        self._lock = Lock()

    def add(self, request: Request, result: str, billed_metrics: int) -> None:
        """Count one call."""
        counted = _Counted(request.access_key, (request.service or "unknown", request.operation or "unknown", result))
        with self._lock:
            self._counts[counted] += 1
            self._billed[counted] += billed_metrics

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._counts.clear()
            self._billed.clear()

    def json(self, access_key: str | None = None) -> list[Json]:
        """By service, operation and result, as the control plane answers it; None adds up whoever called."""
        counts: Counter[Key] = Counter()
        billed: Counter[Key] = Counter()
        with self._lock:
            for counted, count in self._counts.items():
                if access_key in {None, counted.access_key}:
                    counts[counted.key] += count
                    billed[counted.key] += self._billed[counted]
        return [
            {"service": key[0], "operation": key[1], "result": key[2], "count": count, "billed_metrics": billed[key]}
            for key, count in sorted(counts.items())
        ]
