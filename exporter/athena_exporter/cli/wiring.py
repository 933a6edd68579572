"""A configuration becomes objects: which settings reach which constructor."""

from pathlib import Path

from athena_exporter import catalog
from athena_exporter.config import Config, Histogram, Journal
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

EVENTS = "events"
"""The outbox's consumer that writes to CloudWatch Logs."""
_HISTOGRAMS = {
    Histogram.QUEUE: catalog.QUEUE_SECONDS,
    Histogram.PLANNING: catalog.PLANNING_SECONDS,
    Histogram.ENGINE: catalog.ENGINE_SECONDS,
    Histogram.TOTAL: catalog.TOTAL_SECONDS,
    Histogram.SCANNED_BYTES: catalog.SCANNED_BYTES_PER_QUERY,
}


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
        consumers=(EVENTS,) if config.events.enabled else (),
    )


def rules(config: Config) -> Rules:
    """How queries are counted."""
    return Rules(
        prices=Prices(
            usd_per_tb=config.pricing.usd_per_tb,
            tb_bytes=config.pricing.tb_bytes,
            minimum_bytes=config.pricing.minimum_bytes,
            usd_per_dpu_hour=config.pricing.usd_per_dpu_hour,
        ),
        identity_patience=config.identity.patience,
        source_down_after=config.identity.source_down_after,
        label_limits={
            "user": config.labels.users,
            "database": config.labels.databases,
            "client": config.labels.clients,
            "table": config.labels.tables,
            "workload": config.labels.workloads,
        },
        series_limit=config.labels.series_per_family,
        histograms=frozenset(_HISTOGRAMS[one].name for one in config.exposition.histograms),
        facts=config.events.enabled,
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
