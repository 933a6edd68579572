"""The control plane: JSON under /_testbed/ on the account's own port. No fault ever strikes it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, TypeAlias
from urllib.parse import unquote

from athena_testbed.given import milliseconds
from athena_testbed.inbox import Inbox
from athena_testbed.logs.inspect import inspected
from athena_testbed.testbed import Testbed
from athena_testbed.times import rfc3339
from athena_testbed.wire import Answer, Json

PREFIX = "/_testbed/"
INBOX = "inbox/"
"""Behind it stands whose letter it is: `POST /_testbed/inbox/slack`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One call of the control plane."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body.

        Raises:
            ValueError: if it is no JSON.
        """
        return json.loads(self.body or b"null")


class Control:
    """Answers the control plane of one testbed."""

    def __init__(self, testbed: Testbed) -> None:
        self._testbed = testbed
        self._inbox = Inbox()
        self._routes: Mapping[tuple[str, str], Callable[[Command], Any]] = {
            ("GET", "truth"): self._truth,
            ("GET", "company"): self._company,
            ("GET", "calls"): self._calls,
            ("DELETE", "calls"): lambda _: testbed.forget_calls(),
            ("GET", "faults"): lambda _: testbed.faults.json(),
            ("PUT", "faults"): self._plan_faults,
            ("POST", "faults"): self._plan_faults,
            ("POST", "quiesce"): lambda _: testbed.quiesce(),
            ("POST", "resume"): lambda _: self._resume(),
            ("POST", "queries"): self._add_queries,
            ("GET", "status"): lambda _: self._status(),
            ("GET", "truth/access"): self._access,
            ("GET", "truth/access-events"): self._access_events,
            ("GET", "logs"): self._logs,
            ("DELETE", "logs"): self._forget_logs,
            ("GET", "inbox"): self._letters,
        }

    def answer(self, command: Command) -> Answer:
        """Answer one call: 400 with a sentence for a bad one, 404 for an unknown one."""
        name = command.path.removeprefix(PREFIX).rstrip("/")
        route = self._routes.get((command.method, name))
        if command.method == "DELETE" and name.startswith("workgroups/"):
            return self._delete_workgroup(unquote(name.removeprefix("workgroups/")))
        if command.method == "POST" and name.startswith(INBOX):
            route = self._post
        if route is None:
            known = ", ".join(f"{method} {PREFIX}{path}" for method, path in self._routes)
            return _json(
                {"error": f"no such call; there are {known}, DELETE {PREFIX}workgroups/NAME, POST {PREFIX}{INBOX}NAME"},
                HTTPStatus.NOT_FOUND,
            )
        try:
            return _json(route(command))
        except (ValueError, TypeError, AttributeError) as error:
            return _json({"error": str(error)}, HTTPStatus.BAD_REQUEST)

    def _truth(self, command: Command) -> Json:
        _known(command, {"since", "until", "undelivered"})
        return self._testbed.truth(
            _time(command.query, "since"), _time(command.query, "until"), undelivered=command.query.get("undelivered")
        )

    def _access(self, command: Command) -> Any:
        _known(command, {"since", "until", "undelivered"})
        return self._testbed.access(
            _time(command.query, "since"), _time(command.query, "until"), undelivered=command.query.get("undelivered")
        )

    def _access_events(self, command: Command) -> Any:
        _known(command, {"since", "until"})
        return self._testbed.access_events(_time(command.query, "since"), _time(command.query, "until"))

    def _calls(self, command: Command) -> Any:
        _known(command, {"access_key"})
        return self._testbed.calls(command.query.get("access_key"))

    def _logs(self, command: Command) -> Json:
        _known(command, {"group", "distinct", "offset", "limit"})
        with self._testbed.logs.lock:
            return inspected(self._testbed.logs, command.query)

    def _forget_logs(self, command: Command) -> Json:
        _known(command, {"group"})
        with self._testbed.logs.lock:
            self._testbed.logs.forget(command.query.get("group"))
            return inspected(self._testbed.logs, {})

    def _post(self, command: Command) -> Json:
        name = unquote(command.path.removeprefix(PREFIX + INBOX))
        return self._inbox.post(name, command.body, self._testbed.now_ms())

    def _letters(self, command: Command) -> Any:
        _known(command, {"name"})
        return self._inbox.letters(command.query.get("name"))

    def _plan_faults(self, command: Command) -> Any:
        rules = command.json()
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            raise ValueError('a fault plan is a list of objects, such as [{"kind": "throttle", "every": 5}]')
        self._testbed.plan_faults(rules)
        return self._testbed.faults.json()

    def _resume(self) -> Json:
        self._testbed.resume()
        return self._status()

    def _status(self) -> Json:
        account = self._testbed.account
        with account.lock:
            now = account.advance()
            return {
                "now": rfc3339(now),
                "began_at": rfc3339(account.began_ms),
                "seed": self._testbed.settings.seed,
                "region": self._testbed.settings.region,
                "starts": len(account.starts),
                "running": sum(1 for _ in account.running(now)),
                "exhausted": account.exhausted,
            }

    def _add_queries(self, command: Command) -> Json:
        given = command.json()
        many = given if isinstance(given, list) else [given]
        return {"query_ids": self._testbed.add(*many)}

    def _delete_workgroup(self, name: str) -> Answer:
        if not self._testbed.delete_workgroup(name):
            return _json({"error": f"workgroup {name!r} is not found"}, HTTPStatus.NOT_FOUND)
        return _json({"deleted": name})

    def _company(self, _: Command) -> Json:
        company = self._testbed.account.company
        everybody = (("people", company.people), ("services", company.services))
        return {
            **{
                name: [
                    {"label": p.label, "identity": p.kind, "clients": p.clients, "workgroups": p.workgroups}
                    for p in principals
                ]
                for name, principals in everybody
            },
            "workgroups": [
                {
                    "name": w.name, "tags": dict(w.tags), "cutoff_bytes": w.cutoff_bytes, "reserved": w.reserved,
                    "publishes": w.publishes, "enforced": w.enforced,
                }
                for w in company.workgroups.values()
            ],
            "databases": {name: list(tables) for name, tables in company.tables.items()},
        }  # fmt: skip  # as short as it can be said


def _known(command: Command, names: set[str]) -> None:
    unknown = sorted(set(command.query) - names)
    if unknown:
        raise ValueError(f"unknown parameter {unknown[0]!r}; there are {', '.join(sorted(names))}")


_Time: TypeAlias = datetime | None


def _time(query: Mapping[str, str], name: str) -> _Time:
    if name not in query:
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds(query[name], name))


def _json(answer: Any, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    body = json.dumps(answer, indent=1, default=list).encode() + b"\n"
    return Answer(status=status, body=body, content_type="application/json")
