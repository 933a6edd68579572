"""The HTTP side: ready bytes in, answers out. A scrape waits for nobody's rendering and never calls AWS.

Stage: metrics -> **server** -> Prometheus. The poller publishes; the worker threads only read what was published.
"""

import errno
import gzip
import logging
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self, TypeAlias
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from cheroot import wsgi
from cheroot.server import HTTPConnection

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""The Prometheus text format, as a scraper wants it named."""

_LINE_TYPE = "text/plain; charset=utf-8"
_PAGE_TYPE = "text/html; charset=utf-8"
_CHUNK = 1024 * 1024
_PAGE = b"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Athena exporter</title></head>
<body>
<h1>Athena exporter</h1>
<ul>
<li><a href="/metrics">/metrics</a>: what Prometheus scrapes</li>
<li><a href="/-/healthy">/-/healthy</a>: the process answers</li>
<li><a href="/-/ready">/-/ready</a>: committed totals are being served</li>
</ul>
</body>
</html>
"""

_log = logging.getLogger(__name__)


class AddressError(Exception):
    """The server can't listen where it was told to; the message is one line with the address and the mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One published exposition, plain and compressed."""

    plain: bytes
    gzipped: bytes


class Exposition:
    """The last published exposition. Readers see the old one or the new one, never half of each."""

    def __init__(self) -> None:
        self._page: Page | None = None

    def publish(self, text: bytes) -> None:
        """Replaces what /metrics answers. Compresses once, here, so that no scrape does."""
        self._page = Page(plain=text, gzipped=gzip.compress(text, compresslevel=6, mtime=0))

    @property
    def page(self) -> Page | None:
        """What was published last, None before the first time."""
        return self._page


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer, before HEAD takes its body away."""

    status: HTTPStatus
    type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


Handler: TypeAlias = Callable[[WSGIEnvironment], Answer]


def application(exposition: Exposition) -> WSGIApplication:
    """The WSGI application: `/`, `/metrics`, `/-/healthy` and `/-/ready`, for GET and HEAD."""
    handlers: Mapping[str, Handler] = {
        "/": lambda _: Answer(status=HTTPStatus.OK, type=_PAGE_TYPE, body=_PAGE),
        "/metrics": lambda environ: _metrics(exposition.page, environ),
        "/-/healthy": lambda _: _line(HTTPStatus.OK, "healthy"),
        "/-/ready": lambda _: _ready(exposition.page),
    }

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = _answer(handlers, environ)
        start_response(f"{answer.status.value} {answer.status.phrase}", _headers(answer))
        return () if environ["REQUEST_METHOD"] == "HEAD" else _chunks(answer.body)

    return app


def _answer(handlers: Mapping[str, Handler], environ: WSGIEnvironment) -> Answer:
    handler = handlers.get(environ.get("PATH_INFO", ""))
    if handler is None:
        return _line(HTTPStatus.NOT_FOUND, f"not found; there are {', '.join(handlers)}")
    if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
        return _line(HTTPStatus.METHOD_NOT_ALLOWED, "only GET and HEAD", ("Allow", "GET, HEAD"))
    return handler(environ)


def _line(status: HTTPStatus, text: str, *headers: tuple[str, str]) -> Answer:
    return Answer(status=status, type=_LINE_TYPE, body=f"{text}\n".encode(), headers=headers)


def _ready(page: Page | None) -> Answer:
    if page is None:
        return _line(HTTPStatus.SERVICE_UNAVAILABLE, "not ready: no committed totals yet")
    return _line(HTTPStatus.OK, "ready")


def _metrics(page: Page | None, environ: WSGIEnvironment) -> Answer:
    if page is None:  # a failed scrape is true; an empty page would tell Prometheus that every series ended
        return _ready(page)
    vary = ("Vary", "Accept-Encoding")
    if accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING", "")):
        headers = (("Content-Encoding", "gzip"), vary)
        return Answer(status=HTTPStatus.OK, type=METRICS_TYPE, body=page.gzipped, headers=headers)
    return Answer(status=HTTPStatus.OK, type=METRICS_TYPE, body=page.plain, headers=(vary,))


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where to listen. An empty host is every address of the machine; port 0 is any free port."""

    host: str
    port: int

    def __str__(self) -> str:
        """As in `--web.listen-address`; IPv6 addresses in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Reads `host:port`, `:port` or `[ipv6]:port`.

    Raises:
        AddressError: it is none of these, or the port is not in 0 ... 65535.
    """
    host, colon, port = text.strip().rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    well_formed = colon and port.isascii() and port.isdigit() and (bracketed or ":" not in host)
    if not well_formed or int(port) > 65535:  # noqa: PLR2004  # the highest port there is
        raise AddressError(f"{text!r} is not an address to listen on: write host:port, :9989 or [::1]:9989")
    return Address(host=host[1:-1] if bracketed else host, port=int(port))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one client may take from the others.

    A thread leaves a client after `silence_seconds` without a byte, and after `request_seconds` in any case.
    """

    threads: int = 16
    silence_seconds: int = 5
    request_seconds: float = 30.0
    waiting: int = 256
    header_bytes: int = 16 * 1024
    body_bytes: int = 1024
    shutdown_seconds: int = 2


class Server:
    """A listening server; a context manager that ends it."""

    def __init__(self, server: "_Cheroot", thread: Thread) -> None:
        self._server = server
        self._thread = thread

    @property
    def address(self) -> Address:
        """Where it listens, with the real port where 0 was asked for."""
        host, port = self._server.bind_addr
        return Address(host=host, port=port)

    @property
    def url(self) -> str:
        """What a person opens on this machine, without a closing slash."""
        local = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # read here, never bound
        address = self.address
        return f"http://{Address(host=local.get(address.host, address.host), port=address.port)}"

    def stop(self) -> None:
        """Stops listening and ends the threads. Calling it again does nothing."""
        self._server.stop()
        self._server.watch.stop()
        self._thread.join()

    def __enter__(self) -> Self:
        """The server itself: it listens already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops it."""
        self.stop()


def serve(address: str, app: WSGIApplication, limits: Limits | None = None) -> Server:
    """Listens on `address` and answers with `app` from background threads; it listens when this returns.

    Raises:
        AddressError: the address can't be read, is in use, isn't this machine's, or needs privileges.
    """
    where = parse_address(address)
    server = _Cheroot(where, app, limits or Limits())
    try:
        server.prepare()
    except OSError as error:
        raise AddressError(_bind_trouble(where, server.bind_error or error)) from error
    thread = Thread(target=server.serve, name="http", daemon=True)
    thread.start()
    server.watch.start()
    return Server(server, thread)


def _bind_trouble(address: Address, error: OSError) -> str:
    mends = {
        errno.EADDRINUSE: "is in use: stop what listens there, or choose another with --web.listen-address",
        errno.EADDRNOTAVAIL: "is not an address of this machine: choose another with --web.listen-address",
        errno.EACCES: "needs privileges: choose a port above 1023 with --web.listen-address",
    }
    mend = mends.get(error.errno or 0, f"can't be listened on ({error}): choose another with --web.listen-address")
    return f"{address} {mend}"


def _everywhere(both: str = "::") -> str:
    """The address that means all of them: `both` families where the kernel has IPv6 switched on, else IPv4."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind((both, 0))
    except OSError:
        return "0.0.0.0"  # noqa: S104  # `:9989` asks for every address
    return both


