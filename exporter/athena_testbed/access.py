"""CloudTrail events that name a table: Lake Formation's GetDataAccess, and what Athena and people ask of Glue.

Stage: the account's queries -> **access events** -> events.py, which delivers them as it delivers starts.

Which events there are is this testbed's choice; what they hold is not. Sources: for GetDataAccess the sanitised event
of https://aws.github.io/aws-lakeformation-best-practices; for Glue the parameters of botocore's model in CloudTrail's
spelling, and the readers in https://github.com/awslabs/policy-migrator-for-lake-formation (a database name that may be
missing, `name` or `tableName` by call). No public record shows a BatchGetTable: its shape here is a guess.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from athena_testbed.account import Account
from athena_testbed.settings import ACCOUNT_ID
from athena_testbed.wire import Json
from athena_testbed.world.catalogue import FACTS
from athena_testbed.world.people import Principal
from athena_testbed.world.plan import Plan
from athena_testbed.world.uses import Use
from athena_testbed.world.views import VIEWS

BASE = 2**36
"""Numbers of access events begin here; below it are starts."""
SLOTS = 64
LATEST_MS = 2000
"""No access event comes later than this after the start of its query."""
NAMES = frozenset(
    ["GetDataAccess", "GetTable", "GetTables", "GetPartitions", "BatchGetPartition", "BatchGetTable",
     "GetUnfilteredTableMetadata"]
)  # fmt: skip  # a list
LAKE_FORMATION = "lakeformation.amazonaws.com"
GLUE = "glue.amazonaws.com"
_REMEMBERED = 50_000
_BROWSERS = frozenset({"console", "awswrangler", "grafana", "glue", "dbt-athena"})
_DENIED = (
    "AccessDeniedException",
    "User is not authorized to perform: glue:GetTable on resource: the table",
)  # fmt: skip  # code and message


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One event. `query_id` is what its audit context tells, None where there is none; `table` may be missing."""

    number: int
    name: str
    at_ms: int
    principal: Principal
    client: str | None
    database: str | None
    table: str | None
    query_id: str | None
    is_denied: bool = False

    @property
    def source(self) -> str:
        """The service that tells of it."""
        return LAKE_FORMATION if self.name == "GetDataAccess" else GLUE

    @property
    def start(self) -> int:
        """The start that it belongs to."""
        return (self.number - BASE) // SLOTS


_Draft: TypeAlias = tuple[str, Principal, str | None, tuple[str, str], str | None]
"""Name, principal, client (None: Athena in the principal's name), table, query id."""


