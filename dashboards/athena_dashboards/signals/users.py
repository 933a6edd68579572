"""Who uses Athena, how much, in which databases, and what has changed?"""

from athena_dashboards import figures, thresholds
from athena_dashboards.model import Description, Signal
from athena_dashboards.promql import (
    RANGE,
    Expr,
    Match,
    Selector,
    aggregate,
    call,
    increase,
    scoped,
    top,
    total,
    unlike,
)
from athena_dashboards.queries import Prom
from athena_dashboards.theme import Unit
from athena_exporter import catalog
from athena_exporter.catalog import COMMON_LABELS, Metric

TOP = 10
LONGEST = 200
_MIB = 2**20
"""Less before than this: new, rather than a rise by thousands of times."""
_VARIABLES = (*COMMON_LABELS, "workgroup", "user")
_NOBODY = unlike("unattributed|pending|other")
_LATE = "A query counts here once CloudTrail has told who started it: 5 to 15 minutes late."


def of_users(metric: Metric, **matchers: str | Match) -> Selector:
    """A metric's series of the chosen accounts, Regions, workgroups and users."""
    return scoped(metric, variables=_VARIABLES, **matchers)


def _queries(*by: str, **matchers: str | Match) -> Expr:
    return figures.in_range(of_users(catalog.USER_QUERIES, **matchers), *by)


def _scanned(*by: str) -> Expr:
    return figures.in_range(of_users(catalog.USER_SCANNED_BYTES), *by)


def _cost(*by: str) -> Expr:
    return figures.in_range(of_users(catalog.USER_COST_USD), *by)


def _month(*by: str) -> Expr:
    return total(of_users(catalog.USER_WINDOW_COST_USD, window="month").now, *by)


def _average(*by: str) -> Expr:
    return _scanned(*by) / (_queries(*by) > 0)


def _failed(*by: str) -> Expr:
    return figures.share(_queries(*by, state="failed"), _queries(*by))


def _databases(*by: str) -> Expr:
    """How many databases with at least one query in the range."""
    used = total(increase(of_users(catalog.USER_QUERIES), RANGE), *by, "database") > 0
    return aggregate("count", used, *by)


def _before(*by: str) -> Expr:
    """Bytes scanned in as long a time right before the range."""
    return figures.in_range(of_users(catalog.USER_SCANNED_BYTES).offset(RANGE), *by)


