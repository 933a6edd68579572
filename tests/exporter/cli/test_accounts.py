"""Why these tests exist: accounts are called by their names in every outlet, also before AWS has told their numbers."""

import json
import os
import re
from pathlib import Path

import pytest
from book import NOON, TARGET, opened, query, settings_for, start
from click.testing import CliRunner
from page_world import IRELAND, NOW, sample

from athena_exporter import catalog
from athena_exporter.cli import accounts, main
from athena_exporter.config import Config, TargetSettings
from athena_exporter.outlets.page import page
from athena_exporter.outlets.reference import markdown
from athena_exporter.records import UNKNOWN, Target

OWN, DATA = "999900001111", "111122223333"
ROLE = f"arn:aws:iam::{DATA}:role/athena-reader"
HERE, THERE = "eu-west-1", "us-east-1"


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)


def at(account: str, region: str = HERE) -> Target:
    return Target(account_id=account, region=region)


def config(*targets: TargetSettings) -> Config:
    return Config(targets=targets)


HUB, SPOKE = TargetSettings(region=HERE, alias="hub"), TargetSettings(region=HERE, role_arn=ROLE, alias="data")


def test_a_role_tells_its_account_before_anybody_has_asked() -> None:
    assert accounts.aliases(config(HUB, SPOKE), ()) == {at(DATA): "data"}


def test_the_own_account_is_the_one_that_no_role_opens() -> None:
    known = [at(OWN), at(DATA), at(OWN, THERE)]
    assert accounts.aliases(config(HUB, SPOKE), known) == {at(OWN): "hub", at(DATA): "data"}


def test_of_two_accounts_that_no_role_opens_none_is_taken_for_the_own_one() -> None:
    assert accounts.aliases(config(HUB), [at(OWN), at("1")]) == {}


def test_an_account_that_nobody_has_named_is_called_by_its_number() -> None:
    unnamed = TargetSettings(region=HERE, role_arn=ROLE)
    assert accounts.aliases(config(unnamed), ()) == {at(DATA): DATA}


def test_a_target_without_any_region_is_nobody_yet() -> None:
    assert accounts.presumed(None, SPOKE, config(SPOKE), ()) is None


@pytest.mark.parametrize(
    ("meant", "is_possible"),
    [(at(DATA), True), (at(OWN), False), (at(DATA, THERE), False), (at(UNKNOWN), True), (at(UNKNOWN, THERE), False)],
)
def test_a_known_target_may_be_one_that_has_yet_to_answer(meant: Target, is_possible: bool) -> None:  # noqa: FBT001  a parameter of pytest
    assert accounts.may_be(at(DATA), meant) is is_possible


def headings(*aliases: str) -> list[str]:
    samples = [sample(catalog.SOURCE_UP, "athena", value=1)]
    samples += [sample(catalog.TARGET_INFO, alias, value=1) for alias in aliases]
    body = page(samples, NOW).decode()
    return [re.sub(r"<[^>]+>", "", found) for found in re.findall(r"<h2>(.*?)</h2>", body)][:1]


def test_the_page_calls_an_account_by_its_name_and_tells_its_number() -> None:
    assert headings("data-production") == [f"data-production eu-west-1 account {IRELAND.account_id}"]
    assert headings(IRELAND.account_id) == headings() == [f"eu-west-1 account {IRELAND.account_id}"]


def test_a_report_shows_what_each_account_costs_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "exporter.yml"
    role = f"arn:aws:iam::{TARGET.account_id}:role/reader"
    path.write_text(
        f"targets: [{{region: {TARGET.region}, role_arn: '{role}', alias: data-production}}]\n"
        f"ledger: {{path: '{tmp_path / 'ledger.db'}'}}\n"
    )
    other = at(DATA, THERE)
    with opened(settings_for(tmp_path)) as book:
        book.ledger.adopt(other, NOON)
        book.deliver(query(1), start(1))
    arguments = ["report", "accounts", "--config", str(path), "--since", "2000-01-01", "--format", "json"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.stdout)
    assert (row["account"], row["region"], row["queries"]) == (
        f"data-production ({TARGET.account_id})",
        TARGET.region,
        1,
    )


def test_the_names_label_is_explained() -> None:
    assert "`alias` | what people call the account" in markdown()
