"""CloudWatch of the embedded account: what AWS/Athena and AWS/Usage publish, computed from the account's own queries.

Stage: testbed.py -> operations.py -> questions.py (what is asked) -> expressions.py (what is computed) -> answers.py
(which data points) -> series.py (which series) -> days.py (the data).
"""

from athena_testbed.cloudwatch.operations import CloudWatch

__all__ = ["CloudWatch"]
