"""A rule with everything looked up and spoken in one dialect: what all renderings begin with."""

from dataclasses import dataclass
from datetime import timedelta

from athena_dashboards.alerts.model import Rule, RuleError
from athena_dashboards.alerts.places import panel_id
from athena_dashboards.alerts.wording import Dialect, WordingError

RUNBOOK = "docs/runbook.md"
"""What the links to the runbook begin with, unless whoever builds says where it is published."""
SYSTEM = "athena"
"""The value of the label `system` of all our alerts: routing knows them by it."""
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A rule, ready to be written."""

    rule: Rule
    expr: str
    description: str
    runbook_url: str
    panel_id: int

    @property
    def labels(self) -> dict[str, str]:
        """Of every alert, beside those of its series."""
        return {"severity": self.rule.severity.value, "system": SYSTEM, **self.rule.labels}

    @property
    def texts(self) -> dict[str, str]:
        """Annotations that all systems show alike."""
        return {"summary": self.rule.summary, "description": self.description, "runbook_url": self.runbook_url}


def said(rule: Rule, dialect: Dialect, runbook: str = RUNBOOK) -> Said:
    """A rule in one dialect.

    Raises:
        RuleError: its expression, its words or its link can't be made; names the rule.
    """
    expr = rule.asked()
    try:
        description = rule.description.said(dialect, expr, rule.threshold)
    except WordingError as error:
        raise RuleError(f"rule {rule.title}: {error}") from error
    made = Said(
        rule=rule,
        expr=expr.text,
        description=description,
        runbook_url=f"{runbook}#{rule.anchor}",
        panel_id=panel_id(rule),
    )
    hidden = made.labels.keys() & expr.labels
    if hidden:
        raise RuleError(f"rule {rule.title}: its label {', '.join(sorted(hidden))} would hide that of its series")
    return made


def duration(length: timedelta) -> str:
    """As Prometheus and Grafana write it, in one unit: `90s`, `15m`, `0s`."""
    seconds = round(length.total_seconds())
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds and seconds % size == 0), (1, "s"))
    return f"{seconds // size}{unit}"
