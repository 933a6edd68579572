"""What the task is given: files that the exporter and the agent read, and a program that writes them."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from terraform_world import BUDGETS, CONFIGURATIONS
from terraforming import Plan

from athena_exporter.config import load

pytestmark = [pytest.mark.process, pytest.mark.terraform]

FOLDER = "/etc/athena-exporter"


def writer(world: Plan, address: str) -> dict[str, Any]:
    definition = world.resources("aws_ecs_task_definition")[f"{address}.aws_ecs_task_definition.this"]
    (found,) = (one for one in json.loads(definition["container_definitions"]) if one["name"] == "configuration")
    return dict(found)


def files(world: Plan, address: str) -> dict[str, str]:
    """The files that the container writes, by name."""
    environment = {one["name"]: one["value"] for one in writer(world, address)["environment"]}
    told: dict[str, str] = json.loads(environment["FILES"])
    return told


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_exporter_reads_what_it_is_given(name: str, world: Plan, tmp_path: Path) -> None:
    path = tmp_path / "exporter.yml"
    path.write_text(files(world, f'module.exporter["{name}"]')[f"{FOLDER}/exporter.yml"], encoding="utf-8")
    config = load(path, {"AWS_REGION": "eu-west-2"})
    assert config.ledger.path == Path("/var/lib/athena-exporter/athena-ledger.db")
    assert config.ledger.journal.value == "rollback"
    assert config.ledger.lease == timedelta(seconds=30)
    assert not config.events.create_groups


def test_what_was_configured_stays(world: Plan) -> None:
    told = yaml.safe_load(files(world, 'module.exporter["everything"]')[f"{FOLDER}/exporter.yml"])
    given = CONFIGURATIONS["everything"]
    assert told["sources"] == given["sources"]
    assert told["events"] == {**given["events"], "create_groups": False}


def test_what_the_module_makes_is_configured(world: Plan) -> None:
    told = yaml.safe_load(files(world, "module.whole_exporter")[f"{FOLDER}/exporter.yml"])
    assert told["guard"] == {
        "mode": "enforce",
        "protected": ["airflow-*"],
        "role_arn": "arn:aws:iam::123456789012:role/whole-guard",
        "external_id": "guard-external-id",
    }
    (topic,) = told["notifications"]["sns"]
    assert topic["topic_arn"] == "arn:aws:sns:eu-west-2:123456789012:whole-notifications"


def test_more_files_lie_beside_the_configuration(world: Plan) -> None:
    assert files(world, "module.whole_exporter")[f"{FOLDER}/budgets.yml"] == BUDGETS.read_text(encoding="utf-8")


@pytest.mark.prometheus
def test_promtool_takes_the_agents_configuration(world: Plan, promtool: str, tmp_path: Path) -> None:
    path = tmp_path / "agent.yml"
    path.write_text(files(world, "module.whole_exporter")[f"{FOLDER}/agent.yml"], encoding="utf-8")
    done = subprocess.run(
        [promtool, "check", "config", "--agent", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_agent_signs_for_the_workspaces_region_and_keeps_the_series_over_tasks(world: Plan) -> None:
    told = yaml.safe_load(files(world, "module.whole_exporter")[f"{FOLDER}/agent.yml"])
    (remote,) = told["remote_write"]
    assert remote["sigv4"] == {"region": "eu-west-2"}
    (scraped,) = told["scrape_configs"]
    assert scraped["static_configs"] == [{"targets": ["127.0.0.1:9989"], "labels": {"instance": "whole"}}]
    assert told["global"]["external_labels"] == {"environment": "production"}


def test_the_writer_writes_every_file_for_others_to_read(world: Plan, tmp_path: Path) -> None:
    container = writer(world, "module.whole_exporter")
    assert container["entryPoint"] == ["python", "-c"]
    scratch = tmp_path / "agent"
    scratch.mkdir(mode=0o755)
    told = {str(tmp_path / Path(name).name): text for name, text in files(world, "module.whole_exporter").items()}
    environment = {**os.environ, "FILES": json.dumps(told), "SCRATCH_FOLDERS": json.dumps([str(scratch)])}
    subprocess.run([sys.executable, "-c", *container["command"]], env=environment, check=True, timeout=60)
    for name, text in told.items():
        assert Path(name).read_text(encoding="utf-8") == text
        assert Path(name).stat().st_mode & 0o777 == 0o444
    assert scratch.stat().st_mode & 0o7777 == 0o1777
