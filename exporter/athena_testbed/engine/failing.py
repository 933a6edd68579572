"""How a statement fails, in Athena's words and numbers.

Sources: https://docs.aws.amazon.com/athena/latest/ug/error-reference.html has the numbers; the sentences are those of
public reports (of schema drift: https://github.com/aws/aws-sdk-pandas/issues/57). What Athena puts behind a sentence's
first half is not told apart by anybody, so it is ours.
"""

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

USER = 2
"""AthenaError's category of what the asker can mend."""
_GENERIC = 1006


class MalformedError(Exception):
    """No statement at all: StartQueryExecution refuses it at once."""


class FailedError(Exception):
    """A statement that ends as FAILED; `type` is AthenaError's number."""

    def __init__(self, message: str, type_: int = _GENERIC) -> None:
        super().__init__(message)
        self.message = message
        self.type = type_


_Words: TypeAlias = Callable[[re.Match[str]], str]
_WORDS: tuple[tuple[re.Pattern[str], _Words], ...] = (
    (
        re.compile(r'column "(?P<name>[^"]+)" not found|a column named "(?P<other>[^"]+)"'),
        lambda found: (
            f"COLUMN_NOT_FOUND: line 1:8: Column '{found['name'] or found['other']}' cannot be resolved or "
            "requester is not authorized to access requested resources"
        ),
    ),
    (
        re.compile(r"Function with name (?P<name>\w+) does not exist"),
        lambda found: f"FUNCTION_NOT_FOUND: line 1:8: Function '{found['name']}' not registered",
    ),
    (
        re.compile(r"^Conversion Error: (?P<words>[^\n]*)"),
        lambda found: f"INVALID_CAST_ARGUMENT: {found['words']}",
    ),
    (re.compile(r"^Binder Error: (?P<words>[^\n]*)"), lambda found: f"SYNTAX_ERROR: line 1:1: {found['words']}"),
    (re.compile(r"^Parser Error: (?P<words>[^\n]*)"), lambda found: f"SYNTAX_ERROR: line 1:1: {found['words']}"),
    (re.compile(r"^Permission Error"), lambda _: "NOT_SUPPORTED: only tables can be read"),
)


def of_duckdb(error: Exception) -> FailedError:
    """What DuckDB says, as Athena would."""
    text = str(error)
    for pattern, words in _WORDS:
        found = pattern.search(text)
        if found:
            return FailedError(words(found))
    return FailedError(f"GENERIC_USER_ERROR: {text.splitlines()[0] if text else 'no words'}")


def no_table(database: str, name: str) -> FailedError:
    """A table that nobody made."""
    return FailedError(f"TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.{database}.{name}' does not exist")


def no_database(database: str) -> FailedError:
    """A database that nobody made."""
    return FailedError(f"SCHEMA_NOT_FOUND: line 1:15: Schema '{database}' does not exist")


def exists(name: str) -> FailedError:
    """A table or view that somebody has made before."""
    return FailedError(f"FAILED: Execution Error. AlreadyExistsException(message:Table {name} already exists.)")


def denied(database: str, name: str) -> FailedError:
    """Lake Formation keeps the table from the asker."""
    return FailedError(
        f"Insufficient Lake Formation permission(s): Required Select on {name} (Database: {database})", 234
    )


def drifted(column: str, found: str, declared: str, url: str) -> FailedError:
    """A file whose column is of another type than the table's."""
    physical = _PHYSICAL.get(found.partition("(")[0].upper(), "GROUP")
    return FailedError(
        f"HIVE_BAD_DATA: Field {column}'s type {physical} in parquet file {url} is incompatible with type "
        f"{declared.lower()} defined in table schema"
    )


def no_bucket(bucket: str) -> FailedError:
    """A table that lies in a bucket that is gone."""
    return FailedError(
        f"HIVE_FILESYSTEM_ERROR: The specified bucket does not exist (Service: Amazon S3; Status Code: 404; "
        f"Error Code: NoSuchBucket; Bucket: {bucket})"
    )


def unsupported(what: str) -> FailedError:
    """A statement that this engine does not run."""
    return FailedError(f"NOT_SUPPORTED: the testbed does not run {what}")


_PHYSICAL: Mapping[str, str] = {
    "VARCHAR": "BINARY", "BLOB": "BINARY", "BIGINT": "INT64", "INTEGER": "INT32", "SMALLINT": "INT32",
    "TINYINT": "INT32", "DOUBLE": "DOUBLE", "FLOAT": "FLOAT", "BOOLEAN": "BOOLEAN", "DATE": "INT32",
    "TIMESTAMP": "INT64", "TIMESTAMP WITH TIME ZONE": "INT64",
}  # fmt: skip  # a table
