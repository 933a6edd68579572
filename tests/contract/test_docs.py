"""Why these tests exist: a document is true only as long as a test reads it."""

import re
from pathlib import Path

import pytest

from athena_exporter import catalog
from athena_exporter.ledger import schema

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"])
TESTS = "\n".join(path.read_text() for path in sorted((ROOT / "tests").rglob("*.py")))


def words(text: str) -> str:
    """A text without its layout."""
    return re.sub(r"\s+", "", text)


def test_architecture_quotes_the_test_of_one_query() -> None:
    quoted = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "architecture.md").read_text(), flags=re.DOTALL)
    assert quoted
    code = words((ROOT / "tests" / "test_one_query.py").read_text())
    for quote in quoted:
        assert words(quote) in code, quote


def test_architecture_names_the_ledgers_tables() -> None:
    tables = set(re.findall(r"CREATE TABLE (\w+)", schema.TABLES)) - {"meta", "targets"}
    text = (ROOT / "docs" / "architecture.md").read_text()
    assert {table for table in tables if f"`{table}`" not in text} == set()


def test_reliability_names_tests_that_exist() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text()
    functions = set(re.findall(r"\b(test_\w+)\b(?!\.py)", text))
    assert len(functions) > 10
    assert {name for name in functions if f"def {name}(" not in TESTS} == set()
    files = {Path(name).name for name in re.findall(r"[\w/]*test_\w+\.py", text)}
    assert files - {path.name for path in (ROOT / "tests").rglob("*.py")} == set()


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_metric_that_a_document_names_exists(path: Path) -> None:
    text = path.read_text()
    named = set(re.findall(r"\bathena_[a-z_]+(?:_total|_seconds|_bytes|_usd|_queries|_info|_up)\b", text))
    assert named - set(catalog.BY_NAME) == set()


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_link_of_a_document_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []
