"""Accounts, Regions and aliases in the configuration: what they become, and what is refused where."""

from pathlib import Path

import pytest

from athena_exporter.config import Config, ConfigError, TargetSettings, load

A, B = "arn:aws:iam::111122223333:role/reader", "arn:aws:iam::444455556666:role/reader"


def loaded(folder: Path, text: str, **environ: str) -> Config:
    path = folder / "config.yml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ)


def refusal(folder: Path, text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        loaded(folder, text, **environ)
    return [line.removeprefix(f"{folder}/") for line in raised.value.lines]


def test_a_target_of_several_regions_becomes_one_for_each(tmp_path: Path) -> None:
    config = loaded(tmp_path, f"targets: [{{regions: [eu-west-1, us-east-1], role_arn: '{A}', alias: data}}]")
    assert config.targets == tuple(
        TargetSettings(region=region, role_arn=A, alias="data") for region in ("eu-west-1", "us-east-1")
    )


def test_the_environments_region_is_for_targets_that_name_none(tmp_path: Path) -> None:
    text = f"targets: [{{regions: [us-east-1], role_arn: '{A}'}}, {{role_arn: '{B}'}}, {{regions: []}}]"
    config = loaded(tmp_path, text, AWS_REGION="eu-west-1")
    assert [target.region for target in config.targets] == ["us-east-1", "eu-west-1", "eu-west-1"]


def test_a_target_has_region_or_regions(tmp_path: Path) -> None:
    assert refusal(tmp_path, "targets:\n- region: eu-west-1\n  regions: [eu-west-2]\n") == [
        "config.yml:3: targets[0].regions: a target has either region or regions: put all of them into regions"
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("regions: eu-west-1", "targets[0].regions: found the text 'eu-west-1', wanted a list of different names"),
        ("regions: [eu-west-1, eu-west-1]", "targets[0].regions: found a list, wanted a list of different names"),
        ("regions: [Ireland]", "targets[0].regions: found a list, wanted a list of different names of AWS Regions"),
        ("alias: ' data'", "targets[0].alias: found the text ' data', wanted a name of 1 to 64 printable characters"),
        ("alias: ''", "targets[0].alias: found the text '', wanted a name of 1 to 64"),
        ("sources: {trail: {enabled: false}}", "targets[0].sources.trail: unknown key; did you mean 'sources.trail'?"),
        ("sources: {lookup: {enabled: 1}}",
         "targets[0].sources.lookup.enabled: found the number 1, wanted true or false, or nothing for what `sources`"),
    ],
)  # fmt: skip  # a table reads best in rows
def test_what_a_target_cannot_be_is_refused_with_its_place(text: str, words: str, tmp_path: Path) -> None:
    (line,) = refusal(tmp_path, f"targets: [{{{text}}}]")
    assert line.startswith(f"config.yml:1: {words}")


def test_one_account_and_region_stands_once_through_regions_and_through_other_roles_too(tmp_path: Path) -> None:
    other = A.replace("reader", "other")
    text = (
        f"targets:\n- {{regions: [eu-west-1, us-east-1], role_arn: '{A}'}}\n- {{region: us-east-1, role_arn: '{A}'}}\n"
        f"- {{region: eu-west-1, role_arn: '{other}'}}\n- {{region: us-east-1, role_arn: '{B}'}}\n"
    )
    assert refusal(tmp_path, text) == [
        (
            "config.yml:3: targets[1]: the same Region (us-east-1) and role as targets[0]; every query would count "
            "twice: remove one"
        ),
        (
            "config.yml:4: targets[2]: the same Region (eu-west-1) and account as targets[0]; every query would count "
            "twice: remove one"
        ),
    ]


def test_an_account_has_one_name_and_a_name_one_account(tmp_path: Path) -> None:
    text = (
        f"targets:\n- {{region: eu-west-1, role_arn: '{A}', alias: data}}\n"
        f"- {{region: us-east-1, role_arn: '{A}', alias: lake}}\n"
        f"- {{region: us-east-1, role_arn: '{B}', alias: data}}\n"
    )
    assert refusal(tmp_path, text) == [
        (
            "config.yml:3: targets[1].alias: 'lake' is the same account as targets[0], which calls it 'data': an "
            "account has one name, and a name one account"
        ),
        (
            "config.yml:4: targets[2].alias: 'data' is another account than targets[0]: an account has one name, and a "
            "name one account"
        ),
    ]


def test_two_regions_of_one_account_share_its_name(tmp_path: Path) -> None:
    text = "targets:\n" + "".join(
        f"- {{region: {region}, role_arn: '{A}', alias: data}}\n" for region in ("eu-west-1", "us-east-1")
    )
    assert [target.alias for target in loaded(tmp_path, text).targets] == ["data", "data"]


def test_a_target_says_what_differs_there_and_nothing_else(tmp_path: Path) -> None:
    text = (
        "sources: {cloudwatch: {enabled: true, interval: 30m}, lookup: {enabled: false}}\n"
        f"targets: [{{region: eu-west-1}}, {{region: eu-west-1, role_arn: '{A}', "
        "sources: {cloudwatch: {enabled: false}, lookup: {enabled: true}}}]\n"
    )
    config = loaded(tmp_path, text)
    plain, special = (config.seen_from(target).sources for target in config.targets)
    assert plain == config.sources
    assert (special.cloudwatch.enabled, special.lookup.enabled) == (False, True)
    assert special.cloudwatch.interval == plain.cloudwatch.interval
    assert (special.athena, special.workgroups) == (plain.athena, plain.workgroups)


def test_only_targets_whose_queue_is_read_must_not_share_it(tmp_path: Path) -> None:
    queue = "queue_url: 'https://sqs.eu-west-1.amazonaws.com/111122223333/events'"
    here = "sources: {eventbridge: {enabled: true}}"
    off = f"sources: {{eventbridge: {{{queue}}}}}\n"
    one = f"{off}targets: [{{regions: [eu-west-1], {here}}}, {{region: us-east-1}}]"
    assert loaded(tmp_path, one).targets[0].sources.eventbridge.enabled is True
    two = f"{off}targets: [{{regions: [eu-west-1, us-east-1], {here}}}]"
    assert "2 targets would read one queue" in refusal(tmp_path, two)[0]
    assert "queue_url: is missing" in refusal(tmp_path, f"targets: [{{region: eu-west-1, {here}}}]")[0]
