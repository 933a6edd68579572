"""TLS for one connection: the handshake, and a socket that no shutdown can make speak plainly.

Stage: webconfig -> **secured** -> listener. What clients get wrong here is theirs: it goes to the log at debug level.
"""

import logging
import socket
import ssl
from typing import Any, Protocol

from cheroot.errors import FatalSSLAlert
from cheroot.makefile import StreamReader, StreamWriter

from athena_exporter.outlets.webconfig import Tls

_log = logging.getLogger(__name__)
_PLAIN_HTTP = "HTTP_REQUEST"
"""OpenSSL's reason for a handshake that began like an HTTP request."""
_HINT = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 36\r\n"
    b"Connection: close\r\n\r\nthis port speaks HTTPS: use https://\n"[:-1]
)


class SecuredSocket(ssl.SSLSocket):
    """A TLS socket for a server whose threads shut each other's sockets down."""

    def shutdown(self, how: int) -> None:
        """Shuts the connection down under TLS.

        ssl's own also forgets the TLS state, and a thread that is still writing would go on in plain text.
        """
        socket.socket.shutdown(self, how)

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Reads; a client that breaks TLS off is FatalSSLAlert, which cheroot drops without a word."""
        try:
            return super().recv_into(*args, **kwargs)
        except ssl.SSLError as error:
            raise FatalSSLAlert(*error.args) from error

    def send(self, *args: Any, **kwargs: Any) -> int:
        """Writes; as `recv_into`, and so is a client that no longer reads."""
        try:
            return super().send(*args, **kwargs)
        except (ssl.SSLError, TimeoutError) as error:
            raise FatalSSLAlert(*error.args) from error


class TlsReader(StreamReader):
    """A reader that knows of bytes which TLS has taken in and nobody has read: no selector would tell of them."""

    def __init__(self, secured: ssl.SSLSocket, mode: str, size: int) -> None:
        super().__init__(secured, mode, size)
        self._secured = secured

    def has_data(self) -> bool:
        """Whether the next request has begun to arrive."""
        return bool(super().has_data()) or self._secured.pending() > 0  # type: ignore[no-untyped-call]  # cheroot's stubs carry no types


class TlsWriter(StreamWriter):
    """cheroot's writer, by a name that goes with the reader's."""


class Securable(Protocol):
    """A connection that can go on under TLS."""

    socket: socket.socket

    def put_under(self, secured: ssl.SSLSocket) -> None:
        """Read and write through TLS from now on."""
        ...


def secure(connection: Securable, tls: Tls) -> bool:
    """Shakes hands as the server; whether the client managed it and is welcome. Never raises for what a client did."""
    tls.context.sslsocket_class = SecuredSocket
    try:
        # A probe that connects and leaves needs no TLS, and ssl would leave the socket of one that resets unclosed.
        if not connection.socket.recv(1, socket.MSG_PEEK):
            return False
        secured = tls.context.wrap_socket(connection.socket, server_side=True, do_handshake_on_connect=False)
    except OSError as error:
        _log.debug("TLS: a client was gone before the handshake: %s", error)
        return False
    connection.put_under(secured)
    try:
        secured.do_handshake()
    except OSError as error:  # ssl.SSLError is one
        _log.debug("TLS: a handshake failed: %s", error)
        if getattr(error, "reason", None) == _PLAIN_HTTP:
            _tell_plain_http(secured)
        return False
    if not tls.welcomes(secured.getpeercert()):
        _log.debug("TLS: a client's certificate has no name that client_allowed_sans lists")
        return False
    return True


def _tell_plain_http(secured: socket.socket) -> None:
    """Tells a person who forgot the s, in plain text. What was sent is read first, else the answer would be lost."""
    try:
        socket.socket.recv(secured, 65536, socket.MSG_DONTWAIT)
        socket.socket.send(secured, _HINT, socket.MSG_DONTWAIT)
    except OSError:
        _log.debug("TLS: the client that spoke plain HTTP is gone")
