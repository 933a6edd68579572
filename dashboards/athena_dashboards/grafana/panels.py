"""Panels: one function a kind, each with the fields that Grafana's plug-in of today knows."""

from typing import Any

from grafanalib import core as G  # noqa: N812  the letter that everybody who uses grafanalib writes

from athena_dashboards.grafana import fields
from athena_dashboards.grafana.cleaning import Json, finished, only
from athena_dashboards.grafana.targets import datasource, target
from athena_dashboards.model import (
    AlertPanel,
    AnyPanel,
    BarChart,
    BarGauge,
    Heatmap,
    Panel,
    Signal,
    Stat,
    Table,
    TextPanel,
    TimeSeries,
    View,
)
from athena_dashboards.queries import Logs, Prom, Query, Refs

_TOTAL = "Total"
"""Grafana's name of the column that its transformation `reduce` makes of sums."""
_NO_CODE = {"language": "plaintext", "showLineNumbers": False, "showMiniMap": False}


def panel_json(panel: AnyPanel, place: Json) -> Json:
    """A panel as JSON.

    Args:
        panel: of a dashboard.
        place: Grafana's `gridPos`.

    Raises:
        SignalError: its queries can't be built.
    """
    position = G.GridPos(h=place["h"], w=place["w"], x=place["x"], y=place["y"])
    match panel:
        case TextPanel():
            return _text(panel, position)
        case AlertPanel():
            return _alert_list(panel, place)
        case Panel():
            return _query_panel(panel, position)


_INSTANT_POINTS = 10_000
"""Grafana rounds the time of an instant query down to the step that a graph of the panel's width would have: in a range
of a day by a quarter of an hour, before an exporter that has just been started. Many points make a small step."""


def _query_panel(panel: Panel, position: Any) -> Json:
    queries = panel.signal.asked()
    view = panel.view
    format_ = (
        "table" if isinstance(view, Table | BarChart) else "heatmap" if isinstance(view, Heatmap) else "time_series"
    )
    common = {
        "title": panel.signal.title,
        "description": panel.signal.description.markdown,
        "id": panel.id,
        "gridPos": position,
        "dataSource": _datasource(queries),
        "targets": [target(letter, query, format_) for letter, query in Refs(queries=queries).lettered()],
        "maxDataPoints": _INSTANT_POINTS if _is_of_now(queries) else None,
        "timeFrom": panel.reach or None,
        "repeat": G.Repeat(direction="h", variable=panel.repeat) if panel.repeat else G.Repeat(),
    }
    return _made(view, panel.signal, queries, common)


def _made(view: View, signal: Signal, queries: tuple[Query, ...], common: Json) -> Json:
    match view:
        case Stat():
            return _stat(view, signal, common)
        case TimeSeries():
            return _time_series(view, signal, common)
        case BarGauge():
            return _bar_gauge(view, signal, common)
        case BarChart():
            return _bar_chart(view, signal, common)
        case Table():
            return _table(view, signal, queries, common)
        case Heatmap():
            return _heatmap(signal, common)


def _is_of_now(queries: tuple[Query, ...]) -> bool:
    return all(isinstance(query, Prom) and query.is_instant for query in queries)


def _datasource(queries: tuple[Query, ...]) -> Json:
    sources = {query.source for query in queries}
    return datasource(sources.pop()) if len(sources) == 1 else {"type": "datasource", "uid": "-- Mixed --"}


def _stat(view: Stat, signal: Signal, common: Json) -> Json:
    defaults = {
        "decimals": view.decimals, "links": fields.links(view.links), "noValue": view.no_value or None,
        "mappings": fields.mappings(view.mappings) or None,
    }  # fmt: skip  # a list of words
    calc, shown = ("sum", f"/^{_TOTAL}$/") if view.is_sum else (view.calc, "")
    if view.is_sum:
        common = common | {"transformations": [{"id": "reduce", "options": {"reducers": ["sum"]}}]}
    made = G.Stat(
        format=signal.unit, reduceCalc=calc, graphMode="area" if view.has_graph else "none",
        textMode="value_and_name" if view.has_name else "auto",
        colorMode="value" if signal.threshold else "none", thresholds=fields.steps(signal.threshold),
        extraJson={
            "fieldConfig": {"defaults": {**defaults, "color": {"mode": "thresholds"}}, "overrides": []},
            "options": {"reduceOptions": {"fields": shown, "values": False}, "wideLayout": True},
        },
        **common,
    )  # fmt: skip  # as short as it can be said
    return finished(made)


