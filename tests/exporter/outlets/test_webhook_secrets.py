"""What a receiver repeats of its own address, which is a secret, is not repeated in our words."""

from datetime import UTC, datetime

import pytest
import urllib3
from webhook_wire import Answer, receiving

from athena_exporter.outlets.notifications import ChannelError, Webhook


def words(answer: str, address: str = "/services/T000/B000/sesame-open?token=sesame-too") -> str:
    """What is said of a post that is answered with 500 and this text; `{url}` in it is the whole address."""
    with receiving() as receiver, urllib3.PoolManager() as pool:
        host = receiver.url.removeprefix("http://")
        url = f"http://sesame-user:sesame%2Fword@{host}{address}"
        receiver.answer = Answer(status=500, body=answer.format(url=url).encode())
        hook = Webhook(name="ops", address=lambda: url, pools=lambda _: pool, now=lambda: datetime.now(UTC))
        with pytest.raises(ChannelError) as refused:
            hook.post(b"{}", "id")
    return str(refused.value)


@pytest.mark.parametrize(
    "answer",
    [
        "no route for /services/T000/B000/sesame-open",
        "sesame-open is unknown",
        "bad token=sesame-too",
        "who is sesame-user",
        "sesame/word is wrong",
        "sesame%2Fword is wrong",
        "you asked {url}",
        f"{'x' * 190} sesame-open",
    ],
)
def test_no_part_of_an_address_is_repeated(answer: str) -> None:
    said = words(answer)
    assert "sesame" not in said
    assert "answered 500 (" in said


def test_a_receivers_own_words_stay() -> None:
    assert "answered 500 (invalid_payload)" in words("invalid_payload")


def test_short_parts_of_an_address_are_words_like_others() -> None:
    assert "answered 500 (api v2 is down)" in words("api v2 is down", "/api/v2")