ACTIVE = Signal(
    title="Users",
    question="How many people, services and roles use Athena?",
    unit=Unit.COUNT,
    description=Description(
        headline="Users with at least one finished query in the range.",
        normal="Steady from week to week; fewer at weekends.",
        abnormal="A jump: a tool gives each of its sessions a name of its own (see identity rules).",
        next_step="The table of users, below.",
    ),
    queries=lambda: [
        Prom(expr=aggregate("count", _queries("user", user=_NOBODY) > 0), is_instant=True),
    ],
)
QUERIES = Signal(
    title="Queries",
    question="How many queries have the chosen users run?",
    unit=Unit.COUNT,
    description=Description(
        headline="Finished queries of the chosen users in the range.",
        normal="The rhythm of people and schedules.",
        abnormal="A multiple of the same range before.",
        next_step=f"Queries per user, below. {_LATE}",
    ),
    queries=lambda: [Prom(expr=call("round", _queries()), is_instant=True)],
)
SCANNED = Signal(
    title="Data scanned",
    question="How much have the chosen users scanned?",
    unit=Unit.BYTES,
    description=Description(
        headline="Bytes that the chosen users' queries scanned in the range.",
        normal="A TiB is 5 USD at list price.",
        abnormal="A multiple of the same range before.",
        next_step=f"Data scanned per user, below. {_LATE}",
    ),
    queries=lambda: [Prom(expr=_scanned(), is_instant=True)],
)
MONTH = Signal(
    title="Cost this month",
    question="What have the chosen users cost this month?",
    unit=Unit.USD,
    description=Description(
        headline="List price of the chosen users' queries since the first of the month (UTC), in all workgroups.",
        normal="It grows day by day, whatever range is chosen above.",
        abnormal="More than the whole last month.",
        next_step="Top spenders: dashboard Overview. Not an invoice: see dashboard Cost.",
    ),
    queries=lambda: [Prom(expr=_month(), is_instant=True)],
)
FAILED = Signal(
    title="Failed",
    question="How many of their queries fail?",
    unit=Unit.RATIO,
    description=Description(
        headline="The share of the chosen users' finished queries in the range that failed.",
        normal="5 to 15 % for people who type SQL, next to 0 for services.",
        abnormal="A quarter or more; any failure of a scheduled service.",
        next_step="Failures per user, below; the failed queries with their errors, in the last row.",
    ),
    threshold=thresholds.FAILURE_RATIO,
    queries=lambda: [Prom(expr=_failed(), is_instant=True)],
)
DATABASES = Signal(
    title="Databases",
    question="How many databases do they use?",
    unit=Unit.COUNT,
    description=Description(
        headline="Databases that the chosen users' SQL named in the range; `multiple` counts as one.",
        normal="Few for a person, many for everybody.",
        abnormal="A person who suddenly reads them all.",
        next_step="Which, below; which tables: dashboard Data catalogue.",
    ),
    queries=lambda: [Prom(expr=_databases(), is_instant=True)],
)
TABLE = Signal(
    title="Users, one by one",
    question="How do the users compare?",
    unit=Unit.COUNT,
    description=Description(
        headline="Each user's queries, databases, bytes, cost and failures over the range, and the month's cost.",
        normal="Services lead in queries, people in bytes of a query.",
        abnormal="A large average of a query: no partition filter. A high failed share of a service.",
        next_step="Click a user: everything here, of that user alone.",
    ),
    queries=lambda: [
        Prom(expr=call("round", _queries("user")), is_instant=True),
        Prom(expr=_databases("user"), is_instant=True),
        Prom(expr=_scanned("user"), is_instant=True),
        Prom(expr=_average("user"), is_instant=True),
        Prom(expr=_cost("user"), is_instant=True),
        Prom(expr=_month("user"), is_instant=True),
        Prom(expr=_failed("user"), is_instant=True),
    ],
)
SCANNED_BY_USER = Signal(
    title="Data scanned per user",
    question="Who scans most?",
    unit=Unit.BYTES,
    description=Description(
        headline=f"The {TOP} users that scanned most in the range.",
        normal="Pipelines' roles, and the same people as last week.",
        abnormal="A newcomer on top.",
        next_step="Click a bar: that user alone. What changed: the table below.",
    ),
    queries=lambda: [Prom(expr=top(TOP, _scanned("user")), legend="{{user}}", is_instant=True)],
)
QUERIES_BY_USER = Signal(
    title="Queries per user",
    question="Who runs most queries?",
    unit=Unit.COUNT,
    description=Description(
        headline=f"The {TOP} users that ran most queries in the range.",
        normal="Services and dashboards lead.",
        abnormal="A person among them: a loop, or a notebook left running.",
        next_step="Click a bar: that user alone.",
    ),
    queries=lambda: [Prom(expr=top(TOP, call("round", _queries("user"))), legend="{{user}}", is_instant=True)],
)
DATABASES_BY_USER = Signal(
    title="Databases per user",
    question="Who uses many databases?",
    unit=Unit.COUNT,
    description=Description(
        headline=f"How many databases each user's SQL named in the range; the {TOP} with most.",
        normal="One to three for people; cataloguing and quality services see many.",
        abnormal="A person near the top that was not there last month.",
        next_step="Which databases: the table User by database, below.",
    ),
    queries=lambda: [Prom(expr=top(TOP, _databases("user")), legend="{{user}}", is_instant=True)],
)
SCANNED_OVER_TIME = Signal(
    title="Data scanned per user, an hour",
    question="When does who scan?",
    unit=Unit.BYTES,
    description=Description(
        headline=f"Bytes scanned by user, as a speed: per hour. The {TOP} that scan most in the range, stacked.",
        normal="Nights belong to services, days to people.",
        abnormal="A spike of one colour.",
        next_step=f"Click it: that user alone. {_LATE}",
    ),
    queries=lambda: [
        Prom(
            expr=figures.per_hour(of_users(catalog.USER_SCANNED_BYTES), "user").and_(
                top(TOP, figures.in_range(of_users(catalog.USER_SCANNED_BYTES).at_end(), "user"))
            ),
            legend="{{user}}",
        )
    ],
)
QUERIES_BY_DATABASE = Signal(
    title="Queries per database",
    question="Which databases are asked?",
    unit=Unit.COUNT,
    description=Description(
        headline="Finished queries of the range by database; `multiple` are queries over several of them.",
        normal="The shared databases lead.",
        abnormal="A database that should have been retired.",
        next_step="Its tables and readers: dashboard Data catalogue.",
    ),
    queries=lambda: [Prom(expr=top(TOP, call("round", _queries("database"))), legend="{{database}}", is_instant=True)],
)
USER_BY_DATABASE = Signal(
    title="User by database",
    question="Which databases does who use, and how much does a query of theirs scan?",
    unit=Unit.COUNT,
    description=Description(
        headline="Queries, bytes and average bytes of a query of each user in each database over the range.",
        normal="Averages of a user differ by database as much as the tables do.",
        abnormal="An average ten times that of the database's other users: those filter by partition.",
        next_step=f"Click a user, or a database: its tables. The {LONGEST} pairs with most bytes are shown.",
    ),
    queries=lambda: [
        Prom(expr=call("round", _queries("user", "database").and_(_longest())), is_instant=True),
        Prom(expr=_longest(), is_instant=True),
        Prom(expr=_average("user", "database").and_(_longest()), is_instant=True),
        Prom(expr=_cost("user", "database").and_(_longest()), is_instant=True),
        Prom(expr=_failed("user", "database").and_(_longest()), is_instant=True),
    ],
)
CHANGES = Signal(
    title="Top changes",
    question="Who scans more, or less, than before?",
    unit=Unit.BYTES,
    description=Description(
        headline="Bytes scanned in the range against as long a time right before it; the largest rises first.",
        normal="Rises and falls of people balance; services stay within a tenth.",
        abnormal="One user makes the whole rise.",
        next_step="Click a user. For a day against the same weekday: the spike table of dashboard Overview.",
    ),
    empty_is_right="there is nothing to compare with before the exporter has run for two ranges",
    queries=lambda: [
        Prom(expr=_scanned("user"), is_instant=True),
        Prom(expr=_before("user"), is_instant=True),
        Prom(
            expr=(_scanned("user") | _before("user") * 0) - (_before("user") | _scanned("user") * 0),
            is_instant=True,
        ),
        Prom(
            expr=((_scanned("user") | _before("user") * 0) - _before("user")) / (_before("user") > _MIB),
            is_instant=True,
        ),
    ],
)
FAILED_BY_USER = Signal(
    title="Failures per user",
    question="Whose queries fail?",
    unit=Unit.COUNT,
    description=Description(
        headline=f"Failed queries of the range by user; the {TOP} with most.",
        normal="People who write SQL by hand.",
        abnormal="A service: its schedule fails again and again.",
        next_step="The errors: last row. By error's name: dashboard Overview.",
    ),
    empty_is_right="no query of the chosen users failed in the range",
    queries=lambda: [
        Prom(expr=top(TOP, call("round", _queries("user", state="failed")) > 0), legend="{{user}}", is_instant=True),
    ],
)
STATES = Signal(
    title="Queries an hour, by how they end",
    question="When do the chosen users run queries, and do they succeed?",
    unit=Unit.COUNT,
    description=Description(
        headline="Finished queries of the chosen users, as a speed: per hour, by their end.",
        normal="Working hours for people, schedules for services.",
        abnormal="Nights of a person; a wall of failed or cancelled ones.",
        next_step="The queries themselves, in the last row.",
    ),
    queries=lambda: [
        Prom(expr=figures.per_hour(of_users(catalog.USER_QUERIES), "state"), legend="{{state}}"),
    ],
)
SCANNED_BY_DATABASE = Signal(
    title="Data scanned an hour, by database",
    question="Which data do the chosen users scan, and when?",
    unit=Unit.BYTES,
    description=Description(
        headline="Bytes that the chosen users scanned, as a speed: per hour, by database.",
        normal="The databases of their work.",
        abnormal="A database that is not theirs.",
        next_step="Its tables: dashboard Data catalogue.",
    ),
    queries=lambda: [
        Prom(expr=figures.per_hour(of_users(catalog.USER_SCANNED_BYTES), "database"), legend="{{database}}"),
    ],
)
WORKGROUPS = Signal(
    title="Workgroups of the chosen users",
    question="In which workgroups do they work?",
    unit=Unit.COUNT,
    description=Description(
        headline="Queries, bytes and cost of the chosen users by workgroup over the range.",
        normal="Each team in its own workgroup.",
        abnormal="`primary`: nobody has set the client up, and no limit holds there.",
        next_step="Click a workgroup.",
    ),
    queries=lambda: [
        Prom(expr=call("round", _queries("workgroup")), is_instant=True),
        Prom(expr=_scanned("workgroup"), is_instant=True),
        Prom(expr=_cost("workgroup"), is_instant=True),
    ],
)
WHO = Signal(
    title="Roles and kinds",
    question="Who is that?",
    unit=Unit.COUNT,
    description=Description(
        headline="The role and the kind of the chosen users, as last seen.",
        normal="People through SSO roles, services through roles of their own.",
        abnormal="Kind `unknown`: no identity rule fits; a service on a person's role.",
        next_step="docs/metrics.md, and the identity rules of the exporter's configuration.",
    ),
    queries=lambda: [
        Prom(expr=aggregate("max", of_users(catalog.USER_INFO).now, "user", "kind", "role"), is_instant=True),
    ],
)


def _longest() -> Expr:
    return top(LONGEST, _scanned("user", "database"))
