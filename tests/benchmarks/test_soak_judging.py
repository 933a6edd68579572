"""What the soak calls flat, by hand: it has to see what grows slowly, and must not see it in noise."""

import pytest
from soak.judging import BARS, Bar, by_day, judged, plot, settled, slope, verdicts

FLAT = {bar.name: 100.0 for bar in BARS} | {"queries": 1.0, "rollups_mb": 1.0, "series": 1.0, "tick_ms": 1.0}


def days(**growing: float) -> list[dict[str, float]]:
    """Ten days in which some numbers grow by so much each day."""
    return [
        {**FLAT, "day": float(day), **{name: FLAT[name] + day * rate for name, rate in growing.items()}}
        for day in range(1, 11)
    ]


def missed(found: list[dict[str, float]]) -> set[str]:
    return {one.bar.name for one in judged(found) if not one.met}


def test_what_does_not_grow_meets_every_bar() -> None:
    assert missed(days()) == set()


@pytest.mark.parametrize("bar", BARS, ids=lambda bar: bar.name)
def test_whatever_grows_steadily_misses_its_own_bar_alone(bar: Bar) -> None:
    assert missed(days(**{bar.name: 5.0})) == {bar.name}


def test_a_megabyte_a_day_is_seen_below_a_gigabyte_of_noise_on_two_days() -> None:
    noisy = days(rss_mb=1.0)
    noisy[2]["rss_mb"] += 1024
    noisy[7]["rss_mb"] -= 80
    assert missed(noisy) == {"rss_mb"}


def test_two_odd_days_of_a_flat_run_are_no_growth() -> None:
    noisy = days()
    noisy[8]["rss_mb"] += 500
    noisy[9]["rss_mb"] += 500
    assert missed(noisy) == set()


def test_what_shrinks_is_no_fault() -> None:
    assert missed(days(rss_mb=-5.0, outbox=-5.0)) == set()


def test_a_slope_is_the_median_of_all_pairs() -> None:
    assert slope([(1, 1), (2, 3), (3, 5), (4, 100)]) == 17.5
    assert slope([(1, 2), (2, 4), (3, 6)]) == 2
    assert slope([(1, 5)]) == 0


def test_days_before_the_retention_is_full_do_not_count() -> None:
    assert [day["day"] for day in settled(days(), 3)] == [4, 5, 6, 7, 8, 9, 10]
    with pytest.raises(ValueError, match="2 days after all retentions were full: too few"):
        judged(settled(days(), 8))


def test_the_tables_say_the_first_and_the_last_day_and_each_bar() -> None:
    found = days(rss_mb=5.0)
    assert [line.split()[1] for line in by_day(found, 4).splitlines()[2:]] == ["1", "4", "8", "10"]
    assert "| resident memory " in verdicts(judged(found))
    assert "+50.00 MB" in verdicts(judged(found))
    assert "**no**" in verdicts(judged(found))


def test_the_plot_has_a_block_a_day() -> None:
    lines = plot(days(files=100.0)).splitlines()
    assert len(lines) == len(BARS)
    assert "▁▂▃▄▄▅▆▇▇█ 200.0 to 1,100.0" in next(line for line in lines if line.startswith("open files"))
