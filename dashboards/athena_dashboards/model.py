"""What a signal, a panel and a dashboard are, before Grafana's JSON.

Stage: queries, theme, thresholds -> **model** -> signals (what is asked), boards (where it stands), grafana (JSON).
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from athena_dashboards.promql import Expr, Selector
from athena_dashboards.queries import Query, Source
from athena_dashboards.theme import REFRESH, WIDTH, Color, Unit
from athena_dashboards.thresholds import Threshold


class SignalError(ValueError):
    """A signal whose queries can't be built; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a panel says of itself, in plain words.

    `headline`: what is shown, one sentence. `normal` and `abnormal`: what to expect, and what should make one look.
    `next_step`: where to go from here.
    """

    headline: str
    normal: str
    abnormal: str
    next_step: str

    @property
    def markdown(self) -> str:
        """As Grafana shows it."""
        parts = (f"**{self.headline}**", f"Normal: {self.normal}", f"Not normal: {self.abnormal}")
        return "\n\n".join((*parts, f"Where next: {self.next_step}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A question that the data answer, declared once; panels show it, rules watch it.

    `queries` is a function, so that what is wrong in it (a metric renamed, a label that is none) is told with the
    signal's title. `empty_is_right`: why it may have no data on a healthy system, such as the demo; empty where data
    must be. `threshold` is drawn as a line and colours the figure.
    """

    title: str
    question: str
    unit: Unit
    description: Description
    queries: Callable[[], Sequence[Query]]
    threshold: Threshold | None = None
    empty_is_right: str = ""

    def asked(self) -> tuple[Query, ...]:
        """The queries.

        Raises:
            SignalError: one can't be built; names the signal.
        """
        try:
            return tuple(self.queries())
        except (AttributeError, ValueError) as error:
            raise SignalError(f"panel {self.title!r}: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class DataLink:
    """A link on a value: `${__data.fields.user}` of a table's row, `${__field.labels.user}` of a series."""

    title: str
    url: str
    is_new_tab: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat:
    """One figure, or one a series, big. `calc`: of what the query answers; `has_graph`: its course behind it.

    `has_name`: the series' name beside it even if there is only one.
    """

    calc: str = "lastNotNull"
    has_graph: bool = False
    has_name: bool = False
    decimals: int | None = None
    links: tuple[DataLink, ...] = ()
    no_value: str = ""
    mappings: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Value -> the words shown for it."""
    is_sum: bool = False
    """One figure: all points of all series added up. For CloudWatch, which adds up no search's series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSeries:
    """Lines, or bars, over time. `colors`: series name -> colour, where a name always means the same."""

    is_stacked: bool = False
    is_bars: bool = False
    fill_percent: int = 10
    legend_calcs: tuple[str, ...] = ("mean", "max", "lastNotNull")
    colors: Mapping[str, Color] = dataclasses.field(default_factory=dict)
    links: tuple[DataLink, ...] = ()
    decimals: int | None = None
    dashed: tuple[str, ...] = ()
    """Names of series drawn dashed: last week beside this one."""
    is_area_to_100: bool = False
    legend_sorted_by: str = ""
    """One of the calcs: the series with the largest comes first."""
    is_legend_right: bool = False
    """For a wide panel with many series."""
    usual_most: int | None = None
    """The axis reaches at least so far: 1 for a share of something that has an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BarGauge:
    """A bar for each series, longest first if the query sorts: for the few that matter most."""

    decimals: int | None = None
    least: float | None = 0
    most: float | None = None
    links: tuple[DataLink, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BarChart:
    """Bars by category; `x_field` names the column with the categories.

    `series_field` and `value_field`: where each row tells one bar's part, the columns with its name and its figure.
    """

    x_field: str
    series_field: str = ""
    value_field: str = ""
    is_stacked: bool = False
    is_horizontal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table. `field`: a label, a field of Logs Insights, or a query by its letter: `#A`.

    `is_gauge` draws the figure as a bar in its cell; `threshold` colours it.
    """

    field: str
    title: str
    unit: Unit | None = None
    decimals: int | None = None
    width: int | None = None
    links: tuple[DataLink, ...] = ()
    is_gauge: bool = False
    threshold: Threshold | None = None
    mappings: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Value -> the words shown for it."""
    no_value: str = ""
    """What stands in a cell whose row has no such figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows joined by their labels over all queries of the signal; only the named columns, in their order."""

    columns: tuple[Column, ...]
    sort_by: str = ""
    """The title of a column; descending."""
    is_ascending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Heatmap:
    """A histogram's buckets over time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertList:
    """Alerts that fire or are pending. `is_of_dashboard`: only those linked to this dashboard.

    `name_part`: only those whose name holds it, whatever its case.
    """

    is_of_dashboard: bool = True
    name_part: str = ""


View = Stat | TimeSeries | BarGauge | BarChart | Table | Heatmap


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A signal in a place. `id` is for ever: alerts and links point at it; a new panel takes a new number."""

    id: int
    signal: Signal
    view: View
    width: int = WIDTH // 2
    height: int = 8
    repeat: str = ""
    """A variable: one panel for each of its values."""
    reach: str = ""
    """A range of its own up to now, whatever the dashboard's is: `30d`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPanel:
    """Words, in Markdown."""

    id: int
    title: str
    markdown: str
    width: int = WIDTH
    height: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPanel:
    """A list of alerts."""

    id: int
    title: str
    description: str
    view: AlertList
    width: int = WIDTH // 2
    height: int = 8


AnyPanel = Panel | TextPanel | AlertPanel


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels under a heading, flowing from left to right. Without a title: the summary on top of a dashboard.

    `repeat`: a variable; the row is repeated for each of its values.
    """

    id: int
    title: str
    panels: tuple[AnyPanel, ...]
    is_collapsed: bool = False
    repeat: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasourceVariable:
    """Chooses a data source of a plug-in."""

    source: Source
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelVariable:
    """The values of a label of a metric in Prometheus."""

    name: str
    label: str
    selector: Callable[[], Selector]
    of: str
    """The label whose values it offers."""
    is_multi: bool = True
    has_all: bool = True
    is_all_listed: bool = False
    """All means those on offer, not everything."""
    all_value: str = ".*"
    """What All stands for, as a regular expression, unless `is_all_listed`."""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultVariable:
    """Hidden: what a query of Prometheus finds at the range's end, all of it. `label`: whose values are taken.

    Values with a comma, a quote or a backslash are left out, so that they can stand in SQL.
    """

    name: str
    query: Callable[[], Expr]
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudWatchVariable:
    """What CloudWatch lists: regions, or the values of a dimension. `query`: Grafana's object of the plug-in.

    `all_value`: what All stands for, where it is not the list of all that is on offer. `only`: a regular expression
    that what is on offer matches; other variables may stand in both.
    """

    name: str
    label: str
    query: Mapping[str, object]
    is_multi: bool = True
    has_all: bool = True
    default: str = ""
    all_value: str = ""
    only: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceVariable:
    """Fixed values: shown word -> value. Chosen is `default`, a word; else All if there is one, else the first."""

    name: str
    label: str
    choices: Mapping[str, str]
    is_multi: bool = False
    has_all: bool = False
    all_value: str = ""
    default: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextVariable:
    """A field to type into."""

    name: str
    label: str
    default: str = ""
    description: str = ""


Variable = DatasourceVariable | LabelVariable | ResultVariable | CloudWatchVariable | ChoiceVariable | TextVariable


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """A dashboard. `uid` is part of links and never changes. `questions`: what it answers, in the order of its rows.

    `refresh` empty switches it off: for dashboards whose queries cost money.
    """

    uid: str
    title: str
    description: str
    questions: tuple[str, ...]
    variables: tuple[Variable, ...]
    rows: tuple[Row, ...]
    since: str = "now-24h"
    refresh: str = REFRESH

    def panels(self) -> tuple[AnyPanel, ...]:
        """All of them, in order."""
        return tuple(panel for row in self.rows for panel in row.panels)
