"""TLS, passwords, headers and a rate before every answer: over real sockets, with real certificates, and each mistake
in the file told in one line."""

import base64
import contextlib
import gzip
import http.client
import io
import ipaddress
import logging
import os
import shutil
import socket
import ssl
import struct
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bcrypt
import pytest
from certificates import Authority, Pair
from processes import free_port, process, until

from athena_exporter.outlets.server import Exposition, Limits, Server, application, serve
from athena_exporter.outlets.server.access import Bucket, credentials
from athena_exporter.outlets.server.secured import SecuredSocket
from athena_exporter.outlets.webconfig import (
    Crowded,
    Passwords,
    RateLimit,
    WebConfig,
    WebConfigError,
    load_web_config,
)
from athena_exporter.outlets.webconfig.model import CIPHERS

PAGE = b"# TYPE athena_queries_total counter\n" + b'athena_queries_total{workgroup="primary"} 1.0\n' * 500
CHEAP = 4
"""The lowest cost of bcrypt: what is tested is not how slow it is."""


def hashed(password: str, cost: int = CHEAP) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost, prefix=b"2a")).decode()


SECRET = hashed("secret")
REST_OF_A_HASH = SECRET[7:]


class Desk:
    """A folder with an authority, a server's certificate, and the file under test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority(folder)
        self.pair = self.authority.pair("server")
        self.path = folder / "web.yml"

    def write(self, text: str) -> Path:
        self.path.write_text(text)
        return self.path

    def load(self, text: str) -> WebConfig:
        return load_web_config(self.write(text))

    def trusting(self, pair: Pair | None = None, authority: Path | None = None) -> ssl.SSLContext:
        """A client's context, with a certificate of its own if it has one."""
        context = ssl.create_default_context(cafile=authority or self.authority.cert)
        if pair is not None:
            context.load_cert_chain(pair.cert, pair.key)
        return context

    def refusal(self, text: str | bytes) -> tuple[str, ...]:
        """The lines of the refusal, without the folder."""
        self.path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(WebConfigError) as refused:
            load_web_config(self.path)
        assert str(refused.value) == "\n".join(refused.value.lines)
        return tuple(line.replace(f"{self.folder}/", "") for line in refused.value.lines)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Certificates are made once; tests that change them take a copy."""
    return Desk(tmp_path_factory.mktemp("made"))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


TLS = "tls_server_config: {cert_file: server.crt, key_file: server.key"


@contextlib.contextmanager
def serving(web: WebConfig, limits: Limits | None = None) -> Iterator[Server]:
    exposition = Exposition()
    exposition.publish(PAGE)
    quick = Limits(threads=4, silence_seconds=5, shutdown_seconds=1)
    with serve("127.0.0.1:0", application(exposition), limits or quick, web) as server:
        yield server


class Reply:
    """An answer read to its end."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self.body = answer.read()


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def ask(
    server: Server,
    path: str = "/metrics",
    *,
    context: ssl.SSLContext | None = None,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
) -> Reply:
    host, port = server.address.host, server.address.port
    connection = (
        http.client.HTTPConnection(host, port, timeout=60)
        if context is None
        else http.client.HTTPSConnection(host, port, timeout=60, context=context)
    )
    try:
        connection.request(method, path, headers=dict(headers or {}))
        return Reply(connection.getresponse())
    finally:
        connection.close()


# -- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secured(made: Desk) -> Iterator[Server]:
    with serving(made.load(TLS + "}")) as server:
        yield server


def test_the_url_says_https(secured: Server) -> None:
    assert secured.url == f"https://127.0.0.1:{secured.address.port}"


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy", "/-/ready", "/docs/metrics"])
def test_every_page_is_served_over_tls(secured: Server, made: Desk, path: str) -> None:
    assert ask(secured, path, context=made.trusting()).status == 200


def test_metrics_over_tls_are_whole_and_compressed_where_accepted(secured: Server, made: Desk) -> None:
    trusting = made.trusting()
    assert ask(secured, context=trusting).body == PAGE
    packed = ask(secured, context=trusting, headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.body) == PAGE


def test_head_over_tls_has_no_body(secured: Server, made: Desk) -> None:
    reply = ask(secured, method="HEAD", context=made.trusting())
    assert (reply.status, reply.body, reply.headers["Content-Length"]) == (200, b"", str(len(PAGE)))


