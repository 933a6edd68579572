"""The metrics reference: complete, and every name in its prose is one that exists."""

import re

import pytest

from athena_exporter import catalog, config
from athena_exporter.outlets import reference


@pytest.mark.parametrize("metric", catalog.METRICS, ids=lambda metric: metric.name)
def test_a_metric_has_one_line_with_its_type_and_labels(metric: catalog.Metric) -> None:
    lines = [line for line in reference.markdown().splitlines() if line.startswith(f"| `{metric.name}` |")]
    assert len(lines) == 1
    assert f"| {metric.type.value}" in lines[0]
    assert all(f"`{label}`" in lines[0] for label in metric.labels)
    assert ("whole process" in lines[0]) is not metric.common


def test_every_label_is_explained_and_no_other() -> None:
    assert set(reference.LABELS) == {name for metric in catalog.METRICS for name in metric.label_names}


def test_every_metric_that_the_prose_names_exists() -> None:
    named = set(re.findall(r"`(athena_\w+)`", reference.markdown()))
    assert named == set(catalog.BY_NAME)


def test_every_setting_that_the_prose_names_exists() -> None:
    named = set(re.findall(r"`([a-z]+\.[a-z_]+)`", reference.markdown()))
    assert len(named) >= 6
    assert {name for name in named if f"`{name}`" not in config.table()} == set()


def test_every_chapter_of_the_catalogue_has_its_heading() -> None:
    headings = [line.removeprefix("## ") for line in reference.markdown().splitlines() if line.startswith("## ")]
    assert headings[: len(catalog.Group)] == [group.value for group in catalog.Group]
    assert len(set(headings)) == len(headings)


def test_a_pipe_in_a_meaning_stays_inside_its_cell() -> None:
    assert reference._line(("a|b", "c")) == r"| a\|b | c |"


def test_no_line_ends_in_a_space_and_the_file_ends_in_one_newline() -> None:
    text = reference.markdown()
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert all(line == line.rstrip() for line in text.splitlines())
