"""The locks as data: which version of which package, for whose sake, with which hashes."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from athena_release.errors import ReleaseError

_HEAD = re.compile(r"^(?P<name>[\w.-]+)(?:\[[\w,-]+\])?==(?P<version>[\w.+!-]+)(?: ; (?P<marker>.+?))?(?: \\)?$")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VIA = re.compile(r"^ {4}# (?:via)? *(\w[\w.-]*)?", re.MULTILINE)
_NAME = re.compile(r"^[\w.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One entry of a lock, as `uv pip compile --universal` writes it.

    Attributes:
        name: As package indexes know it: lower case, with hyphens.
        version: The one version.
        marker: Where it is installed, in the words of PEP 508; None for everywhere.
        hashes: SHA-256 of every file that may be installed for it, in hexadecimal.
        via: Which packages asked for it; the project's own name is one of them.
    """

    name: str
    version: str
    marker: str | None = None
    hashes: tuple[str, ...] = field(default=(), repr=False)
    via: tuple[str, ...] = ()

    @property
    def purl(self) -> str:
        """Its package URL, https://github.com/package-url/purl-spec."""
        return f"pkg:pypi/{self.name}@{self.version}"


def canonical(name: str) -> str:
    """A name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> tuple[Pin, ...]:
    """Every entry of a lock, in its order."""
    entries = re.split(r"^(?=\w)", text, flags=re.MULTILINE)
    return tuple(_pin(entry) for entry in entries if entry.strip() and not entry.startswith("#"))


def _pin(entry: str) -> Pin:
    first = entry.splitlines()[0]
    head = _HEAD.match(first)
    if head is None:
        raise ReleaseError(f"not a line of a lock: {first!r}; write it with `make lock`", exit_code=2)
    hashes = tuple(_HASH.findall(entry))
    if not hashes:
        raise ReleaseError(f"{first.split()[0]} is locked without a hash; write the lock with `make lock`", exit_code=2)
    return Pin(
        name=canonical(head["name"]),
        version=head["version"],
        marker=head["marker"],
        hashes=hashes,
        via=tuple(sorted({canonical(name) for name in _VIA.findall(entry) if name})),
    )


def read(path: Path) -> tuple[Pin, ...]:
    """The entries of a lock file.

    Raises:
        ReleaseError: It is missing, empty, or no lock.
    """
    try:
        found = pins(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReleaseError(f"can't read {path}: {error.strerror}", exit_code=2) from error
    if not found:
        raise ReleaseError(f"{path} locks nothing", exit_code=2)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What pyproject.toml says of the product: its name, licence, and who needs what.

    Attributes:
        needs: Names of packages that are always needed.
        extras: Names of packages by the extra that needs them.
    """

    name: str
    description: str
    licence: str
    needs: tuple[str, ...]
    extras: Mapping[str, tuple[str, ...]]


def project(path: Path) -> Project:
    """Read pyproject.toml."""
    declared = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    return Project(
        name=declared["name"],
        description=declared["description"],
        licence=declared["license"],
        needs=_names(declared["dependencies"]),
        extras={extra: _names(needs) for extra, needs in declared["optional-dependencies"].items()},
    )


def _names(requirements: Sequence[str]) -> tuple[str, ...]:
    return tuple(canonical(found[0]) for found in map(_NAME.match, requirements) if found)


def asked(locked: Sequence[Pin], roots: Sequence[str]) -> frozenset[str]:
    """Names of all that these packages need in the end, themselves included."""
    found = set(roots)
    while more := {pin.name for pin in locked if found.intersection(pin.via)} - found:
        found |= more
    return frozenset(found)


def needed_for(of: Project, locked: Sequence[Pin]) -> Iterator[tuple[Pin, tuple[str, ...]]]:
    """Each entry with the extras that need it, none where the product needs it anyway."""
    always = asked(locked, of.needs)
    by_extra = {extra: asked(locked, needs) for extra, needs in of.extras.items()}
    for pin in locked:
        extras = () if pin.name in always else tuple(extra for extra in by_extra if pin.name in by_extra[extra])
        yield pin, extras
