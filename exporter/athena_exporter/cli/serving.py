"""`athena-exporter serve`: the command line of the service."""

import os
from contextlib import closing
from pathlib import Path

import click

from athena_exporter.cli import log, wiring
from athena_exporter.cli.archiving import historian
from athena_exporter.cli.channels import open_channels, people_of
from athena_exporter.cli.failing import explained
from athena_exporter.cli.guarding import Guarding
from athena_exporter.cli.readers import CLOCKS, Reader, Writer
from athena_exporter.cli.service import Service
from athena_exporter.cli.usage import HELP, config_option
from athena_exporter.config import load
from athena_exporter.ledger.store import Ledger
from athena_exporter.outlets.webconfig import load_web_config
from athena_exporter.sources.models import shared_models
from athena_exporter.telemetry import Telemetry


@click.command(context_settings=dict(HELP))
@config_option("YAML file; without one: the defaults, and the Region and credentials of the environment.")
@click.option(
    "--web.listen-address", "listen_address", default=":9989", show_default=True, help="host:port, :port or [ipv6]:port"
)
@click.option(
    "--web.config.file",
    "web_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="TLS and passwords, in the format of Prometheus's exporters (web-config.yml).",
)
@click.option(
    "--guard.off", "is_guard_off", is_flag=True, help="Stop no query, whatever the configuration says of the guard."
)
@click.option(
    "--log.level", "level", type=click.Choice([one.value for one in log.LogLevel]), default="info", show_default=True
)
@click.option(
    "--log.format", "form", type=click.Choice([one.value for one in log.LogFormat]), default="logfmt", show_default=True
)
@explained
def serve(
    config_path: Path | None, listen_address: str, web_path: Path | None, *, is_guard_off: bool, level: str, form: str
) -> None:
    """Count every query once and serve the totals on /metrics.

    Committed totals are served at once after a start, before AWS is asked. While AWS cannot be reached, the last
    values stay, with their age. SIGTERM or Ctrl-C ends it; nothing is lost by any way of ending it. Exit codes: 0
    ended by a signal, 2 wrong usage, configuration or credentials, 3 another exporter has the ledger now.

    \b
    AWS_REGION=eu-west-1 athena-exporter serve
    athena-exporter serve --config exporter.yml --web.listen-address 127.0.0.1:9989
    athena-exporter serve --config exporter.yml --web.config.file web-config.yml
    """  # noqa: D301 - \b is click's mark for "keep these lines"
    config = load(config_path, os.environ)
    log.configure(log.LogLevel(level), log.LogFormat(form))
    web = None if web_path is None else load_web_config(web_path)
    naming = wiring.naming(config, os.environ)
    people = people_of(config)
    telemetry = Telemetry()
    models = shared_models()
    readers = [Reader(config, settings, telemetry, naming, models) for settings in config.targets]
    writer = Writer(config, telemetry, models) if config.events.enabled else None
    archivist = historian(config, telemetry, models)
    with closing(Ledger(wiring.ledger_settings(config), monotonic=CLOCKS.monotonic)) as ledger:
        guarding = Guarding(config, ledger, telemetry, naming, is_forced_off=is_guard_off)
        channels = open_channels(config, ledger, telemetry, people)
        Service(config, ledger, telemetry, guarding, channels, archivist).run(readers, writer, listen_address, web)
