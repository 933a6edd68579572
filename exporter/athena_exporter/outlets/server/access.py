"""What stands before every answer: the rate, the headers and the passwords of `--web.config.file`.

Stage: webconfig -> **access** -> application. As in Prometheus's exporter-toolkit everything is behind the password,
`/-/healthy` and `/-/ready` included:
https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from threading import Lock
from types import TracebackType
from typing import TypeAlias
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from athena_exporter.outlets.server.application import Answer, line, respond
from athena_exporter.outlets.webconfig import Crowded, Passwords, RateLimit, WebConfig, WebSettings

_Error: TypeAlias = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None] | None
"""What sys.exc_info answers: WSGI's third argument."""
_CHALLENGE = ("WWW-Authenticate", 'Basic realm="athena-exporter", charset="UTF-8"')


class Bucket:
    """The rate of all requests together: a token an interval, `burst` of them saved up, full at the start."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """`monotonic`: seconds that never go back."""
        self._monotonic = monotonic
        self._lock = Lock()
        self._saved: float | None = None
        self._at = monotonic()

    def allows(self, limit: RateLimit) -> bool:
        """Whether one more request is within the limit; if so it is counted."""
        with self._lock:
            now = self._monotonic()
            saved = limit.burst if self._saved is None else self._saved + (now - self._at) / limit.interval_seconds
            self._saved, self._at = min(float(limit.burst), saved), now
            if self._saved < 1:
                return False
            self._saved -= 1
            return True


def guarded(app: WSGIApplication, web: WebConfig, monotonic: Callable[[], float]) -> WSGIApplication:
    """`app` behind what `web` asks for at the moment of each request."""
    passwords, bucket = Passwords(), Bucket(monotonic)

    def guard(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        settings = web.current()
        start = _replacing(start_response, settings.headers)
        refusal = _refusal(settings, environ, passwords, bucket)
        return app(environ, start) if refusal is None else respond(refusal, environ, start)

    return guard


def _replacing(start_response: StartResponse, wanted: Mapping[str, str]) -> StartResponse:
    """A header of the file replaces the one that the answer brings."""
    names = {name.lower() for name in wanted}

    def start(status: str, headers: list[tuple[str, str]], error: _Error = None, /) -> Callable[[bytes], object]:
        kept = [(name, value) for name, value in headers if name.lower() not in names]
        return start_response(status, [*kept, *wanted.items()], error)

    return start


def _refusal(settings: WebSettings, environ: WSGIEnvironment, passwords: Passwords, bucket: Bucket) -> Answer | None:
    if settings.rate_limit is not None and not bucket.allows(settings.rate_limit):
        return line(HTTPStatus.TOO_MANY_REQUESTS, "too many requests: rate_limit of the web configuration")
    if not settings.users:
        return None
    given = credentials(environ.get("HTTP_AUTHORIZATION", ""))
    try:
        welcome = given is not None and passwords.admit(settings.users, *given)
    except Crowded:
        return line(HTTPStatus.SERVICE_UNAVAILABLE, "too many passwords at once: try again", ("Retry-After", "1"))
    return None if welcome else line(HTTPStatus.UNAUTHORIZED, "name and password wanted", _CHALLENGE)


def credentials(authorization: str) -> tuple[bytes, bytes] | None:
    """Name and password of an Authorization header (RFC 7617), None if it holds none."""
    scheme, _, encoded = authorization.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return (user, password) if colon else None
