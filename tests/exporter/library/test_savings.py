"""Why these tests exist: a saving that isn't there costs the trust in all that are. Each is counted a second time."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator

import pytest
from history_files import Known
from history_truth import (
    FIRST,
    LAST,
    Case,
    Rows,
    billed,
    by,
    by_mode,
    database,
    is_select,
    middle,
    scanned,
    usd,
    users,
    workgroup,
)


def reusable(known: Iterable[Known], minutes: int) -> set[str]:
    """Queries that could have had an earlier result of their stretch of time."""
    found = set()
    selects = by(filter(is_select, known), lambda one: (workgroup(one), database(one), one.sql))
    for own in selects.values():
        for stretch in by(own, lambda one: one.plan.submitted_ms // (minutes * 60_000)).values():
            first = min((one.plan.ended_ms for one in stretch if one.plan.state == "SUCCEEDED"), default=math.inf)
            found |= {
                one.plan.query_id
                for one in stretch
                if one.plan.submitted_ms >= first and not _was_reused(one) and one.plan.state != "FAILED"
            }
    return found


def _was_reused(one: Known) -> bool:
    return bool(one.plan.reused) and one.plan.statistics_after_ms is not None


@pytest.mark.parametrize("minutes", [60, 1440])
def test_repeated_queries(case: Case, minutes: int) -> None:
    could = reusable(case.known, minutes)
    groups = by(filter(is_select, case.known), lambda one: (workgroup(one), database(one), one.sql))
    expected = {}
    for (group, place, sql), own in groups.items():
        if len(own) >= 2:
            saved = [one for one in own if one.plan.query_id in could]
            expected[max(own, key=lambda one: one.plan.ended_ms).plan.query_id] = (
                group, place, len(own), sum(map(_was_reused, own)), len(saved), users(own), scanned(own), usd(own),
                usd(saved), sql,
            )  # fmt: skip  # as above
    rows = case.ask("repeated_queries", max_age_minutes=minutes, limit=10_000)
    assert {row[-1]: row[1:-2] for row in rows} == {key: row[:-1] for key, row in expected.items()}
    assert [row[9] for row in rows] == sorted((row[9] for row in rows), reverse=True)
    assert all(row[10] in {None, expected[row[-1]][-1]} for row in rows)
    assert rows[0][5] >= 5, "what a dashboard asks every 20 minutes is there"


def test_no_result_is_promised_that_would_have_been_too_old(case: Case) -> None:
    could = reusable(case.known, 60)
    assert could < reusable(case.known, 10_080)
    ((_, _, client, queries, reused, count, cost, saving), *_) = (row[1:] for row in _reuse(case, 60))
    own = [one for one in filter(is_select, case.known) if workgroup(one) == "monitoring" and one.plan.client == client]
    saved = [one for one in own if one.plan.query_id in could]
    assert (queries, reused, count, cost, saving) == (
        len(own), sum(map(_was_reused, own)), len(saved), usd(own), usd(saved),
    )  # fmt: skip  # figures


def _reuse(case: Case, minutes: int) -> Rows:
    return case.ask("savings_result_reuse", max_age_minutes=minutes)


def test_all_reuse_by_workgroup_is_all_reuse_by_query(case: Case) -> None:
    could = reusable(case.known, 1440)
    rows = _reuse(case, 1440)
    assert sum(row[6] for row in rows) == len(could)
    assert sum(row[8] for row in rows) == pytest.approx(usd(one for one in case.known if one.plan.query_id in could))


def alone(known: Iterable[Known]) -> Iterator[tuple[str, Known]]:
    """Queries that read one table and no other."""
    for one in known:
        names = by_mode(one, "read")
        if len(names) == 1:
            yield next(iter(names)), one


def test_suspected_full_scans(case: Case) -> None:
    candidates = [one for one in filter(is_select, case.known) if one.plan.state == "SUCCEEDED" and one.nano]
    groups: defaultdict[str, list[Known]] = defaultdict(list)
    for name, one in alone(one for one in candidates if one.scanned):
        groups[name].append(one)
    expected = []
    for name, own in groups.items():
        largest = max(one.scanned for one in own)
        ranked = sorted(own, key=lambda one: (one.scanned, one.nano, one.plan.query_id))
        median = ranked[(len(ranked) + 1) // 2 - 1]
        suspects = [one for one in own if one.scanned >= largest * 0.8]
        if len(own) >= 10 and median.scanned <= largest * 0.1:
            expected.append(
                (
                    name, len(own), len(suspects), users(suspects), largest, median.scanned, scanned(suspects),
                    usd(suspects), (sum(one.nano for one in suspects) - median.nano * len(suspects)) / 1e9,
                    max(suspects, key=lambda one: one.plan.ended_ms).plan.query_id,
                )
            )  # fmt: skip  # as above
    rows = case.ask("savings_full_scans")
    assert rows == sorted(expected, key=lambda row: (-row[8], row[0]))
    assert len(rows) > 3


def test_select_star_is_compared_with_those_who_name_columns(case: Case) -> None:
    rows = case.ask("savings_select_star")
    told = [one for one in case.known if one.plan.state == "SUCCEEDED" and one.plan.number % 13 and one.nano]
    reads = [one for name, one in alone(told) if name == "sales.orders" and not any(u.via_view for u in one.plan.uses)]
    given = [one for one in reads if one.sql.startswith("/* run ")]
    stars = [one for one in given if any(word in one.sql for word in ("SELECT *", "SELECT o.*", "DISTINCT *"))]
    others = [one for one in reads if one not in stars]
    median = middle([one.nano for one in others])
    assert len(stars) > 10
    ((*figures, _),) = rows
    assert figures == [
        "sales.orders", len(stars), users(stars), len(others), scanned(stars), usd(stars), median / 1e9,
        sum(one.nano - median for one in stars) / 1e9,
    ]  # fmt: skip  # figures


def test_row_formats_count_the_tables_that_are_given(case: Case) -> None:
    names = {"web_events.sessions", "sales.orders", "nowhere.nothing"}
    groups: defaultdict[str, list[Known]] = defaultdict(list)
    for name, one in alone(one for one in case.known if one.nano):
        groups[name].append(one)
    rows = case.ask("savings_row_formats", row_tables=sorted(names), columnar_share=0.25)
    assert {row[0]: row[1:] for row in rows} == {
        name: (len(own), users(own), scanned(own), usd(own), pytest.approx(usd(own) * 0.75))
        for name, own in groups.items()
        if name in names
    }
    assert len(rows) == 2


def test_a_reservation_is_priced_by_the_busiest_hour(case: Case) -> None:
    billed_by_byte = [one for one in case.known if one.nano]
    expected = {}
    for name, own in by(billed_by_byte, workgroup).items():
        hours = by(own, lambda one: one.ended_at.replace(minute=0, second=0, microsecond=0))
        engines = {at: sum(one.plan.engine_ms for one in those) for at, those in hours.items()}
        dpus = 4 * max(1, *(math.ceil(worked / 3_600_000) for worked in engines.values()))
        price = dpus * 0.3
        above = [usd(those) - price for those in hours.values() if usd(those) > price]
        days = (LAST - FIRST).days + 1
        expected[name] = (
            len(own), usd(own), dpus, pytest.approx(price * 24 * days), pytest.approx(usd(own) - price * 24 * days),
            len(above), pytest.approx(sum(above)), math.floor(price * billed(own) / usd(own)),
        )  # fmt: skip  # as above
    rows = case.ask("savings_reservation")
    assert {row[2]: row[3:] for row in rows} == expected
    assert any(row[8] for row in rows), "an hour that costs more than the DPUs"


def test_a_cheap_reservation_saves(case: Case) -> None:
    rows = case.ask("savings_reservation", dpu_usd=0.0001)
    assert rows[0][7] > 0
    assert [row[7] for row in rows] == sorted((row[7] for row in rows), reverse=True)


def test_all_savings_stand_in_one_ranked_list(case: Case) -> None:
    rows = case.ask("savings", top=1000, dpu_usd=0.0001)
    assert [row[4] for row in rows] == sorted((row[4] for row in rows), reverse=True)
    by_saving = {name: [row[1:] for row in rows if row[0] == name] for name in {row[0] for row in rows}}
    scans = [row for row in case.ask("savings_full_scans") if row[8] > 0]
    stars = [row for row in case.ask("savings_select_star") if row[7] > 0]
    reuses = [row for row in _reuse(case, 60) if row[8] and row[8] > 0]
    capacity = [row for row in case.ask("savings_reservation", dpu_usd=0.0001) if row[7] > 0]
    assert by_saving == {
        "savings_full_scans": [(row[0], row[2], row[7], row[8]) for row in scans],
        "savings_select_star": [(row[0], row[1], row[5], row[7]) for row in stars],
        "savings_result_reuse": [(" ".join(row[:4]), row[6], row[7], row[8]) for row in reuses],
        "savings_reservation": [(" ".join(row[:3]), *row[3:5], row[7]) for row in capacity],
    }
