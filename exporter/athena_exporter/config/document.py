"""A YAML file as plain values, with the line of every key.

Stage: **file -> document** -> model. Stricter than YAML where YAML surprises: a key may not stand twice,
references (`*name`) and tags (`!name`) are refused, and only decimal numbers are numbers: `1:30` and `010` are texts.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

Location: TypeAlias = tuple[str | int, ...]
"""Where a value stands: `("targets", 0, "region")`; the empty one is the whole file."""

_TAG = "tag:yaml.org,2002:"
_LONGEST = 1000
"""Characters of a message."""
_UNUSABLE = re.compile("[\0\ud800-\udfff]")
"""YAML can write them as escapes; no path, no address and no name may hold them."""
_TRUE = frozenset({"yes", "true", "on"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong; `line` counts from 1."""

    line: int
    location: Location
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What stood in the file. `content` is None if nothing did."""

    content: object = None
    lines: Mapping[Location, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def line(self, location: Location) -> int:
        """The line of this key, or of the section that should hold it. Nothing is located in an empty file."""
        places = (location[:length] for length in range(len(location), -1, -1))
        return next(self.lines[place] for place in places if place in self.lines)


def parse(text: str) -> Document:
    """Read one YAML document. What YAML itself refuses is a problem with line and column, not an exception."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        return Document(problems=(_syntax_problem(error),))
    except yaml.YAMLError as error:
        return Document(problems=(Problem(line=1, location=(), words=f"not YAML: {_one_line(str(error))}"),))
    except RecursionError:
        return Document(problems=(Problem(line=1, location=(), words="not readable: nested too deeply"),))
    if root is None:
        return Document()
    reader = _Reader()
    content = reader.value(root, ())
    return Document(content=content, lines=reader.lines, problems=tuple(reader.problems))


def one_line(text: str) -> str:
    """A sentence that holds what stood in a file, for a log or a terminal: nothing that either obeys, and an end.

    Of a long one the middle goes: at its beginning is the place, at its end the mend.
    """
    shown = text if text.isprintable() else "".join(s if s.isprintable() else repr(s)[1:-1] for s in text)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST // 2]} ... {shown[-_LONGEST // 2 :]}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _syntax_problem(error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    reasons = ", ".join(filter(None, (error.context, error.problem)))
    return Problem(line=line, location=(), words=f"not YAML: column {column}: {_one_line(reasons)}")


class _Reader:
    """Walks the nodes once, and notes the lines and what it refuses on the way."""

    def __init__(self) -> None:
        self.lines: dict[Location, int] = {}
        self.problems: list[Problem] = []
        self._seen: set[int] = set()

    def value(self, node: yaml.Node, location: Location) -> object:
        self.lines.setdefault(location, node.start_mark.line + 1)
        if id(node) in self._seen:
            self._refuse(node, location, "a reference (*name) is not supported; write the value out")
            return None
        self._seen.add(id(node))
        if not node.tag.startswith(_TAG) or "/" in node.tag.removeprefix(_TAG):
            self._refuse(node, location, "a tag (!name) is not supported; write the plain value")
        if isinstance(node, yaml.ScalarNode) and _UNUSABLE.search(node.value):
            self._refuse(node, location, "a text with a NUL or half a surrogate pair, which nothing can use")
            return None
        if isinstance(node, yaml.MappingNode):
            return dict(self._items(node, location))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*location, index)) for index, child in enumerate(node.value)]
        return _scalar(node)

    def _items(self, node: yaml.MappingNode, location: Location) -> Iterator[tuple[str, object]]:
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse(key_node, location, "a key must be a word")
                continue
            if _UNUSABLE.search(key_node.value):
                self._refuse(key_node, location, "a key with a NUL or half a surrogate pair, which nothing can use")
                continue
            here = (*location, key_node.value)
            if here in self.lines:
                self._refuse(key_node, here, f"stands twice, first on line {self.lines[here]}")
                continue
            self.lines[here] = key_node.start_mark.line + 1
            yield key_node.value, self.value(value_node, here)

    def _refuse(self, node: yaml.Node, location: Location, words: str) -> None:
        self.problems.append(Problem(line=node.start_mark.line + 1, location=location, words=words))


def _scalar(node: yaml.Node) -> object:
    text = str(node.value)
    match node.tag.removeprefix(_TAG):
        case "null":
            return None
        case "bool":
            return text.lower() in _TRUE
        case "int":
            return _decimal_number(text)
        case "float":
            with contextlib.suppress(ValueError):
                return float(text)
    return text


def _decimal_number(text: str) -> int | str:
    digits = text.lstrip("+-")
    usual = digits.isdecimal() and (digits == "0" or not digits.startswith("0"))
    try:
        return int(text) if usual else text
    except ValueError:  # Python refuses to read a number of thousands of digits
        return text
