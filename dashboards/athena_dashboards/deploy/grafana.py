"""Grafana's HTTP API, as far as it is needed: docs at grafana.com/docs/grafana/latest/developers/http_api."""

import json
from dataclasses import dataclass
from typing import Any

import urllib3

from athena_dashboards.deploy.errors import DeployError

_TIMEOUT = urllib3.Timeout(connect=10, read=90)
"""Seconds. A plug-in's installation is answered when it has been downloaded."""
_UNAUTHORIZED, _FORBIDDEN = 401, 403
_OK, _MULTIPLE = 200, 300
_SHOWN = 300
"""How much of an unexpected answer is shown, in characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status and the JSON that came with it; a text that is none, as `{"message": text}`."""

    status: int
    body: Any

    @property
    def is_good(self) -> bool:
        """Whether Grafana did what it was asked."""
        return _OK <= self.status < _MULTIPLE

    @property
    def message(self) -> str:
        """Grafana's own words, on one line."""
        said = self.body.get("message") if isinstance(self.body, dict) else None
        return " ".join(str(said or self.body or f"status {self.status} without a word").split())[:_SHOWN]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grafana:
    """A Grafana and who asks it. `auth`: a token, or user:password, as the terraform provider reads GRAFANA_AUTH."""

    url: str
    auth: str
    pool: urllib3.PoolManager

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        """Ask; an answer of any status is an answer, unless it says that we may not ask.

        Raises:
            DeployError: nobody answers there, or whoever asks isn't let in.
        """
        address = f"{self.url.rstrip('/')}{path}"
        try:
            response = self.pool.request(
                method, address,
                body=None if body is None else json.dumps(body).encode(),
                headers=self._headers(), timeout=_TIMEOUT, retries=urllib3.Retry(connect=2, read=0, redirect=3),
            )  # fmt: skip  # a request on a few lines
        except urllib3.exceptions.HTTPError as error:
            raise DeployError(
                f"{self.url} doesn't answer: {_cause(error)}; is GRAFANA_URL right, and reachable from here?"
            ) from error
        answer = Answer(status=response.status, body=_body(response.data))
        if answer.status == _UNAUTHORIZED:
            raise DeployError(
                f"{self.url} doesn't know who asks ({answer.message}): GRAFANA_AUTH has to be a token that has not "
                "expired, or user:password"
            )
        if answer.status == _FORBIDDEN:
            raise DeployError(f"{self.url} doesn't allow {method} {path} ({answer.message}): it takes an administrator")
        return answer

    def get(self, path: str) -> Any:
        """What stands at a path.

        Raises:
            DeployError: as `ask`; or anything but the thing is answered.
        """
        answer = self.ask("GET", path)
        if not answer.is_good:
            raise DeployError(f"{self.url}{path} answers {answer.status}: {answer.message}")
        return answer.body

    def version(self) -> str:
        """Its version, such as 12.4.0."""
        found = self.get("/api/health")
        version = found.get("version") if isinstance(found, dict) else None
        if not version:
            raise DeployError(f"{self.url}/api/health tells no version: is that a Grafana?")
        return str(version)

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if ":" in self.auth:
            return headers | urllib3.make_headers(basic_auth=self.auth)
        return headers | {"Authorization": f"Bearer {self.auth}"}


def _body(data: bytes) -> Any:
    text = data.decode("utf-8", "replace")
    try:
        return json.loads(text) if text.strip() else {}
    except ValueError:
        return {"message": text}


def _cause(error: urllib3.exceptions.HTTPError) -> str:
    """Without the request and the addresses of objects that urllib3 puts around it."""
    reason = getattr(error, "reason", None)
    text = str(reason or error)
    return text.rsplit(">: ", 1)[-1].rsplit("): ", 1)[-1]
