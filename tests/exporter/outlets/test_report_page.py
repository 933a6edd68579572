"""The page of a report: whole by itself, readable by everybody, and harmless whoever chose the names in it."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from athena_exporter.library.questions import BY_NAME as QUESTIONS
from athena_exporter.outlets.report import BY_NAME, Table, build, build_answer
from athena_exporter.outlets.report.answers import cell_of, heading_of
from athena_exporter.outlets.report.charts import COLOURS, svg
from athena_exporter.outlets.report.figures import MOST_BARS, MOST_SERIES, Figure, figure_of
from athena_exporter.outlets.report.page import Head, to_html
from athena_exporter.records import State, UsageRow

USD = 1_000_000_000


def usage(user: str, workgroup: str, database: str, state: State, queries: int, nanousd: int) -> UsageRow:
    return UsageRow(
        user=user, workgroup=workgroup, database=database, state=state, queries=queries, scanned_bytes=nanousd,
        billed_bytes=nanousd, cost_nanousd=nanousd,
    )  # fmt: skip  # eight columns


COMPANY = (
    usage("alice", "analytics", "sales", State.SUCCEEDED, 40, 10 * USD),
    usage("alice", "analytics", "sales", State.FAILED, 10, 0),
    usage("airflow", "etl", "sales", State.SUCCEEDED, 1200, 10_000_000),
    usage("airflow", "etl", "finance", State.CANCELLED, 1, 30 * USD),
    usage("bob", "primary", "web", State.FAILED, 30, 0),
)
HOSTILE = (
    usage("eve\x1b[2J\x07", "[red]w[/red]", "=HYPERLINK(1)", State.SUCCEEDED, 1, 1),
    usage("\u202etxt.exe", "half\ud800", "<b>", State.FAILED, 1, 3),
)
HEAD = Head(title="March", words=("From the ledger.",))
_SVG = "{http://www.w3.org/2000/svg}"


def days(count: int = 3) -> Table:
    rows = [(f"2026-03-{day:02}", day, 1, 2**40, 2**40, day / 2, 0, 0, 0) for day in range(1, count + 1)]
    return build_answer(QUESTIONS["usage_by_day"], rows)


def components(count: int) -> Table:
    rows = [
        (month, f"component {number:02}", None, 1, 2**30, 2**30, float(count - number))
        for month in ("2026-01", "2026-02")
        for number in range(count)
    ]
    return build_answer(QUESTIONS["cost_by_component"], rows)


def drawn(table: Table) -> Figure:
    figure = figure_of(table)
    assert figure is not None
    return figure


class Elements(HTMLParser):
    """The elements of a page with their attributes, and those that were opened and never closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "img", "br", "input"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def values(self, name: str) -> list[str]:
        return [value for _, attributes in self.found if (value := attributes.get(name))]


def page(*tables: Table, limit: int | None = None) -> str:
    return to_html(HEAD, tables, limit=limit)


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs() -> None:
    text = page(build(BY_NAME["users"], COMPANY + HOSTILE), days(), components(12))
    elements = Elements(text)
    assert elements.open == []
    assert {tag for tag, _ in elements.found} & {"script", "link", "img", "iframe", "object", "embed", "use"} <= {"use"}
    assert all(value.startswith("#") for name in ("href", "src", "xlink:href") for value in elements.values(name))
    assert not [name for _, attributes in elements.found for name in attributes if name.startswith("on")]
    assert "@import" not in text
    assert set(re.findall(r"url\(([^)]*)\)", text)) <= {f"#{one}" for one in elements.values("id")}
    addresses = set(re.findall(r"https?://[^\"' <]+", text))
    assert addresses == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}, "names of formats, not places"
    policy = next(told for tag, told in elements.found if tag == "meta" and "http-equiv" in told)
    assert str(policy["content"]).startswith("default-src 'none'; style-src 'unsafe-inline'")


def test_every_id_is_there_once_and_every_reference_has_its_own() -> None:
    elements = Elements(page(*(build(report, COMPANY) for report in BY_NAME.values()), days(), components(3)))
    ids = elements.values("id")
    assert len(ids) == len(set(ids))
    named = {one for value in elements.values("aria-labelledby") for one in value.split()}
    assert named <= set(ids)
    assert {value.removeprefix("#") for value in elements.values("href") + elements.values("xlink:href")} <= set(ids)


