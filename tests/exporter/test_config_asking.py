"""Why these tests exist: a question costs money; where and how much must be what the owner wrote, or a line."""

from datetime import timedelta
from pathlib import Path

import pytest

from athena_exporter.config import Config, ConfigError, load


def read(folder: Path, text: str) -> Config:
    path = folder / "exporter.yml"
    path.write_text(f"asking: {text}\n")
    return load(path, {"AWS_REGION": "eu-west-1"})


def test_nobody_is_asked_until_a_workgroup_is_named(tmp_path: Path) -> None:
    told = read(tmp_path, "{}").asking
    assert (told.workgroup, told.cost_report, told.max_bytes) == (None, None, 100 * 2**30)
    assert told.database == "athena_observability_history", "as terraform's module history calls it"


@pytest.mark.parametrize(("reuse", "minutes"), [("1h", 60), ("90s", 1), ("30s", None), ("0s", None), ("7d", 10_080)])
def test_reuse_is_whole_minutes_or_none(tmp_path: Path, reuse: str, minutes: int | None) -> None:
    assert read(tmp_path, f"{{reuse: {reuse}}}").asking.reuse_minutes == minutes
    assert Config().asking.reuse == timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{workgroup: 'a b'}", "asking.workgroup: found the text 'a b', wanted the name of a workgroup"),
        ("{database: Upper}", "asking.database: found the text 'Upper', wanted the name of a Glue database"),
        ("{output_location: results}", "wanted a folder of S3, such as s3://example-results/history/"),
        ("{cost_report: cur2}", "wanted a table as database.table, in lower case"),
        ("{cost_report: 'a.b; DROP'}", "wanted a table as database.table"),
        ("{reuse: 8d}", "asking.reuse: found the text '8d', wanted a duration of at most 7d"),
        ("{max_bytes: much}", "asking.max_bytes: found the text 'much', wanted a size"),
        ("{role_arn: me}", "asking.role_arn: found the text 'me', wanted the ARN of an IAM role"),
    ],
)
def test_what_cannot_be_is_named_with_its_place_and_mend(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert words in str(caught.value)
