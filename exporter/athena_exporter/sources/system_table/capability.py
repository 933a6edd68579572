"""Whether there is a system table at all: the SDK has to know the operation, the account to have the table switched on.

Stage: GetSystemTableConfiguration -> **capability** -> source.py, probing.py.
https://docs.aws.amazon.com/athena/latest/ug/athena-system-tables.html
"""

from collections.abc import Callable, Collection
from datetime import datetime

import botocore
from botocore.exceptions import ClientError

from athena_exporter.library.system_table import REQUIRED
from athena_exporter.sources import errors
from athena_exporter.sources.answers import Answer, Clock, answered_at, ask
from athena_exporter.sources.asking import AskingApi
from athena_exporter.sources.errors import OwnError

OPERATION = "get_system_table_configuration"
FIRST_SDK = "1.43.126"
"""The first botocore that knows the operation."""
_MISSING = "ResourceNotFoundException"


class SystemTableError(OwnError):
    """The table cannot be read, for a reason that is nobody's fault at AWS; `why` says what to do about it."""

    fmt = "the system table cannot be read: {why}"

    def __init__(self, why: str) -> None:
        """One line."""
        super().__init__(why=why)


def switched_on(client: AskingApi, clock: Clock) -> datetime:
    """AWS's clock, once it is known that the account keeps the table.

    Raises:
        SystemTableError: the SDK is too old, or the table is off.
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as they are.
    """
    # Asked of the client itself: types of botocore know less than its models do.
    operation: Callable[..., Answer] | None = getattr(client, OPERATION, None)
    if operation is None:
        raise SystemTableError(
            f"botocore {botocore.__version__} does not know GetSystemTableConfiguration; install {FIRST_SDK} or newer, "
            "or set sources.system_table.enabled: false"
        )
    try:
        return answered_at(ask(operation, TableName="ALL"), clock)
    except ClientError as error:
        if errors.code_of(error) != _MISSING:
            raise
        raise SystemTableError(
            "Athena's system tables are off in this account and Region; switch them on (aws athena "
            "create-system-table-configuration --table-name ALL), or set sources.system_table.enabled: false"
        ) from error


def require_columns(found: Collection[str]) -> None:
    """Raises SystemTableError: a column is missing without which rows say nothing."""
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        raise SystemTableError(
            f"it has no column {', '.join(missing)}; it has {', '.join(sorted(found)) or 'none'}: this version of the "
            "exporter does not know such a table, set sources.system_table.enabled: false"
        )
