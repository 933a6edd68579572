"""The questions that the history answers: one SQL file each, whose head says what it takes and what it gives.

Stage: sql/*.sql -> **questions** -> rendering -> Athena, Grafana, people. A file asks of `asked`, the queries of a
range of days; what that is, each backend says in sql/backends/. So every question prunes by partition, or none does,
and a question has every backend that knows the columns it names.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import cast

from athena_exporter.library.rendering import Kind, Parameter, RenderingError, Value, filled, literals, names_in, quoted
from athena_exporter.library.system_table import NAME
from athena_exporter.library.table import COLUMNS

FROM, TO, WORKGROUPS = "from", "to", "workgroups"
"""The first and the last day of the range, both included, and the workgroups that are asked about."""


class Backend(StrEnum):
    """Where the queries come from."""

    HISTORY = "history"
    """The table that the exporter writes."""
    CLOUDTRAIL = "cloudtrail"
    """The same, and CloudTrail's records for who started what the history cannot attribute."""
    SYSTEM_TABLE = "system_table"
    """Athena's own table, without the exporter. Experimental: most names of its columns are unverified."""


class Unit(StrEnum):
    """What a result's column holds, as the heads of the SQL files spell it."""

    NAME = "name"
    COUNT = "count"
    BYTES = "bytes"
    MEBIBYTES = "mebibytes"
    USD = "usd"
    RATIO = "ratio"
    MILLISECONDS = "ms"
    TIME = "time"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a result."""

    name: str
    unit: Unit
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question. `name` is its file's; `parameters` are its own, those of every question come beside them."""

    name: str
    title: str
    description: str
    parameters: tuple[Parameter, ...]
    columns: tuple[Column, ...]
    body: str

    def takes(self, backend: Backend) -> tuple[Parameter, ...]:
        """Every parameter, those that all questions have first."""
        return (*COMMON, *BACKENDS[backend], *self.parameters)

    def lacks(self, backend: Backend) -> str | None:
        """Why the backend cannot answer it; None if it can."""
        named = set(_WORD.findall(self.body))
        return next((why for column, why in LACKS[backend].items() if column in named), None)

    @property
    def backends(self) -> tuple[Backend, ...]:
        """Those that can answer it."""
        return tuple(backend for backend in Backend if self.lacks(backend) is None)

    def sql(self, backend: Backend) -> str:
        """The SQL with `:name` for each parameter."""
        source = f"WITH {_source(backend)}"
        if self.body.startswith("WITH "):
            return f"{source},\n{self.body.removeprefix('WITH ')}"
        return f"{source}\n{self.body}"

    def rendered(self, values: Mapping[str, object], backend: Backend = Backend.HISTORY) -> str:
        """The SQL as Athena runs it, in the history's database.

        Args:
            values: `from` and `to` (both days are included), and any other parameter by name.
            backend: where the queries come from.

        Raises:
            RenderingError: an unknown name, a value that is missing or does not fit, a range that ends before it
                begins, a backend that cannot answer.
        """
        why = self.lacks(backend)
        if why is not None:
            raise RenderingError(f"the backend {backend} cannot answer it: {why}")
        told = literals(self.takes(backend), values)
        first, last = cast("date", values[FROM]), cast("date", values[TO])
        if first > last:
            raise RenderingError(f"from: {first:%Y-%m-%d} is after to, {last:%Y-%m-%d}; exchange them")
        named = cast("Sequence[str]", values.get(WORKGROUPS, ()))
        return filled(self.sql(backend), {**told, **_derived(backend, first, last, named)})


def _parameter(name: str, kind: Kind, description: str, default: Value | None = None) -> Parameter:
    return Parameter(name=name, kind=kind, description=description, default=default)


COMMON = (
    _parameter(FROM, Kind.DAY, "the first UTC day"),
    _parameter(TO, Kind.DAY, "the last UTC day, included"),
    _parameter("accounts", Kind.TEXTS, "only these accounts", ()),
    _parameter("regions", Kind.TEXTS, "only these Regions", ()),
    _parameter(WORKGROUPS, Kind.TEXTS, "only these workgroups", ()),
)
"""What every question takes."""
_PERSON_ROLE = _parameter(
    "person_role", Kind.TEXT, "a regular expression of roles that are one person each, who is its group 1",
    "^alpha_user_(.+)$",
)  # fmt: skip  # a row
BACKENDS: Mapping[Backend, tuple[Parameter, ...]] = MappingProxyType(
    {
        Backend.HISTORY: (),
        Backend.CLOUDTRAIL: (_PERSON_ROLE,),
        Backend.SYSTEM_TABLE: (
            _PERSON_ROLE,
            _parameter("usd_per_tb", Kind.FLOAT, "dollars a TB in your Region", 5.0),
            _parameter("tb_bytes", Kind.INT, "bytes of that TB: 2^40, or 10^12; a MB follows it", 2**40),
            _parameter("minimum_bytes", Kind.INT, "the least that is billed of a query", 10 * 2**20),
        ),
    }
)  # fmt: skip  # a table
"""What questions take of one backend alone."""
_SQL_ALONE = "it needs the SQL, which stands there as it was written, with its literals"
LACKS: Mapping[Backend, Mapping[str, str]] = MappingProxyType(
    {
        Backend.HISTORY: {},
        Backend.CLOUDTRAIL: {},
        Backend.SYSTEM_TABLE: {
            "client": "only CloudTrail tells the program that started a query",
            "workload": "it needs the job, which comments of the SQL and CloudTrail's user agents tell",
            "attribution": "it is about the exporter's own knowledge",
            "error_name": "it needs the exporter's words for errors",
            "sql_digest": _SQL_ALONE,
            "sql_text": _SQL_ALONE,
            "unparsed": _SQL_ALONE,
            "tables": "AWS does not say whether a table was accessed to be read or to be written",
        },
    }
)
"""Columns of the history that a backend has not, each with the reason: questions that name one have no answer there."""


