"""The rows that ask the history on Athena: what they send, what it costs, and that the answers are the library's.

Each look is paid for, and nobody sees what a panel sends: so all SQL is expanded as the plug-in does it, judged, and
run on DuckDB over a company's weeks.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlglot
import yaml
from athena_macros import Place, expanded, places
from athena_on_duckdb import Engine, Row
from history_files import BEGIN, DAYS, Written, written
from panels.grafana import Range, Value
from sqlglot import exp

from athena_dashboards import history, variables
from athena_dashboards.boards import BOARDS
from athena_dashboards.grafana import dashboard_json
from athena_dashboards.model import Panel
from athena_dashboards.queries import Source
from athena_dashboards.signals import history as months
from athena_exporter.library.questions import BY_NAME

LAST = (BEGIN + timedelta(days=DAYS - 1)).date()
NOON = datetime(LAST.year, LAST.month, LAST.day, 12, tzinfo=UTC)
DAY = Range(since=NOON - timedelta(days=1), until=NOON)
ALL = Value(values=(".*",), is_many=True, is_raw=True)
CHOSEN_DAYS = 29
VALUES = {
    "account": ALL,
    "region": ALL,
    "workgroup": ALL,
    history.REACH: Value(values=(str(CHOSEN_DAYS),)),
    history.COMPONENT_OF: Value(values=(), is_many=True),
    history.CUR_TABLE: Value(values=("",)),
}
PLACES = tuple(places())
ON_HISTORY = tuple(one for one in PLACES if "queries" in one.target["rawSQL"])
PARTITIONS = {"queries": "day", "bill": "billing_period"}
"""Table -> what it is partitioned by."""


def sent(place: Place, chosen: Mapping[str, Value] | None = None, *, at: Range = DAY) -> str:
    return expanded(place.target["rawSQL"], {**VALUES, **(chosen or {})}, at)


def of_panel(uid: str, number: int) -> Place:
    return next(one for one in PLACES if str(one) == f"{uid}-{number}")


def parsed(sql: str) -> exp.Query:
    tree = sqlglot.parse_one(sql, read="athena")
    assert isinstance(tree, exp.Query)
    return tree


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return written(tmp_path_factory.mktemp("history"))


@pytest.fixture(scope="module")
def engine(weeks: Written) -> Iterator[Engine]:
    with closing(Engine(weeks.folder)) as engine_:
        yield engine_


# -- what is sent -----------------------------------------------------------------------------------------------------


def test_the_dashboards_of_the_brief_ask_the_history() -> None:
    asking = {one.board["uid"] for one in ON_HISTORY}
    assert asking == {"athena-users", "athena-cost", "athena-data-catalogue", "athena-pipelines"}


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_nothing_is_asked_until_a_row_is_opened_and_then_results_are_reused(place: Place) -> None:
    shown = {panel["id"] for panel in place.board["panels"]}
    row = next(one for one in place.board["panels"] if place.panel in one.get("panels", ()))
    arguments = place.target["connectionArgs"]

    assert place.panel["id"] not in shown
    assert row["collapsed"] is True
    assert "billed" in row["title"]
    assert (arguments["resultReuseEnabled"], arguments["resultReuseMaxAgeInMinutes"]) == (True, 60)
    assert "paid query" in place.panel["description"] or "Each look reads" in place.panel["description"]


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_every_read_is_bounded_by_constants_on_its_partition(place: Place) -> None:
    assert unbounded(parsed(sent(place))) == []


def unbounded(tree: exp.Query) -> list[str]:
    """References of partitioned tables without `BETWEEN` of constants on the partition, and whether there were any."""
    named = {cte.alias for cte in tree.find_all(exp.CTE)} - {"bill"}
    found = [one for one in tree.find_all(exp.Table) if one.name not in named]
    return [one.name for one in found if not is_bounded(one)] if found else ["nothing is read"]


def is_bounded(table: exp.Table) -> bool:
    select = table.find_ancestor(exp.Select)
    where = select.args.get("where") if select else None
    if where is None:
        return False
    conditions = list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]
    partition = PARTITIONS[table.name]
    return any(
        isinstance(one, exp.Between)
        and one.this.name == partition
        and not any(one.args[end].find(exp.Column) for end in ("low", "high"))
        for one in conditions
    )


@pytest.mark.parametrize(
    ("sql", "missed"),
    [
        ("SELECT 1 FROM queries WHERE day BETWEEN date_format(x, 'y') AND '2026-01-02'", ["queries"]),
        ("SELECT 1 FROM queries WHERE day BETWEEN '2026-01-01' AND '2026-01-02' OR true", ["queries"]),
        ("SELECT 1 FROM queries WHERE substr(day, 1, 4) = '2026'", ["queries"]),
        ("SELECT 1 FROM bill", ["bill"]),
        ("SELECT 1", ["nothing is read"]),
    ],
)
def test_a_read_without_bounds_is_found(sql: str, missed: list[str]) -> None:
    assert unbounded(parsed(sql)) == missed


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_the_sql_stays_the_same_all_day_so_that_a_refresh_is_free(place: Place) -> None:
    morning = Range(since=NOON - timedelta(days=8), until=NOON.replace(hour=0))
    evening = Range(since=NOON - timedelta(hours=1), until=NOON.replace(hour=23, minute=59))

    assert sent(place, at=morning) == sent(place, at=evening)
    assert sent(place) != sent(place, at=Range(since=DAY.since, until=NOON + timedelta(days=31)))


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_panel_shows_columns_that_its_sql_gives(place: Place) -> None:
    given = parsed(sent(place)).named_selects
    transformations = {one["id"]: one["options"] for one in place.panel["transformations"]}
    if place.panel["type"] == "table":
        shown = transformations["filterFieldsByName"]["include"]["names"]
    else:
        matrix = transformations["groupingToMatrix"]
        shown = [matrix["rowField"], matrix["columnField"], matrix["valueField"]]
        assert place.panel["options"]["xField"] == f"{matrix['rowField']}\\{matrix['columnField']}"

    assert set(shown) <= set(given)
    assert len(shown) > 2


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_sql_uses_only_variables_of_its_dashboard(place: Place) -> None:
    known = {one["name"] for one in place.board["templating"]["list"]}
    used = set(re.findall(r"\$\{(\w+)", place.target["rawSQL"]))

    assert used <= known
    assert Source.ATHENA.variable in known


def test_a_dashboard_without_an_athena_data_source_has_nothing_that_could_fail() -> None:
    """Its variable asks nobody, no other variable asks Athena, and no panel does until its row is opened."""
    for place in PLACES:
        listed = place.board["templating"]["list"]
        chooser = next(one for one in listed if one["name"] == Source.ATHENA.variable)
        assert (chooser["type"], chooser["current"]) == ("datasource", {})
        assert not any(Source.ATHENA in json.dumps(one) for one in listed if one is not chooser)


# -- what comes back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ON_HISTORY, ids=str)
def test_all_is_the_same_as_each_by_name_and_a_strange_name_finds_nothing(place: Place, engine: Engine) -> None:
    names = [one["workgroup"] for one in engine.ask("SELECT DISTINCT workgroup FROM queries")]
    each = {"workgroup": Value(values=tuple(names), is_many=True)}
    strange = {"account": Value(values=("999988887777",), is_many=True)}

    found = engine.ask(sent(place))

    assert found
    assert len(names) > 3
    assert engine.ask(sent(place, each)) == found
    assert engine.ask(sent(place, strange)) == []


@pytest.mark.parametrize(
    ("signal", "name"),
    [
        (months.USERS, "usage_by_user"),
        (months.DATABASES_OF_USERS, "databases_by_user"),
        (months.AVERAGE_MB, "average_mb"),
        (months.DEAREST, "dearest_queries"),
        (months.SAVINGS, "savings"),
        (months.REPEATED, "repeated_queries"),
        (months.TABLES, "table_usage"),
        (months.LATENCY, "latency_by_workgroup"),
        (months.REASONS, "failure_reasons"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_panel_answers_as_the_library_does_of_the_same_days(signal: Any, name: str, engine: Engine) -> None:
    (query,) = signal.asked()
    workgroups = {"workgroup": Value(values=("analytics", "sandbox", "monitoring"), is_many=True)}
    is_narrowed = "${workgroup" in query.sql
    days = {"from": LAST - timedelta(days=CHOSEN_DAYS), "to": LAST}
    narrowed = {"workgroups": ["analytics", "sandbox", "monitoring"]} if is_narrowed else {}

    found = engine.ask(expanded(query.sql, VALUES | workgroups, DAY))

    assert found == engine.ask(BY_NAME[name].rendered({**days, **narrowed}))
    assert found


def test_the_year_begins_with_the_first_day_of_the_month_eleven_months_ago(engine: Engine) -> None:
    begins = expanded(f"SELECT {history.YEAR} AS day, {history.YEAR_MONTH} AS month", VALUES, DAY)

    assert engine.ask(begins) == [{"day": "2025-04-01", "month": "2025-04"}]


@pytest.mark.parametrize("day", ["2026-03-31", "2024-02-29", "2026-01-01"])
def test_twelve_months_are_twelve_on_any_day(day: str, engine: Engine) -> None:
    until = datetime.fromisoformat(day).replace(tzinfo=UTC)
    begins = expanded(f"SELECT {history.YEAR} AS day", VALUES, Range(since=until, until=until))
    (row,) = engine.ask(begins)

    assert row["day"] == f"{until.year - (until.month < 12)}-{until.month % 12 + 1:02}-01"


def test_a_component_is_what_the_tag_says_and_each_query_counts_once(engine: Engine) -> None:
    place = of_panel("athena-cost", 18)
    plain = by_component(engine.ask(sent(place)))
    pairs = Value(values=("sandbox=play=ground", "monitoring=watch", "monitoring=zoo"), is_many=True)
    tagged = by_component(engine.ask(sent(place, {history.COMPONENT_OF: pairs})))

    assert tagged["play=ground"] == pytest.approx(plain["sandbox"])
    assert tagged["watch"] == pytest.approx(plain["monitoring"])
    assert "zoo" not in tagged
    assert sum(tagged.values()) == pytest.approx(sum(plain.values()))


def by_component(rows: list[Row]) -> Mapping[str, float]:
    return {name: sum(one["cost_usd"] for one in rows if one["component"] == name) for name in {
        one["component"] for one in rows}}  # fmt: skip  # as short as it can be said


def test_a_month_has_each_component_once_as_a_matrix_wants_it(engine: Engine) -> None:
    rows = engine.ask(sent(of_panel("athena-cost", 18)))
    cells = [(one["month"], one["component"]) for one in rows]

    assert len(set(cells)) == len(cells) > 3
    assert {month for month, _ in cells} == {"2026-01", "2026-02", "2026-03"}


def test_tables_that_nobody_has_read_lately_were_used_before(engine: Engine) -> None:
    short = {history.REACH: Value(values=("0",))}
    rows = engine.ask(sent(of_panel("athena-data-catalogue", 18), short))

    assert rows
    assert all(one["last_read_at"] is None or one["last_read_at"].date() < LAST for one in rows)
    assert any(one["last_read_at"] is not None for one in rows)


def test_what_helps_is_said_of_every_saving_that_the_question_knows() -> None:
    named = set(re.findall(r"'(savings_\w+)'", BY_NAME["savings"].body))
    (column,) = (
        one for one in of_panel("athena-cost", 21).panel["fieldConfig"]["overrides"]
        if one["matcher"]["options"] == "What helps"
    )  # fmt: skip  # one condition
    (words,) = (one["value"][0]["options"] for one in column["properties"] if one["id"] == "mappings")

    assert words.keys() == months.WHAT_HELPS.keys() == named
    assert len(named) == 4


def test_days_that_are_not_asked_for_are_not_read(weeks: Written) -> None:
    with closing(Engine(weeks.folder, in_place=True)) as engine_:
        for days in (0, 6):
            chosen = {history.REACH: Value(values=(str(days),))}
            scans = engine_.scans(sent(of_panel("athena-users", 24), chosen))
            assert [one.files_read for one in scans] == [files_of(weeks, days)]
            assert scans[0].files_read < scans[0].files


def files_of(weeks: Written, days: int) -> int:
    folder = weeks.folder / "history" / "v1"
    return sum(len(list((folder / f"day={LAST - timedelta(days=ago)}").glob("*"))) for ago in range(days + 1))


# -- the bill ---------------------------------------------------------------------------------------------------------

CUR = """
CREATE TABLE billing.cur AS SELECT * FROM (VALUES
    ('2026-02', 'AmazonAthena', 'Usage', 'arn:aws:athena:eu-west-1:1:workgroup/etl-nightly', 3.5, 'ingest'),
    ('2026-02', 'AmazonAthena', 'Usage', 'arn:aws:athena:eu-west-1:1:workgroup/etl-nightly', 1.5, NULL),
    ('2026-03', 'AmazonAthena', 'Usage', NULL, 2.0, NULL),
    ('2026-03', 'AmazonAthena', 'Tax', NULL, 9.0, NULL),
    ('2026-03', 'AmazonS3', 'Usage', NULL, 9.0, NULL),
    ('2025-03', 'AmazonAthena', 'Usage', NULL, 9.0, NULL)
) AS told (billing_period, line_item_product_code, line_item_line_item_type, line_item_resource_id,
    line_item_unblended_cost, tag)
