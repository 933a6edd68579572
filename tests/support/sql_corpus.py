"""Statements of Athena, with the tables they name: tests/corpus/statements.yml."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

CORPUS: Sequence[Mapping[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[1] / "corpus" / "statements.yml").read_text(encoding="utf-8")
)
STATEMENTS: Sequence[str] = [row["sql"] for row in CORPUS]
READABLE: Sequence[str] = [row["sql"] for row in CORPUS if "unparsed" not in row]
