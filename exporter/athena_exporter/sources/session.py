"""The clients of one target: credentials, time-outs, retries, rates, and the count of what was asked.

Stage: cli.py -> **session** -> the sources. Nothing here asks AWS before `resolve` or a source does.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol, TypeAlias, cast

import boto3
import botocore.session
from botocore.awsrequest import AWSPreparedRequest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
    create_assume_role_refresher,
)
from botocore.model import OperationModel

from athena_exporter import __version__
from athena_exporter.records import Target
from athena_exporter.sources.answers import Answer, Clock, answered_at, ask, parsed_time, tidy
from athena_exporter.sources.arns import account_of
from athena_exporter.sources.asking import AskingApi
from athena_exporter.sources.billing import Billing
from athena_exporter.sources.buckets import BucketApi
from athena_exporter.sources.errors import GarbledAnswerError
from athena_exporter.sources.models import Models
from athena_exporter.sources.rate import Rates
from athena_exporter.sources.topics import SnsApi

Count: TypeAlias = Callable[[str, str, str], None]
"""Told of every HTTP attempt: service, operation, result (`ok`, AWS's error code or botocore's error class)."""
Bill: TypeAlias = Callable[[str, str, str, int], None]
"""Told the same, and how many units AWS bills of such a call (metrics of GetMetricData, else 1)."""
Observe: TypeAlias = Callable[[BaseClient], None]

ROLE_SESSION_NAME = "athena-exporter"
"""What CloudTrail shows for an assumed role."""
_RETRIES = 3
_CODE = re.compile(r"^[A-Za-z0-9.]{1,64}$")
_FAILURE = 300


class AthenaApi(Protocol):
    """The operations of Athena that the exporter uses; all of them read only."""

    def list_work_groups(self, **arguments: Any) -> Answer:  # botocore's arguments
        """A page of workgroups."""
        ...

    def list_query_executions(self, **arguments: Any) -> Answer:  # as above
        """A page of a workgroup's query ids."""
        ...

    def batch_get_query_execution(self, **arguments: Any) -> Answer:  # as above
        """Up to 50 query executions."""
        ...

    def get_work_group(self, **arguments: Any) -> Answer:  # as above
        """One workgroup's settings."""
        ...

    def list_tags_for_resource(self, **arguments: Any) -> Answer:  # as above
        """A page of a workgroup's tags."""
        ...

    def list_capacity_reservations(self, **arguments: Any) -> Answer:  # as above
        """A page of capacity reservations."""
        ...

    def get_capacity_assignment_configuration(self, **arguments: Any) -> Answer:  # as above
        """Which workgroups a reservation serves."""
        ...


class StoppingApi(Protocol):
    """The operations of Athena that the guard uses; one of them writes."""

    def get_query_execution(self, **arguments: Any) -> Answer:  # botocore's arguments
        """One query execution."""
        ...

    def stop_query_execution(self, **arguments: Any) -> Answer:  # as above
        """Stop one query."""
        ...


class CloudTrailApi(Protocol):
    """The operation of CloudTrail that the exporter uses."""

    def lookup_events(self, **arguments: Any) -> Answer:  # botocore's arguments
        """A page of management events."""
        ...


class CloudWatchApi(Protocol):
    """The operations of CloudWatch that the exporter uses."""

    def list_metrics(self, **arguments: Any) -> Answer:  # botocore's arguments
        """A page of metrics that exist."""
        ...

    def get_metric_data(self, **arguments: Any) -> Answer:  # as above
        """A page of up to 500 metrics' values; billed by the metric."""
        ...


class ServiceQuotasApi(Protocol):
    """The operation of Service Quotas that the exporter uses."""

    def get_service_quota(self, **arguments: Any) -> Answer:  # botocore's arguments
        """One quota as it is applied to the account."""
        ...


class GlueApi(Protocol):
    """The operation of Glue that the exporter uses."""

    def get_table(self, **arguments: Any) -> Answer:  # botocore's arguments
        """One table or view of the catalogue."""
        ...


class SqsApi(Protocol):
    """The operations of SQS that the exporter uses; one of them deletes."""

    def receive_message(self, **arguments: Any) -> Answer:  # botocore's arguments
        """Up to ten messages, hidden from others for a while."""
        ...

    def delete_message_batch(self, **arguments: Any) -> Answer:  # as above
        """Delete up to ten messages."""
        ...

    def get_queue_attributes(self, **arguments: Any) -> Answer:  # as above
        """How a queue is set up."""
        ...


