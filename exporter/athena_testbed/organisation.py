"""Several accounts behind one address: a company in each of their Regions, and the roles that open them.

Stage: a call -> **organisation** -> server.py's front of the caller's account and Region. The access key tells who
calls: keys that AssumeRole has given belong to the role's account until they expire, any other key to the hub. Each
account is a whole embedded one, which takes itself for `ACCOUNT_ID`: its own number is put in and taken out on the
way. Queues and buckets are moto's: one set of them for all.

Sources: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html and botocore's model.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from threading import Lock, Thread
from typing import Any

from athena_testbed.fault_words import words
from athena_testbed.protocols import QueryProtocol, read_request
from athena_testbed.server import LOOPBACK, Front, bind, body_of, headers_of
from athena_testbed.settings import ACCOUNT_ID, Settings
from athena_testbed.testbed import Testbed, wall_clock_ms
from athena_testbed.wire import Answer, AwsError, Call, Json, Request

_HOUR = timedelta(hours=1)
_SCOPE = re.compile(r"Credential=(?P<key>[^/]*)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/")
_ROLE = re.compile(r"arn:aws[\w-]*:iam::(?P<account>\d{12}):role/(?:.*/)?(?P<name>[^/]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role that the hub may assume; `lasts` may be shorter than the 15 minutes that AWS gives at least."""

    arn: str
    external_id: str | None = None
    lasts: timedelta = _HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    account: str
    user: str
    ends_ms: int


@dataclass(slots=True)
class Sts:
    """Who is who: the roles there are, the keys they gave, and every session that was begun (role, session name)."""

    hub: str
    clock: Callable[[], int]
    roles: dict[str, Role] = field(default_factory=dict)
    sessions: list[tuple[str, str]] = field(default_factory=list)
    _keys: dict[str, _Key] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def account_of(self, access_key: str) -> str:
        """The account of a caller."""
        key = self._keys.get(access_key)
        return self.hub if key is None else key.account

    def is_expired(self, access_key: str) -> bool:
        """Whether a key was given, and is no longer good."""
        key = self._keys.get(access_key)
        return key is not None and self.clock() >= key.ends_ms

    def answer(self, request: Request, body: bytes) -> Json:
        """AssumeRole or GetCallerIdentity. Raises AwsError."""
        parameters = QueryProtocol().parameters(body)
        if request.operation == "AssumeRole":
            return self._assume(parameters)
        if request.operation == "GetCallerIdentity":
            return self._identity(request.access_key)
        raise AwsError("InvalidAction", f"Could not find operation {request.operation}")

    def _identity(self, access_key: str) -> Json:
        key = self._keys.get(access_key)
        account = self.hub if key is None else key.account
        user = f"arn:aws:iam::{account}:user/athena-exporter" if key is None else key.user
        return {"Arn": user, "UserId": access_key, "Account": account}

    def _assume(self, parameters: Json) -> Json:
        arn, session = str(parameters.get("RoleArn")), str(parameters.get("RoleSessionName"))
        role, found = self.roles.get(arn), _ROLE.fullmatch(arn)
        if role is None or found is None or role.external_id != parameters.get("ExternalId"):
            message = (
                f"User: arn:aws:iam::{self.hub}:user/athena-exporter is not authorized to perform: sts:AssumeRole on "
                f"resource: {arn}"
            )
            raise AwsError("AccessDenied", message, 403)
        lasts = min(role.lasts, timedelta(seconds=int(parameters.get("DurationSeconds", "3600"))))
        user = f"arn:aws:sts::{found['account']}:assumed-role/{found['name']}/{session}"
        ends_ms = self.clock() + lasts // timedelta(milliseconds=1)
        with self._lock:
            self.sessions.append((arn, session))
            access_key = f"ASIA{len(self.sessions):016}"
            self._keys[access_key] = _Key(account=found["account"], user=user, ends_ms=ends_ms)
        return {
            "Credentials": {
                "AccessKeyId": access_key, "SecretAccessKey": "not-a-secret", "SessionToken": "not-a-token",
                "Expiration": datetime.fromtimestamp(ends_ms / 1000, tz=UTC),
            },
            "AssumedRoleUser": {"AssumedRoleId": f"AROA:{session}", "Arn": user},
        }  # fmt: skip  # as the API has it


