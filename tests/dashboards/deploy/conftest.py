"""A Grafana with Amazon's API before it, and the commands, for every test of this folder."""

from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result
from grafana_wire import BASIC, Wire, serving

from athena_dashboards.deploy.cli import main

Run = Callable[..., Result]


@pytest.fixture
def wire() -> Iterator[Wire]:
    with serving() as served:
        yield served


def environment(wire: Wire) -> dict[str, str | None]:
    """AWS's credentials and address, and nothing of a person's Grafana."""
    return {
        "AWS_ACCESS_KEY_ID": "offline", "AWS_SECRET_ACCESS_KEY": "offline", "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL_GRAFANA": wire.url, "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
        "AWS_PROFILE": None, "GRAFANA_URL": None, "GRAFANA_AUTH": None, "ATHENA_GRAFANA_WORKSPACE": None,
    }  # fmt: skip  # a table


@pytest.fixture
def run(wire: Wire) -> Run:
    """Run a command against the workspace's side: run("token", "--workspace", ...)."""

    def command(*arguments: str, **more: str | None) -> Result:
        return CliRunner().invoke(main, arguments, env=environment(wire) | more)

    return command


@pytest.fixture
def own(run: Run, wire: Wire) -> Run:
    """Run a command against a Grafana of one's own, with user and password."""
    return lambda *arguments: run(*arguments, GRAFANA_URL=wire.url, GRAFANA_AUTH=BASIC)
