"""What the layer makes of a query, a view, a variable: the words that Grafana's data sources and panels read."""

from typing import Any

import pytest

from athena_dashboards import thresholds
from athena_dashboards.grafana import dashboard_json
from athena_dashboards.model import (
    BarChart,
    BarGauge,
    ChoiceVariable,
    Column,
    Dashboard,
    DataLink,
    Description,
    Heatmap,
    Panel,
    Row,
    Signal,
    Stat,
    Table,
    TextPanel,
    TextVariable,
    TimeSeries,
    Variable,
    View,
)
from athena_dashboards.promql import select, total
from athena_dashboards.queries import AthenaMetric, AthenaSql, CloudWatch, CloudWatchMath, Logs, Prom, Query
from athena_dashboards.theme import Color, Unit
from athena_dashboards.thresholds import Threshold
from athena_exporter import catalog
from athena_exporter.outlets.insights import TOP_TABLES

WORDS = Description(headline="What.", normal="Little.", abnormal="Much.", next_step="There.")
TODAY = Prom(expr=total(select(catalog.WINDOW_COST_USD).now, "workgroup"), legend="{{workgroup}}", is_instant=True)
BYTES = CloudWatch(
    metric=AthenaMetric.PROCESSED_BYTES,
    dimensions={"WorkGroup": ("a", "b"), "QueryType": ("DML",), "QueryState": ("FAILED",)},
    statistic="Sum",
    id="failed",
)


def _board(*rows: Row, variables: tuple[Variable, ...] = ()) -> dict[str, Any]:
    return dashboard_json(
        Dashboard(uid="u", title="T", description="D", questions=("Q?",), variables=variables, rows=rows)
    )


def _panel(view: View, *queries: Query, threshold: Threshold | None = None) -> dict[str, Any]:
    signal = Signal(
        title="P", question="Q?", unit=Unit.USD, description=WORDS, queries=lambda: queries, threshold=threshold
    )
    panel = _board(Row(id=9, title="", panels=(Panel(id=1, signal=signal, view=view),)))["panels"][0]
    return dict(panel)


def _target(query: Query, view: View | None = None) -> dict[str, Any]:
    return dict(_panel(view or TimeSeries(), query)["targets"][0])


def test_a_prometheus_target_says_all_that_grafana_asks() -> None:
    assert _target(TODAY) == {
        "datasource": {"type": "prometheus", "uid": "${prometheus_datasource}"},
        "editorMode": "code",
        "expr": "sum by (workgroup) (athena_window_cost_usd)",
        "format": "time_series",
        "instant": True,
        "legendFormat": "{{workgroup}}",
        "range": False,
        "refId": "A",
    }


def test_a_cloudwatch_target_names_one_exact_set_of_dimensions() -> None:
    target = _target(BYTES)

    assert target["queryMode"] == "Metrics"
    assert (target["metricQueryType"], target["metricEditorMode"]) == (0, 0)
    assert target["dimensions"] == {"WorkGroup": ["a", "b"], "QueryType": ["DML"], "QueryState": ["FAILED"]}
    assert target["matchExact"] is True
    assert (target["metricName"], target["namespace"], target["statistic"]) == ("ProcessedBytes", "AWS/Athena", "Sum")
    assert (target["period"], target["region"], target["id"]) == ("86400", "$cloudwatch_region", "failed")
    assert not {"alias", "statistics"} & target.keys()


def test_metric_math_is_written_in_grafanas_code_mode() -> None:
    target = _target(CloudWatchMath(expression="failed / 1024", period="", label="KiB"))

    assert (target["expression"], target["metricEditorMode"]) == ("failed / 1024", 1)
    assert (target["period"], target["label"]) == ("", "KiB")


def test_a_logs_target_names_its_log_group_and_leaves_no_default_in_its_place() -> None:
    target = _target(Logs(insight=TOP_TABLES), Table(columns=(Column(field="table", title="Table"),)))

    assert target["queryMode"] == "Logs"
    assert target["expression"] == TOP_TABLES.text
    assert target["statsGroups"] == list(TOP_TABLES.stats_groups)
    assert target["logGroupNames"] == ["/athena-observability/table-access"]
    assert target["logGroups"] == []


