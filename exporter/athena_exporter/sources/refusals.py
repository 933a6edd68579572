"""Why Athena gave no answer: its sentences under a name, with what to do about each.

Stage: beside asking.py. Athena has an error code for few of these; the rest is told apart by the words that its
sentence begins with, as they stand in public reports. What no rule knows is repeated as Athena says it.
https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
https://docs.aws.amazon.com/athena/latest/ug/troubleshooting-athena.html
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeAlias

from botocore.exceptions import ClientError

from athena_exporter.sources import errors
from athena_exporter.sources.errors import LIMIT, OwnError

_LONGEST_WORDS = 160  # so that the line of `errors.explain` has room for what to do


class Refusal(StrEnum):
    """What was wrong."""

    NO_LOCATION = "no result location"
    OTHER_LOCATION = "another result location"
    BAD_LOCATION = "bad result location"
    NO_WORKGROUP = "no such workgroup"
    SYNTAX = "syntax"
    NO_TABLE = "no such table"
    NO_COLUMN = "no such column"
    SCHEMA_DRIFT = "schema drift"
    MISSING_PARTITION = "missing partition"
    MISSING_DATA = "missing data"
    DENIED = "denied"
    CUTOFF = "cutoff"
    TOO_MUCH = "too many bytes"
    TOO_LONG = "too long"
    STOPPED = "stopped"
    FAILED = "failed"


_MENDS: Mapping[Refusal, str] = {
    Refusal.NO_LOCATION: "give the workgroup a place for results, or name one with the question",
    Refusal.OTHER_LOCATION: "leave the result location out, or ask in a workgroup that does not enforce its own",
    Refusal.BAD_LOCATION: "check the bucket of the results, its Region and the right to write there",
    Refusal.NO_WORKGROUP: "check the workgroup's name and the Region",
    Refusal.SYNTAX: "the SQL is not Athena's",
    Refusal.NO_TABLE: "check the database and the catalogue, or make the table and its views first",
    Refusal.NO_COLUMN: "the table's or the view's definition is older than the question, or Lake Formation hides it",
    Refusal.SCHEMA_DRIFT: "files and the table's definition differ in a column's type; renew the definition",
    Refusal.MISSING_PARTITION: "name a value for each partition column in WHERE, or add the partition",
    Refusal.MISSING_DATA: "the table points to a bucket or a file that is gone",
    Refusal.DENIED: "grant SELECT in Lake Formation, or read of the data and the catalogue in IAM",
    Refusal.CUTOFF: "the workgroup's scan limit stopped it: ask for fewer days, or raise the limit",
    Refusal.TOO_MUCH: "ask for fewer days, or allow more",
    Refusal.TOO_LONG: "ask for fewer days",
    Refusal.STOPPED: "somebody stopped it",
}


_REASONS: Mapping[Refusal, str] = {Refusal.DENIED: "denied", Refusal.TOO_MUCH: LIMIT}
"""What the others are is AWS's answer: the workgroup's own limit, too, for it stops the next question as well."""


class AskingError(OwnError):
    """A question without an answer: `refusal` is why, `execution_id` which query, None if none was started."""

    fmt = "Athena gave no answer ({refusal}): {words}"

    def __init__(self, *, refusal: Refusal, words: str, execution_id: str | None = None) -> None:
        """`words` are Athena's or ours, on one line; what to do about it is added to them."""
        line = " ".join(words.split())[:_LONGEST_WORDS].rstrip(".")
        mend = _MENDS.get(refusal)
        super().__init__(refusal=refusal.value, words=f"{line}; {mend}" if mend else line)
        self.refusal = refusal
        self.reason = _REASONS.get(refusal, OwnError.reason)
        self.execution_id = execution_id


_Rules: TypeAlias = Sequence[tuple[re.Pattern[str], Refusal]]


def _rules(*rows: tuple[str, Refusal]) -> _Rules:
    return tuple((re.compile(pattern, re.IGNORECASE), refusal) for pattern, refusal in rows)


