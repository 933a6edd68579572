"""What CloudWatch counted in settled minutes, as additions to counters. Pure.

A minute counts as it is told: the cursor that says how far a series was read moves in the same transaction, so no
minute is told twice.
"""

from collections.abc import Iterator
from typing import TypeAlias

from athena_exporter import catalog
from athena_exporter.ledger.model import Labels
from athena_exporter.pricing import Prices, capacity_nanousd
from athena_exporter.records import CapacityMinutes, SettledMinutes

Addition: TypeAlias = tuple[catalog.Metric, Labels, int]


def additions(minutes: SettledMinutes | CapacityMinutes, prices: Prices) -> Iterator[Addition]:
    """What the minutes add, in the catalogue's integer units."""
    return _capacity(minutes, prices) if isinstance(minutes, CapacityMinutes) else _settled(minutes)


def _settled(minutes: SettledMinutes) -> Iterator[Addition]:
    """Additions of one series of CloudWatch; what it was not asked for adds nothing, not even a series."""
    labels = (minutes.workgroup, minutes.query_type, minutes.query_state)
    for metric, amount in (
        (catalog.CLOUDWATCH_QUERIES, minutes.queries),
        (catalog.CLOUDWATCH_PROCESSED_BYTES, minutes.processed_bytes),
        (catalog.CLOUDWATCH_TOTAL_SECONDS, minutes.total_ms),
        (catalog.CLOUDWATCH_ENGINE_SECONDS, minutes.engine_ms),
        (catalog.CLOUDWATCH_QUEUE_SECONDS, minutes.queue_ms),
        (catalog.CLOUDWATCH_PLANNING_SECONDS, minutes.planning_ms),
        (catalog.CLOUDWATCH_SERVICE_PRE_SECONDS, minutes.service_pre_ms),
        (catalog.CLOUDWATCH_SERVICE_SECONDS, minutes.service_ms),
    ):
        if amount is not None:
            yield metric, labels, amount


def _capacity(minutes: CapacityMinutes, prices: Prices) -> Iterator[Addition]:
    """Additions of one capacity reservation; its idle DPUs are priced, to the nanodollar, a record at a time."""
    own = (minutes.reservation,)
    yield catalog.CAPACITY_ALLOCATED_DPU_SECONDS, own, minutes.allocated_dpu_ms
    for workgroup, dpu_ms in minutes.consumed_dpu_ms.items():
        yield catalog.CAPACITY_CONSUMED_DPU_SECONDS, (minutes.reservation, workgroup), dpu_ms
    yield catalog.CAPACITY_IDLE_DPU_SECONDS, own, minutes.idle_dpu_ms
    yield catalog.CAPACITY_IDLE_COST_USD, own, capacity_nanousd(minutes.idle_dpu_ms, prices)
