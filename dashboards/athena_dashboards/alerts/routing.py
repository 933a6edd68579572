"""Who is told what, when, and in which words.

An alert's severity chooses an audience; an audience is a contact point, whatever channel it uses. So the policies stay
as they are when people change from e-mail to PagerDuty.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from athena_dashboards.alerts.model import Severity


class Audience(StrEnum):
    """Contact points, by who is behind them."""

    PAGE = "athena-page"
    """Somebody who is on call."""
    TICKET = "athena-ticket"
    """The team, in working hours."""
    DIGEST = "athena-digest"
    """Whoever tidies up: once a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How alerts of a severity travel. Alerts with equal `group_by` labels are one message.

    `wait`: for others of the group to join; `interval`: until news of the group; `repeat`: until the same again.
    """

    severity: Severity
    audience: Audience
    group_by: tuple[str, ...]
    wait: timedelta
    interval: timedelta
    repeat: timedelta
    muted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteTiming:
    """Hours of every day, UTC, in which a policy that names it says nothing: (from, to)."""

    name: str
    hours: tuple[tuple[str, str], ...]


OUTSIDE_THE_DIGEST_HOUR = MuteTiming(
    name="athena-outside-the-digest-hour", hours=(("00:00", "08:00"), ("09:00", "24:00"))
)
"""The digest comes between eight and nine, UTC: what happened since waits for the next morning."""
MUTE_TIMINGS = (OUTSIDE_THE_DIGEST_HOUR,)

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
POLICIES = (
    Policy(
        severity=Severity.CRITICAL,
        audience=Audience.PAGE,
        group_by=("alertname", "account_id", "region"),
        wait=timedelta(seconds=15),
        interval=5 * _MINUTE,
        repeat=_HOUR,
    ),
    Policy(
        severity=Severity.WARNING,
        audience=Audience.TICKET,
        group_by=("alertname", "account_id", "region"),
        wait=_MINUTE,
        interval=30 * _MINUTE,
        repeat=_DAY,
    ),
    Policy(
        severity=Severity.INFO,
        audience=Audience.DIGEST,
        # One label that all share: one message for all of them.
        group_by=("system",),
        wait=5 * _MINUTE,
        # Shorter than the hour in which it may speak, or it could sleep through it.
        interval=30 * _MINUTE,
        repeat=23 * _HOUR,
        muted=(OUTSIDE_THE_DIGEST_HOUR.name,),
    ),
)
DEFAULT = Audience.TICKET
"""Of alerts of ours without a severity: those that Grafana makes itself when a rule has lost its labels."""

TEMPLATE = "athena"
TITLE, MESSAGE = '{{ template "athena.title" . }}', '{{ template "athena.message" . }}'
TEMPLATE_TEXT = """\
{{ define "athena.title" -}}
{{ if eq .Status "firing" }}{{ .Alerts.Firing | len }} firing{{ else }}Resolved{{ end }}: \
{{ with .CommonLabels.alertname }}{{ . }}{{ else }}Athena{{ end }}\
{{ with .CommonLabels.severity }} ({{ . }}){{ end }}
{{- end }}
{{ define "athena.links" -}}
{{ with .PanelURL }}
  Panel: {{ . }}{{ end }}
{{- with .SilenceURL }}
  Silence: {{ . }}{{ end }}
{{- end }}
{{ define "athena.message" -}}
{{ with .CommonAnnotations.summary }}{{ . }}
{{ end }}
{{- if .CommonAnnotations.runbook_url }}What to do: {{ .CommonAnnotations.runbook_url }}
{{ range .Alerts.Firing }}
- {{ .Annotations.description }}{{ template "athena.links" . }}{{ end }}
{{ else }}{{ range .Alerts.Firing }}
- {{ .Labels.alertname }}: {{ .Annotations.description }}
  What to do: {{ .Annotations.runbook_url }}{{ template "athena.links" . }}{{ end }}
{{ end }}
{{- if .Alerts.Resolved }}
Resolved:{{ range .Alerts.Resolved }}
- {{ .Annotations.description }}{{ end }}
{{ end }}
{{- end }}
"""
"""What a message says: for each alert the sentence with its figure, the panel, the runbook, the way to silence it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A way to reach an audience.

    `type`: Grafana's word. `settings`: of a contact point, with `${NAME}` from Grafana's environment. `variables`:
    name -> what belongs there.
    """

    type: str
    variables: Mapping[str, str]
    settings: Callable[[Audience], dict[str, object]]


PAGERDUTY_SEVERITY = {Audience.PAGE: "critical", Audience.TICKET: "warning", Audience.DIGEST: "info"}


def _webhook(audience: Audience) -> dict[str, object]:
    # Grafana refuses to start on an empty address. A fragment is never sent, and keeps the address from being empty.
    return {
        "url": f"${{ATHENA_ALERT_WEBHOOK_URL}}#{audience}", "httpMethod": "POST", "title": TITLE, "message": MESSAGE,
    }  # fmt: skip  # settings on a line


def _email(_: Audience) -> dict[str, object]:
    # As above: a list of addresses may end with a comma.
    return {"addresses": "${ATHENA_ALERT_EMAIL},", "singleEmail": True, "subject": TITLE, "message": MESSAGE}


def _slack(_: Audience) -> dict[str, object]:
    return {"url": "${ATHENA_ALERT_SLACK_URL}", "title": TITLE, "text": MESSAGE}


def _pagerduty(audience: Audience) -> dict[str, object]:
    return {
        "integrationKey": "${ATHENA_ALERT_PAGERDUTY_KEY}", "severity": PAGERDUTY_SEVERITY[audience],
        "class": "athena", "component": "Amazon Athena", "group": str(audience), "summary": TITLE,
    }  # fmt: skip  # settings on a few lines


WEBHOOK = Channel(
    type="webhook",
    variables={"ATHENA_ALERT_WEBHOOK_URL": "an address that takes a POST of JSON"},
    settings=_webhook,
)
EMAIL = Channel(
    type="email",
    variables={"ATHENA_ALERT_EMAIL": "addresses, separated by commas; Grafana needs its SMTP settings, GF_SMTP_*"},
    settings=_email,
)
SLACK = Channel(
    type="slack",
    variables={"ATHENA_ALERT_SLACK_URL": "an incoming webhook: https://hooks.slack.com/services/..."},
    settings=_slack,
)
PAGERDUTY = Channel(
    type="pagerduty",
    variables={"ATHENA_ALERT_PAGERDUTY_KEY": "the integration key of a service's Events API v2"},
    settings=_pagerduty,
)
CHANNELS = (WEBHOOK, EMAIL, SLACK, PAGERDUTY)
"""Of Grafana's own provisioning. SNS is not here: Grafana's own needs other settings than Amazon Managed Grafana's."""
DEFAULT_CHANNEL = WEBHOOK
"""One variable is all it takes: e-mail needs a mail server besides."""
