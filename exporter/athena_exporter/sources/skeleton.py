"""SQL without its literals and comments: one pass of one regular expression, from left to right.

Stage: SQL -> **skeleton** -> tables/, redaction.py. Two statements of one skeleton name the same tables, so the
skeleton is what is parsed and what is remembered. Athena's queries follow Trino's lexical rules: no escape but the
doubled quote, comments that don't nest.
https://github.com/trinodb/trino/blob/master/core/trino-grammar/src/main/antlr4/io/trino/grammar/sql/SqlBase.g4
"""

import re
from collections.abc import Iterator

TEXT = "'$'"
"""Stands for every string: it is a path of JSON, too, which the parser would read into a string in its place."""
NUMBER = "1"
"""Stands for every number."""

# Possessive throughout: a quarter of a megabyte of quotes and dashes must not make it search back and forth.
COMMENT = r"--[^\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/"
"""A comment: to the end of its line, or to the first end mark."""
STRING = r"'(?:[^']++|'')*+'"
QUOTED = r'"(?:[^"]++|"")*+"|`[^`]*+`'
"""A quoted name: part of what a statement names, and never left out."""
# A digit in or beside a name belongs to the name, also in those that forgot their quotes (`my-2-catalog.db.t`).
# (The look behind follows the first sign, so that the search can skip to the few signs that begin a match.)
_NAMED = r"[\w.$\"`-]"
_FREE = rf"(?<!{_NAMED}[-.0-9])"
NUMERAL = (
    rf"(?:-{_FREE}(?:[0-9]++(?:\.[0-9]++)?+|\.[0-9]++)|\.{_FREE}[0-9]++|[0-9]{_FREE}[0-9]*+(?:\.[0-9]++)?+)"
    rf"(?:[eE][+-]?[0-9]++)?+(?!{_NAMED})"
)
_TOKEN = re.compile(rf"{STRING}|{QUOTED}|{COMMENT}|{NUMERAL}")
_COMMENT_OR_QUOTED = re.compile(rf"{STRING}|{QUOTED}|({COMMENT})")
_HEXADECIMAL = re.compile(r"\b[xX]'\$'")
_LITERAL = r"(?:'\$'|-?1)"
_LIST = re.compile(rf"([iI][nN](?<!\w..)\s*+\(\s*+){_LITERAL}(?:\s*+,\s*+{_LITERAL})++(?=\s*+\))")
_ROW = rf"\(\s*+{_LITERAL}(?:\s*+,\s*+{_LITERAL})*+\s*+\)"
_ROWS = re.compile(rf"([vV][aA][lL][uU][eE][sS](?<!\w.{{6}})\s*+)({_ROW})(?:\s*+,\s*+{_ROW})++")


def skeleton(sql: str) -> str:
    """The statement with `TEXT` for each string, `NUMBER` for each number, a blank for each comment.

    Lists of literals behind IN and rows of literals behind VALUES shrink to their first; the semicolon at the end goes.
    Linear in time, whatever the text holds.
    """
    bare = _TOKEN.sub(_shorten, sql)
    if "x'" in bare or "X'" in bare:
        bare = _HEXADECIMAL.sub(TEXT, bare)
    if "1," in bare or "'," in bare:
        bare = _ROWS.sub(r"\1\2", _LIST.sub(rf"\g<1>{NUMBER}", bare))
    return bare.strip("; \t\r\n\f\v")


def comments(sql: str) -> Iterator[str]:
    """What the statement's comments say, without their marks; what looks like one inside a string is none."""
    for found in _COMMENT_OR_QUOTED.finditer(sql):
        if text := found.group(1):
            yield text[2:] if text.startswith("--") else text[2:-2]


def _shorten(found: re.Match[str]) -> str:
    text = found.group()
    match text[0]:
        case "'":
            return TEXT
        case '"' | "`":
            return text
        case "/":
            return " "
        case "-":
            return " " if text.startswith("--") else f"-{NUMBER}"
        case _:
            return NUMBER
