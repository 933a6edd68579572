"""The questions that the history answers: one SQL file each, whose head says what it takes and what it gives.

Stage: sql/*.sql -> **questions** -> rendering -> Athena, Grafana, people. A file asks of `asked`, the queries of a
range of days; what that is, each backend says in sql/backends/. So every question prunes by partition, or none does,
and every question has every backend.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import cast

from athena_exporter.library.rendering import Kind, Parameter, RenderingError, Value, filled, literals, names_in
from athena_exporter.library.table import COLUMNS

FROM, TO = "from", "to"
"""The first and the last day of the range, both included."""


class Backend(StrEnum):
    """Where the queries come from."""

    HISTORY = "history"
    """The table that the exporter writes."""
    CLOUDTRAIL = "cloudtrail"
    """The same, and CloudTrail's records for who started what the history cannot attribute."""


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
                begins.
        """
        told = literals(self.takes(backend), values)
        first, last = cast("date", values[FROM]), cast("date", values[TO])
        if first > last:
            raise RenderingError(f"from: {first:%Y-%m-%d} is after to, {last:%Y-%m-%d}; exchange them")
        return filled(self.sql(backend), {**told, **_derived(backend, first, last)})


def _parameter(name: str, kind: Kind, description: str, default: Value | None = None) -> Parameter:
    return Parameter(name=name, kind=kind, description=description, default=default)


COMMON = (
    _parameter(FROM, Kind.DAY, "the first UTC day"),
    _parameter(TO, Kind.DAY, "the last UTC day, included"),
    _parameter("accounts", Kind.TEXTS, "only these accounts", ()),
    _parameter("regions", Kind.TEXTS, "only these Regions", ()),
    _parameter("workgroups", Kind.TEXTS, "only these workgroups", ()),
)
"""What every question takes."""
BACKENDS: Mapping[Backend, tuple[Parameter, ...]] = MappingProxyType(
    {
        Backend.HISTORY: (),
        Backend.CLOUDTRAIL: (
            _parameter(
                "person_role", Kind.TEXT,
                "a regular expression of roles that are one person each, who is its group 1", "^alpha_user_(.+)$",
            ),
        ),
    }
)  # fmt: skip  # a table
"""What questions take of one backend alone."""


def _derived(backend: Backend, first: date, last: date) -> Mapping[str, str]:
    """Literals that follow from the range.

    A query that ended on the first day may have been started the day before, for it may wait for hours and run for
    four; CloudTrail's files carry the day of their delivery, which may be the next one.
    """
    if backend is Backend.HISTORY:
        return {}
    day = timedelta(days=1)
    return {"trail_from": f"'{first - day:%Y/%m/%d}'", "trail_to": f"'{last + day:%Y/%m/%d}'"}


# -- the files --------------------------------------------------------------------------------------------------------

_PARAMETER = re.compile(r"-- parameter (?P<name>[a-z_]+) (?P<kind>[a-z]+)(?: = (?P<default>\S+))?: (?P<words>.+)")
_COLUMN = re.compile(r"-- column (?P<name>[a-z0-9_]+) (?P<unit>[a-z]+): (?P<words>.+)")
_INCLUDED = re.compile(r"\{([a-z_]+)\}")
_FOLDER = files("athena_exporter.library") / "sql"


@cache
def _source(backend: Backend) -> str:
    """The named queries that end in `asked`."""
    _, body = _parts((_FOLDER / "backends" / f"{backend}.sql").read_text(encoding="utf-8"))
    told = {"user_name", "user_kind", "role_name"}
    kept = ",\n        ".join(f"queries.{one.name}" for one in COLUMNS if one.name not in told)
    return body.replace("{kept}", kept)


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
