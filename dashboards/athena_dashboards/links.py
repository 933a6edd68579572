"""Links from a figure to the dashboard, or the page of AWS, that says more about it.

Stage: model -> **links** -> signals, boards. A link keeps the time and what the variables have chosen, and sets one of
them to what was clicked on. Names are percent-encoded: a user may be called `a&b`.
Source: https://grafana.com/docs/grafana/latest/panels-visualizations/configure-data-links/
"""

from athena_dashboards.model import DataLink
from athena_dashboards.queries import Source

OVERVIEW = "athena-overview"
WORKGROUPS = "athena-workgroups"
USERS = "athena-users"
DATA_CATALOGUE = "athena-data-catalogue"
PIPELINES = "athena-pipelines"
LIMITS = "athena-limits"
COST = "athena-cost"
EXPORTER = "athena-exporter"
"""Uids of the dashboards: for ever the same."""

KEPT = (Source.PROMETHEUS.variable, "account", "region", "workgroup")
"""Variables that nearly every dashboard has; a link keeps those of them that it does not set."""
ON_EVENTS = (Source.PROMETHEUS.variable, Source.CLOUDWATCH.variable, "account", "region")
"""Variables of the dashboards that ask CloudWatch, too."""


def from_row(title: str, board: str, *, kept: tuple[str, ...] = KEPT, **chosen: str) -> DataLink:
    """A link on a table's cell.

    Args:
        title: what the reader chooses.
        board: the uid of the other dashboard.
        kept: variables of this dashboard that hold there, too.
        chosen: variable -> the column (label) of this row that sets it.
    """
    return _link(title, board, kept, {name: f"__data.fields.{column}" for name, column in chosen.items()})


def from_series(title: str, board: str, *, kept: tuple[str, ...] = KEPT, **chosen: str) -> DataLink:
    """A link on a series: a line, a bar. `chosen`: variable -> the label of the series that sets it."""
    return _link(title, board, kept, {name: f"__field.labels.{label}" for name, label in chosen.items()})


def to(title: str, board: str, *, kept: tuple[str, ...] = KEPT) -> DataLink:
    """A link that sets nothing."""
    return _link(title, board, kept, {})


def console(column: str, *, region: str) -> DataLink:
    """A link on a table's cell to the query in Athena's console, in a new tab.

    Args:
        column: holds the query's id.
        region: holds the Region in which it ran; the dashboard's variable may have chosen several.

    The console's address is not documented by AWS; it is the one that its own list of recent queries leads to.
    """
    where = f"${{__data.fields.{region}:percentencode}}"
    query = f"${{__data.fields.{column}:percentencode}}"
    url = f"https://{where}.console.aws.amazon.com/athena/home?region={where}#/query-editor/history/{query}"
    return DataLink(title="Open in the Athena console", url=url, is_new_tab=True)


def _link(title: str, board: str, kept: tuple[str, ...], chosen: dict[str, str]) -> DataLink:
    still = [f"${{{name}:queryparam}}" for name in kept if name not in chosen]
    sets = [f"var-{name}=${{{source}:percentencode}}" for name, source in chosen.items()]
    return DataLink(title=title, url=f"/d/{board}?{'&'.join(('${__url_time_range}', *sets, *still))}")