class _Watch:
    """Cuts off requests that last too long: a client that trickles would hold its thread for ever.

    One thread for all of them, for a timer each would cost every scrape two waits for the interpreter's lock.
    """

    def __init__(self, allowed_seconds: float) -> None:
        self._allowed = allowed_seconds
        self._ends: dict[_Connection, float] = {}
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="http-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    @contextmanager
    def over(self, connection: "_Connection") -> Iterator[None]:
        self._ends[connection] = time.monotonic() + self._allowed
        try:
            yield
        finally:
            del self._ends[connection]

    def _run(self) -> None:
        while not self._stopped.wait(min(1.0, self._allowed)):
            now = time.monotonic()
            for connection, end in self._ends.copy().items():  # requests begin and end meanwhile
                if now >= end:
                    connection.cut()


class _Connection(HTTPConnection):
    """A connection whose every request has an end."""

    server: "_Cheroot"

    def communicate(self) -> bool:
        """Reads and answers one request; whether the connection stays open."""
        with self.server.watch.over(self):
            return bool(super().communicate())  # type: ignore[no-untyped-call]  # cheroot's stubs carry no types

    def cut(self) -> None:
        """Ends the waiting of whoever reads or writes here."""
        with suppress(OSError):  # it ended by itself in this moment
            self.socket.shutdown(socket.SHUT_RDWR)


class _Cheroot(wsgi.Server):
    """cheroot with our limits, our log, and the reason why it could not bind."""

    def __init__(self, address: Address, app: WSGIApplication, limits: Limits) -> None:
        super().__init__(
            (address.host or _everywhere(), address.port),
            app,
            numthreads=limits.threads,
            server_name="athena-exporter",
            request_queue_size=limits.waiting,
            timeout=limits.silence_seconds,
            shutdown_timeout=limits.shutdown_seconds,
            accepted_queue_size=limits.waiting,
            accepted_queue_timeout=1,
        )
        self.max_request_header_size = limits.header_bytes
        self.max_request_body_size = limits.body_bytes
        self.watch = _Watch(limits.request_seconds)
        self.ConnectionClass = _Connection
        self.bind_error: OSError | None = None

    def bind(self, family: Any, type: Any, proto: Any = 0) -> Any:  # noqa: A002  # cheroot's signature
        """Binds one candidate; cheroot would forget the error's number and leave the socket open."""
        sock = self.prepare_socket(self.bind_addr, family, type, proto, self.nodelay, self.ssl_adapter, self.reuse_port)
        try:
            self.socket = self.bind_socket(sock, self.bind_addr)  # type: ignore[no-untyped-call]  # cheroot's stubs carry no types
        except OSError as error:
            sock.close()
            self.bind_error = error
            raise
        self.bind_addr = self.resolve_real_bind_addr(sock)  # type: ignore[no-untyped-call]  # as above
        return sock

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:  # noqa: FBT001, FBT002  # cheroot's signature
        """Sends cheroot's own troubles to our log instead of standard error."""
        _log.log(level, msg, exc_info=traceback)
