"""SNS, as far as the exporter writes to it: one letter to one topic. AWS's words for it end here.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

import re
from collections.abc import Mapping
from typing import Any, Protocol

from botocore.exceptions import ClientError

from athena_exporter.records import Target
from athena_exporter.sources import errors
from athena_exporter.sources.answers import Answer, ask

_ARN = re.compile(r"arn:[\w-]+:sns:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):[\w-]+(?P<fifo>\.fifo)?")
_REFUSED = frozenset({"InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid", "ValidationError"})
_NO_DEFAULT = "{}"
"""With MessageStructure=json a message has to name a default: AWS refuses this one whatever the topic is."""


class SnsApi(Protocol):
    """The operation of SNS that the exporter uses."""

    def publish(self, **arguments: Any) -> Answer:  # botocore's arguments
        """One message to a topic."""
        ...


class LetterRefusedError(Exception):
    """SNS says that this letter cannot be sent, whenever it is tried."""


def place_of(topic_arn: str) -> Target:
    """The account and Region of a topic. Raises ValueError: this is no topic's ARN."""
    found = _ARN.fullmatch(topic_arn)
    if found is None:
        raise ValueError(topic_arn)
    return Target(account_id=found["account"], region=found["region"])


class Topic:
    """One topic, of either sort: a FIFO topic keeps the letters of one budget in order and drops copies."""

    def __init__(self, client: SnsApi, topic_arn: str) -> None:
        """Asks AWS nothing."""
        self._client = client
        self._arn = topic_arn
        self._is_fifo = topic_arn.endswith(".fifo")

    def publish(self, subject: str, body: str, attributes: Mapping[str, str], *, key: str) -> None:
        """Send one letter; `key` is the same in every copy of it.

        Raises:
            LetterRefusedError: AWS calls the letter invalid.
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: anything else.
        """
        try:
            ask(
                self._client.publish, TopicArn=self._arn, Subject=subject, Message=body,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                },
                **self._in_order(key),
            )  # fmt: skip  # as short as it can be said
        except ClientError as error:
            if errors.code_of(error) in _REFUSED:
                raise LetterRefusedError(f"SNS refused a letter to {self._arn}: {errors.message_of(error)}") from error
            raise

    def try_out(self) -> str:
        """Ask for the permission without a letter: a message without a default is refused after it was looked up."""
        ask(
            self._client.publish, TopicArn=self._arn, Message=_NO_DEFAULT, MessageStructure="json",
            **self._in_order("check"),
        )  # fmt: skip  # as short as it can be said
        return self._arn

    def _in_order(self, key: str) -> dict[str, str]:
        return {"MessageGroupId": "athena-exporter", "MessageDeduplicationId": key} if self._is_fifo else {}
