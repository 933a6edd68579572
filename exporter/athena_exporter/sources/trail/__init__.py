"""The source `trail`: CloudTrail's files in S3, as they are announced, and as they lie there.

Stage: SQS, S3 -> **trail** -> records. scanning.py is the hot path, reading.py the one door to what a record becomes,
source.py what runs, coverage.py what it proves, ranges.py the past.
"""

from athena_exporter.sources.trail.reading import Reading
from athena_exporter.sources.trail.source import VISIBILITY, Audience, TrailSource

__all__ = ["VISIBILITY", "Audience", "Reading", "TrailSource"]
