"""Whether a metric is what a search looks for: exact texts, and tokens of names.

The user guide splits names at every change of letter case, at digits and at all that is neither letter nor digit. One
token matches whatever its case. Several in a row match in the case they are written in, but for words that are
written apart (`network/errors` finds `Network-Errors-2` in its own example).
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from athena_testbed.cloudwatch.search.parser import Condition, Either, Every, Not, Search, Term
from athena_testbed.cloudwatch.series import Named

ACCOUNT = ":aws.AccountId"
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_]+")
_DELIMITER = re.compile(r"[\W_]+")


@lru_cache(maxsize=4096)
def parts(text: str) -> tuple[str, ...]:
    """The tokens of a name in its own case: CustomCount1 -> Custom, Count, 1."""
    return tuple(_PART.findall(text))


def is_partial(wanted: str, name: str) -> bool:
    """Whether a name holds the words of a search term."""
    if _whole(wanted) == _whole(name):
        return bool(_whole(wanted))
    words, found = parts(wanted), parts(name)
    if len(words) <= 1 or _DELIMITER.search(wanted):
        words, found = _lower(words), _lower(found)
    return bool(words) and any(found[place : place + len(words)] == words for place in range(len(found)))


def _whole(text: str) -> str:
    """A name as one token."""
    return _DELIMITER.sub("", text).lower()


def _lower(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.lower() for word in words)


class Matcher:
    """Decides for one search. `account` is the only account there is."""

    def __init__(self, search: Search, account: str) -> None:
        self._search = search
        self._account = account

    def finds(self, series: Named) -> bool:
        """Whether the search finds a series."""
        schema = self._search.schema
        if schema is not None:
            names = {name for name, _ in series.dimensions}
            if schema.namespace != series.namespace or (schema.dimensions and schema.dimensions != names):
                return False
        return self._search.condition is None or self._holds(self._search.condition, series)

    def _holds(self, condition: Condition, series: Named) -> bool:
        match condition:
            case Not(inner):
                return not self._holds(inner, series)
            case Every(conditions):
                return all(self._holds(one, series) for one in conditions)
            case Either(conditions):
                return any(self._holds(one, series) for one in conditions)
            case Term(text, is_exact, field):
                if field == ACCOUNT:
                    return text in {self._account, "LOCAL", "'LOCAL'"}
                places = _places(series, field)
                return any(place == text if is_exact else is_partial(text, place) for place in places)


def _places(series: Named, field: str | None) -> Iterator[str]:
    """Where a term may stand: everywhere, or in the property of this name."""
    if field in {None, "Namespace"}:
        yield series.namespace
    if field in {None, "MetricName"}:
        yield series.metric
    for name, value in series.dimensions:
        if field is None:
            yield name
        if field in {None, name}:
            yield value
