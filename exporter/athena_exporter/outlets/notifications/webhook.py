"""One post to a webhook: what its answer means, and words for what went wrong that keep its address to themselves.

urllib3 is what botocore uses for AWS. Redirects are not followed: a message about people goes where somebody wrote
that it should go. https://urllib3.readthedocs.io/en/stable/reference/urllib3.exceptions.html
"""

import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3 import exceptions

from athena_exporter.outlets.notifications.errors import ChannelError, RefusedError

CONNECT_S, READ_S = 5.0, 10.0
"""Seconds for a connection, and between two bytes of an answer."""
LONGEST_WAIT = timedelta(hours=1)
"""However long a receiver asks to be left alone."""
IDEMPOTENCY = "Idempotency-Key"
"""The header with the id of the decision: copies have the same."""
_OK, _REDIRECT, _CLIENT, _SERVER = 200, 300, 400, 500
_TIMEOUT, _BUSY, _UNAVAILABLE = 408, 429, 503
_READ, _SAID = 4096, 200
"""Bytes of an answer that are read, and characters of them that are said."""
_SHORTEST_SECRET = 6
"""A shorter part of an address, such as `api`, is a word of others, too."""

Pools = Callable[[str], urllib3.PoolManager]
"""Leads from an address to what connects there: directly or by a proxy, with the certificates to trust."""


class Webhook:
    """Posts JSON to one address.

    Args:
        name: the channel's.
        address: tells the address anew for every post. Raises ChannelError.
        pools: how to connect.
        now: the local time, for receivers that name a date.
    """

    def __init__(
        self,
        *,
        name: str,
        address: Callable[[], str],
        pools: Pools,
        now: Callable[[], datetime],
        read_s: float = READ_S,
    ) -> None:
        self._name = name
        self._address = address
        self._pools = pools
        self._now = now
        self._timeout = urllib3.Timeout(connect=CONNECT_S, read=read_s)

    def post(self, body: bytes, key: str) -> None:
        """Post once. Raises ChannelError: it did not arrive, RefusedError: and never will."""
        url = self._address()
        where = f"webhook {self._name} ({urlsplit(url).hostname})"
        try:
            response = self._pools(url).request(
                "POST", _without_password(url), body=body, headers=_headers(url, key), timeout=self._timeout,
                retries=False, redirect=False, preload_content=False,
            )  # fmt: skip  # as short as it can be said
            try:
                said = _words(response.read(_READ, decode_content=False), url)
            finally:
                response.close()
        except exceptions.HTTPError as error:
            raise ChannelError(f"{where}: {_why(error)}; it is tried again", reason="network") from None
        _judge(where, response.status, response.headers, said, self._now)


def _judge(where: str, status: int, headers: Mapping[str, str], said: str, now: Callable[[], datetime]) -> None:
    """Raise what an answer means, if it is not that the message has arrived."""
    if _OK <= status < _REDIRECT:
        return
    answer = f"{where}: answered {status}{said}"
    if status in {_BUSY, _UNAVAILABLE, _TIMEOUT} or status >= _SERVER:
        reason = "throttled" if status == _BUSY else "server"
        raise ChannelError(f"{answer}; it is tried again", reason=reason, retry_after=_retry_after(headers, now))
    if _CLIENT <= status < _SERVER:
        raise RefusedError(f"{answer}: the message is lost; {_mend(status)}")
    raise ChannelError(
        f"{answer}, which says to go elsewhere: write the address that the channel really has; it is tried again",
        reason="answer",
    )


def _mend(status: int) -> str:
    if status in {401, 403, 404, 410}:
        return "look whether the address is still right, and whether what it leads to still exists"
    return "look whether the format (json or slack) is what the receiver reads"


def _retry_after(headers: Mapping[str, str], now: Callable[[], datetime]) -> timedelta:
    """Seconds or a date (RFC 9110, 10.2.3); nothing where it says neither."""
    told = headers.get("Retry-After", "").strip()
    if told.isascii() and told.isdigit():
        return min(timedelta(seconds=int(told[:9])), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(told)
    except ValueError:
        return timedelta(0)
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(timedelta(0), min(until - now(), LONGEST_WAIT))


_WHY: Sequence[tuple[type[exceptions.HTTPError], str]] = (
    (exceptions.NameResolutionError, "its host has no address"),
    (exceptions.NewConnectionError, "no connection, nobody listens there"),
    (exceptions.ConnectTimeoutError, f"no connection within {CONNECT_S:g} s"),
    (exceptions.ReadTimeoutError, "no answer in time"),
    (exceptions.ProxyError, "the proxy lets nothing through"),
    (exceptions.LocationValueError, "its address cannot be read"),
)
"""The first that fits; some are special cases of later ones."""


def _why(error: exceptions.HTTPError) -> str:
    """By the sort of the error: its own words may hold the address."""
    if isinstance(error, exceptions.SSLError):
        return f"its certificate is not trusted ({_verdict(error)})"
    known = (words for kind, words in _WHY if isinstance(error, kind))
    return next(known, f"the connection broke ({type(error).__name__})")


def _verdict(error: exceptions.SSLError) -> str:
    cause = error.args[0] if error.args else None
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message
    return getattr(cause, "reason", None) or "TLS failed"


def _words(answer: bytes, url: str) -> str:
    """What a receiver says of its refusal (Slack: `invalid_payload`), on one line, without what it repeats of `url`."""
    text = " ".join(answer.decode("utf-8", "replace").split())
    for secret in _secrets(url):
        text = text.replace(secret, "***")
    shown = "".join(c for c in text if c.isprintable())[:_SAID]
    return f" ({shown})" if shown else ""


def _secrets(url: str) -> list[str]:
    """What of an address lets one post: all behind the host, and who posts; in the order in which they are replaced."""
    parts = urlsplit(url)
    told = [parts.path, parts.query, *parts.path.split("/"), parts.username or "", parts.password or ""]
    spelt = {one for part in told for one in (part, unquote(part)) if len(one) >= _SHORTEST_SECRET}
    return sorted(spelt, key=len, reverse=True)


def _headers(url: str, key: str) -> dict[str, str]:
    headers = {"Content-Type": "application/json; charset=utf-8", IDEMPOTENCY: key}
    parts = urlsplit(url)
    if parts.username:
        who = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers |= urllib3.make_headers(basic_auth=who)
    return headers


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
