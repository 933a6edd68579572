"""What an alert rule is, before Grafana's and Prometheus's words.

Stage: promql, thresholds, signals, boards -> **model** -> rules (the table), renderings (the files).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from athena_dashboards.alerts.wording import Wording
from athena_dashboards.model import Signal
from athena_dashboards.promql import Expr
from athena_dashboards.thresholds import Threshold

PREFIX = "Athena"
"""What the name of every rule begins with."""


class RuleError(ValueError):
    """A rule that can't be built; the message names it."""


class Severity(StrEnum):
    """How soon somebody should look, and so who is told: routing follows it."""

    CRITICAL = "critical"
    """Now: somebody is called."""
    WARNING = "warning"
    """Today: a ticket."""
    INFO = "info"
    """When there is time: a line of the daily digest."""


class State(StrEnum):
    """What Grafana takes a rule for that has no data, or could not be evaluated; in its own words, all known to 9.3."""

    OK = "OK"
    ALERTING = "Alerting"
    NO_DATA = "NoData"
    ERROR = "Error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A state and why it is the right one."""

    state: State
    why: str


NOTHING_TO_WARN_OF = Choice(
    state=State.OK, why="the expression has a series only where something happened: none is the normal case"
)
ONE_PAGE_IS_ENOUGH = Choice(
    state=State.OK,
    why="if Prometheus does not answer, AthenaExporterDown says so once; every rule saying it would bury that",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The panel that shows the rule's figure: a signal on a dashboard, whose panel id is looked up."""

    board: str
    signal: Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One question asked all the time; an alert for each series of its expression that is beyond the threshold.

    `uid` is for ever: silences and history hang on it. `title` is the alert's name and the runbook's heading.
    `expr` is a function, so that a metric that was renamed is told with the rule's name; it carries no variable of
    Grafana. `lasts`: how long it must hold before somebody is told. `summary` is the same for every alert of the rule,
    `description` names the series, the value and the threshold. `line`: why the panel draws no line at the threshold,
    empty where it draws it.
    """

    uid: str
    title: str
    severity: Severity
    expr: Callable[[], Expr]
    threshold: Threshold
    lasts: timedelta
    summary: str
    description: Wording
    shown: Shown
    line: str = ""
    no_data: Choice = NOTHING_TO_WARN_OF
    on_error: Choice = ONE_PAGE_IS_ENOUGH
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def anchor(self) -> str:
        """The runbook's heading, as a link names it."""
        return self.title.lower()

    def asked(self) -> Expr:
        """The expression.

        Raises:
            RuleError: it can't be built, or is bound to a dashboard's variables.
        """
        try:
            expr = self.expr()
        except (AttributeError, ValueError) as error:
            raise RuleError(f"rule {self.title}: {error}") from error
        if "$" in expr.text:
            raise RuleError(f"rule {self.title}: a rule has no dashboard whose variables it could use: {expr.text}")
        return expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that are evaluated together, every `interval`."""

    name: str
    interval: timedelta
    rules: tuple[Rule, ...]
