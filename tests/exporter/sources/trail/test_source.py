"""Files of a trail that a queue announces: whose are read, what is told of them, and what does not hold up the rest."""

import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest
from botocore.exceptions import ClientError
from fake_knowledge import FakeKnowledge
from source_world import QUIET, TARGET, Hand, MakeWorld, World
from trails import Trailed, trailed

from athena_exporter.records import StartedQuery, Target
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.queues import Queue
from athena_exporter.sources.trail import VISIBILITY, Audience, Reading, TrailSource
from athena_exporter.sources.trail.objects import Outcome
from athena_testbed.trail import digest_key, file_key, packed

NOW = timedelta(0)
OTHER = Target(account_id="999988887777", region="us-east-1")


@dataclass(slots=True)
class Bench:
    """An account with a trail's bucket and queue."""

    world: World
    made: Trailed
    knowledge: FakeKnowledge = field(default_factory=FakeKnowledge)
    visibility: timedelta = VISIBILITY

    def source(self, **changed: Any) -> TrailSource:
        queue = Queue(
            client=self.world.session.sqs(), url=changed.pop("url", self.made.url), source="trail", target=TARGET,
            clock=self.world.clock, pause=lambda _: None, visibility=self.visibility,
        )  # fmt: skip  # rows
        settings: dict[str, Any] = {
            "client": self.world.session.s3(), "bucket": self.made.bucket, "target": TARGET,
            "audience": lambda: Audience(targets=frozenset({TARGET})), "reading": Reading(rules=IdentityRules.of()),
            "settle": timedelta(minutes=15), "wait": NOW,
        }  # fmt: skip  # rows
        return TrailSource(queue=queue, **{**settings, **changed})

    def read(self, source: TrailSource) -> Mapping[str, int]:
        """One pass into the knowledge; what the files came to."""
        results: Counter[str] = Counter()
        for batch in self.knowledge.take(source):
            results.update(batch.files)
        return dict(+results)

    def starts(self) -> set[str]:
        return set(self.knowledge.starts)


@pytest.fixture
def bench(make_world: MakeWorld) -> Iterator[Bench]:
    with make_world(QUIET) as world, trailed(world.running.url) as made:
        yield Bench(world, made)


def start(query_id: str, *, target: Target = TARGET, **more: Any) -> dict[str, Any]:
    return {
        "eventVersion": "1.11", "userIdentity": {"type": "IAMUser", "userName": "ann"},
        "eventTime": "2026-11-20T10:00:00Z", "eventSource": "athena.amazonaws.com", "eventName": "StartQueryExecution",
        "awsRegion": target.region, "requestParameters": {"workGroup": "primary"},
        "responseElements": {"queryExecutionId": query_id}, "eventID": f"event-{query_id}",
        "recipientAccountId": target.account_id, **more,
    }  # fmt: skip  # rows


def key(minute: int = 0, *, target: Target = TARGET, token: str = "A", **where: str) -> str:
    at = datetime(2026, 11, 20, 10, minute, tzinfo=UTC)
    return file_key(target.account_id, target.region, int(at.timestamp() * 1000), token, **where)


# -- which files ------------------------------------------------------------------------------------------------------


def test_what_a_file_tells_is_committed_and_its_message_deleted(bench: Bench) -> None:
    bench.made.put(key(), packed([start("q-1"), {"eventVersion": "1.11", "eventName": "Decrypt"}, start("q-2")]))
    source = bench.source()
    # The first message is S3's own: that notifications have been set up.
    assert bench.read(source) == {"read": 1}
    assert bench.starts() == {"q-1", "q-2"}
    assert bench.knowledge.starts["q-1"].identity.user == "ann"
    assert bench.made.waiting() == 0


def test_digests_insights_and_what_is_no_file_of_cloudtrail_are_skipped_and_never_fetched(bench: Bench) -> None:
    digest = digest_key(TARGET.account_id, TARGET.region, 1_763_625_600_000)
    insight = key().replace("/CloudTrail/", "/CloudTrail-Insight/").replace("_CloudTrail_", "_CloudTrail-Insight_")
    for name in (digest, insight, "notes.txt", key().replace("AWSLogs", "Logs")):
        bench.made.put(name, b"not gzip")
    assert bench.read(bench.source()) == {"skipped": 4}
    assert bench.world.asked("GetObject") == 0
    assert bench.made.waiting() == 0


def test_files_of_other_accounts_and_regions_are_counted_and_never_fetched(bench: Bench) -> None:
    elsewhere = Target(account_id=TARGET.account_id, region="us-east-1")
    for place in (OTHER, elsewhere):
        bench.made.put(key(target=place), packed([start("q", target=place)]))
    assert bench.read(bench.source()) == {"foreign": 2}
    assert bench.world.asked("GetObject") == 0
    assert bench.made.waiting() == 0


