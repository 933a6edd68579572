"""Why these tests exist: a message is read in a hurry, and anybody chooses the names in it."""

import json
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import news
import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_exporter.config import NotificationsSettings
from athena_exporter.ledger.outbox import StoredFact
from athena_exporter.outlets.notifications import (
    Message,
    Person,
    message_of,
    notice_of,
    to_json,
    to_letter,
    to_slack,
    trial,
)
from athena_exporter.outlets.notifications.forms import LONGEST_SUBJECT, to_text
from athena_exporter.outlets.notifications.message import RUNNING

CONSOLE = NotificationsSettings().console_url
LINK = "https://eu-west-1.console.aws.amazon.com/athena/home?region=eu-west-1#/query-editor/history/"
ANN = Person(name="Ann", email="ann@example.com", slack="U012ABCDEF")


def message(fact: StoredFact, *people: Person) -> Message:
    return message_of(notice_of(fact), people, CONSOLE)


def texts(value: Any, key: str = "text") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every text in a payload, with the object that holds it."""
    if isinstance(value, dict):
        if isinstance(value.get(key), str):
            yield value[key], value
        for inner in value.values():
            yield from texts(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, key)


def test_a_letter_says_who_used_how_much_of_what_until_when_and_what_helps() -> None:
    letter = to_letter(message(news.decided(), ANN))
    assert letter.subject == "Athena: ann has used 117 % of budget daily"
    assert (
        letter.body
        == f"""\
Athena: over a scan budget
ann has used 117 % of budget daily

For: Ann <ann@example.com>
Who: ann (user)
Budget: daily, 1.00 TiB a day
Used: 1.17 TiB (1.29 TB) of 1.00 TiB (1.1 TB), 117 %
Window: from 2026-03-10 00:00 Europe/Berlin until 2026-03-11 00:00 Europe/Berlin
If it goes on like this: 2.34 TiB (2.58 TB) at the window's end, 234 %

The dearest queries
- 900 GiB, $4.39, sales in workgroup primary, ended 2026-03-10 11:30 UTC
  {LINK}q-1
- 300 GiB, $1.46, sales in workgroup primary, ended 2026-03-10 11:30 UTC
  {LINK}q-2

What helps
- Filter by partition columns in WHERE: what is not in the named partitions is not scanned.
- Name the columns instead of SELECT *: of Parquet and ORC only the named ones are scanned.
- LIMIT does not make a scan smaller; a filter by partition does.
- Let Athena reuse the results of a query that is run again (result reuse in the console or the driver).
- If it has to be: ask the owner of the budget for an exception with an end date.

Queries before 2026-03-10 06:00 UTC are no longer known one by one.
What is still running is not counted: AWS tells what a query has scanned when it has ended.

