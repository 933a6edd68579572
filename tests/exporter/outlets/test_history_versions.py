"""Why this test exists: people ask the query history for years. Files of every version of its table, as the code of
that time wrote them (`tests/support/keep_version.py`), are read by the present view, next to the present's.
"""

import io
import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from archives import PREFIX, ask
from keep_version import VERSIONS
from upgrade_story import FIRST_ACT

from athena_exporter.library.table import COLUMNS, PARTITION, SCHEMA_VERSION, VIEW
from athena_exporter.outlets.history.keys import root
from athena_exporter.outlets.history.parquet import SCHEMA, encoded, table_of

KEPT = sorted(VERSIONS.glob(f"history-v{SCHEMA_VERSION}-*.parquet"))
DAY = "2026-03-10"


def columns(path: Path) -> int:
    return int(re.findall(r"\d+", path.name)[-1])


def put(folder: Path, name: str, content: bytes) -> None:
    path = folder / root(PREFIX) / f"{PARTITION}={DAY}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def newer(path: Path) -> bytes:
    """The queries of a kept file once more, as the present writes them: under other ids, and seen later."""
    rows = [
        tuple(row.get(column.name) for column in COLUMNS)
        for row in pq.read_table(io.BytesIO(path.read_bytes())).to_pylist()
    ]
    return encoded([table_of([(f"new-{values[0]}", *values[1:]) for values in rows])])


def test_a_file_of_the_present_table_is_kept() -> None:
    missing = "run `make versions` and commit what it writes; columns are only ever added at the end"
    assert len(COLUMNS) in map(columns, KEPT), missing


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_old_columns_are_still_the_first_and_of_the_same_types(path: Path) -> None:
    there = pq.read_schema(path)
    assert len(there) == columns(path)
    assert list(there.names) == list(SCHEMA.names)[: len(there)]
    assert [field.type for field in there] == [field.type for field in SCHEMA][: len(there)]


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_the_view_reads_old_files_next_to_new_ones(path: Path, tmp_path: Path) -> None:
    put(tmp_path, "old.parquet", path.read_bytes())
    put(tmp_path, "new.parquet", newer(path))
    sql = "SELECT starts_with(query_id, 'new-') AS is_new, count(*) AS queries, sum(scanned_bytes) AS scanned_bytes"
    then, now = ask(tmp_path, f"{sql}, count({COLUMNS[-1].name}) AS told FROM {VIEW} GROUP BY 1 ORDER BY 1")
    assert then["queries"] == now["queries"] > FIRST_ACT // 2
    assert then["scanned_bytes"] == now["scanned_bytes"] > 0


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_what_an_old_file_says_is_what_the_ledger_of_its_time_said(path: Path) -> None:
    """The same facts became events, which are kept beside it: the query, its user, its bytes."""
    told = [json.loads(text) for text in json.loads((VERSIONS / "ledger-v4.json").read_text())["events"]]
    events = {one["query_id"]: one["user"] for one in told if "sql_digest" in one}
    rows = pq.read_table(path, columns=["query_id", "user_name"]).to_pylist()
    assert {row["query_id"]: row["user_name"] for row in rows} == events