class _Member(Front):
    """One account in one Region."""

    def __init__(self, testbed: Testbed, sts: Sts) -> None:
        super().__init__(testbed)
        self._sts = sts

    def _answer(self, environ: dict[str, Any], body: bytes) -> Answer:
        request = read_request(headers_of(environ), body, "expired")
        if self._sts.is_expired(request.access_key):
            code, message, status = words(request)["expired"]
            return request.failure(AwsError(code, message, status))
        return super()._answer(environ, body)

    def _behind(self, environ: dict[str, Any], body: bytes) -> Answer:
        request = read_request(headers_of(environ), body, "sts")
        if request.service != "sts":
            return super()._behind(environ, body)
        call = Call(service="sts", operation=request.operation, request_id=request.call.request_id)
        return QueryProtocol().success(call, self._sts.answer(request, body))


class Organisation:
    """The accounts, as a WSGI application and for a test's hands.

    Attributes:
        url: the endpoint for boto3's `endpoint_url`; empty until it is served.
        sts: the roles, and who has assumed them.
    """

    def __init__(
        self,
        accounts: Mapping[str, Sequence[str]],
        settings: Settings,
        *,
        hub: str = ACCOUNT_ID,
        clock: Callable[[], int] = wall_clock_ms,
    ) -> None:
        """`accounts`: the Regions with a company, by account; the `hub` has none unless it is named.

        Raises:
            ValueError: an account without a Region, or no account at all.
        """
        self.url = ""
        self.sts = Sts(hub=hub, clock=clock)
        places = [(account, region) for account, regions in accounts.items() for region in regions]
        if not places or not all(accounts.values()):
            raise ValueError(f"accounts are {dict(accounts)}; each has at least one Region")
        self._first = {account: regions[0] for account, regions in accounts.items()}
        self._testbeds = {
            (account, region): Testbed(replace(settings, region=region, seed=settings.seed + number), clock=clock)
            for number, (account, region) in enumerate(places)
        }
        self._fronts = {place: _Member(testbed, self.sts) for place, testbed in self._testbeds.items()}
        idle = replace(settings, queries_per_minute=0, history=timedelta(0), faults=())
        self._hub = _Member(Testbed(idle, clock=clock), self.sts)

    @property
    def testbeds(self) -> Mapping[tuple[str, str], Testbed]:
        """What stands behind each account and Region."""
        return self._testbeds

    def at(self, account: str, region: str) -> Testbed:
        """One account in one Region: its queries, faults, truth and calls. Raises KeyError."""
        return self._testbeds[account, region]

    def trust(self, *roles: Role) -> None:
        """Let the hub assume these roles."""
        self.sts.roles.update({role.arn: role for role in roles})

    def revoke(self, arn: str) -> None:
        """Let nobody assume the role any more; the keys it has given stay good until they expire."""
        self.sts.roles.pop(arn, None)

    def close(self) -> None:
        """End the waits of faults."""
        for testbed in self._testbeds.values():
            testbed.closing.set()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one call."""
        body = body_of(environ)
        scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        account, region = self._addressed(scope, body)
        own, theirs = account.encode(), ACCOUNT_ID.encode()
        inner = body if b"AssumeRole" in body else body.replace(own, theirs)
        called = {**environ, "wsgi.input": BytesIO(inner), "CONTENT_LENGTH": str(len(inner))}
        front = self._fronts.get((account, region)) or self._fronts.get((account, self._first.get(account, "")))
        # AWS tells STS's answers by the number that is theirs already.
        is_sts = scope is not None and scope["service"] == "sts"
        answered = (front or self._hub)(called, start_response)
        return answered if is_sts else (part.replace(theirs, own) for part in answered)

    def _addressed(self, scope: re.Match[str] | None, body: bytes) -> tuple[str, str]:
        """Whose front answers. AssumeRole is struck by the faults of the account that it opens."""
        if scope is None:
            return self.sts.hub, ""
        if scope["service"] == "sts" and b"Action=AssumeRole" in body:
            found = _ROLE.fullmatch(str(QueryProtocol().parameters(body).get("RoleArn")))
            return found["account"] if found else self.sts.hub, scope["region"]
        return self.sts.account_of(scope["key"]), scope["region"]


@contextmanager
def organised(organisation: Organisation) -> Iterator[Organisation]:
    """Serve an organisation from a thread of this process, on a free port of 127.0.0.1."""
    server = bind(next(iter(organisation.testbeds.values())))
    server.app = organisation
    organisation.url = f"http://{LOOPBACK}:{server.port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="organisation", daemon=True)
    thread.start()
    try:
        yield organisation
    finally:
        organisation.close()
        server.shutdown()
        server.hang_up()
        server.server_close()
        thread.join()
