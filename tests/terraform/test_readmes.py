"""The README of each module says what its files say."""

from collections.abc import Callable
from pathlib import Path

import pytest
from terraform_readme import BEGIN, blocks, readme
from terraforming import MODULES, Plan

OWN = (
    "athena-workgroups", "audit-trail", "event-logs", "events", "exporter", "grafana-read-role", "history",
    "metrics-store",
)  # fmt: skip  # a list of words


@pytest.mark.parametrize("name", OWN)
def test_its_tables_are_those_of_its_files(name: str, golden: Callable[[Path, str], None]) -> None:
    golden(MODULES / name / "README.md", readme(MODULES / name))


@pytest.mark.parametrize("name", OWN)
def test_it_has_words_of_a_person_before_the_tables(name: str) -> None:
    written, _, generated = (MODULES / name / "README.md").read_text(encoding="utf-8").partition(BEGIN)
    assert len(written) > 300
    assert generated


@pytest.mark.process
@pytest.mark.terraform
@pytest.mark.parametrize("name", OWN)
def test_the_files_are_read_as_terraform_reads_them(name: str, world: Plan) -> None:
    calls = world.told["configuration"]["root_module"]["module_calls"]
    module = next(call["module"] for call in calls.values() if call["source"].endswith(f"/{name}"))
    found = list(blocks(MODULES / name))
    inputs = {one.labels[0]: one for one in found if one.kind == "variable"}
    assert {key: one["description"] for key, one in module["variables"].items()} == {
        key: one.description for key, one in inputs.items()
    }
    required = {key for key, one in module["variables"].items() if "default" not in one}
    assert required == {key for key, one in inputs.items() if "default" not in one.arguments}
    assert module["outputs"].keys() == {one.labels[0] for one in found if one.kind == "output"}
    assert {(one["type"], one["name"]) for one in module["resources"] if one["mode"] == "managed"} == {
        one.labels for one in found if one.kind == "resource"
    }
