"""The shape of a web configuration file: every key, and what must hold between them.

Stage: document -> **model** -> loading. The keys and their meaning are those of Prometheus's exporter-toolkit:
https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md. What Python's ssl can't do is
refused, never passed over.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from athena_exporter.config.kinds import choice, duration, flag, found_words, optional_file, texts, whole
from athena_exporter.config.section import Conflict, Section

CIPHERS: Mapping[str, str | None] = MappingProxyType(
    {
        "TLS_AES_128_GCM_SHA256": None,
        "TLS_AES_256_GCM_SHA384": None,
        "TLS_CHACHA20_POLY1305_SHA256": None,
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    }
)
"""Go's names (https://pkg.go.dev/crypto/tls#CipherSuites) -> OpenSSL's; None: of TLS 1.3, which has them always."""
HEADERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Content-Security-Policy": (),
        "X-Frame-Options": ("deny", "sameorigin"),
        "X-Content-Type-Options": ("nosniff",),
        "X-XSS-Protection": (),
        "Strict-Transport-Security": (),
    }
)
"""The headers that may be set -> the values they may have, where these are few."""
HIGHEST_COST = 18
"""Of a bcrypt hash: each step doubles the time of a first login, and 18 takes about 20 seconds."""

_LOWEST_COST = 4
_HASH = re.compile(r"\$2[aby]\$(?P<cost>\d\d)\$[./A-Za-z0-9]{53}", re.ASCII)


class ClientAuth(StrEnum):
    """What is asked of a client's certificate, in Go's words."""

    NONE = "NoClientCert"
    REQUEST = "RequestClientCert"
    REQUIRE_ANY = "RequireAnyClientCert"
    REQUIRE = "RequireClientCert"
    VERIFY_IF_GIVEN = "VerifyClientCertIfGiven"
    REQUIRE_AND_VERIFY = "RequireAndVerifyClientCert"


class TlsVersion(StrEnum):
    """Versions of TLS, in the toolkit's words."""

    TLS10 = "TLS10"
    TLS11 = "TLS11"
    TLS12 = "TLS12"
    TLS13 = "TLS13"


class Curve(StrEnum):
    """Elliptic curves, in Go's words."""

    P256 = "CurveP256"
    P384 = "CurveP384"
    P521 = "CurveP521"
    X25519 = "X25519"


def _pem(found: object) -> object:
    if found is None or (isinstance(found, str) and "-----BEGIN " in found):
        return found
    # What stands here may be a private key with a slip in it: it is not repeated.
    raise PydanticCustomError("unwanted", "found something else, wanted PEM text that holds a line '-----BEGIN ...'")


def _entries(found: object) -> object:
    if found is None:
        return {}
    if isinstance(found, dict):
        return found
    kind = "a text" if isinstance(found, str) else found_words(found)
    words = {"found": kind}  # a text may be a secret: it is not repeated
    raise PydanticCustomError("unwanted", "found {found}, wanted a section, each line a name, a colon, a value", words)


_Pem = Annotated[str | None, BeforeValidator(_pem)]
_File = Annotated[Path | None, replace(optional_file(), example="server.pem")]
_Entries = Annotated[dict[str, object], BeforeValidator(_entries)]


def _is_name(text: str) -> bool:
    return bool(text.strip())


class TlsSection(Section):
    """`tls_server_config`."""

    cert: _Pem = None
    key: _Pem = None
    client_ca: _Pem = None
    cert_file: _File = None
    key_file: _File = None
    client_ca_file: _File = None
    client_auth_type: Annotated[ClientAuth, choice(ClientAuth)] = ClientAuth.NONE
    client_allowed_sans: Annotated[
        tuple[str, ...], texts(wanted="names", example="[prometheus.internal]", fits=_is_name)
    ] = ()
    min_version: Annotated[TlsVersion, choice(TlsVersion)] = TlsVersion.TLS12
    max_version: Annotated[TlsVersion, choice(TlsVersion)] = TlsVersion.TLS13
    cipher_suites: Annotated[
        tuple[str, ...],
        texts(wanted="cipher suites", example="[TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]", fits=_is_name),
    ] = ()
    prefer_server_cipher_suites: Annotated[bool, flag()] = True
    curve_preferences: Annotated[tuple[str, ...], texts(wanted="curves", example="[X25519]", fits=_is_name)] = ()


