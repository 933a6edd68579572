"""Why these tests exist: a backfill reads weeks at a few calls a second. Wherever it is killed, it goes on there, and
ends with everything that AWS still tells, once."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from source_world import TARGET, Hand, MakeWorld, World, session_with
from whole_exporter import CREDENTIALS

import athena_testbed
from athena_exporter.ledger import history
from athena_exporter.ledger.model import Rules
from athena_exporter.ledger.store import Ledger, LedgerSettings
from athena_exporter.pricing import Prices
from athena_exporter.records import Batch
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.past import NAME, Page, Span, Starts, Sweep
from athena_exporter.sources.past.span import mark, reached
from athena_exporter.sources.privacy import Naming
from athena_exporter.sources.trail.ranges import File, Range, left
from athena_testbed.settings import Rhythm
from athena_testbed.trail import file_key

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
COMPANY = athena_testbed.Settings(
    queries_per_minute=0, rates=None, lost_events=0.0, time_scale=0.01, history=timedelta(days=45),
    history_queries_per_day=10, cloudtrail_delay=timedelta(seconds=1),
)  # fmt: skip  # rows

Sums = dict[tuple[str, ...], tuple[int, ...]]
"""User, workgroup, state -> queries, bytes, nanodollars."""


def opened(path: Path) -> Ledger:
    rules = Rules(prices=Prices(usd_per_tb=Decimal(5), tb_bytes=2**40, minimum_bytes=10 * 2**20))
    return Ledger(LedgerSettings(path=path, rules=rules, series_warmup=timedelta(0)), monotonic=lambda: 0.0)


@dataclass(slots=True)
class Past:
    """The two readers of the past over one account and one ledger, and what they told."""

    world: World
    ledger: Ledger
    span: Span
    pages: list[Page] = field(default_factory=list)

    def known(self, ids: Collection[str]) -> Mapping[str, datetime]:
        return self.ledger.past.executions(TARGET, ids)

    def cursor(self, key: str) -> str | None:
        return self.ledger.view(TARGET).cursor(NAME, key)

    def sweep(self) -> Sweep:
        return Sweep(
            client=self.world.session.athena(), span=self.span, clock=self.world.clock, known=self.known,
            cursor=self.cursor, told=self.pages.append,
        )  # fmt: skip  # rows

    def starts(self) -> Starts:
        return Starts(
            client=self.world.session.cloudtrail(), span=self.span, rules=IdentityRules.of(), naming=Naming(),
            clock=self.world.clock, cursor=self.cursor, told=self.pages.append,
        )  # fmt: skip  # rows

    def commit(self, batches: Iterator[Batch], most: int | None = None) -> bool:
        """Commit so many batches, or all; whether that was the end."""
        for batch in islice(batches, most):
            self.ledger.past.apply(batch)
        return next(batches, None) is None

    def by_user(self) -> Sums:
        """Databases apart: which one it is, the SQL says, and nobody reads it here."""
        found: Sums = {}
        for row in history.usage(Path(self.ledger._settings.path), self.span.since - DAY, self.span.until):
            _add(found, (row.user, row.workgroup, row.state), (row.queries, row.scanned_bytes, row.cost_nanousd))
        return found


def _add(sums: Sums, key: tuple[str, ...], more: Sequence[int]) -> None:
    sums[key] = tuple(have + amount for have, amount in zip(sums.get(key, (0, 0, 0)), more, strict=True))


def truth(world: World, span: Span) -> Sums:
    found: Sums = {}
    for row in world.running.truth(span.since, span.until)["by_user_workgroup_database_state"]:
        amounts = [row[name] for name in ("queries", "scanned_bytes", "cost_nanousd")]
        _add(found, (row["user"], row["workgroup"], row["state"]), amounts)
    return found


@pytest.fixture(scope="module")
def company() -> Iterator[World]:
    """45 days of a small company, seen an hour later."""
    hand = Hand()
    hand.at = hand.at.replace(minute=0, second=0) - HOUR
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        with athena_testbed.running(COMPANY, clock=hand.milliseconds) as running:
            calls: Counter[tuple[str, str, str]] = Counter()
            hand.at += HOUR
            with closing(session_with(running.url, calls)) as session:
                yield World(running, session, calls, hand.time)


@pytest.fixture
def past(company: World, tmp_path: Path) -> Iterator[Past]:
    """That company, and a ledger that begins to count now."""
    company.calls.clear()
    now = company.clock()
    past = Past(company, opened(tmp_path / "ledger.db"), Span(target=TARGET, since=now - 20 * DAY, until=now))
    past.ledger.adopt(TARGET, now)
    yield past
    past.ledger.close()
    company.running.testbed.plan_faults([])


def test_the_past_is_the_truth_to_the_nanodollar(past: Past) -> None:
    past.commit(past.starts().batches())
    sweep = past.sweep()
    past.commit(sweep.batches())
    expected = truth(past.world, past.span)
    assert sum(queries for queries, *_ in expected.values()) > 100
    assert past.by_user() == expected
    assert sweep.is_whole
    assert past.pages[-1].done == 1


def test_killed_after_any_batch_it_goes_on_there(past: Past, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    for make, most in ((past.sweep, 3), (past.starts, 7)):
        while not past.commit(make().batches(), most):
            past.ledger.stamp()
            past.ledger.close()
            past.ledger = opened(path)
    calls = past.world.asked("LookupEvents")
    assert past.by_user() == truth(past.world, past.span)
    assert calls < 2 * 20 + 10, "a day was read once or, where it was interrupted, twice"


def test_asked_again_it_reads_again_and_asks_for_nothing_that_is_known(past: Past) -> None:
    past.commit(past.sweep().batches())
    taken, lists = sum(page.taken for page in past.pages), past.world.asked("ListQueryExecutions")
    past.commit(past.sweep().batches())
    assert past.world.asked("ListQueryExecutions") >= 2 * lists, "what it knows does not tell it where to end sooner"
    assert (taken > 0, sum(page.taken for page in past.pages)) == (True, taken)


def test_the_list_is_left_where_nothing_of_the_span_can_follow(past: Past) -> None:
    past.span = Span(target=TARGET, since=past.span.until - 2 * DAY, until=past.span.until)
    past.commit(past.sweep().batches())
    few = past.world.asked("ListQueryExecutions")
    past.span = Span(target=TARGET, since=past.span.until - 20 * DAY, until=past.span.until)
    past.commit(past.sweep().batches())
    assert few <= past.world.asked("ListQueryExecutions") - few


def test_a_token_that_has_grown_too_old_means_from_the_top(past: Past) -> None:
    first = past.world.session.athena().list_work_groups()["WorkGroups"][0]["Name"]
    batch = Batch(
        source=NAME, target=TARGET, observed_at=past.span.until,
        cursors={f"athena:{first}": mark(past.span, "an old token")},
    )  # fmt: skip  # rows
    past.ledger.past.apply(batch)
    past.commit(past.starts().batches())
    past.commit(past.sweep().batches())
    assert past.by_user() == truth(past.world, past.span)


def test_a_cursor_of_other_times_is_not_gone_on_from(past: Past) -> None:
    cursor = mark(past.span, "there")
    assert reached(cursor, past.span) == "there"
    earlier = Span(target=TARGET, since=past.span.since - DAY, until=past.span.until)
    later = Span(target=TARGET, since=past.span.since, until=past.span.until + DAY)
    shorter = Span(target=TARGET, since=past.span.since + DAY, until=past.span.until - DAY)
    assert [reached(cursor, one) for one in (earlier, later, shorter)] == [None, None, "there"]
    assert [reached(text, past.span) for text in (None, "", "no JSON", "{}", "[]")] == [None] * 5


def test_a_trail_goes_on_behind_its_last_file_also_when_relative_times_have_moved_on(past: Past) -> None:
    until = past.span.until
    many = [
        File(key=file_key(TARGET.account_id, TARGET.region, int(at.timestamp() * 1000), "A"), size=1)
        for at in (until - 3 * DAY, until - 2 * DAY, until + HOUR)
    ]
    wanted = Range(bucket="b", prefix="", target=TARGET, since=past.span.since, until=until)
    later = Range(bucket="b", prefix="", target=TARGET, since=past.span.since + HOUR, until=until + HOUR)
    earlier = Range(bucket="b", prefix="", target=TARGET, since=past.span.since - HOUR, until=until)
    cursors = [None, "", *(mark(wanted.span, one.key) for one in many)]
    assert [len(left(many, wanted, cursor)) for cursor in cursors] == [3, 3, 2, 1, 0]
    # The last file may have held what is wanted only now.
    assert [len(left(many, later, cursor)) for cursor in cursors] == [3, 3, 2, 1, 3]
    assert [len(left(many, earlier, cursor)) for cursor in cursors] == [3] * 5


def test_events_that_are_none_are_counted_as_malformed(past: Past) -> None:
    found = past.starts()._records(({"CloudTrailEvent": "no JSON"}, {"CloudTrailEvent": "{}"}))
    assert found == ([], 2)


def fault(past: Past, **rule: Any) -> None:
    past.world.running.testbed.plan_faults([rule])


def test_a_workgroup_that_may_not_be_read_is_named_and_the_others_are_read(past: Past) -> None:
    name = past.world.session.athena().list_work_groups()["WorkGroups"][0]["Name"]
    fault(past, kind="denied", operation="athena:ListQueryExecutions", workgroup=name)
    sweep = past.sweep()
    past.commit(sweep.batches())
    assert not sweep.is_whole
    assert [f"workgroup {name}" in words for page in past.pages for words in page.troubles] == [True]
    assert past.by_user()


def test_ids_that_athena_lists_and_does_not_tell_are_named(past: Past) -> None:
    fault(past, kind="partial", operation="athena:BatchGetQueryExecution", share=1.0)
    sweep = past.sweep()
    past.commit(sweep.batches())
    told = Counter({"expired": sum(len(page.expired) for page in past.pages)})
    told["lost"] = sum(bool(page.troubles) for page in past.pages)
    assert told["expired"] + told["lost"] > 0
    assert past.by_user() == {}
    assert sweep.is_whole is (told["lost"] == 0)


def test_other_errors_end_the_read(past: Past) -> None:
    fault(past, kind="unrecognized", operation="athena:ListQueryExecutions")
    with pytest.raises(ClientError):
        past.commit(past.sweep().batches())


def test_the_dry_run_counts_what_there_is(past: Past) -> None:
    listed = sum(past.sweep().count()) * 20 / 45
    assert past.world.asked("BatchGetQueryExecution") == 0
    assert listed > 0
    days = list(past.starts().count())
    assert len(days) == 20
    assert past.world.asked("LookupEvents") == 20
    assert abs(sum(days) - listed) < listed / 2, "as many starts as queries, about"


def test_a_query_without_statistics_waits_for_them_a_quarter_of_an_hour(
    make_world: MakeWorld, hand: Hand, tmp_path: Path
) -> None:
    nightly = athena_testbed.Settings(
        queries_per_minute=0, rates=None, missing_statistics=1.0, time_scale=0.01, history=HOUR,
        history_queries_per_day=2_400, rhythm=Rhythm.OFF,
    )  # fmt: skip  # rows
    with make_world(nightly, hand=hand) as world, closing(opened(tmp_path / "ledger.db")) as ledger:
        ledger.adopt(TARGET, hand.at)
        past = Past(world, ledger, Span(target=TARGET, since=hand.at - HOUR, until=hand.at))
        sweep = past.sweep()
        past.commit(sweep.batches())
        young = sum(page.young for page in past.pages)
        assert (young > 0, sweep.is_whole) == (True, False)
        before = sum(queries for queries, *_ in past.by_user().values())
        hand.at += timedelta(minutes=16)
        past.commit(past.sweep().batches())
        assert sum(queries for queries, *_ in past.by_user().values()) == before + young
