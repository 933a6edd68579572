"""Athena's SQL, written anew for each statement of the company, together with what it does to which table.

A text holds places for literals, such as `@day@`; `filled` puts values there, others at every run, so that a
statement comes again and again and is never quite the same.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from athena_testbed.world.catalogue import FACTS, ICEBERG
from athena_testbed.world.uses import Mode, Use
from athena_testbed.world.views import readable, reading

_PLACE = re.compile(r"@(day|country|limit|hex|number|uuid)@")
_COUNTRIES = ("DE", "FR", "NL", "PT", "SE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a statement is about.

    Attributes:
        rng: what chooses among ways to write it.
        home: the database of its tables.
        tables: the tables, in the order in which it names them.
        abroad: a table of another database, as (database, table).
        target: what it calls a table that it makes.
        qualified: whether it names tables as database.table, as it must without a default database.
    """

    rng: Random
    home: str
    tables: Sequence[str]
    abroad: tuple[str, str]
    target: str
    qualified: bool

    def name(self, table: str) -> str:
        """A table of the home database as the SQL names it."""
        return f"{self.home}.{table}" if self.qualified else table

    def uses(self, mode: Mode) -> tuple[Use, ...]:
        """All tables in one mode."""
        return tuple(Use(self.home, table, mode) for table in self.tables)


@dataclass(frozen=True, slots=True)
class Written:
    """A text with places for literals, and what it does."""

    text: str
    uses: tuple[Use, ...] = ()


_Writer: TypeAlias = Callable[[Scene], Written]


def filled(rng: Random, text: str) -> str:
    """The text with values where it has places."""
    return _PLACE.sub(lambda place: _VALUES[place[1]](rng), text)


_VALUES: Mapping[str, Callable[[Random], str]] = {
    "day": lambda rng: f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
    "country": lambda rng: rng.choice(_COUNTRIES),
    "limit": lambda rng: str(rng.choice((10, 100, 1000))),
    "hex": lambda rng: f"{rng.getrandbits(32):08x}",
    "number": lambda rng: str(rng.randint(1, 99_999)),
    "uuid": lambda rng: f"{rng.getrandbits(32):08x}-0000-4000-8000-{rng.getrandbits(48):012x}",
}


def _where(table: str, alias: str) -> str:
    if table in FACTS:
        return f"WHERE {alias}.dt >= DATE '@day@'"
    return f"WHERE {alias}.country = '@country@'"


def _select_text(scene: Scene) -> str:
    table = scene.tables[0]
    column, measure = ("status", "sum(t.amount)") if table in FACTS else ("country", "max(t.updated_at)")
    return (
        f"SELECT t.{column}, count(*) AS n, {measure} AS value\nFROM {scene.name(table)} t\n{_where(table, 't')}\n"
        f"GROUP BY t.{column}\nORDER BY n DESC\nLIMIT @limit@"
    )


def _join_text(scene: Scene) -> str:
    left, right = scene.tables[:2]
    kind = scene.rng.choice(("JOIN", "LEFT JOIN"))
    return (
        f"SELECT a.id, b.id AS other_id, count(*) AS n\nFROM {scene.name(left)} AS a\n"
        f"{kind} {scene.name(right)} AS b ON a.customer_id = b.id\n{_where(left, 'a')}\nGROUP BY 1, 2"
    )


def _select(scene: Scene) -> Written:
    return Written(_select_text(scene), scene.uses("read"))


def _join(scene: Scene) -> Written:
    return Written(_join_text(scene), scene.uses("read"))


def _cte(scene: Scene) -> Written:
    first, second, third = scene.tables[:3]
    known = scene.rng.choice(("known", second))  # a name that hides the very table it reads is legal
    text = (
        f"WITH recent AS (\n  SELECT id, customer_id FROM {scene.name(first)} t {_where(first, 't')}\n),\n"  # noqa: S608  to be read, never run
        f"{known} AS (\n  SELECT DISTINCT id FROM {scene.name(second)}\n)\n"
        f"SELECT k.id, count(r.id) AS n\nFROM {known} k\nLEFT JOIN recent r ON r.customer_id = k.id\n"
        f"WHERE k.id NOT IN (SELECT id FROM {scene.name(third)} WHERE id IS NOT NULL)\nGROUP BY k.id"
    )
    return Written(text, scene.uses("read"))


def _union(scene: Scene) -> Written:
    first, second = scene.tables[:2]
    text = (
        f"SELECT id, 'a' AS origin FROM {scene.name(first)} t {_where(first, 't')}\nUNION ALL\n"  # noqa: S608  to be read, never run
        f"SELECT id, 'b' FROM (SELECT u.id FROM {scene.name(second)} u WHERE u.id > @number@) AS inner_rows"
    )
    return Written(text, scene.uses("read"))


def _abroad(scene: Scene) -> Written:
    table = scene.tables[0]
    database, other = scene.abroad
    text = (
        f'SELECT a.id, b.country\nFROM {scene.name(table)} a\nJOIN "{database}"."{other}" b ON a.id = b.id\n'
        f"{_where(table, 'a')}\nLIMIT @limit@"
    )  # fmt: skip  # the quotes are the SQL's own
    return Written(text, (*scene.uses("read"), Use(database, other, "read")))


def _view(scene: Scene) -> Written:
    view = scene.rng.choice(readable(scene.home))
    return Written(f"SELECT * FROM {scene.name(view.name)} WHERE id > @number@ LIMIT @limit@", reading(view))  # noqa: S608  to be read, never run


