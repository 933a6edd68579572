"""The failures of queries by name: a bounded table of AWS's error types, and whose fault each one is.

AWS tells a category and a type, both numbers (docs.aws.amazon.com/athena/latest/ug/error-reference.html). Several
types have the same meaning there; they share a name here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from athena_exporter.records import OTHER, UNKNOWN, QueryError


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Labels of one failure."""

    category: str
    error: str
    retryable: str


CATEGORIES: Mapping[int, str] = MappingProxyType({1: "system", 2: "user", 3: OTHER})

_ENGINE = (200, 201, 202, 205, 207, 208, *range(211, 233), 235, 236, 1012, 1013, 1102, 1104, 1105, 1304, 1305, 1308)
NAMED: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "resources_exhausted": tuple(range(9)),
        "internal_service_error": (100, 300, 301, 302, 303, 400, 1010, 9999),
        "engine_error": _ENGINE,
        "driver_error": (203,),
        "metastore_error": (204,),
        "timeout": (206, 210),
        "cancel_failed": (209,),
        "iceberg_error": (233,),
        "lake_formation_error": (234,),
        "serialization_error": (237, 1005),
        "metadata_upload_failed": (238,),
        "persistence_error": (239,),
        "submit_failed": (240,),
        "result_write_failed": (401, 402),
        "user_error": (1000,),
        "data_error": (1001, 1002, 1007),
        "ddl_failed": (1003,),
        "schema_error": (1004,),
        "syntax_error": (1006,),
        "query_rejected": (1008,),
        "query_failed": (1009,),
        "cancelled_by_user": (1011, 1014),
        "invalid_argument": (1100,),
        "invalid_property": (1101,),
        "invalid_table_property": (1103,),
        "invalid_function_argument": (1106,),
        "invalid_view": (1107,),
        "function_registration_failed": (1108,),
        "s3_path_not_found": (1109,),
        "table_not_found": (1110,),
        "query_not_supported": (1200,),
        "decoder_not_supported": (1201,),
        "query_type_not_supported": (1202,),
        "not_found": (1300,),
        "entity_not_found": (1301,),
        "file_not_found": (1302,),
        "function_not_found": (1303,),
        "s3_bucket_not_found": (1306,),
        "engine_not_found": (1307,),
        "throttled": (1400,),
        "throttled_by_glue": (1401,),
        "too_many_table_versions": (1402,),
        "throttled_by_s3": (1403,),
        "throttled_by_athena": (1404, 1405, 1406),
        "permission_denied": (1500,),
        "s3_permission_denied": (1501,),
        "reserved_capacity_exceeded": (1602,),
    }
)
"""Our names -> AWS's types. Types outside the table share `other`."""
_NAMES: Mapping[int, str] = MappingProxyType({number: name for name, types in NAMED.items() for number in types})


def failure(error: QueryError | None) -> Failure:
    """The labels of a failed query; what AWS did not tell is `unknown`."""
    if error is None:
        return Failure(category=UNKNOWN, error=UNKNOWN, retryable=UNKNOWN)
    return Failure(
        category=UNKNOWN if error.category is None else CATEGORIES.get(error.category, OTHER),
        error=UNKNOWN if error.type is None else _NAMES.get(error.type, OTHER),
        retryable=UNKNOWN if error.retryable is None else str(error.retryable).lower(),
    )
