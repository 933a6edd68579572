"""AWS's and botocore's errors in a few words, as real clients raise them."""

from collections import Counter

import pytest
from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError
from odd_server import answering
from source_world import World, session_with

from athena_exporter.sources.answers import ask
from athena_exporter.sources.errors import REASONS, AwsError, GarbledAnswerError, explain, is_denied, reason
from athena_exporter.sources.refusals import AskingError, Refusal
from athena_exporter.sources.system_table.capability import SystemTableError
from athena_exporter.sources.system_table.spending import SpentError


def error(code: str, message: str = "words", *, status: int = 400, operation: str = "ListWorkGroups") -> ClientError:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)  # type: ignore[arg-type]  # botocore itself gives less than its stubs ask


def caught(world: World, kind: str, **rule: object) -> AwsError:
    world.running.testbed.plan_faults([{"kind": kind, **rule}])
    with pytest.raises((ClientError, BotoCoreError)) as raised:
        ask(world.session.athena().list_work_groups)
    assert isinstance(raised.value, ClientError | BotoCoreError)
    return raised.value


@pytest.mark.parametrize(
    ("kind", "why", "words"),
    [
        ("throttle", "throttled", "AWS throttled ListWorkGroups (ThrottlingException)"),
        ("too_many_requests", "throttled", "TooManyRequestsException"),
        ("internal", "server", "AWS failed at ListWorkGroups (InternalServerException)"),
        ("unavailable", "server", "ServiceUnavailableException"),
        ("denied", "denied", "needs athena:ListWorkGroups on arn:aws:athena:eu-west-1:123456789012:*"),
        ("expired", "credentials", "they have expired"),
        ("unrecognized", "credentials", "check the access key"),
        ("drop_before", "network", "AWS could not be reached"),
        ("garbage", "answer", "the answer to ListWorkGroups cannot be read"),
        ("html", "answer", "cannot be read"),
        ("truncated", "answer", "cannot be read"),
    ],
)
def test_every_failure_of_the_wire_has_its_reason_and_its_line(world: World, kind: str, why: str, words: str) -> None:
    found = caught(world, kind)
    assert reason(found) == why
    assert words in explain(found)
    assert "\n" not in explain(found)


def test_a_page_of_html_behind_a_bad_status_is_the_servers_failure(world: World) -> None:
    assert reason(caught(world, "html", status=503)) == "server"


def test_an_address_where_nobody_listens_is_a_failure_of_the_network() -> None:
    with answering(b"{}") as url:
        pass
    session = session_with(url, Counter())
    with pytest.raises(BotoCoreError) as raised:
        ask(session.athena().list_work_groups)
    session.close()
    assert reason(raised.value) == "network"
    assert "could not be reached" in explain(raised.value)


def test_missing_credentials_are_named_as_such(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    session = session_with(world.running.url, Counter())
    with pytest.raises(BotoCoreError) as raised:
        ask(session.athena().list_work_groups)
    session.close()
    assert reason(raised.value) == "credentials"
    assert explain(raised.value).startswith("no AWS credentials were found: set a profile")


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (error("AccessDenied"), "denied"),
        (error("UnauthorizedOperation"), "denied"),
        (error("403", status=403), "denied"),
        (error("InvalidClientTokenId"), "credentials"),
        (error("SignatureDoesNotMatch"), "credentials"),
        (error("429", status=429), "throttled"),
        (error("WhateverComesNext", status=502), "server"),
        (error("InvalidRequestException"), "answer"),
        (error(""), "answer"),
        (ClientError({}, "X"), "answer"),
        (boto.CredentialRetrievalError(provider="p", error_msg="m"), "credentials"),
        (boto.PartialCredentialsError(provider="p", cred_var="v"), "credentials"),
        (boto.ProfileNotFound(profile="p"), "credentials"),
        (boto.UnauthorizedSSOTokenError(), "credentials"),
        (boto.ReadTimeoutError(endpoint_url="u"), "network"),
        (boto.ConnectTimeoutError(endpoint_url="u"), "network"),
        (boto.EndpointConnectionError(endpoint_url="u", error="e"), "network"),
        (boto.ConnectionClosedError(endpoint_url="u"), "network"),
        (boto.ParamValidationError(report="r"), "answer"),
        (GarbledAnswerError(operation="o", why="w"), "answer"),
        (AskingError(refusal=Refusal.DENIED, words="w"), "denied"),
        (AskingError(refusal=Refusal.TOO_MUCH, words="w"), "limit"),
        (AskingError(refusal=Refusal.CUTOFF, words="the workgroup's"), "answer"),
        (AskingError(refusal=Refusal.NO_TABLE, words="w"), "answer"),
        (SystemTableError("w"), "answer"),
        (SpentError("w"), "limit"),
    ],
    ids=str,
)
def test_every_error_has_one_of_the_bounded_reasons(found: AwsError, why: str) -> None:
    assert why in REASONS
    assert reason(found) == why
    assert 0 < len(explain(found)) <= 300


def test_the_permission_is_named_even_if_aws_does_not_name_it() -> None:
    assert "needs athena:BatchGetQueryExecution" in explain(error("AccessDenied", operation="BatchGetQueryExecution"))
    assert "needs cloudtrail:LookupEvents" in explain(error("AccessDenied", operation="LookupEvents"))
    assert "needs sts:AssumeRole" in explain(error("AccessDenied", operation="AssumeRole"))


def test_only_a_missing_permission_is_denied() -> None:
    assert is_denied(error("AccessDeniedException"))
    assert not is_denied(error("ThrottlingException"))


def test_long_and_many_lined_words_become_one_bounded_line() -> None:
    line = explain(error("InvalidRequestException", "a\n b\t" * 1000))
    assert len(line) == 300
    assert line.endswith("…")
    assert "\n" not in line
