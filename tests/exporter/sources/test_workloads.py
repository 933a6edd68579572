"""Which job a query belongs to."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_exporter.sources.workloads import workload_of_record, workload_of_sql

DBT = {
    "app": "dbt",
    "dbt_version": "1.11.1",
    "profile_name": "shop",
    "target_name": "prod",
    "node_id": "model.shop.orders",
}
DATASET = "7f0c29a1-1d20-4a1f-9d3a-0c6f4b7f2a11"
DAG = "0b1ec7de-7f23-5d1b-9b9c-7cf1f2a3c1d4"


@pytest.mark.parametrize(
    ("sql", "job"),
    [
        (f"-- /* {json.dumps(DBT)} */\nSELECT 1", "dbt:model.shop.orders"),
        (f"/* {json.dumps(DBT)} */ SELECT 1", "dbt:model.shop.orders"),
        (f"SELECT 1 /* {json.dumps(DBT)} */", "dbt:model.shop.orders"),
        ('/* {"app": "dbt", "node_id": null} */ SELECT 1', None),
        ('/* {"dag_id": "nightly", "task_id": "load"} */ SELECT 1', "airflow:nightly.load"),
        ("-- dag_id=nightly task_id=load run_id=manual__2024-01-01\nSELECT 1", "airflow:nightly.load"),
        ("/*dag_id='nightly%2Fsales',task_id='load'*/ SELECT 1", "airflow:nightly/sales.load"),
        ("-- dag_id: nightly\nSELECT 1", "airflow:nightly"),
        ("-- task_id=load\nSELECT 1", None),
        ("-- Metabase:: userID: 7 queryType: MBQL queryHash: 0af1\nSELECT 1", "metabase:user 7"),
        ("/* Username: jane@example.org, query_id: 12, Queue: queries, Scheduled: False */ SELECT 1",
         "redash:jane@example.org"),
        ("/* Username: jane, Query ID: adhoc, Query Hash: 0af1 */ SELECT 1", "redash:jane"),
        ("/* Query ID: 12, Queue: scheduled, Job ID: 1-2 */ SELECT 1", "redash:query 12"),
        (f"/* QuickSight {DATASET.upper()} */ SELECT 1", f"quicksight:{DATASET}"),
        ("/* QuickSight */ SELECT 1", None),
        ("-- nothing to see\n/* Username: jane */ SELECT 1", None),
        ("SELECT 'dag_id=nightly -- dag_id=nightly'", None),
        ("SELECT 1", None),
        ("-- why?\n-- dag_id=nightly\nSELECT 1 -- dag_id=other", "airflow:nightly"),
        ('-- {"node_id": "a\\u0000\\u202eb"}\nSELECT 1', "dbt:a\ufffd\ufffdb"),
        ("-- {" * 3 + '{"a":' * 2000 + "}\nSELECT 1", None),
    ],
)  # fmt: skip  # one case a row
def test_a_comment_tells_the_job(sql: str, job: str | None) -> None:
    assert workload_of_sql(sql) == job


def test_only_persons_are_named_in_another_way() -> None:
    def job(sql: str) -> str | None:
        return workload_of_sql(sql, person=lambda name: f"<{len(name)}>")

    assert job("/* Username: jane, query_id: 1, Queue: q */ SELECT 1") == "redash:<4>"
    assert job("-- Metabase:: userID: 77 queryType: native\nSELECT 1") == "metabase:user <2>"
    assert job("-- dag_id=jane\nSELECT 1") == "airflow:jane"


def test_a_job_is_never_longer_than_a_name() -> None:
    job = workload_of_sql('/* {"node_id": "' + "x" * 5000 + '"} */ SELECT 1')
    assert job is not None
    assert len(job) == 256


def test_comments_without_end_are_not_all_looked_at() -> None:
    assert workload_of_sql("-- x\n" * 100 + "-- dag_id=late\nSELECT 1") is None


def record(agent: object, session: str = "botocore-session-1700000000") -> dict[str, Any]:
    arn = f"arn:aws:sts::111122223333:assumed-role/etl/{session}"
    return {"userAgent": agent, "userIdentity": {"type": "AssumedRole", "arn": arn}}


@pytest.mark.parametrize(
    ("agent", "session", "job"),
    [
        (
            f"Boto3/1.40 Airflow/2.10 AmPP/9.4 Caller/AthenaOperator DagRunKey/{DAG}",
            "x",
            f"airflow:AthenaOperator/{DAG}",
        ),
        ("Boto3/1.40 Airflow/2.10 AmPP/9.4 Caller/AthenaHook", "x", "airflow:AthenaHook"),
        ("Boto3/1.40 Airflow/2.10 Caller/A DagRunKey/00000000-0000-0000-0000-000000000000", "x", "airflow:A"),
        ("Boto3/1.40 exec-env/AWS_Lambda_python3.12", "nightly-report", "lambda:nightly-report"),
        ("Boto3/1.40 exec-env/AWS_Lambda_python3.12", "jane@example.org", None),
        ("Boto3/1.40", "nightly-report", None),
        (None, "x", None),
        (7, "x", None),
    ],
)
def test_an_agent_tells_the_job(agent: object, session: str, job: str | None) -> None:
    assert workload_of_record(record(agent, session)) == job


@given(sql=st.text() | st.text('-/*{}":, \nadg_itsk=').map(lambda text: f"/*{text}*/--{text}"))
def test_no_comment_is_an_exception(sql: str) -> None:
    job = workload_of_sql(sql)
    assert job is None or 0 < len(job) <= 256
