"""The configuration's shape: every key, its default, its meaning, and what must hold between keys.

Stage: YAML -> document -> **model** -> composition root. Frozen. The README's table and config.example.yml are
checked against these classes, so a key is declared here and nowhere else.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, model_validator

from athena_exporter.budgets import COMPONENT_TAG, Per
from athena_exporter.config import asking as the_asking
from athena_exporter.config import budgets as scan_budgets
from athena_exporter.config import guard as the_guard
from athena_exporter.config import history as the_history
from athena_exporter.config import notifications as the_notifications
from athena_exporter.config import sources as the_sources
from athena_exporter.config import targets as the_targets
from athena_exporter.config.document import Location
from athena_exporter.config.kinds import (
    choice,
    duration,
    file,
    flag,
    money,
    naming,
    one_size,
    optional_file,
    share,
    silence,
    size,
    text,
    whole,
    write_duration,
    write_size,
)
from athena_exporter.config.outlets import EventsSettings, ExpositionSettings
from athena_exporter.config.section import Conflict, Section, refuse
from athena_exporter.config.sources import SourcesSettings
from athena_exporter.config.targets import TargetSettings

ATHENA_HISTORY = timedelta(days=45)
"""How long Athena keeps query executions: nothing older can be read, or waited for."""
BINARY_TB = 2**40
"""Bytes in a TB, if AWS means the binary one; its MB then has 2^20."""
DECIMAL_TB = 10**12
"""Bytes in a TB, if AWS means the decimal one; its MB then has 10^6."""

_NOTHING_OLDER = duration(at_most=ATHENA_HISTORY, because="Athena forgets older queries")
_SECOND = timedelta(seconds=1)
_INSTANT = timedelta(milliseconds=1)
_LONGEST_KEY = 100
"""Characters of a key that a message shows."""


def _is_endpoint(address: str) -> bool:
    """Whether it is scheme, host and port alone: a path, a query or a password has no place in it."""
    try:
        url = urlsplit(address)
        return (
            bool(url.hostname)
            and url.port != 0
            and address in {f"{url.scheme}://{url.netloc}{end}" for end in ("", "/")}
            and url.scheme in {"http", "https"}
            and "@" not in address
            and " " not in address
        )
    except ValueError:
        return False


_ENDPOINT = text(wanted="an address of scheme, host and port", example="http://127.0.0.1:9988", fits=_is_endpoint)


def _empty_if_nothing(found: object) -> object:
    """A key with nothing behind it (all its lines commented out, say) means the defaults."""
    return () if found is None else found


class Journal(StrEnum):
    """How SQLite keeps the ledger's transactions whole."""

    AUTO = "auto"
    WAL = "wal"
    ROLLBACK = "rollback"


class AwsSettings(Section):
    """How AWS is called."""

    endpoint_url: Annotated[str | None, _ENDPOINT] = Field(
        default=None, description="One address for all calls, such as the testbed's; by default AWS itself."
    )
    rate_share: Annotated[float, share()] = Field(
        default=0.5, description="The share of each API's published rate that may be used; the rest is people's."
    )


class LedgerSettings(Section):
    """The one durable state."""

    path: Annotated[Path, file()] = Field(
        default=Path("athena-ledger.db"),
        description="The SQLite file; its lock file stands beside it.",
    )
    retention: Annotated[timedelta, duration(at_least=timedelta(hours=1))] = Field(
        default=timedelta(days=3),
        description="How long counted queries are kept one by one; totals and rollups stay longer.",
    )
    initial_lookback: Annotated[timedelta, _NOTHING_OLDER] = Field(
        default=timedelta(0),
        description="At the very first start, count queries that ended this long ago, too.",
    )
    seed: Annotated[timedelta, _NOTHING_OLDER] = Field(
        default=timedelta(0),
        description="At the very first start, fill the windows, not the counters, from Athena's history.",
    )
    journal: Annotated[Journal, choice(Journal)] = Field(
        default=Journal.AUTO,
        description="`wal` for local disks, `rollback` for network disks; `auto` looks at the disk.",
    )
    lease: Annotated[timedelta | None, silence(at_least=timedelta(seconds=5), at_most=timedelta(minutes=10))] = Field(
        default=None,
        description="How long a writer may be silent before another takes over; `0s`: a lock is enough. By default "
        "30s on network disks, none on others.",
    )


