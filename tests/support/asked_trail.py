"""CloudTrail's files beside an asked history, and the queries of a later day whose users they alone can tell."""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from archives import Archive
from book import BORN, DAY, HOUR, MB, SECOND, TARGET, query, query_id, read_of, start
from history_files import trail_columns

from athena_exporter.ledger.store import Ledger
from athena_exporter.library import definitions
from athena_exporter.records import Batch, Evidence

AT = BORN + 5 * DAY + HOUR
"""When these queries end; on no other day of the history."""
ON_TRAIL = ("--on", "athena", "--from", f"{AT:%Y-%m-%d}", "--to", f"{AT:%Y-%m-%d}")
LEDGER = {201: "ann", 202: "ann", 203: "ann"}
"""Query -> who the ledger knows started it."""
TRAIL = {204: "dan", 205: "dan", 206: "eve"}
"""Query -> who CloudTrail's files say started it: nobody told the ledger in time."""
NOBODYS = (207,)
"""Queries that nobody tells of."""
QUERIES = (*LEDGER, *TRAIL, *NOBODYS)
_TABLE = "audit.trail"


def scanned_bytes(number: int) -> int:
    """What such a query has scanned: more than the minimum, and of each another figure."""
    return (number - 190) * MB


def count_nobodys(ledger: Ledger) -> None:
    """Tell the ledger of the queries, and that CloudTrail's event history has no more of them."""
    found = [
        query(number, at=AT + number * SECOND, workgroup="etl", scanned_bytes=scanned_bytes(number))
        for number in QUERIES
    ]
    starts = [start(number, user, at=AT + number * SECOND) for number, user in LEDGER.items()]
    told = Batch(source="athena", target=TARGET, observed_at=AT + HOUR, records=(*found, *starts))
    ledger.apply(told)
    proof = read_of(Evidence.IDENTITIES, begun=AT + DAY)
    ledger.apply(Batch(source="lookup", target=TARGET, observed_at=AT + DAY, reads=(proof,)))


def put_trail(archive: Archive) -> None:
    """The file of that day, where CloudTrail would deliver it."""
    records = [_record(number, user) for number, user in {**LEDGER, **TRAIL}.items()]
    folder = f"AWSLogs/{TARGET.account_id}/CloudTrail/{TARGET.region}/{AT:%Y/%m/%d}"
    archive.put(f"{folder}/trail.json.gz", gzip.compress(json.dumps({"Records": records}).encode()))


def _record(number: int, user: str) -> Mapping[str, Any]:
    role = f"alpha_user_{user}"
    return {
        "eventTime": f"{AT + number * SECOND - timedelta(seconds=10):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "athena.amazonaws.com",
        "eventName": "StartQueryExecution",
        "awsRegion": TARGET.region,
        "recipientAccountId": TARGET.account_id,
        "responseElements": {"queryExecutionId": query_id(number)},
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"AROAEXAMPLE:{user}",
            "arn": f"arn:aws:sts::{TARGET.account_id}:assumed-role/{role}/{user}",
            "sessionContext": {"sessionIssuer": {"type": "Role", "userName": role}},
        },
    }


def statements(archive: Archive) -> Sequence[str]:
    """The trail's table as terraform's module audit-trail declares it, and the view that questions read."""
    return tuple(_statements(f"s3://{archive.name}/AWSLogs"))


def _statements(folder: str) -> Iterator[str]:
    columns = ", ".join(f"{name} {kind}" for name, kind in trail_columns().items())
    yield "CREATE DATABASE audit"
    yield (
        f"CREATE EXTERNAL TABLE {_TABLE} ({columns}) PARTITIONED BY (account string, region string, day string)"
        f" ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe' LOCATION '{folder}/' TBLPROPERTIES ("
        "'projection.enabled' = 'true', 'projection.account.type' = 'enum', 'projection.region.type' = 'enum',"
        " 'projection.day.type' = 'date', 'projection.day.format' = 'yyyy/MM/dd',"
        " 'projection.day.range' = '2026/01/01,NOW',"
        f" 'storage.location.template' = '{folder}/${{account}}/CloudTrail/${{region}}/${{day}}')"
    )
    (view,) = (one for one in definitions.VIEWS if one.reads_trail)
    yield definitions.create_view(view, trail=_TABLE)
