"""What a single value of the configuration may be: its spelling, its bounds, and the words of its refusal.

Stage: YAML -> document -> **kinds** -> model. A kind is put into `Annotated[...]`, and pydantic asks it to read
what was found. Each reads both the spelling of the file (`"5m"`) and the value itself (`timedelta(minutes=5)`).
"""

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

SHOWN_CHARACTERS = 60
"""How much of a wrong text an error message repeats."""

LONGEST_DURATION = timedelta(days=10_000)
"""What every duration stays below."""

_MICROSECOND = timedelta(microseconds=1)
_DURATION_UNITS = {
    "d": 86_400_000_000,
    "h": 3_600_000_000,
    "m": 60_000_000,
    "s": 1_000_000,
    "ms": 1000,
}
_DURATION = re.compile("".join(rf"(?:(?P<{unit}>\d+(?:\.\d+)?){unit})?" for unit in _DURATION_UNITS), re.ASCII)
_SIZE_UNITS = {
    "": 1,
    "b": 1,
    **{f"{prefix}b": 1000**power for power, prefix in enumerate("kmgt", start=1)},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgt", start=1)},
}
_SIZE_NAMES = {"B": 1} | {
    f"{prefix}{suffix}": base**power
    for suffix, base in (("B", 1000), ("iB", 1024))
    for power, prefix in enumerate("KMGT", start=1)
}
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[a-z]*)", re.ASCII | re.IGNORECASE)
_CREDENTIALS = re.compile(r"//[^/@\s]*@")
_LARGEST_SIZE = 2**63 - 1
_LONGEST_DIGITS = 30
_HIGHEST_PRICE = 1000
_LARGEST_COUNT = 10_000_000
_LONGEST_PATTERN = 256


def found_words(found: object) -> str:
    """What stands in the file, for an error message: `the text 'abc'`, `the number 5`, `a list`."""
    match found:
        case None:
            words = "nothing"
        case bool():
            words = str(found).lower()
        case list() | tuple():
            words = "a list"
        case dict():
            words = "a section"
        case str():
            words = f"the text {_shown(found)!r}"
        case _:
            words = f"the number {found}"
    return words


def _shown(text: str) -> str:
    """Short, and without the password that an address may carry: messages end up in logs."""
    harmless = _CREDENTIALS.sub("//***@", text)
    return harmless if len(harmless) <= SHOWN_CHARACTERS else harmless[: SHOWN_CHARACTERS - 3] + "..."


def parse_duration(found: object) -> timedelta:
    """Read `30s`, `5m`, `3h`, `2d`, `1h30m`, `250ms` or plain seconds; exact to the microsecond.

    Raises:
        ValueError: it is no duration, or one of more than 10,000 days.
    """
    if isinstance(found, timedelta):
        return found
    text = f"{found}s" if _is_number(found) else str(found if isinstance(found, str) else "").strip()
    match = _DURATION.fullmatch(text + "s" if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII) else text)
    if not text or match is None or len(text) > _LONGEST_DIGITS:
        raise ValueError(text)
    parts = {unit: Decimal(number) for unit, number in match.groupdict().items() if number is not None}
    microseconds = sum((number * _DURATION_UNITS[unit] for unit, number in parts.items()), start=Decimal(0))
    if microseconds != int(microseconds) or microseconds > LONGEST_DURATION // _MICROSECOND:
        raise ValueError(text)
    return timedelta(microseconds=int(microseconds))


def write_duration(duration: timedelta) -> str:
    """The shortest spelling that `parse_duration` reads back: `1h30m`; `0s` for none."""
    rest = duration // _MICROSECOND
    parts = []
    for unit, size in _DURATION_UNITS.items():
        number, rest = divmod(rest, size)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0s"


def parse_size(found: object) -> int:
    """Read bytes: `10MiB` (2^20), `10 MB` (10^6), `2GiB`, `1TB` or a plain number; whole bytes only.

    Raises:
        ValueError: it is no size, not a whole number of bytes, or 2^63 and more.
    """
    text = str(found).strip() if _is_number(found) or isinstance(found, str) else ""
    match = _SIZE.fullmatch(text)
    if match is None or match["unit"].lower() not in _SIZE_UNITS or len(text) > _LONGEST_DIGITS:
        raise ValueError(text)
    size = Decimal(match["number"]) * _SIZE_UNITS[match["unit"].lower()]
    if size != int(size) or size > _LARGEST_SIZE:
        raise ValueError(text)
    return int(size)


def write_size(size: int) -> str:
    """The shortest exact spelling: `10MiB`, `1TB`, `1500B`."""
    exact = [f"{size // unit}{name}" for name, unit in _SIZE_NAMES.items() if size and size % unit == 0]
    return min(exact, key=len, default="0B")


