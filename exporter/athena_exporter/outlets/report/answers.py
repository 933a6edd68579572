"""An answer of Athena as a report's table: a question's declared columns, its rows as raw values.

Stage: sources/asking.py -> **answers** -> render, page. Columns of questions do not all add up (a user may be in two
rows), so these tables have no line of totals.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeAlias

from athena_exporter.library import questions
from athena_exporter.library.questions import Question
from athena_exporter.outlets.report.table import Cell, Column, Table, Unit

Value: TypeAlias = int | float | Decimal | bool | str | datetime | date | None
_UNITS = {
    questions.Unit.NAME: Unit.NAME,
    questions.Unit.COUNT: Unit.COUNT,
    questions.Unit.BYTES: Unit.BYTES,
    questions.Unit.MEBIBYTES: Unit.MEBIBYTES,
    questions.Unit.USD: Unit.USD,
    questions.Unit.RATIO: Unit.RATIO,
    questions.Unit.MILLISECONDS: Unit.MILLISECONDS,
    questions.Unit.TIME: Unit.TIME,
    questions.Unit.DAY: Unit.DAY,
    questions.Unit.MONTH: Unit.MONTH,
}
_ENDINGS = ("_usd", "_ms", "_bytes", "_name", "_id", "_at")
"""What a column's key says of its unit; the values of a table for people say it themselves."""
_SHORT = frozenset({"ddl"})


def build_answer(
    question: Question, rows: Sequence[Sequence[Value]], *, limit: int | None = None, notes: Sequence[str] = ()
) -> Table:
    """The table of an answer; at most `limit` rows of it. Rows have the question's columns, in its order.

    Raises:
        ValueError: a limit below 1, or a row of another width.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"a limit of {limit} shows nothing: it must be 1 or more")
    if any(len(row) != len(question.columns) for row in rows):
        raise ValueError(f"{question.name}: a row has not the {len(question.columns)} columns of the question")
    kept = rows[:limit]
    return Table(
        title=question.title,
        columns=tuple(
            Column(key=column.name, heading=heading_of(column.name), unit=_UNITS[column.unit])
            for column in question.columns
        ),
        rows=tuple(tuple(map(cell_of, row)) for row in kept),
        total=(),
        omitted=len(rows) - len(kept),
        notes=tuple(notes),
    )


def heading_of(key: str) -> str:
    """`cost_usd` -> Cost, `last_read_at` -> Last read, `ddl` -> DDL."""
    bare = next((key.removesuffix(ending) for ending in _ENDINGS if key.endswith(ending)), key)
    return bare.upper() if bare in _SHORT else bare.replace("_", " ").capitalize()


def cell_of(value: Value) -> Cell:
    """A value as JSON and CSV hold it: times in UTC to the second, exact numbers as floats."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value
