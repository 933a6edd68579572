"""What a statement of the testbed's company does with which table, found with regular expressions alone.

It knows how the company writes SQL and nothing of how the testbed made it, so that it can judge the truth; it is no
parser of SQL.
"""

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

Told: TypeAlias = tuple[str, str, str, str | None]
"""Database, table, mode, the view that led to it."""
_COMMENT = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)
_NAME = r'((?:"?[\w$]+"?\.)*"?[\w$]+"?)'
_READ = re.compile(rf"\b(?:FROM|JOIN)\s+{_NAME}", re.IGNORECASE)
_CTE = re.compile(r"(\w+) AS \((.*?)\n?\)(?=,|\s*SELECT|\s*\n)", re.DOTALL)
_FIRST: tuple[tuple[str, tuple[str, ...]], ...] = (
    (rf"INSERT INTO {_NAME}", ("write",)),
    (rf"CREATE TABLE {_NAME}", ("write",)),
    (rf"CREATE EXTERNAL TABLE IF NOT EXISTS {_NAME}", ("ddl",)),
    (rf"DROP TABLE IF EXISTS {_NAME}", ("ddl",)),
    (rf"MSCK REPAIR TABLE {_NAME}", ("ddl",)),
    (rf"ALTER TABLE {_NAME}", ("ddl",)),
    (rf"MERGE INTO {_NAME}", ("read", "write")),
    (rf"UPDATE {_NAME}", ("read", "write")),
    (rf"DELETE FROM {_NAME}", ("read", "write")),
    (rf"DESCRIBE {_NAME}", ("metadata",)),
    (rf"SHOW PARTITIONS {_NAME}", ("metadata",)),
)
_PRESTO = re.compile(r"/\* Presto View: (\S+) \*/")


def named(sql: str, context: str | None) -> set[Told]:
    """What the SQL itself names; `context` is the default database."""
    text = _COMMENT.sub(" ", sql).strip()
    found: set[Told] = set()
    for pattern, modes in _FIRST:
        match = re.match(pattern, text, re.IGNORECASE)
        if match is not None:
            found |= {(*_split(match[1], context), mode, None) for mode in modes}
    plain = re.match(r"EXPLAIN(?!\s+ANALYZE)", text, re.IGNORECASE)
    for name in _sources(text):
        about = plain is not None or "$partitions" in name
        found.add((*_split(name, context), "metadata" if about else "read", None))
    return found


def _sources(text: str) -> Iterator[str]:
    """Names after FROM and JOIN; a common table expression is none, but the tables within it are."""
    hidden = set()
    if text.upper().startswith("WITH"):
        for match in _CTE.finditer(text):
            hidden.add(match[1])
            yield from _READ.findall(match[2])
        text = _CTE.sub("", text)
    yield from (name for name in _READ.findall(text) if name not in hidden)


def _split(name: str, context: str | None) -> tuple[str, str]:
    parts = name.replace('"', "").split(".")
    return (parts[-2] if len(parts) > 1 else str(context)), parts[-1].split("$")[0]


def expanded(told: set[Told], glue_table: Callable[[str, str], dict[str, Any] | None]) -> set[Told]:
    """With what the views among the tables read; `glue_table` answers Glue's Table of a database and a name."""
    found = set(told)
    for database, table, mode, _ in told:
        if mode == "read":
            found |= {(*below, "read", f"{database}.{table}") for below in _below(database, table, glue_table)}
    return found


def _below(
    database: str, table: str, glue_table: Callable[[str, str], dict[str, Any] | None]
) -> Iterator[tuple[str, str]]:
    known = glue_table(database, table)
    match = _PRESTO.fullmatch((known or {}).get("ViewOriginalText", ""))
    if match is None:
        return
    told = json.loads(b64decode(match[1]))
    for below in named(told["originalSql"], told["schema"]):
        yield below[0], below[1]
        yield from _below(below[0], below[1], glue_table)


def database(told: set[Told], context: str | None) -> str:
    """The one database that the SQL names, `multiple`, the context's, or `unknown`."""
    names = {told[0] for told in told if told[2] == "read"} or {told[0] for told in told}
    if len(names) > 1:
        return "multiple"
    return next(iter(names), context or "unknown")
