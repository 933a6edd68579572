"""Why these tests exist: `check` looks at the ledger's place and must leave nothing there, nor stand in the way."""

from contextlib import closing
from pathlib import Path

import pytest

from athena_exporter.ledger.files import WriterLock, open_ledger
from athena_exporter.ledger.inspection import inspect


def test_a_place_for_a_new_ledger_is_fine_and_stays_untouched(tmp_path: Path) -> None:
    place = inspect(tmp_path / "ledger.db")
    assert (place.trouble, place.exists, place.in_use) == (None, False, False)
    assert place.free_bytes
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_in_use_is_told_and_keeps_its_lock(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(open_ledger(path, "rollback")):
        lock = WriterLock(path)
        assert inspect(path).in_use
        lock.release()
    place = inspect(path)
    assert (place.exists, place.in_use, place.trouble) == (True, False, None)
    WriterLock(path).release()  # inspect has given it back


def test_a_missing_folder_is_told_with_its_mend(tmp_path: Path) -> None:
    place = inspect(tmp_path / "no" / "ledger.db")
    assert "there is no folder" in str(place.trouble)
    assert place.free_bytes is None


def test_a_folder_is_no_ledger(tmp_path: Path) -> None:
    assert "name a file in it" in str(inspect(tmp_path).trouble)


def test_another_file_is_no_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_text("something else entirely, and long enough to be looked at")
    assert str(path) in str(inspect(path).trouble)


@pytest.mark.parametrize(("disk", "journal"), [("nfs4", "rollback"), ("ext4", "wal")])
def test_the_journal_follows_the_disk(tmp_path: Path, disk: str, journal: str) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"server:/x / {disk} rw 0 0\n")
    place = inspect(tmp_path / "ledger.db", mounts)
    assert (place.disk, place.journal) == (disk, journal)


def test_a_machine_without_a_list_of_mounts_has_an_unknown_disk(tmp_path: Path) -> None:
    place = inspect(tmp_path / "ledger.db", tmp_path / "none")
    assert (place.disk, place.journal) == ("", "wal")
