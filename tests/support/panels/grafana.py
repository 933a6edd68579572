"""How Grafana asks: variables and intervals put into a target's texts, and the request that its plug-in makes of it.

Restated from github.com/grafana/grafana at v9.3.2 and v10.4.0: public/app/features/templating/template_srv.ts
(variables), packages/grafana-data/src/datetime/rangeutil.ts (intervals), public/app/plugins/datasource/prometheus/
datasource.tsx (steps), pkg/tsdb/cloudwatch/metric_data_query_builder.go (MetricStat or SEARCH).
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

_VARIABLE = re.compile(
    r"\$(?P<bare>\w+)|\[\[(?P<old>\w+?)(?::(?P<oldformat>\w+))?\]\]|\$\{(?P<name>\w+)(?::(?P<format>[^}]+))?\}"
)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "M": 2_592_000, "y": 31_536_000}
_SCREEN = 1850
"""Pixels over all of Grafana's 24 columns on a usual screen: a panel's `maxDataPoints` is its share."""
_COLUMNS = 24
_MOST_POINTS = 11_000
_STEPS_S = (
    1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800,
    2_592_000, 31_536_000,
)  # fmt: skip  # a list of numbers


class UnknownVariableError(ValueError):
    """A text names a variable that the dashboard does not have: Grafana would leave it as it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What is chosen of a variable. `is_many`: the variable may have several values, or all."""

    values: tuple[str, ...]
    is_many: bool = False
    is_raw: bool = False
    """An `allValue`: it goes into the text as it stands, but for variables that it names."""


Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What the time picker says. `scrape` is the data source's scrape interval."""

    since: datetime
    until: datetime
    scrape: timedelta = timedelta(seconds=15)

    @property
    def reach(self) -> timedelta:
        return self.until - self.since


def reach_of(since: str) -> timedelta:
    """The length of a dashboard's own range: `now-24h` -> a day."""
    found = re.fullmatch(r"now-(\d+)([smhdwMy])(?:/\w)?", since)
    if found is None:
        raise ValueError(f"{since}: only ranges that begin at now-<number><unit> are asked for")
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]])


def step_of(target: Mapping[str, Any], columns: int, asked: Range) -> int:
    """The step of a graph, in seconds."""
    span = asked.reach.total_seconds()
    points = _SCREEN * columns // _COLUMNS
    rounded = next(step for step in _STEPS_S if step >= span / points * 0.75)
    least = _seconds(str(target.get("interval") or "")) or asked.scrape.total_seconds()
    return math.ceil(max(rounded, least, span / _MOST_POINTS))


def _seconds(text: str) -> float:
    found = re.fullmatch(r">?(\d+)([smhdw])", text)
    return float(found[1]) * _UNITS[found[2]] if found else 0.0


def intervals(step_s: int, asked: Range) -> dict[str, Value]:
    """Grafana's own variables."""
    span, scrape = round(asked.reach.total_seconds()), round(asked.scrape.total_seconds())
    texts = {
        "__interval": f"{step_s}s", "__interval_ms": str(step_s * 1000),
        "__rate_interval": f"{max(step_s + scrape, 4 * scrape)}s",
        "__range": f"{span}s", "__range_s": str(span), "__range_ms": str(span * 1000),
        "__from": str(round(asked.since.timestamp() * 1000)), "__to": str(round(asked.until.timestamp() * 1000)),
    }  # fmt: skip  # a list of words
    return {name: Value(values=(text,)) for name, text in texts.items()}


def filled(text: str, values: Values, default: str) -> str:
    """A text with its variables replaced; `default` is the data source's way of writing one.

    Raises:
        UnknownVariableError: there is no such variable.
    """

    def one(found: re.Match[str]) -> str:
        name = found["bare"] or found["old"] or found["name"]
        if name not in values:
            raise UnknownVariableError(f"there is no variable {found[0]} on this dashboard")
        if values[name].is_raw:
            return filled(values[name].values[0], values, "glob")
        return _written(values[name], found["format"] or found["oldformat"] or default)

    return _VARIABLE.sub(one, text)


def _written(value: Value, form: str) -> str:
    """A choice in one of Grafana's formats."""
    if form not in _FORMS:
        raise ValueError(f"format {form!r} of a variable is not known here")
    return _FORMS[form](value)


def _regex(value: Value) -> str:
    return _either([re.sub(r"([\\^$*+?.()|[\]{}/])", r"\\\1", one) for one in value.values])


def _either(patterns: Sequence[str]) -> str:
    return patterns[0] if len(patterns) == 1 else f"({'|'.join(patterns)})"


