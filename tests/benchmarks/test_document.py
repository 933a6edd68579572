"""docs/benchmarks.md has three writers, and none takes away what the other has written."""

from pathlib import Path

import pytest
import run
from document import section, sections, with_section

OLD = """# Benchmarks

Words.

## Machine

A table.

## Peers

Six exporters.

### A part of it

## Memory

Little.
"""


def test_a_section_goes_from_its_heading_to_the_next_of_its_rank() -> None:
    assert section(OLD, "Peers") == "## Peers\n\nSix exporters.\n\n### A part of it"
    assert section(OLD, "Memory") == "## Memory\n\nLittle."
    assert section(OLD, "Peer") is None


def test_a_section_takes_the_place_of_its_predecessor_and_touches_nothing_else() -> None:
    new = with_section(OLD, "## Peers\n\nSeven.\n")
    assert new == OLD.replace("Six exporters.\n\n### A part of it", "Seven.")
    assert with_section(new, section(OLD, "Peers") or "") == OLD


def test_a_section_that_is_new_comes_last() -> None:
    assert with_section("# Benchmarks\n", "## Peers\n\nSix.") == "# Benchmarks\n\n## Peers\n\nSix.\n"


def test_make_bench_keeps_what_make_peers_and_make_soak_have_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "DOCUMENT", tmp_path / "benchmarks.md")
    assert run.with_others("# New\n") == "# New\n"
    run.DOCUMENT.write_text(f"{OLD}\n## Soak\n\nA month.\n", encoding="utf-8")
    assert run.with_others("# New\n\n## Memory\n\nLess.\n") == (
        "# New\n\n## Memory\n\nLess.\n\n## Soak\n\nA month.\n\n## Peers\n\nSix exporters.\n\n### A part of it\n"
    )


def test_a_benchmark_may_print_several_sections() -> None:
    assert sections("## One\n\nA.\n\n### Of it\n\n## Two\n\nB.\n") == ["## One\n\nA.\n\n### Of it", "## Two\n\nB."]


def test_a_section_that_was_measured_by_itself_says_when() -> None:
    facts = [("Date", "2026-11-23 23:00 UTC"), ("Command", "`make bench`"), ("Commit", "1234567")]
    assert run.by_itself("## Memory\n\nMuch.", facts) == (
        "## Memory\n\nMeasured by itself: date 2026-11-23 23:00 UTC; commit 1234567.\n\nMuch."
    )
