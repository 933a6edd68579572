"""A link leads somewhere, keeps what was chosen, and sets what was clicked on."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from athena_dashboards import links
from athena_dashboards.boards import BOARDS
from athena_dashboards.model import Dashboard, DataLink, DatasourceVariable, Panel, Stat, Table, View
from athena_dashboards.queries import Prom

BY_UID = {board.uid: board for board in BOARDS}


def test_a_link_of_a_row_sets_what_was_clicked_and_keeps_the_rest() -> None:
    link = links.from_row("This user", links.USERS, user="user")

    assert urlsplit(link.url).path == "/d/athena-users"
    assert urlsplit(link.url).query.split("&") == [
        "${__url_time_range}",
        "var-user=${__data.fields.user:percentencode}",
        "${prometheus_datasource:queryparam}",
        "${account:queryparam}",
        "${region:queryparam}",
        "${workgroup:queryparam}",
    ]


def test_a_variable_that_a_link_sets_is_not_kept_as_well() -> None:
    link = links.from_series("This workgroup", links.WORKGROUPS, workgroup="workgroup")

    assert link.url.count("workgroup:") == 1
    assert "var-workgroup=${__field.labels.workgroup:percentencode}" in link.url


def test_a_query_opens_in_the_console_of_the_chosen_region() -> None:
    link = links.console("query_id")

    assert link.is_new_tab
    assert link.url == (
        "https://${region}.console.aws.amazon.com/athena/home?region=${region}"
        "#/query-editor/history/${__data.fields.query_id:percentencode}"
    )


def _names(board: Dashboard) -> set[str]:
    return {one.source.variable if isinstance(one, DatasourceVariable) else one.name for one in board.variables}


def _links(view: View) -> Iterator[DataLink]:
    yield from getattr(view, "links", ())
    if isinstance(view, Table):
        for column in view.columns:
            yield from column.links


CASES = [
    pytest.param(board, panel, link, id=f"{board.uid}-{panel.id}-{link.title}")
    for board in BOARDS
    for panel in board.panels()
    if isinstance(panel, Panel)
    for link in _links(panel.view)
]


@pytest.mark.parametrize(("board", "panel", "link"), CASES)
def test_a_link_knows_where_it_leads_and_what_it_takes_along(board: Dashboard, panel: Panel, link: DataLink) -> None:
    kept = set(re.findall(r"\$\{(\w+):queryparam\}", link.url))
    assert kept <= _names(board), "a variable that this dashboard has not would stand in the address as it is"
    if link.url.startswith("/d/"):
        target = BY_UID[urlsplit(link.url).path.removeprefix("/d/")]
        sets = set(re.findall(r"var-(\w+)=", link.url))
        assert sets <= _names(target), "the other dashboard has no such variable"
        assert "${__url_time_range}" in link.url


@pytest.mark.parametrize(("board", "panel", "link"), CASES)
def test_a_link_reads_only_what_the_panel_shows(board: Dashboard, panel: Panel, link: DataLink) -> None:
    of_rows = set(re.findall(r"__data\.fields\.(\w+)", link.url))
    of_series = set(re.findall(r"__field\.labels\.(\w+)", link.url))
    view = panel.view

    assert not (of_rows and not isinstance(view, Table)), f"{board.uid}: a row's fields are a table's"
    if isinstance(view, Table):
        # What is filtered away is no longer there to be read.
        assert of_rows <= {column.field for column in view.columns}
    labels = [query.expr.labels for query in panel.signal.asked() if isinstance(query, Prom)]
    assert all(of_series <= found for found in labels)
    assert not (isinstance(view, Stat) and of_rows)


def test_every_promql_uses_variables_of_its_dashboard_only() -> None:
    strange = [
        f"{board.uid}: {panel.signal.title}: ${name}"
        for board in BOARDS
        for panel in board.panels()
        if isinstance(panel, Panel)
        for query in panel.signal.asked()
        if isinstance(query, Prom)
        for name in re.findall(r"\$\{?([a-z]\w*)", str(query.expr))
        if name not in _names(board)
    ]

    assert strange == []
