"""Athena's operations, as a client meets them: botocore's shapes, AWS's limits and words."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from athena_testbed import ACCOUNT_ID, Settings

FINAL = {"SUCCEEDED", "FAILED", "CANCELLED"}


class Clock:
    """A clock that a test moves; milliseconds."""

    def __init__(self) -> None:
        self.now = 1_790_000_000_000

    def __call__(self) -> int:
        return self.now


def test_fifteen_workgroups_come_in_pages_of_the_size_asked_for(world: Any) -> None:
    pages = list(world.pages("athena", "ListWorkGroups", MaxResults=4))
    names = [workgroup["Name"] for page in pages for workgroup in page["WorkGroups"]]
    assert [len(page["WorkGroups"]) for page in pages] == [4, 4, 4, 3]
    assert len(set(names)) == 15
    assert "primary" in names


def test_workgroups_differ_in_what_an_observer_must_cope_with(world: Any) -> None:
    found = {name: world.call("athena", "GetWorkGroup", WorkGroup=name)["WorkGroup"] for name in world.workgroups()}
    settings = {name: workgroup["Configuration"] for name, workgroup in found.items()}
    assert [name for name, one in settings.items() if not one["PublishCloudWatchMetricsEnabled"]] == ["monitoring"]
    assert [name for name, one in settings.items() if "EngineConfiguration" in one] == ["risk-reserved"]
    assert {name for name, one in settings.items() if "BytesScannedCutoffPerQuery" in one} == {
        "ad-hoc", "dbt-ci", "dbt-dev", "sandbox",
    }  # fmt: skip  # one line reads best
    tags = {name: world.call("athena", "ListTagsForResource", ResourceARN=_arn(name))["Tags"] for name in found}
    assert [name for name, pairs in tags.items() if not pairs] == ["sandbox"]
    assert {pair["Key"] for pair in tags["primary"]} == {"team", "cost-centre", "environment", "component"}


def _arn(workgroup: str) -> str:
    return f"arn:aws:athena:eu-west-1:{ACCOUNT_ID}:workgroup/{workgroup}"


def test_unknown_names_are_refused_in_athenas_words(world: Any) -> None:
    assert world.error("athena", "GetWorkGroup", WorkGroup="nope") == (
        "InvalidRequestException", "WorkGroup nope is not found.",
    )  # fmt: skip  # one line reads best
    assert world.error("athena", "ListQueryExecutions", WorkGroup="nope")[1] == "WorkGroup nope is not found."
    assert world.error("athena", "ListTagsForResource", ResourceARN=_arn("nope"))[0] == "ResourceNotFoundException"
    assert world.error("athena", "GetQueryExecution", QueryExecutionId="nope")[0] == "InvalidRequestException"
    assert world.error("athena", "StopQueryExecution", QueryExecutionId="nope")[0] == "InvalidRequestException"


def test_a_page_outside_its_bounds_is_refused(world: Any) -> None:
    for operation, size in (("ListWorkGroups", 0), ("ListWorkGroups", 51), ("ListQueryExecutions", 51)):
        code, message = world.error("athena", operation, MaxResults=size)
        assert code == "InvalidRequestException"
        assert "maxResults" in message
    assert world.error("athena", "ListTagsForResource", ResourceARN=_arn("primary"), MaxResults=74)[0] == (
        "InvalidRequestException"
    )


def test_fifty_ids_are_a_batch_and_fifty_one_are_not(world: Any) -> None:
    ids = [query_id for name in world.workgroups() for query_id in world.ids(name)][:51]
    assert len(ids) == 51
    assert len(world.executions(ids[:50])) == 50
    assert world.error("athena", "BatchGetQueryExecution", QueryExecutionIds=ids)[0] == "InvalidRequestException"
    assert world.error("athena", "BatchGetQueryExecution", QueryExecutionIds=[])[0] == "InvalidRequestException"


def test_a_list_is_newest_first_and_primary_unless_told(world: Any) -> None:
    queries = world.executions(world.ids("airflow-core"))
    times = [query["Status"]["SubmissionDateTime"] for query in queries]
    assert len(times) > 20
    assert times == sorted(times, reverse=True)
    default = world.call("athena", "ListQueryExecutions")["QueryExecutionIds"]
    assert default == world.ids("primary")[:50]


def test_paging_is_stable_while_queries_arrive(world: Any) -> None:
    before = world.ids("airflow-core")
    first = world.call("athena", "ListQueryExecutions", WorkGroup="airflow-core", MaxResults=10)
    world.testbed.add({"workgroup": "airflow-core"}, {"workgroup": "airflow-core"})
    second = world.call(
        "athena", "ListQueryExecutions", WorkGroup="airflow-core", MaxResults=10, NextToken=first["NextToken"]
    )
    assert first["QueryExecutionIds"] + second["QueryExecutionIds"] == before[:20]
    assert len(world.ids("airflow-core")) == len(before) + 2


def test_a_token_is_good_for_its_own_call_only(world: Any) -> None:
    token = world.call("athena", "ListQueryExecutions", WorkGroup="airflow-core", MaxResults=5)["NextToken"]
    for parameters in ({"WorkGroup": "dbt-prod", "NextToken": token}, {"NextToken": "bm9uc2Vuc2U="}):
        assert world.error("athena", "ListQueryExecutions", **parameters)[0] == "InvalidRequestException"
    assert world.error("athena", "ListWorkGroups", NextToken=token)[0] == "InvalidRequestException"


def test_ids_that_athena_does_not_know_come_back_unprocessed(world: Any) -> None:
    known = world.ids("airflow-core")[0]
    strange = "0a1b2c3d-0000-4000-8000-000000000000"
    answer = world.call("athena", "BatchGetQueryExecution", QueryExecutionIds=[known, strange])
    assert [query["QueryExecutionId"] for query in answer["QueryExecutions"]] == [known]
    (entry,) = answer["UnprocessedQueryExecutionIds"]
    assert entry["QueryExecutionId"] == strange
    assert strange in entry["ErrorMessage"]


def test_history_ends_after_45_days(start: Callable[..., Any], settings: Callable[..., Settings]) -> None:
    clock = Clock()
    world = start(settings(history=timedelta(0)), clock)
    (query_id,) = world.testbed.add({"person": "Alice"})
    clock.now += 45 * 86_400_000
    assert world.ids("primary") == [query_id]
    clock.now += 1
    assert world.ids("primary") == []
    assert world.call("athena", "BatchGetQueryExecution", QueryExecutionIds=[query_id])["QueryExecutions"] == []


def test_a_query_goes_from_the_queue_to_its_end_and_statistics_follow(
    start: Callable[..., Any], settings: Callable[..., Settings]
) -> None:
    clock = Clock()
    world = start(settings(history=timedelta(0)), clock)
    began = clock.now / 1000
    (query_id,) = world.testbed.add(
        {"submitted_at": began, "ended_at": began + 10, "queue_ms": 2000, "scanned_bytes": 77}
    )

    def at(milliseconds: int) -> dict[str, Any]:
        clock.now = round(began * 1000) + milliseconds
        query: dict[str, Any] = world.call("athena", "GetQueryExecution", QueryExecutionId=query_id)["QueryExecution"]
        return query

    assert at(1999)["Status"] == {"State": "QUEUED", "SubmissionDateTime": began}
    assert "Statistics" not in at(1999)
    assert at(2000)["Status"]["State"] == "RUNNING"
    assert "DataScannedInBytes" not in at(9999)["Statistics"]
    assert at(10_000)["Status"]["CompletionDateTime"] == began + 10
    assert at(10_000)["Statistics"]["DataScannedInBytes"] == 77
    assert at(10_000)["Statistics"]["TotalExecutionTimeInMillis"] == 10_000


def test_statistics_may_lag_behind_the_final_state(
    start: Callable[..., Any], settings: Callable[..., Settings]
) -> None:
    clock = Clock()
    world = start(settings(history=timedelta(0), queries_per_minute=600, statistics_delay=timedelta(hours=1)), clock)
    clock.now += 60_000
    world.testbed.quiesce()
    clock.now += 2000
    without = [query for query in world.everything() if "Statistics" not in query]
    assert without
    assert {query["Status"]["State"] for query in without} <= FINAL
    clock.now += 3_600_000
    assert all("Statistics" in query for query in world.everything())


def test_statistics_may_never_come(start: Callable[..., Any], settings: Callable[..., Settings]) -> None:
    queries = start(settings(missing_statistics=0.5)).everything()
    without = sum("Statistics" not in query for query in queries)
    assert 0.3 < without / len(queries) < 0.7


def test_a_stopped_query_is_cancelled_now(start: Callable[..., Any], settings: Callable[..., Settings]) -> None:
    clock = Clock()
    world = start(settings(history=timedelta(0)), clock)
    began = clock.now / 1000
    (query_id,) = world.testbed.add({"submitted_at": began, "ended_at": began + 10, "scanned_bytes": 2_000_000_000})
    clock.now += 5000
    world.call("athena", "StopQueryExecution", QueryExecutionId=query_id)
    world.call("athena", "StopQueryExecution", QueryExecutionId=query_id)
    query = world.call("athena", "GetQueryExecution", QueryExecutionId=query_id)["QueryExecution"]
    assert query["Status"]["State"] == "CANCELLED"
    assert query["Status"]["CompletionDateTime"] == began + 5
    assert query["Statistics"]["DataScannedInBytes"] == 1_000_000_000
    assert world.testbed.truth()["by_state"]["cancelled"]["scanned_bytes"] == 1_000_000_000


def test_a_query_started_over_the_wire_belongs_to_the_default_person(world: Any) -> None:
    answer = world.call(
        "athena", "StartQueryExecution", QueryString="SELECT 1", WorkGroup="sandbox",
        QueryExecutionContext={"Database": "sales"},
    )  # fmt: skip  # two lines read best
    assert world.ids("sandbox")[0] == answer["QueryExecutionId"]
    (query,) = world.executions([answer["QueryExecutionId"]])
    assert query["Query"] == "SELECT 1"
    assert query["QueryExecutionContext"]["Database"] == "sales"
    event, *_ = [e for e in world.events() if answer["QueryExecutionId"] in e["CloudTrailEvent"]]
    assert event["Username"] == "Alice"
    assert world.error("athena", "StartQueryExecution", QueryString="SELECT 1", WorkGroup="x")[0] == (
        "InvalidRequestException"
    )


def test_too_many_active_queries_refuse_the_next_and_leave_an_event(
    start: Callable[..., Any], settings: Callable[..., Settings]
) -> None:
    world = start(settings(history=timedelta(0), dml_quota=2))
    for _ in range(2):
        world.call("athena", "StartQueryExecution", QueryString="SELECT 1")
    code, message = world.error("athena", "StartQueryExecution", QueryString="SELECT 1")
    assert code == "TooManyRequestsException"
    assert "concurrently" in message
    assert world.testbed.truth()["failed_starts"]["by_error"] == {"TooManyRequestsException": 1}
    assert len(world.events()) == 3
    assert len(world.ids("primary")) == 2


def test_a_deleted_workgroup_takes_its_queries_with_it(world: Any) -> None:
    ids = world.ids("airflow-ml")
    assert world.control("DELETE", "workgroups/airflow-ml") == {"deleted": "airflow-ml"}
    assert "airflow-ml" not in world.workgroups()
    assert world.error("athena", "ListQueryExecutions", WorkGroup="airflow-ml")[0] == "InvalidRequestException"
    assert world.error("athena", "GetWorkGroup", WorkGroup="airflow-ml")[0] == "InvalidRequestException"
    answer = world.call("athena", "BatchGetQueryExecution", QueryExecutionIds=ids[:3])
    assert len(answer["UnprocessedQueryExecutionIds"]) == 3
    assert world.http("DELETE", "/_testbed/workgroups/airflow-ml").status == 404


def test_deleting_a_workgroup_stops_its_queries_and_refuses_new_ones(
    start: Callable[..., Any], settings: Callable[..., Settings]
) -> None:
    clock = Clock()
    world = start(settings(history=timedelta(0), queries_per_minute=1200, failed_starts=0), clock)
    now = clock.now / 1000
    world.testbed.add({"workgroup": "dbt-prod", "submitted_at": now, "ended_at": now + 3600, "person": "root"})
    clock.now += 60_000
    assert world.testbed.delete_workgroup("dbt-prod")
    before = world.testbed.truth()["by_workgroup"]["dbt-prod"]["queries"]
    clock.now += 60_000
    truth = world.testbed.truth()
    assert truth["by_workgroup"]["dbt-prod"]["queries"] == before
    assert {row["state"] for row in truth["by_user_workgroup_database_state"] if row["user"] == "root"} >= {"cancelled"}
    assert truth["failed_starts"]["by_workgroup"]["dbt-prod"] > 50
    words = [e["CloudTrailEvent"] for e in world.events() if "WorkGroup dbt-prod is not found." in e["CloudTrailEvent"]]
    assert len(words) >= truth["failed_starts"]["by_workgroup"]["dbt-prod"]


def test_every_answer_carries_awss_date_and_a_request_id(
    start: Callable[..., Any], settings: Callable[..., Settings]
) -> None:
    clock = Clock()
    world = start(settings(history=timedelta(0)), clock)
    for raw in (world.aws("athena", "ListWorkGroups"), world.aws("athena", "GetWorkGroup", WorkGroup="x")):
        expected = datetime.fromtimestamp(clock.now / 1000, tz=UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
        assert raw.headers["date"] == expected
        assert raw.headers["x-amzn-requestid"]


def test_another_region_is_an_empty_account(world: Any) -> None:
    other = world.client("athena", region="us-east-1")
    assert [workgroup["Name"] for workgroup in other.list_work_groups()["WorkGroups"]] == ["primary"]
    assert other.list_query_executions()["QueryExecutionIds"] == []
    assert world.client("cloudtrail", region="us-east-1").lookup_events()["Events"] == []


def test_moto_answers_the_rest_and_speaks_of_the_same_account(world: Any) -> None:
    assert world.client("sts").get_caller_identity()["Account"] == ACCOUNT_ID
    s3 = world.client("s3")
    s3.create_bucket(Bucket="here", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="here", Key="k", Body=b"some bytes")
    assert s3.get_object(Bucket="here", Key="k")["Body"].read() == b"some bytes"
    queue = world.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    assert queue.endswith("/q")


def test_a_call_without_credentials_is_refused(world: Any) -> None:
    raw = world.http("POST", "/", b"{}", {"X-Amz-Target": "AmazonAthena.ListWorkGroups"})
    assert raw.status == 403
    assert raw.json()["__type"] == "MissingAuthenticationTokenException"


def test_a_body_that_is_no_object_is_a_serialization_error(world: Any) -> None:
    headers = {
        "X-Amz-Target": "AmazonAthena.ListWorkGroups",
        "Authorization": "AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/athena/aws4_request, Signature=0",
    }
    for body in (b"[]", b"{"):
        assert world.http("POST", "/", body, headers).json()["__type"] == "SerializationException"
