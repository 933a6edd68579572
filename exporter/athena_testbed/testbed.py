"""One embedded AWS account: every Region of it, its faults, limits, truth, and the calls it has answered.

Stage: server.py hands calls in, control.py asks questions of its own; below are the operations and the account.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Event, Lock
from typing import Any

from athena_testbed.account import Account
from athena_testbed.athena import Athena, unprocessed
from athena_testbed.cloudtrail import CloudTrail, Hardship
from athena_testbed.faults import FaultPlan, Rule
from athena_testbed.given import event_delay_ms, planned
from athena_testbed.limits import Limits
from athena_testbed.settings import Settings
from athena_testbed.truth import Truth
from athena_testbed.wire import Answer, AwsError, Json, Request, failure, success
from athena_testbed.world.company import empty, found


def wall_clock_ms() -> int:
    """Milliseconds since 1970 of this machine."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """What one Region holds."""

    account: Account
    athena: Athena
    cloudtrail: CloudTrail
    limits: Limits


class DroppedError(Exception):
    """A fault: the caller gets no answer, only a closed connection."""


class Testbed:
    """The account as a whole. Clocks are arguments: `clock` in milliseconds since 1970, `monotonic` in seconds."""

    __test__ = False  # pytest would take the name for a test's

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], int] = wall_clock_ms,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.closing = Event()
        self._clock = clock
        self._monotonic = monotonic
        self._faults = FaultPlan(settings.faults, settings.seed)
        self._calls: Counter[tuple[str, str, str]] = Counter()
        self._calls_lock = Lock()
        self._regions: dict[str, Region] = {}
        self._home = self._region(settings.region)
        self._set_skew()

    @property
    def account(self) -> Account:
        """The Region that holds the company."""
        return self._home.account

    @property
    def cloudtrail(self) -> CloudTrail:
        """CloudTrail of the Region that holds the company."""
        return self._home.cloudtrail

    def now_ms(self) -> int:
        """AWS's clock."""
        return self.account.now_ms()

    def _region(self, name: str) -> Region:
        if name not in self._regions:
            self._regions[name] = self._new_region(name)
        return self._regions[name]

    def _new_region(self, name: str) -> Region:
        settings = self.settings
        if name != settings.region:
            settings = replace(settings, region=name, queries_per_minute=0, history=timedelta(0))
        company = found(settings) if name == self.settings.region else empty(settings)
        account = Account(company, settings, self._clock)
        account.skew_ms = self._home.account.skew_ms if name != self.settings.region else 0
        return Region(
            account=account,
            athena=Athena(account),
            cloudtrail=CloudTrail(account, self._hardship),
            limits=Limits(settings.rates, self._monotonic),
        )

    def _hardship(self) -> Hardship:
        twice, later = self._faults.standing("duplicate_events"), self._faults.standing("late_events")
        return Hardship(duplicates=twice.share if twice else 0.0, later_ms=int(later.seconds * 1000) if later else 0)

    def _set_skew(self) -> None:
        skew = self._faults.standing("skew")
        for region in self._regions.values():
            region.account.skew_ms = int(skew.seconds * 1000) if skew else 0

    @property
    def faults(self) -> FaultPlan:
        """The fault plan in force."""
        return self._faults

    def plan_faults(self, rules: list[Mapping[str, Any]]) -> None:
        """Replace the fault plan.

        Raises:
            ValueError: if a rule is none; the old plan then stays.
        """
        plan = FaultPlan(rules, self.settings.seed)
        with self.account.lock:
            self._faults = plan
            self._set_skew()

    def answer(self, request: Request, behind: Callable[[], Answer]) -> Answer:
        """Answer one call; `behind` answers what is not this module's.

        Raises:
            DroppedError: if a fault closes the connection instead.
        """
        try:
            answer = self._faulty(request, behind)
        except DroppedError:
            self._count(request, "dropped")
            raise
        except AwsError as error:
            answer = failure(error, is_json=request.is_json)
        self._count(request, answer.code)
        return answer

    def _count(self, request: Request, result: str) -> None:
        with self._calls_lock:
            self._calls[request.service or "unknown", request.operation or "unknown", result] += 1

    def _faulty(self, request: Request, behind: Callable[[], Answer]) -> Answer:
        workgroup = _workgroup(request)
        with self.account.lock:
            rules = self._faults.strike(request.service, request.operation, workgroup)
        for rule in rules:
            self._before(rule, request)
        answer = self._operate(request, behind)
        for rule in rules:
            answer = self._after(rule, request, answer)
        return answer

    def _before(self, rule: Rule, request: Request) -> None:
        if rule.kind in {"slow", "timeout"}:
            self.closing.wait(rule.seconds)
        if rule.kind in {"timeout", "drop_before"}:
            raise DroppedError(rule.kind)
        if rule.kind in _ERRORS:
            code, message, status = (_ERRORS if request.is_json else _ERRORS | _QUERY_ERRORS)[rule.kind]
            workgroup = _workgroup(request)
            text = message.format(
                service=request.service,
                operation=request.operation,
                region=request.region,
                resource="*" if workgroup is None else f"workgroup/{workgroup}",
            )
            raise AwsError(code, text, status)

    def _operate(self, request: Request, behind: Callable[[], Answer]) -> Answer:
        if request.is_json and not request.access_key:
            raise AwsError("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
        if not request.is_json or request.service not in {"athena", "cloudtrail"}:
            return behind()
        region = self._locked_region(request.region)
        with region.account.lock:
            region.limits.take(f"{request.service}.{request.operation}")
            operations = region.athena.operations if request.service == "athena" else region.cloudtrail.operations
            operation = operations.get(request.operation)
            return behind() if operation is None else success(operation(request.parameters()))

    def _locked_region(self, name: str) -> Region:
        with self.account.lock:
            return self._region(name)

    def _after(self, rule: Rule, request: Request, answer: Answer) -> Answer:
        if rule.kind == "drop_after":
            raise DroppedError(rule.kind)
        if rule.kind in _BODIES:
            status = rule.status if rule.kind == "html" else 200
            return replace(answer, status=status, body=_BODIES[rule.kind], code=rule.kind)
        if rule.kind == "cut":
            return replace(answer, cut=True, code=rule.kind)
        if rule.kind == "truncated":
            return replace(answer, body=answer.body[: len(answer.body) // 2], code=rule.kind)
        if answer.status == 200 and rule.kind in {"partial", "without_statistics"}:
            return self._thinned(rule, request, answer)
        return answer

    def _thinned(self, rule: Rule, request: Request, answer: Answer) -> Answer:
        parameters = replace(request, body=answer.body).parameters()
        if rule.kind == "without_statistics":
            for execution in (*parameters.get("QueryExecutions", ()), parameters.get("QueryExecution", {})):
                execution.pop("Statistics", None)
        elif "QueryExecutions" in parameters:
            self._leave_out(rule, parameters)
        return success(parameters)

    def _leave_out(self, rule: Rule, parameters: Json) -> None:
        rng = self._faults.chance(rule) if rule in self._faults.rules else None
        kept: list[Json] = []
        for execution in parameters["QueryExecutions"]:
            if rng is not None and rng.random() < rule.share:
                gone = unprocessed(execution["QueryExecutionId"], "INTERNAL_FAILURE", "Internal failure, please retry")
                parameters["UnprocessedQueryExecutionIds"].append(gone)
            else:
                kept.append(execution)
        parameters["QueryExecutions"] = kept

    def calls(self) -> list[Json]:
        """How often each operation was called, by result (`ok` or the error's code)."""
        with self._calls_lock:
            items = sorted(self._calls.items())
        return [
            {"service": service, "operation": operation, "result": result, "count": count}
            for (service, operation, result), count in items
        ]

    def forget_calls(self) -> None:
        """Begin counting anew."""
        with self._calls_lock:
            self._calls.clear()

    def truth(
        self, since: datetime | None = None, until: datetime | None = None, *, undelivered: str | None = None
    ) -> Json:
        """What ended at or after `since` and before `until`: the body of `GET /_testbed/truth`."""
        account = self.account
        with account.lock:
            truth = Truth(account, self.cloudtrail.delivered)
            return truth.between(_ms(since) or 0, _ms(until), undelivered=undelivered)

    def add(self, *given: Mapping[str, Any]) -> list[str]:
        """Add queries exactly as given (see `given.FIELDS`): all of them or, if one is bad, none.

        Returns:
            Their ids.

        Raises:
            ValueError: naming what is wrong with one of them.
        """
        account = self.account
        with account.lock:
            now = account.advance()
            planned_ones = [(planned(account, one, now), event_delay_ms(one)) for one in given]
            return [account.add(plan, delay).query_id for plan, delay in planned_ones]

    def resume(self) -> None:
        """Let queries arrive again after `quiesce`."""
        with self.account.lock:
            self.account.resume()

    def delete_workgroup(self, name: str) -> bool:
        """Delete a workgroup and its history; False if there is none of that name."""
        with self.account.lock:
            return self.account.delete_workgroup(name)

    def quiesce(self) -> Json:
        """Let nothing new arrive and what runs end; answers when all of it will be over and visible."""
        account = self.account
        with account.lock:
            quiet = account.quiesce()
            visible = self.cloudtrail.last_visible_ms(quiet.quiesced_ms)
        return {
            "quiesced_at": rfc3339(quiet.quiesced_ms),
            "last_completion": None if quiet.last_completion_ms is None else rfc3339(quiet.last_completion_ms),
            "last_event_visible_at": None if visible is None else rfc3339(visible),
        }


_ERRORS: dict[str, tuple[str, str, int]] = {
    "throttle": ("ThrottlingException", "Rate exceeded", 400),
    "too_many_requests": ("TooManyRequestsException", "Too many requests", 400),
    "internal": ("InternalServerException", "Internal server error", 500),
    "unavailable": ("ServiceUnavailableException", "The service is unavailable", 503),
    "denied": (
        "AccessDeniedException",
        (
            "User: arn:aws:iam::123456789012:user/exporter is not authorized to perform: {service}:{operation} on"
            " resource: arn:aws:{service}:{region}:123456789012:{resource} because no identity-based policy allows"
            " the {service}:{operation} action"
        ),
        400,
    ),
    "expired": ("ExpiredTokenException", "The security token included in the request is expired", 400),
    "unrecognized": ("UnrecognizedClientException", "The security token included in the request is invalid.", 400),
}
_QUERY_ERRORS: dict[str, tuple[str, str, int]] = {
    "denied": ("AccessDenied", _ERRORS["denied"][1], 403),
    "expired": ("ExpiredToken", _ERRORS["expired"][1], 403),
    "unrecognized": ("InvalidClientTokenId", _ERRORS["unrecognized"][1], 403),
}
"""How the query protocol (STS) names the same."""
_BODIES: Mapping[str, bytes] = {
    "garbage": b"\x00\xff no JSON at all",
    "html": b"<html><body><h1>Something went wrong</h1></body></html>",
}


def _workgroup(request: Request) -> str | None:
    if not request.is_json:
        return None
    try:
        name = request.parameters().get("WorkGroup")
    except AwsError:
        return None
    return name if isinstance(name, str) else None


def _ms(at: datetime | None) -> int | None:
    return None if at is None else (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def rfc3339(at_ms: int) -> str:
    """Milliseconds since 1970 as RFC 3339 with milliseconds."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
