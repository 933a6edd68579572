"""How the command line fails: one clear line each, exit code 2, no traceback."""

import logging
import os
from collections.abc import Callable
from functools import wraps
from typing import NoReturn, ParamSpec, TypeVar

import click
from botocore.exceptions import BotoCoreError, ClientError

from athena_exporter.config import ConfigError
from athena_exporter.ledger.errors import LedgerError, ReplacedError
from athena_exporter.outlets.server import AddressError
from athena_exporter.outlets.webconfig import WebConfigError
from athena_exporter.sources import errors
from athena_exporter.sources.privacy import PrivacyKeyError

_P = ParamSpec("_P")
_R = TypeVar("_R")


class SetupError(Exception):
    """The set-up cannot work; the message says what, where and how to mend it."""


class _Stop(click.ClickException):
    """Prints its lines on standard error."""

    exit_code = 2

    def show(self, file: object = None) -> None:
        del file  # click offers another stream; standard error is right for every command
        for line in self.message.splitlines():
            click.echo(f"athena-exporter: {line}", err=True)


REPLACED = 3
"""The exit code of an exporter that gave way to another one."""


def _leave() -> NoReturn:  # pragma: no cover - it ends the process that counts
    """End at once: on its usual way out SQLite would undo what it has begun, in files that are another's by now."""
    logging.shutdown()
    os._exit(REPLACED)


def explained(command: Callable[_P, _R]) -> Callable[_P, _R]:
    """Turn the errors that a person can mend into lines; anything else is a bug and keeps its traceback."""

    @wraps(command)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return command(*args, **kwargs)
        except (ConfigError, LedgerError, AddressError, SetupError, WebConfigError, PrivacyKeyError) as error:
            raise _Stop(str(error)) from error
        except (ClientError, BotoCoreError) as error:
            raise _Stop(errors.explain(error)) from error
        except ReplacedError as error:
            _Stop(str(error)).show()
            _leave()

    return run
