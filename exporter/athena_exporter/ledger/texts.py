"""What SQLite can't keep of a text: half a surrogate pair, which JSON may carry and UTF-8 has no bytes for.

Stage: records -> **texts** -> fold -> store. Sources clean what they read; this is the gate for what they have missed,
since one such name would end the transaction of everybody's queries.
"""

import re
from collections.abc import Callable, Hashable, Iterable
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, cast

_HALVES = re.compile("[\ud800-\udfff]")
_NUMBERS = frozenset({int, bool, float, datetime})
_Whole = TypeVar("_Whole")


def storable(told: _Whole) -> _Whole:
    """A record, or what is in one, with U+FFFD in the place of each half; the very same where there is none."""
    return told if not _is_affected(told) else _mended(told)


def _is_affected(told: Any) -> bool:
    """Whether a text in it can't be kept. Python knows of each text whether it is ASCII, so that this costs little."""
    if isinstance(told, str):
        return not told.isascii() and _HALVES.search(told) is not None
    if isinstance(told, tuple | list | frozenset):
        parts: Iterable[object] = told
    elif isinstance(told, dict):
        parts = (*told, *told.values())
    else:
        read = _reader(cast(Hashable, type(told)))
        parts = () if read is None else read(told)
    return any(part is not None and type(part) not in _NUMBERS and _is_affected(part) for part in parts)


@cache
def _reader(kind: Hashable) -> Callable[[object], tuple[object, ...]] | None:
    """Reads all fields of a record of this kind; None for what is no record."""
    names = [field.name for field in fields(kind)] if isinstance(kind, type) and is_dataclass(kind) else []
    if len(names) == 1:
        only = attrgetter(names[0])
        return lambda told: (only(told),)
    return attrgetter(*names) if names else None


def _mended(told: Any) -> Any:
    if isinstance(told, Enum):
        return told
    if isinstance(told, str):
        return _HALVES.sub("\ufffd", told)
    if isinstance(told, tuple | list | frozenset):
        return type(told)(map(_mended, told))
    if isinstance(told, dict):
        return {_mended(key): _mended(value) for key, value in told.items()}
    if is_dataclass(told) and not isinstance(told, type):
        return replace(told, **{field.name: _mended(getattr(told, field.name)) for field in fields(told)})
    return told
