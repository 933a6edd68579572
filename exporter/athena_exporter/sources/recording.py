"""A sample of what AWS answered, without anybody's names, for the contract tests.

Stage: session.py -> **recording** -> files. It listens to botocore's public events: the parameters as they were
given, the answer as it came over the wire, before any of our reading. One thread at a time.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.client import BaseClient
from botocore.model import OperationModel

from athena_exporter.sources.disguise import Disguise, Json

LONGEST_LIST = 8
"""Elements of a list that are kept: those first that differ in shape."""
MOST_EXCHANGES = 3
"""Answers of one operation that are kept, each of another shape."""
_README = """# Recorded answers of AWS

Written by `athena-exporter check --record`: one file an operation, with the parameters of the calls and the answers
as they came over the wire, cut to a sample.

Account ids, names, ARNs, query ids, SQL, e-mail and IP addresses and access keys are replaced by hashes with a random
key that was thrown away. Equal texts have equal replacements within this folder. Sizes, durations, states, times and
AWS's own words are as they were. Read the files before you give them to anybody.

The project's contract tests compare them with the simulated account:

    ATHENA_RECORDINGS=/path/to/this/folder make generated ARGS='-k recordings'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One call and its answer, disguised and cut. `status` is HTTP's."""

    request: Json
    status: int
    answer: Json


class Recorder:
    """Keeps a sample of each operation's answers. `observe` is for `Session(observe=...)`."""

    def __init__(self, disguise: Disguise) -> None:
        self._disguise = disguise
        self._asked: Mapping[str, Json] = {}
        self._kept: defaultdict[tuple[str, str], dict[str, Exchange]] = defaultdict(dict)

    def observe(self, client: BaseClient) -> None:
        """Listen to a client: before anything of ours changes what came."""
        client.meta.events.register("before-parameter-build", self._asking)
        client.meta.events.register_first("before-parse", self._answered)

    def _asking(self, *, params: Mapping[str, Any], **_: object) -> None:
        self._asked = params

    def _answered(self, *, operation_model: OperationModel, response_dict: Mapping[str, Any], **_: object) -> None:
        service = operation_model.service_model
        if service.resolved_protocol != "json":
            return  # STS: it tells nothing but the account
        answer = _parsed(response_dict["body"])
        found = Exchange(
            request=self._tidy(_wire(self._asked)), status=response_dict["status_code"], answer=self._tidy(answer)
        )
        kept = self._kept[service.signing_name, operation_model.name]
        if len(kept) < MOST_EXCHANGES:
            kept.setdefault(f"{found.status} {shape(answer)}", found)

    def _tidy(self, value: Json) -> Json:
        return self._disguise.json(cut(value))

    def operations(self) -> Iterator[tuple[str, str, list[Exchange]]]:
        """What was kept: service (as requests are signed for it), operation, exchanges."""
        for (service, operation), kept in sorted(self._kept.items()):
            yield service, operation, list(kept.values())

    def write(self, folder: Path) -> int:
        """Write one file an operation and a README.md; the number of operations. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        for service, operation, exchanges in self.operations():
            told = {
                "service": service,
                "operation": operation,
                "exchanges": [
                    {"request": one.request, "status": one.status, "answer": one.answer} for one in exchanges
                ],
            }
            (folder / f"{service}.{operation}.json").write_text(json.dumps(told, indent=1, sort_keys=True) + "\n")
        (folder / "README.md").write_text(_README)
        return len(self._kept)


def _parsed(body: bytes) -> Json:
    try:
        return json.loads(body) if body else {}
    except (ValueError, RecursionError):
        return {}


def _wire(value: Json) -> Json:
    """Parameters as they are sent: times are seconds."""
    if isinstance(value, Mapping):
        return {name: _wire(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_wire(each) for each in value]
    return value.replace(tzinfo=value.tzinfo or UTC).timestamp() if isinstance(value, datetime) else value


def cut(value: Json) -> Json:
    """The same with shorter lists: of each shape the first element, then others, at most `LONGEST_LIST`."""
    if isinstance(value, Mapping):
        return {name: cut(each) for name, each in value.items()}
    if not isinstance(value, list):
        return value
    distinct = {shape(each): place for place, each in reversed(list(enumerate(value)))}
    wanted = sorted(distinct.values())
    wanted += [place for place in range(len(value)) if place not in set(wanted)]
    return [cut(value[place]) for place in sorted(wanted[:LONGEST_LIST])]


def shape(value: Json) -> str:
    """Keys and types of a value as a text; two lists whose elements have the same shapes are alike."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{name}:{_member(name, value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + "|".join(sorted({shape(each) for each in value})) + "]"
    return type(value).__name__


def _member(name: str, value: Json) -> str:
    if name == "CloudTrailEvent" and isinstance(value, str):
        return shape(_parsed(value.encode()))
    return shape(value)
