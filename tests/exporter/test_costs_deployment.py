"""What a deployment costs: each line reckoned by hand once, and nothing read that is not there."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from athena_exporter import catalog
from athena_exporter.costs.deployment import SIZES, Company, Look, Shown, bill, series, series_of
from athena_exporter.costs.deployment import company as assumed
from athena_exporter.costs.deployment.__main__ import main
from athena_exporter.costs.deployment.bill import all_day, history_usd, ingestion_usd, options, queue_usd, viewing
from athena_exporter.costs.deployment.looks import _SELECTED, evaluations, look, refresh_seconds, seconds
from athena_exporter.costs.deployment.prices import PRICES

ROOT = Path(__file__).resolve().parent.parent.parent
SHOWN = Shown.of(ROOT)
SMALL, MIDDLING, LARGE = SIZES
TEN = Company(workgroups=10, users=40, databases=5, pairs=2, queries=1_000_000, viewers=3)
RANGE = f'increase({catalog.SCANNED_BYTES.name}{{workgroup=~"${{workgroup:regex}}"}}[$__range])'


def board(*targets: Mapping[str, object], refresh: str = "1m", closed: bool = False) -> Mapping[str, object]:
    panel = {"targets": list(targets)}
    panels = [{"type": "row", "collapsed": True, "panels": [panel]}] if closed else [panel]
    return {"uid": "one", "refresh": refresh, "time": {"from": "now-24h", "to": "now"}, "panels": panels}


def usd(company: Company, item: str, shown: Shown = SHOWN) -> float:
    (line,) = [one for one in (*bill(company, shown), *options(company)) if one.item == item]
    return line.usd


# -- series -----------------------------------------------------------------------------------------------------------


def test_series_are_the_combinations_that_occur() -> None:
    assert series_of(catalog.QUERIES, TEN) == 10 * 5
    assert series_of(catalog.USER_QUERIES, TEN) == 40 * 2 * 1.5
    assert series_of(catalog.USER_WINDOW_QUERIES, TEN) == 40 * 4
    assert series_of(catalog.COUNTING_SINCE, TEN) == 1


def test_a_histogram_is_its_buckets_its_sum_and_its_count() -> None:
    exposed = len(catalog.QUEUE_SECONDS.bounds) + 1 + 2
    assert series_of(catalog.QUEUE_SECONDS, TEN) == 10 * 2 * exposed


def test_users_beyond_the_labels_limit_make_no_series() -> None:
    full = replace(TEN, users=500)
    assert series(replace(TEN, users=5_000)) == series(full) > series(TEN)


def test_cloudwatchs_series_are_there_where_it_is_read() -> None:
    assert series_of(catalog.CLOUDWATCH_QUERIES, TEN) == 0
    assert series_of(catalog.CLOUDWATCH_QUERIES, TEN, cloudwatch=True) == 50
    assert series_of(catalog.CAPACITY_DPUS, TEN, cloudwatch=True) == 0


# -- what a look asks -------------------------------------------------------------------------------------------------


def test_a_table_over_a_day_reads_every_sample_of_it() -> None:
    target = {"expr": f"sum by (workgroup) ({RANGE})", "instant": True}
    assert look(board(target), TEN) == Look(samples=50 * 1440)


def test_a_graph_reads_its_window_at_every_step() -> None:
    name = catalog.QUERIES.name
    assert look(board({"expr": f"rate({name}[$__rate_interval])"}), TEN) == Look(samples=50 * 300 * 4)
    assert look(board({"expr": f"{name} / {name}"}), TEN) == Look(samples=2 * 50 * 300)


def test_a_closed_row_counts_for_the_looks_that_open_it() -> None:
    logs = {"queryMode": "Logs"}
    assert look(board(logs), TEN) == Look(log_seconds=86_400)
    assert look(board(logs, closed=True), TEN) == Look(log_seconds=86_400 * assumed.EXPANDED.value)


def test_cloudwatch_is_asked_for_every_workgroup_of_the_drop_down() -> None:
    every, one = (
        {"queryMode": "Metrics", "dimensions": {"WorkGroup": f"${name}"}} for name in ("published", "workgroup")
    )
    assert look(board(every), TEN) == Look(metrics=10)
    assert look(board(one), TEN) == Look(metrics=1)


def test_anything_else_is_a_question_to_athena() -> None:
    assert look(board({"rawSQL": "SELECT 1"}), TEN) == Look(questions=1)


def test_every_metric_that_an_expression_names_is_found_in_it() -> None:
    """With its braces, its windows and the suffixes of histograms."""
    expressions = [
        *(target["expr"] for one in SHOWN.dashboards.values() for target in _targets(one) if "expr" in target),
        *(data["model"]["expr"] for group in SHOWN.rules.values() for rule in group["rules"] for data in rule["data"]
          if "expr" in data["model"]),
    ]  # fmt: skip  # a list
    assert len(expressions) > 100
    for expression in expressions:
        quoted = re.sub(r'"(?:[^"\\]|\\.)*"', "", expression)
        named = [re.sub(r"_(bucket|sum|count)$", "", word) for word in re.findall(r"\bathena_\w+", quoted)]
        assert [name for name, _ in _SELECTED.findall(expression)] == named, expression
        assert {name for name in named if name not in catalog.BY_NAME} == set(), expression


def _targets(node: object) -> list[dict[str, str]]:
    if isinstance(node, list):
        return [target for one in node for target in _targets(one)]
    if isinstance(node, dict):
        return [*node.get("targets", []), *_targets(node.get("panels", []))]
    return []


def test_rules_read_at_every_evaluation() -> None:
    data = {"relative_time_range": {"from": 600}, "model": {"expr": f"increase({catalog.QUERIES.name}[1h])"}}
    silent = {"relative_time_range": {"from": 600}, "model": {"type": "threshold"}}
    rules = {"one": {"interval_seconds": 60, "rules": [{"data": [data, silent]}]}}
    assert evaluations(Shown(dashboards={}, rules=rules), TEN, days=1) == 50 * 60 * 1440


def test_a_duration_may_have_several_units_and_needs_one() -> None:
    assert (seconds("90m"), seconds("1d12h"), seconds("2w")) == (5400, 129_600, 1_209_600)
    assert refresh_seconds({"refresh": ""}) is None
    with pytest.raises(ValueError, match="'soon' is no duration: write 90m or 7d"):
        seconds("soon")


# -- the bill ---------------------------------------------------------------------------------------------------------


def test_lines_reckoned_by_hand() -> None:
    assert usd(TEN, "The task (Fargate, ARM)") == pytest.approx(8.508, abs=0.001)
    assert usd(TEN, "Its public IPv4 address") == pytest.approx(3.65)
    assert usd(TEN, "Seats (Grafana)") == 2 * 9 + 3 * 5
    assert usd(TEN, "Events taken in (Logs)") == pytest.approx(2.5 * 700 / 1000 * 0.5)
    assert history_usd(TEN) == pytest.approx(120e6 * 400 / 30.4 / 1e9 * 0.023 + 4 * 0.005, rel=0.001)
    assert queue_usd(TEN) == pytest.approx(0.4 * (3 * 1.2 + 180 * 730 / 10**6))


def test_samples_beyond_two_billion_a_month_are_cheaper() -> None:
    month = 730 * 60
    assert ingestion_usd(1000) == pytest.approx(1000 * month * 0.90 / 10**7)
    two_billion = 2 * 10**9 / month
    assert ingestion_usd(two_billion + 1000) == pytest.approx(180 + 1000 * month * 0.35 / 10**7)


def test_a_screen_on_the_wall_loads_every_minute_of_the_month() -> None:
    shown = Shown(dashboards={"one": board({"expr": RANGE, "instant": True})}, rules={})
    assert all_day("one", TEN, shown) == pytest.approx(730 * 60 * 50 * 1440 / 10**9 * 0.10)
    still = Shown(dashboards={"one": board({"expr": RANGE, "instant": True}, refresh="")}, rules={})
    assert all_day("one", TEN, still) == pytest.approx(50 * 1440 / 10**9 * 0.10)


def test_viewers_look_so_often_and_load_again_while_they_look() -> None:
    shown = Shown(dashboards={"one": board({"queryMode": "Logs"})}, rules={})
    assert viewing(TEN, shown) == Look(log_seconds=3 * 4 * 21 * (1 + 5) * 86_400)
    assert viewing(replace(TEN, viewers=6), shown) == viewing(TEN, shown).times(2)


def test_a_larger_company_pays_no_less_for_anything() -> None:
    for smaller, larger in ((SMALL, MIDDLING), (MIDDLING, LARGE)):
        bills = [[*bill(company, SHOWN), *options(company)] for company in (smaller, larger)]
        for one, other in zip(*bills, strict=True):
            assert one.item == other.item
            assert 0 <= one.usd <= other.usd, one.item


def test_every_price_and_every_assumption_is_stated_once() -> None:
    for stated in (PRICES, assumed.ASSUMPTIONS):
        names = [one.name for one in stated]
        assert len(set(names)) == len(names)
    assert all(one.source.startswith("https://aws.amazon.com/") for one in PRICES)
    assert all(one.because for one in assumed.ASSUMPTIONS)


@pytest.mark.parametrize(
    ("module", "variable", "value"),
    [
        ("exporter", "scrape_seconds", assumed.SCRAPE_SECONDS.value),
        ("exporter", "cpu", assumed.VCPU.value * 1024),
        ("exporter", "memory", assumed.MEMORY_GB.value * 1024),
        ("metrics-store", "retention_days", assumed.MONTHS_KEPT.value * 30.4),
        ("event-logs", "retention_days", assumed.MONTHS_KEPT.value * 30.4),
        ("history", "retention_days", assumed.MONTHS_KEPT.value * 30.4),
    ],
)
def test_what_is_assumed_of_a_default_is_the_modules_default(module: str, variable: str, value: float) -> None:
    text = (ROOT / "terraform" / "modules" / module / "variables.tf").read_text(encoding="utf-8")
    (block,) = re.findall(rf'variable "{variable}" {{.*?\n}}', text, flags=re.DOTALL)
    (default,) = re.findall(r"default\s*=\s*(\d+)", block)
    assert float(default) == pytest.approx(value)


def test_the_command_prints_the_tables_and_refuses_another_folder_in_one_line(tmp_path: Path) -> None:
    printed = CliRunner().invoke(main, [str(ROOT)])
    assert (printed.exit_code, "**In all**" in printed.output) == (0, True)
    refused = CliRunner().invoke(main, [str(tmp_path)])
    assert refused.exit_code == 2
    assert refused.output.splitlines()[-1].endswith("has no dashboards/generated: name the folder of the repository")
