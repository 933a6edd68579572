"""What kind of statement a skeleton is, and the names in it: queries go to the parser, the rest has a fixed form.

Stage: skeleton -> **statements** -> trees.py, or the names at once. DDL in Athena is Hive's, and utility statements
are Athena's own; neither nests, so a pattern a statement reads them more surely than a parser made for another
dialect.
https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from athena_exporter.records import Mode
from athena_exporter.sources.tables.trees import UnparsedError, Use, parsed

_IDENTIFIER = r'(?:"(?:[^"]++|"")++"|`[^`]++`|[\w@$-]++)'
_NAME = rf"(?P<name>{_IDENTIFIER}(?:\s*+\.\s*+{_IDENTIFIER}){{0,2}})"
_PART = re.compile(_IDENTIFIER)
_FIRST_WORD = re.compile(r"\w++|\(")
_QUERY_START = r"[\s(]*+(?:select|with|values|table)\b"
_AS_QUERY = re.compile(rf"\bas\b(?={_QUERY_START})", re.IGNORECASE)
_DATA_OR_NOT = re.compile(r"\bwith\s++(?:no\s++)?data\s*+\Z", re.IGNORECASE)
_FUNCTION = r"(?:external\s++)?function\b[^']{0,2000}+'\$'"
_FUNCTIONS = re.compile(rf"\busing\s++{_FUNCTION}(?:\s*+,\s*+{_FUNCTION})*+", re.IGNORECASE)
_BRACKET = re.compile(r'"(?:[^"]++|"")*+"|([()])')

_Reader: TypeAlias = Callable[[str], Collection[Use]]


def uses(skeleton: str) -> Collection[Use]:
    """The tables that a statement names, as it names them.

    Args:
        skeleton: the statement as `sources.skeleton.skeleton` leaves it.

    Raises:
        UnparsedError: the statement cannot be read.
    """
    return _uses(_FUNCTIONS.sub(" ", skeleton).strip() if "'" in skeleton else skeleton)


def _uses(text: str) -> Collection[Use]:
    found = _FIRST_WORD.match(text)
    reader = _READERS.get(found.group().lower()) if found else None
    if reader is None:
        raise UnparsedError("unsupported" if found else "syntax")
    return reader(text)


def _pattern(form: str) -> re.Pattern[str]:
    """A form with blanks between its words; `NAME` is where the table's name stands."""
    gaps = re.sub(r" ", r"\\s++", form)
    return re.compile(gaps.replace("NAME", _NAME), re.IGNORECASE)


def _forms(*forms: tuple[str, Mode | None]) -> _Reader:
    """A reader that knows some forms; the first that fits tells the mode, None that it names no table."""
    patterns = [(_pattern(form), mode) for form, mode in forms]

    def read(text: str) -> Collection[Use]:
        for pattern, mode in patterns:
            if found := pattern.match(text):
                return () if mode is None else (Use(parts=_parts(found["name"]), mode=mode),)
        raise UnparsedError("syntax")

    return read


def _parts(name: str) -> tuple[str, ...]:
    return tuple(_bare(part) for part in _PART.findall(name))


def _bare(part: str) -> str:
    if part[0] in '"`':
        return part[1:-1].replace('""', '"')
    return part


def _looked_up(found: Collection[Use]) -> Collection[Use]:
    return [replace(use, mode=Mode.METADATA) for use in found]


def _create(text: str) -> Collection[Use]:
    if _CREATE_VIEW.match(text):
        return _create_view(text)
    target, query = _create_other(text), _AS_QUERY.search(text)
    if not target or query is None:
        return target
    # Everything before the query is the target and its properties, whose forms are no business of ours.
    return [*(replace(use, mode=Mode.WRITE) for use in target), *parsed(_DATA_OR_NOT.sub("", text[query.end() :]))]


def _create_view(text: str) -> Collection[Use]:
    query = _AS_QUERY.search(text)
    if query is None:
        raise UnparsedError("syntax")
    return [*_view_name(text), *_looked_up(parsed(text[query.end() :]))]


def _show_columns(text: str) -> Collection[Use]:
    """SHOW COLUMNS may name the database behind the table."""
    found = _SHOW_COLUMNS.match(text)
    if found is None:
        return _show_other(text)
    database = (_bare(found["database"]),) if found["database"] else ()
    return (Use(parts=(*database, *_parts(found["name"]))[-3:], mode=Mode.METADATA),)


