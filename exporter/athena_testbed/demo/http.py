"""One HTTP call to a part of the demo."""

from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

from athena_testbed.demo.ports import Address

_TIMEOUT_S = 5.0


class NoAnswerError(Exception):
    """Nobody answered, or not as hoped."""


def ask(address: Address, path: str, *, method: str = "GET", body: bytes | None = None) -> bytes:
    """The body of a good answer.

    Raises:
        NoAnswerError: if there is none within five seconds, or its status is not 200.
    """
    connection = HTTPConnection(address.netloc, timeout=_TIMEOUT_S)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, HTTPException) as error:
        raise NoAnswerError(f"{address.url}{path}: {error}") from error
    finally:
        connection.close()
    if answer.status != HTTPStatus.OK:
        raise NoAnswerError(f"{address.url}{path}: {answer.status} {answer.reason}")
    return body
