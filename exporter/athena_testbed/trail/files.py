"""CloudTrail's files: how they are named, and how they are written.

Source of the names: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
"""

import gzip
import json
from collections.abc import Iterable
from datetime import UTC, datetime

from athena_testbed.wire import Json


def file_key(account_id: str, region: str, at_ms: int, token: str, *, prefix: str = "", organisation: str = "") -> str:
    """The key of a file that is delivered at a time (milliseconds); `organisation` is `o-...`, empty for none."""
    at = datetime.fromtimestamp(at_ms // 1000, tz=UTC)
    return (
        f"{_root(account_id, prefix, organisation)}/CloudTrail/{region}/{at:%Y/%m/%d}/"
        f"{account_id}_CloudTrail_{region}_{at:%Y%m%dT%H%MZ}_{token}.json.gz"
    )


def digest_key(account_id: str, region: str, at_ms: int, *, prefix: str = "", organisation: str = "") -> str:
    """The key of the digest of an hour's files, which holds no records."""
    at = datetime.fromtimestamp(at_ms // 1000, tz=UTC)
    return (
        f"{_root(account_id, prefix, organisation)}/CloudTrail-Digest/{region}/{at:%Y/%m/%d}/"
        f"{account_id}_CloudTrail-Digest_{region}_trail_{region}_{at:%Y%m%dT%H%M%SZ}.json.gz"
    )


def packed(records: Iterable[Json]) -> bytes:
    """A file of these records, as CloudTrail writes it: no blanks, `Records` first, gzip."""
    text = json.dumps({"Records": list(records)}, separators=(",", ":"), ensure_ascii=False)
    return gzip.compress(text.encode(), compresslevel=6, mtime=0)


def _root(account_id: str, prefix: str, organisation: str) -> str:
    return "/".join(part for part in (prefix.strip("/"), "AWSLogs", organisation, account_id) if part)
