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
"""Elements of a list that are kept: those first that show something new."""
MOST_EXCHANGES = 6
"""Answers of one operation that are kept, each for something that those before don't show."""
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

    def __init__(
        self, disguise: Disguise, *, longest_list: int = LONGEST_LIST, most_exchanges: int = MOST_EXCHANGES
    ) -> None:
        """The limits are those of each list, and of each operation's answers."""
        self._disguise = disguise
        self._longest_list = longest_list
        self._most_exchanges = most_exchanges
        self._asked: Mapping[str, Json] = {}
        self._kept: defaultdict[tuple[str, str], list[Exchange]] = defaultdict(list)
        self._shown: defaultdict[tuple[str, str], set[str]] = defaultdict(set)

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
        answer, status = _parsed(response_dict["body"]), response_dict["status_code"]
        key = service.signing_name, operation_model.name
        shows = {f"{status}", *paths(answer)}
        if shows <= self._shown[key] or len(self._kept[key]) >= self._most_exchanges:
            return
        self._shown[key] |= shows
        self._kept[key].append(
            Exchange(request=self._tidy(_wire(self._asked)), status=status, answer=self._tidy(answer))
        )

    def _tidy(self, value: Json) -> Json:
        return self._disguise.json(cut(value, self._longest_list))

    def operations(self) -> Iterator[tuple[str, str, list[Exchange]]]:
        """What was kept: service (as requests are signed for it), operation, exchanges."""
        for (service, operation), kept in sorted(self._kept.items()):
            yield service, operation, kept

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


def cut(value: Json, longest: int = LONGEST_LIST) -> Json:
    """The same with shorter lists: first the elements that show something new, then others, in their order."""
    if isinstance(value, Mapping):
        return {name: cut(each, longest) for name, each in value.items()}
    if not isinstance(value, list):
        return value
    new, old = _sorted_out(value)
    return [cut(value[place], longest) for place in sorted([*new, *old][:longest])]


def _sorted_out(values: list[Json]) -> tuple[list[int], list[int]]:
    """The places of elements that have a path which none before has, and the places of the others."""
    shown: set[str] = set()
    places: tuple[list[int], list[int]] = ([], [])
    for place, value in enumerate(values):
        found = paths(value)
        places[found <= shown].append(place)
        shown |= found
    return places


def paths(value: Json, where: str = "") -> set[str]:
    """Every path in a value with the type that is there; of a CloudTrail record, those inside it."""
    if isinstance(value, Mapping):
        inside = (paths(_opened(name, each), f"{where}.{name}") for name, each in value.items())
    elif isinstance(value, list):
        inside = (paths(each, f"{where}[]") for each in value)
    else:
        return {f"{where} {type(value).__name__}"}
    return set().union({where}, *inside)


def _opened(name: str, value: Json) -> Json:
    return _parsed(value.encode()) if name == "CloudTrailEvent" and isinstance(value, str) else value
