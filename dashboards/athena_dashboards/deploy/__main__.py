"""`python -m athena_dashboards.deploy`."""

from athena_dashboards.deploy.cli import main

if __name__ == "__main__":
    main(prog_name="python -m athena_dashboards.deploy")
