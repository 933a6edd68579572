"""Does the guard stop queries, whose, and what holds it back?"""

from athena_dashboards import thresholds
from athena_dashboards.model import Description, Signal
from athena_dashboards.promql import RATE_INTERVAL, Expr, aggregate, increase, scoped, total
from athena_dashboards.queries import Prom
from athena_dashboards.theme import Unit
from athena_exporter import catalog

MODES = {"0": "off", "1": "dry run", "2": "enforces"}
"""The words for the figures of `MODE`."""
SWITCH = {"0": "not set", "1": "nothing is stopped"}
"""The words for the figures of `KILL_SWITCH`."""
_OFF = "no budget says `enforce: stop_queries`, or the guard is off, as it is by default"


def _mode() -> Expr:
    """The most that it does in any of the chosen accounts."""
    off, trial, enforced = (scoped(catalog.GUARD_MODE, mode=mode).now for mode in ("off", "dry_run", "enforce"))
    return aggregate("max", (enforced * 2) | trial | (off * 0))


MODE = Signal(
    title="Guard",
    question="Does the guard stop queries of those who are over a limit?",
    unit=Unit.NONE,
    description=Description(
        headline="What the guard does: off, dry run (it tells whom it would stop), or it enforces limits and stops "
        "running queries. The most of the chosen accounts and Regions.",
        normal="off, as it is by default; dry run for some weeks before anybody is stopped.",
        abnormal="`off` where the configuration says `enforce`: its role belongs to another account, see the log.",
        next_step="docs/budgets.md, the guard; `athena-exporter check` says whether it could act.",
    ),
    empty_is_right="the guard has not looked yet",
    queries=lambda: [Prom(expr=_mode(), is_instant=True)],
)
KILL_SWITCH = Signal(
    title="Kill switch",
    question="Does somebody hold the guard back?",
    unit=Unit.NONE,
    description=Description(
        headline="Whether the kill switch (a file, or a flag of `serve`) keeps the guard from stopping anything.",
        normal="Not set.",
        abnormal="Set and forgotten: limits are not enforced.",
        next_step="Whoever set it; `guard.kill_switch` in the configuration names the file.",
    ),
    threshold=thresholds.GUARD_HELD,
    empty_is_right="the guard has not looked yet",
    queries=lambda: [Prom(expr=aggregate("max", scoped(catalog.GUARD_KILL_SWITCH).now), is_instant=True)],
)
ACTIONS = Signal(
    title="What the guard did",
    question="How many queries did the guard stop, and how many could it not?",
    unit=Unit.COUNT,
    description=Description(
        headline="Queries that the guard meant to stop, in each step of the graph, by how that ended, stacked.",
        normal="Nothing, or `stopped` now and then; `already_finished` where it came too late; `dry_run` on trial.",
        abnormal="`denied`: its role lacks a permission. `failed`, `expired`: AWS did not let it act within 5 minutes.",
        next_step="Whose: the table of budgets, above, and the events of the guard. docs/runbook.md says what to do.",
    ),
    empty_is_right=_OFF,
    queries=lambda: [
        Prom(
            expr=total(increase(scoped(catalog.GUARD_ACTIONS), RATE_INTERVAL), "budget", "result"),
            legend="{{result}}: {{budget}}",
        )
    ],
)
WAITING = Signal(
    title="Over a limit, and not stopped",
    question="Which running queries does the guard leave alone, and why?",
    unit=Unit.COUNT,
    description=Description(
        headline="Running queries of those who are over an enforced limit that the guard does not stop, by reason.",
        normal="None; `identity_unsure` for minutes, until CloudTrail has told who it is.",
        abnormal="`rate_limited`, `no_role`, `failed` for long: the limit is not held.",
        next_step="docs/budgets.md, the guard: what each reason means, and what mends it.",
    ),
    empty_is_right=_OFF,
    queries=lambda: [
        Prom(expr=total(scoped(catalog.GUARD_WAITING_QUERIES).now, "reason"), legend="{{reason}}"),
    ],
)
