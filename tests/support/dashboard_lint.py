"""The rules of Grafana's dashboard linter, restated over the committed JSON, and some of ours.

The linter (github.com/grafana/dashboard-linter, docs/rules) can't be installed as a Go tool, for its go.mod replaces
modules. Each rule is a function: dashboard -> what is wrong. What a rule must not judge stands in EXCLUDED, with the
reason.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import promql_parser

from athena_dashboards.theme import Unit

Json = dict[str, Any]
Rule = Callable[[Json], Iterator[str]]

_DATASOURCES = {
    "prometheus": "Prometheus data source",
    "cloudwatch": "CloudWatch data source",
    "grafana-athena-datasource": "Athena data source",
}
_JUDGED = ("stat", "timeseries", "gauge", "table", "bargauge", "barchart", "heatmap")
_SPANS = {"$__rate_interval": "5m", "$__interval": "1m", "$__range": "1h"}
_CLOUDWATCHS = {"PROP", "LABEL"}
"""Words of CloudWatch's dynamic labels, which look like variables: `${PROP('Dim.WorkGroup')}`."""
_SHOWN_WITHOUT_QUERY = ("row", "text", "alertlist")

EXCLUDED = {
    "template-job-rule": "one exporter reads many accounts; people choose account and Region, not a scrape job",
    "template-instance-rule": "as above: an instance of the exporter is nobody's question",
    "target-job-rule": "as above; metrics begin with athena_, no other job exposes them",
    "target-instance-rule": "as above",
    "target-logql-rule": "no panel asks Loki",
    "target-logql-auto-rule": "no panel asks Loki",
}
"""Rules of the linter that are not restated."""


def panels(board: Json) -> Iterator[Json]:
    """All panels, those in collapsed rows too."""
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels", [])


def targets(board: Json) -> Iterator[tuple[Json, Json]]:
    """Each panel with each of its targets."""
    for panel in panels(board):
        for target in panel.get("targets", []):
            yield panel, target


def expressions(board: Json) -> Iterator[tuple[str, str]]:
    """Panel's title and PromQL, with Grafana's variables replaced by what they may be."""
    for panel, target in targets(board):
        if "expr" in target:
            yield panel["title"], plain_promql(target["expr"])


def plain_promql(text: str) -> str:
    """PromQL that Prometheus can parse."""
    for variable, value in _SPANS.items():
        text = text.replace(f"[{variable}]", f"[{value}]").replace(f"[{variable}:", f"[{value}:")
        text = text.replace(variable, "3600")
    return re.sub(r"\$\{?\w+(:\w+)?\}?", ".*", text)


def template_datasource_rule(board: Json) -> Iterator[str]:
    """Data sources are chosen by variables with the linter's names and labels."""
    found = [one for one in board["templating"]["list"] if one["type"] == "datasource"]
    if not found:
        yield "has no variable for its data source"
    for one in found:
        plugin = one["query"]
        word = plugin.removeprefix("grafana-").removesuffix("-datasource")
        if one["name"] != f"{word}_datasource" or one["label"] != _DATASOURCES[plugin]:
            yield f"data source variable {one['name']} ({one['label']})"


def template_on_time_change_reload_rule(board: Json) -> Iterator[str]:
    """Query variables are read anew when the time range changes."""
    for one in board["templating"]["list"]:
        if one["type"] == "query" and one["refresh"] != 2:
            yield f"variable {one['name']}"


def template_label_promql_rule(board: Json) -> Iterator[str]:
    """Variables of Prometheus ask `label_values(selector, label)` or `query_result(expression)`, and it parses."""
    for one in board["templating"]["list"]:
        if one["type"] == "query" and one["datasource"]["type"] == "prometheus":
            text = one["query"]["query"]
            match = re.fullmatch(r"label_values\((.+), (\w+)\)", text) or re.fullmatch(r"query_result\((.+)\)", text)
            if match is None:
                yield f"variable {one['name']}: {one['query']['query']}"
            else:
                promql_parser.parse(plain_promql(match[1]))


def panel_datasource_rule(board: Json) -> Iterator[str]:
    """Panels and targets name their data source by variable."""
    names = {f"${{{one['name']}}}" for one in board["templating"]["list"] if one["type"] == "datasource"}
    for panel in panels(board):
        if panel["type"] not in _SHOWN_WITHOUT_QUERY and panel["datasource"]["uid"] not in names | {"-- Mixed --"}:
            yield panel["title"]
    for panel, target in targets(board):
        if target["datasource"]["uid"] not in names:
            yield f"{panel['title']} {target['refId']}"


def panel_title_description_rule(board: Json) -> Iterator[str]:
    """Panels have a title and a description."""
    for panel in panels(board):
        if panel["type"] in _JUDGED and not (panel.get("title") and panel.get("description")):
            yield str(panel.get("title", panel["id"]))


def panel_units_rule(board: Json) -> Iterator[str]:
    """Figures have a unit: of the panel, or, in a table, of the column."""
    for panel in panels(board):
        if panel["type"] == "heatmap":
            unit = panel["options"]["yAxis"]["unit"]
        elif panel["type"] == "table":
            continue
        elif panel["type"] in _JUDGED:
            unit = panel["fieldConfig"]["defaults"].get("unit")
        else:
            continue
        if unit not in set(Unit):
            yield f"{panel['title']}: {unit}"


