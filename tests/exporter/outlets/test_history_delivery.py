"""Why these tests exist: to whoever reads the history each query is there once, whatever happens to the writer."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from archives import PREFIX, Archive, Shelf, Written, archived, rows
from book import DAY, HOUR, MINUTE, NOON, SECOND, TARGET, Book, opened, query, query_id, settings_for, start, who
from botocore.exceptions import BotoCoreError, ClientError

import athena_testbed
from athena_exporter.ledger.box import Box
from athena_exporter.outlets.history.delivery import Delivery, Windows
from athena_exporter.records import Mode, Origin, TableEvent, Target
from athena_exporter.sources.errors import GarbledAnswerError, explain
from athena_testbed import Running

OTHER = Target(account_id="444455556666", region="us-east-1")
WINDOW = timedelta(minutes=15)
QUIET = athena_testbed.Settings(queries_per_minute=0, rates=None)


@dataclass(slots=True)
class Desk:
    """A ledger, a bucket, and the writer between them, with clocks that a test moves."""

    book: Book
    archive: Archive | Shelf
    at: datetime = NOON + MINUTE
    tally: Written = field(default_factory=Written)

    def writer(self, *, outbox: Any = None, **windows: Any) -> Delivery:
        return Delivery(
            outbox=outbox or self.book.ledger.box("history"), store=self.archive.store, prefix=PREFIX,
            windows=Windows(**{"length": WINDOW} | windows), tally=self.tally, now=lambda: self.at,
            monotonic=self.book.hand, chance=lambda: 0.0,
        )  # fmt: skip  # as short as it can be said

    def drain(self, **windows: Any) -> None:
        writer = self.writer(**windows)
        while writer.run_once():
            pass

    def names(self) -> list[str]:
        return [key.removeprefix(f"{PREFIX}v1/") for key in self.archive.held()]


@pytest.fixture(scope="module")
def testbed() -> Iterator[Running]:
    with athena_testbed.running(QUIET) as running:
        yield running


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with opened(settings_for(tmp_path, rules={"facts": True}, consumers=("history",))) as found:
        yield found


@pytest.fixture
def desk(book: Book) -> Desk:
    return Desk(book=book, archive=Shelf())


@pytest.fixture
def remote(book: Book, testbed: Running) -> Iterator[Desk]:
    """The same with S3's answers."""
    testbed.plan_faults([])
    with archived(testbed.url) as archive:
        yield Desk(book=book, archive=archive)
    testbed.plan_faults([])


def both(number: int, *, at: datetime = NOON, **told: Any) -> tuple[Any, Any]:
    return query(number, at=at, **told), start(number, at=at)


def access() -> TableEvent:
    return TableEvent(
        event_id="e", at=NOON, account_id=TARGET.account_id, region=TARGET.region, api="GetTable", origin=Origin.GLUE,
        mode=Mode.METADATA, identity=who("ann"), query_id=None, catalog="c", database="d", table="t",
    )  # fmt: skip  # as short as it can be said


def test_a_window_is_one_file_and_nothing_is_written_before_it_is_over(desk: Desk) -> None:
    for number in range(1, 4):
        desk.book.deliver(*both(number), at=desk.at)
    writer = desk.writer()
    assert not writer.run_once()
    assert desk.names() == []
    desk.at += WINDOW
    assert writer.run_once()
    assert not writer.run_once()
    (name,) = desk.names()
    ledger_id = desk.book.ledger.box("history").ledger_id
    assert name.startswith(f"day=2026-03-10/{ledger_id}-000000000001-000000000003-")
    assert (desk.tally.rows, desk.tally.files) == (3, {"written": 1})
    assert desk.book.ledger.pending_facts("history", 10) == []


def test_a_clock_that_is_set_back_makes_no_window_endless(desk: Desk) -> None:
    desk.book.deliver(*both(1), at=desk.at)
    desk.at -= 30 * DAY
    writer = desk.writer()
    assert not writer.run_once()
    desk.book.hand.seconds += WINDOW.total_seconds()
    assert writer.run_once()


def test_many_facts_end_a_window_early(desk: Desk) -> None:
    for number in range(1, 8):
        desk.book.deliver(*both(number), at=desk.at)
    desk.drain(most=3)
    assert [name.split("-")[3:5] for name in desk.names()] == [
        ["000000000001", "000000000003"], ["000000000004", "000000000006"],
    ]  # fmt: skip  # rows
    assert len(desk.book.ledger.pending_facts("history", 10)) == 1, "the last one waits for its window"


