"""The READMEs of the Grafana side say what the files say."""

from collections.abc import Callable
from pathlib import Path

import pytest
from terraform_readme import BEGIN, readme
from terraforming import MODULES

OWN = ("grafana-content", "grafana-workspace")


@pytest.mark.parametrize("name", OWN)
def test_its_tables_are_those_of_its_files(name: str, golden: Callable[[Path, str], None]) -> None:
    golden(MODULES / name / "README.md", readme(MODULES / name))


@pytest.mark.parametrize("name", OWN)
def test_it_has_words_of_a_person_before_the_tables(name: str) -> None:
    written, _, generated = (MODULES / name / "README.md").read_text(encoding="utf-8").partition(BEGIN)
    assert len(written) > 300
    assert generated
