"""Who started a query: CloudTrail's `userIdentity`, in all its kinds, becomes one `Identity`.

Stage: sources/lookup.py -> **identity** -> records. The rules are the table at the end, tried from the top; every
field AWS may leave out is optional, and nothing an outsider can put into a name leaves unchecked.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

from athena_exporter.records import OTHER, PENDING, UNATTRIBUTED, UNKNOWN, Identity, Kind
from athena_exporter.sources.clients import detect_client
from athena_exporter.sources.text import LONGEST_NAME, clean

DEFAULT_PERSON_ROLES = (r"^alpha_user_(.+)$",)
"""Roles that belong to one person each; group 1 is the person."""
ROOT = "root"
"""The label of an account's root user, whose name says no person."""
_ACCOUNT = "account:"
_RESERVED = frozenset({OTHER, PENDING, UNATTRIBUTED, UNKNOWN})
_SSO_ROLE = re.compile(r"^AWSReservedSSO_(.+)_[0-9a-f]{16}$")
_SERVICE_ROLE = re.compile(r"^(AWSServiceRoleFor|aws-quicksight-(s3-)?service-role)")
_ASSUMED_ROLE_ARN = re.compile(r":assumed-role/(?:[^:]*/)?([^/:]+)/([^/]+)$")
_FEDERATED_ARN = re.compile(r":federated-user/(.+)$")
_MACHINE_SESSION = re.compile(
    r"""
      ^ \d+ $                                                     # a bare number
    | ^ i-[0-9a-f]{8,17} $                                        # an EC2 instance
    | ^ AWSLF-                                                    # Lake Formation, on a query's behalf
    | ^ GlueJobRunnerSession $
    | ^ ( botocore | boto3 | pyathena | awswrangler ) -session \b
    | session [-_.]? \d+ $                                        # ...Session-1700000000
    | [-_.] \d{8,} $                                              # a date or an epoch at the end
    | \d{10,}                                                     # an epoch anywhere
    | \d{4}-?\d{2}-?\d{2} [T_ -] \d{2}                            # a date with a time
    | [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}
    | (?: ^ | [-_.] ) (?= [a-f]* \d ) [0-9a-f]{12,} (?: $ | [-_.] )  # a task's, a commit's or a container's id
    """,
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRules:
    """What a configuration may add to the rules: regular expressions of roles that are one person each."""

    person_roles: tuple[re.Pattern[str], ...]

    @classmethod
    def of(cls, person_roles: Iterable[str] = DEFAULT_PERSON_ROLES) -> Self:
        """Compile the expressions; raises `re.error` for one that is none."""
        return cls(person_roles=tuple(re.compile(pattern) for pattern in person_roles))

    def person(self, role: str) -> str | None:
        """The person a role belongs to: group 1 of the first expression that matches, else its whole match."""
        for pattern in self.person_roles:
            if found := pattern.search(role):
                return clean(found.group(1) if pattern.groups else found.group(0))
        return None


def identify(record: Mapping[str, Any], rules: IdentityRules) -> Identity:
    """Who a CloudTrail record speaks of. Never raises, whatever the record holds.

    Args:
        record: one CloudTrail record, as parsed JSON.
        rules: the configured roles of persons.

    Returns:
        The user (the label), the role it acted in, the kind, and the tool it used.
    """
    facts = _Facts.of(record)
    subject = next((found for rule in _RULES if (found := rule(facts, rules)) is not None), _NOBODY)
    return Identity(
        user=_unreserved(subject.user, subject.kind),
        role=_role_label(facts.role),
        kind=subject.kind,
        client=detect_client(record, session=facts.session, role=facts.role),
    )


def is_account(user: str) -> bool:
    """Whether the label stands for a whole account."""
    return user.startswith(_ACCOUNT) and user.removeprefix(_ACCOUNT).isdigit()


def session_of(record: Mapping[str, Any]) -> str | None:
    """The name of the role session that a CloudTrail record speaks of, if it is one. Never raises."""
    return _Facts.of(record).session


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the rules read, already clean."""

    type: str | None
    user_name: str | None
    arn: str | None
    account_id: str | None
    invoked_by: str | None
    provider: str | None
    source_identity: str | None
    on_behalf_of: str | None
    role: str | None
    session: str | None

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        who = _mapping(record.get("userIdentity"))
        context = _mapping(who.get("sessionContext"))
        kind = clean(who.get("type"))
        role, session = _role_and_session(who, context) if kind == "AssumedRole" else (None, None)
        return cls(
            type=kind,
            user_name=clean(who.get("userName")),
            arn=_arn(who),
            account_id=clean(who.get("accountId")),
            invoked_by=clean(who.get("invokedBy")),
            provider=clean(who.get("identityProvider")),
            source_identity=clean(context.get("sourceIdentity")),
            on_behalf_of=clean(_mapping(who.get("onBehalfOf")).get("userId")),
            role=role,
            session=session,
        )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _arn(who: Mapping[str, Any]) -> str | None:
    # An ARN may be longer than a name: up to 2048 characters.
    arn = who.get("arn")
    return arn[:2048] if isinstance(arn, str) else None


def _role_and_session(who: Mapping[str, Any], context: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The ARN says both; the issuer and the principal id each say one, should the ARN be missing."""
    found = _ASSUMED_ROLE_ARN.search(_arn(who) or "")
    issuer = _mapping(context.get("sessionIssuer"))
    principal = who.get("principalId")
    role = clean(issuer.get("userName")) or (clean(found.group(1)) if found else None) or _arn_tail(_arn(issuer))
    session = clean(found.group(2)) if found else None
    if session is None and isinstance(principal, str):
        session = clean(principal.partition(":")[2])
    return role, session


def _arn_tail(arn: str | None) -> str | None:
    return clean(re.split(r"[/:]", arn)[-1]) if arn else None


def _role_label(role: str | None) -> str | None:
    found = _SSO_ROLE.match(role) if role else None
    return f"sso:{found.group(1)}" if found else role


def _unreserved(user: str, kind: Kind) -> str:
    # A person who is called `other` must not land in the bucket of that name.
    named = kind is not Kind.UNKNOWN or user != UNKNOWN
    return f"user:{user}" if named and user in _RESERVED else user


@dataclass(frozen=True, slots=True)
class _Subject:
    user: str
    kind: Kind


_NOBODY = _Subject(UNKNOWN, Kind.UNKNOWN)
_Rule: TypeAlias = Callable[[_Facts, IdentityRules], _Subject | None]


def _as(kind: Kind, user: str | None) -> _Subject | None:
    return _Subject(user, kind) if user else None


def _of_type(kind_of_identity: str, rule: _Rule) -> _Rule:
    return lambda facts, rules: rule(facts, rules) if facts.type == kind_of_identity else None


def _sso(facts: _Facts, _: IdentityRules) -> _Subject | None:
    if not facts.role or not _SSO_ROLE.match(facts.role):
        return None
    return _as(Kind.PERSON, facts.session) or _as(Kind.ROLE, _role_label(facts.role))


def _person_role(facts: _Facts, rules: IdentityRules) -> _Subject | None:
    return _as(Kind.PERSON, rules.person(facts.role)) if facts.role else None


def _mail_session(facts: _Facts, _: IdentityRules) -> _Subject | None:
    return _as(Kind.PERSON, facts.session) if facts.session and "@" in facts.session else None


def _machine(facts: _Facts, _: IdentityRules) -> _Subject | None:
    """A session nobody chose to be known by: its names are without number, so the role stands for all of them."""
    service_role = facts.role is not None and _SERVICE_ROLE.match(facts.role)
    if not service_role and not (facts.session and _MACHINE_SESSION.search(facts.session)):
        return None
    return _as(Kind.SERVICE, facts.role) or _named(facts) or _NOBODY


def _other_session(facts: _Facts, _: IdentityRules) -> _Subject | None:
    parts = [part for part in (facts.role, facts.session) if part]
    return _as(Kind.ROLE, "/".join(parts)[:LONGEST_NAME]) or _named(facts)


def _federated(facts: _Facts, _: IdentityRules) -> _Subject | None:
    found = _FEDERATED_ARN.search(facts.arn or "")
    return _as(Kind.PERSON, clean(found.group(1)) if found else facts.user_name)


def _by_provider(facts: _Facts, _: IdentityRules) -> _Subject | None:
    # A SAML provider is an ARN, and an ARN is never shown.
    provider = _arn_tail(facts.provider) if (facts.provider or "").startswith("arn:") else facts.provider
    parts = [part for part in (provider, facts.user_name) if part]
    return _as(Kind.PERSON, ":".join(parts)[:LONGEST_NAME])


def _account(facts: _Facts, _: IdentityRules) -> _Subject | None:
    return _as(Kind.UNKNOWN, f"{_ACCOUNT}{facts.account_id}" if facts.account_id else None)


def _named(facts: _Facts) -> _Subject | None:
    """A kind without a rule keeps the name it brings; an ARN is never shown, only its last part."""
    return _as(Kind.UNKNOWN, facts.user_name or _arn_tail(facts.arn))


def _root(_facts: _Facts, _rules: IdentityRules) -> _Subject:
    # Its userName, where there is one, is the account's alias and not a person.
    return _Subject(ROOT, Kind.UNKNOWN)


_RULES: tuple[_Rule, ...] = (
    lambda facts, _: _as(Kind.PERSON, facts.source_identity),
    lambda facts, _: _as(Kind.PERSON, f"idc:{facts.on_behalf_of}" if facts.on_behalf_of else None),
    _of_type("IAMUser", lambda facts, _: _as(Kind.PERSON, facts.user_name or _arn_tail(facts.arn))),
    _of_type("AssumedRole", _sso),
    _of_type("AssumedRole", _person_role),
    _of_type("AssumedRole", _mail_session),
    _of_type("AssumedRole", _machine),
    _of_type("AssumedRole", _other_session),
    _of_type("FederatedUser", _federated),
    _of_type("SAMLUser", _by_provider),
    _of_type("WebIdentityUser", _by_provider),
    _of_type("AWSService", lambda facts, _: _as(Kind.SERVICE, facts.invoked_by)),
    _of_type("AWSAccount", _account),
    _of_type("Root", _root),
    lambda facts, _: _named(facts),
)
