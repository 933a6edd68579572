"""The forms of a message: blocks for Slack, JSON for machines, a letter for SNS. Pure.

Slack: names stand in elements of rich text, which Slack shows as they are, without reading mrkdwn, mentions or links
in them; incoming webhooks take such blocks (github.com/slackapi/bolt-js/issues/1324). Only the line for the
notification's preview is mrkdwn, and there the three characters that Slack reads are escaped
(docs.slack.dev/messaging/formatting-message-text).
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from athena_exporter.budgets import Unit
from athena_exporter.outlets.notifications.message import Line, Message, link, name_of
from athena_exporter.outlets.notifications.notice import Action, Notice, QueryTold, Standing
from athena_exporter.outlets.notifications.people import Person

VERSION = 1
"""Of the JSON form: fields are added within a version, never renamed or removed."""
LONGEST_SUBJECT = 99
"""SNS takes less than 100 characters (docs.aws.amazon.com/sns/latest/api/API_Publish.html)."""
_NANO = 1_000_000_000


# -- JSON -------------------------------------------------------------------------------------------------------------


def to_json(message: Message, console_url: str) -> bytes:
    """The form that machines read; docs/budgets.md lists its fields."""
    notice = message.notice
    said: dict[str, Any] = {
        "v": VERSION, "kind": _kind(notice), "decision_id": notice.notice_id, "level": notice.news.value,
        "account_id": notice.target.account_id, "region": notice.target.region, "budget": notice.budget,
        "subject": notice.subject, "decided_at": _iso(notice.at), "unit": notice.unit.value,
        "used": _number(notice.unit, notice.used), "limit": _number(notice.unit, notice.limit),
        "used_ratio": round(notice.ratio, 6), "people": [_person(one) for one in message.people],
        "text": to_text(message),
    }  # fmt: skip  # a form reads best in rows
    if notice.standing is not None:
        said |= _standing(notice, notice.standing, console_url)
    if notice.action is not None:
        said["action"] = _action(notice, notice.action, console_url)
    return json.dumps(said).encode()


def _kind(notice: Notice) -> str:
    if notice.is_trial:
        return "test"
    return "budget" if notice.action is None else "guard"


def _number(unit: Unit, value: int) -> float:
    return value if unit is Unit.BYTES else value / _NANO


def _person(one: Person) -> dict[str, str | None]:
    return {"name": one.name, "email": one.email, "slack": one.slack}


def _standing(notice: Notice, one: Standing, console_url: str) -> dict[str, Any]:
    window, forecast, exception = one.window, one.forecast, one.exception
    return {
        "per": one.per, "warn_ratio": one.warn_ratio,
        "forecast": None if forecast is None else _number(notice.unit, forecast),
        "window": {
            "words": window.words, "time_zone": window.zone, "start": _iso(window.start),
            "end": None if window.end is None else _iso(window.end), "since": _iso(window.since),
            "is_over": window.is_over,
        },
        "counted_since": None if one.counted_since is None else _iso(one.counted_since),
        "exception": None if exception is None else {"reason": exception.reason, "until": exception.until},
        "owners": list(one.owners),
        "queries": [_query(notice, query, console_url) for query in one.queries],
        "queries_since": None if one.queries_since is None else _iso(one.queries_since),
    }  # fmt: skip  # as above


def _query(notice: Notice, one: QueryTold, console_url: str) -> dict[str, Any]:
    return {
        "query_id": one.query_id, "workgroup": one.workgroup, "database": one.database, "user": one.user,
        "scanned_bytes": one.scanned_bytes,
        "cost_usd": None if one.cost_nanousd is None else one.cost_nanousd / _NANO, "ended_at": _iso(one.ended_at),
        "url": link(console_url, notice.target.region, one.query_id),
    }  # fmt: skip  # as above


def _action(notice: Notice, one: Action, console_url: str) -> dict[str, Any]:
    return {
        "query_id": one.query_id, "workgroup": one.workgroup, "user": one.user, "mode": one.mode, "result": one.result,
        "ended_at": None if one.ended_at is None else _iso(one.ended_at),
        "url": link(console_url, notice.target.region, one.query_id),
    }  # fmt: skip  # as above


def _iso(at: Any) -> str:
    return str(at.isoformat(timespec="milliseconds")).replace("+00:00", "Z")


# -- text, for letters ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What SNS is given; attributes are texts that a subscription may filter by."""

    subject: str
    body: str
    attributes: dict[str, str]


