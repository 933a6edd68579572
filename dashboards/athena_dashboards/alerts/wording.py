"""One sentence about an alert, written once, spoken in Grafana's and in Prometheus's templates.

`{value}` is the figure, `{threshold}` the bound, any other `{name}` a label of the series; `{name|words}` has words for
an alert that has no series, for Grafana could not ask. Both systems expand Go's
templates with Prometheus's functions; they differ in where the figure is found.
Sources: https://prometheus.io/docs/prometheus/latest/configuration/template_reference/ and
https://grafana.com/docs/grafana/latest/alerting/alerting-rules/templates/reference/
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from athena_dashboards.promql import Expr
from athena_dashboards.theme import Unit
from athena_dashboards.thresholds import Threshold

_PLACEHOLDER = re.compile(r"\{(\w+)(?:\|([^}]*))?\}")
_KIB = 1024
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi")


class Dialect(StrEnum):
    """How a template speaks of the figure, in the place of `{}`."""

    GRAFANA = "{{{{ with $values.B }}}}{{{{ {} .Value }}}}{}{{{{ end }}}}"
    """B reduces the query to one figure a series; where a rule has no data there is none, and nothing to say of it."""
    PROMETHEUS = "{{{{ {} $value }}}}{}"


class WordingError(ValueError):
    """A sentence names a label that the rule's series do not have."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A sentence with placeholders."""

    text: str

    def said(self, dialect: Dialect, expr: Expr, threshold: Threshold) -> str:
        """The sentence as a template.

        Raises:
            WordingError: it names a label that the expression's series do not carry.
        """

        def replaced(found: re.Match[str]) -> str:
            return _spoken(found.group(1), found.group(2), dialect, expr, threshold)

        return _PLACEHOLDER.sub(replaced, self.text)


def _spoken(name: str, otherwise: str | None, dialect: Dialect, expr: Expr, threshold: Threshold) -> str:
    if name == "value":
        return dialect.value.format(*_FUNCTIONS[threshold.unit])
    if name == "threshold":
        return readable(threshold)
    if name not in expr.labels:
        known = ", ".join(sorted(expr.labels)) or "none"
        raise WordingError(f"its series have no label {name!r} to speak of; they have {known}")
    if otherwise is None:
        return f"{{{{ $labels.{name} }}}}"
    return f"{{{{ with $labels.{name} }}}}{{{{ . }}}}{{{{ else }}}}{otherwise}{{{{ end }}}}"


_FUNCTIONS = {
    Unit.BYTES: ("humanize1024", "B"),
    Unit.SECONDS: ("humanizeDuration", ""),
    Unit.RATIO: ("humanizePercentage", ""),
    Unit.COUNT: ('printf "%.0f"', ""),
}
"""What both systems offer to write a figure with its unit, and what follows it."""


def readable(threshold: Threshold) -> str:
    """A threshold with its unit, as people read it: `5 TiB`, `25 %`, `30 min`."""
    value = threshold.value
    if threshold.unit is Unit.BYTES:
        return _bytes(value)
    if threshold.unit is Unit.RATIO:
        return f"{value * 100:g} %"
    if threshold.unit is Unit.SECONDS:
        return _duration(value)
    return f"{value:g}"


def _bytes(value: float) -> str:
    place = 0
    while value >= _KIB and place < len(_BINARY) - 1:
        value, place = value / _KIB, place + 1
    return f"{value:g} {_BINARY[place]}B"


def _duration(seconds: float) -> str:
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {name}"
    return f"{seconds:g} s"