class Privacy(StrEnum):
    """How people are named in everything that leaves the sources."""

    PLAIN = "plain"
    PSEUDONYM = "pseudonym"
    ROLE_ONLY = "role_only"


class SqlSettings(Section):
    """What is read out of the SQL."""

    tables: Annotated[bool, flag()] = Field(
        default=True, description="Whether the SQL is parsed for the tables it names; it never leaves the process."
    )
    views: Annotated[bool, flag()] = Field(
        default=True, description="Whether views are followed to their tables through Glue, where that is allowed."
    )


class IdentitySettings(Section):
    """How a query finds its user."""

    patience: Annotated[timedelta, duration(at_least=_SECOND)] = Field(
        default=timedelta(hours=3),
        description="How long after its start a query must be unknown to CloudTrail to stay without a user.",
    )
    source_down_after: Annotated[
        timedelta, duration(at_least=_SECOND, at_most=ATHENA_HISTORY, because="queries are abandoned then")
    ] = Field(
        default=timedelta(hours=24),
        description="How long CloudTrail must be unreadable for a query to stay without a user.",
    )
    person_roles: Annotated[tuple[Annotated[re.Pattern[str], naming()], ...], BeforeValidator(_empty_if_nothing)] = (
        Field(
            default=(re.compile("^alpha_user_(.+)$"),),
            description="Regular expressions of roles that belong to one person each; the group is the person.",
        )
    )
    privacy: Annotated[Privacy, choice(Privacy)] = Field(
        default=Privacy.PLAIN,
        description="How people are named: `plain`, `pseudonym` (a keyed hash) or `role_only`.",
    )
    pseudonym_key_file: Annotated[Path | None, optional_file()] = Field(
        default=None,
        description="The file with the key of the pseudonyms; else ATHENA_EXPORTER_PSEUDONYM_KEY.",
    )


class PricingSettings(Section):
    """What a query costs."""

    usd_per_tb: Annotated[Decimal, money()] = Field(
        default=Decimal("5.0"), description="Athena's price per TB scanned in your Region, in US dollars."
    )
    tb_bytes: Annotated[int, one_size(BINARY_TB, DECIMAL_TB)] = Field(
        default=BINARY_TB, description="Bytes in the TB of that price: 1TiB or 1TB; a MB follows it."
    )
    minimum_bytes: Annotated[int, size()] = Field(
        default=10 * 2**20, description="The least that is billed for a query that is billed by the byte."
    )
    usd_per_dpu_hour: Annotated[Decimal, money()] = Field(
        default=Decimal("0.3"), description="The price of a DPU-hour of reserved capacity in your Region."
    )


class LabelsSettings(Section):
    """How many values a label may have; the rest is counted as `other`."""

    users: Annotated[int, whole()] = Field(default=500, description="Values of the label `user`.")
    databases: Annotated[int, whole()] = Field(default=200, description="Values of the label `database`.")
    clients: Annotated[int, whole()] = Field(default=100, description="Values of the label `client`.")
    tables: Annotated[int, whole()] = Field(default=1_000, description="Values of the label `table`.")
    workloads: Annotated[int, whole()] = Field(default=1_000, description="Values of the label `workload`.")
    series_per_family: Annotated[int, whole()] = Field(default=20_000, description="Series of one metric.")
    idle: Annotated[timedelta, duration(at_least=timedelta(hours=1))] = Field(
        default=ATHENA_HISTORY, description="A value that nobody used for this long makes room for another."
    )


