"""What the figures mean, asked of Prometheus itself: series as the exporter names them, values worked out by hand."""

import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest
import yaml

from athena_dashboards.model import Signal
from athena_dashboards.promql import Expr, call
from athena_dashboards.queries import Prom
from athena_dashboards.signals import budgets, cost, exporter, failures, guard, limits, pipelines, spend

Answer: TypeAlias = Mapping[str, float]
"""Labels as PromQL writes them -> value."""
Ask: TypeAlias = Callable[..., None]
HERE = 'account_id="1", region="eu"'
DAY, WEEK = 24, 168
"""In hours, the steps of the series."""


def _filled(text: str, component: str) -> str:
    for name, value in (("$__range", "1d"), ("$__rate_interval", "1h"), ("$component", component)):
        text = text.replace(name, value)
    return re.sub(r"\$\w+", ".*", text)


@pytest.fixture
def ask(promtool: str, tmp_path: Path) -> Ask:
    """Hold an expression's answer at an hour against what is expected, thousandths rounded away."""

    def asked(
        series: Mapping[str, str], expr: Expr, expected: Answer, *, hour: int = DAY, component: str = ".*"
    ) -> None:
        test = {
            "interval": "1h",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": [
                {
                    "expr": _filled(str(call("round", expr * 1000)), component),
                    "eval_time": f"{hour}h",
                    "exp_samples": [
                        {"labels": labels, "value": round(value * 1000)} for labels, value in expected.items()
                    ],
                }
            ],
        }
        path = tmp_path / "figures.yaml"
        path.write_text(yaml.safe_dump({"rule_files": [], "tests": [test]}), encoding="utf-8")
        done = subprocess.run([promtool, "test", "rules", str(path)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return asked


def _expr(signal: Signal, place: int = 0) -> Expr:
    query = signal.asked()[place]
    assert isinstance(query, Prom)
    return query.expr


def _of(name: str, **labels: str) -> str:
    more = "".join(f', {label}="{value}"' for label, value in labels.items())
    return f"{name}{{{HERE}{more}}}"


pytestmark = pytest.mark.prometheus


# -- shares ------------------------------------------------------------------------------------------------------


def test_the_failed_share_is_0_where_queries_ran_and_none_failed(ask: Ask) -> None:
    ask({_of("athena_queries_total", state="succeeded"): "0+3x24"}, _expr(failures.SHARE), {"{}": 0})


def test_the_failed_share_is_nothing_where_nothing_ran(ask: Ask) -> None:
    ask({_of("athena_queries_total", state="failed"): "0x24"}, _expr(failures.SHARE), {})


def test_cancelled_queries_count_as_finished_and_not_as_failed(ask: Ask) -> None:
    series = {
        _of("athena_queries_total", state="succeeded"): "0+6x24",
        _of("athena_queries_total", state="cancelled"): "0+2x24",
        _of("athena_queries_total", state="failed"): "0+2x24",
    }
    ask(series, _expr(failures.SHARE), {"{}": 0.2})


def test_bytes_without_a_user_are_a_share_of_all_bytes(ask: Ask) -> None:
    series = {
        _of("athena_scanned_bytes_total", workgroup="etl"): "0+90x24",
        _of("athena_scanned_bytes_total", workgroup="adhoc"): "0+10x24",
        _of("athena_exporter_unattributed_bytes_total", reason="not_found"): "0+5x24",
    }
    ask(series, _expr(exporter.UNATTRIBUTED_SHARE), {"{}": 0.05})


# -- the month ---------------------------------------------------------------------------------------------------


def test_the_forecast_spreads_the_month_until_now_over_all_its_days(ask: Ask) -> None:
    # Time begins on 1 January 1970: after 240 hours ten of 31 days are over.
    ask({_of("athena_window_cost_usd", window="month"): "100x240"}, _expr(spend.FORECAST), {"{}": 310}, hour=240)


def test_the_first_hours_of_a_month_count_as_a_day(ask: Ask) -> None:
    ask({_of("athena_window_cost_usd", window="month"): "2x240"}, _expr(spend.FORECAST), {"{}": 62}, hour=1)


def test_the_month_is_summed_over_accounts_and_is_not_its_other_windows(ask: Ask) -> None:
    series = {
        'athena_window_cost_usd{account_id="1", region="eu", window="month"}': "100x24",
        'athena_window_cost_usd{account_id="2", region="us", window="month"}': "50x24",
        'athena_window_cost_usd{account_id="2", region="us", window="last_month"}': "7x24",
    }
    ask(series, _expr(spend.MONTH), {"{}": 150})


def test_there_is_no_comparison_without_a_last_month(ask: Ask) -> None:
    ask({_of("athena_window_cost_usd", window="month"): "100x24"}, _expr(spend.AGAINST_LAST_MONTH), {})


# -- spikes ------------------------------------------------------------------------------------------------------

SPIKES = {
    # 24 on the first day, nothing for a week, 72 on the last.
    _of("athena_user_scanned_bytes_total", user="ana", workgroup="etl"): "0+1x24 24x143 27+3x23",
    # Somebody new.
    _of("athena_user_scanned_bytes_total", user="ben", workgroup="etl"): "_x168 0+5x24",
    # Somebody who has stopped.
    _of("athena_user_scanned_bytes_total", user="cleo", workgroup="etl"): "0+5x24 120x168",
}
ANA, BEN = '{user="ana", workgroup="etl"}', '{user="ben", workgroup="etl"}'


@pytest.mark.parametrize(
    ("place", "expected"),
    [(0, {ANA: 72, BEN: 120}), (1, {ANA: 24, BEN: 0}), (2, {ANA: 48, BEN: 120}), (3, {ANA: 3})],
    ids=["now", "a week before", "difference", "of then"],
)
def test_the_spike_table_holds_who_grew_against_the_same_weekday(ask: Ask, place: int, expected: Answer) -> None:
    ask(SPIKES, _expr(spend.SPIKE_TABLE, place), expected, hour=WEEK + DAY)


# -- components --------------------------------------------------------------------------------------------------

TAGGED = {
    _of("athena_window_cost_usd", window="month", workgroup="etl"): "70x24",
    _of("athena_window_cost_usd", window="month", workgroup="adhoc"): "20x24",
    _of("athena_window_cost_usd", window="month", workgroup="deleted"): "5x24",
    # Another account's workgroup of the same name belongs to another component.
    'athena_window_cost_usd{account_id="2", region="eu", window="month", workgroup="etl"}': "3x24",
    _of("athena_workgroup_info", workgroup="etl", state="enabled", tag_component="pipelines"): "1x24",
    _of("athena_workgroup_info", workgroup="adhoc", state="enabled"): "1x24",
    'athena_workgroup_info{account_id="2", region="eu", workgroup="etl", tag_component="reports"}': "1x24",
}


def test_components_add_up_to_everything(ask: Ask) -> None:
    expected = {
        '{tag_component="pipelines"}': 70,
        '{tag_component="reports"}': 3,
        '{tag_component="(no component)"}': 25,
    }
    ask(TAGGED, _expr(cost.COMPONENTS, 2), expected)


def test_a_chosen_component_chooses_its_workgroups(ask: Ask) -> None:
    series = {name.replace("window_cost_usd", "cost_usd_total"): values for name, values in TAGGED.items()} | {
        _of("athena_cost_usd_total", window="month", workgroup="etl"): "0+2x24",
        _of("athena_cost_usd_total", window="month", workgroup="adhoc"): "0+1x24",
    }
    expected = {'{tag_component="pipelines", workgroup="etl"}': 48}
    ask(series, _expr(cost.WORKGROUPS), expected, component="pipelines")


# -- coverage ----------------------------------------------------------------------------------------------------


def test_coverage_compares_only_workgroups_that_both_know(ask: Ask) -> None:
    series = {
        _of("athena_scanned_bytes_total", workgroup="etl", statement_type="DML", state="succeeded"): "0+8x26",
        _of("athena_scanned_bytes_total", workgroup="etl", statement_type="DML", state="failed"): "0+1x26",
        _of("athena_scanned_bytes_total", workgroup="etl", statement_type="DDL", state="succeeded"): "0+50x26",
        _of("athena_scanned_bytes_total", workgroup="silent", statement_type="DML", state="succeeded"): "0+70x26",
        _of("athena_cloudwatch_processed_bytes_total", workgroup="etl", query_type="DML"): "0+10x26",
        _of("athena_cloudwatch_processed_bytes_total", workgroup="forgotten", query_type="DML"): "0+30x26",
    }
    ask(series, _expr(cost.COVERAGE), {"{}": 0.9}, hour=26)


# -- limits ------------------------------------------------------------------------------------------------------

QUOTA = {
    _of("athena_active_query_quota", type="DML", origin="service_quotas"): "100x24",
    _of("athena_active_query_quota", type="DDL", origin="service_quotas"): "20x24",
    _of("athena_running_queries", state="running", workgroup="etl"): "10x24",
    _of("athena_running_queries", state="queued", workgroup="etl"): "20x24",
}


def test_without_cloudwatch_the_quota_is_compared_with_what_the_exporter_sees(ask: Ask) -> None:
    ask(QUOTA, _expr(limits.FULLEST), {"{}": 0.3})


def test_the_fullest_type_tells_how_near_the_quota_is(ask: Ask) -> None:
    series = QUOTA | {
        _of("athena_active_queries", type="DML"): "40x24",
        _of("athena_active_queries", type="DDL"): "18x24",
    }
    ask(series, _expr(limits.FULLEST), {"{}": 0.9})


RAILS = {
    _of("athena_workgroup_info", workgroup="etl", state="enabled", enforced="true", publishes="true"): "1x24",
    _of("athena_workgroup_info", workgroup="adhoc", state="enabled", enforced="true", publishes="true"): "1x24",
    _of("athena_workgroup_info", workgroup="old", state="disabled", enforced="false", publishes="true"): "1x24",
    _of("athena_workgroup_scan_cutoff_bytes", workgroup="adhoc"): "1000x24",
}


@pytest.mark.parametrize(("place", "expected"), [(0, 1), (1, 0), (2, 0)], ids=["no limit", "enforcing", "publishing"])
def test_guard_rails_are_counted_for_enabled_workgroups_and_none_lacking_is_0(
    ask: Ask, place: int, expected: int
) -> None:
    ask(RAILS, _expr(limits.UNGUARDED, place), {"{}": expected})


def test_the_used_share_of_a_reservation_is_that_of_all_its_workgroups(ask: Ask) -> None:
    series = {
        _of("athena_capacity_dpus", reservation="r", kind="allocated", state="active"): "24x24",
        _of("athena_capacity_allocated_dpu_seconds_total", reservation="r"): "0+86400x24",
        _of("athena_capacity_consumed_dpu_seconds_total", reservation="r", workgroup="a"): "0+21600x24",
        _of("athena_capacity_consumed_dpu_seconds_total", reservation="r", workgroup="b"): "0+21600x24",
    }
    ask(series, _expr(limits.RESERVATIONS, 2), {f'{{{HERE}, reservation="r"}}': 0.5})
    ask(series, _expr(limits.IDLE_SHARE), {"{}": 0})


# -- pipelines ---------------------------------------------------------------------------------------------------


def _job(name: str, job: str) -> str:
    return _of(f"athena_workload_{name}_total", workload=job, client="dbt-athena", workgroup="dbt")


SLOWER = {
    # A query a step; one second of engine on the first day, three on the last.
    _job("queries", "dbt:slow"): "0+1x24 24x143 25+1x23",
    _job("engine_seconds", "dbt:slow"): "0+1x24 24x143 27+3x23",
    _job("queries", "dbt:steady"): "0+1x24 24x143 25+1x23",
    _job("engine_seconds", "dbt:steady"): "0+1x24 24x143 25+1x23",
    _job("queries", "dbt:new"): "_x168 0+1x24",
    _job("engine_seconds", "dbt:new"): "_x168 0+9x24",
}


@pytest.mark.parametrize(
    ("place", "expected"), [(0, 3), (1, 1), (2, 2), (3, 48)], ids=["now", "before", "longer by", "in all"]
)
def test_a_job_is_slower_by_its_own_queries_of_a_week_before(ask: Ask, place: int, expected: float) -> None:
    labels = '{client="dbt-athena", workgroup="dbt", workload="dbt:slow"}'
    ask(SLOWER, _expr(pipelines.GOT_SLOWER, place), {labels: expected}, hour=WEEK + DAY)


def test_a_quantile_of_nothing_is_nothing(ask: Ask) -> None:
    buckets = {
        _of("athena_query_total_seconds_bucket", le=bound, statement_type="DML", workgroup="dbt"): "5x24"
        for bound in ("1", "5", "+Inf")
    }
    ask(buckets, _expr(pipelines.SLOWEST), {})


# -- budgets -----------------------------------------------------------------------------------------------------


def _used(budget: str, subject: str, ratio: float, metric: str = "used_ratio") -> dict[str, str]:
    return {_of(f"athena_budget_{metric}", budget=budget, subject=subject): f"{ratio}x240"}


def _window(budget: str, days: int | None, warn: float = 0.8) -> dict[str, str]:
    """A window that began with time itself; without days it is a rolling one."""
    framed = {
        _of("athena_budget_window_start_timestamp_seconds", budget=budget): "0x240",
        _of("athena_budget_warn_ratio", budget=budget): f"{warn}x240",
    }
    end = {_of("athena_budget_window_end_timestamp_seconds", budget=budget): f"{(days or 0) * 86_400}x240"}
    return framed | (end if days else {})


def _subject(budget: str, subject: str) -> str:
    return f'{{{HERE}, budget="{budget}", subject="{subject}"}}'


BUDGETS = {
    **_window("monthly", 31, warn=0.4), **_window("daily", 1), **_window("rolling", None),
    **_used("monthly", "etl", 0.5), **_used("monthly", "adhoc", 0.3), **_used("monthly", "ana", 0.95),
    **_used("monthly", "etl", 1.2, "forecast_ratio"),
    **_used("daily", "etl", 0.9), **_used("rolling", "ana", 1), **_used("daily", "analyst", 0.8),
    _of("athena_window_cost_usd", window="month", workgroup="etl"): "70x240",
    _of("athena_window_cost_usd", window="month", workgroup="adhoc"): "20x240",
    _of("athena_user_info", user="ana", role="analyst", kind="person"): "1x240",
}  # fmt: skip  # series in rows


@pytest.mark.parametrize(
    ("signal", "expected"),
    [
        (budgets.BURN_DOWN, {_subject("monthly", "etl"): 0.5, _subject("monthly", "adhoc"): 0.3}),
        (budgets.FORECAST, {_subject("monthly", "etl"): 1.2}),
    ],
    ids=["used", "forecast"],
)
def test_the_months_budgets_are_those_of_workgroups_and_of_months(ask: Ask, signal: Signal, expected: Answer) -> None:
    ask(BUDGETS, _expr(signal), expected)


def test_the_even_pace_is_the_share_of_the_month_that_is_over(ask: Ask) -> None:
    ask(BUDGETS, _expr(budgets.BURN_DOWN, 1), {"{}": 0.25}, hour=186)


def test_a_months_budget_warns_from_its_own_share_on(ask: Ask) -> None:
    ask(BUDGETS, _expr(budgets.BURN_DOWN, 2), {"{}": 0.4})


def test_a_level_begins_at_the_budgets_own_share_and_at_the_limit(ask: Ask) -> None:
    expected = {
        _subject("monthly", "etl"): 1, _subject("monthly", "adhoc"): 0, _subject("monthly", "ana"): 1,
        _subject("daily", "etl"): 1, _subject("daily", "analyst"): 1, _subject("rolling", "ana"): 2,
    }  # fmt: skip  # series in rows
    ask(BUDGETS, _expr(budgets.STANDINGS, 2), expected)
    assert set(budgets.LEVELS) == {"0", "1", "2"}


def test_a_window_of_the_calendar_ends_and_a_rolling_one_does_not(ask: Ask) -> None:
    month, day = 31 * 86_400_000, 86_400_000
    expected = {
        _subject("monthly", "etl"): month, _subject("monthly", "adhoc"): month, _subject("monthly", "ana"): month,
        _subject("daily", "etl"): day, _subject("daily", "analyst"): day,
    }  # fmt: skip  # series in rows
    ask(BUDGETS, _expr(budgets.STANDINGS, 7), expected)


def test_budgets_of_a_user_are_those_of_the_user_and_of_the_role(ask: Ask) -> None:
    expected = {
        _subject("monthly", "ana"): 0.95, _subject("rolling", "ana"): 1, _subject("daily", "analyst"): 0.8,
    }  # fmt: skip  # series in rows
    ask(BUDGETS, _expr(budgets.OF_USERS), expected)


def _mode(account: str, of: str) -> dict[str, str]:
    """The guard's modes of an account, as they are exposed: 1 for its own, 0 for the others."""
    return {
        f'athena_guard_mode{{account_id="{account}", region="eu", mode="{mode}"}}': f"{int(mode == of)}x24"
        for mode in ("off", "dry_run", "enforce")
    }


@pytest.mark.parametrize(("modes", "expected"), [(("off",), 0), (("off", "dry_run"), 1), (("enforce", "off"), 2)])
def test_the_guard_does_the_most_that_it_does_anywhere(ask: Ask, modes: tuple[str, ...], expected: int) -> None:
    series = {name: value for place, mode in enumerate(modes) for name, value in _mode(str(place), mode).items()}
    ask(series, _expr(guard.MODE), {"{}": expected})
    assert str(expected) in guard.MODES


# -- the exporter ------------------------------------------------------------------------------------------------


def test_what_never_happened_is_0_while_an_exporter_runs_and_nothing_without_one(ask: Ask) -> None:
    ask({_of("athena_exporter_source_up", source="athena"): "1x24"}, _expr(exporter.EXCEPTIONS), {"{}": 0})
    ask({_of("up", job="other"): "1x24"}, _expr(exporter.EXCEPTIONS), {})


def test_a_source_that_never_failed_has_0_failed_reads(ask: Ask) -> None:
    series = {
        _of("athena_exporter_source_up", source="athena"): "1x24",
        _of("athena_exporter_source_up", source="lookup"): "1x24",
        _of("athena_exporter_source_errors_total", source="lookup", reason="throttled"): "0+1x24",
    }
    expected = {f'{{{HERE}, source="athena"}}': 0, f'{{{HERE}, source="lookup"}}': 24}
    ask(series, _expr(exporter.SOURCES, 5), expected)
