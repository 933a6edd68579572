"""What is granted is what is called: the policy of a configuration against the calls that the account has seen."""

from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner
from whole_exporter import (
    CREDENTIALS,
    EVERYTHING,
    GUARDED,
    account,
    actions,
    called,
    configured,
    overspend,
    state_of,
    whole_exporter,
)

from athena_exporter.cli import main
from athena_exporter.config import Config
from athena_exporter.sources.grants import for_report
from athena_exporter.sources.permissions import PERMISSIONS

ROLE = "arn:aws:iam::123456789012:role/athena-reader"
CONFIGURATIONS = {
    "defaults": "",
    "everything": EVERYTHING,
    "who ran what, no more": "sources: {workgroups: {enabled: false}}\nsql: {tables: false}",
    "no users": "sources: {lookup: {enabled: false}}\nsql: {views: false}",
    "events into groups that are there": "events: {enabled: true, create_groups: false}",
    "active queries, no tags": "sources: {cloudwatch: {enabled: true, capacity: false}}",
}


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def policy(path: Path, *arguments: str) -> set[str]:
    result = CliRunner().invoke(main, ["iam-policy", "--config", str(path), *arguments])
    assert result.exit_code == 0, result.stderr
    return actions(result.stdout)


@pytest.mark.parametrize("text", CONFIGURATIONS.values(), ids=list(CONFIGURATIONS))
def test_what_the_policy_grants_is_what_the_exporter_calls(tmp_path: Path, text: str) -> None:
    with account() as running:
        path = configured(tmp_path, running, text)
        if "create_groups: false" in text:
            make_groups(running.url)
            running.testbed.forget_calls()
        with whole_exporter(path) as exporter:
            exporter.run()
        assert called(running) == policy(path)


def make_groups(url: str) -> None:
    logs = boto3.client("logs", region_name="eu-west-1", endpoint_url=url)
    for name in (Config().events.table_access_group, Config().events.queries_group):
        logs.create_log_group(logGroupName=name)
    logs.close()


def test_what_a_role_is_granted_is_what_is_called_through_it(tmp_path: Path) -> None:
    with account() as running:
        path = configured(tmp_path, running, role_arn=ROLE)
        with whole_exporter(path) as exporter:
            exporter.run()
        assert called(running) == policy(path) | policy(path, "--role", ROLE)
        assert policy(path) == {"sts:AssumeRole"}


def test_check_tries_exactly_what_the_policy_grants(tmp_path: Path) -> None:
    with account() as running:
        path = configured(tmp_path, running, EVERYTHING)
        result = CliRunner().invoke(main, ["check", "--config", str(path)])
        assert result.exit_code == 0, result.output
        assert called(running) == policy(path)


def test_verify_asks_for_no_more_than_it_is_granted(tmp_path: Path) -> None:
    with account() as running:
        path = configured(tmp_path, running)
        with whole_exporter(path) as exporter:
            exporter.run(passes=1)
        running.testbed.forget_calls()
        result = CliRunner().invoke(main, ["verify", "--config", str(path), "--day", "today"])
        assert result.exit_code in {0, 1}, result.output
        assert called(running) <= policy(path, "--verify")
        assert {"cloudwatch:ListMetrics", "cloudwatch:GetMetricData"} <= called(running)


def test_the_guards_role_is_granted_what_the_guard_calls_and_the_exporter_may_assume_it(tmp_path: Path) -> None:
    with account() as running:
        overspend(running)
        path = configured(tmp_path, running, GUARDED)
        with whole_exporter(path) as exporter:
            exporter.run()
        stopping = {"athena:GetQueryExecution", "athena:StopQueryExecution"}
        assert policy(path, "--guard") == stopping
        assert called(running) == policy(path) | stopping
        assert not stopping & policy(path)
        assert policy(path) == policy(configured(tmp_path, running)) | {"sts:AssumeRole"}


def test_check_tries_the_guards_role_and_stops_nothing(tmp_path: Path) -> None:
    with account() as running:
        query_id = overspend(running)
        path = configured(tmp_path, running, GUARDED)
        result = CliRunner().invoke(main, ["check", "--config", str(path)])
        assert result.exit_code == 0, result.output
        assert called(running) == policy(path) | policy(path, "--guard")
        assert state_of(running, query_id) == "RUNNING"


TRAIL = {"enabled": True, "queue_url": "https://sqs.eu-west-1.amazonaws.com/123456789012/trail", "bucket": "trail-logs"}


def test_no_permission_of_the_table_goes_untested() -> None:
    """Each action is needed by some configuration above, so that each is compared with calls."""
    full = Config.model_validate(
        {
            "targets": [{"region": "eu-west-1", "role_arn": ROLE}],
            "sources": {
                "workgroups": {"tags": ["component"]},
                "cloudwatch": {"enabled": True},
                "trail": TRAIL,
                "system_table": {"enabled": True, "workgroup": "asking", "output_location": "s3://answers/"},
            },
            "events": {"enabled": True},
            "guard": {"mode": "enforce", "role_arn": ROLE},
            "history": {"enabled": True, "bucket": "history", "kms_key": "arn:aws:kms:eu-west-1:123456789012:key/0a1b"},
            "notifications": {"sns": [{"name": "team", "topic_arn": "arn:aws:sns:eu-west-1:123456789012:budgets"}]},
        }
    )
    tested_elsewhere = {one.action for one in for_report(full)}  # test_asking_permissions.py
    assert {one.action for one in PERMISSIONS} == tested_elsewhere | {
        one.action for one in PERMISSIONS if one.needed(full)
    }
