"""Every generated file, written or compared.

Stage: boards, alerts, reference, tables -> grafana -> **build** -> files. A file is made in memory and compared byte
for byte; what stands in a generated folder and comes from nowhere is an orphan.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from athena_dashboards import reference, tables
from athena_dashboards.alerts import files as alerts
from athena_dashboards.alerts.said import RUNBOOK
from athena_dashboards.boards import BOARDS
from athena_dashboards.grafana import dashboard_json
from athena_dashboards.model import SignalError

GENERATED = "dashboards/generated"
FOLDERS = (GENERATED, *alerts.FOLDERS)
"""Whose every file is generated: what else stands there is an orphan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A file that is not what the code says. `kind`: missing, stale or orphan."""

    path: str
    kind: str
    detail: str = ""

    def __str__(self) -> str:
        """One line."""
        return f"{self.kind}: {self.path}{f' ({self.detail})' if self.detail else ''}"


def generated(runbook: str = RUNBOOK) -> dict[str, str]:
    """Path within the repository -> text. `runbook`: where alerts link to; docs/runbook.md, if it is not published.

    Raises:
        SignalError: a panel's queries can't be built; names the dashboard and the panel.
        RuleError: a rule can't be built; names it.
    """
    documents = {reference.PATH: reference.text(), tables.PATH: tables.text()}
    return {**dict(_dashboards()), **alerts.generated(runbook), **documents}


def _dashboards() -> Iterator[tuple[str, str]]:
    for board in BOARDS:
        try:
            document = dashboard_json(board)
        except SignalError as error:
            raise SignalError(f"{board.uid}: {error}") from error
        yield f"{GENERATED}/{board.uid}.json", json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write(root: Path, runbook: str = RUNBOOK) -> list[Difference]:
    """Make the tree what the code says, orphans removed; what was different before."""
    files = generated(runbook)
    found = differences(root, files)
    for one in found:
        path = root / one.path
        if one.kind == "orphan":
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[one.path], encoding="utf-8")
    return found


def differences(root: Path, files: Mapping[str, str]) -> list[Difference]:
    """Where the tree is not what the code says, by path."""
    found = [one for path, text in files.items() if (one := _compared(root, path, text)) is not None]
    found += [Difference(path=path, kind="orphan") for path in _present(root) if path not in files]
    return sorted(found, key=lambda one: one.path)


def _compared(root: Path, path: str, text: str) -> Difference | None:
    try:
        present = (root / path).read_bytes()
    except FileNotFoundError:
        return Difference(path=path, kind="missing")
    if present == text.encode():
        return None
    return Difference(
        path=path, kind="stale", detail=_panels_that_differ(present, text) if path.endswith(".json") else ""
    )


def _panels_that_differ(present: bytes, text: str) -> str:
    """The titles of a dashboard's panels that differ."""
    try:
        before, after = _panels(json.loads(present)), _panels(json.loads(text))
    except (ValueError, TypeError, AttributeError):
        return "not readable"
    changed = sorted(title for title in before.keys() | after.keys() if before.get(title) != after.get(title))
    return f"panels: {', '.join(changed)}" if changed else ""


def _panels(document: object) -> dict[str, object]:
    found: dict[str, object] = {}
    panels = document.get("panels", []) if isinstance(document, dict) else []
    for panel in panels:
        found[panel["title"]] = {key: value for key, value in panel.items() if key != "panels"}
        found |= _panels(panel)
    return found


def _present(root: Path) -> Iterator[str]:
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file():
                yield path.relative_to(root).as_posix()
