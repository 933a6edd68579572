"""Why these tests exist: a history that is set up wrongly must say so in a line, not lose its first day."""

from datetime import timedelta
from pathlib import Path

import pytest

from athena_exporter.config import Config, ConfigError, load

KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000"


def read(folder: Path, text: str) -> Config:
    path = folder / "exporter.yml"
    path.write_text(f"history: {text}\n")
    return load(path, {"AWS_REGION": "eu-west-1"})


def test_it_is_off_and_writes_a_file_a_quarter_of_an_hour_below_a_folder_of_its_own(tmp_path: Path) -> None:
    told = read(tmp_path, "{enabled: true, bucket: example-athena-history}").history
    assert not Config().history.enabled
    assert (told.root, told.window, told.max_rows, told.compact) == (
        "athena-history/", timedelta(minutes=15), 100_000, True,
    )  # fmt: skip  # rows


@pytest.mark.parametrize("prefix", ["''", "a/", "a/b.c/d-e/"])
def test_a_prefix_is_folders_or_nothing(tmp_path: Path, prefix: str) -> None:
    assert read(tmp_path, f"{{prefix: {prefix}}}").history.root == prefix.strip("'")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{enabled: true}", "history.bucket: is missing: the bucket that the query history is written to"),
        ("{bucket: Upper}", "history.bucket: found the text 'Upper', wanted the name of an S3 bucket"),
        ("{prefix: history}", "history.prefix: found the text 'history', wanted folders that end with a slash"),
        ("{prefix: /history/}", "wanted folders that end with a slash"),
        ("{window: 10s}", "history.window: found the text '10s', wanted a duration of at least 1m and at most 6h"),
        ("{kms_key: 'arn:aws:kms:eu-west-1:123456789012:alias/history'}", "an alias cannot stand in a policy"),
        ("{max_rows: 0}", "history.max_rows: found the number 0, wanted a whole number"),
        ("{role_arn: historian}", "history.role_arn: found the text 'historian', wanted the ARN of an IAM role"),
        ("{compacts: true}", "history.compacts"),
    ],
)
def test_what_cannot_be_is_named_with_its_place_and_mend(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path}/exporter.yml:1: ")


def test_a_window_is_shorter_than_what_a_fact_may_wait(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"must be shorter than outbox.max_age \(2h\)"):
        read(tmp_path, "{enabled: true, bucket: example, window: 3h}\noutbox: {max_age: 2h}")


def test_a_key_of_kms_is_an_arn(tmp_path: Path) -> None:
    assert read(tmp_path, f"{{kms_key: '{KEY}'}}").history.kms_key == KEY
