"""Why these tests exist: names of users and tables are other people's words, and SQL does what it is told."""

from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pytest
import sqlglot
from athena_on_duckdb import translated
from hypothesis import given, strategies
from sqlglot import exp

from athena_exporter.library.questions import BY_NAME, Backend
from athena_exporter.library.rendering import LARGEST_SQL, Kind, Parameter, RenderingError, filled, literals, names_in

HOSTILE = (
    "o'brien",
    "''",
    "' OR 1=1 --",
    "'; DROP TABLE x; --",
    ":to",
    "/* */",
    "a\\'b",
    "ü\n\t",
    "",
    '"',
    "--",
    "{x}",
)
DAYS = {"from": date(2026, 2, 10), "to": date(2026, 2, 12)}


def parameter(kind: Kind, default: Any = None) -> Parameter:
    return Parameter(name="it", kind=kind, description="what it is", default=default)


def told(literal: str) -> Any:
    """What a literal is when SQL reads it."""
    (row,) = duckdb.execute(translated(f"SELECT {literal} AS it")).fetchall()
    return row[0]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_stays_the_text_that_it_was(text: str) -> None:
    assert told(parameter(Kind.TEXT).literal(text)) == text
    assert told(parameter(Kind.TEXTS).literal(["a", text])) == ["a", text]


@given(strategies.text(strategies.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_no_text_is_more_than_one_literal(text: str) -> None:
    tree = sqlglot.parse_one(f"SELECT {parameter(Kind.TEXT).literal(text)}", read="athena")
    (only,) = tree.expressions
    assert isinstance(only, exp.Literal)
    assert only.this == text


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_leaves_a_question_what_it_is(text: str) -> None:
    plain = BY_NAME["cost_by_component"].rendered({**DAYS, "components": {"x": "y"}, "workgroups": ["x"]})
    sql = BY_NAME["cost_by_component"].rendered({**DAYS, "components": {text: text}, "workgroups": [text]})
    shapes = [[type(node) for node in sqlglot.parse_one(one, read="athena").walk()] for one in (plain, sql)]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize(
    ("kind", "value", "literal"),
    [
        (Kind.DAY, date(2026, 3, 1), "'2026-03-01'"),
        (Kind.INT, 0, "0"),
        (Kind.FLOAT, 0.3, "0.3e0"),
        (Kind.FLOAT, 3, "3.0e0"),
        (Kind.FLOAT, 1e-9, "1e-09"),
        (Kind.TEXTS, (), "CAST(ARRAY[] AS array(varchar))"),
        (Kind.PAIRS, {"a": "b", "c": "d"}, "VALUES ('a', 'b'), ('c', 'd')"),
    ],
)
def test_each_kind_has_its_literal(kind: Kind, value: Any, literal: str) -> None:
    assert parameter(kind).literal(value) == literal


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.DAY, "2026-03-01' OR '1'='1"),
        (Kind.DAY, datetime(2026, 3, 1, 12, tzinfo=UTC)),
        (Kind.INT, "1; DROP TABLE x"),
        (Kind.INT, -1),
        (Kind.INT, 2**63),
        (Kind.INT, True),
        (Kind.INT, 1.5),
        (Kind.FLOAT, float("nan")),
        (Kind.FLOAT, float("inf")),
        (Kind.FLOAT, -0.1),
        (Kind.FLOAT, "0.1"),
        (Kind.TEXT, 3),
        (Kind.TEXT, "a\0b"),
        (Kind.TEXT, "\ud800"),
        (Kind.TEXTS, "one text"),
        (Kind.TEXTS, [1]),
        (Kind.TEXTS, 7),
        (Kind.PAIRS, ["a=b"]),
        (Kind.PAIRS, {"a": 1}),
    ],
)
def test_what_is_of_another_kind_is_refused_by_name(kind: Kind, value: Any) -> None:
    with pytest.raises(RenderingError, match=r"^it: "):
        parameter(kind).literal(value)


@pytest.mark.parametrize(
    ("kind", "words", "value"),
    [
        (Kind.DAY, ["2026-03-01"], date(2026, 3, 1)),
        (Kind.INT, ["20"], 20),
        (Kind.FLOAT, ["0.25"], 0.25),
        (Kind.TEXT, ["a=b"], "a=b"),
        (Kind.TEXTS, ["a", "b"], ("a", "b")),
        (Kind.PAIRS, ["a=b", "c=d=e"], {"a": "b", "c": "d=e"}),
    ],
)
def test_people_write_values_as_words(kind: Kind, words: list[str], value: Any) -> None:
    assert parameter(kind).parsed(words) == value


@pytest.mark.parametrize(
    ("kind", "words", "mend"),
    [
        (Kind.DAY, ["yesterday"], "write it as 2026-03-10"),
        (Kind.INT, ["-1"], "no whole number from 0"),
        (Kind.INT, ["1", "2"], "given 2 times"),
        (Kind.FLOAT, ["much"], "no number"),
        (Kind.PAIRS, ["a"], "write it as name=meaning"),
        (Kind.PAIRS, ["=b"], "write it as name=meaning"),
    ],
)
def test_words_that_do_not_fit_say_how_to_mend_them(kind: Kind, words: list[str], mend: str) -> None:
    with pytest.raises(RenderingError, match=mend):
        parameter(kind).parsed(words)


def test_a_mark_within_a_string_a_name_or_a_comment_stays() -> None:
    text = """SELECT ':it', "a:it", x -- :it's\nFROM t WHERE a = :it"""
    assert filled(text, literals([parameter(Kind.TEXT)], {"it": "v"})) == text.removesuffix(":it") + "'v'"
    assert names_in(text) == ("it",)


@pytest.mark.parametrize(
    ("values", "mend"),
    [
        ({"form": date(2026, 1, 1)}, "form: there is no such parameter; there are from, to, accounts"),
        ({"from": date(2026, 1, 1)}, "to: it has no default, give it"),
        ({"from": date(2026, 1, 2), "to": date(2026, 1, 1)}, "2026-01-02 is after to, 2026-01-01; exchange them"),
        ({**DAYS, "limit": "all"}, "limit: 'all' is no int"),
    ],
)
@pytest.mark.parametrize("backend", list(Backend))
def test_a_wrong_call_is_told_what_to_mend(values: dict[str, Any], mend: str, backend: Backend) -> None:
    with pytest.raises(RenderingError, match=mend):
        BY_NAME["usage_by_user"].rendered(values, backend)


@pytest.mark.parametrize("backend", list(Backend))
def test_the_days_of_the_trail_follow_from_the_range_whatever_is_said(backend: Backend) -> None:
    with pytest.raises(RenderingError, match="trail_from: there is no such parameter"):
        BY_NAME["usage_by_user"].rendered({**DAYS, "trail_from": "2020/01/01"}, backend)


def test_a_required_value_is_asked_for() -> None:
    with pytest.raises(RenderingError, match="since: it has no default, give it"):
        BY_NAME["tables_not_read_since"].rendered(DAYS)


def test_sql_beyond_what_athena_takes_is_refused_here() -> None:
    names = [f"workgroup-{number}" for number in range(LARGEST_SQL // 10)]
    with pytest.raises(RenderingError, match="Athena takes 262,144: name less"):
        BY_NAME["usage_by_user"].rendered({**DAYS, "workgroups": names})
