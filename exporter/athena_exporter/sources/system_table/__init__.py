"""Athena's own table of finished queries, read by SQL. Experimental: no recording of a real account exists yet.

Stage: asking.py -> **system_table** (capability, spending, statements, rows, source) -> records.
"""

from athena_exporter.sources.system_table.capability import SystemTableError
from athena_exporter.sources.system_table.source import Settings, SystemTableSource

__all__ = ["Settings", "SystemTableError", "SystemTableSource"]
