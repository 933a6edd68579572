"""SQL that runs: statements make tables of files in S3, and questions are answered as Athena answers them."""

import gzip
import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from athena_testbed import Settings
from athena_testbed.engine.texts import text_of

BEGIN = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Bench:
    """An account whose clock a test moves, with a bucket of its own and a table `sales_log.visits` in it."""

    def __init__(self, world: Any, at: list[datetime], folder: Path) -> None:
        self.world = world
        self.at = at
        self.folder = folder
        self.bucket = f"lake-{uuid.uuid4().hex}"
        self.s3 = world.client("s3")
        place = {"LocationConstraint": "eu-west-1"}
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration=place)

    def put(self, key: str, select: str) -> int:
        """Write a Parquet file of what DuckDB selects; its bytes."""
        path = self.folder / "one.parquet"
        with duckdb.connect() as connection:
            connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
        body = path.read_bytes()
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return len(body)

    def start(self, sql: str, workgroup: str = "sandbox", **more: Any) -> str:
        asked = {"QueryString": sql, "WorkGroup": workgroup, "QueryExecutionContext": {"Database": "sales_log"}}
        query_id: str = self.world.call("athena", "StartQueryExecution", **{**asked, **more})["QueryExecutionId"]
        return query_id

    def shown(self, query_id: str) -> dict[str, Any]:
        execution: dict[str, Any] = self.world.call("athena", "GetQueryExecution", QueryExecutionId=query_id)[
            "QueryExecution"
        ]
        return execution

    def ended(self, sql: str, **more: Any) -> dict[str, Any]:
        """A query after its end."""
        query_id = self.start(sql, **more)
        self.at[0] += HOUR
        return self.shown(query_id)

    def made(self, sql: str) -> None:
        assert self.ended(sql)["Status"]["State"] == "SUCCEEDED"

    def rows(self, sql: str, **more: Any) -> list[list[str | None]]:
        """The rows below the header."""
        execution = self.ended(sql, **more)
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
        found = self.world.pages("athena", "GetQueryResults", QueryExecutionId=execution["QueryExecutionId"])
        rows = [
            [cell.get("VarCharValue") for cell in row["Data"]] for page in found for row in page["ResultSet"]["Rows"]
        ]
        return rows[1:]

    def reason(self, sql: str, **more: Any) -> str:
        """Why a query fails."""
        status = self.ended(sql, **more)["Status"]
        assert status["State"] == "FAILED"
        assert status["AthenaError"]["ErrorMessage"] == status["StateChangeReason"]
        return str(status["StateChangeReason"])

    def visits(self) -> None:
        """Three days of a table with partition projection, the first of them before its range."""
        for day, count in (("2026-03-08", 7), ("2026-03-09", 10), ("2026-03-10", 1000)):
            self.put(
                f"log/v1/day={day}/0.parquet",
                f"SELECT range AS number, 'visitor ' || range AS who, CASE WHEN range = 1 THEN NULL ELSE '' END AS note"
                f" FROM range({count})",
            )
        self.made("CREATE DATABASE sales_log")
        self.made(
            "CREATE EXTERNAL TABLE visits (number bigint COMMENT 'of the day', who string, note string, later double)"
            f" PARTITIONED BY (day string) STORED AS PARQUET LOCATION 's3://{self.bucket}/log/v1/'"
            " TBLPROPERTIES ('projection.enabled' = 'true', 'projection.day.type' = 'date',"
            " 'projection.day.format' = 'yyyy-MM-dd', 'projection.day.range' = '2026-03-09,NOW',"
            f" 'storage.location.template' = 's3://{self.bucket}/log/v1/day=${{day}}/')"
        )


@pytest.fixture
def bench(start: Callable[..., Any], settings: Callable[..., Settings], tmp_path: Path) -> Bench:
    at = [BEGIN]
    lively = settings(
        runs_sql=True, history=timedelta(0), bare_workgroups=("primary",), denied_tables=("sales_log.secrets",)
    )
    return Bench(start(lively, clock=lambda: int(at[0].timestamp() * 1000)), at, tmp_path)


