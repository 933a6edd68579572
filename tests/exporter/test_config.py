"""A configuration loads whole or is refused whole, in lines that say where, what and how to mend it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from athena_exporter.config import (
    Config,
    ConfigError,
    Journal,
    LabelsSettings,
    News,
    TargetSettings,
    load,
    parse_duration,
    parse_size,
    table,
    write_duration,
    write_size,
)
from athena_exporter.config.sources import EventBridgeSettings, SourcesSettings, queue_url_of

EXAMPLE = Path(__file__).parents[2] / "exporter" / "config.example.yml"
BUDGETS = EXAMPLE.with_name("budgets.example.yml")
NOWHERE: dict[str, str] = {}


class Write(Protocol):
    def __call__(self, text: str | bytes) -> Path: ...


class Refuse(Protocol):
    def __call__(self, text: str | bytes, environ: dict[str, str] | None = None) -> list[str]: ...


@pytest.fixture(name="written")
def _written(tmp_path: Path) -> Write:
    def write(text: str | bytes) -> Path:
        path = tmp_path / "config.yml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture(name="refusal")
def _refusal(written: Write) -> Refuse:
    def refuse(text: str | bytes, environ: dict[str, str] | None = None) -> list[str]:
        """The lines of the refusal, with the file called by its name alone."""
        path = written(text)
        with pytest.raises(ConfigError) as refused:
            load(path, environ or {})
        assert str(refused.value) == "\n".join(refused.value.lines)
        return [line.replace(str(path), path.name) for line in refused.value.lines]

    return refuse


def test_without_a_file_there_is_one_target_the_environments() -> None:
    config = load(None, {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"})
    assert config == Config(targets=(TargetSettings(region="eu-west-1"),))


def test_the_default_region_of_the_environment_counts_where_no_region_is_set() -> None:
    config = load(None, {"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-east-1"})
    assert config.targets == (TargetSettings(region="us-east-1"),)


def test_without_any_region_the_target_leaves_it_to_the_sdk() -> None:
    assert load(None, NOWHERE).targets == (TargetSettings(region=None),)


@pytest.mark.parametrize(
    "text",
    ["", "# nothing\n", "---\n", "targets:\n", "targets: []\n", "targets: [{}]\n", "sources: {lookup: }\naws:\n"],
)
def test_an_empty_file_and_empty_sections_mean_the_defaults(written: Write, text: str) -> None:
    assert load(written(text), NOWHERE) == load(None, NOWHERE)


def test_the_example_is_the_default_configuration() -> None:
    assert load(EXAMPLE, NOWHERE) == load(None, NOWHERE)


def test_the_example_shows_every_key_and_no_other() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    shown = set(_keys(yaml.safe_load(text)))
    commented = yaml.safe_load(re.sub(r"^# (?=targets:| )", "", text.replace("targets: []\n", ""), flags=re.MULTILINE))
    shown |= {key for target in commented["targets"] for key in _keys(target, "targets[].")}
    shown |= {key for budget in uncommented_budgets() for key in _keys(budget, "budgets[].")}
    shown |= set(_keys(yaml.safe_load(uncommented_channels())))
    assert shown == set(re.findall(r"^\| `([^`]+)`", table(), flags=re.MULTILINE))


def _keys(section: dict[str, object], start: str = "") -> Iterator[str]:
    for name, value in section.items():
        if isinstance(value, dict):
            yield from _keys(value, f"{start}{name}.")
        else:
            yield f"{start}{name}"
            for item in value if isinstance(value, list) else ():
                yield from _keys(item, f"{start}{name}[].") if isinstance(item, dict) else ()


def uncommented_budgets() -> list[dict[str, object]]:
    """Those of the example, and the one that shows every key."""
    text = BUDGETS.read_text(encoding="utf-8")
    document = yaml.safe_load(re.sub(r"^#(?=  )(?!   a)", "", text, flags=re.MULTILINE))
    budgets: list[dict[str, object]] = document["budgets"]
    return budgets


def uncommented_channels() -> str:
    """The example with its channels of notifications."""
    text = EXAMPLE.read_text(encoding="utf-8").replace("  sns: []\n", "").replace("  webhooks: []\n", "")
    return re.sub(r"^  # (?=sns:|webhooks:| )", "  ", text, flags=re.MULTILINE)


def test_the_commented_channels_of_the_example_are_right_when_uncommented(written: Write) -> None:
    config = load(written(uncommented_channels()), NOWHERE)
    assert [(one.name, one.levels) for one in config.notifications.channels] == [
        ("team", tuple(News)),
        ("ops", (News.EXCEEDED,)),
    ]
    assert config.notifications.webhooks[0].url_file == Path("/run/secrets/slack-webhook")


def test_the_commented_targets_of_the_example_are_right_when_uncommented(written: Write) -> None:
    text = EXAMPLE.read_text(encoding="utf-8").replace("targets: []\n", "")
    config = load(written(re.sub(r"^# (?=targets:| )", "", text, flags=re.MULTILINE)), NOWHERE)
    assert [target.region for target in config.targets] == ["eu-central-1", "us-east-1", "eu-west-1", "eu-central-1"]
    assert config.targets[1].external_id == "athena-observability"
    assert {(target.alias, target.sources.cloudwatch.enabled) for target in config.targets[2:]} == {
        ("data-production", False)
    }


def test_the_table_gives_each_key_its_default_and_its_meaning() -> None:
    lines = table().splitlines()
    assert lines[:2] == ["| key | default | meaning |", "| --- | --- | --- |"]
    assert "| `sources.athena.interval` | `15s` | The pause between two sweeps. |" in lines
    assert all(re.fullmatch(r"\| `[^`]+` \| `[^`]+` \| \S.*\. \|", line) for line in lines[2:])


def test_every_default_of_the_table_can_be_pasted_into_a_file(written: Write) -> None:
    rows = re.findall(r"^\| `([\w.]+)` \| `([^`]+)` \|", table(), flags=re.MULTILINE)
    assert len(rows) > 20
    for key, default in rows:
        *sections, name = key.split(".")
        nested = "".join(f"{section}: {{" for section in sections) + f"{name}: {default}" + "}" * len(sections)
        assert load(written(nested), NOWHERE) == load(None, NOWHERE), key


def test_every_value_of_a_file_arrives(written: Write) -> None:
    config = load(
        written("""
