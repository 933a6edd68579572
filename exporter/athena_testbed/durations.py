"""Lengths of time as people write them on a command line: 300s, 2h, 30d, 1.5s, 250ms."""

import re
from datetime import timedelta

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_PATTERN = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|s|m|h|d)")


def duration(text: str) -> timedelta:
    """The length of time that the text names; a bare 0 is one too.

    Raises:
        ValueError: with what it may look like.
    """
    match = _PATTERN.fullmatch(text.strip())
    if match is None and text.strip() == "0":
        return timedelta(0)
    if match is None:
        raise ValueError(f"{text!r} is no length of time; write 250ms, 90s, 15m, 2h or 30d")
    return timedelta(seconds=float(match["number"]) * _UNITS[match["unit"]])
