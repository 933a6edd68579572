"""What a look at a dashboard and an evaluation of the alert rules ask: read from the generated files, not guessed.

Stage: dashboards/generated, provisioning/terraform/rules.json, series -> **looks** -> bill. The samples are an upper
bound: every series of a metric is counted, whatever a query's filters leave of them.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from athena_exporter import catalog
from athena_exporter.costs.deployment.company import EXPANDED, SCRAPE_SECONDS, Company
from athena_exporter.costs.deployment.series import series_of

_DAY = 86_400
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": _DAY, "w": 7 * _DAY}
_SELECTED = re.compile(
    r'\b(athena_\w+?)(?:_bucket|_sum|_count)?(?:\{(?:"(?:[^"\\]|\\.)*"|[^"}])*\})?(?:\[([^\]:]+)\])?(?=$|[^\w{\[])'
)
_POINTS = 300
"""Steps of a graph: Grafana chooses one a few pixels."""
_RATE_INTERVAL = 4
"""Scrapes in `$__rate_interval`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The generated files: every dashboard by its uid, and the rules' groups by name."""

    dashboards: Mapping[str, Mapping[str, Any]]
    rules: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, root: Path) -> "Shown":
        """Read them below the repository's root."""
        folder = root / "dashboards" / "generated"
        boards = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
        rules = json.loads((root / "provisioning" / "terraform" / "rules.json").read_text(encoding="utf-8"))
        return cls(dashboards={str(one["uid"]): one for one in boards}, rules=rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Of one loading of a dashboard: PromQL's samples, CloudWatch's metrics, seconds of logs, Athena's queries."""

    samples: float = 0
    metrics: float = 0
    log_seconds: float = 0
    questions: float = 0

    def __add__(self, other: "Look") -> "Look":
        """Both."""
        return Look(
            samples=self.samples + other.samples,
            metrics=self.metrics + other.metrics,
            log_seconds=self.log_seconds + other.log_seconds,
            questions=self.questions + other.questions,
        )

    def times(self, factor: float) -> "Look":
        """So often."""
        return Look(
            samples=self.samples * factor,
            metrics=self.metrics * factor,
            log_seconds=self.log_seconds * factor,
            questions=self.questions * factor,
        )


def refresh_seconds(board: Mapping[str, Any]) -> float | None:
    """How often a dashboard loads again by itself; None for never."""
    return seconds(str(board["refresh"])) if board.get("refresh") else None


def look(board: Mapping[str, Any], company: Company) -> Look:
    """One loading; what lies in a closed row counts for the share of looks that open it."""
    reach = seconds(str(board["time"]["from"]).removeprefix("now-"))
    parts = (
        _target(target, company, reach).times(EXPANDED.value if is_closed else 1)
        for target, is_closed in _targets(board["panels"], is_closed=False)
    )
    return sum(parts, Look())


def evaluations(shown: Shown, company: Company, days: float) -> float:
    """Samples that the alert rules read in so many days."""
    return sum(
        _samples(str(data["model"]["expr"]), company, float(data["relative_time_range"]["from"]), points=1)
        * (days * _DAY / float(group["interval_seconds"]))
        for group in shown.rules.values()
        for rule in group["rules"]
        for data in rule["data"]
        if "expr" in data["model"]
    )


def seconds(text: str) -> float:
    """`90m` or `1d12h` as seconds."""
    parts = re.findall(r"(\d+)([smhdw])", text)
    if not parts:
        raise ValueError(f"{text!r} is no duration: write 90m or 7d")
    return float(sum(int(number) * _UNITS[unit] for number, unit in parts))


def _targets(panels: Any, *, is_closed: bool) -> Iterator[tuple[Mapping[str, Any], bool]]:
    for panel in panels:
        yield from _targets(panel.get("panels", ()), is_closed=is_closed or bool(panel.get("collapsed")))
        for target in panel.get("targets", ()):
            yield {"datasource": panel.get("datasource"), **target}, is_closed


def _target(target: Mapping[str, Any], company: Company, reach: float) -> Look:
    if "expr" in target:
        points = 1 if target.get("instant") else _POINTS
        return Look(samples=_samples(str(target["expr"]), company, reach, points=points))
    if target.get("queryMode") == "Metrics":
        # One metric for each workgroup that the drop-down has; the type is one of two, DML by default.
        return Look(metrics=1 if "$workgroup" in str(target["dimensions"]) else company.workgroups)
    if target.get("queryMode") == "Logs":
        return Look(log_seconds=reach)
    return Look(questions=1)


def _samples(expression: str, company: Company, reach: float, *, points: int) -> float:
    """Every selector reads its series at each step: the newest sample, or all of its window."""
    return sum(
        series_of(catalog.BY_NAME[name], company, cloudwatch=True) * points * _window(window, reach)
        for name, window in _SELECTED.findall(expression)
        if name in catalog.BY_NAME
    )


def _window(text: str, reach: float) -> float:
    """Samples of one series in a selector's window."""
    if not text:
        return 1
    if "$__rate_interval" in text:
        return _RATE_INTERVAL
    return max(1.0, (reach if "$__range" in text else seconds(text)) / SCRAPE_SECONDS.value)