def to_letter(message: Message) -> Letter:
    """The form of SNS: the subject in ASCII, the body for people who read mail."""
    notice = message.notice
    attributes = {
        "decision_id": notice.notice_id, "budget": name_of(notice.budget), "level": notice.news.value,
        "subject": name_of(notice.subject),
    }  # fmt: skip  # two rows
    emails = [one.email for one in message.people if one.email]
    if emails:
        attributes["email"] = emails[0]
    return Letter(subject=_subject(message), body=to_text(message), attributes=attributes)


def _subject(message: Message) -> str:
    plain = f"Athena: {message.title}".encode("ascii", "replace").decode("ascii")
    return plain if len(plain) <= LONGEST_SUBJECT else f"{plain[: LONGEST_SUBJECT - 3]}..."


def to_text(message: Message) -> str:
    """The whole message as plain text; ends with a newline."""
    return "\n".join([message.headline, message.title, "", *_paragraphs(message)]) + "\n"


def _paragraphs(message: Message) -> Iterator[str]:
    if message.people:
        yield "For: " + ", ".join(_called(one) for one in message.people)
    yield from (f"{label}: {text}" for label, text in message.facts)
    yield from _block(_over_queries(message), (_text_line(one) for one in message.queries))
    yield from _block("What helps", message.helps)
    yield from ("", *message.notes) if message.notes else ()
    yield from ("", message.footer)


def _block(heading: str, lines: Iterable[str]) -> Iterator[str]:
    found = [f"- {line}" for line in lines]
    if found:
        yield from ("", heading, *found)


def _over_queries(message: Message) -> str:
    return "The dearest queries" if message.notice.action is None else "The query"


def _text_line(one: Line) -> str:
    return one.text if one.url is None else f"{one.text}\n  {one.url}"


def _called(one: Person) -> str:
    told = [name_of(text) for text in (one.name, one.email) if text]
    return " ".join(f"<{text}>" if text == one.email and one.name else text for text in told) or "somebody in Slack"


# -- Slack ------------------------------------------------------------------------------------------------------------


def to_slack(message: Message) -> bytes:
    """The form of an incoming webhook of Slack: blocks, and a line for the preview."""
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": message.headline}},
        {"type": "rich_text", "elements": list(_rich(message))},
        {"type": "context", "elements": [{"type": "plain_text", "text": f"{_joined(message.notes)}{message.footer}"}]},
    ]
    return json.dumps({"text": f"{message.headline}: {_escaped(message.title)}", "blocks": blocks}).encode()


def _joined(notes: Sequence[str]) -> str:
    return "".join(f"{note}\n" for note in notes)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _rich(message: Message) -> Iterator[dict[str, Any]]:
    yield _section([*_mentions(message.people), _bold(message.title), _plain("\n\n")])
    for label, text in message.facts:
        yield _section([_bold(f"{label}: "), _plain(f"{text}\n")])
    yield from _list(_over_queries(message), [[_plain(f"{one.text} "), *_open(one)] for one in message.queries])
    yield from _list("What helps", [[_plain(one)] for one in message.helps])


def _mentions(people: Sequence[Person]) -> Iterator[dict[str, Any]]:
    for one in people:
        if one.slack is None:
            yield _plain(_called(one))
        elif one.slack.startswith("S"):
            yield {"type": "usergroup", "usergroup_id": one.slack}
        else:
            yield {"type": "user", "user_id": one.slack}
        yield _plain(" ")


def _open(one: Line) -> Iterator[dict[str, Any]]:
    if one.url is not None:
        yield {"type": "link", "url": one.url, "text": "open"}


def _list(heading: str, items: Sequence[Sequence[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    if items:
        yield _section([_plain("\n"), _bold(heading)])
        yield {"type": "rich_text_list", "style": "bullet", "elements": [_section(one) for one in items]}


def _section(elements: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": list(elements)}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _bold(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text, "style": {"bold": True}}
