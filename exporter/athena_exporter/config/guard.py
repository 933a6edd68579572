"""The configuration of the guard, which stops running queries of those who are over an enforced limit."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field

from athena_exporter.budgets import Mode
from athena_exporter.config.kinds import Kind, choice, duration, optional_file, patterns, whole
from athena_exporter.config.roles import EXTERNAL_ID, ROLE
from athena_exporter.config.section import Conflict, Section

_SECOND = timedelta(seconds=1)


def _mode() -> Kind:
    kind = choice(Mode)

    def read(found: object) -> object:
        # YAML takes `off` for a truth value.
        return Mode.OFF if found is False else kind.read(found)

    return Kind(wanted=kind.wanted, example=None, read=read)


class GuardSettings(Section):
    """What is done to running queries of subjects that are over the limit of a budget with `enforce`."""

    mode: Annotated[Mode, _mode()] = Field(
        default=Mode.OFF,
        description="`off`, `dry_run` (tells what it would stop) or `enforce`; it acts for budgets with `enforce`.",
    )
    role_arn: Annotated[str | None, ROLE] = Field(
        default=None, description="The role through which alone queries are stopped, in its own account alone."
    )
    external_id: Annotated[str | None, EXTERNAL_ID] = Field(
        default=None, description="The external id that the role's trust policy asks for."
    )
    protected: Annotated[tuple[str, ...], patterns("a user's name", "['airflow-*', root]")] = Field(
        default=(), description="Users who are never touched; nor is ever the exporter itself."
    )
    max_stops_per_minute: Annotated[int, whole()] = Field(
        default=10, description="The most queries that are stopped in a minute, in each account and Region."
    )
    grace: Annotated[timedelta, duration()] = Field(
        default=timedelta(0),
        description="So long after somebody was told of a limit, queries are left alone, to be ended by hand.",
    )
    kill_switch: Annotated[Path | None, optional_file()] = Field(
        default=None, description="A file: while it exists, nothing is stopped."
    )
    interval: Annotated[timedelta, duration(at_least=_SECOND)] = Field(
        default=timedelta(seconds=5), description="The pause between two looks at who is over a limit."
    )


def conflicts(guard: GuardSettings) -> Iterator[Conflict]:
    """What can't hold together in it."""
    if guard.mode is Mode.ENFORCE and guard.role_arn is None:
        words = "enforce needs a role that may stop queries: add guard.role_arn, or write dry_run"
        yield Conflict(locations=(("guard", "mode"), ("guard", "role_arn")), words=words)
    if guard.external_id is not None and guard.role_arn is None:
        words = "an external id belongs to a role: add role_arn or remove it"
        yield Conflict(locations=(("guard", "external_id"), ("guard", "role_arn")), words=words)
