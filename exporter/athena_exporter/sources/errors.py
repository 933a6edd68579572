"""AWS's and botocore's errors in a few words: a bounded reason for a label, and one line for a person.

Stage: beside the sources, used by the poller (the one seam that catches) and the command line.
"""

import re
from typing import TypeAlias

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError

AwsError: TypeAlias = ClientError | BotoCoreError

LIMIT = "limit"
"""A limit of the exporter's own configuration holds it back: no outage, and it goes on by itself."""
REASONS = ("throttled", "denied", "credentials", "network", "server", "answer", LIMIT)
"""Every answer of `reason`. `answer` is what fits nowhere else: AWS answered, and not what was asked."""
LONGEST_LINE = 300
"""Characters of AWS's own words that `explain` repeats."""

_THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException", "RequestThrottled",
     "RequestThrottledException", "RequestLimitExceeded", "SlowDown", "PriorRequestNotComplete", "429",
     "KmsThrottled", "KMS.ThrottlingException"}
)  # fmt: skip  # a set reads best in rows
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized", "NotAuthorizedException",
     "AuthorizationError", "OptInRequired", "SubscriptionRequiredException", "403",
     "KmsAccessDenied", "KMS.AccessDeniedException", "InvalidSecurity"}
)  # fmt: skip  # as above
_CREDENTIALS = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired", "InvalidToken",
     "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "InvalidSignatureException",
     "SignatureDoesNotMatch", "MissingAuthenticationToken", "MissingAuthenticationTokenException",
     "IncompleteSignature", "IncompleteSignatureException", "AuthFailure", "401"}
)  # fmt: skip  # as above
_SERVER = frozenset(
    {"InternalServerException", "InternalServerError", "InternalError", "InternalFailure",
     "InternalServiceException", "ServiceUnavailable", "ServiceUnavailableException", "RequestTimeout",
     "RequestTimeoutException"}
)  # fmt: skip  # as above
_NO_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.NoAuthTokenError,
    boto.TokenRetrievalError,
    boto.SSOError,
    boto.MetadataRetrievalError,
    boto.RefreshWithMFAUnsupportedError,
    boto.ProfileNotFound,
    boto.UnknownCredentialError,
    boto.ConfigNotFound,
    boto.ConfigParseError,
    boto.InvalidConfigError,
    boto.InfiniteLoopConfigError,
)
_NETWORK = (boto.HTTPClientError, boto.ConnectionError, boto.IncompleteReadError)
_WORST_STATUS = 600
_SERVER_STATUS = 500
_SERVICES = {
    "AssumeRole": "sts",
    "DeleteMessageBatch": "sqs",
    "DeleteObject": "s3",
    "GetCallerIdentity": "sts",
    "GetMetricData": "cloudwatch",
    "GetObject": "s3",
    "GetQueueAttributes": "sqs",
    "GetServiceQuota": "servicequotas",
    "GetTable": "glue",
    "ListMetrics": "cloudwatch",
    "ListObjectsV2": "s3",
    "LookupEvents": "cloudtrail",
    "Publish": "sns",
    "PutObject": "s3",
    "ReceiveMessage": "sqs",
}
"""IAM's prefix of an operation; the rest are Athena's."""
_ACTIONS = {"DeleteMessageBatch": "DeleteMessage", "ListObjectsV2": "ListBucket"}
"""Operations whose action has another name."""
MENDS = {
    "AWS.SimpleQueueService.NonExistentQueue": "check queue_url, its account and its Region",
    "QueueDoesNotExist": "check queue_url, its account and its Region",
    "InvalidAddress": "check queue_url: it is no queue's address",
    "NoSuchBucket": "there is no such bucket; check sources.trail.bucket, history.bucket, or what announces its files",
}
"""What to do about errors that are the configuration's, by their code."""
_ACTION = re.compile(r"not authorized to perform: ([\w-]+:\w+)")
_RESOURCE = re.compile(r"on resource: (\S+)")


class OwnError(BotoCoreError):
    """An error that our own code finds in what AWS answered; `reason` is one of `REASONS`."""

    reason = "answer"


class GarbledAnswerError(OwnError):
    """AWS, or something between us and it, answered what cannot be read."""

    fmt = "the answer to {operation} cannot be read: {why}"


def code_of(error: ClientError) -> str:
    """AWS's code of an error (`ThrottlingException`), the HTTP status where the body names none, or ``."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    """AWS's words of an error, on one line of at most `LONGEST_LINE` characters."""
    return _line(str(error.response.get("Error", {}).get("Message", "")))


def is_denied(error: ClientError) -> bool:
    """Whether a permission is missing."""
    return reason(error) == "denied"


def reason(error: AwsError) -> str:
    """The label value of an error: one of `REASONS`."""
    if isinstance(error, ClientError):
        return _reason_of_code(code_of(error), _status(error))
    if isinstance(error, OwnError):
        return error.reason
    if isinstance(error, _NO_CREDENTIALS):
        return "credentials"
    return "network" if isinstance(error, _NETWORK) else "answer"


def _reason_of_code(code: str, status: int) -> str:
    for name, codes in (("throttled", _THROTTLED), ("credentials", _CREDENTIALS), ("denied", _DENIED)):
        if code in codes:
            return name
    return "server" if code in _SERVER or _SERVER_STATUS <= status < _WORST_STATUS else "answer"


def _status(error: ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def explain(error: AwsError) -> str:
    """One line for a person: what failed, what to do about it, and the error's notes: they name what AWS does not."""
    if not isinstance(error, ClientError):
        return _explain_ours(error)
    operation, code, words = error.operation_name, code_of(error), message_of(error)
    advice = {
        "throttled": f"AWS throttled {operation} ({code}): others use the same quota; it will be tried again",
        "denied": f"AWS denied {operation}: the exporter {_needed(operation, words)}",
        "credentials": f"AWS refused the credentials at {operation} ({code}): {_credentials_advice(code)}",
        "server": f"AWS failed at {operation} ({code}): {words or 'no words'}; it will be tried again",
        "answer": f"AWS refused {operation} ({code}): {MENDS.get(code) or words or 'no words'}",
    }
    notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    return _line(advice[_reason_of_code(code, _status(error))] + notes)


def _needed(operation: str, words: str) -> str:
    """AWS's words name the action; where they don't, the operation does."""
    action, resource = _ACTION.search(words), _RESOURCE.search(words)
    needed = f"needs {action.group(1) if action else _action_of(operation)}"
    return f"{needed} on {resource.group(1)}" if resource else needed


def _action_of(operation: str) -> str:
    return f"{_SERVICES.get(operation, 'athena')}:{_ACTIONS.get(operation, operation)}"


def _credentials_advice(code: str) -> str:
    if "Expired" in code or code == "TokenRefreshRequired":
        return "they have expired, renew them"
    return "check the access key, the secret and the session token, and this machine's clock"


def _explain_ours(error: BotoCoreError) -> str:
    words = _line(str(error))
    if isinstance(error, boto.NoCredentialsError):
        return "no AWS credentials were found: set a profile or environment variables, or an instance's role"
    name = reason(error)
    if name == "credentials":
        return _line(f"the AWS credentials could not be read: {words}")
    return _line(f"AWS could not be reached: {words}") if name == "network" else _line(f"AWS: {words}")


def _line(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"
