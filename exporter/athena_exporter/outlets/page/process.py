"""The parts of the page that speak of the process as a whole: budgets, delivery, what AWS is asked.

Stage: figures -> **process** -> page.
"""

from collections import defaultdict

from athena_exporter import catalog
from athena_exporter.catalog import Metric
from athena_exporter.outlets.page.figures import BUDGETS, Figures
from athena_exporter.outlets.page.markup import NOTHING, Rows, card, grid, name, span
from athena_exporter.outlets.page.sections import SHOWN, full, number, reasons
from athena_exporter.outlets.report.render import binary_bytes, dollars
from athena_exporter.records import Target

_OK = "ok"
"""The result of a call to AWS that succeeded."""
WANTED: tuple[Metric, ...] = (
    catalog.OUTBOX_DEPTH,
    catalog.OUTBOX_DROPPED,
    catalog.OUTBOX_OLDEST_AGE,
    catalog.EVENTS_ACCEPTED,
    catalog.EVENTS_RESENT,
    catalog.EVENTS_REJECTED,
    catalog.AWS_REQUESTS,
    catalog.AWS_COST_USD,
    catalog.BUILD_INFO,
)
"""What these parts are made of."""


def process_cards(figures: Figures) -> str:
    """Every part, in reading order."""
    return grid(_budgets(figures), _outbox(figures), _delivery(figures), _aws(figures))


def _budgets(figures: Figures) -> str:
    """Budgets' subjects, the fullest first; nothing at all where no budget is shown."""
    found: dict[tuple[Target | None, tuple[str, ...]], dict[str, float]] = defaultdict(dict)
    for metric, target in figures.budgets:
        for labels, value in figures.named(metric, target).items():
            found[target, labels][metric.removeprefix(BUDGETS)] = value
    rows = [(labels, values) for (_, labels), values in found.items() if "used_ratio" in values]
    if not rows:
        return ""
    rows.sort(key=lambda row: (-row[1]["used_ratio"], row[0]))
    body = [_budget(labels, values) for labels, values in rows[: 2 * SHOWN]]
    table = Rows(
        caption="Budgets", head=("subject", "budget", "used", "limit", "of it"), body=body, text_columns=frozenset({1})
    )
    left = len(rows) - len(body)
    return card(table, note=f"{number(left)} more subjects are below these." if left else "")


def _budget(labels: tuple[str, ...], values: dict[str, float]) -> tuple[str, ...]:
    budget, *subject = labels
    ratio = values["used_ratio"]
    return (
        name(" ".join(subject)),
        name(budget),
        _money_or_bytes("used", values),
        _money_or_bytes("limit", values),
        full(ratio),
    )


def _money_or_bytes(part: str, values: dict[str, float]) -> str:
    if f"{part}_usd" in values:
        return dollars(round(values[f"{part}_usd"], 9))
    return binary_bytes(round(values[f"{part}_bytes"])) if f"{part}_bytes" in values else NOTHING


def _outbox(figures: Figures) -> str:
    depths = figures.of(catalog.OUTBOX_DEPTH, None)
    if not depths:
        return ""
    body = [
        (name(consumer), number(depth), _oldest(figures, consumer), _of(figures, catalog.OUTBOX_DROPPED, consumer))
        for (consumer,), depth in sorted(depths.items())
    ]
    return card(Rows(caption="Outbox", head=("consumer", "waiting", "oldest waits for", "dropped"), body=body))


def _oldest(figures: Figures, consumer: str) -> str:
    age = figures.one(catalog.OUTBOX_OLDEST_AGE, None, consumer)
    return span(age) if age else NOTHING


def _of(figures: Figures, metric: Metric, *labels: str) -> str:
    value = figures.one(metric, None, *labels)
    return NOTHING if value is None else number(value)


def _delivery(figures: Figures) -> str:
    groups = sorted(set(figures.values(catalog.EVENTS_ACCEPTED, None, "log_group")))
    body = [
        (
            name(group),
            _of(figures, catalog.EVENTS_ACCEPTED, group),
            _of(figures, catalog.EVENTS_RESENT, group),
            ", ".join(reasons(figures, catalog.EVENTS_REJECTED, None, group)) or "none",
        )
        for group in groups
    ]
    rows = Rows(caption="Events", head=("log group", "accepted", "sent again", "rejected"), body=body)
    return card(rows) if body else ""


def _aws(figures: Figures) -> str:
    """Calls, failures and list price by operation, since the process started."""
    calls: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for target in figures.targets(WANTED):
        for (service, operation, result), value in figures.of(catalog.AWS_REQUESTS, target).items():
            calls[service, operation][0] += value
            calls[service, operation][1] += 0 if result == _OK else value
        for (service, operation), value in figures.summed(catalog.AWS_COST_USD, target, "service", "operation").items():
            calls[service, operation][2] += value
    rows = sorted(calls.items(), key=lambda row: (-row[1][2], -row[1][0], row[0]))
    total = [sum(column) for column in zip(*calls.values(), strict=True)]
    table = Rows(
        caption="Calls to AWS since the start",
        head=("operation", "calls", "failed", "list price"),
        body=[(name(f"{service} {operation}"), *_calls(values)) for (service, operation), values in rows],
        foot=("all", *_calls(total)) if len(rows) > 1 else (),
        empty="none yet",
    )
    return card(table)


def _calls(values: list[float]) -> tuple[str, str, str]:
    calls, failed, cost = values
    return number(calls), number(failed), dollars(round(cost, 9))
