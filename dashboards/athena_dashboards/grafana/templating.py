"""Variables as Grafana's templating."""

from typing import Any

from grafanalib import core as G  # noqa: N812  the letter that everybody who uses grafanalib writes

from athena_dashboards.grafana.cleaning import Json, plain, pruned, without
from athena_dashboards.grafana.targets import datasource
from athena_dashboards.model import (
    ChoiceVariable,
    CloudWatchVariable,
    DatasourceVariable,
    LabelVariable,
    ResultVariable,
    TextVariable,
    Variable,
)
from athena_dashboards.queries import Source

ALL = "$__all"
"""Grafana's value of "everything"."""
_ON_TIME_RANGE = 2
_HIDDEN = 2
_PLUGIN_WORDS = {
    Source.PROMETHEUS: "Prometheus data source",
    Source.CLOUDWATCH: "CloudWatch data source",
    Source.ATHENA: "Athena data source",
}
_FORMS = ("useTags", "tagsQuery", "tagValuesQuery", "auto", "auto_min", "auto_count")


def variable_json(variable: Variable) -> Json:
    """A variable of a dashboard."""
    match variable:
        case DatasourceVariable():
            return _datasource(variable)
        case LabelVariable():
            return _label_values(variable)
        case ResultVariable():
            return _result(variable)
        case CloudWatchVariable():
            return _cloudwatch(variable)
        case ChoiceVariable():
            return _choice(variable)
        case TextVariable():
            return _text(variable)


def _datasource(variable: DatasourceVariable) -> Json:
    source = variable.source
    document = _template(
        name=source.variable, type="datasource", query=source.value, label=_PLUGIN_WORDS[source], refresh=1,
        extra={"current": {}, "skipUrlSync": False, "regex": "", "description": variable.description or None},
    )  # fmt: skip  # as short as it can be said
    return without(document, ("sort",))


def _label_values(variable: LabelVariable) -> Json:
    text = f"label_values({variable.selector().text}, {variable.of})"
    query = {"query": text, "refId": "StandardVariableQuery"}
    all_value = variable.all_value if variable.has_all and not variable.is_all_listed else ""
    document = _query(variable, Source.PROMETHEUS, query, _current(has_all=variable.has_all))
    return document | ({"allValue": all_value} if all_value else {})


def _result(variable: ResultVariable) -> Json:
    """Grafana lists the series as text, `{label="value"} 1 1700000000000`; a regular expression takes the values."""
    query = {"query": f"query_result({variable.query().text})", "refId": "StandardVariableQuery"}
    return _template(
        name=variable.name, type="query", query=query, label=variable.name, dataSource=datasource(Source.PROMETHEUS),
        multi=True, includeAll=True, refresh=_ON_TIME_RANGE, hide=_HIDDEN,
        extra={"current": _current(has_all=True), "regex": f'/{variable.label}="([^",\'\\\\]+)"/', "skipUrlSync": True},
    )  # fmt: skip  # as short as it can be said


def _cloudwatch(variable: CloudWatchVariable) -> Json:
    query = {"refId": "CloudWatchVariableQuery-VariableQuery"} | dict(variable.query)
    current = _chosen(variable.default) if variable.default else _current(has_all=variable.has_all)
    document = _query(variable, Source.CLOUDWATCH, query, current) | {"regex": variable.only}
    return document | ({"allValue": variable.all_value} if variable.all_value else {})


def _query(variable: LabelVariable | CloudWatchVariable, source: Source, query: Json, current: Json) -> Json:
    return _template(
        name=variable.name, type="query", query=query, label=variable.label, dataSource=datasource(source),
        multi=variable.is_multi, includeAll=variable.has_all, refresh=_ON_TIME_RANGE,
        extra={"current": current, "regex": "", "skipUrlSync": False,
               "description": variable.description or None},
    )  # fmt: skip  # as short as it can be said


def _choice(variable: ChoiceVariable) -> Json:
    options = [{"selected": False, "text": word, "value": value} for word, value in variable.choices.items()]
    if variable.has_all:
        options.insert(0, {"selected": False, "text": "All", "value": ALL})
    chosen = next((one for one in options if one["text"] == variable.default), options[0])
    chosen["selected"] = True
    current = _chosen_option(variable, chosen)
    written = ",".join(word if word == value else f"{word} : {value}" for word, value in variable.choices.items())
    document = _template(
        name=variable.name, type="custom", query=written, label=variable.label, options=options,
        multi=variable.is_multi, includeAll=variable.has_all, allValue=variable.all_value or None,
        extra={"current": current, "skipUrlSync": False, "description": variable.description or None},
    )  # fmt: skip  # as short as it can be said
    return without(document, ("refresh", "sort"))


def _chosen_option(variable: ChoiceVariable, chosen: Json) -> Json:
    """What is chosen, as one value or, where several may be, as a list."""
    if not variable.is_multi and chosen["value"] != ALL:
        return {key: chosen[key] for key in ("text", "value")}
    return {"selected": True} | {key: [chosen[key]] for key in ("text", "value")}


def _text(variable: TextVariable) -> Json:
    current = {"selected": True, "text": variable.default, "value": variable.default}
    document = _template(
        name=variable.name, type="textbox", query=variable.default, label=variable.label, options=[current],
        extra={"current": current, "skipUrlSync": False, "description": variable.description or None},
    )  # fmt: skip  # as short as it can be said
    return without(document, ("refresh", "sort", "multi", "includeAll", "regex"))


def _template(*, extra: Json, **fields: Any) -> Json:
    """grafanalib's, with the choice that Grafana makes itself and without what only intervals have."""
    document = without(plain(G.Template(**fields)), (*_FORMS, "current"))
    return Json(pruned(document | without(extra, ("current",)))) | {"current": extra["current"]}


def _current(*, has_all: bool) -> Json:
    return {"selected": True, "text": ["All"], "value": [ALL]} if has_all else {}


def _chosen(value: str) -> Json:
    return {"selected": True, "text": value, "value": value}