def test_a_question_is_answered_with_a_header_types_and_rows(bench: Bench) -> None:
    bench.visits()
    query_id = bench.start("SELECT number, who, note, later, day FROM visits WHERE number < 2 AND day = '2026-03-09'"
                           " ORDER BY number")  # fmt: skip  # one statement
    bench.at[0] += HOUR
    answer = bench.world.call("athena", "GetQueryResults", QueryExecutionId=query_id)["ResultSet"]
    types = [(one["Name"], one["Type"]) for one in answer["ResultSetMetadata"]["ColumnInfo"]]
    assert types == [
        ("number", "bigint"),
        ("who", "varchar"),
        ("note", "varchar"),
        ("later", "double"),
        ("day", "varchar"),
    ]
    header, first, second = answer["Rows"]
    assert [cell["VarCharValue"] for cell in header["Data"]] == ["number", "who", "note", "later", "day"]
    assert first["Data"][2:4] == [{"VarCharValue": ""}, {}]
    assert second["Data"] == [
        {"VarCharValue": "1"}, {"VarCharValue": "visitor 1"}, {}, {}, {"VarCharValue": "2026-03-09"},
    ]  # fmt: skip  # a row


def test_pages_hold_as_many_rows_as_asked_for_and_no_row_twice(bench: Bench) -> None:
    bench.visits()
    query_id = bench.start("SELECT number FROM visits WHERE day = '2026-03-10' ORDER BY number")
    bench.at[0] += HOUR
    pages = list(bench.world.pages("athena", "GetQueryResults", QueryExecutionId=query_id, MaxResults=300))
    sizes = [len(page["ResultSet"]["Rows"]) for page in pages]
    assert sizes == [300, 300, 300, 101]
    rows = [row["Data"][0]["VarCharValue"] for page in pages for row in page["ResultSet"]["Rows"]]
    assert rows == ["number", *map(str, range(1000))]


def test_days_before_the_projections_range_are_not_read(bench: Bench) -> None:
    bench.visits()
    assert bench.rows("SELECT day, count(*) FROM visits GROUP BY 1 ORDER BY 1") == [
        ["2026-03-09", "10"], ["2026-03-10", "1000"],
    ]  # fmt: skip  # rows


def test_a_day_without_files_has_no_rows(bench: Bench) -> None:
    bench.visits()
    assert bench.rows("SELECT * FROM visits WHERE day = '2026-03-11'") == []


def test_a_questions_bytes_are_those_of_its_days_and_columns(bench: Bench) -> None:
    bench.visits()

    def scanned(sql: str) -> int:
        return int(bench.ended(sql)["Statistics"]["DataScannedInBytes"])

    small = scanned("SELECT sum(number) FROM visits WHERE day = '2026-03-09'")
    large = scanned("SELECT sum(number) FROM visits WHERE day = '2026-03-10'")
    assert 0 < small < large
    assert scanned("SELECT sum(number) FROM visits") == small + large
    assert scanned("SELECT sum(number), max(who) FROM visits WHERE day = '2026-03-10'") > large
    assert scanned("SELECT 1") == 0


def test_a_view_is_its_sql_and_moves_with_its_tables(bench: Bench) -> None:
    bench.visits()
    bench.made("CREATE OR REPLACE VIEW busy AS SELECT day, count(*) AS visits FROM visits GROUP BY day")
    bench.made("CREATE OR REPLACE VIEW busiest AS SELECT max(visits) AS most FROM busy")
    assert bench.rows("SELECT most FROM sales_log.busiest", QueryExecutionContext={}) == [["1000"]]
    bench.put("log/v1/day=2026-03-11/0.parquet", "SELECT range AS number, '' AS who, '' AS note FROM range(2000)")
    assert bench.rows("SELECT most FROM busiest") == [["2000"]]


