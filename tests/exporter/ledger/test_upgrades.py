"""Why this test exists: an upgrade must lose no number. Ledgers of every version, as the code of that version wrote
them (`tests/support/keep_version.py`), open in this one, show what they showed, and count on as if they had been this
version's from the beginning.
"""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from keep_version import VERSIONS, published
from upgrade_story import BETWEEN, BORN, CONSUMERS, END, TARGET, first_act, second_act, settings, tell

from athena_exporter.ledger import history, schema
from athena_exporter.ledger.outbox import NEWS
from athena_exporter.ledger.store import Ledger
from athena_exporter.library.table import COLUMNS
from athena_exporter.outlets.events.shape import events_of
from athena_exporter.outlets.history.rows import row_of
from athena_exporter.records import UsageRow

ALL = range(1, schema.VERSION + 1)
Numbers: TypeAlias = dict[tuple[str, tuple[str, ...]], int]


def kept(version: int) -> Any:
    return json.loads((VERSIONS / f"ledger-v{version}.json").read_text())


def restore(version: int, folder: Path) -> Path:
    """The ledger with its lock file, as its last process left them."""
    path = folder / f"v{version}.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((VERSIONS / f"ledger-v{version}.sql").read_text())
    path.with_name(f"{path.name}.lock").write_text(kept(version)["lock"])
    return path


@contextmanager
def opened(path: Path) -> Iterator[Ledger]:
    with closing(Ledger(settings(path), monotonic=lambda: 0.0)) as ledger:
        yield ledger


@pytest.fixture(params=ALL)
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def old(version: int, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger of that version, opened by this one."""
    with opened(restore(version, tmp_path)) as ledger:
        yield ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """What a ledger of this version comes to that has heard the whole story."""

    numbers: Numbers
    usage: list[UsageRow]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    path = tmp_path_factory.mktemp("whole") / "whole.db"
    with opened(path) as ledger:
        ledger.adopt(TARGET, BORN)
        tell(ledger, first_act, second_act)
        return Whole(numbers=numbers(ledger), usage=list(history.usage(path, BORN, END)))


def numbers(ledger: Ledger) -> Numbers:
    return {(metric, tuple(labels)): value for metric, labels, value in published(ledger)}


def test_a_ledger_of_every_version_is_kept() -> None:
    there = {int(re.findall(r"\d+", path.name)[0]) for path in VERSIONS.glob("ledger-v*.sql")}
    missing = f"run `make versions` and commit what it writes: tests/versions has ledgers of {sorted(there)}"
    assert there == set(ALL), missing


def test_a_kept_ledger_is_of_the_version_that_its_name_says(version: int) -> None:
    assert f"PRAGMA user_version = {version};" in (VERSIONS / f"ledger-v{version}.sql").read_text()


def columns(path: Path) -> dict[str, Any]:
    """Every table's columns with their types and keys, and every index."""
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found: dict[str, Any] = {name: connection.execute(f"PRAGMA table_info({name})").fetchall() for name in tables}
        indexes = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"
        return found | {"indexes": connection.execute(indexes).fetchall()}


def test_a_ledger_of_every_version_becomes_what_a_new_one_is(version: int, tmp_path: Path) -> None:
    """The newest fails here when the schema was changed without a new version: a released one needs one, what was
    never released is kept anew (remove its files, `make versions`)."""
    path, new = restore(version, tmp_path), tmp_path / "new.db"
    for each in (path, new):
        with opened(each):
            pass
    assert columns(path) == columns(new)


def test_what_the_old_version_published_is_published_on(old: Ledger, version: int) -> None:
    before = {(metric, tuple(labels)): value for metric, labels, value in kept(version)["published"]}
    now = numbers(old)
    assert not old.restored
    assert before.keys() - now.keys() == set()
    assert {key: now[key] for key in before} == before
    assert any(value for value in before.values())


def test_counting_goes_on_as_if_it_had_been_this_version_all_along(old: Ledger, whole: Whole, version: int) -> None:
    knew = {metric for metric, _, _ in kept(version)["published"]}
    tell(old, second_act)
    now, all_along = numbers(old), whole.numbers
    assert {key: now.get(key) for key in all_along if key[0] in knew} == {
        key: value for key, value in all_along.items() if key[0] in knew
    }
    assert {key for key in now if key[0] in knew} <= all_along.keys()


def test_reports_add_up_to_the_same(version: int, whole: Whole, tmp_path: Path) -> None:
    path = restore(version, tmp_path)
    with opened(path) as old:
        tell(old, second_act)
        assert list(history.usage(path, BORN, END)) == whole.usage != []


def test_facts_that_wait_are_told_by_this_version(old: Ledger, version: int) -> None:
    facts = [fact for fact in old.pending_facts(CONSUMERS[0], 10_000) if fact.kind not in NEWS]
    told = [json.loads(event.message) for fact in facts for event in events_of(fact)]
    before = [json.loads(text) for text in kept(version)["events"]]
    assert {one["query_id"] for one in told} == {json.loads(fact.body)["query_id"] for fact in facts}
    assert all(then.items() <= now.items() for then, now in zip(before, told, strict=True))
    rows = [row_of(fact, "kept") for fact in facts]
    assert [len(row.values) if row else None for row in rows] == [len(COLUMNS)] * len(facts)


def test_the_second_act_would_show_a_number_that_was_lost(old: Ledger, whole: Whole) -> None:
    """The comparison above is known to be able to fail: without the second act the numbers are not those of the end."""
    assert numbers(old) != whole.numbers
    assert BETWEEN < END
