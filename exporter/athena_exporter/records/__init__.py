"""The product's own words: what every source delivers and everything to the right of it reads.

Stage: AWS -> sources/ -> **records** -> fold -> ledger -> outlets. Standard library only. Every record is frozen
and keyword-only, carries its units in its names, and says None where AWS said nothing (never 0).
All times are aware and UTC.
"""

from athena_exporter.records.batches import Batch, Evidence, Read, Record, Sample, Unfinished, UsageRow
from athena_exporter.records.queries import (
    FailedStart,
    Mode,
    Origin,
    QueryError,
    QueryExecution,
    StartedQuery,
    TableEvent,
    TableUse,
    UnreadableQuery,
)
from athena_exporter.records.words import (
    OTHER,
    PENDING,
    UNATTRIBUTED,
    UNKNOWN,
    Identity,
    Kind,
    State,
    Target,
    epoch_ms,
    from_epoch_ms,
)
from athena_exporter.records.workgroups import (
    ActiveQueries,
    ActiveQueryQuota,
    ActiveQueryQuotas,
    CapacityMinutes,
    Inventory,
    Peak,
    Peaks,
    QuotaOrigin,
    Reservation,
    Reservations,
    SettledMinutes,
    Workgroup,
    Workgroups,
)

__all__ = [
    "OTHER",
    "PENDING",
    "UNATTRIBUTED",
    "UNKNOWN",
    "ActiveQueries",
    "ActiveQueryQuota",
    "ActiveQueryQuotas",
    "Batch",
    "CapacityMinutes",
    "Evidence",
    "FailedStart",
    "Identity",
    "Inventory",
    "Kind",
    "Mode",
    "Origin",
    "Peak",
    "Peaks",
    "QueryError",
    "QueryExecution",
    "QuotaOrigin",
    "Read",
    "Record",
    "Reservation",
    "Reservations",
    "Sample",
    "SettledMinutes",
    "StartedQuery",
    "State",
    "TableEvent",
    "TableUse",
    "Target",
    "Unfinished",
    "UnreadableQuery",
    "UsageRow",
    "Workgroup",
    "Workgroups",
    "epoch_ms",
    "from_epoch_ms",
]
