"""What can go wrong with the ledger's file, each as one line a person can act on."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class LedgerError(Exception):
    """The ledger cannot be opened, read or written; the message says what, where and how to mend. Nothing is lost."""


class ReplacedError(Exception):
    """This process is the ledger's writer no longer, or cannot know that it still is: it has to end.

    No `LedgerError`, for trying again would be wrong. The message is one line.
    """


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into `LedgerError`; a bug in a statement (ProgrammingError) rises as it is."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.Error as error:
        raise LedgerError(_line(path, error)) from error


def _line(path: Path, error: sqlite3.Error) -> str:
    match getattr(error, "sqlite_errorname", ""):
        case "SQLITE_FULL":
            mend = "the disk is full; free some space, counting goes on by itself"
        case "SQLITE_READONLY" | "SQLITE_READONLY_DIRECTORY" | "SQLITE_READONLY_DBMOVED":
            mend = "it cannot be written; make the file and its folder writable"
        case "SQLITE_CANTOPEN":
            mend = "it cannot be opened; the folder must exist and be writable"
        case "SQLITE_BUSY" | "SQLITE_LOCKED":
            mend = "another program holds it; end that program"
        case "SQLITE_CORRUPT" | "SQLITE_NOTADB":
            mend = "it is damaged; restore a backup or move it away (it is never deleted)"
        case name:
            mend = f"{error} ({name})" if name else str(error)
    return f"ledger {path}: {mend}"
