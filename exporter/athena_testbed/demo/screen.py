"""The figures as people read them: one summary, for a terminal that redraws it and for a log that repeats it."""

from collections.abc import Iterable

from rich import box
from rich.columns import Columns
from rich.console import Group
from rich.table import Table
from rich.text import Text

from athena_testbed.demo.figures import PENDING, Figures, SourceState, Usage, Usages, dearest, total
from athena_testbed.demo.runaway import PERSON
from athena_testbed.demo.story import Seen, Story

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
SIDE_BY_SIDE = 120
"""From this width on, in characters, the two tables surely stand beside each other."""
_MOST_ROWS = 12
_HEADLINES = 7
_TABLE_LINES = 5
"""A table's title, heading and empty lines."""


def summary(figures: Figures, *, title: str, rows: int) -> Group:
    """Everything at a glance; at most `rows` users and as many workgroups."""
    users = _table("Top users today", "user", figures.named_today, rows)
    workgroups = _table("Top workgroups today", "workgroup", figures.workgroups_today, rows)
    return Group(Text(title, style="bold"), *_headlines(figures), Text(), Columns([users, workgroups], padding=(0, 3)))


def seen(one: Seen) -> Text:
    """What has just happened, in one line."""
    return Text(f"{one.at:%H:%M:%S.%f}"[:-3] + f"  {one.name}: {one.words}", style="bold")


def story(told: Story) -> Group:
    """What became of the runaway, in the order in which it was seen, and what is still to come."""
    lines = [seen(one) for one in told.seen.values()]
    waiting = [Text(f"not yet: {', '.join(told.open)}")] if told.open else []
    return Group(Text(f"\n{PERSON} ran away:", style="bold"), *lines, *waiting)


def rows_that_fit(width: int, height: int) -> int:
    """How many rows each table may have so that a terminal of this size shows the summary whole."""
    tables = 1 if width >= SIDE_BY_SIDE else 2
    left = height - 1 - _HEADLINES - tables * _TABLE_LINES
    return max(3, min(_MOST_ROWS, left // tables))


def _headlines(figures: Figures) -> Iterable[Text]:
    running = "   ".join(f"{count} {state}" for state, count in sorted(figures.running.items(), reverse=True))
    waiting = figures.users_today.get(PENDING, Usage())
    yield Text(f"  today (UTC)    {usage_words(figures.today)}")
    yield Text(f"  since start    {usage_words(total(figures.workgroups))}; starts refused: {figures.refused_starts:,}")
    yield Text(f"  now            {running or 'nothing known yet'}")
    yield Text(f"  pending        {queries_words(waiting.queries)} of today wait for CloudTrail to tell who it was")
    yield Text(f"  sources        {'   '.join(map(_source_words, figures.sources)) or 'not read yet'}")


def usage_words(usage: Usage) -> str:
    """One line: `12 queries, 1.50 GiB scanned, $0.07`."""
    return (
        f"{queries_words(usage.queries)}, {bytes_words(usage.scanned_bytes)} scanned, {dollars_words(usage.cost_usd)}"
    )


def queries_words(count: int) -> str:
    """`1 query`, `2,000 queries`."""
    return f"{count:,} {'query' if count == 1 else 'queries'}"


def bytes_words(count: int) -> str:
    """Three digits in a binary unit: 1536 -> 1.50 KiB."""
    size, power = float(count), 0
    while size >= 1000 and power < len(_UNITS) - 1:
        size, power = size / 1024, power + 1
    if power == 0:
        return f"{count} B"
    places = 2 if size < 9.995 else 1 if size < 99.95 else 0
    return f"{size:.{places}f} {_UNITS[power]}"


def dollars_words(amount: float) -> str:
    """Cents from ten cents on, below in hundredths of a cent."""
    return f"${amount:,.2f}" if amount == 0 or amount >= 0.1 else f"${amount:.4f}"


def _source_words(source: SourceState) -> str:
    state = "up" if source.up else "DOWN"
    lag = "" if source.lag_s is None else f", {source.lag_s:.1f} s behind"
    return f"{source.name} {state}{lag}"


def _table(title: str, heading: str, usages: Usages, rows: int) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(heading, no_wrap=True, overflow="ellipsis", max_width=28)
    for name in ("queries", "scanned", "cost"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, usage in dearest(usages)[:rows]:
        cells = (f"{usage.queries:,}", bytes_words(usage.scanned_bytes), dollars_words(usage.cost_usd))
        table.add_row(Text(name), *cells)
    if not usages:
        table.add_row(Text("nobody yet"), "", "", "")
    return table
