"""What a deployment on AWS costs a month: the table of docs/deploy.md, computed from stated prices.

    python -m athena_exporter.costs.deployment

Stage: beside the way of the data: prices and company (what is assumed) -> series, looks -> **bill** -> document.
Nothing here runs in the exporter.
"""

from athena_exporter.costs.deployment.bill import Line, bill
from athena_exporter.costs.deployment.company import SIZES, Company
from athena_exporter.costs.deployment.document import BEGIN, END, document, placed
from athena_exporter.costs.deployment.looks import Look, Shown
from athena_exporter.costs.deployment.series import series, series_of

__all__ = [
    "BEGIN",
    "END",
    "SIZES",
    "Company",
    "Line",
    "Look",
    "Shown",
    "bill",
    "document",
    "placed",
    "series",
    "series_of",
]