def test_requests_that_came_in_one_record_are_all_answered(secured: Server, made: Desk) -> None:
    request = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nX-Fill: 123456789012345678\r\n\r\n"
    last = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert io.DEFAULT_BUFFER_SIZE % len(request) == 0  # so that what is left waits inside TLS, unseen by the selector
    with _connected(secured, made.trusting()) as client:
        client.sendall(request * 200 + last)
        assert _rest(client).count(b"healthy\n") == 201


def _connected(server: Server, context: ssl.SSLContext) -> ssl.SSLSocket:
    raw = socket.create_connection((server.address.host, server.address.port), timeout=60)
    return context.wrap_socket(raw, server_hostname="127.0.0.1")


def _rest(client: socket.socket) -> bytes:
    return b"".join(iter(lambda: client.recv(65536), b""))


def test_a_person_who_forgets_the_s_is_told(secured: Server) -> None:
    reply = ask(secured)
    assert (reply.status, reply.body) == (400, b"this port speaks HTTPS: use https://")


@pytest.mark.parametrize(
    "garbage",
    [b"\x16\x03\x01\xff\xff" + b"\x00" * 50, b"SSH-2.0-scanner\r\n", b"\x00" * 3, b"\x16\x03", b""],
    ids=["hello", "ssh", "zeros", "cut short", "nothing"],
)
def test_what_is_no_tls_ends_quietly(
    secured: Server, made: Desk, caplog: pytest.LogCaptureFixture, garbage: bytes
) -> None:
    with caplog.at_level(logging.INFO):
        address = (secured.address.host, secured.address.port)
        with contextlib.suppress(OSError), socket.create_connection(address, timeout=60) as client:
            client.sendall(garbage)
            client.shutdown(socket.SHUT_WR)
            _rest(client)
        assert ask(secured, context=made.trusting()).status == 200
    assert [record.getMessage() for record in caplog.records] == []


