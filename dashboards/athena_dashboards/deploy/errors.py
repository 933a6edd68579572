"""What can go wrong, said once, and without the secrets that it is about."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

_SECRETS = re.compile(r"ATHENA_ALERT_\w+|GRAFANA_AUTH|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN")
"""Variables of the environment whose value is nobody's business."""
_SHORTEST = 6
_IN_ADDRESS = re.compile(r"(?<=://)[^/\s@]+@")


class DeployError(Exception):
    """Something that a person has to mend; the message is one line: what, where, how."""

    exit_code = 1


class WrongUsageError(DeployError):
    """What the command was called with cannot be right; nobody was asked anything."""

    exit_code = 2


def masked(line: str, environment: Mapping[str, str], names: Iterable[str] = ()) -> str:
    """The line without the secrets of the environment, and without the user and password of any address in it.

    Args:
        line: what is to be told.
        environment: variables; those that hold secrets are known by their names.
        names: other variables that hold some.
    """
    known = set(names)
    secrets = {value.strip() for name, value in environment.items() if name in known or _SECRETS.fullmatch(name)}
    parts = secrets | {value.partition(":")[2] for value in secrets} | {value.rpartition("/")[2] for value in secrets}
    spelt = {one for part in parts if len(part) >= _SHORTEST for one in (part, quote(part, safe=""))}
    for one in sorted(spelt, key=len, reverse=True):
        line = line.replace(one, "***")
    return _IN_ADDRESS.sub("***@", line)
