"""Why these tests exist: a recording is given to strangers, so whatever could name somebody must be gone from it."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_exporter.sources.disguise import Disguise

KEY = b"of this test only"
SQL = "SELECT secret_column FROM payroll.salaries WHERE name = 'Jane Doe'"


def disguised(value: object, key: str = "") -> object:
    return Disguise(KEY).json(value, key)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("123456789012", r"\d{12}"),
        ("0a1b2c3d-1111-2222-3333-444455556666", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
        ("ASIAIOSFODNN7EXAMPLE", r"ASIA[0-9A-F]{16}"),
        ("jane.doe@ministry.example", r"user-[0-9a-f]{8}@example\.com"),
        ("198.51.100.7", r"203\.0\.113\.\d+"),
        ("2001:db8:85a3::8a2e:370:7334", r"2001:db8::[0-9a-f]{4}"),
        ("AWSReservedSSO_data-admins_0123456789abcdef", r"AWSReservedSSO_name-[0-9a-f]{8}_[0-9a-f]{16}"),
        ("s3://results-of-jane/a/b.csv", r"s3://name-[0-9a-f]{8}/name-[0-9a-f]{8}/name-[0-9a-f]{8}"),
        ("payroll", r"name-[0-9a-f]{8}"),
        (
            "arn:aws:sts::123456789012:assumed-role/alpha_user_jane/jane@ministry.example",
            r"arn:aws:sts::\d{12}:assumed-role/name-[0-9a-f]{8}/user-[0-9a-f]{8}@example\.com",
        ),
        ("AROAIOSFODNN7EXAMPLE:jane", r"AROA[0-9A-F]{16}:name-[0-9a-f]{8}"),
    ],
)
def test_a_text_becomes_another_one_of_its_kind(text: str, form: str) -> None:
    found = str(disguised(text))
    assert found != text
    assert re.fullmatch(form, found)


def test_equal_texts_stay_equal_and_another_key_gives_others() -> None:
    first, again = Disguise(KEY).text("payroll"), Disguise(KEY).text("payroll")
    assert first == again
    assert Disguise(b"another").text("payroll") != first


def test_the_account_in_an_arn_is_the_account_beside_it() -> None:
    found = disguised({"accountId": "123456789012", "arn": "arn:aws:iam::123456789012:role/x"})
    assert isinstance(found, dict)
    assert found["accountId"] in found["arn"]


def test_aws_own_words_and_numbers_stay() -> None:
    status = {"State": "FAILED", "AthenaError": {"ErrorType": 1306, "Retryable": False}, "at": 1795378772.837}
    assert disguised(status) == status


def test_a_name_under_a_kept_key_is_replaced_if_it_looks_like_somebody() -> None:
    found = disguised({"State": "jane@ministry.example", "Id": "x123456789012"})
    assert "jane" not in str(found)
    assert "123456789012" not in str(found)


def test_the_sql_is_gone_and_its_being_explain_analyze_is_not() -> None:
    assert re.fullmatch(r"SELECT 'name-[0-9a-f]{8}'", str(disguised(SQL, "Query")))
    assert str(disguised(" explain  analyze " + SQL, "Query")).startswith("EXPLAIN ANALYZE SELECT 'name-")


def test_the_reason_of_a_cutoff_stays_and_any_other_reason_goes() -> None:
    assert disguised("Bytes scanned limit was exceeded", "StateChangeReason") == "Bytes scanned limit was exceeded"
    assert "payroll" not in str(disguised("TABLE_NOT_FOUND: payroll.salaries", "StateChangeReason"))


def test_dimensions_keep_states_and_types_and_lose_workgroups() -> None:
    found = disguised([{"Name": "QueryState", "Value": "FAILED"}, {"Name": "WorkGroup", "Value": "payroll"}])
    assert isinstance(found, list)
    assert found[0] == {"Name": "QueryState", "Value": "FAILED"}
    assert found[1]["Name"] == "WorkGroup"
    assert found[1]["Value"] != "payroll"


def test_the_record_inside_a_cloudtrail_event_is_disguised_too() -> None:
    record = {
        "eventName": "StartQueryExecution",
        "sourceIPAddress": "198.51.100.7",
        "userIdentity": {"userName": "jane"},
    }
    found = json.loads(str(disguised(json.dumps(record), "CloudTrailEvent")))
    assert found["eventName"] == "StartQueryExecution"
    assert found["sourceIPAddress"].startswith("203.0.113.")
    assert found["userIdentity"]["userName"] == Disguise(KEY).text("jane")


def test_a_record_that_is_no_json_leaves_nothing_behind() -> None:
    assert "jane" not in str(disguised("{ jane", "CloudTrailEvent"))


def test_of_a_user_agent_the_known_products_stay() -> None:
    agent = "Boto3/1.40.61 md/Botocore#1.40 Airflow/2.10.5 Caller/payroll_dag DagRunKey/0a1b jane/1.0"
    assert disguised(agent, "userAgent") == "Boto3/1.40.61 Airflow/2.10.5"
    assert disguised("athena.amazonaws.com", "userAgent") == "athena.amazonaws.com"
    assert "jane" not in str(disguised("jane", "userAgent"))


def test_even_the_names_of_a_tables_parameters_are_replaced() -> None:
    found = disguised({"Parameters": {"presto_view": "true", "owner-jane": "jane"}})
    assert isinstance(found, dict)
    assert "jane" not in str(found)
    assert found["Parameters"]["presto_view"] == "true"


_SECRETS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=6, max_size=20).map(lambda word: f"zq{word}qz")
_KEYS = st.sampled_from(["Name", "WorkGroup", "Query", "CloudTrailEvent", "userAgent", "Value", "Description", "x"])
_VALUES = st.recursive(
    _SECRETS | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES)
def test_no_text_of_anybodys_making_is_left_and_the_shape_is(value: object) -> None:
    found = disguised(value)
    assert not re.search("zq[a-z]+qz", json.dumps(found))
    assert _shape(found) == _shape(value)


def _shape(value: object) -> object:
    if isinstance(value, dict):
        return {name: _shape(each) for name, each in value.items()}
    return [_shape(each) for each in value] if isinstance(value, list) else type(value)
