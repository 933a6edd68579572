"""A token lives for minutes, belongs to our service account, and is told to one Grafana only."""

import subprocess
from collections.abc import Callable

import pytest
from click.testing import Result
from grafana_wire import WORKSPACE, Wire, account, amazon_refuses

Run = Callable[..., Result]

ACCOUNTS = f"/workspaces/{WORKSPACE}/serviceaccounts"


def test_a_token_is_printed_as_lines_that_a_shell_reads(run: Run, wire: Wire) -> None:
    printed = run("token", "--workspace", WORKSPACE)

    script = f'{printed.stdout}\necho "$GRAFANA_URL $GRAFANA_AUTH"'
    told = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.split() == [wire.url.replace("http://", "https://"), "glsa_1"]
    assert "ends by itself in 15 minutes" in printed.stderr


def test_a_token_lives_for_as_long_as_was_asked(run: Run, wire: Wire) -> None:
    run("token", "--workspace", WORKSPACE)
    run("token", "--workspace", WORKSPACE, "--minutes", "3")

    assert [one["seconds"] for one in wire.tokens.values()] == [900, 180]
    assert len({one["name"] for one in wire.tokens.values()}) == 2


def test_our_service_account_is_found_among_many(run: Run, wire: Wire) -> None:
    wire.service_accounts = [account(str(number), f"other-{number}") for number in range(5)]
    wire.service_accounts += [account("7", "viewer-deploy", "VIEWER"), account("8", "athena-observability-deploy")]

    assert run("token", "--workspace", WORKSPACE).exit_code == 0
    assert wire.tokens["1"]["account"] == "8"


def test_another_service_account_can_be_named(run: Run, wire: Wire) -> None:
    run("token", "--workspace", WORKSPACE, "--service-account", "42")

    assert wire.tokens["1"]["account"] == "42"


@pytest.mark.parametrize(
    ("accounts", "said"),
    [
        ([], "has no service account of the role ADMIN with a name that ends with -deploy"),
        ([account("1", "a-deploy"), account("2", "b-deploy")], "has several service accounts"),
    ],
    ids=["none", "two"],
)
def test_which_service_account_is_meant_is_asked_where_it_is_not_clear(
    accounts: list[dict[str, str]], said: str, run: Run, wire: Wire
) -> None:
    wire.service_accounts = accounts

    result = run("token", "--workspace", WORKSPACE)

    assert result.exit_code == 1
    assert said in result.stderr
    assert "choose one with --service-account ID; there are: " in result.stderr
    assert all(f"{one['name']} ({one['id']}, ADMIN)" in result.stderr for one in accounts)


def test_a_workspace_that_is_not_ready_is_waited_for(run: Run, wire: Wire) -> None:
    wire.status = "VERSION_UPDATING"

    assert "is VERSION_UPDATING: wait until it is ACTIVE" in run("token", "--workspace", WORKSPACE).stderr


@pytest.mark.parametrize(
    ("code", "mend"),
    [
        ("AccessDeniedException", "the output deploy_policy_json of the stack grafana-workspace"),
        ("ResourceNotFoundException", "is it the workspace's Region and account?"),
        ("ServiceQuotaExceededException", "delete tokens that nobody needs"),
    ],
)
def test_what_aws_refuses_is_one_line_with_what_to_do(code: str, mend: str, run: Run, wire: Wire) -> None:
    wire.override[f"/workspaces/{WORKSPACE}"] = amazon_refuses(code, "not you")

    result = run("token", "--workspace", WORKSPACE)

    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"deploy: AWS refuses (DescribeWorkspace, {WORKSPACE}): {code}: not you; ")
    assert mend in line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "which workspace? --workspace g-0123456789"),
        (("--workspace", "athena"), "'athena' is no id of a workspace"),
    ],
)
def test_a_workspace_is_named_by_its_id(arguments: tuple[str, ...], said: str, run: Run) -> None:
    result = run("token", *arguments)

    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr


def test_without_credentials_or_a_region_it_says_so(run: Run) -> None:
    given = ("token", "--workspace", WORKSPACE)
    nobody = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}
    nowhere = {"AWS_REGION": None, "AWS_DEFAULT_REGION": None, "AWS_CONFIG_FILE": "/nonexistent"}

    assert "Unable to locate credentials" in run(*given, **nobody).stderr
    assert "--region eu-west-1, or AWS_REGION" in run(*given, **nowhere).stderr


def test_the_token_is_not_told_to_a_grafana_that_the_environment_happens_to_name(run: Run, wire: Wire) -> None:
    printed = run("token", "--workspace", WORKSPACE, GRAFANA_URL="https://another.example.org")
    chosen = run("token", "--workspace", WORKSPACE, "--grafana-url", "https://vpce.example.org")

    assert "another" not in printed.stdout
    assert "export GRAFANA_URL=https://vpce.example.org" in chosen.stdout
    assert len(wire.tokens) == 2


def test_a_token_that_was_made_for_a_command_is_deleted_when_it_ends(run: Run, wire: Wire) -> None:
    well = run("plugins", "--workspace", WORKSPACE, "--grafana-url", wire.url)
    ill = run("health", "--workspace", WORKSPACE, "--grafana-url", wire.url)

    assert (well.exit_code, ill.exit_code) == (0, 1)
    assert wire.tokens == {}
    assert len(wire.deleted) == 2
    assert "is deleted" in ill.stderr


def test_a_token_that_cannot_be_deleted_changes_nothing_else(run: Run, wire: Wire) -> None:
    wire.override[f"{ACCOUNTS}/1/tokens/1"] = amazon_refuses("AccessDeniedException", "not you")

    result = run("plugins", "--workspace", WORKSPACE, "--grafana-url", wire.url)

    assert result.exit_code == 0
    assert "is not deleted, and ends by itself: AWS refuses" in result.stderr


def test_a_token_is_not_shown_where_it_is_looked_at(run: Run, wire: Wire) -> None:
    result = run("plugins", "--workspace", WORKSPACE, "--grafana-url", wire.url)

    assert "glsa_" not in result.stdout + result.stderr
