"""The dashboards: which signal stands where. One module each; layout only."""

from athena_dashboards.boards import (
    cost,
    data_catalogue,
    exporter,
    limits,
    overview,
    pipelines,
    users,
    workgroups,
)
from athena_dashboards.model import Dashboard

BOARDS: tuple[Dashboard, ...] = (
    overview.BOARD,
    workgroups.BOARD,
    users.BOARD,
    data_catalogue.BOARD,
    pipelines.BOARD,
    limits.BOARD,
    cost.BOARD,
    exporter.BOARD,
)
"""All of them, in the order of the questions that people ask."""
