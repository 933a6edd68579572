"""The dashboards: which signal stands where. One module each; layout only."""

from athena_dashboards.boards import exporter
from athena_dashboards.model import Dashboard

BOARDS: tuple[Dashboard, ...] = (exporter.BOARD,)
"""All of them, in the order of the questions that people ask."""
