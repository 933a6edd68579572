"""`tls_server_config` becomes an SSL context, or the reasons why it can't.

Stage: model -> **tls** -> server. https://docs.python.org/3/library/ssl.html
"""

import ipaddress
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from athena_exporter.outlets.webconfig.model import CIPHERS, ClientAuth, Curve, TlsSection, TlsVersion
from athena_exporter.outlets.webconfig.watched import Watched

_VERSIONS: Mapping[TlsVersion, ssl.TLSVersion] = MappingProxyType(
    {TlsVersion.TLS12: ssl.TLSVersion.TLSv1_2, TlsVersion.TLS13: ssl.TLSVersion.TLSv1_3}
)
_CURVES: Mapping[str, str] = MappingProxyType(
    {Curve.P256: "prime256v1", Curve.P384: "secp384r1", Curve.P521: "secp521r1", Curve.X25519: "X25519"}
)
_CLIENTS: Mapping[ClientAuth, ssl.VerifyMode] = MappingProxyType(
    {
        ClientAuth.NONE: ssl.CERT_NONE,
        ClientAuth.VERIFY_IF_GIVEN: ssl.CERT_OPTIONAL,
        ClientAuth.REQUIRE_AND_VERIFY: ssl.CERT_REQUIRED,
    }
)


class TlsError(Exception):
    """One thing that can't be used; `key` is the key of `tls_server_config` to mend."""

    def __init__(self, key: str, words: str) -> None:
        super().__init__(words)
        self.key = key


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How a connection is secured; `sans` are the names of which a client's certificate must have one, if any."""

    context: ssl.SSLContext
    sans: frozenset[str]

    def welcomes(self, certificate: Mapping[str, Any] | None) -> bool:
        """Whether the verified certificate, in the shape of `SSLSocket.getpeercert`, has a name that is let in."""
        return not self.sans or not self.sans.isdisjoint(_names(certificate or {}))


def _names(certificate: Mapping[str, Any]) -> Iterator[str]:
    for kind, name in certificate.get("subjectAltName", ()):
        yield _canonical(name) if kind == "IP Address" else name


def _canonical(name: str) -> str:
    """An IP address as people write it; OpenSSL writes those of IPv6 out in capitals."""
    try:
        return str(ipaddress.ip_address(name.strip()))
    except ValueError:
        return name


def tls_of(section: TlsSection, folder: Path, watched: Watched) -> Tls:
    """Builds it from the files that the section names, relative to `folder`, or from the PEM text in it.

    Raises:
        TlsError: a file can't be read or isn't what it should be, or the key isn't the certificate's.
    """
    certificate = _pem(section, "cert", folder, watched)
    key = _pem(section, "key", folder, watched)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load(context, certificate, key)
    _tune(context, section)
    context.verify_mode = _CLIENTS[section.client_auth_type]
    if context.verify_mode is not ssl.CERT_NONE:
        _trust(context, _pem(section, "client_ca", folder, watched))
    return Tls(context=context, sans=frozenset(map(_canonical, section.client_allowed_sans)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pem:
    """PEM text, where it came from, and the key that says so."""

    key: str
    text: bytes
    path: Path | None

    @property
    def place(self) -> str:
        """For a message: the file, or the key itself."""
        return str(self.path or "it")

    @contextmanager
    def file(self) -> Iterator[str]:
        """A path under which OpenSSL can read it. Text of the configuration stays in memory: it may be a secret."""
        if self.path is not None:
            yield str(self.path)
            return
        if not hasattr(os, "memfd_create"):
            raise TlsError(self.key, f"PEM text here needs Linux: put it into a file, and name that in {self.key}_file")
        with os.fdopen(os.memfd_create("pem"), "wb") as memory:
            memory.write(self.text)
            memory.flush()
            yield f"/proc/self/fd/{memory.fileno()}"


_MARKS: Mapping[str, tuple[bytes, str]] = MappingProxyType(
    {
        "cert": (b"-----BEGIN CERTIFICATE-----", "certificate"),
        "key": (b"PRIVATE KEY-----", "private key"),
        "client_ca": (b"-----BEGIN CERTIFICATE-----", "certificate"),
    }
)


def _pem(section: TlsSection, name: str, folder: Path, watched: Watched) -> _Pem:
    inline: str | None = getattr(section, name)
    if inline is not None:
        pem = _Pem(key=name, text=inline.encode(), path=None)
    else:
        path = folder / getattr(section, f"{name}_file")
        try:
            pem = _Pem(key=f"{name}_file", text=watched.read(path), path=path)
        except OSError as error:
            raise TlsError(f"{name}_file", f"{path} can't be read: {error.strerror or error}") from error
    mark, what = _MARKS[name]
    if mark not in pem.text:
        raise TlsError(pem.key, f"{pem.place} holds no {what} in PEM (-----BEGIN {what.upper()}-----)")
    return pem


def _load(context: ssl.SSLContext, certificate: _Pem, key: _Pem) -> None:
    if b"ENCRYPTED" in key.text:  # OpenSSL would ask the terminal for the password
        raise TlsError(key.key, f"{key.place} is encrypted: nobody is there to give its password; decrypt the key")
    with ExitStack() as files:
        paths = files.enter_context(certificate.file()), files.enter_context(key.file())
        try:
            context.load_cert_chain(*paths, password="")
        except ssl.SSLError as error:
            if error.reason in {"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"}:
                raise TlsError(key.key, f"{key.place} is no key of the certificate in {certificate.place}") from error
            words = f"{certificate.place} and its key can't be used: {_reason(error)}"
            raise TlsError(certificate.key, words) from error
        except OSError as error:  # it was there a moment ago
            raise TlsError(certificate.key, f"can't be read: {error}") from error


def _trust(context: ssl.SSLContext, authority: _Pem) -> None:
    try:
        context.load_verify_locations(cadata=authority.text.decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        words = f"{authority.place} holds a certificate that can't be used: {_reason(error)}"
        raise TlsError(authority.key, words) from error


def _reason(error: Exception) -> str:
    """OpenSSL's word without the line of its source; it has none for PEM that is spoilt."""
    reason = getattr(error, "reason", None)
    return str(reason).lower().replace("_", " ") if isinstance(error, ssl.SSLError) and reason else "spoilt PEM"


def _tune(context: ssl.SSLContext, section: TlsSection) -> None:
    context.minimum_version = _VERSIONS[section.min_version]
    context.maximum_version = _VERSIONS[section.max_version]
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_RENEGOTIATION
    if not section.prefer_server_cipher_suites:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if section.curve_preferences:
        context.set_ecdh_curve(_CURVES[section.curve_preferences[0]])
    older = [suite for suite in map(CIPHERS.__getitem__, section.cipher_suites) if suite is not None]
    if older:
        context.set_ciphers(":".join(older))
    elif section.cipher_suites:  # of TLS 1.3 only, whose suites ssl doesn't let one choose: the older version goes
        context.minimum_version = ssl.TLSVersion.TLSv1_3
