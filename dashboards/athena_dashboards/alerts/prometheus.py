"""Rules as Prometheus reads them: for those who alert without Grafana, and for promtool, which tests them.

Format: https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/
"""

from athena_dashboards.alerts.grafana import Json
from athena_dashboards.alerts.model import Group
from athena_dashboards.alerts.said import RUNBOOK, Said, duration, said
from athena_dashboards.alerts.wording import Dialect


def rules(group: Group, runbook: str = RUNBOOK) -> Json:
    """A group as a rule file of its own."""
    found = [_rule(said(rule, Dialect.PROMETHEUS, runbook)) for rule in group.rules]
    return {"groups": [{"name": group.name, "interval": duration(group.interval), "rules": found}]}


def _rule(one: Said) -> Json:
    sign = "<" if one.rule.threshold.is_floor else ">"
    return {
        "alert": one.rule.title, "expr": f"({one.expr}) {sign} {one.rule.threshold.value:.15g}",
        "for": duration(one.rule.lasts), "labels": one.labels,
        "annotations": one.texts | {"dashboard": f"/d/{one.rule.shown.board}?viewPanel={one.panel_id}"},
    }  # fmt: skip  # a rule on a few lines
