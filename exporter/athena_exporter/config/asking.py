"""The configuration of questions to the query history: where Athena is asked, and how much a question may read."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from athena_exporter.config.kinds import duration, size, text
from athena_exporter.config.roles import EXTERNAL_ID, ROLE
from athena_exporter.config.section import Section

_LONGEST_REUSE = timedelta(days=7)


def _is_workgroup(name: str) -> bool:
    return re.fullmatch(r"[a-zA-Z0-9._-]{1,128}", name, re.ASCII) is not None


def _is_database(name: str) -> bool:
    return re.fullmatch(r"[a-z0-9_]{1,255}", name, re.ASCII) is not None


def _is_table(name: str) -> bool:
    return re.fullmatch(r"[a-z0-9_]+\.[a-z0-9_]+", name, re.ASCII) is not None


def _is_location(address: str) -> bool:
    return re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[\w!.*'()/=-]*", address, re.ASCII) is not None


_WORKGROUP = text(wanted="the name of a workgroup", example="athena-observability-history", fits=_is_workgroup)
_DATABASE = text(wanted="the name of a Glue database", example="athena_observability_history", fits=_is_database)
_TABLE = text(wanted="a table as database.table, in lower case", example="billing.cur2", fits=_is_table)
_LOCATION = text(wanted="a folder of S3", example="s3://example-results/history/", fits=_is_location)


class AskingSettings(Section):
    """Who asks the query history in Athena: `report --on athena` and `verify --on athena`."""

    workgroup: Annotated[str | None, _WORKGROUP] = Field(
        default=None, description="The workgroup that questions run in; `--workgroup` chooses another."
    )
    database: Annotated[str | None, _DATABASE] = Field(
        default="athena_observability_history", description="The Glue database of the history's table and views."
    )
    output_location: Annotated[str | None, _LOCATION] = Field(
        default=None, description="Where results go; by default where the workgroup keeps them."
    )
    role_arn: Annotated[str | None, ROLE] = Field(
        default=None, description="A role to assume for asking; by default the exporter's own identity."
    )
    external_id: Annotated[str | None, EXTERNAL_ID] = Field(
        default=None, description="The external id of that role's trust policy."
    )
    max_bytes: Annotated[int, size()] = Field(
        default=100 * 2**30, description="The most that one question may scan; `--max-bytes` allows another amount."
    )
    reuse: Annotated[timedelta, duration(at_most=_LONGEST_REUSE, because="Athena keeps no result longer for that")] = (
        Field(default=timedelta(hours=1), description="How old a result of the same question may be; `0s`: ask anew.")
    )
    cost_report: Annotated[str | None, _TABLE] = Field(
        default=None, description="The table of a Cost and Usage Report 2.0, for `verify --on athena`."
    )

    @property
    def reuse_minutes(self) -> int | None:
        """Whole minutes, as Athena takes them; None: never reuse."""
        return int(self.reuse / timedelta(minutes=1)) or None
