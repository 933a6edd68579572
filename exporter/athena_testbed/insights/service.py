"""Logs Insights as an API: StartQuery, GetQueryResults, StopQuery, DescribeQueries, GetLogGroupFields, GetLogRecord.

Source: botocore's model of `logs`. A query is scheduled, runs, and is complete after `delay`; it sees what was stored
when its results are first asked for. Both ends of its range are whole seconds and belong to it.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from athena_testbed.ids import Ids
from athena_testbed.insights.lexer import QueryError
from athena_testbed.insights.nodes import Query
from athena_testbed.insights.parser import MAX_LIMIT, parsed
from athena_testbed.insights.pipeline import DEFAULT_LIMIT, Answer, evaluate
from athena_testbed.insights.records import Record, discovered
from athena_testbed.logs.parameters import invalid, number, place
from athena_testbed.logs.service import Logs, event_id
from athena_testbed.logs.store import Group
from athena_testbed.settings import ACCOUNT_ID
from athena_testbed.tokens import seal
from athena_testbed.wire import AwsError, Json

MAX_CONCURRENT = 100
MAX_GROUPS = 50
MAX_PAGE = 10_000
_REMEMBERED = 1000
_SCHEDULED_SHARE = 0.25
_FINAL = frozenset({"Complete", "Cancelled"})
_SAMPLE = 1000
_TARGETS = ("logGroupName", "logGroupNames", "logGroupIdentifiers")


@dataclass(slots=True, kw_only=True)
class _Run:
    """One query: what was asked, when, and the answer once somebody has looked."""

    query_id: str
    text: str
    query: Query
    groups: Sequence[str]
    since_ms: int
    until_ms: int
    most: int
    started_ms: int
    answer: Answer | None = None
    stopped_ms: int | None = None


class Insights:
    """Logs Insights of one account and Region; it reads what `logs` holds, under its lock."""

    def __init__(self, logs: Logs, *, seed: int, delay: timedelta) -> None:
        self._logs = logs
        self._ids = Ids(seed, "insights")
        self._delay_ms = int(delay.total_seconds() * 1000)
        self._runs: OrderedDict[str, _Run] = OrderedDict()
        self._number = 0
        self.operations: Mapping[str, Callable[[Json], Json]] = {
            "StartQuery": self.start_query,
            "GetQueryResults": self.get_query_results,
            "StopQuery": self.stop_query,
            "DescribeQueries": self.describe_queries,
            "GetLogGroupFields": self.get_log_group_fields,
            "GetLogRecord": self.get_log_record,
        }

    def start_query(self, parameters: Json) -> Json:
        """Read the query, or refuse it; run it later."""
        if parameters.get("queryLanguage") not in {None, "CWLI"}:
            invalid("Only the Logs Insights query language is answered here.")
        groups = self._chosen(parameters)
        query = _compiled(str(parameters.get("queryString") or ""))
        since, until = number(parameters, "startTime", 0), number(parameters, "endTime", 0)
        if until < since:
            invalid("End time should not be before start time.")
        most = number(parameters, "limit", DEFAULT_LIMIT, least=1, most=MAX_LIMIT)
        now = self._logs.now_ms()
        if sum(self._status(run, now) not in _FINAL for run in self._runs.values()) >= MAX_CONCURRENT:
            raise AwsError("LimitExceededException", "Account maximum query concurrency limit of [100] reached.")
        self._number += 1
        run = _Run(
            query_id=self._ids.of(self._number), text=str(parameters["queryString"]), query=query,
            groups=[group.name for group in groups], since_ms=since * 1000, until_ms=until * 1000 + 1000,
            most=most, started_ms=now,
        )  # fmt: skip  # as short as it can be said
        self._runs[run.query_id] = run
        if len(self._runs) > _REMEMBERED:
            self._runs.popitem(last=False)
        return {"queryId": run.query_id}

    def _chosen(self, parameters: Json) -> Sequence[Group]:
        given = [parameters[name] for name in _TARGETS if parameters.get(name)]
        if len(given) != 1:
            invalid("Exactly one of logGroupName, logGroupNames or logGroupIdentifiers must be given.")
        names = given[0] if isinstance(given[0], list) else [given[0]]
        if len(names) > MAX_GROUPS:
            invalid(f"At most {MAX_GROUPS} log groups can be queried at once.")
        if any(str(name).endswith("*") for name in names):  # as botocore's model of StartQuery says; ":" may end it
            invalid("The ARN of a log group can't end with an asterisk (*).")
        return [self._logs.group(name) for name in names]

    def _status(self, run: _Run, now: int) -> str:
        if run.stopped_ms is not None:
            return "Cancelled"
        if now >= run.started_ms + self._delay_ms:
            return "Complete"
        return "Scheduled" if now < run.started_ms + self._delay_ms * _SCHEDULED_SHARE else "Running"

    def get_query_results(self, parameters: Json) -> Json:
        """The results as far as there are any: nothing until the query is complete, then a page of rows."""
        run = self._run(parameters)
        status = self._status(run, self._logs.now_ms())
        answer: Json = {"queryLanguage": "CWLI", "results": [], "statistics": _statistics(run), "status": status}
        if status != "Complete":
            return answer
        if run.answer is None:
            run.answer = evaluate(run.query, self._records(run), run.most)
        scope = ["results", run.query_id]
        begin = place(parameters, scope)
        size = number(parameters, "maxItems", MAX_PAGE, most=MAX_PAGE) or MAX_PAGE
        rows = run.answer.rows[begin : begin + size]
        answer["results"] = [[{"field": name, "value": value} for name, value in row] for row in rows]
        answer["statistics"] = _statistics(run)
        if begin + size < len(run.answer.rows):
            answer["nextToken"] = seal([begin + size], scope)
        return answer

    def _records(self, run: _Run) -> Iterator[Record]:
        now = self._logs.now_ms()
        known = {group.name: group for group in self._logs.groups()}
        for name in run.groups:
            if name in known:
                yield from records(known[name], run.since_ms, run.until_ms, now)

    def stop_query(self, parameters: Json) -> Json:
        """Stop a query; one that has ended can't be stopped."""
        run, now = self._run(parameters), self._logs.now_ms()
        if self._status(run, now) in _FINAL:
            invalid("Query is not running.")
        run.stopped_ms = now
        return {"success": True}

    def describe_queries(self, parameters: Json) -> Json:
        """The queries of late, newest first."""
        now, wanted = self._logs.now_ms(), parameters.get("status")
        found = [
            _described(run, self._status(run, now), now)
            for run in reversed(self._runs.values())
            if parameters.get("logGroupName") in {None, *run.groups} and wanted in {None, self._status(run, now)}
        ]
        return {"queries": found[: number(parameters, "maxResults", 1000, least=1, most=1000)]}

    def _run(self, parameters: Json) -> _Run:
        run = self._runs.get(str(parameters.get("queryId")))
        if run is None:
            raise AwsError("ResourceNotFoundException", "The specified query doesn't exist.")
        return run

    def get_log_group_fields(self, parameters: Json) -> Json:
        """Which fields how many percent of the newest events have."""
        group = self._logs.group(parameters.get("logGroupName") or parameters.get("logGroupIdentifier"))
        now = self._logs.now_ms()
        newest = list(records(group, 0, 2**62, now))[-_SAMPLE:]
        counted = Counter(name for record in newest for name in {*_AUTOMATIC, *discovered(record)})
        return {
            "logGroupFields": [
                {"name": name, "percent": round(100 * count / len(newest))} for name, count in sorted(counted.items())
            ]
        }

    def get_log_record(self, parameters: Json) -> Json:
        """One event by the @ptr of a result, with all its fields."""
        pointer, now = parameters.get("logRecordPointer"), self._logs.now_ms()
        for group in self._logs.groups():
            for record in records(group, 0, 2**62, now):
                if record.pointer == pointer:
                    return {"logRecord": {**_basics(record), **discovered(record)}}
        return invalid("The specified log record pointer is invalid.")


