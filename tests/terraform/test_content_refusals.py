"""What can't work is refused before anything is changed, with a sentence that says how to mend it."""

import json
from pathlib import Path
from typing import Any

import pytest
from grafana_content import GIVEN, STACK, TOPIC, PaperTerraform

pytestmark = [pytest.mark.process, pytest.mark.terraform]

ROOT = Path(__file__).resolve().parents[2]
METRICS = dict(GIVEN["metrics"])
SECRET = "xoxb-secret"
NOBODY = "routing needs a contact point for each of athena-page, athena-ticket and athena-digest"

REFUSED: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "an old Grafana, and words that are none": (
        {
            "grafana_version": "9.4", "metrics_plugin": "influxdb", "runbook_url": "docs/runbook.md",
            "contact_points": {"everyone": {"email": ["a@example.org"]}},
            "metrics": {"url": "aps-workspaces", "external_id": "x", "auth_type": "keys", "scrape_interval": "often"},
            "folder": {"uid": "a folder"},
            "cloudwatch": {"c w": {"region": "eu-west-1", "auth_type": "keys", "external_id": "x"}},
        },
        (
            "grafana_version has to be 10.4 or newer",
            "metrics_plugin has to be prometheus, grafana-amazonprometheus-datasource, or null",
            "runbook_url has to be an https address without a #",
            "contact_points knows athena-page, athena-ticket, athena-digest and all",
            "Amazon Managed Grafana has no contact points for e-mail and webhooks",
            "metrics.url has to be an address",
            "metrics.region is missing: requests are signed for a Region",
            "metrics.auth_type has to be ec2_iam_role",
            "metrics.external_id needs metrics.assume_role_arn",
            "metrics.scrape_interval has to be a duration",
            "folder.uid has to be 1 to 20 letters",
            "A key of cloudwatch is a uid",
            "cloudwatch's auth_type has to be ec2_iam_role",
            "cloudwatch's external_id needs assume_role_arn",
        ),
    ),
    "alerts that reach nobody, or the wrong way": (
        {
            "metrics": METRICS, "existing_data_source_uids": {"prometheus": "theirs"},
            "contact_points": {"athena-page": {}, "athena-ticket": {"sns_topic_arns": [TOPIC.replace("grafana-", "")]}},
        },
        (
            "contact_points names an audience that nothing reaches",
            "sns_topic_arns has to hold ARNs of topics whose names begin with grafana",
            "existing_data_source_uids names one for prometheus, and metrics describes another",
        ),
    ),
    "an Athena with the uid of another data source": (
        {
            "cloudwatch": {"one": {"region": "eu-west-1"}},
            "athena": {
                "one": {
                    "region": "eu-west-1", "workgroup": "w", "database": "d", "auth_type": "keys", "external_id": "x",
                    "reuse_minutes": 20000,
                }
            },
        },
        (
            "A key of athena is a uid: 1 to 40 letters, digits, - and _, that no other data source has",
            "athena's auth_type has to be ec2_iam_role",
            "athena's external_id needs assume_role_arn",
            "athena's reuse_minutes has to be from 0",
            NOBODY,
        ),
    ),
    "contact points of nobody, and of both kinds": (
        {
            "contact_points": {"all": {"sns_topic_arns": [TOPIC]}, "athena-page": {"sns_topic_arns": [TOPIC]}},
            "existing_contact_points": {"everybody": "x", "athena-page": "oncall"},
        },
        (
            "existing_contact_points knows athena-page, athena-ticket and athena-digest",
            "existing_contact_points and contact_points name the same audience",
        ),
    ),
    "a routing that is none": ({"routing": "everybody"}, ("routing has to be rules, policy or none", NOBODY)),
    "routing by rules where Grafana can't": (
        {"grafana_version": "10.4", "contact_points": {"all": {"sns_topic_arns": [TOPIC]}}},
        ('routing = "rules" needs Grafana 11 or newer',),
    ),
    "a secret that would stand in the state": (
        {
            "is_amazon_managed": False, "contact_points": {"all": {"slack": ["room"]}},
            "contact_point_secrets": {"room": SECRET},
        },
        ("contact_point_secrets would stand in terraform's state for all who can read it",),
    ),
    "a topic for a Grafana of one's own, and a secret in the wrong place": (
        {"is_amazon_managed": False, "contact_points": {"all": {"sns_topic_arns": [TOPIC], "slack": [SECRET]}}},
        (
            "sns_topic_arns are for Amazon Managed Grafana",
            "contact_points names a secret that contact_point_secrets doesn't have",
        ),
    ),
}  # fmt: skip  # a table


