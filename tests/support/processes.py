"""Processes of the product and of Prometheus on loopback, started and ended by their own process ids."""

import json
import os
import random
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testbed",
    "AWS_SECRET_ACCESS_KEY": "testbed",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": "eu-west-1",
}


def free_port() -> int:
    """A port that nobody listens on, and that no outgoing connection takes before we do: those begin at 32,768."""
    for port in random.SystemRandom().sample(range(10_000, 30_000), 1000):
        with socket.socket() as probe, suppress(OSError):  # somebody listens there: the next one
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("a thousand ports are taken")


def until(
    condition: Callable[[], object], *, what: str | Callable[[], str], seconds: float = 60, every: float = 0.2
) -> None:
    """Poll a condition up to a deadline; `what` is said, or asked then, when it never came true.

    The deadline ends a test that fails. It is long, for a busy machine is no failure.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what if isinstance(what, str) else what()}")
        time.sleep(every)


def fetch(url: str) -> str | None:
    """The body of a page, None while nobody answers with 200."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return str(answer.read().decode())
    except OSError:
        return None


class Process:
    """One running command; its output goes to a file."""

    def __init__(self, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> None:
        self.log = log
        known = {**os.environ, **ENVIRONMENT} if env is None else dict(env)
        with log.open("ab") as output:
            self.popen = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, env=known)

    @property
    def running(self) -> bool:
        return self.popen.poll() is None

    def kill(self) -> None:
        self.popen.send_signal(signal.SIGKILL)
        self.popen.wait(timeout=60)

    def end(self) -> int:
        """Ask it to end and wait; its exit code."""
        with suppress(ProcessLookupError):
            self.popen.send_signal(signal.SIGTERM)
        try:
            return self.popen.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


@contextmanager
def process(command: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> Iterator[Process]:
    started = Process(command, log, env)
    try:
        yield started
    finally:
        if started.running:
            started.end()


Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scrape(url: str) -> Series:
    """Every series of an exporter: (name, sorted labels) -> value; empty while it is down."""
    text = fetch(f"{url}/metrics")
    return {} if text is None else parse(text)


def parse(text: str) -> Series:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def summed(series: Series, name: str, *labels: str) -> dict[tuple[str, ...], float]:
    """A metric's values summed over all but these labels; series that add up to 0 are left out."""
    total: dict[tuple[str, ...], float] = {}
    for (metric, pairs), value in series.items():
        if metric == name:
            key = tuple(dict(pairs)[label] for label in labels)
            total[key] = total.get(key, 0) + value
    return {key: value for key, value in total.items() if value}


class Prometheus:
    """A real Prometheus that scrapes one exporter every second."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, expression: str, at: float | None = None) -> list[dict[str, Any]]:
        parameters = {"query": expression} | ({} if at is None else {"time": repr(at)})
        text = fetch(f"{self.url}/api/v1/query?{urllib.parse.urlencode(parameters)}")
        assert text is not None, f"Prometheus did not answer {expression}"
        return list(json.loads(text)["data"]["result"])

    def series(self, expression: str, name: str, at: float | None = None) -> Series:
        """The result as series of the metric `name`, scrape labels left out."""
        return {
            (
                name,
                tuple(sorted((k, v) for k, v in row["metric"].items() if k not in {"__name__", "job", "instance"})),
            ): (float(row["value"][1]))
            for row in self.query(expression, at)
        }


@contextmanager
def prometheus_server(binary: str, folder: Path, exporter: str) -> Iterator[Prometheus]:
    """Run it on loopback with its data under `folder`, scraping `exporter` (host:port), from now on.

    It waits for five seconds before it scrapes for the first time: an exporter that begins meanwhile could show its
    series at 0 for their whole warm-up, and nobody would have seen them.
    """
    configuration = folder / "prometheus.yml"
    configuration.write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
        f"scrape_configs: [{{job_name: exporter, static_configs: [{{targets: ['{exporter}']}}]}}]\n"
    )
    address = f"127.0.0.1:{free_port()}"
    command = [
        binary,
        f"--config.file={configuration}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address={address}",
    ]
    with process(command, folder / "prometheus.log"):
        server = Prometheus(f"http://{address}")
        until(lambda: fetch(f"{server.url}/-/ready"), what="Prometheus is ready")
        until(lambda: server.query("up"), what="Prometheus scrapes")
        yield server
