"""Why these tests exist: what `serve` wires must stop a real query over a real wire, and nothing else, or nothing."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from log_wire import arrived, logs_client
from whole_exporter import (
    CREDENTIALS,
    GUARDED,
    account,
    configured,
    overspend,
    state_of,
    whole_exporter,
)

import athena_testbed
from athena_exporter import catalog
from athena_exporter.cli import wiring
from athena_exporter.cli.guarding import GUARD, Guarding
from athena_exporter.cli.readers import CLOCKS
from athena_exporter.config import Config, load
from athena_exporter.ledger.store import Ledger
from athena_exporter.outlets.events import Field
from athena_exporter.records import Target
from athena_exporter.telemetry import Telemetry

LEAN = f"{GUARDED}sources: {{workgroups: {{enabled: false}}}}\nsql: {{tables: false}}\n"
"""With as few clients as will do: each takes a while to make."""
ELSEWHERE = LEAN.replace("123456789012", "444455556666")
WRITES = frozenset({"StopQueryExecution", "AssumeRole"})
TARGET = Target(account_id="123456789012", region="eu-west-1")


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def running() -> Iterator[athena_testbed.Running]:
    with account() as running:
        yield running


def asked(running: athena_testbed.Running) -> set[str]:
    return {call["operation"] for call in running.calls()}


def changed(**guard: Any) -> str:
    """`GUARDED` with other settings of the guard."""
    document = yaml.safe_load(LEAN)
    return yaml.safe_dump(document | {"guard": document["guard"] | guard})


def actions(exporter: Any) -> dict[tuple[str, ...], float]:
    return {labels: value for labels, value in exporter.samples(catalog.GUARD_ACTIONS).items() if value}


def waiting(exporter: Any) -> dict[tuple[str, ...], float]:
    return {labels: value for labels, value in exporter.samples(catalog.GUARD_WAITING_QUERIES).items() if value}


def modes(exporter: Any) -> list[str]:
    return [labels[0] for labels, value in exporter.samples(catalog.GUARD_MODE).items() if value]


def test_the_running_query_of_whoever_is_over_the_limit_is_cancelled_and_nobody_elses(
    running: athena_testbed.Running, tmp_path: Path
) -> None:
    mine, other = overspend(running), begun(running)
    with whole_exporter(configured(tmp_path, running, LEAN + "events: {enabled: true}\n")) as exporter:
        exporter.run()
        assert state_of(running, mine) == "CANCELLED"
        assert state_of(running, other) == "RUNNING"
        assert actions(exporter) == {("hard", "stop", "stopped"): 1}
        assert exporter.up[GUARD] == 1
        assert modes(exporter) == ["enforce"]
        exporter.run()
        assert actions(exporter) == {("hard", "stop", "stopped"): 1}
    truth = running.truth()["by_user"]["Alice"]
    assert 2**31 <= truth["scanned_bytes"] < 2**40  # what it had scanned until then is billed all the same
    with closing(logs_client(running.url)) as client:
        (event,) = [one for one in arrived(client, Config().events.queries_group) if Field.EVENT_TYPE in one]
    assert (event[Field.EVENT_TYPE], event[Field.GUARD_RESULT], event[Field.QUERY_ID]) == ("guard", "stopped", mine)
    assert (event[Field.USER], event[Field.BUDGET], event[Field.LIMIT_BYTES]) == ("Alice", "hard", 2**30)


def begun(running: athena_testbed.Running) -> str:
    """A query that runs for ten minutes, of somebody who has used nothing."""
    person = next(one.label for one in running.account.company.people if one.label != "Alice")
    ended_at = CLOCKS.now().timestamp() + 600
    return running.add({"person": person, "ended_at": ended_at, "event_delay_seconds": 0})[0]


def test_a_dry_run_asks_aws_for_nothing_that_it_would_not_ask_without_a_guard(
    running: athena_testbed.Running, tmp_path: Path
) -> None:
    query_id = overspend(running)
    with whole_exporter(configured(tmp_path, running, changed(mode="dry_run"))) as exporter:
        exporter.run()
        assert actions(exporter) == {("hard", "stop", "dry_run"): 1}
        assert waiting(exporter) == {("dry_run",): 1}
        assert modes(exporter) == ["dry_run"]
    assert not asked(running) & {*WRITES, "GetQueryExecution"}
    assert state_of(running, query_id) == "RUNNING"


def test_a_guard_that_is_off_says_so_and_does_nothing(running: athena_testbed.Running, tmp_path: Path) -> None:
    query_id = overspend(running)
    with whole_exporter(configured(tmp_path, running, changed(mode="off"))) as exporter:
        exporter.run()
        assert exporter.guard is None
        assert modes(exporter) == ["off"]
        assert GUARD not in exporter.up
    assert not asked(running) & WRITES
    assert state_of(running, query_id) == "RUNNING"


def test_an_account_that_is_not_the_roles_is_not_guarded_and_that_is_said(
    running: athena_testbed.Running, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    query_id = overspend(running)
    with whole_exporter(configured(tmp_path, running, ELSEWHERE)) as exporter:
        exporter.run()
        assert waiting(exporter) == {("no_role",): 1}
        assert modes(exporter) == ["off"]
    assert not asked(running) & WRITES
    assert state_of(running, query_id) == "RUNNING"
    assert "not guarded: guard.role_arn belongs to account 444455556666" in caplog.text


def test_the_flag_wins_over_the_configuration_and_no_client_that_could_write_is_made(
    running: athena_testbed.Running, tmp_path: Path
) -> None:
    query_id = overspend(running)
    path = configured(tmp_path, running, LEAN)
    with whole_exporter(path) as exporter:
        assert exporter.guard is not None
        for source in exporter.sources.values():
            exporter.poller.poll(source)
        config = load(path, {})
        forced = Guarding(
            config, exporter.ledger, exporter.telemetry, wiring.naming(config, {}), is_forced_off=True
        ).of(exporter.target, CLOCKS.now())
        assert forced is not None
        exporter.poller.deliver(exporter.target, GUARD, forced.guard.run_once)
        assert waiting(exporter) == {("kill_switch",): 1}
        assert exporter.samples(catalog.GUARD_KILL_SWITCH) == {(): 1}
        forced.close()
    assert not asked(running) & WRITES
    assert state_of(running, query_id) == "RUNNING"


def test_a_protected_user_keeps_their_query(running: athena_testbed.Running, tmp_path: Path) -> None:
    query_id = overspend(running)
    with whole_exporter(configured(tmp_path, running, changed(protected=["Al*"]))) as exporter:
        exporter.run()
        assert waiting(exporter) == {("protected",): 1}
    assert state_of(running, query_id) == "RUNNING"


def test_a_query_whose_start_cloudtrail_has_not_shown_yet_is_not_touched(
    running: athena_testbed.Running, tmp_path: Path
) -> None:
    running.plan_faults([{"kind": "late_events", "seconds": 600}])
    query_id = overspend(running)
    with whole_exporter(configured(tmp_path, running, LEAN.replace("per: user", "per: workgroup"))) as exporter:
        exporter.run()
        assert waiting(exporter) == {("identity_unsure",): 1}
        assert "StopQueryExecution" not in asked(running)
        running.plan_faults([])
        exporter.run()
        assert actions(exporter) == {("hard", "stop", "stopped"): 1}
    assert state_of(running, query_id) == "CANCELLED"


@pytest.mark.parametrize(
    ("fault", "reason", "result"),
    [
        ({"kind": "denied", "operation": "athena:StopQueryExecution"}, "denied", "denied"),
        ({"kind": "denied", "operation": "sts:AssumeRole"}, "denied", "denied"),
    ],
    ids=["stop", "role"],
)
def test_what_aws_denies_shows_in_all_the_ways_in_which_failures_show(
    running: athena_testbed.Running, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: Mapping[str, Any],
    reason: str, result: str,
) -> None:  # fmt: skip  # six arguments
    query_id = overspend(running)
    running.plan_faults([fault])
    with whole_exporter(configured(tmp_path, running, LEAN)) as exporter:
        exporter.run()
        assert {name for name, up in exporter.up.items() if not up} == {GUARD}
        assert exporter.samples(catalog.SOURCE_ERRORS) == {(GUARD, reason): 1}
        assert actions(exporter) == {("hard", "stop", result): 1}
    assert [record.message for record in caplog.records if record.name == "athena_exporter.poller"] != []
    assert fault["operation"] in caplog.text
    assert state_of(running, query_id) == "RUNNING"


def struck(operation: str, kind: str, times: int) -> list[Mapping[str, Any]]:
    return [{"kind": kind, "operation": operation, "times": times}]


@pytest.mark.parametrize("kind", ["throttle"])
def test_a_stop_that_fails_for_now_is_made_up_for(running: athena_testbed.Running, tmp_path: Path, kind: str) -> None:
    """Four times, for botocore tries so often before the guard hears of it."""
    query_id = overspend(running)
    running.plan_faults(struck("athena:StopQueryExecution", kind, 4))
    with whole_exporter(configured(tmp_path, running, LEAN)) as exporter:
        exporter.run()
        assert exporter.up[GUARD] == 0
        assert actions(exporter) == {}
        assert state_of(running, query_id) == "RUNNING"
        exporter.run()
        assert exporter.up[GUARD] == 1
        assert actions(exporter) == {("hard", "stop", "stopped"): 1}
    assert state_of(running, query_id) == "CANCELLED"


@pytest.mark.parametrize("kind", ["drop_after", "garbage"])
def test_an_answer_that_never_comes_leads_to_one_stop_and_one_count(
    running: athena_testbed.Running, tmp_path: Path, kind: str
) -> None:
    query_id = overspend(running)
    running.plan_faults(struck("athena:StopQueryExecution", kind, 1))
    with whole_exporter(configured(tmp_path, running, LEAN)) as exporter:
        exporter.run(passes=1)
        exporter.run(passes=1)
        assert actions(exporter) == {("hard", "stop", "stopped"): 1}
    assert state_of(running, query_id) == "CANCELLED"


def test_the_exporters_own_queries_are_not_touched(running: athena_testbed.Running, tmp_path: Path) -> None:
    """The exporter reads through the role of a service that is over its limit itself."""
    service = next(
        one for one in running.account.company.services if "role" in one.details and not one.details.get("path")
    )
    query_id = overspend(running, service.label)
    role_arn = f"arn:aws:iam::123456789012:role/{service.details['role']}"
    with whole_exporter(configured(tmp_path, running, LEAN, role_arn=role_arn)) as exporter:
        exporter.run()
        assert waiting(exporter) == {("protected",): 1}
    assert state_of(running, query_id) == "RUNNING"


def test_the_guards_clients_are_counted_as_the_exporters(running: athena_testbed.Running, tmp_path: Path) -> None:
    overspend(running)
    with whole_exporter(configured(tmp_path, running, LEAN)) as exporter:
        exporter.run()
        requests = exporter.samples(catalog.AWS_REQUESTS)
    assert requests["athena", "StopQueryExecution", "ok"] == 1
    assert requests["athena", "GetQueryExecution", "ok"] == 2
    assert requests["sts", "AssumeRole", "ok"] == 1


def test_what_an_earlier_process_left_open_is_ended_where_the_guard_is_off(
    running: athena_testbed.Running, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    overspend(running)
    running.plan_faults([{"kind": "throttle", "operation": "athena:StopQueryExecution"}])
    with whole_exporter(configured(tmp_path, running, LEAN)) as exporter:
        exporter.run()
        assert actions(exporter) == {}
    config = load(configured(tmp_path, running, changed(mode="off")), {})
    with (
        caplog.at_level(logging.INFO),
        closing(Ledger(wiring.ledger_settings(config), monotonic=CLOCKS.monotonic)) as ledger,
    ):
        naming = wiring.naming(config, {})
        assert Guarding(config, ledger, Telemetry(), naming).of(TARGET, CLOCKS.now()) is None
        found = [one for one in ledger.samples(CLOCKS.now()) if one.metric == catalog.GUARD_ACTIONS.name and one.value]
    assert [one.labels for one in found] == [("hard", "stop", "expired")]
    assert "guard: expired" in caplog.text
