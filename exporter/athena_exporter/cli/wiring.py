"""A configuration becomes objects: which settings reach which constructor."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from athena_exporter import catalog
from athena_exporter.budgets import Budget
from athena_exporter.config import Config, Histogram, Journal, QueryText
from athena_exporter.config.sources import AthenaSettings, queue_region, queue_url_of
from athena_exporter.ledger import files, outbox
from athena_exporter.ledger.model import Rules
from athena_exporter.ledger.store import Ledger, LedgerSettings
from athena_exporter.outlets.events import Delivery, Groups
from athena_exporter.poller import Clocks
from athena_exporter.pricing import Prices
from athena_exporter.records import Target
from athena_exporter.sources import Source
from athena_exporter.sources.announced import Announcements
from athena_exporter.sources.answers import Clock
from athena_exporter.sources.athena import DEEP_PAGES, AthenaSource
from athena_exporter.sources.cloudwatch import ActiveQueriesSource, CloudWatchSource
from athena_exporter.sources.eventbridge import EventBridgeSource
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.lookup import LookupSource
from athena_exporter.sources.privacy import Naming
from athena_exporter.sources.queues import Queue
from athena_exporter.sources.session import Session
from athena_exporter.sources.sql import Statements
from athena_exporter.sources.system_table import Settings as TableSettings
from athena_exporter.sources.system_table import SystemTableSource
from athena_exporter.sources.tables import SqlReader
from athena_exporter.sources.trail import VISIBILITY, Audience, Reading, TrailSource
from athena_exporter.sources.views import Views
from athena_exporter.sources.workgroups import WorkgroupsSource
from athena_exporter.telemetry import Telemetry

if TYPE_CHECKING:
    from athena_exporter.outlets.history.delivery import Delivery as HistoryDelivery
    from athena_exporter.outlets.history.delivery import Store

NO_PAUSE = timedelta(0)
"""Between two reads of a source that waits for its messages itself."""
EVENTS = "events"
"""The outbox's consumer that writes to CloudWatch Logs."""
HISTORY = "history"
"""The outbox's consumer that writes the query history."""
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
        lease=files.lease_for(Path(config.ledger.path)) if config.ledger.lease is None else config.ledger.lease or None,
        retention=config.ledger.retention,
        initial_lookback=config.ledger.initial_lookback,
        seed=config.ledger.seed,
        series_warmup=config.exposition.series_warmup,
        slot_idle=config.labels.idle,
        outbox_bounds=outbox.Bounds(max_bytes=config.outbox.max_bytes, max_age=config.outbox.max_age),
        consumers=consumers(config),
        channels=tuple(f"notifications/{one.name}" for one in config.notifications.channels),
        budgets=budgets(config),
    )


def consumers(config: Config) -> tuple[str, ...]:
    """Who reads every fact of the outbox."""
    read_by = ((EVENTS, config.events.enabled), (HISTORY, config.history.enabled))
    return tuple(name for name, is_on in read_by if is_on)


def budgets(config: Config) -> tuple[Budget, ...]:
    """What is counted against which limits."""
    return tuple(one.budget() for one in config.budgets)


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
        facts=bool(consumers(config)),
    )


def naming(config: Config, environment: Mapping[str, str]) -> Naming:
    """How people are named. Raises PrivacyKeyError: the key of the pseudonyms is missing or weak."""
    identity = config.identity
    return Naming.of(identity.privacy, identity_rules(config), identity.pseudonym_key_file, environment)


def identity_rules(config: Config) -> IdentityRules:
    """How a CloudTrail identity becomes a user."""
    return IdentityRules(person_roles=config.identity.person_roles)


def _no_audience() -> Audience:
    return Audience(targets=frozenset(), is_complete=False)


