"""Every alert fires when it should and is silent when it should be: promtool judges what a real exporter would show.

tests/rules/*.yaml are written from the stories in tests/support/{rule,budget}_cases.py: real counting, the real
exposition. `--update-golden` writes them. They are made here, not by `make dashboards`: the dashboards know nothing of
the ledger.
"""

import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import budget_cases
import pytest
import rule_cases
import yaml
from rule_cases import Case
from rule_stories import Story, input_series

from athena_dashboards.alerts.model import Rule
from athena_dashboards.alerts.rules import GROUPS
from athena_dashboards.alerts.said import duration
from athena_exporter.catalog import MetricType

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "tests" / "rules"
HEAD = "# Generated from tests/support/{}.py: pytest tests/dashboards/alerts --update-golden\n"
CASES = rule_cases.CASES | budget_cases.CASES
RULES = {rule.title: rule for group in GROUPS for rule in group.rules}


def _families(rule: Rule) -> set[str]:
    """Names in the exposition of what the rule reads; of a histogram only the buckets."""
    return {
        metric.bucket_name if metric.type is MetricType.HISTOGRAM else metric.name for metric in rule.asked().metrics
    }


def _expected(rule: Rule, case: Case) -> list[dict[str, Any]]:
    links = {
        "summary": rule.summary,
        "runbook_url": f"docs/runbook.md#{rule.title.lower()}",
        "dashboard": _dashboard(rule),
    }
    return [
        {
            "exp_labels": {"severity": rule.severity.value, "system": "athena", **alert.labels},
            "exp_annotations": {"description": alert.description, **links},
        }
        for alert in case.alerts
    ]


def _rule_file(rule: Rule) -> str:
    (group,) = (group.name for group in GROUPS if rule in group.rules)
    return f"provisioning/prometheus/rules/{group}.yaml"


def _dashboard(rule: Rule) -> str:
    """The link as Prometheus is given it."""
    document = yaml.safe_load((ROOT / _rule_file(rule)).read_text(encoding="utf-8"))
    (found,) = (one for group in document["groups"] for one in group["rules"] if one["alert"] == rule.title)
    return str(found["annotations"]["dashboard"])


def _test(rule: Rule, case: Case, story: Story) -> dict[str, Any]:
    end = (len(story.pages) - 1) * case.step
    return {
        "name": case.name,
        "interval": duration(case.step),
        "input_series": input_series(story.pages, _families(rule)),
        "alert_rule_test": [
            {"eval_time": duration(end), "alertname": rule.title, "exp_alerts": _expected(rule, case)},
        ],
    }


def _document(rule: Rule, cases: Iterable[Case], folder: Path) -> str:
    tests = []
    for number, case in enumerate(cases):
        place = folder / str(number)
        place.mkdir()
        tests.append(_test(rule, case, case.pages(place)))
    whole = {
        "rule_files": [f"../../{_rule_file(rule)}"],
        "evaluation_interval": duration(max(max(case.step, case.every) for case in cases)),
        "tests": tests,
    }
    head = HEAD.format("budget_cases" if rule.title in budget_cases.CASES else "rule_cases")
    return head + yaml.safe_dump(whole, sort_keys=False, width=10_000, allow_unicode=True)


@pytest.mark.parametrize("title", CASES)
def test_the_rule_tests_are_what_the_exporter_shows(
    title: str, golden: Callable[[str | Path, str], None], tmp_path: Path
) -> None:
    rule = RULES[title]
    golden(FOLDER / f"{rule.uid}.yaml", _document(rule, CASES[title], tmp_path))


def test_every_alert_has_a_story_that_fires_it_and_one_that_does_not() -> None:
    assert set(CASES) == set(RULES)
    for title, cases in CASES.items():
        assert any(case.alerts for case in cases), title
        assert any(not case.alerts for case in cases), title


def test_every_rule_test_belongs_to_a_rule() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{rule.uid}.yaml" for rule in RULES.values()}


@pytest.mark.prometheus
def test_promtool_finds_every_alert_firing_and_silent_as_told(promtool: str) -> None:
    files = sorted(FOLDER.glob("*.yaml"))
    judged = subprocess.run([promtool, "test", "rules", *files], capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout + judged.stderr
