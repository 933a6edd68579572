"""How telling people fails: one line each, without a webhook's address, which is a secret."""

from datetime import timedelta


class ChannelError(Exception):
    """A message did not arrive; it will be tried again.

    `reason` is a label's value: network, server, throttled, answer, address, or refused for what is final.
    `retry_after` is how long the other side asked to be left alone.
    """

    def __init__(self, words: str, *, reason: str, retry_after: timedelta = timedelta(0)) -> None:
        super().__init__(words)
        self.reason = reason
        self.retry_after = retry_after


class RefusedError(ChannelError):
    """The message will never be taken: it is lost, and blocks no other."""

    def __init__(self, words: str) -> None:
        super().__init__(words, reason="refused")
