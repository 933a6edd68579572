"""What `athena-exporter check` has found, written down: a table with the mends below it, or JSON.

Stage: cli -> **findings** -> people. AWS's words and names are hostile text: they are shown with every control
character as an escape.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from athena_exporter.outlets.report.render import visible


class Mark(StrEnum):
    """How a finding is to be taken. Only MISSING makes the check fail."""

    OK = "ok"
    NOTE = "note"
    UNKNOWN = "unknown"
    MISSING = "missing"


class Chapter(StrEnum):
    """What a finding is about, in the order in which it is shown."""

    PERMISSIONS = "permissions"
    SETUP = "set-up"
    ACCOUNT = "account"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line. `where` is the target (`123456789012 eu-west-1`), `` for the machine itself.

    `mend` says what to do; `statement` is what to add to a policy; `principal` to whose, as AWS named it.
    """

    chapter: Chapter
    mark: Mark
    where: str
    what: str
    words: str
    mend: str | None = None
    principal: str | None = None
    statement: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the configuration will ask of one target in an hour; `usd` at list price."""

    where: str
    requests: float
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Everything that a check has found."""

    findings: Sequence[Finding]
    costs: Sequence[Cost] = field(default=())

    @property
    def missing(self) -> int:
        """How many findings have to be mended."""
        return sum(1 for finding in self.findings if finding.mark is Mark.MISSING)


_STYLES: Mapping[Mark, tuple[str, str]] = {
    Mark.OK: ("ok", "green"),
    Mark.NOTE: ("note", "cyan"),
    Mark.UNKNOWN: ("unknown", "yellow"),
    Mark.MISSING: ("MISSING", "bold red"),
}


def to_json(result: Result) -> str:
    """`missing`, `findings` and `costs_an_hour`; None where a finding has no such thing. ASCII only."""
    return (
        json.dumps(
            {
                "missing": result.missing,
                "findings": [_finding_json(finding) for finding in result.findings],
                "costs_an_hour": [
                    {"where": cost.where, "requests": round(cost.requests, 1), "usd": round(cost.usd, 6)}
                    for cost in result.costs
                ],
            },
            indent=2,
        )
        + "\n"
    )


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "chapter": finding.chapter.value,
        "mark": finding.mark.value,
        "where": finding.where,
        "what": finding.what,
        "words": finding.words,
        "mend": finding.mend,
        "principal": finding.principal,
        "statement": finding.statement,
    }


def show(result: Result, console: Console) -> None:
    """Print a table a chapter, then every mend, then one line with the outcome.

    Mends are printed as they are, whatever the console's width: a statement that is folded cannot be copied.
    """
    several = len({finding.where for finding in result.findings if finding.where}) > 1
    for chapter in Chapter:
        found = [finding for finding in result.findings if finding.chapter is chapter]
        if found:
            console.print(_table(chapter, found, several=several))
    for line in _mends(result):
        console.print(line, soft_wrap=True)
    console.print(_outcome(result))


def _table(chapter: Chapter, found: Sequence[Finding], *, several: bool) -> Table:
    table = Table(title=Text(chapter.value), title_justify="left", box=box.SIMPLE_HEAD, show_header=False,
                  pad_edge=False, collapse_padding=True)  # fmt: skip  # one table
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", max_width=44)
    table.add_column(overflow="fold")
    for finding in found:
        word, style = _STYLES[finding.mark]
        what = f"{finding.what} ({finding.where})" if several and finding.where else finding.what
        table.add_row(Text(word, style=style), Text(visible(what)), Text(visible(finding.words)))
    return table


def _mends(result: Result) -> Iterator[Text]:
    wanting = [finding for finding in result.findings if finding.mend is not None]
    if not wanting:
        return
    yield Text("what to do", style="bold")
    for finding in wanting:
        yield Text(visible(f"  {finding.what}: {finding.mend}"))
        if finding.statement is not None:
            yield Text(_statement(finding.statement))
    yield Text("")


def _statement(statement: Mapping[str, Any]) -> str:
    """JSON with a line for each key, so that it can be read as well as copied."""
    lines = (f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in statement.items())
    return "{\n" + ",\n".join(lines) + "\n}"


def _outcome(result: Result) -> Text:
    if result.missing:
        return Text(f"{result.missing} missing", style="bold red")
    doubtful = sum(1 for finding in result.findings if finding.mark is Mark.UNKNOWN)
    if doubtful:
        return Text(f"nothing is missing, {doubtful} could not be tried", style="yellow")
    return Text("everything is there", style="bold green")
