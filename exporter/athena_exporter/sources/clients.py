"""Which tool sent a query: a small, bounded vocabulary read from a CloudTrail record.

Stage: sources/identity.py -> **clients**. The user agent is the caller's to choose, and CloudTrail cuts it at 1 KB;
so the answer is always a word of this module or a service that AWS itself names.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from athena_exporter.records import UNKNOWN

_Find: TypeAlias = Callable[[str], str | None]

LONGEST_AGENT = 1024
"""Characters of a user agent that CloudTrail keeps, and the most that are looked at."""
_REMEMBERED = 1024
"""Texts whose client a table remembers: the same tools come again and again, and an expression takes a while."""


def _table(*rows: tuple[str, str]) -> _Find:
    """The client of the first row whose expression a text holds."""
    compiled = [(re.compile(pattern, re.IGNORECASE), client) for pattern, client in rows]

    @lru_cache(_REMEMBERED)
    def find(text: str) -> str | None:
        return next((client for pattern, client in compiled if pattern.search(text)), None)

    return find


# Tools that say who they are. dbt-athena drives PyAthena, which drives boto3, and each adds its word to the agent:
# the outermost stands first.
_tool_of_agent = _table(
    (r"\bdbt-athena\b", "dbt-athena"),
    (r"\bairflow/", "airflow"),
    (r"\bgrafana/", "grafana"),
    (r"\bmetabase\b", "metabase"),
    (r"\bredash\b", "redash"),
    (r"\bquicksight\b", "quicksight"),
)
_tool_of_session = _table(
    (r"^dbt-athena\b", "dbt-athena"),
    (r"^airflow_", "airflow"),
    (r"^quicksight-rolesession-", "quicksight"),
)
# A server's role is mostly called after it, and Redash adds no word of its own to PyAthena's agent.
_tool_of_role = _table(
    (r"^aws-quicksight-(s3-)?service-role", "quicksight"),
    (r"(^|[-_])redash([-_]|$)", "redash"),
    (r"(^|[-_])metabase([-_]|$)", "metabase"),
)
# Drivers and frameworks that any tool may stand behind.
_driver_of_agent = _table(
    (r"\bawswrangler/", "awswrangler"),
    (r"\bpyathena/", "pyathena"),
    (r"jdbc", "jdbc"),
    (r"odbc", "odbc"),
    (r"\bawsglue/|\bexec-env/AWS_Glue", "glue"),
    (r"\bterraform", "terraform"),
)
_driver_of_session = _table(
    (r"^pyathena-session-", "pyathena"),
    (r"^gluejobrunnersession$", "glue"),
)
# Plain libraries: they tell least, so a session's or a role's word goes before theirs.
_library_of_agent = _table(
    (r"\bexec-env/AWS_Lambda_", "lambda"),
    (r"\baws-cli/", "aws-cli"),
    (r"\b(boto3|botocore)/", "boto3"),
    (r"\baws-sdk-java\b", "sdk-java"),
    (r"\baws-sdk-go\b", "sdk-go"),
    (r"\baws-sdk-(js|nodejs)\b", "sdk-js"),
    (r"\baws-sdk-(dotnet|net)\b", "sdk-dotnet"),
    (r"\baws-sdk-php\b", "sdk-php"),
    (r"\baws-sdk-ruby", "sdk-ruby"),
    (r"\baws-sdk-rust\b", "sdk-rust"),
    (r"\baws-sdk-cpp\b", "sdk-cpp"),
    (r"\baws-sdk-kotlin\b", "sdk-kotlin"),
    (r"\baws-sdk-swift\b", "sdk-swift"),
)
_SERVICE = re.compile(r"^[a-z0-9][a-z0-9.-]{0,60}\.amazonaws\.com$")
_SERVICE_CLIENTS = {
    "quicksight.amazonaws.com": "quicksight",
    "glue.amazonaws.com": "glue",
    "lambda.amazonaws.com": "lambda",
}


def detect_client(record: Mapping[str, Any], *, session: str | None, role: str | None) -> str:
    """The tool behind a CloudTrail record, or `unknown`. Never raises.

    Args:
        record: one CloudTrail record, as parsed JSON.
        session: the name of its role session, where there is one.
        role: the name of its role, where there is one.
    """
    agent = _text(record.get("userAgent"))
    return (
        _tool_of_agent(agent)
        or _tool_of_session(session or "")
        or _tool_of_role(role or "")
        or _driver_of_agent(agent)
        or _driver_of_session(session or "")
        or _service(record)
        or _library_of_agent(agent)
        or _console(record, agent)
        or UNKNOWN
    )


def _text(value: object) -> str:
    return value[:LONGEST_AGENT] if isinstance(value, str) else ""


def _service(record: Mapping[str, Any]) -> str | None:
    """A service on somebody's behalf. Only AWS writes these two fields; an agent may be forged."""
    who = record.get("userIdentity")
    invoked_by = who.get("invokedBy") if isinstance(who, Mapping) else None
    for value in (_text(invoked_by), _text(record.get("sourceIPAddress"))):
        if _SERVICE.match(value):
            return _SERVICE_CLIENTS.get(value, value)
    return None


def _console(record: Mapping[str, Any], agent: str) -> str | None:
    # AWS writes the flag as a string; older records have none, and there a browser is the only sign.
    flagged = str(record.get("sessionCredentialFromConsole")).lower() == "true"
    return "console" if flagged or agent.startswith("Mozilla/") else None
