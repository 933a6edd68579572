"""A company's weeks as the history's Parquet files and as a trail's, written without the writer that is to be judged.

Rows come from the account's own memory. As in life, some are there twice, some first without their user and later
with it, some stay without; and a stale copy may lie in a file that came later.
"""

import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from trails import Trailed, trailed

import athena_testbed
from athena_exporter.library.table import COLUMNS, SCHEMA_VERSION
from athena_testbed.account import Account
from athena_testbed.truth import UNATTRIBUTED, UNKNOWN, billed_bytes, database_label, known_bytes, nano_usd
from athena_testbed.world.failures import CUTOFF_REASON
from athena_testbed.world.plan import Plan

BEGIN = datetime(2026, 1, 27, tzinfo=UTC)
"""A Tuesday; the weeks after it touch three months."""
DAYS = 36
COMPANY = athena_testbed.Settings(
    queries_per_minute=0.03, catalogue_events=0.05, rates=None, lost_events=0.02, missing_statistics=0.05,
    statistics_delay=timedelta(0), trail_interval=timedelta(days=1), trail_noise=1,
)  # fmt: skip  # rows
LEDGERS = ("ledger-a", "ledger-b")
_CATEGORIES = {1: "system", 2: "user", 3: "other"}
_PLAIN = {
    "string": pa.string(), "bigint": pa.int64(), "int": pa.int32(), "double": pa.float64(), "boolean": pa.bool_(),
    "timestamp": pa.timestamp("ms"),
}  # fmt: skip  # a table


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One query: what happened, its SQL, and as whom the history and the trail know its user."""

    plan: Plan
    sql: str
    user: str
    by_trail: str

    @property
    def day(self) -> date:
        return self.ended_at.date()

    @property
    def ended_at(self) -> datetime:
        return moment(self.plan.ended_ms)

    @property
    def scanned(self) -> int:
        return known_bytes(self.plan) or 0

    @property
    def nano(self) -> int:
        return nano_usd(billed_bytes(self.plan))

    def of_trail(self) -> "Known":
        """The same, attributed as far as CloudTrail can."""
        return replace(self, user=self.by_trail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The files of both kinds, and what is in them. `truth` is the account's own answer for the same weeks."""

    folder: Path
    known: tuple[Known, ...]
    records: tuple[Mapping[str, Any], ...]
    truth: Mapping[str, Any]
    now: datetime


def moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).replace(tzinfo=None)


def written(folder: Path) -> Written:
    """The company's weeks, in a folder: `history/v1/day=.../` and `trail/account=.../region=.../day=.../`."""
    now = [BEGIN]

    def clock() -> int:
        return int(now[0].timestamp() * 1000)

    with athena_testbed.running(COMPANY, clock=clock) as running, trailed(running.url) as made:
        made.log()
        for _ in range(DAYS - 1):
            _another_day(now, made)
        for query in _given(now[0]):
            running.testbed.add(query)
        _another_day(now, made)
        account, events = running.testbed.account, running.testbed.cloudtrail.events
        begin_ms, end_ms = int(BEGIN.timestamp() * 1000), clock() - 86_400_000
        delivered = {number for _, number in account.starts.between(begin_ms, end_ms)
                     if any(at <= clock() for at in events.delivery(number).visible_ms)}  # fmt: skip  # one condition
        known = tuple(_known(account, plan, delivered) for plan in account.ended(begin_ms, end_ms))
        records = tuple(_records(made))
        truth = running.testbed.truth(BEGIN, now[0] - timedelta(days=1))
    write_history(folder / "history", known)
    write_trail(folder / "trail", records)
    return Written(folder=folder, known=known, records=records, truth=truth, now=now[0])


def _another_day(now: list[datetime], made: Trailed) -> None:
    now[0] += timedelta(days=1)
    made.waiting()  # somebody looks at a queue: only then files are written


def _given(until: datetime) -> Iterator[dict[str, Any]]:
    """What a small company does not do by chance: the same dashboard every 20 minutes, and SELECT * of a table."""
    begin = until.replace(hour=9) - timedelta(days=3)
    for number in range(40):
        at = begin + timedelta(minutes=20 * number, seconds=7 * number)
        took = timedelta(minutes=25) if number % 9 == 4 else timedelta(seconds=30)
        state = "FAILED" if number % 10 == 7 else "SUCCEEDED"
        yield {
            "person": "grafana-athena-reader",
            "workgroup": "monitoring",
            "database": "web_events",
            "state": state,
            "sql": "SELECT count(*) FROM sessions WHERE dt = DATE '2026-02-27'",
            "tables": ["sessions"],
            "submitted_at": at.isoformat(),
            "ended_at": (at + took).isoformat(),
            "scanned_bytes": 3 * 2**30 + number,
            "reused": number % 8 == 3,
        }
    for number, columns in enumerate(("id, total", "*", "o.*", "count(*)", "DISTINCT *", "id, '* from orders'") * 5):
        at = begin + timedelta(minutes=31 * number)
        size = 2**30 * (40 if "*" in columns and "(" not in columns else 1 + number % 3)
        yield {
            "person": "Alice",
            "workgroup": "sandbox",
            "database": "sales",
            "tables": ["orders"],
            "sql": f'/* run {number} */ SELECT {columns}\nFROM "sales".orders o WHERE total > {number}',
            "submitted_at": at.isoformat(),
            "ended_at": (at + timedelta(minutes=2)).isoformat(),
            "scanned_bytes": size,
        }


