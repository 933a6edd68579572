"""What every part of the configuration is."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from athena_exporter.config.document import Location


class Section(BaseModel):
    """A part of the configuration: frozen, refuses unknown keys, empty means all defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _defaults_if_nothing(cls, found: object) -> object:
        return {} if found is None else found


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Two keys whose values can't hold together; the first location is the one to mend."""

    locations: tuple[Location, ...]
    words: str


def refuse(found: tuple[Conflict, ...]) -> None:
    """Make pydantic refuse a section for what can't hold together in it, if anything."""
    if found:
        words = "; ".join(conflict.words for conflict in found)
        raise PydanticCustomError("conflicts", "{words}", {"words": words, "conflicts": found})
