"""The comments that tools write around SQL, and the workload that each of them tells.

Sources: dbt-athena's query headers, Metabase's and Redash's query remarks as their code writes them; Airflow has no
comment of its own, these are two that teams add.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from athena_testbed.world import workloads


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Who runs a statement, and what it is about."""

    label: str
    home: str
    table: str


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment to stand before the SQL, with places for literals, and the workload that it tells."""

    text: str
    workload: str | None


def _dbt(rng: Random, work: Work) -> Comment:
    node = f"model.harbour.{rng.choice(('stg', 'fct', 'dim'))}_{work.table}"
    target = "prod" if "prod" in work.label else "ci" if "ci" in work.label else "dev"
    facts = {"app": "dbt", "dbt_version": "1.9.4", "profile_name": "harbour", "target_name": target, "node_id": node}
    return Comment(f"-- /* {json.dumps(facts)} */\n", workloads.dbt(node))


def _airflow(rng: Random, work: Work) -> Comment:
    dag, task = f"{work.home}_{rng.choice(('daily', 'hourly'))}", f"{rng.choice(('load', 'build'))}_{work.table}"
    run = "scheduled__@day@T00:00:00+00:00"
    if rng.random() < 0.5:
        facts = json.dumps({"dag_id": dag, "task_id": task, "run_id": run})
        return Comment(f"/* {facts} */\n", workloads.airflow(dag, task))
    return Comment(f"-- dag_id={dag} task_id={task} run_id={run}\n", workloads.airflow(dag, task))


def _metabase(rng: Random, _: Work) -> Comment:
    user, digest = rng.randint(1, 40), f"{rng.getrandbits(256):064x}"
    return Comment(
        f"-- Metabase:: userID: {user} queryType: MBQL queryHash: {digest}\n", workloads.metabase(user)
    )  # fmt: skip  # one thought


def _redash(rng: Random, work: Work) -> Comment:
    query = rng.randint(1, 400)
    return Comment(
        f"/* Username: {work.label}, query_id: {query}, Queue: queries, Job ID: @uuid@, Scheduled: False */ ",
        workloads.redash(work.label),
    )


def _quicksight(rng: Random, _: Work) -> Comment:
    dataset = f"{rng.getrandbits(32):08x}-{rng.getrandbits(16):04x}-4000-8000-{rng.getrandbits(48):012x}"
    return Comment(f"/* QuickSight {dataset} */\n", workloads.quicksight(dataset))


_WRITERS: Mapping[str, Callable[[Random, Work], Comment]] = {
    "dbt-athena": _dbt,
    "airflow": _airflow,
    "metabase": _metabase,
    "redash": _redash,
    "quicksight": _quicksight,
}


def comment(rng: Random, client: str, work: Work) -> Comment:
    """What the tool writes before the statement; nothing, if it is one that doesn't."""
    write = _WRITERS.get(client)
    return Comment("", None) if write is None else write(rng, work)