def _is_number(found: object) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How one value is read, written and asked for.

    `wanted` (bounds included) and `example` are the words of an error message. `read` raises ValueError for
    anything else; `write` gives the value as one would spell it in the file. What stood at the place of a secret
    (`is_secret`) is repeated nowhere.
    """

    wanted: str
    example: str | None
    read: Callable[[object], object]
    write: Callable[[Any], str] = str
    is_secret: bool = False

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Pydantic's hook: this kind alone reads the value."""
        return core_schema.no_info_plain_validator_function(self._read_or_say)

    def _read_or_say(self, found: object) -> object:
        try:
            return self.read(found)
        except ValueError:
            hidden = self.is_secret and isinstance(found, str)
            words = {"found": "something else" if hidden else found_words(found), "wanted": self.request}
            raise PydanticCustomError("unwanted", "found {found}, wanted {wanted}", words) from None

    @property
    def request(self) -> str:
        """What is wanted, with an example where one helps."""
        return f"{self.wanted}, such as {self.example}" if self.example else self.wanted


def _require(*, right: object, found: object) -> None:
    if not right:
        raise ValueError(found)


def duration(
    *, at_least: timedelta = timedelta(0), at_most: timedelta = LONGEST_DURATION, because: str | None = None
) -> Kind:
    """A `timedelta` between two bounds, both inclusive; `because` says why the upper one exists."""

    def read(found: object) -> timedelta:
        value = parse_duration(found)
        _require(right=at_least <= value <= at_most, found=found)
        return value

    low = f" of at least {write_duration(at_least)}" if at_least else ""
    high = f"{' and' if low else ' of'} at most {write_duration(at_most)}" if at_most != LONGEST_DURATION else ""
    reason = f" ({because})" if because else ""
    return Kind(wanted=f"a duration{low}{high}{reason}", example="30s, 5m or 1h30m", read=read, write=write_duration)


def silence(*, at_least: timedelta, at_most: timedelta) -> Kind:
    """A `timedelta` between two bounds, 0 for none at all, or None where the program decides."""

    def read(found: object) -> timedelta | None:
        if found is None:
            return None
        value = parse_duration(found)
        _require(right=not value or at_least <= value <= at_most, found=found)
        return value

    wanted = f"null, 0s or a duration of at least {write_duration(at_least)} and at most {write_duration(at_most)}"
    return Kind(
        wanted=wanted,
        example="30s",
        read=read,
        write=lambda value: "null" if value is None else write_duration(value),
    )


def size(*, at_least: int = 0) -> Kind:
    """A number of bytes (`int`)."""

    def read(found: object) -> int:
        value = parse_size(found)
        _require(right=value >= at_least, found=found)
        return value

    wanted = f"a size of at least {write_size(at_least)}" if at_least else "a size in bytes"
    return Kind(wanted=wanted, example="10MiB, 2 GiB or 500GB", read=read, write=write_size)


def one_size(*choices: int) -> Kind:
    """One of these numbers of bytes (`int`)."""

    def read(found: object) -> int:
        value = parse_size(found)
        _require(right=value in choices, found=found)
        return value

    names = " or ".join(f"{write_size(choice)} ({choice})" for choice in choices)
    return Kind(wanted=f"one of the sizes {names}", example=None, read=read, write=write_size)


def share() -> Kind:
    """A `float` above 0, at most 1."""

    def read(found: object) -> float:
        _require(right=_is_number(found), found=found)
        value = float(str(found))
        _require(right=0 < value <= 1, found=found)
        return value

    return Kind(wanted="a number above 0 and at most 1", example="0.5", read=read)


def money() -> Kind:
    """A `Decimal` of dollars, 0 to 1,000, with at most nine decimal places (the ledger adds nanodollars)."""

    def read(found: object) -> Decimal:
        _require(right=_is_number(found) or isinstance(found, str | Decimal), found=found)
        try:
            value = Decimal(str(found))
        except InvalidOperation:
            raise ValueError(found) from None
        _require(right=value.is_finite() and 0 <= value <= _HIGHEST_PRICE and value == round(value, 9), found=found)
        return value

    wanted = f"a price in US dollars from 0 to {_HIGHEST_PRICE} with at most nine decimal places"
    return Kind(wanted=wanted, example="5.0", read=read)


def whole() -> Kind:
    """An `int`, 1 to 10,000,000."""

    def read(found: object) -> int:
        value = found if isinstance(found, int) and not isinstance(found, bool) else 0
        _require(right=1 <= value <= _LARGEST_COUNT, found=found)
        return value

    return Kind(wanted=f"a whole number from 1 to {_LARGEST_COUNT}", example="500", read=read)


