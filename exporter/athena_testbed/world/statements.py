"""The statements that each principal keeps: models, tasks, cards of a dashboard, and what people type once.

A tool runs the same few statements again and again with other literals; a person repeats some and writes new ones.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from athena_testbed.world import sql
from athena_testbed.world.catalogue import UNREAD
from athena_testbed.world.comments import Work, comment
from athena_testbed.world.company import Company
from athena_testbed.world.people import Principal
from athena_testbed.world.uses import Use
from athena_testbed.world.writers import WRITERS, Scene

_REMEMBERED = 20_000
_KEPT: Mapping[str, int] = {
    "dbt-athena": 60, "airflow": 40, "glue": 12, "grafana": 24, "metabase": 80, "redash": 40, "quicksight": 30,
    "lambda": 6, "sdk-go": 20, "sdk-java": 20, "sdk-js": 10,
}  # fmt: skip  # a table
"""How many statements a tool has; people with other tools keep some and write new ones half of the time."""
_FAVOURITES = 40
_NEW = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement with places for literals.

    Attributes:
        shape: what kind it is.
        home: the database of its tables.
        database: the default database that its client sets, None if it sets none.
        uses: what it does with which table.
        workload: the job that its comment tells.
        template: its text; `writers.filled` makes SQL of it.
    """

    shape: sql.Shape
    home: str
    database: str | None
    uses: tuple[Use, ...]
    workload: str | None
    template: str


class Library:
    """Every statement of a company; asking twice gives the same one."""

    def __init__(self, company: Company, seed: int) -> None:
        self._company = company
        self._seed = seed
        self._known: OrderedDict[tuple[str, str, int], Statement] = OrderedDict()

    def choose(self, rng: Random, principal: Principal, client: str) -> Statement:
        """A statement that the principal runs with this tool: the first ones far more often than the last."""
        count = _KEPT.get(client)
        if count is None and rng.random() < 0.5:
            return self._statement(principal, client, _FAVOURITES + rng.randrange(_NEW))
        return self._statement(principal, client, int((count or _FAVOURITES) * rng.random() ** 2))

    def _statement(self, principal: Principal, client: str, number: int) -> Statement:
        key = (principal.label, client, number)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._written(principal, client, number)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found

    def _written(self, principal: Principal, client: str, number: int) -> Statement:
        rng = Random(f"{self._seed}/statement/{principal.label}/{client}/{number}")
        shape = sql.choose(rng, client)
        home = self._company.database_for(principal, rng)
        database = self._context(rng, shape, home)
        tables = rng.sample(_read(self._company.tables, home), max(1, shape.tables))
        remark = comment(rng, client, Work(label=principal.label, home=home, table=tables[0]))
        scene = Scene(
            rng=rng, home=home, tables=tables[: shape.tables], abroad=self._abroad(rng, home),
            target=_target(client, tables[0], number), qualified=database != home or rng.random() < 0.4,
        )  # fmt: skip  # as short as it can be said
        written = WRITERS[shape.name](scene)
        return Statement(
            shape=shape, home=home, database=database, uses=written.uses, workload=remark.workload,
            template=remark.text + written.text,
        )  # fmt: skip  # as short as it can be said

    def _context(self, rng: Random, shape: sql.Shape, home: str) -> str | None:
        """Mostly the database of the tables; a few clients set none, or stand in another one."""
        chance = rng.random()
        if shape.name == "show_databases" or chance < 0.02:
            return None
        return rng.choice(tuple(self._company.tables)) if chance < 0.06 else home

    def _abroad(self, rng: Random, home: str) -> tuple[str, str]:
        database = rng.choice([name for name in self._company.tables if name != home])
        return database, rng.choice(_read(self._company.tables, database))


def _read(tables: Mapping[str, tuple[str, ...]], database: str) -> list[str]:
    return [table for table in tables[database] if f"{database}.{table}" not in UNREAD]


def _target(client: str, table: str, number: int) -> str:
    """What a tool calls the tables that it makes: few names, used again and again."""
    if client == "dbt-athena":
        return f"{table}__dbt_tmp"
    if client in {"airflow", "glue"}:
        return f"{table}_daily"
    return f"scratch_{number % 12:02}"
