"""AWS's answers without anybody's names: each text that could tell one is replaced, equal ones alike.

Stage: beside recording.py. What is kept is a list of AWS's own words (states, types, operations, names of metrics);
everything else is replaced, so that a field which nobody has thought of gives nothing away. A replacement is a keyed
hash: who lacks the key of the recording can neither undo it nor try names against it.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Json: TypeAlias = Any
"""What JSON may hold; it has no narrower type."""

_KEPT_KEYS = frozenset(
    [
        # Athena
        "AuthenticationType", "EffectiveEngineVersion", "EncryptionOption", "ErrorCode", "SelectedEngineVersion",
        "State", "StatementType", "Status", "SubstatementType", "S3AclOption",
        # CloudTrail: its frame, and the record inside
        "AttributeKey", "EventName", "EventSource", "ReadOnly", "ResourceType", "apiVersion", "awsRegion",
        "cipherSuite", "errorCode", "eventCategory", "eventName", "eventSource", "eventType", "eventVersion",
        "requesterService", "tlsVersion", "type",
        # CloudWatch and Service Quotas
        "Code", "Id", "MetricName", "Namespace", "PeriodUnit", "QuotaAppliedAtLevel", "QuotaCode", "QuotaName",
        "RecentlyActive", "ScanBy", "ServiceCode", "ServiceName", "Stat", "StatusCode", "Unit",
        # Glue, and errors of all
        "TableType", "__type", "code",
    ]
)  # fmt: skip  # a set reads best in rows
"""Keys whose values are AWS's words. A value that looks like somebody's is replaced all the same."""
_AWS_WORD = re.compile(r"[A-Za-z0-9][\w .:/()*-]{0,79}", re.ASCII)
_KEPT_DIMENSIONS = frozenset({"QueryState", "QueryType", "Class", "Resource", "Service", "Type"})
_DIMENSIONS = _KEPT_DIMENSIONS | {"WorkGroup", "Capacity Reservation", "CapacityReservation"}
_KEPT_PARAMETERS = frozenset({"presto_view", "comment", "EXTERNAL", "table_type", "classification"})
_KEPT_VALUES = frozenset(
    {"", "true", "false", "AwsDataCatalog", "awsdatacatalog", "***OMITTED***", "Bytes scanned limit was exceeded"}
)

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_ACCOUNT = re.compile(r"\d{12}")
_HOLDS_ACCOUNT = re.compile(r"\d{12}|@|AKIA|ASIA")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_PRINCIPAL = re.compile(r"(?P<kind>A[A-Z]{3})[A-Z0-9]{12,}")
_IPV4 = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_IPV6 = re.compile(r"(?=.*:.*:)[0-9a-f:.]+", re.IGNORECASE)
_SERVICE = re.compile(r"[a-z0-9-]+\.amazonaws\.com")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_SSO_ROLE = re.compile(r"AWSReservedSSO_(?P<set>.+)_[0-9a-f]{16}")
_AWS_ROLE = re.compile(r"AWSServiceRoleFor\w+|aws-quicksight-(s3-)?service-role-v0")
_EXPLAIN = re.compile(r"\s*explain\s+analyze\b", re.IGNORECASE)
_PRODUCT = re.compile(
    r"\b(aws-cli|aws-sdk-[a-z]+|awswrangler|Airflow|AmPP|Boto3|Botocore|dbt-athena|Grafana|Mozilla|Metabase|PyAthena"
    r"|Redash|Terraform)/\d[\d.]*",
    re.IGNORECASE,
)
_ARN_PARTS = 6


class Disguise:
    """Replaces texts. `key` is of this recording only: with the same key equal texts stay equal."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._kinds: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
            (_TIME, str),
            (_UUID, self._uuid),
            (_ACCOUNT, self._account),
            (_IPV4, lambda text: f"203.0.113.{int(self._digest(text)[:4], 16) % 254 + 1}"),
            (_IPV6, lambda text: f"2001:db8::{self._digest(text)[:4]}"),
            (_SERVICE, str),
            (_EMAIL, lambda text: f"user-{self._digest(text)[:8]}@example.com"),
            (_SSO_ROLE, lambda text: f"AWSReservedSSO_{self.name(text)}_{self._digest(text)[:16]}"),
            (_AWS_ROLE, str),
            (_PRINCIPAL, self._principal),
        )

    def json(self, value: Json, key: str = "") -> Json:
        """The same structure with the same keys, numbers and types; texts replaced where they could tell names."""
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, list | tuple):
            return [self.json(each, key) for each in value]
        return self._keyed(key, value) if isinstance(value, str) else value

    def _mapping(self, value: Mapping[str, Json]) -> dict[str, Json]:
        dimension = value.get("Name")
        if value.keys() <= {"Name", "Value"} and isinstance(dimension, str) and dimension in _DIMENSIONS:
            key = "State" if dimension in _KEPT_DIMENSIONS else ""
            return {name: each if name == "Name" else self.json(each, key) for name, each in value.items()}
        return {
            name: self._parameters(each) if name == "Parameters" else self.json(each, name)
            for name, each in value.items()
        }

    def _parameters(self, value: Json) -> Json:
        """Glue's parameters of a table: even their names are somebody's."""
        if not isinstance(value, Mapping):
            return self.json(value)
        return {name if name in _KEPT_PARAMETERS else self.name(name): self.json(each) for name, each in value.items()}

    def _keyed(self, key: str, text: str) -> str:
        if key in _KEPT_KEYS and _AWS_WORD.fullmatch(text) and not _HOLDS_ACCOUNT.search(text):
            return text
        if key == "CloudTrailEvent":
            return self._record(text)
        if key in {"Query", "QueryString", "ViewOriginalText", "ViewExpandedText"}:
            return self._sql(text)
        return self._agent(text) if key == "userAgent" else self.text(text)

    def text(self, text: str) -> str:
        """A text of the same kind: an ARN for an ARN, an address for an address, else `name-` and a hash."""
        if text in _KEPT_VALUES:
            return text
        if text.startswith("arn:"):
            return self._arn(text)
        if text.startswith("s3://"):
            return "s3://" + self._path(text.removeprefix("s3://"))
        return self._plain(text)

    def _plain(self, text: str) -> str:
        for pattern, replace in self._kinds:
            if pattern.fullmatch(text):
                return replace(text)
        head, colon, rest = text.partition(":")
        if colon and _PRINCIPAL.fullmatch(head):
            # userIdentity.principalId: the id of the role, and the name of its session.
            return f"{self._principal(head)}:{self._plain(rest)}"
        return self.name(text)

    def name(self, text: str) -> str:
        """What stands for a name of any kind."""
        return f"name-{self._digest(text)[:8]}"

    def _digest(self, text: str) -> str:
        return hmac.new(self._key, text.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()

    def _uuid(self, text: str) -> str:
        digest = self._digest(text)
        return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"

    def _account(self, text: str) -> str:
        return f"{int(self._digest(text)[:12], 16) % 900_000_000_000 + 100_000_000_000}"

    def _principal(self, text: str) -> str:
        return text[:4] + self._digest(text)[:16].upper()

    def _arn(self, text: str) -> str:
        parts = text.split(":", _ARN_PARTS - 1)
        if len(parts) < _ARN_PARTS:
            return self.name(text)
        arn, partition, service, region, account, resource = parts
        kind, slash, rest = resource.partition("/")
        named = f"{kind}/{self._path(rest)}" if slash and kind.isalpha() | ("-" in kind) else self.name(resource)
        return ":".join((arn, partition, service, region, self.text(account), named))

    def _path(self, path: str) -> str:
        return "/".join(self._plain(part) if part else "" for part in path.split("/"))

    def _record(self, text: str) -> str:
        """The CloudTrail record is a JSON text inside the answer."""
        try:
            return json.dumps(self.json(json.loads(text)), separators=(",", ":"))
        except (ValueError, RecursionError):
            return self.name(text)

    def _sql(self, text: str) -> str:
        analyze = "EXPLAIN ANALYZE " if _EXPLAIN.match(text) else ""
        return f"{analyze}SELECT '{self.name(text)}'"

    def _agent(self, text: str) -> str:
        """The known products with their versions; a service's own address; nothing else."""
        if _SERVICE.fullmatch(text):
            return text
        return " ".join(found[0] for found in _PRODUCT.finditer(text)) or f"agent-{self._digest(text)[:8]}"
