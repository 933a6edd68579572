"""The system table read from an account that serves it, beside the other sources and over restarts."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from book import settings_for
from botocore.exceptions import BotoCoreError, ClientError
from source_world import QUIET, TARGET, Hand, MakeWorld, World

from athena_exporter import catalog
from athena_exporter.ledger.store import Ledger
from athena_exporter.records import Batch, Mode, QueryExecution, StartedQuery
from athena_exporter.sources import Source, errors
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.refusals import AskingError, Refusal
from athena_exporter.sources.system_table import Settings, SystemTableError, SystemTableSource
from athena_exporter.sources.system_table.source import READ_UNTIL
from athena_exporter.sources.system_table.spending import SPENT

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
MIB = 2**20
SERVED = replace(
    QUIET, runs_sql=True, system_table=True, sql_takes=timedelta(0), statistics_delay=timedelta(0),
    system_table_delay=timedelta(0), cloudtrail_delay=timedelta(0), duplicate_events=0.0, disordered_events=0.0,
)  # fmt: skip  # rows
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@dataclass
class Table:
    """An account whose table is read into a real ledger, by a clock that only a test moves."""

    world: World
    hand: Hand
    path: Path
    batches: list[Batch] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self, **settings: Any) -> None:
        """A new process, an hour after its start."""
        wanted = Settings(**{"workgroup": "monitoring", "settle": 10 * MINUTE, "overlap": HOUR, **settings})
        self.source = SystemTableSource(
            client=self.world.session.asking(), target=TARGET, rules=IdentityRules.of(), clock=self.hand.time,
            monotonic=self._seconds, pause=self._pause, settings=wanted,
        )  # fmt: skip  # as `wiring` calls it
        self.hand.at += HOUR

    def ran(self, **given: Any) -> str:
        """A query that has just ended after ten seconds."""
        told = {"submitted_at": (self.hand.at - 10 * SECOND).isoformat(), "ended_at": self.hand.at.isoformat()}
        return self.world.add(**{"workgroup": "sandbox", "sql": "SELECT 1", "scanned_bytes": 5 * MIB, **told, **given})

    def read(self, ledger: Ledger, *sources: Source) -> list[Batch]:
        """One pass of these sources, by default of the table; its batches."""
        fresh = []
        for source in sources or (self.source,):
            for batch in source.read(ledger.view(TARGET)):
                ledger.apply(batch)
                fresh.append(batch)
        self.batches += fresh
        return fresh

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        settings = settings_for(self.path.parent, journal="rollback", initial_lookback=12 * HOUR)
        with closing(Ledger(settings, monotonic=self._seconds)) as ledger:
            ledger.adopt(TARGET, self.hand.at)
            yield ledger

    def _seconds(self) -> float:
        return self.hand.at.timestamp()

    def _pause(self, seconds: float) -> None:
        self.hand.at += timedelta(seconds=seconds)


def totals(ledger: Ledger, now: datetime, metric: catalog.Metric) -> dict[tuple[str, ...], float]:
    ledger.reveal()
    return {one.labels: one.value for one in ledger.samples(now) if one.metric == metric.name}


def executions(batches: list[Batch]) -> list[QueryExecution]:
    return [one for batch in batches for one in batch.records if isinstance(one, QueryExecution)]


def starts(batches: list[Batch]) -> list[StartedQuery]:
    return [one for batch in batches for one in batch.records if isinstance(one, StartedQuery)]


@pytest.fixture
def make_table(make_world: MakeWorld, tmp_path: Path) -> Callable[..., Any]:
    @contextmanager
    def make(**settings: Any) -> Iterator[Table]:
        hand = Hand(at=NOON)
        with make_world(replace(SERVED, **settings), hand=hand) as world:
            yield Table(world=world, hand=hand, path=tmp_path / "ledger.db")

    return make


@pytest.fixture
def table(make_table: Callable[..., Any]) -> Iterator[Table]:
    with make_table() as table:
        yield table


# -- what it tells ----------------------------------------------------------------------------------------------------


def test_a_row_tells_what_ran_what_it_took_and_who_it_was(table: Table) -> None:
    query_id = table.ran(
        person="dbt-prod-runner/dbt-athena", database="sales", tables=["orders"], scanned_bytes=3 * MIB
    )
    with table.ledger() as ledger:
        table.hand.at += HOUR
        batches = table.read(ledger)
    (execution,) = (one for one in executions(batches) if one.query_id == query_id)
    (start,) = (one for one in starts(batches) if one.query_id == query_id)
    assert (execution.workgroup, execution.state.value, execution.database) == ("sandbox", "succeeded", "sales")
    assert (execution.scanned_bytes, execution.total_ms) == (3 * MIB, 10_000)
    assert [(use.database, use.table, use.mode) for use in execution.tables] == [("sales", "orders", Mode.READ)]
    assert (start.identity.user, start.identity.role) == ("dbt-prod-runner/dbt-athena", "dbt-prod-runner")
    assert execution.sql_digest is None


def test_the_columns_and_the_partitions_that_are_not_needed_are_not_read(table: Table) -> None:
    for _ in range(20):
        table.ran(sql=f"SELECT '{'x' * 10_000}'")
    with table.ledger() as ledger:
        table.hand.at += HOUR
        brought = table.read(ledger)[-1]
        table.hand.at += timedelta(days=5)
        table.ran()
        later = [batch for batch in table.read(ledger) if batch.records]
    asked = table.world.session.asking()
    scanned = [
        asked.get_query_execution(QueryExecutionId=one.query_id)["QueryExecution"]["Statistics"]["DataScannedInBytes"]
        for one in executions([brought, *later])
        if one.workgroup == "monitoring" and one.substatement_type == "SELECT"
    ]
    assert len(executions([brought])) >= 20
    assert all(one < 20 * 10_000 for one in scanned), "the SQL of twenty queries would be more"


def test_only_the_named_workgroups_are_read(table: Table) -> None:
    wanted, other = table.ran(workgroup="sandbox"), table.ran(workgroup="primary")
    table.begin(workgroups=("sandbox",))
    with table.ledger() as ledger:
        batches = table.read(ledger)
    found = {one.query_id for one in executions(batches)}
    assert wanted in found
    assert other not in found


# -- once and without gaps --------------------------------------------------------------------------------------------


def test_over_restarts_every_query_is_told_once_and_none_is_missed(make_table: Callable[..., Any]) -> None:
    with make_table(system_table_delay=timedelta(minutes=40)) as table:
        wanted = set()
        for turn in range(6):
            for _ in range(7):
                wanted.add(table.ran())
                table.hand.at += 4 * MINUTE
            table.begin(page=5)
            with table.ledger() as ledger:
                # A process that dies after its third batch: what it committed holds, and no more.
                for number, batch in enumerate(table.source.read(ledger.view(TARGET))):
                    if turn % 2 and number == 3:
                        break
                    ledger.apply(batch)
                    table.batches.append(batch)
        table.hand.at += 3 * HOUR
        table.begin()
        with table.ledger() as ledger:
            table.read(ledger)
            told = [one.query_id for one in executions(table.batches) if one.workgroup == "sandbox"]
            assert sorted(told) == sorted(wanted), "each once"
            assert ledger.view(TARGET).attributed(wanted) == wanted


def test_queries_of_one_millisecond_are_all_read_however_small_the_pages_are(table: Table) -> None:
    wanted = {table.ran() for _ in range(9)}
    table.begin(page=4)
    with table.ledger() as ledger:
        batches = table.read(ledger)
    assert {one.query_id for one in executions(batches) if one.workgroup == "sandbox"} == wanted


def test_what_has_just_ended_and_what_others_told_is_left_alone(table: Table) -> None:
    early = table.ran()
    table.hand.at += HOUR
    with table.ledger() as ledger:
        table.read(ledger, table.world.athena(), table.world.lookup())
        late = table.ran()
        batches = table.read(ledger)
    told = {one.query_id for one in executions(batches)}
    assert not {early, late} & told
    assert not {early, late} & {one.query_id for one in starts(batches)}


def test_after_a_start_it_first_lets_the_others_catch_up(table: Table) -> None:
    table.ran()
    table.begin()
    table.hand.at -= 55 * MINUTE
    with table.ledger() as ledger:
        assert table.read(ledger) == []
        table.hand.at += 6 * MINUTE
        assert table.read(ledger) != []


# -- reconciliation ---------------------------------------------------------------------------------------------------


def test_it_counts_exactly_what_the_account_hid_from_the_other_sources(
    make_table: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    denied = {"kind": "denied", "operation": "athena:ListQueryExecutions", "workgroup": "sandbox", "every": 1}
    with make_table(faults=(denied,), lost_events=0.4) as table:
        hidden = [table.ran(workgroup="sandbox") for _ in range(5)]
        listed = [table.ran(workgroup="primary") for _ in range(30)]
        testbed = table.world.running.testbed
        with table.ledger() as ledger:
            table.hand.at += HOUR
            for source in (table.world.athena(), table.world.lookup()):
                with suppress(ClientError, BotoCoreError):
                    table.read(ledger, source)
            nobodys = [one for one in (*hidden, *listed) if one not in ledger.view(TARGET).attributed([one])]
            assert 0 < len(nobodys) < 35
            lost = testbed.truth(undelivered="unattributed")["by_user"]["unattributed"]["queries"]
            assert lost == len(nobodys)
            batches = table.read(ledger)
            told = [batch.untold for batch in batches if batch.untold]
            again = [batch.untold for batch in table.read(ledger) if batch.untold]
            shown = totals(ledger, table.hand.at, catalog.UNTOLD_QUERIES)
    assert told == [{"execution": len(hidden), "identity": len(nobodys)}]
    assert again == [{"execution": 0, "identity": 0}], "what it told is no news any more"
    assert set(shown) == {("execution",), ("identity",)}
    lines = [one.getMessage() for one in caplog.records if "the system table told" in one.getMessage()]
    assert len(lines) == 1
    assert f"told {len(hidden)} queries, and the users of {len(nobodys)}" in lines[0]


# -- what it costs ----------------------------------------------------------------------------------------------------


def test_each_question_is_billed_ten_megabytes_at_least_and_counted(table: Table) -> None:
    table.ran()
    with table.ledger() as ledger:
        table.hand.at += HOUR
        table.read(ledger)
    started = table.world.asked("StartQueryExecution")
    assert started >= 2
    assert sum(batch.asked["system_table"] for batch in table.batches) == started * 10 * MIB


def test_the_cap_stops_the_questions_of_a_day_over_restarts_and_ends_with_it(table: Table) -> None:
    table.ran()
    cap = 35 * MIB
    with table.ledger() as ledger:
        for _ in range(2):
            table.begin(max_bytes_per_day=cap)
            with suppress(SystemTableError):
                table.read(ledger)
        table.begin(max_bytes_per_day=cap)
        asked = table.world.asked("StartQueryExecution")
        with pytest.raises(SystemTableError) as caught:
            table.read(ledger)
        assert table.world.asked("StartQueryExecution") == asked == 3
        assert sum(batch.asked["system_table"] for batch in table.batches) <= cap
        table.hand.at = datetime(2026, 3, 11, 0, 30, tzinfo=UTC)
        table.read(ledger)
    line = errors.explain(caught.value)
    assert errors.reason(caught.value) == "limit"
    assert "sources.system_table.max_bytes_per_day is 35MiB" in line
    assert "00:00 UTC" in line
    assert table.world.asked("StartQueryExecution") > asked


def test_a_process_that_is_killed_while_it_asks_has_spent_what_it_set_aside(table: Table) -> None:
    with table.ledger() as ledger:
        for _ in range(4):
            table.begin(max_bytes_per_day=30 * MIB)
            reading = table.source.read(ledger.view(TARGET))
            with suppress(SystemTableError):
                ledger.apply(next(reading))
            reading.close()  # type: ignore[attr-defined]  # a generator's end, as a kill is one
        assert ledger.view(TARGET).cursor("system_table", SPENT) == f"2026-03-10 {30 * MIB}"
        table.begin(max_bytes_per_day=30 * MIB)
        with pytest.raises(SystemTableError):
            table.read(ledger)
    assert table.world.asked("StartQueryExecution") == 0


def test_a_question_that_is_refused_costs_nothing_and_leaves_the_cursor(table: Table) -> None:
    table.begin(workgroup="nobodys")
    with table.ledger() as ledger:
        with pytest.raises(AskingError) as caught:
            table.read(ledger)
        assert caught.value.refusal is Refusal.NO_WORKGROUP
        assert ledger.view(TARGET).cursor("system_table", READ_UNTIL) is None
        assert ledger.view(TARGET).cursor("system_table", SPENT) == "2026-03-10 0"


def test_a_question_that_goes_on_too_long_is_stopped_and_counted_as_billed(make_table: Callable[..., Any]) -> None:
    with make_table(sql_takes=timedelta(hours=2)) as table, table.ledger() as ledger:
        with pytest.raises(AskingError) as caught:
            table.read(ledger)
        assert caught.value.refusal is Refusal.TOO_LONG
        assert table.world.asked("StopQueryExecution") == 1
        assert ledger.view(TARGET).cursor("system_table", SPENT) == f"2026-03-10 {10 * MIB}"
        assert ledger.view(TARGET).cursor("system_table", READ_UNTIL) is None


# -- other tables than expected ---------------------------------------------------------------------------------------


def test_an_account_without_the_table_is_told_how_to_switch_it_on(make_table: Callable[..., Any]) -> None:
    with make_table(system_table=False) as table, table.ledger() as ledger:
        with pytest.raises(SystemTableError) as caught:
            table.read(ledger)
        assert table.world.asked("StartQueryExecution") == 0
    line = errors.explain(caught.value)
    assert "create-system-table-configuration --table-name ALL" in line
    assert "\n" not in line
    assert not line.endswith("…")


def test_an_sdk_that_is_too_old_is_named(table: Table) -> None:
    class Old:
        """The operations of an older botocore."""

        start_query_execution = get_query_execution = get_query_results = stop_query_execution = None

    source = SystemTableSource(
        client=Old(), target=TARGET, rules=IdentityRules.of(), clock=table.hand.time,  # type: ignore[arg-type]  # nothing of it is called
        monotonic=lambda: 0.0, pause=lambda _: None, settings=Settings(workgroup="monitoring"),
    )  # fmt: skip  # as above
    with table.ledger() as ledger, pytest.raises(SystemTableError, match=r"install 1\.43\.126 or newer"):
        list(source.read(ledger.view(TARGET)))


def test_columns_that_are_optional_may_be_missing(make_table: Callable[..., Any]) -> None:
    without = ("principal_arn", "tables_accessed", "data_scanned_in_bytes", "statement_type", "error_category")
    with make_table(system_table_without=without) as table:
        query_id = table.ran(tables=["orders"])
        with table.ledger() as ledger:
            table.hand.at += HOUR
            batches = table.read(ledger)
    (execution,) = (one for one in executions(batches) if one.query_id == query_id)
    assert (execution.scanned_bytes, execution.tables, execution.total_ms) == (None, (), 10_000)
    assert starts(batches) == []


def test_a_column_that_is_required_and_missing_is_named(make_table: Callable[..., Any]) -> None:
    with make_table(system_table_without=("completion_date_time", "state")) as table, table.ledger() as ledger:
        with pytest.raises(SystemTableError, match="it has no column completion_date_time, state"):
            table.read(ledger)
        assert ledger.view(TARGET).cursor("system_table", READ_UNTIL) is None
