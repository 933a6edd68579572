"""Why these tests exist: `check` is what a person runs when nothing works yet, so it must not fail itself."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from whole_exporter import CREDENTIALS, EVERYTHING, GUARDED, account, configured

import athena_testbed
from athena_exporter.cli import main


@pytest.fixture(scope="module")
def running() -> Iterator[athena_testbed.Running]:
    with account() as running:
        yield running


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, running: athena_testbed.Running) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    yield
    running.plan_faults([])


def check(path: Path, *arguments: str, columns: int = 200) -> Result:
    return CliRunner().invoke(main, ["check", "--config", str(path), *arguments], env={"COLUMNS": str(columns)})


def findings(result: Result) -> dict[str, dict[str, Any]]:
    return {one["what"]: one for one in json.loads(result.stdout)["findings"]}


def test_an_account_in_which_all_is_there(running: athena_testbed.Running, tmp_path: Path) -> None:
    result = check(configured(tmp_path, running))
    assert result.exit_code == 0, result.output
    assert result.stdout.rstrip().endswith("everything is there")
    for words in (
        "which workgroups there are: 4 workgroups",
        "ledger",
        "queries a day",
        "about 4; 4 of 4 workgroups looked at",
        "1: monitoring; CloudWatch has nothing of them",
        "lookup is enough for this account",
        "calls to AWS, free",
    ):
        assert words in result.stdout
    assert list(tmp_path.glob("ledger*")) == []


def test_json_tells_marks_places_and_costs(running: athena_testbed.Running, tmp_path: Path) -> None:
    text = "sources: {cloudwatch: {enabled: true}}"
    result = check(configured(tmp_path, running, text), "--format", "json")
    told = json.loads(result.stdout)
    assert told["missing"] == 0
    assert {one["mark"] for one in told["findings"]} <= {"ok", "note"}
    assert {one["where"] for one in told["findings"]} == {"", "123456789012 eu-west-1"}
    (cost,) = told["costs_an_hour"]
    assert cost["usd"] > 0
    assert cost["requests"] > 240


def test_a_narrow_terminal_folds_words_and_leaves_statements_whole(
    running: athena_testbed.Running, tmp_path: Path
) -> None:
    running.plan_faults([{"kind": "denied", "operation": "GetTable"}])
    result = check(configured(tmp_path, running), columns=40)
    assert result.exit_code == 1
    statement = result.stdout[result.stdout.index("\n{\n") : result.stdout.index("\n}\n") + 2]
    assert json.loads(statement)["Action"] == ["glue:GetTable"]
    assert '"arn:aws:glue:eu-west-1:123456789012:table/*/*"' in statement


def test_a_policy_that_names_some_workgroups_only_is_found_out(running: athena_testbed.Running, tmp_path: Path) -> None:
    running.plan_faults([{"kind": "denied", "operation": "ListQueryExecutions", "workgroup": "primary"}])
    found = findings(check(configured(tmp_path, running), "--format", "json"))
    assert found["athena:ListQueryExecutions"]["mark"] == "ok"
    told = found["athena:ListQueryExecutions on some workgroups"]
    assert (told["mark"], told["statement"]["Action"]) == ("missing", ["athena:ListQueryExecutions"])
    assert told["words"].startswith("denied for 1: primary")


def test_what_could_not_be_tried_is_unknown_and_not_missing(running: athena_testbed.Running, tmp_path: Path) -> None:
    running.plan_faults([{"kind": "internal", "operation": "GetServiceQuota"}])
    result = check(configured(tmp_path, running))
    assert result.exit_code == 0
    assert "unknown  servicequotas:GetServiceQuota" in result.stdout
    assert "it will be tried again" not in result.stdout
    assert "nothing is missing, 1 could not be tried" in result.stdout


def test_groups_that_nobody_has_made_are_told(running: athena_testbed.Running, tmp_path: Path) -> None:
    text = "events: {enabled: true, create_groups: false, queries_group: /nobody/made}"
    result = check(configured(tmp_path, running, text), "--format", "json")
    assert result.exit_code == 1
    told = findings(result)["log groups of events"]
    assert "/nobody/made" in told["words"]
    assert "events.create_groups: true" in told["mend"]


def test_a_clock_that_is_off_is_told_with_its_mend(running: athena_testbed.Running, tmp_path: Path) -> None:
    running.plan_faults([{"kind": "skew", "seconds": 90}])
    told = findings(check(configured(tmp_path, running), "--format", "json"))["clock"]
    assert told["mark"] == "missing"
    assert "NTP" in told["mend"]


def test_late_starts_are_measured(running: athena_testbed.Running, tmp_path: Path) -> None:
    running.plan_faults([{"kind": "late_events", "seconds": 3600}])
    told = findings(check(configured(tmp_path, running), "--format", "json"))
    assert told["starts in CloudTrail"]["words"] == "0 of the last day were looked at"
    running.plan_faults([])
    lag = findings(check(configured(tmp_path, running), "--format", "json"))["lag of CloudTrail"]
    assert lag["words"].startswith("4 queries compared: the youngest visible is 2")
    assert lag["words"].endswith("all are visible")


def test_users_that_nobody_asks_for_are_told(running: athena_testbed.Running, tmp_path: Path) -> None:
    text = "sources: {lookup: {enabled: false}}"
    told = findings(check(configured(tmp_path, running, text), "--format", "json"))
    assert told["users"]["words"] == "sources.lookup is off: every query stays without a user"
    assert "cloudtrail:LookupEvents" not in told


def test_a_ledger_that_cannot_be_is_told(running: athena_testbed.Running, tmp_path: Path) -> None:
    text = f"ledger: {{path: '{tmp_path}/none/ledger.db'}}"
    result = check(configured(tmp_path, running, text), "--format", "json")
    assert result.exit_code == 1
    assert "there is no folder" in findings(result)["ledger"]["mend"]


def test_credentials_that_aws_refuses_hide_nothing_of_the_machine(
    running: athena_testbed.Running, tmp_path: Path
) -> None:
    running.plan_faults([{"kind": "expired", "operation": "sts:GetCallerIdentity"}])
    result = check(configured(tmp_path, running), "--format", "json")
    assert result.exit_code == 1
    told = findings(result)
    assert told["ledger"]["mark"] == "ok"
    assert "they have expired" in told["credentials for eu-west-1"]["words"]


def test_a_role_that_may_not_be_assumed_names_the_trust_policy(running: athena_testbed.Running, tmp_path: Path) -> None:
    role = "arn:aws:iam::123456789012:role/athena-reader"
    path = configured(tmp_path, running)
    config = yaml.safe_load(path.read_text())
    config["targets"] = [{"region": "eu-west-1", "role_arn": role}, {"region": "us-east-1"}]
    path.write_text(yaml.safe_dump(config))
    running.plan_faults([{"kind": "denied", "operation": "sts:AssumeRole"}])
    result = check(path, "--format", "json")
    assert result.exit_code == 1
    told = findings(result)[f"role {role} for eu-west-1"]
    assert "sts:AssumeRole" in told["words"]
    assert "trust policy" in told["mend"]
    # The other target is looked at all the same.
    assert findings(result)["athena:ListWorkGroups"]["where"] == "123456789012 us-east-1"


def test_no_credentials_at_all_are_told_in_one_finding(
    running: athena_testbed.Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    result = check(configured(tmp_path, running), "--format", "json")
    assert result.exit_code == 1
    assert "no AWS credentials were found" in findings(result)["credentials for eu-west-1"]["words"]


def test_a_recording_names_nobody(running: athena_testbed.Running, tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    result = check(configured(tmp_path, running, EVERYTHING), "--record", str(folder))
    assert result.exit_code == 0, result.output
    assert f"kept in {folder}" in result.stderr
    assert (folder / "README.md").read_text().startswith("# Recorded answers of AWS")
    text = "".join(path.read_text() for path in folder.glob("*.json"))
    for secret in ("123456789012", "analytics", "risk-reserved", "v_open_orders", "sales", "harbour", "Alice"):
        assert secret not in text
    assert {path.name for path in folder.glob("athena.*.json")} >= {
        "athena.BatchGetQueryExecution.json",
        "athena.GetWorkGroup.json",
    }


def test_two_recordings_have_other_names_for_the_same(running: athena_testbed.Running, tmp_path: Path) -> None:
    for name in ("one", "two"):
        check(configured(tmp_path, running), "--record", str(tmp_path / name))
    file = "athena.ListWorkGroups.json"
    assert (tmp_path / "one" / file).read_text() != (tmp_path / "two" / file).read_text()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sources: {lookups: {}}", "lookups"),
        ("identity: {privacy: pseudonym}", "ATHENA_EXPORTER_PSEUDONYM_KEY"),
    ],
)
def test_a_bad_configuration_is_refused_before_anything_is_asked(
    running: athena_testbed.Running, tmp_path: Path, text: str, words: str
) -> None:
    result = check(configured(tmp_path, running, text))
    assert result.exit_code == 2
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_folder_that_cannot_be_written_gets_one_line(running: athena_testbed.Running, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = check(configured(tmp_path, running), "--record", str(tmp_path / "file" / "inside"))
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_no_region_is_a_matter_of_set_up(running: athena_testbed.Running, tmp_path: Path) -> None:
    path = tmp_path / "no-region.yml"
    path.write_text(f"aws: {{endpoint_url: '{running.url}'}}\n")
    result = check(path)
    assert result.exit_code == 2
    assert "no Region: set AWS_REGION" in result.stderr


# -- the guard ------------------------------------------------------------------------------------------------------


def test_a_guard_that_could_act_is_tried_and_told(running: athena_testbed.Running, tmp_path: Path) -> None:
    result = check(configured(tmp_path, running, GUARDED), "--format", "json")
    assert result.exit_code == 0, result.output
    found = findings(result)
    assert found["guard"]["words"].startswith("at most 10 queries a minute, through arn:aws:iam::123456789012:role/")
    assert found["athena:StopQueryExecution"]["words"].endswith("AWS: InvalidRequestException")
    assert found["athena:GetQueryExecution"]["mark"] == "ok"


def test_a_guards_role_that_may_not_stop_queries_gets_its_statement(
    running: athena_testbed.Running, tmp_path: Path
) -> None:
    running.plan_faults([{"kind": "denied", "operation": "athena:StopQueryExecution"}])
    result = check(configured(tmp_path, running, GUARDED), "--format", "json")
    assert result.exit_code == 1
    found = findings(result)["athena:StopQueryExecution"]
    assert found["words"] == "denied; the guard stops nothing"
    assert found["statement"]["Action"] == ["athena:StopQueryExecution"]
    assert found["statement"]["Resource"] == ["arn:aws:athena:eu-west-1:123456789012:workgroup/*"]


def test_a_guards_role_that_cannot_be_assumed_is_told(running: athena_testbed.Running, tmp_path: Path) -> None:
    running.plan_faults([{"kind": "denied", "operation": "sts:AssumeRole"}])
    result = check(configured(tmp_path, running, GUARDED), "--format", "json")
    assert result.exit_code == 1
    (found,) = [one for name, one in findings(result).items() if name.startswith("role arn:")]
    assert "sts:AssumeRole" in found["mend"]


@pytest.mark.parametrize(
    ("guard", "what", "words"),
    [
        ("mode: dry_run", "guard", "dry run: it tells what it would stop, and stops nothing"),
        (
            "{mode: enforce, role_arn: 'arn:aws:iam::444455556666:role/g'}", "guard",
            "not guarded: guard.role_arn belongs to account 444455556666; the alert is all there is here",
        ),
        ("{mode: dry_run, kill_switch: /dev/null}", "guard", "the kill switch is on (/dev/null exists)"),
        ("mode: off", "budgets", "enforce: stop_queries of 'hard' stops nobody: guard.mode is off"),
    ],
)  # fmt: skip  # a case a row
def test_a_guard_that_stops_nothing_says_why_and_is_tried_on_nobody(
    running: athena_testbed.Running, tmp_path: Path, guard: str, what: str, words: str
) -> None:
    running.testbed.forget_calls()
    budgets = GUARDED.partition("guard:")[0]
    path = configured(tmp_path, running, budgets + "guard: " + (guard if "{" in guard else f"{{{guard}}}"))
    result = check(path, "--format", "json")
    assert result.exit_code == 0, result.output
    assert findings(result)[what]["words"].startswith(words)
    assert not {"AssumeRole", "StopQueryExecution"} & {call["operation"] for call in running.calls()}
