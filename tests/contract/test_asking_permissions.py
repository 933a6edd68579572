"""What questions to Athena are granted: what is called, and what Athena needs to answer in the asker's name."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from whole_exporter import CREDENTIALS, account, actions, called, configured, whole_exporter

from athena_exporter.cli import main
from athena_exporter.sources.grants import REPORTING
from athena_exporter.sources.permissions import PERMISSIONS, Feature

SYSTEM_TABLE = "sources: {lookup: {enabled: false}, workgroups: {enabled: false}, system_table: {enabled: true, "
ON = SYSTEM_TABLE + "workgroup: monitoring, settle: 0s}}\nsql: {tables: false}\n"
ASKING = "asking: {workgroup: history, database: the_history, output_location: 's3://answers/here/'}\n"
HISTORY = "history: {enabled: true, bucket: the-bucket, prefix: rows/}\n"
ROLE = "arn:aws:iam::444455556666:role/asker"
BY_ATHENA = {one.action for one in PERMISSIONS if one.by_athena}


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def policy(path: Path, *arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(main, ["iam-policy", "--config", str(path), "--account", "123456789012", *arguments])
    assert result.exit_code == 0, result.stderr
    return {one["Sid"]: one for one in json.loads(result.stdout)["Statement"]}


def written(folder: Path, text: str) -> Path:
    path = folder / "exporter.yml"
    path.write_text("targets: [{region: eu-west-1}]\n" + text, encoding="utf-8")
    return path


SERVED: dict[str, Any] = {"runs_sql": True, "system_table": True, "sql_takes": timedelta(0)}


def test_the_system_table_calls_no_more_than_it_is_granted_and_stops_nothing_that_ends(tmp_path: Path) -> None:
    with account(**SERVED) as running:
        path = configured(tmp_path, running, ON)
        with whole_exporter(path) as exporter:
            exporter.run()
            assert exporter.up["system_table"] == 1
        granted = actions(json.dumps({"Statement": [*policy(path).values()]}))
    assert granted - called(running) == BY_ATHENA & granted | {"athena:StopQueryExecution"}
    assert called(running) <= granted


def test_check_tries_all_of_it_but_what_athena_does_and_runs_nothing(tmp_path: Path) -> None:
    with account(**SERVED) as running:
        path = configured(tmp_path, running, ON)
        before = running.account.size
        result = CliRunner().invoke(main, ["check", "--config", str(path)])
        assert result.exit_code == 0, result.output
        granted = actions(json.dumps({"Statement": [*policy(path).values()]}))
        assert called(running) == {one for one in granted if one not in BY_ATHENA}
        assert running.account.size == before


@pytest.mark.parametrize(
    ("settings", "text", "words"),
    [
        ({"system_table": False}, ON, "system tables are off in this account and Region"),
        ({}, ON.replace("monitoring", "nobodys"), "check the workgroup's name"),
        ({"bare_workgroups": ("primary",)}, ON.replace("monitoring", "primary"), "a place for results"),
    ],
)
def test_check_names_what_is_missing(tmp_path: Path, settings: dict[str, Any], text: str, words: str) -> None:
    with account(**(SERVED | settings)) as running:
        path = configured(tmp_path, running, text)
        result = CliRunner().invoke(main, ["check", "--config", str(path), "--format", "json"])
    assert result.exit_code == 1
    assert words in result.stdout


def test_the_system_table_is_granted_as_narrowly_as_aws_knows_it(tmp_path: Path) -> None:
    text = ON.replace("workgroup: monitoring", "workgroup: monitoring, output_location: 's3://answers/table/'")
    found = policy(written(tmp_path, text))
    here = "eu-west-1:123456789012"
    assert found["AskSystemTable"]["Resource"] == [f"arn:aws:athena:{here}:workgroup/monitoring"]
    assert found["ReadSystemTable"]["Resource"] == [
        f"arn:aws:s3tables:{here}:bucket/aws-athena",
        f"arn:aws:s3tables:{here}:bucket/aws-athena/table/*",
    ]
    table = f"arn:aws:glue:{here}:table/s3tablescatalog/aws-athena/metadata/query_executions"
    assert table in found["ResolveSystemTable"]["Resource"]
    assert found["FindTableResults"]["Resource"] == ["arn:aws:s3:::answers"]
    assert found["WriteTableResults"]["Resource"] == ["arn:aws:s3:::answers/table/*"]
    assert found["ReadGovernedSystemTable"]["Condition"] == {"StringEquals": {"aws:RequestedRegion": ["eu-west-1"]}}


def test_without_a_place_for_results_none_is_granted(tmp_path: Path) -> None:
    assert not {"FindTableResults", "WriteTableResults"} & policy(written(tmp_path, ON)).keys()


def test_questions_to_the_history_are_granted_when_they_are_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path, ASKING + HISTORY)
    added = {sid: one for sid, one in policy(path, "--report").items() if sid not in policy(path)}
    here = "eu-west-1:123456789012"
    assert added["AskHistory"]["Resource"] == [f"arn:aws:athena:{here}:workgroup/history"]
    assert added["ResolveHistory"]["Resource"] == [
        f"arn:aws:glue:{here}:{kind}" for kind in ("catalog", "database/the_history", "table/the_history/*")
    ]
    assert added["ReadHistory"]["Resource"] == ["arn:aws:s3:::the-bucket/rows/*"]
    assert added["ListHistoryToAsk"]["Resource"] == ["arn:aws:s3:::the-bucket"]
    assert added["WriteResults"]["Resource"] == ["arn:aws:s3:::answers/here/*"]
    assert "DecryptHistoryToAsk" not in added, "no key is configured"


def test_nothing_is_granted_on_a_bucket_that_nobody_named(tmp_path: Path) -> None:
    found = policy(written(tmp_path, "asking: {workgroup: history}\n"), "--report")
    assert "AskHistory" in found
    assert "None" not in json.dumps(found)
    assert not any(one.startswith("s3:") for statement in found.values() for one in statement["Action"])


def test_a_role_that_asks_is_granted_it_instead_of_the_exporter(tmp_path: Path) -> None:
    path = written(tmp_path, ASKING.replace("workgroup", f"role_arn: '{ROLE}', workgroup") + HISTORY)
    own, theirs = policy(path, "--report"), policy(path, "--report", "--role", ROLE)
    assert own["ReadOtherAccounts"]["Resource"] == [ROLE]
    assert "AskHistory" not in own
    assert theirs["AskHistory"]["Resource"] == ["arn:aws:athena:eu-west-1:444455556666:workgroup/history"]
    assert theirs["ReadGovernedHistory"]["Condition"] == {"StringEquals": {"aws:RequestedRegion": ["eu-west-1"]}}
    assert policy(path).keys() == policy(written(tmp_path, HISTORY)).keys(), "who asks nothing needs nothing"


def test_every_permission_of_questions_says_what_it_is_for() -> None:
    found = [one for one in PERMISSIONS if one.feature in {Feature.SYSTEM_TABLE, *REPORTING}]
    assert len({(one.sid, one.action) for one in found}) == len(found) > 20
    assert all(one.why and one.without for one in found)
    assert all(len({one.scope for one in found if one.sid == sid}) == 1 for sid in {one.sid for one in found})
