"""CloudWatch of the embedded account: what AWS/Athena and AWS/Usage publish, computed from the account's own queries.

Stage: testbed.py -> operations.py -> questions.py (what is asked) -> series.py (which series) -> days.py (the data).
"""

from athena_testbed.cloudwatch.operations import CloudWatch
from athena_testbed.cloudwatch.questions import billed_metrics

__all__ = ["CloudWatch", "billed_metrics"]
