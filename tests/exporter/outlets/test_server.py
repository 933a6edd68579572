"""The server over real HTTP: what it answers, and that no client can take it from the others."""

import contextlib
import gzip
import http.client
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from processes import until

from athena_exporter.outlets.server import (
    Address,
    AddressError,
    Exposition,
    Limits,
    Server,
    accepts_gzip,
    application,
    parse_address,
    serve,
)
from athena_exporter.outlets.server.listener import _everywhere

PAGE = b'# TYPE athena_queries_total counter\nathena_queries_total{workgroup="primary"} 1.0\n'


class Front:
    """One server for all tests of this module (stopping one takes half a second); each test brings its exposition."""

    def __init__(self) -> None:
        self.show(Exposition())

    def show(self, exposition: Exposition) -> None:
        self._answer = application(exposition)  # once, as the service does: it renders the documentation

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._answer(environ, start_response)


@pytest.fixture(scope="module")
def front() -> Front:
    return Front()


@pytest.fixture(scope="module")
def server(front: Front) -> Iterator[Server]:
    with serve("127.0.0.1:0", front) as running:
        yield running


@pytest.fixture(autouse=True)
def exposition(front: Front) -> Exposition:
    shown = Exposition()
    front.show(shown)
    return shown


class Reply:
    """An answer read to its end."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self.body = answer.read()


def ask(server: Server, path: str, method: str = "GET", **headers: str) -> Reply:
    connection = http.client.HTTPConnection(server.address.host, server.address.port, timeout=60)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return Reply(connection.getresponse())
    finally:
        connection.close()


def test_metrics_are_the_published_bytes_in_prometheus_format(server: Server, exposition: Exposition) -> None:
    exposition.publish(PAGE)
    reply = ask(server, "/metrics")
    assert (reply.status, reply.body) == (200, PAGE)
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert reply.headers["Content-Encoding"] is None


def test_metrics_are_compressed_for_whoever_accepts_it(server: Server, exposition: Exposition) -> None:
    exposition.publish(PAGE * 1000)
    reply = ask(server, "/metrics", Accept_Encoding="gzip")
    assert reply.headers["Content-Encoding"] == "gzip"
    assert reply.headers["Vary"] == "Accept-Encoding"
    assert len(reply.body) < len(PAGE) * 10
    assert gzip.decompress(reply.body) == PAGE * 1000


def test_a_page_larger_than_a_chunk_arrives_whole(server: Server, exposition: Exposition) -> None:
    page = b"".join(b"athena_queries_total %d\n" % number for number in range(200_000))
    exposition.publish(page)
    assert ask(server, "/metrics").body == page


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("", False),
        ("gzip", True),
        ("GZip ; q=0.5", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("*;q=0", False),
        ("identity", False),
        ("gzipped", False),
        ("gzip;q=much", False),
        (";;,,=", False),
    ],
)
def test_gzip_is_sent_only_where_the_header_allows_it(header: str, accepted: bool) -> None:  # noqa: FBT001  # a table's column
    assert accepts_gzip(header) is accepted


def test_before_the_first_publish_it_is_healthy_but_not_ready(server: Server) -> None:
    assert ask(server, "/-/healthy").status == 200
    assert ask(server, "/-/ready").status == 503
    assert ask(server, "/metrics").status == 503


def test_it_is_ready_once_something_is_published(server: Server, exposition: Exposition) -> None:
    exposition.publish(PAGE)
    reply = ask(server, "/-/ready")
    assert (reply.status, reply.body) == (200, b"ready\n")


def test_what_may_be_another_exporters_by_now_is_not_answered(server: Server, front: Front) -> None:
    doubts: list[str] = []
    exposition = Exposition(lambda: bool(doubts))
    front.show(exposition)
    exposition.publish(PAGE)
    assert ask(server, "/metrics").status == 200
    doubts.append("another one")
    for path in ("/", "/metrics", "/-/ready"):
        reply = ask(server, path)
        assert reply.status == 503
        assert reply.body == b"not ready: another exporter may have taken the ledger over; this one ends\n"
    assert ask(server, "/-/healthy").status == 200


def test_the_front_page_links_to_what_there_is(server: Server, exposition: Exposition) -> None:
    exposition.publish(PAGE)
    front = ask(server, "/")
    assert front.headers["Content-Type"] == "text/html; charset=utf-8"
    links = [part.split(b'"')[0].decode() for part in front.body.split(b'href="')[1:]]
    assert links == ["/metrics", "/-/healthy", "/-/ready", "/docs/metrics"]
    assert {ask(server, link).status for link in links} == {200}


@pytest.mark.parametrize("path", ["/metric", "/metrics/", "/-/", "/%3Cscript%3E", "/metrics%00"])
def test_an_unknown_path_is_answered_in_one_line_that_repeats_nothing(server: Server, path: str) -> None:
    reply = ask(server, path)
    assert reply.status == 404
    assert reply.body.count(b"\n") == 1
    assert b"script" not in reply.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_a_method_that_would_change_something_is_refused_in_one_line(server: Server, method: str) -> None:
    reply = ask(server, "/metrics", method)
    assert (reply.status, reply.headers["Allow"], reply.body) == (405, "GET, HEAD", b"only GET and HEAD\n")


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy", "/-/ready", "/nowhere"])
def test_head_answers_like_get_without_the_body(server: Server, exposition: Exposition, path: str) -> None:
    exposition.publish(PAGE)
    got, head = ask(server, path), ask(server, path, "HEAD")
    assert (head.status, head.body) == (got.status, b"")
    assert head.headers["Content-Length"] == got.headers["Content-Length"] == str(len(got.body))


def test_nothing_follows_the_headers_of_an_answer_to_head(server: Server, exposition: Exposition) -> None:
    exposition.publish(PAGE)
    with _connect(server) as client:
        client.sendall(b"HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert _rest(client).endswith(b"\r\n\r\n")


def test_a_query_string_is_no_other_page(server: Server, exposition: Exposition) -> None:
    exposition.publish(PAGE)
    assert ask(server, "/metrics?name[]=up").body == PAGE


def test_one_connection_serves_many_scrapes(server: Server, exposition: Exposition) -> None:
    connection = http.client.HTTPConnection(server.address.host, server.address.port, timeout=60)
    for number in range(5):
        exposition.publish(b"athena_queries_total %d\n" % number)
        connection.request("GET", "/metrics")
        assert connection.getresponse().read() == b"athena_queries_total %d\n" % number
    connection.close()


def test_scrapes_while_publishing_are_never_half_old_and_half_new(server: Server, exposition: Exposition) -> None:
    exposition.publish(_numbered(0))
    ended = threading.Event()
    publisher = threading.Thread(target=_keep_publishing, args=(exposition, ended))
    publisher.start()
    try:
        with ThreadPoolExecutor(max_workers=50) as scrapers:
            pages = [page for seen in scrapers.map(lambda which: _scrape(server, which), range(50)) for page in seen]
    finally:
        ended.set()
        publisher.join()
    assert len(pages) == 200
    assert all(len(set(page.splitlines())) == 1 and len(page.splitlines()) == 5000 for page in pages)
    assert len(set(pages)) > 1


def _numbered(number: int) -> bytes:
    return b"athena_queries_total %d\n" % number * 5000


def _keep_publishing(exposition: Exposition, ended: threading.Event) -> None:
    number = 0
    while not ended.is_set():
        number += 1
        exposition.publish(_numbered(number))


def _scrape(server: Server, which: int) -> list[bytes]:
    replies = [ask(server, "/metrics", Accept_Encoding="gzip" if which % 2 else "identity") for _ in range(4)]
    assert {reply.status for reply in replies} == {200}
    return [gzip.decompress(reply.body) if which % 2 else reply.body for reply in replies]


def _connect(server: Server, *, buffer: int | None = None) -> socket.socket:
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if buffer is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    client.settimeout(60)
    client.connect((server.address.host, server.address.port))
    return client


def _rest(client: socket.socket) -> bytes:
    return b"".join(iter(lambda: client.recv(4096), b""))


def test_clients_that_send_slowly_do_not_hold_up_the_others(exposition: Exposition) -> None:
    exposition.publish(PAGE)
    limits = Limits(threads=4, silence_seconds=60)
    with serve("127.0.0.1:0", application(exposition), limits) as server:
        slow = [_connect(server) for _ in range(3)]
        for client in slow:
            client.sendall(b"GET /metrics HT")
        begun = time.monotonic()
        assert ask(server, "/metrics").body == PAGE
        assert time.monotonic() - begun < limits.silence_seconds
        for client in slow:
            client.close()


def test_a_client_that_never_reads_does_not_hold_up_the_others(exposition: Exposition) -> None:
    page = b"athena_queries_total 1\n" * 1_000_000
    exposition.publish(page)
    with serve("127.0.0.1:0", application(exposition), Limits(threads=2, silence_seconds=1)) as server:
        lazy = _connect(server, buffer=4096)
        lazy.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert lazy.recv(12) == b"HTTP/1.1 200"
        assert ask(server, "/metrics").body == page
        lazy.close()


def test_more_silent_clients_than_threads_are_outlived(exposition: Exposition) -> None:
    exposition.publish(PAGE)
    with serve("127.0.0.1:0", application(exposition), Limits(threads=2, silence_seconds=1)) as server:
        silent = [_connect(server) for _ in range(4)]
        assert ask(server, "/metrics").body == PAGE
        for client in silent:
            client.close()


def test_a_client_that_stays_silent_is_sent_away(exposition: Exposition) -> None:
    limits = Limits(silence_seconds=1)
    with serve("127.0.0.1:0", application(exposition), limits) as server, _connect(server) as silent:
        silent.sendall(b"GET /metr")
        assert b" 200 " not in _rest(silent)


def test_a_client_that_trickles_is_cut_off(exposition: Exposition) -> None:
    exposition.publish(PAGE)
    limits = Limits(threads=1, silence_seconds=60, request_seconds=0.5)
    with serve("127.0.0.1:0", application(exposition), limits) as server, _connect(server) as trickling:
        ended = threading.Event()
        pump = threading.Thread(target=_trickle, args=(trickling, ended))
        pump.start()
        begun = time.monotonic()
        assert ask(server, "/metrics").body == PAGE
        assert time.monotonic() - begun < limits.silence_seconds
        ended.set()
        pump.join()


def _trickle(client: socket.socket, ended: threading.Event) -> None:
    with contextlib.suppress(OSError):
        client.sendall(b"GET /metrics HTTP/1.1\r\nX-Endless: ")
        while not ended.wait(0.05):
            client.sendall(b"x")


def test_a_mistake_of_ours_answers_500_and_goes_to_the_log_alone(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(_environ: WSGIEnvironment, _start_response: StartResponse) -> Iterable[bytes]:
        raise RuntimeError("a mistake of ours")

    with serve("127.0.0.1:0", broken) as server:
        reply = ask(server, "/metrics")
    assert reply.status == 500
    assert b"mistake" not in reply.body
    assert "a mistake of ours" in caplog.text
    assert capfd.readouterr().err == ""


def test_without_ipv6_every_address_means_those_of_ipv4() -> None:
    of_no_machine = "2001:db8::1"
    assert _everywhere(of_no_machine) == "0.0.0.0"


def test_a_request_with_endless_headers_is_refused(server: Server, exposition: Exposition) -> None:
    exposition.publish(PAGE)
    assert ask(server, "/metrics", X_Padding="x" * 20_000).status == 413


def test_a_request_with_a_large_body_is_refused_before_it_is_read(server: Server) -> None:
    with _connect(server) as client:
        client.sendall(b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        assert client.recv(12) == b"HTTP/1.1 413"


def test_garbage_is_answered_and_the_server_lives_on(server: Server) -> None:
    with _connect(server) as client:
        client.sendall(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
        assert client.recv(4096)[:12] in {b"HTTP/1.1 400", b""}
    assert ask(server, "/-/healthy").status == 200


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":9989", Address(host="", port=9989)),
        ("127.0.0.1:0", Address(host="127.0.0.1", port=0)),
        ("[::1]:9989", Address(host="::1", port=9989)),
        ("[::]:65535", Address(host="::", port=65535)),
        ("exporter.internal:80", Address(host="exporter.internal", port=80)),
        (" localhost:9989 ", Address(host="localhost", port=9989)),
    ],
)
def test_an_address_is_read_and_written_the_same_way(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert str(address) == text.strip()


@pytest.mark.parametrize(
    "text", ["", "9989", "localhost", "localhost:", "host:port", "::1:9989", ":65536", ":-1", "[::1]", ":٣", "a:1:2"]
)
def test_a_bad_address_is_one_clear_line(text: str) -> None:
    with pytest.raises(AddressError) as refused:
        serve(text, application(Exposition()))
    assert repr(text) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_port_in_use_is_one_clear_line_with_the_mend(server: Server) -> None:
    with pytest.raises(AddressError) as refused:
        serve(str(server.address), application(Exposition()))
    assert str(refused.value) == (
        f"{server.address} is in use: stop what listens there, or choose another with --web.listen-address"
    )


@pytest.mark.parametrize(
    ("address", "said"),
    [("203.0.113.1:9989", "is not an address of this machine"), ("no.such.host.invalid:9989", "can't be listened on")],
)
def test_an_address_that_is_not_ours_is_one_clear_line(address: str, said: str) -> None:
    with pytest.raises(AddressError, match=said) as refused:
        serve(address, application(Exposition()))
    assert str(refused.value).startswith(address)
    assert "\n" not in str(refused.value)


def test_the_url_is_one_that_a_person_can_open(server: Server) -> None:
    assert server.url == f"http://127.0.0.1:{server.address.port}"
    assert server.address.port > 0


def test_a_stopped_server_is_gone_and_can_be_stopped_again(exposition: Exposition) -> None:
    before = set(threading.enumerate())
    server = serve("127.0.0.1:0", application(exposition))
    address = server.address
    assert ask(server, "/-/healthy").status == 200
    server.stop()
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.host, address.port), timeout=60)
    until(lambda: before.issuperset(threading.enumerate()), what="all its threads have ended", every=0.01)
