"""Prints the tables of docs/deploy.md: `python -m athena_exporter.costs.deployment [ROOT]`, in the repository."""

from pathlib import Path

import click

from athena_exporter.costs.deployment import Shown, document

_READ = ("dashboards/generated", "provisioning/terraform/rules.json")


@click.command()
@click.argument("root", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".")
def main(root: Path) -> None:
    """Print what a month costs, computed from the dashboards and rules below ROOT (default: this folder)."""
    missing = next((name for name in _READ if not (root / name).exists()), None)
    if missing is not None:
        raise click.UsageError(f"{root} has no {missing}: name the folder of the repository")
    click.echo(document(Shown.of(root)))


if __name__ == "__main__":
    main(prog_name="python -m athena_exporter.costs.deployment")
