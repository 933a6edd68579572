"""Glue's Data Catalog as Athena's users see it: the company's databases, tables, partitions and views. Read only.

Source: the Glue API reference and botocore's model of it. How Athena keeps a view (`VIRTUAL_VIEW`, the SQL in a comment
of base64) is what its own views look like in Glue.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Never

from athena_testbed.account import Account
from athena_testbed.settings import ACCOUNT_ID
from athena_testbed.tokens import BadTokenError, seal, unseal
from athena_testbed.wire import AwsError, Json
from athena_testbed.world.catalogue import FACTS, ICEBERG
from athena_testbed.world.views import VIEWS, View

PARTITION_DAYS = 60
"""How many days a partitioned table holds."""
_CREATED = 1_577_836_800.0  # the catalogue was filled on the first of January 2020
_FACT_COLUMNS = (("id", "bigint"), ("customer_id", "bigint"), ("status", "string"), ("amount", "double"))
_PLAIN_COLUMNS = (("id", "bigint"), ("customer_id", "bigint"), ("country", "string"), ("updated_at", "timestamp"))
_VIEW_COLUMNS = (("id", "bigint"), ("value", "double"))
_CONDITION = re.compile(r"\s*\(?\s*dt\s*(?P<operator>=|>=|<=|>|<)\s*'(?P<day>[\d-]+)'\s*\)?\s*", re.IGNORECASE)
_COMPARE: Mapping[str, Callable[[str, str], bool]] = {
    "=": lambda a, b: a == b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
}


class Glue:
    """The Data Catalog of one account and Region."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.operations: Mapping[str, Callable[[Json], Json]] = {
            "GetDatabases": self.get_databases,
            "GetDatabase": self.get_database,
            "GetTables": self.get_tables,
            "GetTable": self.get_table,
            "GetPartitions": self.get_partitions,
            "SearchTables": self.search_tables,
        }

    def get_databases(self, parameters: Json) -> Json:
        """All databases, by name."""
        found = [_database(name) for name in sorted(self._account.company.tables)]
        return _page("DatabaseList", found, parameters, 100, ["databases"])

    def get_database(self, parameters: Json) -> Json:
        """One database."""
        return {"Database": _database(self._known(_text(parameters, "Name")))}

    def get_tables(self, parameters: Json) -> Json:
        """The tables and views of a database, by name, at most 100 a page; `Expression` is a pattern of names."""
        database = self._known(_text(parameters, "DatabaseName"))
        expression = str(parameters.get("Expression") or "")
        try:
            pattern = re.compile(expression.replace("*", ".*") if expression.isidentifier() else expression or ".*")
        except re.error as error:
            raise AwsError("InvalidInputException", f"Expression {expression!r} is not valid") from error
        found = [self._table(database, name) for name in self._names(database) if pattern.fullmatch(name)]
        return _page("TableList", found, parameters, 100, ["tables", database, expression])

    def get_table(self, parameters: Json) -> Json:
        """One table or view."""
        database = self._known(_text(parameters, "DatabaseName"))
        return {"Table": self._table(database, self._named(database, _text(parameters, "Name")))}

    def get_partitions(self, parameters: Json) -> Json:
        """The days of a partitioned table, oldest first; `Expression` may compare `dt`."""
        database = self._known(_text(parameters, "DatabaseName"))
        table = self._named(database, _text(parameters, "TableName"))
        expression = str(parameters.get("Expression") or "")
        days = self._days() if table in FACTS else ()
        found = [_partition(database, table, day) for day in days if _fits(expression, day)]
        return _page("Partitions", found, parameters, 1000, ["partitions", database, table, expression])

    def search_tables(self, parameters: Json) -> Json:
        """Tables and views whose name holds a text."""
        text = str(parameters.get("SearchText") or "").strip('"').lower()
        found = [
            self._table(database, name)
            for database in sorted(self._account.company.tables)
            for name in self._names(database)
            if text in name
        ]
        return _page("TableList", found, parameters, 1000, ["search", text])

    def _known(self, name: str) -> str:
        if name.lower() not in self._account.company.tables:
            _missing(f"Database {name} not found.")
        return name.lower()

    def _names(self, database: str) -> list[str]:
        views = (view.name for view in VIEWS.values() if view.database == database)
        return sorted((*self._account.company.tables[database], *views))

    def _named(self, database: str, name: str) -> str:
        if name.lower() not in self._names(database):
            _missing(f"Table {name} not found.")
        return name.lower()

    def _table(self, database: str, name: str) -> Json:
        view = VIEWS.get(f"{database}.{name}")
        governed = database == self._account.settings.governed_database
        common = {
            "Name": name, "DatabaseName": database, "Owner": "hadoop", "CreateTime": _CREATED, "UpdateTime": _CREATED,
            "Retention": 0, "CreatedBy": f"arn:aws:iam::{ACCOUNT_ID}:role/Admin", "CatalogId": ACCOUNT_ID,
            "IsRegisteredWithLakeFormation": governed, "VersionId": "1",
        }  # fmt: skip  # as short as it can be said
        return {**common, **(_stored(database, name) if view is None else _viewed(view))}

    def _days(self) -> Iterator[str]:
        today = datetime.fromtimestamp(self._account.now_ms() // 1000, tz=UTC).date()
        for age in range(PARTITION_DAYS - 1, -1, -1):
            yield (today - timedelta(days=age)).isoformat()


def _database(name: str) -> Json:
    return {
        "Name": name, "LocationUri": f"s3://harbour-lake/{name}/", "CreateTime": _CREATED, "CatalogId": ACCOUNT_ID,
        "CreateTableDefaultPermissions": [],
    }  # fmt: skip  # as short as it can be said


def _columns(pairs: Sequence[tuple[str, str]]) -> list[Json]:
    return [{"Name": name, "Type": kind} for name, kind in pairs]


def _storage(database: str, table: str, columns: Sequence[tuple[str, str]], suffix: str = "") -> Json:
    package = "org.apache.hadoop.hive.ql.io.parquet"
    return {
        "Columns": _columns(columns),
        "Location": f"s3://harbour-lake/{database}/{table}/{suffix}",
        "InputFormat": f"{package}.MapredParquetInputFormat",
        "OutputFormat": f"{package}.MapredParquetOutputFormat",
        "Compressed": False,
        "NumberOfBuckets": -1,
        "SerdeInfo": {"SerializationLibrary": f"{package}.serde.ParquetHiveSerDe", "Parameters": {}},
        "SortColumns": [],
        "StoredAsSubDirectories": False,
    }


def _stored(database: str, name: str) -> Json:
    parameters = {"EXTERNAL": "TRUE", "classification": "parquet"}
    if name in ICEBERG[database]:
        metadata = f"s3://harbour-lake/{database}/{name}/metadata/00042.metadata.json"
        parameters = {"table_type": "ICEBERG", "metadata_location": metadata}
    return {
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
        "PartitionKeys": [{"Name": "dt", "Type": "date"}] if name in FACTS else [],
        "StorageDescriptor": _storage(database, name, _FACT_COLUMNS if name in FACTS else _PLAIN_COLUMNS),
    }


def _viewed(view: View) -> Json:
    return {
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"comment": "Presto View", "presto_view": "true"} if view.is_presto else {},
        "PartitionKeys": [],
        "ViewOriginalText": view.original_text,
        "ViewExpandedText": "/* Presto View */" if view.is_presto else view.sql,
        "StorageDescriptor": {"Columns": _columns(_VIEW_COLUMNS), "SerdeInfo": {}, "SortColumns": []},
    }


