"""Short-lived tokens of an Amazon Managed Grafana workspace.

A token in terraform's state outlives its use, and can't replace itself once it has expired
(github.com/grafana/terraform-provider-grafana/issues/960). So it is made outside, for minutes, and deleted afterwards.
API: docs.aws.amazon.com/grafana/latest/APIReference.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from athena_dashboards.deploy.errors import DeployError, WrongUsageError

SHORT = timedelta(minutes=15)
"""Long enough for a plan that somebody reads and the apply after it."""
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=30)
"""AWS's limit is the longest."""
_WORKSPACE = re.compile(r"g-[0-9a-f]{10}")
_SUFFIX = "-deploy"
"""What the name of our service account ends with: terraform/modules/grafana-workspace."""


class ManagedGrafana(Protocol):
    """Of boto3's client `grafana`, what is used here."""

    def describe_workspace(self, *, workspaceId: str) -> Mapping[str, Any]: ...  # noqa: D102, N803  AWS's own names

    def list_workspace_service_accounts(self, **asked: str) -> Mapping[str, Any]: ...  # noqa: D102  as above

    def create_workspace_service_account_token(self, **asked: Any) -> Mapping[str, Any]: ...  # noqa: D102  as above

    def delete_workspace_service_account_token(self, **asked: str) -> Mapping[str, Any]: ...  # noqa: D102  as above


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A key to a workspace. `url` is the workspace's own."""

    id: str
    name: str
    key: str = field(repr=False)
    url: str
    workspace: str
    service_account: str


def check(workspace: str) -> None:
    """Refuse what can't be a workspace's id.

    Raises:
        WrongUsageError: it can't.
    """
    if not _WORKSPACE.fullmatch(workspace):
        raise WrongUsageError(
            f"{workspace!r} is no id of a workspace: one looks like g-0123456789 (terraform output workspace_id)"
        )


def create(
    client: ManagedGrafana, workspace: str, *, name: str, lifetime: timedelta = SHORT, service_account: str = ""
) -> Token:
    """A token of a service account: the one named by its id, else the one whose name ends with `-deploy`.

    Raises:
        DeployError: AWS refuses, or it isn't clear which service account is meant.
    """
    check(workspace)
    with _said(workspace):
        url = _url(client, workspace)
        account = service_account or _service_account(client, workspace)
        made = client.create_workspace_service_account_token(
            workspaceId=workspace,
            serviceAccountId=account,
            name=name,
            secondsToLive=round(lifetime.total_seconds()),
        )["serviceAccountToken"]
    return Token(
        id=made["id"], name=made["name"], key=made["key"], url=url, workspace=workspace, service_account=account
    )


def delete(client: ManagedGrafana, token: Token) -> None:
    """Before its time is over.

    Raises:
        DeployError: AWS refuses.
    """
    with _said(token.workspace):
        client.delete_workspace_service_account_token(
            workspaceId=token.workspace, serviceAccountId=token.service_account, tokenId=token.id
        )


def _url(client: ManagedGrafana, workspace: str) -> str:
    found = client.describe_workspace(workspaceId=workspace)["workspace"]
    if found["status"] != "ACTIVE":
        raise DeployError(f"workspace {workspace} is {found['status']}: wait until it is ACTIVE, and try again")
    return f"https://{found['endpoint'].removeprefix('https://')}"


def _service_account(client: ManagedGrafana, workspace: str) -> str:
    everyone = list(_service_accounts(client, workspace))
    ours = [one for one in everyone if one["name"].endswith(_SUFFIX) and one["grafanaRole"] == "ADMIN"]
    if len(ours) == 1:
        return str(ours[0]["id"])
    there = ", ".join(f"{one['name']} ({one['id']}, {one['grafanaRole']})" for one in everyone) or "none"
    which = "several service accounts" if ours else "no service account"
    raise DeployError(
        f"workspace {workspace} has {which} of the role ADMIN with a name that ends with {_SUFFIX}: "
        f"choose one with --service-account ID; there are: {there}"
    )


def _service_accounts(client: ManagedGrafana, workspace: str) -> Iterator[Mapping[str, Any]]:
    asked = {"workspaceId": workspace}
    while True:
        page = client.list_workspace_service_accounts(**asked)
        yield from page["serviceAccounts"]
        if not page.get("nextToken"):
            return
        asked["nextToken"] = page["nextToken"]


@contextmanager
def _said(workspace: str) -> Iterator[None]:
    """AWS's errors in one line, with what to do."""
    try:
        yield
    except ClientError as error:
        code, message = error.response["Error"].get("Code", "?"), error.response["Error"].get("Message", "")
        raise DeployError(
            f"AWS refuses ({error.operation_name}, {workspace}): {code}: {message}{_mend(code)}"
        ) from error
    except BotoCoreError as error:
        raise DeployError(
            f"AWS can't be asked about {workspace}: {error}; look at the credentials and AWS_REGION"
        ) from error


def _mend(code: str) -> str:
    return {
        "AccessDeniedException": "; the output deploy_policy_json of the stack grafana-workspace is what it takes",
        "ResourceNotFoundException": "; is it the workspace's Region and account?",
        "ServiceQuotaExceededException": "; delete tokens that nobody needs",
    }.get(code, "")
