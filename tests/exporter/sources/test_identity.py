"""Who a CloudTrail record speaks of: one case for each row of the table, and then everything that can go wrong."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_exporter.records import Identity, Kind
from athena_exporter.sources.identity import IdentityRules, identify

RULES = IdentityRules.of()
ACCOUNT = "111122223333"


def record(who: Mapping[str, Any] | None, **fields: Any) -> dict[str, Any]:
    return {"eventName": "StartQueryExecution", "userIdentity": who, **fields}


def assumed(role: str, session: str, **fields: Any) -> dict[str, Any]:
    issuer = {"type": "Role", "arn": f"arn:aws:iam::{ACCOUNT}:role/{role}", "userName": role}
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLEEXAMPLE00:{session}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}",
        "accountId": ACCOUNT,
        "sessionContext": {"sessionIssuer": issuer, **fields.pop("context", {})},
        **fields,
    }


def who(identity: Mapping[str, Any] | None, rules: IdentityRules = RULES) -> tuple[str, str | None, Kind]:
    found = identify(record(identity), rules)
    return found.user, found.role, found.kind


SSO = "AWSReservedSSO_DataAnalyst_0123456789abcdef"


@pytest.mark.parametrize(
    ("identity", "user", "role", "kind"),
    [
        ({"type": "IAMUser", "userName": "Alice"}, "Alice", None, Kind.PERSON),
        ({"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/team/bob"}, "bob", None, Kind.PERSON),
        (assumed(SSO, "jane@example.org"), "jane@example.org", "sso:DataAnalyst", Kind.PERSON),
        (assumed(SSO, "jdoe"), "jdoe", "sso:DataAnalyst", Kind.PERSON),
        (assumed("alpha_user_jdoe", "botocore-session-1"), "jdoe", "alpha_user_jdoe", Kind.PERSON),
        (assumed("redash", "kim@example.org"), "kim@example.org", "redash", Kind.PERSON),
        (assumed("etl", "botocore-session-1700000000"), "etl", "etl", Kind.SERVICE),
        (assumed("AWSServiceRoleForX", "work"), "AWSServiceRoleForX", "AWSServiceRoleForX", Kind.SERVICE),
        (assumed("Admin", "admin-session"), "Admin/admin-session", "Admin", Kind.ROLE),
        ({"type": "FederatedUser", "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/bob"}, "bob", None, Kind.PERSON),
        (
            {"type": "SAMLUser", "identityProvider": "idp", "userName": "irma"}, "idp:irma", None, Kind.PERSON,
        ),
        (
            {"type": "WebIdentityUser", "identityProvider": "accounts.google.com", "userName": "olaf"},
            "accounts.google.com:olaf", None, Kind.PERSON,
        ),
        ({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "72f5"}}, "idc:72f5", None, Kind.PERSON),
        ({"type": "AWSService", "invokedBy": "emr.amazonaws.com"}, "emr.amazonaws.com", None, Kind.SERVICE),
        ({"type": "AWSAccount", "accountId": "999988887777"}, "account:999988887777", None, Kind.UNKNOWN),
        ({"type": "Root", "userName": "our-alias"}, "root", None, Kind.UNKNOWN),
        ({"type": "Role", "arn": f"arn:aws:iam::{ACCOUNT}:role/path/reader"}, "reader", None, Kind.UNKNOWN),
        ({"type": "Directory", "userName": "corp"}, "corp", None, Kind.UNKNOWN),
        ({"type": "Unknown"}, "unknown", None, Kind.UNKNOWN),
        ({"type": "SomethingOfNextYear", "userName": "eve"}, "eve", None, Kind.UNKNOWN),
        ({}, "unknown", None, Kind.UNKNOWN),
        (None, "unknown", None, Kind.UNKNOWN),
    ],
)  # fmt: skip  # a table: a row a rule
def test_every_kind_of_identity_has_its_name(
    identity: Mapping[str, Any] | None, user: str, role: str | None, kind: Kind
) -> None:
    assert who(identity) == (user, role, kind)


def test_the_source_identity_goes_before_all_and_the_role_stays() -> None:
    identity = assumed(SSO, "shared", context={"sourceIdentity": "zoe"}, onBehalfOf={"userId": "1"})
    assert who(identity) == ("zoe", "sso:DataAnalyst", Kind.PERSON)


def test_the_person_on_whose_behalf_it_was_goes_before_the_role() -> None:
    assert who(assumed("EMRStudio", "s", onBehalfOf={"userId": "a2e5"})) == ("idc:a2e5", "EMRStudio", Kind.PERSON)


def test_a_service_that_acts_for_a_user_leaves_the_user_in_place() -> None:
    identity = assumed("Admin", "kim@example.org", invokedBy="athena.amazonaws.com")
    assert who(identity)[0] == "kim@example.org"


@pytest.mark.parametrize(
    "session",
    [
        "botocore-session-1700000000", "boto3-session-17", "PyAthena-session-1763830000", "awswrangler-session-9",
        "QuickSight-RoleSession-1699999999999", "AWSLF-00-AT-111122223333-EXAMPLE04", "i-0abc1234def567890",
        "GlueJobRunnerSession", "0123456789", "42", "aws-sdk-js-1763830000000", "aws-go-sdk-1763830000000000000",
        "AWSCodeBuild-7f9c24e5-2f0f-4a1b-9d3a-0123456789ab", "7f9c24e5-2f0f-4a1b-9d3a-0123456789ab",
        "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "run-2026-11-22T10:00:00", "job_20261122T100000", "export-20261122",
        "eks-prod-etl-5f7c9d8b6a4e",
    ],
)  # fmt: skip  # a list of names
def test_machine_made_sessions_collapse_into_their_role(session: str) -> None:
    assert who(assumed("etl", session)) == ("etl", "etl", Kind.SERVICE)


@pytest.mark.parametrize(
    "session",
    ["admin-session", "yearly-review-2026", "i-am-bob", "GitHubActions", "dbt-athena", "decade", "facade-deface", "v2"],
)
def test_sessions_with_a_name_of_their_own_are_kept(session: str) -> None:
    assert who(assumed("reader", session)) == (f"reader/{session}", "reader", Kind.ROLE)


def test_a_role_session_needs_neither_arn_nor_issuer() -> None:
    assert who({"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s"}) == ("r/s", "r", Kind.ROLE)
    bare = {"type": "AssumedRole", "principalId": "AROA:s", "sessionContext": {"sessionIssuer": {"userName": "r"}}}
    assert who(bare) == ("r/s", "r", Kind.ROLE)
    assert who({"type": "AssumedRole", "principalId": "AROA:kim@x.org"}) == ("kim@x.org", None, Kind.PERSON)
    assert who({"type": "AssumedRole", "userName": "cloud"}) == ("cloud", None, Kind.UNKNOWN)
    assert who({"type": "AssumedRole"}) == ("unknown", None, Kind.UNKNOWN)
    assert who({"type": "AssumedRole", "principalId": "AROA:botocore-session-1"}) == ("unknown", None, Kind.UNKNOWN)
    issued = {"sessionIssuer": {"arn": f"arn:aws:iam::{ACCOUNT}:role/path/{SSO}"}}
    assert who({"type": "AssumedRole", "sessionContext": issued}) == ("sso:DataAnalyst", "sso:DataAnalyst", Kind.ROLE)


@pytest.mark.parametrize("name", ["other", "pending", "unattributed", "unknown"])
def test_a_person_called_like_a_bucket_does_not_land_in_it(name: str) -> None:
    assert who({"type": "IAMUser", "userName": name})[0] == f"user:{name}"


def test_configured_roles_name_their_person_by_group_or_whole() -> None:
    rules = IdentityRules.of(["^team-([a-z]+)-dev$", "^solo$"])
    assert who(assumed("team-kim-dev", "x"), rules)[0] == "kim"
    assert who(assumed("solo", "x"), rules)[0] == "solo"
    assert who(assumed("alpha_user_jdoe", "x"), rules)[0] == "alpha_user_jdoe/x"


def test_an_optional_group_that_did_not_match_falls_to_the_next_rule() -> None:
    assert who(assumed("role", "x"), IdentityRules.of(["^role(-.+)?$"]))[0] == "role/x"


def test_a_broken_expression_is_refused() -> None:
    with pytest.raises(re.error):
        IdentityRules.of(["("])


@pytest.mark.parametrize("sign", ["\n", "\x00", "\u202e", "\ud800", "\u200b", "\u2028"])
def test_unprintable_signs_are_replaced_and_the_name_stays_storable(sign: str) -> None:
    user = who({"type": "IAMUser", "userName": f"a{sign}b"})[0]
    assert user == "a\ufffdb"
    assert user.encode()


def test_names_are_bounded() -> None:
    assert len(who({"type": "IAMUser", "userName": "x" * 10_000})[0]) == 256
    assert len(who(assumed("r" * 300, "s" * 300))[0]) == 256


def test_letters_of_all_alphabets_are_kept() -> None:
    assert who({"type": "IAMUser", "userName": "Žofie-李"})[0] == "Žofie-李"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["type", "userName", "arn", "accountId", "invokedBy", "identityProvider", "principalId"]
TYPES = [
    "AssumedRole",
    "IAMUser",
    "FederatedUser",
    "SAMLUser",
    "AWSService",
    "AWSAccount",
    "Root",
    "IdentityCenterUser",
]


@given(
    identity=st.dictionaries(st.sampled_from(FIELDS), JSON)
    | st.fixed_dictionaries(
        {"type": st.sampled_from(TYPES)},
        optional=dict.fromkeys(FIELDS[1:], JSON) | {"sessionContext": JSON, "onBehalfOf": JSON},
    )
    | JSON,
    agent=JSON,
)
def test_nothing_in_a_record_makes_it_raise_or_name_nobody(identity: Any, agent: Any) -> None:
    found = identify({"userIdentity": identity, "userAgent": agent, "sourceIPAddress": agent}, RULES)
    assert isinstance(found, Identity)
    assert 0 < len(found.user) <= 300
    assert json.dumps([found.user, found.role, found.client], ensure_ascii=False).encode()


@given(session=st.text(alphabet="0123456789abcdef-_.", max_size=256))
def test_long_hostile_sessions_are_judged_at_once(session: str) -> None:
    assert who(assumed("r", session))[1] == "r"
