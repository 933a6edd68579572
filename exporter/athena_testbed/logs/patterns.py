"""The filter patterns of FilterLogEvents, as far as people type them: terms, phrases, and comparisons of JSON fields.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html. Whatever is not
understood is refused, so that no pattern seems to match by accident.
"""

import json
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

Matches: TypeAlias = Callable[[str], bool]

_TERM = re.compile(r"""\s*(?P<sign>[-?]?)(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<word>[\w@.:/-]+))""")
_COMPARISON = re.compile(
    r"""\s*\$\.(?P<path>[\w.]+)\s*(?P<operator>!=|=)\s*(?:"(?P<text>[^"]*)"|(?P<number>-?\d+(?:\.\d+)?))\s*"""
)


class PatternError(ValueError):
    """The pattern is none, or none that is understood here."""


def compiled(pattern: str) -> Matches:
    """What tells whether a message matches.

    Raises:
        PatternError: naming what is not understood.
    """
    text = pattern.strip()
    if text.startswith("{"):
        return _of_json(text)
    return _of_terms(text)


def _of_terms(text: str) -> Matches:
    found: dict[str, list[str]] = {"": [], "-": [], "?": []}
    place = 0
    while place < len(text):
        match = _TERM.match(text, place)
        if match is None:
            raise PatternError(f"{text[place:].strip()!r} is no term")
        found[match["sign"]].append(match["word"] if match["phrase"] is None else match["phrase"].replace("\\", ""))
        place = match.end()

    def matches(message: str) -> bool:
        return (
            all(term in message for term in found[""])
            and not any(term in message for term in found["-"])
            and (not found["?"] or any(term in message for term in found["?"]))
        )

    return matches


def _of_json(text: str) -> Matches:
    if not text.endswith("}"):
        raise PatternError("a JSON pattern ends with }")
    parts = [_comparison(part) for part in text[1:-1].split("&&")]

    def matches(message: str) -> bool:
        try:
            parsed = json.loads(message)
        except ValueError:
            return False
        return all(part(parsed) for part in parts)

    return matches


def _comparison(text: str) -> Callable[[Any], bool]:
    match = _COMPARISON.fullmatch(text)
    if match is None:
        raise PatternError(f"{text.strip()!r} is no comparison of a field")
    path, wanted = match["path"].split("."), match["text"]
    number = None if match["number"] is None else float(match["number"])

    def compare(message: Any) -> bool:
        found = message
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        if found is None:
            return False
        same = float(found) == number if number is not None and _is_number(found) else _like(found, wanted)
        return same == (match["operator"] == "=")

    return compare


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _like(value: Any, wanted: str | None) -> bool:
    return wanted is not None and isinstance(value, str) and fnmatchcase(value, wanted)
