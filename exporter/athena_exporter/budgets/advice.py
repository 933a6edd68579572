"""What is odd about a set of budgets: nothing that stops it from working, and most likely not what was meant."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from athena_exporter.budgets.guard import Enforced, Mode
from athena_exporter.budgets.matching import Globs
from athena_exporter.budgets.model import Allowance, Amount, Budget, Match, Patterns, Unit
from athena_exporter.budgets.windows import Calendar, Period, Rolling, Window

_NANO = 1_000_000_000
_SIZES = (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10), ("B", 1))
_WILD = frozenset("*?[")


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One sentence about one or two budgets, the mend in it."""

    budgets: tuple[str, ...]
    words: str


def advise(budgets: Sequence[Budget], now_ms: int) -> Iterator[Advice]:
    """Everything odd: contradictions, limits that nobody can reach, exceptions that are over or never asked."""
    for first, second in combinations(budgets, 2):
        yield from _pair(first, second)
    for budget in budgets:
        yield from _exceptions(budget, now_ms)


def advise_guard(budgets: Sequence[Budget], mode: Mode) -> Iterator[Advice]:
    """A guard without a budget to act for, and budgets that count on a guard that is off."""
    names = tuple(one.name for one in Enforced(budgets).budgets)
    if mode is Mode.OFF and names:
        told = ", ".join(f"'{name}'" for name in names)
        words = f"enforce: stop_queries of {told} stops nobody: guard.mode is off; write dry_run or enforce there"
        yield Advice(budgets=names, words=words)
    if mode is not Mode.OFF and not names:
        words = f"guard.mode is {mode}, but no budget has enforce: stop_queries: nobody is ever stopped"
        yield Advice(budgets=(), words=words)


def amount_words(amount: Amount) -> str:
    """An amount as one writes it: `500 GiB`, `25 USD`."""
    if amount.unit is Unit.USD:
        dollars, rest = divmod(amount.value, _NANO)
        return f"{dollars}.{rest:09d}".rstrip("0").rstrip(".") + " USD"
    name, size = next(one for one in _SIZES if amount.value % one[1] == 0)
    return f"{amount.value // size} {name}"


def window_words(window: Window) -> str:
    """A window as one writes it: `day`, `rolling 24h`."""
    if isinstance(window, Rolling):
        return f"rolling {window.length_ms // 3_600_000}h"
    return window.period.value


# -- two budgets --------------------------------------------------------------------------------------------------


def _pair(first: Budget, second: Budget) -> Iterator[Advice]:
    if first.per is not second.per or first.limit.unit is not second.limit.unit:
        return
    if first.match == second.match and first.window == second.window:
        yield _alike(first, second)
        return
    for inner, outer in ((first, second), (second, first)):
        if _covers(outer, inner) and outer.limit.value <= inner.limit.value and not outer.exceptions:
            yield _unreachable(inner, outer)
            return


def _alike(first: Budget, second: Budget) -> Advice:
    names = (first.name, second.name)
    both = f"budgets '{first.name}' and '{second.name}' count the same queries per {first.per} and window"
    if first.limit == second.limit:
        return Advice(budgets=names, words=f"{both} with the same limit: remove one")
    lower, higher = sorted((first, second), key=lambda one: one.limit.value)
    return Advice(
        budgets=names,
        words=f"{both} and contradict each other: '{lower.name}' allows {amount_words(lower.limit)}, '{higher.name}' "
        f"{amount_words(higher.limit)}; the lower one holds, so remove one of them",
    )


def _unreachable(inner: Budget, outer: Budget) -> Advice:
    return Advice(
        budgets=(inner.name, outer.name),
        words=f"budget '{inner.name}' ({amount_words(inner.limit)} a {window_words(inner.window)}) can never be the "
        f"first to be hit: '{outer.name}' counts all of its queries and allows {amount_words(outer.limit)} a "
        f"{window_words(outer.window)}; lower '{inner.name}', raise '{outer.name}', or remove one",
    )


def _covers(outer: Budget, inner: Budget) -> bool:
    """Whether whatever counts in the inner budget counts in the outer one, for the same subject."""
    return _is_inside(inner.window, outer.window) and all(
        _are_inside(getattr(inner.match, name), getattr(outer.match, name)) for name in Match.__slots__
    )


def _is_inside(inner: Window, outer: Window) -> bool:
    """Whether each of the inner windows lies in one of the outer ones. A week may lie in two months."""
    if inner == outer:
        return True
    if isinstance(inner, Rolling) and isinstance(outer, Rolling):
        return inner.length <= outer.length
    if isinstance(inner, Calendar) and isinstance(outer, Calendar):
        return inner.zone == outer.zone and inner.period is Period.DAY
    return False


def _are_inside(inner: Patterns, outer: Patterns) -> bool:
    """Whether every text that fits the inner patterns fits the outer ones, as far as that is easy to see."""
    if not outer:
        return True
    return bool(inner) and all(_is_covered(one, outer) for one in inner)


def _is_covered(pattern: str, outer: Patterns) -> bool:
    """A name, by asking; a pattern, only where it stands in the list too or everything fits."""
    if _WILD.isdisjoint(pattern):
        return Globs(outer).fit(pattern)
    return pattern in outer or "*" in outer


# -- exceptions ---------------------------------------------------------------------------------------------------


def _exceptions(budget: Budget, now_ms: int) -> Iterator[Advice]:
    earlier: list[Allowance] = []
    for number, exception in enumerate(budget.exceptions, start=1):
        if budget.is_expired(exception, now_ms):
            yield _expired(budget, number, exception)
            continue
        hiding = next((one for one in earlier if _are_inside(exception.subject, one.subject)), None)
        if hiding is not None:
            yield _hidden(budget, number, hiding)
        earlier.append(exception)


def _expired(budget: Budget, number: int, exception: Allowance) -> Advice:
    return Advice(
        budgets=(budget.name,),
        words=f"budget '{budget.name}': exception {number} ({exception.reason}) ended with {exception.until}: its "
        "subjects have the budget's own limit again; remove it, or give it a later day",
    )


def _hidden(budget: Budget, number: int, hiding: Allowance) -> Advice:
    first = budget.exceptions.index(hiding) + 1
    return Advice(
        budgets=(budget.name,),
        words=f"budget '{budget.name}': exception {number} is never asked, for exception {first} fits all of its "
        "subjects and stands before it; put it first, or remove it",
    )
