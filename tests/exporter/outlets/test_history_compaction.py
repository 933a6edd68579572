"""Why these tests exist: compaction deletes what people rely on; whatever ends it, each query is still there once."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from archives import PREFIX, Archive, Rows, Shelf, Written, archived, rows
from book import DAY, HOUR, NOON, TARGET
from botocore.exceptions import ClientError

import athena_testbed
from athena_exporter.outlets.history import compaction as module
from athena_exporter.outlets.history import keys
from athena_exporter.outlets.history.compaction import Compaction, Done, days, groups
from athena_exporter.outlets.history.parquet import SCHEMA, encoded, table_of
from athena_exporter.records import epoch_ms
from athena_exporter.sources.buckets import Stored
from athena_exporter.sources.errors import GarbledAnswerError, explain
from athena_testbed import Running

TODAY = date(2026, 3, 10)
FOLDER = keys.folder(PREFIX, "2026-03-10")
QUIET = athena_testbed.Settings(queries_per_minute=0, rates=None)
ALL = "SELECT * EXCLUDE (day) FROM query_history ORDER BY query_id, written_at, seq"


def row(number: int, *, seq: int | None = None, user: str = "ann", ledger: str = "a", **told: Any) -> tuple[Any, ...]:
    """A row of the query `number`, in the order of the columns."""
    plain: dict[str, Any] = dict.fromkeys(SCHEMA.names) | {
        "query_id": f"q{number:05d}", "account_id": TARGET.account_id, "region": TARGET.region,
        "workgroup": f"wg-{number % 3}", "state": "succeeded", "counted_at": epoch_ms(NOON) + number,
        "user_name": user, "scanned_bytes": number, "tables": [("c", "d", f"t{number % 7}", "read", None)],
        "ledger_id": ledger, "seq": number if seq is None else seq, "written_at": epoch_ms(NOON) + (seq or number),
    }  # fmt: skip  # rows
    return tuple((plain | told).values())


def file(*many: tuple[Any, ...]) -> bytes:
    return encoded([table_of(many)])


@dataclass(slots=True)
class Desk:
    """A bucket with a day in it."""

    archive: Archive | Shelf
    folder: Path
    tally: Written = field(default_factory=Written)

    def put(self, name: str, *many: tuple[Any, ...]) -> None:
        self.archive.put(f"{FOLDER}{name}.parquet", file(*many))

    def compact(self, *, store: Any = None, target: int = 2**20) -> Done:
        worker = Compaction(store=store or self.archive.store, prefix=PREFIX, target=target)
        return worker.compact(TODAY, self.tally.history_files)

    def names(self) -> list[str]:
        return [key.removeprefix(FOLDER) for key in self.archive.held()]

    def view(self) -> Rows:
        return rows(self.archive, self.folder)

    def raw(self) -> Rows:
        return rows(self.archive, self.folder, ALL)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(archive=Shelf(), folder=tmp_path)


@pytest.fixture(scope="module")
def testbed() -> Iterator[Running]:
    with athena_testbed.running(QUIET) as running:
        yield running


@pytest.fixture
def remote(tmp_path: Path, testbed: Running) -> Iterator[Desk]:
    """The same with S3's answers."""
    testbed.plan_faults([])
    with archived(testbed.url) as archive:
        yield Desk(archive=archive, folder=tmp_path)
    testbed.plan_faults([])


def full(desk: Desk) -> Rows:
    """Five files of two ledgers with a repeat and a late identity; what the view shows of them."""
    for number in range(4):
        desk.put(f"part-{number}", *(row(one) for one in range(100 * number, 100 * number + 100)))
    desk.put("part-4", *(row(one) for one in range(50)), row(60, seq=900, user="ben"), row(700, ledger="b"))
    shown = desk.view()
    assert len(shown) == 401
    return shown


def test_a_days_files_become_one_that_has_each_query_once_and_the_newest_of_it(desk: Desk) -> None:
    shown = full(desk)
    done = desk.compact()
    (name,) = desk.names()
    assert name.startswith("merged-")
    assert desk.view() == shown
    assert len(desk.raw()) == 401
    assert {one["user_name"] for one in shown if one["query_id"] == "q00060"} == {"ben"}
    assert (done.files, done.rows, done.merged, done.foreign) == (5, 452, 1, ())
    assert desk.tally.files == {"merged": 1, "deleted": 5, "foreign": 0}


