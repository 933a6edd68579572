"""What the demo starts, with which configuration: the account, the exporter, Prometheus.

Pure but for the files it writes into the demo's own folder.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from athena_testbed.demo import runaway
from athena_testbed.demo.ports import Address
from athena_testbed.settings import ACCOUNT_ID

REGION = "eu-west-1"
PROVISIONING = Path(__file__).resolve().parents[3] / "provisioning" / "prometheus" / "prometheus.yml"
"""Prometheus's configuration as the project ships it."""
JOB = "athena-exporter"
"""The scrape job of that configuration that reads the exporter."""
SCRAPE_INTERVAL = "1s"


INBOX = "budgets"
"""Whose letters the exporter's notifications are."""
GUARD_ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/athena-guard"


class Guard(StrEnum):
    """What the exporter's guard may do."""

    OFF = "off"
    DRY_RUN = "dry_run"
    ENFORCE = "enforce"


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


def exporter_configuration(ledger: Path, testbed: Address, guard: Guard) -> str:
    """The exporter's configuration, as YAML."""
    document: dict[str, Any] = {
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
        "budgets": [
            {"name": runaway.BUDGET, "per": "user", "window": "rolling 24h", "limit": runaway.LIMIT,
             "enforce": "stop_queries"},
            {"name": "workgroup-month", "per": "workgroup", "window": "month", "limit": "250 USD"},
        ],
        # Long enough that Prometheus has seen the limit, too: so the demo shows one thing after the other.
        "notifications": {
            "wait": "5s",
            "webhooks": [{"name": "inbox", "format": "json", "url": f"{testbed.url}/_testbed/inbox/{INBOX}"}],
        },
        "guard": {"mode": guard.value, "role_arn": GUARD_ROLE, "grace": "10s", "interval": "1s"},
    }  # fmt: skip  # as it reads in YAML
    return yaml.safe_dump(document, sort_keys=False)


def exporter_command(folder: Path, ledger: Path, addresses: Addresses, guard: Guard) -> list[str]:
    """The exporter, with its configuration written into the folder."""
    configuration = folder / "exporter.yml"
    configuration.write_text(exporter_configuration(ledger, addresses.testbed, guard), encoding="utf-8")
    flags = ["--config", str(configuration), "--web.listen-address", addresses.exporter.netloc]
    return [str(exporter_program()), "serve", *flags]


def exporter_program() -> Path:
    """The command `athena-exporter` of this environment."""
    return Path(sys.executable).with_name("athena-exporter")


def prometheus_configuration(committed: str, rules: Iterable[Path], exporter: Address) -> str:
    """The project's own configuration with the demo's address and intervals, everything else as it is.

    Args:
        committed: the project's configuration, as YAML.
        rules: the files of rules to load instead of those that it names.
        exporter: what to scrape.
    """
    document: dict[str, Any] = yaml.safe_load(committed)
    for section in (document["global"], *document["scrape_configs"]):
        _hasten(section)
    for job in document["scrape_configs"]:
        if job["job_name"] == JOB:
            job["static_configs"] = [{"targets": [exporter.netloc]}]
    if "rule_files" in document:
        document["rule_files"] = [str(path) for path in rules]
    return yaml.safe_dump(document, sort_keys=False)


def hastened_rules(rules: Iterable[Path], folder: Path) -> list[Path]:
    """Copies of the files of rules that are evaluated as often as the demo scrapes; how long each waits, stays."""
    folder.mkdir()
    copies = []
    for path in rules:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for group in document["groups"]:
            group["interval"] = SCRAPE_INTERVAL
        copies.append(folder / path.name)
        copies[-1].write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return copies


def committed_rules(committed: str) -> list[Path]:
    """The files of rules that the project's configuration names."""
    patterns = yaml.safe_load(committed).get("rule_files", [])
    return [path for pattern in patterns for path in sorted(PROVISIONING.parent.glob(pattern))]


def _hasten(section: dict[str, Any]) -> None:
    """Every interval that the section sets becomes the demo's."""
    for name in ("scrape_interval", "scrape_timeout", "evaluation_interval"):
        if name in section:
            section[name] = SCRAPE_INTERVAL


def prometheus_command(program: str, folder: Path, addresses: Addresses) -> list[str]:
    """Prometheus, with its configuration and its storage in the folder."""
    configuration = folder / "prometheus.yml"
    committed = PROVISIONING.read_text(encoding="utf-8")
    rules = hastened_rules(committed_rules(committed), folder / "rules")
    text = prometheus_configuration(committed, rules, addresses.exporter)
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
