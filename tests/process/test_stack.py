"""docker-compose.yml without containers: the same commands with the same files, only their addresses on loopback."""

import json
import os
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import boto3
import pytest
import stack
import yaml
from processes import Process, Prometheus, fetch, free_port, process, until

from athena_exporter import catalog

pytestmark = [pytest.mark.process, pytest.mark.prometheus]

WITHOUT_GRAFANA = [name for name in stack.services() if name != "grafana"]
"""Grafana is no Debian package; what it is given is judged by what answers its data sources here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Up:
    """The stack under way."""

    bare: stack.Bare
    processes: dict[str, Process]
    unhealthy_before: dict[str, bool]

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.bare.ports[service]}"

    def prometheus(self) -> Prometheus:
        return Prometheus(self.url("prometheus"))

    def told(self, path: str) -> Any:
        text = fetch(f"{self.url('prometheus')}/api/v1/{path}")
        assert text is not None, f"Prometheus did not answer {path}"
        return json.loads(text)["data"]


def healthy(bare: stack.Bare, service: str) -> bool:
    """What the health check says, with the time it has."""
    seconds = int(stack.services()[service]["healthcheck"]["timeout"].removesuffix("s"))
    with suppress(subprocess.TimeoutExpired):
        return subprocess.run(bare.check(service), capture_output=True, check=False, timeout=seconds).returncode == 0
    return False


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, prometheus: str, promtool: str) -> Iterator[Up]:
    """Started as compose starts it: in the order of `depends_on`, each once the health check of the last succeeds."""
    folder = tmp_path_factory.mktemp("stack")
    ports = {name: free_port() for name in stack.PORTS}
    bare = stack.Bare(folder=folder, ports=ports, programs=stack.own_programs(prometheus, promtool))
    running = Up(bare=bare, processes={}, unhealthy_before={})
    waits = {name: stack.services()[name].get("depends_on", {}) for name in WITHOUT_GRAFANA}
    with ExitStack() as ending:
        for name in TopologicalSorter(waits).static_order():
            running.unhealthy_before[name] = not healthy(bare, name)
            running.processes[name] = ending.enter_context(process(bare.command(name), folder / f"{name}.log"))
            until(partial(is_healthy, running, name), what=f"{name} is healthy")
        yield running


def is_healthy(running: Up, name: str) -> bool:
    started = running.processes[name]
    assert started.running, f"{stack.shown(running.bare.command(name))}\n{started.log.read_text(encoding='utf-8')}"
    return healthy(running.bare, name)


def test_a_health_check_fails_before_its_service_is_up_and_succeeds_then(up: Up) -> None:
    assert up.unhealthy_before == dict.fromkeys(WITHOUT_GRAFANA, True)
    # Each has the time that compose gives it, and compose asks again, too.
    until(lambda: all(is_healthy(up, name) for name in WITHOUT_GRAFANA), what="all services are healthy")


def test_prometheus_scrapes_every_target_that_it_was_given(up: Up) -> None:
    committed = yaml.safe_load((stack.ROOT / "provisioning" / "prometheus" / "prometheus.yml").read_text())
    jobs = {job["job_name"] for job in committed["scrape_configs"]}

    def health() -> dict[str, str]:
        return {target["labels"]["job"]: target["health"] for target in up.told("targets")["activeTargets"]}

    until(lambda: health() == dict.fromkeys(jobs, "up"), what="all targets are up")


def test_every_committed_rule_is_loaded_and_evaluates(up: Up) -> None:
    files = sorted((stack.ROOT / "provisioning" / "prometheus" / "rules").glob("*.yaml"))
    committed = [rule["alert"] for file in files for group in yaml.safe_load(file.read_text())["groups"]
                 for rule in group["rules"]]  # fmt: skip

    def loaded() -> dict[str, str]:
        return {rule["name"]: rule["health"] for group in up.told("rules")["groups"] for rule in group["rules"]}

    assert committed
    assert sorted(loaded()) == sorted(committed)
    until(lambda: set(loaded().values()) <= {"ok"}, what="all rules were evaluated without an error")


def test_the_users_of_the_account_appear_in_prometheus(up: Up) -> None:
    company = json.loads(fetch(f"{up.url('testbed')}/_testbed/company") or "{}")
    known = {one["label"].partition("/")[0] for one in [*company["people"], *company["services"]]}

    def seen() -> set[str]:
        rows = up.prometheus().query(f"{catalog.USER_WINDOW_QUERIES.name} > 0")
        return known & {row["metric"]["user"] for row in rows}

    until(lambda: len(seen()) >= 3, what="three of the company's people and services ran queries")


def test_grafanas_data_source_for_prometheus_finds_it(up: Up) -> None:
    source = data_source(up, "prometheus")
    request = urllib.request.Request(
        f"{source['url']}/api/v1/query",
        data=urllib.parse.urlencode({"query": "up"}).encode(),
        method=source["jsonData"]["httpMethod"],
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert json.load(answer)["status"] == "success"


def test_grafanas_data_source_for_cloudwatch_finds_the_workgroups(up: Up) -> None:
    source = data_source(up, "cloudwatch")
    client = boto3.client(
        "cloudwatch",
        endpoint_url=source["jsonData"]["endpoint"],
        region_name=source["jsonData"]["defaultRegion"],
        aws_access_key_id=source["secureJsonData"]["accessKey"],
        aws_secret_access_key=source["secureJsonData"]["secretKey"],
    )
    metrics = client.list_metrics(Namespace="AWS/Athena", MetricName="ProcessedBytes")["Metrics"]
    client.close()
    assert {dimension["Name"] for metric in metrics for dimension in metric["Dimensions"]} >= {"WorkGroup"}


def data_source(up: Up, uid: str) -> dict[str, Any]:
    path = stack.ROOT / "provisioning" / "grafana" / "datasources" / "datasources.yml"
    moved = yaml.safe_load(stack.on_loopback(path.read_text(encoding="utf-8"), up.bare.ports))
    (source,) = (source for source in moved["datasources"] if source["uid"] == uid)
    return dict(source)


def test_what_a_process_keeps_on_disk_lies_in_its_volume(up: Up) -> None:
    """Everything else in its container is read-only."""
    for name, one in up.processes.items():
        written = set(files_written(one.popen.pid)) - {one.log}
        volume = up.bare.volume(name)
        assert [path for path in written if volume not in path.parents] == []
        assert bool(written) is any(not source.startswith("./") for source, _ in stack.mounts(name))


def files_written(pid: int) -> Iterator[Path]:
    """The regular files that a process has open for writing."""
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # it may be closed while we look
            target = descriptor.readlink()
            flags = Path(f"/proc/{pid}/fdinfo/{descriptor.name}").read_text().split("flags:")[1].split()[0]
            if target.is_file() and int(flags, 8) & (os.O_WRONLY | os.O_RDWR):
                yield target


def test_stop_ends_every_service_within_its_grace(up: Up) -> None:
    """The last test: it ends what the others look at."""
    for name in reversed(list(up.processes)):
        grace = int(stack.services()[name].get("stop_grace_period", "10s").removesuffix("s"))
        began = time.monotonic()
        assert up.processes[name].end() == 0, f"{name}: {up.processes[name].log.read_text(encoding='utf-8')[-500:]}"
        assert time.monotonic() - began < grace
