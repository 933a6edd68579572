"""The parts of docs/history.md that code knows: the columns, and what a month of files costs. Pure.

Stage: library/table.py -> **reference** -> people. Prices are S3's in us-east-1, Standard storage:
https://aws.amazon.com/s3/pricing/
"""

from collections.abc import Iterator, Sequence

from athena_exporter.library.table import COLUMNS, PARTITION

BYTES_A_QUERY = 65
"""Measured (docs/benchmarks.md), where seven queries in ten repeat a text; 97 where none does."""
DAYS_KEPT = 400
"""A year and a month, so that a month can be compared with the same one of last year."""
_WINDOWS_A_DAY = 96
_ROWS_A_FILE = 100_000
_QUERIES_A_MERGED_FILE = 250_000
_DAYS_A_MONTH = 30
_USD_A_PUT = 5e-6
_USD_A_GET = 4e-7
_USD_A_GB = 0.023
_GB = 2**30


def columns() -> str:
    """The columns as a Markdown table, the partition at its end."""
    rows = [(f"`{one.name}`", f"`{one.type.value}`", one.comment) for one in COLUMNS]
    rows.append((f"`{PARTITION}`", "`string`", "the partition: the UTC day of `counted_at`, `2026-03-10`"))
    return _table(("Column", "Type", "What it says"), rows)


def costs() -> str:
    """What writing, merging and keeping it costs a month, as a Markdown table."""
    header = ("Queries a day", "Files a day", "PUTs and GETs a month", f"Kept for {DAYS_KEPT} days", "Storage a month")
    return _table(header, [_cost(queries) for queries in (1_000_000, 10_000_000, 100_000_000)])


def _cost(queries: int) -> tuple[str, ...]:
    written = max(_WINDOWS_A_DAY, -(-queries // _ROWS_A_FILE))
    merged = -(-queries // _QUERIES_A_MERGED_FILE)
    # Each file is put once and read once to be merged; a merged one is put and read back.
    requests = (written + merged) * (_USD_A_PUT + _USD_A_GET) * _DAYS_A_MONTH
    gigabytes = queries * BYTES_A_QUERY * DAYS_KEPT / _GB
    return (
        f"{queries:,}", f"{written:,}, merged into {merged:,}", f"${requests:.2f}", f"{gigabytes:,.0f} GB",
        f"${gigabytes * _USD_A_GB:,.2f}",
    )  # fmt: skip  # a row of the table


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(_lines([header, ["---"] * len(header), *rows]))


def _lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    return (f"| {' | '.join(row)} |" for row in rows)
