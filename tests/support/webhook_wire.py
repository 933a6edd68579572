"""A receiver of webhooks on loopback: it keeps what it is sent, and answers as a test tells it to."""

import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

from certificates import Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One post."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True, kw_only=True)
class Answer:
    """What it says. `hangs`: it says nothing, for as long as the receiver lives."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    hangs: bool = False


@dataclass(slots=True, kw_only=True)
class Receiver:
    """`answers` are given one after the other, then `answer` for ever."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    answer: Answer = field(default_factory=Answer)


@contextmanager
def receiving(pair: Pair | None = None) -> Iterator[Receiver]:
    """A receiver, for the length of a `with` block; with a certificate it speaks TLS."""
    receiver, ended = Receiver(), Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the base class names it so
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            receiver.received.append(Received(path=self.path, headers=dict(self.headers), body=body))
            answer = receiver.answers.pop(0) if receiver.answers else receiver.answer
            if answer.hangs:
                ended.wait(60)
                return
            self.send_response_only(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if pair is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.cert, pair.key)
        # The handshake belongs to the connection's own thread: one that fails must not stop the next.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that hangs up is what a test wanted
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    scheme = "http" if pair is None else "https"
    receiver.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    try:
        yield receiver
    finally:
        ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Hand:
    """A monotonic clock that a test moves."""

    seconds: float = field(default_factory=time.monotonic)

    def __call__(self) -> float:
        return self.seconds
