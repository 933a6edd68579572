"""The embedded account in a process of its own, over HTTP and, for a peer that knows no other address, over HTTPS."""

import multiprocessing
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from werkzeug.serving import BaseWSGIServer

from athena_testbed.server import bind
from athena_testbed.settings import Rhythm, Settings
from athena_testbed.testbed import Testbed
from peers.judging import Query

REGION = "eu-west-1"
HOSTS = tuple(f"{name}.{REGION}.amazonaws.com" for name in ("monitoring", "tagging"))
PASSWORD = "changeit"  # Java's customary one: the truststore holds no secret
URL = "http://127.0.0.1:9988"
HTTPS_PORT = 443
OURS = 3
"""How many exporters of ours share the account's rates, which each would have for itself."""
_HISTORY = timedelta(hours=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """A certificate for CloudWatch's names with its key, and Java's list of whom to trust: files."""

    certificate: Path
    truststore: Path


class Account:
    """The running account, from outside its process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def quiesce(self) -> None:
        """Let no new query arrive."""
        self._ask(("quiesce",))

    def queries(self, since: float, until: float) -> list[Query]:
        """What ended at or after `since` and before `until` (seconds since 1970), as it really was."""
        found: list[Query] = self._ask(("queries", int(since * 1000), int(until * 1000)))
        return found

    def _ask(self, question: tuple[object, ...]) -> Any:
        self._pipe.send(question)
        return self._pipe.recv()


def settings(queries_per_minute: float) -> Settings:
    """A company with a past as busy as the present, so that CloudWatch lists its series already."""
    return Settings(
        region=REGION,
        queries_per_minute=queries_per_minute,
        history=_HISTORY,
        history_queries_per_day=queries_per_minute * 1440,
        rhythm=Rhythm.OFF,
        rates=OURS,
    )


@contextmanager
def account(queries_per_minute: float, papers: Papers) -> Iterator[Account]:
    """The account, from its first answer to its end."""
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    process = context.Process(target=_serve, args=(far, settings(queries_per_minute), papers.certificate))
    process.start()
    try:
        near.recv()
        yield Account(near)
    finally:
        near.send(None)
        process.join(timeout=30)


def _serve(pipe: Connection, settings: Settings, certificate: Path) -> None:
    testbed = Testbed(settings)
    plain, secure = bind(testbed, port=int(URL.rpartition(":")[2])), bind(testbed, port=HTTPS_PORT)
    speak_tls(secure, certificate)
    for server in (plain, secure):
        Thread(target=server.serve_forever, daemon=True).start()
    pipe.send("ready")
    while (question := pipe.recv()) is not None:
        pipe.send(answer(testbed, *question))
    testbed.closing.set()
    for server in (plain, secure):
        server.shutdown()
        server.server_close()


def speak_tls(server: BaseWSGIServer, certificate: Path) -> None:
    """Let a server that is bound already answer over TLS; each connection shakes hands in its own thread."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)


def answer(testbed: Testbed, name: str, *span: int) -> Any:
    """What is asked through the pipe: `quiesce`, or `queries` of a span of milliseconds since 1970."""
    if name == "quiesce":
        return testbed.quiesce()
    with testbed.account.lock:
        testbed.account.advance()
        return [
            Query(
                key=(plan.workgroup, plan.shape.statement_type, plan.state.lower()),
                ended=plan.ended_ms / 1000,
                scanned_bytes=plan.scanned_bytes if plan.statistics_after_ms is not None else None,
                total_ms=plan.total_ms,
            )
            for plan in testbed.account.ended(*span)
        ]


def papers(folder: Path) -> Papers:
    """Make them; they hold for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key)
    found = Papers(certificate=folder / "account.pem", truststore=folder / "trust.p12")
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    found.certificate.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    trusted = [pkcs12.PKCS12Certificate(certificate, b"account")]
    found.truststore.write_bytes(
        pkcs12.serialize_java_truststore(trusted, BestAvailableEncryption(PASSWORD.encode("ascii")))
    )
    return found


def _certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the embedded account")])
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS])
    day, now = timedelta(days=1), datetime.now(UTC)
    builder = x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
    builder = builder.add_extension(names, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(key, hashes.SHA256())
