"""`make dashboards` restores what was lost, removes what has no source, and names the panel that can't be built."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from athena_dashboards import build
from athena_dashboards.__main__ import main
from athena_dashboards.boards import BOARDS
from athena_dashboards.grafana import dashboard_json
from athena_dashboards.model import Dashboard, Panel, Row, Signal, SignalError, Stat
from athena_dashboards.promql import select, total
from athena_dashboards.queries import Prom, Query
from athena_dashboards.signals.exporter import AWS_COST
from athena_exporter import catalog


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return build.generated()


def _tree(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def _contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_two_builds_are_the_same_byte_for_byte(files: dict[str, str]) -> None:
    assert build.generated() == files


def test_deleted_files_are_restored_byte_for_byte(tmp_path: Path, files: dict[str, str]) -> None:
    build.write(tmp_path)

    assert _contents(tmp_path) == {name: text.encode() for name, text in files.items()}


def test_a_current_tree_is_left_alone(tmp_path: Path, files: dict[str, str]) -> None:
    _tree(tmp_path, files)

    assert build.write(tmp_path) == []


def test_an_orphan_is_reported_and_then_removed(tmp_path: Path, files: dict[str, str]) -> None:
    _tree(tmp_path, files)
    orphan = tmp_path / build.GENERATED / "athena-gone.json"
    orphan.write_text("{}", encoding="utf-8")

    assert [str(one) for one in build.differences(tmp_path, files)] == ["orphan: dashboards/generated/athena-gone.json"]
    build.write(tmp_path)
    assert not orphan.exists()


def test_a_file_edited_by_hand_is_stale_and_its_panels_are_named(tmp_path: Path, files: dict[str, str]) -> None:
    _tree(tmp_path, files)
    path = tmp_path / build.GENERATED / "athena-exporter.json"
    path.write_text(path.read_text(encoding="utf-8").replace("athena_exporter_aws_cost_usd_total", "aws_cost"), "utf-8")

    outcome = CliRunner().invoke(main, ["--check", "--root", str(tmp_path)])

    assert outcome.exit_code == 1
    assert "stale: dashboards/generated/athena-exporter.json (panels: " in outcome.output
    assert AWS_COST.title in outcome.output


def test_check_of_a_current_tree_says_so(tmp_path: Path, files: dict[str, str]) -> None:
    _tree(tmp_path, files)

    outcome = CliRunner().invoke(main, ["--check", "--root", str(tmp_path)])

    assert (outcome.exit_code, outcome.output) == (0, "dashboards: every generated file is current\n")


def _with(queries: Callable[[], Sequence[Query]]) -> Dashboard:
    signal: Signal = dataclasses.replace(AWS_COST, title="Bytes of nobody", queries=queries)
    rows = (Row(id=100, title="", panels=(Panel(id=1, signal=signal, view=Stat()),)),)
    return dataclasses.replace(BOARDS[-1], rows=rows)


def test_a_metric_that_left_the_catalogue_is_an_error_that_names_the_panel() -> None:
    board = _with(lambda: [Prom(expr=total(select(catalog.SCANED_BYTES).now))])  # type: ignore[attr-defined]  # the point

    with pytest.raises(SignalError, match=r"panel 'Bytes of nobody': .*SCANED_BYTES"):
        dashboard_json(board)


def test_a_label_that_the_metric_lacks_is_an_error_that_names_the_panel() -> None:
    board = _with(lambda: [Prom(expr=total(select(catalog.WINDOW_COST_USD).now, "user"))])

    with pytest.raises(SignalError, match="panel 'Bytes of nobody': athena_window_cost_usd has no label 'user'"):
        dashboard_json(board)


def test_two_panels_with_one_id_are_refused() -> None:
    panel = Panel(id=1, signal=AWS_COST, view=Stat())
    board = dataclasses.replace(BOARDS[-1], rows=(Row(id=100, title="", panels=(panel, panel)),))

    with pytest.raises(ValueError, match=r"athena-exporter: several panels have the id 1"):
        dashboard_json(board)
