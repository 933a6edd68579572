"""The questions of the query history on generated files: time, the bytes that each reads, and how both grow.

Athena bills the bytes of the columns that a question reads, in the days that it names. Those are counted here in the
files' own metadata, for the columns that DuckDB's plan reads; the time is DuckDB's, which is not Athena's, and says
only whether it grows with the queries. `--million 10` takes ten million queries instead of one; `--keep` writes the
bytes to where docs/questions.md has its prices from.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from machine import ROOT
from measure import say, stopwatch, table, verdict

from athena_exporter.library.questions import QUESTIONS, Backend, Question
from athena_exporter.library.rendering import Kind
from athena_exporter.library.table import SCHEMA_VERSION
from athena_exporter.outlets.history.parquet import SCHEMA, encoded

sys.path.append(str(ROOT / "tests" / "support"))

from athena_on_duckdb import Engine
from history_files import arrow_type, trail_columns

DAYS = 10
FIRST = date(2026, 3, 1)
SPANS = (1, 3, DAYS)
KEPT = ROOT / "exporter" / "athena_exporter" / "library" / "measured.json"
FEW_AT_MOST = 1.5
"""Ten times the queries may take at most so many times ten times as long: sorting is a little worse than linear."""

# Fields of a query by its number: a few thousand statements that come again and again, the more often the lower their
# number, and three in ten that come once; sizes and times are heavy-tailed.
_GENERATED = """
    WITH numbers AS (
        SELECT range AS i, hash(range) AS h, (hash(range * 7 + 1) % 1000000) / 1e6 AS chance,
            epoch_ms(CAST(epoch_ms(TIMESTAMP '{day}') + range * 86400000 // {count} AS BIGINT)) AS began
        FROM range({start}, {start} + {count}) AS numbered
    ),
    statements AS (
        SELECT *, CASE WHEN h % 10 < 3 THEN 1000000 + i ELSE CAST(floor(20000 * chance * chance) AS BIGINT) END AS s
        FROM numbers
    ),
    told AS (
        SELECT *, hash(s) AS k, CAST(exp(19 + 2.4 * sqrt(-2 * ln((h % 99991 + 1) / 1e5))
            * cos(6.2831853 * chance)) AS BIGINT) AS size, 500 + h % 4000 AS took
        FROM statements
    )
    SELECT substr(md5(CAST(i AS VARCHAR)), 1, 8) || '-' || substr(md5(CAST(i AS VARCHAR)), 9, 4) || '-4'
            || substr(md5(CAST(i AS VARCHAR)), 14, 3) || '-a' || substr(md5(CAST(i AS VARCHAR)), 18, 3) || '-'
            || substr(md5(CAST(i AS VARCHAR)), 21, 12) AS query_id,
        '123456789012' AS account_id, 'eu-west-1' AS region, 'workgroup-' || k % 20 AS workgroup,
        CASE WHEN h % 100 < 6 THEN 'failed' WHEN h % 100 < 8 THEN 'cancelled' ELSE 'succeeded' END AS state,
        began + to_milliseconds(CAST(took AS BIGINT)) AS counted_at, began AS submitted_at, counted_at AS ended_at,
        'person-' || (k // 20) % 500 || '@harbour.example' AS user_name, 'person' AS user_kind,
        'role-' || k % 40 AS role_name, 'client-' || k % 11 AS client,
        CASE WHEN k % 3 = 0 THEN 'dbt:model.shop.m' || k % 900 END AS workload, 'known' AS attribution,
        'awsdatacatalog' AS catalog_name, 'database_' || k % 120 AS database_name, 'DML' AS statement_type,
        'SELECT' AS substatement_type, size AS scanned_bytes, size AS billed_bytes,
        CASE WHEN state <> 'failed' THEN CAST(size * 4.547473508864641e-3 AS BIGINT) END AS cost_nanousd,
        h % 300 AS queue_ms, h % 200 AS planning_ms, took AS engine_ms, 20 + h % 70 AS service_pre_ms,
        5 + h % 115 AS service_ms, took + 400 AS total_ms, NULL AS dpu_count, h % 25 = 0 AS result_reused,
        false AS cutoff_hit, CASE WHEN state = 'failed' THEN 'user' END AS error_category,
        CASE WHEN state = 'failed' THEN 'error_' || h % 12 END AS error_name,
        CASE WHEN state = 'failed' THEN 1000 + h % 12 END AS error_type,
        CASE WHEN state = 'failed' THEN false END AS error_retryable,
        sha256(CAST(s AS VARCHAR)) AS sql_digest,
        'SELECT a.country, count(*) AS n, sum(b.total) AS value FROM database_' || k % 120 || '.table_' || k % 1800
            || ' a JOIN table_' || (k // 7) % 1800 || ' b ON a.id = b.id WHERE a.dt = ? AND b.country = ? GROUP BY '
            || s % 97 AS sql_text,
        NULL AS unparsed,
        [{{'catalog_name': 'awsdatacatalog', 'database_name': 'database_' || k % 120,
           'table_name': 'table_' || k % 1800, 'mode': 'read', 'via_view': NULL}},
         {{'catalog_name': 'awsdatacatalog', 'database_name': 'database_' || k % 120,
           'table_name': 'table_' || (k // 7) % 1800, 'mode': 'read', 'via_view': NULL}}][1:1 + k % 2] AS tables,
        'bench' AS ledger_id, i AS seq, began + INTERVAL 20 MINUTE AS written_at
    FROM told
"""

Scans: TypeAlias = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One question. `seconds` are by span of days; `files_of_a_day` are those that a day's question reads, and all."""

    question: Question
    scans: Scans
    bytes_a_query: float
    seconds: tuple[float, ...]
    files_of_a_day: tuple[int, int]

    @property
    def growth(self) -> float:
        """How many times as long ten times the queries take."""
        return self.seconds[-1] / self.seconds[0]


def main() -> None:
    """Generate, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="on a real disk, with 1 GB free for each ten million")
    parser.add_argument("--million", type=int, default=1, help="how many million queries (default: 1)")
    parser.add_argument("--keep", action="store_true", help=f"write {KEPT.relative_to(ROOT)}")
    arguments = parser.parse_args()
    folder, count = arguments.folder / "questions", arguments.million * 1_000_000
    seconds = generate(folder, count)
    sizes = column_bytes(folder, count)
    with closing(Engine(folder, in_place=True)) as engine:
        found = {question.name: scanned(engine, question, sizes) for question in QUESTIONS}
        if arguments.keep:
            keep({name: scans for name, (scans, _) in found.items()}, sizes, count)
        measured = [ask(engine, question, sizes, *found[question.name]) for question in QUESTIONS]
    shutil.rmtree(folder)
    report(measured, sizes, count, seconds)


def generate(folder: Path, count: int) -> float:
    """A file a day, written as the exporter writes them; answers the seconds."""
    began = time.perf_counter()
    each = count // DAYS
    with duckdb.connect() as made:
        for number in range(DAYS):
            day = FIRST + timedelta(days=number)
            rows: pa.Table = made.sql(_GENERATED.format(day=day, start=number * each, count=each)).to_arrow_table()
            place = folder / "history" / f"v{SCHEMA_VERSION}" / f"day={day}"
            place.mkdir(parents=True)
            (place / "0.parquet").write_bytes(encoded([rows.cast(SCHEMA)]))
            say(f"questions: {day} is written")
    no_trail(folder)
    return time.perf_counter() - began


def no_trail(folder: Path) -> None:
    """An empty file where the views look for CloudTrail's, which nobody asks here."""
    place = folder / "trail" / "account=0" / "region=0" / "day=0"
    place.mkdir(parents=True)
    schema = pa.schema([(name, arrow_type(kind)) for name, kind in trail_columns().items()])
    pq.write_table(schema.empty_table(), place / "0.parquet")


def column_bytes(folder: Path, count: int) -> dict[str, float]:
    """Column -> its compressed bytes a query, all leaves of a nested one together."""
    sizes: dict[str, float] = {}
    for path in folder.glob("history/*/*/*.parquet"):
        metadata = pq.ParquetFile(path).metadata
        for group in map(metadata.row_group, range(metadata.num_row_groups)):
            for column in map(group.column, range(group.num_columns)):
                name = column.path_in_schema.split(".")[0]
                sizes[name] = sizes.get(name, 0) + column.total_compressed_size / count
    return sizes


def values(question: Question, days: int) -> dict[str, Any]:
    """What the question is asked for: the first so many days."""
    required: dict[Kind, object] = {Kind.DAY: FIRST + timedelta(days=2), Kind.TEXTS: ["database_1.table_1"]}
    needed = {one.name: required[one.kind] for one in question.parameters if one.default is None}
    return {"from": FIRST, "to": FIRST + timedelta(days=days - 1), **needed}


def scanned(engine: Engine, question: Question, sizes: dict[str, float]) -> tuple[Scans, tuple[int, int]]:
    """The columns of each time it reads the files, and of a day's question the files that it reads, of how many."""
    scans = engine.scans(question.rendered(values(question, 1), Backend.HISTORY))
    columns = [sorted({column.split(".")[0] for column in scan.columns} & sizes.keys()) for scan in scans]
    return tuple(map(tuple, columns)), (max(scan.files_read for scan in scans), max(scan.files for scan in scans))


def ask(engine: Engine, question: Question, sizes: dict[str, float], scans: Scans, files: tuple[int, int]) -> Measured:
    """Ask it over each span."""
    texts = [question.rendered(values(question, days), Backend.HISTORY) for days in SPANS]
    seconds = tuple(timed(engine, text) for text in texts)
    say(f"questions: {question.name} {seconds[-1]:.2f} s")
    return Measured(
        question=question,
        scans=scans,
        bytes_a_query=sum(sizes[column] for columns in scans for column in columns),
        seconds=seconds,
        files_of_a_day=files,
    )


def timed(engine: Engine, text: str) -> float:
    """Seconds of the processor: those of the wall would speak of the machine's other work."""
    with stopwatch() as watch:
        engine.ask(text)
    return watch.cpu


def report(measured: Sequence[Measured], sizes: dict[str, float], count: int, seconds: float) -> None:
    """The section of docs/benchmarks.md."""
    print("## Questions of the query history\n")
    print(
        f"{count:,} generated queries in {DAYS} days, a file a day, {sum(sizes.values()):.0f} bytes a query in all\n"
        f"({seconds:.0f} s to generate and write). Each question over 1, 3 and {DAYS} days on DuckDB, in seconds of"
        " the\nprocessor; Athena has many of them. Bytes are those of the columns that it reads: Athena bills them.\n"
    )
    header = ["Question", "columns", "bytes a query", *(f"{days * count // DAYS:,} queries" for days in SPANS), "x 10"]
    rows = [
        [
            one.question.name, " + ".join(str(len(columns)) for columns in one.scans), f"{one.bytes_a_query:.1f}",
            *(f"{span:.2f} s" for span in one.seconds), f"x {one.growth:.1f}",
        ]
        for one in measured
    ]  # fmt: skip  # a row reads best in rows
    print(table(header, rows))
    worst = max(measured, key=lambda one: one.growth)
    read = {one.files_of_a_day for one in measured}
    print()
    print(
        table(
            ["What", "measured", "bar", "met"],
            [
                [
                    "ten times the queries take", f"x {worst.growth:.1f} ({worst.question.name}) at most",
                    f"x {10 * FEW_AT_MOST:.0f}", verdict(met=worst.growth <= 10 * FEW_AT_MOST),
                ],
                [
                    "files that a day's question reads", ", ".join(f"{a} of {b}" for a, b in sorted(read)),
                    f"1 of {DAYS}", verdict(met=read == {(1, DAYS)}),
                ],
            ],
        )
    )  # fmt: skip  # as above


def keep(scans: dict[str, Scans], sizes: dict[str, float], count: int) -> None:
    """What docs/questions.md computes its prices from."""
    told = {
        "queries": count,
        "bytes_a_query": {name: round(size, 2) for name, size in sorted(sizes.items())},
        "scans": scans,
    }
    KEPT.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
