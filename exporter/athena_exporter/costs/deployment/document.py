"""The tables of docs/deploy.md, between their marks.

Stage: bill -> **document** -> docs/deploy.md (a test compares it byte for byte, and writes it with --update-golden).
"""

from collections.abc import Iterable, Iterator, Sequence

from athena_exporter.costs.deployment.bill import all_day, bill, ingestion_usd, options
from athena_exporter.costs.deployment.company import ASSUMPTIONS, SIZES, Company
from athena_exporter.costs.deployment.looks import Shown
from athena_exporter.costs.deployment.prices import PRICES
from athena_exporter.costs.deployment.series import series

BEGIN = "<!-- costs: written by the tests, from athena_exporter/costs/deployment -->"
END = "<!-- end of costs -->"

_SIZES_WORDS = """\
US dollars a month, with a public address, CloudTrail's event history as the source of names and the `cloudwatch`
source off. What begins with + can be chosen and comes on top. Free tiers are left out."""
_SERIES_WORDS = """\
Series, and US dollars a month to take them in, at 30 workgroups and 20 databases. A pair is a database that a user
queries. `labels.users` holds this down: users beyond 500 are one series, `other`."""
_WALLS_WORDS = """\
US dollars a month for one dashboard that is open day and night, with the range and the refresh that it comes with.
Managed Prometheus bills every sample that a query reads, and a table over 24 hours reads 1,440 of each
series, every time: for a screen choose a slower refresh, a shorter range, or `athena-overview`."""
_ASSUMED_WORDS = (
    """Each of them is a constant of `costs/deployment/company.py`: change it there, and the tables follow."""
)
_PRICES_WORDS = "List prices for us-east-1: check them before you rely on them."
_CENT = 0.01
_CENTS_BELOW = 10
_USERS = (20, 150, 500)
_PAIRS = (1, 3, 10)
_MIDDLING = SIZES[1]


def placed(text: str, tables: str) -> str:
    """The document with the tables between its marks.

    Raises:
        ValueError: a mark is missing.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document lacks {BEGIN if not begin else END}")
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def document(shown: Shown) -> str:
    """Markdown: the bill by size, by users and databases, of screens on walls; assumptions and prices."""
    return "\n\n".join(
        f"### {title}\n\n{words}\n\n{table}"
        for title, words, table in (
            ("By size of the company", _SIZES_WORDS, _sizes(shown)),
            ("By users and databases", _SERIES_WORDS, _series()),
            ("A screen on the wall", _WALLS_WORDS, _walls(shown)),
            ("What is assumed", _ASSUMED_WORDS, _table(("What", "Number", "Because"), _assumptions())),
            ("The prices", _PRICES_WORDS, _table(("What", "US dollars", "For", "Source"), _prices())),
        )
    )


def _sizes(shown: Shown) -> str:
    bills = [bill(one, shown) for one in SIZES]
    others = [options(one) for one in SIZES]
    titles = [f"{one.workgroups} workgroups" for one in SIZES]
    facts = (
        ("", "Users", *(f"{one.users:,}" for one in SIZES), ""),
        ("", "Databases; pairs a user", *(f"{one.databases}; {one.pairs:g}" for one in SIZES), ""),
        ("", "Queries a month", *(f"{one.queries:,}" for one in SIZES), ""),
        ("", "Editors; viewers", *(f"{one.editors}; {one.viewers}" for one in SIZES), ""),
        ("", "Series", *(_count(series(one)) for one in SIZES), ""),
    )
    lines = [
        (str(row[0].step), row[0].item, *(_usd(each.usd) for each in row), row[0].per)
        for row in zip(*bills, strict=True)
    ]
    sums = ("", "**In all**", *(f"**{_usd(sum(line.usd for line in one))}**" for one in bills), "")
    beside = [
        (str(row[0].step), f"+ {row[0].item}", *(_usd(each.usd) for each in row), row[0].per)
        for row in zip(*others, strict=True)
    ]
    return _table(("Step", "", *titles, "Grows with"), (*facts, *lines, sums, *beside), right=len(SIZES), left=2)


def _series() -> str:
    rows = [
        (
            f"{users:,} users",
            *(
                f"{_count(series(one))} series, {_usd(ingestion_usd(series(one)))}"
                for one in (_with(users, pairs) for pairs in _PAIRS)
            ),
        )
        for users in _USERS
    ]
    return _table(("", *(f"Pairs a user: {pairs}" for pairs in _PAIRS)), rows, right=len(_PAIRS))


def _with(users: int, pairs: float) -> Company:
    return Company(
        workgroups=_MIDDLING.workgroups, users=users, databases=_MIDDLING.databases, pairs=pairs,
        queries=_MIDDLING.queries, viewers=_MIDDLING.viewers,
    )  # fmt: skip  # six arguments read best as a block


def _walls(shown: Shown) -> str:
    rows = [
        (f"`{uid}`", str(board["time"]["from"]), board.get("refresh") or "never",
         *(_usd(all_day(uid, one, shown)) for one in SIZES))
        for uid, board in sorted(shown.dashboards.items())
    ]  # fmt: skip  # a row
    titles = [f"{one.workgroups} workgroups" for one in SIZES]
    return _table(("Dashboard", "Range", "Refresh", *titles), rows, right=len(SIZES), left=3)


def _assumptions() -> Iterator[Sequence[str]]:
    for one in ASSUMPTIONS:
        yield one.name, f"{one.value:.4g}", one.because


def _prices() -> Iterator[Sequence[str]]:
    for one in PRICES:
        yield one.name, f"{one.usd:g}", one.unit, f"<{one.source}>"


def _count(number: float) -> str:
    """Two digits that mean something: more would promise what assumptions cannot hold."""
    return f"{float(f'{number:.2g}'):,.0f}"


def _usd(amount: float) -> str:
    if abs(amount) < _CENT / 2:
        return "0"
    return f"{amount:.2f}" if abs(amount) < _CENTS_BELOW else _count(amount)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, right: int = 0, left: int = 1) -> str:
    """`right` columns after the first `left` hold numbers."""
    marks = ["---"] * left + ["---:"] * right + ["---"] * (len(headings) - left - right)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headings, marks, *rows))