def _nobody(region: str) -> Session:
    raise LookupError(f"nobody has told whose session in {region} to use")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every source of one target is made from.

    `audience` tells which targets are known by now, `own` makes a session of the exporter's own identity in a Region.
    """

    config: Config
    session: Session
    target: Target
    clock: Clock
    naming: Naming
    announcements: Announcements = field(default_factory=Announcements)
    audience: Callable[[], Audience] = _no_audience
    own: Callable[[str], Session] = _nobody


Build: TypeAlias = Callable[[Surroundings], Source]


SHARED = frozenset({"trail"})
"""Sources that read for all targets: there is one of each, and the first target starts it."""


def sources(config: Config) -> dict[str, tuple[Build, timedelta]]:
    """Every source that the configuration switches on: its name, how it is made, the pause between two reads."""
    told = config.sources
    found: dict[str, tuple[Build, timedelta]] = {"athena": (athena_source, told.sweep_interval)}
    if told.eventbridge.enabled:
        found["eventbridge"] = (eventbridge_source, NO_PAUSE)
    if told.trail.enabled:
        found["trail"] = (trail_source, NO_PAUSE)
    if told.lookup.enabled:
        found["lookup"] = (lookup_source, told.lookup.interval)
    if told.workgroups.enabled:
        found["workgroups"] = (workgroups_source, told.workgroups.interval)
    if told.cloudwatch.enabled:
        found["cloudwatch"] = (cloudwatch_source, told.cloudwatch.interval)
        if told.cloudwatch.active_queries:
            found["usage"] = (usage_source, told.cloudwatch.active_queries)
    if told.system_table.enabled:
        found["system_table"] = (system_table_source, told.system_table.interval)
    return found


def athena_source(around: Surroundings) -> Source:
    """What ran. A sweep that comes rarely reads as many more pages of the deep sweep, for that is to end as soon."""
    told = around.config.sources
    return AthenaSource(
        client=around.session.athena(),
        target=around.target,
        clock=around.clock,
        deep_interval=told.athena.deep_interval,
        deep_pages=DEEP_PAGES * max(1, told.sweep_interval // AthenaSettings().interval),
        statements=statements(around),
        announcements=around.announcements if told.eventbridge.enabled else None,
    )


def eventbridge_source(around: Surroundings) -> Source:
    """What runs and who started it, as events tell it."""
    told = around.config.sources.eventbridge
    queue = Queue(
        client=around.session.sqs(),
        url=queue_url_of(str(told.queue_url), around.target.account_id, around.target.region),
        source="eventbridge",
        target=around.target,
        clock=around.clock,
        pause=time.sleep,
        gather=told.gather,
    )
    return EventBridgeSource(
        queue=queue,
        client=around.session.athena(),
        target=around.target,
        rules=identity_rules(around.config),
        clock=around.clock,
        monotonic=time.monotonic,
        naming=around.naming,
        statements=statements(around),
        announcements=around.announcements,
    )


def statements(around: Surroundings) -> Statements:
    """What is read out of the SQL; its text goes on only where somebody takes it."""
    config = around.config
    reader = SqlReader() if config.sql.tables else None
    follows = reader is not None and config.sql.views
    return Statements(
        reader=reader,
        views=Views(client=around.session.glue(), reader=reader, clock=around.clock) if reader and follows else None,
        query_text=config.events.query_text if consumers(config) else QueryText.NONE,
        naming=around.naming,
    )


def lookup_source(around: Surroundings) -> Source:
    """Who started it."""
    config = around.config
    return LookupSource(
        client=around.session.cloudtrail(),
        target=around.target,
        rules=identity_rules(config),
        clock=around.clock,
        patience=config.identity.patience,
        full_interval=config.sources.lookup.full_pass,
        naming=around.naming,
        access_events=config.sources.lookup.access_events,
    )


def trail_source(around: Surroundings) -> Source:
    """Who started it, from CloudTrail's files of all targets. The exporter's own identity reads queue and bucket."""
    told = around.config.sources.trail
    own = around.own(queue_region(str(told.queue_url)) or around.target.region)
    queue = Queue(
        client=own.sqs(),
        url=str(told.queue_url),
        source="trail",
        target=around.target,
        clock=around.clock,
        pause=time.sleep,
        visibility=VISIBILITY,
    )
    return TrailSource(
        queue=queue,
        client=own.s3(),
        bucket=str(told.bucket),
        prefix=told.prefix or "",
        target=around.target,
        audience=around.audience,
        reading=trail_reading(around.config, around.naming),
        settle=told.settle,
    )


def trail_reading(config: Config, naming: Naming) -> Reading:
    """How records of CloudTrail's files are read."""
    return Reading(rules=identity_rules(config), naming=naming, access_events=config.sources.trail.access_events)


def workgroups_source(around: Surroundings) -> Source:
    """How workgroups are set up."""
    return WorkgroupsSource(
        client=around.session.athena(),
        quotas=around.session.service_quotas(),
        target=around.target,
        clock=around.clock,
        tags=around.config.sources.workgroups.tags,
    )


def cloudwatch_source(around: Surroundings) -> Source:
    """What CloudWatch counts."""
    wanted = around.config.sources.cloudwatch
    return CloudWatchSource(
        client=around.session.cloudwatch(),
        target=around.target,
        clock=around.clock,
        metrics=wanted.metrics,
        workgroups=wanted.workgroups,
        capacity=wanted.capacity,
    )


def usage_source(around: Surroundings) -> Source:
    """How many queries are active."""
    return ActiveQueriesSource(client=around.session.cloudwatch(), target=around.target, clock=around.clock)


def system_table_source(around: Surroundings) -> Source:
    """What ran and who started it, from Athena's own table."""
    told = around.config.sources.system_table
    return SystemTableSource(
        client=around.session.asking(),
        target=around.target,
        rules=identity_rules(around.config),
        clock=around.clock,
        monotonic=time.monotonic,
        pause=time.sleep,
        naming=around.naming,
        settings=TableSettings(
            workgroup=str(told.workgroup),
            output_location=told.output_location,
            settle=told.settle,
            overlap=told.overlap,
            workgroups=told.workgroups,
            max_bytes_per_day=told.max_bytes_per_day,
            minimum_bytes=around.config.pricing.minimum_bytes,
        ),
    )


def delivery(config: Config, session: Session, ledger: Ledger, telemetry: Telemetry, clocks: Clocks) -> Delivery:
    """The outbox's way into CloudWatch Logs."""
    events = config.events
    return Delivery(
        outbox=ledger,
        consumer=EVENTS,
        client=session.logs(),
        groups=Groups(table_access=events.table_access_group, queries=events.queries_group),
        tally=telemetry,
        now=clocks.now,
        monotonic=clocks.monotonic,
        create_groups=events.create_groups,
    )


def history_delivery(
    config: Config, store: "Store", ledger: Ledger, telemetry: Telemetry, clocks: Clocks
) -> "HistoryDelivery":
    """The outbox's way into the query history. Needs pyarrow."""
    from athena_exporter.outlets.history import delivery as history  # noqa: PLC0415  who writes none need not have it

    return history.Delivery(
        outbox=ledger.box(HISTORY),
        store=store,
        prefix=config.history.root,
        windows=history.Windows(length=config.history.window, most=config.history.max_rows),
        tally=telemetry,
        now=clocks.now,
        monotonic=clocks.monotonic,
    )
