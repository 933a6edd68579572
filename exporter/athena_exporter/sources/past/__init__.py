"""The past as AWS still tells it: executions from Athena's list, starts from CloudTrail's event history.

Stage: AWS -> **past** -> records -> `athena-exporter backfill`. Unlike the sources beside it, these read a stretch of
time once, and say after each batch how far they have come, so that a later run goes on there.
"""

from athena_exporter.sources.past.executions import Sweep
from athena_exporter.sources.past.span import NAME, Page, Span, Told
from athena_exporter.sources.past.starts import Starts

__all__ = ["NAME", "Page", "Span", "Starts", "Sweep", "Told"]
