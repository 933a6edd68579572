"""The section of docs/benchmarks.md: what was measured, beside what it was measured on."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Any

from machine import facts
from measure import percentile, table

from athena_exporter import costs
from athena_exporter.costs.estimate import NANO
from athena_exporter.costs.prices import GET_METRIC_DATA
from peers.judging import Verdict, What
from peers.scraping import Usage
from peers.tools import JAR_VERSION, Tools

MONTH_HOURS = 730
_NO = "no"
_KNOWN = (
    ("queries, bytes, times by workgroup, type, state", "yes", "yes"),
    ("workgroups that do not publish metrics, as `primary` by default", "yes", _NO),
    ("counters that `rate` and `increase` understand", "yes", f"{_NO}: gauges, one a period"),
    ("users, roles, clients", "yes, as late as CloudTrail", _NO),
    ("databases, tables, jobs (dbt, Airflow)", "yes", _NO),
    ("money: minimum, rounding, reservations, what is free", "yes", _NO),
    ("why queries failed, were refused or cancelled", "yes", f"{_NO}: only that they did"),
    ("what runs right now", "yes", _NO),
    ("percentiles of times and bytes", "histograms", "per period, if asked for: more metrics, more dollars"),
    ("metrics of any other AWS service", _NO, "yes"),
    ("no state of its own: nothing to keep on a disk", _NO, "yes"),
)
"""What can be known, here and from CloudWatch's metrics, whoever copies them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One exporter: calls, usage and latencies of the measured time (`hours`), and the verdict on what it told.

    Without a verdict, `reason` says why there is none.
    """

    name: str
    hours: float
    calls: Sequence[Mapping[str, Any]] = ()
    cpu: float | None = None
    usage: Usage | None = None
    latencies: Sequence[float] = ()
    failed_scrapes: int = 0
    verdict: Verdict | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What all of it ran in."""

    minutes: float
    interval: float
    queries_per_minute: float
    workgroups: int
    publishing: int
    phase: float
    tools: Tools
    loads: Sequence[float]


def text(results: Sequence[Result], setting: Setting, folder: Path) -> str:
    """The section, from its heading on."""
    return "\n\n".join(
        ["## Peers", _introduction(setting), _machine(setting, folder), *_tables(results), _limits(setting), _known()]
    )


def _introduction(setting: Setting) -> str:
    return _paragraph(f"""
        Written by `make peers`. Six exporters side by side for {setting.minutes:.0f} minutes, on one embedded account:
        {setting.workgroups} workgroups, of which {setting.publishing} publish metrics, and
        {setting.queries_per_minute:.0f} queries a minute. CloudWatch has its values two minutes late, ListMetrics a new
        metric after fifteen; a state change is sent a second after it in the median, CloudTrail needs five minutes in
        the median. Every exporter is scraped every {setting.interval:.0f} s; half of that is a part of every age. Ours
        have their defaults but for what their names say. The peers are set as well as they can be for exact totals of
        Athena, with the reasons beside each key: `benchmarks/peers/yace.yml`,
        `benchmarks/peers/cloudwatch_exporter.yml`. What they tell is kept as Prometheus keeps it: of each time the
        first value.""")


