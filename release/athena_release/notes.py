"""The changelog by versions: what a release says of itself."""

import re
from dataclasses import dataclass
from datetime import date

from athena_release.errors import ReleaseError

UNRELEASED = "Unreleased"
_HEADING = re.compile(r"^## \[(?P<version>[^\]]+)\](?: - (?P<day>\S+))?[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One version's part of the changelog.

    Attributes:
        day: When it was released; None for what is not.
        text: Its words without the heading, in Markdown; may be empty.
    """

    version: str
    day: date | None
    text: str


def sections(changelog: str) -> tuple[Section, ...]:
    """Every version's section in the order of the file, newest first.

    Raises:
        ReleaseError: A day is none, or a version stands twice.
    """
    heads = list(_HEADING.finditer(changelog))
    ends = [*(head.start() for head in heads), len(changelog)][1:]
    found = tuple(
        Section(version=head["version"], day=_day(head), text=changelog[head.end() : end].strip())
        for head, end in zip(heads, ends, strict=True)
    )
    versions = [section.version for section in found]
    twice = sorted({version for version in versions if versions.count(version) > 1})
    if twice:
        raise ReleaseError(f"CHANGELOG.md has more than one section for {', '.join(twice)}")
    return found


def _day(head: re.Match[str]) -> date | None:
    if head["day"] is None:
        return None
    try:
        return date.fromisoformat(head["day"])
    except ValueError as error:
        raise ReleaseError(f"CHANGELOG.md, {head[0]!r}: {head['day']} is no day, write it as 2026-03-10") from error


def notes(changelog: str, version: str) -> str:
    """What is to be told of a version, `Unreleased` for what would be of the next.

    Raises:
        ReleaseError: There is no such section, or nothing in it.
    """
    found = {section.version: section for section in sections(changelog)}
    section = found.get(version.removeprefix("v"))
    if section is None:
        known = ", ".join(found) or "none"
        raise ReleaseError(f"CHANGELOG.md has no section for {version}; it has: {known}", exit_code=2)
    if not section.text:
        raise ReleaseError(f"CHANGELOG.md says nothing of {version}")
    return f"{section.text}\n"


def ready(changelog: str, version: str) -> Section:
    """The section of a version that may be released.

    Raises:
        ReleaseError: It lacks words or a day, or something newer than it was released.
    """
    notes(changelog, version)
    released = [section for section in sections(changelog) if section.version != UNRELEASED]
    if released[0].version != version:
        raise ReleaseError(f"CHANGELOG.md: the newest release is {released[0].version}, the code says {version}")
    if released[0].day is None:
        raise ReleaseError(
            f"CHANGELOG.md: {version} has no day; write `## [{version}] - 2026-03-10`, with the real one"
        )
    return released[0]
