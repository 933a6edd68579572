"""Asks what every panel, variable and rule asks, of Prometheus and of AWS, and says how much came back."""

import json
import math
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import boto3
from botocore.exceptions import ClientError
from processes import until

from athena_dashboards.alerts.model import Group, Rule
from athena_dashboards.alerts.rules import GROUPS
from athena_dashboards.grafana import Json, dashboard_json
from athena_dashboards.model import Dashboard, Panel
from panels import grafana
from panels.grafana import Range, Value, Values
from panels.world import REGION, World

_ALL = "$__all"
_LABEL_VALUES = re.compile(r"label_values\((?:(?P<selector>.+),\s*)?(?P<label>\w+)\)")
RULES = "alert rules"


class QueryError(Exception):
    """A data source has refused a question; the message is its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One query and what came of it.

    `found`: how many series or rows have a value; None: it failed, as `error` says. `because`: why none is right.
    """

    board: str
    panel: str
    query: str
    text: str
    found: int | None
    error: str = ""
    because: str = ""

    @property
    def is_bad(self) -> bool:
        return self.found is None or (self.found == 0 and not self.because)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A target of a panel, where it stands, and what its variables are there."""

    board: str
    panel: str
    because: str
    columns: int
    target: Json
    values: Values
    reach: str = ""
    """The panel's own range, where it has one."""