class AccessEvents:
    """The access events of an account; asking twice gives the same ones."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._settings = account.settings
        self._known: OrderedDict[int, tuple[Access, ...]] = OrderedDict()
        self._everybody = tuple(account.company.principals.values())

    def of(self, start: int) -> tuple[Access, ...]:
        """The events that come with one start."""
        found = self._known.get(start)
        if found is None:
            found = self._known[start] = tuple(self._made(start))
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found

    def find(self, number: int) -> Access | None:
        """The event of a number; None if there is none."""
        start = (number - BASE) // SLOTS
        if not 0 <= start < len(self._account.starts):
            return None
        return next((event for event in self.of(start) if event.number == number), None)

    def _made(self, start: int) -> Iterator[Access]:
        if self._account.refused(start) or not (self._settings.governed_database or self._settings.catalogue_events):
            return
        plan = self._account.plan(start)
        rng = Random(self._settings.seed << 72 | start << 8 | 5)
        drafts = [*self._data(plan), *self._metadata(rng, plan), *self._browsing(rng)]
        for place, (name, principal, client, use, query_id) in enumerate(drafts[:SLOTS]):
            yield Access(
                number=BASE + start * SLOTS + place,
                name=name,
                at_ms=plan.submitted_ms + rng.randrange(50, LATEST_MS),
                principal=principal,
                client=client,
                database=None if name == "GetTable" and rng.random() < 0.03 else use[0],
                table=None if name == "GetTables" else use[1],
                query_id=query_id,
                is_denied=name == "GetTable" and client is not None and rng.random() < 0.15,
            )

    def _data(self, plan: Plan) -> Iterator[_Draft]:
        """GetDataAccess for each governed table that the query came to read; its audit context has the query's id."""
        stopped_early = plan.engine_ms == 0 or (plan.failure is not None and plan.failure.early)
        for use in dict.fromkeys((use.database, use.table) for use in plan.uses if use.mode == "read"):
            if use[0] == self._settings.governed_database and ".".join(use) not in VIEWS and not stopped_early:
                yield "GetDataAccess", plan.principal, None, use, plan.query_id

    def _metadata(self, rng: Random, plan: Plan) -> Iterator[_Draft]:
        """What Athena asks of Glue for a share of the queries, in the name of whoever runs them."""
        if rng.random() >= self._settings.catalogue_events:
            return
        told = plan.query_id if rng.random() < 0.5 else None
        for use in dict.fromkeys(plan.uses):
            yield from self._of_table(rng, plan, use, told)

    def _of_table(self, rng: Random, plan: Plan, use: Use, told: str | None) -> Iterator[_Draft]:
        table = (use.database, use.table)
        if use.database == self._settings.governed_database:
            yield "GetUnfilteredTableMetadata", plan.principal, None, table, plan.query_id
        else:
            yield "BatchGetTable" if rng.random() < 0.1 else "GetTable", plan.principal, None, table, told
        if use.mode == "read" and use.table in FACTS:
            yield rng.choice(("GetPartitions", "BatchGetPartition")), plan.principal, None, table, told

    def _browsing(self, rng: Random) -> Iterator[_Draft]:
        """Somebody else looks at the catalogue, and runs no query."""
        if rng.random() >= self._settings.catalogue_events / 3:
            return
        principal = rng.choice(self._everybody)
        client = principal.clients[0]
        if client not in _BROWSERS:
            return
        database = rng.choice(tuple(self._account.company.tables))
        table = (database, rng.choice(self._account.company.tables[database]))
        yield rng.choice(("GetTable", "GetTables", "GetPartitions")), principal, client, table, None


def parameters(event: Access, region: str) -> Json:
    """The event's requestParameters."""
    words: Json = {}
    if event.name == "GetDataAccess":
        arn = f"arn:aws:glue:{region}:{ACCOUNT_ID}:table/{event.database}/{event.table}"
        words |= {"tableArn": arn, "permissions": ["SELECT"], "cellLevelSecurityEnforced": True}
    else:
        words["catalogId"] = ACCOUNT_ID
        if event.database is not None:
            words["databaseName"] = event.database
        if event.table is not None:
            words["tableName" if "Partition" in event.name else "name"] = event.table
        if event.name == "BatchGetPartition":
            words["partitionsToGet"] = [{"values": ["2026-09-01"]}]
    if event.query_id is not None:
        words["auditContext"] = {"additionalAuditContext": f"{{queryId: {event.query_id}}}"}
    return words


def additional(event: Access) -> Json:
    """The event's additionalEventData: only Lake Formation has some."""
    if event.name != "GetDataAccess":
        return {}
    role = event.principal.details.get("role", event.principal.label)
    return {
        "additionalEventData": {
            "requesterService": "ATHENA",
            "LakeFormationTrustedCallerInvocation": "true",
            "lakeFormationPrincipal": f"arn:aws:iam::{ACCOUNT_ID}:role/{role}",
            "lakeFormationRoleSessionName": f"AWSLF-00-AT-{ACCOUNT_ID}-{event.number % 10**10:010}",
        }
    }


def error(event: Access) -> Json:
    """The event's errorCode and errorMessage, if it was refused."""
    return {"errorCode": _DENIED[0], "errorMessage": _DENIED[1]} if event.is_denied else {}
