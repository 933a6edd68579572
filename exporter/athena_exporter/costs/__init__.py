"""What the exporter itself costs: the price of each call to AWS, how calls are planned, and the estimate from both.

Stage: beside the way of the data. telemetry.py prices what the wire has seen; sources/cloudwatch plans its requests
with the same arithmetic that the estimate uses, so what docs/metrics.md says cannot drift from what is asked.
"""

from athena_exporter.costs.estimate import Calls, Facts, estimate, peer
from athena_exporter.costs.plan import QUERIES, Want, asked, pack, statistics
from athena_exporter.costs.prices import price_nanousd
from athena_exporter.costs.table import table

__all__ = [
    "QUERIES",
    "Calls",
    "Facts",
    "Want",
    "asked",
    "estimate",
    "pack",
    "peer",
    "price_nanousd",
    "statistics",
    "table",
]
