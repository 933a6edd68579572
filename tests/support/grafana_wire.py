"""A Grafana and Amazon's API for its workspaces, on one loopback address.

Grafana's answers were recorded from a Grafana 9.3.2. Amazon's requests and answers are checked against botocore's own
model of the API: a wrong name, a missing field or a text that AWS would refuse is an error here, too.
"""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

import botocore.session
from botocore.model import OperationModel
from botocore.validate import ParamValidator

Json = dict[str, Any]
Said = tuple[int, Any]

WORKSPACE = "g-0123456789"
BASIC = "admin:correct"
WELL: Said = (200, {"message": "1. Successfully queried the CloudWatch metrics API.", "status": "OK"})
NO_CREDENTIALS: Said = (
    400,
    {"message": "1. CloudWatch metrics query failed: NoCredentialProviders: no valid providers in chain\ncaused by: x",
     "status": "ERROR"},
)  # fmt: skip  # as it was recorded
NO_CHECK: Said = (404, {"message": "Not found", "traceID": ""})
NO_PLUGIN: Said = (500, {"message": "Unable to find datasource plugin"})
NOT_THERE: Said = (404, {"message": "Data source not found", "traceID": ""})
WRONG_PASSWORD: Said = (401, {"message": "invalid username or password", "traceID": ""})
WRONG_KEY: Said = (401, {"message": "invalid API key", "traceID": ""})
NOT_INSTALLED: Said = (500, {"message": "Failed to install plugin", "traceID": ""})
REFUSED = 'Post "http://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection refused'

_MODEL = botocore.session.get_session().get_service_model("grafana")


@dataclass(slots=True)
class Wire:
    """What both know, and what they were asked. `override`: path -> an answer instead of the usual one."""

    url: str = ""
    version: str = "12.4.1"
    status: str = "ACTIVE"
    service_accounts: list[Json] = field(default_factory=lambda: [account("1", "athena-observability-deploy")])
    tokens: dict[str, Json] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    plugins: dict[str, str] = field(default_factory=lambda: {"prometheus": "", "cloudwatch": ""})
    takes_plugins: bool = True
    data_sources: dict[str, tuple[str, Said]] = field(default_factory=dict)
    contact_points: list[Json] = field(default_factory=list)
    unreachable: set[str] = field(default_factory=set)
    alerts: list[Json] = field(default_factory=list)
    override: dict[str, Said] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Said:
        """What comes back."""
        self.asked.append(f"{method} {path}")
        plain = urlsplit(path).path
        if plain in self.override:
            return self.override[plain]
        if plain.startswith("/workspaces"):
            return self._amazon(method, path, body)
        return self._refused(headers) or self._grafana(method, plain, json.loads(body or b"{}"))

    def _refused(self, headers: Mapping[str, str]) -> Said | None:
        kind, _, key = headers.get("authorization", " ").partition(" ")
        if kind == "Basic":
            return None if base64.b64decode(key).decode() == BASIC else WRONG_PASSWORD
        return None if key in {one["key"] for one in self.tokens.values()} else WRONG_KEY

    def _grafana(self, method: str, path: str, told: Json) -> Said:  # noqa: PLR0911  a table of addresses
        if path == "/api/health":
            return 200, {"commit": "21c1d14e91", "database": "ok", "version": self.version}
        if path == "/api/plugins":
            return 200, [{"id": name, "info": {"version": version}} for name, version in self.plugins.items()]
        if match := re.fullmatch(r"/api/plugins/([\w-]+)/install", path):
            return self._install(match[1], told["version"])
        if match := re.fullmatch(r"/api/datasources(?:/proxy)?/uid/([^/]+)(/.*)?", path):
            return self._data_source(unquote(match[1]), match[2] or "")
        if path.startswith("/api/v1/provisioning/contact-points"):
            return self._contact_points(
                method, path.removeprefix("/api/v1/provisioning/contact-points").strip("/"), told
            )
        if (method, path) == ("POST", "/api/alertmanager/grafana/config/api/v1/receivers/test"):
            return self._test_alert(told)
        return 404, {"message": "Not found", "traceID": ""}

    def _install(self, name: str, version: str) -> Said:
        if not self.takes_plugins:
            return NOT_INSTALLED
        self.plugins[name] = version
        return 200, {}

    def _data_source(self, uid: str, rest: str) -> Said:
        if uid not in self.data_sources:
            return NOT_THERE
        kind, health = self.data_sources[uid]
        if rest == "/health":
            return health
        if rest == "/api/v1/query":
            return 200, {"status": "success", "data": {"resultType": "scalar", "result": [1, "1"]}}
        return 200, {"uid": uid, "type": kind, "readOnly": False}

    def _contact_points(self, method: str, uid: str, told: Json) -> Said:
        """As Grafana's own, secrets are taken and never told."""
        there = [one for one in self.contact_points if one["uid"] == (uid or told.get("uid"))]
        if method == "GET":
            return 200, [one | {"settings": _redacted(one["settings"])} for one in self.contact_points]
        if method == "POST":
            if there:
                return 409, {"message": "receiver configuration with UID already exists"}
            self.contact_points.append(told | {"provenance": "api"})
            return 202, told
        if not there:
            return 404, {"message": "contact point not found"}
        (one,) = there
        self.contact_points.remove(one)
        if method == "PUT":
            self.contact_points.append(told | {"provenance": "api"})
        return 202, {"message": f"contactpoint {'updated' if method == 'PUT' else 'deleted'}"}

    def _test_alert(self, told: Json) -> Said:
        self.alerts.append(told)
        receivers = []
        for one in told["receivers"]:
            results = [self._delivered(config) for config in one["grafana_managed_receiver_configs"]]
            receivers.append({"name": one["name"], "grafana_managed_receiver_configs": results})
        failed = any("error" in config for one in receivers for config in one["grafana_managed_receiver_configs"])
        return (207 if failed else 200), {"alert": told["alert"], "receivers": receivers}

    def _delivered(self, config: Json) -> Json:
        told = {"name": config["name"], "uid": config["uid"]}
        if config["name"] in self.unreachable:
            return told | {"status": "failed", "error": REFUSED}
        return told | {"status": "ok"}

    def _amazon(self, method: str, path: str, body: bytes) -> Said:
        operation, told = _operation(method, path)
        _check(operation, told | json.loads(body or b"{}"), operation.input_shape)
        assert told["workspaceId"] == WORKSPACE
        handlers: dict[str, Callable[[Json], Json]] = {
            "DescribeWorkspace": self._describe,
            "ListWorkspaceServiceAccounts": self._list_accounts,
            "CreateWorkspaceServiceAccountToken": self._create,
            "DeleteWorkspaceServiceAccountToken": self._delete,
        }
        answer = handlers[operation.name](told | json.loads(body or b"{}"))
        _check(operation, answer, operation.output_shape)
        return 200, answer

    def _describe(self, _: Json) -> Json:
        moment = 1_760_000_000
        return {
            "workspace": {
                "id": WORKSPACE, "endpoint": urlsplit(self.url).netloc, "status": self.status, "grafanaVersion": "12.4",
                "created": moment, "modified": moment, "dataSources": [], "authentication": {"providers": ["SAML"]},
            }
        }  # fmt: skip  # an answer on a few lines

    def _list_accounts(self, told: Json) -> Json:
        """Two a page."""
        start = int(told.get("nextToken", "0"))
        more = {"nextToken": str(start + 2)} if start + 2 < len(self.service_accounts) else {}
        return {"workspaceId": WORKSPACE, "serviceAccounts": self.service_accounts[start : start + 2]} | more

    def _create(self, told: Json) -> Json:
        made = {"id": str(len(self.tokens) + 1), "name": told["name"], "key": f"glsa_{len(self.tokens) + 1}"}
        self.tokens[made["id"]] = made | {"seconds": told["secondsToLive"], "account": told["serviceAccountId"]}
        return {
            "workspaceId": WORKSPACE, "serviceAccountId": told["serviceAccountId"], "serviceAccountToken": made
        }  # fmt: skip  # as above

    def _delete(self, told: Json) -> Json:
        del self.tokens[told["tokenId"]]
        self.deleted.append(told["tokenId"])
        return {name: told[name] for name in ("tokenId", "serviceAccountId", "workspaceId")}


