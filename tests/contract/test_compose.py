"""The local stack as declared: valid by the Compose specification and for Debian's docker-compose, and confined."""

import json
import os
import re
import shutil
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
import stack
import yaml

from athena_exporter.cli.serving import serve
from athena_exporter.config import load
from athena_testbed.__main__ import main as account_command

GRAFANA = stack.ROOT / "provisioning" / "grafana"
EXPORTER = stack.ROOT / "provisioning" / "exporter" / "exporter.yml"
PROMETHEUS = stack.ROOT / "provisioning" / "prometheus" / "prometheus.yml"
SERVICES = sorted(stack.services())


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def sources() -> dict[str, dict[str, Any]]:
    found = read(GRAFANA / "datasources" / "datasources.yml")["datasources"]
    return {source["uid"]: source for source in found}


def judged(path: Path) -> tuple[int, str]:
    """Exit code and words of the Compose specification's JSON schema, which check-jsonschema carries."""
    command = [str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_compose_specification_accepts_the_file() -> None:
    code, words = judged(stack.COMPOSE)
    assert code == 0, words


def test_the_compose_specification_refuses_a_misspelt_key(tmp_path: Path) -> None:
    copied = tmp_path / "docker-compose.yml"
    copied.write_text(stack.COMPOSE.read_text(encoding="utf-8").replace("read_only:", "readonly:"), encoding="utf-8")
    code, words = judged(copied)
    assert code == 1
    assert "readonly" in words


@pytest.fixture
def docker_compose() -> str:
    found = shutil.which("docker-compose")
    if found:
        return found
    reason = "needs docker-compose on the PATH (Debian: apt install docker-compose)"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def test_debians_docker_compose_understands_the_file_as_we_do(docker_compose: str, tmp_path: Path) -> None:
    """Version 1.29 knows neither `name` nor anything newer; what it prints is the file with all anchors followed."""
    command = [docker_compose, "--project-directory", str(stack.ROOT), "--file", str(stack.COMPOSE), "config"]
    theirs = set(re.findall(r"\$\{(\w+):-", stack.COMPOSE.read_text(encoding="utf-8")))
    environment = {name: value for name, value in os.environ.items() if name not in theirs}
    read_back = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert read_back.returncode == 0, read_back.stderr
    understood = yaml.safe_load(read_back.stdout)["services"]
    assert understood.keys() == stack.services().keys()
    for name, service in stack.services().items():
        same = ("command", "healthcheck", "user", "read_only", "cap_drop", "security_opt", "depends_on", "image")
        assert {key: understood[name].get(key) for key in same} == {key: service.get(key) for key in same}


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_is_confined(name: str) -> None:
    service = stack.services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"[1-9]\d*:\d+", service["user"]), "a number above 0, so that no image can make it root"
    assert service.keys().isdisjoint({"privileged", "cap_add", "network_mode", "pid", "ipc", "devices", "userns_mode"})


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_listens_on_this_machine_only(name: str) -> None:
    (published,) = stack.services()[name]["ports"]
    assert published == f"127.0.0.1:{stack.PORTS[name]}:{stack.PORTS[name]}"


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_can_write_to_its_own_volume_only(name: str) -> None:
    for volume in stack.services()[name].get("volumes", []):
        source, _, *options = volume.split(":")
        if source.startswith("./"):
            assert options == ["ro"], volume
            assert (stack.ROOT / source).exists(), f"{source} is mounted and not there"
        else:
            assert source in stack.compose()["volumes"]


def test_every_volume_has_one_owner() -> None:
    used = [source for name in SERVICES for source, _ in stack.mounts(name) if not source.startswith("./")]
    assert sorted(used) == sorted(stack.compose()["volumes"])


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_built_here_or_has_a_whole_version(name: str) -> None:
    service = stack.services()[name]
    tag = service["image"].partition("@")[0].rpartition(":")[2]
    assert tag == "local" if "build" in service else re.fullmatch(r"v?\d+\.\d+\.\d+", tag)


def test_the_services_start_in_an_order_and_each_waits_for_a_healthy_one() -> None:
    waits = {name: service.get("depends_on", {}) for name, service in stack.services().items()}
    assert list(TopologicalSorter(waits).static_order()) == ["testbed", "exporter", "prometheus", "grafana"]
    for needed in waits.values():
        assert all(how == {"condition": "service_healthy"} for how in needed.values())
    assert all("test" in service["healthcheck"] for service in stack.services().values())


def test_there_are_no_credentials_but_made_up_ones() -> None:
    secret = re.compile(r"key|secret|password|token", re.IGNORECASE)
    given = {
        (name, variable): value
        for name, service in stack.services().items()
        for variable, value in service.get("environment", {}).items()
        if secret.search(variable) and value not in {"", "true", "false"}
    }
    assert given == {
        ("exporter", "AWS_ACCESS_KEY_ID"): "testbed",
        ("exporter", "AWS_SECRET_ACCESS_KEY"): "testbed",
    }
    stored = [value for source in sources().values() for value in source.get("secureJsonData", {}).values()]
    assert stored == ["testbed", "testbed"]


