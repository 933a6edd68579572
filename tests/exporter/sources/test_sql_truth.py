"""What the SQL of a whole company tells, against the account's own book of what each statement does."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from fake_knowledge import FakeKnowledge
from source_world import QUIET, Hand, MakeWorld

from athena_exporter.sources.sql import Statements
from athena_exporter.sources.tables import SqlReader
from athena_exporter.sources.views import Views

BUSY = replace(QUIET, history=timedelta(hours=4), history_queries_per_day=6_000, cloudtrail_delay=timedelta(0))


def test_tables_databases_and_workloads_are_those_of_the_account(make_world: MakeWorld, hand: Hand) -> None:
    with make_world(BUSY, hand=hand) as world:
        reader = SqlReader()
        views = Views(client=world.session.glue(), reader=reader, clock=world.clock)
        knowledge = FakeKnowledge()
        knowledge.take(world.athena(statements=Statements(reader=reader, views=views)))
        plans = {plan.query_id: plan for plan in world.running.testbed.account.ended(0, hand.milliseconds())}
        told = {query_id: knowledge.executions[query_id] for query_id in plans}
        assert len(told) > 500
        for query_id, plan in plans.items():
            seen = told[query_id]
            uses = {(use.database, use.table, use.mode, use.via_view) for use in plan.uses}
            assert {(each.database, each.table, each.mode.value, each.via_view) for each in seen.tables} == uses, (
                plan.sql
            )
            assert seen.workload == plan.workload, plan.sql
            assert seen.unparsed == ("prepared" if plan.sql.lstrip().startswith("EXECUTE") else None), plan.sql
        assert world.asked("GetTable") < 200


def test_jobs_count_as_the_account_counts_them(make_world: MakeWorld, hand: Hand) -> None:
    """The SQL's comment goes before the start's event, as the ledger has it."""
    with make_world(BUSY, hand=hand) as world:
        knowledge = FakeKnowledge()
        knowledge.take(world.athena(statements=Statements()))
        lookup, known = world.lookup(), -1  # the same one: it goes on where its last pass has ended
        while len(knowledge.starts) > known:
            known = len(knowledge.starts)
            knowledge.take(lookup)
        jobs = Counter(
            execution.workload or (knowledge.starts[query_id].workload if query_id in knowledge.starts else None)
            for query_id, execution in knowledge.executions.items()
            if execution.state.final
        )
        truth = world.running.testbed.truth()["by_workload"]
        assert {job: count for job, count in jobs.items() if job} == {
            job: told["queries"] for job, told in truth.items()
        }
        assert {str(job).partition(":")[0] for job in truth} >= {"dbt", "airflow", "metabase", "redash", "lambda"}
