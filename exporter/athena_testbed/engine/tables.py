"""Tables as CREATE EXTERNAL TABLE declares them: columns, place, format, and which file is of which partition.

Source of the projection's properties: https://docs.aws.amazon.com/athena/latest/ug/partition-projection-setting-up.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from athena_testbed.engine.dialect import Name
from athena_testbed.engine.failing import unsupported

_PLACE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """An external table. `columns` are those in the files, `partitions` those in their paths, each with its type.

    `path` finds a key's partition values; `earliest` is the first day that projection knows, by partition.
    """

    name: Name
    columns: Mapping[str, exp.DataType]
    partitions: tuple[str, ...]
    bucket: str
    prefix: str
    is_parquet: bool
    path: re.Pattern[str]
    earliest: Mapping[str, str] = field(default_factory=dict)

    def place(self, key: str) -> dict[str, str] | None:
        """The partition values of a file; None for a file that the table does not see."""
        found = self.path.match(key)
        if found is None or key.endswith("/") or key.rpartition("/")[2].startswith(("_", ".")):
            return None
        values = found.groupdict()
        return None if any(values[name] < first for name, first in self.earliest.items()) else values


def declared(tree: exp.Create, name: Name) -> Table:
    """The table of a CREATE EXTERNAL TABLE.

    Raises:
        FailedError: the engine cannot read such files.
    """
    properties = tree.args.get("properties") or exp.Properties(expressions=[])
    location = properties.find(exp.LocationProperty)
    if location is None or not isinstance(tree.this, exp.Schema):
        raise unsupported("CREATE TABLE without columns and LOCATION")
    told = {one.name: one.args["value"].name for one in properties.expressions if type(one) is exp.Property}
    partitioned = properties.find(exp.PartitionedByProperty)
    partitions = tuple(one.name.lower() for one in partitioned.this.expressions) if partitioned else ()
    prefix = f"{key}/" if (key := _key(location.this.name)) else ""
    return Table(
        name=name,
        columns={
            one.name.lower(): one.kind for one in tree.this.expressions if isinstance(one, exp.ColumnDef) and one.kind
        },
        partitions=partitions,
        bucket=location.this.name.partition("://")[2].partition("/")[0],
        prefix=prefix,
        is_parquet=_is_parquet(properties),
        path=_path(told, partitions, prefix),
        earliest=_earliest(told, partitions),
    )


def _columns(schema: exp.Schema) -> dict[str, exp.DataType]:
    definitions = [one for one in schema.expressions if isinstance(one, exp.ColumnDef)]
    return {one.name.lower(): one.kind for one in definitions if one.kind is not None}


def _is_parquet(properties: exp.Properties) -> bool:
    kind = properties.find(exp.FileFormatProperty)
    if kind is not None and kind.name.upper() == "PARQUET":
        return True
    serde = properties.find(exp.RowFormatSerdeProperty)
    known = ("cloudtrailserde", "jsonserde")
    if serde is None or not serde.name.lower().endswith(known):
        raise unsupported(f"tables but Parquet and JSON ({serde.name if serde else 'no format'})")
    return False


def _path(told: Mapping[str, str], partitions: tuple[str, ...], prefix: str) -> re.Pattern[str]:
    """A key's pattern: by the projection's template, else by Hive's own folders, `name=value/`."""
    template = told.get("storage.location.template")
    if template is None:
        folders = "".join(f"{re.escape(name)}=(?P<{name}>[^/]*)/" for name in partitions)
        return re.compile(re.escape(prefix) + folders)
    pattern = ""
    for place, part in enumerate(_PLACE.split(_key(template))):
        # A day of the format yyyy/MM/dd is three folders.
        depth = told.get(f"projection.{part}.format", "").count("/")
        pattern += f"(?P<{part}>{'/'.join(['[^/]+'] * (depth + 1))})" if place % 2 else re.escape(part)
    return re.compile(pattern + "/")


def _key(address: str) -> str:
    """`s3://bucket/folder/` -> `folder`."""
    return address.partition("://")[2].partition("/")[2].rstrip("/")


def _earliest(told: Mapping[str, str], partitions: tuple[str, ...]) -> dict[str, str]:
    """The first value of each projected date; what is relative (`NOW-3YEARS`) bounds nothing here."""
    ranges = {
        name: told.get(f"projection.{name}.range", "").partition(",")[0].strip()
        for name in partitions
        if told.get(f"projection.{name}.type") == "date"
    }
    return {name: first for name, first in ranges.items() if first and not first.upper().startswith("NOW")}