"""


@pytest.fixture(scope="module")
def billing(engine: Engine) -> Engine:
    engine.ask("CREATE SCHEMA billing")
    engine.ask(CUR)
    engine.ask("ALTER TABLE billing.cur ADD COLUMN resource_tags MAP(VARCHAR, VARCHAR)")
    engine.ask("UPDATE billing.cur SET resource_tags = MAP(ARRAY['user_component'], ARRAY[tag]) WHERE tag IS NOT NULL")
    return engine


def test_the_bill_is_told_by_tag_else_by_workgroup_without_tax_and_others(billing: Engine) -> None:
    sql = sent(of_panel("athena-cost", 19), {history.CUR_TABLE: Value(values=("billing.cur",))})

    assert [tuple(one.values()) for one in billing.ask(sql)] == [
        ("2026-02", "ingest", 3.5),
        ("2026-02", "etl", 1.5),
        ("2026-03", "(no component)", 2.0),
    ]


def test_without_a_report_the_bill_is_empty_and_no_error(engine: Engine) -> None:
    assert engine.ask(sent(of_panel("athena-cost", 19))) == []


# -- the hidden variable ----------------------------------------------------------------------------------------------


def test_the_hidden_variable_takes_pairs_that_can_stand_in_sql() -> None:
    board = dashboard_json(next(one for one in BOARDS if one.uid == "athena-cost"))
    hidden = next(one for one in board["templating"]["list"] if one["name"] == history.COMPONENT_OF)
    pattern = re.compile(hidden["regex"].strip("/"))

    def taken(pair: str) -> str | None:
        found = pattern.search(f'{{component_of="{pair}"}} 1 1772366400000')
        return found and found[1]

    assert (hidden["hide"], hidden["refresh"], hidden["includeAll"]) == (2, 2, True)
    assert hidden["query"]["query"].startswith("query_result(max by (component_of) (label_join(")
    assert taken("etl=ingest") == "etl=ingest"
    assert [taken(one) for one in ("etl=a,b", "etl=o'neil", "etl=a\\\\b")] == [None, None, None]


# -- the mechanism ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: history.asked("usage_by_planet"), "no question usage_by_planet"),
        (lambda: history.asked("usage_by_user", macros={"planet": "1"}), "usage_by_user takes no planet"),
        (lambda: history.asked("usage_by_user", limit=-1), "limit: -1 is out of range"),
        (lambda: history.asked("tables_not_read_since"), "since: it has no default"),
        (lambda: history.table("usage_by_user", {"planet": "Planet"}), "usage_by_user has no column planet"),
    ],
)
def test_what_the_library_does_not_know_is_an_error_that_names_it(wrong: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        wrong()


def test_a_tables_units_are_those_of_the_library() -> None:
    table = history.table("usage_by_user", {"scanned_bytes": "Scanned", "cost_usd": "Cost", "user_name": "User"})

    assert [(one.field, one.unit and one.unit.value) for one in table.columns] == [
        ("scanned_bytes", "bytes"),
        ("cost_usd", "currencyUSD"),
        ("user_name", None),
    ]


def test_every_choice_of_days_is_a_number_and_the_first_shown_is_a_month() -> None:
    assert all(value.isdigit() for value in variables.HISTORY.choices.values())
    assert variables.HISTORY.choices[variables.HISTORY.default] == "29"


def test_a_look_is_priced_by_the_days_that_it_reads() -> None:
    assert history.price("usage_by_user", 365) != history.price("usage_by_user", 30)
    priced = [
        panel.signal.title
        for board in BOARDS
        for panel in board.panels()
        if isinstance(panel, Panel) and "USD for" in panel.signal.description.next_step
    ]
    assert len(priced) == len(ON_HISTORY)


def test_the_data_source_for_a_grafana_of_ones_own_is_the_one_of_terraform() -> None:
    root = Path(__file__).resolve().parents[2]
    text = (root / "provisioning" / "grafana" / "athena" / "datasource.yml").read_text(encoding="utf-8")
    (source,) = yaml.safe_load(text)["datasources"]
    declared = (root / "terraform" / "modules" / "grafana-content" / "data_sources.tf").read_text(encoding="utf-8")

    assert (source["uid"], source["type"]) == ("athena", Source.ATHENA)
    assert source["jsonData"]["resultReuseMaxAgeInMinutes"] == history.REUSE_MINUTES
    assert source["jsonData"]["resultReuseEnabled"] is True
    assert all(f"{key} = " in declared for key in source["jsonData"])
