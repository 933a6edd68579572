"""`athena-exporter backfill`: the past of before the exporter, as AWS still tells it.

Stage: configuration -> **backfill** (command.py) -> sources/past, sources/trail/ranges -> the ledger.
"""

from athena_exporter.cli.backfill.command import backfill

__all__ = ["backfill"]
