"""What exporters told, held against what happened: by hand, with numbers that can be checked on paper."""

import pytest
from peers.judging import WARM_UP, Key, Page, Query, Sample, Span, Told, What, counted, judged, settled, told_by_gauges

ETL: Key = ("etl", "DML", "succeeded")
HIDDEN: Key = ("primary", "DML", "succeeded")
BOTH = {"etl"}


def ended(at: float, key: Key = ETL, scanned: int | None = 100) -> Query:
    return Query(key=key, ended=at, scanned_bytes=scanned, total_ms=1500)


def point(value: float, at: float, what: What = What.QUERIES, key: Key = ETL) -> Sample:
    return Sample(what=what, key=key, value=value, at=at)


def count(value: float, what: What = What.QUERIES, key: Key = ETL) -> Sample:
    return Sample(what=what, key=key, value=value)


def gauges(*pages: Page) -> Told:
    """Minutes, of which the first page's is chance."""
    return told_by_gauges([Page(seen=100, samples=[point(9, 0)]), *pages], 60)


def test_a_query_is_as_old_as_the_first_page_that_shows_its_minute() -> None:
    told = gauges(Page(seen=700, samples=[point(2, 60)]), Page(seen=760, samples=[point(2, 60)]))
    verdict = judged(told, [ended(70), ended(110)], BOTH, 0)
    assert sorted(verdict.ages) == [590, 630]
    assert (verdict.span, verdict.never) == (Span(since=60, until=120), 0)


def test_the_minute_of_the_first_page_is_not_judged() -> None:
    verdict = judged(gauges(Page(seen=700, samples=[point(1, 60)])), [ended(10), ended(20), ended(70)], BOTH, 0)
    assert (verdict.truth[What.QUERIES], verdict.told[What.QUERIES]) == (1, 1)


def test_of_a_minute_that_is_told_twice_the_first_value_stays() -> None:
    told = gauges(Page(seen=700, samples=[point(1, 60)]), Page(seen=760, samples=[point(2, 60)]))
    verdict = judged(told, [ended(70), ended(80)], BOTH, 0)
    assert verdict.told[What.QUERIES] == 1
    assert (list(verdict.ages), verdict.never) == ([630], 1)


def test_a_minute_that_comes_after_a_newer_one_is_lost() -> None:
    told = gauges(Page(seen=700, samples=[point(1, 120)]), Page(seen=760, samples=[point(1, 60)]))
    assert judged(told, [ended(70), ended(130)], BOTH, 0).never == 1


def test_a_workgroup_that_publishes_nothing_is_never_shown_by_a_peer() -> None:
    told = gauges(Page(seen=700, samples=[point(1, 60)]))
    verdict = judged(told, [ended(70), ended(70, HIDDEN)], BOTH, 0)
    assert verdict.never == 1
    assert (verdict.truth[What.QUERIES], verdict.published[What.QUERIES]) == (2, 1)


def test_a_peer_that_told_of_one_period_is_not_judged() -> None:
    with pytest.raises(ValueError, match="less than two periods"):
        told_by_gauges([Page(seen=1, samples=[point(1, 0)]), Page(seen=2, samples=[point(1, 0)])], 60)
    with pytest.raises(ValueError, match="less than two periods"):
        told_by_gauges([Page(seen=1, samples=[])], 60)


def test_the_nth_query_that_is_counted_is_the_nth_that_ended() -> None:
    pages = [Page(seen=seen, samples=[count(value)], since=5.0) for seen, value in ((10, 0), (20, 1), (30, 3))]
    verdict = judged(counted(pages, 40), [ended(6), ended(12), ended(19), ended(33)], BOTH, 0)
    assert sorted(verdict.ages) == [11, 14, 18]
    assert verdict.never == 1
    assert verdict.told[What.QUERIES] / verdict.truth[What.QUERIES] == 0.75


def test_ages_are_those_of_queries_after_the_start_up_but_totals_are_of_all() -> None:
    pages = [Page(seen=seen, samples=[count(value)], since=5.0) for seen, value in ((10, 0), (30, 2))]
    verdict = judged(counted(pages, 40), [ended(6), ended(20)], BOTH, fresh_since=15)
    assert (list(verdict.ages), verdict.never) == ([10], 0)
    assert verdict.told == {**verdict.told, What.QUERIES: 2}


def test_counters_that_never_say_since_when_they_count_are_not_judged() -> None:
    with pytest.raises(ValueError, match="since when"):
        counted([Page(seen=1, samples=[count(1)])], 2)


def test_what_repeats_cloudwatch_is_judged_between_its_first_word_and_one_that_has_rested() -> None:
    pages = [
        Page(seen=0, samples=[], since=10.0),
        Page(seen=10, samples=[count(4)], since=10.0, complete_until=60.0),
        Page(seen=900, samples=[count(4)], complete_until=960.0),
        Page(seen=900 + WARM_UP + 1, samples=[count(6), count(7, What.BYTES)], complete_until=960.0),
        Page(seen=1800, samples=[count(6)], complete_until=1860.0),
    ]
    told = settled(pages)
    assert told.span == Span(since=60, until=960)
    assert (told.totals[What.QUERIES], told.totals[What.BYTES]) == (2, 7)
    assert judged(told, [ended(50), ended(70), ended(950), ended(970)], BOTH, 0).never == 0


def test_what_repeats_cloudwatch_and_never_rested_is_not_judged() -> None:
    pages = [Page(seen=seen, samples=[count(1)], complete_until=seen) for seen in (100.0, 200.0, 300.0)]
    with pytest.raises(ValueError, match="less than two readings"):
        settled(pages)
