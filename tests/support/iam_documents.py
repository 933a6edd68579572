"""Statements of IAM policies, as rendered by terraform or printed by the exporter, in one comparable form."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Document: TypeAlias = Mapping[str, Any]


def listed(found: Any) -> list[str]:
    """IAM writes a list of one as a word."""
    return [] if found is None else [found] if isinstance(found, str) else list(found)


def statements(document: Document) -> Iterator[dict[str, Any]]:
    """Each statement with its actions and resources as lists."""
    for one in document["Statement"]:
        yield {**one, "Action": listed(one["Action"]), "Resource": listed(one.get("Resource"))}


def conditions(statement: Mapping[str, Any]) -> set[tuple[str, str, tuple[str, ...]]]:
    """Each condition as test, key, values."""
    return {
        (test, key, tuple(sorted(listed(values))))
        for test, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    }


def granted(document: Document) -> dict[str, tuple[str, set[str], set[str], set[tuple[str, str, tuple[str, ...]]]]]:
    """Sid -> effect, actions, resources, conditions: what the order of lists doesn't change."""
    return {
        one["Sid"]: (one["Effect"], set(one["Action"]), set(one["Resource"]), conditions(one))
        for one in statements(document)
    }


def principals(statement: Mapping[str, Any]) -> set[str]:
    """Whom the statement of a resource's policy speaks of; none in an identity's."""
    return {name for names in statement.get("Principal", {}).values() for name in listed(names)}
