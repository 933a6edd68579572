"""Page tokens: opaque to clients, and bound to the parameters of the first call."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any


class BadTokenError(ValueError):
    """The token is none of ours, or belongs to a call with other parameters."""


def fingerprint(parameters: Any) -> str:
    """What identifies a call's parameters."""
    return sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()[:16]


def seal(position: list[int], parameters: Any) -> str:
    """A token for the page after `position`."""
    return urlsafe_b64encode(json.dumps([fingerprint(parameters), *position]).encode()).decode()


def unseal(token: str, parameters: Any) -> tuple[int, ...]:
    """The position in a token.

    Raises:
        BadTokenError: if it is malformed or was given for other parameters.
    """
    try:
        mark, *position = json.loads(urlsafe_b64decode(token.encode()))
    except (ValueError, TypeError) as error:
        raise BadTokenError(token) from error
    if mark != fingerprint(parameters) or not all(isinstance(number, int) for number in position):
        raise BadTokenError(token)
    return tuple(position)
