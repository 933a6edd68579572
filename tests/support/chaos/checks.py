"""What has to be equal in the end, and by how much it is not: each check against the account's own memory."""

import json
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from archives import BY_USER, rows, sums
from processes import scrape, summed
from truth import (
    COUNTED,
    COUNTED_WITH_TABLES_AND_JOBS,
    WINDOWS,
    Expected,
    differences,
    expected_counters,
    expected_tables,
    expected_window,
    expected_workloads,
    exposed,
)

from athena_exporter import catalog
from athena_exporter.ledger import files
from athena_exporter.records import PENDING, UNATTRIBUTED, UNKNOWN
from chaos.world import GOVERNED, GUARDED, World

BY_TABLE = """
    SELECT use.database_name || '.' || use.table_name AS name, use.mode AS mode, count(DISTINCT query_id) AS queries
    FROM queries CROSS JOIN unnest(tables) AS named(use) GROUP BY ALL
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found.

    `lost` and `twice`: queries, where the check can tell them apart, else series or subjects that are too low or too
    high. `ids`: the queries that are lost or double, where they have names. `words` say the first differences.
    """

    compared: int
    lost: int = 0
    twice: int = 0
    ids: Mapping[str, str] = field(default_factory=dict)
    words: Sequence[str] = ()

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.twice or self.words)


def _numbers(expected: Mapping[Any, int], found: Mapping[Any, int]) -> Finding:
    """Sums by some key."""
    keys = expected.keys() | found.keys()
    off = {key: found.get(key, 0) - expected.get(key, 0) for key in keys}
    words = [
        f"{key}: {found.get(key, 0)} instead of {expected.get(key, 0)}" for key in sorted(keys, key=str) if off[key]
    ]
    return Finding(
        compared=len(expected),
        lost=sum(1 for by in off.values() if by < 0),
        twice=sum(1 for by in off.values() if by > 0),
        words=words,
    )


def _series(expected: Expected, found: Expected) -> Finding:
    """Counters: queries lost and counted twice, of workgroups or of users, and every series that differs."""
    off: dict[str, Counter[bool]] = {catalog.QUERIES.name: Counter(), catalog.USER_QUERIES.name: Counter()}
    for key in expected.keys() | found.keys():
        if key[0] in off:
            by = found.get(key, 0) - expected.get(key, 0)
            off[key[0]][by > 0] += abs(by)
    return Finding(
        compared=len(expected),
        lost=max(each[False] for each in off.values()),
        twice=max(each[True] for each in off.values()),
        words=differences(expected, found),
    )


def _named(expected: Iterable[Hashable], found: Counter[Any]) -> Finding:
    """Things with ids: a tuple begins with its query's."""
    wanted = set(expected)
    lost, alien = wanted - found.keys(), found.keys() - wanted
    twice = {key for key, times in found.items() if times > 1} | alien
    ids = {_id(key): "lost" for key in lost} | {_id(key): "twice" for key in twice}
    words = [f"{key}: missing" for key in sorted(lost, key=str)] + [
        f"{key}: too often" for key in sorted(twice, key=str)
    ]
    return Finding(compared=len(wanted), lost=len(lost), twice=len(twice), ids=ids, words=words)


def _id(key: Any) -> str:
    return str(key[0] if isinstance(key, tuple) else key)


def compared(made: World) -> Sequence[catalog.Metric]:
    """The counters that are compared series by series: without any route nobody can tell whose queries they are."""
    return COUNTED_WITH_TABLES_AND_JOBS if made.form.routes else COUNTED[:4]


def expected(made: World) -> Expected:
    """What they must be."""
    truth = made.truth()
    if not made.form.routes:
        names = {metric.name for metric in compared(made)}
        return {key: count for key, count in expected_counters(truth).items() if key[0] in names}
    found = expected_counters(truth) | expected_tables(truth)
    return found | expected_workloads(truth)


def totals(made: World) -> Finding:
    return _series(expected(made), exposed(scrape(made.url), *compared(made)))


