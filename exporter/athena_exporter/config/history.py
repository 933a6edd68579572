"""The configuration of the query history: every finished query as a row of Parquet in S3."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from athena_exporter.config.kinds import duration, flag, text, whole, write_duration
from athena_exporter.config.roles import ROLE
from athena_exporter.config.section import Conflict, Section

_LONGEST_WINDOW = timedelta(hours=6)
_SHORTEST_WINDOW = timedelta(minutes=1)
_LONGEST_PREFIX = 200


def _is_bucket(name: str) -> bool:
    return re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", name, re.ASCII) is not None


def _is_prefix(words: str) -> bool:
    """Folders: what the table's partitions lie below must end with a slash, and nothing else may begin like it."""
    return re.fullmatch(r"(?:[\w!.*'()-]+/)*", words, re.ASCII) is not None and len(words) <= _LONGEST_PREFIX


def _is_key(arn: str) -> bool:
    return re.fullmatch(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+", arn, re.ASCII) is not None


_BUCKET = text(wanted="the name of an S3 bucket", example="example-athena-history", fits=_is_bucket)
_PREFIX = text(wanted="folders that end with a slash, or ''", example="athena-history/", fits=_is_prefix)
_KEY = text(
    wanted="the ARN of a key of KMS (an alias cannot stand in a policy)",
    example="arn:aws:kms:eu-central-1:111122223333:key/0a1b2c3d-0000-4000-8000-000000000000",
    fits=_is_key,
)


class HistorySettings(Section):
    """The query history: one row of Parquet in S3 for every finished query."""

    enabled: Annotated[bool, flag()] = Field(
        default=False, description="Whether finished queries are written to S3; needs the extra `history`."
    )
    bucket: Annotated[str | None, _BUCKET] = Field(
        default=None, description="The bucket; it may be another account's, and serve several exporters."
    )
    prefix: Annotated[str | None, _PREFIX] = Field(
        default="athena-history/", description="The folder of the table in the bucket."
    )
    window: Annotated[
        timedelta, duration(at_least=_SHORTEST_WINDOW, at_most=_LONGEST_WINDOW, because="it is how old the table is")
    ] = Field(default=timedelta(minutes=15), description="How long queries are gathered for one file.")
    max_rows: Annotated[int, whole()] = Field(
        default=100_000, description="So many facts end a window early; about 1 KB of memory each."
    )
    role_arn: Annotated[str | None, ROLE] = Field(
        default=None, description="A role to assume for writing; by default the exporter's own identity."
    )
    kms_key: Annotated[str | None, _KEY] = Field(
        default=None, description="The key of KMS that encrypts the files; by default as the bucket is set up."
    )
    compact: Annotated[bool, flag()] = Field(
        default=True, description="Whether the files of a past day are merged once nothing has come for hours."
    )

    @property
    def root(self) -> str:
        """The prefix as keys have it."""
        return self.prefix or ""


def conflicts(history: HistorySettings, max_age: timedelta) -> Iterator[Conflict]:
    """What can't hold together in it; `max_age` is the longest that a fact waits in the outbox."""
    if history.enabled and history.bucket is None:
        words = "is missing: the bucket that the query history is written to"
        yield Conflict(locations=(("history", "bucket"), ("history", "enabled")), words=words)
    if history.enabled and history.window >= max_age:
        words = (
            f"{write_duration(history.window)} is too long: it must be shorter than outbox.max_age "
            f"({write_duration(max_age)}), else queries would be dropped before they are written"
        )
        yield Conflict(locations=(("history", "window"), ("outbox", "max_age")), words=words)