def test_a_trails_files_are_read_as_athenas_serde_reads_them(bench: Bench) -> None:
    bench.made("CREATE DATABASE sales_log")
    records = [
        {"eventName": "StartQueryExecution", "userIdentity": {"type": "Root", "sessionContext": {"a": 1}},
         "responseElements": {"queryExecutionId": "q1"}, "readOnly": False},
        {"eventName": "Decrypt", "userIdentity": {"type": "IAMUser"}, "responseElements": None},
    ]  # fmt: skip  # records
    body = gzip.compress(json.dumps({"Records": records}).encode())
    bench.s3.put_object(Bucket=bench.bucket, Key="AWSLogs/1/CloudTrail/eu-west-1/2026/03/10/f.json.gz", Body=body)
    bench.made(
        "CREATE EXTERNAL TABLE logs (useridentity struct<type:string,sessionContext:struct<a:string>>,"
        " eventname string, responseelements string, readonly string) PARTITIONED BY (region string, day string)"
        " ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'"
        f" LOCATION 's3://{bench.bucket}/AWSLogs/1/CloudTrail/' TBLPROPERTIES ('projection.enabled' = 'true',"
        " 'projection.day.type' = 'date', 'projection.day.format' = 'yyyy/MM/dd',"
        " 'projection.day.range' = '2026/01/01,NOW', 'projection.region.type' = 'enum',"
        f" 'storage.location.template' = 's3://{bench.bucket}/AWSLogs/1/CloudTrail/${{region}}/${{day}}')"
    )
    found = bench.rows(
        "SELECT useridentity.type, useridentity.sessioncontext.a, region, day, readonly,"
        " json_extract_scalar(responseelements, '$.queryExecutionId') FROM logs ORDER BY eventname DESC"
    )
    assert found == [
        ["Root", "1", "eu-west-1", "2026/03/10", "false", "q1"],
        ["IAMUser", None, "eu-west-1", "2026/03/10", None, None],
    ]
    execution = bench.ended("SELECT eventname FROM logs WHERE day = '2026/03/10'")
    assert execution["Statistics"]["DataScannedInBytes"] == len(body)


