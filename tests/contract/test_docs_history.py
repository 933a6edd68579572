"""Why these tests exist: people write SQL from docs/history.md; its tables must be those of the code."""

import re
from collections.abc import Callable
from pathlib import Path

from athena_exporter.config import Config
from athena_exporter.config.history import HistorySettings
from athena_exporter.library.table import COLUMNS, TABLE, VIEW
from athena_exporter.outlets.history.reference import columns, costs

PATH = Path(__file__).resolve().parents[2] / "docs" / "history.md"


def with_region(text: str, name: str, content: str) -> str:
    """The text with `content` between the two marks of this name."""
    marked = re.compile(rf"(<!-- {name} -->\n).*(<!-- /{name} -->)", re.DOTALL)
    assert marked.search(text), f"docs/history.md lacks its marks for {name}"
    return marked.sub(lambda found: f"{found[1]}{content}\n{found[2]}", text)


def test_its_tables_are_the_declared_columns_and_the_reckoned_costs(golden: Callable[[Path, str], None]) -> None:
    golden(PATH, with_region(with_region(PATH.read_text(), "columns", columns()), "costs", costs()))


def test_every_column_stands_in_it_with_its_comment() -> None:
    text = PATH.read_text()
    assert [one.name for one in COLUMNS if f"| `{one.name}` | `{one.type.value}` | {one.comment} |" not in text] == []
    assert {f"`{name}`" for name in (TABLE, VIEW)} <= set(re.findall(r"`[^`\n]+`", text))


def test_every_setting_that_it_names_exists() -> None:
    named = set(re.findall(r"`history\.(\w+)", PATH.read_text()))
    assert named <= set(HistorySettings.model_fields)
    assert named >= {"enabled", "window", "max_rows", "compact", "kms_key"}
    assert Config().history.enabled is False
