"""The guard's configuration: off unless somebody wants it, and never half right."""

from datetime import timedelta
from pathlib import Path

import pytest

from athena_exporter.budgets import Enforce, Mode
from athena_exporter.cli import wiring
from athena_exporter.config import Config, ConfigError, GuardSettings, load

ROLE = "arn:aws:iam::111122223333:role/athena-guard"


def read(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "config.yml"
    path.write_text(text, encoding="utf-8")
    return load(path, {})


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, text)
    (line,) = refused.value.lines
    return line.replace(str(tmp_path / "config.yml"), "config.yml")


@pytest.mark.parametrize("text", ["", "guard:\n", "guard: {mode: off}\n", "guard: {mode: 'off'}\n"])
def test_the_guard_is_off_unless_somebody_wants_it(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text).guard == GuardSettings()
    assert GuardSettings().mode is Mode.OFF


def test_no_budget_that_ships_stops_anybody() -> None:
    assert {one.enforce for one in wiring.budgets(Config())} == {Enforce.NONE}


def test_everything_that_is_written_arrives(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        f"""
budgets: [{{name: hard, per: user, window: day, limit: 1 GiB, enforce: stop_queries}}]
guard:
  mode: enforce
  role_arn: {ROLE}
  external_id: athena-observability
  protected: [airflow, 'etl-*']
  max_stops_per_minute: 3
  kill_switch: /run/athena/stop
  interval: 10s
""",
    )
    assert config.guard == GuardSettings(
        mode=Mode.ENFORCE, role_arn=ROLE, external_id="athena-observability", protected=("airflow", "etl-*"),
        max_stops_per_minute=3, kill_switch=Path("/run/athena/stop"), interval=timedelta(seconds=10),
    )  # fmt: skip  # seven settings read best as a block
    assert [one.enforce for one in wiring.budgets(config)] == [Enforce.STOP_QUERIES]


def test_a_dry_run_needs_no_role(tmp_path: Path) -> None:
    assert read(tmp_path, "guard: {mode: dry_run}\n").guard.role_arn is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "guard: {mode: enforce}",
            "guard.mode: enforce needs a role that may stop queries: add guard.role_arn, or write dry_run",
        ),
        (
            "guard: {external_id: abc}",
            "guard.external_id: an external id belongs to a role: add role_arn or remove it",
        ),
        ("guard: {mode: on}", "guard.mode: found true, wanted one of off, dry_run, enforce"),
        ("guard: {role_arn: g}", "guard.role_arn: found the text 'g', wanted the ARN of an IAM role, such as "),
        ("guard: {max_stops_per_minute: 0}", "guard.max_stops_per_minute: found the number 0, wanted a whole number "),
        ("guard: {interval: 10ms}", "guard.interval: found the text '10ms', wanted a duration of at least 1s, such "),
        ("guard: {protected: [a, a]}", "guard.protected: found a list, wanted a user's name, or a list of different "),
        ("guard: {killswitch: x}", "guard.killswitch: unknown key; did you mean 'kill_switch'?"),
        (
            "budgets: [{name: a, per: user, window: day, limit: 1 GiB, enforce: kill}]",
            "budgets[0].enforce: found the text 'kill', wanted one of none, stop_queries",
        ),
    ],
)
def test_what_cannot_be_right_is_refused_with_place_and_mend(tmp_path: Path, text: str, line: str) -> None:
    assert refusal(tmp_path, text).startswith(f"config.yml:1: {line}")
