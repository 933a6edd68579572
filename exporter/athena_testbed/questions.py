"""What StartQueryExecution begins, and what GetQueryResults gives of it.

Stage: athena.py -> **questions** -> engine/. A statement is run when it is asked; how long it then takes, and what one
sees of it meanwhile, is played like that of any other query, and it appears wherever others do: in the history, in
CloudTrail, in the truth. Results are kept here; nothing is written to S3.
Source: the API's references of StartQueryExecution and GetQueryResults.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from athena_testbed.account import Account
from athena_testbed.executions import FINAL, state_at
from athena_testbed.given import planned
from athena_testbed.reservations import required
from athena_testbed.system_tables import QueryExecutions
from athena_testbed.tokens import BadTokenError, fingerprint, seal, unseal
from athena_testbed.wire import AwsError, Json, whole_number
from athena_testbed.world.catalogue import Workgroup
from athena_testbed.world.failures import CUTOFF_REASON, Failure
from athena_testbed.world.plan import Plan
from athena_testbed.world.views import VIEWS

if TYPE_CHECKING:
    from athena_testbed.engine import Engine, Outcome

_REMEMBERED = 1000
_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One start: its query, its rows where a statement was run, and the folder of its results (None: Athena's own)."""

    plan: Plan
    outcome: "Outcome | None"
    location: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reusable:
    """A result that the same question may get again."""

    ended_ms: int
    outcome: "Outcome"


class Questions:
    """The questions of one account and Region; its lock is held around each call."""

    def __init__(self, account: Account) -> None:
        """Raises ValueError: SQL is to run, and DuckDB is not installed."""
        if account.settings.runs_sql and find_spec("duckdb") is None:
            raise ValueError("runs_sql needs DuckDB: pip install --group testbed-sql")
        self._account = account
        self._kept: OrderedDict[str, Question] = OrderedDict()
        self._tokens: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._reusable: OrderedDict[tuple[str, ...], _Reusable] = OrderedDict()

    @cached_property
    def _engine(self) -> "Engine":
        from athena_testbed.engine import Engine  # noqa: PLC0415  DuckDB is an extra, and takes its time

        settings = self._account.settings
        served = QueryExecutions(self._account) if settings.system_table else None
        return Engine(self._account.company.tables, settings.denied_tables, served)

    # -- starting -------------------------------------------------------------------------------------------------

    def repeated(self, parameters: Json) -> str | None:
        """The query that the same ClientRequestToken has started before."""
        known = self._tokens.get(str(parameters.get("ClientRequestToken")))
        if known is None:
            return None
        mark, query_id = known
        if mark != fingerprint(parameters):
            raise AwsError("InvalidRequestException", "Idempotent parameters do not match")
        return query_id

    def asked(self, text: str, workgroup: Workgroup, parameters: Json, now: int) -> Question:
        """The query of a start; a statement that can be run has been run.

        Raises:
            AwsError: there is no place for the results, or the text is no statement.
        """
        location = self._location(workgroup, parameters)
        database = parameters.get("QueryExecutionContext", {}).get("Database")
        given: Json = {"workgroup": workgroup.name, "database": database, "sql": text}
        if not self._account.settings.runs_sql or self._is_companys(text, database):
            return Question(plan=planned(self._account, given, now), outcome=None, location=location)
        reused = self._reused(given, parameters, now)
        if reused is not None:
            plan = self._ended(replace(reused, scanned_bytes=0), given, workgroup, now)
            return Question(plan=replace(plan, reused=True), outcome=reused, location=location)
        return self._run(given, workgroup, location, now)

    def _location(self, workgroup: Workgroup, parameters: Json) -> str | None:
        own = None if workgroup.name in self._account.settings.bare_workgroups else own_location(workgroup)
        asked = parameters.get("ResultConfiguration", {}).get("OutputLocation")
        if workgroup.managed_results:
            return None
        location = own if workgroup.enforced or asked is None else str(asked)
        if location is None:
            raise AwsError(
                "InvalidRequestException",
                "No output location provided. An output location is required either through the Workgroup result"
                " configuration setting or as an API input.",
            )
        return location.rstrip("/") + "/"

    def _is_companys(self, text: str, database: str | None) -> bool:
        """Whether a statement is about nothing but the company's own tables, which have no files."""
        from athena_testbed.engine import MalformedError  # noqa: PLC0415  as above

        try:
            names = self._engine.names(text, database)
        except MalformedError as error:
            raise AwsError("InvalidRequestException", str(error), AthenaErrorCode="MALFORMED_QUERY") from error
        tables = self._account.company.tables
        return bool(names) and all(
            not self._engine.knows(name)
            and (name.table in tables.get(name.database, ()) or f"{name.database}.{name.table}" in VIEWS)
            for name in names
        )

    def _run(self, given: Json, workgroup: Workgroup, location: str | None, now: int) -> Question:
        from athena_testbed.engine import FailedError, Outcome  # noqa: PLC0415  as above

        at = datetime.fromtimestamp(now / 1000, tz=UTC)
        try:
            outcome = self._engine.run(given["sql"], given["database"], at)
        except FailedError as error:
            plan = self._ended(Outcome(kind="DML", substatement="SELECT"), given, workgroup, now)
            failure = Failure(category=2, type=error.type, retryable=False, message=error.message, early=True, weight=0)
            return Question(plan=replace(plan, state="FAILED", failure=failure), outcome=None, location=location)
        plan = self._ended(outcome, given, workgroup, now)
        if plan.state == "SUCCEEDED" and outcome.kind == "DML":
            self._reusable[_subject(given)] = _Reusable(ended_ms=plan.ended_ms, outcome=outcome)
            _forget(self._reusable)
        return Question(plan=plan, outcome=outcome, location=location)

    def _ended(self, outcome: "Outcome", given: Json, workgroup: Workgroup, now: int) -> Plan:
        """The query of an outcome: it takes as long as the settings say, and ends at the workgroup's limit."""
        takes = self._account.settings.sql_takes / timedelta(milliseconds=1)
        mode = "read" if outcome.kind == "DML" else "ddl"
        told = {
            "statement_type": outcome.kind,
            "substatement_type": outcome.substatement,
            "scanned_bytes": outcome.scanned_bytes,
            "uses": [{"table": f"{name.database}.{name.table}", "mode": mode} for name in outcome.tables],
            "submitted_at": now / 1000,
            "ended_at": (now + round(takes)) / 1000,
        }
        plan = planned(self._account, {**given, **told}, now)
        cutoff, scanned = workgroup.cutoff_bytes, outcome.scanned_bytes
        if cutoff is None or scanned is None or scanned <= cutoff:
            return plan
        return replace(plan, state="CANCELLED", reason=CUTOFF_REASON)

    def _reused(self, given: Json, parameters: Json, now: int) -> "Outcome | None":
        asked: Json = parameters.get("ResultReuseConfiguration", {}).get("ResultReuseByAgeConfiguration", {})
        found = self._reusable.get(_subject(given))
        if not asked.get("Enabled") or found is None:
            return None
        oldest = now - 60_000 * int(asked.get("MaxAgeInMinutes", 60))
        return found.outcome if oldest <= found.ended_ms <= now else None

    def keep(self, query_id: str, question: Question, parameters: Json) -> None:
        """Remember what a query was started with."""
        self._kept[query_id] = question
        _forget(self._kept)
        token = parameters.get("ClientRequestToken")
        if token is not None:
            self._tokens[str(token)] = fingerprint(parameters), query_id
            _forget(self._tokens)

    # -- looking --------------------------------------------------------------------------------------------------

    def shown(self, plan: Plan, now: int, answer: Json) -> Json:
        """The QueryExecution of a query, with the place of its results, and of what was run how far it has come."""
        question = self._kept.get(plan.query_id)
        if question is None:
            return answer
        if question.location is not None:
            answer["ResultConfiguration"] = {"OutputLocation": f"{question.location}{plan.query_id}.csv"}
        if question.outcome is not None and plan.scanned_bytes is not None and state_at(plan, now) == "RUNNING":
            share = (now - plan.submitted_ms) / max(1, plan.total_ms)
            answer.setdefault("Statistics", {})["DataScannedInBytes"] = int(plan.scanned_bytes * share)
        return answer

    def get_query_results(self, parameters: Json) -> Json:
        """A page of a query's rows, the header first; a played query has none."""
        query_id = required(parameters, "QueryExecutionId")
        now = self._account.advance()
        plan = self._account.find(query_id, now)
        if plan is None:
            raise AwsError("InvalidRequestException", f"QueryExecution {query_id} was not found")
        _check_ended(state_at(plan, now))
        question = self._kept.get(query_id)
        outcome = question.outcome if question else None
        size = whole_number(parameters, "MaxResults", 1, _PAGE, _PAGE)
        place = _place(parameters, query_id)
        rows = [] if outcome is None else _rows(outcome)
        result = {
            "Rows": [_row(texts) for texts in rows[place : place + size]],
            "ResultSetMetadata": {"ColumnInfo": [] if outcome is None else list(outcome.columns)},
        }
        more = {"NextToken": seal([place + size], ["results", query_id])} if place + size < len(rows) else {}
        return {"UpdateCount": 0, "ResultSet": result, **more}


