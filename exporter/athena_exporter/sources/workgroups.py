"""How workgroups are set up, which capacity is reserved for them, and how many queries the account may run at once.

Stage: Athena ListWorkGroups, GetWorkGroup, ListTagsForResource, ListCapacityReservations,
GetCapacityAssignmentConfiguration; Service Quotas GetServiceQuota -> **workgroups** -> records. All of it is free, and
all but the first is optional: what is denied is told at the end of the pass, after the rest was read.
https://docs.aws.amazon.com/athena/latest/APIReference/API_GetWorkGroup.html
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from athena_exporter.records import (
    UNKNOWN,
    ActiveQueryQuotas,
    Batch,
    Inventory,
    Reservation,
    Reservations,
    Target,
    Workgroup,
    Workgroups,
)
from athena_exporter.sources import Knowledge
from athena_exporter.sources.answers import Answer, Clock, answered_at, ask
from athena_exporter.sources.arns import workgroup_arn
from athena_exporter.sources.errors import AwsError, GarbledAnswerError, code_of, is_denied
from athena_exporter.sources.quotas import read_quotas
from athena_exporter.sources.session import AthenaApi, ServiceQuotasApi
from athena_exporter.sources.text import clean

PAGE = 50
"""Workgroups or reservations a page."""
TAGS_PAGE = 75
"""Tags a page, the fewest that AWS takes; a workgroup has 50 at most."""
DENIALS = 3
"""How often, in a pass, an operation is tried that was never allowed: a policy may name single workgroups."""

_Told = TypeVar("_Told")
_STATES = {"ENABLED": True, "DISABLED": False}
# A workgroup or a reservation that was deleted after it was listed, or a reservation that serves nobody yet.
_GONE = frozenset({"InvalidRequestException", "ResourceNotFoundException"})
# Regions without provisioned capacity don't know the operation.
_UNKNOWN_OPERATION = frozenset({"UnknownOperationException", "UnknownOperation"})


@dataclass(slots=True, kw_only=True)
class _Pass:
    """One pass: AWS's clock, and the first error that is to be raised at its end."""

    observed_at: datetime
    error: AwsError | None = None
    malformed: int = 0
    allowed: set[str] = field(default_factory=set)
    denials: Counter[str] = field(default_factory=Counter)

    def is_hopeless(self, operation: str) -> bool:
        """Whether nothing but denials came of it: a thousand more would only fill the account's audit trail."""
        return operation not in self.allowed and self.denials[operation] >= DENIALS

    def deny(self, operation: str, error: ClientError) -> None:
        """Note a denied call."""
        self.denials[operation] += 1
        self.error = self.error or error