def test_hostile_names_are_words_and_nothing_else() -> None:
    names = (
        "<script>alert(1)</script>", '" onload="x', "a\x1b[2J", "\u202etxt", "half\ud800", "-->", "$x_1$ $y$",
        "#000001", 'id="x"', "&amp;", "查询", "]]>",
    )  # fmt: skip  # names
    assert len(names) <= MOST_BARS, "each stands in the chart"
    hostile = tuple(replace(COMPANY[0], user=name, cost_nanousd=at * USD) for at, name in enumerate(names, 1))
    text = page(build(BY_NAME["users"], hostile))
    elements = Elements(text)
    assert elements.open == []
    assert "script" not in {tag for tag, _ in elements.found}
    assert not [one for _, attributes in elements.found for one in attributes if one.startswith("on")]
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 2, "in the chart and in the table"
    assert text.count("#000001") >= 2, "a name is no colour"
    text.encode()
    assert not set(text) & {"\x1b", "\u202e"}


def test_words_around_the_numbers_are_words_too() -> None:
    plain = build(BY_NAME["users"], [replace(row, user="<i>eve</i>") for row in COMPANY])
    columns = tuple(replace(column, heading=f"<i>{column.heading}</i>") for column in plain.columns)
    table = replace(plain, columns=columns, notes=("<i>note</i>\x1b",), title="<i>users</i>")
    text = to_html(Head(title="<i>March</i>", words=("<i>from</i>",)), [table, table])
    assert "<i>" not in text
    assert "\x1b" not in text
    assert text.count("&lt;i&gt;") >= 6


def test_a_chart_is_xml_with_a_title_a_description_and_its_words() -> None:
    chart = svg(drawn(build(BY_NAME["users"], COMPANY)), "chart-1")
    root = ET.fromstring(chart)
    assert (root.tag, root.attrib["role"]) == (f"{_SVG}svg", "img")
    assert root.attrib["aria-labelledby"] == "chart-1-title chart-1-words"
    title, words = root.find(f"{_SVG}title"), root.find(f"{_SVG}desc")
    assert title is not None
    assert title.text == "Users, dearest first: cost"
    assert words is not None
    assert "airflow: $30.01; alice: $10.00" in str(words.text)
    shown = {"".join(one.itertext()).strip() for one in root.iter(f"{_SVG}text")}
    assert {"airflow", "alice", "$30.01"} <= shown


def test_a_chart_has_no_colour_but_the_pages() -> None:
    for table in (build(BY_NAME["users"], COMPANY), days(31), components(12)):
        chart = svg(drawn(table), "chart-1")
        assert set(re.findall(r"(?:fill|stroke): ([^;\"]+)", chart)) <= {
            "none", "var(--soft)", "var(--rule)", *(f"var(--series-{number})" for number in range(COLOURS)),
        }, table.title  # fmt: skip  # a set


def test_the_same_table_is_the_same_chart() -> None:
    figure = drawn(components(3))
    assert svg(figure, "chart-1") == svg(figure, "chart-1")
    assert svg(figure, "chart-1") != svg(figure, "chart-2")


def test_light_and_dark_have_every_colour_that_charts_use() -> None:
    text = page(days())
    light, _, dark = text.partition("prefers-color-scheme:dark")
    for number in range(COLOURS):
        assert f"--series-{number}:" in light
        assert f"--series-{number}:" in dark


def test_charts_show_everything_and_tables_as_many_rows_as_wanted() -> None:
    table = components(30)
    text = page(table, limit=5)
    assert text.count("<tr>") == 1 + 5
    assert "5 of 60 rows" in text
    assert sum(map(sum, (one.values for one in drawn(table).series))) == 2 * sum(range(1, 31))


def test_days_go_from_left_to_right_and_names_from_long_to_short() -> None:
    assert drawn(days()).labels == ("2026-03-01", "2026-03-02", "2026-03-03")
    assert drawn(days()).is_over_time
    users = drawn(build(BY_NAME["users"], COMPANY))
    assert users.labels[:2] == ("airflow", "alice")
    assert not users.is_over_time


