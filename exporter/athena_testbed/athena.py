"""Athena's operations: parameters in, answer out, with the limits, defaults and gaps of the real API.

Source: the Athena API reference and botocore's model of it.
"""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from athena_testbed.account import HISTORY_MS, Account
from athena_testbed.executions import execution
from athena_testbed.questions import Questions, own_location
from athena_testbed.reservations import Reservations, required
from athena_testbed.settings import ACCOUNT_ID
from athena_testbed.system_tables import SystemTables
from athena_testbed.tokens import BadTokenError, seal, unseal
from athena_testbed.wire import AwsError, Json, whole_number
from athena_testbed.world.catalogue import Workgroup
from athena_testbed.world.failures import Refusal
from athena_testbed.world.plan import Plan

_BATCH = 50
_CREATED = 1_577_836_800.0  # every workgroup was made on the first of January 2020
_ENGINE = {"SelectedEngineVersion": "AUTO"}


class Athena:
    """Athena of one account and Region."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._questions = Questions(account)
        self.operations: Mapping[str, Callable[[Json], Json]] = {
            "ListWorkGroups": self.list_work_groups,
            "GetWorkGroup": self.get_work_group,
            "ListQueryExecutions": self.list_query_executions,
            "GetQueryExecution": self.get_query_execution,
            "BatchGetQueryExecution": self.batch_get_query_execution,
            "StartQueryExecution": self.start_query_execution,
            "StopQueryExecution": self.stop_query_execution,
            "GetQueryResults": self._questions.get_query_results,
            "ListTagsForResource": self.list_tags_for_resource,
            **Reservations(account).operations,
            **SystemTables(account).operations,
        }

    def list_work_groups(self, parameters: Json) -> Json:
        """Workgroups by name, at most 50 a page."""
        size = whole_number(parameters, "MaxResults", 1, 50, 50)
        names = sorted(name for name in self._account.company.workgroups if name not in self._account.deleted)
        (place,) = _position(parameters, "workgroups", (0,))
        answer: Json = {"WorkGroups": [self._summary(name) for name in names[place : place + size]]}
        if place + size < len(names):
            answer["NextToken"] = seal([place + size], "workgroups")
        return answer

    def _summary(self, name: str) -> Json:
        workgroup = self._workgroup(name)
        summary: Json = {
            "Name": name,
            "State": "ENABLED",
            "CreationTime": _CREATED,
            "EngineVersion": {**_ENGINE, "EffectiveEngineVersion": workgroup.engine},
        }
        if workgroup.description is not None:
            summary["Description"] = workgroup.description
        return summary

    def get_work_group(self, parameters: Json) -> Json:
        """One workgroup with its whole configuration."""
        workgroup = self._workgroup(required(parameters, "WorkGroup"))
        summary = self._summary(workgroup.name)
        engine = summary.pop("EngineVersion")
        is_bare = workgroup.name in self._account.settings.bare_workgroups
        return {"WorkGroup": {**summary, "Configuration": _configuration(workgroup, engine, is_bare=is_bare)}}

    def list_query_executions(self, parameters: Json) -> Json:
        """Ids of one workgroup (default `primary`), newest first, 45 days back."""
        name = parameters.get("WorkGroup", "primary")
        size = whole_number(parameters, "MaxResults", 0, _BATCH, _BATCH) or _BATCH
        now = self._account.advance()
        queries = self._account.workgroup(name)
        if queries is None:
            raise _not_found(name)
        position = _position(parameters, ["queries", name], ())
        found = list(islice(queries.newest(now, (position[0], position[1]) if position else None), size + 1))
        page = [pair for pair in found[:size] if pair[0] >= now - HISTORY_MS]
        answer: Json = {"QueryExecutionIds": [self._account.query_id(number) for _, number in page]}
        if len(found) > size == len(page) and found[size][0] >= now - HISTORY_MS:
            answer["NextToken"] = seal(list(page[-1]), ["queries", name])
        return answer

    def get_query_execution(self, parameters: Json) -> Json:
        """One query."""
        query_id = required(parameters, "QueryExecutionId")
        now = self._account.advance()
        plan = self._account.find(query_id, now)
        if plan is None:
            raise AwsError("InvalidRequestException", f"QueryExecution {query_id} was not found")
        return {"QueryExecution": self._execution(plan, now)}

    def _execution(self, plan: Plan, now: int) -> Json:
        return self._questions.shown(plan, now, execution(self._account, plan, now))

    def batch_get_query_execution(self, parameters: Json) -> Json:
        """Up to 50 queries; ids that Athena doesn't know come back as unprocessed."""
        ids = parameters.get("QueryExecutionIds")
        if not isinstance(ids, list) or not 1 <= len(ids) <= _BATCH:
            raise AwsError(
                "InvalidRequestException",
                f"1 validation error detected: Value at 'queryExecutionIds' failed to satisfy constraint: Member must"
                f" have length between 1 and {_BATCH}",
            )
        now = self._account.advance()
        found = {query_id: self._account.find(str(query_id), now) for query_id in ids}
        return {
            "QueryExecutions": [self._execution(plan, now) for plan in found.values() if plan is not None],
            "UnprocessedQueryExecutionIds": [
                unprocessed(query_id, "INVALID_INPUT", f"QueryExecution {query_id} was not found")
                for query_id, plan in found.items()
                if plan is None
            ],
        }

    def stop_query_execution(self, parameters: Json) -> Json:
        """Stop a query; one that has ended stays as it is."""
        query_id = required(parameters, "QueryExecutionId")
        now = self._account.advance()
        plan = self._account.find(query_id, now)
        if plan is None:
            raise AwsError("InvalidRequestException", f"QueryExecution {query_id} was not found")
        self._account.stop(plan, now)
        return {}

    def start_query_execution(self, parameters: Json) -> Json:
        """Start one query as the account's default person; the control plane starts them as anybody."""
        text = required(parameters, "QueryString")
        name = parameters.get("WorkGroup", "primary")
        now = self._account.advance()
        if self._account.workgroup(name) is None:
            raise _not_found(name)
        known = self._questions.repeated(parameters)
        if known is not None:
            return {"QueryExecutionId": known}
        question = self._questions.asked(text, self._workgroup(name), parameters, now)
        active = sum(other.shape.statement_type == "DML" for other in self._account.running(now))
        if active >= self._account.settings.dml_quota:
            message = "You have exceeded the limit for the number of queries you can run concurrently."
            self._account.refuse(question.plan, Refusal(code="TooManyRequestsException", message=message, weight=0))
            raise AwsError("TooManyRequestsException", message, Reason="CONCURRENT_QUERY_LIMIT_EXCEEDED")
        query_id = self._account.add(question.plan).query_id
        self._questions.keep(query_id, question, parameters)
        return {"QueryExecutionId": query_id}

    def list_tags_for_resource(self, parameters: Json) -> Json:
        """The tags of a workgroup, by key, at least 75 a page as the API has it."""
        arn = required(parameters, "ResourceARN")
        prefix = f"arn:aws:athena:{self._account.settings.region}:{ACCOUNT_ID}:workgroup/"
        size = whole_number(parameters, "MaxResults", 75, 1000, 75)
        name = arn.removeprefix(prefix)
        if name == arn or self._account.workgroup(name) is None:
            raise AwsError("ResourceNotFoundException", f"Resource {arn} is not found.", ResourceName=arn)
        tags = [{"Key": key, "Value": value} for key, value in sorted(self._workgroup(name).tags.items())]
        (place,) = _position(parameters, ["tags", name], (0,))
        more = {"NextToken": seal([place + size], ["tags", name])} if place + size < len(tags) else {}
        return {"Tags": tags[place : place + size], **more}

    def _workgroup(self, name: str) -> Workgroup:
        if name not in self._account.company.workgroups or name in self._account.deleted:
            raise _not_found(name)
        return self._account.company.workgroups[name]


