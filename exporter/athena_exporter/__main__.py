"""`python -m athena_exporter` and the command `athena-exporter`."""

from athena_exporter.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
