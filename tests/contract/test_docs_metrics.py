"""docs/metrics.md is what the catalogue says today."""

from collections.abc import Callable
from pathlib import Path

from athena_exporter.outlets.reference import markdown

ROOT = Path(__file__).resolve().parents[2]


def test_the_committed_metrics_reference_is_the_catalogues(golden: Callable[[Path, str], None]) -> None:
    golden(ROOT / "docs" / "metrics.md", markdown())