def test_a_stack_has_few_colours_and_the_rest_in_one() -> None:
    assert len(drawn(components(MOST_SERIES + 1)).series) == MOST_SERIES + 1
    many = drawn(components(40)).series
    assert (len(many), many[-1].name) == (COLOURS, "all others")
    assert MOST_SERIES + 1 == COLOURS


@pytest.mark.parametrize(
    ("name", "key"),
    [("users", "cost_usd"), ("failures", "failed"), ("average-mb", "average_mb"), ("accounts", "cost_usd")],
)
def test_what_is_drawn_is_what_the_report_is_about(name: str, key: str) -> None:
    assert drawn(build(BY_NAME[name], COMPANY)).column.key == key


def test_where_nothing_costs_anything_the_next_number_is_drawn() -> None:
    free = [replace(row, cost_nanousd=0) for row in COMPANY]
    assert drawn(build(BY_NAME["users"], free)).column.key == "queries"


def test_a_bar_is_as_thick_in_a_chart_of_one_as_in_a_chart_of_twelve() -> None:
    def thickness(count: int) -> float:
        rows = [replace(COMPANY[0], user=f"user {number}") for number in range(count)]
        drawing = ET.fromstring(svg(drawn(build(BY_NAME["users"], rows)), "chart-1"))
        bars = [one for one in drawing.iter(f"{_SVG}path") if "--series-0" in one.attrib.get("style", "")]
        assert len(bars) == count
        heights = [float(y) for y in re.findall(r"[ML] \S+ (\S+)", bars[0].attrib["d"])]
        return max(heights) - min(heights)

    assert thickness(1) == pytest.approx(thickness(MOST_BARS), rel=0.1)


def test_savings_are_drawn_by_what_is_saved() -> None:
    table = build_answer(
        QUESTIONS["savings"], [("scans", f"t{number}", 1, 9.0, number / 10) for number in range(1, 40)]
    )
    figure = drawn(table)
    assert figure.column.key == "saving_usd"
    assert len(figure.labels) == MOST_BARS
    assert figure.series[0].values[0] == 3.9


@pytest.mark.parametrize("table", [
    build(BY_NAME["users"], ()),
    build_answer(QUESTIONS["usage_by_day"], [("2026-03-01", 0, 0, 0, 0, 0.0, 0, 0, 0)]),
    build_answer(QUESTIONS["table_readers_by_month"], []),
])  # fmt: skip  # a table
def test_nothing_is_not_drawn(table: Table) -> None:
    assert figure_of(table) is None
    assert "<svg" not in page(table)


def test_what_does_not_add_up_is_not_stacked() -> None:
    question = QUESTIONS["table_readers_by_month"]
    row = ["2026-03" if column.unit == "month" else "x" if column.unit == "name" else 2 for column in question.columns]
    assert figure_of(build_answer(question, [tuple(row)])) is None


def test_every_question_has_its_figure_and_its_part_of_a_page() -> None:
    samples = {"name": "x", "time": "2026-03-01 00:00:00Z", "day": "2026-03-01", "month": "2026-03"}
    for question in QUESTIONS.values():
        row = tuple(samples.get(column.unit.value, 3) for column in question.columns)
        table = build_answer(question, [row, row])
        drawn_of = figure_of(table)
        assert drawn_of is None or len(drawn_of.labels) == len(drawn_of.series[0].values), question.name
        assert f">{question.title}</h2>" in page(replace(table, rows=()))


def test_an_answer_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="has not the 9 columns"):
        build_answer(QUESTIONS["usage_by_day"], [("2026-03-01",)])
    with pytest.raises(ValueError, match="a limit of 0"):
        build_answer(QUESTIONS["usage_by_day"], [], limit=0)


def test_headings_leave_units_to_the_values() -> None:
    assert [heading_of(key) for key in ("cost_usd", "p95_ms", "last_read_at", "queries", "user_name", "ddl")] == [
        "Cost", "P95", "Last read", "Queries", "User", "DDL",
    ]  # fmt: skip  # rows
    assert [cell_of(value) for value in (True, None, 0.5)] == ["yes", None, 0.5]
