"""Does it work? Each data source is asked, and an alert is sent to each contact point."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from athena_dashboards.alerts.grafana import DATASOURCE
from athena_dashboards.alerts.routing import Audience
from athena_dashboards.alerts.said import SYSTEM
from athena_dashboards.deploy.errors import DeployError
from athena_dashboards.deploy.grafana import Answer, Grafana

DATA_SOURCES = (DATASOURCE, "cloudwatch", "athena")
"""The uids that terraform/modules/grafana-content gives."""
CONTACT_POINTS = tuple(str(audience) for audience in Audience)
_NOT_FOUND, _NOT_IMPLEMENTED, _TIMED_OUT = 404, 501, 408
_REDACTED = "[REDACTED]"
TEST_ALERT = {
    "labels": {"alertname": "AthenaTest", "severity": "info", "system": SYSTEM},
    "annotations": {
        "summary": "A test: somebody has deployed Athena Observability, and looks whether alerts arrive.",
        "description": "Nothing is wrong, and there is nothing to do.",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was looked at, whether it works, and the words of whoever answered."""

    what: str
    is_well: bool
    words: str

    def __str__(self) -> str:
        """One line."""
        return f"{'well' if self.is_well else 'ILL '}  {self.what}: {self.words}"


def data_sources(grafana: Grafana, uids: Iterable[str]) -> Iterator[Finding]:
    """Ask each data source whether it can ask what is behind it.

    Raises:
        DeployError: Grafana itself can't be asked.
    """
    for uid in uids:
        yield _data_source(grafana, uid)


def _data_source(grafana: Grafana, uid: str) -> Finding:
    what, path = f"data source {uid}", f"/api/datasources/uid/{quote(uid, safe='')}"
    there = grafana.ask("GET", path)
    if there.status == _NOT_FOUND:
        return Finding(what=what, is_well=False, words="there is none with this uid; terraform apply makes it")
    answer = grafana.ask("GET", f"{path}/health")
    if answer.status in {_NOT_FOUND, _NOT_IMPLEMENTED}:
        return _asked(grafana, uid, what, there)
    is_well = answer.is_good and isinstance(answer.body, dict) and answer.body.get("status", "OK") == "OK"
    return Finding(what=what, is_well=is_well, words=answer.message)


def _asked(grafana: Grafana, uid: str, what: str, there: Answer) -> Finding:
    """A plug-in without a health check, such as Grafana 9.3's own Prometheus, is asked a question instead."""
    kind = there.body.get("type", "") if isinstance(there.body, dict) else ""
    if kind != "prometheus":
        return Finding(what=what, is_well=False, words=f"the plug-in {kind} has no health check: is it installed?")
    answer = grafana.ask("GET", f"/api/datasources/proxy/uid/{quote(uid, safe='')}/api/v1/query?query=1")
    return Finding(what=what, is_well=answer.is_good, words="answers" if answer.is_good else answer.message)


def contact_points(grafana: Grafana, names: Iterable[str]) -> Iterator[Finding]:
    """Send a test alert to each contact point: a message that its people see.

    The same address as Grafana's own button "Test" uses. Secrets stay in Grafana: it adds them by the
    integration's uid.

    Raises:
        DeployError: Grafana itself can't be asked.
    """
    everyone = grafana.get("/api/v1/provisioning/contact-points")
    for name in names:
        yield _contact_point(grafana, name, [one for one in everyone if one["name"] == name])


def _contact_point(grafana: Grafana, name: str, integrations: list[dict[str, Any]]) -> Finding:
    what = f"contact point {name}"
    if not integrations:
        return Finding(what=what, is_well=False, words="there is none with this name; terraform apply makes it")
    told = {
        "receivers": [
            {"name": name, "grafana_managed_receiver_configs": [_integration(one) for one in integrations]},
        ],
        "alert": TEST_ALERT,
    }
    answer = grafana.ask("POST", "/api/alertmanager/grafana/config/api/v1/receivers/test", told)
    failed = list(_failed(answer))
    kinds = ", ".join(sorted({one["type"] for one in integrations}))
    return Finding(what=what, is_well=not failed, words="; ".join(failed) or f"a test alert is on its way ({kinds})")


def _integration(one: dict[str, Any]) -> dict[str, Any]:
    settings = {key: value for key, value in one["settings"].items() if value != _REDACTED}
    return {
        "uid": one["uid"], "name": one["name"], "type": one["type"], "settings": settings,
        "disableResolveMessage": one.get("disableResolveMessage", False),
    }  # fmt: skip  # settings on a few lines


def _failed(answer: Answer) -> Iterator[str]:
    receivers = answer.body.get("receivers") if isinstance(answer.body, dict) else None
    if receivers is None:
        if not answer.is_good:
            yield f"{answer.status}: {answer.message}"
        return
    for receiver in receivers:
        for one in receiver.get("grafana_managed_receiver_configs", []):
            if one.get("status") != "ok":
                yield " ".join(str(one.get("error") or "no word why").split())


def demand(findings: Iterable[Finding]) -> None:
    """Refuse anything that is ill.

    Raises:
        DeployError: names what.
    """
    ill = [one.what for one in findings if not one.is_well]
    if ill:
        raise DeployError(f"not everything works: {', '.join(ill)}")
