"""A local database of advisories, answering as OSV's service does: for machines that may not ask it.

A folder of advisories in OSV's format (https://ossf.github.io/osv-schema/), JSON or YAML: a clone of
https://github.com/pypa/advisory-database, or what https://google.github.io/osv.dev/data/ offers, unpacked.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import yaml
from packaging.version import InvalidVersion, Version

from athena_release.errors import ReleaseError
from athena_release.locks import canonical

Advisory = Mapping[str, Any]
_ECOSYSTEM = "PyPI"
_KINDS = (".json", ".yaml", ".yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Advisories by the canonical name of a package they are about.

    Attributes:
        newest: When the youngest of them was last changed, as it says itself.
    """

    by_package: Mapping[str, Sequence[Advisory]]
    newest: str

    def about(self, name: str, version: str) -> list[Advisory]:
        """The advisories that a version of a package is affected by."""
        return [one for one in self.by_package.get(canonical(name), ()) if affects(one, name, version)]


def database(folder: Path) -> Database:
    """Read a folder of advisories, however deep they lie.

    Raises:
        ReleaseError: There is no such folder, no advisory about Python in it, or a file is no advisory.
    """
    if not folder.is_dir():
        raise ReleaseError(f"{folder} is no folder of advisories", exit_code=2)
    found: dict[str, list[Advisory]] = defaultdict(list)
    for path in sorted(path for path in folder.rglob("*") if path.suffix in _KINDS):
        advisory = _read(path)
        for name in {canonical(part["package"]["name"]) for part in _parts(advisory)}:
            found[name].append(advisory)
    if not found:
        raise ReleaseError(f"{folder} has no advisory about a Python package, in JSON or YAML", exit_code=2)
    return Database(by_package=found, newest=max(str(one["modified"]) for many in found.values() for one in many))


def _read(path: Path) -> Advisory:
    text = path.read_text(encoding="utf-8")
    try:
        # Every scalar stays a text: in OSV's format days and versions are texts.
        read = json.loads(text) if path.suffix == ".json" else yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506  it makes texts, lists and maps only
    except (ValueError, yaml.YAMLError) as error:
        raise ReleaseError(f"{path} can't be read: {str(error).splitlines()[0]}", exit_code=2) from error
    if not isinstance(read, dict) or not {"id", "modified"} <= read.keys():
        raise ReleaseError(f"{path} is no advisory in OSV's format: it lacks `id` or `modified`", exit_code=2)
    return read


def _parts(advisory: Advisory) -> Iterator[Mapping[str, Any]]:
    """What it says about Python packages."""
    for part in advisory.get("affected") or ():
        if part.get("package", {}).get("ecosystem") == _ECOSYSTEM:
            yield part


def affects(advisory: Advisory, name: str, version: str) -> bool:
    """Whether a version is listed, or lies in a range; OSV's own rule, "Evaluation" in its schema."""
    try:
        wanted = Version(version)
    except InvalidVersion:
        return False
    about = [part for part in _parts(advisory) if canonical(part["package"]["name"]) == canonical(name)]
    return any(_listed(part, wanted) or _ranged(part, wanted) for part in about)


def _listed(part: Mapping[str, Any], wanted: Version) -> bool:
    return any(_version(text) == wanted for text in part.get("versions") or ())


def _ranged(part: Mapping[str, Any], wanted: Version) -> bool:
    spans = [one["events"] for one in part.get("ranges") or () if one.get("type") == "ECOSYSTEM"]
    return any(_within(events, wanted) for events in spans)


def _within(events: Iterable[Mapping[str, str]], wanted: Version) -> bool:
    """Walk the events in the order of their versions: the last one that is reached decides."""
    steps = [(_version(text), kind) for event in events for kind, text in event.items()]
    inside = False
    for at, kind in sorted((at, kind) for at, kind in steps if at is not None):
        reached = at < wanted if kind == "last_affected" else at <= wanted
        if reached and kind in {"introduced", "fixed", "last_affected"}:
            inside = kind == "introduced"
    return inside


def _version(text: str) -> Version | None:
    """A version, None where it is none: old packages have had versions that nobody can order."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


@contextmanager
def serving(advisories: Database) -> Iterator[str]:
    """Answer OSV's `POST /v1/query` on loopback; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        """One question: `{"package": {"name", "ecosystem"}, "version"}`, answered with `{"vulns"}` or `{}`."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = advisories.about(asked["package"]["name"], asked["version"])
            answer = json.dumps({"vulns": found} if found else {}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Questions are no news."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/query"
        finally:
            server.shutdown()
            thread.join()
