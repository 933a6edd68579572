"""The HTTP front on loopback: the control plane, our operations, and moto's server behind them for everything else."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from http import HTTPStatus
from io import BytesIO
from socket import SHUT_RDWR, SO_LINGER, SOL_SOCKET, create_server, socket, socketpair
from struct import pack
from threading import Lock, Thread
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app

from athena_testbed.control import PREFIX, Command, Control
from athena_testbed.protocols import Headers, read_request
from athena_testbed.settings import Settings
from athena_testbed.testbed import DroppedError, Testbed
from athena_testbed.wire import Answer, AwsError, http_date

LOOPBACK = "127.0.0.1"
_LOG = logging.getLogger("athena_testbed")
_Environ: TypeAlias = dict[str, Any]
_HOP_BY_HOP = frozenset({"content-length", "content-type", "date", "connection", "transfer-encoding", "server"})


class Front:
    """The WSGI application of a testbed."""

    def __init__(self, testbed: Testbed) -> None:
        self._testbed = testbed
        self._control = Control(testbed)
        self._lock = Lock()
        self._requests = 0

    @cached_property
    def _moto(self) -> Any:
        return DomainDispatcherApplication(_backend)

    def __call__(self, environ: _Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request; a dropped one closes the connection without an answer."""
        body = body_of(environ)
        try:
            answer = self._answer(environ, body)
        except DroppedError as error:
            (_reset if error.is_reset else _hang_up)(environ)
            answer = Answer(status=HTTPStatus.INTERNAL_SERVER_ERROR, body=b"")
        headers = [
            ("Content-Type", answer.content_type),
            ("Content-Length", str(len(answer.body))),
            ("Date", http_date(self._testbed.now_ms())),
            *answer.headers.items(),
        ]
        start_response(f"{int(answer.status)} {HTTPStatus(answer.status).phrase}", headers)
        if answer.cut:
            return _half(environ, answer.body)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    def _answer(self, environ: _Environ, body: bytes) -> Answer:
        if environ["PATH_INFO"].startswith(PREFIX):
            query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
            path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
            return self._control.answer(Command(method=method, path=path, query=query, body=body))
        request = read_request(headers_of(environ), body, self._next_id())
        answer = self._testbed.answer(request, lambda changed: self._behind(environ, changed))
        return replace(answer, headers={"x-amzn-RequestId": request.call.request_id, **answer.headers})

    def _behind(self, environ: _Environ, body: bytes) -> Answer:
        inner = {**environ, "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        parts, status, headers = run_wsgi_app(self._moto, inner, buffered=True)
        code = int(status.split()[0])
        return Answer(
            status=code,
            body=b"".join(parts),
            content_type=headers.get("Content-Type", "application/octet-stream"),
            headers={name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP},
            code="ok" if code < HTTPStatus.BAD_REQUEST else str(code),
        )

    def _next_id(self) -> str:
        with self._lock:
            self._requests += 1
            number = self._requests
        return f"{number:08x}-0000-4000-8000-{self._testbed.settings.seed & 0xFFFFFFFFFFFF:012x}"


def _backend(service: Any) -> Any:
    """Moto's application for a service; moto itself would fall over one that it doesn't know."""
    if service is None:
        raise AwsError("UnknownOperationException", "This service is not answered here.", HTTPStatus.NOT_FOUND)
    return create_backend_app(service)


def headers_of(environ: _Environ) -> Headers:
    """What of a request's head says what it asks for."""
    return Headers(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"],
        query=environ.get("QUERY_STRING", ""),
        target=environ.get("HTTP_X_AMZ_TARGET", ""),
        smithy_protocol=environ.get("HTTP_SMITHY_PROTOCOL", ""),
        authorization=environ.get("HTTP_AUTHORIZATION", ""),
        content_type=environ.get("CONTENT_TYPE", ""),
    )


def body_of(environ: _Environ) -> bytes:
    """A request's body, read to its end."""
    length = environ.get("CONTENT_LENGTH")
    if length:
        return bytes(environ["wsgi.input"].read(int(length)))
    return bytes(environ["wsgi.input"].read()) if environ.get("wsgi.input_terminated") else b""


def _half(environ: _Environ, body: bytes) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    _hang_up(environ)


def _hang_up(environ: _Environ) -> None:
    connection = environ.get("werkzeug.socket")
    if connection is not None:
        _shut(connection)


def _reset(environ: _Environ) -> None:
    """Close the connection with RST: no time to linger, and in its descriptor's place one that nobody reads."""
    connection = environ.get("werkzeug.socket")
    if connection is not None:
        connection.setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
        nobody, reader = socketpair()
        reader.close()
        os.dup2(nobody.fileno(), connection.fileno())
        nobody.close()


def _shut(connection: socket) -> None:
    with suppress(OSError):  # the other side may have been faster
        connection.shutdown(SHUT_RDWR)


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # one call a connection all the same: werkzeug drains what follows a request
    disable_nagle_algorithm = True  # head and body are two writes; waiting for the acknowledgement costs 40 ms

    def send_response(self, code: int, message: str | None = None) -> None:
        """Only the status: the base class would write this machine's Date before the account's."""
        self.send_response_only(code, message)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: an access log of a test is noise."""


class _Server(ThreadedWSGIServer):
    """Knows its connections, so that closing it ends them too."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, listener: socket, app: Any) -> None:
        self._open: set[socket] = set()
        self._open_lock = Lock()
        host, port = listener.getsockname()[:2]
        super().__init__(host, port, app, handler=_Handler, fd=listener.fileno())

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._open_lock:
                self._open.discard(request)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Keep werkzeug's access log quiet, but not a bug."""
        if type == "error":
            _LOG.error(message, *args)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that a fault or a killed client closed is no error of ours."""

    def hang_up(self) -> None:
        """Close what is still open."""
        with self._open_lock:
            for connection in self._open:
                _shut(connection)


class Running:
    """A testbed that is listening: what the control plane offers, as methods.

    Attributes:
        url: the endpoint for boto3's `endpoint_url`.
        account: the Region that holds the company; take its `lock` to look inside.
    """

    def __init__(self, testbed: Testbed, server: _Server) -> None:
        self.testbed = testbed
        self.settings = testbed.settings
        self.url = f"http://{LOOPBACK}:{server.port}"
        self.account = testbed.account
        self.add = testbed.add
        self.resume = testbed.resume
        self.delete_workgroup = testbed.delete_workgroup
        self.truth = testbed.truth
        self.access = testbed.access
        self.access_events = testbed.access_events
        self.logs = testbed.logs
        self.quiesce = testbed.quiesce
        self.plan_faults = testbed.plan_faults
        self.calls = testbed.calls


def bind(testbed: Testbed, host: str = LOOPBACK, port: int = 0) -> _Server:
    """A server for the testbed; `port` 0 takes a free one.

    Raises:
        OSError: if the port is taken.
    """
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with create_server((host, port), backlog=128) as listener:  # bound here, for werkzeug would exit on a taken port
        return _Server(listener, Front(testbed))


@contextmanager
def running(settings: Settings | None = None, *, clock: Callable[[], int] | None = None) -> Iterator[Running]:
    """A testbed in a thread of this process, on a free port of 127.0.0.1, for the length of a `with` block.

    `clock` (milliseconds since 1970) replaces the machine's.
    """
    testbed = Testbed(settings or Settings()) if clock is None else Testbed(settings or Settings(), clock=clock)
    server = bind(testbed)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="athena-testbed", daemon=True)
    thread.start()
    try:
        yield Running(testbed, server)
    finally:
        testbed.closing.set()
        server.shutdown()
        server.hang_up()
        server.server_close()
        thread.join()
