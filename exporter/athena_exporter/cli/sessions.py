"""Sessions with AWS, as the configuration wants them: the one place where credentials and rates come together.

Stage: configuration -> **sessions** -> serve, check, verify, iam-policy.
"""

import time
from collections.abc import Sequence

import boto3

from athena_exporter.cli.failing import SetupError
from athena_exporter.config import Config, TargetSettings
from athena_exporter.sources.models import Models
from athena_exporter.sources.rate import Rates
from athena_exporter.sources.session import Bill, Count, Observe, Session


def _uncounted(*_: str) -> None:
    """Commands that a person runs tell no metric of their calls."""


def regions_of(config: Config) -> Sequence[str | None]:
    """The Region of each target: its own, else the one of the shared AWS configuration, else None."""
    fallback = boto3.Session().region_name
    return [target.region or fallback for target in config.targets]


def region_of(settings: TargetSettings) -> str:
    """The Region of one target. Raises SetupError: there is none."""
    region = settings.region or boto3.Session().region_name
    if region is None:
        raise SetupError("no Region: set AWS_REGION, or targets[].region in the configuration")
    return region


def session_for(
    config: Config,
    settings: TargetSettings,
    *,
    count: Count = _uncounted,
    bill: Bill | None = None,
    observe: Observe | None = None,
    models: Models | None = None,
) -> Session:
    """A session with a target, at the configured share of AWS's rates. Raises SetupError: there is no Region."""
    return Session(
        region=region_of(settings),
        rates=Rates(share=config.aws.rate_share, clock=time.monotonic, sleep=time.sleep),
        count=count,
        bill=bill,
        role_arn=settings.role_arn,
        external_id=settings.external_id,
        endpoint_url=config.aws.endpoint_url,
        observe=observe,
        models=models,
    )
