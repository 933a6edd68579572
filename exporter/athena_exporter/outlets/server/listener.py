"""The listening side: sockets, threads, and what one client may take from the others.

Stage: application -> **listener** -> Prometheus, people. cheroot serves; everything that a client could hold up or
provoke is bounded here.
"""

import errno
import logging
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self
from wsgiref.types import WSGIApplication

from cheroot import wsgi
from cheroot.server import HTTPConnection

from athena_exporter.outlets.server.access import guarded
from athena_exporter.outlets.server.address import Address, AddressError, parse_address
from athena_exporter.outlets.server.secured import SecuredSocket, TlsReader, TlsWriter, secure
from athena_exporter.outlets.webconfig import WebConfig

_log = logging.getLogger(__name__)


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
        scheme = "http" if self._server.web is None or not self._server.web.secured else "https"
        return f"{scheme}://{Address(host=local.get(address.host, address.host), port=address.port)}"

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


def serve(address: str, app: WSGIApplication, limits: Limits | None = None, web: WebConfig | None = None) -> Server:
    """Listens on `address` and answers with `app` from background threads; it listens when this returns.

    `web` puts TLS under it and passwords, headers and a rate before it; None is plain HTTP for everybody.

    Raises:
        AddressError: the address can't be read, is in use, isn't this machine's, or needs privileges.
    """
    where = parse_address(address)
    server = _Cheroot(where, app if web is None else guarded(app, web, time.monotonic), limits or Limits(), web)
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
    """A connection whose every request has an end, and which shakes hands in the thread that serves it."""

    server: "_Cheroot"

    def communicate(self) -> bool:
        """Reads and answers one request; whether the connection stays open."""
        with self.server.watch.over(self):
            return self._secured() and bool(super().communicate())  # type: ignore[no-untyped-call]  # cheroot's stubs carry no types

    def _secured(self) -> bool:
        """Before the first request: TLS where it is asked for; whether the client managed it.

        cheroot's own adapter shakes hands in the one thread that accepts: a silent client would hold up everybody.
        """
        if self.server.web is None or not self.server.web.secured or isinstance(self.socket, SecuredSocket):
            return True
        return secure(self, self.server.web.tls)

    def put_under(self, secured: ssl.SSLSocket) -> None:
        """Reads and writes through TLS from now on."""
        self.rfile.close()
        self.wfile.close()
        self.socket = secured
        self.rfile = TlsReader(secured, "rb", self.rbufsize)
        self.wfile = TlsWriter(secured, "wb", self.wbufsize)

    def close(self) -> None:
        """Closes the socket, whatever state the client has left it in: an error here would end the server."""
        with suppress(OSError):
            super().close()

    def cut(self) -> None:
        """Ends the waiting of whoever reads or writes here."""
        with suppress(OSError):  # it ended by itself in this moment
            self.socket.shutdown(socket.SHUT_RDWR)


class _Cheroot(wsgi.Server):
    """cheroot with our limits, our log, and the reason why it could not bind."""

    def __init__(self, address: Address, app: WSGIApplication, limits: Limits, web: WebConfig | None) -> None:
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
        self.web = web
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
