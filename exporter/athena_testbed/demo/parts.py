"""What the demo starts, with which configuration: the account, the exporter, Prometheus.

Pure but for the files it writes into the demo's own folder.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import yaml

from athena_testbed.demo.ports import Address

REGION = "eu-west-1"
PROVISIONING = Path(__file__).resolve().parents[3] / "provisioning" / "prometheus" / "prometheus.yml"
"""Prometheus's configuration as the project ships it."""
JOB = "athena-exporter"
"""The scrape job of that configuration that reads the exporter."""
SCRAPE_INTERVAL = "1s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the three parts listen."""

    exporter: Address
    testbed: Address
    prometheus: Address


def testbed_command(address: Address, now: datetime) -> list[str]:
    """The account: busy today and the whole of yesterday, CloudTrail seconds late instead of minutes."""
    yesterday = datetime.combine(now.astimezone(UTC).date() - timedelta(days=1), time(), tzinfo=UTC)
    settings = {
        "listen-address": address.netloc,
        "region": REGION,
        "history": f"{(now - yesterday).total_seconds():.3f}s",
        # One page of CloudTrail an hour, of which the exporter may read two a second.
        "history-queries-per-day": "500",
        "queries-per-minute": "300",
        "time-scale": "0.1",
        "cloudtrail-delay": "4s",
        "cloudwatch-delay": "4s",
        "listmetrics-delay": "4s",
        "failed-starts": "0.03",
        "rates": "real",
    }
    flags = [word for name, value in settings.items() for word in (f"--{name}", value)]
    return [sys.executable, "-m", "athena_testbed", *flags]


def exporter_configuration(ledger: Path, testbed: Address) -> str:
    """The exporter's configuration, as YAML."""
    document = {
        "targets": [{"region": REGION}],
        # Nobody else needs the quota of this account; all of it, and the odd call would come a moment too early.
        "aws": {"endpoint_url": testbed.url, "rate_share": 0.9},
        "ledger": {"path": str(ledger), "seed": "2d"},
        "sources": {
            "athena": {"interval": "1s"},
            "lookup": {"interval": "1s", "access_events": ["GetDataAccess", "GetTable"]},
            "workgroups": {"interval": "1m", "tags": ["component", "team"]},
            "cloudwatch": {"enabled": True, "interval": "1m", "active_queries": "5s"},
        },
        # As long as the history, so that the first full pass finds the users of all of it.
        "identity": {"patience": "2d", "source_down_after": "3d"},
        "exposition": {"series_warmup": "5s", "interval": "1s"},
        "events": {"enabled": True},
    }
    return yaml.safe_dump(document, sort_keys=False)


def exporter_command(folder: Path, ledger: Path, addresses: Addresses) -> list[str]:
    """The exporter, with its configuration written into the folder."""
    configuration = folder / "exporter.yml"
    configuration.write_text(exporter_configuration(ledger, addresses.testbed), encoding="utf-8")
    flags = ["--config", str(configuration), "--web.listen-address", addresses.exporter.netloc]
    return [str(exporter_program()), "serve", *flags]


def exporter_program() -> Path:
    """The command `athena-exporter` of this environment."""
    return Path(sys.executable).with_name("athena-exporter")


def prometheus_configuration(committed: str, folder: Path, exporter: Address) -> str:
    """The project's own configuration with the demo's address and intervals, everything else as it is.

    Args:
        committed: the project's configuration, as YAML.
        folder: where that lies; relative names in it are relative to it.
        exporter: what to scrape.
    """
    document: dict[str, Any] = yaml.safe_load(committed)
    for section in (document["global"], *document["scrape_configs"]):
        _hasten(section)
    for job in document["scrape_configs"]:
        if job["job_name"] == JOB:
            job["static_configs"] = [{"targets": [exporter.netloc]}]
    if "rule_files" in document:
        document["rule_files"] = [str(folder / name) for name in document["rule_files"]]
    return yaml.safe_dump(document, sort_keys=False)


def _hasten(section: dict[str, Any]) -> None:
    """Every interval that the section sets becomes the demo's."""
    for name in ("scrape_interval", "scrape_timeout", "evaluation_interval"):
        if name in section:
            section[name] = SCRAPE_INTERVAL


def prometheus_command(program: str, folder: Path, addresses: Addresses) -> list[str]:
    """Prometheus, with its configuration and its storage in the folder."""
    configuration = folder / "prometheus.yml"
    committed = PROVISIONING.read_text(encoding="utf-8")
    text = prometheus_configuration(committed, PROVISIONING.parent, addresses.exporter)
    configuration.write_text(text, encoding="utf-8")
    return [
        program,
        f"--config.file={configuration}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address={addresses.prometheus.netloc}",
        "--log.level=warn",
    ]


def environment(own: Mapping[str, str]) -> dict[str, str]:
    """A child's environment: made-up credentials, nothing of the person's AWS set-up, and no proxy before loopback."""
    kept = {name: value for name, value in own.items() if not _is_foreign(name)}
    return kept | {"AWS_ACCESS_KEY_ID": "demo", "AWS_SECRET_ACCESS_KEY": "demo", "AWS_EC2_METADATA_DISABLED": "true"}


def _is_foreign(name: str) -> bool:
    return name.startswith("AWS_") or name.lower() in {"http_proxy", "https_proxy", "all_proxy"}


def company_words(company: Mapping[str, Iterable[object]]) -> str:
    """The answer of `GET /_testbed/company` in one line for people."""
    counts = {name: len(list(company[name])) for name in ("people", "services", "workgroups", "databases")}
    return ", ".join(f"{count} {name}" for name, count in counts.items())
