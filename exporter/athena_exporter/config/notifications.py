"""The configuration of notifications: who is told of budgets and of the guard, and through which channels."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr

from athena_exporter.config.kinds import Kind, choice, choices, duration, optional_file, patterns, text
from athena_exporter.config.roles import ROLE
from athena_exporter.config.section import Conflict, Section

REGION_WORD, QUERY_WORD = "REGION", "QUERY_ID"
"""What stands in `console_url` for the Region and for the id of a query."""
_CONSOLE = (
    f"https://{REGION_WORD}.console.aws.amazon.com/athena/home?region={REGION_WORD}#/query-editor/history/{QUERY_WORD}"
)
_LONGEST_URL = 2048
_REQUIRED = "(required)"
_ADDRESSES = ("url", "url_file", "url_env")


class News(StrEnum):
    """What a channel may be told."""

    WARNED = "warned"
    EXCEEDED = "exceeded"
    GUARD = "guard"


class WebhookFormat(StrEnum):
    """What a webhook is sent."""

    JSON = "json"
    SLACK = "slack"


def is_address(url: str) -> bool:
    """Whether it is an absolute address of HTTP or HTTPS, as a webhook has one."""
    try:
        parts = urlsplit(url)
        return (
            len(url) <= _LONGEST_URL
            and re.fullmatch(r"[!-~]+", url) is not None
            and parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.port != 0
            and not parts.fragment
        )
    except ValueError:
        return False


def _is_console(url: str) -> bool:
    return url.startswith("https://") and QUERY_WORD in url and re.fullmatch(r"[!-~]{1,1000}", url) is not None


def _is_topic(arn: str) -> bool:
    return re.fullmatch(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}(\.fifo)?", arn, re.ASCII) is not None


def _is_name(word: str) -> bool:
    return re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", word) is not None


def _is_variable(word: str) -> bool:
    return re.fullmatch(r"[A-Za-z_]\w{0,127}", word, re.ASCII) is not None


def _required(wanted: Kind) -> Kind:
    """The same, but nothing is not enough."""

    def read(found: object) -> object:
        if found is None:
            raise ValueError(found)
        return wanted.read(found)

    return Kind(wanted=wanted.wanted, example=wanted.example, read=read, write=lambda _: _REQUIRED)


def _secret_address() -> Kind:
    def read(found: object) -> SecretStr | None:
        if found is None or isinstance(found, SecretStr):
            return found
        if not isinstance(found, str) or not is_address(found):
            raise ValueError(found)
        return SecretStr(found)

    return Kind(
        wanted="an address of http or https; url_file and url_env keep it out of this file",
        example="https://hooks.slack.com/services/...", read=read, is_secret=True,
        write=lambda value: "null" if value is None else "***",
    )  # fmt: skip  # as short as it can be said


_NAME = _required(text(wanted="a name of small letters, digits, - and _ (at most 40)", example="ops", fits=_is_name))
_TOPIC = _required(
    text(
        wanted="the ARN of an SNS topic", example="arn:aws:sns:eu-central-1:111122223333:athena-budgets", fits=_is_topic
    )
)
_VARIABLE = text(wanted="the name of an environment variable", example="SLACK_WEBHOOK_URL", fits=_is_variable)
_CONSOLE_URL = text(
    wanted=f"an https address with the word {QUERY_WORD} and mostly {REGION_WORD} in it", example=_CONSOLE,
    fits=_is_console,
)  # fmt: skip  # as short as it can be said
_CONSOLE_URL = replace(_CONSOLE_URL, write=lambda value: f"'{value}'")
_LEVELS = choices(News)
_BUDGETS = patterns("a budget's name", "['*-daily']")


def _empty_if_nothing(found: object) -> object:
    return () if found is None else found


class SnsSettings(Section):
    """One SNS topic."""

    name: Annotated[str, _NAME] = Field(description="The label `channel`; one channel, one name.")
    topic_arn: Annotated[str, _TOPIC] = Field(description="The topic; its Region and account are read from it.")
    role_arn: Annotated[str | None, ROLE] = Field(
        default=None, description="A role to assume for publishing; by default the exporter's own identity."
    )
    levels: Annotated[tuple[News, ...], _LEVELS] = Field(
        default=tuple(News), description="What it is told: `warned`, `exceeded`, `guard` (what was stopped)."
    )
    budgets: Annotated[tuple[str, ...], _BUDGETS] = Field(
        default=(), description="Of which budgets, by name or pattern; by default of all."
    )


class WebhookSettings(Section):
    """One webhook: exactly one of `url`, `url_file` and `url_env` says where it is."""

    name: Annotated[str, _NAME] = Field(description="The label `channel`; one channel, one name.")
    format: Annotated[WebhookFormat, choice(WebhookFormat)] = Field(
        default=WebhookFormat.JSON, description="`json` (docs/budgets.md) or `slack` (an incoming webhook of Slack)."
    )
    url: Annotated[SecretStr | None, _secret_address()] = Field(
        default=None, description="The address. Whoever knows a Slack address may write there: a file keeps it better."
    )
    url_file: Annotated[Path | None, optional_file()] = Field(
        default=None, description="A file with the address; read again for every message."
    )
    url_env: Annotated[str | None, _VARIABLE] = Field(
        default=None, description="An environment variable with the address."
    )
    levels: Annotated[tuple[News, ...], _LEVELS] = Field(
        default=tuple(News), description="What it is told: `warned`, `exceeded`, `guard` (what was stopped)."
    )
    budgets: Annotated[tuple[str, ...], _BUDGETS] = Field(
        default=(), description="Of which budgets, by name or pattern; by default of all."
    )


Channel: TypeAlias = SnsSettings | WebhookSettings
"""One way to tell people."""


class NotificationsSettings(Section):
    """Who is told when a subject is warned or over its limit, and when the guard acts."""

    console_url: Annotated[str, _CONSOLE_URL] = Field(
        default=_CONSOLE, description=f"The link to a query; {REGION_WORD} and {QUERY_WORD} stand for its own."
    )
    wait: Annotated[timedelta, duration()] = Field(
        default=timedelta(0),
        description="So long news wait for more: who goes from warned to over the limit meanwhile is told that alone.",
    )
    people_file: Annotated[Path | None, optional_file()] = Field(
        default=None, description="A YAML file that says whom to address for which subject; read anew when it changes."
    )
    sns: Annotated[tuple[SnsSettings, ...], BeforeValidator(_empty_if_nothing)] = Field(
        default=(), description="SNS topics."
    )
    webhooks: Annotated[tuple[WebhookSettings, ...], BeforeValidator(_empty_if_nothing)] = Field(
        default=(), description="Webhooks."
    )

    @property
    def channels(self) -> tuple[Channel, ...]:
        """All of them."""
        return (*self.sns, *self.webhooks)


def conflicts(told: NotificationsSettings) -> Iterator[Conflict]:
    """What can't hold together in it."""
    for index, one in enumerate(told.webhooks):
        here = ("notifications", "webhooks", index)
        given = [name for name in _ADDRESSES if getattr(one, name) is not None]
        if len(given) != 1:
            words = f"{' and '.join(given) or 'no address'}: give one of {', '.join(_ADDRESSES)}"
            yield Conflict(locations=((*here, given[0] if given else "url"), here), words=words)
    yield from _alike_names(told)


def _alike_names(told: NotificationsSettings) -> Iterator[Conflict]:
    first: dict[str, tuple[str | int, ...]] = {}
    for kind in ("sns", "webhooks"):
        for index, one in enumerate(getattr(told, kind)):
            place = ("notifications", kind, index, "name")
            if one.name in first:
                words = f"'{one.name}' is the name of another channel, too: give each its own"
                yield Conflict(locations=(place, first[one.name]), words=words)
            first.setdefault(one.name, place)
