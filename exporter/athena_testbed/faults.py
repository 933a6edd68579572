"""A plan of what goes wrong: rules for single operations or all, counted, and decided by the seed.

Stage: settings or the control plane write the plan; server.py asks it about every call.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from random import Random
from typing import Any

KINDS: Mapping[str, str] = {
    "throttle": "ThrottlingException, Rate exceeded",
    "too_many_requests": "TooManyRequestsException",
    "internal": "500 InternalServerException",
    "unavailable": "503 ServiceUnavailableException",
    "timeout": "the answer is held for `seconds`, then the connection is dropped",
    "slow": "the answer comes after `seconds`",
    "drop_before": "the connection is dropped before anything was done",
    "drop_after": "it was done, and the connection is dropped instead of an answer",
    "reset": "it was done, and the connection is reset (RST) instead of an answer",
    "garbage": "200 and something that is no JSON",
    "html": "an HTML page instead of an answer, with status `status` (default 200)",
    "truncated": "the first half of the answer",
    "cut": "the first half of the announced bytes, then the connection is dropped",
    "partial": "BatchGetQueryExecution leaves `share` of the ids unprocessed",
    "without_statistics": "BatchGetQueryExecution and GetQueryExecution show no Statistics",
    "denied": "AccessDeniedException",
    "key_denied": "KmsAccessDenied (AccessDenied from S3): a queue's or a file's key may not be used",
    "expired": "ExpiredTokenException",
    "unrecognized": "UnrecognizedClientException",
    "duplicate_events": "LookupEvents shows `share` of the events twice",
    "late_events": "LookupEvents shows events `seconds` later",
    "skew": "the account's clock is `seconds` ahead (Date header and all times)",
}
"""Kind -> what it does."""
STANDING = frozenset({"duplicate_events", "late_events", "skew"})
"""Kinds that are a state of the account, not something that happens to a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. It strikes every `every`-th matching call, or else each with `probability`, at most `times` times.

    An outage of twelve seconds that begins with the eleventh call to CloudWatch Logs:
    `{"kind": "drop_before", "operation": "logs:*", "after": 10, "for_seconds": 12}`.

    Attributes:
        kind: one of KINDS.
        operation: `athena:ListWorkGroups`, `cloudtrail:*`, `ListWorkGroups`, or `*` (all but STS).
        every: strike every n-th matching call (1 is each).
        probability: strike with this probability; ignored where `every` is given.
        times: strike so often, then never again; None for no end.
        after: let so many matching calls pass first.
        for_seconds: strike until so long after the first strike, then never again; None for no end.
        seconds: how long, for timeout, slow, late_events, skew.
        share: which part, for partial and duplicate_events.
        status: the HTTP status, for html.
        workgroup: only calls that name this workgroup.
    """

    kind: str
    operation: str = "*"
    every: int | None = None
    probability: float = 1.0
    times: int | None = None
    after: int = 0
    for_seconds: float | None = None
    seconds: float = 1.0
    share: float = 0.5
    status: int = 200
    workgroup: str | None = None

    def covers(self, service: str, operation: str, workgroup: str | None) -> bool:
        """Whether a call is one of this rule's."""
        if self.workgroup is not None and workgroup != self.workgroup:
            return False
        if self.operation == "*":
            return service != "sts"
        wanted_service, _, wanted = self.operation.rpartition(":")
        return wanted_service in {"", service} and wanted in {"*", operation}


@dataclass(slots=True)
class _Tally:
    seen: int = 0
    given: int = 0
    began: float | None = None
    rng: Random = field(default_factory=Random)


class FaultPlan:
    """The rules in force and how often each has struck. `clock` gives monotonic seconds."""

    def __init__(
        self, rules: Iterable[Mapping[str, Any]], seed: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Read the rules.

        Raises:
            ValueError: naming the rule and what is wrong with it.
        """
        self._clock = clock
        self.rules = tuple(_rule(place, rule) for place, rule in enumerate(rules))
        self._tallies = [_Tally(rng=Random(f"{seed}/{place}")) for place in range(len(self.rules))]

    def strike(self, service: str, operation: str, workgroup: str | None) -> Sequence[Rule]:
        """The rules that strike this call, in the plan's order."""
        now = self._clock()
        return [
            rule
            for rule, tally in zip(self.rules, self._tallies, strict=True)
            if rule.kind not in STANDING and rule.covers(service, operation, workgroup) and _struck(rule, tally, now)
        ]

    def standing(self, kind: str) -> Rule | None:
        """The first rule of a standing kind."""
        return next((rule for rule in self.rules if rule.kind == kind), None)

    def json(self) -> list[dict[str, Any]]:
        """The plan, with how many calls each rule saw and struck."""
        return [
            {**asdict(rule), "seen": tally.seen, "given": tally.given}
            for rule, tally in zip(self.rules, self._tallies, strict=True)
        ]

    def chance(self, place: Rule) -> Random:
        """The rule's own randomness, for what is random within a strike."""
        return self._tallies[self.rules.index(place)].rng


def _struck(rule: Rule, tally: _Tally, now: float) -> bool:
    tally.seen += 1
    if tally.seen <= rule.after or (rule.times is not None and tally.given >= rule.times):
        return False
    if tally.began is not None and rule.for_seconds is not None and now >= tally.began + rule.for_seconds:
        return False
    if rule.every is not None:
        struck = (tally.seen - rule.after) % rule.every == 0
    else:
        struck = tally.rng.random() < rule.probability
    tally.given += struck
    if struck and tally.began is None:
        tally.began = now
    return struck


def _rule(place: int, rule: Mapping[str, Any]) -> Rule:
    known = {item.name for item in fields(Rule)}
    unknown = sorted(set(rule) - known)
    if unknown:
        raise ValueError(f"fault {place}: unknown key {unknown[0]!r}; a fault has {', '.join(sorted(known))}")
    if rule.get("kind") not in KINDS:
        raise ValueError(f"fault {place}: unknown kind {rule.get('kind')!r}; one of {', '.join(KINDS)}")
    if rule.get("every") is not None and int(rule["every"]) < 1:
        raise ValueError(f"fault {place}: every is {rule['every']}; at least 1")
    length = rule.get("for_seconds")
    if length is not None and not (isinstance(length, int | float) and length > 0):
        raise ValueError(f"fault {place}: for_seconds is {length!r}; it is a number of seconds above 0")
    return Rule(**rule)
