"""What the commands have in common: their help, and the options that several take."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])

HELP: Mapping[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
"""click's context settings; each command carries them itself, for click remembers a command's first help option."""
_FILE = click.Path(path_type=Path, dir_okay=False)


def config_option(text: str) -> Callable[[_Command], _Command]:
    """`--config FILE`, as the argument `config_path`; `text` says what it is for."""
    return click.option("--config", "config_path", type=_FILE, help=text)


def ledger_option() -> Callable[[_Command], _Command]:
    """`--ledger FILE`, as the argument `ledger_path`."""
    return click.option(
        "--ledger", "ledger_path", type=_FILE, help="The ledger itself, instead of the one in the configuration."
    )
