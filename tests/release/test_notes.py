"""Why these tests exist: what a release says of itself is what the changelog says, or it is not released."""

from datetime import date
from pathlib import Path

import pytest

from athena_release import notes
from athena_release.errors import ReleaseError

ROOT = Path(__file__).resolve().parents[2]
CHANGELOG = """\
# Changelog

Words about versions.

## [Unreleased]

### Added

- Soon.

## [0.2.0] - 2026-03-10

### Fixed

- One thing, see [docs](docs/a.md).

## [0.1.0]

"""


def test_a_versions_notes_end_where_the_next_begins() -> None:
    assert notes.notes(CHANGELOG, "0.2.0") == "### Fixed\n\n- One thing, see [docs](docs/a.md).\n"
    assert notes.notes(CHANGELOG, "v0.2.0") == notes.notes(CHANGELOG, "0.2.0")
    assert notes.notes(CHANGELOG, "Unreleased") == "### Added\n\n- Soon.\n"
    assert [section.day for section in notes.sections(CHANGELOG)] == [None, date(2026, 3, 10), None]


@pytest.mark.parametrize(
    ("changelog", "version", "complaint"),
    [
        (CHANGELOG, "0.3.0", "no section for 0.3.0; it has: Unreleased, 0.2.0, 0.1.0"),
        ("# Changelog\n", "0.3.0", "no section for 0.3.0; it has: none"),
        (CHANGELOG, "0.1.0", "says nothing of 0.1.0"),
        ("## [1.0.0]\n## [1.0.0]\n", "1.0.0", "more than one section for 1.0.0"),
        ("## [1.0.0] - 10.3.2026\n", "1.0.0", "10.3.2026 is no day, write it as 2026-03-10"),
    ],
)
def test_what_cannot_be_told_is_one_line(changelog: str, version: str, complaint: str) -> None:
    with pytest.raises(ReleaseError) as raised:
        notes.notes(changelog, version)
    assert complaint in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("changelog", "complaint"),
    [
        (CHANGELOG, "the newest release is 0.2.0, the code says 0.1.0"),
        ("## [0.1.0]\n\n- x\n", "0.1.0 has no day"),
        ("## [0.1.0] - 2026-03-10\n", "says nothing of 0.1.0"),
        ("## [Unreleased]\n\n- x\n", "no section for 0.1.0"),
    ],
)
def test_a_version_that_is_not_ready_is_not_released(changelog: str, complaint: str) -> None:
    changelog = changelog.replace("## [0.1.0]\n\n", "## [0.1.0]\n\n- x\n") if changelog is CHANGELOG else changelog
    with pytest.raises(ReleaseError, match=complaint.replace(".", r"\.")):
        notes.ready(changelog, "0.1.0")


def test_a_version_that_is_ready_is() -> None:
    assert notes.ready("## [Unreleased]\n\n## [0.1.0] - 2026-03-10\n\n- x\n", "0.1.0").day == date(2026, 3, 10)


def test_our_own_changelog_is_read() -> None:
    found = notes.sections((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert found[0].version == "Unreleased"
    days = [section.day for section in found[1:]]
    assert None not in days
    assert days == sorted(days, key=str, reverse=True)
