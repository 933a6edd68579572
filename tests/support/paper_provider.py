"""A terraform provider that knows a schema and nothing else: real `terraform validate`, `plan` and `apply`, no server.

The grafana provider cannot be had offline. Terraform asks a provider for its schema first and checks every argument,
block and type against it by itself; what is planned is the configuration. So a program that answers with the schema's
facts (tests/terraform/fixtures/grafana-provider.json) and echoes what it is given is enough to render the module with
terraform and to have its arguments judged by terraform. It says nothing about what a Grafana would accept.

Run by terraform as a plug-in: `paper_provider.py SCHEMA.json`. Protocol 5: docs/plugin-protocol/tfplugin5.proto of
github.com/hashicorp/terraform; the handshake: client.go and server.go of github.com/hashicorp/go-plugin.
"""

import base64
import json
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeAlias

import grpc  # type: ignore[import-untyped]  # grpcio carries no types
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Json: TypeAlias = dict[str, Any]
Field: TypeAlias = tuple[int, "bytes | int"]

NESTING = {"single": 1, "list": 2, "set": 3, "map": 4}
_WIRE_BYTES = 2


def install(mirror: Path, schema: Path, platform: str) -> Path:
    """Put the provider into a folder laid out as terraform's mirrors are; the folder of the program within it.

    `platform`: as in `linux_amd64`.
    """
    facts: Json = json.loads(schema.read_text(encoding="utf-8"))
    place: Path = mirror / "registry.terraform.io" / facts["source"] / facts["version"] / platform
    place.mkdir(parents=True, exist_ok=True)
    program = place / f"terraform-provider-{facts['source'].split('/')[1]}_v{facts['version']}"
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{Path(__file__).resolve()}' '{schema.resolve()}'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return place


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _message(*fields: Field) -> bytes:
    """Protocol Buffers, as much as is needed: numbers and texts, left out where they are 0 or empty."""
    out = b""
    for number, value in fields:
        if isinstance(value, bytes):
            out += _varint(number << 3 | _WIRE_BYTES) + _varint(len(value)) + value
        elif value:
            out += _varint(number << 3) + _varint(value)
    return out


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value, shift, at = value | (byte & 0x7F) << shift, shift + 7, at + 1
        if byte < 0x80:
            return value, at


def _fields(data: bytes) -> dict[int, bytes]:
    """The last text of each field; numbers are passed over."""
    found, at = {}, 0
    while at < len(data):
        key, at = _number(data, at)
        length, at = _number(data, at)
        if key & 7 == _WIRE_BYTES:
            found[key >> 3] = data[at : at + length]
            at += length
    return found


def _block(block: Json) -> bytes:
    attributes = [(2, _attribute(name, facts)) for name, facts in block.get("attributes", {}).items()]
    nested = [(3, _nested(name, facts)) for name, facts in block.get("block_types", {}).items()]
    return _message(*attributes, *nested)


def _attribute(name: str, facts: Json) -> bytes:
    places = {4: "required", 5: "optional", 6: "computed", 7: "sensitive"}
    flags = [(place, int(facts.get(word, False))) for place, word in places.items()]
    return _message((1, name.encode()), (2, json.dumps(facts["type"]).encode()), *flags)


def _nested(name: str, facts: Json) -> bytes:
    return _message(
        (1, name.encode()), (2, _block(facts["block"])), (3, NESTING[facts["nesting_mode"]]),
        (4, facts.get("min_items", 0)), (5, facts.get("max_items", 0)),
    )  # fmt: skip  # a message on a few lines


def _schema(block: Json, version: int = 0) -> bytes:
    return _message((1, version), (2, _block(block)))


def schema_response(facts: Json) -> bytes:
    """GetProviderSchema.Response."""
    resources = [
        (2, _message((1, name.encode()), (2, _schema(block, facts["schema_versions"][name]))))
        for name, block in facts["resources"].items()
    ]
    return _message((1, _schema({"attributes": facts["provider"]})), *resources)


def _answers(facts: Json) -> dict[str, Callable[[dict[int, bytes]], bytes]]:
    """Method -> request's fields -> response. A plan is the proposal, a read the state, an apply the plan."""
    schema = schema_response(facts)
    return {
        "GetSchema": lambda _: schema,
        "PrepareProviderConfig": lambda asked: _message((1, asked.get(1, b""))),
        "ValidateResourceTypeConfig": lambda _: b"",
        "ValidateDataSourceConfig": lambda _: b"",
        "Configure": lambda _: b"",
        "UpgradeResourceState": lambda asked: _message((1, _message((2, _fields(asked[3]).get(1, b""))))),
        "ReadResource": lambda asked: _message((1, asked[2])),
        "PlanResourceChange": lambda asked: _message((1, asked[3]), (5, 1)),
        "ApplyResourceChange": lambda asked: _message((1, asked[3]), (4, 1)),
        "Stop": lambda _: b"",
    }


class _Service(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpcio carries no types
    """The provider's methods, go-plugin's health check, and its way to ask for the end."""

    def __init__(self, facts: Json, ended: threading.Event) -> None:
        self._answers = _answers(facts)
        self._ended = ended

    def service(self, details: Any) -> Any:
        """The handler of a method, None if there is none."""
        name = details.method.rsplit("/", 1)[1]
        if details.method == "/grpc.health.v1.Health/Check":
            return grpc.unary_unary_rpc_method_handler(lambda *_: _message((1, 1)))
        if details.method == "/plugin.GRPCController/Shutdown":
            return grpc.unary_unary_rpc_method_handler(self._shut_down)
        if name not in self._answers:
            return None
        return grpc.unary_unary_rpc_method_handler(lambda request, _: self._answers[name](_fields(request)))

    def _shut_down(self, _request: bytes, _context: Any) -> bytes:
        self._ended.set()
        return b""


def _certificate() -> tuple[bytes, bytes, bytes]:
    """Of this process alone: key and certificate in PEM, certificate in DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip  # a certificate on a few lines
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, made.public_bytes(serialization.Encoding.PEM), made.public_bytes(serialization.Encoding.DER)


def _pieces(facts: Json) -> Iterator[str]:
    """What go-plugin wants to read on the first line."""
    ended = threading.Event()
    private, certificate, der = _certificate()
    server = grpc.server(ThreadPoolExecutor(4), handlers=(_Service(facts, ended),))
    # Terraform's certificate is not asked for: it is of the curve P-521, which grpcio's TLS does not speak.
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(private, certificate)]))
    server.start()
    yield f"1|5|tcp|127.0.0.1:{port}|grpc|{base64.b64encode(der).decode().rstrip('=')}"
    ended.wait()
    server.stop(grace=1).wait()


def main(path: str) -> None:
    """Answer terraform until it asks for the end."""
    for line in _pieces(json.loads(Path(path).read_text(encoding="utf-8"))):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