def table_units_rule(board: Json) -> Iterator[str]:
    """Ours: each column that shows a query's values has a unit."""
    for panel in panels(board):
        if panel["type"] != "table":
            continue
        organize = next(one for one in panel["transformations"] if one["id"] == "organize")["options"]
        values = {organize["renameByName"].get(name, name) for name in organize["indexByName"] if "Value" in name}
        with_unit = {
            one["matcher"]["options"]
            for one in panel["fieldConfig"]["overrides"]
            if any(setting["id"] in {"unit", "mappings"} for setting in one["properties"])
        }
        yield from (f"{panel['title']}: {title}" for title in sorted(values - with_unit))


def panel_no_targets_rule(board: Json) -> Iterator[str]:
    """Panels that show data ask for some."""
    for panel in panels(board):
        if panel["type"] not in _SHOWN_WITHOUT_QUERY and not panel.get("targets"):
            yield panel["title"]


def target_promql_rule(board: Json) -> Iterator[str]:
    """PromQL parses."""
    for title, expression in expressions(board):
        try:
            promql_parser.parse(expression)
        except ValueError as error:
            yield f"{title}: {error}: {expression}"


def target_rate_interval_rule(board: Json) -> Iterator[str]:
    """`rate` in a graph looks back $__rate_interval, or says a span of its own in hours or more."""
    for panel, target in targets(board):
        for span in re.findall(r"\brate\([^\[]*\[([^\]:]+)\]", target.get("expr", "")):
            if span != "$__rate_interval" and not re.fullmatch(r"\d+[hdw]|\$__range", span):
                yield f"{panel['title']}: rate over {span}"


def target_counter_agg_rule(board: Json) -> Iterator[str]:
    """Counters appear in rate, irate, increase and their like only."""
    for title, expression in expressions(board):
        simple = expression.replace(" @ end()", "")
        bare = re.sub(r"\b(rate|irate|increase|resets|changes|last_over_time)\([^()]*\)", "", simple)
        for name in re.findall(r"\bathena_\w+_total\b", bare):
            yield f"{title}: {name} without rate or increase"


def uneditable_dashboard(board: Json) -> Iterator[str]:
    """What is generated is not edited in the browser."""
    if board["editable"]:
        yield "editable"


def refresh_rule(board: Json) -> Iterator[str]:
    """Ours: no refresh faster than the data, and none where looking costs money outside a collapsed row."""
    if board["refresh"] not in {"", "1m", "5m", "15m", "1h"}:
        yield f"refresh {board['refresh']}"
    shown = [panel for panel in board["panels"] if panel["type"] != "row"]
    billed = [panel["title"] for panel in shown for target in panel.get("targets", []) if "expr" not in target]
    if billed and board["refresh"] not in {"", "15m", "1h"}:
        yield f"refresh {board['refresh']} of billed panels: {billed}"


def collapsed_bills_rule(board: Json) -> Iterator[str]:
    """Ours: Athena and Logs Insights cost by what they read, so they stand in collapsed rows."""
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            if "rawSQL" in target or target.get("queryMode") == "Logs":
                yield panel["title"]


def grid_rule(board: Json) -> Iterator[str]:
    """Ours: panels stay on the grid and do not overlap."""
    taken: dict[tuple[int, int], str] = {}
    for panel in board["panels"]:
        place, title = panel["gridPos"], panel.get("title", "")
        if place["x"] + place["w"] > 24:
            yield f"{title} is wider than the grid"
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                if (x, y) in taken:
                    yield f"{title} lies over {taken[x, y]}"
                    return
                taken[x, y] = title


def variable_rule(board: Json) -> Iterator[str]:
    """Ours: each variable that a query uses exists, but for Grafana's own."""
    known = {one["name"] for one in board["templating"]["list"]}
    for panel, target in targets(board):
        for name in re.findall(r"\$\{?(\w+)", str(target)):
            if name not in known | _CLOUDWATCHS and not name.startswith("__"):
                yield f"{panel['title']}: ${name}"


RULES: Mapping[str, Rule] = {
    "template-datasource-rule": template_datasource_rule,
    "template-on-time-change-reload-rule": template_on_time_change_reload_rule,
    "template-label-promql-rule": template_label_promql_rule,
    "panel-datasource-rule": panel_datasource_rule,
    "panel-title-description-rule": panel_title_description_rule,
    "panel-units-rule": panel_units_rule,
    "table-units-rule": table_units_rule,
    "panel-no-targets-rule": panel_no_targets_rule,
    "target-promql-rule": target_promql_rule,
    "target-rate-interval-rule": target_rate_interval_rule,
    "target-counter-agg-rule": target_counter_agg_rule,
    "uneditable-dashboard": uneditable_dashboard,
    "refresh-rule": refresh_rule,
    "collapsed-bills-rule": collapsed_bills_rule,
    "grid-rule": grid_rule,
    "variable-rule": variable_rule,
}
