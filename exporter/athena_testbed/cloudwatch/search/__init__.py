"""Search expressions: which metrics the text of a SEARCH finds.

Stage: operations.py -> **parser.py** -> matching.py.

Source: "CloudWatch search expression syntax" of the CloudWatch user guide
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html).
"""
