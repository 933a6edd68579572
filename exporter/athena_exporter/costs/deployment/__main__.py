"""Prints the tables of docs/deploy.md: `python -m athena_exporter.costs.deployment [ROOT]`, in the repository."""

import sys
from pathlib import Path

from athena_exporter.costs.deployment import Shown, document


def main(root: str = ".") -> None:
    """Compute them from the generated files below `root`."""
    sys.stdout.write(document(Shown.of(Path(root))) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:2])