class S3Api(Protocol):
    """The operations of S3 that the exporter uses; both of them read only."""

    def get_object(self, **arguments: Any) -> Answer:  # botocore's arguments
        """One object; its `Body` is a stream."""
        ...

    def list_objects_v2(self, **arguments: Any) -> Answer:  # as above
        """A page of up to 1,000 keys."""
        ...


class _AssumedRole(CredentialProvider):
    """Credentials of a role, fetched when they are first needed and renewed before they expire."""

    METHOD = "athena-exporter-role"
    CANONICAL_NAME = None

    def __init__(self, refresh: Callable[[], Any]) -> None:
        super().__init__()
        self._refresh = refresh

    def load(self) -> DeferredRefreshableCredentials:
        return DeferredRefreshableCredentials(refresh_using=self._refresh, method=self.METHOD)


class Session:
    """Builds the clients of one account in one Region.

    Args:
        region: the Region to read.
        role_arn: a role to assume first; else the credentials botocore finds (environment, profile, instance).
        external_id: what the role's trust policy may ask for.
        endpoint_url: another address than AWS's, for all services.
        rates: the token buckets of this account and Region.
        count: told of every HTTP attempt.
        profile: a profile of the shared AWS configuration.
        observe: told of every client that is made, before it asks anything.
        bill: told of every HTTP attempt, too, and of what AWS bills of it.
        models: AWS's descriptions of its services (`shared_models`); without them the session reads its own.
    """

    def __init__(
        self,
        *,
        region: str,
        rates: Rates,
        count: Count,
        role_arn: str | None = None,
        external_id: str | None = None,
        endpoint_url: str | None = None,
        profile: str | None = None,
        observe: Observe | None = None,
        bill: Bill | None = None,
        models: Models | None = None,
    ) -> None:
        self.region = region
        self.role_account = account_of(role_arn or "")
        self._has_role = role_arn is not None
        self._models = models
        self._observe = observe
        self._endpoint_url = endpoint_url
        self._wire = _Wire(rates=rates, count=count, bill=bill)
        self._clients: list[BaseClient] = []
        own = boto3.Session(profile_name=profile, region_name=region, botocore_session=self._core(profile))
        self._session = own if role_arn is None else self._assume(own, role_arn, external_id)

    def athena(self) -> AthenaApi:
        """A new Athena client, safe to use from one thread at a time."""
        return cast("AthenaApi", self._client(self._session, "athena"))

    def stopping(self) -> StoppingApi:
        """A new Athena client that may stop queries. Raises ValueError: the session has no role of its own."""
        if not self._has_role:
            raise ValueError("queries are stopped through a role of its own only (guard.role_arn)")
        return cast("StoppingApi", self._client(self._session, "athena"))

    def asking(self) -> AskingApi:
        """A new Athena client that may ask questions, which AWS bills, and stop its own."""
        return cast("AskingApi", self._client(self._session, "athena"))

    def cloudtrail(self) -> CloudTrailApi:
        """A new CloudTrail client."""
        return cast("CloudTrailApi", self._client(self._session, "cloudtrail"))

    def cloudwatch(self) -> CloudWatchApi:
        """A new CloudWatch client."""
        return cast("CloudWatchApi", self._client(self._session, "cloudwatch"))

    def service_quotas(self) -> ServiceQuotasApi:
        """A new Service Quotas client."""
        return cast("ServiceQuotasApi", self._client(self._session, "service-quotas"))

    def glue(self) -> GlueApi:
        """A new Glue client."""
        return cast("GlueApi", self._client(self._session, "glue"))

    def sqs(self) -> SqsApi:
        """A new SQS client."""
        return cast("SqsApi", self._client(self._session, "sqs"))

    def s3(self) -> S3Api:
        """A new S3 client."""
        return cast("S3Api", self._client(self._session, "s3"))

    def bucket(self) -> BucketApi:
        """A new S3 client that may write."""
        return cast("BucketApi", self._client(self._session, "s3"))

    def logs(self) -> Any:  # watchtower wants botocore's own
        """A new CloudWatch Logs client.

        It sends what it is given unchecked: botocore's check of every event takes as long as making the event, and
        the service checks them all the same.
        """
        return self._client(self._session, "logs", Config(parameter_validation=False))

    def sns(self) -> SnsApi:
        """A new SNS client."""
        return cast("SnsApi", self._client(self._session, "sns"))

    def sts(self) -> Any:  # botocore makes its clients at run time
        """A new STS client."""
        return self._client(self._session, "sts")

    def close(self) -> None:
        """Close the connections of all clients made here; they must not be used after that."""
        while self._clients:
            self._clients.pop().close()

    def _assume(self, own: boto3.Session, role_arn: str, external_id: str | None) -> boto3.Session:
        asked = {"RoleArn": role_arn, "RoleSessionName": ROLE_SESSION_NAME}
        if external_id is not None:
            asked["ExternalId"] = external_id
        refresh = create_assume_role_refresher(self._client(own, "sts"), asked)
        core = self._core(None)
        core.register_component("credential_provider", CredentialResolver([_AssumedRole(refresh)]))
        return boto3.Session(region_name=self.region, botocore_session=core)

    def _core(self, profile: str | None) -> botocore.session.Session:
        core = botocore.session.Session(profile=profile)
        if self._models is not None:
            core.register_component("data_loader", self._models)
        core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=parsed_time)
        return core

    def _client(self, session: boto3.Session, service: str, special: Config | None = None) -> BaseClient:
        make = cast("Callable[..., BaseClient]", session.client)
        config = _config() if special is None else _config().merge(special)
        client = make(service, endpoint_url=self._endpoint_url, config=config)
        self._wire.attach(client)
        if self._observe is not None:
            self._observe(client)
        self._clients.append(client)
        return client