class OutboxSettings(Section):
    """Facts that wait for their consumers."""

    max_bytes: Annotated[int, size(at_least=2**20)] = Field(
        default=2 * 2**30, description="The most that waits; then the oldest facts are dropped, and counted."
    )
    max_age: Annotated[
        timedelta,
        duration(
            at_least=timedelta(hours=1), at_most=timedelta(days=14), because="CloudWatch Logs refuses older events"
        ),
    ] = Field(default=timedelta(days=13), description="The longest that a fact waits.")


class Config(Section):
    """The whole configuration. `load` fills `targets`; `Config()` alone has the defaults and no target."""

    targets: Annotated[tuple[TargetSettings, ...], BeforeValidator(_empty_if_nothing)] = Field(
        default=(), description="The accounts and Regions to read; by default one, the environment's."
    )
    aws: AwsSettings = Field(default=AwsSettings(), description="How AWS is called.")
    ledger: LedgerSettings = Field(default=LedgerSettings(), description="The one durable state.")
    sources: SourcesSettings = Field(default=SourcesSettings(), description="What is read, and how often.")
    identity: IdentitySettings = Field(default=IdentitySettings(), description="How a query finds its user.")
    sql: SqlSettings = Field(default=SqlSettings(), description="What is read out of the SQL.")
    pricing: PricingSettings = Field(default=PricingSettings(), description="What a query costs.")
    labels: LabelsSettings = Field(default=LabelsSettings(), description="How many values a label may have.")
    outbox: OutboxSettings = Field(default=OutboxSettings(), description="Facts that wait for their consumers.")
    exposition: ExpositionSettings = Field(default=ExpositionSettings(), description="What `/metrics` shows.")
    events: EventsSettings = Field(default=EventsSettings(), description="What goes to CloudWatch Logs.")
    history: the_history.HistorySettings = Field(
        default=the_history.HistorySettings(), description="What goes to S3, for Athena."
    )
    asking: the_asking.AskingSettings = Field(
        default=the_asking.AskingSettings(), description="Who asks the query history in Athena."
    )
    budgets: scan_budgets.Budgets = Field(
        default=scan_budgets.SHIPPED,
        description="Scan budgets: a list of them, or `{file: PATH}`; by default those of `budgets.example.yml`, "
        "`[]` for none.",
    )
    notifications: the_notifications.NotificationsSettings = Field(
        default=the_notifications.NotificationsSettings(), description="Who is told of budgets and of the guard."
    )
    guard: the_guard.GuardSettings = Field(
        default=the_guard.GuardSettings(), description="What stops queries of those who are over a limit."
    )

    @model_validator(mode="after")
    def _no_conflicts(self) -> Self:
        refuse(tuple(conflicts(self)))
        return self

    def seen_from(self, target: TargetSettings) -> "Config":
        """The configuration as it holds for one target."""
        return self.model_copy(update={"sources": target.sources.over(self.sources)})


def conflicts(config: Config) -> Iterator[Conflict]:
    """Everything that can't hold together, each with the keys it is between."""
    yield from the_targets.conflicts(config.targets)
    yield from _contradicting_durations(config)
    yield from _impossible_sizes(config)
    yield from _alike_names(config)
    yield from scan_budgets.conflicts(config.budgets)
    yield from _untold_components(config)
    yield from the_notifications.conflicts(config.notifications)
    yield from the_guard.conflicts(config.guard)
    yield from the_history.conflicts(config.history, config.outbox.max_age)
    yield from the_sources.conflicts(config.sources, _event_readers(config))


def _event_readers(config: Config) -> int:
    """How many targets' queues of EventBridge are read."""
    if not config.targets:
        return int(config.sources.eventbridge.enabled)
    told = the_targets.by_region(config.targets)
    return sum(one.sources.over(config.sources).eventbridge.enabled for one in told)


