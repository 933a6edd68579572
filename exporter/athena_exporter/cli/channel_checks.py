"""What `athena-exporter check` says of the channels of notifications. Nobody is sent anything."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

from botocore.utils import get_environ_proxies

from athena_exporter.cli import diagnosis
from athena_exporter.cli.channels import address_of, people_of, topic_session
from athena_exporter.cli.failing import SetupError
from athena_exporter.config import Config, ConfigError, SnsSettings, WebhookSettings
from athena_exporter.outlets.findings import Chapter, Finding, Mark
from athena_exporter.sources.permissions import PERMISSIONS, Feature
from athena_exporter.sources.probing import Outcome, attempt
from athena_exporter.sources.topics import Topic, place_of

_PORTS = {"http": 80, "https": 443}
_PUBLISH = next(one for one in PERMISSIONS if one.feature is Feature.NOTIFICATIONS)
_GONE = "AWS: NotFound"


def findings(config: Config) -> Iterator[Finding]:
    """The file of people, and each channel. Never raises AWS's errors."""
    told = config.notifications
    if config.budgets and not told.channels:
        yield _found("notifications", Mark.OK, "no channel: who is over a limit shows in metrics alone")
    if told.people_file is not None:
        yield _people(config)
    for topic in told.sns:
        yield _topic(config, topic)
    for webhook in told.webhooks:
        yield _webhook(webhook)


def _found(what: str, mark: Mark, words: str, mend: str | None = None) -> Finding:
    return Finding(chapter=Chapter.SETUP, mark=mark, where="", what=what, words=words, mend=mend)


def _people(config: Config) -> Finding:
    try:
        people_of(config)
    except ConfigError as error:
        return _found("people", Mark.MISSING, "the file cannot be right", "; ".join(error.lines))
    return _found("people", Mark.OK, f"{config.notifications.people_file}")


def _topic(config: Config, topic: SnsSettings) -> Finding:
    """The permission tried with a letter that SNS refuses to send."""
    what = f"topic of channel {topic.name}"
    with closing(topic_session(config, topic)) as session:
        tried = attempt(_PUBLISH, Topic(session.sns(), topic.topic_arn).try_out)
    if tried.outcome is Outcome.ALLOWED and tried.words == _GONE:
        mend = "make the topic, or correct notifications.sns[].topic_arn"
        return _found(what, Mark.MISSING, f"there is no topic {topic.topic_arn}", mend)
    return diagnosis.of_attempt(config, place_of(topic.topic_arn), tried)


def _webhook(webhook: WebhookSettings) -> Finding:
    """Whether there is an address, and whether its host has one; a proxy looks that up by itself."""
    what = f"webhook of channel {webhook.name}"
    try:
        url = urlsplit(address_of(webhook, os.environ)())
    except SetupError as error:
        return _found(what, Mark.MISSING, "no address", str(error))
    if get_environ_proxies(url.geturl()).get(url.scheme):
        return _found(what, Mark.OK, f"{webhook.format.value}, {url.hostname}, through a proxy; not tried")
    try:
        socket.getaddrinfo(url.hostname, url.port or _PORTS[url.scheme], type=socket.SOCK_STREAM)
    except OSError:
        mend = "correct the address, or look whether this machine can look up names"
        return _found(what, Mark.MISSING, f"its host {url.hostname} has no address", mend)
    words = f"{webhook.format.value}, {url.hostname}; athena-exporter notify --test {webhook.name} sends a test"
    return _found(what, Mark.OK, words)
