"""Pydantic's errors in our words: what is wrong, what is wanted, what was probably meant.

Stage: document -> model -> **problems** -> ConfigError. One `Problem` each, all of them together.
"""

import difflib
import itertools
from collections.abc import Iterator
from typing import TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from athena_exporter.config.document import Document, Location, Problem
from athena_exporter.config.kinds import found_words
from athena_exporter.config.model import Config, dotted
from athena_exporter.config.section import Conflict, Section

_Root = TypeVar("_Root", bound=Section)


def problems_of(document: Document) -> tuple[Config | None, tuple[Problem, ...]]:
    """The configuration, or every problem of its keys, of its values and of the relations between them."""
    return checked(document, Config)


def checked(document: Document, root: type[_Root]) -> tuple[_Root | None, tuple[Problem, ...]]:
    """The document as a `root`, or every problem of it: for files that have a shape of their own."""
    try:
        return root.model_validate(document.content), document.problems
    except ValidationError as error:
        details = [detail for detail in error.errors() if detail["type"] != "conflicts"]
        conflicts = _conflicts(error) if not details else _conflicts_beside(document, details, root)
    wrong = [Problem(line=document.line(d["loc"]), location=d["loc"], words=_words(d, root)) for d in details]
    contradicting = [_contradiction(document, conflict) for conflict in conflicts]
    return None, tuple(sorted((*document.problems, *wrong, *contradicting), key=lambda problem: problem.line))


def _conflicts(error: ValidationError) -> list[Conflict]:
    return [
        found
        for detail in error.errors()
        if "conflicts" in detail.get("ctx", {})
        for found in detail["ctx"]["conflicts"]
    ]


def _conflicts_beside(document: Document, details: list[ErrorDetails], root: type[Section]) -> list[Conflict]:
    """Conflicts between keys that are right by themselves, found by leaving the wrong ones out."""
    broken = [_key(detail["loc"]) for detail in details]
    rest = document.content
    for location in broken:
        rest = _without(rest, location)
    try:
        root.model_validate(rest)
    except ValidationError as error:
        return [
            conflict
            for conflict in _conflicts(error)
            if not any(place[: len(wrong)] == wrong for place in conflict.locations for wrong in broken)
        ]
    return []


def _key(location: Location) -> Location:
    """The key that holds this value, for a list is left out as a whole."""
    return tuple(itertools.takewhile(lambda part: isinstance(part, str), location))


def _without(content: object, location: Location) -> object:
    if not location or not isinstance(content, dict):
        return {}
    head, *rest = location
    kept = {key: value for key, value in content.items() if key != head}
    return kept | {head: _without(content[head], tuple(rest))} if rest and head in content else kept


def _contradiction(document: Document, conflict: Conflict) -> Problem:
    """Located at the first of its keys that was written down; the others have their defaults."""
    written = [location for location in conflict.locations if location in document.lines]
    line = document.line(written[0] if written else ())
    return Problem(line=line, location=conflict.locations[0], words=conflict.words)


def _words(detail: ErrorDetails, root: type[Section]) -> str:
    match detail["type"]:
        case "extra_forbidden":
            return f"unknown key; {_suggestion(detail['loc'], root)}"
        case "unwanted":
            return detail["msg"]
        case "missing":
            return (
                f"is missing: {section_at(detail['loc'][:-1], root).model_fields[str(detail['loc'][-1])].description}"
            )
        case "model_type":
            keys = ", ".join(section_at(detail["loc"], root).model_fields)
            return f"found {found_words(detail['input'])}, wanted a section with the keys {keys}"
        case "dict_type":
            return f"found {found_words(detail['input'])}, wanted a section with a line for each name"
        case _:
            return f"found {found_words(detail['input'])}, wanted a list, each item on a line that starts with '- '"


def _suggestion(location: Location, root: type[Section]) -> str:
    """The nearest right key here, else the place of a key of that name elsewhere, else all that is known here."""
    *parents, name = location
    here = list(section_at(tuple(parents), root).model_fields)
    nearest = difflib.get_close_matches(str(name), here, n=1)
    if nearest:
        return f"did you mean '{nearest[0]}'?"
    elsewhere = [dotted(place) for place in _places(root) if place[-1] == name]
    if elsewhere:
        return f"did you mean '{elsewhere[0]}'?"
    return f"known here: {', '.join(here)}"


def section_at(location: Location, root: type[Section] = Config) -> type[Section]:
    """The class of the section that stands at this location (list positions are passed over)."""
    section = root
    for name in location:
        if isinstance(name, str):
            section = section_of(section, name) or section
    return section


def section_of(section: type[Section], name: str) -> type[Section] | None:
    """The class of the section, or of the sections in a list or by name, that this key holds; None for a plain value.

    None, too, for a name that somebody chose.
    """
    field = section.model_fields.get(name)
    if field is None:
        return None
    candidates = (field.annotation, *get_args(field.annotation))
    return next((kind for kind in candidates if isinstance(kind, type) and issubclass(kind, Section)), None)


def _places(section: type[Section], start: Location = ()) -> Iterator[Location]:
    for name in section.model_fields:
        yield (*start, name)
        inner = section_of(section, name)
        if inner is not None:
            yield from _places(inner, (*start, name))
