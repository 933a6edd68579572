"""Ledgers for the tests beside this file."""

import subprocess
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


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of half a megabyte, where one may be mounted."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small disk (root); max_page_count tests the rest everywhere")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
