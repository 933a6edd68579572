"""Why these tests exist: one exporter reads many accounts, and what befalls one of them is no other's trouble."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from processes import ENVIRONMENT, Process, free_port, process, scrape, until

from athena_exporter import catalog
from athena_testbed import ACCOUNT_ID, Settings
from athena_testbed.organisation import Organisation, Role, organised

pytestmark = pytest.mark.process

SOUND, DENIED, HANGING, BUSY, SHORT = "111111111111", "222222222222", "333333333333", "444444444444", "555555555555"
IRELAND, VIRGINIA = "eu-west-1", "us-east-1"
ACCOUNTS = {SOUND: [IRELAND, VIRGINIA], DENIED: [IRELAND], HANGING: [IRELAND], BUSY: [IRELAND], SHORT: [IRELAND]}
QUIET = Settings(queries_per_minute=0, rates=None, time_scale=0.01, statistics_delay=timedelta(0), lost_events=0)
LONGER_THAN_ANY_DEADLINE = 600


def role(account: str) -> str:
    return f"arn:aws:iam::{account}:role/athena-reader"


@pytest.fixture
def world() -> Iterator[Organisation]:
    with organised(Organisation(ACCOUNTS, QUIET)) as organisation:
        for testbed in organisation.testbeds.values():
            for name in set(testbed.account.company.workgroups) - {"primary"}:
                testbed.delete_workgroup(name)
        yield organisation


def configuration(folder: Path, world: Organisation, *targets: str) -> Path:
    path = folder / "exporter.yml"
    path.write_text(
        f"targets: [{', '.join(targets)}]\n"
        f"aws: {{endpoint_url: '{world.url}', rate_share: 1}}\n"
        f"ledger: {{path: '{folder / 'ledger.db'}', journal: rollback, initial_lookback: 1h}}\n"
        "sources:\n  athena: {interval: 1s, deep_interval: 1s}\n  lookup: {interval: 1s}\n"
        "exposition: {interval: 200ms, series_warmup: 0s}\n"
    )
    return path


def target(account: str, **more: str) -> str:
    words = {"regions": f"[{', '.join(ACCOUNTS[account])}]", "role_arn": f"'{role(account)}'", **more}
    return "{" + ", ".join(f"{key}: {value}" for key, value in words.items()) + "}"


class Exporter:
    """The running product, by its exposition."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.port = free_port()
        self.command = [
            sys.executable, "-m", "athena_exporter", "serve", "--config", str(path),
            "--web.listen-address", f"127.0.0.1:{self.port}",
        ]  # fmt: skip  # a command line
        self.log = folder / "exporter.log"

    @contextmanager
    def started(self) -> Iterator[Process]:
        with process(self.command, self.log) as self.running:
            yield self.running

    def by_place(self, metric: catalog.Metric, **labels: str) -> dict[tuple[str, str], float]:
        """Account and Region -> the sum of what the metric says of them."""
        assert self.running.running, self.log.read_text()
        found: dict[tuple[str, str], float] = {}
        for (name, given), value in scrape(f"http://127.0.0.1:{self.port}").items():
            told = dict(given)
            if name == metric.name and labels.items() <= told.items():
                place = told["account_id"], told["region"]
                found[place] = found.get(place, 0) + value
        return found

    def up(self) -> dict[tuple[str, str], float]:
        return self.by_place(catalog.SOURCE_UP, source="athena")


def ended(world: Organisation, account: str, region: str) -> None:
    at = datetime.now(UTC).isoformat()
    world.at(account, region).add({"workgroup": "primary", "submitted_at": at, "ended_at": at})


def test_what_befalls_one_account_delays_no_other(world: Organisation, tmp_path: Path) -> None:
    world.trust(*(Role(arn=role(account)) for account in (SOUND, HANGING, BUSY)))
    world.trust(Role(arn=role(SHORT), lasts=timedelta(seconds=30)))
    hang = {"kind": "timeout", "operation": "athena:*", "seconds": LONGER_THAN_ANY_DEADLINE}
    world.at(HANGING, IRELAND).plan_faults([hang])
    world.at(BUSY, IRELAND).plan_faults([{"kind": "throttle", "operation": "athena:*"}])
    targets = [target(SOUND, alias="data-production"), *(target(one) for one in (DENIED, HANGING, BUSY, SHORT))]
    exporter = Exporter(configuration(tmp_path, world, *targets), tmp_path)
    sound = [(SOUND, region) for region in ACCOUNTS[SOUND]]
    with exporter.started():
        until(lambda: exporter.up().keys() >= {*sound, (DENIED, IRELAND), (BUSY, IRELAND), (SHORT, IRELAND)},
              what=lambda: f"only {exporter.up()}")  # fmt: skip  # one condition
        assert exporter.up()[DENIED, IRELAND] == exporter.up()[BUSY, IRELAND] == 0
        world.revoke(role(SHORT))
        until(lambda: exporter.up()[SHORT, IRELAND] == 0, what="its role is gone")
        for place in sound:
            ended(world, *place)
        until(lambda: exporter.by_place(catalog.QUERIES).keys() >= set(sound), what="what ended in the sound account")
        assert exporter.by_place(catalog.QUERIES) == dict.fromkeys(sound, 1)
        assert (HANGING, IRELAND) not in exporter.up(), "its first sweep hangs to this day"
        world.trust(Role(arn=role(SHORT)), Role(arn=role(DENIED)))
        world.at(BUSY, IRELAND).plan_faults([])
        mended = {(account, IRELAND) for account in (DENIED, BUSY, SHORT)}
        for place in mended:
            ended(world, *place)
        until(lambda: exporter.by_place(catalog.QUERIES) == dict.fromkeys({*sound, *mended}, 1),
              what=lambda: f"{exporter.by_place(catalog.QUERIES)}")  # fmt: skip  # one condition
    assert "Traceback" not in exporter.log.read_text()