@dataclass(slots=True)
class DataSources:
    """A world's Prometheus, CloudWatch and Logs, asked as Grafana asks them. `close` it."""

    world: World
    _clients: dict[str, Any] = field(default_factory=dict)

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def reach(self, since: str) -> Range:
        """A dashboard's range, up to the moment that the world is asked at."""
        length = grafana.reach_of(since)
        return Range(since=self.world.at - length, until=self.world.at, scrape=self.world.plan.pace(length))

    def ask(self, place: Place, asked: Range) -> tuple[str, int]:
        """The question as it was sent, and how many series or rows answered.

        Raises:
            QueryError, UnknownVariableError: with the data source's words.
        """
        target = place.target
        kind = target["datasource"]["type"]
        if kind == "prometheus":
            return self._prometheus(place, asked)
        if kind == "cloudwatch" and target["queryMode"] == "Logs":
            return self._logs(place, asked)
        if kind == "cloudwatch":
            return self._metrics(place, asked)
        raise QueryError(f"nothing here answers {kind}")

    # -- Prometheus -----------------------------------------------------------------------------------------------

    def rows(self, expression: str, asked: Range, step_s: int = 0) -> list[dict[str, Any]]:
        """Series of an expression: at the range's end, or with a step over all of it. Raises QueryError."""
        if not step_s:
            return list(self._api("query", {"query": expression, "time": asked.until.timestamp()})["result"])
        # As Grafana aligns it, so that a refresh asks for the same moments again.
        since, end = (math.floor(at.timestamp() / step_s) * step_s for at in (asked.since, asked.until))
        parameters = {"query": expression, "start": since, "end": end, "step": step_s}
        return list(self._api("query_range", parameters)["result"])

    def _api(self, path: str, parameters: Mapping[str, object]) -> Any:  # Prometheus's JSON
        url = f"{self.world.prometheus.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as refused:
            raise QueryError(json.load(refused)["error"]) from refused

    def _prometheus(self, place: Place, asked: Range) -> tuple[str, int]:
        step = grafana.step_of(place.target, place.columns, asked)
        values = {**place.values, **grafana.intervals(step, asked)}
        text = grafana.filled(place.target["expr"], values, "prometheus")
        found = self.rows(text, asked, 0 if place.target["instant"] else step)
        return text, sum(map(_has_value, found))

    def label_values(self, query: str, values: Values, asked: Range) -> list[str]:
        """What a variable of Prometheus offers. Raises QueryError."""
        found = _LABEL_VALUES.fullmatch(grafana.filled(query, values, "prometheus"))
        if found is None:
            raise QueryError(f"only label_values is known here, not {query}")
        parameters = {"match[]": found["selector"], "start": asked.since.timestamp(), "end": asked.until.timestamp()}
        return list(self._api(f"label/{found['label']}/values", parameters))

    def results(self, query: str, only: str, values: Values, asked: Range) -> list[str]:
        """What a variable takes of the series that an expression has, as Grafana writes them. Raises QueryError."""
        expression = query.removeprefix("query_result(").removesuffix(")")
        series = self.rows(grafana.filled(expression, values, "prometheus"), asked)
        texts = (",".join(f'{name}="{value}"' for name, value in one["metric"].items()) for one in series)
        found = (re.search(only.strip("/"), f"{{{text}}}") for text in texts)
        return sorted({one[1] for one in found if one})

    # -- AWS --------------------------------------------------------------------------------------------------------

    def _client(self, service: str) -> Any:  # botocore makes its clients at run time
        if service not in self._clients:
            make = cast("Callable[..., Any]", boto3.client)  # the stubs want each service's name spelt out
            self._clients[service] = make(
                service, endpoint_url=self.world.account.url, region_name=REGION,
                aws_access_key_id="grafana", aws_secret_access_key="not-a-secret",
            )  # fmt: skip  # as short as it can be said
        return self._clients[service]

    def _call(self, service: str, operation: str, **arguments: Any) -> Any:  # as above
        try:
            return getattr(self._client(service), operation)(**arguments)
        except ClientError as error:
            raise QueryError(str(error)) from error

    def _metrics(self, place: Place, asked: Range) -> tuple[str, int]:
        query = grafana.metric_query(place.target, place.values, asked)
        arguments = {"MetricDataQueries": [query], "StartTime": asked.since, "EndTime": asked.until}
        results: list[Mapping[str, Any]] = []
        while True:
            answer = self._call("cloudwatch", "get_metric_data", **arguments, ScanBy="TimestampAscending")
            results += answer["MetricDataResults"]
            if not answer.get("NextToken"):
                break
            arguments["NextToken"] = answer["NextToken"]
        text = query.get("Expression") or str(query.get("MetricStat"))
        return text, len({(one["Id"], one.get("Label")) for one in results if one["Values"]})

    def _logs(self, place: Place, asked: Range) -> tuple[str, int]:
        text = grafana.filled(place.target["expression"], place.values, "glob")
        started = self._call(
            "logs", "start_query", logGroupNames=place.target["logGroupNames"], queryString=text,
            startTime=math.floor(asked.since.timestamp()), endTime=math.ceil(asked.until.timestamp()), limit=1000,
        )  # fmt: skip  # as short as it can be said
        answers: list[Mapping[str, Any]] = []

        def is_over() -> bool:
            answers.append(self._call("logs", "get_query_results", queryId=started["queryId"]))
            return answers[-1]["status"] not in {"Scheduled", "Running"}

        until(is_over, what=f"Logs Insights answers {text}", every=0.02)
        if answers[-1]["status"] != "Complete":
            raise QueryError(f"Logs Insights: {answers[-1]['status']}")
        return text, len(answers[-1]["results"])

    def listed(self, query: Mapping[str, Any], values: Values) -> list[str]:
        """What a variable of CloudWatch offers. Raises QueryError."""
        if query["queryType"] == "regions":
            return sorted(one["RegionName"] for one in self._call("ec2", "describe_regions")["Regions"])
        if query["queryType"] != "dimensionValues":
            raise QueryError(f"a variable of type {query['queryType']} is not known here")
        name = query["dimensionKey"]
        wanted = [{"Name": name}] + [
            {"Name": key, "Value": one}
            for key, value in query.get("dimensionFilters", {}).items()
            for one in grafana.expanded(value, values)
        ]
        pages = self._client("cloudwatch").get_paginator("list_metrics")
        found = pages.paginate(Namespace=query["namespace"], MetricName=query["metricName"], Dimensions=wanted)
        metrics = (metric for page in found for metric in page["Metrics"])
        return sorted({one["Value"] for metric in metrics for one in metric["Dimensions"] if one["Name"] == name})


def _has_value(series: Mapping[str, Any]) -> bool:
    points = series.get("values") or [series["value"]]
    return any(value != "NaN" for _, value in points)


