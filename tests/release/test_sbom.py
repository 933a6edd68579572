"""Why these tests exist: a bill of materials that no tool can read, or that leaves something out, helps nobody."""

import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from athena_release import licences, locks, sbom

ROOT = Path(__file__).resolve().parents[2]
MADE = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
OF = locks.project(ROOT / "pyproject.toml")
LOCKED = locks.read(ROOT / "requirements" / "runtime.txt")


@pytest.fixture(scope="module")
def bill() -> sbom.Bill:
    rules = licences.policy(ROOT / "requirements" / "licences.toml")
    return sbom.bill(OF, "1.2.3", LOCKED, licences.licensed(LOCKED, rules, licences.installed), MADE)


def test_the_formats_own_schema_has_no_objection(bill: sbom.Bill, schemas: Path) -> None:
    assert sbom.faults(bill, schemas) == []


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (("components", 0, "type"), "package", "$.components[0].type"),
        (("components", 3, "licenses", 0), {"license": {"id": "No-Such-Licence"}}, "$.components[3].licenses"),
        (("serialNumber",), "urn:uuid:1", "$.serialNumber"),
        (
            ("components", 0, "externalReferences", 0, "hashes", 0, "content"),
            "abc",
            "$.components[0].externalReferences",
        ),
        (("dependencies", 0, "needs"), [], "$.dependencies[0]"),
        (("specVersion",), 1.6, "$.specVersion"),
    ],
)
def test_the_schema_sees_what_is_wrong(
    bill: sbom.Bill, schemas: Path, path: tuple[str | int, ...], value: Any, where: str
) -> None:
    wrong: Any = copy.deepcopy(bill)
    place = wrong
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    found = sbom.faults(wrong, schemas)
    assert found
    assert found[0].startswith(where)


def test_every_locked_package_is_a_component_with_its_hashes(bill: sbom.Bill) -> None:
    found = {one["purl"]: {hashed["content"] for hashed in one["externalReferences"][0]["hashes"]}
             for one in bill["components"]}  # fmt: skip  # a table
    assert found == {pin.purl: set(pin.hashes) for pin in LOCKED}
    assert len(found) == len(LOCKED) > 30


def test_every_component_is_reached_from_the_product(bill: sbom.Bill) -> None:
    needs = {edge["ref"]: edge["dependsOn"] for edge in bill["dependencies"]}
    product = bill["metadata"]["component"]["bom-ref"]
    reached, waiting = set(), [product]
    while waiting:
        one = waiting.pop()
        if one not in reached:
            reached.add(one)
            waiting += needs[one]
    assert reached == {product, *(one["bom-ref"] for one in bill["components"])}
    assert reached == needs.keys()


def test_what_only_an_extra_needs_is_optional(bill: sbom.Bill) -> None:
    scopes = {one["name"]: one["scope"] for one in bill["components"]}
    assert (scopes["boto3"], scopes["six"]) == ("required", "required")
    assert (scopes["pyarrow"], scopes["matplotlib"], scopes["contourpy"]) == ("optional", "optional", "optional")
    told = {
        one["purl"]: {each["name"]: each["value"] for each in one.get("properties", ())} for one in bill["components"]
    }
    assert {"athena:extras": "history"} in told.values()
    assert [pin for pin in LOCKED if pin.marker] == [pin for pin in LOCKED if "athena:marker" in told[pin.purl]]


def test_the_same_lock_gives_the_same_bill_and_another_one_another_number(bill: sbom.Bill) -> None:
    said = dict.fromkeys(LOCKED, "MIT")
    again, later = sbom.bill(OF, "1.2.3", LOCKED, said, MADE), sbom.bill(OF, "1.2.4", LOCKED, said, MADE)
    fewer = sbom.bill(OF, "1.2.3", LOCKED[1:], said, MADE)
    assert again["serialNumber"] == bill["serialNumber"]
    assert len({one["serialNumber"] for one in (bill, later, fewer)}) == 3
    assert bill["metadata"]["timestamp"] == "2026-03-10T12:30:00Z"
    assert "timestamp" not in sbom.bill(OF, "1.2.3", LOCKED, said, None)["metadata"]
