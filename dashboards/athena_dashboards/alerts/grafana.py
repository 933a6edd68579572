"""Rules in Grafana's words: for the files that it provisions itself from, and for terraform.

Grafana's file format: pkg/services/provisioning/alerting/rules_types.go of grafana/grafana. It expands `$NAME` in
titles and labels, so that those must hold no dollar; annotations are read as they stand (9.3) or with `${NAME}`
expanded (later), so that `{{ $labels.x }}` needs no escape there; the queries' models are read as they stand.
"""

from datetime import timedelta
from typing import Any, TypeAlias

from athena_dashboards.alerts.model import Group, RuleError
from athena_dashboards.alerts.rules import GROUPS
from athena_dashboards.alerts.said import RUNBOOK, Said, duration, said
from athena_dashboards.alerts.wording import Dialect

Json: TypeAlias = dict[str, Any]

FOLDER = "Athena"
DATASOURCE = "prometheus"
"""The uid of the data source; terraform maps it to the one it made."""
EXPRESSION = "__expr__"
_QUERY, _REDUCED, _BEYOND = "A", "B", "C"
_LOOK_BACK = timedelta(minutes=10)
"""Of the query's time range; an instant query asks at its end."""


def provisioned(runbook: str = RUNBOOK) -> Json:
    """The groups as a file for Grafana's own provisioning."""
    return {"apiVersion": 1, "groups": [_group(group, runbook) for group in GROUPS]}


def terraform(runbook: str = RUNBOOK) -> Json:
    """The groups by name, as one `grafana_rule_group` with `for_each` and `dynamic` blocks reads them.

    Attributes of the provider: name, folder_uid, interval_seconds, rule { uid, name, condition, for, no_data_state,
    exec_err_state, annotations, labels, is_paused, data { ref_id, datasource_uid, query_type, model,
    relative_time_range { from, to } } }. Source: docs/resources/rule_group.md of grafana/terraform-provider-grafana.
    """
    return {group.name: _terraform_group(group, runbook) for group in GROUPS}


def _group(group: Group, runbook: str) -> Json:
    rules = [_rule(said(rule, Dialect.GRAFANA, runbook)) for rule in group.rules]
    return {"orgId": 1, "name": group.name, "folder": FOLDER, "interval": duration(group.interval), "rules": rules}


def _rule(one: Said) -> Json:
    rule = one.rule
    _check_expansion(one)
    return {
        "uid": rule.uid, "title": rule.title, "condition": _BEYOND, "data": _data(one),
        "noDataState": rule.no_data.state.value, "execErrState": rule.on_error.state.value,
        "for": duration(rule.lasts), "dashboardUid": rule.shown.board, "panelId": one.panel_id,
        "annotations": annotations(one), "labels": one.labels, "isPaused": False,
    }  # fmt: skip  # a rule on a few lines


def _terraform_group(group: Group, runbook: str) -> Json:
    rules = [_terraform_rule(said(rule, Dialect.GRAFANA, runbook)) for rule in group.rules]
    return {"interval_seconds": round(group.interval.total_seconds()), "rules": rules}


def _terraform_rule(one: Said) -> Json:
    rule = one.rule
    return {
        "uid": rule.uid, "name": rule.title, "condition": _BEYOND,
        "data": [_terraform_query(query) for query in _data(one)],
        "no_data_state": rule.no_data.state.value, "exec_err_state": rule.on_error.state.value,
        "for": duration(rule.lasts), "annotations": annotations(one), "labels": one.labels, "is_paused": False,
    }  # fmt: skip  # as above


def _terraform_query(query: Json) -> Json:
    return {
        "ref_id": query["refId"], "datasource_uid": query["datasourceUid"],
        "relative_time_range": query["relativeTimeRange"], "model": query["model"],
    }  # fmt: skip  # as above


def annotations(one: Said) -> dict[str, str]:
    """The texts, and the two that make Grafana link the alert to its panel, and the panel to its alert."""
    return one.texts | {"__dashboardUid__": one.rule.shown.board, "__panelId__": str(one.panel_id)}


def _data(one: Said) -> list[Json]:
    """The query, its reduction to one figure a series, and the comparison.

    The reduction is for Grafana 9.3, which takes an instant query's answer for a series of one point; later ones
    have a figure already, and it changes nothing there.
    """
    kind = "lt" if one.rule.threshold.is_floor else "gt"
    condition = {"evaluator": {"type": kind, "params": [one.rule.threshold.value]}}
    return [
        _query(one.expr),
        _expression(_REDUCED, {"type": "reduce", "expression": _QUERY, "reducer": "last", "settings": {"mode": ""}}),
        _expression(_BEYOND, {"type": "threshold", "expression": _REDUCED, "conditions": [condition]}),
    ]


def _query(expr: str) -> Json:
    return {
        "refId": _QUERY, "datasourceUid": DATASOURCE,
        "relativeTimeRange": {"from": round(_LOOK_BACK.total_seconds()), "to": 0},
        "model": {
            "refId": _QUERY, "datasource": {"type": "prometheus", "uid": DATASOURCE}, "editorMode": "code",
            "expr": expr, "instant": True, "range": False, "intervalMs": 1000, "maxDataPoints": 43200,
        },
    }  # fmt: skip  # as above


def _expression(letter: str, what: Json) -> Json:
    where = {"type": EXPRESSION, "uid": EXPRESSION}
    model = {"refId": letter, "datasource": where, "intervalMs": 1000, "maxDataPoints": 43200} | what
    return {
        "refId": letter, "datasourceUid": EXPRESSION, "relativeTimeRange": {"from": 0, "to": 0}, "model": model,
    }  # fmt: skip  # as above


def _check_expansion(one: Said) -> None:
    for text in (one.rule.title, one.rule.uid, *one.labels, *one.labels.values()):
        if "$" in text:
            raise RuleError(f"rule {one.rule.title}: Grafana would expand the dollar in {text!r}")
    for text in annotations(one).values():
        if "${" in text or "$__" in text:
            raise RuleError(f"rule {one.rule.title}: Grafana would expand the variable in {text!r}")