class WorkgroupsSource:
    """Reads inventories: each pass tells all workgroups, all reservations and the quotas, a batch each.

    Args:
        client: Athena's.
        quotas: Service Quotas'; None leaves the quotas out.
        target: the account and Region of the clients.
        clock: the local time, where an answer brings none.
        tags: the keys of the tags that are wanted; without any, no tag is asked for.
    """

    def __init__(
        self,
        *,
        client: AthenaApi,
        quotas: ServiceQuotasApi | None,
        target: Target,
        clock: Clock,
        tags: Collection[str] = (),
    ) -> None:
        self._client = client
        self._quotas = quotas
        self._target = target
        self._clock = clock
        self._tags = frozenset(tags)

    @property
    def name(self) -> str:
        """`workgroups`."""
        return "workgroups"

    @property
    def target(self) -> Target:
        """The account and Region it reads."""
        return self._target

    def read(self, knowledge: Knowledge) -> Iterator[Batch]:
        """One pass; an inventory that may not be listed is left as it was.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as they are. A denied permission is
                raised after everything else was read.
        """
        del knowledge  # nothing is counted: the present is all there is
        run = _Pass(observed_at=self._clock())
        for inventory in (self._workgroups, self._reservations, self._active_query_quotas):
            told = self._unless_denied(run, inventory)
            if told is not None:
                yield self._batch(run, told)
        if run.error is not None:
            raise run.error

    def _unless_denied(self, run: _Pass, inventory: Callable[[_Pass], _Told]) -> _Told | None:
        try:
            return inventory(run)
        except ClientError as error:
            if not is_denied(error):
                raise
            run.observed_at = answered_at(error.response, self._clock)
            run.error = run.error or error
            return None

    def _optional(self, run: _Pass, call: Callable[..., Answer], **arguments: Any) -> Answer | None:  # botocore's
        """An answer that may be missing: empty if it is denied, None if what it asks for is gone."""
        operation = call.__name__
        if run.is_hopeless(operation):
            return {}
        try:
            answer = ask(call, **arguments)
        except ClientError as error:
            if is_denied(error):
                run.deny(operation, error)
                return {}
            if code_of(error) in _GONE:
                return None
            raise
        run.allowed.add(operation)
        return answer

    # -- workgroups -----------------------------------------------------------------------------------------------

    def _workgroups(self, run: _Pass) -> Workgroups:
        items: list[Workgroup] = []
        for answer in self._pages(run, self._client.list_work_groups, MaxResults=PAGE):
            for summary in answer.get("WorkGroups", ()):
                name = clean(summary.get("Name"))
                if name is None:
                    run.malformed += 1
                elif (told := self._optional(run, self._client.get_work_group, WorkGroup=name)) is not None:
                    tags = self._tags_of(run, name) if self._tags else {}
                    items.append(read_workgroup(name, told.get("WorkGroup", {}), summary=summary, tags=tags))
        return Workgroups(items=tuple(items))

    def _tags_of(self, run: _Pass, name: str) -> dict[str, str]:
        arn = workgroup_arn(self._target, name)
        told = self._optional(run, self._client.list_tags_for_resource, ResourceARN=arn, MaxResults=TAGS_PAGE) or {}
        pairs = ((each.get("Key"), clean(each.get("Value"))) for each in told.get("Tags", ()))
        return {key: value for key, value in pairs if key in self._tags and value is not None}

    # -- reservations ---------------------------------------------------------------------------------------------

    def _reservations(self, run: _Pass) -> Reservations:
        items: list[Reservation | None] = []
        try:
            for answer in self._pages(run, self._client.list_capacity_reservations, MaxResults=PAGE):
                items += [self._reservation(run, each) for each in answer.get("CapacityReservations", ())]
        except ClientError as error:
            if code_of(error) not in _UNKNOWN_OPERATION:
                raise
        return Reservations(items=tuple(each for each in items if each is not None))

    def _reservation(self, run: _Pass, raw: Mapping[str, Any]) -> Reservation | None:
        name = clean(raw.get("Name"))
        if name is None:
            run.malformed += 1
            return None
        ask_for = self._client.get_capacity_assignment_configuration
        told = self._optional(run, ask_for, CapacityReservationName=name) or {}
        assignments = told.get("CapacityAssignmentConfiguration", {}).get("CapacityAssignments", ())
        names = (clean(group) for each in assignments for group in each.get("WorkGroupNames", ()))
        return Reservation(
            name=name,
            state=(clean(raw.get("Status")) or UNKNOWN).lower(),
            target_dpus=_whole(raw.get("TargetDpus")),
            allocated_dpus=_whole(raw.get("AllocatedDpus")),
            workgroups=tuple(sorted({group for group in names if group is not None})),
        )

    # -- quotas ---------------------------------------------------------------------------------------------------

    def _active_query_quotas(self, run: _Pass) -> ActiveQueryQuotas | None:
        if self._quotas is None:
            return None
        told = read_quotas(self._quotas, self._target.region, self._clock)
        run.observed_at = told.observed_at or run.observed_at
        run.error = run.error or told.error
        return told.quotas

    # -- pages and batches ----------------------------------------------------------------------------------------

    def _pages(self, run: _Pass, call: Callable[..., Answer], **arguments: Any) -> Iterator[Answer]:  # botocore's
        token: str | None = None
        while True:
            answer = ask(call, **arguments, **({"NextToken": token} if token else {}))
            run.observed_at = answered_at(answer, self._clock)
            yield answer
            last, token = token, answer.get("NextToken")
            if not token:
                return
            if token == last:
                raise GarbledAnswerError(operation="a list of Athena", why="its pages go round in a circle")

    def _batch(self, run: _Pass, told: Inventory) -> Batch:
        malformed, run.malformed = run.malformed, 0
        return Batch(
            source=self.name,
            target=self._target,
            observed_at=run.observed_at,
            records=(told,),
            malformed=malformed,
        )


def read_workgroup(
    name: str, told: Mapping[str, Any], *, summary: Mapping[str, Any], tags: Mapping[str, str]
) -> Workgroup:
    """Parse what GetWorkGroup told of a workgroup; never raises.

    `summary` is its element of ListWorkGroups, which tells state and engine, too: they are known even where the
    settings may not be read.
    """
    settings = told.get("Configuration", {})
    engine = settings.get("EngineVersion") or summary.get("EngineVersion") or {}
    return Workgroup(
        name=name,
        is_enabled=_STATES.get(str(told.get("State") or summary.get("State"))),
        engine=clean(engine.get("EffectiveEngineVersion")),
        is_enforced=_flag(settings.get("EnforceWorkGroupConfiguration")),
        is_publishing=_flag(settings.get("PublishCloudWatchMetricsEnabled")),
        cutoff_bytes=_whole(settings.get("BytesScannedCutoffPerQuery")),
        tags=tags,
    )


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
