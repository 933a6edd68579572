"""The licences of what is shipped: read from the packages' own metadata, judged, and listed in docs/licences.md."""

import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from importlib import metadata
from pathlib import Path

from athena_release import locks, spdx
from athena_release.errors import ReleaseError
from athena_release.locks import Pin, Project

_A_LINE = 60
"""Letters: a longer field `License` is the licence's text and not its name."""

Says = Callable[[Pin], str | None]
"""What the metadata of a locked package says of its licence; None if that version is not at hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What somebody has read: a package's licence, where its metadata doesn't give it as an SPDX expression.

    Attributes:
        version: The only one it holds for; None for all that say the same.
        says: The words of the metadata at that time.
        read: Which file told more.
    """

    package: str
    version: str | None
    says: str
    licence: str
    read: str

    def is_about(self, pin: Pin) -> bool:
        """Whether it holds for a locked package."""
        return self.package == pin.name and self.version in {None, pin.version}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Which licences are allowed, and what was declared."""

    allowed: tuple[str, ...]
    declared: tuple[Declared, ...]


def policy(path: Path) -> Policy:
    """Read requirements/licences.toml.

    Raises:
        ReleaseError: It is missing, no TOML, or lacks something.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        declared = tuple(Declared(**{"version": None, **entry}) for entry in document["declared"])
        return Policy(allowed=tuple(document["allowed"]), declared=declared)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise ReleaseError(f"{path}: {error}", exit_code=2) from error


def installed(pin: Pin) -> str | None:
    """What the metadata of the installed package says; None if another version, or none, is installed."""
    try:
        found = metadata.distribution(pin.name)
    except metadata.PackageNotFoundError:
        return None
    return said(found.metadata) if found.version == pin.version else None


def said(told: metadata.PackageMetadata | Message) -> str:
    """The licence in the words of a package's metadata: its expression, else its name, else its classifiers."""
    spoken = told["License-Expression"] or ""
    named = (told["License"] or "").strip()
    classified = [line.rpartition(" :: ")[2] for line in told.get_all("Classifier") or () if line.startswith("License")]
    short = named if len(named) <= _A_LINE and "\n" not in named else ""
    return spoken or short or " and ".join(classified) or "nothing"


def licensed(locked: Sequence[Pin], rules: Policy, says: Says) -> dict[Pin, str]:
    """Every locked package's licence as an SPDX expression, all of them allowed.

    Raises:
        ReleaseError: One line for each package whose licence is unknown, changed or not allowed.
    """
    found = {pin: _judged(pin, rules, says(pin)) for pin in locked}
    faults = [fault for _, fault in found.values() if fault] + list(_needless(locked, rules))
    if faults:
        raise ReleaseError("\n".join(faults))
    return {pin: licence for pin, (licence, _) in found.items()}


def _judged(pin: Pin, rules: Policy, says: str | None) -> tuple[str, str | None]:
    """A licence, and what is wrong with it."""
    named = f"{pin.name} {pin.version}"
    declared = next((one for one in rules.declared if one.is_about(pin)), None)
    if pin.marker and (declared is None or declared.version is None):
        return "", f"{named} is for some machines only ({pin.marker}): declare the licence of this very version"
    if says is None and not pin.marker:
        return "", f"{named} is not installed here: make setup"
    if declared and says is not None and says != declared.says:
        return "", f"{named} says {says!r} and said {declared.says!r} when it was read: read its licence anew"
    licence = spdx.expression(declared.licence if declared else says or "")
    if licence is None:
        return "", f"{named} says {says!r}, which is no SPDX expression: read its licence and declare it"
    refused = sorted(spdx.refused(licence, rules.allowed))
    return licence, f"{named} is under {' and '.join(refused)}, which is not allowed" if refused else None


def _needless(locked: Sequence[Pin], rules: Policy) -> Iterator[str]:
    for one in rules.declared:
        if not any(one.is_about(pin) for pin in locked):
            version = f" {one.version}" if one.version else ""
            yield f"{one.package}{version} is declared and not locked: remove it"


_HEAD = """# Licences

What a release ships beside its own code, which is under {licence}: the packages of `requirements/runtime.txt`, with the
licence that their metadata gives, or that their licence file was read to be (`requirements/licences.toml`). This page
is written by `make generated ARGS='-k licences --update-golden'`, and `make sbom` writes the same as CycloneDX.

Allowed are {allowed}.
Any other is refused by name when the tests run.

Wheels may bundle libraries of others (OpenBLAS in numpy, FreeType in matplotlib and pillow, Arrow's in pyarrow).
Metadata doesn't always name those; their licences lie beside each package, in the image under
`/opt/venv/lib/python*/site-packages`. What the image's base brings is in the bill that its build attaches to it.

"""


def document(of: Project, locked: Sequence[Pin], licences: Mapping[Pin, str], rules: Policy) -> str:
    """docs/licences.md: a table of packages, and how many are under which licence."""
    head = _HEAD.format(licence=of.licence, allowed=_listed(rules.allowed))
    rows = [_row(pin, extras, licences[pin]) for pin, extras in locks.needed_for(of, locked)]
    sums = [f"| {licence} | {number} |" for licence, number in sorted(Counter(licences.values()).items())]
    return head + "\n".join(
        ["| Package | Version | Licence | Needed for |", "| --- | --- | --- | --- |", *rows, "",
         "| Licence | Packages |", "| --- | ---: |", *sums, ""]
    )  # fmt: skip  # two tables


def _row(pin: Pin, extras: Iterable[str], licence: str) -> str:
    version = f"{pin.version} (`{pin.marker}`)" if pin.marker else pin.version
    return f"| {pin.name} | {version} | {licence} | {', '.join(f'`[{extra}]`' for extra in extras) or 'all'} |"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + f" and {words[-1]}"
