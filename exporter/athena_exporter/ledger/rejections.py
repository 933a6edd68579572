"""The refusals of StartQueryExecution by name: a bounded table of category, error and whether a retry may help."""

from dataclasses import dataclass

from athena_exporter.records import OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Labels of one refusal."""

    category: str
    error: str
    retryable: str


_USER, _SYSTEM = "user", "system"
# Error codes of the StartQueryExecution operation and AWS's common errors, as CloudTrail writes them
# (docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html and CommonErrors.html).
_NAMED = {
    "InvalidRequestException": (_USER, "false"),
    "AccessDeniedException": (_USER, "false"),
    "AccessDenied": (_USER, "false"),
    "ExpiredTokenException": (_USER, "false"),
    "ValidationException": (_USER, "false"),
    "TooManyRequestsException": (_SYSTEM, "true"),
    "ThrottlingException": (_SYSTEM, "true"),
    "InternalServerException": (_SYSTEM, "true"),
    "ServiceUnavailable": (_SYSTEM, "true"),
}


def rejection(error_code: str) -> Rejection:
    """The labels of an error code; codes outside the table share `other`."""
    category, retryable = _NAMED.get(error_code, (OTHER, "unknown"))
    return Rejection(category=category, error=error_code if error_code in _NAMED else OTHER, retryable=retryable)
