"""What one query costs at list price, and what reserved capacity does: AWS's rules of billing, in integers.

Stage: records -> **pricing** -> fold. Pure. Athena bills the bytes scanned by queries that succeeded or were
cancelled, rounded up to the MB, with a minimum of 10 MB (https://aws.amazon.com/athena/pricing/). Not billed by the
byte: DDL, failed queries, reused results, queries on a capacity reservation, and UTILITY statements except
EXPLAIN ANALYZE, which runs its query. What a TB is, AWS does not say: it is a setting, and a MB follows it.
"""

from dataclasses import dataclass
from decimal import Decimal

from athena_exporter.records import QueryExecution, State

NANODOLLARS = 1_000_000_000
"""Nanodollars in a dollar."""

_DECIMAL_TB = 10**12
_HOUR_MS = 3_600_000
_MOST_DPU_MS = 2**53
"""285,000 years of one DPU: a query that tells more tells nonsense, and SQLite's integers have an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The price of a TB in US dollars, how many bytes that TB has (2^40 or 10^12), the least that is billed.

    `usd_per_dpu_hour` is the price of reserved capacity.
    """

    usd_per_tb: Decimal
    tb_bytes: int
    minimum_bytes: int
    usd_per_dpu_hour: Decimal = Decimal("0.3")

    @property
    def mb_bytes(self) -> int:
        """The unit that AWS rounds up to: 10^6 bytes where a TB has 10^12, else 2^20."""
        return 10**6 if self.tb_bytes == _DECIMAL_TB else 2**20


def billed_bytes(execution: QueryExecution, prices: Prices) -> int | None:
    """The bytes that AWS bills for it; 0 where it bills none by the byte, None where nobody can tell (yet).

    A statement of unknown type is billed as DML: better a cent too many than a spike unseen.
    """
    if not execution.state.final:
        return None
    if _is_free(execution):
        return 0
    if execution.scanned_bytes is None:
        return None
    whole_mb = -(-execution.scanned_bytes // prices.mb_bytes) * prices.mb_bytes
    return max(prices.minimum_bytes, whole_mb)


def cost_nanousd(billed: int, prices: Prices) -> int:
    """The list price of billed bytes in nanodollars, exact, rounded half up to the nanodollar once."""
    dollars, per = prices.usd_per_tb.as_integer_ratio()
    return _half_up(billed * dollars * NANODOLLARS, per * prices.tb_bytes)


def reserved_dpu_ms(execution: QueryExecution) -> int | None:
    """DPUs times milliseconds of the engine that a query used of a reservation, rounded half up.

    None where it used none, where AWS did not tell how long the engine worked, and where the product is nonsense.
    """
    if execution.dpu_count is None or execution.engine_ms is None:
        return None
    dpus, per = execution.dpu_count.as_integer_ratio()
    used = _half_up(dpus * execution.engine_ms, per)
    return used if used <= _MOST_DPU_MS else None


def capacity_nanousd(dpu_ms: int, prices: Prices) -> int:
    """The list price of DPUs times milliseconds in nanodollars, exact, rounded half up to the nanodollar once."""
    dollars, per = prices.usd_per_dpu_hour.as_integer_ratio()
    return _half_up(dpu_ms * dollars * NANODOLLARS, per * _HOUR_MS)


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def _is_free(execution: QueryExecution) -> bool:
    return (
        execution.state is State.FAILED
        or execution.result_reused is True
        or execution.dpu_count is not None
        or _is_free_statement(execution)
    )


def _is_free_statement(execution: QueryExecution) -> bool:
    if execution.statement_type == "UTILITY":
        return execution.substatement_type != "EXPLAIN_ANALYZE"
    return execution.statement_type == "DDL"