_FAILURES = [
    ("SELECT * FROM nowhere", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.sales_log.nowhere' does not exist"),
    ("SELECT * FROM lost.things", "SCHEMA_NOT_FOUND: line 1:15: Schema 'lost' does not exist"),
    ('SELECT * FROM "other/catalog".sales_log.visits',
     "CATALOG_NOT_FOUND: line 1:15: Catalog 'other/catalog' not found"),
    ("SELECT colour FROM visits", "COLUMN_NOT_FOUND: line 1:8: Column 'colour' cannot be resolved"),
    ("SELECT frobnicate(who) FROM visits", "FUNCTION_NOT_FOUND: line 1:8: Function 'frobnicate' not registered"),
    ("SELECT CAST(who AS bigint) FROM visits", "INVALID_CAST_ARGUMENT: "),
    ("SELECT * FROM read_text('/etc/hostname')", "NOT_SUPPORTED: "),
    ("UNLOAD (SELECT * FROM visits) TO 's3://x/' WITH (format = 'PARQUET')", "NOT_SUPPORTED: "),
    ("INSERT INTO visits SELECT * FROM visits", "NOT_SUPPORTED: "),
    ("CREATE TABLE copy AS SELECT * FROM visits", "NOT_SUPPORTED: "),
]  # fmt: skip  # a table


def test_what_cannot_be_answered_fails_in_athenas_words(bench: Bench) -> None:
    bench.visits()
    reasons = {sql: bench.reason(sql) for sql, _ in _FAILURES}
    assert [sql for sql, reason in _FAILURES if not reasons[sql].startswith(reason)] == [], reasons


def test_a_file_of_another_type_fails_who_reads_that_column_and_that_day_alone(bench: Bench) -> None:
    bench.visits()
    bench.put("log/v1/day=2026-03-11/0.parquet", "SELECT 'one' AS number, 'x' AS who, '' AS note")
    assert bench.reason("SELECT sum(number) FROM visits WHERE day >= '2026-03-10'") == (
        "HIVE_BAD_DATA: Field number's type BINARY in parquet file"
        f" s3://{bench.bucket}/log/v1/day=2026-03-11/0.parquet is incompatible with type bigint defined in table schema"
    )
    assert bench.rows("SELECT max(who) FROM visits WHERE day = '2026-03-11'") == [["x"]]
    assert bench.rows("SELECT count(number) FROM visits WHERE day = '2026-03-10'") == [["1000"]]


def test_what_is_made_is_made_once_and_can_be_dropped(bench: Bench) -> None:
    assert bench.reason("CREATE VIEW early AS SELECT 1 AS a") == (
        "SCHEMA_NOT_FOUND: line 1:15: Schema 'sales_log' does not exist"
    )
    bench.made("CREATE DATABASE sales_log")
    table = f"things (a int) STORED AS PARQUET LOCATION 's3://{bench.bucket}/t/'"
    bench.made(f"CREATE EXTERNAL TABLE {table}")
    assert "AlreadyExistsException" in bench.reason(f"CREATE EXTERNAL TABLE {table}")
    bench.made(f"CREATE EXTERNAL TABLE IF NOT EXISTS {table}")
    bench.made("CREATE VIEW all_things AS SELECT * FROM things")
    assert "AlreadyExistsException" in bench.reason("CREATE VIEW all_things AS SELECT 1 AS a")
    assert "AlreadyExistsException" in bench.reason("CREATE OR REPLACE VIEW things AS SELECT 1 AS a")
    bench.made("DROP TABLE things")
    assert bench.reason("SELECT * FROM all_things").startswith("TABLE_NOT_FOUND: ")
    assert bench.reason("DROP TABLE things").startswith("TABLE_NOT_FOUND: ")
    bench.made("DROP TABLE IF EXISTS things")
    bench.made("DROP VIEW all_things")


def test_tables_of_other_formats_are_refused(bench: Bench) -> None:
    bench.made("CREATE DATABASE sales_log")
    place = f"LOCATION 's3://{bench.bucket}/t/'"
    assert bench.reason(f"CREATE EXTERNAL TABLE t (a int) STORED AS ORC {place}").startswith("NOT_SUPPORTED: ")
    assert bench.reason("CREATE EXTERNAL TABLE t (a int) STORED AS PARQUET").startswith("NOT_SUPPORTED: ")


def test_views_that_read_each_other_end(bench: Bench) -> None:
    bench.made("CREATE DATABASE sales_log")
    bench.made("CREATE VIEW one AS SELECT 1 AS a")
    bench.made("CREATE VIEW two AS SELECT * FROM one")
    bench.made("CREATE OR REPLACE VIEW one AS SELECT * FROM two")
    assert bench.reason("SELECT * FROM one").startswith("VIEW_IS_RECURSIVE: ")


def test_lines_of_json_and_folders_of_hive_are_read(bench: Bench) -> None:
    bench.made("CREATE DATABASE sales_log")
    lines = b'{"A": 1, "Tags": ["x", "y"]}\n{"a": 2, "tags": null}\n'
    bench.s3.put_object(Bucket=bench.bucket, Key="j/colour=red/_ignored", Body=b"no json")
    bench.s3.put_object(Bucket=bench.bucket, Key="j/colour=red/1.json", Body=lines)
    bench.made(
        "CREATE EXTERNAL TABLE j (a int, tags array<string>) PARTITIONED BY (colour string)"
        f" ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://{bench.bucket}/j/'"
    )
    assert bench.rows("SELECT * FROM j ORDER BY a") == [["1", "[x, y]", "red"], ["2", None, "red"]]


def test_lake_formation_keeps_a_table_from_whoever_asks(bench: Bench) -> None:
    bench.made("CREATE DATABASE sales_log")
    bench.made(f"CREATE EXTERNAL TABLE secrets (a int) STORED AS PARQUET LOCATION 's3://{bench.bucket}/s/'")
    assert "Insufficient Lake Formation permission(s)" in bench.reason("SELECT * FROM secrets")


def test_a_table_in_a_bucket_that_is_gone_fails(bench: Bench) -> None:
    bench.made("CREATE DATABASE sales_log")
    bench.made("CREATE EXTERNAL TABLE gone (a int) STORED AS PARQUET LOCATION 's3://no-such-bucket-here/s/'")
    assert "NoSuchBucket" in bench.reason("SELECT * FROM gone")


def test_what_is_no_statement_is_refused_at_once(bench: Bench) -> None:
    code, message = bench.world.error("athena", "StartQueryExecution", QueryString="SELEC 1 FROM", WorkGroup="sandbox")
    assert code == "InvalidRequestException"
    assert message.startswith("line 1:")
    two = bench.world.error("athena", "StartQueryExecution", QueryString="SELECT 1; SELECT 2", WorkGroup="sandbox")
    assert "Only one sql statement" in two[1]


def test_a_workgroup_without_a_place_for_results_wants_one_with_the_question(bench: Bench) -> None:
    asked = {"QueryString": "SELECT 1", "WorkGroup": "primary"}
    assert bench.world.error("athena", "StartQueryExecution", **asked)[1].startswith("No output location provided")
    place = {"OutputLocation": "s3://results-of-mine/here"}
    execution = bench.ended("SELECT 1", workgroup="primary", ResultConfiguration=place)
    assert execution["ResultConfiguration"]["OutputLocation"] == (
        f"s3://results-of-mine/here/{execution['QueryExecutionId']}.csv"
    )
    configuration = bench.world.call("athena", "GetWorkGroup", WorkGroup="primary")["WorkGroup"]["Configuration"]
    assert configuration["ResultConfiguration"] == {}


def test_a_workgroup_that_enforces_its_settings_keeps_its_own_place(bench: Bench) -> None:
    place = {"OutputLocation": "s3://results-of-mine/here/"}
    execution = bench.ended("SELECT 1", workgroup="monitoring", ResultConfiguration=place)
    assert execution["ResultConfiguration"]["OutputLocation"].startswith("s3://harbour-athena-results/monitoring/")


def test_a_question_is_cancelled_at_the_workgroups_limit(bench: Bench) -> None:
    bench.visits()
    workgroups: dict[str, Any] = bench.world.testbed.testbed.account.company.workgroups
    workgroups["sandbox"] = replace(workgroups["sandbox"], cutoff_bytes=100)
    execution = bench.ended("SELECT max(who) FROM visits")
    assert execution["Status"]["State"] == "CANCELLED"
    assert execution["Status"]["StateChangeReason"] == "Bytes scanned limit was exceeded"
    assert execution["Statistics"]["DataScannedInBytes"] > 100


def test_a_question_shows_how_far_it_has_come_and_has_no_rows_before_its_end(bench: Bench) -> None:
    bench.visits()
    query_id = bench.start("SELECT max(who) FROM visits")
    bench.at[0] += timedelta(milliseconds=50)
    execution = bench.shown(query_id)
    assert execution["Status"]["State"] == "RUNNING"
    half = execution["Statistics"]["DataScannedInBytes"]
    assert bench.world.error("athena", "GetQueryResults", QueryExecutionId=query_id) == (
        "InvalidRequestException",
        "Query has not yet finished. Current state: RUNNING",
    )
    bench.at[0] += HOUR
    assert bench.shown(query_id)["Statistics"]["DataScannedInBytes"] // 2 == half


def test_a_stopped_question_has_no_rows(bench: Bench) -> None:
    query_id = bench.start("SELECT 1")
    bench.world.call("athena", "StopQueryExecution", QueryExecutionId=query_id)
    bench.at[0] += HOUR
    assert bench.world.error("athena", "GetQueryResults", QueryExecutionId=query_id) == (
        "InvalidRequestException",
        "Query did not finish successfully. Final query state: CANCELLED",
    )


def test_the_same_token_starts_one_query(bench: Bench) -> None:
    token = "t" * 32
    assert bench.start("SELECT 1", ClientRequestToken=token) == bench.start("SELECT 1", ClientRequestToken=token)
    asked = {"QueryString": "SELECT 2", "WorkGroup": "sandbox", "ClientRequestToken": token}
    assert bench.world.error("athena", "StartQueryExecution", **asked)[0] == "InvalidRequestException"


def test_a_result_is_reused_while_it_is_young_enough(bench: Bench) -> None:
    bench.visits()
    sql = "SELECT max(who) FROM visits"

    def ask(minutes: int) -> tuple[bool, int]:
        reuse = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": minutes}}
        statistics = bench.ended(sql, ResultReuseConfiguration=reuse)["Statistics"]
        return bool(statistics.get("ResultReuseInformation", {}).get("ReusedPreviousResult")), statistics[
            "DataScannedInBytes"
        ]

    first = ask(600)
    assert first[0] is False
    assert first[1] > 0
    assert ask(600) == (True, 0)
    assert ask(30) == (False, first[1])
    bench.put("log/v1/day=2026-03-11/0.parquet", "SELECT 1 AS number, 'youngest' AS who, '' AS note")
    assert bench.rows(sql) == [["youngest"]]


def test_questions_stand_among_all_queries(bench: Bench) -> None:
    bench.visits()
    query_id = bench.start("SELECT max(who) FROM visits")
    bench.at[0] += HOUR
    assert query_id in bench.world.ids("sandbox")
    assert any(query_id in event["CloudTrailEvent"] for event in bench.world.events())
    tables = bench.world.testbed.testbed.truth()["by_table"]
    assert tables["sales_log.visits"]["by_mode"] == {"ddl": 1, "read": 1}
    assert (
        bench.world.testbed.testbed.truth()["scanned_bytes"]
        == (bench.shown(query_id)["Statistics"]["DataScannedInBytes"])
    )


def test_the_companys_own_tables_stay_played(bench: Bench) -> None:
    execution = bench.ended("SELECT * FROM sales.orders")
    assert execution["Status"]["State"] == "SUCCEEDED"
    answer = bench.world.call("athena", "GetQueryResults", QueryExecutionId=execution["QueryExecutionId"])
    assert answer["ResultSet"]["Rows"] == []


def test_now_is_the_accounts_clock(bench: Bench) -> None:
    at = bench.at[0]
    assert bench.rows("SELECT current_date, CAST(now() AS timestamp)") == [
        [f"{at:%Y-%m-%d}", f"{at:%Y-%m-%d %H:%M:%S}.000"],
    ]  # fmt: skip  # a row


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None), (True, "true"), (7, "7"), (0.5, "0.5"), (1e7, "1.0E7"), (-1.25e-4, "-1.25E-4"), (0.0, "0.0"),
        (float("nan"), "NaN"), (float("-inf"), "-Infinity"), ([1, None], "[1, null]"), ({"a": "b"}, "{a=b}"),
        (b"\x00\xff", "00 ff"), (BEGIN.replace(microsecond=4567, tzinfo=None), "2026-03-12 09:00:00.004"),
        (BEGIN, "2026-03-12 09:00:00.000 UTC"), (BEGIN.date(), "2026-03-12"),
    ],
)  # fmt: skip  # a table
def test_values_are_written_as_javas(value: object, text: str | None) -> None:
    assert text_of(value) == text
