"""Inputs that nobody meant: records and statements with pieces lost, doubled, exchanged, or of another kind.

Deterministic: round n of a seed is always the same input.
"""

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import Any

JUNK: Sequence[Any] = (
    None, True, 0, -1, 10**30, 1.5, float("nan"), "", " ", "\x00", "\ud800", "\u202e", "x" * 5000, "***OMITTED***",
    [], {}, [None], {"a": {"b": []}}, [[[[]]]], "2026-13-45T99:99:99Z", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "arn:aws:sts::1:assumed-role//", "arn:" * 900, "AssumedRole", "SAMLUser", "athena.amazonaws.com", "GetDataAccess",
    "StartQueryExecution", "{queryId: 33333333-4444-5555-6666-777777777777}", "Airflow/ Caller/a DagRunKey/b",
)  # fmt: skip  # a list
"""What may stand where something else was meant."""
TOKENS: Sequence[str] = (
    "'", '"', "`", "--", "/*", "*/", "(", ")", "[", "]", "{", "}", ",", ".", ";", "\x00", "\ud800", "\n", "$", "?", "@",
    " FROM ", " SELECT ", " WITH a AS (", " AS ", " IN (", " VALUES ", " UNLOAD (", " EXPLAIN ",
    " USING EXTERNAL FUNCTION ",
    " LAMBDA 'x' ", " date(", " array[", " row(", "a-b.", "$partitions", " FOR VERSION AS OF ", "U&'", "x'", "1e",
    "\\'",
)  # fmt: skip  # a list
"""Pieces that mean something to a parser."""


def statements(seeds: Sequence[str], *, seed: int, rounds: int) -> Iterator[str]:
    """Statements made of these, spoiled one to four times."""
    for number in range(rounds):
        rng = Random(f"{seed}:{number}")  # chance, not secrecy
        text = rng.choice(seeds)
        for _ in range(rng.randint(1, 4)):
            text = rng.choice(_SPOILERS)(rng, text, seeds)
        yield text[:20_000]


def records(seeds: Sequence[Mapping[str, Any]], *, seed: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Elements of LookupEvents' answer, made of these records, spoiled up to five times; some texts are no JSON."""
    for number in range(rounds):
        rng = Random(f"{seed}:{number}")  # as above
        record = copy.deepcopy(dict(rng.choice(seeds)))
        for _ in range(rng.randint(0, 5)):
            spoil(rng, record)
        text: Any = json.dumps(record)
        if rng.random() < 0.1:
            text = rng.choice((mangled(rng, text), mangled(rng, text), None, 7, "[]"))
        frame = {"EventId": rng.choice((record.get("eventID"), *JUNK[:12])), "EventTime": rng.choice((None, "x", 7))}
        yield frame | {"CloudTrailEvent": text}


def mangled(rng: Random, text: str) -> str:
    """JSON with a piece lost or a sign too many, or so deep that nobody reads it."""
    at = rng.randrange(len(text))
    spoiled = f"{text[:at]}{chr(rng.randrange(1, 0xFFFF))}{text[at:]}"
    return rng.choice((text[:at], text[at:], spoiled, "[" * 100_000, '{"a":' * 30_000, "1" * 5000))


def spoiled_text(rng: Random, text: str, others: Sequence[str], tokens: Sequence[str], *, highest: int = 0xD7FF) -> str:
    """A text with one thing changed: pieces lost, doubled, taken from others, signs and tokens put in."""
    spoiler = rng.choice((*_SPOILERS, _insert))
    if spoiler is _insert:
        at = rng.randint(0, len(text))
        return text[:at] + rng.choice(tokens) + text[at:]
    if spoiler is _exchange:
        at = rng.randint(0, len(text))
        return text[:at] + chr(rng.randrange(highest)) + text[at + 1 :]
    return spoiler(rng, text, others)


def spoil(rng: Random, node: Any) -> None:
    """Change one thing somewhere below."""
    while isinstance(node, dict | list) and node:
        keys = list(node) if isinstance(node, dict) else range(len(node))
        key = rng.choice(list(keys))
        below = node[key]
        if isinstance(below, dict | list) and below and rng.random() < 0.6:
            node = below
            continue
        if rng.random() < 0.3:
            del node[key]
        else:
            node[key] = copy.deepcopy(rng.choice(JUNK))
        return


def _cut(rng: Random, text: str, _: Sequence[str]) -> str:
    start, end = _span(rng, text)
    return text[:start] + text[end:]


def _double(rng: Random, text: str, _: Sequence[str]) -> str:
    start, end = _span(rng, text)
    return text[:end] + text[start:end] * rng.choice((1, 1, 1, 30)) + text[end:]


def _splice(rng: Random, text: str, seeds: Sequence[str]) -> str:
    start, end = _span(rng, other := rng.choice(seeds))
    at = rng.randint(0, len(text))
    return text[:at] + other[start:end] + text[at:]


def _insert(rng: Random, text: str, _: Sequence[str]) -> str:
    at = rng.randint(0, len(text))
    return text[:at] + rng.choice(TOKENS) * rng.choice((1, 1, 1, 2, 40)) + text[at:]


def _exchange(rng: Random, text: str, _: Sequence[str]) -> str:
    at = rng.randint(0, len(text))
    return text[:at] + chr(rng.choice((rng.randrange(32, 127), rng.randrange(0, 0x10FFFF)))) + text[at + 1 :]


def _span(rng: Random, text: str) -> tuple[int, int]:
    start = rng.randint(0, len(text))
    return start, min(len(text), start + rng.randint(1, 40))


_SPOILERS: Sequence[Callable[[Random, str, Sequence[str]], str]] = (_cut, _double, _splice, _insert, _exchange)
