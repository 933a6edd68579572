"""The section of a soak in docs/benchmarks.md: what was run, what was seen each day, the bars, and the truth."""

from collections.abc import Sequence
from datetime import timedelta

from document import SOAK
from measure import table, verdict

from soak.judging import Days, Verdict, by_day, plot, verdicts
from soak.running import RETENTION, Held, Plan

_ROWS = 12


def section(plan: Plan, days: Days, found: Sequence[Verdict], held: Sequence[Held], facts: str) -> str:
    """All of it, as Markdown."""
    last = days[-1]
    return f"""\
## {SOAK}

`{_command(plan)}`: {plan.days} days of {plan.per_day:,} queries each.
{len(days)} days with {last["queries"]:,.0f} queries took {_time(last["wall_s"])}, and {_time(last["cpu_s"])} of the
exporter's processor. {facts}

The exporter is the one that `serve` starts: its loops, its web server, its ledger on a disk, the wire to the embedded
account. Account and exporter go by one clock that jumps to whoever is due next. On are `athena` with the SQL parsed
and views followed, `lookup`, `workgroups`, budgets and decisions, the guard (dry run), a webhook, events in CloudWatch
Logs, the query history with its compaction. `ledger.retention` is {RETENTION.days} days instead of 3, so that it is
soon full. Slopes are of the days after day {plan.learning:g} (a third of the run), when most combinations of user,
workgroup, database and state have come and have their series. Rollups are kept by the hour for 35 days and by the day
for 400: they grow all the while, and have a column of their own.

Left out: loops come once in {_time(plan.step.total_seconds())} (`lookup`: {_time(plan.lookups.total_seconds())})
where life has seconds to minutes, so there are fewer ticks, sweeps and scrapes than in a month, and larger batches.
Loops take turns: what threads do to each other at the same moment is not seen here. Leases, `eventbridge`, `trail` and
`cloudwatch` are off. The account forgets the events that it was sent each midnight, after their ids were noted.

{by_day(days, max(1, round(len(days) / _ROWS)))}

MB are 2^20 bytes. A tick publishes and prunes; its time is the day's median. A block a day, from zero to the most:

```
{plot(days)}
```

The growth is ten times Theil and Sen's slope, the median of those between all pairs of days. With few queries a day
some of what is bounded is not full yet when the judgement begins: names of series (`labels`), what is remembered of SQL
that was read, the 50,000 ids that a sweep remembers of queries that are pruned already, SQLite's page cache of 16 MB.

{verdicts(found)}

{_held(plan, held)}"""


def _command(plan: Plan) -> str:
    usual = Plan()
    changed = "" if plan.days == usual.days else f" DAYS={plan.days}"
    changed += "" if plan.per_day == usual.per_day else f" PER_DAY={plan.per_day}"
    if (plan.step, plan.lookups) != (usual.step, usual.lookups):
        steps = plan.step / timedelta(hours=1), plan.lookups / timedelta(minutes=1)
        changed += " ARGS='--step {:g} --lookups {:g}'".format(*steps)
    return f"make soak{changed}"


def _held(plan: Plan, held: Sequence[Held]) -> str:
    if not held:
        return (
            f"This run was looked at before its {plan.days} days were over: nothing was compared with the truth yet.\n"
        )
    rows = [[one.what, f"{one.compared:,}", f"{len(one.differing):,}", verdict(met=not one.differing)] for one in held]
    return f"""\
{_time(plan.quiet.total_seconds())} after the last query, compared with what the account knows to have happened.
Events are compared by their ids, the query history through its view; one in a thousand of CloudTrail's events never
comes.

{table(["What", "compared", "differ", "met"], rows)}
"""


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