def _explain(text: str) -> Collection[Use]:
    found = _EXPLAIN.match(text)
    if found is None:
        raise UnparsedError("syntax")
    inner = _uses(text[found.end() :])
    return inner if found["analyze"] else _looked_up(inner)


def _prepare(text: str) -> Collection[Use]:
    found = _PREPARE.match(text)
    if found is None:
        raise UnparsedError("syntax")
    return _looked_up(_uses(text[found.end() :]))


def _execute(_: str) -> Collection[Use]:
    raise UnparsedError("prepared")


def _unload(text: str) -> Collection[Use]:
    found = _UNLOAD.match(text)
    if found is None:
        raise UnparsedError("syntax")
    return parsed(text[found.end() : _closing(text, found.end())])


def _closing(text: str, start: int) -> int:
    """Where the bracket closes that was opened before `start`."""
    depth = 1
    for bracket in _brackets(text, start):
        depth += 1 if bracket.group() == "(" else -1
        if depth == 0:
            return bracket.start()
    raise UnparsedError("syntax")


def _brackets(text: str, start: int) -> Iterator[re.Match[str]]:
    return (found for found in _BRACKET.finditer(text, start) if found.group(1))


_CREATE_VIEW = _pattern(r"create (?:or replace )?(?:protected )?(?:multi dialect )?view\b")
_SHOW_COLUMNS = _pattern(rf"show columns (?:from|in) NAME(?: (?:from|in) (?P<database>{_IDENTIFIER}))?")
_EXPLAIN = _pattern(r"explain\b(?P<analyze> analyze\b)?+(?: verbose\b)?+(?:\s*+\(\s*+(?:type|format)\b[^()]*+\))?+\s*+")
_PREPARE = _pattern(rf"prepare {_IDENTIFIER} from\b\s*+")
_UNLOAD = _pattern(r"unload\b\s*+\(")
_view_name = _forms(
    (r"create (?:or replace )?(?:protected )?(?:multi dialect )?view (?:if not exists )?NAME", Mode.DDL),
)
_create_other = _forms(
    (r"create (?:database|schema)\b", None),
    (r"create (?:external )?table (?:if not exists )?NAME", Mode.DDL),
)
_show_other = _forms(
    (r"show (?:tables|views|databases|schemas|catalogs|functions|session)\b", None),
    (r"show create (?:database|schema)\b", None),
    (r"show create (?:table|view) NAME", Mode.METADATA),
    (r"show (?:partitions|tblproperties|stats for) NAME", Mode.METADATA),
)
_describe = _forms(
    (r"desc(?:ribe)? (?:input|output|database|schema) ", None),
    (r"desc(?:ribe)? (?:(?:extended|formatted) )?(?:(?:table|view) )?(?:(?:extended|formatted) )?NAME", Mode.METADATA),
)
_READERS: Mapping[str, _Reader] = {
    **dict.fromkeys(("select", "with", "values", "table", "(", "insert", "merge", "update", "delete"), parsed),
    "create": _create,
    "drop": _forms(
        (r"drop (?:database|schema)\b", None),
        (r"drop (?:table|view) (?:if exists )?NAME", Mode.DDL),
    ),
    "alter": _forms(
        (r"alter (?:database|schema)\b", None),
        (r"alter (?:table|view) (?:if exists )?NAME", Mode.DDL),
    ),
    "msck": _forms((r"msck repair table NAME", Mode.DDL)),
    "truncate": _forms((r"truncate table NAME", Mode.DDL)),
    "optimize": _forms((r"optimize NAME", Mode.WRITE)),
    "vacuum": _forms((r"vacuum NAME", Mode.WRITE)),
    "analyze": _forms((r"analyze (?:table )?NAME", Mode.READ)),
    "describe": _describe,
    "desc": _describe,
    "show": _show_columns,
    "explain": _explain,
    "prepare": _prepare,
    "execute": _execute,
    "deallocate": _forms((r"deallocate prepare\b", None)),
    "unload": _unload,
}

__all__ = ["UnparsedError", "Use", "uses"]
