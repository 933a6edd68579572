"""Recorded answers of AWS: reading a folder of them, making one from the testbed, and comparing what both look like."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import botocore.session
import yaml
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.compat import HTTPHeaders
from botocore.model import ListShape, Shape, StructureShape
from source_world import REGION, TARGET, session_with
from whole_exporter import EVERYTHING

import athena_testbed
from athena_exporter.config import Config
from athena_exporter.sources.disguise import Disguise
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.permissions import Feature
from athena_exporter.sources.probing import Probe
from athena_exporter.sources.recording import Recorder
from athena_exporter.sources.survey import Surveyor

ENOUGH = 3
"""So many parents must lack a member before its absence says anything: a recording is a small sample."""
# As requests are signed -> as botocore calls the service.
_CLIENTS = {"monitoring": "cloudwatch", "servicequotas": "service-quotas"}
_KINDS = {
    "structure": {"structure"}, "map": {"structure"}, "list": {"list"}, "string": {"text"}, "boolean": {"flag"},
    "timestamp": {"number", "text"}, "integer": {"number"}, "long": {"number"}, "double": {"number"},
    "float": {"number"},
}  # fmt: skip  # a table
"""What JSON holds for each of botocore's types."""
_MODELS = botocore.session.get_session()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The recorded answers of one operation."""

    service: str
    operation: str
    exchanges: Sequence[Mapping[str, Any]]

    @property
    def name(self) -> str:
        """As its file is called."""
        return f"{self.service}.{self.operation}"

    @property
    def answers(self) -> list[Any]:
        """The answers that are no errors."""
        return [each["answer"] for each in self.exchanges if each["status"] < 300]

    @property
    def shape(self) -> Shape | None:
        """What botocore's model says of the answer; None for an operation that answers nothing."""
        model = _MODELS.get_service_model(_CLIENTS.get(self.service, self.service))
        return model.operation_model(self.operation).output_shape


def read_folder(folder: Path) -> dict[str, Recording]:
    """Every recording of a folder, by name."""
    found = [Recording(**json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))]
    return {each.name: each for each in found}


def from_testbed(running: athena_testbed.Running, now: datetime, **limits: int) -> Recorder:
    """What `check --record` would keep of this account, made without its waits and with a key that stays the same."""
    recorder = Recorder(Disguise(b"the recordings of this repository"), **limits)
    config = Config.model_validate({"targets": [{"region": REGION}], **yaml.safe_load(EVERYTHING)})
    session = session_with(running.url, Counter(), observe=recorder.observe)
    with closing(session):
        probe = Probe(session=session, target=TARGET, config=config, clock=lambda: now, features=set(Feature))
        for _ in probe.attempts():
            pass
        Surveyor(
            athena=session.athena(),
            cloudtrail=session.cloudtrail(),
            target=TARGET,
            rules=IdentityRules.of(),
            clock=lambda: now,
            settings=True,
            step=lambda: None,
        ).survey(probe.sights.workgroups)
    return recorder


def as_recordings(recorder: Recorder) -> dict[str, Recording]:
    """What a recorder has kept, as if read from a folder."""
    found = [
        Recording(
            service=service,
            operation=operation,
            exchanges=[{"request": one.request, "status": one.status, "answer": one.answer} for one in exchanges],
        )
        for service, operation, exchanges in recorder.operations()
    ]
    return {each.name: each for each in found}


class Replay:
    """Answers calls with what was recorded, the pages cut off. `observe` is for `Session(observe=...)`."""

    def __init__(self, recordings: Mapping[str, Recording]) -> None:
        self._answers = {each.operation: each.answers[0] for each in recordings.values() if each.answers}

    def observe(self, client: BaseClient) -> None:
        """Stand between the client and the wire."""
        # botocore takes an answer from this event instead of sending; its stubs know nothing of that.
        send = cast("Callable[..., None]", self._send)
        client.meta.events.register("before-send", send)

    def _send(self, *, event_name: str, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        answer = dict(self._answers[event_name.rsplit(".", 1)[-1]])
        answer.pop("NextToken", None)
        headers = HTTPHeaders.from_dict({"date": _http(datetime.now(UTC))})
        return AWSResponse(request.url, 200, headers, _Body(json.dumps(answer).encode()))


class _Body:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self._body


def _http(at: datetime) -> str:
    return at.strftime("%a, %d %b %Y %H:%M:%S GMT")


def misfits(shape: Shape | None, value: Any, where: str = "") -> Iterator[str]:
    """Where a value is not what botocore's shape says; a member that the shape does not know is no fault."""
    wanted = _KINDS.get(shape.type_name, set()) if shape else set()
    if shape is None:
        return
    if _kind(value) not in wanted:
        yield f"{where}: wanted {shape.type_name}, found {_kind(value)}"
    elif isinstance(shape, StructureShape):
        for name in value.keys() & shape.members.keys():
            if value[name] is not None:
                yield from misfits(shape.members[name], value[name], f"{where}.{name}")
    elif isinstance(shape, ListShape):
        for each in value:
            yield from misfits(shape.member, each, f"{where}[]")


def _kind(value: Any) -> str:
    kinds = {bool: "flag", int: "number", float: "number", str: "text", dict: "structure", list: "list"}
    return kinds.get(type(value), "nothing")


@dataclass(slots=True)
class Looks:
    """What values look like: how often each path was there, of how many parents, and as what."""

    parents: Counter[str] = field(default_factory=Counter)
    there: Counter[str] = field(default_factory=Counter)
    kinds: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, value: Any, where: str = "") -> None:
        """Look at one more value."""
        if isinstance(value, dict):
            self.parents[where] += 1
            for name, each in value.items():
                inner = json.loads(each) if name == "CloudTrailEvent" else each
                self._member(inner, f"{where}.{name}")
        elif isinstance(value, list):
            for each in value:
                self._member(each, f"{where}[]")

    def _member(self, value: Any, where: str) -> None:
        self.there[where] += 1
        self.kinds[where].add(_kind(value))
        self.add(value, where)


def looks(recording: Recording) -> Looks:
    """What the answers of a recording look like."""
    found = Looks()
    for answer in recording.answers:
        found.add(answer)
    return found


def differences(testbed: Recording, recorded: Recording) -> Iterator[str]:
    """Where the testbed's answers are not like the recorded ones, one sentence each."""
    ours, theirs = looks(testbed), looks(recorded)
    for path in sorted(theirs.there):
        if path not in ours.there:
            yield f"{recorded.name}{path}: recorded, and the testbed never has it"
        elif strange := theirs.kinds[path] - ours.kinds[path] - {"nothing"}:
            yield f"{recorded.name}{path}: recorded as {_all(strange)}, the testbed has {_all(ours.kinds[path])}"
    for path in sorted(ours.there):
        parent = path.removesuffix("[]") if path.endswith("[]") else path.rpartition(".")[0]
        always = not path.endswith("[]") and ours.there[path] == ours.parents[parent]
        if always and path not in theirs.there and theirs.parents[parent] >= ENOUGH:
            yield f"{recorded.name}{path}: the testbed always has it, and it was never recorded"


def _all(kinds: set[str]) -> str:
    return " or ".join(sorted(kinds))
