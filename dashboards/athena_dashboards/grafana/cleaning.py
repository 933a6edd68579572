"""What grafanalib adds and Grafana has no use for, taken away."""

import json
from collections.abc import Iterable
from typing import Any

from grafanalib import _gen

Json = dict[str, Any]

_LEGACY_PANEL = frozenset(
    {"editable", "error", "height", "span", "minSpan", "cacheTimeout", "columns", "fontSize", "color", "mappings",
     "hideTimeOverride"}
)  # fmt: skip  # a list of words
_ROW = ("type", "title", "id", "gridPos", "collapsed", "panels", "repeat", "datasource")
_EMPTY_IS_NOISE = ("links", "transformations", "mappings")


def plain(grafanalib_object: Any) -> Any:
    """As lists and dictionaries: grafanalib's objects hold others, each with its own `to_json_data`."""
    return json.loads(json.dumps(grafanalib_object, cls=_gen.DashboardEncoder))


def pruned(value: Any) -> Any:
    """Without members that are None, but for a threshold's base value and a variable's choice, which are null."""
    if isinstance(value, dict):
        is_step = set(value) == {"color", "value"}
        return {key: pruned(one) for key, one in value.items() if one is not None or (is_step and key == "value")}
    if isinstance(value, list):
        return [pruned(one) for one in value]
    return value


def without(document: Json, keys: Iterable[str]) -> Json:
    """A copy that lacks some members."""
    gone = frozenset(keys)
    return {key: value for key, value in document.items() if key not in gone}


def only(document: Json, keys: Iterable[str]) -> Json:
    """A copy that has only some members."""
    return {key: document[key] for key in keys if key in document}


def finished(panel: Any) -> Json:
    """A panel of grafanalib as JSON, with what its plug-in knows."""
    document = without(plain(panel), _LEGACY_PANEL)
    noise = [key for key in _EMPTY_IS_NOISE if not document.get(key)]
    document = without(document, noise)
    if document.get("repeat") is None:
        document = without(document, ("repeat", "repeatDirection", "maxPerRow"))
    return Json(pruned(document))


def finished_row(row: Any) -> Json:
    """A row: a heading, and its panels while it is collapsed."""
    kept = {key: value for key, value in only(plain(row), _ROW).items() if value is not None}
    return Json(pruned(kept))
