"""The fields of the JSON form: each name once, with what it says. docs/budgets.md lists them, a test sends them."""

from collections.abc import Mapping
from types import MappingProxyType

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "v": "The version of this table of fields: 1.",
        "kind": "`budget`, `guard`, or `test` for a message that `notify --test` sent.",
        "decision_id": "The same in every copy of one message; of `kind: guard` the id of the action.",
        "level": "`warned`, `exceeded`, or `guard`.",
        "account_id": "The AWS account.",
        "region": "The Region.",
        "budget": "The budget's name.",
        "subject": "Who: a user, role, workgroup, component or workload, as it is; anybody chooses its characters.",
        "decided_at": "When it was decided.",
        "unit": "Of the amounts: `bytes` or `usd`.",
        "used": "What finished queries came to in the window.",
        "limit": "The subject's limit, exceptions heeded.",
        "used_ratio": "The used share of the limit.",
        "people": "Whom to address: objects of `name`, `email`, `slack`.",
        "text": "The whole message as plain text.",
        "per": "What the subject is: `user`, `role`, `workgroup`, `component`, `workload`. From here on not of guard.",
        "warn_ratio": "The share of the limit from which a subject is warned.",
        "forecast": "What will have been used at the window's end if it goes on as it went so far.",
        "window": "An object: `words` (`day`, `rolling 24h`, ...), `time_zone`, `start`, `end` (null of a rolling "
        "one), `since` (of a rolling one the beginning of the episode), `is_over`.",
        "counted_since": "Later than the window's start: what ended before it is not counted.",
        "exception": "The exception that gave the limit: `reason`, `until`.",
        "owners": "What the tag `owner` of the workgroups behind a workgroup or component says.",
        "queries": "The dearest, at most five: `query_id`, `workgroup`, `database`, `user`, `scanned_bytes`, "
        "`cost_usd`, `ended_at`, `url`.",
        "queries_since": "Later than the window's start: queries before it are no longer known one by one.",
        "action": "Of `kind: guard` alone: `query_id`, `workgroup`, `user`, `mode`, `result`, `ended_at`, `url`.",
    }
)


def table() -> str:
    """The fields as a Markdown table."""
    rows = (f"| `{name}` | {words} |" for name, words in FIELDS.items())
    return "\n".join(("| Field | What it says |", "| --- | --- |", *rows))
