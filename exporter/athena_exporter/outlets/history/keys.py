"""Where files of the query history are, and what they are called."""

import re
from datetime import date

from athena_exporter.library.table import PARTITION, SCHEMA_VERSION

_FOLDER = re.compile(rf"{PARTITION}=(\d{{4}}-\d\d-\d\d)/")
_ENDING = ".parquet"


def root(prefix: str) -> str:
    """The folder of all days, of this version of the schema."""
    return f"{prefix}v{SCHEMA_VERSION}/"


def folder(prefix: str, day: str) -> str:
    """The folder of one day, `2026-03-10`."""
    return f"{root(prefix)}{PARTITION}={day}/"


def day_of(prefix: str, path: str) -> date | None:
    """The day of a folder, None if this is the folder of none."""
    found = _FOLDER.fullmatch(path.removeprefix(root(prefix)))
    try:
        return date.fromisoformat(found.group(1)) if found else None
    except ValueError:
        return None


def part(prefix: str, day: str, *, ledger_id: str, first: int, last: int, digest: str) -> str:
    """The file of some facts. The digest is theirs: the same facts have the same key, and only they have it.

    A ledger that is restored from a backup gives its old numbers to other facts.
    """
    return f"{folder(prefix, day)}{ledger_id}-{first:012d}-{last:012d}-{digest}{_ENDING}"


def merged(prefix: str, day: str, digest: str) -> str:
    """The file that stands in place of others; the digest is that of their keys."""
    return f"{folder(prefix, day)}merged-{digest}{_ENDING}"


def is_file(key: str) -> bool:
    """Whether Athena reads it as one of the table's: names that begin with a dot or an underscore are hidden."""
    name = key.rpartition("/")[2]
    return bool(name) and name[0] not in "._"
