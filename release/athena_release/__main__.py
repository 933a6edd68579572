"""`python -m athena_release`."""

from athena_release.cli import main

if __name__ == "__main__":
    main(prog_name="athena_release")
