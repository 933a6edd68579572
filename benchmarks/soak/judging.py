"""Is it flat? Slopes that a few odd days cannot bend, bars, and the section for docs/benchmarks.md."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from measure import table, verdict

_HEIGHT = 8
_BLOCKS = " ▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What must not grow, by how much at most in ten days: `most` in its unit, or as a share of its median."""

    name: str
    what: str
    unit: str
    most: float
    is_share: bool = False


BARS = (
    Bar(name="rss_mb", what="resident memory", unit="MB", most=8),
    Bar(name="files", what="open files", unit="", most=0.5),
    Bar(name="threads", what="threads", unit="", most=0.5),
    Bar(name="ledger_mb", what="ledger, without rollups", unit="MB", most=0.03, is_share=True),
    Bar(name="wal_mb", what="write-ahead log", unit="MB", most=0.03, is_share=True),
    Bar(name="tick_cpu_ms", what="processor of a tick", unit="ms", most=0.1, is_share=True),
    Bar(name="page_kb", what="page", unit="KB", most=0.03, is_share=True),
    Bar(name="scrape_ms", what="time of a scrape", unit="ms", most=2),
    Bar(name="outbox", what="facts that wait", unit="", most=0.25, is_share=True),
)
"""The bars were set before the run. A day's tick and scrape are medians, and other programs run beside them."""
Days = Sequence[Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One bar, applied: its median over the days that count, and by how much it grew in ten of them."""

    bar: Bar
    median: float
    growth: float

    @property
    def allowed(self) -> float:
        """The most that it might have grown."""
        return self.bar.most * self.median if self.bar.is_share else self.bar.most

    @property
    def met(self) -> bool:
        """Whether it did not grow by more. To become less is no fault."""
        return self.growth <= self.allowed


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Theil and Sen's: the median of the slopes between all pairs, which a quarter of odd points cannot move far."""
    found = [(y - x_y) / (x - x_x) for (x_x, x_y), (x, y) in combinations(points, 2) if x != x_x]
    return statistics.median(found) if found else 0.0


def settled(days: Days, after: float) -> Days:
    """The days on which every retention was full: those later than `after` days from the start."""
    return [day for day in days if day["day"] > after]


def judged(days: Days) -> list[Verdict]:
    """Every bar over these days. Raises ValueError: three days are the fewest that have a slope."""
    if len(days) < 3:
        raise ValueError(f"{len(days)} days after all retentions were full: too few to be called flat; let it run on")
    return [
        Verdict(
            bar=bar,
            median=statistics.median(day[bar.name] for day in days),
            growth=10 * slope([(day["day"], day[bar.name]) for day in days]),
        )
        for bar in BARS
    ]


# -- words ------------------------------------------------------------------------------------------------------------

_COLUMNS: Sequence[tuple[str, Callable[[Mapping[str, float]], str]]] = (
    ("Day", lambda day: f"{day['day']:.0f}"),
    ("queries", lambda day: f"{day['queries']:,.0f}"),
    ("resident MB", lambda day: f"{day['rss_mb']:.0f}"),
    ("files", lambda day: f"{day['files']:.0f}"),
    ("threads", lambda day: f"{day['threads']:.0f}"),
    ("ledger MB", lambda day: f"{day['ledger_mb']:.0f}"),
    ("rollups MB", lambda day: f"{day['rollups_mb']:.1f}"),
    ("WAL MB", lambda day: f"{day['wal_mb']:.0f}"),
    ("series", lambda day: f"{day['series']:,.0f}"),
    ("page KB", lambda day: f"{day['page_kb']:,.0f}"),
    ("tick ms", lambda day: f"{day['tick_ms']:.0f}"),
    ("of processor", lambda day: f"{day['tick_cpu_ms']:.0f}"),
    ("scrape ms", lambda day: f"{day['scrape_ms']:.1f}"),
    ("facts that wait", lambda day: f"{day['outbox']:,.0f}"),
)


def by_day(days: Days, every: int) -> str:
    """A table of every so-manieth day and of the last."""
    shown = [day for day in days if int(day["day"]) % every == 0 or day in (days[0], days[-1])]
    return table([name for name, _ in _COLUMNS], [[cell(day) for _, cell in _COLUMNS] for day in shown])


def verdicts(found: Sequence[Verdict]) -> str:
    """A table of the bars."""
    return table(
        ["What", "median", "growth in ten days", "bar", "met"],
        [
            [
                one.bar.what,
                f"{one.median:,.1f} {one.bar.unit}".strip(),
                f"{one.growth:+,.2f} {one.bar.unit}".strip(),
                f"<= {one.bar.most:.0%}" if one.bar.is_share else f"<= {one.bar.most:g} {one.bar.unit}".strip(),
                verdict(met=one.met),
            ]
            for one in found
        ],
    )


def plot(days: Days) -> str:
    """A line of blocks for each bar's number, a day a block, from zero to the most it ever was."""
    width = max(len(bar.what) for bar in BARS)
    return "\n".join(f"{bar.what.ljust(width)} {_blocks([day[bar.name] for day in days])}" for bar in BARS)


def _blocks(values: Sequence[float]) -> str:
    most = max(values) or 1.0
    line = "".join(_BLOCKS[max(0, round(value / most * _HEIGHT))] for value in values)
    return f"{line} {min(values):,.1f} to {max(values):,.1f}"
