"""CloudTrail's events: when each becomes visible, how often, in which place, with which words.

A number below access.BASE is a start and its StartQueryExecution; one above it an access event of a start.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from athena_testbed.access import BASE, Access, AccessEvents, additional, error, parameters
from athena_testbed.account import Account, Start
from athena_testbed.ids import Ids
from athena_testbed.settings import ACCOUNT_ID
from athena_testbed.wire import Json
from athena_testbed.world.clients import CLIENTS
from athena_testbed.world.identity import access_key, user_identity, username
from athena_testbed.world.people import Principal

DISORDER_MS = 15_000
_LONGEST = 20
_REMEMBERED_DELIVERIES = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How one event reaches LookupEvents.

    Attributes:
        key_ms: its place in the list; a few are some seconds off.
        event_ms: the event's time, in whole seconds.
        visible_ms: when each copy can be seen, or nothing if the event is never delivered.
    """

    key_ms: int
    event_ms: int
    visible_ms: tuple[int, ...]


class Events:
    """The events of one account and Region; the same number always gives the same event."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._settings = account.settings
        self._event_ids = Ids(account.settings.seed, f"event/{account.settings.region}")
        self._request_ids = Ids(account.settings.seed, f"request/{account.settings.region}")
        self._deliveries: dict[tuple[int, float], Delivery] = {}
        self.access = AccessEvents(account)
        self._median_ms = account.settings.cloudtrail_delay.total_seconds() * 1000

    @property
    def longest_ms(self) -> int:
        """No event that comes at all comes later than this after its time, unless somebody fixed its delay."""
        return int(self._median_ms * (_LONGEST + 2)) + 1000

    def delivery(self, number: int, duplicates: float = 0.0) -> Delivery:
        """How the event `number` is delivered; `duplicates` raises the share that comes twice."""
        key = (number, duplicates)
        if key not in self._deliveries:
            if len(self._deliveries) >= _REMEMBERED_DELIVERIES:
                self._deliveries.clear()
            self._deliveries[key] = self._decided(number, duplicates)
        return self._deliveries[key]

    def _decided(self, number: int, duplicates: float) -> Delivery:
        settings = self._settings
        rng = Random(settings.seed << 72 | number << 8 | 4)
        access = self.access.find(number) if number >= BASE else None
        at = self._account.submitted_ms(number) if access is None else access.at_ms
        delay = self._delay(rng)
        chances = rng.random(), rng.random(), rng.random()
        again = self._delay(rng)
        moved = rng.randint(-DISORDER_MS, DISORDER_MS) if chances[0] < settings.disordered_events else 0
        fixed = self._account.event_delay_ms(number if access is None else access.start)
        visible: tuple[int, ...] = (at + (delay if fixed is None else fixed),)
        if chances[1] < max(settings.duplicate_events, duplicates):
            visible = (*visible, visible[0] + again)
        if fixed is None and chances[2] < settings.lost_events:
            visible = ()
        return Delivery(key_ms=at + moved, event_ms=at // 1000 * 1000, visible_ms=visible)

    def _delay(self, rng: Random) -> int:
        """Mostly near the median, one in a hundred many times as long."""
        tail = rng.uniform(3, _LONGEST) if rng.random() < 0.01 else 1.0
        return int(self._median_ms * min(_LONGEST, rng.lognormvariate(0, 0.35) * tail))

    def event_id(self, number: int) -> str:
        """The event's own id: the same in every copy."""
        return self._event_ids.of(number)

    def number(self, event_id: str) -> int | None:
        """The number of an event id, None for an id of anything else."""
        return self._event_ids.number(event_id)

    def record(self, number: int) -> Json:
        """The event itself, as a trail writes it."""
        access = self.access.find(number) if number >= BASE else None
        if access is not None:
            return self._access_event(access, user_identity(access.principal, access.at_ms))
        start = self._account.start(number)
        return self._event(start, user_identity(start.slot.principal, start.submitted_ms))

    def summary(self, number: int) -> Json:
        """The event as LookupEvents wraps it; the event itself is a JSON string."""
        access = self.access.find(number) if number >= BASE else None
        if access is not None:
            identity = user_identity(access.principal, access.at_ms)
            return self._wrapped(self._access_event(access, identity), access.principal, access.at_ms)
        start = self._account.start(number)
        identity = user_identity(start.slot.principal, start.submitted_ms)
        return self._wrapped(self._event(start, identity), start.slot.principal, start.submitted_ms)

    def _wrapped(self, event: Json, principal: Principal, at_ms: int) -> Json:
        answer: Json = {
            "EventId": event["eventID"],
            "EventName": event["eventName"],
            "ReadOnly": "true" if event["readOnly"] else "false",
            "EventTime": at_ms // 1000,
            "EventSource": event["eventSource"],
            "Resources": [],
            "CloudTrailEvent": json.dumps(event, separators=(",", ":")),
        }
        name = username(principal, event["userIdentity"])
        if name is not None:
            answer["Username"] = name
        if "accessKeyId" in event["userIdentity"]:
            answer["AccessKeyId"] = access_key(principal)
        return answer

    def _access_event(self, access: Access, identity: Json) -> Json:
        """An event that Athena caused carries its caller's identity, and Athena as agent and address."""
        agent = "athena.amazonaws.com" if access.client is None else CLIENTS[access.client].user_agent
        if access.client is None:
            identity = {**identity, "invokedBy": identity.get("invokedBy", agent)}
        return {
            "eventVersion": "1.11",
            "userIdentity": identity,
            "eventTime": _written(access.at_ms),
            "eventSource": access.source,
            "eventName": access.name,
            "awsRegion": self._settings.region,
            "sourceIPAddress": agent if access.client is None else f"203.0.113.{access.number % 250 + 1}",
            "userAgent": agent,
            **error(access),
            "requestParameters": parameters(access, self._settings.region),
            "responseElements": None,
            **additional(access),
            "requestID": self._request_ids.of(access.number),
            "eventID": self.event_id(access.number),
            "readOnly": True,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": ACCOUNT_ID,
            "eventCategory": "Management",
        }

    def _event(self, start: Start, identity: Json) -> Json:
        number = start.number
        client = CLIENTS[start.client]
        event: Json = {
            "eventVersion": "1.11",
            "userIdentity": identity,
            "eventTime": _written(start.submitted_ms),
            "eventSource": "athena.amazonaws.com",
            "eventName": "StartQueryExecution",
            "awsRegion": self._settings.region,
            "sourceIPAddress": client.user_agent if client.service else f"203.0.113.{number % 250 + 1}",
            "userAgent": client.user_agent,
            "requestParameters": self._parameters(start),
            "responseElements": None if start.refusal else {"queryExecutionId": self._account.query_id(number)},
            "requestID": self._request_ids.of(number),
            "eventID": self.event_id(number),
            "readOnly": False,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": ACCOUNT_ID,
            "eventCategory": "Management",
        }
        if start.refusal:
            event |= {"errorCode": start.refusal.code, "errorMessage": start.refusal.message}
        if not client.service:
            event["tlsDetails"] = self._tls()
        if client.name == "console":
            event["sessionCredentialFromConsole"] = "true"
        return event

    def _parameters(self, start: Start) -> Json:
        parameters: Json = {
            "queryString": "***OMITTED***",
            "clientRequestToken": self._request_ids.of(start.number + 2**40),
            "workGroup": start.slot.workgroup.name,
        }
        if start.refusal is None:
            database = self._account.plan(start.number).database
            context = {"catalog": "awsdatacatalog"} if database is None else {"database": database}
            parameters["queryExecutionContext"] = context
        if start.slot.workgroup.name == "primary" and start.client in {"console", "aws-cli"}:
            del parameters["workGroup"]  # a client that names none means primary, and the event shows only what it said
        return parameters

    def _tls(self) -> Json:
        return {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": f"athena.{self._settings.region}.amazonaws.com",
        }


def _written(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
