"""What Prometheus is given: valid in its own judgement, and reading the exporter where it listens."""

import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from athena_exporter.cli.serving import serve
from athena_exporter.config import Config, parse_duration

ROOT = Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "provisioning" / "prometheus" / "prometheus.yml"
DOCUMENT: dict[str, Any] = yaml.safe_load(PROMETHEUS.read_text(encoding="utf-8"))


@pytest.mark.prometheus
def test_prometheus_accepts_the_configuration(promtool: str) -> None:
    judged = subprocess.run([promtool, "check", "config", PROMETHEUS], capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert "warning" not in (judged.stdout + judged.stderr).lower()


def test_prometheus_reads_the_port_that_the_exporter_listens_on_by_default() -> None:
    (job,) = (job for job in DOCUMENT["scrape_configs"] if job["job_name"] == "athena-exporter")
    (listening,) = (option.default for option in serve.params if option.name == "listen_address")
    assert job["static_configs"] == [{"targets": [f"exporter{listening}"]}]


def test_prometheus_scrapes_a_new_series_twice_while_it_shows_0() -> None:
    interval = parse_duration(DOCUMENT["global"]["scrape_interval"])
    assert timedelta(0) < 2 * interval <= Config().exposition.series_warmup


def test_prometheus_loads_every_rule_that_is_generated() -> None:
    folder = PROMETHEUS.parent
    loaded = {path for pattern in DOCUMENT["rule_files"] for path in folder.glob(pattern)}
    assert loaded == set((folder / "rules").iterdir())
    assert loaded
