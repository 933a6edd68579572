"""Whether it works is asked of everything, told line by line, and decides the exit code."""

from collections.abc import Callable

import pytest
from click.testing import Result
from grafana_wire import BASIC, NO_CHECK, NO_CREDENTIALS, NO_PLUGIN, REFUSED, WELL, Wire, contact_point

from athena_dashboards.alerts.routing import Audience
from athena_dashboards.deploy.health import DATA_SOURCES

Run = Callable[..., Result]


@pytest.fixture
def healthy(wire: Wire) -> Wire:
    """All that terraform makes."""
    wire.data_sources = {
        "prometheus": ("grafana-amazonprometheus-datasource", WELL), "cloudwatch": ("cloudwatch", WELL),
        "athena": ("grafana-athena-datasource", WELL),
    }  # fmt: skip  # a table
    wire.contact_points = [contact_point(str(one), "sns", topic="arn") for one in Audience]
    return wire


def test_everything_that_works_is_told_and_the_exit_code_is_0(own: Run, healthy: Wire) -> None:
    result = own("health")

    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        *(f"well  data source {uid}" for uid in DATA_SOURCES), "well  contact point athena-digest",
        "well  contact point athena-page", "well  contact point athena-ticket",
    ]  # fmt: skip  # a table
    assert len(healthy.alerts) == 3


@pytest.mark.parametrize(
    ("uid", "kind", "said", "words"),
    [
        (
            "cloudwatch",
            "cloudwatch",
            NO_CREDENTIALS,
            "1. CloudWatch metrics query failed: NoCredentialProviders: no valid",
        ),
        ("athena", "grafana-athena-datasource", NO_PLUGIN, "Unable to find datasource plugin"),
        ("athena", "grafana-athena-datasource", NO_CHECK, "has no health check: is it installed?"),
        ("prometheus", "prometheus", (200, {"status": "ERROR", "message": "no such host"}), "no such host"),
    ],
)
def test_a_data_source_that_does_not_work_is_told_in_grafanas_words(
    uid: str, kind: str, said: tuple[int, object], words: str, own: Run, healthy: Wire
) -> None:
    healthy.data_sources[uid] = (kind, said)

    result = own("health")

    assert result.exit_code == 1
    (line,) = (one for one in result.stdout.splitlines() if one.startswith("ILL"))
    assert line.startswith(f"ILL   data source {uid}: ")
    assert words in line
    assert result.stderr.strip() == f"deploy: not everything works: data source {uid}"


def test_an_old_prometheus_without_a_health_check_is_asked_a_question(own: Run, healthy: Wire) -> None:
    """Grafana 9.3's own answers 404 to /health."""
    healthy.data_sources["prometheus"] = ("prometheus", NO_CHECK)

    result = own("health", "--data-source", "prometheus", "--no-test-alert")

    assert (result.exit_code, result.stdout) == (0, "well  data source prometheus: answers\n")


def test_an_old_prometheus_that_nobody_answers_for_is_ill(own: Run, healthy: Wire) -> None:
    healthy.data_sources["prometheus"] = ("prometheus", NO_CHECK)
    healthy.override["/api/datasources/proxy/uid/prometheus/api/v1/query"] = (502, "")

    result = own("health", "--data-source", "prometheus", "--no-test-alert")

    assert (result.exit_code, result.stdout) == (1, "ILL   data source prometheus: status 502 without a word\n")


def test_what_is_not_there_is_told_with_what_makes_it(own: Run, wire: Wire) -> None:
    result = own("health")

    assert result.exit_code == 1
    assert "ILL   data source athena: there is none with this uid; terraform apply makes it" in result.stdout
    assert "ILL   contact point athena-page: there is none with this name; terraform apply makes it" in result.stdout
    assert wire.alerts == []


def test_a_contact_point_that_reaches_nobody_is_told_in_its_words(own: Run, healthy: Wire) -> None:
    healthy.unreachable.add("athena-page")

    result = own("health")

    assert result.exit_code == 1
    assert f"ILL   contact point athena-page: {REFUSED}" in result.stdout


