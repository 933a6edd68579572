"""Who is told: by the tree of policies, by the rules themselves, or by whoever owns the tree."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_content import EVERY_CHANNEL, GIVEN, THEIRS, PaperTerraform
from terraforming import Plan

pytestmark = [pytest.mark.process, pytest.mark.terraform]

ROOT = Path(__file__).resolve().parents[2]
CHANNELS, SECRETS = EVERY_CHANNEL["contact_points"], EVERY_CHANNEL["contact_point_secrets"]

Json = dict[str, Any]


@cache
def _file(path: str) -> Json:
    document: Json = yaml.safe_load((ROOT / "provisioning" / "grafana" / path).read_text(encoding="utf-8"))
    return document


@cache
def _routing() -> Json:
    return dict(json.loads((ROOT / "provisioning/terraform/routing.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def own(content: PaperTerraform) -> Plan:
    """A Grafana of one's own whose policies this stack owns, with every channel that it can have."""
    return content.content(**EVERY_CHANNEL)


@pytest.fixture(scope="module")
def managed(content: PaperTerraform) -> Plan:
    """Amazon's, with somebody else's policies."""
    return content.content()


def _rules(plan: Plan) -> list[Json]:
    return [rule for group in plan.resources("grafana_rule_group").values() for rule in group["rule"]]


def _without_nulls(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nulls(one) for one in value]
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one not in (None, [], False)}
    return value


def _as_in_the_file(policy: Json) -> Json:
    """A planned policy in the words of Grafana's own provisioning."""
    names = {
        "contact_point": "receiver", "group_by": "group_by", "group_wait": "group_wait",
        "group_interval": "group_interval", "repeat_interval": "repeat_interval", "mute_timings": "mute_time_intervals",
    }  # fmt: skip  # a table
    told = {theirs: policy[ours] for ours, theirs in names.items() if ours in policy}
    if "matcher" in policy:
        told["object_matchers"] = [[one["label"], one["match"], one["value"]] for one in policy["matcher"]]
    if "policy" in policy:
        told["routes"] = [_as_in_the_file(one) for one in policy["policy"]]
    return told


def test_an_owned_tree_is_the_one_of_the_files(own: Plan) -> None:
    (tree,) = own.resources("grafana_notification_policy").values()
    (file,) = _file("alerting/policies.yaml")["policies"]

    assert _as_in_the_file(_without_nulls(tree)) == {key: value for key, value in file.items() if key != "orgId"}
    assert all(rule["notification_settings"] == [] for rule in _rules(own))


def test_without_the_tree_each_rule_names_what_its_severitys_policy_says(managed: Plan) -> None:
    policies = {one["matcher"][0]["value"]: one for one in _routing()["policy"]["policy"]}

    assert managed.resources("grafana_notification_policy") == {}
    for rule in _rules(managed):
        (told,) = rule["notification_settings"]
        policy = policies[rule["labels"]["severity"]]
        for name in ("contact_point", "group_wait", "group_interval", "repeat_interval", "mute_timings"):
            assert (told[name] or []) == policy[name], (rule["name"], name)
        assert told["group_by"][:2] == ["grafana_folder", "alertname"], "Grafana refuses anything else"
        assert set(told["group_by"]) == {"grafana_folder", "alertname", *policy["group_by"]}
        assert len(told["group_by"]) == len(set(told["group_by"])), "Grafana refuses a label that is named twice"


def test_whoever_owns_the_tree_is_told_what_to_add_to_it(content: PaperTerraform) -> None:
    plan = content.content(routing="none", contact_points=None)

    assert plan.output("notification_route") == _routing()["policy"]
    assert plan.resources("grafana_notification_policy") == plan.resources("grafana_contact_point") == {}
    assert all(rule["notification_settings"] == [] for rule in _rules(plan))


def test_a_contact_point_that_is_there_already_is_named_and_not_made(content: PaperTerraform) -> None:
    plan = content.content(**THEIRS)

    assert plan.resources("grafana_contact_point") == {}
    assert {rule["notification_settings"][0]["contact_point"] for rule in _rules(plan)} <= {"oncall", "platform"}
    assert plan.output("contact_points") == THEIRS["existing_contact_points"]
    assert len(plan.resources("grafana_message_template")) == 1, (
        "contact points made by the deploy command speak with it"
    )


@pytest.mark.parametrize("audience", CHANNELS)
def test_a_contact_point_says_what_the_files_say(audience: str, own: Plan) -> None:
    (point,) = (one for one in own.resources("grafana_contact_point").values() if one["name"] == audience)
    addresses = {
        "email": {"addresses": ["team@example.org", "lead@example.org"]}, "slack": {"url": SECRETS["room"]},
        "pagerduty": {"integration_key": SECRETS["oncall"]}, "webhook": {"url": SECRETS["hook"]},
    }  # fmt: skip  # a table

    blocks = {kind: point[kind] for kind in ("email", "pagerduty", "slack", "sns", "webhook") if point[kind]}
    assert blocks.keys() == CHANNELS[audience].keys()
    for kind, (block,) in blocks.items():
        assert _without_nulls(block) == _routing()["contact_points"][audience][kind] | addresses[kind]


def test_words_and_silent_hours_are_those_of_the_files(own: Plan) -> None:
    (template,) = own.resources("grafana_message_template").values()
    (file,) = _file("alerting/templates.yaml")["templates"]
    assert (template["name"], template["template"]) == (file["name"], file["template"])

    (timing,) = own.resources("grafana_mute_timing").values()
    (silent,) = _file("alerting/mute-timings.yaml")["muteTimes"]
    (interval,) = timing["intervals"]
    times = [{"start_time": one["start"], "end_time": one["end"]} for one in interval["times"]]
    assert (timing["name"], [{"times": times}]) == (silent["name"], silent["time_intervals"])


def test_secrets_are_marked_as_such_wherever_they_go(own: Plan) -> None:
    """So that no plan shows them, where somebody lets the state hold them."""
    points = [one for one in _planned(own) if one["type"] == "grafana_contact_point"]

    for point in points:
        for kind in CHANNELS[point["values"]["name"]]:
            if kind != "email":
                # Terraform hides a whole set of blocks if an attribute in it is secret.
                assert point["sensitive_values"][kind] is True


def _planned(plan: Plan) -> list[Json]:
    (module,) = plan.told["planned_values"]["root_module"]["child_modules"]
    return list(module["resources"])


def test_the_usual_state_of_amazons_holds_no_secret(managed: Plan) -> None:
    kinds = {one["type"] for one in _planned(managed)}
    assert "grafana_service_account" not in kinds
    for one in _planned(managed):
        assert not one["values"].get("secure_json_data_encoded")
        assert not one["values"].get("http_headers")
    assert "contact_point_secrets" not in GIVEN


def test_whether_people_may_edit_is_said_of_everything_that_knows_it(own: Plan, content: PaperTerraform) -> None:
    plan = content.content(grafana_version="10.4", ui_editable=True, routing="policy")

    for kind in ("rule_group", "contact_point", "message_template", "mute_timing", "notification_policy"):
        editable, generated = (one.resources(f"grafana_{kind}").values() for one in (plan, own))
        assert {one["disable_provenance"] for one in editable} == {True}
        assert {one["disable_provenance"] for one in generated} == {False}
