"""What is answered: ready bytes for each path, chosen by path, method and encoding.

Stage: metrics, page -> **application** -> listener. The poller publishes; the worker threads only read what was
published last.
"""

import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from athena_exporter.outlets.page import POLICY
from athena_exporter.outlets.reference import markdown

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""The Prometheus text format, as a scraper wants it named."""

_LINE_TYPE = "text/plain; charset=utf-8"
_PAGE_TYPE = "text/html; charset=utf-8"
_CHUNK = 1024 * 1024
_PAGE_HEADERS = (
    ("Content-Security-Policy", POLICY),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)
_BEFORE_THE_FIRST = b"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta http-equiv="refresh" content="5"><title>Athena Observability</title></head>
<body>
<h1>Athena Observability</h1>
<p>Nothing has been published yet.</p>
<ul>
<li><a href="/metrics">/metrics</a>: what Prometheus scrapes</li>
<li><a href="/-/healthy">/-/healthy</a>: the process answers</li>
<li><a href="/-/ready">/-/ready</a>: committed totals are being served</li>
<li><a href="/docs/metrics">/docs/metrics</a>: every metric and how it is counted</li>
</ul>
</body>
</html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One published text, plain and compressed."""

    plain: bytes
    gzipped: bytes


class Exposition:
    """What was published last. Readers see the old one or the new one, never half of each."""

    def __init__(self, is_doubtful: Callable[[], bool] = lambda: False) -> None:
        """`is_doubtful`: whether somebody else may publish by now; asked for each answer, so it has to be quick."""
        self.is_doubtful = is_doubtful
        self._published: tuple[Page | None, Page] = None, _compressed(_BEFORE_THE_FIRST)

    def publish(self, text: bytes, front: bytes = _BEFORE_THE_FIRST) -> None:
        """Replaces what /metrics (`text`) and / (`front`, HTML) answer. Compresses here, so that no scrape does."""
        self._published = _compressed(text), _compressed(front)

    @property
    def page(self) -> Page | None:
        """What /metrics answers, None before the first time."""
        return self._published[0]

    @property
    def front(self) -> Page:
        """What / answers."""
        return self._published[1]


def _compressed(text: bytes) -> Page:
    return Page(plain=text, gzipped=gzip.compress(text, compresslevel=6, mtime=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer, before HEAD takes its body away."""

    status: HTTPStatus
    type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


Handler: TypeAlias = Callable[[WSGIEnvironment], Answer]


def application(exposition: Exposition, came: Callable[[str], None] = lambda _: None) -> WSGIApplication:
    """The WSGI application, for GET and HEAD: `/`, `/metrics`, `/-/healthy`, `/-/ready` and `/docs/metrics`.

    `came` is told who reads what was published: address and program.
    """
    reference = _compressed(markdown().encode())
    handlers: Mapping[str, Handler] = {
        "/": _noted(came, _sure(exposition, lambda environ: _front(exposition.front, environ))),
        "/metrics": _noted(came, _sure(exposition, lambda environ: _metrics(exposition.page, environ))),
        "/-/healthy": lambda _: line(HTTPStatus.OK, "healthy"),
        "/-/ready": _sure(exposition, lambda _: _ready(exposition.page)),
        "/docs/metrics": lambda environ: _encoded(reference, _LINE_TYPE, environ),
    }

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return respond(_answer(handlers, environ), environ, start_response)

    return app


def respond(answer: Answer, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Hands the answer to the server, without its body where HEAD asked."""
    start_response(f"{answer.status.value} {answer.status.phrase}", _headers(answer))
    return () if environ["REQUEST_METHOD"] == "HEAD" else _chunks(answer.body)


def line(status: HTTPStatus, text: str, *headers: tuple[str, str]) -> Answer:
    """An answer of one line of plain text."""
    return Answer(status=status, type=_LINE_TYPE, body=f"{text}\n".encode(), headers=headers)


def _answer(handlers: Mapping[str, Handler], environ: WSGIEnvironment) -> Answer:
    handler = handlers.get(environ.get("PATH_INFO", ""))
    if handler is None:
        return line(HTTPStatus.NOT_FOUND, f"not found; there are {', '.join(handlers)}")
    if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
        return line(HTTPStatus.METHOD_NOT_ALLOWED, "only GET and HEAD", ("Allow", "GET, HEAD"))
    return handler(environ)


def _sure(exposition: Exposition, handler: Handler) -> Handler:
    """What was published, unless somebody else may have published something newer."""
    doubt = "not ready: another exporter may have taken the ledger over; this one ends"
    return lambda environ: line(HTTPStatus.SERVICE_UNAVAILABLE, doubt) if exposition.is_doubtful() else handler(environ)


def _noted(came: Callable[[str], None], handler: Handler) -> Handler:
    def answer(environ: WSGIEnvironment) -> Answer:
        came(f"{environ.get('REMOTE_ADDR', '')} {environ.get('HTTP_USER_AGENT', '')}")
        return handler(environ)

    return answer


def _ready(page: Page | None) -> Answer:
    if page is None:
        return line(HTTPStatus.SERVICE_UNAVAILABLE, "not ready: no committed totals yet")
    return line(HTTPStatus.OK, "ready")


def _metrics(page: Page | None, environ: WSGIEnvironment) -> Answer:
    if page is None:  # a failed scrape is true; an empty page would tell Prometheus that every series ended
        return _ready(page)
    return _encoded(page, METRICS_TYPE, environ)


def _front(page: Page, environ: WSGIEnvironment) -> Answer:
    return _encoded(page, _PAGE_TYPE, environ, *_PAGE_HEADERS)


def _encoded(page: Page, kind: str, environ: WSGIEnvironment, *headers: tuple[str, str]) -> Answer:
    """The page compressed for whoever accepts it, else plain."""
    vary = ("Vary", "Accept-Encoding")
    if accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING", "")):
        coded = (("Content-Encoding", "gzip"), vary, *headers)
        return Answer(status=HTTPStatus.OK, type=kind, body=page.gzipped, headers=coded)
    return Answer(status=HTTPStatus.OK, type=kind, body=page.plain, headers=(vary, *headers))


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header allows gzip: named with a weight above 0, or covered by `*`."""
    weights = dict(_weights(accept_encoding))
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _weights(accept_encoding: str) -> Iterator[tuple[str, float]]:
    for item in accept_encoding.lower().split(","):
        coding, *parameters = (part.strip() for part in item.split(";"))
        yield coding, next((_weight(part[2:]) for part in parameters if part.startswith("q=")), 1.0)


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0  # unreadable is not asked for: the plain text is always right


def _headers(answer: Answer) -> list[tuple[str, str]]:
    return [
        ("Content-Type", answer.type),
        ("Content-Length", str(len(answer.body))),
        ("X-Content-Type-Options", "nosniff"),
        *answer.headers,
    ]


def _chunks(body: bytes) -> Iterator[bytes]:
    # cheroot copies what is left of a write after every send; whole pages would cost their square.
    return (body[start : start + _CHUNK] for start in range(0, len(body), _CHUNK))
