"""What terraform puts into Grafana is what the files hold: rendered by terraform itself, compared after parsing."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import dashboard_lint
import pytest
import yaml
from grafana_content import EVERY_CHANNEL, GIVEN, THEIRS, TOPIC, PaperTerraform
from terraforming import Plan, TerraformError

pytestmark = [pytest.mark.process, pytest.mark.terraform]

ROOT = Path(__file__).resolve().parents[2]
GENERATED = {path.stem: path for path in sorted((ROOT / "dashboards" / "generated").glob("*.json"))}
AMAZON, CORE = "grafana-amazonprometheus-datasource", "prometheus"
ERAS = {"10.4": CORE, "12.4": AMAZON}
OLDEST: Mapping[str, Any] = {"routing": "policy", "ui_editable": True}
"""Grafana 10.4 has no contact points in rules."""
OTHER_PLUGIN = ("template-datasource-rule",)
"""Of the linter: it names a variable after its plug-in. Ours keeps its name, so that links hold on either plug-in."""

ROLE = {"assume_role_arn": "arn:aws:iam::444455556666:role/reader", "external_id": "observability"}
TRICKY = {
    "uid": "tricky", "title": "prometheus", "tags": ["prometheus"], "description": 'type: "type": "prometheus"',
    "panels": [{"datasource": {"type": "prometheus", "uid": "prometheus"}, "type": "text"}],
}  # fmt: skip  # a document on a few lines

Json = dict[str, Any]


@cache
def _file(path: str) -> Json:
    document: Json = yaml.safe_load((ROOT / "provisioning" / "grafana" / path).read_text(encoding="utf-8"))
    return document


@pytest.fixture(scope="module", params=ERAS)
def era(request: pytest.FixtureRequest, content: PaperTerraform) -> tuple[str, Plan]:
    """The plug-in of the metrics, and what is planned for that Grafana."""
    version = str(request.param)
    return ERAS[version], content.content(grafana_version=version, **(OLDEST if version == "10.4" else {}))


@pytest.fixture(scope="module")
def newest(content: PaperTerraform) -> Plan:
    """The shortest variables, everything else by default."""
    return content.content()


@pytest.fixture(scope="module")
def shaped(content: PaperTerraform) -> Plan:
    """Everything that can be said beside: roles, several accounts, dashboards of one's own, a published runbook."""
    mine = content.tree / "mine"
    (mine / "Data Platform").mkdir(parents=True)
    (mine / "tricky.json").write_text(json.dumps(TRICKY, separators=(",", ":")), encoding="utf-8")
    (mine / "Data Platform" / "mine.json").write_text(json.dumps({"uid": "mine", "title": "Mine"}), encoding="utf-8")
    sandbox = {"cloudwatch-sandbox": {"region": "eu-west-2"}}
    return content.content(
        metrics=GIVEN["metrics"] | ROLE,
        cloudwatch={"cloudwatch": GIVEN["cloudwatch"]["cloudwatch"] | ROLE} | sandbox,
        athena={"athena": GIVEN["athena"]["athena"] | ROLE},
        more_dashboards_dir=str(mine),
        runbook_url="https://docs.example.org/runbook",
    )


def _dashboards(plan: Plan) -> dict[str, str]:
    found = {one["config_json"] for one in plan.resources("grafana_dashboard").values()}
    return {json.loads(text)["uid"]: text for text in found}


def _rules(plan: Plan) -> dict[str, Json]:
    groups = plan.resources("grafana_rule_group").values()
    return {one["name"]: {**one, "group": group} for group in groups for one in group["rule"]}


def _replaced(document: Any, plugin: str) -> Any:
    """The document with that plug-in wherever a data source is named or chosen; nothing else is looked at."""
    if isinstance(document, list):
        return [_replaced(one, plugin) for one in document]
    if not isinstance(document, dict):
        return document
    found = {key: _replaced(value, plugin) for key, value in document.items()}
    if isinstance(found.get("datasource"), dict) and found["datasource"]["type"] == CORE:
        found["datasource"] = found["datasource"] | {"type": plugin}
    if found.get("type") == "datasource" and found.get("query") == CORE:
        found["query"] = plugin
    return found


@cache
def _committed(uid: str) -> Any:
    return json.loads(GENERATED[uid].read_text(encoding="utf-8"))


def test_every_argument_is_one_that_the_provider_has(content: PaperTerraform) -> None:
    """Terraform itself compares them with the provider's schema, types and nesting included."""
    assert "valid" in content.validate("terraform/stacks/content")


