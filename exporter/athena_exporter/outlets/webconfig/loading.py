"""One reading of a web configuration file: settings that can be used at once, or every line that is to be mended.

Stage: file -> document -> model -> **loading** -> the running server.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from athena_exporter.config import ConfigError
from athena_exporter.config.document import Document, Location, Problem, parse
from athena_exporter.config.model import dotted
from athena_exporter.config.problems import checked
from athena_exporter.outlets.webconfig.model import WebFile, header_text
from athena_exporter.outlets.webconfig.tls import Tls, TlsError, tls_of
from athena_exporter.outlets.webconfig.watched import Watched

_log = logging.getLogger(__name__)


class WebConfigError(ConfigError):
    """What is wrong with a web configuration; `str` of it is one line a problem, each with place and mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """At most a request each `interval_seconds`, of which `burst` may be saved up."""

    interval_seconds: float
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """What a web configuration asks for. `users` maps names to bcrypt hashes; none means that nobody is asked."""

    tls: Tls | None = None
    users: Mapping[bytes, bytes] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    rate_limit: RateLimit | None = None


def read(path: Path, watched: Watched) -> WebSettings:
    """Reads the file and all that it names, relative to its folder; `watched` learns of every file.

    Raises:
        WebConfigError: everything that is wrong.
    """
    document = parse(_text(path, watched))
    file, problems = checked(_or_empty(document), WebFile)
    if file is None or problems:
        raise WebConfigError(*(_line(path, problem) for problem in problems))
    if "http2" in file.http_server_config.model_fields_set and file.http_server_config.http2:
        _log.info("%s: http_server_config.http2: this server speaks HTTP/1.1, to which clients fall back", path)
    return WebSettings(
        tls=_tls(path, document, file, watched) if file.secured else None,
        users={name.encode(): str(hashed).encode() for name, hashed in file.basic_auth_users.items()},
        headers=_headers(file),
        rate_limit=_rate_limit(file),
    )


def _text(path: Path, watched: Watched) -> str:
    try:
        return watched.read(path).decode("utf-8-sig")
    except OSError as error:
        raise WebConfigError(f"{path}: can't be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        at = error.object[: error.start].count(b"\n") + 1
        raise WebConfigError(f"{path}:{at}: not YAML: a byte that is not UTF-8; save the file as UTF-8") from error


def _or_empty(document: Document) -> Document:
    content = {} if document.content is None else document.content
    return Document(content=content, lines={(): 1} | dict(document.lines), problems=document.problems)


def _tls(path: Path, document: Document, file: WebFile, watched: Watched) -> Tls:
    try:
        return tls_of(file.tls_server_config, path.parent, watched)
    except TlsError as error:
        location: Location = ("tls_server_config", error.key)
        problem = Problem(line=document.line(location), location=location, words=str(error))
        raise WebConfigError(_line(path, problem)) from error


def _headers(file: WebFile) -> dict[str, str]:
    texts = {name: header_text(value) for name, value in file.http_server_config.headers.items()}
    return {name: text for name, text in texts.items() if text is not None}


def _rate_limit(file: WebFile) -> RateLimit | None:
    interval, burst = file.rate_limit.interval, file.rate_limit.burst
    if not interval or burst is None:
        return None
    return RateLimit(interval_seconds=interval / timedelta(seconds=1), burst=burst)


def _line(path: Path, problem: Problem) -> str:
    place = dotted(problem.location)
    return f"{path}:{problem.line}: {place}: {problem.words}" if place else f"{path}:{problem.line}: {problem.words}"
