"""A history in an account that runs SQL: three days of queries in a ledger, written by the exporter's own writer.

The table and its views are made by the library's DDL, in the database that the configuration names. Beside them stand
CloudTrail's files and Athena's own table, for the other two backends.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from archives import REGION, Archive, archived
from asked_trail import count_nobodys, put_trail, statements
from book import BORN, DAY, HOUR, MB, MINUTE, SECOND, TARGET, query, start
from click.testing import CliRunner, Result
from whole_exporter import CREDENTIALS, account, configured

from athena_exporter.cli import main, wiring
from athena_exporter.cli.archiving import historian, open_archive
from athena_exporter.cli.readers import CLOCKS
from athena_exporter.config import load
from athena_exporter.ledger.store import Ledger
from athena_exporter.library import definitions
from athena_exporter.records import Batch, Mode, QueryError, QueryExecution, State, TableUse
from athena_exporter.telemetry import Telemetry
from athena_testbed import Running

DATABASE = "athena_observability_history"
FIRST, LAST = BORN.date(), BORN.date() + timedelta(days=2)
WORKGROUP = "monitoring"
"""Where questions are asked: it enforces its own place for results."""
BARE = "primary"
"""It has no place for results."""
QUERIES = 45
ON = ("--on", "athena", "--from", f"{FIRST}", "--to", f"{LAST}")
_STATES = (State.SUCCEEDED, State.SUCCEEDED, State.FAILED, State.SUCCEEDED, State.CANCELLED)
_USERS = ("ann", "bob", "<script>alert('cyd')</script>")
_TABLES = ("orders", "customers", "v_open_orders")


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedHistory:
    """The account, the bucket of the history, and the configuration whose ledger has written it."""

    running: Running
    archive: Archive
    config: Path

    def configured(self, folder: Path, **asking: Any) -> Path:
        """The same configuration with other settings of `asking`, or a `history` of its own."""
        told = json.loads(self.config.read_text())
        history = asking.pop("history", told["history"])
        path = folder / "other.yml"
        path.write_text(json.dumps({**told, "asking": {**told["asking"], **asking}, "history": history}))
        return path

    def run(self, *statements: str) -> None:
        """Statements that make something, one after the other; the account has run each when it answers its start."""
        with closing(boto3.client("athena", region_name=REGION, endpoint_url=self.running.url)) as client:
            for statement in statements:
                started = client.start_query_execution(
                    QueryString=statement, WorkGroup=WORKGROUP, QueryExecutionContext={"Database": DATABASE}
                )
                found = client.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]
                assert found["Status"]["State"] == "SUCCEEDED", found["Status"]


@contextmanager
def asked_history(folder: Path) -> Iterator[AskedHistory]:
    """Within `credentials`."""
    settings: dict[str, Any] = {
        "runs_sql": True, "sql_takes": timedelta(0), "bare_workgroups": (BARE,), "system_table": True,
        "system_table_delay": timedelta(0),
    }  # fmt: skip  # rows
    with account(**settings, denied_tables=("kept_away.queries",)) as running, archived(running.url) as archive:
        told = {
            "history": {"enabled": True, "bucket": archive.name},
            "asking": {"workgroup": WORKGROUP, "reuse": "0s"},
        }
        config = configured(folder, running, json.dumps(told))
        config.write_text(json.dumps(_read(config)))
        _count(config)
        made = AskedHistory(running=running, archive=archive, config=config)
        made.run(
            f"CREATE DATABASE {DATABASE}",
            definitions.create_table(archive.name, "athena-history/", date(2026, 1, 1)),
            definitions.create_view(definitions.VIEWS[0]),
            *statements(archive),
        )
        put_trail(archive)
        yield made


def _read(path: Path) -> Mapping[str, Any]:
    import yaml  # noqa: PLC0415  the file was written as YAML, and is read once

    found: Mapping[str, Any] = yaml.safe_load(path.read_text())
    return found


def _count(path: Path) -> None:
    """A ledger that has counted three days, each with its three users, and the files of them."""
    config = load(path, {})
    telemetry = Telemetry()
    who = historian(config, telemetry)
    assert who is not None
    with closing(who.session), closing(Ledger(wiring.ledger_settings(config), monotonic=CLOCKS.monotonic)) as ledger:
        ledger.adopt(TARGET, BORN)
        for number in range(1, QUERIES + 1):
            found = _query(number)
            at = found.counted_at
            records = (found, start(number, _USERS[number % 3], at=at))
            ledger.apply(Batch(source="athena", target=TARGET, observed_at=at + SECOND, records=records))
        count_nobodys(ledger)
        work = open_archive(config, who, ledger, telemetry)
        while work.write():
            pass
        work.close()


def _query(number: int) -> QueryExecution:
    """Of a day's fifteen, each statement comes again and again, and every fifth names no columns."""
    state, table = _STATES[number % len(_STATES)], _TABLES[number // 3 % len(_TABLES)]
    columns = "id, total" if number % 5 else "*"
    sql = f"SELECT {columns} FROM sales.{table}"
    return query(
        number,
        at=BORN + (number % 3) * DAY + HOUR + number * MINUTE,
        workgroup=("etl", "analytics")[number % 2],
        scanned_bytes=number * 7 * MB + number,
        state=state,
        error=QueryError(category=2, type=1006, retryable=False) if state is State.FAILED else None,
        substatement_type="SELECT",
        engine_ms=9_000,
        sql_text=sql,
        sql_digest=hashlib.sha256(sql.encode()).hexdigest(),
        tables=(TableUse(catalog="awsdatacatalog", database="sales", table=table, mode=Mode.READ),),
        workload=None if number % 2 else "dbt:model.shop.orders",
    )


# -- asking -----------------------------------------------------------------------------------------------------------


@contextmanager
def credentials() -> Iterator[None]:
    """The environment that `asked_history` needs, and nobody's own."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            environment.delenv(name)
        for name, value in CREDENTIALS.items():
            environment.setenv(name, value)
        yield


def run(*arguments: object) -> Result:
    """`athena-exporter report`, with these arguments."""
    return CliRunner().invoke(main, ["report", *map(str, arguments)], env={"COLUMNS": "200"})


def refused(*arguments: object) -> str:
    """Standard error of a report that is refused as one line says."""
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert result.stdout == ""
    return result.stderr


def asked(world: AskedHistory, name: str, *arguments: object, config: Path | None = None) -> Result:
    """A question to Athena that is answered, by default about the three days."""
    result = run(name, "--config", config or world.config, *ON, *arguments)
    assert result.exit_code == 0, result.output
    return result


def started(world: AskedHistory) -> int:
    """How many questions Athena has been asked."""
    return sum(call["operation"] == "StartQueryExecution" for call in world.running.calls())


def report_table(archive: Archive, rows: list[dict[str, Any]], *, without: str | None = None) -> str:
    """Put a Cost and Usage Report 2.0 of March 2026 into the bucket; the DDL of its table, `billing.cur2`."""
    fields = [
        ("line_item_usage_account_id", pa.string()), ("line_item_resource_id", pa.string()),
        ("line_item_line_item_type", pa.string()), ("line_item_usage_start_date", pa.timestamp("ms")),
        ("line_item_product_code", pa.string()), ("line_item_usage_type", pa.string()),
        ("line_item_usage_amount", pa.float64()), ("line_item_unblended_cost", pa.float64()),
    ]  # fmt: skip  # a table
    kept = [field for field in fields if field[0] != without]
    written = BytesIO()
    names = [name for name, _ in kept]
    table = pa.Table.from_pylist([{name: row[name] for name in names} for row in rows], pa.schema(kept))
    pq.write_table(table, written)
    archive.put("cur/billing_period=2026-03/0.parquet", written.getvalue())
    hive = {pa.string(): "string", pa.float64(): "double", pa.timestamp("ms"): "timestamp"}
    columns = ", ".join(f"{name} {hive[type_]}" for name, type_ in kept)
    return (
        f"CREATE EXTERNAL TABLE billing.cur2 ({columns}) PARTITIONED BY (billing_period string) STORED AS PARQUET"
        f" LOCATION 's3://{archive.name}/cur/'"
    )
