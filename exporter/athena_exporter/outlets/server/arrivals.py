"""Connections whose requests are taken in without waiting: no thread is given to one that has not arrived whole.

Stage: sockets -> **arrivals** -> turns. A client that says nothing, half a line or half a handshake costs its socket
and some bytes, for as long as the limits say.
"""

import fcntl
import socket
import ssl
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from typing import Any

from cheroot.makefile import StreamReader
from cheroot.server import HTTPConnection, HTTPRequest

from athena_exporter.outlets.server.secured import SecuredSocket, TlsWriter, secure, shake

_PROBES = (b"GET /-/", b"HEAD /-/")
_ENDS = (b"\r\n\r\n", b"\n\n")
"""Of headers: as they should be, and as they should not, which is answered as such and not waited for."""
_FOLDS = (b"\r\n ", b"\r\n\t")
"""A header that goes on in the next line. cheroot takes it, and fails where it is the first one; it may be refused:
https://www.rfc-editor.org/rfc/rfc9112#name-obsolete-line-folding"""
_AT_ONCE = 16 * 1024
_UNREAD = 4096
"""Bytes that may be under way to a client of whom one may think that it reads."""
CROWDED = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 27\r\n"
    b"Retry-After: 1\r\nConnection: close\r\n\r\ntoo many at once: try again\n"[:-1]
)


class Arrival(Enum):
    """How far a request has come."""

    UNDER_WAY = auto()
    WHOLE = auto()
    GONE = auto()


class Reader(StreamReader):
    """A reader that is given what has arrived."""

    _read_lock: Any  # these three are those of _pyio, on which cheroot's own reader is built
    _read_buf: bytes
    _read_pos: int

    def has_data(self) -> bool:
        """No: whoever gives a connection back has it looked at first, by `Connection.arrive`."""
        return False

    def take(self, more: bytes) -> None:
        """Appends to what is there to be read."""
        with self._read_lock:
            self._read_buf = self._read_buf[self._read_pos :] + more
            self._read_pos = 0

    def waiting(self) -> bytes:
        """What has arrived and was not read yet."""
        return bytes(self._read_buf[self._read_pos :])


class Request(HTTPRequest):
    """A request whose body nobody waits for: none has a meaning here, and a slow one would hold its thread."""

    def read_request_headers(self) -> bool:
        """Reads them; whether they can be answered."""
        head, _, _ = (b"\r\n" + self.conn.rfile.waiting()).partition(b"\r\n\r\n")
        if any(fold in head for fold in _FOLDS):
            self.simple_response("400 Bad Request", "A header may not be folded.")
            return False
        are_sound = bool(super().read_request_headers())  # type: ignore[no-untyped-call]  # cheroot's stubs carry no types
        has_body = self.chunked_read or self.inheaders.get(b"Content-Length", b"0").strip() != b"0"
        self.close_connection = self.close_connection or has_body
        return are_sound


class Connection(HTTPConnection):
    """A connection of which each request is first taken in, then answered by a thread."""

    RequestHandlerClass = Request
    server: Any  # of the listener, which makes the connections

    def __init__(self, server: Any, sock: socket.socket, makefile: Callable[..., Any]) -> None:
        super().__init__(server, sock, makefile)
        self.rfile.close()
        self.rfile = Reader(sock, "rb", self.rbufsize)
        self._since = time.monotonic()
        self._has_shaken_hands = False
        self.server.opened(self)

    # -- in the thread that accepts ----------------------------------------------------------------------------------

    def arrive(self) -> Arrival:
        """Takes in what has come, and waits for nothing. What a client does wrong is its end, never an exception."""
        try:
            self.socket.settimeout(0)
            if not self._secured():
                return Arrival.GONE
            arrival = self._take_in()
            self.socket.settimeout(self.server.timeout)
        except (BlockingIOError, ssl.SSLWantReadError):
            is_late = time.monotonic() - self._since > self.server.limits.request_seconds
            return Arrival.GONE if is_late else Arrival.UNDER_WAY
        except OSError:
            return Arrival.GONE
        return arrival

    def _take_in(self) -> Arrival:
        while not self._is_whole():
            more = self.socket.recv(_AT_ONCE)
            if not more:  # what has no end yet will have none: the thread says so
                return Arrival.WHOLE if self.rfile.waiting() else Arrival.GONE
            self.rfile.take(more)
        return Arrival.WHOLE

    def _is_whole(self) -> bool:
        """Whether the headers have ended, or are longer than anybody would read."""
        found = self.rfile.waiting()
        return len(found) > self.server.limits.header_bytes + _AT_ONCE or any(end in found for end in _ENDS)

    def _secured(self) -> bool:
        """TLS where it is asked for; whether the client managed it. Raises what says that it must go on sending."""
        if self.server.web is None or not self.server.web.secured or self._has_shaken_hands:
            return True
        tls = self.server.web.tls
        if not isinstance(self.socket, SecuredSocket) and not secure(self, tls):
            return False
        self._has_shaken_hands = shake(self.socket, tls)
        return self._has_shaken_hands

    def put_under(self, secured: ssl.SSLSocket) -> None:
        """Reads and writes through TLS from now on."""
        self.rfile.close()
        self.wfile.close()
        self.socket = secured
        self.rfile = Reader(secured, "rb", self.rbufsize)
        self.wfile = TlsWriter(secured, "wb", self.wbufsize)

    @property
    def is_probe(self) -> bool:
        """Whether its answer is a line, to a client that has read what was sent before."""
        return self.rfile.waiting().startswith(_PROBES) and self._unread() <= _UNREAD

    def _unread(self) -> int:
        """Bytes that the other side has not taken; 0 where the system can't tell."""
        try:
            return int.from_bytes(fcntl.ioctl(self.socket.fileno(), termios.TIOCOUTQ, bytes(4)), "little")
        except OSError:
            return 0

    def refuse(self) -> None:
        """Says that there are too many, if that can be said without waiting."""
        with suppress(OSError):
            self.socket.settimeout(0)
            if not self.server.is_secured or self._has_shaken_hands:
                self.socket.send(CROWDED)

    # -- in the thread that answers ----------------------------------------------------------------------------------

    def communicate(self) -> bool:
        """Answers one request; whether the connection stays open."""
        with self.server.watch.over(self):
            stays = bool(super().communicate())  # type: ignore[no-untyped-call]  # cheroot's stubs carry no types
        self._since = time.monotonic()
        return stays

    # -- in any --------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Closes the socket, whatever state the client has left it in: an error here would end the server."""
        self.server.closed(self)
        with suppress(OSError):
            super().close()

    def cut(self) -> None:
        """Ends the waiting of whoever reads or writes here."""
        with suppress(OSError):  # it ended by itself in this moment
            self.socket.shutdown(socket.SHUT_RDWR)
