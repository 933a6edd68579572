"""A certificate authority of the tests' own: certificates and keys as PEM files, made in milliseconds."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The files of a certificate and of its key."""

    cert: Path
    key: Path


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _san(name: str) -> x509.GeneralName:
    if "://" in name:
        return x509.UniformResourceIdentifier(name)
    if "@" in name:
        return x509.RFC822Name(name)
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@dataclass
class Authority:
    """It signs; `cert` is what clients and servers trust."""

    folder: Path
    name: str = "test-ca"
    _own: ec.EllipticCurvePrivateKey = field(default_factory=_key)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.cert = self.folder / f"{self.name}.pem"
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        builder = self._builder(self.name, self._own).add_extension(constraints, critical=True)
        self.cert.write_bytes(builder.sign(self._own, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def _builder(self, subject: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(_name(subject))
            .issuer_name(_name(self.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
        )

    def pair(
        self, name: str, sans: Sequence[str] = ("127.0.0.1", "localhost"), *, password: bytes | None = None
    ) -> Pair:
        """A certificate for these names and its key, at `<name>.crt` and `<name>.key`; written over if there."""
        key = _key()
        builder = self._builder(name, key)
        if sans:
            builder = builder.add_extension(x509.SubjectAlternativeName([_san(one) for one in sans]), critical=False)
        pair = Pair(cert=self.folder / f"{name}.crt", key=self.folder / f"{name}.key")
        pair.cert.write_bytes(builder.sign(self._own, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        form = serialization.PrivateFormat.PKCS8
        pair.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, locked))
        return pair
