"""The plug-ins of the data sources, at versions that were looked at.

An unpinned plug-in has broken a Grafana before (github.com/awslabs/ai-on-eks/issues/306). The API:
docs.aws.amazon.com/grafana/latest/userguide/v12-Grafana-API-Plugin.html; a Grafana of your own has the same one where
`plugin_admin_enabled` is on.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from athena_dashboards.deploy.errors import DeployError
from athena_dashboards.deploy.grafana import Grafana

Version = tuple[int, ...]

_NOT_FOUND, _CONFLICT = 404, 409


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A plug-in's version, for Grafanas from `since` on and before `until`."""

    plugin: str
    version: str
    since: Version
    until: Version = (1_000,)


PINS = (
    Pin(plugin="grafana-athena-datasource", version="3.3.3", since=(10, 4)),
    Pin(plugin="grafana-amazonprometheus-datasource", version="2.3.2", since=(12, 0), until=(12, 2, 5)),
    Pin(plugin="grafana-amazonprometheus-datasource", version="3.2.0", since=(12, 2, 5)),
)
"""grafanaDependency in src/plugin.json of github.com/grafana/athena-datasource 3.3.3 and of
github.com/grafana/grafana-amazonprometheus-datasource 3.2.0 (2026-08); CHANGELOG.md there tells of 3.0.0's new limit.
Before 12, Grafana's own Prometheus data source signs."""


class Outcome(StrEnum):
    """What was done about a plug-in."""

    INSTALLED = "installed"
    PRESENT = "was there"
    NEWER = "is newer than the pinned version; left as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A plug-in and what was done."""

    plugin: str
    version: str
    outcome: Outcome

    def __str__(self) -> str:
        """One line."""
        return f"{self.plugin} {self.version}: {self.outcome}"


def pins(grafana_version: str, chosen: Iterable[str] = ()) -> dict[str, str]:
    """Plug-in -> version for a Grafana. `chosen`: ID or ID=VERSION, instead of all that are pinned.

    Raises:
        DeployError: a chosen plug-in has neither a pin nor a version.
    """
    here = parsed(grafana_version)
    pinned = {pin.plugin: pin.version for pin in PINS if pin.since <= here < pin.until}
    wanted = dict(_split(one) for one in chosen)
    if not wanted:
        return pinned
    unknown = sorted(plugin for plugin, version in wanted.items() if not version and plugin not in pinned)
    if unknown:
        raise DeployError(
            f"no version of {', '.join(unknown)} is pinned for Grafana {grafana_version}: "
            f"say it, as in {unknown[0]}=1.2.3"
        )
    return {plugin: version or pinned[plugin] for plugin, version in wanted.items()}


def _split(text: str) -> tuple[str, str]:
    plugin, _, version = text.partition("=")
    return plugin, version


def parsed(version: str) -> Version:
    """The numbers at a version's beginning: (12, 4, 0) of 12.4.0-pre."""
    match = re.match(r"\d+(\.\d+)*", version)
    if match is None:
        raise DeployError(f"{version!r} is no version")
    return tuple(int(part) for part in match[0].split("."))


def installed(grafana: Grafana) -> dict[str, str]:
    """Plug-in -> version of what the Grafana has; "" for its own, which have none.

    Raises:
        DeployError: it can't be asked.
    """
    return {one["id"]: one.get("info", {}).get("version", "") for one in grafana.get("/api/plugins?embedded=0")}


def install(grafana: Grafana, wanted: Mapping[str, str], wait: Callable[[Callable[[], bool]], bool]) -> list[Done]:
    """Bring the plug-ins to their versions. `wait` asks again until it is so, and says whether it became so.

    Raises:
        DeployError: Grafana refuses, or doesn't have it a while later; names the plug-in.
    """
    there = installed(grafana)
    return [_brought(grafana, plugin, version, there.get(plugin), wait) for plugin, version in sorted(wanted.items())]


def _brought(
    grafana: Grafana, plugin: str, version: str, present: str | None, wait: Callable[[Callable[[], bool]], bool]
) -> Done:
    if present == version:
        return Done(plugin=plugin, version=version, outcome=Outcome.PRESENT)
    if present and parsed(present) > parsed(version):
        return Done(plugin=plugin, version=present, outcome=Outcome.NEWER)
    said = _ask_for(grafana, plugin, version)
    if not wait(lambda: installed(grafana).get(plugin) == version):
        raise DeployError(
            f"{grafana.url} was told to install {plugin} {version} ({said}), and doesn't have it: look at its log; "
            "a Grafana of several instances may need a restart"
        )
    return Done(plugin=plugin, version=version, outcome=Outcome.INSTALLED)


def _ask_for(grafana: Grafana, plugin: str, version: str) -> str:
    """Grafana's words."""
    answer = grafana.ask("POST", f"/api/plugins/{plugin}/install", {"version": version})
    if answer.is_good or answer.status == _CONFLICT:  # somebody else was faster; whether it is so is asked afterwards
        return answer.message
    why = f"{answer.status}: {answer.message}"
    if answer.status == _NOT_FOUND:
        why += "; plug-ins are managed by API only where pluginAdminEnabled (Amazon) or plugin_admin_enabled is on"
    raise DeployError(
        f"{grafana.url} doesn't install {plugin} {version} ({why}); apply leaves plug-ins alone with --no-plugins"
    )
