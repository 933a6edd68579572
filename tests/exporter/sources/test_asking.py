"""Questions to Athena: an account that runs SQL answers them, and a scripted client what no account does on demand."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError
from source_world import QUIET, Hand, MakeWorld, World

from athena_exporter.sources import errors
from athena_exporter.sources.asking import LONGEST_PAUSE, Answered, Asked, Progress, ask_athena
from athena_exporter.sources.cells import Column, value_of
from athena_exporter.sources.errors import GarbledAnswerError
from athena_exporter.sources.refusals import AskingError, Refusal, of_end

RUNS_SQL = replace(QUIET, runs_sql=True, statistics_delay=timedelta(0), bare_workgroups=("primary",))


@dataclass
class Asker:
    """An account whose time passes while somebody waits, and what was heard of the question."""

    world: World
    hand: Hand
    heard: list[Progress] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def ask(self, sql: str, *, told: Callable[[Progress], None] | None = None, **asked: Any) -> Answered:
        question = Asked(**{"sql": sql, "workgroup": "sandbox", **asked})
        client = self.world.session.asking()
        return ask_athena(client, question, clock=self._seconds, pause=self._pause, told=told or self.heard.append)

    def refused(self, sql: str, **asked: Any) -> AskingError:
        with pytest.raises(AskingError) as caught:
            self.ask(sql, **asked)
        return caught.value

    def state(self, query_id: str) -> str:
        execution = self.world.session.asking().get_query_execution(QueryExecutionId=query_id)
        return str(execution["QueryExecution"]["Status"]["State"])

    def _seconds(self) -> float:
        return self.hand.at.timestamp()

    def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.hand.at += timedelta(seconds=seconds)


@pytest.fixture
def make_asker(make_world: MakeWorld) -> Callable[..., Any]:
    @contextmanager
    def make(**settings: Any) -> Iterator[Asker]:
        hand = Hand()
        with make_world(replace(RUNS_SQL, **settings), hand=hand) as world:
            yield Asker(world, hand)

    return make


@pytest.fixture
def asker(make_asker: Callable[..., Any]) -> Iterator[Asker]:
    with make_asker() as asker:
        yield asker


def test_an_answer_has_values_of_the_columns_types(asker: Asker) -> None:
    answered = asker.ask(
        "SELECT 7 AS n, CAST(2 AS bigint) AS big, 0.5e0 AS half, CAST('12.30' AS decimal(10, 2)) AS exact,"
        " true AS yes, 'x' AS word, '' AS nothing, CAST(NULL AS varchar) AS missing, DATE '2026-03-10' AS day,"
        " TIMESTAMP '2026-03-10 01:02:03.456' AS at, ARRAY['a', 'b'] AS many"
    )
    moment = datetime(2026, 3, 10, 1, 2, 3, 456_000, tzinfo=UTC)
    assert [column.name for column in answered.columns][:3] == ["n", "big", "half"]
    assert answered.rows == (
        (7, 2, 0.5, Decimal("12.30"), True, "x", "", None, date(2026, 3, 10), moment, "[a, b]"),
    )  # fmt: skip  # one row


def test_all_pages_are_read_and_the_header_is_no_row(asker: Asker) -> None:
    answered = asker.ask("SELECT n FROM UNNEST(sequence(1, 2500)) AS numbers(n) ORDER BY n")
    assert [row[0] for row in answered.rows] == list(range(1, 2501))
    assert asker.world.asked("GetQueryResults") == 3


def test_a_row_that_looks_like_a_header_is_kept(asker: Asker) -> None:
    assert asker.ask("SELECT word FROM (VALUES ('word'), ('word')) AS words(word)").rows == (("word",), ("word",))


def test_an_answer_without_rows_has_its_columns(asker: Asker) -> None:
    answered = asker.ask("SELECT 1 AS one WHERE false")
    assert (answered.rows, answered.columns) == ((), (Column(name="one", type="integer"),))


def test_the_asker_hears_how_far_a_question_has_come_and_waits_ever_longer(make_asker: Callable[..., Any]) -> None:
    with make_asker(sql_takes=timedelta(seconds=60)) as asker:
        answered = asker.ask("SELECT 1")
    assert [told.state for told in asker.heard[-2:]] == ["running", "succeeded"]
    assert {told.execution_id for told in asker.heard} == {answered.execution_id}
    assert asker.heard[-1].seconds >= 60
    assert asker.pauses == sorted(asker.pauses)
    assert asker.pauses[-1] == LONGEST_PAUSE
    assert answered.total_ms == 60_000


def test_a_result_may_be_reused_and_then_costs_nothing(asker: Asker) -> None:
    first, again = (asker.ask("SELECT 1", reuse_minutes=60) for _ in range(2))
    assert (first.reused, again.reused, again.scanned_bytes) == (False, True, 0)
    assert first.rows == again.rows


@pytest.mark.parametrize(
    ("asked", "refusal", "words"),
    [
        ({"sql": "SELECT * FROM nowhere"}, Refusal.NO_TABLE, "make the table and its views first"),
        ({"sql": "SELECT x.colour FROM (SELECT 1 AS a) AS x"}, Refusal.NO_COLUMN, "older than the question"),
        ({"sql": "SELEC 1 FROM"}, Refusal.SYNTAX, "the SQL is not Athena's"),
        ({"sql": "SELECT frobnicate(1)"}, Refusal.SYNTAX, "the SQL is not Athena's"),
        ({"workgroup": "nobodys"}, Refusal.NO_WORKGROUP, "check the workgroup's name"),
        ({"workgroup": "primary"}, Refusal.NO_LOCATION, "give the workgroup a place for results"),
        ({"workgroup": "monitoring", "output_location": "s3://mine/here"}, Refusal.OTHER_LOCATION,
         "workgroup monitoring enforces its own place"),
    ],
)  # fmt: skip  # a table
def test_bad_input_has_a_name_and_says_how_to_mend_it(
    asker: Asker, asked: dict[str, str], refusal: Refusal, words: str
) -> None:
    error = asker.refused(**{"sql": "SELECT 1", **asked})
    assert error.refusal is refusal
    line = errors.explain(error)
    assert words in line
    assert "\n" not in line
    assert not line.endswith("…")


def test_a_question_whose_results_would_go_elsewhere_is_stopped(make_asker: Callable[..., Any]) -> None:
    with make_asker(sql_takes=timedelta(hours=1)) as asker:
        asker.refused("SELECT 1", workgroup="monitoring", output_location="s3://mine/here")
        assert asker.state(asker.heard[-1].execution_id) == "CANCELLED"


def test_a_place_of_ones_own_is_taken_where_the_workgroup_has_none(asker: Asker) -> None:
    answered = asker.ask("SELECT 1", workgroup="primary", output_location="s3://mine/here")
    assert answered.output_location == f"s3://mine/here/{answered.execution_id}.csv"


def test_whoever_interrupts_a_question_stops_it(make_asker: Callable[..., Any]) -> None:
    with make_asker(sql_takes=timedelta(hours=1)) as asker:

        def interrupt(told: Progress) -> None:
            asker.heard.append(told)
            if told.state == "running":
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            asker.ask("SELECT 1", told=interrupt)
        assert asker.state(asker.heard[-1].execution_id) == "CANCELLED"


def test_a_question_that_takes_too_long_is_stopped(make_asker: Callable[..., Any]) -> None:
    with make_asker(sql_takes=timedelta(hours=1)) as asker:
        error = asker.refused("SELECT 1", longest=timedelta(minutes=2))
        assert error.refusal is Refusal.TOO_LONG
        assert 120 < asker.heard[-1].seconds < 130
        assert asker.state(asker.heard[-1].execution_id) == "CANCELLED"


def test_a_question_that_somebody_stops_says_so(make_asker: Callable[..., Any]) -> None:
    with make_asker(sql_takes=timedelta(hours=1)) as asker:

        def stop(told: Progress) -> None:
            if told.state != "cancelled":
                asker.world.session.asking().stop_query_execution(QueryExecutionId=told.execution_id)

        with pytest.raises(AskingError, match="somebody stopped it"):
            asker.ask("SELECT 1", told=stop)
        assert asker.world.asked("StopQueryExecution") == 1  # the person's; there was nothing left to stop


def test_a_denied_question_is_awss_error_and_not_the_questions(asker: Asker) -> None:
    asker.world.running.testbed.plan_faults([{"kind": "denied", "operation": "StartQueryExecution"}])
    with pytest.raises(ClientError) as caught:
        asker.ask("SELECT 1")
    assert "needs athena:StartQueryExecution" in errors.explain(caught.value)


def test_a_garbled_start_is_sent_again_and_starts_one_query(asker: Asker) -> None:
    asker.world.running.testbed.plan_faults([{"kind": "garbage", "operation": "StartQueryExecution", "times": 1}])
    asker.ask("SELECT 1")
    client = asker.world.session.athena()
    assert len(client.list_query_executions(WorkGroup="sandbox")["QueryExecutionIds"]) == 1


# -- what an account does not do on demand ----------------------------------------------------------------------------


class Script:
    """A client that answers as it is told, one execution a look, the last one for ever."""

    def __init__(self, *looks: dict[str, Any], pages: tuple[dict[str, Any], ...] = ({},)) -> None:
        self.looks = list(looks)
        self.pages = list(pages)
        self.stopped: list[str] = []

    def start_query_execution(self, **_: Any) -> dict[str, Any]:
        return {"QueryExecutionId": "q"}

    def get_query_execution(self, **_: Any) -> dict[str, Any]:
        return {"QueryExecution": self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]}

    def get_query_results(self, **_: Any) -> dict[str, Any]:
        return self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]

    def stop_query_execution(self, **asked: Any) -> dict[str, Any]:
        self.stopped.append(asked["QueryExecutionId"])
        return {}


def _look(state: str, scanned: int | None = None, kind: str = "DML") -> dict[str, Any]:
    statistics = {} if scanned is None else {"Statistics": {"DataScannedInBytes": scanned}}
    return {"QueryExecutionId": "q", "StatementType": kind, "Status": {"State": state}, **statistics}


def _ask(client: Script, **asked: Any) -> Answered:
    return ask_athena(client, Asked(sql="SELECT 1", workgroup="w", **asked), clock=time.monotonic, pause=lambda _: None)


def test_a_question_that_scans_more_than_it_may_is_stopped() -> None:
    client = Script(_look("QUEUED"), _look("RUNNING", 5), _look("RUNNING", 50), _look("SUCCEEDED", 500))
    with pytest.raises(AskingError, match="had scanned 50 bytes and may scan 10") as caught:
        _ask(client, most_bytes=10)
    assert caught.value.refusal is Refusal.TOO_MUCH
    assert client.stopped == ["q"]


def test_statistics_that_come_late_are_waited_for_and_not_for_ever() -> None:
    assert _ask(Script(_look("SUCCEEDED"), _look("SUCCEEDED"), _look("SUCCEEDED", 42))).scanned_bytes == 42
    assert _ask(Script(_look("SUCCEEDED"))).scanned_bytes is None


def test_the_answer_to_show_has_no_header() -> None:
    page = {"ResultSet": {
        "Rows": [{"Data": [{"VarCharValue": "field"}]}],
        "ResultSetMetadata": {"ColumnInfo": [{"Name": "field", "Type": "string"}]},
    }}  # fmt: skip  # as AWS nests it
    assert _ask(Script(_look("SUCCEEDED", 0, "UTILITY"), pages=(page,))).rows == (("field",),)
    assert _ask(Script(_look("SUCCEEDED", 0), pages=(page,))).rows == ()


def test_pages_that_go_round_in_a_circle_end() -> None:
    with pytest.raises(GarbledAnswerError, match="circle"):
        _ask(Script(_look("SUCCEEDED", 0), pages=({"NextToken": "again"},)))


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ("Insufficient Lake Formation permission(s): Required Select on t", Refusal.DENIED),
        ("Insufficient permissions to execute the query. Principal does not have any privilege", Refusal.DENIED),
        ("HIVE_METASTORE_ERROR: Access Denied (Service: Amazon S3; Status Code: 403)", Refusal.DENIED),
        ("HIVE_BAD_DATA: Field a's type INT64 in parquet file s3://b/403 is incompatible", Refusal.SCHEMA_DRIFT),
        ("HIVE_PARTITION_SCHEMA_MISMATCH: There is a mismatch between the table", Refusal.SCHEMA_DRIFT),
        ("COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved or requester is not authorized",
         Refusal.NO_COLUMN),
        ("CONSTRAINT_VIOLATION: For the injected projected partition column day", Refusal.MISSING_PARTITION),
        ("HIVE_FILESYSTEM_ERROR: The specified bucket does not exist (Error Code: NoSuchBucket)",
         Refusal.MISSING_DATA),
        ("Bytes scanned limit was exceeded", Refusal.CUTOFF),
        ("Query timeout", Refusal.TOO_LONG),
        ("Access denied when writing to location: s3://b/x", Refusal.BAD_LOCATION),
        ("SCHEMA_NOT_FOUND: line 1:15: Schema 'x' does not exist", Refusal.NO_TABLE),
        ("Query exhausted resources at this scale factor", Refusal.FAILED),
    ],
)  # fmt: skip  # a table
def test_a_failure_is_named_after_athenas_words(words: str, refusal: Refusal) -> None:
    error = of_end({"QueryExecutionId": "q", "Status": {"State": "FAILED", "StateChangeReason": words}})
    assert (error.refusal, error.execution_id) == (refusal, "q")
    assert words[:60] in str(error)


def test_words_of_any_length_leave_room_for_what_to_do() -> None:
    error = of_end({"Status": {"State": "FAILED", "StateChangeReason": "HIVE_BAD_DATA: " + "x\n" * 500}})
    assert re.search(r"renew the definition$", errors.explain(error))


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("bigint", "-7", -7), ("double", "1.0E7", 1e7), ("real", "Infinity", float("inf")), ("bigint", None, None),
        ("decimal", "1.50", Decimal("1.50")), ("decimal(10,2)", "1.50", Decimal("1.50")), ("boolean", "false", False),
        ("date", "2026-03-10", date(2026, 3, 10)), ("date", "+12026-03-10", "+12026-03-10"), ("bigint", "odd", "odd"),
        ("varchar", "", ""),
        ("timestamp", "2026-03-10 01:02:03.000", datetime(2026, 3, 10, 1, 2, 3, tzinfo=UTC)),
        ("timestamp with time zone", "2026-03-10 01:02:03.000 UTC", datetime(2026, 3, 10, 1, 2, 3, tzinfo=UTC)),
        ("timestamp with time zone", "2026-03-10 01:02:03.000 Europe/Berlin",
         datetime(2026, 3, 10, 0, 2, 3, tzinfo=UTC)),
        ("timestamp with time zone", "2026-03-10 01:02:03.000 +02:00", datetime(2026, 3, 9, 23, 2, 3, tzinfo=UTC)),
        ("timestamp with time zone", "2026-03-10 01:02:03.000+02:00", datetime(2026, 3, 9, 23, 2, 3, tzinfo=UTC)),
        ("timestamp with time zone", "2026-03-10 01:02:03.000 Mars/Base", "2026-03-10 01:02:03.000 Mars/Base"),
        ("array", "[1, 2]", "[1, 2]"),
    ],
)  # fmt: skip  # a table
def test_a_cell_is_read_by_its_columns_type(type_: str, text: str | None, value: object) -> None:
    found = value_of(type_, text)
    assert (found, type(found)) == (value, type(value))
