"""The channels of notifications, put together: which address, through which proxy, with which certificates."""

import os
import random
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import urllib3
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies
from urllib3.util import parse_url

from athena_exporter.budgets import Globs
from athena_exporter.cli.failing import SetupError
from athena_exporter.cli.readers import CLOCKS
from athena_exporter.cli.sessions import session_for
from athena_exporter.config import Channel, Config, SnsSettings, TargetSettings, WebhookFormat, WebhookSettings
from athena_exporter.config.notifications import is_address
from athena_exporter.outlets.notifications import (
    ChannelError,
    Notifier,
    People,
    Sender,
    TopicSender,
    Wanted,
    Webhook,
    WebhookSender,
    to_json,
    to_slack,
)
from athena_exporter.outlets.notifications.delivery import Outbox
from athena_exporter.records import UNKNOWN, Target
from athena_exporter.sources.session import Session
from athena_exporter.sources.topics import Topic, place_of
from athena_exporter.telemetry import Telemetry

_BUNDLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenChannel:
    """A channel that is to be run again and again. `place`: under which account and Region its failures show."""

    name: str
    place: Target
    notifier: Notifier
    close: Callable[[], None]


def consumer_of(channel: Channel) -> str:
    """The outbox's name of a channel, and the one under which it shows as a source does under its own."""
    return f"notifications/{channel.name}"


def people_of(config: Config) -> People:
    """Whom to address. Raises ConfigError: the file cannot be right."""
    return People(config.notifications.people_file)


def open_channels(config: Config, outbox: Outbox, telemetry: Telemetry, people: People) -> list[OpenChannel]:
    """All of them. Asks nobody. Raises SetupError: an address is missing or none."""
    return [_opened(config, channel, outbox, telemetry, people) for channel in config.notifications.channels]


def _opened(config: Config, channel: Channel, outbox: Outbox, telemetry: Telemetry, people: People) -> OpenChannel:
    place = place_of_channel(config, channel)
    sender, close = sender_of(config, channel, telemetry)
    consumer = consumer_of(channel)
    notifier = Notifier(
        name=channel.name, consumer=consumer, outbox=outbox, people=people, sender=sender, tally=telemetry,
        wanted=Wanted(news=frozenset(channel.levels), budgets=Globs(channel.budgets)),
        console_url=config.notifications.console_url, monotonic=CLOCKS.monotonic, chance=random.random,
        is_ripe=partial(_is_ripe, config.notifications.wait),
    )  # fmt: skip  # eleven arguments read best as a block
    return OpenChannel(name=consumer, place=place, notifier=notifier, close=close)


def _is_ripe(wait: timedelta, decided_at: datetime) -> bool:
    """What seems to come from the future, after a clock was set back, waits for nothing."""
    return not timedelta(0) <= CLOCKS.now() - decided_at < wait


def place_of_channel(config: Config, channel: Channel) -> Target:
    """The account and Region of a topic; a webhook belongs to none."""
    if isinstance(channel, SnsSettings):
        return place_of(channel.topic_arn)
    return Target(account_id=UNKNOWN, region=config.targets[0].region or UNKNOWN)


def sender_of(
    config: Config, channel: Channel, telemetry: Telemetry | None = None
) -> tuple[Sender, Callable[[], None]]:
    """What sends, and what closes it. Raises SetupError: an address is missing or none."""
    if isinstance(channel, SnsSettings):
        session = topic_session(config, channel, telemetry)
        return TopicSender(Topic(session.sns(), channel.topic_arn)), session.close
    address = address_of(channel, os.environ)
    pools = Pools(os.environ)
    webhook = Webhook(name=channel.name, address=address, pools=pools, now=CLOCKS.now)
    if channel.format is WebhookFormat.SLACK:
        return WebhookSender(webhook, to_slack), pools.close
    return WebhookSender(webhook, partial(to_json, console_url=config.notifications.console_url)), pools.close


def topic_session(config: Config, channel: SnsSettings, telemetry: Telemetry | None = None) -> Session:
    """A session in the topic's Region, as the channel's role if it has one."""
    place = place_of(channel.topic_arn)
    settings = TargetSettings(region=place.region, role_arn=channel.role_arn)
    if telemetry is None:
        return session_for(config, settings)
    return session_for(
        config, settings, count=partial(telemetry.aws_call, place), bill=partial(telemetry.aws_bill, place)
    )  # fmt: skip  # as short as it can be said


# -- webhooks ---------------------------------------------------------------------------------------------------------


def address_of(channel: WebhookSettings, environ: Mapping[str, str]) -> Callable[[], str]:
    """What tells the address for every message. Raises SetupError: there is none now."""
    if channel.url is not None:
        return channel.url.get_secret_value
    if channel.url_env is not None:
        return partial(str, _from_environment(channel, channel.url_env, environ))
    tell = partial(_from_file, channel.name, channel.url_file or Path())
    try:
        tell()
    except ChannelError as error:
        raise SetupError(str(error)) from error
    return tell


def _from_environment(channel: WebhookSettings, variable: str, environ: Mapping[str, str]) -> str:
    address = environ.get(variable, "").strip()
    if not is_address(address):
        found = "is not set" if not address else "is no address of http or https"
        raise SetupError(
            f"webhook {channel.name}: the environment variable {variable} {found}; set it, or use url_file"
        )
    return address


def _from_file(name: str, path: Path) -> str:
    """The secret of a platform may be renewed while the exporter runs."""
    try:
        address = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = (getattr(error, "strerror", None) or "not readable").lower()
        raise ChannelError(
            f"webhook {name}: {path}: {why}; url_file has to hold the address", reason="address"
        ) from None
    if not is_address(address):
        raise ChannelError(f"webhook {name}: {path} holds no address of http or https", reason="address")
    return address


class Pools:
    """Connections to webhooks, through the environment's proxy and with its certificates, as botocore has them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Reads the certificates. Raises SetupError: they cannot be read."""
        self._context = _context(environ)
        self._pools: dict[str | None, urllib3.PoolManager] = {}

    def __call__(self, url: str) -> urllib3.PoolManager:
        """What connects to this address."""
        proxy = get_environ_proxies(url).get(url.partition(":")[0])
        if proxy not in self._pools:
            self._pools[proxy] = self._pool(proxy)
        return self._pools[proxy]

    def _pool(self, proxy: str | None) -> urllib3.PoolManager:
        if proxy is None:
            return urllib3.PoolManager(ssl_context=self._context)
        who = parse_url(proxy).auth
        headers = urllib3.make_headers(proxy_basic_auth=who) if who else None
        return urllib3.ProxyManager(proxy, ssl_context=self._context, proxy_headers=headers)

    def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            pool.clear()


def _context(environ: Mapping[str, str]) -> ssl.SSLContext:
    named = next((name for name in _BUNDLES if environ.get(name)), None)
    path = environ[named] if named else get_cert_path(verify=True)
    try:
        return ssl.create_default_context(cafile=path)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise SetupError(f"{named or 'certificates'}: {path}: {why}; name a file of PEM certificates") from error


def channels_named(config: Config, names: Sequence[str]) -> list[Channel]:
    """The channels of these names, all of them if none is named. Raises SetupError: there is no such channel."""
    known = {one.name: one for one in config.notifications.channels}
    unknown = [name for name in names if name not in known]
    if unknown:
        there = f"there are {', '.join(known)}" if known else "notifications.sns and .webhooks are empty"
        raise SetupError(f"no channel is called {', '.join(unknown)}; {there}")
    return [known[name] for name in names] if names else list(known.values())
