"""An endpoint on loopback that answers every call with the same bytes: what no well-behaved account would say."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@contextmanager
def answering(body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Iterator[str]:
    """Its address, for the length of a `with` block. `headers` replace the Date and the length that it sends."""
    sent = {"Content-Length": str(len(body)), "Date": "Sun, 22 Nov 2026 10:00:00 GMT"} | dict(headers or {})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the base class names it so
            self.do_POST()

        def do_POST(self) -> None:  # as above
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response_only(status)
            for name, value in sent.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