def account(number: str, name: str, role: str = "ADMIN") -> Json:
    """A service account."""
    return {"id": number, "name": name, "grafanaRole": role, "isDisabled": "false"}


def contact_point(name: str, kind: str = "webhook", **settings: object) -> Json:
    """An integration, as /api/v1/provisioning/contact-points tells it."""
    return {
        "uid": f"uid-{name}", "name": name, "type": kind, "settings": settings, "disableResolveMessage": False,
        "provenance": "api",
    }  # fmt: skip  # as above


def _redacted(settings: Json) -> Json:
    secret = {"integrationKey"} | ({"url"} if "text" in settings else set())
    return {key: "[REDACTED]" if key in secret else value for key, value in settings.items()}


def amazon_refuses(code: str, message: str, status: int = 403) -> Said:
    """An error in AWS's words."""
    return status, {"__type": code, "message": message}


def _operation(method: str, path: str) -> tuple[OperationModel, Json]:
    """The operation of a request, with what its path and its query tell."""
    parts = urlsplit(path)
    for name in _MODEL.operation_names:
        operation = _MODEL.operation_model(name)
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", operation.http["requestUri"])
        match = re.fullmatch(pattern, parts.path)
        if match and operation.http["method"] == method:
            query = dict(one.split("=", 1) for one in parts.query.split("&") if one)
            return operation, {key: unquote(value) for key, value in (match.groupdict() | query).items()}
    raise AssertionError(f"AWS has no {method} {path}")


def _check(operation: OperationModel, told: Json, shape: Any) -> None:
    report = ParamValidator().validate(told, shape)
    assert not report.has_errors(), f"{operation.name}: {report.generate_report()}"


@contextmanager
def serving() -> Iterator[Wire]:
    """Both, until the end of the block."""
    wire = Wire()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, told = wire.answer(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            data = json.dumps(told).encode() if not isinstance(told, str) else told.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            if isinstance(told, dict) and "__type" in told:
                self.send_header("x-amzn-errortype", told["__type"])
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815  the names are the server's

        def log_message(self, *_: object) -> None:
            """Nothing: what was asked is in `asked`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    wire.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield wire
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
