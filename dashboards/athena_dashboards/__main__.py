"""`python -m athena_dashboards`: write the generated files, or compare them."""

import sys
from pathlib import Path

import click

from athena_dashboards import build
from athena_dashboards.alerts.model import RuleError
from athena_dashboards.alerts.said import RUNBOOK
from athena_dashboards.model import SignalError

_ROOT = Path(__file__).resolve().parents[2]


@click.command(context_settings={"show_default": True, "max_content_width": 118})
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file is stale, missing or an orphan.")
@click.option(
    "--root", type=click.Path(path_type=Path, file_okay=False, exists=True), default=_ROOT, show_default=False,
    help="The repository's root.  [default: the one this package stands in]",
)  # fmt: skip  # as short as it can be said
@click.option("--runbook", metavar="URL", default=RUNBOOK, envvar="ATHENA_RUNBOOK", show_envvar=True,
              help="Where docs/runbook.md is published, for the links of alerts.")  # fmt: skip  # as above
def main(*, check: bool, root: Path, runbook: str) -> None:
    """Write dashboards, alert rules and the documents that come from them.

    Everything is made from the exporter's catalogue and the signals in athena_dashboards; a metric or a label that
    does not exist is an error that names the panel or the rule.
    """
    try:
        found = build.differences(root, build.generated(runbook)) if check else build.write(root, runbook)
    except (SignalError, RuleError) as error:
        click.echo(f"dashboards: {error}", err=True)
        sys.exit(1)
    for one in found:
        click.echo(str(one) if check else f"{'removed' if one.kind == 'orphan' else 'wrote'}: {one.path}")
    if not found:
        click.echo("dashboards: every generated file is current")
    if check and found:
        click.echo("dashboards: run make dashboards, look at the difference, commit it", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main(prog_name="python -m athena_dashboards")