def text(*, wanted: str, example: str, fits: Callable[[str], bool]) -> Kind:
    """A `str` that fits, or None."""

    def read(found: object) -> str | None:
        if found is None:
            return None
        if not isinstance(found, str) or not fits(found):
            raise ValueError(found)
        return found

    return Kind(wanted=wanted, example=example, read=read, write=lambda value: "null" if value is None else str(value))


def choice(members: type[StrEnum]) -> Kind:
    """One member of a `StrEnum`, by its value."""

    def read(found: object) -> StrEnum:
        return members(str(found))

    return Kind(wanted="one of " + ", ".join(members), example=None, read=read)


def flag(*, always: str | None = None) -> Kind:
    """A `bool`; only true where `always` says why it can't be switched off."""

    def read(found: object) -> bool:
        _require(right=found is True or (found is False and not always), found=found)
        return found is True

    wanted = f"true ({always})" if always else "true or false"
    return Kind(wanted=wanted, example=None, read=read, write=lambda value: str(value).lower())


def texts(*, wanted: str, example: str, fits: Callable[[str], bool]) -> Kind:
    """A tuple of different `str`, each of which fits; nothing behind the key means none."""

    def read(found: object) -> tuple[str, ...]:
        if found is None:
            return ()
        _require(right=isinstance(found, list | tuple), found=found)
        values = tuple(found) if isinstance(found, list | tuple) else ()
        _require(right=all(isinstance(value, str) and fits(value) for value in values), found=found)
        _require(right=len(set(values)) == len(values), found=found)
        return values

    return Kind(wanted=f"a list of different {wanted}", example=example, read=read, write=_write_list)


def choices(members: type[StrEnum]) -> Kind:
    """A tuple of different members of a `StrEnum`, by their values."""

    def read(found: object) -> tuple[StrEnum, ...]:
        if found is None:
            return ()
        _require(right=isinstance(found, list | tuple), found=found)
        values = tuple(members(str(value)) for value in found) if isinstance(found, list | tuple) else ()
        _require(right=len(set(values)) == len(values), found=found)
        return values

    return Kind(wanted="a list of some of " + ", ".join(members), example=None, read=read, write=_write_list)


def patterns(of: str, example: str) -> Kind:
    """A tuple of different patterns of `of`, or one alone; nothing behind the key means none."""

    def read(found: object) -> tuple[str, ...]:
        if found is None:
            return ()
        values = (found,) if isinstance(found, str) else found
        if not isinstance(values, list | tuple) or len(set(map(str, values))) != len(values):
            raise ValueError(found)
        if not all(isinstance(one, str) and 0 < len(one) <= _LONGEST_PATTERN and one.isprintable() for one in values):
            raise ValueError(found)
        return tuple(values)

    return Kind(
        wanted=f"{of}, or a list of different ones, with * and ? for what may vary", example=example, read=read,
        write=lambda value: "[" + ", ".join(value) + "]" if isinstance(value, tuple) else "(required)",
    )  # fmt: skip  # as above


def _write_list(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(f"'{value}'" if "*" in value else str(value) for value in values) + "]"


def optional_file() -> Kind:
    """A `Path` to a file, or None."""
    kind = file()
    return Kind(
        wanted=kind.wanted,
        example=kind.example,
        read=lambda found: None if found is None else kind.read(found),
        write=lambda value: "null" if value is None else str(value),
    )


def file() -> Kind:
    """A `Path` to a file, relative to the working directory unless absolute."""

    def read(found: object) -> Path:
        if not isinstance(found, str | Path) or not Path(found).name or "\0" in str(found):
            raise ValueError(found)
        return Path(found)

    return Kind(wanted="the path of a file", example="athena-ledger.db", read=read)


def naming() -> Kind:
    """A compiled regular expression whose one group is the name."""

    def read(found: object) -> re.Pattern[str]:
        if not isinstance(found, str | re.Pattern):
            raise ValueError(found)  # noqa: TRY004  ValueError is how every kind refuses
        try:
            with warnings.catch_warnings(action="error", category=FutureWarning):  # what later versions read otherwise
                pattern = re.compile(found)
        except (re.error, OverflowError, RecursionError, FutureWarning):
            raise ValueError(found) from None
        _require(right=pattern.groups == 1, found=found)
        return pattern

    return Kind(
        wanted="a regular expression with exactly one group, the person's name",
        example="'^alpha_user_(.+)$'",
        read=read,
        write=lambda value: f"'{value.pattern}'",
    )