_STARTS = _rules(
    (r"^No output location provided", Refusal.NO_LOCATION),
    (r"outputLocation|output location|S3 location provided", Refusal.BAD_LOCATION),
    (r"^WorkGroup .* is not found", Refusal.NO_WORKGROUP),
    (r"^line \d+:\d+:|mismatched input|no viable alternative|Queries of this type are not supported", Refusal.SYNTAX),
)
# The first that fits holds: a denial may stand inside any other sentence.
_ENDS = _rules(
    (r"Lake ?Formation permission|^PERMISSION_DENIED|^ACCESS_DENIED", Refusal.DENIED),
    (r"^Insufficient permissions to execute the query", Refusal.DENIED),
    (r"^Access denied when writing|^The S3 location provided|Unable to verify/create output bucket",
     Refusal.BAD_LOCATION),
    (r"\b(Access Denied|AccessDenied|Status Code: 403)\b", Refusal.DENIED),
    (r"Bytes scanned limit was exceeded", Refusal.CUTOFF),
    (r"^COLUMN_NOT_FOUND|Column '.*' cannot be resolved|^INVALID_VIEW|is stale", Refusal.NO_COLUMN),
    (r"^(TABLE|SCHEMA|CATALOG)_NOT_FOUND|(Table|Schema|Catalog) .* (does not exist|not found)", Refusal.NO_TABLE),
    (r"^HIVE_BAD_DATA|^HIVE_PARTITION_SCHEMA_MISMATCH|^TYPE_MISMATCH|^HIVE_INVALID_METADATA", Refusal.SCHEMA_DRIFT),
    (r"^CONSTRAINT_VIOLATION|injected projected partition", Refusal.MISSING_PARTITION),
    (r"^HIVE_INVALID_PARTITION_VALUE|partition .*(does not exist|not found)", Refusal.MISSING_PARTITION),
    (r"NoSuchBucket|NoSuchKey|^HIVE_(CANNOT_OPEN_SPLIT|FILESYSTEM_ERROR|FILE_NOT_FOUND)", Refusal.MISSING_DATA),
    (r"^Query timeout|timed out|exceeded.*time limit", Refusal.TOO_LONG),
    (r"^SYNTAX_ERROR|^FUNCTION_NOT_FOUND|^NOT_SUPPORTED|^line \d+:\d+:", Refusal.SYNTAX),
)  # fmt: skip  # a table


def of_start(error: ClientError, workgroup: str) -> AskingError | None:
    """A refused start that is the question's fault; None for what is AWS's, or a missing permission to ask at all."""
    if errors.code_of(error) != "InvalidRequestException":
        return None
    words = errors.message_of(error)
    return AskingError(refusal=_named(_STARTS, words), words=f"{words} (workgroup {workgroup})")


def of_end(execution: Mapping[str, Any]) -> AskingError:
    """A query that failed or was cancelled."""
    status: Mapping[str, Any] = execution.get("Status") or {}
    state = str(status.get("State", "")).upper()
    told: Mapping[str, Any] = status.get("AthenaError") or {}
    words = str(status.get("StateChangeReason") or told.get("ErrorMessage") or f"the query {state.lower()}")
    refusal = _named(_ENDS, words)
    if refusal is Refusal.FAILED and state.startswith("CANCEL"):
        refusal = Refusal.STOPPED
    execution_id = execution.get("QueryExecutionId")
    return AskingError(refusal=refusal, words=words, execution_id=execution_id and str(execution_id))


def check_location(execution: Mapping[str, Any], asked: str | None, workgroup: str) -> None:
    """Whether the results go where they were meant to.

    A workgroup that enforces its own settings ignores a question's without a word.
    https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings-override.html

    Raises:
        AskingError: OTHER_LOCATION.
    """
    configured = execution.get("ResultConfiguration")
    location = configured.get("OutputLocation") if isinstance(configured, Mapping) else None
    if asked is None or location is None or str(location).startswith(asked.rstrip("/") + "/"):
        return
    words = f"workgroup {workgroup} enforces its own place for results, {location}, and not {asked}"
    raise AskingError(refusal=Refusal.OTHER_LOCATION, words=words)


def _named(rules: _Rules, words: str) -> Refusal:
    return next((refusal for pattern, refusal in rules if pattern.search(words)), Refusal.FAILED)