def test_clients_that_reset_before_the_handshake_end_nothing(
    secured: Server, made: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    address = (secured.address.host, secured.address.port)
    with caplog.at_level(logging.INFO):
        for _ in range(50):
            with socket.create_connection(address, timeout=60) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert ask(secured, context=made.trusting()).status == 200
    assert [record.getMessage() for record in caplog.records] == []


def test_a_client_that_breaks_tls_off_later_ends_quietly(
    secured: Server, made: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        client = _connected(secured, made.trusting())
        client.sendall(b"GET /metrics HTTP/1.1\r\n")
        with client, socket.socket(fileno=os.dup(client.fileno())) as raw, contextlib.suppress(OSError):
            raw.sendall(b"\x17\x03\x03\x00\x20" + b"garbage that decrypts to nothing")
            _rest(raw)
        assert ask(secured, context=made.trusting()).status == 200
    assert [record.getMessage() for record in caplog.records] == []


def test_silent_clients_do_not_hold_up_others_handshakes(made: Desk) -> None:
    limits = Limits(threads=4, silence_seconds=60)
    with serving(made.load(TLS + "}"), limits) as server:
        address = (server.address.host, server.address.port)
        silent = [socket.create_connection(address, timeout=60) for _ in range(3)]
        begun = time.monotonic()
        assert ask(server, context=made.trusting()).body == PAGE
        assert time.monotonic() - begun < limits.silence_seconds
        for client in silent:
            client.close()


def test_a_handshake_that_trickles_is_cut_off(made: Desk) -> None:
    limits = Limits(threads=1, silence_seconds=60, request_seconds=0.5)
    with serving(made.load(TLS + "}"), limits) as server:
        address = (server.address.host, server.address.port)
        with socket.create_connection(address, timeout=60) as trickling:
            trickling.sendall(b"\x16\x03\x01\x02\x00")
            begun = time.monotonic()
            assert ask(server, context=made.trusting()).body == PAGE
            assert time.monotonic() - begun < limits.silence_seconds


def test_a_socket_that_another_thread_shuts_down_never_goes_on_in_plain_text(made: Desk) -> None:
    tls = made.load(TLS + "}").tls
    tls.context.sslsocket_class = SecuredSocket
    near, far = socket.socketpair()
    with near, far, ThreadPoolExecutor(max_workers=1) as other:
        client = other.submit(made.trusting().wrap_socket, far.dup(), server_hostname="127.0.0.1")
        with tls.context.wrap_socket(near, server_side=True) as secured, client.result():
            secured.shutdown(socket.SHUT_RD)  # what the server does to its threads' sockets when it ends
            secured.sendall(b"athena_queries_total 1")
            secured.shutdown(socket.SHUT_WR)
            assert b"athena_queries_total" not in _rest(far)


def test_a_client_that_never_reads_is_left_without_a_word(made: Desk, caplog: pytest.LogCaptureFixture) -> None:
    exposition = Exposition()
    exposition.publish(b"athena_queries_total 1\n" * 1_000_000)
    limits = Limits(threads=1, silence_seconds=1)
    with (
        caplog.at_level(logging.INFO),
        serve("127.0.0.1:0", application(exposition), limits, made.load(TLS + "}")) as server,
        _connected(server, made.trusting()) as lazy,
    ):
        lazy.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert lazy.recv(12) == b"HTTP/1.1 200"
        assert ask(server, "/-/healthy", context=made.trusting()).status == 200
    assert [record.getMessage() for record in caplog.records] == []


def negotiated(desk: Desk, settings: str, **client: object) -> tuple[str | None, str]:
    """Version and cipher that a client with these settings and the server agree on."""
    context = desk.trusting()
    for name, value in client.items():
        if name == "ciphers":
            context.set_ciphers(str(value))
        else:
            setattr(context, name, value)
    with serving(desk.load(f"{TLS}, {settings}}}")) as server, _connected(server, context) as connection:
        cipher = connection.cipher()
        assert cipher is not None
        return connection.version(), cipher[0]


def test_versions_and_ciphers_are_those_of_the_file(made: Desk) -> None:
    chosen = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
    assert negotiated(made, "min_version: TLS13") == ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    older = negotiated(made, f"max_version: TLS12, cipher_suites: [{chosen}], curve_preferences: [CurveP384]")
    assert older == ("TLSv1.2", CIPHERS[chosen])
    with pytest.raises((ssl.SSLError, ConnectionError)):
        negotiated(made, "min_version: TLS13", maximum_version=ssl.TLSVersion.TLSv1_2)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        negotiated(made, "cipher_suites: [TLS_AES_128_GCM_SHA256]", maximum_version=ssl.TLSVersion.TLSv1_2)


@pytest.mark.parametrize(("prefer", "winner"), [("true", 0), ("false", 1)])
def test_who_orders_the_ciphers_is_set(made: Desk, prefer: str, winner: int) -> None:
    names = [f"TLS_ECDHE_ECDSA_WITH_AES_{size}" for size in ("256_GCM_SHA384", "128_GCM_SHA256")]
    suites = [str(CIPHERS[name]) for name in names]
    settings = f"max_version: TLS12, cipher_suites: [{', '.join(names)}], prefer_server_cipher_suites: {prefer}"
    assert negotiated(made, settings, ciphers=":".join(reversed(suites)))[1] == suites[winner]


def test_every_cipher_that_may_be_named_is_one_that_openssl_has(made: Desk) -> None:
    assert made.load(f"{TLS}, cipher_suites: [{', '.join(CIPHERS)}]}}").secured
    assert len({name for name in CIPHERS.values() if name}) == len(CIPHERS) - 3


def test_certificate_and_key_may_stand_in_the_file_itself(desk: Desk) -> None:
    def block(path: Path) -> str:
        return "|\n    " + path.read_text().replace("\n", "\n    ")

    text = f"tls_server_config:\n  cert: {block(desk.pair.cert)}\n  key: {block(desk.pair.key)}\n"
    text += f"  client_auth_type: RequireAndVerifyClientCert\n  client_ca: {block(desk.authority.cert)}\n"
    with serving(desk.load(text)) as server:
        assert ask(server, context=desk.trusting(desk.authority.pair("prometheus"))).status == 200


# -- certificates of clients ------------------------------------------------------------------------------------------


def test_a_required_certificate_is_verified(desk: Desk) -> None:
    stranger = Authority(desk.folder / "elsewhere", "other-ca").pair("stranger")
    web = desk.load(f"{TLS}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: test-ca.pem}}")
    with serving(web) as server:
        assert ask(server, context=desk.trusting(desk.authority.pair("prometheus"))).status == 200
        for context in (desk.trusting(), desk.trusting(stranger)):
            with pytest.raises((ssl.SSLError, ConnectionError, http.client.BadStatusLine)):
                ask(server, context=context)


def test_an_optional_certificate_is_verified_when_there_is_one(desk: Desk) -> None:
    stranger = Authority(desk.folder / "elsewhere", "other-ca").pair("stranger")
    with serving(
        desk.load(f"{TLS}, client_auth_type: VerifyClientCertIfGiven, client_ca_file: test-ca.pem}}")
    ) as server:
        assert ask(server, context=desk.trusting()).status == 200
        assert ask(server, context=desk.trusting(desk.authority.pair("prometheus"))).status == 200
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.BadStatusLine)):
            ask(server, context=desk.trusting(stranger))


