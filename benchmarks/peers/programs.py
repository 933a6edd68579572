"""Every exporter of the comparison as a process: its command, its configuration, its environment, its end."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import yaml
from process import AWS_ENVIRONMENT

from peers import reading
from peers.account import HOSTS, PASSWORD, REGION, URL, Papers
from peers.judging import Page
from peers.tools import JAR_VERSION, YACE_VERSION, Tools

_HERE = Path(__file__).parent
_RULES = {
    "states": {"source": ["aws.athena"], "detail-type": ["Athena Query State Change"]},
    "starts": {"source": ["aws.athena"], "detail-type": ["AWS API Call via CloudTrail"]},
}
_START_SECONDS = 120


class EndedError(Exception):
    """An exporter has ended by itself; its log's last line says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """An exporter; `period` is how long a sample of a peer stands for, None for ours.

    `key` signs its calls, which tells them apart.
    """

    name: str
    key: str
    port: int
    command: tuple[str, ...]
    read: Callable[[str, float], Page]
    environment: Mapping[str, str] = field(default_factory=dict)
    period: float | None = None

    @property
    def url(self) -> str:
        """Its page."""
        return f"http://127.0.0.1:{self.port}/metrics"


@dataclass(frozen=True, slots=True)
class Process:
    """A running exporter; it began so many seconds after 1970."""

    program: Program
    began: float
    popen: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """The process's id."""
        return self.popen.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.popen.poll() is None


def ours(folder: Path, queue_url: str) -> list[Program]:
    """Ours in three configurations, all else by default."""
    sources: Mapping[str, Mapping[str, object]] = {
        "defaults": {},
        "cloudwatch": {"cloudwatch": {"enabled": True}},
        "eventbridge": {"eventbridge": {"enabled": True, "queue_url": queue_url}},
    }
    return [_ours(folder, number, name, settings) for number, (name, settings) in enumerate(sources.items())]


def _ours(folder: Path, number: int, name: str, sources: Mapping[str, object]) -> Program:
    told = {"aws": {"endpoint_url": URL}, "ledger": {"path": str(folder / f"{name}.db")}, "sources": sources}
    config = folder / f"{name}.yml"
    config.write_text(yaml.safe_dump(told), encoding="utf-8")
    port = 9101 + number
    serve = ("serve", "--config", str(config), "--web.listen-address", f"127.0.0.1:{port}")
    return Program(
        name=f"ours, {'defaults' if name == 'defaults' else f'`{name}` on'}", key=f"ours-{name}", port=port,
        command=(sys.executable, "-m", "athena_exporter", *serve), read=reading.ours,
        environment={"AWS_REGION": REGION},
    )  # fmt: skip  # as short as it can be said


def theirs(folder: Path, tools: Tools, papers: Papers) -> list[Program]:
    """The peers: YACE, and cloudwatch_exporter with each of its two ways to ask."""
    return [
        _yace(tools),
        _cloudwatch_exporter(folder, tools, papers, "GetMetricStatistics", use_get_metric_data=False),
        _cloudwatch_exporter(folder, tools, papers, "GetMetricData", use_get_metric_data=True),
    ]


def _yace(tools: Tools) -> Program:
    return Program(
        name=f"YACE {YACE_VERSION}", key="yace", port=9201, read=reading.theirs, period=300,
        command=(str(tools.yace), "-config.file", str(_HERE / "yace.yml"), "-listen-address", "127.0.0.1:9201"),
        environment={"AWS_ENDPOINT_URL": URL, "AWS_REGION": REGION},
    )  # fmt: skip  # as short as it can be said


def _cloudwatch_exporter(folder: Path, tools: Tools, papers: Papers, way: str, *, use_get_metric_data: bool) -> Program:
    """Its AWS SDK (2.27) takes no address from anywhere: names lead to the account, whose certificate Java trusts."""
    config, hosts = folder / f"cloudwatch_exporter-{way}.yml", folder / "hosts"
    told = (_HERE / "cloudwatch_exporter.yml").read_text(encoding="utf-8")
    config.write_text(f"{told}use_get_metric_data: {str(use_get_metric_data).lower()}\n", encoding="utf-8")
    hosts.write_text("".join(f"127.0.0.1 {name}\n" for name in (*HOSTS, "localhost")), encoding="ascii")
    properties = {
        "jdk.net.hosts.file": hosts,
        "javax.net.ssl.trustStore": papers.truststore,
        "javax.net.ssl.trustStorePassword": PASSWORD,
    }
    port = 9203 if use_get_metric_data else 9202
    options = tuple(f"-D{name}={value}" for name, value in properties.items())
    return Program(
        name=f"cloudwatch_exporter {JAR_VERSION}, {way}", key=f"cloudwatch-exporter-{way}", port=port,
        command=("java", *options, "-jar", str(tools.jar), str(port), str(config)), read=reading.theirs, period=60,
    )  # fmt: skip  # as short as it can be said


@contextmanager
def running(program: Program, folder: Path) -> Iterator[Process]:
    """The exporter, from the moment it listens; its words go to a file in the folder.

    Raises:
        EndedError: if it ends before it listens, or does not listen in time.
    """
    log = folder / f"{program.key}.log"
    environment = {**os.environ, **AWS_ENVIRONMENT, **program.environment, "AWS_ACCESS_KEY_ID": program.key}
    began = time.time()
    with (
        log.open("wb") as words,
        subprocess.Popen(program.command, env=environment, stdout=words, stderr=subprocess.STDOUT) as process,
    ):
        try:
            _wait(program, process, log)
            yield Process(program, began, process)
        finally:
            process.terminate()


def _wait(program: Program, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", program.port)) == 0:
                return
        time.sleep(0.2)
    words = log.read_text(encoding="utf-8", errors="replace").splitlines() or ["no word"]
    raise EndedError(f"{program.name} does not listen on port {program.port}; its last words: {words[-1]}")


@contextmanager
def queue() -> Iterator[str]:
    """A queue and the rules of EventBridge that fill it; its address."""
    sqs, events = (
        boto3.client(service, region_name=REGION, endpoint_url=URL, aws_access_key_id="set-up",
                     aws_secret_access_key="set-up")
        for service in ("sqs", "events")
    )  # fmt: skip  # one call
    with closing(sqs), closing(events):
        url: str = sqs.create_queue(QueueName="athena-observability-events")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        for name, pattern in _RULES.items():
            events.put_rule(Name=name, EventPattern=json.dumps(pattern))
            events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
        yield url