@dataclass(slots=True)
class Board:
    """A dashboard as Grafana holds it: its document, and what its variables offer and have chosen."""

    board: Dashboard
    sources: DataSources
    document: Json = field(init=False)
    asked: Range = field(init=False)
    offers: dict[str, list[str]] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.document = dashboard_json(self.board)
        self.asked = self.sources.reach(self.board.since)

    def variables(self) -> Iterator[Asked]:
        """Every variable, in order, as the dashboard is opened."""
        for one in self.document["templating"]["list"]:
            text = str(one.get("query"))
            try:
                offer = self._offer(one)
            except (QueryError, grafana.UnknownVariableError) as error:
                yield self._variable(one, text, None, str(error))
                continue
            self.offers[one["name"]] = offer
            self.values[one["name"]] = _chosen(one, offer)
            if one["type"] != "textbox":
                yield self._variable(one, text, len(offer))

    def _variable(self, one: Json, text: str, found: int | None, error: str = "") -> Asked:
        name = f"variable ${one['name']}"
        return Asked(board=self.board.uid, panel=name, query=one["type"], text=text, found=found, error=error)

    def _offer(self, one: Json) -> list[str]:
        if one["type"] == "datasource":
            return ["uid"]
        if one["type"] == "custom":
            return [option["value"] for option in one["options"] if option["value"] != _ALL]
        if one["type"] == "textbox":
            return [one["query"]]
        if one["query"].get("query", "").startswith("query_result("):
            return self.sources.results(one["query"]["query"], one["regex"], self.values, self.asked)
        if one["datasource"]["type"] == "prometheus":
            found = self.sources.label_values(one["query"]["query"], self.values, self.asked)
        else:
            found = self.sources.listed(one["query"], self.values)
        only = grafana.filled(one.get("regex") or "", self.values, "glob").strip("/")
        return [value for value in found if re.search(only, value)] if only else found

    def places(self, chosen: Values) -> Iterator[Place]:
        """Every target, collapsed rows included; of a row or a panel that is repeated, the first repetition."""
        signals = {one.id: one.signal for one in self.board.panels() if isinstance(one, Panel)}
        for panel, repeat in _panels(self.document["panels"]):
            values = {**self.values, **chosen}
            if repeat and repeat not in chosen:
                values[repeat] = Value(values=(self.offers[repeat][0],))
            for target in panel.get("targets", ()):
                if "rawSQL" in target:  # tests/dashboards/test_history.py asks them, of DuckDB
                    continue
                yield Place(
                    board=self.board.uid, panel=panel["title"], because=signals[panel["id"]].empty_is_right,
                    columns=panel["gridPos"]["w"], target=target, values=values, reach=panel.get("timeFrom", ""),
                )  # fmt: skip  # as short as it can be said

    def answers(self, chosen: Values | None = None) -> Iterator[Asked]:
        """Every query of every panel."""
        for place in self.places(chosen or {}):
            yield answered(self.sources, place, self.asked)

    def answer(self, place: Place, chosen: Values) -> Asked:
        """One query with other choices."""
        return answered(self.sources, replace(place, values={**place.values, **chosen}), self.asked)


def answered(sources: DataSources, place: Place, asked: Range) -> Asked:
    """A query and what came of it."""
    found: int | None = None
    text, error = str(place.target.get("expr") or place.target.get("expression")), ""
    asked = sources.reach(f"now-{place.reach}") if place.reach else asked
    try:
        text, found = sources.ask(place, asked)
    except (QueryError, grafana.UnknownVariableError) as raised:
        error = str(raised)
    return Asked(
        board=place.board, panel=place.panel, query=place.target["refId"], text=text, found=found, error=error,
        because=place.because,
    )  # fmt: skip  # as short as it can be said


def rules(sources: DataSources) -> Iterator[Asked]:
    """The expression of every alert rule; where none is right, the rule's own choice for no data says why."""
    asked = sources.reach("now-1h")
    for group in GROUPS:
        for rule in group.rules:
            yield _judged(sources, group, rule, asked)


def _judged(sources: DataSources, group: Group, rule: Rule, asked: Range) -> Asked:
    text = rule.asked().text
    found: int | None = None
    error = ""
    try:
        found = sum(map(_has_value, sources.rows(text, asked)))
    except QueryError as raised:
        error = str(raised)
    return Asked(
        board=RULES, panel=rule.title, query=group.name, text=text, found=found, error=error,
        because=rule.no_data.why,
    )  # fmt: skip  # as short as it can be said


def _panels(panels: list[Json], repeat: str = "") -> Iterator[tuple[Json, str]]:
    """Every panel that is no row, with the variable that it or its row is repeated for."""
    below = repeat
    for panel in panels:
        if panel["type"] == "row":
            below = str(panel.get("repeat") or "")
            yield from _panels(panel.get("panels", []), below)
        else:
            yield panel, str(panel.get("repeat") or below)


def _chosen(one: Json, offer: list[str]) -> Value:
    """What a dashboard shows when it is opened for the first time."""
    is_many = bool(one.get("multi") or one.get("includeAll"))
    current = one.get("current", {}).get("value")
    if current in ([_ALL], _ALL):
        if one.get("allValue"):
            return Value(values=(one["allValue"],), is_many=True, is_raw=True)
        return Value(values=tuple(offer), is_many=True)
    if isinstance(current, list):
        return Value(values=tuple(current), is_many=is_many)
    return Value(values=(str(current or (offer or [""])[0]),), is_many=is_many)