@pytest.mark.parametrize(
    "san", ["prometheus.internal", "10.1.2.3", "2001:db8::7", "ops@example.org", "spiffe://prod/prometheus"]
)
def test_a_certificate_without_an_allowed_name_is_sent_away(desk: Desk, san: str) -> None:
    listed = str(ipaddress.ip_address(san).exploded) if san.startswith("2001") else san
    web = desk.load(
        f"{TLS}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: test-ca.pem, "
        f"client_allowed_sans: ['{listed}', nobody]}}"
    )
    with serving(web) as server:
        assert ask(server, context=desk.trusting(desk.authority.pair("right", [san, "else"]))).status == 200
        for sans in (["prometheus.internal.evil", "10.1.2.30"], []):
            with pytest.raises((ssl.SSLError, ConnectionError, http.client.BadStatusLine)):
                ask(server, context=desk.trusting(desk.authority.pair("wrong", sans)))


# -- passwords --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def guarded(made: Desk) -> Iterator[Server]:
    with serving(made.load(f"basic_auth_users:\n  alice: {SECRET}\n  'Zoë': {hashed('pass:wörd')}\n")) as server:
        yield server


@pytest.mark.parametrize(("user", "password"), [("alice", "secret"), ("Zoë", "pass:wörd")])
def test_name_and_password_open_every_page(guarded: Server, user: str, password: str) -> None:
    for path in ("/", "/metrics", "/-/healthy", "/-/ready", "/docs/metrics"):
        assert ask(guarded, path, headers=basic(user, password)).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("alice", "Secret"),
        basic("alice", ""),
        basic("alice", SECRET),
        basic("bob", "secret"),
        basic("", "secret"),
        {"Authorization": "Bearer secret"},
        {"Authorization": "Basic"},
        {"Authorization": "Basic not-base64!"},
        {"Authorization": "Basic " + base64.b64encode(b"alice").decode()},
    ],
    ids=["none", "wrong", "empty", "the hash itself", "unknown", "nobody", "bearer", "bare", "no base64", "no colon"],
)
@pytest.mark.parametrize("path", ["/metrics", "/-/healthy", "/-/ready", "/", "/nowhere"])
def test_without_them_nothing_is_told(guarded: Server, path: str, headers: Mapping[str, str]) -> None:
    reply = ask(guarded, path, headers=headers)
    assert (reply.status, reply.body) == (401, b"name and password wanted\n")
    assert reply.headers["WWW-Authenticate"] == 'Basic realm="athena-exporter", charset="UTF-8"'


def test_a_refusal_of_head_has_no_body(guarded: Server) -> None:
    reply = ask(guarded, method="HEAD")
    assert (reply.status, reply.body, reply.headers["Content-Length"]) == (401, b"", "25")


def test_a_password_that_was_right_is_not_hashed_again() -> None:
    users = {b"alice": hashed("secret", 10).encode()}
    passwords = Passwords()
    assert passwords.admit(users, b"alice", b"secret")
    begun = time.thread_time()
    assert all(passwords.admit(users, b"alice", b"secret") for _ in range(50))
    assert time.thread_time() - begun < 0.5  # fifty hashes take three seconds
    assert not passwords.admit(users, b"alice", b"Secret")


def test_what_was_right_is_forgotten_with_its_hash_and_with_its_name() -> None:
    passwords = Passwords()
    assert passwords.admit({b"alice": SECRET.encode()}, b"alice", b"secret")
    assert not passwords.admit({b"alice": hashed("newer").encode()}, b"alice", b"secret")
    assert not passwords.admit({b"bob": SECRET.encode()}, b"alice", b"secret")


def test_a_name_that_does_not_exist_takes_as_long_as_the_dearest_that_does() -> None:
    users = {b"quick": hashed("a", 4).encode(), b"dear": hashed("b", 11).encode()}

    def lasts(user: bytes) -> float:
        passwords, begun = Passwords(), time.thread_time()
        assert not passwords.admit(users, user, b"guess")
        return time.thread_time() - begun

    known, unknown = (min(lasts(user) for _ in range(3)) for user in (b"dear", b"nobody"))
    assert 0.5 < unknown / known < 2