def own_location(workgroup: Workgroup) -> str:
    """Where a workgroup keeps results."""
    return f"s3://harbour-athena-results/{workgroup.name}/"


def _subject(given: Json) -> tuple[str, ...]:
    return given["sql"], given["workgroup"], str(given["database"])


def _forget(kept: OrderedDict[Any, Any]) -> None:
    if len(kept) > _REMEMBERED:
        kept.popitem(last=False)


def _check_ended(state: str) -> None:
    if state not in FINAL:
        raise AwsError("InvalidRequestException", f"Query has not yet finished. Current state: {state}")
    if state != "SUCCEEDED":
        message = f"Query did not finish successfully. Final query state: {state}"
        raise AwsError("InvalidRequestException", message)


def _place(parameters: Json, query_id: str) -> int:
    token = parameters.get("NextToken")
    if token is None:
        return 0
    try:
        (place,) = unseal(str(token), ["results", query_id])
    except (BadTokenError, ValueError) as error:
        raise AwsError("InvalidRequestException", "Invalid pagination token") from error
    return place


def _rows(outcome: "Outcome") -> list[Sequence[str | None]]:
    if outcome.kind != "DML":
        return list(outcome.rows)
    header: Sequence[str | None] = [str(column["Name"]) for column in outcome.columns]
    return [header, *outcome.rows]


def _row(texts: Sequence[str | None]) -> Mapping[str, Any]:
    """Null is a cell without a text."""
    return {"Data": [{} if text is None else {"VarCharValue": text} for text in texts]}