def _contradicting_durations(config: Config) -> Iterator[Conflict]:
    """Pairs of durations of which the first must be the longer one, with the reason."""
    identity, ledger, sources = config.identity, config.ledger, config.sources
    patience = (("identity", "patience"), identity.patience)
    by_event = ("sources", "eventbridge", "sweep_interval")
    sweep = (by_event if sources.eventbridge.enabled else ("sources", "athena", "interval"), sources.sweep_interval)
    for (longer, much), (shorter, least), strictly, reason in (
        ((("identity", "source_down_after"), identity.source_down_after), patience, True,
         "else no query could ever wait out its patience"),
        ((("ledger", "retention"), ledger.retention), patience, False,
         "else a query would be forgotten before its user may be found"),
        ((("sources", "athena", "deep_interval"), sources.athena.deep_interval), sweep, False,
         "a deep sweep is a sweep too"),
        ((("sources", "lookup", "full_pass"), sources.lookup.full_pass),
         (("sources", "lookup", "interval"), sources.lookup.interval), False,
         "a full pass is a read too"),
        ((("exposition", "series_warmup"), config.exposition.series_warmup or config.exposition.interval),
         (("exposition", "interval"), config.exposition.interval), False,
         "else no scrape would see the 0 of a new series (0s switches the warm-up off)"),
    ):  # fmt: skip  # one line a rule: the table is the documentation
        if much < least or (strictly and much == least):
            relation = "longer than" if strictly else "at least"
            words = (
                f"{write_duration(much)} is too short: it must be {relation} {dotted(shorter)} "
                f"({write_duration(least)}), {reason}"
            )
            yield Conflict(locations=(longer, shorter), words=words)


def _impossible_sizes(config: Config) -> Iterator[Conflict]:
    pricing, labels = config.pricing, config.labels
    megabyte = 2**20 if pricing.tb_bytes == BINARY_TB else 10**6
    if pricing.minimum_bytes % megabyte:
        words = (
            f"{write_size(pricing.minimum_bytes)} is not a whole number of MB; with a TB of "
            f"{write_size(pricing.tb_bytes)} write {write_size(10 * megabyte)}"
        )
        yield Conflict(locations=(("pricing", "minimum_bytes"), ("pricing", "tb_bytes")), words=words)
    for name in ("users", "databases", "clients", "tables", "workloads"):
        values = getattr(labels, name)
        if labels.series_per_family < values:
            words = f"{labels.series_per_family} is too few: one metric may have a series for each of {values} {name}"
            yield Conflict(locations=(("labels", "series_per_family"), ("labels", name)), words=words)


def _alike_names(config: Config) -> Iterator[Conflict]:
    first: dict[str, str] = {}
    for key in config.sources.workgroups.tags:
        label = "tag_" + re.sub(r"[^a-zA-Z0-9_]", "_", key)  # as the exposition names it
        if label in first:
            words = f"{first[label]!r} and {key!r} would both be the label {label}: keep one of them"
            yield Conflict(locations=(("sources", "workgroups", "tags"),), words=words)
        first.setdefault(label, key)
    if config.events.table_access_group == config.events.queries_group:
        words = f"{config.events.queries_group} is the log group of the table accesses, too: give each its own"
        yield Conflict(locations=(("events", "queries_group"), ("events", "table_access_group")), words=words)


def _untold_components(config: Config) -> Iterator[Conflict]:
    told = config.sources.workgroups
    if told.enabled and COMPONENT_TAG in told.tags:
        return
    for index, one in enumerate(config.budgets):
        if one.per is Per.COMPONENT:
            words = (
                f"a component is the tag '{COMPONENT_TAG}' of a workgroup: switch sources.workgroups on, and add it to "
                "sources.workgroups.tags"
            )
            yield Conflict(locations=(("budgets", index, "per"), ("budgets",)), words=words)


def dotted(location: Location) -> str:
    """A location as one writes it: `targets[0].region`. A key that is long, or that a terminal would obey, is cut."""
    words = "".join(f"[{part}]" if isinstance(part, int) else f".{_key(part)}" for part in location)
    return words.removeprefix(".")


def _key(key: str) -> str:
    shown = key if key.isprintable() else repr(key)[1:-1]
    return shown if len(shown) <= _LONGEST_KEY else f"{shown[:_LONGEST_KEY]}..."