def test_bcrypt_looks_at_seventy_two_bytes_as_it_does_everywhere() -> None:
    users = {b"alice": bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(CHEAP))}
    assert Passwords().admit(users, b"alice", b"x" * 72 + b"what htpasswd cut off")


def test_guesses_do_not_take_the_place_of_those_who_were_right_before() -> None:
    users = {b"alice": hashed("secret", 11).encode()}
    passwords = Passwords()
    assert passwords.admit(users, b"alice", b"secret")
    crowd = ThreadPoolExecutor(max_workers=8)
    with crowd:
        guesses = [crowd.submit(passwords.admit, users, b"alice", b"guess %d" % number) for number in range(8)]
        assert passwords.admit(users, b"alice", b"secret")
        outcomes = [guess.exception() or guess.result() for guess in guesses]
    assert {type(outcome) for outcome in outcomes} == {bool, Crowded}
    assert True not in outcomes


def test_a_crowd_of_guesses_is_told_to_come_back(made: Desk) -> None:
    dear = hashed("secret", 12)
    limits = Limits(threads=12, shutdown_seconds=5)
    with serving(made.load(f"basic_auth_users: {{alice: {dear}}}"), limits) as server:
        with ThreadPoolExecutor(max_workers=10) as crowd:
            asked = [crowd.submit(ask, server, headers=basic("alice", str(number))) for number in range(10)]
            replies = [one.result() for one in asked]
        assert {reply.status for reply in replies} == {401, 503}
        assert {reply.headers["Retry-After"] for reply in replies if reply.status == 503} == {"1"}


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Basic YWxpY2U6c2VjcmV0", (b"alice", b"secret")),
        ("basic  YWxpY2U6c2VjcmV0 ", (b"alice", b"secret")),
        ("BASIC YTpiOmM=", (b"a", b"b:c")),
        ("Basic Og==", (b"", b"")),
        ("Digest YWxpY2U6c2VjcmV0", None),
        ("Basic \xff\xfe", None),
        ("Basic YWxpY2U6c2VjcmV", None),
        ("", None),
    ],
)
def test_credentials_are_read_as_rfc_7617_writes_them(header: str, found: tuple[bytes, bytes] | None) -> None:
    assert credentials(header) == found


# -- headers and rate -------------------------------------------------------------------------------------------------


def test_headers_of_the_file_are_on_every_answer_and_replace_our_own(made: Desk) -> None:
    web = made.load(
        "http_server_config:\n  http2: true\n  headers:\n    X-Frame-Options: deny\n    X-XSS-Protection: 0\n"
        "    Content-Security-Policy: default-src 'self'\n    Strict-Transport-Security:\n"
        f"basic_auth_users: {{alice: {SECRET}}}\n"
    )
    with serving(web) as server:
        for headers in (basic("alice", "secret"), {}):
            reply = ask(server, "/", headers=headers)
            assert reply.headers.get_all("Content-Security-Policy") == ["default-src 'self'"]
            assert (reply.headers["X-Frame-Options"], reply.headers["X-XSS-Protection"]) == ("deny", "0")
            assert reply.headers["Strict-Transport-Security"] is None


def test_that_http2_is_not_spoken_is_said(made: Desk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        made.load("http_server_config: {http2: true}")
    assert "HTTP/1.1, to which clients fall back" in caplog.text


def test_requests_beyond_the_rate_are_refused_before_their_password_is_looked_at(made: Desk) -> None:
    web = made.load(f"rate_limit: {{interval: 1h, burst: 2}}\nbasic_auth_users: {{alice: {SECRET}}}")
    with serving(web) as server:
        assert [ask(server, headers=basic("alice", "secret")).status for _ in range(3)] == [200, 200, 429]


def test_a_bucket_fills_by_a_token_an_interval_up_to_its_burst() -> None:
    now = [100.0]
    bucket, limit = Bucket(lambda: now[0]), RateLimit(interval_seconds=0.5, burst=2)

    def passing() -> list[bool]:
        return [bucket.allows(limit) for _ in range(3)]

    assert passing() == [True, True, False]
    now[0] += 0.5
    assert passing() == [True, False, False]
    now[0] += 3600
    assert passing() == [True, True, False]


def test_an_interval_of_nothing_is_no_limit(made: Desk) -> None:
    assert made.load("rate_limit: {interval: 0s, burst: 1}").current().rate_limit is None


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}\n"])
def test_a_file_that_asks_for_nothing_is_plain_http_for_all(made: Desk, text: str) -> None:
    with serving(made.load(text)) as server:
        assert server.url.startswith("http://")
        assert ask(server).status == 200


