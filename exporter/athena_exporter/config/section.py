"""What every part of the configuration is."""

from pydantic import BaseModel, ConfigDict, model_validator


class Section(BaseModel):
    """A part of the configuration: frozen, refuses unknown keys, empty means all defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _defaults_if_nothing(cls, found: object) -> object:
        return {} if found is None else found
