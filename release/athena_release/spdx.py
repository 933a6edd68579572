"""Whether a licence may be shipped: SPDX expressions, judged by a list of what is allowed."""

import re
from collections.abc import Collection, Iterator

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

_WORD = re.compile(r"[()]|[^\s()]+(?: WITH [^\s()]+)?")


def expression(text: str) -> str | None:
    """A text as the SPDX expression that it is, None where it is none.

    The grammar and the names are those of SPDX's list of licences, which `packaging` carries.
    """
    try:
        return str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        return None


def refused(licence: str, allowed: Collection[str]) -> frozenset[str]:
    """The licences of an expression that stand in the way: empty if it may be shipped.

    Of `A OR B` one is enough, of `A AND B` both are needed, AND binding closer; `A WITH B` is a licence of its own.
    """
    return _either(iter(_WORD.findall(licence)), allowed)


def _either(words: Iterator[str], allowed: Collection[str]) -> frozenset[str]:
    """Up to the closing bracket or the end: what stands in the way of each part between OR."""
    parts: list[frozenset[str]] = [frozenset()]
    for word in words:
        match word:
            case ")":
                break
            case "(":
                parts[-1] |= _either(words, allowed)
            case "OR":
                parts.append(frozenset())
            case "AND":
                continue
            case _:
                parts[-1] |= frozenset({word}) - frozenset(allowed)
    return frozenset().union(*parts) if all(parts) else frozenset()