# -- rotation ---------------------------------------------------------------------------------------------------------


def _served(server: Server, context: ssl.SSLContext) -> bytes:
    with _connected(server, context) as connection:
        return connection.getpeercert(binary_form=True) or b""


def test_a_new_certificate_is_served_from_the_next_handshake_on(desk: Desk) -> None:
    with serving(desk.load(TLS + "}")) as server:
        first = _served(server, desk.trusting())
        desk.authority.pair("server")
        second = _served(server, desk.trusting())
        assert first != second
        assert ssl.DER_cert_to_PEM_cert(second) == desk.pair.cert.read_text()


def test_a_certificate_swapped_through_a_link_is_served_too(desk: Desk) -> None:
    link = desk.folder / "current.crt"
    link.symlink_to(desk.pair.cert)
    newer = desk.authority.pair("newer")
    both = "tls_server_config: {cert_file: current.crt, key_file: current.key}"
    (desk.folder / "current.key").symlink_to(desk.pair.key)
    with serving(desk.load(both)) as server:
        for name, path in (("current.crt", newer.cert), ("current.key", newer.key)):
            (desk.folder / "next").symlink_to(path)
            (desk.folder / "next").replace(desk.folder / name)
        assert ssl.DER_cert_to_PEM_cert(_served(server, desk.trusting())) == newer.cert.read_text()


def test_between_a_new_certificate_and_its_key_the_old_pair_is_served(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    newer = Authority(desk.folder / "next", "test-ca", desk.authority._own).pair("server")
    with serving(desk.load(TLS + "}")) as server:
        first = _served(server, desk.trusting())
        shutil.copy(newer.cert, desk.pair.cert)
        assert [_served(server, desk.trusting()) for _ in range(3)] == [first] * 3
        said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        assert len(said) == 1
        assert said[0].endswith("server.key is no key of the certificate in "
                                f"{desk.pair.cert}; what was read before stays in force")  # fmt: skip  # one message
        shutil.copy(newer.key, desk.pair.key)
        assert _served(server, desk.trusting()) != first


def test_a_new_authority_of_clients_holds_at_once(desk: Desk) -> None:
    other = Authority(desk.folder / "elsewhere", "other-ca")
    client = desk.trusting(other.pair("prometheus"))
    web = desk.load(f"{TLS}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: test-ca.pem}}")
    with serving(web) as server:
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.BadStatusLine)):
            ask(server, context=client)
        trusted = desk.authority.cert.read_bytes()
        desk.authority.cert.write_bytes(other.cert.read_bytes())
        assert ask(server, context=client).status == 200
        desk.authority.cert.write_bytes(trusted)


def test_a_new_password_holds_at_once_and_the_old_one_ends(desk: Desk) -> None:
    with serving(desk.load(f"basic_auth_users: {{alice: {SECRET}}}")) as server:
        assert ask(server, headers=basic("alice", "secret")).status == 200
        desk.write(f"basic_auth_users: {{alice: {hashed('newer')}, bob: {SECRET}}}")
        asked = [("alice", "secret"), ("alice", "newer"), ("bob", "secret")]
        assert [ask(server, headers=basic(*pair)).status for pair in asked] == [401, 200, 200]
        desk.write(f"basic_auth_users: {{bob: {SECRET}}}")
        assert [ask(server, headers=basic(*pair)).status for pair in asked] == [401, 401, 200]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("basic_auth_users: {alice: oops}", "wanted a bcrypt hash"),
        ("basic_auth_users: [", "not YAML"),
        ("", "basic_auth_users came or went: that takes a restart"),
        (f"{TLS}}}\nbasic_auth_users: {{alice: {SECRET}}}", "tls_server_config came or went: that takes a restart"),
        (None, "can't be read: No such file or directory"),
    ],
    ids=["hash", "yaml", "empty", "TLS", "gone"],
)
def test_a_change_that_cannot_be_used_changes_nothing_and_is_said_once(
    desk: Desk, caplog: pytest.LogCaptureFixture, broken: str | None, said: str
) -> None:
    with serving(desk.load(f"basic_auth_users: {{alice: {SECRET}}}")) as server:
        if broken is None:
            desk.path.unlink()
        else:
            desk.write(broken)
        asked = [{}, basic("alice", "secret"), basic("alice", "oops")]
        assert [ask(server, headers=headers).status for headers in asked] == [401, 200, 401]
        lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        assert len(lines) == 1
        assert said in lines[0]
        desk.write(f"basic_auth_users: {{alice: {hashed('mended')}}}")
        assert ask(server, headers=basic("alice", "mended")).status == 200


