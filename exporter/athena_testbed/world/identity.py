"""The userIdentity element of a principal's CloudTrail events, shaped as AWS shapes each type.

Source: the CloudTrail user guide's userIdentity reference. The session name of a machine changes with time.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from random import Random
from typing import Any, TypeAlias

from athena_testbed.settings import ACCOUNT_ID
from athena_testbed.world.people import Principal

Json: TypeAlias = dict[str, Any]
_STORE = "arn:aws:identitystore::123456789012:identitystore/d-9367a1b2c3"


def user_identity(principal: Principal, at_ms: int) -> Json:
    """Who, as CloudTrail writes it, at one moment (milliseconds since 1970)."""
    return _SHAPES[principal.kind](principal, at_ms)


def username(principal: Principal, identity: Mapping[str, Any]) -> str | None:
    """LookupEvents' `Username`: the user's name, an assumed role's session name, or nothing."""
    if identity["type"] == "AssumedRole":
        return str(identity["arn"].rsplit("/", 1)[1])
    if identity["type"] == "FederatedUser":
        return principal.label
    name = identity.get("userName")
    return name if name is None else str(name)


def access_key(principal: Principal) -> str:
    """The principal's access key id: temporary (ASIA) but for IAM users."""
    prefix = "AKIA" if principal.kind == "iam" else "ASIA"
    return prefix + _token(principal.label, 16)


def _token(text: str, length: int) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    return "".join(alphabet[byte % 32] for byte in sha256(text.encode()).digest()[:length])


def session_name(principal: Principal, at_ms: int) -> str:
    """The session name; templates are filled anew every hour, as a machine's credentials are."""
    template = principal.details["session"]
    hour = at_ms // 3_600_000
    rng = Random(f"{principal.label}/{hour}")
    start = hour * 3600 + rng.randrange(3600)
    return template.format(
        epoch=start,
        ms=start * 1000 + rng.randrange(1000),
        ns=start * 10**9 + rng.randrange(10**9),
        digits=rng.randrange(10**11, 10**12),
        hex8=f"{rng.getrandbits(32):08X}",
        hex32=f"{rng.getrandbits(128):032x}",
        uuid="{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}".format(*(rng.getrandbits(bits) for bits in (32, 16, 12, 12, 48))),
    )


def _attributes(at_ms: int) -> Json:
    created = datetime.fromtimestamp(at_ms // 3_600_000 * 3600, tz=UTC)
    return {"creationDate": created.strftime("%Y-%m-%dT%H:%M:%SZ"), "mfaAuthenticated": "false"}


def _assumed_role(principal: Principal, at_ms: int, role: str, session: str, path: str = "") -> Json:
    role_id = "AROA" + _token(role, 17)
    return {
        "type": "AssumedRole",
        "principalId": f"{role_id}:{session}",
        "arn": f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{role}/{session}",
        "accountId": ACCOUNT_ID,
        "accessKeyId": access_key(principal),
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": role_id,
                "arn": f"arn:aws:iam::{ACCOUNT_ID}:role/{path}{role}",
                "accountId": ACCOUNT_ID,
                "userName": role,
            },
            "webIdFederationData": {},
            "attributes": _attributes(at_ms),
        },
    }


def _sso(principal: Principal, at_ms: int) -> Json:
    permission_set = principal.details["set"]
    role = f"AWSReservedSSO_{permission_set}_{sha256(permission_set.encode()).hexdigest()[:16]}"
    return _assumed_role(principal, at_ms, role, principal.label, "aws-reserved/sso.amazonaws.com/eu-west-1/")


def _role(principal: Principal, at_ms: int) -> Json:
    role = principal.details["role"]
    path = "aws-service-role/athena.amazonaws.com/" if role.startswith("AWSServiceRoleFor") else ""
    identity = _assumed_role(principal, at_ms, role, session_name(principal, at_ms), path)
    if "source_identity" in principal.details:
        identity["sessionContext"]["sourceIdentity"] = principal.details["source_identity"]
    if "user_id" in principal.details:
        identity["onBehalfOf"] = {"userId": principal.details["user_id"], "identityStoreArn": _STORE}
    if principal.clients[0] in {"quicksight", "lakeformation.amazonaws.com"}:
        identity["invokedBy"] = f"{principal.clients[0].removesuffix('.amazonaws.com')}.amazonaws.com"
    return identity


def _iam(principal: Principal, _: int) -> Json:
    return {
        "type": "IAMUser",
        "principalId": "AIDA" + _token(principal.label, 17),
        "arn": f"arn:aws:iam::{ACCOUNT_ID}:user/{principal.label}",
        "accountId": ACCOUNT_ID,
        "accessKeyId": access_key(principal),
        "userName": principal.label,
    }


def _federated(principal: Principal, at_ms: int) -> Json:
    issuer = principal.details["issuer"]
    return {
        "type": "FederatedUser",
        "principalId": f"{ACCOUNT_ID}:{principal.label}",
        "arn": f"arn:aws:sts::{ACCOUNT_ID}:federated-user/{principal.label}",
        "accountId": ACCOUNT_ID,
        "accessKeyId": access_key(principal),
        "sessionContext": {
            "sessionIssuer": {
                "type": "IAMUser",
                "principalId": "AIDA" + _token(issuer, 17),
                "arn": f"arn:aws:iam::{ACCOUNT_ID}:user/{issuer}",
                "accountId": ACCOUNT_ID,
                "userName": issuer,
            },
            "attributes": _attributes(at_ms),
        },
    }


def _identity_center(principal: Principal, _: int) -> Json:
    return {
        "type": "IdentityCenterUser",
        "accountId": ACCOUNT_ID,
        "onBehalfOf": {"userId": principal.details["user_id"], "identityStoreArn": _STORE},
        "credentialId": sha256(principal.label.encode()).hexdigest(),
    }


def _provider(kind: str) -> Callable[[Principal, int], Json]:
    def build(principal: Principal, _: int) -> Json:
        provider, user = principal.details["provider"], principal.details["user"]
        return {
            "type": kind,
            "principalId": f"{provider}:{_token(user, 12)}:{user}",
            "userName": user,
            "identityProvider": provider,
        }

    return build


def _service(principal: Principal, _: int) -> Json:
    return {"type": "AWSService", "invokedBy": principal.label}


def _account(principal: Principal, _: int) -> Json:
    account = principal.details["account"]
    return {"type": "AWSAccount", "principalId": "AROA" + _token(account, 17) + ":remote", "accountId": account}


def _root(principal: Principal, _: int) -> Json:
    return {
        "type": "Root",
        "principalId": ACCOUNT_ID,
        "arn": f"arn:aws:iam::{ACCOUNT_ID}:root",
        "accountId": ACCOUNT_ID,
        "accessKeyId": access_key(principal),
        "userName": "harbour-data",  # AWS puts the account's alias here, which is nobody's name
    }


def _unknown(_: Principal, __: int) -> Json:
    return {"type": "Unknown"}


_SHAPES: Mapping[str, Callable[[Principal, int], Json]] = {
    "sso": _sso,
    "iam": _iam,
    "federated": _federated,
    "identity_center": _identity_center,
    "role": _role,
    "saml": _provider("SAMLUser"),
    "web_identity": _provider("WebIdentityUser"),
    "service": _service,
    "account": _account,
    "root": _root,
    "unknown": _unknown,
}
