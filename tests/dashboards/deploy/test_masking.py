"""Whoever repeats a secret to us: the line that is told has three stars in its place."""

import pytest

from athena_dashboards.deploy.errors import masked

ENVIRONMENT = {
    "GRAFANA_AUTH": "admin:sesame-password",
    "ATHENA_ALERT_SLACK_URL": "https://hooks.slack.com/services/T000/B000/sesame-slack",
    "AWS_SESSION_TOKEN": "sesame/token+==",
    "OUR_ROOM": "https://hooks.slack.com/services/T000/B000/sesame-room",
    "HOME": "/home/jane",
}


@pytest.mark.parametrize(
    "line",
    [
        "admin:sesame-password is wrong",
        "no such password: sesame-password",
        "Post https://hooks.slack.com/services/T000/B000/sesame-slack: refused",
        "unknown hook sesame-slack",
        "bad token sesame/token+==",
        "bad token sesame%2Ftoken%2B%3D%3D",
        "no sesame-room here",
        "http://me:sesame@grafana.example.org doesn't answer",
    ],
)
def test_no_secret_is_repeated(line: str) -> None:
    shown = masked(line, ENVIRONMENT, ["OUR_ROOM"])
    assert "sesame" not in shown
    assert "***" in shown


def test_what_is_no_secret_stays() -> None:
    line = "https://grafana.example.org answers 404: /home/jane is not here"
    assert masked(line, ENVIRONMENT) == line
