"""Metric math: expressions over the series of one GetMetricData call.

Stage: questions.py -> **parser.py** (lexer.py, nodes.py) -> evaluator.py (functions.py on values.py) -> operations.py.
Nothing here knows an account: metrics, searches and quotas are functions that the evaluator is given.

Source: "Using math expressions with CloudWatch metrics" of the CloudWatch user guide
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html).
"""
