"""Contact points, policies, mute timings and templates in Grafana's and in terraform's words.

Sources: pkg/services/provisioning/alerting/ of grafana/grafana; docs/resources/{contact_point, notification_policy,
mute_timing, message_template}.md of grafana/terraform-provider-grafana.
"""

from athena_dashboards.alerts import routing
from athena_dashboards.alerts.grafana import Json
from athena_dashboards.alerts.routing import Audience, Channel, MuteTiming, Policy
from athena_dashboards.alerts.said import SYSTEM, duration

_ORG = {"orgId": 1}


def contact_points(channel: Channel) -> Json:
    """A file: all audiences by one channel.

    An audience's uid is the same whatever the channel, so that another channel replaces this one.
    """
    return {"apiVersion": 1, "contactPoints": [_contact_point(channel, audience) for audience in Audience]}


def _contact_point(channel: Channel, audience: Audience) -> Json:
    receiver = {"uid": str(audience), "type": channel.type, "settings": channel.settings(audience)}
    return _ORG | {"name": str(audience), "receivers": [receiver]}


def policies() -> Json:
    """A file: the whole tree of policies. Grafana has one for each organisation, and this replaces it."""
    ours = {
        "receiver": str(routing.DEFAULT), "object_matchers": [["system", "=", SYSTEM]],
        "routes": [_route(policy) for policy in routing.POLICIES],
    }  # fmt: skip  # a route on a few lines
    root = {"receiver": str(routing.DEFAULT), "group_by": ["grafana_folder", "alertname"], "routes": [ours]}
    return {"apiVersion": 1, "policies": [_ORG | root]}


def _route(policy: Policy) -> Json:
    muted = {"mute_time_intervals": list(policy.muted)} if policy.muted else {}
    return {
        "receiver": str(policy.audience), "object_matchers": [["severity", "=", str(policy.severity)]],
        "group_by": list(policy.group_by), "group_wait": duration(policy.wait),
        "group_interval": duration(policy.interval), "repeat_interval": duration(policy.repeat),
    } | muted  # fmt: skip  # as above


def mute_timings() -> Json:
    """A file: when policies that name them are silent."""
    return {"apiVersion": 1, "muteTimes": [_mute_timing(one) for one in routing.MUTE_TIMINGS]}


def _mute_timing(one: MuteTiming) -> Json:
    times = [{"start_time": since, "end_time": until} for since, until in one.hours]
    return _ORG | {"name": one.name, "time_intervals": [{"times": times}]}


def templates() -> Json:
    """A file: the words of the messages."""
    return {"apiVersion": 1, "templates": [_ORG | {"name": routing.TEMPLATE, "template": routing.TEMPLATE_TEXT}]}


def terraform() -> Json:
    """All of it as the provider's attributes. Addresses and secrets are not here: terraform's variables hold them."""
    return {
        "contact_points": {str(audience): _terraform_contact_point(audience) for audience in Audience},
        "message_templates": {routing.TEMPLATE: routing.TEMPLATE_TEXT},
        "mute_timings": {one.name: {"intervals": [{"times": _times(one)}]} for one in routing.MUTE_TIMINGS},
        "policy": {
            "contact_point": str(routing.DEFAULT),
            "matcher": [{"label": "system", "match": "=", "value": SYSTEM}],
            "policy": [_terraform_policy(policy) for policy in routing.POLICIES],
        },
    }


def _terraform_contact_point(audience: Audience) -> Json:
    """Blocks by channel, without the address. `sns` is Amazon Managed Grafana's; there is no webhook there."""
    return {
        "email": {"single_email": True, "subject": routing.TITLE, "message": routing.MESSAGE},
        "slack": {"title": routing.TITLE, "text": routing.MESSAGE},
        "pagerduty": {
            "severity": routing.PAGERDUTY_SEVERITY[audience], "class": "athena", "component": "Amazon Athena",
            "group": str(audience), "summary": routing.TITLE,
        },
        "webhook": {"http_method": "POST", "title": routing.TITLE, "message": routing.MESSAGE},
        "sns": {"message_format": "text", "subject": routing.TITLE, "body": routing.MESSAGE},
    }  # fmt: skip  # a block on a line


def _times(one: MuteTiming) -> list[dict[str, str]]:
    return [{"start": since, "end": until} for since, until in one.hours]


def _terraform_policy(policy: Policy) -> Json:
    return {
        "contact_point": str(policy.audience),
        "matcher": [{"label": "severity", "match": "=", "value": str(policy.severity)}],
        "group_by": list(policy.group_by), "group_wait": duration(policy.wait),
        "group_interval": duration(policy.interval), "repeat_interval": duration(policy.repeat),
        "mute_timings": list(policy.muted),
    }  # fmt: skip  # as above