_AUTOMATIC = ("@timestamp", "@ingestionTime", "@message", "@log", "@logStream")


def _basics(record: Record) -> dict[str, str]:
    values = (str(record.timestamp), str(record.ingested), record.message, record.log, record.stream)
    return dict(zip(_AUTOMATIC, values, strict=True))


def records(group: Group, since_ms: int, until_ms: int, now: int) -> Iterator[Record]:
    """A group's events in [since, until) that have not expired, for Insights."""
    log = f"{ACCOUNT_ID}:{group.name}"
    for event in group.between(since_ms, until_ms, now):
        yield Record(event.timestamp, event.ingested, event.message, event.stream, log, event_id(group, event))


def _compiled(text: str) -> Query:
    try:
        return parsed(text)
    except QueryError as error:
        location = {"startCharOffset": error.start, "endCharOffset": error.end}
        compile_error = {"location": location, "message": error.message}
        raise AwsError("MalformedQueryException", error.message, queryCompileError=compile_error) from error


def _statistics(run: _Run) -> Json:
    answer = run.answer
    if answer is None:
        return {"recordsMatched": 0.0, "recordsScanned": 0.0, "bytesScanned": 0.0}
    return {
        "recordsMatched": float(answer.records_matched), "recordsScanned": float(answer.records_scanned),
        "bytesScanned": float(answer.bytes_scanned), "estimatedRecordsSkipped": 0.0, "estimatedBytesSkipped": 0.0,
        "logGroupsScanned": float(len(run.groups)), "resultCount": float(len(answer.rows)),
    }  # fmt: skip  # as short as it can be said


def _described(run: _Run, status: str, now: int) -> Json:
    return {
        "queryLanguage": "CWLI", "queryId": run.query_id, "queryString": run.text, "status": status,
        "createTime": run.started_ms, "logGroupName": run.groups[0],
        "queryDuration": max(0, (run.stopped_ms or now) - run.started_ms),
        "bytesScanned": _statistics(run)["bytesScanned"],
    }  # fmt: skip  # as short as it can be said