def _time_series(view: TimeSeries, signal: Signal, common: Json) -> Json:
    overrides = [fields.fixed_color(name, color) for name, color in view.colors.items()]
    # Ticks without a figure would else show the reason, too.
    overrides += [fields.override("byType", "number", [("noValue", "")])] if signal.empty_is_right else []
    overrides += [fields.dashed(name, is_grey=name not in view.colors) for name in view.dashed]
    stacking = {"mode": "percent" if view.is_area_to_100 else "normal" if view.is_stacked else "none", "group": "A"}
    custom = {"axisCenteredZero": False, "axisColorMode": "text", "axisBorderShow": False, "insertNulls": False}
    made = G.TimeSeries(
        unit=signal.unit, stacking=stacking, drawStyle="bars" if view.is_bars else "line", overrides=overrides,
        fillOpacity=view.fill_percent, showPoints="auto" if not view.is_bars else "never", lineWidth=1,
        thresholds=fields.steps(signal.threshold), valueDecimals=view.decimals, axisSoftMin=0,
        axisSoftMax=view.usual_most,
        thresholdsStyleMode="dashed" if signal.threshold else "off", legendCalcs=list(view.legend_calcs),
        legendPlacement="right" if view.is_legend_right else "bottom",
        legendDisplayMode="table" if view.legend_calcs else "list", tooltipMode="multi", tooltipSort="desc",
        extraJson={
            "fieldConfig": {
                "defaults": {"links": fields.links(view.links), "custom": custom, "noValue": _reason(signal)},
            },
            "options": {"legend": {"showLegend": True, **_sorting(view)}},
        },
        **common,
    )  # fmt: skip  # as short as it can be said
    return finished(made)


_SPOKEN = {"lastNotNull": "Last *", "max": "Max", "mean": "Mean"}
"""A legend is sorted by the heading of a column: packages/grafana-data/src/transformations/fieldReducer.ts."""


def _sorting(view: TimeSeries) -> Json:
    return {"sortBy": _SPOKEN[view.legend_sorted_by], "sortDesc": True} if view.legend_sorted_by else {}


def _bar_gauge(view: BarGauge, signal: Signal, common: Json) -> Json:
    defaults = {
        "unit": signal.unit, "decimals": view.decimals, "min": view.least, "max": view.most,
        "links": fields.links(view.links), "color": {"mode": "thresholds"},
        "thresholds": fields.thresholds(signal.threshold), "noValue": _reason(signal),
    }  # fmt: skip  # a list of words
    options = {
        "displayMode": "basic", "orientation": "horizontal", "showUnfilled": True, "valueMode": "color",
        "minVizHeight": 16, "minVizWidth": 8, "text": {"titleSize": 13, "valueSize": 15},
        "namePlacement": "auto", "sizing": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }  # fmt: skip  # a list of words
    made = G.BarGauge(thresholds=[], extraJson={"fieldConfig": {"defaults": defaults, "overrides": []}}, **common)
    # grafanalib's options are those of Grafana 6.
    return finished(made) | {"options": options}


def _bar_chart(view: BarChart, signal: Signal, common: Json) -> Json:
    defaults = {"unit": signal.unit, "color": {"mode": "palette-classic", "fixedColor": None}}
    made = G.BarChart(
        orientation="horizontal" if view.is_horizontal else "vertical",
        stacking="normal" if view.is_stacked else "none",
        thresholdSteps=fields.steps(signal.threshold), thresholds=[], colorMode="palette-classic",
        legendDisplayMode="list", showValue="never" if view.series_field else "auto", fillOpacity=80,
        extraJson={
            "fieldConfig": {"defaults": defaults, "overrides": []},
            "options": {"xField": _x_field(view), "legend": {"showLegend": True}, "fullHighlight": False},
        },
        **(common | ({"transformations": [_matrix(view)]} if view.series_field else {})),
    )  # fmt: skip  # as short as it can be said
    return finished(made)


def _matrix(view: BarChart) -> Json:
    """Rows of category, name and figure as a column for each name: Grafana stacks columns."""
    fields_ = {"columnField": view.series_field, "rowField": view.x_field, "valueField": view.value_field}
    return {"id": "groupingToMatrix", "options": fields_ | {"emptyValue": "null"}}


def _x_field(view: BarChart) -> str:
    """What Grafana calls the matrix's first column: transformers/groupingToMatrix.ts of packages/grafana-data."""
    return f"{view.x_field}\\{view.series_field}" if view.series_field else view.x_field


