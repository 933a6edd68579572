"""`athena-exporter verify --on athena`: does the history hold what the ledger has counted, and what AWS has billed?"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from athena_exporter.cli import wiring
from athena_exporter.cli.asking import Asker, asker_of, say
from athena_exporter.cli.failing import SetupError
from athena_exporter.cli.showing import html, show
from athena_exporter.config import Config
from athena_exporter.ledger import history
from athena_exporter.library import checks
from athena_exporter.outlets import bill, history_verification
from athena_exporter.outlets import report as reports
from athena_exporter.outlets.bill import Charge, Held, Terabyte
from athena_exporter.outlets.history_verification import Circumstances, Line, Sums
from athena_exporter.records import Target
from athena_exporter.sources.asking import Answered
from athena_exporter.sources.refusals import AskingError, Refusal

NARROWEST = 120
_DAY = timedelta(days=1)
_SLACK = timedelta(minutes=30)
"""For a window to be put, and for the sweep that finds the day's last queries."""
_NEEDED = "line items with resource IDs, hourly or daily, in a table partitioned by billing_period"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bill:
    """What is said of the bill: `table` and the sentences; `is_wrong`: something stays unexplained that should not."""

    table: reports.Table | None
    sentences: tuple[str, ...]
    is_wrong: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What `verify --on athena` was asked: `tolerance` is a share, `workgroup` None for the configured one."""

    day: datetime
    path: Path
    tolerance: float
    form: str
    workgroup: str | None


def verify_history(config: Config, asked: Verification) -> bool:
    """Compare, show, and answer whether all agrees or differs harmlessly.

    Raises:
        SetupError: nothing can be compared so.
        AskingError: Athena gave no answer.
    """
    covered = {one.target: one.since for one in history.coverage(asked.path)}
    now = datetime.now(UTC)
    known = Circumstances(
        day=asked.day, now=now, since=covered, tolerance=asked.tolerance,
        settled_at=asked.day + _DAY + config.identity.patience + config.history.window + _SLACK,
    )  # fmt: skip  # one expression
    with asker_of(config, workgroup=asked.workgroup, most_bytes=None) as asker:
        rows = _day(asker, config, asked.day)
        found = None if config.asking.cost_report is None else _bill(asker, config, rows, asked, known)
    theirs = [_sums(row) for row in rows]
    lines = history_verification.compare(_ledger(asked), theirs, known)
    notes = [*history_verification.notes(theirs, known), *_nothing(lines)]
    if found is None:
        notes.append("no bill was compared: asking.cost_report names no Cost and Usage Report")
    _show(history_verification.table(lines, asked.day, notes), found, asked.form)
    return not history_verification.unexplained(lines) and not (found is not None and found.is_wrong)


def _day(asker: Asker, config: Config, day: datetime) -> list[Mapping[str, Any]]:
    prices = wiring.rules(config).prices
    sql = checks.day_sql(day.date(), prices.minimum_bytes // prices.mb_bytes)
    return _rows(asker, "the history's day", sql, checks.DAY_COLUMNS)


def _rows(asker: Asker, name: str, sql: str, columns: Sequence[str]) -> list[Mapping[str, Any]]:
    answered, words = asker.ask(name, sql)
    say(words)
    return list(_named(answered, columns))


def _named(answered: Answered, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    found = [column.name for column in answered.columns]
    if found != list(columns):
        raise SetupError(f"Athena's answer has the columns {', '.join(found)}, and not {', '.join(columns)}")
    return (dict(zip(columns, row, strict=True)) for row in answered.rows)


def _sums(row: Mapping[str, Any]) -> Sums:
    return Sums(
        target=Target(account_id=str(row["account_id"]), region=str(row["region"])), workgroup=str(row["workgroup"]),
        state=str(row["state"]), queries=int(row["queries"]), scanned_bytes=int(row["scanned_bytes"]),
    )  # fmt: skip  # five columns read best as a block


def _ledger(asked: Verification) -> list[Sums]:
    """The ledger's day, statements of all types together."""
    found: dict[tuple[Target, str, str], tuple[int, int]] = {}
    for row in history.executions(asked.path, asked.day, asked.day + _DAY):
        key = (row.target, row.workgroup, str(row.state))
        queries, scanned = found.get(key, (0, 0))
        found[key] = (queries + row.queries, scanned + row.scanned_bytes)
    return [
        Sums(target=key[0], workgroup=key[1], state=key[2], queries=queries, scanned_bytes=scanned)
        for key, (queries, scanned) in found.items()
    ]


