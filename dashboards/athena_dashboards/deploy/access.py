"""How the Grafana is reached: with a token made for the purpose, or with what the environment has."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import urllib3

from athena_dashboards.deploy import tokens
from athena_dashboards.deploy.errors import DeployError, WrongUsageError
from athena_dashboards.deploy.grafana import Grafana
from athena_dashboards.deploy.tokens import ManagedGrafana, Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Which Grafana, and how to get in.

    `url`: "" for the workspace's own. `auth`: "" for a token of the workspace. `client` makes boto3's client when it
    is needed: a Grafana of one's own needs no AWS.
    """

    url: str
    auth: str
    workspace: str
    service_account: str
    lifetime: timedelta
    client: Callable[[], ManagedGrafana]
    token_name: str
    tell: Callable[[str], None]

    def token(self) -> Token:
        """A new token, which is the caller's to delete.

        Raises:
            DeployError: no workspace is named, or none that could be one, or AWS refuses.
        """
        if not self.workspace:
            raise WrongUsageError("which workspace? --workspace g-0123456789 (terraform output workspace_id)")
        tokens.check(self.workspace)
        return tokens.create(
            self.client(), self.workspace,
            name=self.token_name, lifetime=self.lifetime, service_account=self.service_account,
        )  # fmt: skip  # a call on a few lines

    @contextmanager
    def open(self, pool: urllib3.PoolManager) -> Iterator[Grafana]:
        """The Grafana. A token that was made for it is deleted at the end, whatever the end is.

        Raises:
            DeployError: there is no way in.
        """
        if not self.workspace:
            yield Grafana(url=self._given_url(), auth=self._given_auth(), pool=pool)
            return
        token = self.token()
        self.tell(f"token {token.name} of {self.workspace}, for {round(self.lifetime.total_seconds() / 60)} minutes")
        try:
            yield Grafana(url=self.url or token.url, auth=token.key, pool=pool)
        finally:
            self._delete(token)

    def _delete(self, token: Token) -> None:
        try:
            tokens.delete(self.client(), token)
        except DeployError as error:
            # What went before matters more than a token that soon ends by itself.
            self.tell(f"token {token.name} is not deleted, and ends by itself: {error}")
        else:
            self.tell(f"token {token.name} is deleted")

    def _given_url(self) -> str:
        if not self.url.startswith(("http://", "https://")):
            raise WrongUsageError(
                "which Grafana? --workspace g-0123456789 for Amazon Managed Grafana, or GRAFANA_URL=https://... for "
                "one of your own"
            )
        return self.url

    def _given_auth(self) -> str:
        if not self.auth:
            raise WrongUsageError(
                "GRAFANA_AUTH is missing: a token, or user:password; for Amazon Managed Grafana: --workspace"
            )
        return self.auth
