"""What AWS billed for a day's scans, beside what the history holds: which TB and which discount explain it. Pure.

Stage: Athena's answers (history, Cost and Usage Report) -> **bill** -> people. AWS bills in TB and does not say
whether that is 10^12 or 2^40 bytes; each query's whole MB and minimum are reckoned by both, and the closer one holds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from athena_exporter.outlets.report.render import dollars
from athena_exporter.outlets.report.table import Cell, Column, Table, Unit

SETTLED_AFTER = timedelta(days=3)
"""How long after a day's end its lines may still change. AWS says only that a report is brought up to date at least
once a day until the bill is final; three days are this product's guess."""
_ALIKE = 0.0005
"""Two meanings of TB whose sums differ by less cannot be told apart."""
_CENT_OF_DISCOUNT = 0.001
_USAGE = frozenset({"Usage", "DiscountedUsage", "SavingsPlanCoveredUsage"})
_DISCOUNT = "Discount"


class Terabyte(Enum):
    """What a TB may be: its bytes as a power, and the MB in it."""

    BINARY = ("2^40", 2**20)
    DECIMAL = ("10^12", 10**6)

    @property
    def bytes_words(self) -> str:
        """`2^40`."""
        return self.value[0]

    @property
    def mb(self) -> int:
        """MB in a TB."""
        return self.value[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the history holds of one workgroup: MB to bill, by either meaning."""

    account: str
    region: str
    workgroup: str
    mb: Mapping[Terabyte, int]

    @property
    def key(self) -> tuple[str, str, str]:
        """Account, Region, workgroup."""
        return self.account, self.region, self.workgroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Lines of the report of one workgroup and type (`Usage`, `EdpDiscount`, `Credit`, ...)."""

    account: str
    region: str
    workgroup: str
    line_type: str
    usage_tb: float
    cost_usd: float

    @property
    def key(self) -> tuple[str, str, str]:
        """Account, Region, workgroup."""
        return self.account, self.region, self.workgroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What explains the bill.

    `terabyte` is the closer meaning, None where both explain it alike; `expected_tb` what the history comes to by it.
    `discount` is the share that the price was below the list price (negative: above); `lines_usd` what the report
    takes off in lines of their own. `residual` is the share of the billed TB that stays unexplained.
    """

    billed_tb: float
    cost_usd: float
    expected_tb: Mapping[Terabyte, float]
    terabyte: Terabyte | None
    residual: float
    usd_per_tb: float
    discount: float
    lines_usd: float


def explain(held: Iterable[Held], charges: Iterable[Charge], list_usd_per_tb: float) -> Explained | None:
    """What explains these charges; None where the report bills no scan of that day."""
    ours, theirs = list(held), list(charges)
    usage = [one for one in theirs if one.line_type in _USAGE]
    billed, cost = sum(one.usage_tb for one in usage), sum(one.cost_usd for one in usage)
    if billed <= 0:
        return None
    expected = {one: sum(row.mb[one] for row in ours) / one.mb for one in Terabyte}
    closer = min(Terabyte, key=lambda one: abs(billed - expected[one]))
    alike = abs(expected[Terabyte.BINARY] - expected[Terabyte.DECIMAL]) <= _ALIKE * billed
    return Explained(
        billed_tb=billed, cost_usd=cost, expected_tb=expected, terabyte=None if alike else closer,
        residual=(billed - expected[closer]) / billed, usd_per_tb=cost / billed,
        discount=1 - cost / (billed * list_usd_per_tb) if list_usd_per_tb else 0.0,
        lines_usd=-sum(one.cost_usd for one in theirs if one.line_type.endswith(_DISCOUNT)),
    )  # fmt: skip  # eight facts read best as a block


def is_settled(day: datetime, now: datetime) -> bool:
    """Whether the report's lines of a day should no longer change."""
    return now >= day + timedelta(days=1) + SETTLED_AFTER


def sentences(found: Explained, list_usd_per_tb: float, tb_bytes: int) -> Iterator[str]:
    """The explanation for a person; `tb_bytes` is what the configuration holds a TB for."""
    chosen = found.terabyte or Terabyte.BINARY
    yield f"billed: {found.billed_tb:,.6f} TB for {dollars(found.cost_usd)}, {dollars(found.usd_per_tb)} a TB"
    if found.terabyte is None:
        yield "a TB of 2^40 bytes and one of 10^12 explain it alike: minimums and small queries make up this day"
    else:
        other = next(one for one in Terabyte if one is not chosen)
        yield (
            f"a TB of {chosen.bytes_words} bytes explains it: the history comes to {found.expected_tb[chosen]:,.6f} "
            f"TB, residual {found.residual:+.2%}; of {other.bytes_words} bytes it would be "
            f"{found.expected_tb[other]:,.6f} TB"
        )
        if chosen.bytes_words != ("2^40" if tb_bytes == 2**40 else "10^12"):
            spelled = "1TiB" if chosen is Terabyte.BINARY else "1TB"
            yield f"the configuration takes a TB for another one: set pricing.tb_bytes: {spelled}"
    yield _discount(found, list_usd_per_tb)


def _discount(found: Explained, list_usd_per_tb: float) -> str:
    listed = f"the list price of {dollars(list_usd_per_tb)} a TB (pricing.usd_per_tb)"
    if found.lines_usd > 0 and found.cost_usd:
        share = found.lines_usd / found.cost_usd
        lines = f"; lines of discounts take {dollars(found.lines_usd)} off, {share:.1%}"
    else:
        lines = ""
    if abs(found.discount) < _CENT_OF_DISCOUNT:
        return f"no discount in the price: it is {listed}{lines}"
    if found.discount < 0:
        return f"the price is {-found.discount:.1%} above {listed}: is it your Region's?{lines}"
    return f"a discount of {found.discount:.1%} on {listed} explains the price{lines}"


_COLUMNS = (
    Column(key="account_region", heading="target", unit=Unit.NAME),
    Column(key="workgroup", heading="workgroup", unit=Unit.NAME),
    Column(key="history_bytes", heading="history", unit=Unit.BYTES),
    Column(key="billed_bytes", heading="billed", unit=Unit.BYTES),
    Column(key="difference_ratio", heading="difference", unit=Unit.RATIO),
    Column(key="billed_usd", heading="billed", unit=Unit.USD),
)


def table(
    held: Iterable[Held], charges: Iterable[Charge], found: Explained, day: datetime, notes: Sequence[str]
) -> Table:
    """Workgroup by workgroup, in bytes of the TB that explains the bill."""
    chosen = found.terabyte or Terabyte.BINARY
    size = 2**20 if chosen is Terabyte.BINARY else 10**6
    ours: dict[tuple[str, str, str], int] = {}
    for one in held:
        ours[one.key] = ours.get(one.key, 0) + one.mb[chosen] * size
    usage = [one for one in charges if one.line_type in _USAGE]
    rows = [
        _row(key, ours.get(key, 0), usage, chosen.mb * size) for key in sorted(ours.keys() | {u.key for u in usage})
    ]
    billed = round(found.billed_tb * chosen.mb * size)
    return Table(
        title=f"What AWS billed for scans on {day.astimezone(UTC):%Y-%m-%d}, workgroup by workgroup",
        columns=_COLUMNS,
        rows=tuple(row for row in rows if row[2] or row[3]),
        total=("total", "", sum(ours.values()), billed, found.residual, found.cost_usd),
        omitted=0,
        notes=tuple(notes),
    )


def _row(key: tuple[str, str, str], ours: int, usage: Sequence[Charge], tb_bytes: int) -> tuple[Cell, ...]:
    mine = [one for one in usage if one.key == key]
    billed = round(sum(one.usage_tb for one in mine) * tb_bytes)
    difference = (billed - ours) / billed if billed else None
    return (f"{key[0]} {key[1]}", key[2], ours, billed, difference, sum(one.cost_usd for one in mine))
