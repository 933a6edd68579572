"""Channels in the configuration and the file of people: what is refused, with place and mend, and no secret in it."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from athena_exporter.cli import wiring
from athena_exporter.config import ConfigError, News, WebhookFormat, load, load_people

NOWHERE: dict[str, str] = {}
TOPIC = "arn:aws:sns:eu-west-1:111122223333:budgets"
SECRET = "https://hooks.slack.com/services/T00/B00/xyzzy"
Write: TypeAlias = Callable[[str], Path]


@pytest.fixture
def written(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "config.yml"
        path.write_text(text)
        return path

    return write


def refused(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(path, NOWHERE)
    return [line.removeprefix(f"{path}:") for line in caught.value.lines]


def test_without_a_section_nobody_is_told(written: Write) -> None:
    config = load(written("notifications:\n"), NOWHERE)
    assert config.notifications.channels == ()
    assert wiring.ledger_settings(config).channels == ()


def test_a_channel_needs_a_name_and_where_it_leads(written: Write) -> None:
    config = load(
        written(f"notifications: {{sns: [{{name: a, topic_arn: {TOPIC}}}], webhooks: [{{name: b, url: '{SECRET}'}}]}}"),
        NOWHERE,
    )  # fmt: skip  # as short as it can be said
    assert [one.name for one in config.notifications.channels] == ["a", "b"]
    webhook = config.notifications.webhooks[0]
    assert (webhook.format, webhook.levels, webhook.budgets) == (WebhookFormat.JSON, tuple(News), ())
    assert webhook.url is not None
    assert webhook.url.get_secret_value() == SECRET
    assert wiring.ledger_settings(config).channels == ("notifications/a", "notifications/b")


def test_an_address_is_in_no_representation_of_the_configuration(written: Write) -> None:
    config = load(written(f"notifications: {{webhooks: [{{name: b, url: '{SECRET}'}}]}}"), NOWHERE)
    assert "xyzzy" not in f"{config!r} {config} {config.model_dump()} {config.model_dump_json()}"


@pytest.mark.parametrize(
    ("channel", "line"),
    [
        (f"url: '{SECRET} '", "webhooks[0].url: found something else, wanted an address of http or https; "),
        ("url: ftp://x/xyzzy", "webhooks[0].url: found something else, wanted an address of http or https; "),
        ("url: 'http://host:99999/xyzzy'", "webhooks[0].url: found something else"),
        (f"url: '{SECRET}', url_env: A", "webhooks[0].url: url and url_env: give one of url, url_file, url_env"),
        ("format: slack", "webhooks[0].url: no address: give one of url, url_file, url_env"),
        ("url_env: 'A B'", "webhooks[0].url_env: found the text 'A B', wanted the name of an environment variable"),
        ("url_env: A, levels: [worse]", "webhooks[0].levels: found a list, wanted a list of some of warned, exceeded"),
    ],
)
def test_an_address_that_cannot_be_right_is_refused_without_saying_it(written: Write, channel: str, line: str) -> None:
    (found, *_) = refused(written(f"notifications:\n  webhooks:\n    - name: a\n      {_rows(channel)}\n"))
    assert f"notifications.{line}" in found
    assert "xyzzy" not in found


def _rows(channel: str) -> str:
    return "\n      ".join(channel.split(", ")) if ", url_env" in channel else channel.replace(", ", "\n      ")


def test_a_name_and_a_topic_are_asked_for(written: Write) -> None:
    lines = refused(written("notifications:\n  sns:\n    - {name: A B, topic_arn: arn:aws:sqs:x}\n    - {}\n"))
    assert "(at most 40), such as ops" in lines[0]
    assert [line.split(", such as")[0].split(" (at most")[0] for line in lines] == [
        "3: notifications.sns[0].name: found the text 'A B', wanted a name of small letters, digits, - and _",
        "3: notifications.sns[0].topic_arn: found the text 'arn:aws:sqs:x', wanted the ARN of an SNS topic",
        "4: notifications.sns[1].name: is missing: The label `channel`; one channel, one name.",
        "4: notifications.sns[1].topic_arn: is missing: The topic; its Region and account are read from it.",
    ]


def test_two_channels_of_one_name_are_refused(written: Write) -> None:
    text = f"notifications:\n  sns: [{{name: a, topic_arn: {TOPIC}}}]\n  webhooks: [{{name: a, url_env: X}}]\n"
    assert refused(written(text)) == [
        "3: notifications.webhooks[0].name: 'a' is the name of another channel, too: give each its own"
    ]


def test_a_console_address_needs_the_place_of_the_query(written: Write) -> None:
    (line,) = refused(written("notifications: {console_url: 'https://example.com/'}"))
    assert "wanted an https address with the word QUERY_ID and mostly REGION in it" in line


# -- people -------------------------------------------------------------------------------------------------------


def test_people_are_read_in_their_order(written: Write) -> None:
    path = written("people:\n  maria: {email: maria@example.com, slack: U012ABCDEF, name: María}\n  'm*': {name: M}\n")
    assert list(load_people(path)) == ["maria", "m*"]
    assert load_people(path)["maria"].email == "maria@example.com"


@pytest.mark.parametrize("text", ["", "people:\n", "people: {}\n"])
def test_nobody_is_somebody_too(written: Write, text: str) -> None:
    if text == "people:\n":
        with pytest.raises(ConfigError, match="found nothing, wanted a section with a line for each name"):
            load_people(written(text))
    else:
        assert load_people(written(text)) == {}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("people:\n  a: {emial: x}", "2: people.a.emial: unknown key; did you mean 'email'?"),
        ("people:\n  a: {email: x}", "2: people.a.email: found the text 'x', wanted an e-mail address, such as maria@"),
        ("people:\n  a: {email: 'a@b.c\\n'}", "2: people.a.email: found the text"),
        ("people:\n  a: {slack: '@maria'}", "2: people.a.slack: found the text '@maria', wanted the id of a member or"),
        ("people:\n  a: maria@example.com", "2: people.a: found the text 'maria@example.com', wanted a section with t"),
        ("people: 5", "1: people: found the number 5, wanted a section with a line for each name"),
        ("person: {}", "1: person: unknown key; known here: people"),
        ("people:\n  a: {}\n  a: {}", "3: people.a: stands twice, first on line 2"),
    ],
)
def test_a_file_of_people_that_cannot_be_right_is_refused_with_its_place(written: Write, text: str, line: str) -> None:
    path = written(text)
    with pytest.raises(ConfigError) as caught:
        load_people(path)
    assert caught.value.lines[0].startswith(f"{path}:{line}")


def test_a_file_of_people_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"people\.yml: cannot be read: No such file or directory"):
        load_people(tmp_path / "people.yml")
