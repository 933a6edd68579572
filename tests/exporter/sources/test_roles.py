"""Roles of other accounts: assumed under the exporter's name, renewed before they end, and checked against STS."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.loaders import JSONFileLoader
from odd_server import answering
from processes import until
from source_world import QUIET, REGION, local_time, session_with

from athena_exporter.records import Target
from athena_exporter.sources.answers import ask
from athena_exporter.sources.errors import GarbledAnswerError, explain
from athena_exporter.sources.models import shared_models
from athena_exporter.sources.session import Session, resolve
from athena_testbed.organisation import Organisation, Role, organised

DATA = "111122223333"
ROLE = f"arn:aws:iam::{DATA}:role/athena-reader"
_MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEEXAMPLE00")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")


@pytest.fixture
def world() -> Iterator[Organisation]:
    with organised(Organisation({DATA: [REGION]}, QUIET)) as organisation:
        yield organisation


@pytest.fixture
def session(world: Organisation) -> Iterator[Session]:
    made = session_with(world.url, Counter(), role_arn=ROLE)
    yield made
    made.close()


def workgroups(session: Session) -> int:
    return len(ask(session.athena().list_work_groups)["WorkGroups"])


def test_a_roles_account_is_what_is_read_and_the_session_tells_who_reads(world: Organisation, session: Session) -> None:
    world.trust(Role(arn=ROLE))
    target, _ = resolve(session, local_time)
    assert target == Target(account_id=DATA, region=REGION)
    assert world.sts.sessions == [(ROLE, "athena-exporter")]


def test_credentials_are_renewed_before_they_end_and_no_call_fails(world: Organisation, session: Session) -> None:
    world.trust(Role(arn=ROLE, lasts=15 * _MINUTE + timedelta(seconds=3)))
    client = session.athena()

    def is_renewed() -> bool:
        ask(client.list_work_groups)
        return len(world.sts.sessions) > 1

    assert not is_renewed()
    until(is_renewed, what="15 minutes before their end they are renewed")


def test_credentials_that_end_at_once_are_renewed_for_every_call(world: Organisation, session: Session) -> None:
    world.trust(Role(arn=ROLE, lasts=timedelta(seconds=30)))
    for number in (1, 2, 3):
        assert workgroups(session)
        assert len(world.sts.sessions) == number


def test_credentials_that_are_still_good_serve_while_the_role_cannot_be_assumed(
    world: Organisation, session: Session
) -> None:
    world.trust(Role(arn=ROLE, lasts=14 * _MINUTE))
    assert workgroups(session)
    world.revoke(ROLE)
    assert workgroups(session)


def test_a_role_that_was_taken_away_is_an_error_of_its_own_calls_and_comes_back(
    world: Organisation, session: Session
) -> None:
    world.trust(Role(arn=ROLE, lasts=timedelta(seconds=30)))
    assert workgroups(session)
    world.revoke(ROLE)
    with pytest.raises(ClientError) as raised:
        workgroups(session)
    assert "needs sts:AssumeRole" in explain(raised.value)
    world.trust(Role(arn=ROLE))
    assert workgroups(session)


def test_another_account_than_the_roles_is_refused() -> None:
    keys = "<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
    ends = "<Expiration>2999-01-01T00:00:00Z</Expiration>"
    body = (
        f"<Answer><AssumeRoleResult><Credentials>{keys}{ends}</Credentials></AssumeRoleResult>"
        "<GetCallerIdentityResult><Account>999988887777</Account></GetCallerIdentityResult></Answer>"
    )
    with answering(body.encode()) as url:
        session = session_with(url, Counter(), role_arn=ROLE)
        with pytest.raises(GarbledAnswerError, match=f"account 999988887777, and the role belongs to {DATA}"):
            resolve(session, local_time)
        session.close()


def test_sessions_that_share_aws_models_read_none_of_them_twice_nor_at_the_same_moment(world: Organisation) -> None:
    files = Files()
    models = shared_models()
    models.file_loader = files
    sessions = [session_with(world.url, Counter(), models=models) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(Session.athena, sessions))
    for session in sessions:
        session.close()
    described = [path for path in files.read if path.endswith("service-2")]
    assert len(described) == len(set(described)) > 0


class Files(JSONFileLoader):
    """Remembers what was read."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def load_file(self, file_path: str) -> Any:
        self.read.append(file_path)
        return super().load_file(file_path)