def unprocessed(query_id: str, code: str, message: str) -> Json:
    """One entry of UnprocessedQueryExecutionIds."""
    return {"QueryExecutionId": query_id, "ErrorCode": code, "ErrorMessage": message}


def _configuration(workgroup: Workgroup, engine: Json, *, is_bare: bool) -> Json:
    configuration: Json = {
        "EnforceWorkGroupConfiguration": workgroup.enforced,
        "PublishCloudWatchMetricsEnabled": workgroup.publishes,
        "RequesterPaysEnabled": False,
        "EngineVersion": engine,
        "EnableMinimumEncryptionConfiguration": False,
        "ManagedQueryResultsConfiguration": {"Enabled": workgroup.managed_results},
        "ResultConfiguration": {},
    }
    if not workgroup.managed_results and not is_bare:
        configuration["ResultConfiguration"] = {
            "OutputLocation": own_location(workgroup),
            "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
        }
    if workgroup.cutoff_bytes is not None:
        configuration["BytesScannedCutoffPerQuery"] = workgroup.cutoff_bytes
    if workgroup.reserved:
        configuration["EngineConfiguration"] = {"MaxConcurrentDpus": 24}
    return configuration


def _position(parameters: Json, scope: Any, default: tuple[int, ...]) -> tuple[int, ...]:
    token = parameters.get("NextToken")
    if token is None:
        return default
    try:
        return unseal(str(token), scope)
    except BadTokenError as error:
        raise AwsError("InvalidRequestException", "Invalid pagination token") from error


def _not_found(name: str) -> AwsError:
    return AwsError("InvalidRequestException", f"WorkGroup {name} is not found.")
