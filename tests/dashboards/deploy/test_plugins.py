"""Plug-ins come at the versions that were looked at, and what is installed is told."""

from collections.abc import Callable

import pytest
import urllib3
from click.testing import Result
from grafana_wire import BASIC, Wire

from athena_dashboards.deploy import plugins
from athena_dashboards.deploy.errors import DeployError
from athena_dashboards.deploy.grafana import Grafana
from athena_dashboards.deploy.plugins import PINS, parsed, pins

Run = Callable[..., Result]

ATHENA, AMAZON = "grafana-athena-datasource", "grafana-amazonprometheus-datasource"


@pytest.mark.parametrize(
    ("version", "amazon"),
    [
        ("10.4.17", None), ("11.6.12", None), ("12.1.0", "2.3.2"), ("12.2.4", "2.3.2"), ("12.2.5", "3.2.0"),
        ("12.4.1", "3.2.0"), ("13.1.0-pre", "3.2.0"),
    ],
)  # fmt: skip  # a table
def test_a_grafana_gets_the_versions_that_run_on_it(version: str, amazon: str | None) -> None:
    """Before 12 Grafana's own data source signs; 3.x of Amazon's wants 12.2.5."""
    assert pins(version) == {ATHENA: "3.3.3"} | ({AMAZON: amazon} if amazon else {})


def test_no_grafana_has_two_pins_of_a_plug_in() -> None:
    for pin in PINS:
        others = [one for one in PINS if one is not pin and one.plugin == pin.plugin]
        assert all(one.until <= pin.since or pin.until <= one.since for one in others)


def test_what_is_missing_is_installed_and_what_is_there_stays(own: Run, wire: Wire) -> None:
    wire.plugins[ATHENA] = "3.3.3"

    result = own("plugins")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [f"{AMAZON} 3.2.0: installed", f"{ATHENA} 3.3.3: was there"]
    assert f"{wire.url} is Grafana 12.4.1: 2 plug-ins to have" in result.stderr
    assert [one for one in wire.asked if one.startswith("POST")] == [f"POST /api/plugins/{AMAZON}/install"]


def test_an_older_one_is_brought_up_and_a_newer_one_left(own: Run, wire: Wire) -> None:
    wire.plugins |= {ATHENA: "3.10.0", AMAZON: "3.1.9"}

    result = own("plugins")

    assert f"{ATHENA} 3.10.0: is newer than the pinned version; left as it is" in result.stdout
    assert wire.plugins[ATHENA] == "3.10.0"
    assert wire.plugins[AMAZON] == "3.2.0"


def test_one_plug_in_and_its_version_can_be_chosen(own: Run, wire: Wire) -> None:
    own("plugins", "--plugin", f"{ATHENA}=3.1.0")

    assert wire.plugins[ATHENA] == "3.1.0"
    assert AMAZON not in wire.plugins


def test_a_plug_in_without_a_pin_needs_a_version(own: Run) -> None:
    result = own("plugins", "--plugin", "some-panel")

    assert result.exit_code == 1
    assert "no version of some-panel is pinned for Grafana 12.4.1: say it, as in some-panel=1.2.3" in result.stderr


@pytest.mark.parametrize(
    ("status", "message", "said"),
    [
        (500, "Failed to install plugin", "(500: Failed to install plugin)"),
        (404, "Not found", "plug-ins are managed by API only where pluginAdminEnabled"),
    ],
)
def test_what_grafana_refuses_names_the_plug_in(status: int, message: str, said: str, own: Run, wire: Wire) -> None:
    wire.override[f"/api/plugins/{ATHENA}/install"] = (status, {"message": message, "traceID": ""})
    wire.plugins[AMAZON] = "3.2.0"

    result = own("plugins")

    assert result.exit_code == 1
    (line,) = (one for one in result.stderr.splitlines() if "doesn't install" in one)
    assert f"{ATHENA} 3.3.3" in line
    assert said in line


def test_an_install_that_somebody_else_began_is_looked_for(wire: Wire) -> None:
    """Grafana refuses it as a conflict, and has it a little later."""
    wire.override[f"/api/plugins/{ATHENA}/install"] = (409, {"message": "Plugin already installed"})

    def later(is_so: Callable[[], bool]) -> bool:
        assert not is_so()
        wire.plugins[ATHENA] = "3.3.3"
        return is_so()

    (done,) = plugins.install(_grafana(wire), {ATHENA: "3.3.3"}, later)

    assert str(done) == f"{ATHENA} 3.3.3: installed"


def test_an_install_that_leads_to_nothing_is_told(wire: Wire) -> None:
    wire.override[f"/api/plugins/{ATHENA}/install"] = (409, {"message": "version not supported"})

    with pytest.raises(
        DeployError, match=r"install grafana-athena-datasource 3\.3\.3 \(version not supported\), and doesn't"
    ):
        plugins.install(_grafana(wire), {ATHENA: "3.3.3"}, lambda is_so: is_so())


def _grafana(wire: Wire) -> Grafana:

    return Grafana(url=wire.url, auth=BASIC, pool=urllib3.PoolManager())


def test_a_version_is_read_by_its_numbers() -> None:
    assert parsed("12.4.0-pre") == (12, 4, 0)
    with pytest.raises(DeployError, match="'latest' is no version"):
        parsed("latest")