@pytest.mark.parametrize("case", REFUSED)
def test_variables_that_cannot_work_are_refused_with_a_sentence(case: str, content: PaperTerraform) -> None:
    given, sentences = REFUSED[case]

    said = content.refused(content.variables_alone("grafana-content"), given)

    for sentence in sentences:
        assert any(one.startswith(sentence) for one in said), sentence
    assert len(said) == len(sentences), said


@pytest.mark.parametrize("version", ["10.4", "10.4.17", "11.6", "12.4", "13.0", "13.1.2"])
def test_a_grafana_that_the_dashboards_know_is_taken(version: str, content: PaperTerraform) -> None:
    root = content.variables_alone("grafana-content")

    assert content.refused(root, {"grafana_version": version, "routing": "none"}) == []


def test_every_validation_is_seen_to_refuse_something() -> None:
    text = (ROOT / "terraform/modules/grafana-content/variables.tf").read_text(encoding="utf-8")
    tried = [sentence for _, sentences in REFUSED.values() for sentence in sentences]

    messages = [json.loads(line.split("=", 1)[1]) for line in text.splitlines() if "error_message" in line]
    assert [one for one in messages if not any(one.startswith(sentence) for sentence in tried)] == []


def _refused(content: PaperTerraform, **given: Any) -> str:
    said = content.refused(STACK, {**GIVEN, **given})
    assert said, "terraform plans it"
    return "\n".join(said)


def _folder(content: PaperTerraform, name: str, **files: Any) -> str:
    folder = content.tree / name
    folder.mkdir()
    for stem, document in files.items():
        (folder / f"{stem}.json").write_text(json.dumps(document), encoding="utf-8")
    return str(folder)


def test_two_dashboards_with_one_uid_and_one_without_any_are_refused(content: PaperTerraform) -> None:
    mine = _folder(content, "doubled", ours={"uid": "athena-users", "title": "x"}, none={"title": "y"})

    said = _refused(content, more_dashboards_dir=mine)

    assert "Each dashboard needs a uid of its own" in said
    assert "athena-users in " in said
    assert f"{mine}/ours.json" in said
    assert "no uid at all in " in said


def test_a_rule_that_asks_a_data_source_that_is_not_there_is_refused(content: PaperTerraform) -> None:
    """The module without metrics, where the rules ask for them."""
    said = _refused(content, metrics=None)

    assert "A rule asks a data source that isn't there: " in said
    assert "AthenaExporterDown asks prometheus" in said


def test_a_rule_that_links_to_a_dashboard_that_is_not_there_is_refused(content: PaperTerraform) -> None:
    rules = json.loads((ROOT / "provisioning/terraform/rules.json").read_text(encoding="utf-8"))
    first = next(iter(rules.values()))["rules"][0]
    first["annotations"]["__dashboardUid__"] = "athena-gone"
    changed = _folder(content, "linked", rules=rules)

    said = _refused(content, rules_file=f"{changed}/rules.json")

    assert f"A rule links to a dashboard that isn't there: {first['name']} links to athena-gone." in said


def test_a_folder_without_dashboards_is_refused(content: PaperTerraform) -> None:
    said = _refused(content, dashboards_dir=_folder(content, "empty"), alert_rules=False)

    assert "There is no dashboard in " in said


def test_the_stack_takes_the_modules_variables_and_hands_on_each() -> None:
    module, stack = ROOT / "terraform/modules/grafana-content", ROOT / STACK
    names = [
        line.split('"')[1] for line in (module / "variables.tf").read_text().splitlines() if line.startswith("variable")
    ]

    assert (stack / "variables.tf").read_bytes() == (module / "variables.tf").read_bytes()
    handed = (stack / "main.tf").read_text(encoding="utf-8")
    assert [name for name in names if f" = var.{name}\n" not in handed] == []
