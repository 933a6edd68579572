"""The queries themselves, from the query events: which were run, which were dearest, which failed?"""

from athena_dashboards.model import Description, Signal
from athena_dashboards.queries import Logs
from athena_dashboards.theme import Unit
from athena_exporter.outlets import insights
from athena_exporter.outlets.events import Field
from athena_exporter.outlets.insights import Insight

_READ_COSTS = "Each opening reads the range's events: 0.005 USD per GB, a million queries are about 1 GB."
_NARROW = {Field.USER: "${user:regex}", Field.WORKGROUP: "${workgroup:regex}"}


def _narrowed(insight: Insight) -> list[Logs]:
    return [Logs(insight=insights.narrowed(insight, _NARROW))]


NEWEST = Signal(
    title="The queries that were run",
    question=insights.NEWEST_QUERIES.question,
    unit=Unit.NONE,
    description=Description(
        headline="The newest 200 queries of the chosen users and workgroups in the range, from the query events.",
        normal="SQL without literals: `events.query_text` says how much of it is told.",
        abnormal="The same statement every few seconds; a scan of terabytes without a WHERE.",
        next_step=f"Click an id: the query in Athena's console. {_READ_COSTS}",
    ),
    queries=lambda: _narrowed(insights.NEWEST_QUERIES),
)
DEAREST = Signal(
    title="The dearest queries",
    question=insights.DEAREST_QUERIES.question,
    unit=Unit.NONE,
    description=Description(
        headline="The 50 queries of the chosen users and workgroups that cost most in the range.",
        normal="Full rebuilds, known to their owners.",
        abnormal="The same statement many times: a candidate for result reuse or a table of its own.",
        next_step=f"Click an id: the query in Athena's console. {_READ_COSTS}",
    ),
    queries=lambda: _narrowed(insights.DEAREST_QUERIES),
)
FAILURES = Signal(
    title="The queries that failed",
    question=insights.FAILED_QUERIES.question,
    unit=Unit.NONE,
    description=Description(
        headline="The newest 100 failed queries of the chosen users and workgroups in the range, with their errors.",
        normal="syntax_error, table_not_found: people try things.",
        abnormal="permission_denied or resources_exhausted of a service, again and again.",
        next_step=f"Click an id: AWS's own words in Athena's console. {_READ_COSTS}",
    ),
    empty_is_right="no query of the chosen users failed in the range",
    queries=lambda: _narrowed(insights.FAILED_QUERIES),
)