def test_the_merged_file_is_sorted_and_made_of_large_row_groups(desk: Desk) -> None:
    full(desk)
    desk.compact()
    found = pq.ParquetFile(io.BytesIO(desk.archive.content(desk.archive.held()[0])))
    order = [tuple(one.values()) for one in found.read(columns=["workgroup", "user_name", "counted_at"]).to_pylist()]
    assert order == sorted(order)
    assert found.metadata.num_row_groups == 1


def test_s3_holds_one_file_afterwards(remote: Desk) -> None:
    shown = full(remote)
    remote.compact()
    assert remote.view() == shown
    assert len(remote.names()) == 1


def test_it_has_nothing_to_do_the_second_time(desk: Desk) -> None:
    full(desk)
    desk.compact()
    before = desk.names()
    assert desk.compact() == Done(day=TODAY)
    assert desk.names() == before


def test_what_comes_later_is_merged_with_what_was_merged(desk: Desk) -> None:
    full(desk)
    desk.compact()
    desk.put("part-9", row(60, seq=950, user="cem"))
    assert desk.compact().files == 2
    (cem,) = (one for one in desk.view() if one["query_id"] == "q00060")
    assert (cem["user_name"], len(desk.raw()), len(desk.names())) == ("cem", 401, 1)


class Died(Exception):  # noqa: N818  it is no error but a death
    """The process ended here."""


class Mortal:
    """A store that dies at the n-th of its steps that change something, before or after it."""

    def __init__(self, inner: Any, steps: int, *, after: bool) -> None:
        self._inner = inner
        self._left = steps
        self._after = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def _step(self, action: Any, *arguments: Any) -> None:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Died
        action(*arguments)
        if self._left == 0:
            raise Died

    def put(self, key: str, content: bytes) -> None:
        self._step(self._inner.put, key, content)

    def delete(self, key: str) -> None:
        self._step(self._inner.delete, key)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("steps", [1, 2, 4, 6])
def test_killed_at_any_step_it_leaves_every_query_there_once(desk: Desk, steps: int, *, after: bool) -> None:
    shown = full(desk)
    with pytest.raises(Died):
        desk.compact(store=Mortal(desk.archive.store, steps, after=after))
    assert desk.view() == shown
    desk.compact()
    desk.compact()
    assert desk.view() == shown
    assert len(desk.raw()) == len(shown)


class Crowded:
    """A store in which, at one moment, somebody else does the whole work."""

    def __init__(self, desk: Desk, moment: str) -> None:
        self._desk = desk
        self._moment = moment

    def __getattr__(self, name: str) -> Any:
        inner = getattr(self._desk.archive.store, name)
        if name != self._moment:
            return inner
        self._moment = ""

        def crowded(*arguments: Any) -> Any:
            self._desk.compact()
            return inner(*arguments)

        return crowded


@pytest.mark.parametrize("moment", ["get", "put", "delete"])
def test_two_at_once_do_no_harm(desk: Desk, moment: str) -> None:
    shown = full(desk)
    desk.compact(store=Crowded(desk, moment))
    assert desk.view() == shown
    desk.compact()
    assert (len(desk.raw()), len(desk.names())) == (len(shown), 1)


def test_nothing_is_deleted_when_what_is_read_back_lacks_a_query(desk: Desk) -> None:
    shown = full(desk)
    store = desk.archive.store

    class Losing:
        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def put(self, key: str, _: bytes) -> None:
            store.put(key, file(*(row(one) for one in range(400))))

    with pytest.raises(GarbledAnswerError, match="has other queries than were put into it"):
        desk.compact(store=Losing())
    assert desk.view() == shown
    assert len(desk.names()) == 6


FOREIGN = {
    "no parquet": (b"hello", "no file of Parquet"),
    "cut off": (file(row(1))[:-10], "no file of Parquet"),
    "another column": (b"", "its column 1 is id string, not query_id string"),
    "another type": (b"", "its column 19 is scanned_bytes double, not scanned_bytes int64"),
    "a newer exporter's": (b"", "a column that is not known here, colour"),
}


