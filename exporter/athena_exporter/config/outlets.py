"""The configuration of what leaves the exporter: the exposition and the events."""

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from athena_exporter.config.kinds import choice, choices, duration, flag, text
from athena_exporter.config.section import Section

_INSTANT = timedelta(milliseconds=1)


class Histogram(StrEnum):
    """The distributions that may be shown, each about eleven series a workgroup and statement type."""

    QUEUE = "queue"
    PLANNING = "planning"
    ENGINE = "engine"
    TOTAL = "total"
    SCANNED_BYTES = "scanned_bytes"


class QueryText(StrEnum):
    """How much of the SQL enters the ledger's outbox and the events."""

    NONE = "none"
    REDACTED = "redacted"
    FULL = "full"


def _is_log_group(name: str) -> bool:
    return re.fullmatch(r"[\w./#-]{1,512}", name, re.ASCII) is not None


_LOG_GROUP = text(wanted="the name of a log group", example="/athena-observability/queries", fits=_is_log_group)


class ExpositionSettings(Section):
    """What `/metrics` shows."""

    series_warmup: Annotated[timedelta, duration()] = Field(
        default=timedelta(seconds=120),
        description="How long a new counter shows 0, so that `increase()` sees its rise: two scrapes or more.",
    )
    interval: Annotated[timedelta, duration(at_least=_INSTANT)] = Field(
        default=timedelta(seconds=5),
        description="The pause between two renderings of the committed state. What no scraper would see is left out.",
    )
    histograms: Annotated[tuple[Histogram, ...], choices(Histogram)] = Field(
        default=tuple(Histogram), description="Which distributions are counted and shown."
    )


class EventsSettings(Section):
    """Events in CloudWatch Logs: who read which table, and every finished query."""

    enabled: Annotated[bool, flag()] = Field(
        default=False, description="Whether events are written to CloudWatch Logs, which bills them by the byte."
    )
    table_access_group: Annotated[str, _LOG_GROUP] = Field(
        default="/athena-observability/table-access", description="The log group of one event a query, table and mode."
    )
    queries_group: Annotated[str, _LOG_GROUP] = Field(
        default="/athena-observability/queries", description="The log group of one event a finished query."
    )
    query_text: Annotated[QueryText, choice(QueryText)] = Field(
        default=QueryText.REDACTED,
        description="The SQL in query events: `none`, `redacted` (every literal replaced) or `full`.",
    )
    create_groups: Annotated[bool, flag()] = Field(
        default=True, description="Whether missing log groups are created; their streams always are."
    )