def test_accounts_are_called_by_their_names_before_aws_has_answered(world: Organisation, tmp_path: Path) -> None:
    path = configuration(tmp_path, world, target(SOUND, alias="data-production"), target(DENIED))
    exporter = Exporter(path, tmp_path)
    with exporter.started():
        named = {(SOUND, region): 1.0 for region in ACCOUNTS[SOUND]}
        until(lambda: exporter.by_place(catalog.TARGET_INFO, alias="data-production") == named, what="its name")
        assert exporter.by_place(catalog.TARGET_INFO, alias=DENIED) == {(DENIED, IRELAND): 1}
        until(lambda: len(exporter.up()) == 3, what="a role that nobody may assume is told under its account")
        assert set(exporter.up().values()) == {0}


def test_two_targets_that_turn_out_to_be_one_refuse_to_start(world: Organisation, tmp_path: Path) -> None:
    world.trust(Role(arn=role(ACCOUNT_ID)))
    twice = f"{{regions: [{VIRGINIA}, {IRELAND}], role_arn: '{role(ACCOUNT_ID)}'}}"
    exporter = Exporter(configuration(tmp_path, world, f"{{region: {IRELAND}}}", twice), tmp_path)
    with exporter.started() as running:
        until(lambda: not running.running, what="it ends")
        assert running.popen.returncode == 2
    last = exporter.log.read_text().splitlines()[-1]
    assert f"two of them are account {ACCOUNT_ID} in {IRELAND}; every query would count twice: remove one" in last


def test_a_target_that_was_removed_is_not_shown_and_goes_on_when_it_comes_back(
    world: Organisation, tmp_path: Path
) -> None:
    world.trust(Role(arn=role(SOUND)), Role(arn=role(SHORT)))
    both = (target(SOUND, regions="[eu-west-1]"), target(SHORT))
    ended(world, SOUND, IRELAND)
    ended(world, SHORT, IRELAND)
    exporter = Exporter(configuration(tmp_path, world, *both), tmp_path)
    everything = {(SOUND, IRELAND): 1.0, (SHORT, IRELAND): 1.0}
    with exporter.started():
        until(lambda: exporter.by_place(catalog.QUERIES) == everything, what="both are counted")
    configuration(tmp_path, world, both[0])
    with exporter.started():
        until(lambda: exporter.by_place(catalog.QUERIES) == {(SOUND, IRELAND): 1.0}, what="only one is shown")
    assert f"the ledger also holds account {SHORT} in {IRELAND}" in exporter.log.read_text()
    ended(world, SHORT, IRELAND)
    configuration(tmp_path, world, *both)
    with exporter.started():
        until(lambda: exporter.by_place(catalog.QUERIES) == everything | {(SHORT, IRELAND): 2.0},
              what="it goes on, with what ended meanwhile")  # fmt: skip  # one condition


def test_check_calls_accounts_by_their_names_and_tells_what_the_ledger_has_beside_them(
    world: Organisation, tmp_path: Path
) -> None:
    world.trust(Role(arn=role(SOUND)), Role(arn=role(SHORT)))
    path = configuration(tmp_path, world, target(SHORT))
    exporter = Exporter(path, tmp_path)
    with exporter.started():
        until(lambda: exporter.up().get((SHORT, IRELAND)), what="the ledger knows it")
    configuration(tmp_path, world, target(SOUND, alias="data-production"), target(DENIED, alias="'lake'"))
    command = [sys.executable, "-m", "athena_exporter", "check", "--config", str(path), "--format", "json"]
    told = checked(command)
    assert {one["where"] for one in told if one["what"] == "athena:ListWorkGroups"} == {
        f"data-production {SOUND} {region}" for region in ACCOUNTS[SOUND]
    }
    (missing,) = [one for one in told if one["where"] == f"lake {IRELAND}"]
    assert "sts:AssumeRole" in missing["mend"]
    configuration(tmp_path, world, target(SOUND))
    (beside,) = [one for one in checked(command) if one["what"] == "targets of the ledger"]
    assert f"{SHORT} {IRELAND}" in beside["words"]


def checked(command: list[str]) -> list[dict[str, Any]]:
    ran = subprocess.run(
        command, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False
    )  # fmt: skip  # as it is called
    found: list[dict[str, Any]] = json.loads(ran.stdout)["findings"]
    return found