def test_a_contact_point_that_grafana_cannot_test_is_told(own: Run, healthy: Wire) -> None:
    healthy.override["/api/alertmanager/grafana/config/api/v1/receivers/test"] = (408, {"message": "timed out"})

    result = own("health", "--contact-point", "athena-page")

    assert "ILL   contact point athena-page: 408: timed out" in result.stdout


def test_a_test_alert_says_that_it_is_one_and_carries_no_secret(own: Run, healthy: Wire) -> None:
    """Grafana hides secrets as [REDACTED], and adds them by the integration's uid."""
    healthy.contact_points = [contact_point("athena-page", "slack", url="[REDACTED]", title="{{ x }}")]

    own("health", "--contact-point", "athena-page")

    ((alert),) = healthy.alerts
    (receiver,) = alert["receivers"]
    (config,) = receiver["grafana_managed_receiver_configs"]
    assert (config["uid"], config["type"], config["settings"]) == ("uid-athena-page", "slack", {"title": "{{ x }}"})
    assert alert["alert"]["labels"]["alertname"] == "AthenaTest"
    assert "test" in alert["alert"]["annotations"]["summary"]


def test_a_contact_point_of_two_integrations_is_told_once_on_both(own: Run, healthy: Wire) -> None:
    healthy.contact_points = [contact_point("athena-page", "slack"), contact_point("athena-page", "pagerduty")]

    result = own("health", "--contact-point", "athena-page")

    assert "a test alert is on its way (pagerduty, slack)" in result.stdout
    assert len(healthy.alerts[0]["receivers"][0]["grafana_managed_receiver_configs"]) == 2


def test_nobody_is_disturbed_where_no_test_alert_is_wanted(own: Run, healthy: Wire) -> None:
    result = own("health", "--no-test-alert")

    assert (result.exit_code, healthy.alerts) == (0, [])


@pytest.mark.parametrize(
    ("auth", "said"),
    [("admin:wrong", "invalid username or password"), ("glsa_old", "invalid API key")],
)
def test_who_is_not_let_in_is_told_what_is_asked_for(auth: str, said: str, run: Run, wire: Wire) -> None:
    result = run("health", GRAFANA_URL=wire.url, GRAFANA_AUTH=auth)

    (line,) = result.stderr.splitlines()
    assert f"doesn't know who asks ({said}): GRAFANA_AUTH has to be a token that has not expired" in line


def test_who_is_no_administrator_is_told_so(own: Run, healthy: Wire) -> None:
    healthy.override["/api/v1/provisioning/contact-points"] = (403, {"message": "You'll need additional permissions"})

    assert "it takes an administrator" in own("health").stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "which Grafana? --workspace g-0123456789 for Amazon Managed Grafana, or GRAFANA_URL="),
        ({"GRAFANA_URL": "grafana.example.org", "GRAFANA_AUTH": "x"}, "which Grafana?"),
        ({"GRAFANA_URL": "https://grafana.example.org"}, "GRAFANA_AUTH is missing"),
        ({"GRAFANA_URL": "http://127.0.0.1:1", "GRAFANA_AUTH": BASIC}, "http://127.0.0.1:1 doesn't answer: "),
    ],
)
def test_what_is_missing_is_one_line(given: dict[str, str], said: str, run: Run) -> None:
    result = run("health", **given)

    (line,) = result.stderr.splitlines()
    code = 1 if "doesn't answer" in said else 2
    assert (result.exit_code, said in line) == (code, True), line


def test_what_is_no_grafana_is_told(own: Run, wire: Wire) -> None:
    wire.override["/api/health"] = (200, "<html>a proxy's page</html>")

    assert "/api/health tells no version: is that a Grafana?" in own("plugins").stderr
    wire.override["/api/health"] = (502, "bad gateway")
    assert "/api/health answers 502: bad gateway" in own("plugins").stderr
