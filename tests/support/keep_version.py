"""Keep what this version of the code writes, for the tests of upgrades: `python tests/support/keep_version.py`.

It tells the story's first act (`upgrade_story.py`) to a ledger of the `athena_exporter` that is on the path, and
writes into `tests/versions/`, where they are not there yet:

    ledger-v4.sql            SQLite's own dump of the ledger
    ledger-v4.json           what it published last, the events that it made of its outbox, and its lock file
    history-v1-41.parquet    the same facts in the query history: the table's version, its number of columns

Another version's are made with its code: `PYTHONPATH=OLD/exporter python tests/support/keep_version.py`.
"""

import json
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from upgrade_story import BETWEEN, BORN, CONSUMERS, TARGET, first_act, settings, tell

from athena_exporter import catalog
from athena_exporter.ledger import schema
from athena_exporter.ledger.store import Ledger

VERSIONS = Path(__file__).resolve().parents[1] / "versions"


def main(folder: Path) -> None:
    """Write what is missing."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "ledger.db"
        with closing(Ledger(settings(path), monotonic=lambda: 0.0)) as ledger:
            ledger.adopt(TARGET, BORN)
            tell(ledger, first_act)
            facts = ledger.pending_facts(CONSUMERS[0], 10_000) if CONSUMERS else []
            told: dict[str, Any] = {"published": published(ledger), "events": list(events(facts))}
        with closing(sqlite3.connect(path)) as connection:
            dump = "\n".join(_dumped(connection))
        told["lock"] = path.with_name("ledger.db.lock").read_text(encoding="utf-8")
    _write(folder / f"ledger-v{schema.VERSION}.sql", f"{dump}\n".encode())
    _write(folder / f"ledger-v{schema.VERSION}.json", f"{json.dumps(told, indent=0, sort_keys=True)}\n".encode())
    if "history" in CONSUMERS:
        _write(*_file(facts, folder))


def published(ledger: Ledger) -> list[list[Any]]:
    """Every durable number as it was shown last: metric, labels, value. A histogram's parts have names of their own."""
    names = [one.name for one in catalog.METRICS if one.durable]
    return sorted(
        [one.metric, list(one.labels), one.value]
        for one in ledger.samples(BETWEEN)
        if one.target == TARGET and any(one.metric.startswith(name) for name in names)
    )


def events(facts: list[Any]) -> Iterator[str]:
    """What this version makes of its facts for CloudWatch Logs; the first one had no events."""
    if "events" not in CONSUMERS:
        return
    from athena_exporter.outlets.events.shape import events_of  # noqa: PLC0415  since version 2

    for fact in facts:
        yield from (event.message for event in events_of(fact))


def _dumped(connection: sqlite3.Connection) -> Iterator[str]:
    """A dump says neither whose database it is nor of which version."""
    begins, *rest = connection.iterdump()
    yield begins
    for name in ("application_id", "user_version"):
        yield f"PRAGMA {name} = {connection.execute(f'PRAGMA {name}').fetchone()[0]};"
    yield from rest


def _file(facts: list[Any], folder: Path) -> tuple[Path, bytes]:
    from athena_exporter.library.table import COLUMNS, SCHEMA_VERSION  # noqa: PLC0415  since version 4
    from athena_exporter.outlets.history.parquet import encoded, table_of  # noqa: PLC0415  as above
    from athena_exporter.outlets.history.rows import row_of  # noqa: PLC0415  as above

    rows = [row_of(fact, "kept") for fact in facts]
    content = encoded([table_of([row.values for row in rows if row is not None])])
    return folder / f"history-v{SCHEMA_VERSION}-{len(COLUMNS)}.parquet", content


def _write(path: Path, content: bytes) -> None:
    """What is kept is never written again: it is what users have."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    sys.stdout.write(f"kept: {path.name}\n")


if __name__ == "__main__":
    main(VERSIONS)