def _paragraph(words: str, mark: str = "") -> str:
    """One paragraph, or with a mark one point of a list, in lines of this document's width."""
    return fill(
        " ".join(words.split()), 120, initial_indent=mark, subsequent_indent=" " * len(mark),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip  # one call


def _machine(setting: Setting, folder: Path) -> str:
    here = [(name, value) for name, value in facts(folder) if name not in {"Command", "Load average at the start"}]
    loads = f"{min(setting.loads):.1f} to {max(setting.loads):.1f}"
    more = [
        ("Command", f"`make peers` (`python benchmarks/peers/run.py --minutes {setting.minutes:g}`)"),
        ("Go", setting.tools.go), ("Java", setting.tools.java), ("Load average meanwhile", loads),
    ]  # fmt: skip  # a table
    return table(["Fact", "Value"], [*more[:1], *here, *more[1:]])


def _tables(results: Sequence[Result]) -> Iterable[str]:
    asked = [result for result in results if result.usage is not None]
    yield "What AWS is asked and bills, by the hour, counted at the endpoint. To ask Athena and CloudTrail is free."
    yield table(
        ["Exporter", "requests", "billed requests", "billed metrics", "US dollars an hour", "a month"],
        [_costs(result) for result in asked],
    )
    yield "From a query's end to the page that shows it. `span` is the time that the exporter spoke of."
    yield table(
        ["Exporter", "span, min", "median, s", "95 of 100, s", "longest, s", "queries", "never shown"],
        [_freshness(result) for result in results],
    )
    yield "Totals of that time beside the truth: of all workgroups, and of those that publish."
    yield table(
        ["Exporter", *_total_names("all"), *_total_names("publishing")], [_totals(result) for result in results]
    )
    yield "What it takes. Look at the ratio: others used the machine meanwhile."
    yield table(
        ["Exporter", "scrape, median ms", "95 of 100, ms", "failed scrapes", "s of processor an hour",
         "of ours by default", "resident MB", "peak MB"],
        [_usage(result, asked[0]) for result in asked],
    )  # fmt: skip  # one call


def _total_names(whose: str) -> list[str]:
    return [f"{what}, {whose}" for what in What]


def _costs(result: Result) -> list[str]:
    ok = [call for call in result.calls if call["result"] == "ok"]
    usd = sum(_usd(call) for call in ok) / result.hours
    billed = sum(call["count"] for call in ok if _usd(call))
    metrics = sum(call["billed_metrics"] for call in ok)
    requests = sum(call["count"] for call in result.calls)
    return [
        result.name, f"{requests / result.hours:,.0f}", f"{billed / result.hours:,.0f}",
        f"{metrics / result.hours:,.0f}", f"{usd:.4f}", f"{usd * MONTH_HOURS:,.2f}",
    ]  # fmt: skip  # a row


def _usd(call: Mapping[str, Any]) -> float:
    units = call["billed_metrics"] if call["operation"] == GET_METRIC_DATA else call["count"]
    return costs.price_nanousd(call["service"], call["operation"], "ok", units) / NANO


def _freshness(result: Result) -> list[str]:
    verdict = result.verdict
    if verdict is None or not verdict.ages:
        return [result.name, result.reason or "nothing to judge", "", "", "", "", ""]
    ages = verdict.ages
    return [
        result.name, f"{verdict.span.minutes:.0f}", f"{statistics.median(ages):.0f}", f"{percentile(ages, 95):.0f}",
        f"{max(ages):.0f}", f"{verdict.truth[What.QUERIES]:,.0f}", f"{verdict.never:,}",
    ]  # fmt: skip  # a row


def _totals(result: Result) -> list[str]:
    verdict = result.verdict
    if verdict is None:
        return [result.name, *[""] * 2 * len(What)]
    whole = [share(verdict.told[what], verdict.truth[what]) for what in What]
    published = [share(verdict.told[what], verdict.published[what]) for what in What]
    return [result.name, *whole, *(published if verdict.never else ["as all"] * len(What))]


def share(told: float, truth: float) -> str:
    """A share that says `100 %` only of what is equal, but for the last bits of a sum of fractions."""
    if abs(told - truth) <= 1e-9 * max(abs(truth), 1.0):
        return "100 %"
    if not truth:
        return f"{told:,.0f} of 0"
    shown = f"{told / truth:.2%}"
    return f"{shown} ({told - truth:+,.0f})" if shown == "100.00%" else shown.replace("%", " %")


def _usage(result: Result, first: Result) -> list[str]:
    assert result.cpu is not None
    assert first.cpu is not None
    assert result.usage is not None
    times = [1000 * seconds for seconds in result.latencies]
    return [
        result.name, f"{statistics.median(times):,.0f}", f"{percentile(times, 95):,.0f}", str(result.failed_scrapes),
        f"{result.cpu / result.hours:,.1f}", f"{result.cpu / first.cpu:.1%}",
        f"{result.usage.resident:,.0f}", f"{result.usage.peak:,.0f}",
    ]  # fmt: skip  # a row


def _limits(setting: Setting) -> str:
    points = (
        f"""YACE reads when its own clock says so: here {setting.phase:.0f} s after each full five minutes. Its ages
        are so much longer than they would be if it read at once, and might be up to {300 - setting.phase:.0f} s
        longer. Asked every minute for single minutes it would be some minutes younger, and cost five times as
        much.""",
        """cloudwatch_exporter asks AWS during each scrape. The embedded account is on the same machine and has six to
        answer; AWS is not, and each call takes its way. Prometheus waits ten seconds for a page unless told otherwise;
        here it is waited for a whole interval.""",
        f"""cloudwatch_exporter's AWS SDK can't be told an address, so it alone speaks TLS here. {JAR_VERSION} is the
        newest that Maven Central has. Java decides by itself how much memory it takes: its heap may grow to a quarter
        of the machine's.""",
        """Ours share one account, whose rates are three times AWS's for that. Each has a ledger on a disk; the peers
        keep nothing. New series of ours are shown as 0 for two minutes, which is a part of the longest ages.""",
        """`athena_cloudwatch_*` are what ours repeat of CloudWatch, from minutes that are settled, read every quarter
        of an hour: later than any peer, since they are there to be compared with.""",
        """Bytes of the peers are ProcessedBytes, which CloudWatch has of DML alone. `never shown` counts queries of
        workgroups that do not publish, too.""",
    )
    return "\n".join(["What to know when reading this:\n", *(_paragraph(point, "- ") for point in points)])


def _known() -> str:
    return "What can be known at all.\n\n" + table(["What", "ours", "from CloudWatch's metrics"], _KNOWN)