class HttpSection(Section):
    """`http_server_config`."""

    http2: Annotated[bool, flag()] = True
    headers: _Entries = Field(default_factory=dict)


class RateSection(Section):
    """`rate_limit`."""

    interval: Annotated[timedelta, duration()] = timedelta(0)
    burst: Annotated[int | None, whole()] = None


class WebFile(Section):
    """The whole file."""

    tls_server_config: TlsSection = TlsSection()
    http_server_config: HttpSection = HttpSection()
    basic_auth_users: _Entries = Field(default_factory=dict)
    rate_limit: RateSection = RateSection()

    @property
    def secured(self) -> bool:
        """Whether TLS is asked for."""
        return "tls_server_config" in self.model_fields_set

    @model_validator(mode="after")
    def _no_conflicts(self) -> Self:
        found = tuple(_conflicts(self))
        if found:
            words = "; ".join(conflict.words for conflict in found)
            raise PydanticCustomError("conflicts", "{words}", {"words": words, "conflicts": found})
        return self


def _conflicts(file: WebFile) -> Iterator[Conflict]:
    if file.secured:
        yield from _certificates(file.tls_server_config)
        yield from _clients(file.tls_server_config)
        yield from _versions(file.tls_server_config)
        yield from _algorithms(file.tls_server_config)
    if "basic_auth_users" in file.model_fields_set:
        yield from _users(file.basic_auth_users)
    yield from _headers(file.http_server_config.headers)
    if file.rate_limit.interval and file.rate_limit.burst is None:
        words = "found no burst, wanted how many requests may come at once, such as 20: without it none would pass"
        yield Conflict(locations=(("rate_limit", "burst"),), words=words)


def _tls(key: str, words: str) -> Conflict:
    return Conflict(locations=(("tls_server_config", key),), words=words)


def _certificates(tls: TlsSection) -> Iterator[Conflict]:
    for name, inline, path in (
        ("cert", tls.cert, tls.cert_file),
        ("key", tls.key, tls.key_file),
        ("client_ca", tls.client_ca, tls.client_ca_file),
    ):
        if inline is not None and path is not None:
            yield _tls(name, f"stands beside {name}_file: keep one of the two")
        if inline is None and path is None and name != "client_ca":
            yield _tls(f"{name}_file", f"missing: TLS needs {name}_file (or {name}); for plain HTTP remove the section")


def _clients(tls: TlsSection) -> Iterator[Conflict]:
    asked, wanted = tls.client_auth_type, f"{ClientAuth.VERIFY_IF_GIVEN} or {ClientAuth.REQUIRE_AND_VERIFY}"
    verified = asked in {ClientAuth.VERIFY_IF_GIVEN, ClientAuth.REQUIRE_AND_VERIFY}
    has_ca = tls.client_ca is not None or tls.client_ca_file is not None
    if asked is not ClientAuth.NONE and not verified:
        yield _tls("client_auth_type", f"{asked} verifies nothing, which can't be done here: write {wanted}")
    elif verified and not has_ca:
        yield _tls("client_ca_file", f"missing: {asked} needs the CA that signs the clients' certificates")
    elif has_ca and not verified:
        yield _tls("client_auth_type", f"missing: a client CA is there, so write {wanted}")
    if tls.client_allowed_sans and asked is not ClientAuth.REQUIRE_AND_VERIFY:
        words = f"needs client_auth_type: {ClientAuth.REQUIRE_AND_VERIFY}; a client without a certificate has no names"
        yield _tls("client_allowed_sans", words)


