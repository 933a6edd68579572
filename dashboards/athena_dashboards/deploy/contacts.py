"""Contact points whose addresses are secrets: made through Grafana's API, so that terraform's state holds none.

The terraform provider knows no write-only arguments (4.45: its schema has none), so what it makes it also remembers.
The API: grafana.com/docs/grafana/latest/developers/http_api/alerting_provisioning.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from athena_dashboards.alerts.routing import CHANNELS, Audience, Channel
from athena_dashboards.deploy.errors import DeployError, WrongUsageError
from athena_dashboards.deploy.grafana import Grafana

_PATH = "/api/v1/provisioning/contact-points"
_CHANNELS = {one.type: one for one in CHANNELS}
FORM = "AUDIENCE=CHANNEL[:VARIABLE]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A way to an audience. `secret`: the address or the key."""

    audience: Audience
    channel: Channel
    secret: str = field(repr=False)

    @property
    def uid(self) -> str:
        """By which it is found again: nobody else gives such a one."""
        return _uid(self.audience, self.channel.type)

    def integration(self) -> dict[str, Any]:
        """What Grafana is told."""
        (variable,) = self.channel.variables
        settings = {
            key: value.replace(f"${{{variable}}}", self.secret) if isinstance(value, str) else value
            for key, value in self.channel.settings(self.audience).items()
        }
        return {
            "uid": self.uid, "name": str(self.audience), "type": self.channel.type, "settings": settings,
            "disableResolveMessage": False,
        }  # fmt: skip  # settings on a few lines


def _uid(audience: str, kind: str) -> str:
    return f"{audience}-{kind}"


def wanted(told: Iterable[str], environment: Mapping[str, str]) -> list[Wanted]:
    """What is told as `AUDIENCE=CHANNEL[:VARIABLE]`, with the secrets of the environment.

    Raises:
        WrongUsageError: one has another form, names what there is not, is told twice, or its variable is empty.
    """
    found = [_wanted(one, environment) for one in told]
    uids = [one.uid for one in found]
    if twice := sorted({uid for uid in uids if uids.count(uid) > 1}):
        raise WrongUsageError(f"{', '.join(twice)}: told twice; a contact point has each channel once")
    return found


def _wanted(told: str, environment: Mapping[str, str]) -> Wanted:
    audience, _, way = told.partition("=")
    kind, _, variable = way.partition(":")
    if audience not in set(Audience) or kind not in _CHANNELS:
        raise WrongUsageError(
            f"{told!r} is not {FORM}: audiences are {', '.join(Audience)}; channels are {', '.join(_CHANNELS)}"
        )
    channel = _CHANNELS[kind]
    ((usual, what),) = channel.variables.items()
    name = variable or usual
    if not environment.get(name, "").strip():
        raise WrongUsageError(f"{name} is empty: put there {what}, for {audience}")
    return Wanted(audience=Audience(audience), channel=channel, secret=environment[name].strip())


def make(grafana: Grafana, told: Iterable[Wanted], *, replace: bool) -> Iterator[str]:
    """Make the contact points of these audiences what is told; a line for each change.

    What was made here before and is no longer told goes. What somebody else has made in one of them is removed if
    `replace` says so.

    Raises:
        DeployError: somebody else has made something in one of them, or Grafana refuses.
    """
    ours = list(told)
    there = [one for one in grafana.get(_PATH) if one["name"] in {one.audience for one in ours}]
    uids = {one.uid for one in ours}
    over = [one for one in there if one["uid"] not in uids]
    if not replace:
        _refuse([one for one in over if not _is_made_here(one)])
    present = {one["uid"] for one in there}
    for one in ours:
        yield _put(grafana, one, is_there=one.uid in present)
    for gone in over:
        _demand(grafana, "DELETE", f"{_PATH}/{gone['uid']}", None, gone["name"])
        yield f"contact point {gone['name']}: {gone['type']} is removed"


def _is_made_here(integration: Mapping[str, Any]) -> bool:
    return bool(integration["uid"] == _uid(integration["name"], integration["type"]))


def _refuse(others: list[dict[str, Any]]) -> None:
    if others:
        whose = ", ".join(f"{one['name']} ({one['type']}, uid {one['uid']})" for one in others)
        raise DeployError(
            f"somebody else has made contact points of these names: {whose}; leave the audience to them, or take it "
            "from terraform's state and say --replace"
        )


def _put(grafana: Grafana, one: Wanted, *, is_there: bool) -> str:
    method, path = ("PUT", f"{_PATH}/{one.uid}") if is_there else ("POST", _PATH)
    _demand(grafana, method, path, one.integration(), one.audience)
    return f"contact point {one.audience}: {one.channel.type} is {'set anew' if is_there else 'made'}"


def _demand(grafana: Grafana, method: str, path: str, body: object, name: str) -> None:
    answer = grafana.ask(method, path, body)
    if not answer.is_good:
        raise DeployError(f"Grafana refuses the contact point {name} ({answer.status}): {answer.message}")
