"""An expression that can't mean anything is not built."""

import promql_parser
import pytest
from dashboard_lint import plain_promql

from athena_dashboards import promql
from athena_dashboards.promql import (
    Expr,
    PromqlError,
    absent,
    aggregate,
    increase,
    is_not,
    join,
    like,
    match,
    number,
    over_time,
    quantile,
    rate,
    scoped,
    select,
    top,
    total,
)
from athena_exporter import catalog

BYTES = select(catalog.SCANNED_BYTES)
BY_USER = total(increase(select(catalog.USER_SCANNED_BYTES), "1h"), "user")


def test_a_selector_carries_its_matchers() -> None:
    chosen = select(catalog.QUERIES, workgroup="adhoc", state=is_not("failed"), region=like("eu-.*"))

    assert chosen.text == 'athena_queries_total{workgroup="adhoc",state!="failed",region=~"eu-.*"}'


def test_a_hostile_value_stays_inside_its_quotes() -> None:
    chosen = select(catalog.QUERIES, workgroup='a"} or vector(1) #\\')

    assert promql_parser.parse(chosen.text).prettify() == chosen.text


def test_a_label_that_the_metric_lacks_is_refused_with_those_that_it_has() -> None:
    with pytest.raises(PromqlError, match=r"athena_window_queries has no label 'user'; it has .*workgroup"):
        select(catalog.WINDOW_QUERIES, user="alice")


def test_grouping_by_a_label_that_was_summed_away_is_refused() -> None:
    with pytest.raises(PromqlError, match="has no label 'workgroup'"):
        total(BY_USER, "workgroup")


def test_a_rate_of_a_gauge_is_refused() -> None:
    with pytest.raises(PromqlError, match=r"athena_exporter_pending_queries is a gauge: rate\(\)"):
        rate(select(catalog.PENDING_QUERIES))


def test_a_counter_over_time_is_refused() -> None:
    with pytest.raises(PromqlError, match="athena_queries_total is a counter: max_over_time"):
        over_time("max", select(catalog.QUERIES), "1h")


def test_a_label_that_the_series_lack_is_not_copied() -> None:
    with pytest.raises(PromqlError, match="has no label 'role'"):
        promql.copied(BY_USER, "subject", "role")


def test_series_that_never_match_are_not_put_together() -> None:
    with pytest.raises(PromqlError, match="never match"):
        _ = BY_USER / total(rate(BYTES), "workgroup")


def test_series_by_the_same_labels_are_put_together() -> None:
    share = BY_USER / BY_USER

    assert str(share) == f"{BY_USER} / {BY_USER}"
    assert share.metrics == (catalog.USER_SCANNED_BYTES,)


def test_an_operator_inside_an_operator_gets_its_parentheses() -> None:
    difference = (BY_USER - BY_USER) / BY_USER

    assert str(difference) == f"({BY_USER} - {BY_USER}) / {BY_USER}"


def test_a_number_goes_with_everything() -> None:
    assert str(number("time()") - select(catalog.SOURCE_LAST_SUCCESS).now) == (
        "time() - athena_exporter_source_last_success_timestamp_seconds"
    )
    assert str(BY_USER * 0.5) == f"{BY_USER} * 0.5"


def test_a_histogram_has_parts_and_others_have_none() -> None:
    assert select(catalog.QUEUE_SECONDS, "bucket").name == "athena_query_queue_seconds_bucket"
    with pytest.raises(PromqlError, match="has no part"):
        select(catalog.QUEUE_SECONDS)
    with pytest.raises(PromqlError, match="has no part 'sum'"):
        select(catalog.QUERIES, "sum")


def test_a_quantile_keeps_what_it_is_grouped_by() -> None:
    expression = quantile(0.95, catalog.QUEUE_SECONDS, "1h", "workgroup")

    assert expression.labels == {"workgroup"}
    assert str(expression).startswith("histogram_quantile(0.95, sum by (le, workgroup) (rate(")


def test_tags_are_known_by_their_prefix_only() -> None:
    info = select(catalog.WORKGROUP_INFO).now
    cost = increase(select(catalog.COST_USD), "1h")

    by_tag = total(join(cost, info, on=("workgroup",), carry=("tag_component",)), "tag_component")

    assert str(by_tag).startswith("sum by (tag_component) (increase(athena_cost_usd_total[1h]) * on (workgroup)")
    with pytest.raises(PromqlError, match="has no label 'component'"):
        join(cost, info, on=("workgroup",), carry=("component",))


def test_the_dashboards_variables_are_put_on_the_labels_that_a_metric_has() -> None:
    assert scoped(catalog.PENDING_QUERIES).text == (
        'athena_exporter_pending_queries{account_id=~"$account",region=~"$region"}'
    )
    assert 'workgroup=~"$workgroup"' in scoped(catalog.QUERIES).text
    assert 'user=~"$user"' in scoped(catalog.USER_QUERIES, variables=("user",)).text
    assert scoped(catalog.QUERIES, workgroup="adhoc").text.count("workgroup") == 1


def test_an_offset_stands_behind_the_range() -> None:
    assert str(increase(BYTES.offset("1w"), "1d")) == "increase(athena_scanned_bytes_total[1d] offset 1w)"


@pytest.mark.parametrize(
    "expression",
    [
        top(5, BY_USER),
        aggregate("max", BY_USER),
        absent(select(catalog.BUILD_INFO)),
        BY_USER > 5,
        BY_USER | BY_USER,
        BY_USER.unless(BY_USER),
        promql.clamp_min(BY_USER, 1),
        promql.relabel(BY_USER, "which", "now"),
        promql.scalar(total(rate(BYTES))) * BY_USER,
        promql.moved(select(catalog.PENDING_QUERIES), "1h"),
        promql.copied(BY_USER, "subject", "user"),
        promql.call("round", BY_USER, 0.1),
        match(BY_USER, "/", BY_USER, on=("user",)),
    ],
    ids=str,
)
def test_prometheus_can_parse_what_is_built(expression: Expr) -> None:
    assert promql_parser.parse(plain_promql(str(expression))) is not None
