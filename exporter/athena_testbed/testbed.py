"""One embedded AWS account: every Region of it, its faults, limits, truth, and the calls it has answered.

Stage: server.py hands calls in, control.py asks questions of its own; below are the operations and the account.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Event
from typing import Any

from athena_testbed.account import Account
from athena_testbed.athena import Athena, unprocessed
from athena_testbed.bridge import Bridge, Queues, QuickQueues
from athena_testbed.calls import Calls
from athena_testbed.cloudtrail import CloudTrail, Hardship
from athena_testbed.cloudwatch import CloudWatch
from athena_testbed.fault_words import BODIES, words
from athena_testbed.faults import FaultPlan, Rule
from athena_testbed.given import event_delay_ms, planned
from athena_testbed.glue import Glue
from athena_testbed.insights.service import Insights
from athena_testbed.limits import Limits
from athena_testbed.logs.service import Logs
from athena_testbed.oam import AccessManager
from athena_testbed.quotas import ServiceQuotas
from athena_testbed.settings import Settings
from athena_testbed.tagging import Tagging
from athena_testbed.times import epoch_ms, rfc3339
from athena_testbed.trail import Trails
from athena_testbed.truth import Truth
from athena_testbed.wire import Answer, AwsError, Behind, Billed, Json, Request
from athena_testbed.world.company import empty, found


def wall_clock_ms() -> int:
    """Milliseconds since 1970 of this machine."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """What one Region holds; `services` has what we answer ourselves, by service and operation."""

    account: Account
    bridge: Bridge
    queues: Queues
    cloudtrail: CloudTrail
    trails: Trails
    logs: Logs
    limits: Limits
    services: Mapping[str, Mapping[str, Callable[[Json], Json]]]


class DroppedError(Exception):
    """A fault: the caller gets no answer, only a closed connection, and is billed all the same."""

    def __init__(self, kind: str, billed_metrics: int = 0) -> None:
        super().__init__(kind)
        self.is_reset = kind == "reset"
        self.billed_metrics = billed_metrics


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
        self._faults = FaultPlan(settings.faults, settings.seed, clock=monotonic)
        self._calls = Calls()
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

    @property
    def trails(self) -> Trails:
        """The trails of the Region that holds the company."""
        return self._home.trails

    @property
    def bridge(self) -> Bridge:
        """EventBridge of the Region that holds the company."""
        return self._home.bridge

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
        cloudtrail = CloudTrail(account, self._hardship)
        logs = Logs(settings.region, account.now_ms)
        insights = Insights(logs, seed=settings.seed, delay=settings.insights_delay)
        bridge, trails = Bridge(account, cloudtrail.events), Trails(account, cloudtrail.events)
        return Region(
            account=account,
            bridge=bridge,
            queues=Queues(
                lambda: bridge.deliver() + trails.deliver(),
                self._monotonic,
                self.closing,
                QuickQueues(settings.region),
                settings.longest_hidden,
            ),
            cloudtrail=cloudtrail,
            trails=trails,
            logs=logs,
            limits=Limits(settings.rates, self._monotonic),
            services={
                "athena": Athena(account).operations,
                "cloudtrail": {**cloudtrail.operations, **trails.operations},
                "cloudwatch": CloudWatch(account).operations,
                "servicequotas": ServiceQuotas(settings).operations,
                "glue": Glue(account).operations,
                "logs": {**logs.operations, **insights.operations},
                "oam": AccessManager().operations,
                "tagging": Tagging(account, logs).operations,
                "events": bridge.operations,
            },
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
        plan = FaultPlan(rules, self.settings.seed, clock=self._monotonic)
        with self.account.lock:
            self._faults = plan
            self._set_skew()

    def answer(self, request: Request, behind: Behind) -> Answer:
        """Answer one call; `behind` answers what is not this module's.

        Raises:
            DroppedError: if a fault closes the connection instead.
        """
        try:
            answer = self._faulty(request, behind)
        except DroppedError as error:
            self._calls.add(request, "dropped", error.billed_metrics)
            raise
        except AwsError as error:
            answer = request.failure(error)
        self._calls.add(request, answer.code, answer.billed_metrics)
        return answer

    def _faulty(self, request: Request, behind: Behind) -> Answer:
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
        error = words(request).get(rule.kind)
        if error is not None:
            code, message, status = error
            workgroup = _workgroup(request)
            text = message.format(
                service=request.service,
                operation=request.operation,
                region=request.region,
                resource="*" if workgroup is None else f"workgroup/{workgroup}",
            )
            raise AwsError(code, text, status)

    def _operate(self, request: Request, behind: Behind) -> Answer:
        if request.protocol.name in {"json", "cbor"} and not request.access_key:
            raise AwsError("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
        if request.service == "sqs":
            return self._locked_region(request.region or self.settings.region).queues.answer(request, behind)
        if request.is_plain or request.service not in self._home.services:
            return self._elsewhere(request, behind)
        region = self._locked_region(request.region)
        with region.account.lock:
            region.limits.take(f"{request.service}.{request.operation}")
        operation = region.services[request.service].get(request.operation)
        if operation is None:
            return self._elsewhere(request, behind)
        parameters = request.parameters()
        with _lock(region, request.service):
            result = operation(parameters)
            answer = request.success(result)
        return replace(answer, billed_metrics=result.metrics if isinstance(result, Billed) else 0)

    def _elsewhere(self, request: Request, behind: Behind) -> Answer:
        """What moto answers; it understands no CBOR, and its logs and its catalogue nobody would see."""
        if request.protocol.name != "cbor" and request.service not in _ALONE:
            return behind(request.body)
        known = ", ".join(sorted(self._home.services.get(request.service, ())))
        raise AwsError(
            "UnknownOperationException",
            f"{request.service}:{request.operation} is not answered here; there are {known or 'none'}",
            404,
        )

    def _locked_region(self, name: str) -> Region:
        with self.account.lock:
            return self._region(name)

    def _after(self, rule: Rule, request: Request, answer: Answer) -> Answer:
        if rule.kind in {"drop_after", "reset"}:
            raise DroppedError(rule.kind, answer.billed_metrics)
        if rule.kind in BODIES:
            status = rule.status if rule.kind == "html" else 200
            # Whoever answers instead of AWS has none of its headers either.
            return replace(answer, status=status, body=BODIES[rule.kind], code=rule.kind, headers={})
        if rule.kind == "cut":
            return replace(answer, cut=True, code=rule.kind)
        if rule.kind == "truncated":
            return replace(answer, body=answer.body[: len(answer.body) // 2], code=rule.kind)
        if (request.protocol.name, answer.status) == ("json", 200) and rule.kind in {"partial", "without_statistics"}:
            return self._thinned(rule, request, answer)
        return answer

    def _thinned(self, rule: Rule, request: Request, answer: Answer) -> Answer:
        parameters = replace(request, body=answer.body).parameters()
        if rule.kind == "without_statistics":
            for execution in (*parameters.get("QueryExecutions", ()), parameters.get("QueryExecution", {})):
                execution.pop("Statistics", None)
        elif "QueryExecutions" in parameters:
            self._leave_out(rule, parameters)
        return request.success(parameters)

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

    def calls(self, access_key: str | None = None) -> list[Json]:
        """How often each operation was called, by result (`ok` or the error's code), and what AWS bills of metrics.

        `access_key` leaves only what was signed with it.
        """
        return self._calls.json(access_key)

    def forget_calls(self) -> None:
        """Begin counting anew."""
        self._calls.forget()

    def truth(
        self, since: datetime | None = None, until: datetime | None = None, *, undelivered: str | None = None
    ) -> Json:
        """What ended at or after `since` and before `until`: the body of `GET /_testbed/truth`."""
        account = self.account
        with account.lock:
            truth = Truth(account, self.cloudtrail.delivered)
            return truth.between(epoch_ms(since) or 0, epoch_ms(until), undelivered=undelivered)

    def access(
        self, since: datetime | None = None, until: datetime | None = None, *, undelivered: str | None = None
    ) -> list[Json]:
        """Every query x table x mode of that time: the body of `GET /_testbed/truth/access`."""
        account = self.account
        with account.lock:
            truth = Truth(account, self.cloudtrail.delivered)
            return truth.access(epoch_ms(since) or 0, epoch_ms(until), undelivered=undelivered)

    def access_events(self, since: datetime | None = None, until: datetime | None = None) -> list[Json]:
        """Every CloudTrail event that names a table: the body of `GET /_testbed/truth/access-events`."""
        account = self.account
        with account.lock:
            now = account.advance()
            end = epoch_ms(until)
            return self.cloudtrail.accesses(epoch_ms(since) or 0, now + 1 if end is None else end)

    @property
    def logs(self) -> Logs:
        """CloudWatch Logs of the Region that holds the company; take its `lock` to look inside."""
        return self._home.logs

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
        ended = quiet.last_completion_ms
        delay = self.settings.cloudwatch_delay // timedelta(milliseconds=1)
        return {
            "quiesced_at": rfc3339(quiet.quiesced_ms),
            "last_completion": None if quiet.last_completion_ms is None else rfc3339(quiet.last_completion_ms),
            "last_event_visible_at": None if visible is None else rfc3339(visible),
            "last_datapoint_visible_at": None if ended is None else rfc3339(ended + delay),
        }


_ALONE = frozenset({"logs", "glue"})
"""Services whose every operation is ours or nobody's."""


def _lock(region: Region, service: str) -> AbstractContextManager[Any]:
    """What a service's operations hold while they run; CloudWatch's take the account's lock bit by bit."""
    if service == "cloudwatch":
        return nullcontext()
    return region.logs.lock if service == "logs" else region.account.lock


def _workgroup(request: Request) -> str | None:
    if request.protocol.name != "json":
        return None
    try:
        name = request.parameters().get("WorkGroup")
    except AwsError:
        return None
    return name if isinstance(name, str) else None
