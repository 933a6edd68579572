"""The writer's mark in the ledger itself: whoever takes the ledger over raises it, and a writer without it is out.

Stage: lease -> **fence** -> store. The mark is set in one transaction and looked at in every other one, under SQLite's
own lock: where that lock holds, no pause of a process and no clock can let an old writer commit again.
"""

import sqlite3

from athena_exporter.ledger.errors import ReplacedError

_KEY = "writer"


def raise_for(connection: sqlite3.Connection, token: str) -> str:
    """Make `token` the writer, in the open transaction; answers its mark: a number that only rises, and the token."""
    epoch = 1 + int((_read(connection) or "0").partition(" ")[0])
    mark = f"{epoch} {token}"
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_KEY, mark))
    return mark


def is_raised(connection: sqlite3.Connection) -> bool:
    """Whether any writer has ever left a mark."""
    return _read(connection) is not None


def hold(connection: sqlite3.Connection, mark: str, name: object) -> None:
    """Go on only if nobody has taken over, as the open transaction sees it.

    Raises:
        ReplacedError: another writer has raised the mark of the ledger `name`; nothing of this one may be committed.
    """
    if (found := _read(connection)) != mark:
        raise ReplacedError(
            f"ledger {name}: another exporter has taken it over (writer {_number(found)}, this one was "
            f"{_number(mark)}); one ledger has one writer, so this one ends, and nothing is lost"
        )


def _read(connection: sqlite3.Connection) -> str | None:
    found = connection.execute("SELECT value FROM meta WHERE key = ?", (_KEY,)).fetchone()
    return None if found is None else str(found[0])


def _number(mark: str | None) -> str:
    return (mark or "unknown").partition(" ")[0]
