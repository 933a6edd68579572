"""Ledgers for the tests beside this file."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from book import BORN, Book, MakeBook, opened, settings_for


@pytest.fixture
def make_book(tmp_path: Path) -> MakeBook:
    """Opens a ledger with these settings."""

    def make(**changed: Any) -> AbstractContextManager[Book]:
        born = changed.pop("born", BORN)
        return opened(settings_for(tmp_path, **changed), born=born)

    return make


@pytest.fixture
def book(make_book: MakeBook) -> Iterator[Book]:
    """A ledger with the defaults."""
    with make_book() as book:
        yield book
