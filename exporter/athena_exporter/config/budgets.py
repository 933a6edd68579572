"""The configuration of scan budgets: inline, or in a file of their own; without any, the two that ship."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, model_validator

from athena_exporter.budgets import (
    Allowance,
    Amount,
    Budget,
    Calendar,
    Enforce,
    Match,
    Per,
    Period,
    Rolling,
    Unit,
    Window,
    amount_words,
    window_words,
)
from athena_exporter.config.kinds import Kind, choice, parse_duration, parse_size, patterns, share, text
from athena_exporter.config.section import Conflict, Section, refuse

_HOUR = timedelta(hours=1)
_LONGEST = timedelta(days=31)
_MOST = 500
_NANO = 10**9
_LARGEST_USD = Decimal(9 * 10**9)
_USD = re.compile(r"(?P<number>\d+(?:\.\d{1,9})?)\s*usd", re.ASCII | re.IGNORECASE)
_LONGEST_TEXT = 30
_LONGEST_REASON = 200
_LONGEST_NAME = 64
_REQUIRED = "(required)"


def _write_or_required(value: object) -> str:
    """A key without a default has none to show."""
    return _REQUIRED if value is None or "Undefined" in type(value).__name__ else str(value)


# -- kinds of values ----------------------------------------------------------------------------------------------


def _amount() -> Kind:
    def read(found: object) -> Amount:
        if isinstance(found, Amount):
            return found
        words = found.strip() if isinstance(found, str) else ""
        dollars = _USD.fullmatch(words) if len(words) <= _LONGEST_TEXT else None
        if dollars is not None:
            amount = Amount(unit=Unit.USD, value=_nanodollars(dollars["number"]))
        elif words and not words.replace(".", "").isdigit():
            amount = Amount(unit=Unit.BYTES, value=parse_size(words))
        else:
            raise ValueError(found)
        if not amount.value:
            raise ValueError(found)
        return amount

    return Kind(
        wanted="an amount above 0 with its unit, bytes or US dollars", example="500 GiB, 2 TiB or 25 USD", read=read,
        write=lambda value: amount_words(value) if isinstance(value, Amount) else _REQUIRED,
    )  # fmt: skip  # as short as it can be said


def _nanodollars(number: str) -> int:
    dollars = Decimal(number)
    if dollars > _LARGEST_USD:
        raise ValueError(number)
    return int(dollars * _NANO)


def _limit_or_none() -> Kind:
    amount = _amount()

    def read(found: object) -> object:
        return None if found == "none" else amount.read(found)

    return Kind(
        wanted=f"{amount.wanted}, or none", example=amount.example, read=read,
        write=_write_or_required,
    )  # fmt: skip  # as above


def _window() -> Kind:
    """A `Calendar` of UTC, or a `Rolling`; the budget puts its time zone in."""

    def read(found: object) -> Window:
        if isinstance(found, Calendar | Rolling):
            return found
        words = found.split() if isinstance(found, str) else []
        if len(words) == 1:
            return Calendar(period=Period(words[0]))
        if len(words) != len(("rolling", "24h")) or words[0] != "rolling":
            raise ValueError(found)
        length = parse_duration(words[1])
        if not _HOUR <= length <= _LONGEST or length % _HOUR:
            raise ValueError(found)
        return Rolling(length=length)

    return Kind(
        wanted="day, week, month, or rolling with whole hours from 1h to 31d", example="'rolling 24h'", read=read,
        write=lambda value: window_words(value) if isinstance(value, Calendar | Rolling) else _REQUIRED,
    )  # fmt: skip  # as above


def _zone() -> Kind:
    def read(found: object) -> str:
        if not isinstance(found, str) or not re.fullmatch(r"[A-Za-z][\w+/-]{0,63}", found, re.ASCII):
            raise ValueError(found)
        try:
            ZoneInfo(found)
        except (ZoneInfoNotFoundError, OSError):
            raise ValueError(found) from None
        return found

    return Kind(wanted="a time zone of the IANA database", example="Europe/Berlin or UTC", read=read)


def _day() -> Kind:
    def read(found: object) -> date | None:
        if found is None or (isinstance(found, date)):
            return found
        if not isinstance(found, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", found, re.ASCII):
            raise ValueError(found)
        return date.fromisoformat(found)

    return Kind(
        wanted="a day, the last one on which it holds", example="2026-12-31", read=read,
        write=lambda value: "null" if value is None else str(value),
    )  # fmt: skip  # as above


def _subjects() -> Kind:
    kind = patterns("a subject's name", "[maria, 'airflow-*']")

    def read(found: object) -> tuple[str, ...]:
        values = kind.read(found)
        if not isinstance(values, tuple) or not values:
            raise ValueError(found)
        return values

    return Kind(wanted=kind.wanted, example=kind.example, read=read, write=kind.write)


def _required_text(wanted: str, example: str, longest: int) -> Kind:
    kind = text(wanted=wanted, example=example, fits=lambda word: 0 < len(word.strip()) <= longest)

    def read(found: object) -> str:
        word = kind.read(found)
        if word is None or not str(word).isprintable():
            raise ValueError(found)
        return str(word).strip()

    return Kind(wanted=wanted, example=example, read=read, write=_write_or_required)


def _per() -> Kind:
    kind = choice(Per)
    return Kind(wanted=kind.wanted, example=None, read=kind.read, write=_write_or_required)


def _none_if_nothing(found: object) -> object:
    return () if found is None else found


# -- sections -----------------------------------------------------------------------------------------------------

_NAME = _required_text("a name of at most 64 characters in one line", "analysts-daily", _LONGEST_NAME)
_REASON = _required_text("why, in at most 200 characters", "'quarterly closing'", _LONGEST_REASON)


class MatchSettings(Section):
    """Which queries count."""

    user: Annotated[tuple[str, ...], patterns("a user's name", "['*@example.com']")] = Field(
        default=(), description="Users, as `athena_user_queries_total` names them."
    )
    role: Annotated[tuple[str, ...], patterns("a role's name", "['AWSReservedSSO_Analyst_*']")] = Field(
        default=(), description="IAM roles of the users' sessions."
    )
    client: Annotated[tuple[str, ...], patterns("a client's name", "[dbt-athena, console]")] = Field(
        default=(), description="Tools."
    )
    workgroup: Annotated[tuple[str, ...], patterns("a workgroup's name", "['airflow-*', primary]")] = Field(
        default=(), description="Workgroups."
    )
    database: Annotated[tuple[str, ...], patterns("a database's name", "[sales, 'raw_*']")] = Field(
        default=(), description="Databases that the query reads."
    )

    def match(self) -> Match:
        """The patterns."""
        return Match(
            user=self.user, role=self.role, client=self.client, workgroup=self.workgroup, database=self.database
        )


class ExceptionSettings(Section):
    """Another limit for some subjects; the first exception that fits a subject holds."""

    subject: Annotated[tuple[str, ...], _subjects()] = Field(description="Whom it is for: names or patterns.")
    limit: Annotated[Amount | None, _limit_or_none()] = Field(
        description="Their limit, in the budget's unit; `none` lifts it."
    )
    until: Annotated[date | None, _day()] = Field(
        default=None, description="The last day on which it holds, in the budget's time zone."
    )
    reason: Annotated[str, _REASON] = Field(description="Why; shown when it is over.")

    def allowance(self) -> Allowance:
        """The exception."""
        return Allowance(subject=self.subject, limit=self.limit, until=self.until, reason=self.reason)


class BudgetSettings(Section):
    """One budget: a limit for each subject in a window."""

    name: Annotated[str, _NAME] = Field(description="The label `budget`; one budget, one name.")
    match: MatchSettings = Field(default=MatchSettings(), description="Which queries count; by default all.")
    per: Annotated[Per, _per()] = Field(
        description="Who has the limit, each: `user`, `role`, `workgroup`, `component` (a tag of it) or `workload`."
    )
    window: Annotated[Window, _window()] = Field(
        description="`day`, `week` (from Monday), `month`, or `rolling 24h` (whole hours, at most 31d)."
    )
    time_zone: Annotated[str, _zone()] = Field(default="UTC", description="Where the day, week or month begins.")
    limit: Annotated[Amount, _amount()] = Field(description="Bytes scanned (`500 GiB`) or list price (`25 USD`).")
    warn: Annotated[float, share()] = Field(default=0.8, description="The share of the limit that is warned of.")
    exceptions: Annotated[tuple[ExceptionSettings, ...], BeforeValidator(_none_if_nothing)] = Field(
        default=(), description="Other limits for some; the first that fits a subject holds."
    )

    enforce: Annotated[Enforce, choice(Enforce)] = Field(
        default=Enforce.NONE,
        description="What the guard does at the limit, if it is on: `none` or `stop_queries` (those that run).",
    )

    def budget(self) -> Budget:
        """The budget."""
        window = self.window
        return Budget(
            name=self.name,
            per=self.per,
            window=Calendar(period=window.period, zone=self.time_zone) if isinstance(window, Calendar) else window,
            limit=self.limit,
            match=self.match.match(),
            warn=Fraction(str(self.warn)),
            exceptions=tuple(one.allowance() for one in self.exceptions),
            enforce=self.enforce,
        )


SHIPPED = (
    BudgetSettings(
        name="user-daily", per=Per.USER, window=Calendar(period=Period.DAY), limit=Amount(unit=Unit.BYTES, value=2**40)
    ),
    BudgetSettings(
        name="workgroup-monthly",
        per=Per.WORKGROUP,
        window=Calendar(period=Period.MONTH),
        limit=Amount(unit=Unit.USD, value=250 * _NANO),
    ),
)
"""The budgets of a configuration that names none, so that alerts exist: exporter/budgets.example.yml is the same."""


def _shipped_if_nothing(found: object) -> object:
    return SHIPPED if found is None else found


Budgets = Annotated[tuple[BudgetSettings, ...], BeforeValidator(_shipped_if_nothing)]
"""The budgets of a file or of the configuration; nothing means those that ship, an empty list none."""


class BudgetsFile(Section):
    """What stands in a file of budgets."""

    budgets: Budgets = Field(default=SHIPPED, description="The budgets.")

    @model_validator(mode="after")
    def _no_conflicts(self) -> Self:
        refuse(tuple(conflicts(self.budgets)))
        return self


def conflicts(budgets: tuple[BudgetSettings, ...]) -> Iterator[Conflict]:
    """What can't hold together within one budget, or between two."""
    yield from _alike_names(budgets)
    for index, one in enumerate(budgets):
        here = ("budgets", index)
        if isinstance(one.window, Rolling) and one.time_zone != "UTC":
            words = "a rolling window is the same in every time zone: remove time_zone"
            yield Conflict(locations=((*here, "time_zone"), (*here, "window")), words=words)
        for number, exception in enumerate(one.exceptions):
            if exception.limit is not None and exception.limit.unit is not one.limit.unit:
                words = (
                    f"{amount_words(exception.limit)} can't stand for {amount_words(one.limit)}: write it in the unit "
                    "of the budget's limit"
                )
                yield Conflict(locations=((*here, "exceptions", number, "limit"), (*here, "limit")), words=words)


def _alike_names(budgets: tuple[BudgetSettings, ...]) -> Iterator[Conflict]:
    if len(budgets) > _MOST:
        yield Conflict(locations=(("budgets",),), words=f"{len(budgets)} budgets are too many: at most {_MOST}")
    first: dict[str, int] = {}
    for index, one in enumerate(budgets):
        if one.name in first:
            words = f"'{one.name}' is the name of budgets[{first[one.name]}], too: give each its own"
            yield Conflict(locations=(("budgets", index, "name"), ("budgets", first[one.name], "name")), words=words)
        first.setdefault(one.name, index)
