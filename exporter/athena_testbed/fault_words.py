"""What a caller reads when a fault strikes: the errors in AWS's words, and the bodies that are none."""

from collections.abc import Mapping

from athena_testbed.wire import Request

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
    "key_denied": (
        "KmsAccessDenied",
        (
            "User: arn:aws:iam::123456789012:user/exporter is not authorized to perform: kms:Decrypt on resource:"
            " arn:aws:kms:{region}:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000 because no identity-based"
            " policy allows the kms:Decrypt action"
        ),
        400,
    ),
    "expired": ("ExpiredTokenException", "The security token included in the request is expired", 400),
    "unrecognized": ("UnrecognizedClientException", "The security token included in the request is invalid.", 400),
}
_QUERY_ERRORS: dict[str, tuple[str, str, int]] = {
    "throttle": ("Throttling", "Rate exceeded", 400),
    "internal": ("InternalFailure", _ERRORS["internal"][1], 500),
    "unavailable": ("ServiceUnavailable", _ERRORS["unavailable"][1], 503),
    "denied": ("AccessDenied", _ERRORS["denied"][1], 403),
    "key_denied": ("AccessDenied", _ERRORS["key_denied"][1], 403),
    "expired": ("ExpiredToken", _ERRORS["expired"][1], 403),
    "unrecognized": ("InvalidClientTokenId", _ERRORS["unrecognized"][1], 403),
}
"""How the query protocol names the same; CloudWatch does so in every protocol."""
BODIES: Mapping[str, bytes] = {
    "garbage": b"\x00\xff no JSON at all",
    "html": b"<html><body><h1>Something went wrong</h1></body></html>",
}
"""What comes instead of an answer."""


def words(request: Request) -> Mapping[str, tuple[str, str, int]]:
    """A fault's error as the service of this call names it."""
    is_old = request.protocol.name in {"query", "plain"} or request.service == "cloudwatch"
    return _ERRORS | _QUERY_ERRORS if is_old else _ERRORS