targets:
  - {region: eu-west-1, role_arn: "arn:aws:iam::111122223333:role/reader", external_id: "0123"}
  - {region: eu-west-1}
aws: {endpoint_url: "http://127.0.0.1:9988", rate_share: 1}
ledger: {path: /data/ledger.db, retention: 36h, initial_lookback: 90, journal: rollback}
identity: {patience: 1h30m, person_roles: ['^(?P<who>.+)-personal$']}
pricing: {usd_per_tb: 6.25, tb_bytes: 1TB, minimum_bytes: 10MB}
labels: {users: 7}
"""),
        NOWHERE,
    )
    assert [target.role_arn for target in config.targets] == ["arn:aws:iam::111122223333:role/reader", None]
    assert config.targets[0].external_id == "0123"
    assert (config.aws.endpoint_url, config.aws.rate_share) == ("http://127.0.0.1:9988", 1.0)
    assert (config.ledger.path, config.ledger.journal) == (Path("/data/ledger.db"), Journal.ROLLBACK)
    assert config.ledger.retention == timedelta(hours=36)
    assert config.ledger.initial_lookback == timedelta(seconds=90)
    assert config.identity.patience == timedelta(minutes=90)
    assert [pattern.pattern for pattern in config.identity.person_roles] == ["^(?P<who>.+)-personal$"]
    assert (config.pricing.usd_per_tb, config.pricing.tb_bytes) == (Decimal("6.25"), 10**12)
    assert config.labels == LabelsSettings(users=7)


@pytest.mark.parametrize(
    "url", ["queue", "https://sqs.{zone}.amazonaws.com/1/q", "https://sqs/1/q q", "sqs://a/1/q", 7]
)
def test_what_is_no_address_of_a_queue_is_refused(refusal: Refuse, url: object) -> None:
    (line,) = refusal(f"sources: {{eventbridge: {{queue_url: '{url}'}}}}")
    assert "wanted a queue's address" in line


def test_events_make_sweeps_rare() -> None:
    told = Config().sources
    assert told.sweep_interval == told.athena.interval
    url = "https://sqs.{region}.amazonaws.com/{account_id}/q"
    listening = SourcesSettings(eventbridge=EventBridgeSettings(enabled=True, queue_url=url))
    assert listening.sweep_interval == timedelta(minutes=5)
    assert listening.queue_urls == (url,)
    assert queue_url_of(url, "123456789012", "eu-west-1") == "https://sqs.eu-west-1.amazonaws.com/123456789012/q"


def test_a_configuration_can_not_be_changed() -> None:
    config = Config()
    with pytest.raises(ValidationError, match="frozen"):
        config.labels.users = 1  # type: ignore[misc]  # that it is refused is the point


def test_a_configuration_can_be_built_in_code_from_values() -> None:
    built = Config.model_validate(
        {
            "targets": [{"region": "eu-west-1"}],
            "sources": {"lookup": {"interval": timedelta(minutes=2)}},
            "identity": {"person_roles": (re.compile("^me_(.+)$"),)},
            "pricing": {"usd_per_tb": Decimal("6.5")},
            "ledger": {"path": Path("ledger.db"), "journal": Journal.WAL},
        }
    )
    assert built.sources.lookup.interval == timedelta(minutes=2)
    assert built.identity.person_roles == (re.compile("^me_(.+)$"),)
    assert (built.pricing.usd_per_tb, built.ledger.journal) == (Decimal("6.5"), Journal.WAL)


def test_a_byte_order_mark_is_no_part_of_the_first_key(written: Write) -> None:
    assert load(written(b"\xef\xbb\xbflabels: {users: 7}"), NOWHERE).labels.users == 7


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("sources:\n  lookup:\n    intervall: 5s\n",
         "config.yml:3: sources.lookup.intervall: unknown key; did you mean 'interval'?"),
        ("sources:\n  lookup:\n    retention: 5d\n",
         "config.yml:3: sources.lookup.retention: unknown key; did you mean 'ledger.retention'?"),
        ("interval: 5s\n",
         "config.yml:1: interval: unknown key; did you mean 'sources.athena.interval'?"),
        ("aws: {colour: red}\n",
         "config.yml:1: aws.colour: unknown key; known here: endpoint_url, rate_share"),
        ("targets:\n- regoin: eu-west-1\n",
         "config.yml:2: targets[0].regoin: unknown key; did you mean 'region'?"),
        ("aws: {<<: {rate_share: 1}}\n",
         "config.yml:1: aws.<<: unknown key; known here: endpoint_url, rate_share"),
    ],
)  # fmt: skip  # a case a line reads as a table
def test_an_unknown_key_is_refused_with_the_nearest_right_one(refusal: Refuse, text: str, line: str) -> None:
    assert refusal(text) == [line]


DURATION = "a duration of at least 1s, such as 30s, 5m or 1h30m"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("sources: {athena: {interval: soon}}", f"sources.athena.interval: found the text 'soon', wanted {DURATION}"),
        ("sources: {athena: {interval: 0}}", f"sources.athena.interval: found the number 0, wanted {DURATION}"),
        ("sources: {athena: {interval: 1:30}}", f"sources.athena.interval: found the text '1:30', wanted {DURATION}"),
        ("sources: {athena: {interval: yes}}", f"sources.athena.interval: found true, wanted {DURATION}"),
        ("sources: {athena: {interval: }}", f"sources.athena.interval: found nothing, wanted {DURATION}"),
        ("sources: {athena: {interval: [1s]}}", f"sources.athena.interval: found a list, wanted {DURATION}"),
        ("sources: {athena: {interval: {s: 1}}}", f"sources.athena.interval: found a section, wanted {DURATION}"),
        ("sources: {athena: {enabled: false}}",
         "sources.athena.enabled: found false, wanted true (it tells what ran, the other sources only add to it)"),
        ("sources: {lookup: {enabled: 1}}", "sources.lookup.enabled: found the number 1, wanted true or false"),
        ("ledger: {seed: 46d}", ("ledger.seed: found the text '46d', wanted a duration of at most 45d "
         "(Athena forgets older queries), such as 30s, 5m or 1h30m")),
        ("ledger: {journal: off}", "ledger.journal: found false, wanted one of auto, wal, rollback"),
        ("ledger: {path: 5}", "ledger.path: found the number 5, wanted the path of a file, such as athena-ledger.db"),
        ("ledger: {path: /}", "ledger.path: found the text '/', wanted the path of a file, such as athena-ledger.db"),
        ("aws: {rate_share: 2}",
         "aws.rate_share: found the number 2, wanted a number above 0 and at most 1, such as 0.5"),
        ("aws: {rate_share: half}",
         "aws.rate_share: found the text 'half', wanted a number above 0 and at most 1, such as 0.5"),
        ("aws: {endpoint_url: 'localhost:9988'}", ("aws.endpoint_url: found the text 'localhost:9988', "
         "wanted an address of scheme, host and port, such as http://127.0.0.1:9988")),
        ("aws: {endpoint_url: 'http://[::1'}", ("aws.endpoint_url: found the text 'http://[::1', "
         "wanted an address of scheme, host and port, such as http://127.0.0.1:9988")),
        ("aws: {endpoint_url: 'http://me:secret@host:9988'}", ("aws.endpoint_url: found the text "
         "'http://***@host:9988', wanted an address of scheme, host and port, such as http://127.0.0.1:9988")),
        ("pricing: {usd_per_tb: .inf}", ("pricing.usd_per_tb: found the text '.inf', "
         "wanted a price in US dollars from 0 to 1000 with at most nine decimal places, such as 5.0")),
        ("pricing: {usd_per_tb: 0.0000000001}", ("pricing.usd_per_tb: found the number 1e-10, "
         "wanted a price in US dollars from 0 to 1000 with at most nine decimal places, such as 5.0")),
        ("pricing: {tb_bytes: 1000}", ("pricing.tb_bytes: found the number 1000, "
         "wanted one of the sizes 1TiB (1099511627776) or 1TB (1000000000000)")),
        ("pricing: {minimum_bytes: 1.5B}",
         "pricing.minimum_bytes: found the text '1.5B', wanted a size in bytes, such as 10MiB, 2 GiB or 500GB"),
        ("outbox: {max_bytes: 1KiB}", ("outbox.max_bytes: found the text '1KiB', "
         "wanted a size of at least 1MiB, such as 10MiB, 2 GiB or 500GB")),
        ("outbox: {max_age: 15d}",
         ("outbox.max_age: found the text '15d', wanted a duration of at least 1h and at most 14d "
         "(CloudWatch Logs refuses older events), such as 30s, 5m or 1h30m")),
        ("labels: {users: 0}",
         "labels.users: found the number 0, wanted a whole number from 1 to 10000000, such as 500"),
        ("labels: {users: 010}",
         "labels.users: found the text '010', wanted a whole number from 1 to 10000000, such as 500"),
        ("identity: {person_roles: '^a_(.+)$'}", ("identity.person_roles: found the text '^a_(.+)$', "
         "wanted a list, each item on a line that starts with '- '")),
        ("identity: {person_roles: ['^a_.+$']}", ("identity.person_roles[0]: found the text '^a_.+$', "
         "wanted a regular expression with exactly one group, the person's name, such as '^alpha_user_(.+)$'")),
        ("identity: {person_roles: ['^a_(.+$']}", ("identity.person_roles[0]: found the text '^a_(.+$', "
         "wanted a regular expression with exactly one group, the person's name, such as '^alpha_user_(.+)$'")),
        ("identity: {person_roles: [5]}", ("identity.person_roles[0]: found the number 5, "
         "wanted a regular expression with exactly one group, the person's name, such as '^alpha_user_(.+)$'")),
        ("targets: [{region: Frankfurt}]",
         "targets[0].region: found the text 'Frankfurt', wanted the name of an AWS Region, such as eu-central-1"),
        ("targets: [{role_arn: reader}]", ("targets[0].role_arn: found the text 'reader', "
         "wanted the ARN of an IAM role, such as arn:aws:iam::111122223333:role/athena-reader")),
        ("targets: [eu-west-1]",
         ("targets[0]: found the text 'eu-west-1', "
          "wanted a section with the keys region, regions, alias, role_arn, external_id, sources")),
        ("targets: eu-west-1",
         "targets: found the text 'eu-west-1', wanted a list, each item on a line that starts with '- '"),
        ("aws: 5", "aws: found the number 5, wanted a section with the keys endpoint_url, rate_share"),
    ],
)  # fmt: skip  # a case a line reads as a table
def test_a_wrong_value_is_refused_with_what_was_found_and_what_is_wanted(refusal: Refuse, text: str, line: str) -> None:
    assert refusal(text) == [f"config.yml:1: {line}"]


def test_an_external_id_of_digits_is_asked_for_in_quotes(refusal: Refuse) -> None:
    text = "targets: [{region: eu-west-1, role_arn: 'arn:aws:iam::111122223333:role/r', external_id: 12345}]"
    assert "found the number 12345, wanted the external id in quotes" in refusal(text)[0]


def test_a_long_wrong_text_is_shown_shortened(refusal: Refuse) -> None:
    (line,) = refusal(f"labels: {{users: {'9' * 5000}}}")
    assert "999..." in line
    assert len(line) < 200


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("- a\n",
         ("config.yml:1: found a list, wanted a section with the keys targets, aws, ledger, sources, identity, sql, "
         "pricing, labels, outbox, exposition, events, history, asking, budgets, notifications, guard")),
        ("aws: [\n", ("config.yml:2: not YAML: column 1: while parsing a flow node, expected the node content, "
         "but found '<stream end>'")),
        ("aws:\n\tx: 1\n", ("config.yml:2: not YAML: column 1: while scanning for the next token, "
         "found character '\\t' that cannot start any token")),
        ("aws: {}\n---\naws: {}\n", ("config.yml:2: not YAML: column 1: expected a single document in the stream, "
         "but found another document")),
        ("aws: \x00", ("config.yml:1: not YAML: unacceptable character #x0000: special characters are not allowed "
         'in "<unicode string>", position 5')),
        ("labels: {users: 7}\nlabels: {users: 8}\n", "config.yml:2: labels: stands twice, first on line 1"),
        ("labels: {users: &many 7, clients: *many}\n",
         "config.yml:1: labels.clients: a reference (*name) is not supported; write the value out"),
        ("labels: !include labels.yml\n",
         "config.yml:1: labels: a tag (!name) is not supported; write the plain value"),
        ("? {a: b}\n: c\n", "config.yml:1: a key must be a word"),
        ("[" * 5000, "config.yml:1: not readable: nested too deeply"),
        (b"labels:\n  users: \xff\n", "config.yml:2: not YAML: a byte that is not UTF-8; save the file as UTF-8"),
    ],
    ids=["list", "open bracket", "tab", "two documents", "nul", "twice", "reference", "tag", "key", "deep", "latin-1"],
)  # fmt: skip  # a case a line reads as a table
def test_what_is_no_configuration_is_refused_with_line_and_column(
    refusal: Refuse, text: str | bytes, line: str
) -> None:
    assert refusal(text)[0] == line


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yml: cannot be read: No such file or directory$"):
        load(tmp_path / "nowhere.yml", NOWHERE)


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read: Is a directory$"):
        load(tmp_path, NOWHERE)


def test_two_targets_alike_are_refused(refusal: Refuse) -> None:
    assert refusal("targets:\n- region: eu-west-1\n- region: eu-west-1\n") == [
        "config.yml:3: targets[1]: the same Region and role as targets[0]; every query would count twice: remove one"
    ]


def test_two_targets_are_alike_through_the_environment_too(refusal: Refuse) -> None:
    environ = {"AWS_REGION": "eu-west-1"}
    assert "the same Region and role" in refusal("targets:\n- region: eu-west-1\n- {}\n", environ)[0]


def test_two_roles_in_one_region_are_two_targets(written: Write) -> None:
    roles = "".join(f"- {{region: eu-west-1, role_arn: 'arn:aws:iam::11112222333{n}:role/r'}}\n" for n in range(2))
    assert len(load(written(f"targets:\n{roles}"), NOWHERE).targets) == 2


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("targets: [{external_id: abc}]",
         "targets[0].external_id: an external id belongs to a role: add role_arn or remove it"),
        ("identity: {source_down_after: 3h}", ("identity.source_down_after: 3h is too short: "
         "it must be longer than identity.patience (3h), else no query could ever wait out its patience")),
        ("ledger: {retention: 2h}", ("ledger.retention: 2h is too short: "
         "it must be at least identity.patience (3h), else a query would be forgotten before its user may be found")),
        ("sources: {athena: {interval: 7h}}", ("sources.athena.deep_interval: 6h is too short: "
         "it must be at least sources.athena.interval (7h), a deep sweep is a sweep too")),
        ("sources: {lookup: {interval: 2h}}", ("sources.lookup.full_pass: 1h is too short: "
         "it must be at least sources.lookup.interval (2h), a full pass is a read too")),
        ("exposition: {series_warmup: 4s}", ("exposition.series_warmup: 4s is too short: "
         "it must be at least exposition.interval (5s), else no scrape would see the 0 of a new series "
         "(0s switches the warm-up off)")),
        ("pricing: {tb_bytes: 1TB}",
         "pricing.minimum_bytes: 10MiB is not a whole number of MB; with a TB of 1TB write 10MB"),
        ("labels: {series_per_family: 400, databases: 1, tables: 400, workloads: 1}",
         "labels.series_per_family: 400 is too few: one metric may have a series for each of 500 users"),
        ("sources: {workgroups: {tags: [cost-centre, cost.centre]}}",
         ("sources.workgroups.tags: 'cost-centre' and 'cost.centre' would both be the label tag_cost_centre: "
         "keep one of them")),
        ("sources: {eventbridge: {enabled: true}}",
         "sources.eventbridge.queue_url: is missing: the address of the queue that EventBridge's rules send to"),
        ("sources: {athena: {deep_interval: 1m}, eventbridge: {enabled: true, queue_url: 'https://sqs/1/q'}}",
         ("sources.athena.deep_interval: 1m is too short: it must be at least sources.eventbridge.sweep_interval (5m), "
         "a deep sweep is a sweep too")),
        (("{targets: [{region: eu-west-1}, {region: us-east-1}], "
         "sources: {eventbridge: {enabled: true, queue_url: 'https://sqs.eu-west-1.amazonaws.com/1/q'}}}"),
         ("sources.eventbridge.queue_url: 2 targets would read one queue, and each leave the others' messages: write "
         "{region} or {account_id} where their queues' addresses differ")),
        ("events: {table_access_group: /a, queries_group: /a}",
         "events.queries_group: /a is the log group of the table accesses, too: give each its own"),
    ],
)  # fmt: skip  # a case a line reads as a table
def test_what_can_not_hold_together_is_refused_with_the_reason(refusal: Refuse, text: str, line: str) -> None:
    assert refusal(text) == [f"config.yml:1: {line}"]


def test_a_warm_up_can_be_switched_off(written: Write) -> None:
    assert load(written("exposition: {series_warmup: 0s}"), NOWHERE).exposition.series_warmup == timedelta(0)


def test_all_problems_are_told_at_once_in_the_order_of_the_file(refusal: Refuse) -> None:
    lines = refusal(
        """