def _table(view: Table, signal: Signal, queries: tuple[Query, ...], common: Json) -> Json:
    names = [(name, one.title) for one in view.columns for name in _field_names(one.field, queries)]
    order = {name: place for place, (name, _) in enumerate(names)}
    renamed = {name: title for name, title in names if name != title}
    organize = {"indexByName": order, "renameByName": renamed, "excludeByName": {}}
    transformations = [
        *([{"id": "merge", "options": {}}] if len(queries) > 1 else []),
        {"id": "filterFieldsByName", "options": {"include": {"names": list(order)}}},
        {"id": "organize", "options": organize},
    ]
    sort = [{"displayName": view.sort_by, "desc": not view.is_ascending}] if view.sort_by else []
    custom = {"cellOptions": {"type": "auto"}, "inspect": False, "filterable": False}
    reason = _reason(signal)
    footer = {"show": False, "reducer": ["sum"], "countRows": False, "fields": ""}
    made = G.Table(
        unit="", thresholds=fields.steps(None),
        overrides=_columns(view, signal, queries),
        extraJson={
            "fieldConfig": {"defaults": {"custom": custom, "noValue": reason}},
            "options": {"sortBy": sort, "cellHeight": "sm", "footer": footer},
        },
        **(common | {"transformations": transformations}),
    )  # fmt: skip  # as short as it can be said
    document = finished(made)
    defaults = document["fieldConfig"]["defaults"]
    del defaults["custom"]["displayMode"]  # cellOptions since Grafana 9.5
    del defaults["unit"]  # each column has its own
    return document


def _columns(view: Table, signal: Signal, queries: tuple[Query, ...]) -> list[Json]:
    """Grafana links every field of Logs Insights to its console; a column that has no link of its own has none here."""
    overrides = [fields.column(one, signal.unit, has_reason=bool(signal.empty_is_right)) for one in view.columns]
    if any(isinstance(query, Logs) for query in queries):
        for one, override in zip(view.columns, overrides, strict=True):
            override["properties"] += [] if one.links else [{"id": "links", "value": []}]
    return overrides


def _reason(signal: Signal) -> str | None:
    """What stands in a panel without data."""
    return f"No data: {signal.empty_is_right}" if signal.empty_is_right else None


def _field_names(field: str, queries: tuple[Query, ...]) -> tuple[str, ...]:
    """Grafana's names of a query's values in a table: `Value`, with the query's letter if several have answered.

    The first query of a table tells its rows: where nothing but them is known, it alone has answered.
    Source: github.com/grafana/grafana, transformDFToTable of the Prometheus data source's result_transformer.ts.
    """
    if not field.startswith("#"):
        return (field,)
    if sum(isinstance(query, Prom) for query in queries) == 1:
        return ("Value",)
    return (f"Value {field}", "Value") if field == "#A" else (f"Value {field}",)


def _heatmap(signal: Signal, common: Json) -> Json:
    options = {
        "calculate": False, "cellGap": 1, "cellValues": {"unit": "short"},
        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5, "fill": "dark-orange",
                  "reverse": False, "scale": "exponential"},
        "exemplars": {"color": "rgba(255,0,255,0.7)"}, "filterValues": {"le": 1e-9},
        "legend": {"show": True}, "rowsFrame": {"layout": "auto"}, "showValue": "never",
        "tooltip": {"mode": "single", "showColorScale": False, "yHistogram": False},
        "yAxis": {"unit": signal.unit, "axisPlacement": "left", "reverse": False},
    }  # fmt: skip  # a list of words
    custom = {"scaleDistribution": {"type": "linear"}, "hideFrom": {"legend": False, "tooltip": False, "viz": False}}
    field_config = {"fieldConfig": {"defaults": {"custom": custom}, "overrides": []}}
    made = G.Heatmap(thresholds=fields.steps(None), extraJson=field_config, **common)
    kept = ("type", "title", "description", "datasource", "id", "gridPos", "targets", "transparent", "fieldConfig")
    return only(finished(made), kept) | {"options": options}


def _text(panel: TextPanel, position: Any) -> Json:
    made = G.Text(title=panel.title, id=panel.id, gridPos=position)
    options = {"mode": "markdown", "content": panel.markdown, "code": _NO_CODE}
    kept = ("type", "title", "id", "gridPos", "transparent")
    return only(finished(made), kept) | {"options": options}


def _alert_list(panel: AlertPanel, place: Json) -> Json:
    """Grafanalib's AlertList speaks of the alerting that Grafana 9 has removed."""
    options = {
        "alertInstanceLabelFilter": "", "alertName": panel.view.name_part,
        "dashboardAlerts": panel.view.is_of_dashboard, "groupBy": [], "groupMode": "default", "maxItems": 20,
        "sortOrder": 1, "viewMode": "list",
        "stateFilter": {"error": True, "firing": True, "noData": False, "normal": False, "pending": True},
    }  # fmt: skip  # a list of words
    return {
        "type": "alertlist", "title": panel.title, "description": panel.description, "id": panel.id, "gridPos": place,
        "options": options, "transparent": False,
    }  # fmt: skip  # a list of words