def _versions(tls: TlsSection) -> Iterator[Conflict]:
    old = {TlsVersion.TLS10, TlsVersion.TLS11}
    for key, version in (("min_version", tls.min_version), ("max_version", tls.max_version)):
        if version in old:
            yield _tls(key, f"{version} is insecure and not offered: write {TlsVersion.TLS12} or {TlsVersion.TLS13}")
    if tls.min_version not in old and tls.max_version not in old and tls.min_version > tls.max_version:
        yield _tls("min_version", f"{tls.min_version} is above max_version {tls.max_version}")


def _algorithms(tls: TlsSection) -> Iterator[Conflict]:
    known: tuple[tuple[str, Collection[str]], ...] = (("cipher_suites", CIPHERS), ("curve_preferences", tuple(Curve)))
    for key, right in known:
        for place, name in enumerate(getattr(tls, key)):
            if name not in right:
                words = f"found {found_words(name)}, wanted one of {', '.join(right)}"
                yield Conflict(locations=(("tls_server_config", key, place),), words=words)
    if len(tls.curve_preferences) > 1:
        yield _tls("curve_preferences", "lists several curves; Python's ssl takes one: keep the one you prefer")
    newest_only = tls.cipher_suites and not any(CIPHERS.get(name, name) for name in tls.cipher_suites)
    if tls.max_version is TlsVersion.TLS12 and newest_only:
        yield _tls("cipher_suites", f"has suites of TLS 1.3 only, and max_version is {TlsVersion.TLS12}")


def _users(users: Mapping[str, object]) -> Iterator[Conflict]:
    if not users:
        words = "found nothing, wanted names with bcrypt hashes; remove the key to ask for no password"
        yield Conflict(locations=(("basic_auth_users",),), words=words)
    for name, hashed in users.items():
        wrong = _wrong_name(name) or _wrong_hash(hashed)
        if wrong:
            yield Conflict(locations=(("basic_auth_users", name),), words=wrong)


def _wrong_name(name: str) -> str | None:
    if not name:
        return "found an empty name, wanted one that a client can send"
    if ":" in name:
        return "a colon in a name: a client can't send one"
    return None


def _wrong_hash(hashed: object) -> str | None:
    """Why it is no usable bcrypt hash, without repeating it."""
    make = "make one with: htpasswd -nBC 10 ''"
    if not isinstance(hashed, str):
        return f"found {found_words(hashed)}, wanted a bcrypt hash; {make}"
    match = _HASH.fullmatch(hashed)
    if match is None:
        return f"found a text of length {len(hashed)}, wanted a bcrypt hash ($2y$10$..., 60 characters); {make}"
    cost = int(match["cost"])
    if not _LOWEST_COST <= cost <= HIGHEST_COST:
        return f"found a bcrypt hash of cost {cost}, wanted a cost from {_LOWEST_COST} to {HIGHEST_COST}; {make}"
    return None


def _headers(headers: Mapping[str, object]) -> Iterator[Conflict]:
    for name, value in headers.items():
        words = _wrong_header(name, value)
        if words:
            yield Conflict(locations=(("http_server_config", "headers", name),), words=words)


def header_text(value: object) -> str | None:
    """A header's value as it is sent; None where the file leaves it blank, the toolkit's way to send none."""
    blank = value is None or value == ""
    return None if blank else str(value)


def _wrong_header(name: str, value: object) -> str | None:
    text = header_text(value)
    if name not in HEADERS:
        return f"unknown header; known here: {', '.join(HEADERS)}"
    if text is None:
        return None
    if not isinstance(value, str | int) or not (text.isascii() and text.isprintable()):
        return f"found {found_words(value)}, wanted a line of printable ASCII"
    if HEADERS[name] and text not in HEADERS[name]:
        return f"found {found_words(value)}, wanted {' or '.join(HEADERS[name])}"
    return None
