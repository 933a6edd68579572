"""A dashboard as JSON: where its panels stand, its variables and its links."""

from typing import Any

from grafanalib import core as G  # noqa: N812  the letter that everybody who uses grafanalib writes

from athena_dashboards.grafana.cleaning import Json, finished_row, plain, pruned, without
from athena_dashboards.grafana.panels import panel_json
from athena_dashboards.grafana.templating import variable_json
from athena_dashboards.model import AnyPanel, Dashboard, Row
from athena_dashboards.theme import TAG, WIDTH

SCHEMA_VERSION = 39
"""Of Grafana 10.4; later ones migrate from it."""
_LEGACY = ("__inputs", "rows", "hideControls", "sharedCrosshair", "style", "gnetId", "id", "version")
_REFRESH_CHOICES = ("1m", "5m", "15m", "1h")
_CROSSHAIR = 1


def dashboard_json(board: Dashboard) -> Json:
    """A dashboard.

    Raises:
        SignalError: a panel's queries can't be built; names dashboard and panel.
        ValueError: two panels have one id.
    """
    _check_ids(board)
    made = G.Dashboard(
        title=board.title, uid=board.uid, description=board.description, tags=[TAG], timezone="utc", editable=False,
        refresh=board.refresh, schemaVersion=SCHEMA_VERSION, graphTooltip=_CROSSHAIR, time=G.Time(board.since, "now"),
        panels=_placed(board),
    )  # fmt: skip  # as short as it can be said
    ours = {
        "templating": {"list": [variable_json(one) for one in board.variables]},
        "timepicker": {"refresh_intervals": list(_REFRESH_CHOICES)}, "annotations": {"list": []}, "links": [_others()],
        "fiscalYearStartMonth": 0, "liveNow": False, "weekStart": "monday",
    }  # fmt: skip  # a list of words
    return Json(pruned(without(plain(made), _LEGACY)) | ours)


def _others() -> Json:
    """The drop-down of the other dashboards: it keeps the time and the variables."""
    link: Any = G.DashboardLink(asDropdown=True, title="Athena", tags=[TAG], keepTime=True, includeVars=True)
    return without(plain(link), ("uri",)) | {"type": "dashboards", "icon": "external link", "url": "", "tooltip": ""}


def _placed(board: Dashboard) -> list[Json]:
    """Rows from top to bottom; a collapsed row holds its panels, an open one is followed by them."""
    placed: list[Json] = []
    y = 0
    for row in board.rows:
        heading = 1 if row.title else 0
        panels, below = _flow(row.panels, y + heading)
        if row.title:
            placed.append(_heading(row, y, panels if row.is_collapsed else []))
        if not row.is_collapsed:
            placed += panels
        y = y + heading if row.is_collapsed else below
    return placed


def _heading(row: Row, y: int, inside: list[Json]) -> Json:
    made = G.RowPanel(
        title=row.title, id=row.id, gridPos=G.GridPos(h=1, w=WIDTH, x=0, y=y), collapsed=row.is_collapsed,
        panels=inside, repeat=G.Repeat(variable=row.repeat) if row.repeat else G.Repeat(),
    )  # fmt: skip  # as short as it can be said
    return finished_row(made) | {"panels": inside}


def _flow(panels: tuple[AnyPanel, ...], top: int) -> tuple[list[Json], int]:
    """Panels from left to right, a new line where the next does not fit; and the line below all of them."""
    placed: list[Json] = []
    x, y, tallest = 0, top, 0
    for panel in panels:
        if x + panel.width > WIDTH:
            x, y, tallest = 0, y + tallest, 0
        placed.append(panel_json(panel, {"h": panel.height, "w": panel.width, "x": x, "y": y}))
        x, tallest = x + panel.width, max(tallest, panel.height)
    return placed, y + tallest


def _check_ids(board: Dashboard) -> None:
    ids = [panel.id for panel in board.panels()] + [row.id for row in board.rows if row.title]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise ValueError(
            f"{board.uid}: several panels have the id {', '.join(map(str, twice))}; an id is for ever one panel's"
        )