def _prometheus(value: Value) -> str:
    """Escaped twice: for the regular expression, and for PromQL's string."""
    if not value.is_many:
        return value.values[0].replace("\\", "\\\\").replace("'", "\\\\'")
    escaped = [re.sub(r"[$^*{}\[\]'+?.()|]", r"\\\\\g<0>", one.replace("\\", "\\\\\\\\")) for one in value.values]
    return _either(escaped)


def _glob(value: Value) -> str:
    return value.values[0] if len(value.values) == 1 else "{" + ",".join(value.values) + "}"


_FORMS: Mapping[str, Callable[[Value], str]] = {
    "prometheus": _prometheus,
    "glob": _glob,
    "regex": _regex,
    "pipe": lambda value: "|".join(value.values),
    "csv": lambda value: ",".join(value.values),
    "raw": lambda value: ",".join(value.values),
    "doublequote": lambda value: ",".join(json.dumps(one, ensure_ascii=False) for one in value.values),
    "singlequote": lambda value: ",".join("'" + one.replace("'", "\\'") + "'" for one in value.values),
    "sqlstring": lambda value: ",".join("'" + one.replace("'", "''") + "'" for one in value.values),
}
"""https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax/#advanced-variable-format-options"""


# -- CloudWatch ----------------------------------------------------------------------------------------------------


def metric_query(target: Mapping[str, Any], values: Values, asked: Range) -> dict[str, Any]:
    """What the CloudWatch plug-in sends of a metric's target: a member of MetricDataQueries."""
    query: dict[str, Any] = {"Id": target.get("id") or f"query{target['refId']}", "ReturnData": not target.get("hide")}
    label = _label(target.get("label", ""), values)
    if label:
        query["Label"] = label
    period = period_of(filled(str(target.get("period") or ""), values, "glob"), asked)
    if target.get("metricEditorMode"):
        return query | {"Period": period, "Expression": filled(target["expression"], values, "glob")}
    dimensions = {name: expanded(value, values) for name, value in target["dimensions"].items()}
    if any(len(found) > 1 or "*" in found for found in dimensions.values()):
        return query | {"Expression": _search(target, dimensions, period, values)}
    metric = {
        "Namespace": target["namespace"], "MetricName": filled(target["metricName"], values, "glob"),
        "Dimensions": [{"Name": name, "Value": found[0]} for name, found in dimensions.items()],
    }  # fmt: skip  # a list of words
    return query | {
        "MetricStat": {"Metric": metric, "Period": period, "Stat": filled(target["statistic"], values, "glob")}
    }


_WORDS = re.compile(
    r"\$\{(?:LABEL|MAX|MIN|AVG|SUM|LAST|FIRST|MAX_TIME|MIN_TIME|LAST_TIME|FIRST_TIME|PROP\([^)]*\))[^}]*\}"
)
"""CloudWatch's own: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html"""


def _label(text: str, values: Values) -> str:
    """A dynamic label: Grafana's variables are replaced, CloudWatch's words stay."""
    plain = _WORDS.split(text)
    words = _WORDS.findall(text)
    return "".join(filled(part, values, "glob") + word for part, word in zip(plain, [*words, ""], strict=True))


def expanded(value: str | Sequence[str], values: Values) -> list[str]:
    """A dimension's values: a variable with several is a list, everything else is one text."""
    if not isinstance(value, str):
        return [part for one in value for part in expanded(one, values)] if len(value) == 1 else list(value)
    return filled(value, values, "pipe").split("|") if value.startswith("$") else [value]


def _search(target: Mapping[str, Any], dimensions: Mapping[str, list[str]], period: int, values: Values) -> str:
    """An exact schema, and every dimension whose values are known."""
    terms = [f'MetricName="{filled(target["metricName"], values, "glob")}"']
    for name in sorted(dimensions):
        found = [one.replace('"', '\\"') for one in dimensions[name]]
        if "*" not in found:
            texts = " OR ".join(f'"{one}"' for one in found)
            terms.append(f'"{name}"={texts if len(found) == 1 else f"({texts})"}')
    schema = ",".join(f'"{one}"' for one in (target["namespace"], *sorted(dimensions)))
    statistic = filled(target["statistic"], values, "glob")
    return f"REMOVE_EMPTY(SEARCH('{{{schema}}} {' '.join(terms)}', '{statistic}', {period}))"


def period_of(text: str, asked: Range) -> int:
    """In seconds; left to Grafana, it grows with the range and with its distance from now."""
    if text and text != "auto":
        return int(text) if text.isdigit() else round(_seconds(text))
    wanted = asked.reach.total_seconds() / 2000
    return next(period for period in (60, 300, 900, 3600, 21_600, 86_400) if period >= wanted)
