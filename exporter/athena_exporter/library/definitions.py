"""The table and its views as Athena's DDL, and as the parts that terraform hands to Glue.

Stage: table, ddl/*.sql -> **definitions** -> terraform's generated JSON, `athena-exporter questions --ddl`, people.
Partition projection: https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from athena_exporter.library.rendering import quoted
from athena_exporter.library.table import COLUMNS, PARTITION, SCHEMA_VERSION, TABLE, VIEW, Column, Type

API_OUTPUT = "athena_api_output"
"""The first article's table of executions, as a view."""
TRAIL = "cloudtrail_logs"
"""The first article's table of CloudTrail's events, as a view; module audit-trail's table has the same name."""
DATA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "input_format": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "output_format": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "serialization_library": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    }
)
"""What STORED AS PARQUET means to Glue."""
_IDENTITY = (
    "struct<type:string,principalid:string,arn:string,accountid:string,invokedby:string,accesskeyid:string,"
    "username:string,identityprovider:string,onbehalfof:struct<userid:string,identitystorearn:string>,"
    "sessioncontext:struct<attributes:struct<mfaauthenticated:string,creationdate:string>,"
    "sessionissuer:struct<type:string,principalid:string,arn:string,accountid:string,username:string>,"
    "sourceidentity:string,ec2roledelivery:string,"
    "webidfederationdata:struct<federatedprovider:string,attributes:map<string,string>>>>"
)
"""`useridentity` as module audit-trail declares it."""
_PARTITION = ("day", Type.STRING.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One view. `columns` are names and types as Hive spells them, in the order of the SELECT."""

    name: str
    description: str
    columns: tuple[tuple[str, str], ...]
    reads_trail: bool = False


def _strings(names: str) -> Iterator[tuple[str, str]]:
    return ((name, Type.STRING.value) for name in names.split())


VIEWS = (
    View(
        name=VIEW,
        description="One row a query: the last that was written of it, and cost_usd",
        columns=(*((one.name, one.type.value) for one in COLUMNS), ("cost_usd", "double"), _PARTITION),
    ),
    View(
        name=API_OUTPUT,
        description="Executions, with the columns of the AWS article on Realtor.com",
        columns=(
            ("queryid", "string"), ("querydatabase", "string"), ("executiontime", "bigint"),
            ("datascanned", "bigint"), ("status", "string"), ("submissiondatetime", "string"),
            ("completiondatetime", "string"), _PARTITION,
        ),
    ),
    View(
        name=TRAIL,
        description="CloudTrail's events, with the columns of the same article",
        columns=(
            ("eventversion", "string"),
            ("useridentity", _IDENTITY),
            *_strings("eventtime eventsource eventname awsregion sourceipaddress useragent errorcode errormessage"),
            *_strings("requestid eventid"),
            ("resources", "array<struct<arn:string,accountid:string,type:string>>"),
            *_strings("eventtype apiversion"),
            ("readonly", "boolean"),
            *_strings("recipientaccountid sharedeventid vpcendpointid requestparameters responseelements"),
            *_strings("additionaleventdata serviceeventdetails account region day"),
        ),
        reads_trail=True,
    ),
)  # fmt: skip  # a table
"""In the order in which they are made: a view reads what stands before it."""


def select(view: View, *, trail: str | None = None) -> str:
    """The view's SELECT, its comments left out, as Glue's Presto view wants it in `originalSql`.

    Args:
        view: one of `VIEWS`.
        trail: module audit-trail's table, as `database.table`; needed where the view `reads_trail`.

    Raises:
        ValueError: a view of the trail without the trail's table, or a name that is none.
    """
    text = _resource("ddl", view.name)
    if view.reads_trail:
        text = text.replace("{trail}", _qualified(trail))
    return text.replace("{columns}", ",\n    ".join(column.name for column in COLUMNS))


def create_view(view: View, *, trail: str | None = None) -> str:
    """CREATE OR REPLACE VIEW; arguments and errors as `select` has them."""
    return f"CREATE OR REPLACE VIEW {view.name} AS\n{select(view, trail=trail)}"


def location(bucket: str, prefix: str) -> str:
    """Where the table's days lie: `s3://bucket/athena-history/v1/`. `prefix` ends with a slash, or is empty."""
    return f"s3://{bucket}/{prefix}v{SCHEMA_VERSION}/"


def properties(bucket: str, prefix: str, first_day: date) -> dict[str, str]:
    """The table's parameters: Athena works out the days by itself, and nobody adds partitions."""
    return {
        "EXTERNAL": "TRUE",
        "classification": "parquet",
        "parquet.compression": "ZSTD",
        "projection.enabled": "true",
        f"projection.{PARTITION}.type": "date",
        f"projection.{PARTITION}.format": "yyyy-MM-dd",
        f"projection.{PARTITION}.interval": "1",
        f"projection.{PARTITION}.interval.unit": "DAYS",
        f"projection.{PARTITION}.range": f"{first_day:%Y-%m-%d},NOW",
        "storage.location.template": f"{location(bucket, prefix)}{PARTITION}=${{{PARTITION}}}/",
    }


def create_table(bucket: str, prefix: str, first_day: date) -> str:
    """CREATE EXTERNAL TABLE of the raw rows.

    Args:
        bucket: where the exporter writes.
        prefix: as the exporter's configuration has it, `athena-history/`.
        first_day: the earliest day that may hold files; days before it are never read.
    """
    told = properties(bucket, prefix, first_day)
    settings = ",\n".join(f"    {quoted(key)} = {quoted(value)}" for key, value in told.items() if key != "EXTERNAL")
    columns = ",\n".join(map(_column, COLUMNS))
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {TABLE} (\n{columns}\n)\n"
        f"PARTITIONED BY ({PARTITION} string)\n"
        f"STORED AS PARQUET\n"
        f"LOCATION {quoted(location(bucket, prefix))}\n"
        f"TBLPROPERTIES (\n{settings}\n)"
    )


def trail_table(trail_location: str) -> str:
    """The article's own CREATE EXTERNAL TABLE of CloudTrail's events: `s3://bucket/AWSLogs/111122223333/CloudTrail/`.

    It has no partitions, so that each question reads all of it.
    """
    return _resource("ddl", "cloudtrail_logs_table").replace("{location}", quoted(trail_location))


def original(name: str) -> str:
    """A query of the article: `users_of_queries` or `usage_by_user`. Only its eventSource is corrected."""
    return _resource("original", name)


def _column(column: Column) -> str:
    # DDL is Hive's, whose strings escape by a backslash; in a SELECT, which is Trino's, a quote is doubled.
    comment = column.comment.replace("\\", "\\\\").replace("'", "\\'")
    return f"    {column.name} {column.type.value} COMMENT '{comment}'"


def _qualified(trail: str | None) -> str:
    if trail is None or not re.fullmatch(r"[a-z0-9_]+\.[a-z0-9_]+", trail):
        raise ValueError(f"trail: {trail!r} is no table; write it as database.table, in lower case")
    return ".".join(f'"{part}"' for part in trail.split("."))


@cache
def _resource(folder: str, name: str) -> str:
    """The file's SQL without the comment that heads it."""
    text = (files("athena_exporter.library") / folder / f"{name}.sql").read_text(encoding="utf-8")
    return re.sub(r"\A(?:--.*\n)+", "", text).strip()