def test_large_texts_end_a_window_early(desk: Desk) -> None:
    for number in range(1, 7):
        desk.book.deliver(*both(number, sql_text=f"SELECT '{'x' * 600_000}'"), at=desk.at)
    desk.at += WINDOW
    desk.drain(largest=2**20, at_once=2)
    assert len(desk.names()) == 3
    assert desk.tally.rows == 6


def test_queries_of_two_days_go_into_the_folders_of_their_own(desk: Desk, tmp_path: Path) -> None:
    midnight = NOON + 12 * HOUR
    edge = ((1, midnight - timedelta(milliseconds=1)), (2, midnight), (3, midnight - 2 * DAY))
    for number, at in edge:
        desk.book.deliver(*both(number, at=at), at=midnight + MINUTE)
    desk.at = midnight + HOUR
    desk.drain()
    assert [name[:14] for name in desk.names()] == ["day=2026-03-10", "day=2026-03-11"]
    days = {row["query_id"]: row["day"] for row in rows(desk.archive, tmp_path)}
    assert days == {query_id(1): "2026-03-10", query_id(2): "2026-03-11"}, "the third is older than the counters"


def test_rows_stand_sorted_in_few_bytes_of_plain_parquet(desk: Desk, tmp_path: Path) -> None:
    names = ("etl", "adhoc", "etl", "bi")
    for number, workgroup in enumerate(names, start=1):
        at = NOON - number * SECOND
        desk.book.deliver(query(number, at=at, workgroup=workgroup), start(number, user=f"u{number % 2}", at=at))
    desk.at += WINDOW
    desk.drain()
    path = tmp_path / "file.parquet"
    path.write_bytes(desk.archive.content(desk.archive.held()[0]))
    table = pq.read_table(path, columns=["workgroup", "user_name", "query_id"]).to_pylist()
    assert [(row["workgroup"], row["user_name"]) for row in table] == [
        ("adhoc", "u0"), ("bi", "u0"), ("etl", "u1"), ("etl", "u1"),
    ]  # fmt: skip  # rows
    assert [row["query_id"] for row in table[2:]] == [query_id(3), query_id(1)], "the earlier one first"
    column = pq.ParquetFile(path).metadata.row_group(0).column(0)
    assert (column.compression, set(column.encodings)) == ("ZSTD", {"PLAIN", "RLE"})


def test_targets_are_told_apart_even_by_the_same_query_id(desk: Desk, tmp_path: Path) -> None:
    desk.book.ledger.adopt(OTHER, NOON - DAY)
    desk.book.deliver(*both(1), at=desk.at)
    desk.book.deliver(*both(1, database="web"), at=desk.at, target=OTHER)
    desk.at += WINDOW
    desk.drain()
    found = {(row["account_id"], row["region"]): row["database_name"] for row in rows(desk.archive, tmp_path)}
    assert found == {(TARGET.account_id, TARGET.region): "sales", (OTHER.account_id, OTHER.region): "web"}


def test_a_late_identity_corrects_the_row_for_whoever_reads(desk: Desk, tmp_path: Path) -> None:
    desk.book.deliver(query(), at=desk.at)
    desk.book.looked(NOON + 4 * HOUR)
    desk.at = NOON + 5 * HOUR
    desk.drain()
    (row,) = rows(desk.archive, tmp_path)
    assert (row["user_name"], row["attribution"]) == ("unattributed", "not_found")
    desk.book.deliver(start(user="ben"), at=NOON + DAY)
    desk.at = NOON + 2 * DAY
    desk.drain()
    assert [name[:14] for name in desk.names()] == ["day=2026-03-10"] * 2
    (row,) = rows(desk.archive, tmp_path)
    assert (row["user_name"], row["attribution"], row["scanned_bytes"]) == ("ben", "late", 100 * 2**20)


class Died(Exception):  # noqa: N818  it is no error but a death
    """The process ended here."""


class Mortal:
    """An outbox that does not live to acknowledge."""

    def __init__(self, box: Box) -> None:
        self._box = box

    def __getattr__(self, name: str) -> Any:
        return getattr(self._box, name)

    def acknowledge(self, seq: int) -> None:
        raise Died(seq)


