"""The table of rules: one module a subject."""

from athena_dashboards.alerts.model import Group
from athena_dashboards.alerts.rules import budgets, exporter, queries, spending

GROUPS: tuple[Group, ...] = (spending.GROUP, budgets.GROUP, queries.GROUP, exporter.GROUP)
"""All of them. Amazon Managed Grafana once allowed a hundred rules a workspace: each serves many series."""
