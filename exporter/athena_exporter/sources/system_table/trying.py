"""What the source `system_table` may do, tried without running a question, for `athena-exporter check`.

Stage: beside capability.py -> **trying** -> probing.py.
"""

from collections.abc import Callable, Mapping

from botocore.exceptions import ClientError

from athena_exporter.sources import refusals
from athena_exporter.sources.answers import Clock, ask
from athena_exporter.sources.asking import AskingApi
from athena_exporter.sources.refusals import Refusal
from athena_exporter.sources.system_table.capability import SystemTableError, switched_on

_NO_STATEMENT = "("
"""AWS refuses it once it has looked who asks, in which workgroup, and where the answer is to go; nothing runs."""
_NO_QUERY = "00000000-0000-4000-8000-000000000000"


class TableTries:
    """The tries by the action they need. `unusable` then says what is there and does not serve: a name and why.

    Args:
        client: Athena's, of one target.
        workgroup: the one that questions are to run in.
        clock: the local time.
    """

    def __init__(self, client: AskingApi, workgroup: str | None, clock: Clock) -> None:
        self._client = client
        self._workgroup = str(workgroup)
        self._clock = clock
        self.unusable: dict[str, str] = {}
        self.tries: Mapping[str, Callable[[], str]] = {
            "athena:GetSystemTableConfiguration": self._get_configuration,
            "athena:StartQueryExecution": self._start,
            "athena:GetQueryResults": self._get_results,
        }

    def _get_configuration(self) -> str:
        try:
            switched_on(self._client, self._clock)
        except SystemTableError as error:
            self.unusable["system table"] = str(error)
            raise
        return "Athena keeps its table of queries"

    def _start(self) -> str:
        try:
            ask(self._client.start_query_execution, QueryString=_NO_STATEMENT, WorkGroup=self._workgroup)
        except ClientError as error:
            named = refusals.of_start(error, self._workgroup)
            if named is None:
                raise
            if named.refusal is not Refusal.SYNTAX:
                self.unusable[f"workgroup {self._workgroup}"] = str(named)
                raise named from error
        return f"workgroup {self._workgroup}"

    def _get_results(self) -> str:
        ask(self._client.get_query_results, QueryExecutionId=_NO_QUERY)
        return "rows were told of a query that does not exist"