def test_a_death_before_the_acknowledgement_writes_the_very_same_file_again(desk: Desk, tmp_path: Path) -> None:
    for number in range(1, 5):
        desk.book.deliver(*both(number), at=desk.at)
    desk.at += WINDOW
    with pytest.raises(Died):
        desk.writer(outbox=Mortal(desk.book.ledger.box("history"))).run_once()
    before = {key: desk.archive.content(key) for key in desk.archive.held()}
    assert len(before) == 1
    desk.book.reopen()
    desk.book.deliver(*both(9), at=desk.at)  # what comes later is no part of the window that was begun
    desk.drain()
    assert {key: desk.archive.content(key) for key in desk.archive.held()} == before
    assert len(rows(desk.archive, tmp_path)) == 4
    desk.at += WINDOW
    desk.drain()
    assert len(rows(desk.archive, tmp_path)) == 5


def test_a_restored_ledger_never_writes_over_what_it_no_longer_knows(desk: Desk, tmp_path: Path) -> None:
    """Its numbers begin again where the backup was made, and are given to other facts."""
    path = desk.book.settings.path
    desk.book.ledger.stamp()
    desk.book.ledger.close()
    backup = path.read_bytes()
    desk.book.ledger = type(desk.book.ledger)(desk.book.settings, monotonic=desk.book.hand)
    desk.book.deliver(*both(1), at=desk.at)
    desk.at += WINDOW
    desk.drain()
    desk.book.ledger.close()
    path.write_bytes(backup)
    desk.book.ledger = type(desk.book.ledger)(desk.book.settings, monotonic=desk.book.hand)
    desk.book.deliver(*both(2), at=desk.at)
    desk.at += WINDOW
    desk.drain()
    numbers = {name.rpartition("-")[0] for name in desk.names()}
    assert (len(desk.names()), len(numbers)) == (2, 1), "the same ledger, the same numbers, another file"
    assert {row["query_id"] for row in rows(desk.archive, tmp_path)} == {query_id(1), query_id(2)}


FAULTS = {
    "denied": ({"kind": "denied"}, ClientError, "s3:PutObject"),
    "no key": ({"kind": "key_denied"}, ClientError, "kms:"),
    "throttled": ({"kind": "throttle"}, ClientError, "throttled"),
    "unavailable": ({"kind": "unavailable"}, ClientError, "will be tried again"),
    "cut off": ({"kind": "drop_before"}, BotoCoreError, "could not be reached"),
    "answer lost": ({"kind": "drop_after"}, BotoCoreError, "could not be reached"),
    "somebody else's page": ({"kind": "html"}, GarbledAnswerError, "no ETag"),
}


@pytest.mark.parametrize(("fault", "error", "words"), FAULTS.values(), ids=list(FAULTS))
def test_what_s3_refuses_waits_is_named_and_comes_later(
    remote: Desk, testbed: Running, tmp_path: Path, fault: dict[str, Any], error: type[Exception], words: str
) -> None:
    remote.book.deliver(*both(1), at=remote.at)
    remote.at += WINDOW
    writer = remote.writer()
    testbed.plan_faults([{"operation": "s3:PutObject", **fault}])
    with pytest.raises(error) as caught:
        writer.run_once()
    assert words in explain(caught.value)  # type: ignore[arg-type]  # both kinds are AWS's
    assert writer.is_waiting
    assert not writer.run_once(), "a pause comes first"
    testbed.plan_faults([])
    remote.book.hand.seconds += 1
    assert writer.run_once()
    assert len(rows(remote.archive, tmp_path)) == 1


def test_a_bucket_that_is_not_there_is_named(remote: Desk) -> None:
    remote.book.deliver(*both(1), at=remote.at)
    remote.at += WINDOW
    assert isinstance(remote.archive, Archive)
    remote.archive.client.delete_bucket(Bucket=remote.archive.name)
    with pytest.raises(ClientError) as caught:
        remote.drain()
    assert "history.bucket" in explain(caught.value)


def test_a_window_of_other_kinds_of_facts_writes_no_file(desk: Desk) -> None:
    """Accesses that CloudTrail tells are for the events alone."""
    desk.book.deliver(access(), at=desk.at)
    desk.at += WINDOW
    assert desk.book.ledger.box("history").waiting() is not None
    desk.drain()
    assert desk.book.ledger.box("history").waiting() is None
    assert desk.names() == []


def test_a_closed_writer_begins_nothing(desk: Desk) -> None:
    desk.book.deliver(*both(1), at=desk.at)
    desk.at += WINDOW
    writer = desk.writer()
    writer.close()
    assert not writer.run_once()
    assert desk.names() == []
