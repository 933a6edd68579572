"""Whatever bytes a client sends to the real listener: an answer or the end of the connection, and nothing grows."""

import re
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzzing import FEWER, SEED
from shapes import requests

from athena_exporter.outlets.server import Exposition, Server, application, serve

ANSWER = re.compile(rb"HTTP/1\.[01] [1-5]\d\d [^\r\n]*\r\n(?:[\w-]+: [^\r\n]*\r\n)*\r\n")
GROWTH = 48 * 2**20
"""Bytes that the process may have more after all rounds than after the first: what is kept for each would be seen."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    exposition = Exposition()
    exposition.publish(b"athena_queries_total 1\n")
    with serve("127.0.0.1:0", application(exposition)) as running:
        yield running


def answered(server: Server, said: bytes) -> bytes:
    """All that comes back until the server closes. A minute without a byte is a server that hangs."""
    found = bytearray()
    with socket.create_connection((server.address.host, server.address.port), timeout=60) as client:
        try:
            client.sendall(said)
            client.shutdown(socket.SHUT_WR)
            while more := client.recv(2**16):
                found += more
        except TimeoutError:
            pytest.fail(f"no byte for a minute: {said!r}")
        except OSError:
            pass  # it was cut off before it had said everything
    return bytes(found)


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.no_cover
def test_every_request_is_answered_or_ended_and_the_server_stays_as_it_is(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    before = 0
    for number, said in enumerate(requests(seed=SEED, rounds=FEWER)):
        found = answered(server, said)
        assert not found or ANSWER.match(found), (said, found[:300])
        if number % 100 == 0:
            assert answered(server, b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n").endswith(b"healthy\n")
            before = before or resident()
    assert resident() - before < GROWTH
    assert [record.getMessage() for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []
