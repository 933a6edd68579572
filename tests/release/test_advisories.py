"""Why these tests exist: a version that an advisory names must be found, in either way that OSV's format names it."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from athena_release import advisories
from athena_release.errors import ReleaseError

CHANGED = "2024-05-06T07:08:09Z"


def advisory(name: str = "Some_Package", **part: Any) -> dict[str, Any]:
    package = {"ecosystem": "PyPI", "name": name}
    return {"id": "PYSEC-2024-1", "modified": CHANGED, "affected": [{"package": package, **part}]}


def events(*pairs: tuple[str, str], kind: str = "ECOSYSTEM") -> dict[str, Any]:
    return advisory(ranges=[{"type": kind, "events": [{key: value} for key, value in pairs]}])


TWO_SPANS = [("introduced", "2.0.0"), ("fixed", "2.0.7"), ("introduced", "0"), ("fixed", "1.26.18")]


@pytest.mark.parametrize(
    ("version", "affected"),
    [("0.1", True), ("1.26.17", True), ("1.26.18", False), ("1.99", False), ("2.0.0", True), ("2.0.6.post1", True),
     ("2.0.7", False), ("3.0", False), ("2.0.0rc1", False)],
)  # fmt: skip  # a table
def test_a_version_lies_in_one_of_several_spans(version: str, affected: bool) -> None:  # noqa: FBT001  pytest passes parameters by name
    assert advisories.affects(events(*TWO_SPANS), "some-package", version) is affected


@pytest.mark.parametrize(("version", "affected"), [("1.0", True), ("1.4", True), ("1.4.1", False), ("0.9", False)])
def test_the_last_affected_version_is_affected(version: str, affected: bool) -> None:  # noqa: FBT001  pytest passes parameters by name
    assert (
        advisories.affects(events(("introduced", "1.0"), ("last_affected", "1.4")), "some.package", version) is affected
    )


def test_what_is_never_fixed_affects_all() -> None:
    assert advisories.affects(events(("introduced", "0")), "some-package", "99.0")


def test_a_listed_version_is_compared_as_a_version() -> None:
    listed = advisory(versions=["1.0", "not-a-version", "1.10"])
    assert advisories.affects(listed, "some-package", "1.10.0")
    assert not advisories.affects(listed, "some-package", "1.1")


def test_a_commit_is_no_version_and_another_package_no_matter() -> None:
    assert not advisories.affects(events(("introduced", "0"), kind="GIT"), "some-package", "1.0")
    assert not advisories.affects(advisory(versions=["1.0"]), "other", "1.0")
    assert not advisories.affects(advisory(versions=["1.0"]), "some-package", "no-version")
    other = advisory(versions=["1.0"])
    other["affected"][0]["package"]["ecosystem"] = "npm"
    assert not advisories.affects(other, "some-package", "1.0")


def test_a_folder_is_read_in_both_forms_and_answers_on_the_wire(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "one.json").write_text(json.dumps(advisory(versions=["1.0"])))
    (tmp_path / "two.yaml").write_text(
        "id: PYSEC-2025-2\nmodified: 2025-01-02T03:04:05.678Z\n"
        "affected:\n- package: {ecosystem: PyPI, name: some-package}\n  versions: ['2.0', 1.0]\n"
    )
    (tmp_path / "README.md").write_text("no advisory")
    known = advisories.database(tmp_path)
    assert known.newest == "2025-01-02T03:04:05.678Z"
    with advisories.serving(known) as url:
        assert {one["id"] for one in asked(url, "Some.Package", "1.0")["vulns"]} == {"PYSEC-2024-1", "PYSEC-2025-2"}
        assert [one["id"] for one in asked(url, "some-package", "2.0")["vulns"]] == ["PYSEC-2025-2"]
        assert asked(url, "some-package", "3.0") == {}


def asked(url: str, name: str, version: str) -> Any:
    question = json.dumps({"package": {"name": name, "ecosystem": "PyPI"}, "version": version}).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=question), timeout=60) as answer:
        return json.load(answer)


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("a.json", "{", "a.json can't be read"),
        ("a.yaml", "a: [", "a.yaml can't be read"),
        ("a.json", "[]", "a.json is no advisory in OSV's format"),
        ("a.json", json.dumps({**advisory(), "affected": []}), "has no advisory about a Python package"),
    ],
)
def test_what_is_no_database_is_named(tmp_path: Path, name: str, text: str, complaint: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ReleaseError) as raised:
        advisories.database(tmp_path)
    assert complaint in str(raised.value)
    assert raised.value.exit_code == 2


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="is no folder of advisories"):
        advisories.database(tmp_path / "none")
