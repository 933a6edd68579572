"""A target's SQL as Grafana and its Athena plug-in send it: variables first, then the plug-in's macros.

Restated from pkg/athena/macros.go of github.com/grafana/athena-datasource: `$__rawTimeFrom` and `$__rawTimeTo` are the
range's ends in UTC, in a format of Java's, whose quotes make a text of them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from panels.grafana import Range, Value, filled

from athena_dashboards.boards import BOARDS
from athena_dashboards.grafana import dashboard_json

_MACRO = re.compile(r"\$__rawTime(From|To)\('([^']*)'\)")
_WORDS = {"yyyy": "%Y", "MM": "%m", "dd": "%d"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A target that asks Athena, with its dashboard's and its panel's JSON."""

    board: Mapping[str, Any]
    panel: Mapping[str, Any]
    target: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.board['uid']}-{self.panel['id']}"


def places() -> Iterator[Place]:
    """Every target of every dashboard that asks Athena; those outside of a collapsed row, too."""
    for one in BOARDS:
        board = dashboard_json(one)
        for panel in (inner for outer in board["panels"] for inner in (outer, *outer.get("panels", ()))):
            for target in panel.get("targets", ()):
                if target["datasource"]["type"] == "grafana-athena-datasource":
                    yield Place(board=board, panel=panel, target=target)


def expanded(sql: str, values: Mapping[str, Value], asked: Range) -> str:
    """The SQL that Athena gets.

    Raises:
        UnknownVariableError: a variable that is not among the values, or another macro.
    """
    ends = {"From": asked.since, "To": asked.until}

    def day(found: re.Match[str]) -> str:
        form = found[2]
        for word, ours in _WORDS.items():
            form = form.replace(word, ours)
        return f"'{ends[found[1]].astimezone(UTC).strftime(form)}'"

    return filled(_MACRO.sub(day, sql), values, "glob")
