"""Athena's capacity reservations: one, for the workgroups whose queries run on reserved DPUs.

Source: the Athena API reference (API_CapacityReservation) and botocore's model of it.
"""

from collections.abc import Callable, Mapping

from athena_testbed.account import Account
from athena_testbed.tokens import BadTokenError, seal, unseal
from athena_testbed.wire import AwsError, Json, whole_number

NAME = "risk-capacity"
DPUS = 24
CREATED_MS = 1_704_067_200_000
"""The first of January 2024: since then the reservation holds its DPUs."""


class Reservations:
    """The reservations of one account and Region: none where no workgroup needs one."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.operations: Mapping[str, Callable[[Json], Json]] = {
            "ListCapacityReservations": self.list_capacity_reservations,
            "GetCapacityReservation": self.get_capacity_reservation,
            "GetCapacityAssignmentConfiguration": self.get_capacity_assignment_configuration,
        }

    def list_capacity_reservations(self, parameters: Json) -> Json:
        """All reservations, at most 50 a page."""
        size = whole_number(parameters, "MaxResults", 1, 50, 50)
        place = _place(parameters)
        found = [_reservation()] if exists(self._account) else []
        more = {"NextToken": seal([place + size], "reservations")} if place + size < len(found) else {}
        return {"CapacityReservations": found[place : place + size], **more}

    def get_capacity_reservation(self, parameters: Json) -> Json:
        """One reservation."""
        self._known(required(parameters, "Name"))
        return {"CapacityReservation": _reservation()}

    def get_capacity_assignment_configuration(self, parameters: Json) -> Json:
        """Which workgroups run on it; a deleted one no longer does."""
        self._known(required(parameters, "CapacityReservationName"))
        names = [name for name in reserved(self._account) if name not in self._account.deleted]
        return {
            "CapacityAssignmentConfiguration": {
                "CapacityReservationName": NAME,
                "CapacityAssignments": [{"WorkGroupNames": names}] if names else [],
            }
        }

    def _known(self, name: str) -> None:
        if name != NAME or not exists(self._account):
            raise AwsError("InvalidRequestException", f"Capacity reservation {name} does not exist")


def reserved(account: Account) -> list[str]:
    """The workgroups that run on the reservation, deleted ones included."""
    return sorted(name for name, workgroup in account.company.workgroups.items() if workgroup.reserved)


def exists(account: Account) -> bool:
    """Whether the account holds the reservation."""
    return bool(reserved(account))


def required(parameters: Json, name: str) -> str:
    """A string that must be there.

    Raises:
        AwsError: InvalidRequestException, as Athena's validation words it.
    """
    value = parameters.get(name)
    if not isinstance(value, str) or not value:
        raise AwsError(
            "InvalidRequestException",
            f"1 validation error detected: Value null at '{name[0].lower()}{name[1:]}' failed to satisfy constraint:"
            " Member must not be null",
        )
    return value


def _reservation() -> Json:
    created = CREATED_MS / 1000
    return {
        "Name": NAME,
        "Status": "ACTIVE",
        "TargetDpus": DPUS,
        "AllocatedDpus": DPUS,
        "LastAllocation": {"Status": "SUCCEEDED", "RequestTime": created, "RequestCompletionTime": created + 420},
        "LastSuccessfulAllocationTime": created + 420,
        "CreationTime": created,
    }


def _place(parameters: Json) -> int:
    token = parameters.get("NextToken")
    if token is None:
        return 0
    try:
        (place,) = unseal(str(token), "reservations")
    except (BadTokenError, ValueError) as error:
        raise AwsError("InvalidRequestException", "Invalid pagination token") from error
    return place
