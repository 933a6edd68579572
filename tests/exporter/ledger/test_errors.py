"""Why these tests exist: each of SQLite's own errors becomes a line that says what to do; a bug stays a bug."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from book import opened, query, settings_for

from athena_exporter.ledger import files
from athena_exporter.ledger.errors import LedgerError, explained
from athena_exporter.ledger.rows import detail_text


@pytest.fixture
def path(tmp_path: Path) -> Path:
    settings = settings_for(tmp_path, journal="rollback")
    with opened(settings):
        return settings.path


def read_only(path: Path) -> None:
    with closing(files.connect(path, readonly=True)) as connection:
        connection.execute("DELETE FROM queries")


def in_a_missing_folder(path: Path) -> None:
    files.connect(path.parent / "missing" / "ledger.db").execute("SELECT 1 FROM sqlite_master")


def held_by_another(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with closing(sqlite3.connect(path, timeout=0)) as connection:
            connection.execute("SELECT count(*) FROM queries")


def no_such_table(path: Path) -> None:
    with closing(files.connect(path)) as connection:
        connection.execute("SELECT * FROM absent")


@pytest.mark.parametrize(
    ("trouble", "line"),
    [
        (read_only, "it cannot be written; make the file and its folder writable"),
        (in_a_missing_folder, "it cannot be opened; the folder must exist and be writable"),
        (held_by_another, "another program holds it; end that program"),
        (no_such_table, "no such table: absent (SQLITE_ERROR)"),
    ],
)
def test_an_error_of_sqlite_is_one_line_with_its_mend(path: Path, trouble: Callable[[Path], None], line: str) -> None:
    with pytest.raises(LedgerError) as caught, explained(path):
        trouble(path)
    assert str(caught.value) == f"ledger {path}: {line}"


def test_an_error_without_sqlites_name_keeps_its_words(path: Path) -> None:
    with pytest.raises(LedgerError, match="only words"), explained(path):
        raise sqlite3.OperationalError("only words")


def test_a_bug_in_a_statement_stays_a_bug(path: Path) -> None:
    with closing(files.connect(path)) as connection, pytest.raises(sqlite3.ProgrammingError), explained(path):
        connection.execute("SELECT ?", ())


def test_a_value_that_has_no_form_in_the_outbox_is_a_bug() -> None:
    odd: Any = object()
    with pytest.raises(TypeError, match="object has no JSON form here"):
        detail_text(replace(query(), database=odd))
