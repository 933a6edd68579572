"""How CloudTrail names its files: whose they are, from where, and when they were delivered.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from athena_exporter.records import Target

ROOT = "AWSLogs/"
"""Stands in every key, behind the trail's own prefix."""
ORGANISATION = r"o-[a-z0-9]{10,32}"
"""What stands behind it in the files of an organisation's trail."""

_KEY = re.compile(
    rf"(?:.*/)?AWSLogs/(?:{ORGANISATION}/)?(?P<account>\d{{12}})/(?P<kind>CloudTrail(?:-[A-Za-z]+)?)/"
    r"(?P<region>[a-z0-9-]+)/\d{4}/\d\d/\d\d/(?P<name>[^/]+)",
    re.ASCII | re.DOTALL,
)
_NAME = re.compile(r"\d{12}_CloudTrail_[a-z0-9-]+_(?P<at>\d{8}T\d{4})Z_[^/]*\.json\.gz", re.ASCII)


class Sort(StrEnum):
    """What sort of file a key names."""

    LOG = "log"
    DIGEST = "digest"
    INSIGHT = "insight"
    OTHER = "other"


_SORTS = {"CloudTrail": Sort.LOG, "CloudTrail-Digest": Sort.DIGEST, "CloudTrail-Insight": Sort.INSIGHT}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileName:
    """What a key tells. `target` and `at` (the delivery, whole minutes) are those of a file of records, else None."""

    sort: Sort
    target: Target | None = None
    at: datetime | None = None


def read_key(key: str) -> FileName:
    """What a key tells; a key that CloudTrail would not write is of the sort `other`."""
    found = _KEY.fullmatch(key)
    sort = _SORTS.get(found["kind"], Sort.OTHER) if found else Sort.OTHER
    named = _NAME.fullmatch(found["name"]) if found and sort is Sort.LOG else None
    if found is None or named is None:
        return FileName(sort=Sort.OTHER if sort is Sort.LOG else sort)
    try:
        at = datetime.strptime(named["at"], "%Y%m%dT%H%M").replace(tzinfo=UTC)
    except ValueError:
        return FileName(sort=Sort.OTHER)
    return FileName(sort=sort, target=Target(account_id=found["account"], region=found["region"]), at=at)
