"""What the service starts for each account and Region: a session, the target behind it, and what it does there."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeAlias

from athena_exporter.cli import wiring
from athena_exporter.cli.sessions import region_of, session_for
from athena_exporter.config import Config, TargetSettings
from athena_exporter.poller import Clocks
from athena_exporter.records import UNKNOWN, Target
from athena_exporter.sources.models import Models
from athena_exporter.sources.privacy import Naming
from athena_exporter.sources.session import Session
from athena_exporter.sources.trail import Audience
from athena_exporter.telemetry import Telemetry

CLOCKS = Clocks(now=lambda: datetime.now(UTC), monotonic=time.monotonic)
"""The real clocks of the process."""
OUTLET = "events"
"""The name under which the delivery of events shows, as a source does under its own."""
HISTORY = wiring.HISTORY
"""The name under which the writing of the query history shows."""
COMPACTION = f"{HISTORY}/compaction"
"""The name under which the merging of its past days shows."""
_BUSY = timedelta(seconds=1)
"""The pause between two looks into the outbox."""

Names: TypeAlias = Sequence[str]


class Reader:
    """One configured target: its session, and what is read of it. `target` is unknown until STS has answered."""

    def __init__(
        self,
        config: Config,
        settings: TargetSettings,
        telemetry: Telemetry,
        naming: Naming,
        models: Models | None = None,
    ) -> None:
        """Asks AWS nothing. `models` serve several sessions. Raises SetupError: there is no Region."""
        self.region = region_of(settings)
        self.target = Target(account_id=settings.account_id or UNKNOWN, region=self.region)
        self.settings = settings
        self.session = _session(config, settings, telemetry, self, models)
        is_first = settings is config.targets[0]
        config = config.seen_from(settings)
        self.sources: Mapping[str, tuple[wiring.Build, timedelta]] = {
            name: made for name, made in wiring.sources(config).items() if is_first or name not in wiring.SHARED
        }
        self._own = partial(_own_session, config, telemetry, self, models)
        self._config = config
        self._naming = naming

    @property
    def names(self) -> Names:
        """The sources' names."""
        return tuple(self.sources)

    def surroundings(self, target: Target, audience: Callable[[], Audience]) -> wiring.Surroundings:
        """What its sources are made from, once the target is known."""
        return wiring.Surroundings(
            config=self._config, session=self.session, target=target, clock=CLOCKS.now, naming=self._naming,
            audience=audience, own=self._own,
        )  # fmt: skip  # seven arguments read best as a block


class Writer:
    """The account and Region whose CloudWatch Logs get the events: the exporter's own, in the first target's Region."""

    names: Names = (OUTLET,)

    def __init__(self, config: Config, telemetry: Telemetry, models: Models | None = None) -> None:
        """Asks AWS nothing. `models` serve several sessions. Raises SetupError: there is no Region."""
        self.settings = self._whose(config)
        self.region = region_of(self.settings)
        self.target = Target(account_id=UNKNOWN, region=self.region)
        self.session = _session(config, self.settings, telemetry, self, models)

    @property
    def pause(self) -> timedelta:
        """Between two looks into the outbox."""
        return _BUSY

    @staticmethod
    def _whose(config: Config) -> TargetSettings:
        return TargetSettings(region=config.targets[0].region)


class Historian(Writer):
    """Who writes the query history: the exporter itself or a role, in the first target's Region.

    The bucket may be in another one: botocore asks S3 for it and goes there.
    """

    names: Names = (HISTORY, COMPACTION)

    @staticmethod
    def _whose(config: Config) -> TargetSettings:
        return historian_of(config)


def historian_of(config: Config) -> TargetSettings:
    """Whose identity the query history is written with."""
    return TargetSettings(region=config.targets[0].region, role_arn=config.history.role_arn)


def _own_session(config: Config, telemetry: Telemetry, owner: "Reader", models: Models | None, region: str) -> Session:
    """A session of the exporter's own identity, whose calls count for the owner's target."""
    return _session(config, TargetSettings(region=region), telemetry, owner, models)


def _session(
    config: Config,
    settings: TargetSettings,
    telemetry: Telemetry,
    owner: "Reader | Writer",
    models: Models | None,
) -> Session:
    """Calls count for whatever target the owner has by then."""
    return session_for(
        config,
        settings,
        count=partial(_count, telemetry, owner),
        bill=partial(_bill, telemetry, owner),
        models=models,
    )


def _count(telemetry: Telemetry, owner: "Reader | Writer", service: str, operation: str, result: str) -> None:
    telemetry.aws_call(owner.target, service, operation, result)


def _bill(
    telemetry: Telemetry, owner: "Reader | Writer", service: str, operation: str, result: str, units: int
) -> None:
    telemetry.aws_bill(owner.target, service, operation, result, units)
