"""Dashboards as the JSON that Grafana 10.4 and later knows: the only package that imports grafanalib.

Stage: boards -> **grafana** -> build. grafanalib 0.7.1 was written for Grafana 5 to 9: its defaults are pruned here,
and fields that Grafana would ignore, migrate or reject are replaced by those of schema version 39
(github.com/grafana/grafana, public/app/features/dashboard/state/DashboardMigrator.ts).
"""

from athena_dashboards.grafana.cleaning import Json
from athena_dashboards.grafana.dashboards import dashboard_json

__all__ = ["Json", "dashboard_json"]