def _nothing(lines: Sequence[Line]) -> Iterator[str]:
    if not lines:
        yield "neither side has a query of this day"


# -- the bill ---------------------------------------------------------------------------------------------------------


def _bill(
    asker: Asker, config: Config, rows: Sequence[Mapping[str, Any]], asked: Verification, known: Circumstances
) -> _Bill:
    report = str(config.asking.cost_report)
    charges = [_charge(row) for row in _charged(asker, report, asked.day)]
    held = [_held(row) for row in rows]
    # A report has the whole organization; accounts that nobody here has counted explain nothing.
    accounts = {(one.account, one.region) for one in held} | {(one.account_id, one.region) for one in known.since}
    mine = [one for one in charges if (one.account, one.region) in accounts]
    price = float(config.pricing.usd_per_tb)
    found = bill.explain(held, mine, price)
    if found is None:
        return _Bill(
            table=None, sentences=(f"{report} bills no scan of these accounts on this day (yet)",), is_wrong=False
        )
    sentences = [*bill.sentences(found, price, config.pricing.tb_bytes), *_left_out(charges, mine)]
    is_settled = bill.is_settled(asked.day, known.now)
    if not is_settled:
        sentences.append("the report may still change for this day: a difference is no error yet")
    return _Bill(
        table=bill.table(held, mine, found, asked.day, sentences),
        sentences=tuple(sentences),
        is_wrong=is_settled and abs(found.residual) > asked.tolerance,
    )


def _charged(asker: Asker, report: str, day: datetime) -> list[Mapping[str, Any]]:
    """The report's lines. Raises AskingError and SetupError: the latter where the report is of another kind."""
    try:
        return _rows(asker, "the bill", checks.bill_sql(report, day.date()), checks.BILL_COLUMNS)
    except AskingError as error:
        if error.refusal in {Refusal.NO_COLUMN, Refusal.SYNTAX, Refusal.SCHEMA_DRIFT}:
            raise SetupError(
                f"asking.cost_report: {report} is no Cost and Usage Report 2.0 with {_NEEDED}: {error}"
            ) from error
        if error.refusal is Refusal.NO_TABLE:
            raise SetupError(
                f"asking.cost_report: Athena knows no table {report}: check its database and name"
            ) from error
        raise


def _charge(row: Mapping[str, Any]) -> Charge:
    return Charge(
        account=str(row["account_id"]), region=str(row["region"] or ""), workgroup=str(row["workgroup"] or ""),
        line_type=str(row["line_type"]), usage_tb=float(row["usage_tb"] or 0), cost_usd=float(row["cost_usd"] or 0),
    )  # fmt: skip  # six columns read best as a block


def _held(row: Mapping[str, Any]) -> Held:
    return Held(
        account=str(row["account_id"]), region=str(row["region"]), workgroup=str(row["workgroup"]),
        mb={Terabyte.BINARY: int(row["binary_mb"]), Terabyte.DECIMAL: int(row["decimal_mb"])},
    )  # fmt: skip  # four columns read best as a block


def _left_out(charges: Sequence[Charge], mine: Sequence[Charge]) -> Iterator[str]:
    others = sorted(
        {f"{one.account} {one.region}".strip() for one in charges} - {f"{one.account} {one.region}" for one in mine}
    )
    if others:
        yield f"not compared, for nobody here has counted them: {', '.join(others)}"


# -- showing ----------------------------------------------------------------------------------------------------------


def _show(table: reports.Table, found: _Bill | None, form: str) -> None:
    tables = [one for one in (table, found.table if found is not None else None) if one is not None]
    if form == reports.Format.JSON:
        click.echo(_json(tables, found), nl=False)
    elif form == reports.Format.HTML:
        click.echo(html(tables, title=table.title, words=_spare(found), limit=None), nl=False)
    elif form == reports.Format.CSV:
        show(table, form)
        for words in () if found is None else found.sentences:
            say(words)
    else:
        for one in tables:
            show(one, form, narrowest=NARROWEST)
        for words in _spare(found):
            click.echo(words)


def _spare(found: _Bill | None) -> tuple[str, ...]:
    """What is said of a bill without a table: with one, its notes say it."""
    return () if found is None or found.table is not None else found.sentences


def _json(tables: Sequence[reports.Table], found: _Bill | None) -> str:
    queries, *bills = [json.loads(reports.to_json(table)) for table in tables]
    told = {"queries": queries, "bill": bills[0] if bills else [], "notes": list(tables[0].notes)}
    if found is not None:
        told["explanation"] = list(found.sentences)
    return json.dumps(told, indent=2) + "\n"
