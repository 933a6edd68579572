"""SQL as people may see it: every literal is a question mark, every comment is gone, lists are one mark long.

Stage: SQL -> **redaction** -> sql.py. It works on the text and not on a syntax tree: a parser makes other things of
literals (`'day'` a unit, `'$.card'` a path), which a replacement of literals would pass over. Nothing is ever taken
over because it could not be understood: what follows an open quotation mark is left out to the end.
"""

import re

from athena_exporter.sources.skeleton import COMMENT, QUOTED
from athena_exporter.sources.tables import LONGEST

LONGEST_TEXT = 8192
"""Bytes (UTF-8) of a redacted text that are kept."""

_MARK = "?"
# Whoever takes one quotation mark for the other writes `"jane@example.org"` and means a value.
_PLAIN_NAME = re.compile(r"[\"`][\w$./-]{1,128}[\"`]")
# A number stands alone, or after a sign; digits in a name belong to the name.
_NUMBER = r"(?<![\w$])[0-9][\w.]*+(?:(?<=[eE])[+-][0-9]++)?+|(?<![\w$])\.[0-9][\w.]*+(?:(?<=[eE])[+-][0-9]++)?+"
_TAIL = r"/\*.*+|['\"`].*+"
_QUERY = re.compile(
    rf"(?P<comment>{COMMENT})|(?P<name>{QUOTED})|(?:\b[xXbBnN]|\b[uU]&)?'(?:[^']++|'')*+'|{_NUMBER}|{_TAIL}", re.DOTALL
)
# Hive's rules: both quotation marks hold strings, a backslash escapes.
_DDL = re.compile(
    rf"(?P<comment>{COMMENT})|(?P<name>`[^`]*+`)|'(?:[^'\\]++|\\.|'')*+'|\"(?:[^\"\\]++|\\.|\"\")*+\"|{_NUMBER}|{_TAIL}",
    re.DOTALL,
)
_FIRST_WORDS = re.compile(r"\s*+(?P<first>\w++)(?:\s++(?P<second>\w++))?")
_OF_HIVE = frozenset({"alter", "create", "drop", "show", "msck", "describe", "desc"})
_AS_QUERY = re.compile(r"\bas[\s(]*+(?:select|with|values|table)\b", re.IGNORECASE)
_LIST = re.compile(r"([iI][nN](?<!\w..)\s*+\(\s*+)-?\?(?:\s*+,\s*+-?\?)++(?=\s*+\))")
_ROW = r"\(\s*+-?\?(?:\s*+,\s*+-?\?)*+\s*+\)"
_ROWS = re.compile(rf"([vV][aA][lL][uU][eE][sS](?<!\w.{{6}})\s*+{_ROW})(?:\s*+,\s*+{_ROW})++")
_BLANKS = re.compile(r"[ \t\r\f\v]*+\n\s*+|[ \t\r\f\v]++")


def redact(sql: str) -> str:
    """The statement without its literals and comments, at most `LONGEST_TEXT` bytes and a word about the cut.

    Never raises; linear in time. Names stay; of the quoted ones those that look like a name.
    """
    if len(sql) > LONGEST:
        return f"(a statement of {len(sql)} characters)"
    text = _without_literals(sql)
    if "," in text:
        text = _ROWS.sub(r"\1", _LIST.sub(rf"\1{_MARK}", text))
    return cut(_BLANKS.sub(lambda found: "\n" if "\n" in found.group() else " ", text).strip("; \n"))


def cut(text: str) -> str:
    """The text as UTF-8 can hold it, and no longer than `LONGEST_TEXT`; it says where it was cut."""
    whole = text.encode(errors="replace")
    if len(whole) <= LONGEST_TEXT:
        return whole.decode()
    kept = whole[:LONGEST_TEXT].decode(errors="ignore")
    return f"{kept} (cut here: {len(whole)} bytes in all)"


def printable(text: str) -> str:
    """The text as UTF-8 can hold it: JSON may carry half a surrogate pair."""
    return text.encode(errors="replace").decode()


def _without_literals(sql: str) -> str:
    text = _QUERY.sub(_replace, sql)
    # Whether Hive's rules hold can only be told without comments and literals in the way.
    return _DDL.sub(_replace, sql) if _is_of_hive(text) else text


def _is_of_hive(text: str) -> bool:
    words = _FIRST_WORDS.match(text)
    if words is None or words["first"].lower() not in _OF_HIVE:
        return False
    return _AS_QUERY.search(text) is None and (words["second"] or "").lower() != "view"


def _replace(found: re.Match[str]) -> str:
    text = found.group()
    if found.lastgroup == "name":
        return text if _PLAIN_NAME.fullmatch(text) else f"{text[0]}{_MARK}{text[0]}"
    is_comment = found.lastgroup == "comment" or text.startswith("/*")
    return " " if is_comment else _MARK
