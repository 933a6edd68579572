"""The commands, each called by a target of the Makefile: the one place that reads the clock and writes files."""

import hashlib
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import click

from athena_release import advisories, audit, licences, locks, notes, sbom
from athena_release.errors import ReleaseError
from athena_release.tree import Tree

P = ParamSpec("P")
_ROOT = Path(__file__).resolve().parents[2]
_SUMS = "SHA256SUMS"
_root = click.option(
    "--root", type=click.Path(path_type=Path, exists=True, file_okay=False), default=_ROOT, help="The work tree."
)


def _said(command: Callable[P, None]) -> Callable[P, None]:
    """What can go wrong, as one line each and an exit code."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except ReleaseError as error:
            for line in str(error).splitlines():
                click.echo(f"release: {line}", err=True)
            sys.exit(error.exit_code)

    return wrapped


@click.group()
def main() -> None:
    """What a release is made of beside the code."""


@main.command("audit")
@_root
@click.option("--program", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True,
              help="pip-audit, of the scanners' own environment.")  # fmt: skip  # as the others
@click.option("--advisories", "folder", type=click.Path(path_type=Path), help="A local database in OSV's format.")
@click.option("--url", help="Another service that answers as OSV's does.")
@_said
def audit_command(root: Path, program: Path, folder: Path | None, url: str | None) -> None:
    """Known vulnerabilities of everything that is locked.

    Exit code 1 for one that nobody has accepted with a reason, 3 if the advisory service can't be reached.
    """
    tree = Tree(root=root)
    locked = {path.stem: locks.read(path) for path in sorted(tree.requirements.glob("*.txt"))}
    decided = audit.accepted(tree.requirements / "advisories.toml")
    if folder is None:
        found, asked = audit.findings(locked, program, url), url or "OSV"
    else:
        known = advisories.database(folder)
        with advisories.serving(known) as local:
            found, asked = audit.findings(locked, program, local), f"{folder}, last changed {known.newest[:10]}"
    fine, faults = audit.verdict(found, decided, today=datetime.now(UTC).date(), all_known=folder is None)
    for line in fine:
        click.echo(f"audit: {line}")
    if faults:
        raise ReleaseError("\n".join(faults))
    versions = sum(map(len, audit.rounds(locked)))
    told = f"{len(found)} advisories, all accepted" if found else "no advisory is known"
    click.echo(f"audit: {versions} versions in {len(locked)} locks, {told} ({asked})")


@main.command("sbom")
@_root
@click.option("--schemas", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True,
              help="A folder with CycloneDX's JSON schemas, to judge the bill by.")  # fmt: skip  # as the others
@_said
def sbom_command(root: Path, schemas: Path) -> None:
    """Write the bill of materials into dist/, CycloneDX in JSON, if its schema has no objection."""
    tree = Tree(root=root)
    of, locked = locks.project(tree.pyproject), locks.read(tree.runtime)
    found = licences.licensed(locked, licences.policy(tree.requirements / "licences.toml"), licences.installed)
    bill = sbom.bill(of, tree.version, locked, found, tree.committed())
    faults = sbom.faults(bill, schemas)
    if faults:
        raise ReleaseError("\n".join(f"the bill of materials is not valid: {fault}" for fault in faults))
    tree.dist.mkdir(exist_ok=True)
    path = tree.dist / f"{of.name}-{tree.version}.cdx.json"
    path.write_text(json.dumps(bill, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    click.echo(f"sbom: {path.relative_to(root)}, {len(locked)} components, CycloneDX {sbom.SPECIFICATION}, valid")


@main.command("notes")
@_root
@click.argument("version", required=False)
@_said
def notes_command(root: Path, version: str | None) -> None:
    """Print what the changelog says of VERSION, by default the code's (`Unreleased`: what would be of the next)."""
    tree = Tree(root=root)
    click.echo(notes.notes(tree.changelog, version or tree.version), nl=False)


@main.command("ready")
@_root
@click.option("--tag", help="The tag that is being released; it must name the code's version.")
@_said
def ready_command(root: Path, tag: str | None) -> None:
    """Whether the work tree may be released: committed, told of, and not released before."""
    tree = Tree(root=root)
    version = tree.version
    if tag is not None and tag != f"v{version}":
        raise ReleaseError(f"the tag is {tag}, the code says {version}: tag v{version}, or change the code")
    section = notes.ready(tree.changelog, version)
    if changed := tree.changed():
        raise ReleaseError(f"not committed: {', '.join(changed[:5])}{' ...' if changed[5:] else ''}")
    earlier = tree.tagged(version)
    if earlier not in {None, tree.git("rev-parse", "HEAD")}:
        raise ReleaseError(f"v{version} is released already, at {earlier}: change __version__")
    click.echo(f"ready: {version} of {section.day}")


@main.command("sums")
@_root
@_said
def sums_command(root: Path) -> None:
    """Write the SHA-256 of every file of dist/ beside them, as `sha256sum --check` reads it."""
    dist = Tree(root=root).dist
    files = sorted(path for path in dist.glob("*") if path.is_file() and path.name != _SUMS)
    if not files:
        raise ReleaseError(f"there is nothing in {dist}: make wheel", exit_code=2)
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (dist / _SUMS).write_text("".join(lines), encoding="utf-8")
    click.echo(f"sums: {len(files)} files in {_SUMS}")
