"""The SQL that compares a day of the history with others who have counted it: the ledger, and the bill.

Stage: checks/*.sql -> **checks** -> `verify --on athena`. These are no questions for people, so they stand apart.
"""

import re
from datetime import date
from functools import cache
from importlib.resources import files

from athena_exporter.library.rendering import Kind, Parameter, filled

_DAY = Parameter(name="day", kind=Kind.DAY, description="the UTC day")
_MONTH = Parameter(name="month", kind=Kind.TEXT, description="the billing period, as 2026-03")
_MINIMUM = Parameter(name="minimum_mb", kind=Kind.INT, description="MB that are billed of a query at least")

DAY_COLUMNS = (
    "account_id", "region", "workgroup", "state", "queries", "scanned_bytes", "billed_queries", "binary_mb",
    "decimal_mb",
)  # fmt: skip  # names
"""The columns of `day_sql`."""
BILL_COLUMNS = ("account_id", "region", "workgroup", "line_type", "usage_tb", "cost_usd")
"""The columns of `bill_sql`."""


def day_sql(day: date, minimum_mb: int) -> str:
    """A day of the history by account, Region, workgroup and state."""
    return filled(_text("day"), {"day": _DAY.literal(day), "minimum_mb": _MINIMUM.literal(minimum_mb)})


def bill_sql(report: str, day: date) -> str:
    """Athena's lines of a day in a Cost and Usage Report 2.0, by account, Region, workgroup and type of line.

    Args:
        report: its table, as `database.table`.
        day: the UTC day.

    Raises:
        ValueError: the table's name is none.
    """
    if not re.fullmatch(r"[a-z0-9_]+\.[a-z0-9_]+", report):
        raise ValueError(f"{report!r} is no table; write it as database.table, in lower case")
    table = ".".join(f'"{part}"' for part in report.split("."))
    told = {"day": _DAY.literal(day), "month": _MONTH.literal(f"{day:%Y-%m}")}
    return filled(_text("bill").replace("{report}", table), told)


@cache
def _text(name: str) -> str:
    text = (files("athena_exporter.library") / "checks" / f"{name}.sql").read_text(encoding="utf-8")
    return re.sub(r"\A(?:--.*\n)+", "", text).strip()
