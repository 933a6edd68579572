"""How many queries are active, from AWS/Usage."""

from datetime import UTC, datetime, timedelta

from fake_cloudwatch import FakeCloudWatch
from fake_knowledge import FakeKnowledge
from source_world import TARGET

from athena_exporter.records import ActiveQueries
from athena_exporter.sources.billing import billed_metrics
from athena_exporter.sources.cloudwatch import ActiveQueriesSource

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def publish(cloudwatch: FakeCloudWatch, kind: str, at: datetime, amount: int) -> None:
    dimensions = {"Service": "Athena", "Type": "Resource", "Resource": "ActiveQueryCount", "Class": kind}
    cloudwatch.publish("ResourceCount", dimensions, at, amount, MINUTE)


def active(cloudwatch: FakeCloudWatch) -> dict[str, int]:
    source = ActiveQueriesSource(client=cloudwatch, target=TARGET, clock=lambda: cloudwatch.now)
    (batch,) = FakeKnowledge().take(source)
    (record,) = batch.records
    assert isinstance(record, ActiveQueries)
    return dict(record.by_type)


def test_the_newest_minute_is_told_and_a_type_that_is_idle_in_it_is_absent() -> None:
    cloudwatch = FakeCloudWatch(now=NOON)
    publish(cloudwatch, "DDL", NOON - 4 * MINUTE, 3)
    publish(cloudwatch, "DML", NOON - 3 * MINUTE, 40)
    publish(cloudwatch, "DML", NOON - 2 * MINUTE, 17)
    publish(cloudwatch, "DML", NOON, 99)  # not published yet
    assert active(cloudwatch) == {"DML": 17}


def test_both_types_of_one_minute_are_told() -> None:
    cloudwatch = FakeCloudWatch(now=NOON)
    publish(cloudwatch, "DDL", NOON - 2 * MINUTE, 3)
    publish(cloudwatch, "DML", NOON - 2 * MINUTE, 17)
    assert active(cloudwatch) == {"DML": 17, "DDL": 3}


def test_an_idle_account_has_no_type_and_no_old_value() -> None:
    cloudwatch = FakeCloudWatch(now=NOON)
    publish(cloudwatch, "DML", NOON - 20 * MINUTE, 17)
    assert active(cloudwatch) == {}


def test_a_read_is_billed_as_two_metrics() -> None:
    cloudwatch = FakeCloudWatch(now=NOON)
    active(cloudwatch)
    assert sum(billed_metrics(each) for each in cloudwatch.asked) == 2


def test_awss_clock_is_followed_once_it_is_known() -> None:
    cloudwatch = FakeCloudWatch(now=NOON)
    publish(cloudwatch, "DML", NOON - 2 * MINUTE, 17)
    source = ActiveQueriesSource(client=cloudwatch, target=TARGET, clock=lambda: NOON - timedelta(hours=2))
    knowledge = FakeKnowledge()
    for _ in range(2):
        knowledge.take(source)
    told = [record.by_type for batch in knowledge.batches for record in batch.records]  # type: ignore[union-attr]  # inventories of one kind
    assert told == [{}, {"DML": 17}]
