"""Which operation of S3 a request is."""

import pytest

from athena_testbed.objects import operation


@pytest.mark.parametrize(
    ("method", "path", "query", "name"),
    [
        ("PUT", "/bucket/a/b.parquet", "", "PutObject"),
        ("GET", "/bucket/a/b.parquet", "", "GetObject"),
        ("HEAD", "/bucket/a", "", "HeadObject"),
        ("DELETE", "/bucket/a", "", "DeleteObject"),
        ("GET", "/bucket", "list-type=2&prefix=a%2F&encoding-type=url", "ListObjectsV2"),
        ("GET", "/bucket/", "list-type=2&continuation-token=x&delimiter=%2F", "ListObjectsV2"),
        ("GET", "/bucket", "prefix=a", "ListObjects"),
        ("PUT", "/bucket", "", "CreateBucket"),
        ("DELETE", "/bucket", "", "DeleteBucket"),
        ("PUT", "/bucket", "notification", ""),
        ("POST", "/bucket/a", "uploads", ""),
        ("GET", "/", "", ""),
    ],
)
def test_an_operation_is_told_by_method_path_and_query(method: str, path: str, query: str, name: str) -> None:
    assert operation(method, path, query) == name