def test_an_argument_that_the_provider_does_not_have_is_found(content: PaperTerraform) -> None:
    root = content.tree / "wrong"
    root.mkdir()
    versions = (ROOT / "terraform/modules/grafana-content/versions.tf").read_text(encoding="utf-8")
    (root / "main.tf").write_text(versions + 'resource "grafana_folder" "x" {\n  title = "x"\n  colour = "red"\n}\n')

    with pytest.raises(TerraformError, match='An argument named "colour" is not expected here'):
        content.validate("wrong")


def test_the_dashboards_are_the_committed_ones_but_for_the_plug_in(era: tuple[str, Plan]) -> None:
    plugin, plan = era
    rendered = _dashboards(plan)

    assert set(rendered) == set(GENERATED)
    for uid, text in rendered.items():
        assert json.loads(text) == _replaced(_committed(uid), plugin), uid
        if plugin == CORE:
            assert text == GENERATED[uid].read_text(encoding="utf-8"), "not a byte is changed"


def test_texts_that_speak_of_prometheus_are_not_harmed(shaped: Plan) -> None:
    """In sentences, in escaped JSON, as a value of another key, as a uid."""
    expected = TRICKY | {"panels": [{"datasource": {"type": AMAZON, "uid": "prometheus"}, "type": "text"}]}
    assert json.loads(_dashboards(shaped)["tricky"]) == expected


@pytest.mark.parametrize("rule", [rule for rule in dashboard_lint.RULES if rule not in OTHER_PLUGIN])
def test_the_dashboards_of_the_newer_plug_in_pass_the_linter(newest: Plan, rule: str) -> None:
    found = {uid: list(dashboard_lint.RULES[rule](json.loads(text))) for uid, text in _dashboards(newest).items()}

    assert {uid: one for uid, one in found.items() if one} == {}


def test_the_dashboards_of_the_newer_plug_in_lose_nothing_in_grafanas_own_types(newest: Plan, tmp_path: Path) -> None:
    for uid, text in _dashboards(newest).items():
        (tmp_path / f"{uid}.json").write_text(text, encoding="utf-8")
    program = ROOT / "tests" / "support" / "round_trip.py"

    answer = subprocess.run(
        [sys.executable, str(program), *map(str, sorted(tmp_path.iterdir()))],
        env=dict(os.environ), capture_output=True, text=True, check=True,
    )  # fmt: skip  # as short as it can be said

    assert {name: lost for name, lost in json.loads(answer.stdout).items() if lost} == {}


def _file_rules() -> dict[str, Json]:
    groups = _file("alerting/rules.yaml")["groups"]
    return {one["title"]: {**one, "group": group} for group in groups for one in group["rules"]}


def _as_in_the_file(rule: Json) -> Json:
    """A planned rule in the words of Grafana's own provisioning."""
    annotations = rule["annotations"]
    return {
        "uid": rule["uid"], "title": rule["name"], "condition": rule["condition"], "for": rule["for"],
        "noDataState": rule["no_data_state"], "execErrState": rule["exec_err_state"], "isPaused": rule["is_paused"],
        "labels": rule["labels"], "annotations": annotations,
        "dashboardUid": annotations["__dashboardUid__"], "panelId": int(annotations["__panelId__"]),
        "data": [
            {
                "refId": one["ref_id"], "datasourceUid": one["datasource_uid"], "model": json.loads(one["model"]),
                "relativeTimeRange": one["relative_time_range"][0],
            }
            for one in rule["data"]
        ],
    }  # fmt: skip  # a rule on a few lines


def test_every_rule_equals_the_one_that_grafana_provisions_from_files(era: tuple[str, Plan]) -> None:
    plugin, plan = era
    files, planned = _file_rules(), _rules(plan)

    assert planned.keys() == files.keys()
    for title, rule in planned.items():
        expected = {key: value for key, value in files[title].items() if key != "group"}
        if plugin == CORE:
            expected["uid"] = None  # Grafana 10.4 refuses a group whose rules bring uids, and gives them itself
        assert _as_in_the_file(rule) == _replaced(expected, plugin), title
        assert rule["group"]["name"] == files[title]["group"]["name"]
        assert f"{rule['group']['interval_seconds'] // 60}m" == files[title]["group"]["interval"]
        assert rule["group"]["folder_uid"] == "athena"


def test_a_rules_data_source_keeps_its_uid_in_every_era(era: tuple[str, Plan]) -> None:
    plugin, plan = era
    for rule in _rules(plan).values():
        (asked,) = (json.loads(one["model"]) for one in rule["data"] if one["datasource_uid"] != "__expr__")
        assert asked["datasource"] == {"type": plugin, "uid": "prometheus"}


