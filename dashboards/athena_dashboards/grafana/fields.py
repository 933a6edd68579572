"""Thresholds, columns and links as Grafana's field configuration."""

from collections.abc import Iterable, Mapping
from typing import Any

from athena_dashboards.model import Column, DataLink
from athena_dashboards.theme import CALM, CRITICAL, NEUTRAL, Unit
from athena_dashboards.thresholds import Threshold

Json = dict[str, Any]


def steps(threshold: Threshold | None) -> list[Json]:
    """The base colour, and where it turns; without a threshold the base alone."""
    if threshold is None:
        return [{"color": CALM, "value": None}]
    below, above = (CRITICAL, CALM) if threshold.is_floor else (CALM, CRITICAL)
    return [{"color": below, "value": None}, {"color": above, "value": threshold.value}]


def thresholds(threshold: Threshold | None) -> Json:
    """As field configuration."""
    return {"mode": "absolute", "steps": steps(threshold)}


def links(data_links: Iterable[DataLink]) -> list[Json]:
    """Links on values."""
    return [{"title": one.title, "url": one.url, "targetBlank": one.is_new_tab} for one in data_links]


def fixed_color(name: str, color: str) -> Json:
    """The series of that name always has the colour."""
    return override("byName", name, [("color", {"mode": "fixed", "fixedColor": color})])


def dashed(name: str, *, is_grey: bool = True) -> Json:
    """The series of that name is drawn dashed: what it is compared with; grey, unless it has a colour."""
    style = {"fill": "dash", "dash": [8, 8]}
    color = {"mode": "fixed", "fixedColor": NEUTRAL}
    properties = [("custom.lineStyle", style), ("custom.fillOpacity", 0)]
    return override("byName", name, [*properties, ("color", color)] if is_grey else properties)


def override(matcher: str, of: str, properties: Iterable[tuple[str, Any]]) -> Json:
    """Settings of some fields."""
    return {
        "matcher": {"id": matcher, "options": of},
        "properties": [{"id": name, "value": value} for name, value in properties],
    }


def column(one: Column, unit: Unit, *, has_reason: bool = False) -> Json:
    """A table's column, by the title that it was given.

    `has_reason`: the table says why it is empty by its default for values that are missing, and a cell must not.
    """
    properties = list(_properties(one, unit))
    if has_reason and not one.no_value:
        properties.append(("noValue", ""))
    return override("byName", one.title, properties)


def _properties(one: Column, unit: Unit) -> Iterable[tuple[str, Any]]:
    shown_unit = one.unit or (unit if one.field.startswith("#") else None)
    plain = {"unit": shown_unit, "decimals": one.decimals, "custom.width": one.width, "noValue": one.no_value or None}
    yield from ((name, value) for name, value in plain.items() if value is not None)
    if one.links:
        yield "links", links(one.links)
    yield from _cell(one)
    if one.mappings:
        yield "mappings", mappings(one.mappings)


def mappings(words: Mapping[str, str]) -> list[Json]:
    """Words instead of values; none without words."""
    options = {value: {"text": text, "index": place} for place, (value, text) in enumerate(words.items())}
    return [{"type": "value", "options": options}] if words else []


def _cell(one: Column) -> Iterable[tuple[str, Any]]:
    """How the cell is drawn: coloured by its threshold, or with a bar."""
    if one.threshold is not None:
        yield "thresholds", thresholds(one.threshold)
    if one.is_gauge:
        yield "custom.cellOptions", {"type": "gauge", "mode": "basic"}
        yield "color", {"mode": "thresholds"}
    elif one.threshold is not None:
        yield "custom.cellOptions", {"type": "color-text"}
