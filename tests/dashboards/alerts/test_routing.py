"""An alert reaches somebody: every severity has its audience, in Grafana's files and in terraform's alike."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from athena_dashboards.alerts import files, routing
from athena_dashboards.alerts.model import Severity
from athena_dashboards.alerts.routing import Audience, Channel, Policy
from athena_dashboards.alerts.said import duration

MADE = files.generated()
PROVIDER = json.loads((Path(__file__).parent / "provider_attributes.json").read_text(encoding="utf-8"))["resources"]
RULES = json.loads(MADE[files.TERRAFORM_RULES])
ROUTING = json.loads(MADE[files.TERRAFORM_ROUTING])
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str, "number": (int, float), "bool": bool, "list": list, "map": dict,
}  # fmt: skip  # terraform's words and Python's
WRITTEN_AS_JSON = {"model"}
"""Attributes that terraform encodes itself: jsonencode() of what stands in the file."""

Told = dict[str, Any]


def _file(path: str) -> Told:
    document: Told = yaml.safe_load(MADE[path])
    return document


def _contact_points(path: str = f"{files.ALERTING}/contact-points.yaml") -> dict[str, Told]:
    return {one["name"]: one["receivers"][0] for one in _file(path)["contactPoints"]}


def _tree() -> Told:
    (tree,) = _file(f"{files.ALERTING}/policies.yaml")["policies"]
    return dict(tree)


def _expanded(settings: Told, environment: dict[str, str]) -> Told:
    """As Grafana expands them: a variable that is not set is empty."""

    def expanded(text: object) -> object:
        if not isinstance(text, str):
            return text
        return re.sub(r"\$\{(\w+)\}", lambda found: environment.get(found.group(1), ""), text)

    return {name: expanded(value) for name, value in settings.items()}


@pytest.mark.parametrize("severity", Severity)
def test_every_severity_is_told_to_an_audience_that_is_there(severity: Severity) -> None:
    (ours,) = _tree()["routes"]
    (route,) = (one for one in ours["routes"] if one["object_matchers"] == [["severity", "=", str(severity)]])
    assert route["receiver"] in _contact_points()


def test_an_alert_without_a_severity_still_reaches_somebody() -> None:
    tree = _tree()
    assert tree["receiver"] == tree["routes"][0]["receiver"] == "athena-ticket"
    assert "athena-ticket" in _contact_points()


def test_only_alerts_of_ours_take_our_routes() -> None:
    (ours,) = _tree()["routes"]
    assert ours["object_matchers"] == [["system", "=", "athena"]]
    assert all(rule["labels"]["system"] == "athena" for group in RULES.values() for rule in group["rules"])


def test_grafana_starts_without_any_address() -> None:
    """It refuses to start on an empty address of a contact point, whatever else is right."""
    for receiver in _contact_points().values():
        assert all(_expanded(receiver["settings"], {}).values())


def test_one_variable_is_enough_for_every_audience() -> None:
    told = {"ATHENA_ALERT_WEBHOOK_URL": "https://hooks.example.org/athena"}
    for receiver in _contact_points().values():
        address, _, fragment = str(_expanded(receiver["settings"], told)["url"]).partition("#")
        assert address == "https://hooks.example.org/athena"
        assert fragment in set(Audience)


@pytest.mark.parametrize("channel", routing.CHANNELS, ids=lambda channel: channel.type)
def test_every_channel_reaches_the_same_audiences_and_takes_the_place_of_another(channel: Channel) -> None:
    """Equal uids, so that Grafana replaces a receiver instead of adding one."""
    mine = _contact_points(f"{files.CHANNELS}/{channel.type}.yaml")
    assert {name: one["uid"] for name, one in mine.items()} == {str(one): str(one) for one in Audience}
    assert {one["type"] for one in mine.values()} == {channel.type}


@pytest.mark.parametrize("channel", routing.CHANNELS, ids=lambda channel: channel.type)
def test_the_head_of_a_channels_file_names_the_variables_that_it_takes(channel: Channel) -> None:
    text = MADE[f"{files.CHANNELS}/{channel.type}.yaml"]
    head = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
    assert set(re.findall(r"\$\{(\w+)\}", text)) == set(channel.variables) == set(re.findall(r"\b(ATHENA_\w+)", head))


def test_the_default_channel_is_the_one_that_grafana_loads() -> None:
    same = f"{files.CHANNELS}/{routing.DEFAULT_CHANNEL.type}.yaml"
    assert MADE[f"{files.ALERTING}/contact-points.yaml"] == MADE[same]


def test_templates_that_messages_use_are_defined_and_hold_nothing_that_grafana_would_expand() -> None:
    (template,) = _file(f"{files.ALERTING}/templates.yaml")["templates"]
    defined = set(re.findall(r'define "([\w.]+)"', template["template"]))
    used = set(re.findall(r'template "([\w.]+)"', "".join(MADE.values())))
    assert used == defined
    assert "$" not in template["template"]
    opened = len(re.findall(r"\{\{-? ?(?:define|if|range|with)\b", template["template"]))
    assert opened == len(re.findall(r"\{\{-? ?end\b", template["template"]))


def test_the_digest_has_time_to_speak_once_a_day() -> None:
    (digest,) = (policy for policy in routing.POLICIES if policy.audience is Audience.DIGEST)
    (muted,) = (one for one in routing.MUTE_TIMINGS if one.name in digest.muted)
    silent = sorted((_minutes(since), _minutes(until)) for since, until in muted.hours)
    assert silent[0][0] == 0
    assert silent[-1][1] == 24 * 60
    (open_minutes,) = (later[0] - earlier[1] for earlier, later in pairwise(silent))
    assert digest.interval < timedelta(minutes=open_minutes)
    assert timedelta(minutes=24 * 60 - open_minutes) <= digest.repeat < timedelta(days=1)


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def test_a_policy_names_only_mute_timings_that_are_there() -> None:
    there = {one["name"] for one in _file(f"{files.ALERTING}/mute-timings.yaml")["muteTimes"]}
    (ours,) = _tree()["routes"]
    assert {name for route in ours["routes"] for name in route.get("mute_time_intervals", [])} <= there


@pytest.mark.parametrize("policy", routing.POLICIES, ids=lambda policy: str(policy.severity))
def test_files_and_terraform_route_alike(policy: Policy) -> None:
    (ours,) = _tree()["routes"]
    (file,) = (one for one in ours["routes"] if one["receiver"] == str(policy.audience))
    (module,) = (one for one in ROUTING["policy"]["policy"] if one["contact_point"] == str(policy.audience))
    assert file["object_matchers"] == [[one["label"], one["match"], one["value"]] for one in module["matcher"]]
    for name in ("group_by", "group_wait", "group_interval", "repeat_interval"):
        assert file[name] == module[name]
    assert file.get("mute_time_intervals", []) == module["mute_timings"] == list(policy.muted)
    assert file["repeat_interval"] == duration(policy.repeat)


def test_files_and_terraform_have_the_same_templates_and_mute_timings() -> None:
    (template,) = _file(f"{files.ALERTING}/templates.yaml")["templates"]
    assert ROUTING["message_templates"] == {template["name"]: template["template"]}
    for timing in _file(f"{files.ALERTING}/mute-timings.yaml")["muteTimes"]:
        (interval,) = timing["time_intervals"]
        times = [{"start": one["start_time"], "end": one["end_time"]} for one in interval["times"]]
        assert ROUTING["mute_timings"][timing["name"]] == {"intervals": [{"times": times}]}


def _strangers(told: Told, block: Told, where: str) -> Iterator[str]:
    """What a block of terraform would refuse, or miss, of what we give it."""
    attributes, blocks = block["attributes"], block.get("blocks", {})
    for name, value in told.items():
        if name in blocks:
            for one in value if isinstance(value, list) else [value]:
                yield from _strangers(one, blocks[name], f"{where}.{name}")
        elif name not in attributes:
            yield f"{where} has no {name}"
        elif name not in WRITTEN_AS_JSON and not isinstance(value, TYPES[attributes[name]]):
            yield f"{where}.{name} is a {attributes[name]}, not {value!r}"
    yield from (f"{where} needs {name}" for name in block["required"] if name not in told)


def test_the_provider_has_every_attribute_of_the_rules() -> None:
    for name, group in RULES.items():
        given = {"name": name, "folder_uid": "athena", "interval_seconds": group["interval_seconds"]}
        whole = given | {"rule": group["rules"]}
        assert list(_strangers(whole, PROVIDER["grafana_rule_group"], name)) == []


def test_the_provider_has_every_attribute_of_the_routing() -> None:
    nested = PROVIDER["grafana_notification_policy"]["blocks"]["policy"]
    assert list(_strangers(ROUTING["policy"], nested, "policy")) == []
    for name, timing in ROUTING["mute_timings"].items():
        assert list(_strangers({"name": name} | timing, PROVIDER["grafana_mute_timing"], name)) == []
    for name, text in ROUTING["message_templates"].items():
        told = {"name": name, "template": text}
        assert list(_strangers(told, PROVIDER["grafana_message_template"], name)) == []


ADDRESSES: dict[str, Told] = {
    "email": {"addresses": ["team@example.org"]},
    "slack": {"url": "https://hooks.slack.com/services/T/B/X"},
    "pagerduty": {"integration_key": "key"},
    "webhook": {"url": "https://hooks.example.org"},
    "sns": {"topic": "arn:aws:sns:eu-west-1:111122223333:grafana-athena"},
}
"""What terraform's variables add to each block."""


@pytest.mark.parametrize("audience", Audience)
def test_the_provider_has_every_attribute_of_the_contact_points(audience: Audience) -> None:
    blocks = ROUTING["contact_points"][str(audience)]
    assert set(blocks) == set(ADDRESSES)
    whole = {"name": str(audience)} | {kind: told | ADDRESSES[kind] for kind, told in blocks.items()}
    assert list(_strangers(whole, PROVIDER["grafana_contact_point"], str(audience))) == []


def test_no_address_and_no_secret_is_in_what_terraform_reads() -> None:
    for blocks in ROUTING["contact_points"].values():
        for kind, told in blocks.items():
            assert not set(told) & set(ADDRESSES[kind])


def test_what_the_provider_does_not_know_is_found() -> None:
    block = PROVIDER["grafana_mute_timing"]
    told = {"intervals": [{"times": [{"start": 8}], "hours": []}]}
    assert list(_strangers(told, block, "timing")) == [
        "timing.intervals.times.start is a string, not 8",
        "timing.intervals.times needs end",
        "timing.intervals has no hours",
        "timing needs name",
    ]
