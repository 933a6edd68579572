"""A panel without data says why, and what its views can say beside figures."""

from typing import Any

from athena_dashboards.figures import PIPELINES
from athena_dashboards.grafana import dashboard_json
from athena_dashboards.model import (
    AlertList,
    AlertPanel,
    AnyPanel,
    Column,
    Dashboard,
    Description,
    LabelVariable,
    Panel,
    Row,
    Signal,
    Stat,
    Table,
    TimeSeries,
    View,
)
from athena_dashboards.promql import select, total
from athena_dashboards.queries import Prom
from athena_dashboards.theme import Color, Unit
from athena_exporter import catalog

WORDS = Description(headline="What.", normal="Little.", abnormal="Much.", next_step="There.")
TODAY = Prom(expr=total(select(catalog.WINDOW_COST_USD).now, "workgroup"), is_instant=True)


def _made(*panels: AnyPanel, variable: LabelVariable | None = None) -> dict[str, Any]:
    rows = (Row(id=9, title="", panels=panels),)
    variables = () if variable is None else (variable,)
    return dashboard_json(
        Dashboard(uid="u", title="T", description="D", questions=("Q?",), variables=variables, rows=rows)
    )


def _panel(view: View, *, reason: str = "nobody has asked", queries: int = 1) -> dict[str, Any]:
    signal = Signal(
        title="P",
        question="Q?",
        unit=Unit.USD,
        description=WORDS,
        queries=lambda: [TODAY] * queries,
        empty_is_right=reason,
    )
    return dict(_made(Panel(id=1, signal=signal, view=view))["panels"][0])


def _overrides(panel: dict[str, Any], of: str) -> dict[str, Any]:
    """Settings of the fields that a matcher finds; a later one wins."""
    return {
        found["id"]: found["value"]
        for one in panel["fieldConfig"]["overrides"]
        if one["matcher"]["options"] == of
        for found in one["properties"]
    }


def test_a_graph_without_data_says_why_and_its_axis_does_not() -> None:
    panel = _panel(TimeSeries())

    assert panel["fieldConfig"]["defaults"]["noValue"] == "No data: nobody has asked"
    assert _overrides(panel, "number") == {"noValue": ""}


def test_a_graph_that_must_have_data_has_no_excuse() -> None:
    panel = _panel(TimeSeries(), reason="")

    assert "noValue" not in panel["fieldConfig"]["defaults"]
    assert panel["fieldConfig"]["overrides"] == []


def test_a_table_without_data_says_why_and_its_cells_do_not() -> None:
    columns = (Column(field="#A", title="Now"), Column(field="#B", title="Then", no_value="-"))

    panel = _panel(Table(columns=columns), queries=2)

    assert panel["fieldConfig"]["defaults"]["noValue"] == "No data: nobody has asked"
    assert _overrides(panel, "Now")["noValue"] == ""
    assert _overrides(panel, "Then")["noValue"] == "-"


def test_a_table_shows_its_first_query_also_when_it_alone_has_answered() -> None:
    columns = (Column(field="#A", title="Quota"), Column(field="#B", title="Peak"))

    _, only, organize = _panel(Table(columns=columns), queries=2)["transformations"]

    assert only["options"]["include"]["names"] == ["Value #A", "Value", "Value #B"]
    assert organize["options"]["renameByName"] == {"Value #A": "Quota", "Value": "Quota", "Value #B": "Peak"}


def test_what_is_compared_with_keeps_its_colour_and_is_grey_without_one() -> None:
    panel = _panel(TimeSeries(dashed=("then", "before"), colors={"then": Color.SKY}))

    assert _overrides(panel, "then")["custom.lineStyle"]["fill"] == "dash"
    assert _overrides(panel, "then")["color"]["fixedColor"] == Color.SKY
    assert _overrides(panel, "before")["color"]["fixedColor"] == Color.GREY


def test_a_figure_may_be_a_word_and_may_have_its_name_beside_it() -> None:
    named = _panel(Stat(has_name=True, mappings={"1": "yes"}))
    plain = _panel(Stat())

    assert named["options"]["textMode"] == "value_and_name"
    assert named["fieldConfig"]["defaults"]["mappings"] == [
        {"type": "value", "options": {"1": {"text": "yes", "index": 0}}}
    ]
    assert plain["options"]["textMode"] == "auto"


def test_a_wide_graph_has_its_legend_on_the_right_and_a_share_reaches_all_of_it() -> None:
    panel = _panel(TimeSeries(is_legend_right=True, usual_most=1))

    assert panel["options"]["legend"]["placement"] == "right"
    assert panel["fieldConfig"]["defaults"]["custom"]["axisSoftMax"] == 1


def test_alerts_can_be_those_of_this_monitoring_only() -> None:
    alerts = AlertPanel(id=1, title="A", description="D", view=AlertList(is_of_dashboard=False, name_part="Athena"))

    options = _made(alerts)["panels"][0]["options"]

    assert (options["alertName"], options["dashboardAlerts"]) == ("Athena", False)


def _variable(*, is_all_listed: bool) -> dict[str, Any]:
    variable = LabelVariable(
        name="client",
        label="Tool",
        selector=lambda: select(catalog.CLIENT_QUERIES, client=PIPELINES),
        of="client",
        is_all_listed=is_all_listed,
    )
    return dict(_made(variable=variable)["templating"]["list"][0])


def test_all_may_mean_those_on_offer_instead_of_everything() -> None:
    assert "allValue" not in _variable(is_all_listed=True)
    assert _variable(is_all_listed=False)["allValue"] == ".*"