def test_an_athena_target_spells_its_sql_as_the_plugin_does() -> None:
    target = _target(AthenaSql(sql="SELECT 1", reuse_minutes=30))

    assert (target["rawSQL"], target["format"]) == ("SELECT 1", 1)
    assert _target(AthenaSql(sql="SELECT 1", is_time_series=True))["format"] == 0
    assert target["datasource"]["uid"] == "${athena_datasource}"
    assert target["connectionArgs"]["resultReuseEnabled"] is True
    assert target["connectionArgs"]["resultReuseMaxAgeInMinutes"] == 30


def test_a_panel_of_two_data_sources_is_mixed() -> None:
    assert _panel(TimeSeries(), TODAY, BYTES)["datasource"] == {"type": "datasource", "uid": "-- Mixed --"}


@pytest.mark.parametrize(
    ("threshold", "colors"),
    [
        (thresholds.FAILURE_RATIO, [Color.BLUE, Color.VERMILION]),
        (Threshold(value=1, unit=Unit.COUNT, why="", is_floor=True), [Color.VERMILION, Color.BLUE]),
        (None, [Color.BLUE]),
    ],
    ids=["a ceiling", "a floor", "none"],
)
def test_a_threshold_colours_the_side_that_is_bad(threshold: Threshold | None, colors: list[Color]) -> None:
    steps = _panel(Stat(), TODAY, threshold=threshold)["fieldConfig"]["defaults"]["thresholds"]["steps"]

    assert [step["color"] for step in steps] == colors
    assert steps[0]["value"] is None
    assert [step["value"] for step in steps[1:]] == ([threshold.value] if threshold else [])


def test_a_threshold_is_a_dashed_line_in_a_graph() -> None:
    with_line = _panel(TimeSeries(), TODAY, threshold=thresholds.FAILURE_RATIO)["fieldConfig"]["defaults"]["custom"]
    without = _panel(TimeSeries(), TODAY)["fieldConfig"]["defaults"]["custom"]

    assert with_line["thresholdsStyle"] == {"mode": "dashed"}
    assert without["thresholdsStyle"] == {"mode": "off"}


def test_a_table_shows_the_named_columns_in_their_order() -> None:
    columns = (
        Column(field="workgroup", title="Workgroup", links=(DataLink(title="More", url="/d/u"),)),
        Column(field="#B", title="Then"),
        Column(field="#A", title="Now", unit=Unit.BYTES, decimals=1, is_gauge=True),
    )

    panel = _panel(Table(columns=columns, sort_by="Now"), TODAY, TODAY)

    merge, only, organize = panel["transformations"]
    assert merge["id"] == "merge"
    assert only["options"]["include"]["names"] == ["workgroup", "Value #B", "Value #A", "Value"]
    assert organize["options"]["renameByName"] == {
        "workgroup": "Workgroup", "Value #B": "Then", "Value #A": "Now", "Value": "Now"
    }  # fmt: skip  # as short as it can be said
    assert panel["options"]["sortBy"] == [{"displayName": "Now", "desc": True}]
    settings = {one["matcher"]["options"]: {x["id"]: x["value"] for x in one["properties"]}
                for one in panel["fieldConfig"]["overrides"]}  # fmt: skip  # as short as it can be said
    assert settings["Then"]["unit"] == Unit.USD
    assert settings["Now"]["unit"] == Unit.BYTES
    assert settings["Now"]["custom.cellOptions"]["type"] == "gauge"
    assert settings["Workgroup"]["links"][0]["url"] == "/d/u"


def test_a_table_of_one_query_knows_its_values_without_a_letter() -> None:
    panel = _panel(Table(columns=(Column(field="#A", title="Now"),)), TODAY)

    assert [one["id"] for one in panel["transformations"]] == ["filterFieldsByName", "organize"]
    assert panel["transformations"][0]["options"]["include"]["names"] == ["Value"]
    assert panel["targets"][0]["format"] == "table"


