"""The kinds of statements that the company runs, and which tool runs which. writers.py has their texts."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One kind of statement.

    Attributes:
        name: ours.
        statement_type: what Athena reports: DDL, DML or UTILITY.
        substatement: what Athena reports as SubstatementType.
        tables: how many tables it names.
        reads: whether it reads data (and so scans bytes).
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
        ("union", "DML", "SELECT", 2, True),
        ("abroad", "DML", "SELECT", 1, True),
        ("view", "DML", "SELECT", 0, True),
        ("insert", "DML", "INSERT", 2, True),
        ("ctas", "DML", "CREATE_TABLE_AS_SELECT", 2, True),
        ("unload", "DML", "UNLOAD", 1, True),
        ("merge", "DML", "MERGE", 2, True),
        ("update", "DML", "UPDATE", 0, True),
        ("delete", "DML", "DELETE", 0, True),
        ("execute", "DML", "EXECUTE", 0, True),
        ("partitions", "DML", "SELECT", 1, False),
        ("show_partitions", "UTILITY", "SHOW_PARTITIONS", 1, False),
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

_EXPLORER = (
    "select:30 join:18 cte:10 union:3 abroad:4 view:5 execute:1 explain:3 explain_analyze:2 show_tables:5"
    " show_databases:3 show_partitions:2 partitions:2 describe:6 ctas:3"
)
_PROGRAM = "select:38 join:22 cte:12 union:3 abroad:3 view:4 ctas:5 unload:7 insert:3 explain_analyze:1 show_tables:1"
_PIPELINE = (
    "insert:30 ctas:12 unload:8 select:16 join:8 abroad:2 merge:5 delete:2 update:1 msck:7 add_partition:6"
    " drop_table:4 create_table:2 show_partitions:1"
)
_BOARD = "select:48 join:30 cte:14 view:6 abroad:2"
_WEIGHTS: Mapping[str, str] = {
    "console": _EXPLORER, "aws-cli": _EXPLORER, "jdbc": _EXPLORER, "odbc": _PROGRAM,
    "airflow": _PIPELINE, "glue": _PIPELINE, "lambda": _PROGRAM,
    "dbt-athena": "ctas:31 insert:24 merge:5 select:14 cte:10 view:2 drop_table:8 describe:6",
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