def test_a_file_named_by_a_change_is_waited_for(desk: Desk) -> None:
    web = desk.load(TLS + "}")
    before = web.current()
    desk.write("tls_server_config: {cert_file: later.crt, key_file: later.key}")
    assert web.current() is before
    desk.authority.pair("later")
    assert web.current() is not before


def test_files_that_did_not_change_are_not_read_again(desk: Desk) -> None:
    web = desk.load(f"{TLS}}}\nbasic_auth_users: {{alice: {SECRET}}}")
    assert web.current() is web.current()
    begun = time.thread_time()
    for _ in range(1000):
        web.current()
    assert time.thread_time() - begun < 0.5


# -- mistakes in the file ---------------------------------------------------------------------------------------------

MISTAKES: tuple[str | bytes, ...] = (
    "tls_server_config: {cert_file: server.crt, keyfile: server.key}",
    "tls_server: {}",
    "\nkey_file: server.key",
    "- a",
    "a: [",
    b"a: \xff",
    "tls_server_config:\n",
    "tls_server_config:\n  cert_file: none.crt\n  key_file: server.key",
    "tls_server_config:\n  cert_file: server.crt\n  key_file: .",
    "tls_server_config:\n  cert_file: server.key\n  key_file: server.key",
    "tls_server_config:\n  cert_file: server.crt\n  key_file: server.crt",
    "tls_server_config:\n  cert_file: server.crt\n  key_file: other.key",
    "tls_server_config:\n  cert_file: locked.crt\n  key_file: locked.key",
    "tls_server_config:\n  cert_file: spoilt.crt\n  key_file: server.key",
    f"{TLS}, cert: '-----BEGIN CERTIFICATE-----'}}",
    "tls_server_config: {cert_file: server.crt, key: hunter2}",
    f"{TLS}, client_auth_type: RequireAnyClientCert, client_ca_file: test-ca.pem}}",
    f"{TLS}, client_auth_type: RequireAndVerifyClientCert}}",
    f"{TLS}, client_auth_type: RequireAndVerifyClientCert,\n  client_ca_file: none.pem}}",
    f"{TLS}, client_auth_type: RequireAndVerifyClientCert,\n  client_ca_file: spoilt.crt}}",
    f"{TLS}, client_ca_file: test-ca.pem}}",
    f"{TLS}, client_auth_type: verify}}",
    f"{TLS}, client_allowed_sans: [a]}}",
    f"{TLS}, min_version: TLS10}}",
    f"{TLS}, min_version: TLS13, max_version: TLS12}}",
    f"{TLS}, curve_preferences: [X25519, CurveP256]}}",
    f"{TLS}, max_version: TLS12, cipher_suites: [TLS_AES_128_GCM_SHA256]}}",
    f"{TLS}, cipher_suites: [RC4]}}",
    f"{TLS}, curve_preferences: [P-256]}}",
    "basic_auth_users:\n",
    "basic_auth_users: alice",
    "basic_auth_users:\n  alice: hunter2\n  bob:\n",
    f"basic_auth_users:\n  alice: {SECRET[:4]}30{SECRET[6:]}\n",
    f"basic_auth_users:\n  'a:b': {SECRET}\n  '': {SECRET}\n",
    f"basic_auth_users:\n  alice: {SECRET}\n  alice: {SECRET}\n",
    "http_server_config:\n  headers:\n    X-Frame-Options: allow\n",
    "http_server_config:\n  headers:\n    Set-Cookie: a\n",
    'http_server_config:\n  headers:\n    X-XSS-Protection: "0\\r\\nSet-Cookie: a"\n',
    "rate_limit: {interval: 1s}",
    "rate_limit:\n  interval: soon\n  burst: 0\n",
)