def increases(made: World) -> Finding:
    """`increase()` since before the first scrape, evaluated at the last scrape: extrapolation then adds nothing."""
    queries = catalog.QUERIES.name
    final = sum(summed(scrape(made.url), queries).values())
    moments = made.prometheus.series(f"max(timestamp({queries})) and sum({queries}) == {final:.0f}", "at").values()
    found: Expected = {}
    for at in moments:
        for metric in compared(made):
            found |= exposed(made.prometheus.series(f"increase({metric.name}[2h])", metric.name, at), metric)
    return _series(expected(made), found)


def windows(made: World) -> Finding:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    month, day, truth = today.replace(day=1), timedelta(days=1), made.truth
    wanted = (
        expected_window(truth(today), "today")
        | expected_window(truth(today - day, today), "yesterday")
        | expected_window(truth(month), "month")
        | expected_window(truth((month - day).replace(day=1), month), "last_month")
    )
    return _numbers(wanted, exposed(scrape(made.url), *WINDOWS))


def clients(made: World) -> Finding:
    truth = made.truth()
    wanted = {(client,): sums["queries"] for client, sums in truth["by_client"].items()}
    refused = ("refused starts",)
    found = {key: int(value) for key, value in made.summed(catalog.CLIENT_QUERIES, "client").items()}
    rejected = int(sum(made.summed(catalog.START_REJECTIONS).values()))
    return _numbers(
        wanted | {refused: truth["failed_starts"]["total"]}, found | ({refused: rejected} if rejected else {})
    )


def told(made: World, group: str) -> list[dict[str, Any]]:
    """Every event of a log group."""
    logs = made.testbed.logs
    with logs.lock:
        found = [one for one in logs.groups() if one.name == f"/athena-observability/{group}"]
        events = [one for each in found for one in each.between(0, 2**62, made.testbed.testbed.now_ms() + 60_000)]
    return [json.loads(event.message) for event in events]


def query_events(made: World) -> Finding:
    """Each query has an event that names its user, and no event names another one. Copies have one id."""
    found = {(one["query_id"], one.get("user", "")) for one in told(made, "queries")}
    known = Counter(pair for pair in found if pair[1] not in _NOBODY)
    return _named(((plan.query_id, plan.principal.label) for plan in made.plans()), known)


_NOBODY = frozenset({"", PENDING, UNATTRIBUTED})
"""How an event says that its user is not known yet; another one says it later."""


def table_events(made: World) -> Finding:
    """What the SQL names."""
    found = {
        (one["query_id"], one["database"], one["table"], one["mode"])
        for one in told(made, "table-access")
        if one["origin"] == "sql"
    }
    wanted = {(one["query_id"], one["database"], one["table"], one["mode"]) for one in made.testbed.access()}
    return _named(wanted, Counter(found))


def governed_events(made: World) -> Finding:
    """What Lake Formation was asked for, by whichever route it was told."""
    found = {
        (one["query_id"], one["database"], one["table"]) for one in told(made, "table-access") if one["origin"] != "sql"
    }
    asked = {
        (one["query_id"], one["database"], one["table"])
        for one in made.testbed.access_events()
        if one["api"] == GOVERNED
    }
    return _named(asked, Counter(found))


def history(made: World) -> Finding:
    """Every query once, through the view, over the files that DuckDB reads."""
    if not made.archive.held():
        return _named((plan.query_id for plan in made.plans()), Counter())
    sql = "SELECT query_id, count(*) AS n FROM queries GROUP BY ALL"
    return _named(
        (plan.query_id for plan in made.plans()),
        Counter({row["query_id"]: row["n"] for row in rows(made.archive, made.folder, sql)}),
    )


def history_sums(made: World) -> Finding:
    """By user, workgroup, database and state, bytes and nanodollars; by table and mode."""
    truth = made.truth()
    wanted = _flat(sums(truth["by_user_workgroup_database_state"]))
    wanted |= {(name, mode): count for name, row in truth["by_table"].items() for mode, count in row["by_mode"].items()}
    if not made.archive.held():
        return _numbers(wanted, {})
    found = _flat(sums(rows(made.archive, made.folder, BY_USER)))
    found |= {(row["name"], row["mode"]): row["queries"] for row in rows(made.archive, made.folder, BY_TABLE)}
    return _numbers(wanted, found)