def _insert(scene: Scene) -> Written:
    return Written(f"INSERT INTO {scene.home}.{scene.target}\n{_join_text(scene)}", _writing(scene))


def _ctas(scene: Scene) -> Written:
    text = (
        f"CREATE TABLE {scene.home}.{scene.target}\nWITH (format = 'PARQUET', write_compression = 'ZSTD')\n"
        f"AS\n{_join_text(scene)}"
    )
    return Written(text, _writing(scene))


def _writing(scene: Scene) -> tuple[Use, ...]:
    return (*scene.uses("read"), Use(scene.home, scene.target, "write"))


def _unload(scene: Scene) -> Written:
    place = f"s3://harbour-exports/{scene.home}/@hex@/"
    return Written(f"UNLOAD ({_select_text(scene)})\nTO '{place}'\nWITH (format = 'PARQUET')", scene.uses("read"))


def _iceberg(scene: Scene) -> str:
    return scene.rng.choice(ICEBERG[scene.home])


def _changing(scene: Scene, table: str, *more: Use) -> tuple[Use, ...]:
    """A row-level change reads the table that it writes."""
    return (*more, Use(scene.home, table, "read"), Use(scene.home, table, "write"))


def _merge(scene: Scene) -> Written:
    table = _iceberg(scene)
    fresh = next(one for one in scene.tables if one != table)
    text = (
        f"MERGE INTO {scene.name(table)} AS t\nUSING (SELECT * FROM {scene.name(fresh)} s {_where(fresh, 's')}) AS s\n"  # noqa: S608  to be read, never run
        "ON t.id = s.id\nWHEN MATCHED THEN UPDATE SET updated_at = s.updated_at\n"
        "WHEN NOT MATCHED THEN INSERT (id, updated_at) VALUES (s.id, s.updated_at)"
    )
    return Written(text, _changing(scene, table, Use(scene.home, fresh, "read")))


def _update(scene: Scene) -> Written:
    table = _iceberg(scene)
    return Written(f"UPDATE {scene.name(table)} SET country = '@country@' WHERE id = @number@", _changing(scene, table))  # noqa: S608  to be read, never run


def _delete(scene: Scene) -> Written:
    table = _iceberg(scene)
    return Written(f"DELETE FROM {scene.name(table)} WHERE updated_at < DATE '@day@'", _changing(scene, table))  # noqa: S608  to be read, never run


def _explain(scene: Scene) -> Written:
    return Written(f"EXPLAIN {_join_text(scene)}", scene.uses("metadata"))


def _explain_analyze(scene: Scene) -> Written:
    note = scene.rng.choice(("", "", "-- why is this slow?\n", "-- ticket 4711\n  -- again\n", "/* plan */ "))
    words = scene.rng.choice(("EXPLAIN ANALYZE", "EXPLAIN ANALYZE VERBOSE", "explain analyze", "EXPLAIN\n  ANALYZE"))
    return Written(f"{note}{words} {_join_text(scene)}", scene.uses("read"))


def _partitions(scene: Scene) -> Written:
    table = scene.tables[0]
    name = f'"{scene.home}"."{table}$partitions"' if scene.qualified else f'"{table}$partitions"'
    return Written(f"SELECT * FROM {name} ORDER BY 1 DESC LIMIT @limit@", scene.uses("metadata"))  # noqa: S608  to be read, never run


def _show_partitions(scene: Scene) -> Written:
    return Written(f"SHOW PARTITIONS {scene.name(scene.tables[0])}", scene.uses("metadata"))


def _describe(scene: Scene) -> Written:
    return Written(f"DESCRIBE {scene.name(scene.tables[0])}", scene.uses("metadata"))


def _msck(scene: Scene) -> Written:
    return Written(f"MSCK REPAIR TABLE {scene.name(scene.tables[0])}", scene.uses("ddl"))


def _add_partition(scene: Scene) -> Written:
    table = scene.name(scene.tables[0])
    return Written(f"ALTER TABLE {table} ADD IF NOT EXISTS PARTITION (dt = '@day@')", scene.uses("ddl"))


def _drop_table(scene: Scene) -> Written:
    return Written(f"DROP TABLE IF EXISTS {scene.home}.{scene.target}", _made(scene))


def _create_table(scene: Scene) -> Written:
    text = (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {scene.home}.{scene.target} (\n  `id` bigint,\n  `payload` string\n)\n"
        f"PARTITIONED BY (`dt` date)\nSTORED AS PARQUET\nLOCATION 's3://harbour-raw/{scene.home}/@hex@/'"
    )
    return Written(text, _made(scene))


def _made(scene: Scene) -> tuple[Use, ...]:
    return (Use(scene.home, scene.target, "ddl"),)


WRITERS: Mapping[str, _Writer] = {
    "select": _select,
    "join": _join,
    "cte": _cte,
    "union": _union,
    "abroad": _abroad,
    "view": _view,
    "insert": _insert,
    "ctas": _ctas,
    "unload": _unload,
    "merge": _merge,
    "update": _update,
    "delete": _delete,
    "explain": _explain,
    "explain_analyze": _explain_analyze,
    "execute": lambda _: Written("EXECUTE daily_report USING DATE '@day@', '@country@'"),
    "partitions": _partitions,
    "show_partitions": _show_partitions,
    "show_tables": lambda scene: Written(f"SHOW TABLES IN {scene.home}"),
    "show_databases": lambda _: Written("SHOW DATABASES"),
    "describe": _describe,
    "msck": _msck,
    "create_table": _create_table,
    "drop_table": _drop_table,
    "add_partition": _add_partition,
}
"""Name of a shape -> what writes it."""