def _config() -> Config:
    return Config(
        connect_timeout=10,
        read_timeout=30,
        retries={"mode": "standard", "total_max_attempts": _RETRIES + 1},
        user_agent_extra=f"athena-exporter/{__version__}",
        tcp_keepalive=True,
    )


class _Wire:
    """botocore's hooks around every HTTP attempt, retries included."""

    def __init__(self, *, rates: Rates, count: Count, bill: Bill | None) -> None:
        self._rates = rates
        self._count = count
        self._bill = bill
        self._billing = Billing()

    def attach(self, client: BaseClient) -> None:
        events = client.meta.events
        events.register("before-parameter-build", self._before_parameter_build)
        events.register("before-send", self._before_send)
        events.register("before-parse", self._before_parse)
        events.register("response-received", self._received)

    def _before_parameter_build(self, *, event_name: str, params: Any, **_: object) -> None:  # botocore's arguments
        self._billing.asks(*_operation(event_name), params)

    def _before_send(self, *, event_name: str, request: AWSPreparedRequest, **_: object) -> None:
        del request  # botocore hands it to every hook; only the operation matters here
        self._rates.take(*_operation(event_name))

    def _before_parse(
        self, *, event_name: str, operation_model: OperationModel, response_dict: dict[str, Any], **_: object
    ) -> None:
        try:
            tidy(operation_model=operation_model, response_dict=response_dict)
        except GarbledAnswerError:
            # botocore tells nobody of an answer that could not be parsed.
            self._answered(event_name, GarbledAnswerError.__name__)
            raise

    def _received(
        self, *, event_name: str, parsed_response: Answer | None, exception: Exception | None, **_: object
    ) -> None:
        self._answered(event_name, _result(parsed_response, exception))

    def _answered(self, event_name: str, result: str) -> None:
        service, operation = _operation(event_name)
        self._count(service, operation, result)
        if self._bill is not None:
            self._bill(service, operation, result, self._billing.units(service, operation))


def _operation(event_name: str) -> tuple[str, str]:
    """`before-send.athena.ListWorkGroups` -> athena, ListWorkGroups."""
    _, service, operation = event_name.split(".")
    return service, operation


def _result(answer: Answer | None, exception: Exception | None) -> str:
    if answer is None:
        return type(exception).__name__
    if answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) < _FAILURE:
        return "ok"
    code = str(answer.get("Error", {}).get("Code", ""))
    # The code comes from outside; what doesn't look like one must not become a label value.
    return code if _CODE.match(code) else "other"


def resolve(session: Session, clock: Clock) -> tuple[Target, datetime]:
    """Which account the credentials belong to, and AWS's clock (sts:GetCallerIdentity, which needs no permission).

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as AWS and botocore raise them.
        GarbledAnswerError: the answer names no account, or another one than that of the session's role.
    """
    answer = ask(session.sts().get_caller_identity)
    account = answer.get("Account")
    if not isinstance(account, str) or not account.isdigit():
        raise GarbledAnswerError(operation="GetCallerIdentity", why="it names no account")
    if session.role_account not in {None, account}:
        why = f"it names account {account}, and the role belongs to {session.role_account}; look at aws.endpoint_url"
        raise GarbledAnswerError(operation="GetCallerIdentity", why=why)
    return Target(account_id=account, region=session.region), answered_at(answer, clock)