def _derived(backend: Backend, first: date, last: date, workgroups: Sequence[str]) -> Mapping[str, str]:
    """Literals that follow from the range.

    A query that ended on the first day may have been started the day before, for it may wait for hours and run for
    four; CloudTrail's files carry the day of their delivery, which may be the next one.
    """
    if backend is Backend.HISTORY:
        return {}
    day = timedelta(days=1)
    if backend is Backend.SYSTEM_TABLE:
        # A list of constants prunes partitions; `contains` may not.
        listed = f"work_group_name IN ({', '.join(map(quoted, workgroups))})" if workgroups else "true"
        return {
            "submitted_from": _midnight(first - day), "ended_from": _midnight(first),
            "ended_until": _midnight(last + day), "of_workgroups": listed,
        }  # fmt: skip  # a table
    return {"trail_from": f"'{first - day:%Y/%m/%d}'", "trail_to": f"'{last + day:%Y/%m/%d}'"}


def _midnight(day: date) -> str:
    return f"TIMESTAMP '{day:%Y-%m-%d} 00:00:00.000 UTC'"


# -- the files --------------------------------------------------------------------------------------------------------

_PARAMETER = re.compile(r"-- parameter (?P<name>[a-z_]+) (?P<kind>[a-z]+)(?: = (?P<default>\S+))?: (?P<words>.+)")
_COLUMN = re.compile(r"-- column (?P<name>[a-z0-9_]+) (?P<unit>[a-z]+): (?P<words>.+)")
_INCLUDED = re.compile(r"\{([a-z_]+)\}")
_WORD = re.compile(r"[a-z_]+")
_FOLDER = files("athena_exporter.library") / "sql"


@cache
def _source(backend: Backend) -> str:
    """The named queries that end in `asked`."""
    _, body = _parts((_FOLDER / "backends" / f"{backend}.sql").read_text(encoding="utf-8"))
    told = {"user_name", "user_kind", "role_name"}
    kept = ",\n        ".join(f"queries.{one.name}" for one in COLUMNS if one.name not in told)
    _, people = _parts((_FOLDER / "backends" / "people.sql").read_text(encoding="utf-8"))
    return body.replace("{kept}", kept).replace("{people}", people).replace("{table}", NAME)


def _parts(text: str) -> tuple[list[str], str]:
    """The lines of the comment that heads a file, and the SQL."""
    lines = text.splitlines()
    height = next(number for number, line in enumerate(lines) if not line.startswith("--"))
    return lines[:height], "\n".join(lines[height:]).strip()


def _question(name: str, text: str) -> Question:
    head, body = _parts(text)
    words = [line.removeprefix("--").strip() for line in head if not line.startswith(("-- parameter", "-- column"))]
    parameters = tuple(_declared(found) for line in head if (found := _PARAMETER.fullmatch(line)))
    columns = tuple(
        Column(name=found["name"], unit=Unit(found["unit"]), description=found["words"])
        for line in head
        if (found := _COLUMN.fullmatch(line))
    )
    return Question(
        name=name,
        title=words[0].removesuffix("."),
        description=" ".join(word for word in words[1:] if word),
        parameters=parameters,
        columns=columns,
        body=body,
    )


def _declared(found: re.Match[str]) -> Parameter:
    bare = _parameter(found["name"], Kind(found["kind"]), found["words"])
    default = found["default"]
    if default is None:
        return bare
    return replace(bare, default=bare.parsed(() if default == "none" else (default,)))


def _joined(question: Question, others: Mapping[str, Question]) -> Question:
    """A question that asks others, `{name}` in its SQL: their SQL stands there, and their parameters are its own."""
    inside = tuple(others[name] for name in _INCLUDED.findall(question.body))
    body = _INCLUDED.sub(lambda found: others[found.group(1)].body, question.body)
    parameters = {one.name: one for asked in (*inside, question) for one in asked.parameters}
    needed = names_in(body)
    return replace(question, body=body, parameters=tuple(one for one in parameters.values() if one.name in needed))


def _loaded() -> Iterable[Question]:
    paths = sorted((path for path in _FOLDER.iterdir() if path.is_file()), key=lambda path: path.name)
    found = {
        (name := path.name.removesuffix(".sql")): _question(name, path.read_text(encoding="utf-8")) for path in paths
    }
    return (_joined(found[name], found) if _INCLUDED.search(found[name].body) else found[name] for name in found)


QUESTIONS: tuple[Question, ...] = tuple(_loaded())
"""All of them, by name."""
BY_NAME: Mapping[str, Question] = MappingProxyType({question.name: question for question in QUESTIONS})
