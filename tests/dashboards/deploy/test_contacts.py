"""Contact points whose addresses are secrets are made without terraform, again and again with the same end."""

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result
from grafana_wire import BASIC, WORKSPACE, Wire, contact_point

from athena_dashboards.alerts.routing import MESSAGE, TITLE

Run = Callable[..., Result]

PAGE, ROOM = "0123456789abcdef0123456789abcdef", "https://hooks.slack.com/services/T0/B0/secret"
SECRETS = {"ATHENA_ALERT_PAGERDUTY_KEY": PAGE, "ATHENA_ALERT_SLACK_URL": ROOM}


@pytest.fixture
def make(run: Run, wire: Wire) -> Run:
    """Run the command against a Grafana of one's own: make("athena-page=slack", ...), with the secrets."""

    def command(*told: str, **more: str | None) -> Result:
        given: dict[str, str | None] = {"GRAFANA_URL": wire.url, "GRAFANA_AUTH": BASIC, **SECRETS, **more}
        return run("contact-points", *told, **given)

    return command


def _there(wire: Wire) -> dict[str, dict[str, Any]]:
    return {one["uid"]: one for one in wire.contact_points}


def test_an_audience_is_reached_by_the_channel_that_is_told_in_the_words_of_the_files(make: Run, wire: Wire) -> None:
    result = make("athena-page=pagerduty", "athena-page=slack", "athena-ticket=slack:TICKETS", TICKETS=f"{ROOM}-2")

    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines() == [
        "contact point athena-page: pagerduty is made",
        "contact point athena-page: slack is made",
        "contact point athena-ticket: slack is made",
    ]
    there = _there(wire)
    assert {uid: one["name"] for uid, one in there.items()} == {
        "athena-page-pagerduty": "athena-page", "athena-page-slack": "athena-page",
        "athena-ticket-slack": "athena-ticket",
    }  # fmt: skip  # a table
    assert there["athena-page-pagerduty"]["settings"] == {
        "integrationKey": PAGE, "severity": "critical", "class": "athena", "component": "Amazon Athena",
        "group": "athena-page", "summary": TITLE,
    }  # fmt: skip  # settings on a few lines
    assert there["athena-page-slack"]["settings"] == {"url": ROOM, "title": TITLE, "text": MESSAGE}
    assert there["athena-ticket-slack"]["settings"]["url"] == f"{ROOM}-2"


def test_no_secret_is_said(make: Run) -> None:
    result = make("athena-page=pagerduty", "athena-page=slack")

    assert result.exit_code == 0
    for secret in SECRETS.values():
        assert secret not in result.output


def test_made_again_it_is_the_same_and_the_newer_secret_holds(make: Run, wire: Wire) -> None:
    make("athena-page=slack")

    result = make("athena-page=slack", ATHENA_ALERT_SLACK_URL=f"{ROOM}-new")

    assert result.stdout == "contact point athena-page: slack is set anew\n"
    assert [one["settings"]["url"] for one in wire.contact_points] == [f"{ROOM}-new"]


def test_a_channel_that_is_no_longer_told_goes_and_other_audiences_stay(make: Run, wire: Wire) -> None:
    make("athena-page=slack", "athena-digest=slack")

    result = make("athena-page=pagerduty")

    assert result.stdout.splitlines() == [
        "contact point athena-page: pagerduty is made", "contact point athena-page: slack is removed"
    ]  # fmt: skip  # as short as it can be said
    assert set(_there(wire)) == {"athena-page-pagerduty", "athena-digest-slack"}


def test_what_somebody_else_has_made_is_left_alone_unless_it_is_said(make: Run, wire: Wire) -> None:
    wire.contact_points = [contact_point("athena-page", "slack", url="theirs"), contact_point("oncall", "slack")]

    refused = make("athena-page=pagerduty")

    assert refused.exit_code == 1
    assert refused.stderr.startswith(
        "deploy: somebody else has made contact points of these names: athena-page (slack, uid uid-athena-page); "
    )
    assert set(_there(wire)) == {"uid-athena-page", "uid-oncall"}, "nothing was begun"

    replaced = make("athena-page=pagerduty", "--replace")

    assert replaced.exit_code == 0, replaced.stderr
    assert set(_there(wire)) == {"athena-page-pagerduty", "uid-oncall"}


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("everybody=slack", "'everybody=slack' is not AUDIENCE=CHANNEL[:VARIABLE]: audiences are athena-page, "),
        ("athena-page", "'athena-page' is not AUDIENCE=CHANNEL[:VARIABLE]"),
        ("athena-page=pigeon", "channels are webhook, email, slack, pagerduty"),
        ("athena-page=webhook", "ATHENA_ALERT_WEBHOOK_URL is empty: put there an address that takes a POST of JSON, "),
        ("athena-page=slack:NOWHERE", "NOWHERE is empty: put there an incoming webhook"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anybody_is_asked(told: str, words: str, make: Run, wire: Wire) -> None:
    result = make(told)

    assert result.exit_code == 2
    assert words in result.stderr
    assert wire.asked == []


def test_a_channel_told_twice_is_refused(make: Run, wire: Wire) -> None:
    result = make("athena-page=slack", "athena-page=slack:ATHENA_ALERT_SLACK_URL")

    assert (result.exit_code, wire.asked) == (2, [])
    assert "athena-page-slack: told twice" in result.stderr


def test_grafanas_refusal_is_told_in_its_words(make: Run, wire: Wire) -> None:
    wire.override["/api/v1/provisioning/contact-points/athena-page-slack"] = (400, {"message": "invalid object"})
    make("athena-page=slack")

    result = make("athena-page=slack")

    assert result.exit_code == 1
    assert result.stderr == "deploy: Grafana refuses the contact point athena-page (400): invalid object\n"


def test_in_a_workspace_it_takes_a_token_that_is_deleted(run: Run, wire: Wire) -> None:
    result = run("contact-points", "athena-page=slack", "--workspace", WORKSPACE, "--grafana-url", wire.url, **SECRETS)

    assert result.exit_code == 0, result.stderr
    assert set(_there(wire)) == {"athena-page-slack"}
    assert (wire.tokens, len(wire.deleted)) == ({}, 1)
