"""The table of faults: what each is called, how it is done, and what has to be seen before it counts as done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

SERVICES = ("athena", "cloudtrail", "sqs", "s3", "logs")
"""All but Glue: whoever fails to follow a view counts the view alone for minutes, as it is promised."""
SKEW_SECONDS = 6.0
"""How far AWS's clock goes wrong: well within what pruning keeps in a chaos run."""


class Way(StrEnum):
    """Who does it."""

    WIRE = "wire"
    """The testbed, to calls."""
    ACCOUNT = "account"
    """The testbed, to what it shows, for as long as an episode lasts."""
    COMPANY = "company"
    """The testbed, from its start to its end."""
    ACT = "act"
    """The harness, to the process, its disk or its clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One row. `rules` go into the testbed's fault plan, `settings` into the testbed's settings."""

    way: Way
    how: str
    seen: str
    rules: Sequence[Mapping[str, Any]] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


def _calls(kind: str, services: Sequence[str] = SERVICES, **how: Any) -> list[Mapping[str, Any]]:
    return [{"kind": kind, "operation": f"{service}:*", **how} for service in services]


_STRUCK = "calls that got it"
FAULTS: Mapping[str, Fault] = {
    "throttling": Fault(
        way=Way.WIRE, how="ThrottlingException, TooManyRequestsException: every fifth call", seen=_STRUCK,
        rules=[*_calls("throttle", every=5), *_calls("too_many_requests", ("athena",), probability=0.05)],
    ),
    "500": Fault(way=Way.WIRE, how="InternalServerException, every 19th call of a service", seen=_STRUCK,
                 rules=_calls("internal", every=19)),
    "503": Fault(way=Way.WIRE, how="ServiceUnavailableException, every 23rd call of a service", seen=_STRUCK,
                 rules=_calls("unavailable", every=23)),
    "timeouts": Fault(
        way=Way.WIRE, how="a call is held for 2 s and never answered, every 31st of a service", seen=_STRUCK,
        rules=_calls("timeout", every=31, seconds=2.0),
    ),
    "half answers": Fault(
        way=Way.WIRE, how="half of the JSON, half of the announced bytes, garbage, ids left unprocessed, no statistics",
        seen=_STRUCK,
        rules=[
            *_calls("truncated", probability=0.01), *_calls("cut", probability=0.01),
            *_calls("garbage", ("athena", "cloudtrail", "logs"), probability=0.01),
            *_calls("partial", ("athena",), probability=0.1, share=0.3),
            *_calls("without_statistics", ("athena",), probability=0.05),
        ],
    ),
    "dropped connections": Fault(
        way=Way.WIRE, how="closed before the call is done (every 37th), and after it (every 41st)", seen=_STRUCK,
        rules=[*_calls("drop_before", every=37), *_calls("drop_after", every=41)],
    ),
    "reset connections": Fault(
        way=Way.WIRE, how="RST instead of an answer to what was done, every 29th", seen=_STRUCK,
        rules=_calls("reset", every=29),
    ),
    "slow answers": Fault(
        way=Way.WIRE, how="an answer comes half a second late, every 11th", seen=_STRUCK,
        rules=_calls("slow", every=11, seconds=0.5),
    ),
    "expired credentials": Fault(
        way=Way.WIRE, how="ExpiredTokenException to every call for 2 s", seen=_STRUCK,
        rules=_calls("expired", for_seconds=2.0),
    ),
    "permissions": Fault(
        way=Way.WIRE, how="AccessDenied to every call for 2 s, then given back; keys of KMS too", seen=_STRUCK,
        rules=[*_calls("denied", for_seconds=2.0), *_calls("key_denied", ("sqs", "s3"), after=20, for_seconds=2.0)],
    ),
    "AWS's clock": Fault(
        way=Way.ACCOUNT, how=f"{SKEW_SECONDS:g} s ahead, then right again", seen="calls answered with that Date",
        rules=[{"kind": "skew", "seconds": SKEW_SECONDS}],
    ),
    "duplicates": Fault(
        way=Way.COMPANY, how="a fifth of CloudTrail's records and of EventBridge's events comes twice",
        seen="records and messages told again",
        settings={"duplicate_events": 0.2, "duplicate_changes": 0.2, "duplicate_calls": 0.2},
    ),
    "late and reordered": Fault(
        way=Way.COMPANY, how="a tenth of the records and a fifth of the events out of their order, up to 15 s",
        seen="records told out of order",
        settings={"disordered_events": 0.1, "disordered_changes": 0.2},
    ),
    "lost events": Fault(
        way=Way.COMPANY, how="a tenth of EventBridge's events is never sent", seen="queries whose end nobody told",
        settings={"lost_changes": 0.1, "lost_calls": 0.1},
    ),
    "machine's clock": Fault(way=Way.ACT, how="the process's wall clock jumps by hours or days, and back",
                             seen="looks at the wrong clock"),
    "disk full": Fault(way=Way.ACT, how="no byte left on the ledger's disk (ENOSPC), then room again",
                       seen="the exporter said or counted that its ledger failed"),
    "read-only disk": Fault(way=Way.ACT, how="the ledger's disk takes no writes when the exporter starts",
                            seen="it ended with exit code 2 and one line"),
    "SIGTERM": Fault(way=Way.ACT, how="asked to end, and started again", seen="it ended with exit code 0"),
    "SIGKILL": Fault(way=Way.ACT, how="at a random moment", seen="deaths by signal 9"),
    "crash points": Fault(way=Way.ACT, how="SIGKILL where it hurts, in turn", seen="deaths at the point ordered"),
    "power cut": Fault(
        way=Way.ACT, how="before or after a sync of the ledger: each unsynced write kept, lost or torn",
        seen="writes lost or torn at a cut",
    ),
    "two exporters": Fault(way=Way.ACT, how="a second one is started on the same ledger",
                           seen="the second ended with exit code 2 and named the ledger"),
}  # fmt: skip  # a table
"""Name -> fault."""


def names(way: Way) -> tuple[str, ...]:
    """The faults that are done that way."""
    return tuple(name for name, fault in FAULTS.items() if fault.way is way)
