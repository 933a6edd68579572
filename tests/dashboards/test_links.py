"""A link leads somewhere, keeps what was chosen, and sets what was clicked on."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from athena_dashboards import links
from athena_dashboards.boards import BOARDS
from athena_dashboards.model import Dashboard, DataLink, DatasourceVariable, Panel, Table, View
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

    assert "${workgroup:queryparam}" not in link.url
    assert "var-workgroup=${__field.labels.workgroup:percentencode}" in link.url


def test_a_query_opens_in_the_console_of_the_region_where_it_ran() -> None:
    link = links.console("query_id", region="region")

    region = "${__data.fields.region:percentencode}"
    assert link.is_new_tab
    assert link.url == (
        f"https://{region}.console.aws.amazon.com/athena/home?region={region}"
        "#/query-editor/history/${__data.fields.query_id:percentencode}"
    )


def _names(board: Dashboard) -> set[str]:
    return {one.source.variable if isinstance(one, DatasourceVariable) else one.name for one in board.variables}


def _links(view: View) -> Iterator[DataLink]:
    yield from getattr(view, "links", ())
    if isinstance(view, Table):
        for column in view.columns:
            yield from column.links


def _panels() -> Iterator[tuple[Dashboard, Panel]]:
    for board in BOARDS:
        yield from ((board, panel) for panel in board.panels() if isinstance(panel, Panel))


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_a_link_takes_along_only_variables_that_both_dashboards_have(board: Dashboard) -> None:
    found = [link for one, panel in _panels() if one is board for link in _links(panel.view)]
    # A variable that this dashboard has not would stand in the address as it is.
    lacking = [link.url for link in found if not _kept(link) <= _names(board)]
    inside = [link for link in found if link.url.startswith("/d/")]
    lost = [link.url for link in inside if "${__url_time_range}" not in link.url]
    strange = [link.url for link in inside if not _sets(link) <= _names(_target(link))]

    assert (lacking, lost, strange) == ([], [], [])


def _kept(link: DataLink) -> set[str]:
    return set(re.findall(r"\$\{(\w+):queryparam\}", link.url))


def _sets(link: DataLink) -> set[str]:
    return set(re.findall(r"var-(\w+)=", link.url))


def _target(link: DataLink) -> Dashboard:
    return BY_UID[urlsplit(link.url).path.removeprefix("/d/")]


def test_a_link_reads_only_what_its_panel_shows() -> None:
    strange = [
        f"{board.uid}: {panel.signal.title}: {field}"
        for board, panel in _panels()
        for link in _links(panel.view)
        for field in _read(link) - _shown(panel)
    ]

    assert strange == []


def _read(link: DataLink) -> set[str]:
    return set(re.findall(r"__(?:data\.fields|field\.labels)\.(\w+)", link.url))


def _shown(panel: Panel) -> set[str]:
    """Columns of a table (what is filtered away can't be read any more), else labels that all series carry."""
    if isinstance(panel.view, Table):
        return {column.field for column in panel.view.columns}
    labels = [query.expr.labels for query in panel.signal.asked() if isinstance(query, Prom)]
    return set(frozenset.intersection(*labels)) if labels else set()


def test_promql_uses_variables_of_its_dashboard_only() -> None:
    strange = [
        f"{board.uid}: {panel.signal.title}: ${name}"
        for board, panel in _panels()
        for query in panel.signal.asked()
        if isinstance(query, Prom)
        for name in re.findall(r"\$\{?([a-z]\w*)", str(query.expr))
        if name not in _names(board)
    ]

    assert strange == []
