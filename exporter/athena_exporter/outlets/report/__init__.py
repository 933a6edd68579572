"""`athena-exporter report`: rows of the rollups or of Athena -> a table -> a terminal's text, JSON, CSV or HTML.

Stage: ledger's rollups -> **report** -> people and their spreadsheets. Pure: it gets rows, never SQL.
`REPORTS` is the one list of what there is; `build` makes the table, `render` writes it down. `page` writes HTML; it
needs the extra `charts` and is imported where it is needed.
"""

from athena_exporter.outlets.report.answers import build_answer
from athena_exporter.outlets.report.budgets import NAME as BUDGETS
from athena_exporter.outlets.report.budgets import RUNNING, TargetCrossings, build_budgets, build_crossings
from athena_exporter.outlets.report.budgets import SUMMARY as BUDGETS_SUMMARY
from athena_exporter.outlets.report.guard import NAME as GUARD
from athena_exporter.outlets.report.guard import SUMMARY as GUARD_SUMMARY
from athena_exporter.outlets.report.guard import build_guard
from athena_exporter.outlets.report.render import NARROWEST, Format, to_csv, to_json, to_rich
from athena_exporter.outlets.report.reports import BY_NAME, REPORTS, Report, build, build_days
from athena_exporter.outlets.report.table import Cell, Column, Table, Unit
from athena_exporter.outlets.report.tables import NAME as TABLES
from athena_exporter.outlets.report.tables import SUMMARY as TABLES_SUMMARY
from athena_exporter.outlets.report.tables import build_tables

__all__ = [
    "BUDGETS",
    "BUDGETS_SUMMARY",
    "BY_NAME",
    "GUARD",
    "GUARD_SUMMARY",
    "NARROWEST",
    "REPORTS",
    "RUNNING",
    "TABLES",
    "TABLES_SUMMARY",
    "Cell",
    "Column",
    "Format",
    "Report",
    "Table",
    "TargetCrossings",
    "Unit",
    "build",
    "build_answer",
    "build_budgets",
    "build_crossings",
    "build_days",
    "build_guard",
    "build_tables",
    "to_csv",
    "to_json",
    "to_rich",
]
