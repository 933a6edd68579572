"""Trails of the embedded account: CloudTrail's files in S3, and how their arrival is announced.

Stage: account and CloudTrail's events -> **trail** -> moto's S3, SNS and SQS, which answer behind the front.
"""

from athena_testbed.trail.background import noise
from athena_testbed.trail.delivery import Trails
from athena_testbed.trail.files import digest_key, file_key, packed

__all__ = ["Trails", "digest_key", "file_key", "noise", "packed"]
