"""terraform/modules/history/tables.json: the history's table and its views, for terraform to declare to Glue.

Stage: athena_exporter.library -> **tables** -> build.
"""

import json
from typing import Any

from athena_exporter.library import definitions, table
from athena_exporter.library.definitions import View

PATH = "terraform/modules/history/tables.json"
TRAIL = "${trail}"
"""In a view's SQL: the table of CloudTrail's events, which terraform knows."""
_STAND_IN = "trail.events"


def text() -> str:
    """The file."""
    document = {"table": _table(), "views": [_view(one) for one in definitions.VIEWS]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _table() -> dict[str, Any]:
    return {
        "name": table.TABLE,
        "schema_version": table.SCHEMA_VERSION,
        **definitions.DATA_TYPES,
        "partition": {"name": table.PARTITION, "type": "string", "comment": "the UTC day of counted_at"},
        "columns": [
            {"name": column.name, "type": str(column.type), "comment": column.comment} for column in table.COLUMNS
        ],
    }


def _view(view: View) -> dict[str, Any]:
    sql = definitions.select(view, trail=_STAND_IN)
    return {
        "name": view.name,
        "description": view.description,
        "reads_trail": view.reads_trail,
        "sql": sql.replace('"trail"."events"', TRAIL),
        "columns": [{"name": name, "type": kind} for name, kind in view.columns],
    }
