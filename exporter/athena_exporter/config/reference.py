"""The configuration as a table for people, from the model's own defaults and descriptions."""

from collections.abc import Iterator

from pydantic.fields import FieldInfo

from athena_exporter.config.document import Location
from athena_exporter.config.kinds import Kind
from athena_exporter.config.model import Config, dotted
from athena_exporter.config.problems import section_of
from athena_exporter.config.section import Section


def table() -> str:
    """Markdown: every key with its default and its meaning, in the order of the model; ends with a newline."""
    rows = [f"| `{key}` | `{default}` | {meaning} |" for key, default, meaning in _rows(Config, ())]
    return "\n".join(["| key | default | meaning |", "| --- | --- | --- |", *rows]) + "\n"


def _rows(section: type[Section], start: Location) -> Iterator[tuple[str, str, str]]:
    for name, field in section.model_fields.items():
        location = (*start, name)
        inner = section_of(section, name)
        listed = inner is not None and isinstance(field.default, tuple)
        if inner is None or listed:
            yield dotted(location), _default(field), _cell(field.description or "")
        if inner is not None:
            yield from _rows(inner, (*start, f"{name}[]" if listed else name))


def _default(field: FieldInfo) -> str:
    kind = next((kind for kind in field.metadata if isinstance(kind, Kind)), None)
    if kind is not None:
        return _cell(kind.write(field.default))
    if any(isinstance(item, Section) for item in field.default):
        return "null"  # those that ship: a list of sections has no place in a cell
    return _cell("[" + ", ".join(f"'{item.pattern}'" for item in field.default) + "]")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
