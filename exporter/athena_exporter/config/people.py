"""The file that says whom to address for which subject: names or patterns, each with an e-mail, a Slack id, a name."""

import re
from typing import Annotated

from pydantic import Field

from athena_exporter.config.kinds import text
from athena_exporter.config.section import Section

_LONGEST_NAME = 100


def is_email(word: str) -> bool:
    """Whether it looks like one person's address: strict, for it is shown and handed on."""
    return re.fullmatch(r"[\w.+'-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", word, re.ASCII) is not None


def _is_slack_id(word: str) -> bool:
    return re.fullmatch(r"[UWS][A-Z0-9]{6,20}", word) is not None


def _is_name(word: str) -> bool:
    return 0 < len(word.strip()) <= _LONGEST_NAME and word.isprintable()


class PersonSettings(Section):
    """Whom to address."""

    email: Annotated[str | None, text(wanted="an e-mail address", example="maria@example.com", fits=is_email)] = Field(
        default=None, description="The e-mail address."
    )
    slack: Annotated[
        str | None,
        text(
            wanted="the id of a member or of a group in Slack (not the name)", example="U024BE7LH or S0614TZR7",
            fits=_is_slack_id,
        ),
    ] = Field(default=None, description="The id that Slack mentions.")  # fmt: skip  # as short as it can be said
    name: Annotated[
        str | None, text(wanted="a name of at most 100 characters in one line", example="Maria", fits=_is_name)
    ] = Field(default=None, description="The name to say.")


class PeopleFile(Section):
    """What stands in the file: the first pattern that fits a subject holds."""

    people: dict[str, PersonSettings] = Field(default={}, description="Pattern of a subject -> whom to address.")