def test_nobody_can_log_into_grafana_and_everybody_may_look() -> None:
    environment = stack.services()["grafana"]["environment"]
    wanted = {
        "GF_AUTH_ANONYMOUS_ENABLED": "true",
        "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
        "GF_AUTH_BASIC_ENABLED": "false",
        "GF_AUTH_DISABLE_LOGIN_FORM": "true",
        "GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION": "true",
    }
    assert wanted.items() <= environment.items()


def test_the_command_lines_are_understood() -> None:
    account = account_command.make_context("athena-testbed", list(stack.services()["testbed"]["command"])).params
    assert account["address"] == ("0.0.0.0", stack.PORTS["testbed"])
    name, *arguments = stack.services()["exporter"]["command"]
    ((source, target), _) = stack.mounts("exporter")
    moved = [word.replace(target, str(stack.ROOT / source)) for word in arguments]
    read_by = serve.make_context(name, moved).params
    assert name == serve.name
    assert read_by["config_path"].resolve() == EXPORTER
    assert read_by["listen_address"] == f"0.0.0.0:{stack.PORTS['exporter']}"


def test_the_exporter_reads_the_account_that_is_simulated() -> None:
    config = load(EXPORTER, {})
    account = account_command.make_context("athena-testbed", list(stack.services()["testbed"]["command"])).params
    assert config.aws.endpoint_url == f"http://testbed:{stack.PORTS['testbed']}"
    assert [target.region for target in config.targets] == [account["region"]]
    assert config.ledger.seed <= account["history"]
    assert config.identity.patience >= config.ledger.seed, "else the oldest queries of the windows have no user"


def test_the_ledger_lies_in_the_volume() -> None:
    folder = Path(stack.images()["exporter"].last("WORKDIR").rest)
    assert ("ledger", str(folder)) in stack.mounts("exporter")
    assert not load(EXPORTER, {}).ledger.path.is_absolute()


def test_a_data_source_is_where_its_service_listens() -> None:
    region = account_command.make_context("x", list(stack.services()["testbed"]["command"])).params["region"]
    prometheus, cloudwatch = sources()["prometheus"], sources()["cloudwatch"]
    assert sources().keys() == {"prometheus", "cloudwatch"}
    assert (prometheus["type"], prometheus["url"]) == ("prometheus", f"http://prometheus:{stack.PORTS['prometheus']}")
    assert cloudwatch["type"] == "cloudwatch"
    assert cloudwatch["jsonData"] == {
        "authType": "keys",
        "defaultRegion": region,
        "endpoint": f"http://testbed:{stack.PORTS['testbed']}",
    }


def test_grafana_knows_how_often_prometheus_scrapes() -> None:
    """`$__rate_interval` is reckoned from it."""
    assert sources()["prometheus"]["jsonData"]["timeInterval"] == read(PROMETHEUS)["global"]["scrape_interval"]


def test_grafana_finds_the_generated_dashboards_and_opens_on_the_overview() -> None:
    (provider,) = read(GRAFANA / "dashboards" / "dashboards.yml")["providers"]
    mounted = {target: source for source, target in stack.mounts("grafana")}
    assert mounted[provider["options"]["path"]] == "./dashboards/generated"
    home = Path(stack.services()["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) == provider["options"]["path"]
    file = stack.ROOT / "dashboards" / "generated" / home.name
    assert json.loads(file.read_text(encoding="utf-8"))["uid"] == "athena-overview"
    assert "http://127.0.0.1:3000/d/athena-overview" in stack.COMPOSE.read_text(encoding="utf-8")


def test_the_rules_ask_data_sources_that_are_there_and_lie_beside_the_dashboards() -> None:
    (provider,) = read(GRAFANA / "dashboards" / "dashboards.yml")["providers"]
    groups = [group for file in sorted((GRAFANA / "alerting").glob("*.yaml")) for group in read(file).get("groups", [])]
    assert {group["folder"] for group in groups} == {provider["folder"]}
    asked = {query["datasourceUid"] for group in groups for rule in group["rules"] for query in rule["data"]}
    assert asked - {"__expr__"} <= sources().keys()


def test_an_address_in_the_environment_is_all_that_a_channel_needs() -> None:
    channels = sorted((GRAFANA / "contact-points").glob("*.yaml"))
    named = {name for file in channels for name in re.findall(r"\$\{(\w+)\}", file.read_text(encoding="utf-8"))}
    assert len(named) >= len(channels) > 1
    given = yaml.safe_load(stack.COMPOSE.read_text(encoding="utf-8"))["services"]["grafana"]["environment"]
    assert {name: given.get(name) for name in named} == {name: f"${{{name}:-}}" for name in named}


def test_the_channel_that_is_mounted_without_a_choice_is_the_one_that_is_provisioned() -> None:
    targets = {target: source for source, target in stack.mounts("grafana")}
    chosen = stack.ROOT / targets["/etc/grafana/provisioning/alerting/contact-points.yaml"]
    assert chosen.read_bytes() == (GRAFANA / "alerting" / "contact-points.yaml").read_bytes()
