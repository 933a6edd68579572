"""Why these tests exist: in real accounts single permissions are missing, and nobody tells which."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from source_world import REGION, TARGET, local_time, session_with
from whole_exporter import CREDENTIALS, EVERYTHING, KEPT, SOURCES, account, configured, whole_exporter

import athena_testbed
from athena_exporter import catalog
from athena_exporter.cli import diagnosis, main
from athena_exporter.cli.readers import OUTLET
from athena_exporter.config import Config
from athena_exporter.outlets.findings import Mark
from athena_exporter.sources.permissions import PERMISSIONS, Feature, Permission
from athena_exporter.sources.probing import Outcome, Probe

SHOWN_BY = {
    Feature.ATHENA: {"athena"},
    Feature.LOOKUP: {"lookup"},
    Feature.WORKGROUPS: {"workgroups"},
    Feature.CLOUDWATCH: {"cloudwatch"},
    Feature.EVENTS: {OUTLET},
    Feature.VIEWS: set[str](),
}
"""The sources that are down while a feature's permission is denied; views are optional, so nothing is down."""
TRIED = [one for one in PERMISSIONS if one.feature in SHOWN_BY]
"""Those that `EVERYTHING` leads to. What needs a queue, a bucket, a topic or a role has tests of its own."""


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def denied(permission: Permission) -> dict[str, Any]:
    return {"kind": "denied", "operation": permission.action}


def down_without(permission: Permission) -> set[str]:
    """What is active comes by another source of the same permission, and two sources list the workgroups."""
    more = {"athena:ListWorkGroups": {"workgroups"}, "cloudwatch:GetMetricData": {"usage"}}
    return SHOWN_BY[permission.feature] | more.get(permission.action, set())


@pytest.mark.parametrize("permission", TRIED, ids=[one.action for one in TRIED])
def test_a_denied_permission_is_named_and_stops_nothing_else(
    tmp_path: Path, permission: Permission, caplog: pytest.LogCaptureFixture
) -> None:
    with account() as running:
        running.plan_faults([denied(permission)])
        text = EVERYTHING if permission.feature is Feature.EVENTS else SOURCES
        with whole_exporter(configured(tmp_path, running, text)) as exporter:
            exporter.run()
            down = {name for name, up in exporter.up.items() if not up}
            reasons = {labels[1] for labels in exporter.samples(catalog.SOURCE_ERRORS)}
            calls = exporter.samples(catalog.AWS_REQUESTS)
            counted = sum(exporter.samples(catalog.QUERIES).values())
    assert down == down_without(permission)
    assert reasons <= {"denied"}
    assert {labels[1] for labels in calls if labels[2].startswith("AccessDenied")} == {permission.operation}
    assert permission.action in caplog.text
    assert counted == (0 if permission.feature is Feature.ATHENA else len(KEPT))
    assert b"athena_exporter_source_up" in exporter.pages[-1]


@pytest.fixture(scope="module")
def probed() -> Iterator[tuple[athena_testbed.Running, Probe]]:
    """One account whose faults change, and every permission tried in it."""
    config = Config.model_validate({"targets": [{"region": REGION}], **yaml.safe_load(EVERYTHING)})
    with pytest.MonkeyPatch.context() as environment, account() as running:
        for name, value in CREDENTIALS.items():
            environment.setenv(name, value)
        session = session_with(running.url, Counter())
        probe = Probe(session=session, target=TARGET, config=config, clock=local_time, features=set(Feature))
        yield running, probe
        session.close()


@pytest.mark.parametrize("permission", TRIED, ids=[one.action for one in TRIED])
def test_check_finds_the_one_denied_permission_with_principal_and_mend(
    probed: tuple[athena_testbed.Running, Probe], permission: Permission
) -> None:
    running, probe = probed
    running.plan_faults([denied(permission)])
    found = {one.permission.action: one for one in probe.attempts()}
    assert [name for name, one in found.items() if one.outcome is not Outcome.ALLOWED] == [permission.action]
    told = diagnosis.of_attempt(Config(), TARGET, found[permission.action])
    assert (told.mark, told.what) == (Mark.MISSING, permission.action)
    assert told.principal == "arn:aws:iam::123456789012:user/exporter"
    assert told.mend is not None
    assert told.statement is not None
    assert told.statement["Action"] == [permission.action]


def test_every_permission_has_a_try(probed: tuple[athena_testbed.Running, Probe]) -> None:
    _, probe = probed
    assert [one.action for one in probe.wanted()] == [one.action for one in TRIED]


def test_several_denials_are_all_told_with_their_statements(tmp_path: Path) -> None:
    with account() as running:
        running.plan_faults([{"kind": "denied", "operation": "*"}])
        path = configured(tmp_path, running, EVERYTHING)
        result = CliRunner().invoke(main, ["check", "--config", str(path)])
        assert result.exit_code == 1
        for permission in TRIED:
            assert f"{permission.action}: allow it for arn:aws:iam::123456789012:user/exporter" in result.stdout
        assert f"{len(TRIED)} missing" in result.stdout
