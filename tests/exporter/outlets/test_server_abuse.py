"""Crowds, slow clients and hostile requests at the real listener: everybody else is answered meanwhile."""

import contextlib
import resource
import selectors
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from queue import Full

import pytest
from certificates import Authority
from processes import until

from athena_exporter.outlets.server import Crowd, Exposition, Limits, Server, application, serve
from athena_exporter.outlets.server.turns import Turns
from athena_exporter.outlets.webconfig import load_web_config

LINE = b'athena_queries_total{workgroup="primary"} 1.0\n'
FIVE_MB = LINE * (5 * 2**20 // len(LINE))
SCRAPE = b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
PROBE = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
PATIENT = Limits(silence_seconds=60, request_seconds=60, crowded_seconds=60)
"""Whoever is slow is not sent away before the test has ended: what is shown is not owed to a time-out."""


@pytest.fixture(scope="module")
def page() -> Exposition:
    exposition = Exposition()
    exposition.publish(FIVE_MB)
    return exposition


@pytest.fixture(scope="module", autouse=True)
def _files() -> Iterator[None]:
    """A crowd has more sockets than many shells allow; both of its ends are in this process."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 8192 if before[1] == resource.RLIM_INFINITY else min(8192, before[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(wanted, before[0]), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@contextlib.contextmanager
def crowd(server: Server, size: int, said: bytes, *, buffer: int | None = None) -> Iterator[list[socket.socket]]:
    """As many clients that have said something, and go on neither to write nor to read."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(client(server, buffer=buffer)) for _ in range(size)]
        for one in clients:
            with contextlib.suppress(OSError):  # it was sent away already
                one.sendall(said)
        yield clients


def client(server: Server, *, buffer: int | None = None) -> socket.socket:
    one = socket.socket()
    if buffer is not None:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    one.settimeout(60)
    one.connect((server.address.host, server.address.port))
    return one


def said(server: Server, request: bytes) -> bytes:
    """All that is answered until the server closes."""
    with client(server) as one:
        one.sendall(request)
        return read(one)


def read(one: socket.socket) -> bytes:
    found = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while more := one.recv(2**16):
            found += more
    return bytes(found)


# -- crowds ---------------------------------------------------------------------------------------------------------


def statuses(clients: Iterable[socket.socket]) -> Counter[bytes]:
    """How each was answered: the status, `short` if less came than the headers say, `closed` without a word."""
    seen: dict[socket.socket, tuple[bytes, int]] = {}
    with selectors.DefaultSelector() as selector:
        for one in clients:
            one.settimeout(0)
            selector.register(one, selectors.EVENT_READ, one)
            seen[one] = b"", 0
        while selector.get_map():
            ready = selector.select(timeout=60)
            assert ready, f"no answer for a minute: {len(selector.get_map())} wait"
            for key, _ in ready:
                answering, more = key.data, b""
                with contextlib.suppress(ConnectionResetError):
                    more = answering.recv(2**18)
                head, length = seen[answering]
                seen[answering] = (head + more)[:512], length + len(more)
                if not more:
                    selector.unregister(answering)
    return Counter(judged(head, length) for head, length in seen.values())


def judged(head: bytes, length: int) -> bytes:
    if not head:
        return b"closed"
    headers, _, _ = head.partition(b"\r\n\r\n")
    told = int(headers.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return headers[9:12] if length == len(headers) + 4 + told else b"short"


def resident() -> int:
    """Bytes of memory that the process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.no_cover
def test_a_thousand_scrapes_at_once_are_answered_whole_or_told_to_come_back(page: Exposition) -> None:
    sent_away: Counter[Crowd] = Counter()
    with serve("127.0.0.1:0", application(page), refused=lambda crowd: sent_away.update([crowd])) as server:
        before = resident()
        with crowd(server, 1000, SCRAPE) as clients:
            probed: list[bytes] = []
            probe = threading.Thread(target=lambda: probed.append(said(server, PROBE)))
            probe.start()
            found = statuses(clients)
            probe.join()
        grown = resident() - before
    assert set(found) == {b"200", b"503"}
    assert sent_away == {Crowd.WAITING: found[b"503"]}
    assert found[b"200"] >= Limits().pages
    assert probed[0].startswith(b"HTTP/1.1 200 OK\r\n")
    assert grown < 256 * 2**20, "a copy of the page for each would be 5 GB"


@pytest.mark.no_cover
@pytest.mark.parametrize("start", [b"", b"GET /metr", b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Endless: "])
def test_hundreds_that_never_end_their_request_cost_no_thread(page: Exposition, start: bytes) -> None:
    with serve("127.0.0.1:0", application(page), PATIENT) as server, crowd(server, 500, start):
        assert said(server, PROBE).endswith(b"healthy\n")
        assert said(server, SCRAPE).endswith(FIVE_MB)


def test_hundreds_that_never_end_a_handshake_cost_no_thread(page: Exposition, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.pair("server")
    path = tmp_path / "web.yml"
    path.write_text("tls_server_config: {cert_file: server.crt, key_file: server.key}")
    trusting = ssl.create_default_context(cafile=authority.cert)
    begun = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serve("127.0.0.1:0", application(page), PATIENT, load_web_config(path)))
        stack.enter_context(crowd(server, 300, begun))
        one = stack.enter_context(client(server))
        secured = stack.enter_context(trusting.wrap_socket(one, server_hostname="127.0.0.1"))
        secured.sendall(PROBE)
        assert read(secured).endswith(b"healthy\n")


def test_slow_readers_of_a_large_page_never_take_every_thread(page: Exposition) -> None:
    with (
        serve("127.0.0.1:0", application(page), PATIENT) as server,
        crowd(server, 40, SCRAPE, buffer=4096) as readers,
    ):
        for reader in readers[: PATIENT.pages]:
            assert reader.recv(12) == b"HTTP/1.1 200"
        assert said(server, PROBE).endswith(b"healthy\n")


def test_a_reader_that_takes_its_time_makes_room_for_those_who_wait(page: Exposition) -> None:
    limits = Limits(threads=4, silence_seconds=60, request_seconds=60, crowded_seconds=0.5)
    with serve("127.0.0.1:0", application(page), limits) as server, crowd(server, 6, SCRAPE, buffer=4096):
        assert said(server, SCRAPE).endswith(FIVE_MB)


def test_a_reader_that_takes_its_time_is_left_alone_while_nobody_waits(page: Exposition) -> None:
    limits = Limits(threads=4, silence_seconds=60, request_seconds=60, crowded_seconds=0.1)
    with serve("127.0.0.1:0", application(page), limits) as server, client(server, buffer=4096) as slow:
        slow.sendall(SCRAPE)
        head = slow.recv(12)
        assert said(server, SCRAPE).endswith(FIVE_MB)
        ended = threading.Event()
        assert not ended.wait(1.5), "longer than the watch takes to look twice"
        assert (head + read(slow)).endswith(FIVE_MB)


def test_beyond_the_most_connections_the_one_longest_about_its_request_makes_room(page: Exposition) -> None:
    limits = Limits(connections=20, silence_seconds=60, request_seconds=60)
    sent_away: list[Crowd] = []
    with (
        serve("127.0.0.1:0", application(page), limits, refused=sent_away.append) as server,
        crowd(server, 20, b"GET /metr") as clients,
    ):
        assert said(server, PROBE).endswith(b"healthy\n")
        assert sent_away == [Crowd.CONNECTIONS]
        assert read(clients[0]).startswith(b"HTTP/1.1 503 ")
        clients[-1].sendall(b"ics HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert read(clients[-1]).endswith(FIVE_MB)


def test_a_body_that_never_comes_is_not_waited_for(page: Exposition) -> None:
    requests = (
        b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
        b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n",
    )
    with serve("127.0.0.1:0", application(page), PATIENT) as server:
        for request in requests:
            assert said(server, request).endswith(b"healthy\n")


def test_whoever_asks_many_times_and_reads_nothing_holds_up_nobody(page: Exposition) -> None:
    with serve("127.0.0.1:0", application(page), PATIENT) as server:
        pipelined = PROBE.replace(b"Connection: close\r\n", b"") * 200
        with crowd(server, 30, SCRAPE.replace(b"Connection: close\r\n", b"") + pipelined, buffer=4096):
            assert said(server, PROBE).endswith(b"healthy\n")


# -- hostile requests -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(page: Exposition) -> Iterator[Server]:
    with serve("127.0.0.1:0", application(page)) as running:
        yield running


HOSTILE = {
    "a huge header": (b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", {b"413"}),
    "thousands of headers": (b"GET /metrics HTTP/1.1\r\n" + b"A: b\r\n" * 5_000 + b"\r\n", {b"413"}),
    "an endless path": (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n", {b"413", b"414"}),
    "a traversal": (b"GET /../../etc/passwd HTTP/1.1\r\nConnection: close\r\n\r\n", {b"404"}),
    "an encoded traversal": (b"GET /%2e%2e/%2e%2e%2fetc%2fpasswd HTTP/1.1\r\nConnection: close\r\n\r\n", {b"404"}),
    "a traversal below metrics": (b"GET /metrics/..%2f HTTP/1.1\r\nConnection: close\r\n\r\n", {b"404"}),
    "a NUL": (b"GET /metrics\x00 HTTP/1.1\r\nConnection: close\r\n\r\n", {b"400", b"404"}),
    "an encoded NUL": (b"GET /metrics%00 HTTP/1.1\r\nConnection: close\r\n\r\n", {b"404"}),
    "a newline in the path": (b"GET /%0d%0aSet-Cookie:a=b HTTP/1.1\r\nConnection: close\r\n\r\n", {b"404"}),
    "a fragment": (b"GET /metrics#a HTTP/1.1\r\nConnection: close\r\n\r\n", {b"400"}),
    "another host's page": (b"GET http://example.org/ HTTP/1.1\r\nConnection: close\r\n\r\n", {b"400", b"404"}),
    "a tunnel": (b"CONNECT example.org:443 HTTP/1.1\r\nConnection: close\r\n\r\n", {b"400", b"405"}),
    "all of it": (b"OPTIONS * HTTP/1.1\r\nConnection: close\r\n\r\n", {b"400", b"404"}),
    "a method of the moment": (b"BREW /metrics HTTP/1.1\r\nConnection: close\r\n\r\n", {b"405"}),
    "no method": (b" /metrics HTTP/1.1\r\n\r\n", {b"400"}),
    "a small method": (b"get /metrics HTTP/1.1\r\nConnection: close\r\n\r\n", {b"400"}),
    "an old version": (b"GET /metrics HTTP/0.9\r\n\r\n", {b"400", b"505"}),
    "a later version": (b"GET /metrics HTTP/2.0\r\n\r\n", {b"400", b"505"}),
    "HTTP/2's preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {b"400", b"505"}),
    "no version": (b"GET /metrics\r\n\r\n", {b"400"}),
    "lines without CR": (b"GET /metrics HTTP/1.1\nHost: x\n\n", {b"400"}),
    "a folded header": (b"GET /-/healthy HTTP/1.1\r\nA: b\r\n c\r\nConnection: close\r\n\r\n", {b"400"}),
    "a header folded from the start": (b"GET /-/healthy HTTP/1.1\r\n c: d\r\n\r\n", {b"400"}),
    "a header without a colon": (b"GET /metrics HTTP/1.1\r\nnothing\r\n\r\n", {b"400"}),
    "a length that is none": (b"GET /metrics HTTP/1.1\r\nContent-Length: much\r\n\r\n", {b"400"}),
    "a length below nothing": (b"GET /-/healthy HTTP/1.1\r\nContent-Length: -5\r\n\r\n", {b"200", b"400"}),
    "a body that is too long": (b"POST /metrics HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n", {b"413"}),
    "a chunked body": (
        b"POST /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
        {b"405"},
    ),
    "an encoding that nobody has": (b"GET /metrics HTTP/1.1\r\nTransfer-Encoding: br\r\n\r\n", {b"501"}),
    "two lengths": (b"GET /-/ready HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nabcde", {b"200", b"400"}),
    "bytes of no character set": (b"GET /\xff\xfe HTTP/1.1\r\nConnection: close\r\n\r\n", {b"400", b"404"}),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", {b"400"}),
}  # fmt: skip  # a table
"""What is sent -> the statuses that are right for it."""


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_request_has_one_answer_that_repeats_nothing(
    server: Server, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    request, right = HOSTILE[what]
    answer = said(server, request)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head[9:12] in right, answer[:300]
    assert body.count(b"HTTP/1.") <= 0, "one request has one answer"
    assert b"Set-Cookie" not in head
    assert b"passwd" not in answer
    assert not [record for record in caplog.records if record.levelname in {"WARNING", "ERROR", "CRITICAL"}]
    assert said(server, PROBE).endswith(b"healthy\n")


def test_a_body_is_never_taken_for_the_next_request(server: Server) -> None:
    smuggled = b"GET /docs/metrics HTTP/1.1\r\nHost: x\r\n\r\n"
    for frame in (b"Content-Length: %d" % len(smuggled), b"Transfer-Encoding: chunked", b"Content-Length: 0_0"):
        answer = said(server, b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n" + frame + b"\r\n\r\n" + smuggled)
        assert answer.count(b"HTTP/1.1 ") == 1, (frame, answer)


def test_requests_that_came_in_one_piece_are_all_answered_in_order(server: Server) -> None:
    pieces = [b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /-/ready HTTP/1.1\r\nHost: x\r\n\r\n", PROBE]
    bodies = [part.rpartition(b"\r\n\r\n")[2] for part in said(server, b"".join(pieces)).split(b"HTTP/1.1 200 OK")]
    assert bodies[1:] == [b"healthy\n", b"ready\n", b"healthy\n"]


def test_a_request_that_comes_by_the_byte_is_answered(server: Server) -> None:
    with client(server) as one:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(PROBE)):
            one.sendall(PROBE[at : at + 1])
        assert read(one).endswith(b"healthy\n")


def test_clients_that_leave_take_nothing_with_them(page: Exposition) -> None:
    """Whether they leave before, in or after a request, with a word or without."""
    with serve("127.0.0.1:0", application(page)) as server:
        sockets = len(list(Path("/proc/self/fd").iterdir()))
        for start in (b"", b"GET /met", SCRAPE, SCRAPE * 3):
            with crowd(server, 50, start, buffer=4096) as clients:
                for one in clients:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        until(lambda: len(list(Path("/proc/self/fd").iterdir())) <= sockets, what="every socket is closed", every=0.05)
        assert said(server, PROBE).endswith(b"healthy\n")


def test_a_server_that_is_stopped_while_clients_talk_ends_without_a_word(
    page: Exposition, caplog: pytest.LogCaptureFixture
) -> None:
    """A thread that gives a connection back then finds nobody who waits for it."""
    ended, app = threading.Event(), application(page)

    def talk(where: tuple[str, int]) -> None:
        while not ended.is_set():
            with contextlib.suppress(OSError), socket.create_connection(where, timeout=60) as one:
                for piece in (b"GET /-/healthy HTTP/1.1\r\n\r\nGET /-/hea", b"lthy HTTP/1.1\r\n\r\n") * 9:
                    one.sendall(piece)
                    one.recv(4096)

    for _ in range(3):
        with serve("127.0.0.1:0", app) as server:
            where = server.address.host, server.address.port
            talkers = [threading.Thread(target=talk, args=(where,)) for _ in range(4)]
            for talker in talkers:
                talker.start()
            assert said(server, PROBE).endswith(b"healthy\n")
        ended.set()
        for talker in talkers:
            talker.join()
        ended.clear()
    assert [record for record in caplog.records if record.levelname in {"WARNING", "ERROR", "CRITICAL"}] == []


# -- turns ------------------------------------------------------------------------------------------------------------


class Asked:
    def __init__(self, *, is_probe: bool) -> None:
        self.is_probe = is_probe


def test_probes_come_first_and_the_end_comes_last() -> None:
    turns = Turns(pages=1, waiting=9)
    end, asked, probe = object(), Asked(is_probe=False), Asked(is_probe=True)
    for what in (end, asked, probe):
        turns.put(what)
    assert [turns.get() for _ in range(3)] == [probe, asked, end]


def test_a_line_that_is_full_takes_no_more_and_does_not_fill_the_other() -> None:
    turns = Turns(pages=1, waiting=1)
    turns.put(Asked(is_probe=False))
    with pytest.raises(Full):
        turns.put(Asked(is_probe=False))
    turns.put(Asked(is_probe=True))
    turns.put(object())


def test_a_page_waits_until_a_thread_has_ended_another_and_probes_do_not() -> None:
    turns, taken = Turns(pages=1, waiting=9), list[object]()
    first, second, probe = Asked(is_probe=False), Asked(is_probe=False), Asked(is_probe=True)
    turns.put(first)
    assert turns.get() is first
    other = threading.Thread(target=lambda: taken.extend(turns.get() for _ in range(2)))
    other.start()
    turns.put(second)
    turns.put(probe)
    until(lambda: taken == [probe], what="the probe is taken", every=0.01)
    assert turns.are_pages_waiting
    turns.put(last := object())
    other.join()
    assert taken == [probe, last], "an end does not wait for pages that this thread may not take"
    assert turns.get() is second
