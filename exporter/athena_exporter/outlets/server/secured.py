"""TLS for one connection: the handshake, and a socket that no shutdown can make speak plainly.

Stage: webconfig -> **secured** -> listener. What clients get wrong here is theirs: it goes to the log at debug level.
"""

import logging
import socket
import ssl
from typing import Any, Protocol

from cheroot.errors import FatalSSLAlert
from cheroot.makefile import StreamWriter

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


class TlsWriter(StreamWriter):
    """cheroot's writer, over TLS."""


class Securable(Protocol):
    """A connection that can go on under TLS."""

    socket: socket.socket

    def put_under(self, secured: ssl.SSLSocket) -> None:
        """Read and write through TLS from now on."""
        ...


def secure(connection: Securable, tls: Tls) -> bool:
    """Puts a connection under TLS once its client has begun to speak; whether there is one.

    Raises:
        BlockingIOError: the client has said nothing yet.
    """
    tls.context.sslsocket_class = SecuredSocket
    try:
        # A probe that connects and leaves needs no TLS, and ssl would leave the socket of one that resets unclosed.
        if not connection.socket.recv(1, socket.MSG_PEEK):
            return False
        secured = tls.context.wrap_socket(connection.socket, server_side=True, do_handshake_on_connect=False)
    except BlockingIOError:
        raise
    except OSError as error:
        _log.debug("TLS: a client was gone before the handshake: %s", error)
        return False
    connection.put_under(secured)
    return True


def shake(secured: ssl.SSLSocket, tls: Tls) -> bool:
    """Shakes hands as the server, as far as the client has come; whether it managed it and is welcome.

    Raises:
        ssl.SSLWantReadError: the client has to go on. Nothing else that a client does is an exception.
    """
    try:
        secured.do_handshake()
    except ssl.SSLWantReadError:
        raise
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
