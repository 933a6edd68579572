"""Trails: CloudTrail's files in a bucket, named and written as AWS does, with what LookupEvents shows in them."""

import gzip
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import boto3
import pytest
from trails import REGION, trailed

import athena_testbed
from athena_testbed import ACCOUNT_ID, Settings
from athena_testbed.trail import digest_key, file_key, noise, packed

START = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
BUSY = Settings(
    queries_per_minute=20, rates=None, lost_events=0.0, duplicate_events=0.2, cloudtrail_delay=timedelta(minutes=1),
    trail_interval=timedelta(minutes=5), trail_noise=2,
)  # fmt: skip  # rows


def test_a_trails_files_hold_what_has_become_visible_each_copy_once() -> None:
    now = [START]
    with (
        athena_testbed.running(BUSY, clock=lambda: int(now[0].timestamp() * 1000)) as testbed,
        trailed(testbed.url) as made,
    ):
        made.log()
        for _ in range(6):
            now[0] += timedelta(minutes=10)
            assert made.waiting() >= 0  # somebody looks at a queue: only then anything is written
        listed = made.s3.list_objects_v2(Bucket=made.bucket)["Contents"]
        texts = [made.s3.get_object(Bucket=made.bucket, Key=one["Key"])["Body"].read() for one in listed]
        records = [record for text in texts for record in json.loads(gzip.decompress(text))["Records"]]
        starts = [one for one in records if one["eventName"] == "StartQueryExecution"]
        assert len(listed) == 6
        assert all(re.fullmatch(_KEY, one["Key"]) for one in listed)
        assert 300 < len({one["eventID"] for one in starts}) < len(starts)
        assert any(one["eventSource"] == "kms.amazonaws.com" for one in records)
        assert _looked_up(testbed.url, starts[0]["eventID"]) == starts[0]
        assert made.waiting() == 7, "a message a file, and S3's own when the notifications were set up"


_KEY = (
    rf"AWSLogs/{ACCOUNT_ID}/CloudTrail/{REGION}/2026/11/20/"
    rf"{ACCOUNT_ID}_CloudTrail_{REGION}_20261120T1[01]\d\dZ_\w{{16}}\.json\.gz"
)


def _looked_up(url: str, event_id: str) -> Any:
    client = boto3.client(
        "cloudtrail", region_name=REGION, endpoint_url=url, aws_access_key_id="x", aws_secret_access_key="x"
    )
    found = client.lookup_events(LookupAttributes=[{"AttributeKey": "EventId", "AttributeValue": event_id}])
    client.close()
    return json.loads(found["Events"][0]["CloudTrailEvent"])


def test_a_trail_that_does_not_log_writes_nothing() -> None:
    now = [START]
    with (
        athena_testbed.running(BUSY, clock=lambda: int(now[0].timestamp() * 1000)) as testbed,
        trailed(testbed.url) as made,
    ):
        made.log()
        made.cloudtrail.stop_logging(Name="trail")
        now[0] += timedelta(hours=1)
        made.waiting()
        assert "Contents" not in made.s3.list_objects_v2(Bucket=made.bucket)


@pytest.mark.parametrize("is_told", [False, True])
def test_an_account_can_tell_its_first_trail_what_happened_before_it(*, is_told: bool) -> None:
    now = [START]
    settings = replace(BUSY, routes_from_start=is_told)
    with (
        athena_testbed.running(settings, clock=lambda: int(now[0].timestamp() * 1000)) as testbed,
        trailed(testbed.url) as made,
    ):
        now[0] += timedelta(minutes=10)
        testbed.truth()
        made.log()
        now[0] += timedelta(minutes=10)
        made.waiting()
        (listed,) = made.s3.list_objects_v2(Bucket=made.bucket)["Contents"]
        text = made.s3.get_object(Bucket=made.bucket, Key=listed["Key"])["Body"].read()
        times = [record["eventTime"] for record in json.loads(gzip.decompress(text))["Records"]
                 if record["eventName"] == "StartQueryExecution"]  # fmt: skip  # one list
        assert times
        assert any(at < "2026-11-20T10:10" for at in times) is is_told


@pytest.mark.parametrize("operation", ["start_logging", "stop_logging", "delete_trail"])
def test_a_trail_that_is_not_there_is_not_found(operation: str) -> None:
    with (
        athena_testbed.running(BUSY) as testbed,
        trailed(testbed.url) as made,
        pytest.raises(made.cloudtrail.exceptions.TrailNotFoundException),
    ):
        getattr(made.cloudtrail, operation)(Name="nobodys")


def test_keys_are_those_of_cloudtrails_documents() -> None:
    at_ms = int(START.timestamp() * 1000)
    assert file_key("111122223333", "us-east-2", at_ms, "Mo", prefix="p/", organisation="o-exampleorgid") == (
        "p/AWSLogs/o-exampleorgid/111122223333/CloudTrail/us-east-2/2026/11/20/"
        "111122223333_CloudTrail_us-east-2_20261120T1000Z_Mo.json.gz"
    )
    assert "/CloudTrail-Digest/us-east-2/2026/11/20/" in digest_key("111122223333", "us-east-2", at_ms)


def test_other_services_records_are_the_same_for_a_seed_and_a_fifth_is_athenas_and_glues() -> None:
    one, two = (noise(3, account_id="1", region=REGION, begin_ms=0) for _ in range(2))
    many = list(islice(one, 5_000))
    assert many == list(islice(two, 5_000))
    ours = sum(record["eventSource"].split(".")[0] in {"athena", "glue"} for record in many)
    assert 0.15 < ours / len(many) < 0.25
    assert packed(many) == packed(many)
