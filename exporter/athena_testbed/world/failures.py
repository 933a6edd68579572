"""Why queries end badly: AthenaError codes as Athena's error reference lists them, and refused starts."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

CUTOFF_REASON = "Bytes scanned limit was exceeded"
"""StateChangeReason of a query that its workgroup's scan limit stopped."""
CANCEL_REASON = "Query cancelled by user"
"""StateChangeReason of a query that somebody stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An AthenaError. `category` is 1 system, 2 user, 3 other; `early` fails before anything is scanned."""

    category: int
    type: int
    retryable: bool
    message: str
    early: bool
    weight: float


FAILURES: tuple[Failure, ...] = tuple(
    Failure(category=category, type=code, retryable=retryable, message=message, early=early, weight=weight)
    for category, code, retryable, message, early, weight in (
        (
            2,
            1006,
            False,
            "SYNTAX_ERROR: line 3:1: mismatched input 'GROPU'. Expecting: 'GROUP', 'HAVING', <EOF>",
            True,
            8,
        ),
        (2, 1110, False, "TABLE_NOT_FOUND: line 2:6: Table 'awsdatacatalog.{database}.tmp' does not exist", True, 6),
        (2, 1109, False, "The S3 location provided to save your query results is invalid.", True, 2),
        (2, 1500, False, "Access denied when writing to location: s3://harbour-exports/{database}/", False, 2),
        (2, 233, False, "ICEBERG_COMMIT_ERROR: Failed to commit Iceberg update to table: {database}.orders", False, 2),
        (2, 234, False, "Insufficient Lake Formation permission(s): Required SELECT on {database}", True, 2),
        (1, 0, True, "Query exhausted resources at this scale factor", False, 5),
        (1, 204, True, "Internal error in the metastore", True, 1),
        (1, 206, False, "Query timeout", False, 1),
        (3, 401, True, "Error writing results to Amazon S3: SlowDown", False, 2),
        (3, 1401, True, "Amazon S3 throttled the query: Please reduce your request rate.", False, 3),
        (1, 9999, True, "INTERNAL_ERROR_QUERY_ENGINE", False, 1),
    )
)
"""What can go wrong, and how often one meets it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why StartQueryExecution was refused: CloudTrail's errorCode and errorMessage."""

    code: str
    message: str
    weight: float


REFUSALS: tuple[Refusal, ...] = (
    Refusal(
        code="InvalidRequestException",
        message="No output location provided. An output location is required either through the Workgroup result"
        " configuration setting or as an API input.",
        weight=4,
    ),
    Refusal(code="InvalidRequestException", message="Queries of this type are not supported", weight=1),
    Refusal(
        code="AccessDenied",
        message="User is not authorized to perform: athena:StartQueryExecution on resource: the workgroup",
        weight=3,
    ),
    Refusal(
        code="TooManyRequestsException",
        message="You have exceeded the limit for the number of queries you can run concurrently.",
        weight=2,
    ),
    Refusal(code="ThrottlingException", message="Rate exceeded", weight=1),
)
"""How a start can be refused."""


def choose_failure(rng: Random) -> Failure:
    """One failure, by weight."""
    return _choose(rng, FAILURES)


def choose_refusal(rng: Random) -> Refusal:
    """One refusal, by weight."""
    return rng.choices(REFUSALS, [refusal.weight for refusal in REFUSALS])[0]


def _choose(rng: Random, failures: Sequence[Failure]) -> Failure:
    return rng.choices(failures, [failure.weight for failure in failures])[0]