def test_an_organisations_files_go_to_their_targets(bench: Bench) -> None:
    audience = Audience(targets=frozenset({TARGET, OTHER}))
    for place, query in ((TARGET, "q-1"), (OTHER, "q-2")):
        bench.made.put(key(target=place, organisation="o-a1b2c3d4e5"), packed([start(query, target=place)]))
    assert bench.read(bench.source(audience=lambda: audience)) == {"read": 2}
    told = {
        (batch.target, one.query_id)
        for batch in bench.knowledge.batches
        for one in batch.records
        if isinstance(one, StartedQuery)
    }
    assert told == {(TARGET, "q-1"), (OTHER, "q-2")}


def test_a_file_of_a_target_that_has_not_answered_yet_is_left_for_later(bench: Bench) -> None:
    bench.visibility = NOW
    known: set[Target] = set()
    source = bench.source(audience=lambda: Audience(targets=frozenset(known), is_complete=bool(known)))
    bench.made.put(key(), packed([start("q-1")]))
    assert bench.read(source) == {"waiting": 1}
    known.add(TARGET)
    assert bench.read(source) == {"read": 1}
    assert bench.starts() == {"q-1"}


def test_only_files_below_the_trails_prefix_are_read(bench: Bench) -> None:
    bench.made.put(key(prefix="ours"), packed([start("q-1")]))
    bench.made.put(key(prefix="theirs"), packed([start("q-2")]))
    assert bench.read(bench.source(prefix="ours")) == {"read": 1, "skipped": 1}
    assert bench.starts() == {"q-1"}