account 111122223333, eu-west-1; id 0000000000000000000000000000000000000001
"""
    )
    assert letter.attributes == {
        "decision_id": f"{1:040x}", "budget": "daily", "level": "exceeded", "subject": "ann",
        "email": "ann@example.com",
    }  # fmt: skip  # two rows


def test_money_is_told_as_money_and_whose_query_it_was_where_many_share_a_budget() -> None:
    fact = news.decided(
        per="workgroup", subject="primary", unit="usd", used=262_500_000_000, limit=250_000_000_000, forecast=None,
        queries=[news.query("q-1", 5 * 2**40, user="bob"), news.query("q-2", None, user=None)],
    )  # fmt: skip  # as short as it can be said
    text = to_text(message(fact))
    assert "Used: $262.50 of $250.00, 105 %" in text
    assert "Budget: daily, $250.00 a day" in text
    assert "workgroup primary, bob, ended" in text
    assert "- size unknown, sales in workgroup primary, ended" in text
    assert "goes on like this" not in text


def test_a_rolling_window_is_told_with_the_beginning_of_the_episode() -> None:
    window = {
        "words": "rolling 24h", "time_zone": None, "start": "2026-03-09T12:05:00.000+00:00", "end": None,
        "since": "2026-03-10T11:55:00.000+00:00", "is_over": False,
    }  # fmt: skip  # two rows
    text = to_text(message(news.decided(window=window, forecast=None)))
    assert "Window: the last 24h, at this level since 2026-03-10 11:55 UTC" in text
    assert "Budget: daily, 1.00 TiB in 24h" in text


def test_a_window_that_is_over_says_so_and_foretells_nothing() -> None:
    window = json.loads(news.decided().body)["window"] | {"is_over": True}
    text = to_text(message(news.decided(window=window)))
    assert "it is over, users are known late" in text
    assert "goes on like this" not in text


def test_an_exception_and_what_is_not_known_are_told() -> None:
    fact = news.decided(
        exception={"limit": 2**40, "until": "2026-12-31", "reason": "closing"},
        counted_since="2026-03-10T03:00:00.000+00:00",
    )  # fmt: skip  # as short as it can be said
    text = to_text(message(fact))
    assert "Exception: this limit is an exception (closing, until 2026-12-31)" in text
    assert "Counted since 2026-03-10 03:00 UTC; what ended before it is not known." in text
    assert RUNNING in text


def test_queries_that_scanned_the_same_are_probably_one_that_is_run_again() -> None:
    again = [news.query(f"q-{number}", 10**12) for number in range(3)]
    assert "scanned the same to the byte" in to_text(message(news.decided(queries=again)))


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ("stopped", "a query of ann was stopped: ann is over budget daily"),
        ("dry_run", "a query of ann would have been stopped (dry run): ann is over budget daily"),
        ("denied", "a query of ann could not be stopped: AWS denied it: ann is over budget daily"),
    ],
)
def test_what_the_guard_did_is_told(result: str, words: str) -> None:
    told = message(news.stopped(result=result))
    assert told.title == words
    assert f"query q-9 in workgroup primary, 2026-03-10 12:00 UTC\n  {LINK}q-9" in to_text(told)


def test_a_test_says_that_it_is_one_in_every_form() -> None:
    told = message_of(trial(news.TARGET, "test-1", datetime(2026, 3, 10, tzinfo=UTC)), (), CONSOLE)
    assert "TEST" in to_letter(told).subject
    assert "nothing has happened" in to_text(told)
    assert json.loads(to_json(told, CONSOLE))["kind"] == "test"
    assert "Test of a notification" in json.loads(to_slack(told))["text"]


def test_slack_mentions_people_and_groups_by_their_ids() -> None:
    told = json.loads(to_slack(message(news.decided(), ANN, Person(slack="S0614TZR7"), Person(email="b@example.com"))))
    first = told["blocks"][1]["elements"][0]["elements"]
    assert [one for one in first if one["type"] != "text"] == [
        {"type": "user", "user_id": "U012ABCDEF"},
        {"type": "usergroup", "usergroup_id": "S0614TZR7"},
    ]
    assert {"type": "text", "text": "b@example.com"} in first
    urls = [url for url, _ in texts(told, "url")]
    assert urls == [f"{LINK}q-1", f"{LINK}q-2"]


HOSTILE = [
    "<!channel>", "<@U999ZZZZZ>", "<https://evil.example|click>", "*bold* _it_ ~no~ `code`", "a\nb\r\nFrom: c",
    "\x00\x1b[31mred\x07", "\u202eevil\u202c", "&amp;<>", '"},{"x":"', "x" * 5000, "ünïcödé 数据", "\ud800", " ",
]  # fmt: skip  # a list reads best in rows


def hostile(name: str) -> StoredFact:
    return news.decided(
        subject=name, budget=name, owners=[name], exception={"limit": 1, "until": None, "reason": name},
        queries=[news.query(name, 5, workgroup=name, database=name, user=name)], per="workgroup",
    )  # fmt: skip  # as short as it can be said


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_breaks_out_of_a_form(name: str) -> None:
    stays_inside(name)


@given(st.text(st.characters(categories=None), max_size=200))
def test_no_text_at_all_breaks_out_of_a_form(name: str) -> None:
    stays_inside(name)


def stays_inside(name: str) -> None:
    for fact in (hostile(name), news.stopped(query_id=name, workgroup=name, user=name, budget=name, result=name)):
        told = message(fact, Person(name="Ann"))
        slack(to_slack(told))
        letter = to_letter(told)
        assert re.fullmatch(r"[!-~][ -~]*", letter.subject), letter.subject
        assert len(letter.subject) <= LONGEST_SUBJECT < 100
        assert all(is_plain(value) for value in letter.attributes.values())
        assert len(letter.body.encode()) < 20_000
        assert json.loads(to_json(told, CONSOLE))["subject"] == json.loads(fact.body)["subject"], (
            "machines get it whole"
        )


def is_plain(text: str) -> bool:
    return 0 < len(text.strip()) < 200 and not any(unicodedata.category(c) in {"Cc", "Cs", "Cf"} for c in text)


def slack(payload: bytes) -> None:
    """What Slack reads as markup was written here; a name stands in literal texts only."""
    said = json.loads(payload)
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", said["text"])
    header, rich, context = said["blocks"]
    assert header["text"]["text"] in {"Athena: over a scan budget", "The guard acted on a query of Athena"}
    kinds = {one["type"] for _, one in texts(rich)} | {"link"}
    assert kinds == {"text", "link"}, "nothing in it is mrkdwn"
    for text, one in texts(said["blocks"]):
        assert 0 < len(text) <= 3000, one
        assert "\r" not in text
    assert context["elements"][0]["type"] == "plain_text"
    assert all(url.startswith(LINK) and re.fullmatch(r"[!-~]+", url) for url, _ in texts(rich, "url"))


def test_a_machine_gets_every_number_in_the_units_of_the_document() -> None:
    told = json.loads(to_json(message(news.decided(unit="usd", used=3_000_000_000, limit=2_000_000_000), ANN), CONSOLE))
    assert (told["used"], told["limit"], told["used_ratio"], told["unit"]) == (3.0, 2.0, 1.5, "usd")
    assert told["people"] == [{"name": "Ann", "email": "ann@example.com", "slack": "U012ABCDEF"}]
    assert told["queries"][0]["url"] == f"{LINK}q-1"
    assert told["window"]["end"] == "2026-03-10T23:00:00.000Z"
    assert told["decision_id"] == f"{1:040x}"
