"""The names of CloudWatch's series: metrics, units, dimensions, and which data of the account stands behind each.

Source: "List of CloudWatch metrics and dimensions for Athena" (docs.aws.amazon.com/athena/latest/ug/
query-metrics-viewing.html) and, for AWS/Usage, "CloudWatch usage metrics" of the same guide. The dimension of a
capacity reservation is spelt with a space on the wire and without one in the documents: a setting says which.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from athena_testbed.reservations import NAME
from athena_testbed.world.plan import Plan

ATHENA = "AWS/Athena"
USAGE = "AWS/Usage"
STATES: Mapping[str, str] = {"SUCCEEDED": "SUCCEEDED", "FAILED": "FAILED", "CANCELLED": "CANCELED"}
"""Athena's word for a state -> CloudWatch's, which writes one L less."""
TYPES = ("DML", "DDL", "UTILITY")
QUERY_METRICS: tuple[str, ...] = (
    "ProcessedBytes",
    "TotalExecutionTime",
    "EngineExecutionTime",
    "QueryQueueTime",
    "QueryPlanningTime",
    "ServicePreProcessingTime",
    "ServiceProcessingTime",
    "DPUCount",
)
"""One sample each at a query's end, in this order everywhere."""
USAGE_METRIC = "ResourceCount"
_UNITS: Mapping[str, str] = {"ProcessedBytes": "Bytes", "DPUCount": "Count"}
_LONGEST_MS = 2**31 - 1

Dimensions: TypeAlias = tuple[tuple[str, str], ...]
Sample: TypeAlias = tuple[int | None, ...]
"""One value for each of QUERY_METRICS, None where Athena publishes none."""


@dataclass(frozen=True, slots=True)
class Key:
    """The finest series of query metrics; in a `Query`, an empty field stands for all."""

    workgroup: str
    type: str
    state: str

    def parts(self) -> Iterator["Key"]:
        """The finest series of its workgroup that it adds up."""
        for kind in (self.type,) if self.type else TYPES:
            for state in (self.state,) if self.state else STATES.values():
                yield Key(self.workgroup, kind, state)

    def covers(self, other: "Key") -> bool:
        """Whether `other` is one of the series that this one adds up."""
        return (
            self.workgroup in {"", other.workgroup}
            and self.type in {"", other.type}
            and self.state in {"", other.state}
        )


@dataclass(frozen=True, slots=True)
class Query:
    """A metric of finished queries."""

    metric: int
    key: Key

    @property
    def unit(self) -> str:
        """CloudWatch's unit."""
        return _UNITS.get(QUERY_METRICS[self.metric], "Milliseconds")


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number that is published once a minute: active queries of a class, DPUs of the reservation."""

    kind: Literal["active", "consumed", "allocated"]
    of: str
    unit: str = "Count"


Source: TypeAlias = Query | Gauge


@dataclass(frozen=True, slots=True)
class Named:
    """A series as ListMetrics names it."""

    namespace: str
    metric: str
    dimensions: Dimensions


def key_of(plan: Plan) -> Key:
    """The finest series that a query's samples belong to."""
    return Key(plan.workgroup, plan.shape.statement_type, STATES[plan.state])


def sample_of(plan: Plan) -> Sample:
    """What Athena publishes of a query: bytes and planning of DML only, bytes only where it reports them."""
    is_dml = plan.shape.statement_type == "DML"
    scanned = plan.scanned_bytes if is_dml and plan.statistics_after_ms is not None else None
    times = (plan.total_ms, plan.engine_ms, plan.queue_ms, plan.planning_ms, plan.preprocessing_ms, plan.service_ms)
    total, engine, queue, planning, preprocessing, service = (min(_LONGEST_MS, each) for each in times)
    dpus = None if plan.dpu_count is None else int(plan.dpu_count)
    return (scanned, total, engine, queue, planning if is_dml else None, preprocessing, service, dpus)


class Names:
    """Series by their names, and names by their series. `capacity` is how the reservation's dimension is spelt."""

    def __init__(self, capacity: str, reserved: frozenset[str]) -> None:
        self._capacity = capacity
        self._reserved = reserved

    def find(self, namespace: str, metric: str, dimensions: Dimensions) -> Source | None:
        """What a name stands for; None for a series that Athena never publishes."""
        values = dict(dimensions)
        if namespace == USAGE:
            return _usage(metric, values)
        if namespace != ATHENA:
            return None
        if self._capacity in values:
            return self._of_capacity(metric, values)
        if metric not in QUERY_METRICS or set(values) not in _QUERY_SETS:
            return None
        key = Key(values.get("WorkGroup", ""), values.get("QueryType", ""), values.get("QueryState", ""))
        return Query(QUERY_METRICS.index(metric), key)

    def _of_capacity(self, metric: str, values: Mapping[str, str]) -> Gauge | None:
        if values[self._capacity] != NAME or not self._reserved:
            return None
        if metric == "DPUAllocated" and set(values) == {self._capacity}:
            return Gauge("allocated", "")
        if metric == "DPUConsumed" and set(values) == {self._capacity}:
            return Gauge("consumed", "")
        workgroup = values.get("WorkGroup")
        if metric == "DPUConsumed" and set(values) == {self._capacity, "WorkGroup"} and workgroup in self._reserved:
            return Gauge("consumed", workgroup)
        return None

    def of_key(self, key: Key, metric: int) -> Iterator[Named]:
        """The three series that a query's sample is published in."""
        state, kind, workgroup = ("QueryState", key.state), ("QueryType", key.type), ("WorkGroup", key.workgroup)
        for dimensions in ((state, kind, workgroup), (state, kind), (workgroup,)):
            yield Named(ATHENA, QUERY_METRICS[metric], dimensions)

    def of_capacity(self) -> Iterator[Named]:
        """The series of the reservation, which never stop."""
        if not self._reserved:
            return
        reservation = (self._capacity, NAME)
        yield Named(ATHENA, "DPUAllocated", (reservation,))
        yield Named(ATHENA, "DPUConsumed", (reservation,))
        for workgroup in sorted(self._reserved):
            yield Named(ATHENA, "DPUConsumed", (("WorkGroup", workgroup), reservation))

    def of_usage(self, kind: str) -> Named:
        """The series of active queries of a class."""
        return Named(USAGE, USAGE_METRIC, (*_USAGE.items(), ("Class", kind)))


_ALL = frozenset({"QueryState", "QueryType", "WorkGroup"})
_QUERY_SETS = (_ALL, _ALL - {"WorkGroup"}, frozenset({"WorkGroup"}))
_USAGE: Mapping[str, str] = {"Service": "Athena", "Type": "Resource", "Resource": "ActiveQueryCount"}
CLASSES = ("DML", "DDL")
"""What Athena counts active queries of; UTILITY statements are in neither quota."""


def _usage(metric: str, values: Mapping[str, str]) -> Gauge | None:
    kind = values.get("Class", "")
    if metric != USAGE_METRIC or kind not in CLASSES or values != {**_USAGE, "Class": kind}:
        return None
    return Gauge("active", kind)
