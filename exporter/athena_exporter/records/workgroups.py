"""What sources tell of workgroups, reservations and quotas, and what CloudWatch has counted of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Workgroup:
    """A workgroup's settings as GetWorkGroup tells them; `tags` holds only keys that the configuration allows."""

    name: str
    is_enabled: bool | None = None
    engine: str | None = None
    is_enforced: bool | None = None
    is_publishing: bool | None = None
    cutoff_bytes: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workgroups:
    """Every workgroup of the target: what was told before and is not here is gone."""

    items: tuple[Workgroup, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A capacity reservation; `workgroups` are those assigned to it."""

    name: str
    state: str
    target_dpus: int | None
    allocated_dpus: int | None
    workgroups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservations:
    """Every capacity reservation of the target: what was told before and is not here is gone."""

    items: tuple[Reservation, ...]


class QuotaOrigin(StrEnum):
    """Who told a quota."""

    SERVICE_QUOTAS = "service_quotas"
    PUBLISHED_DEFAULT = "published_default"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveQueryQuota:
    """How many queries of a type (`DML`, `DDL`) may be queued or running at once."""

    type: str
    queries: int
    origin: QuotaOrigin


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveQueryQuotas:
    """All quotas that are known; a type that is not here has none that anybody knows."""

    items: tuple[ActiveQueryQuota, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveQueries:
    """The most queries of a type that were active in the newest minute that AWS/Usage has; idle types are absent."""

    by_type: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledMinutes:
    """What CloudWatch counted for one workgroup, type and state in the settled minutes [since, until).

    Each field is None where the metric was not asked for. `queries` is the SampleCount of TotalExecutionTime;
    bytes and milliseconds are Sums. The cursor that says how far a series was read moves in the same batch.
    """

    workgroup: str
    query_type: str
    query_state: str
    since: datetime
    until: datetime
    queries: int | None = None
    processed_bytes: int | None = None
    total_ms: int | None = None
    engine_ms: int | None = None
    queue_ms: int | None = None
    planning_ms: int | None = None
    service_pre_ms: int | None = None
    service_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """The largest single query of one workgroup and type in the minutes that were read last."""

    workgroup: str
    query_type: str
    processed_bytes: int | None = None
    total_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Peaks:
    """All peaks of the last read: what was told before and is not here is gone."""

    items: tuple[Peak, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityMinutes:
    """What CloudWatch counted for one capacity reservation in the settled minutes [since, until).

    `allocated_dpu_ms` is DPUAllocated over the minutes, `consumed_dpu_ms` DPUConsumed by workgroup, both in DPUs
    times milliseconds. `idle_dpu_ms` is what nobody used, minute by minute, never negative.
    """

    reservation: str
    since: datetime
    until: datetime
    allocated_dpu_ms: int
    consumed_dpu_ms: Mapping[str, int]
    idle_dpu_ms: int


Inventory: TypeAlias = Workgroups | Reservations | ActiveQueryQuotas | ActiveQueries | Peaks
"""The present state of something as a whole: the ledger keeps the last one of each kind, and replaces it."""
