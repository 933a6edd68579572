"""What becomes of the runaway: the metric, the alert, the notification, the stop, each with the time it was seen.

Stage: exporter, Prometheus, inbox -> **story** -> screen. Every part is asked as a stranger would ask it.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import quote

from prometheus_client.parser import text_string_to_metric_families

from athena_testbed.demo.http import ask
from athena_testbed.demo.parts import INBOX
from athena_testbed.demo.ports import Address
from athena_testbed.demo.runaway import BUDGET, PERSON

ALERT = "AthenaBudgetExceeded"
STOP = "stop"
_SHARE = "athena_budget_used_ratio"
_STOPPED = "athena_guard_actions_total"

Probe: TypeAlias = Callable[[], str | None]
"""What a step looks like once it has happened, None before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that is expected to happen, and how it shows."""

    name: str
    probe: Probe


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A step that has happened: when it was first seen, and as what."""

    name: str
    at: datetime
    words: str


class Story:
    """The steps, in the order in which they are expected; what has been seen stays seen."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = tuple(steps)
        self.seen: dict[str, Seen] = {}

    def look(self, now: datetime) -> Iterator[Seen]:
        """What has happened since the last look."""
        for step in self._steps:
            if step.name not in self.seen:
                words = step.probe()
                if words is not None:
                    self.seen[step.name] = Seen(name=step.name, at=now, words=words)
                    yield self.seen[step.name]

    @property
    def open(self) -> list[str]:
        """The names of what has not happened yet."""
        return [step.name for step in self._steps if step.name not in self.seen]


def steps(*, exporter: Address, testbed: Address, prometheus: Address | None, stops: bool) -> Iterator[Step]:
    """The runaway's story; without Prometheus there is no alert, and `stops` says whether the guard may act."""
    yield Step(name="metric", probe=lambda: crossed(ask(exporter, "/metrics").decode()))
    if prometheus is not None:
        yield Step(name="alert", probe=lambda: firing(json.loads(ask(prometheus, "/api/v1/alerts"))))
    path = f"/_testbed/inbox?name={quote(INBOX)}"
    yield Step(name="notification", probe=lambda: told(json.loads(ask(testbed, path))))
    if stops:
        yield Step(name=STOP, probe=lambda: stopped(ask(exporter, "/metrics").decode()))


def crossed(page: str) -> str | None:
    """Whether the exporter's page shows the person at the limit or above it."""
    for labels, value in _series(page, _SHARE):
        if labels["budget"] == BUDGET and labels["subject"] == PERSON and value >= 1:
            return f'{_SHARE}{{budget="{BUDGET}",subject="{PERSON}"}} {value:.2f}'
    return None


def firing(answer: Mapping[str, Any]) -> str | None:
    """Whether Prometheus's alert of the person is firing."""
    for alert in answer["data"]["alerts"]:
        labels = alert["labels"]
        if (labels["alertname"], labels.get("subject"), alert["state"]) == (ALERT, PERSON, "firing"):
            return f"{ALERT} fires, severity {labels['severity']}"
    return None


def told(letters: Sequence[Mapping[str, Any]]) -> str | None:
    """Whether the webhook has got the notification of the person's limit."""
    for letter in letters:
        body = letter["body"]
        if body.get("subject") == PERSON and body.get("level") == "exceeded":
            return str(body["text"]).splitlines()[0]
    return None


def stopped(page: str) -> str | None:
    """Whether the guard has stopped a query."""
    done = sum(
        value
        for labels, value in _series(page, _STOPPED)
        if labels["budget"] == BUDGET and labels["result"] == "stopped"
    )
    return f"{_STOPPED}: {done:.0f} running queries of {PERSON} stopped" if done else None


def _series(page: str, name: str) -> Iterator[tuple[Mapping[str, str], float]]:
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name == name:
                yield sample.labels, sample.value
