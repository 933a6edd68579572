"""EventBridge of the embedded account: its own events, rules that match them, and delivery into SQS queues.

Stage: account and CloudTrail's events -> **bridge** -> moto's SQS, which answers behind the front.
"""

from athena_testbed.bridge.delivery import Bridge
from athena_testbed.bridge.queues import Queues
from athena_testbed.bridge.quick import QuickQueues

__all__ = ["Bridge", "Queues", "QuickQueues"]