def test_the_data_sources_are_those_that_rules_name_and_dashboards_choose(era: tuple[str, Plan]) -> None:
    plugin, plan = era
    made = {one["uid"]: one["type"] for one in plan.resources("grafana_data_source").values()}
    chosen = {
        variable["query"]
        for text in _dashboards(plan).values()
        for variable in json.loads(text)["templating"]["list"]
        if variable["type"] == "datasource"
    }

    assert made == {"prometheus": plugin, "cloudwatch": "cloudwatch", "athena": "grafana-athena-datasource"}
    assert chosen <= set(made.values())
    assert plan.output("metrics_plugin") == plugin
    assert set(plan.output("data_source_uids")) == set(made)


def _data_source(plan: Plan, uid: str) -> Json:
    (found,) = (one for one in plan.resources("grafana_data_source").values() if one["uid"] == uid)
    return dict(found) | {"json": json.loads(found["json_data_encoded"])}


def test_signed_sources_assume_the_role_of_the_data_account_and_tell_the_external_id(shaped: Plan) -> None:
    assert _data_source(shaped, "prometheus")["json"] == {
        "httpMethod": "POST", "manageAlerts": False, "timeInterval": "60s",
        "sigV4Auth": True, "sigV4AuthType": "ec2_iam_role", "sigV4Region": "eu-west-1",
        "sigV4AssumeRoleArn": ROLE["assume_role_arn"], "sigV4ExternalId": ROLE["external_id"],
    }  # fmt: skip  # settings on a few lines
    for uid in ("cloudwatch", "athena"):
        told = _data_source(shaped, uid)["json"]
        assert (told["authType"], told["defaultRegion"]) == ("ec2_iam_role", "eu-west-1")
        assert (told["assumeRoleArn"], told["externalId"]) == (ROLE["assume_role_arn"], ROLE["external_id"])


def test_a_grafana_of_ones_own_asks_its_prometheus_unsigned_with_the_core_plug_in(content: PaperTerraform) -> None:
    plan = content.content(**EVERY_CHANNEL)
    metrics = _data_source(plan, "prometheus")

    assert (metrics["type"], metrics["url"]) == (CORE, "http://127.0.0.1:9090")
    assert metrics["json"] == {"httpMethod": "POST", "manageAlerts": False, "timeInterval": "30s"}


def test_several_accounts_have_data_sources_of_their_own(shaped: Plan) -> None:
    names = {one["uid"]: one["name"] for one in shaped.resources("grafana_data_source").values()}

    assert names.keys() == {"prometheus", "cloudwatch", "cloudwatch-sandbox", "athena"}
    assert len(set(names.values())) == len(names)
    assert "assumeRoleArn" not in _data_source(shaped, "cloudwatch-sandbox")["json"]


def test_a_data_source_that_is_there_already_is_asked_and_not_made(content: PaperTerraform) -> None:
    plan = content.content(**THEIRS)

    assert "prometheus" not in plan.output("data_source_uids")
    for rule in _rules(plan).values():
        (asked,) = (one for one in rule["data"] if one["datasource_uid"] != "__expr__")
        assert asked["datasource_uid"] == json.loads(asked["model"])["datasource"]["uid"] == "theirs"


def test_a_dashboard_of_ones_own_goes_into_the_folder_that_it_lies_in(shaped: Plan) -> None:
    folders = {one["uid"]: one["title"] for one in shaped.resources("grafana_folder").values()}
    assert folders == {"athena": "Athena", "athena-data-platform": "Data Platform"}
    dashboards = shaped.resources("grafana_dashboard").values()
    placed = {json.loads(one["config_json"])["uid"]: one["folder"] for one in dashboards}
    assert placed == dict.fromkeys((*GENERATED, "tricky"), "athena") | {"mine": "athena-data-platform"}


def test_links_of_alerts_lead_to_where_the_runbook_is_published(shaped: Plan) -> None:
    files = _file_rules()
    for title, rule in _rules(shaped).items():
        before = files[title]["annotations"]
        after = before["runbook_url"].replace("docs/runbook.md", "https://docs.example.org/runbook")
        assert rule["annotations"] == before | {"runbook_url": after}
        assert re.fullmatch(r"https://docs\.example\.org/runbook#\w+", after)


def test_without_alert_rules_there_are_dashboards_alone(content: PaperTerraform) -> None:
    plan = content.content(alert_rules=False, contact_points=None)

    for kind in ("rule_group", "contact_point", "message_template", "mute_timing", "notification_policy"):
        assert plan.resources(f"grafana_{kind}") == {}
    assert set(_dashboards(plan)) == set(GENERATED)


def test_the_topic_of_the_workspace_reaches_every_audience(newest: Plan) -> None:
    points = {one["name"]: one for one in newest.resources("grafana_contact_point").values()}

    assert set(points) == {"athena-page", "athena-ticket", "athena-digest"}
    for point in points.values():
        (sns,) = point["sns"]
        assert (sns["topic"], sns["auth_provider"]) == (TOPIC, "default")
        assert "athena.title" in sns["subject"]
        assert "athena.message" in sns["body"]
