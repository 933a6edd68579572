"""`python -m athena_testbed.demo`, which `make demo` runs."""

import os
import sys
from datetime import timedelta

import click

from athena_testbed.demo.parts import Guard
from athena_testbed.demo.run import Wishes, demo
from athena_testbed.durations import duration


class _Duration(click.ParamType[timedelta]):
    name = "DURATION"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        try:
            return duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command()
@click.option("--for", "limit", type=_Duration(), help="End by itself so long after printing the addresses: 90s, 5m.")
@click.option(
    "--guard",
    type=click.Choice([one.value for one in Guard]),
    default=Guard.DRY_RUN.value,
    show_default=True,
    help="Whether queries of somebody above a budget are stopped.",
)
def main(limit: timedelta | None, guard: str) -> None:
    """Start a simulated AWS account, the exporter and Prometheus on this machine, and show what they say.

    After a few seconds one person runs away: watch the budget, the alert, the notification and, with
    `--guard enforce`, the stop. No credentials, nothing outside this machine, nothing left behind. Ctrl-C ends it.
    """
    sys.exit(demo(os.environ, Wishes(limit=limit, guard=Guard(guard))))


if __name__ == "__main__":
    main(prog_name="make demo")