def test_every_mistake_is_told_in_lines_with_place_and_mend(unfit: Desk, golden: Callable[[str, str], None]) -> None:
    told = [(text if isinstance(text, str) else repr(text), unfit.refusal(text)) for text in MISTAKES]
    assert all(line.startswith("web.yml:") for _, lines in told for line in lines)
    pages = (f"{text.rstrip()}\n\n    " + "\n    ".join(lines) + "\n" for text, lines in told)
    golden("web_config_mistakes.txt", "\n---\n".join(pages).replace(REST_OF_A_HASH, "..."))


@pytest.fixture(scope="module")
def unfit(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Beside the right files, files that are wrong in their own ways."""
    desk = Desk(tmp_path_factory.mktemp("unfit"))
    desk.authority.pair("other")
    desk.authority.pair("locked", password=b"hunter2")
    spoilt = desk.pair.cert.read_text().replace("M", "!", 1)
    (desk.folder / "spoilt.crt").write_text(spoilt)
    return desk


def test_a_secret_never_stands_in_a_message(unfit: Desk) -> None:
    almost = SECRET[:-1]
    text = f"basic_auth_users:\n  alice: {almost}\ntls_server_config:\n  cert_file: server.crt\n  key: hunter2\n"
    said = "\n".join(unfit.refusal(text))
    assert almost not in said
    assert "hunter2" not in said


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(WebConfigError) as refused:
        load_web_config(tmp_path / "web.yml")
    assert refused.value.lines == (f"{tmp_path}/web.yml: can't be read: No such file or directory",)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_key_that_may_not_be_read_is_one_line(desk: Desk) -> None:
    desk.pair.key.chmod(0)
    (line,) = desk.refusal("tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n")
    assert line == "web.yml:3: tls_server_config.key_file: server.key can't be read: Permission denied"


def test_paths_are_relative_to_the_file_whatever_the_working_directory(desk: Desk) -> None:
    assert not Path("server.crt").exists()
    assert desk.load(TLS + "}").secured


# -- the programs that people use ---------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl on the PATH")
def test_curl_reads_the_metrics_over_tls_with_a_password(desk: Desk) -> None:
    web = desk.load(f"{TLS}}}\nbasic_auth_users: {{alice: {SECRET}}}")
    with serving(web) as server:
        command = ["curl", "-sS", "--fail", "--cacert", str(desk.authority.cert), "-u", "alice:secret"]
        done = subprocess.run([*command, f"{server.url}/metrics"], capture_output=True, check=True, timeout=60)
    assert done.stdout == PAGE


@pytest.mark.prometheus
@pytest.mark.process
def test_prometheus_scrapes_over_tls_with_a_certificate_and_a_password(
    desk: Desk, prometheus: str, scraped: Callable[[str, str], list[str]]
) -> None:
    client = desk.authority.pair("prometheus")
    web = desk.load(
        f"{TLS}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: test-ca.pem}}\n"
        f"basic_auth_users: {{alice: {SECRET}}}"
    )
    with serving(web) as server:
        (desk.folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n- job_name: exporter\n"
            "  scheme: https\n  basic_auth: {username: alice, password: secret}\n"
            f"  tls_config: {{ca_file: {desk.authority.cert}, cert_file: {client.cert}, key_file: {client.key}}}\n"
            f"  static_configs: [{{targets: ['127.0.0.1:{server.address.port}']}}]\n"
        )
        assert scraped(prometheus, "up")[-1] == "1"


@pytest.fixture
def scraped(desk: Desk) -> Callable[[str, str], list[str]]:
    """Runs Prometheus with the folder's configuration until the query answers 1; every answer that it gave."""

    def run(binary: str, query: str) -> list[str]:
        address = f"127.0.0.1:{free_port()}"
        command = [
            binary,
            f"--config.file={desk.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={desk.folder / 'tsdb'}",
            f"--web.listen-address={address}",
        ]
        answers: list[str] = []
        with process(command, desk.folder / "prometheus.log"):
            until(lambda: _asked(address, query, answers), what="a scrape that succeeded")
        return answers

    return run


def _asked(address: str, query: str, answers: list[str]) -> bool:
    connection = http.client.HTTPConnection(address, timeout=60)
    try:
        connection.request("GET", f"/api/v1/query?query={query}")
        body = connection.getresponse().read().decode()
    except OSError:
        return False
    finally:
        connection.close()
    if '"value":[' in body:
        answers.append(body.split('"value":[')[1].split('"')[1])
    return answers[-1:] == ["1"]