identity:
  patience: 30h
  person_roles: [nobody]
labels: {users: many, users: 5}
targets: [{region: x}, 7]
exposition: {intervall: 3s}
""",
        {"AWS_REGION": "?"},
    )
    places = [re.match(r"(?:config\.yml:(\d+)|environment): ([\w.\[\]]+)", line) for line in lines]
    assert [place and place.groups() for place in places] == [
        (None, "AWS_REGION"),
        ("3", "identity.source_down_after"),
        ("4", "identity.person_roles[0]"),
        ("5", "labels.users"),
        ("5", "labels.users"),
        ("6", "targets[0].region"),
        ("6", "targets[1]"),
        ("7", "exposition.intervall"),
    ]


def test_a_relation_to_a_wrong_value_is_not_judged(refusal: Refuse) -> None:
    assert len(refusal("identity: {patience: never, source_down_after: 1h}")) == 1


def test_an_unfit_region_of_the_environment_is_named_even_without_a_file() -> None:
    with pytest.raises(ConfigError) as refused:
        load(None, {"AWS_DEFAULT_REGION": "Mars"})
    assert str(refused.value) == (
        "environment: AWS_DEFAULT_REGION: found the text 'Mars', wanted the name of an AWS Region, such as eu-central-1"
    )


def test_a_configuration_built_in_code_is_judged_like_a_file() -> None:
    with pytest.raises(ValidationError, match="every query would count twice"):
        Config(targets=(TargetSettings(), TargetSettings()))


@pytest.mark.parametrize(
    ("spelling", "seconds"),
    [("30s", 30), ("5m", 300), ("3h", 10_800), ("2d", 172_800), ("1h30m", 5400), ("250ms", 0.25), ("1.5h", 5400),
     (" 7s ", 7), ("90", 90), (90, 90), (0.5, 0.5), (0, 0)],
)  # fmt: skip  # a table
def test_a_duration_is_read(spelling: object, seconds: float) -> None:
    assert parse_duration(spelling) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "spelling",
    ["", "s", "5x", "-5s", "30m1h", "1h 30m", "1_0s", "\u0663s", "0.0000001s", "99999d", "1" * 40 + "s", True, None,
     [], float("nan"), float("inf"), -1],
)  # fmt: skip  # a table
def test_what_is_no_duration_is_refused(spelling: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the words are the configuration's, tested above
        parse_duration(spelling)


@pytest.mark.parametrize(
    ("spelling", "size"),
    [("10MiB", 10 * 2**20), ("2 GiB", 2 * 2**30), ("500GB", 500 * 10**9), ("1kB", 1000), ("1 kib", 1024), ("7", 7),
     ("7B", 7), (7, 7), ("1.5KiB", 1536), ("1TiB", 2**40), ("1TB", 10**12), (0, 0)],
)  # fmt: skip  # a table
def test_a_size_is_read(spelling: object, size: int) -> None:
    assert parse_size(spelling) == size


@pytest.mark.parametrize("spelling", ["", "MiB", "1XB", "-1", "0.5B", "1.5", "9" * 40, True, None, 1e300, float("nan")])
def test_what_is_no_size_is_refused(spelling: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  as above
        parse_size(spelling)


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=9999)))
@example(timedelta(0))
def test_a_written_duration_is_read_back_to_the_millisecond(duration: timedelta) -> None:
    whole = duration - duration % timedelta(milliseconds=1)
    assert parse_duration(write_duration(whole)) == whole


@given(st.integers(min_value=0, max_value=2**63 - 1))
@example(2**40)
@example(10**12)
def test_a_written_size_is_read_back(size: int) -> None:
    assert parse_size(write_size(size)) == size


KEYS = sorted(
    {part for key in re.findall(r"^\| `([^`]+)`", table(), flags=re.MULTILINE) for part in re.split(r"[.\[\]]+", key)}
)
SPELLINGS = st.sampled_from(["30s", "3h", "50d", "10MiB", "1TB", "auto", "eu-west-1", "^a_(.+)$", "http://127.0.0.1:1"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | SPELLINGS | st.text(max_size=20)
CONTENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=20,
)


@settings(deadline=None)  # it writes a file: a busy disk is no failure
@given(CONTENTS)
def test_right_keys_with_any_values_load_or_are_refused_in_lines(
    tmp_path_factory: pytest.TempPathFactory, content: object
) -> None:
    path = tmp_path_factory.mktemp("any") / "config.yml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    assert all(line.startswith(f"{path}:") and len(line.splitlines()) == 1 for line in _refused_lines(path))


@settings(deadline=None)  # it writes a file: a busy disk is no failure
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_any_text_at_all_loads_or_is_refused_in_lines(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "config.yml"
    path.write_text(text, encoding="utf-8", newline="")
    assert all(line.startswith(str(path)) and len(line.splitlines()) == 1 for line in _refused_lines(path))


def _refused_lines(path: Path) -> tuple[str, ...]:
    """Empty if it loads."""
    try:
        load(path, NOWHERE)
    except ConfigError as refused:
        return refused.lines
    return ()
