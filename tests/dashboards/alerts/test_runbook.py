"""docs/runbook.md has a heading for each alert, where its link leads, and names only what there is."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from athena_dashboards.alerts.model import Rule
from athena_dashboards.alerts.rules import GROUPS
from athena_dashboards.alerts.said import RUNBOOK
from athena_dashboards.boards import BOARDS
from athena_exporter import catalog
from athena_exporter.__main__ import main

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / RUNBOOK).read_text(encoding="utf-8")
RULES = [rule for group in GROUPS for rule in group.rules]
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL))
PARTS = ("**Meaning.**", "**Impact.**", "**What to do.**")


def test_every_alert_has_its_heading_in_the_order_of_the_rules_and_no_heading_is_of_none() -> None:
    assert list(SECTIONS) == [rule.title for rule in RULES]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.title)
def test_a_section_says_what_it_means_what_it_does_and_what_to_do(rule: Rule) -> None:
    places = [SECTIONS[rule.title].find(part) for part in PARTS]
    assert -1 not in places
    assert places == sorted(places)


def test_links_within_the_page_lead_to_a_heading() -> None:
    anchors = {heading.strip().lower().replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([\w-]+)\)", TEXT)) <= anchors


def test_links_to_other_pages_lead_to_a_heading_there() -> None:
    for page, anchor in re.findall(r"\]\(([\w.]+\.md)#([\w-]+)\)", TEXT):
        headings = re.findall(r"^#+ (.*)$", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.MULTILINE)
        assert anchor in {heading.lower().replace(" ", "-") for heading in headings}, (page, anchor)


def test_dashboards_that_the_page_names_are_there() -> None:
    contact_points = {"athena-page", "athena-ticket", "athena-digest"}
    named = set(re.findall(r"`(athena-[a-z-]+)`", TEXT)) - contact_points
    assert named <= {board.uid for board in BOARDS}


def test_commands_that_the_page_names_are_there() -> None:
    commands = sorted(set(re.findall(r"`athena-exporter ([a-z-]+)((?: [a-z-]+)?)", TEXT)))
    assert commands
    for command, argument in commands:
        helped = CliRunner().invoke(main, [command, "--help"])
        assert helped.exit_code == 0, command
        assert argument.strip() in helped.output, argument


def test_metrics_that_the_page_names_are_in_the_catalogue() -> None:
    assert set(re.findall(r"\bathena_\w+", TEXT)) <= set(catalog.BY_NAME) | {"athena_dashboards"}
