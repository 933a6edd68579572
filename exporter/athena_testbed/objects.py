"""Which operation of S3 a request is: nothing in it says so but its method, its path and its query.

Stage: server.py -> protocols.py -> **objects**. Addresses are of the path style, as clients write them for an IP
address. https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl

_OF_OBJECTS: Mapping[str, str] = {
    "GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject", "DELETE": "DeleteObject",
}  # fmt: skip  # a table reads best in rows
_OF_BUCKETS: Mapping[str, str] = {
    "GET": "ListObjects", "HEAD": "HeadBucket", "PUT": "CreateBucket", "DELETE": "DeleteBucket",
}  # fmt: skip  # as above
_LISTING = frozenset(
    {"list-type", "prefix", "delimiter", "max-keys", "marker", "encoding-type", "continuation-token", "start-after",
     "fetch-owner"}
)  # fmt: skip  # as above


def operation(method: str, path: str, query: str) -> str:
    """The operation, `` for those on a part of a bucket or object (?policy, ?notification, ?uploads, ...)."""
    asked = dict(parse_qsl(query, keep_blank_values=True))
    bucket, _, key = path.lstrip("/").partition("/")
    if asked.keys() - _LISTING - {"x-id"} or not bucket:
        return ""
    if key:
        return _OF_OBJECTS.get(method, "")
    return "ListObjectsV2" if asked.get("list-type") == "2" else _OF_BUCKETS.get(method, "")
