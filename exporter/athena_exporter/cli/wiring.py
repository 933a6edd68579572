"""A configuration becomes objects: which settings reach which constructor."""

from pathlib import Path

from athena_exporter.config import Config, Journal
from athena_exporter.ledger import outbox
from athena_exporter.ledger.model import Rules
from athena_exporter.ledger.store import LedgerSettings
from athena_exporter.pricing import Prices
from athena_exporter.records import Target
from athena_exporter.sources import Source
from athena_exporter.sources.answers import Clock
from athena_exporter.sources.athena import AthenaSource
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.lookup import LookupSource
from athena_exporter.sources.session import Session


def ledger_settings(config: Config) -> LedgerSettings:
    """How the ledger is kept."""
    journal = config.ledger.journal
    return LedgerSettings(
        path=Path(config.ledger.path),
        rules=rules(config),
        journal=None if journal is Journal.AUTO else ("wal" if journal is Journal.WAL else "rollback"),
        retention=config.ledger.retention,
        initial_lookback=config.ledger.initial_lookback,
        seed=config.ledger.seed,
        series_warmup=config.exposition.series_warmup,
        slot_idle=config.labels.idle,
        outbox_bounds=outbox.Bounds(max_bytes=config.outbox.max_bytes, max_age=config.outbox.max_age),
    )


def rules(config: Config) -> Rules:
    """How queries are counted."""
    return Rules(
        prices=Prices(
            usd_per_tb=config.pricing.usd_per_tb,
            tb_bytes=config.pricing.tb_bytes,
            minimum_bytes=config.pricing.minimum_bytes,
        ),
        identity_patience=config.identity.patience,
        source_down_after=config.identity.source_down_after,
        label_limits={
            "user": config.labels.users,
            "database": config.labels.databases,
            "client": config.labels.clients,
        },
        series_limit=config.labels.series_per_family,
    )


def athena_source(config: Config, session: Session, target: Target, clock: Clock) -> Source:
    """What ran."""
    return AthenaSource(
        client=session.athena(), target=target, clock=clock, deep_interval=config.sources.athena.deep_interval
    )


def lookup_source(config: Config, session: Session, target: Target, clock: Clock) -> Source:
    """Who started it."""
    return LookupSource(
        client=session.cloudtrail(),
        target=target,
        rules=IdentityRules(person_roles=config.identity.person_roles),
        clock=clock,
        patience=config.identity.patience,
        full_interval=config.sources.lookup.full_pass,
    )
