"""The guard of one account and Region, put together: which role, which client, and whom it never touches."""

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from athena_exporter.budgets import Mode, Protected
from athena_exporter.cli.readers import CLOCKS
from athena_exporter.cli.sessions import session_for
from athena_exporter.config import Config, TargetSettings
from athena_exporter.ledger.store import Ledger
from athena_exporter.outlets.guard import AwsClock, Guard, GuardRules, KillSwitch, give_up
from athena_exporter.records import Target
from athena_exporter.sources.arns import account_of
from athena_exporter.sources.privacy import Naming
from athena_exporter.sources.session import Session
from athena_exporter.sources.stopping import Stopper, own_identity, role_identity
from athena_exporter.telemetry import Telemetry

_log = logging.getLogger(__name__)
GUARD = "guard"
"""The name under which the guard shows, as a source does under its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A guard that is to be run again and again, the pause between two runs, and what to close in the end."""

    guard: Guard
    interval: timedelta
    close: Callable[[], None]


class Guarding:
    """What the service starts for each target whose account it knows."""

    def __init__(
        self, config: Config, ledger: Ledger, telemetry: Telemetry, naming: Naming, *, is_forced_off: bool = False
    ) -> None:
        """`is_forced_off`: the kill switch is on for as long as the process lives."""
        self._config = config
        self._ledger = ledger
        self._telemetry = telemetry
        self._naming = naming
        self._is_forced_off = is_forced_off

    def of(self, target: Target, now: datetime) -> Watch | None:
        """The guard of an adopted target; None where it is switched off. `now` is AWS's clock. Asks AWS nothing.

        Raises LedgerError.
        """
        settings = self._config.guard
        book = self._ledger.guard_book(target)
        if settings.mode is Mode.OFF:
            give_up(book, now)
            self._telemetry.guard(target, Mode.OFF, is_killed=self._is_forced_off, waiting={})
            return None
        session = self._session(target)
        guard = Guard(
            book=book,
            rules=GuardRules(
                mode=settings.mode,
                patterns=settings.protected,
                most_a_minute=settings.max_stops_per_minute,
                grace=settings.grace,
                switch=KillSwitch(file=settings.kill_switch, is_forced=self._is_forced_off),
            ),
            stopper=None if session is None else Stopper(session.stopping(), CLOCKS.now),
            own=partial(self._own, target),
            tally=self._telemetry,
            clock=AwsClock(now, CLOCKS.monotonic),
            monotonic=CLOCKS.monotonic,
        )
        return Watch(guard=guard, interval=settings.interval, close=_nothing if session is None else session.close)

    def _session(self, target: Target) -> Session | None:
        """A session through the guard's role; None where nothing may be stopped: then no client that could is made."""
        settings = self._config.guard
        if settings.mode is not Mode.ENFORCE or self._is_forced_off:
            return None
        if account_of(settings.role_arn or "") != target.account_id:
            _log.warning(
                "guard (%s, %s): not guarded: guard.role_arn belongs to account %s",
                target.account_id, target.region, account_of(settings.role_arn or ""),
            )  # fmt: skip  # as the line has them
            return None
        return session_for(
            self._config,
            TargetSettings(region=target.region, role_arn=settings.role_arn, external_id=settings.external_id),
            count=partial(self._telemetry.aws_call, target),
            bill=partial(self._telemetry.aws_bill, target),
        )

    def _own(self, target: Target) -> Protected:
        """As whom the exporter's own queries would count: whoever it is by itself, and its roles."""
        roles = [self._config.guard.role_arn, *(one.role_arn for one in self._config.targets)]
        named = [role_identity(role, self._naming) for role in dict.fromkeys(roles) if role is not None]
        plain, count = TargetSettings(region=target.region), partial(self._telemetry.aws_call, target)
        with closing(session_for(self._config, plain, count=count)) as session:
            return Protected(own=(own_identity(session, self._naming), *named))


def _nothing() -> None:
    """There is nothing to close."""
