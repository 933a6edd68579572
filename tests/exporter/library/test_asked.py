"""The library as its users meet it: made by its own DDL and asked through Athena's API, with equal answers.

The account runs SQL by translating it as the tests' own engine does; what is new here is the way there and back: DDL,
projection over S3, results as texts.
"""

import gzip
import json
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3
import pytest
from athena_on_duckdb import TRAIL, Engine
from history_files import BEGIN, Written, trail_columns

import athena_testbed
from athena_exporter.library import definitions
from athena_exporter.library.definitions import VIEWS
from athena_exporter.library.questions import BY_NAME, QUESTIONS, Backend, Question
from athena_exporter.library.rendering import Kind
from athena_exporter.sources.asking import Answered, Asked, ask_athena

FIRST, LAST = date(2026, 2, 10), date(2026, 2, 12)
BUCKET = "history-that-is-asked"
DATABASE = "athena_history"
ASKED = sorted({"usage_by_user", "cost_by_component", "savings", "table_readers_by_day", "users_by_database"})
"""Questions that are asked of both backends; the others are asked of the history alone."""


class Asker:
    """Athena over the weeks' files."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __call__(self, sql: str, database: str = DATABASE) -> Answered:
        question = Asked(sql=sql, workgroup="monitoring", database=database)
        return ask_athena(self._client, question, clock=time.monotonic, pause=time.sleep)


@pytest.fixture(scope="module")
def asked(weeks: Written) -> Iterator[Asker]:
    settings = athena_testbed.Settings(
        queries_per_minute=0, rates=None, runs_sql=True, sql_takes=timedelta(0), statistics_delay=timedelta(0)
    )
    at = weeks.now
    with athena_testbed.running(settings, clock=lambda: int(at.timestamp() * 1000)) as running:
        place: dict[str, Any] = {
            "region_name": settings.region, "endpoint_url": running.url, "aws_access_key_id": "testbed",
            "aws_secret_access_key": "testbed",
        }  # fmt: skip  # rows
        with closing(boto3.client("s3", **place)) as s3, closing(boto3.client("athena", **place)) as athena:
            _upload(s3, weeks)
            _make(asker := Asker(athena))
            yield asker


def _matters(day: date, weeks: Written) -> bool:
    """The days that are asked about, one on each side of them, and the week before now."""
    around = timedelta(days=1)
    return FIRST - around <= day <= LAST + around or day > weeks.now.date() - timedelta(days=8)


def _upload(s3: Any, weeks: Written) -> None:
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):  # moto's buckets outlive the testbed, in the same process
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for path in (weeks.folder / "history").rglob("*.parquet"):
        if not _matters(date.fromisoformat(path.parent.name.partition("=")[2]), weeks):
            continue
        s3.put_object(Bucket=BUCKET, Key=f"athena-{path.relative_to(weeks.folder)}", Body=path.read_bytes())
    by_day: defaultdict[str, list[Any]] = defaultdict(list)
    for record in weeks.records:
        by_day[record["_day"]].append({name: value for name, value in record.items() if name != "_day"})
    for day, records in by_day.items():
        if not _matters(date.fromisoformat(day.replace("/", "-")), weeks):
            continue
        key = f"AWSLogs/{athena_testbed.ACCOUNT_ID}/CloudTrail/eu-west-1/{day}/0.json.gz"
        s3.put_object(Bucket=BUCKET, Key=key, Body=gzip.compress(json.dumps({"Records": records}).encode()))


def _make(asker: Asker) -> None:
    """As docs and terraform do: the history's table by its own DDL, the trail's as module audit-trail declares it."""
    trail = TRAIL.partition(".")[0]
    for database in (DATABASE, trail):
        asker(f"CREATE DATABASE {database}")
    asker(definitions.create_table(BUCKET, "athena-history/", BEGIN.date()))
    columns = ", ".join(f"{name} {type_}" for name, type_ in trail_columns().items())
    folder = f"s3://{BUCKET}/AWSLogs"
    asker(
        f"CREATE EXTERNAL TABLE {TRAIL} ({columns}) PARTITIONED BY (account string, region string, day string)"
        f" ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe' LOCATION '{folder}/' TBLPROPERTIES ("
        "'projection.enabled' = 'true', 'projection.account.type' = 'enum', 'projection.region.type' = 'enum',"
        " 'projection.day.type' = 'date', 'projection.day.format' = 'yyyy/MM/dd',"
        " 'projection.day.range' = '2026/01/01,NOW',"
        f" 'storage.location.template' = '{folder}/${{account}}/CloudTrail/${{region}}/${{day}}')"
    )
    for view in VIEWS:
        asker(definitions.create_view(view, trail=TRAIL))


def rendered(question: Question, backend: Backend) -> str:
    required: dict[Kind, object] = {Kind.DAY: FIRST, Kind.TEXTS: ["sales.orders"]}
    needed = {one.name: required[one.kind] for one in question.parameters if one.default is None}
    return question.rendered({"from": FIRST, "to": LAST, **needed}, backend)


def plain(value: object) -> object:
    """A value without what its way makes different: zones, and lists, which come back as texts."""
    if isinstance(value, list):
        return f"[{', '.join(str(plain(one)) for one in value)}]"
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return round(value, 6) if isinstance(value, float) else value


CASES = [
    (question, backend)
    for question in QUESTIONS
    for backend in (Backend.HISTORY, Backend.CLOUDTRAIL)
    if backend is Backend.HISTORY or question.name in ASKED
]


@pytest.mark.parametrize(("question", "backend"), CASES, ids=lambda one: getattr(one, "name", str(one)))
def test_a_question_asked_of_athena_has_the_engines_answer(
    asked: Asker, engine: Engine, weeks: Written, question: Question, backend: Backend
) -> None:
    sql = rendered(question, backend)
    answered = asked(sql)
    expected = engine.ask(sql, now=weeks.now)
    names = [column.name for column in answered.columns]
    assert names == [column.name for column in question.columns]
    found = [tuple(map(plain, row)) for row in answered.rows]
    assert sorted(found, key=repr) == sorted((tuple(map(plain, row.values())) for row in expected), key=repr)


def test_a_day_costs_less_than_a_month(asked: Asker) -> None:
    question = BY_NAME["usage_by_user"]
    one, three = (
        asked(question.rendered({"from": first, "to": LAST}, Backend.HISTORY)).scanned_bytes or 0
        for first in (LAST, FIRST)
    )
    assert 0 < one < three


def test_the_articles_own_join_runs(asked: Asker, engine: Engine, weeks: Written) -> None:
    sql = definitions.original("usage_by_user")
    answered = asked(sql)
    assert len(answered.rows) == len(engine.ask(sql, now=weeks.now)) > 100
