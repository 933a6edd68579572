"""The committed dashboards: current, known to Grafana's own types, and free of what its linter objects to."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import dashboard_lint
import pytest

from athena_dashboards import build
from athena_dashboards.boards import BOARDS
from athena_dashboards.model import Dashboard, Panel

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / build.GENERATED).glob("*.json"))
UIDS = (
    "athena-overview",
    "athena-workgroups",
    "athena-users",
    "athena-data-catalogue",
    "athena-pipelines",
    "athena-limits",
    "athena-cost",
    "athena-exporter",
)


LATER = ('queryLanguage is null instead of "CWLI"',)
"""What Grafana 10.4 does not know and does without: it has one language for Logs Insights, and asks in that."""


def _json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _links(document: object) -> list[str]:
    return re.findall(r"/d/([\w-]+)", json.dumps(document))


def test_every_generated_file_is_current() -> None:
    found = build.differences(ROOT, build.generated())

    assert [str(one) for one in found] == [], "run make dashboards, look at the difference, commit it"


def test_there_are_the_dashboards_whose_addresses_are_promised() -> None:
    assert tuple(board.uid for board in BOARDS) == UIDS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("rule", dashboard_lint.RULES)
def test_a_dashboard_passes_the_linters_rule(path: Path, rule: str) -> None:
    assert list(dashboard_lint.RULES[rule](_json(path))) == []


@pytest.mark.parametrize("types", ["10.4, the oldest that we are for", "the newest"])
def test_no_field_is_lost_on_the_way_through_grafanas_own_types(types: str) -> None:
    floor = ROOT / ".venv" / "grafana-floor"
    assert floor.is_dir(), "make setup installs the types of Grafana 10.4"
    path = {"PYTHONPATH": str(floor)} if types.startswith("10.4") else {}
    program = ROOT / "tests" / "support" / "round_trip.py"

    answer = subprocess.run(
        [sys.executable, str(program), *map(str, FILES)],
        env=os.environ | path, capture_output=True, text=True, check=True,
    )  # fmt: skip  # as short as it can be said

    known = LATER if types.startswith("10.4") else ()
    lost = {
        name: [one for one in found if not one.endswith(known)] for name, found in json.loads(answer.stdout).items()
    }
    assert {name: found for name, found in lost.items() if found} == {}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_link_leads_to_a_dashboard_that_is_there(path: Path) -> None:
    assert set(_links(_json(path))) <= set(UIDS)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_every_panel_says_what_is_normal_what_is_not_and_where_to_go_next(board: Dashboard) -> None:
    for panel in board.panels():
        if isinstance(panel, Panel):
            words = panel.signal.description
            for sentence in (panel.signal.question, words.headline, words.normal, words.abnormal, words.next_step):
                assert sentence[-1] in ".?)", f"{panel.signal.title}: {sentence!r} is no sentence"


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_a_title_stands_on_a_dashboard_once(board: Dashboard) -> None:
    titles = [panel.signal.title if isinstance(panel, Panel) else panel.title for panel in board.panels()]

    assert sorted({title for title in titles if titles.count(title) > 1}) == []
