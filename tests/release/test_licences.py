"""Why these tests exist: a licence that nobody has read must not be shipped, and one that changed must be read anew."""

from collections.abc import Mapping
from email.message import Message
from pathlib import Path

import pytest

from athena_release import licences, locks, spdx
from athena_release.errors import ReleaseError
from athena_release.licences import Declared, Policy
from athena_release.locks import Pin

FREE = ("Apache-2.0", "BSD-3-Clause", "GPL-2.0-only WITH Classpath-exception-2.0", "MIT")


@pytest.mark.parametrize(
    ("licence", "refused"),
    [
        ("MIT", set()),
        ("GPL-3.0-only", {"GPL-3.0-only"}),
        ("MIT OR GPL-3.0-only", set()),
        ("MIT AND GPL-3.0-only", {"GPL-3.0-only"}),
        ("GPL-3.0-only AND MIT OR Apache-2.0", set()),
        ("GPL-3.0-only AND (MIT OR Apache-2.0)", {"GPL-3.0-only"}),
        ("(MPL-2.0 OR MIT) AND (LGPL-2.1-only OR AGPL-3.0-only)", {"LGPL-2.1-only", "AGPL-3.0-only"}),
        ("((MIT))", set()),
        ("GPL-2.0-only WITH Classpath-exception-2.0", set()),
        ("GPL-2.0-only", {"GPL-2.0-only"}),
        ("MIT AND GPL-2.0-only WITH GCC-exception-2.0", {"GPL-2.0-only WITH GCC-exception-2.0"}),
    ],
)
def test_an_expression_is_judged_as_spdx_reads_it(licence: str, refused: set[str]) -> None:
    assert spdx.expression(licence) == licence
    assert spdx.refused(licence, FREE) == refused


@pytest.mark.parametrize("text", ["Dual License", "BSD License", "MIT AND", "", "Proprietary"])
def test_what_is_no_expression_is_none(text: str) -> None:
    assert spdx.expression(text) is None


def metadata(*fields: tuple[str, str]) -> Message:
    told = Message()
    for name, value in fields:
        told[name] = value
    return told


CLASSIFIERS = [("Classifier", "License :: OSI Approved :: BSD License"), ("Classifier", "Typing :: Typed")]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ([("License-Expression", "MIT"), ("License", "other"), *CLASSIFIERS], "MIT"),
        ([("License", "Apache 2.0"), *CLASSIFIERS], "Apache 2.0"),
        ([("License", "Copyright\nAll rights"), *CLASSIFIERS], "BSD License"),
        ([("License", "word " * 40), *CLASSIFIERS], "BSD License"),
        (CLASSIFIERS, "BSD License"),
        ([], "nothing"),
    ],
)
def test_a_package_says_its_licence_in_one_of_three_ways(fields: list[tuple[str, str]], words: str) -> None:
    assert licences.said(metadata(*fields)) == words


def pin(name: str, version: str = "1.0", marker: str | None = None) -> Pin:
    return Pin(name=name, version=version, marker=marker, hashes=("a" * 64,), via=("product",))


def declared(package: str, says: str, licence: str, version: str | None = None) -> Declared:
    return Declared(package=package, version=version, says=says, licence=licence, read="LICENSE")


def judged(says: Mapping[str, str], *declarations: Declared, locked: list[Pin] | None = None) -> dict[str, str]:
    pins = locked or [pin(name) for name in says]
    rules = Policy(allowed=FREE, declared=declarations)
    found = licences.licensed(pins, rules, lambda one: says.get(one.name))
    return {f"{one.name} {one.version}": licence for one, licence in found.items()}


def test_a_licence_is_taken_from_the_metadata_or_from_who_has_read_it() -> None:
    assert judged({"a": "MIT", "b": "BSD License"}, declared("b", "BSD License", "BSD-3-Clause")) == {
        "a 1.0": "MIT", "b 1.0": "BSD-3-Clause"
    }  # fmt: skip  # a table


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ReleaseError) as raised:
        judged(
            {"copyleft": "AGPL-3.0-only", "vague": "BSD License", "changed": "Proprietary"},
            declared("changed", "MIT", "MIT"),
            declared("gone", "MIT", "MIT"),
        )
    assert str(raised.value).splitlines() == [
        "copyleft 1.0 is under AGPL-3.0-only, which is not allowed",
        "vague 1.0 says 'BSD License', which is no SPDX expression: read its licence and declare it",
        "changed 1.0 says 'Proprietary' and said 'MIT' when it was read: read its licence anew",
        "gone is declared and not locked: remove it",
    ]


def test_a_declaration_does_not_allow_what_is_not_allowed() -> None:
    with pytest.raises(ReleaseError, match=r"a 1.0 is under AGPL-3.0-only, which is not allowed"):
        judged({"a": "Affero"}, declared("a", "Affero", "AGPL-3.0-only"))


def test_a_package_of_other_machines_is_declared_by_its_version() -> None:
    both = [pin("numpy", "2.4", "python_full_version < '3.12'"), pin("numpy", "2.5", "python_full_version >= '3.12'")]
    one = declared("numpy", "MIT", "MIT", "2.4")
    with pytest.raises(ReleaseError, match=r"numpy 2\.5 is for some machines only .*this very version"):
        judged({}, one, locked=both)
    assert judged({}, one, declared("numpy", "MIT", "MIT", "2.5"), locked=both) == {
        "numpy 2.4": "MIT",
        "numpy 2.5": "MIT",
    }


def test_a_package_that_is_not_installed_is_not_guessed_at() -> None:
    with pytest.raises(ReleaseError, match=r"a 1\.0 is not installed here: make setup"):
        judged({}, locked=[pin("a")])


@pytest.mark.parametrize("text", ["", "allowed = [", "allowed = []\n[[declared]]\npackage = 'a'\n"])
def test_a_policy_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "licences.toml"
    path.write_text(text)
    with pytest.raises(ReleaseError, match=r"licences\.toml: ") as raised:
        licences.policy(path)
    assert raised.value.exit_code == 2


def test_the_list_has_every_package_once_and_adds_up() -> None:
    of = locks.Project(name="product", description="", licence="MIT", needs=("a",), extras={"more": ("b",)})
    locked = [pin("a"), pin("b", marker="sys_platform == 'linux'")]
    text = licences.document(
        of, locked, dict(zip(locked, ("MIT", "MIT"), strict=True)), Policy(allowed=FREE, declared=())
    )
    assert "| a | 1.0 | MIT | all |\n| b | 1.0 (`sys_platform == 'linux'`) | MIT | `[more]` |\n" in text
    assert text.endswith("| MIT | 2 |\n")
