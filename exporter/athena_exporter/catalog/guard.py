"""Metrics of the guard: what it has done, and what holds it back."""

from athena_exporter.catalog.metric import Group, durable_counter, gauge

_SOURCE = "the guard"

GUARD_ACTIONS = durable_counter(
    "athena_guard_actions_total",
    "Queries that the guard has meant to stop, by how that ended: stopped, already_finished, denied, throttled, "
    "failed, expired, dry_run or killed.",
    Group.BUDGET,
    "the ledger's intents",
    ("budget", "action", "result"),
)
GUARD_MODE = gauge(
    "athena_guard_mode",
    "1 for what the guard does in this account and Region: off, dry_run or enforce; off, too, where its role belongs "
    "to another account.",
    Group.BUDGET,
    _SOURCE,
    ("mode",),
)
GUARD_KILL_SWITCH = gauge(
    "athena_guard_kill_switch", "1 while the kill switch keeps the guard from stopping anything.", Group.BUDGET, _SOURCE
)
GUARD_WAITING_QUERIES = gauge(
    "athena_guard_waiting_queries",
    "Running queries of subjects over an enforced limit that are not stopped, by reason: identity_unsure, protected, "
    "kill_switch, no_role, grace, dry_run, rate_limited or failed.",
    Group.BUDGET,
    _SOURCE,
    ("reason",),
)
