"""What a channel does with a message: the form that it wants, and the way it goes."""

from collections.abc import Callable
from typing import Protocol

from athena_exporter.outlets.notifications.errors import RefusedError
from athena_exporter.outlets.notifications.forms import to_letter
from athena_exporter.outlets.notifications.message import Message
from athena_exporter.outlets.notifications.webhook import Webhook
from athena_exporter.sources.topics import LetterRefusedError, Topic


class Sender(Protocol):
    """Sends one message, once."""

    def send(self, message: Message) -> None:
        """Raises ChannelError, or what AWS and botocore raise: it did not arrive. RefusedError: it never will."""
        ...


class WebhookSender:
    """To a webhook, in one of the forms."""

    def __init__(self, webhook: Webhook, form: Callable[[Message], bytes]) -> None:
        """`form` writes the body."""
        self._webhook = webhook
        self._form = form

    def send(self, message: Message) -> None:
        """Post it."""
        self._webhook.post(self._form(message), message.notice.notice_id)


class TopicSender:
    """To an SNS topic."""

    def __init__(self, topic: Topic) -> None:
        """`topic` publishes."""
        self._topic = topic

    def send(self, message: Message) -> None:
        """Publish it."""
        letter = to_letter(message)
        try:
            self._topic.publish(letter.subject, letter.body, letter.attributes, key=message.notice.notice_id)
        except LetterRefusedError as error:
            raise RefusedError(f"{error}: the message is lost") from error