def _known(account: Account, plan: Plan, delivered: set[int]) -> Known:
    by_trail = plan.principal.label if plan.number in delivered else UNATTRIBUTED
    return Known(
        plan=plan,
        sql=account.text(plan),
        user=UNATTRIBUTED if plan.number % 4 == 0 else by_trail,
        by_trail=by_trail,
    )


# -- the history ------------------------------------------------------------------------------------------------------


def schema() -> pa.Schema:
    """The files' schema, from the types that the DDL declares."""
    return pa.schema([(column.name, arrow_type(column.type)) for column in COLUMNS])


def write_history(folder: Path, known: Iterable[Known]) -> None:
    """Two ledgers' files a day, their rows in disorder, repeated and corrected."""
    days: dict[tuple[date, str, int], list[dict[str, Any]]] = {}
    for one in known:
        ledger = LEDGERS[one.plan.number % 2]
        for part, row in _versions(one, ledger):
            days.setdefault((one.day, ledger, part), []).append(row)
    for (day, ledger, part), rows in days.items():
        place = folder / f"v{SCHEMA_VERSION}" / f"day={day:%Y-%m-%d}"
        place.mkdir(parents=True, exist_ok=True)
        rows.sort(key=lambda row: str(row["sql_digest"]))
        pq.write_table(pa.Table.from_pylist(rows, schema()), place / f"{ledger}-{part}.parquet", compression="zstd")


def _versions(one: Known, ledger: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Which file of the day gets which row: the last that was written of a query holds."""
    number, final = one.plan.number, _row(one, ledger)
    nobody = final | _WHO_OF_NOBODY | {"attribution": "not_found", "seq": 2 * number}
    if number % 3 == 0 and one.user != UNATTRIBUTED:
        yield 0, nobody | {"written_at": final["written_at"] - timedelta(hours=4)}
        yield 1, final | {"attribution": "late"}
    elif number % 5 == 0:
        yield 0, final
        yield 1, final
    elif number % 11 == 0:
        yield 0, final
        yield 1, nobody | {"written_at": final["written_at"]}
    else:
        yield 0, final


_WHO_OF_NOBODY = {"user_name": UNATTRIBUTED, "user_kind": UNKNOWN, "role_name": None}


def _row(one: Known, ledger: str) -> dict[str, Any]:
    plan = one.plan
    who = _WHO_OF_NOBODY if one.user == UNATTRIBUTED else {"user_name": one.user, "user_kind": kind_of(plan)}
    database = database_label(plan)
    billed = billed_bytes(plan)
    return {
        **dict.fromkeys(column.name for column in COLUMNS),
        "query_id": plan.query_id,
        "account_id": athena_testbed.ACCOUNT_ID,
        "region": COMPANY.region,
        "workgroup": plan.workgroup,
        "state": plan.state.lower(),
        "counted_at": one.ended_at,
        "submitted_at": moment(plan.submitted_ms),
        "ended_at": one.ended_at,
        **who,
        "client": plan.client,
        "workload": plan.workload,
        "attribution": "not_found" if one.user == UNATTRIBUTED else "known",
        "catalog_name": "awsdatacatalog",
        "database_name": None if database == UNKNOWN else database,
        "statement_type": plan.shape.statement_type,
        "substatement_type": plan.shape.substatement,
        "billed_bytes": billed or None,
        "cost_nanousd": nano_usd(billed) if billed else None,
        "cutoff_hit": plan.reason == CUTOFF_REASON,
        "sql_digest": hashlib.sha256(one.sql.encode()).hexdigest(),
        "sql_text": None if plan.number % 13 == 0 else one.sql,
        "tables": [
            {"catalog_name": "awsdatacatalog", "database_name": use.database, "table_name": use.table,
             "mode": use.mode, "via_view": use.via_view} for use in plan.uses
        ],
        "ledger_id": ledger,
        "seq": 2 * plan.number + 1,
        "written_at": one.ended_at + timedelta(hours=5),
        **_statistics(plan),
        **_error(plan),
    }  # fmt: skip  # a row reads best in rows


def kind_of(plan: Plan) -> str:
    """What sort of user; for those in the files any word of the four will do that is not the label."""
    return "person" if plan.principal.person else "service"


def _statistics(plan: Plan) -> dict[str, Any]:
    if plan.statistics_after_ms is None:
        return {}
    return {
        "scanned_bytes": known_bytes(plan),
        "queue_ms": plan.queue_ms,
        "planning_ms": planning_ms(plan),
        "engine_ms": plan.engine_ms,
        "service_ms": plan.service_ms,
        "total_ms": plan.total_ms,
        "dpu_count": plan.dpu_count,
        "result_reused": plan.reused,
    }


def planning_ms(plan: Plan) -> int | None:
    """As Athena tells it: of DML alone, and not always."""
    return plan.planning_ms if plan.shape.statement_type == "DML" and "planning" not in plan.dropped else None


def _error(plan: Plan) -> dict[str, Any]:
    if plan.failure is None:
        return {}
    return {
        "error_category": _CATEGORIES[plan.failure.category],
        "error_name": f"error_{plan.failure.type}",
        "error_type": plan.failure.type,
        "error_retryable": plan.failure.retryable,
    }


# -- the trail --------------------------------------------------------------------------------------------------------

TRAIL_TABLE = Path(__file__).resolve().parents[2] / "terraform" / "modules" / "audit-trail" / "table.tf"


def trail_columns() -> dict[str, str]:
    """Column -> Hive type, as terraform's module audit-trail declares the table."""
    text = TRAIL_TABLE.read_text(encoding="utf-8")
    (parts,) = re.findall(r'user_identity = join\("", \[(.*?)\]\)', text, flags=re.DOTALL)
    identity = "".join(re.findall(r'"([^"]*)"', parts))
    (listed,) = re.findall(r"columns = \[\n(.*?)\n  \]", text, flags=re.DOTALL)
    found = re.findall(r'\["(\w+)", (?:"([^"]+)"|local\.user_identity)\]', listed)
    return {name: declared or identity for name, declared in found}


def write_trail(folder: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """What Athena's JSON SerDe makes of CloudTrail's files, in the partitions of their keys."""
    columns = trail_columns()
    table = pa.schema([(name, arrow_type(declared)) for name, declared in columns.items()])
    by_day: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        lower = {name.lower(): value for name, value in record.items()}
        row = {name: _read(lower.get(name), table.field(name).type) for name in columns}
        by_day.setdefault(record["_day"], []).append(row)
    for day, rows in by_day.items():
        place = folder / f"account={athena_testbed.ACCOUNT_ID}" / f"region={COMPANY.region}"
        place /= f"day={day.replace('/', '%2F')}"
        place.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows, table), place / "0.parquet")


