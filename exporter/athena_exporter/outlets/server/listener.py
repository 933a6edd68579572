"""The listening side: sockets, threads, and what one client may take from the others.

Stage: application -> **listener** -> Prometheus, people. cheroot serves; everything that a client could hold up or
provoke is bounded here.
"""

import errno
import logging
import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from queue import Full
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self
from wsgiref.types import WSGIApplication

from cheroot import wsgi

from athena_exporter.outlets.server.access import guarded
from athena_exporter.outlets.server.address import Address, AddressError, parse_address
from athena_exporter.outlets.server.arrivals import Arrival, Connection
from athena_exporter.outlets.server.turns import Pool, Turns
from athena_exporter.outlets.webconfig import WebConfig

SWITCH_AFTER = 0.002
"""Seconds for which a thread keeps the interpreter while another waits, for `sys.setswitchinterval`.

A scrape asks for the interpreter a dozen times, and waits so long each time while a page is drawn: with Python's five
milliseconds the slowest scrapes take twice as long, and the drawing is no faster. With one, more that is half done
lies in memory: 282 MB at most in `bench_scale.py`, 238 with two.
"""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one client may take from the others.

    A client is left after `silence_seconds` without a byte, after `request_seconds` in any case, and after
    `crowded_seconds` of reading if others wait for its thread. Beyond `connections` the one that has been longest about
    its request makes room, and beyond `waiting` requests that wait for a thread the next is told to try again.
    """

    threads: int = 16
    connections: int = 1024
    silence_seconds: int = 5
    request_seconds: float = 30.0
    crowded_seconds: float = 5.0
    waiting: int = 256
    header_bytes: int = 16 * 1024
    body_bytes: int = 1024
    shutdown_seconds: int = 2

    @property
    def pages(self) -> int:
        """How many threads slow readers of pages may hold: the rest answers probes."""
        return max(1, self.threads - max(1, self.threads // 4))


class Crowd(StrEnum):
    """What there is too much of when a request is sent away."""

    CONNECTIONS = "connections"
    WAITING = "waiting"


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


def serve(
    address: str,
    app: WSGIApplication,
    limits: Limits | None = None,
    web: WebConfig | None = None,
    refused: Callable[[Crowd], object] = lambda _: None,
) -> Server:
    """Listens on `address` and answers with `app` from background threads; it listens when this returns.

    `web` puts TLS under it and passwords, headers and a rate before it; None is plain HTTP for everybody. `refused` is
    told of every request that is sent away; it must not wait.

    Raises:
        AddressError: the address can't be read, is in use, isn't this machine's, or needs privileges.
    """
    where = parse_address(address)
    answers = app if web is None else guarded(app, web, time.monotonic)
    server = _Cheroot(where, answers, limits or Limits(), web, refused)
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


def _affordable(connections: int) -> int:
    """At most half of the files that the process may open: the ledger and AWS need theirs."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return connections if files == resource.RLIM_INFINITY else min(connections, files // 2)


class _Watch:
    """Cuts off requests that last too long: a client that reads by the byte would hold its thread for ever.

    One thread for all of them, for a timer each would cost every scrape two waits for the interpreter's lock.
    """

    def __init__(self, limits: Limits, are_others_waiting: Callable[[], bool]) -> None:
        self._limits, self._are_others_waiting = limits, are_others_waiting
        self._begun: dict[Connection, float] = {}
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="http-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    @contextmanager
    def over(self, connection: Connection) -> Iterator[None]:
        self._begun[connection] = time.monotonic()
        try:
            yield
        finally:
            del self._begun[connection]

    def _run(self) -> None:
        longest = self._limits.request_seconds
        while not self._stopped.wait(min(1.0, longest)):
            allowed = min(longest, self._limits.crowded_seconds) if self._are_others_waiting() else longest
            now = time.monotonic()
            for connection, begun in self._begun.copy().items():  # requests begin and end meanwhile
                if now - begun >= allowed:
                    connection.cut()


class _Cheroot(wsgi.Server):
    """cheroot with our limits, our log, and the reason why it could not bind."""

    _connections: Any  # cheroot's selector, of which its stubs do not tell

    def __init__(
        self,
        address: Address,
        app: WSGIApplication,
        limits: Limits,
        web: WebConfig | None,
        refused: Callable[[Crowd], object],
    ) -> None:
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
        turns = Turns(pages=limits.pages, waiting=limits.waiting)
        self.requests = Pool(self, threads=limits.threads, turns=turns)
        self.watch = _Watch(limits, lambda: turns.are_pages_waiting)
        self.web, self.limits = web, limits
        self.ConnectionClass = Connection
        self.bind_error: OSError | None = None
        self._refused = refused
        self._most = _affordable(limits.connections)
        self._open: set[Connection] = set()
        self._under_way: dict[Connection, None] = {}

    @property
    def is_secured(self) -> bool:
        """Whether connections speak TLS."""
        return self.web is not None and self.web.secured

    def opened(self, connection: Connection) -> None:
        """A client has come. If there are too many, the one that has been longest about its request makes room."""
        self._open.add(connection)
        if len(self._open) > self._most:
            oldest = next(iter(list(self._under_way)), connection)
            self._under_way.pop(oldest, None)
            self._refuse(oldest, Crowd.CONNECTIONS)
            oldest.cut()

    def closed(self, connection: Connection) -> None:
        """A client has gone, or was sent away."""
        self._open.discard(connection)
        self._under_way.pop(connection, None)

    def put_conn(self, conn: Connection) -> None:
        """A thread gives back a connection that stays: its next request may be there already."""
        if self.ready:
            self.process_conn(conn)
        else:
            conn.close()

    def process_conn(self, conn: Connection) -> None:
        """Takes in what has come; gives the request to a thread once it is whole."""
        arrival = conn.arrive()
        if arrival is Arrival.UNDER_WAY:
            self._wait_for(conn)
            return
        self._under_way.pop(conn, None)
        if arrival is Arrival.GONE:
            conn.close()
            return
        try:
            self.requests.put(conn)
        except Full:
            self._refuse(conn, Crowd.WAITING)
            conn.close()

    def _refuse(self, connection: Connection, crowd: Crowd) -> None:
        connection.refuse()
        self._refused(crowd)

    def _wait_for(self, conn: Connection) -> None:
        self._under_way[conn] = None
        try:
            self._connections.put(conn)
        except ValueError:  # the server ends, and nobody waits for anything any more
            conn.close()

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