def _flat(found: Mapping[tuple[str, ...], tuple[int, ...]]) -> dict[Any, int]:
    units = ("queries", "scanned", "billed", "nanodollars")
    return {(*key, unit): number for key, numbers in found.items() for unit, number in zip(units, numbers, strict=True)}


def budgets(made: World) -> Finding:
    """What everybody has used, and that each who is over a limit was noted once."""
    truth = made.truth()
    known = {name: row for name, row in truth["by_user"].items() if name != UNKNOWN}
    users = {("users", name): row["scanned_bytes"] for name, row in known.items()}
    wanted = {key: used for key, used in users.items() if used >= 2**20}
    wanted |= {("hard", GUARDED): users["users", GUARDED]} if users.get(("users", GUARDED), 0) >= 2**30 else {}
    groups = {("workgroups", name): row["cost_nanousd"] for name, row in truth["by_workgroup"].items()}
    wanted |= {key: used for key, used in groups.items() if used >= 10**7}
    over = Counter(key[0] for key in wanted)
    used = made.summed(catalog.BUDGET_USED_BYTES, "budget", "subject")
    cost = {key: value * 1e9 for key, value in made.summed(catalog.BUDGET_USED_USD, "budget", "subject").items()}
    found = {key: round(value) for key, value in (used | cost).items() if key in wanted or value > 2**30}
    decided = made.summed(catalog.BUDGET_DECISIONS, "budget", "level")
    return _numbers(
        wanted | {(name, "exceeded"): count for name, count in over.items()},
        found | {(name, level): int(count) for (name, level), count in decided.items() if level == "exceeded"},
    )


def guard(made: World) -> Finding:
    """Who was over a limit was stopped, each stop is one entry in the guard's book, and the counter says as many.

    A try that was denied or ran out counts, and its entry becomes that of the next try.
    """
    with closing(files.open_readonly(made.disk.ledger)) as connection:
        book = connection.execute("SELECT query_id, result FROM guard_actions").fetchall()
    over = ("stopped", "already_finished")
    ended = Counter(query_id for query_id, result in book if result in over)
    wanted = {*made.stopped, *made.lasting}
    stopped = _named(wanted, Counter({query_id: times for query_id, times in ended.items() if query_id in wanted}))
    shown, noted = made.summed(catalog.GUARD_ACTIONS, "result"), Counter(result for _, result in book)
    words = [
        f"the counter says {shown.get((result,), 0):.0f} {result}, the book {noted[result]}"
        for result in over
        if shown.get((result,), 0) != noted[result]
    ]
    return Finding(
        compared=stopped.compared, lost=stopped.lost, twice=stopped.twice, ids=stopped.ids,
        words=[*stopped.words, *words],
    )  # fmt: skip  # rows


def queues(made: World) -> Finding:
    """What was told has left the queues, poison apart where nothing takes it away."""
    left = {
        name: queue.waiting()
        for name, queue in (("eventbridge", made.events), ("trail", made.files))
        if name in made.form.routes
    }
    return _numbers({}, {name: count for name, count in left.items() if count})


CHECKS: Mapping[str, Callable[[World], Finding]] = {
    "queues": queues,
    "totals": totals,
    "increase() in Prometheus": increases,
    "windows": windows,
    "clients and refused starts": clients,
    "events of queries": query_events,
    "events of tables": table_events,
    "events of Lake Formation": governed_events,
    "history, row by row": history,
    "history, figure by figure": history_sums,
    "budgets": budgets,
    "guard": guard,
}
"""What is checked, in this order."""


def checks_of(made: World) -> Mapping[str, Callable[[World], Finding]]:
    """Those that can hold: without any route nothing else is told than how many queries there were."""
    if not made.form.routes:
        return {name: CHECKS[name] for name in ("totals", "increase() in Prometheus")}
    return {name: check for name, check in CHECKS.items() if made.form.is_governed or check is not governed_events}
