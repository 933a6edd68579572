"""Real Athena SQL that reads exactly the tables it says, with the comments that the tools write around it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from athena_testbed.world.catalogue import FACTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One kind of statement.

    Attributes:
        name: ours.
        statement_type: what Athena reports: DDL, DML or UTILITY.
        substatement: what Athena reports as SubstatementType.
        tables: how many tables it names.
        reads: whether it reads their data (and so scans bytes).
    """

    name: str
    statement_type: str
    substatement: str
    tables: int
    reads: bool


SHAPES: Mapping[str, Shape] = {
    name: Shape(name=name, statement_type=kind, substatement=substatement, tables=tables, reads=reads)
    for name, kind, substatement, tables, reads in (
        ("select", "DML", "SELECT", 1, True),
        ("join", "DML", "SELECT", 2, True),
        ("cte", "DML", "SELECT", 3, True),
        ("insert", "DML", "INSERT", 2, True),
        ("ctas", "DML", "CREATE_TABLE_AS_SELECT", 2, True),
        ("unload", "DML", "UNLOAD", 1, True),
        ("explain", "UTILITY", "EXPLAIN", 2, False),
        ("explain_analyze", "UTILITY", "EXPLAIN", 2, True),
        ("show_tables", "UTILITY", "SHOW_TABLES", 0, False),
        ("show_databases", "UTILITY", "SHOW_DATABASES", 0, False),
        ("describe", "UTILITY", "DESCRIBE_TABLE", 1, False),
        ("msck", "DDL", "MSCK_REPAIR_TABLE", 1, False),
        ("create_table", "DDL", "CREATE_TABLE", 1, False),
        ("drop_table", "DDL", "DROP_TABLE", 1, False),
        ("add_partition", "DDL", "ALTER_TABLE_ADD_PARTITION", 1, False),
    )
}
"""Name -> kind of statement."""

_EXPLORER = "select:34 join:20 cte:10 explain:3 explain_analyze:2 show_tables:5 show_databases:3 describe:6 ctas:3"
_PROGRAM = "select:40 join:22 cte:12 ctas:6 unload:7 insert:3 explain_analyze:1 show_tables:1"
_PIPELINE = "insert:34 ctas:14 unload:8 select:18 join:8 msck:8 add_partition:6 drop_table:4 create_table:2"
_BOARD = "select:52 join:32 cte:16"
_WEIGHTS: Mapping[str, str] = {
    "console": _EXPLORER, "aws-cli": _EXPLORER, "jdbc": _EXPLORER, "odbc": _PROGRAM,
    "airflow": _PIPELINE, "glue": _PIPELINE, "lambda": _PROGRAM,
    "dbt-athena": "ctas:34 insert:26 select:16 cte:10 drop_table:8 describe:6",
    "grafana": _BOARD, "metabase": _BOARD, "redash": _BOARD, "quicksight": _BOARD,
}  # fmt: skip  # a table