def foreign(name: str) -> bytes:
    content, _ = FOREIGN[name]
    table = table_of([row(5000)])
    if name == "another column":
        table = table.rename_columns(["id", *SCHEMA.names[1:]])
    elif name == "another type":
        place = SCHEMA.get_field_index("scanned_bytes")
        table = table.set_column(place, "scanned_bytes", table["scanned_bytes"].cast(pa.float64()))
    elif name == "a newer exporter's":
        table = table.append_column("colour", pa.array(["blue"]))
    else:
        return content
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_of_another_schema_is_named_and_left_alone(desk: Desk, name: str) -> None:
    full(desk)
    desk.archive.put(f"{FOLDER}odd.parquet", foreign(name))
    done = desk.compact()
    (odd,) = done.foreign
    assert odd.key == f"{FOLDER}odd.parquet"
    assert FOREIGN[name][1] in odd.words
    assert desk.archive.content(odd.key) == foreign(name)
    assert (done.files, desk.tally.files["foreign"], len(desk.names())) == (5, 1, 2)


def test_a_file_of_an_older_exporter_lacks_the_last_columns_and_is_merged(desk: Desk) -> None:
    sink = io.BytesIO()
    pq.write_table(table_of([row(1)]).drop_columns(["written_at", "seq", "ledger_id"]), sink)
    desk.archive.put(f"{FOLDER}old.parquet", sink.getvalue())
    desk.put("new", row(2))
    assert desk.compact().rows == 2
    assert [(one["query_id"], one["seq"]) for one in desk.view()] == [("q00001", None), ("q00002", 2)]


def test_hidden_files_are_none(desk: Desk) -> None:
    full(desk)
    desk.archive.put(f"{FOLDER}_check", b"")
    desk.archive.put(f"{FOLDER}.hidden", b"")
    assert desk.compact().foreign == ()
    assert len(desk.names()) == 3


def test_large_files_stay_and_small_ones_are_put_together_up_to_the_target() -> None:
    def stored(key: str, size: int) -> Stored:
        return Stored(key=key, size=size, written_at=NOON)

    files = [stored("e", 30), stored("a", 49), stored("b", 40), stored("c", 50), stored("d", 40), stored("f", 20)]
    assert [[one.key for one in group] for group in groups(files, 100)] == [["a", "b"], ["d", "e", "f"]]
    assert groups(files[:1], 100) == []


def test_several_large_files_come_of_a_large_day(desk: Desk) -> None:
    shown = full(desk)
    size = max(len(desk.archive.content(key)) for key in desk.archive.held())
    done = desk.compact(target=5 * size // 2)
    assert (done.merged, len(desk.names())) == (2, 3)
    assert desk.view() == shown


@pytest.mark.parametrize(
    ("kind", "operation"),
    [("denied", "GetObject"), ("denied", "PutObject"), ("unavailable", "DeleteObject"), ("denied", "ListObjectsV2")],
)
def test_what_s3_refuses_rises_by_its_name_and_loses_nothing(
    remote: Desk, testbed: Running, kind: str, operation: str
) -> None:
    shown = full(remote)
    testbed.plan_faults([{"kind": kind, "operation": f"s3:{operation}"}])
    with pytest.raises(ClientError) as caught:
        remote.compact()
    assert operation in explain(caught.value)
    testbed.plan_faults([])
    assert remote.view() == shown


def test_quiet_days_are_over_have_small_files_and_were_not_written_to_for_hours(remote: Desk) -> None:
    worker = Compaction(store=remote.archive.store, prefix=PREFIX)
    now = datetime.now(NOON.tzinfo)
    for age in (0, 1, 2, 8):
        for name in ("a", "b"):
            day = (now - age * DAY).date().isoformat()
            remote.archive.put(f"{keys.folder(PREFIX, day)}{name}.parquet", file(row(1)))
    assert list(worker.quiet_days(now)) == [], "all were written just now"
    later = (now + timedelta(days=1)).replace(hour=0, minute=0) + module.QUIET + HOUR
    ages = [(later.date() - day).days for day in worker.quiet_days(later)]
    assert ages == [3, 2, 1]


def test_days_are_read_from_the_folders_and_others_passed_over(remote: Desk) -> None:
    full(remote)
    for key in ("day=2026-02-30/x", "day=2026-03-09/x", "week=1/x", "day=2026-03-11"):
        remote.archive.put(f"{keys.root(PREFIX)}{key}", b"")
    assert days(remote.archive.store, PREFIX) == [date(2026, 3, 9), TODAY]