def of_s3(made: Trailed, name: str) -> dict[str, Any]:
    told = {"bucket": {"name": made.bucket}, "object": {"key": quote_plus(name)}}
    return {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": told}]}


# -- what announces them ----------------------------------------------------------------------------------------------


def test_every_way_to_announce_a_file_is_understood(bench: Bench) -> None:
    quiet = bench.made
    quiet.s3.put_bucket_notification_configuration(Bucket=quiet.bucket, NotificationConfiguration={})
    for minute in range(5):
        quiet.put(key(minute, token="A B+C"), packed([start(f"q-{minute}")]))
    names = [key(minute, token="A B+C") for minute in range(5)]
    cloudtrail = {"s3Bucket": quiet.bucket, "s3ObjectKey": [names[1], names[2]]}
    created = {
        "source": "aws.s3", "detail-type": "Object Created",
        "detail": {"bucket": {"name": quiet.bucket}, "object": {"key": names[3]}},
    }  # fmt: skip  # rows
    sns = {
        "Type": "Notification",
        "TopicArn": "arn:aws:sns:eu-west-1:1:t",
        "Message": json.dumps(of_s3(quiet, names[4])),
    }
    deleted = {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectRemoved:Delete"}]}
    begun = {"Service": "Amazon S3", "Event": "s3:TestEvent"}
    quiet.send(of_s3(quiet, names[0]), cloudtrail, created, sns, deleted, begun)
    assert bench.read(bench.source()) == {"read": 5}
    assert bench.starts() == {f"q-{minute}" for minute in range(5)}
    assert quiet.waiting() == 0


def test_a_bucket_that_tells_by_itself_is_heard_through_cloudtrails_own_delivery(make_world: MakeWorld) -> None:
    hand = Hand()
    with make_world(QUIET, hand=hand) as world, trailed(world.running.url) as made:
        bench = Bench(world, made)
        made.log()
        query = world.add(workgroup="primary", scanned_bytes=1)
        hand.at += timedelta(hours=3)
        assert bench.read(bench.source())["read"] == 1
        assert query in bench.starts()


# -- what goes wrong --------------------------------------------------------------------------------------------------


def test_someone_elses_messages_are_counted_left_and_hold_up_nothing(bench: Bench, caplog: Any) -> None:
    bench.made.send("no json", {"hello": "world"}, {"s3Bucket": "another", "s3ObjectKey": [key()]}, {"Records": [5]})
    bench.made.put(key(), packed([start("q-1")]))
    results: Counter[str] = Counter()
    with caplog.at_level(logging.WARNING):
        for batch in bench.knowledge.take(bench.source()):
            results.update(batch.messages)
    assert bench.starts() == {"q-1"}
    assert (results["no_json"], results["alien"]) == (1, 3)
    assert bench.made.waiting() == 4
    assert "no JSON object" in caplog.text


def test_a_broken_file_is_named_and_tried_again_until_it_is_a_dead_letter(bench: Bench, caplog: Any) -> None:
    bench.visibility = NOW
    broken, source = key(1, token="broken"), bench.source()
    bench.made.put(broken, packed([start("q-1")])[:-20])
    bench.made.put(key(2), packed([start("q-2")]))
    with caplog.at_level(logging.WARNING):
        found = Counter(bench.read(source))
        for _ in range(6):
            found.update(bench.read(source))
    assert found["read"] == 1
    assert found["corrupt"] >= 2
    assert caplog.text.count(broken) == 1, "one line a file"
    assert bench.made.waiting() == 0
    assert bench.made.waiting(bench.made.dead_url) == 1


def test_a_file_that_is_whole_at_the_second_try_is_read_then(bench: Bench) -> None:
    bench.visibility = NOW
    whole, source = packed([start("q-1")]), bench.source()
    bench.made.put(key(), whole[:-9])
    assert bench.read(source) == {"corrupt": 1}
    bench.made.put(key(), whole)
    assert bench.read(source)["read"] >= 1
    assert bench.starts() == {"q-1"}


def test_a_deleted_object_is_named_and_not_asked_for_again(bench: Bench, caplog: Any) -> None:
    bench.made.put(key(), packed([start("q-1")]))
    bench.made.s3.delete_object(Bucket=bench.made.bucket, Key=key())
    bench.made.put(key(2), packed([start("q-2")]))
    with caplog.at_level(logging.WARNING):
        assert bench.read(bench.source()) == {"gone": 1, "read": 1}
    assert "deleted" in caplog.text
    assert key() in caplog.text
    assert bench.made.waiting() == 0


def test_a_denied_file_is_counted_and_told_after_the_others_were_read(bench: Bench) -> None:
    for minute in range(3):
        bench.made.put(key(minute), packed([start(f"q-{minute}")]))
    rule = {"kind": "denied", "operation": "s3:*", "times": 1}
    bench.world.running.plan_faults([rule])
    source = bench.source()
    with pytest.raises(ClientError):
        bench.read(source)
    files: Counter[str] = Counter()
    for batch in bench.knowledge.batches:
        files.update(batch.files)
    assert +files == {"read": 2, "denied": 1}
    assert len(bench.starts()) == 2
    assert bench.made.waiting() == 1


def test_a_queue_that_does_not_exist_is_the_pollers_to_tell(bench: Bench) -> None:
    with pytest.raises(ClientError, match=r"NonExistent|does not exist"):
        bench.read(bench.source(url=f"{bench.world.running.url}/123456789012/nobody"))


def test_a_record_without_an_id_is_counted_and_the_rest_of_its_file_read(bench: Bench) -> None:
    bench.made.put(key(), packed([start("?!", eventID=None), start("q-1"), start("q-2", recipientAccountId="1")]))
    assert bench.read(bench.source()) == {"read": 1}
    assert bench.starts() == {"q-1"}
    assert bench.knowledge.malformed == 2


def test_a_file_read_twice_tells_the_same_twice(bench: Bench) -> None:
    source = bench.source()
    for _ in range(2):
        bench.made.put(key(), packed([start("q-1")]))
        bench.read(source)
    first, second = (batch.records for batch in bench.knowledge.batches if batch.records)
    assert first == second


def test_every_result_has_its_series_from_the_first_pass_on(bench: Bench) -> None:
    first, *_ = bench.knowledge.take(bench.source())
    assert dict(first.files) == dict.fromkeys((outcome.value for outcome in Outcome), 0)


# -- targets that come and go -----------------------------------------------------------------------------------------


def test_a_target_that_was_none_for_a_while_is_not_held_to_be_known_without_a_gap(bench: Bench) -> None:
    """A, B are read; then A alone, so that B's files are passed over; then both again."""
    bench.visibility = NOW
    settled = timedelta(seconds=1)
    both, one = (lambda: Audience(targets=frozenset({TARGET, OTHER}))), (lambda: Audience(targets=frozenset({TARGET})))
    since = f"since:{OTHER.account_id}/{OTHER.region}"
    for minute, audience in ((0, both), (20, one), (40, both)):
        bench.made.put(key(minute, target=OTHER, token=str(minute)), packed([]))
        bench.read(bench.source(audience=audience, settle=settled))
    assert bench.knowledge.cursors("trail")[since] == "2026-11-20T10:20:01+00:00"


def test_files_of_accounts_that_never_were_targets_leave_no_cursor(bench: Bench) -> None:
    bench.made.put(key(target=OTHER), packed([]))
    bench.read(bench.source())
    assert not [name for name in bench.knowledge.cursors("trail") if OTHER.account_id in name]