def _parsed(weights: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    pairs = [item.split(":") for item in weights.split()]
    return tuple(name for name, _ in pairs), tuple(int(weight) for _, weight in pairs)


_BY_CLIENT = {client: _parsed(weights) for client, weights in _WEIGHTS.items()}
_DEFAULT = _parsed(_PROGRAM)


def choose(rng: Random, client: str) -> Shape:
    """A statement as this tool's users write it."""
    names, weights = _BY_CLIENT.get(client, _DEFAULT)
    return SHAPES[rng.choices(names, weights)[0]]


def write(rng: Random, shape: Shape, database: str, tables: Sequence[str], client: str, *, qualified: bool) -> str:
    """The statement's text. `qualified` names tables as database.table, as it must be without a default database."""
    names = [f"{database}.{table}" if qualified else table for table in tables]
    text = _WRITERS[shape.name](rng, database, names)
    return _commented(rng, client, tables[0] if tables else "catalogue", text)


_Writer: TypeAlias = Callable[[Random, str, list[str]], str]


def _day(rng: Random) -> str:
    return f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"


def _is_fact(name: str) -> bool:
    return name.rsplit(".", 1)[-1] in FACTS


def _where(rng: Random, name: str, alias: str) -> str:
    if _is_fact(name):
        return f"WHERE {alias}.dt >= DATE '{_day(rng)}'"
    return f"WHERE {alias}.country = '{rng.choice(('DE', 'FR', 'NL', 'PT', 'SE'))}'"


def _select(rng: Random, _: str, names: list[str]) -> str:
    table = names[0]
    column, measure = ("status", "sum(t.amount)") if _is_fact(table) else ("country", "max(t.updated_at)")
    return (
        f"SELECT t.{column}, count(*) AS n, {measure} AS value\nFROM {table} t\n{_where(rng, table, 't')}\n"
        f"GROUP BY t.{column}\nORDER BY n DESC\nLIMIT {rng.choice((10, 100, 1000))}"
    )


def _join(rng: Random, _: str, names: list[str]) -> str:
    left, right = names[:2]
    return (
        f"SELECT a.id, b.id AS other_id, count(*) AS n\nFROM {left} AS a\n"
        f"{rng.choice(('JOIN', 'LEFT JOIN'))} {right} AS b ON a.customer_id = b.id\n{_where(rng, left, 'a')}\n"
        "GROUP BY 1, 2"
    )


def _cte(rng: Random, _: str, names: list[str]) -> str:
    first, second, third = names[:3]
    return (
        f"WITH recent AS (\n  SELECT id, customer_id FROM {first} t {_where(rng, first, 't')}\n),\n"  # noqa: S608 - to be read, never run
        f"known AS (\n  SELECT DISTINCT id FROM {second}\n)\n"
        f"SELECT k.id, count(r.id) AS n\nFROM known k\nLEFT JOIN recent r ON r.customer_id = k.id\n"
        f"WHERE k.id NOT IN (SELECT id FROM {third} WHERE id IS NOT NULL)\nGROUP BY k.id"
    )


def _insert(rng: Random, database: str, names: list[str]) -> str:
    return f"INSERT INTO {database}.tmp_{rng.getrandbits(24):06x}\n{_join(rng, database, names)}"


def _ctas(rng: Random, database: str, names: list[str]) -> str:
    target = f"{database}.tmp_{rng.getrandbits(24):06x}"
    return (
        f"CREATE TABLE {target}\nWITH (format = 'PARQUET', write_compression = 'ZSTD')\n"
        f"AS\n{_join(rng, database, names)}"
    )


def _unload(rng: Random, database: str, names: list[str]) -> str:
    place = f"s3://harbour-exports/{database}/{rng.getrandbits(32):08x}/"
    return f"UNLOAD ({_select(rng, database, names)})\nTO '{place}'\nWITH (format = 'PARQUET')"


def _explain(rng: Random, database: str, names: list[str]) -> str:
    return f"EXPLAIN {_join(rng, database, names)}"


def _explain_analyze(rng: Random, database: str, names: list[str]) -> str:
    note = rng.choice(("", "", "-- why is this slow?\n", "-- ticket 4711\n  -- again\n", "/* plan */ "))
    words = rng.choice(("EXPLAIN ANALYZE", "EXPLAIN ANALYZE VERBOSE", "explain analyze", "EXPLAIN\n  ANALYZE"))
    return f"{note}{words} {_join(rng, database, names)}"


def _create_table(rng: Random, database: str, _: list[str]) -> str:
    table = f"{database}.landing_{rng.getrandbits(24):06x}"
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {table} (\n  `id` bigint,\n  `payload` string\n)\n"
        f"PARTITIONED BY (`dt` date)\nSTORED AS PARQUET\nLOCATION 's3://harbour-raw/{database}/{rng.getrandbits(24):06x}/'"
    )


_WRITERS: Mapping[str, _Writer] = {
    "select": _select,
    "join": _join,
    "cte": _cte,
    "insert": _insert,
    "ctas": _ctas,
    "unload": _unload,
    "explain": _explain,
    "explain_analyze": _explain_analyze,
    "show_tables": lambda _, database, __: f"SHOW TABLES IN {database}",
    "show_databases": lambda _, __, ___: "SHOW DATABASES",
    "describe": lambda _, __, names: f"DESCRIBE {names[0]}",
    "msck": lambda _, __, names: f"MSCK REPAIR TABLE {names[0]}",
    "create_table": _create_table,
    "drop_table": lambda rng, database, _: f"DROP TABLE IF EXISTS {database}.tmp_{rng.getrandbits(24):06x}",
    "add_partition": lambda rng, _, names: f"ALTER TABLE {names[0]} ADD IF NOT EXISTS PARTITION (dt = '{_day(rng)}')",
}


def _commented(rng: Random, client: str, table: str, text: str) -> str:
    if client == "dbt-athena":
        facts = {"app": "dbt", "dbt_version": "1.9.4", "profile_name": "harbour", "target_name": "prod"}
        return f"-- /* {json.dumps({**facts, 'node_id': f'model.harbour.{table}'})} */\n{text}"
    if client == "metabase":
        digest = f"{rng.getrandbits(256):064x}"
        return f"-- Metabase:: userID: {rng.randint(1, 40)} queryType: MBQL queryHash: {digest}\n{text}"
    if client == "redash":
        return f"/* Username: redash, query_id: {rng.randint(1, 400)}, Queue: queries, Scheduled: False */ {text}"
    if client == "quicksight":
        return f"/* QuickSight {rng.getrandbits(32):08x}-0000-4000-8000-{rng.getrandbits(48):012x} */\n{text}"
    return text