@pytest.mark.parametrize(
    ("view", "kind"),
    [
        (Stat(), "stat"),
        (TimeSeries(is_bars=True, is_stacked=True, colors={"a": Color.BLUE}, dashed=("b",)), "timeseries"),
        (BarGauge(), "bargauge"),
        (BarChart(x_field="workgroup", is_stacked=True), "barchart"),
        (Table(columns=()), "table"),
        (Heatmap(), "heatmap"),
    ],
    ids=lambda one: type(one).__name__ if not isinstance(one, str) else one,
)
def test_no_panel_carries_what_grafana_has_forgotten(view: View, kind: str) -> None:
    panel = _panel(view, TODAY)

    forgotten = {"editable", "error", "height", "span", "minSpan", "cacheTimeout", "fontSize", "columns", "color"}
    assert panel["type"] == kind
    assert not forgotten & panel.keys()
    assert panel["description"].startswith("**What.**\n\nNormal: Little.\n\nNot normal: Much.")


def test_panels_flow_from_left_to_right_and_rows_from_top_to_bottom() -> None:
    def text(number: int, width: int) -> TextPanel:
        return TextPanel(id=number, title=str(number), markdown="", width=width, height=4)

    board = _board(
        Row(id=90, title="", panels=(text(1, 16), text(2, 16))),
        Row(id=91, title="Folded", panels=(text(3, 24),), is_collapsed=True),
        Row(id=92, title="Open", panels=(text(4, 24),)),
    )

    places = {one["title"]: (one["gridPos"]["x"], one["gridPos"]["y"]) for one in board["panels"]}
    assert places == {"1": (0, 0), "2": (0, 4), "Folded": (0, 8), "Open": (0, 9), "4": (0, 10)}
    folded = next(one for one in board["panels"] if one["title"] == "Folded")
    assert [one["title"] for one in folded["panels"]] == ["3"]


def test_a_legend_may_be_sorted_by_one_of_its_columns() -> None:
    panel = _panel(TimeSeries(legend_calcs=("max", "lastNotNull"), legend_sorted_by="lastNotNull"), TODAY)

    legend = panel["options"]["legend"]
    assert (legend["sortBy"], legend["sortDesc"]) == ("Last *", True)
    assert "sortBy" not in _panel(TimeSeries(), TODAY)["options"]["legend"]


def test_a_panel_may_have_a_range_of_its_own() -> None:
    signal = Signal(title="P", question="Q?", unit=Unit.USD, description=WORDS, queries=lambda: (TODAY,))
    own, other = (
        Panel(id=place, signal=signal, view=TimeSeries(), reach=reach) for place, reach in ((1, "30d"), (2, ""))
    )

    panels = _board(Row(id=9, title="", panels=(own, other)))["panels"]

    assert [one.get("timeFrom") for one in panels] == ["30d", None]
    assert "timeFrom" not in panels[1]


def test_a_choice_begins_with_its_first_word_or_with_all() -> None:
    words = {"DML": "DML", "any": "*"}
    one = ChoiceVariable(name="one", label="One", choices=words)
    every = ChoiceVariable(name="every", label="Every", choices=words, has_all=True, is_multi=True)

    first, second = _board(variables=(one, every))["templating"]["list"]

    assert first["current"] == {"text": "DML", "value": "DML"}
    assert first["query"] == "DML,any : *"
    assert second["current"]["value"] == ["$__all"]
    assert [option["text"] for option in second["options"]] == ["All", "DML", "any"]


def test_a_text_variable_keeps_what_was_typed() -> None:
    (variable,) = _board(variables=(TextVariable(name="table", label="Table", default="sales"),))["templating"]["list"]

    assert (variable["type"], variable["query"], variable["current"]["value"]) == ("textbox", "sales", "sales")


def test_a_dashboard_says_nothing_that_a_save_would_count() -> None:
    board = _board()

    assert not {"id", "version", "gnetId", "rows", "__inputs", "style"} & board.keys()
    assert (board["schemaVersion"], board["editable"], board["timezone"]) == (39, False, "utc")
    (link,) = board["links"]
    assert (link["keepTime"], link["includeVars"], link["asDropdown"]) == (True, True, True)
