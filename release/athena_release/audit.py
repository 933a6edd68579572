"""Known vulnerabilities of everything that is locked, by pip-audit, and what was decided about each.

The locks are universal and pip-audit is not: it reads one machine's markers, and one version a package. So the locks
are laid together, without markers, into as many lists as the package with most versions needs.
"""

import json
import os
import subprocess
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from athena_release import locks
from athena_release.errors import ReleaseError
from athena_release.locks import Pin

OUT_OF_REACH = 3
_UNREACHABLE = ("requests.exceptions", "ServiceError", "Could not connect", "JSONDecodeError")
_PATIENCE_SECONDS = 15
Locks = Mapping[str, Sequence[Pin]]
"""The name of a lock -> its entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One advisory about one locked version.

    Attributes:
        ids: Its id, then its other names, such as CVE's.
        fixed: Versions without it, oldest first; none where nobody has mended it.
        locked_in: Names of the locks that hold the version.
    """

    package: str
    version: str
    ids: tuple[str, ...]
    fixed: tuple[str, ...]
    locked_in: tuple[str, ...]

    def __str__(self) -> str:
        """One line for people."""
        fixed = f"fixed in {', '.join(self.fixed)}" if self.fixed else "not fixed anywhere"
        return f"{self.package} {self.version} ({', '.join(self.locked_in)}): {' '.join(self.ids)}, {fixed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """An advisory that somebody has decided to live with.

    Attributes:
        id: Any of its names.
        reason: Why it does no harm here, or what is done instead.
        decided: When.
        until: When it has to be decided anew.
    """

    id: str
    package: str
    reason: str
    decided: date
    until: date

    def is_about(self, finding: Finding) -> bool:
        """Whether it was this that was decided."""
        return self.package == finding.package and self.id in finding.ids


def accepted(path: Path) -> tuple[Accepted, ...]:
    """Read requirements/advisories.toml.

    Raises:
        ReleaseError: It is no TOML, or an entry lacks a reason or a day.
    """
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("accepted", [])
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ReleaseError(f"{path}: {error}", exit_code=2) from error
    return tuple(_accepted(path, entry) for entry in entries)


def _accepted(path: Path, entry: Mapping[str, Any]) -> Accepted:
    try:
        found = Accepted(**entry)
    except TypeError as error:
        wanted = ", ".join(Accepted.__slots__)
        raise ReleaseError(f"{path}: an entry has {', '.join(entry)}, it needs {wanted}", exit_code=2) from error
    days = all(isinstance(entry[day], date) for day in ("decided", "until"))
    if not days or len(found.reason.split()) < 2 or found.until <= found.decided:  # noqa: PLR2004  a word is no reason
        raise ReleaseError(
            f"{path}: {found.id} needs a reason in words, and two days without quotes, `until` after `decided`",
            exit_code=2,
        )
    return found


def rounds(locked: Locks) -> list[list[Pin]]:
    """All locked versions, each once, in lists that hold one version a package."""
    versions: dict[str, dict[str, Pin]] = defaultdict(dict)
    for pin in (pin for pins in locked.values() for pin in pins):
        versions[pin.name].setdefault(pin.version, pin)
    deepest = max((len(found) for found in versions.values()), default=0)
    return [[list(found.values())[at] for found in versions.values() if at < len(found)] for at in range(deepest)]


def findings(locked: Locks, program: Path, url: str | None) -> list[Finding]:
    """Ask pip-audit about all locks.

    Args:
        locked: The locks.
        program: pip-audit.
        url: Who answers as OSV does; None for OSV itself.

    Raises:
        ReleaseError: The service can't be reached, or pip-audit fails.
    """
    found: list[Finding] = []
    for pins in rounds(locked):
        with TemporaryDirectory() as folder:
            listed = Path(folder) / "locked.txt"
            listed.write_text("".join(f"{pin.name}=={pin.version} --hash=sha256:{pin.hashes[0]}\n" for pin in pins))
            found += _findings(_asked(program, listed, url), locked)
    return sorted(found, key=lambda finding: (finding.package, finding.version, finding.ids))


def _asked(program: Path, listed: Path, url: str | None) -> Mapping[str, Any]:
    command = [
        str(program), "--requirement", str(listed), "--disable-pip", "--vulnerability-service", "osv",
        "--format", "json", "--aliases", "on", "--desc", "off", "--progress-spinner", "off",
        "--timeout", str(_PATIENCE_SECONDS), "--cache-dir", str(listed.parent / "cache"),
        *(["--osv-url", url] if url else []),
    ]  # fmt: skip  # a command line
    environment = {**os.environ, **({"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"} if url else {})}
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603  a fixed command
    try:
        answer: Mapping[str, Any] = json.loads(run.stdout)
    except ValueError as error:
        raise _failed(run.stderr) from error
    return answer


def _failed(stderr: str) -> ReleaseError:
    last = (stderr.strip().splitlines() or ["it says nothing"])[-1]
    if any(word in stderr for word in _UNREACHABLE):
        return ReleaseError(
            f"the advisory service can't be reached, so nothing is known ({last[:160]}); "
            "with a local database: make audit ADVISORIES=FOLDER",
            exit_code=OUT_OF_REACH,
        )
    return ReleaseError(f"pip-audit failed: {last[:300]}", exit_code=2)


def _findings(answer: Mapping[str, Any], locked: Locks) -> Iterator[Finding]:
    for told in answer["dependencies"]:
        if "skip_reason" in told:
            raise ReleaseError(f"pip-audit left out {told['name']}: {told['skip_reason']}", exit_code=2)
        name, version = locks.canonical(told["name"]), told["version"]
        holding = tuple(lock for lock, pins in locked.items() if (name, version) in {(p.name, p.version) for p in pins})
        for advisory in told["vulns"]:
            yield Finding(
                package=name,
                version=version,
                ids=(advisory["id"], *sorted(set(advisory["aliases"]) - {advisory["id"]})),
                fixed=tuple(advisory["fix_versions"]),
                locked_in=holding,
            )


def verdict(
    found: Sequence[Finding], decided: Sequence[Accepted], *, today: date, all_known: bool
) -> tuple[list[str], list[str]]:
    """What to say of findings and decisions: lines that are fine, and lines that are not.

    Args:
        found: What was found.
        decided: What was accepted.
        today: The day it is.
        all_known: Whether every advisory was looked through, so that one which was not found is gone.
    """
    fine, faults = [], []
    for finding in found:
        reasons = [one for one in decided if one.is_about(finding)]
        valid = [one for one in reasons if today < one.until]
        if valid:
            fine.append(f"{finding}; accepted until {valid[0].until}: {valid[0].reason}")
        elif reasons:
            faults.append(f"{finding}; it was accepted until {reasons[0].until}: decide anew")
        else:
            faults.append(f"{finding}; upgrade it, or accept it with a reason in requirements/advisories.toml")
    needless = [one for one in decided if all_known and not any(one.is_about(finding) for finding in found)]
    faults += [f"{one.id} of {one.package} is accepted and not found any more: remove it" for one in needless]
    return fine, faults
