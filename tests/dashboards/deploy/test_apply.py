"""All of it around terraform; whatever the end is, the token is gone."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from grafana_content import GIVEN, STACK, paper
from grafana_wire import BASIC, WELL, WORKSPACE, Wire, contact_point
from terraforming import copied_tree

pytestmark = pytest.mark.process

SUPPORT = Path(__file__).resolve().parents[2] / "support"
DEADLINE_SECONDS = 60

Json = dict[str, Any]


@pytest.fixture
def healthy(wire: Wire) -> Wire:
    wire.data_sources = dict.fromkeys(("prometheus", "cloudwatch", "athena"), ("x", WELL))
    wire.contact_points = [contact_point(name) for name in ("athena-page", "athena-ticket", "athena-digest")]
    return wire


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    """A terraform that tells what it was given."""
    program = tmp_path / "terraform"
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{SUPPORT / 'stand_in_terraform.py'}' \"$@\"\n")
    program.chmod(0o755)
    (tmp_path / "stack").mkdir()
    (tmp_path / "stack" / "main.tf").touch()
    return program


def _environment(wire: Wire, program: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GRAFANA_", "TF_"))}
    return kept | {
        "AWS_ACCESS_KEY_ID": "offline", "AWS_SECRET_ACCESS_KEY": "offline", "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL_GRAFANA": wire.url, "AWS_EC2_METADATA_DISABLED": "true",
        "STAND_IN_LOG": str(program.parent / "log"), **more,
    }  # fmt: skip  # a table


def _command(wire: Wire, program: Path, *arguments: str, stack: Path | None = None) -> list[str]:
    return [
        sys.executable, "-m", "athena_dashboards.deploy", "apply", "--workspace", WORKSPACE, "--grafana-url", wire.url,
        "--terraform", str(program), "--stack", str(stack or program.parent / "stack"), *arguments,
    ]  # fmt: skip  # a command on a few lines


def _apply(wire: Wire, program: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        _command(wire, program, *arguments), env=_environment(wire, program),
        capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS,
    )  # fmt: skip  # as short as it can be said


def _calls(program: Path) -> list[Json]:
    log = program.parent / "log"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def test_terraform_is_given_the_address_and_the_key_in_its_environment_alone(healthy: Wire, stand_in: Path) -> None:
    done = _apply(healthy, stand_in, "-auto-approve", "-var-file=prod.tfvars")

    assert done.returncode == 0, done.stderr
    calls, stack = _calls(stand_in), f"-chdir={stand_in.parent / 'stack'}"
    assert [one["arguments"] for one in calls] == [
        [stack, "init", "-input=false"], [stack, "apply", "-auto-approve", "-var-file=prod.tfvars"],
        [stack, "output", "-json"],
    ]  # fmt: skip  # a table
    assert {(one["GRAFANA_URL"], one["GRAFANA_AUTH"]) for one in calls} == {(healthy.url, "glsa_1")}


def test_each_step_is_told_and_the_health_of_what_was_made_is_asked(healthy: Wire, stand_in: Path) -> None:
    done = _apply(healthy, stand_in, "-auto-approve")

    steps = [line.split(" ")[1] for line in done.stderr.splitlines() if line[:9] == "deploy: 1" or "/4" in line]
    assert steps == ["1/4", "2/4", "3/4", "4/4"]
    assert "well  data source prometheus" in done.stdout
    assert [one["receivers"][0]["name"] for one in healthy.alerts] == ["athena-page"], "one alert for two audiences"
    assert "data source cloudwatch" not in done.stdout, "the stack did not make it"


def test_the_token_is_deleted_after_success_and_after_failure(healthy: Wire, stand_in: Path) -> None:
    assert _apply(healthy, stand_in, "-auto-approve").returncode == 0
    failed = _apply(healthy, stand_in, "fail")

    assert failed.returncode == 1
    assert "deploy: terraform apply failed (exit code 3): its own words stand above" in failed.stderr
    assert (healthy.tokens, len(healthy.deleted)) == ({}, 2)


def test_plug_ins_and_people_are_left_alone_on_request(healthy: Wire, stand_in: Path) -> None:
    done = _apply(healthy, stand_in, "--no-plugins", "--no-test-alert")

    assert done.returncode == 0, done.stderr
    assert not any("plugins" in one for one in healthy.asked)
    assert healthy.alerts == []


def test_contact_points_with_secrets_are_there_before_terraforms_rules_name_them(healthy: Wire, stand_in: Path) -> None:
    healthy.contact_points = []
    done = subprocess.run(
        _command(healthy, stand_in, "--no-plugins", "--no-test-alert", "--contact-point", "athena-page=slack:ROOM"),
        env=_environment(healthy, stand_in, ROOM="https://hooks.slack.com/secret"),
        capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False,
    )  # fmt: skip  # as short as it can be said

    assert done.returncode == 0, done.stderr
    assert [one["settings"]["url"] for one in healthy.contact_points] == ["https://hooks.slack.com/secret"]
    assert "contact point athena-page: slack is made" in done.stdout
    assert not any("secret" in json.dumps(one["arguments"]) for one in _calls(stand_in))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--terraform", "no-such-terraform"), "there is no no-such-terraform on the PATH: install terraform 1.11"),
        (("--stack", "/nonexistent"), "/nonexistent holds no terraform: name the stack's folder with --stack"),
    ],
)
def test_a_missing_program_or_stack_is_one_line(
    arguments: tuple[str, ...], said: str, healthy: Wire, stand_in: Path
) -> None:
    done = _apply(healthy, stand_in, "--no-plugins", *arguments)

    assert (done.returncode, said in done.stderr, healthy.tokens) == (1, True, {}), done.stderr


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM"])
def test_whoever_interrupts_leaves_a_terraform_that_ended_in_order_and_no_token(
    how: str, healthy: Wire, stand_in: Path
) -> None:
    """Ctrl-C reaches terraform, too; SIGTERM of a runner reaches this process alone, which passes it on."""
    process = subprocess.Popen(
        _command(healthy, stand_in, "--no-plugins", "wait"), env=_environment(healthy, stand_in),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip  # as short as it can be said
    try:
        _until(lambda: any(one["what"] == "waits" for one in _calls(stand_in)))
        if how == "Ctrl-C":
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.terminate()
        _, told = process.communicate(timeout=DEADLINE_SECONDS)
    finally:
        process.kill()
        process.wait()

    assert process.returncode != 0
    assert [one["what"] for one in _calls(stand_in)][-1] == "interrupted"
    assert (healthy.tokens, healthy.deleted) == ({}, ["1"]), told


def _until(is_so: Any) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    while not is_so():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


def test_a_real_terraform_applies_the_stack_and_keeps_no_key_in_its_state(healthy: Wire, tmp_path: Path) -> None:
    """The provider is of paper; the stack, its state and what is asked afterwards are real."""
    program = shutil.which("terraform")
    if program is None:
        pytest.skip("needs terraform on the PATH; tests/terraform fails where it has to be there")
    tree = copied_tree(tmp_path / "tree")
    paper(program, tree)
    settings = tmp_path / "mirror.tfrc"
    settings.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{tree / "mirror"}"\n  }}\n}}\n')
    given = tmp_path / "given.tfvars.json"
    given.write_text(json.dumps(GIVEN))

    done = subprocess.run(
        _command(healthy, Path(program), "-auto-approve", "-no-color", f"-var-file={given}", stack=tree / STACK),
        env=_environment(healthy, tmp_path / "x", TF_CLI_CONFIG_FILE=str(settings), CHECKPOINT_DISABLE="true"),
        capture_output=True, text=True, check=False, timeout=3 * DEADLINE_SECONDS,
    )  # fmt: skip  # as short as it can be said

    assert done.returncode == 0, done.stdout + done.stderr
    state = (tree / STACK / "terraform.tfstate").read_text()
    assert "glsa_" not in state
    assert healthy.url not in state
    assert len([line for line in done.stdout.splitlines() if line.startswith("well")]) == 6
    assert healthy.tokens == {}
    assert BASIC not in done.stdout + done.stderr