def _partition(database: str, table: str, day: str) -> Json:
    return {
        "Values": [day], "DatabaseName": database, "TableName": table, "CreationTime": _CREATED, "Parameters": {},
        "StorageDescriptor": _storage(database, table, _FACT_COLUMNS, f"dt={day}/"), "CatalogId": ACCOUNT_ID,
    }  # fmt: skip  # as short as it can be said


def _fits(expression: str, day: str) -> bool:
    if not expression.strip():
        return True
    conditions = [_CONDITION.fullmatch(part) for part in re.split(r"\band\b", expression, flags=re.IGNORECASE)]
    if None in conditions:
        raise AwsError("InvalidInputException", f"Expression {expression!r} is not understood: compare dt, with AND")
    return all(match is not None and _COMPARE[match["operator"]](day, match["day"]) for match in conditions)


def _page(name: str, found: Sequence[Json], parameters: Json, most: int, scope: list[Any]) -> Json:
    size = parameters.get("MaxResults", most)
    if not isinstance(size, int) or not 1 <= size <= most:
        raise AwsError("InvalidInputException", f"MaxResults must be between 1 and {most}.")
    begin = 0
    if parameters.get("NextToken"):
        try:
            (begin,) = unseal(str(parameters["NextToken"]), scope)
        except (BadTokenError, ValueError) as error:
            raise AwsError("InvalidInputException", "The pagination token is not valid.") from error
    answer: Json = {name: list(found[begin : begin + size])}
    if begin + size < len(found):
        answer["NextToken"] = seal([begin + size], scope)
    return answer


def _text(parameters: Json, name: str) -> str:
    value = parameters.get(name)
    if not isinstance(value, str) or not value:
        raise AwsError("InvalidInputException", f"{name} must not be null or empty.")
    return value


def _missing(message: str) -> Never:
    raise AwsError("EntityNotFoundException", message)
