"""`athena-exporter report`: rows of the rollups -> a table -> text for a terminal, JSON or CSV.

Stage: ledger's rollups -> **report** -> people and their spreadsheets. Pure: it gets rows, never SQL.
`REPORTS` is the one list of what there is; `build` makes the table, `render` writes it down.
"""

from athena_exporter.outlets.report.render import NARROWEST, Format, to_csv, to_json, to_rich
from athena_exporter.outlets.report.reports import BY_NAME, REPORTS, Report, build
from athena_exporter.outlets.report.table import Cell, Column, Table, Unit

__all__ = [
    "BY_NAME",
    "NARROWEST",
    "REPORTS",
    "Cell",
    "Column",
    "Format",
    "Report",
    "Table",
    "Unit",
    "build",
    "to_csv",
    "to_json",
    "to_rich",
]