def _read(value: Any, declared: pa.DataType) -> Any:
    """A value as the SerDe reads it: names of any case, and text where the table says so, JSON included."""
    if value is None or isinstance(value, str):
        return value
    if pa.types.is_struct(declared):
        lower = {name.lower(): one for name, one in value.items()}
        return {field.name: _read(lower.get(field.name), field.type) for field in declared}
    if pa.types.is_list(declared):
        return [_read(one, declared.value_type) for one in value]
    if pa.types.is_map(declared):
        return list(value.items())
    return json.dumps(value)


def _records(made: Any) -> Iterator[Mapping[str, Any]]:
    for page in made.s3.get_paginator("list_objects_v2").paginate(Bucket=made.bucket):
        for one in page["Contents"]:
            body = made.s3.get_object(Bucket=made.bucket, Key=one["Key"])["Body"].read()
            (day,) = re.findall(r"/(\d{4}/\d\d/\d\d)/", one["Key"])
            yield from (record | {"_day": day} for record in json.loads(gzip.decompress(body))["Records"])


# -- types ------------------------------------------------------------------------------------------------------------


def arrow_type(hive: str) -> pa.DataType:
    """A type as Hive spells it, nested as it may be."""
    found, rest = _parsed(hive)
    assert not rest, f"{hive}: {rest!r} is left over"
    return found


def _parsed(text: str) -> tuple[pa.DataType, str]:
    word, rest = re.match(r"(\w+)(.*)", text, flags=re.DOTALL).groups()  # type: ignore[union-attr]  # a type begins with a word, or the test fails
    if word == "array":
        inner, rest = _parsed(rest[1:])
        return pa.list_(inner), rest[1:]
    if word == "map":
        key, rest = _parsed(rest[1:])
        value, rest = _parsed(rest[1:])
        return pa.map_(key, value), rest[1:]
    if word != "struct":
        return _PLAIN[word], rest
    fields = []
    while rest[0] != ">":
        name, _, rest = rest[1:].partition(":")
        inner, rest = _parsed(rest)
        fields.append((name, inner))
    return pa.struct(fields), rest[1:]
