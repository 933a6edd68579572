"""SQL as people may see it."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sql_corpus import STATEMENTS
from sqlglot import TokenType
from sqlglot.dialects.athena import Athena
from sqlglot.errors import TokenError

from athena_exporter.sources.redaction import LONGEST_TEXT, redact
from athena_exporter.sources.tables import LONGEST

_WORD = re.compile(r"\w+")


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ("SELECT * FROM people WHERE name = 'Jane' AND age > 42", "SELECT * FROM people WHERE name = ? AND age > ?"),
        ("-- Jane's\nSELECT /* 42 */ 1", "SELECT ?"),
        ("SELECT 1.5e-3, -7, .25, x'00', U&'a', DATE '2024-01-01'", "SELECT ?, -?, ?, ?, ?, DATE ?"),
        ("a IN (1, 2, 3) OR b IN ('x','y') OR f(1, 2)", "a IN (?) OR b IN (?) OR f(?, ?)"),
        ("INSERT INTO t VALUES (1, 'a'), (2, 'b')", "INSERT INTO t VALUES (?, ?)"),
        ('SELECT t1.c2, "Total", x-5 FROM db.t_2024', 'SELECT t1.c2, "Total", x-? FROM db.t_2024'),
        ("SELECT a\n\n\n    FROM   t\t;\n", "SELECT a\nFROM t"),
        ('SELECT * FROM t WHERE mail = "jane@example.org"', 'SELECT * FROM t WHERE mail = "?"'),
        ("SELECT 'open and secret", "SELECT ?"),
        ('SELECT "open and secret', "SELECT ?"),
        ("SELECT /* open and secret", "SELECT"),
        ("ALTER TABLE t SET TBLPROPERTIES ('a'='it\\'s secret', \"b\"=\"secret\")",
         "ALTER TABLE t SET TBLPROPERTIES (?=?, ?=?)"),
        ("SELECT '\\' FROM t WHERE a = ' secret'", "SELECT ? FROM t WHERE a = ?"),
        ("CREATE TABLE n WITH (a = 'x') AS SELECT '\\' FROM t WHERE a = ' secret'",
         "CREATE TABLE n WITH (a = ?) AS SELECT ? FROM t WHERE a = ?"),
        ("UNLOAD (SELECT a FROM t WHERE b = 'c') TO 's3://bucket/'", "UNLOAD (SELECT a FROM t WHERE b = ?) TO ?"),
        ("EXECUTE by_id USING 12, 'Jane'", "EXECUTE by_id USING ?, ?"),
        ("SELECT json_extract(a, '$.card'), date_trunc('month', b) FROM t",
         "SELECT json_extract(a, ?), date_trunc(?, b) FROM t"),
    ],
)  # fmt: skip  # one case a row
def test_literals_and_comments_are_gone(sql: str, shown: str) -> None:
    assert redact(sql) == shown


LITERALS = {TokenType.STRING, TokenType.NUMBER, TokenType.HEX_STRING, TokenType.UNICODE_STRING}
# The other lexer takes the rest of these statements for one string.
COMMANDS = re.compile(
    r"(\s|--.*\n)*(SHOW|DESC|UNLOAD|EXPLAIN|EXECUTE|DEALLOCATE|CALL|OPTIMIZE|VACUUM|PREPARE|MSCK)", re.IGNORECASE
)


def names(sql: str) -> set[str] | None:
    """The words of a statement that are no literals, as another lexer of Athena's knows them; None if it knows not."""
    try:
        tokens = Athena().tokenizer().tokenize(sql)
    except TokenError:
        return None
    return {word for token in tokens if token.token_type not in LITERALS for word in _WORD.findall(token.text)}


@pytest.mark.parametrize("sql", [sql for sql in STATEMENTS if not COMMANDS.match(sql) and names(sql) is not None])
def test_only_names_and_keywords_of_the_corpus_survive(sql: str) -> None:
    assert {word.lower() for word in _WORD.findall(redact(sql))} <= {word.lower() for word in names(sql) or ()}


SECRETS = st.text(st.sampled_from('xyz -/*"`?;\n(),.\\'), min_size=1, max_size=12).map(lambda text: f"Sesame{text}")
PIECES = st.one_of(
    SECRETS.map(lambda text: "'" + text.replace("'", "''") + "'"),
    st.sampled_from(["SELECT a", " FROM t ", "(", ")", ", ", " IN (", "\n", " = ", " AND ", "VALUES "]),
    SECRETS.map(lambda text: "/*" + text.replace("*/", "") + "*/"),
    SECRETS.map(lambda text: "--" + text.replace("\n", "") + "\n"),
    st.integers(770_000, 779_999).map(str),
)


@pytest.mark.no_cover
@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(PIECES, max_size=12))
def test_no_string_number_or_comment_survives(pieces: list[str]) -> None:
    shown = redact(" ".join(["SELECT 1 ", *pieces]))
    assert "Sesame" not in shown
    assert re.search(r"77\d{4}", shown) is None


@settings(max_examples=100, deadline=None)
@given(secret=SECRETS.filter(lambda text: not text.endswith("\\")), quote=st.sampled_from("'\""))
def test_no_property_of_a_table_survives(secret: str, quote: str) -> None:
    text = secret.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    assert "Sesame" not in redact(
        f"ALTER TABLE t SET TBLPROPERTIES ({quote}k{quote} = {quote}{text}{quote}, 'b' = '1')"
    )


def test_a_long_text_says_where_it_was_cut() -> None:
    shown = redact("SELECT " + "größe, " * 5000 + "a FROM t")
    assert len(shown.encode()) < LONGEST_TEXT + 50
    assert shown.endswith(" (cut here: 45015 bytes in all)")
    assert redact("x" * (LONGEST + 1)) == f"(a statement of {LONGEST + 1} characters)"


def test_half_a_surrogate_pair_can_still_be_sent() -> None:
    redact("SELECT a\ud800b FROM t").encode()
