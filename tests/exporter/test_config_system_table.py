"""The configuration of the system table: what it cannot do without, and what it may be."""

from pathlib import Path

import pytest

from athena_exporter.config import Config, ConfigError, load

ON = "sources: {system_table: {enabled: true, workgroup: asking}}"


def written(folder: Path, text: str) -> Path:
    path = folder / "exporter.yml"
    path.write_text(text, encoding="utf-8")
    return path


def loaded(folder: Path, text: str) -> Config:
    return load(written(folder, text), {"AWS_REGION": "eu-west-1"})


def test_it_is_off_and_switched_on_with_a_workgroup(tmp_path: Path) -> None:
    assert not Config().sources.system_table.enabled
    told = loaded(tmp_path, ON).sources.system_table
    assert (told.enabled, told.workgroup, told.max_bytes_per_day) == (True, "asking", 10 * 2**30)


def test_a_target_may_differ(tmp_path: Path) -> None:
    config = loaded(tmp_path, f"targets: [{{sources: {{system_table: {{enabled: false}}}}}}]\n{ON}")
    assert not config.seen_from(config.targets[0]).sources.system_table.enabled


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sources: {system_table: {enabled: true}}", "is missing: the workgroup that the questions run in"),
        (ON.replace("asking", "'no group'"), "the name of a workgroup"),
        (ON.replace("asking", "asking, output_location: s3://bucket"), "a folder in S3"),
        (ON.replace("asking", "asking, output_location: 's3://bucket/folder'"), "a folder in S3"),
        (ON.replace("asking", "asking, max_bytes_per_day: 1MiB"), "a size of at least 10MiB"),
        (ON.replace("asking", "asking, interval: 30s"), "1m"),
        (ON.replace("asking", "asking, settle: 7h"), "who waits for users waits for it"),
        (ON.replace("asking", "asking, overlap: 3d"), "each read pays for it anew"),
        (ON.replace("asking", "asking, workgroups: ['a*']"), "names of workgroups"),
    ],
)
def test_what_cannot_be_is_refused_with_what_it_may_be(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        loaded(tmp_path, text)
