"""The table of rules: complete, linked, bounded, and told alike in three languages."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from athena_dashboards.alerts import files, grafana
from athena_dashboards.alerts.model import Rule, RuleError, Severity, Shown, State
from athena_dashboards.alerts.places import panel_id
from athena_dashboards.alerts.rules import GROUPS
from athena_dashboards.alerts.rules.exporter import CHANNELS, OUTLET, THROTTLED
from athena_dashboards.alerts.said import duration, said
from athena_dashboards.alerts.wording import Dialect, Wording, readable
from athena_dashboards.boards import BOARDS
from athena_dashboards.model import Panel, Table
from athena_dashboards.promql import scoped, select, total
from athena_dashboards.signals import exporter as exporter_signals
from athena_dashboards.theme import Unit
from athena_dashboards.thresholds import Threshold
from athena_exporter import catalog
from athena_exporter.cli import readers
from athena_exporter.cli.channels import consumer_of
from athena_exporter.config import Config
from athena_exporter.config.notifications import WebhookSettings
from athena_exporter.ledger.outbox import Bounds
from athena_exporter.sources import errors

MADE = files.generated()
RULES = [rule for group in GROUPS for rule in group.rules]
MOST = 25
"""Amazon Managed Grafana once allowed a hundred rules a workspace: we take a quarter."""
UID = 40
"""Characters that Grafana keeps of a uid."""
GRAFANA_STATES = {"no_data": {"OK", "Alerting", "NoData"}, "on_error": {"OK", "Alerting", "Error"}}
"""models.NoDataStateFromString and models.ErrStateFromString of Grafana 9.3, pkg/services/ngalert/models."""

Told = dict[str, Any]


def _provisioned() -> dict[str, Told]:
    document = yaml.safe_load(MADE[f"{files.ALERTING}/rules.yaml"])
    return {rule["title"]: rule | {"group": group["name"]} for group in document["groups"] for rule in group["rules"]}


def _terraform() -> dict[str, Told]:
    document = json.loads(MADE[files.TERRAFORM_RULES])
    return {rule["name"]: rule | {"group": name} for name, group in document.items() for rule in group["rules"]}


def _prometheus() -> dict[str, Told]:
    documents = [yaml.safe_load(text) for path, text in MADE.items() if path.startswith(files.PROMETHEUS)]
    groups = [group for document in documents for group in document["groups"]]
    return {rule["alert"]: rule | {"group": group["name"]} for group in groups for rule in group["rules"]}


def _rule(**changed: Any) -> Rule:
    """A rule that is right, but for what a test changes."""
    return dataclasses.replace(next(rule for rule in RULES if rule.title == "AthenaExporterBehind"), **changed)


def test_there_are_few_rules_and_each_has_a_name_and_a_uid_of_its_own() -> None:
    assert len(RULES) < MOST
    assert len({rule.title for rule in RULES}) == len({rule.uid for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.title)
def test_a_rule_is_named_and_explained(rule: Rule) -> None:
    assert re.fullmatch(r"Athena([A-Z][a-z]+)+", rule.title)
    assert re.fullmatch(r"athena-[a-z-]+", rule.uid)
    assert len(rule.uid) <= UID
    assert re.search(r"[.]$", rule.summary)
    assert "{" not in rule.summary
    assert rule.no_data.state in GRAFANA_STATES["no_data"]
    assert rule.on_error.state in GRAFANA_STATES["on_error"]
    assert rule.no_data.why
    assert rule.on_error.why


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.title)
def test_an_alert_says_which_account_or_exporter_it_is_of(rule: Rule) -> None:
    labels = rule.asked().labels
    assert labels >= {"account_id", "region"} or labels >= {"job", "instance"}
    spoken = set(re.findall(r"\{(\w+)", rule.description.text)) - {"value", "threshold"}
    assert labels - {"job"} == spoken


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.title)
def test_the_panel_of_an_alert_draws_its_threshold_or_the_rule_says_why_not(rule: Rule) -> None:
    board = next(one for one in BOARDS if one.uid == rule.shown.board)
    panel = next(one for one in board.panels() if isinstance(one, Panel) and one.signal == rule.shown.signal)
    columns = panel.view.columns if isinstance(panel.view, Table) else ()
    draws = rule.threshold in (panel.signal.threshold, *(column.threshold for column in columns))
    # Beyond nothing there is no line to draw: whatever the panel shows is beyond it.
    assert draws != bool(rule.line) or (rule.threshold.value == 0 and not rule.line)


def test_a_rule_whose_signal_is_on_no_board_is_an_error_that_names_it() -> None:
    with pytest.raises(RuleError, match=r"AthenaExporterBehind: no panel of athena-cost shows .*'Catching up'"):
        panel_id(_rule(shown=Shown(board="athena-cost", signal=exporter_signals.CATCHING_UP)))
    with pytest.raises(RuleError, match="AthenaExporterBehind: there is no dashboard 'athena-nowhere'"):
        panel_id(_rule(shown=Shown(board="athena-nowhere", signal=exporter_signals.CATCHING_UP)))


def test_a_sentence_that_names_a_label_that_the_series_lack_is_an_error_that_names_both() -> None:
    with pytest.raises(RuleError, match=r"AthenaExporterBehind: its series have no label 'user'.*account_id, region"):
        said(_rule(description=Wording("{user} in {region}")), Dialect.GRAFANA)


def test_a_metric_that_was_renamed_is_an_error_that_names_the_rule() -> None:
    with pytest.raises(RuleError, match=r"AthenaExporterBehind: .*CATCHING_DOWN"):
        said(_rule(expr=lambda: select(catalog.CATCHING_DOWN).now), Dialect.GRAFANA)  # type: ignore[attr-defined]  # the point: there is no such metric


def test_a_rule_bound_to_a_dashboards_variables_is_an_error() -> None:
    with pytest.raises(RuleError, match="AthenaExporterBehind: a rule has no dashboard"):
        said(_rule(expr=lambda: scoped(catalog.CATCHING_UP).now), Dialect.GRAFANA)


def test_a_label_of_the_alert_that_would_hide_one_of_its_series_is_an_error() -> None:
    with pytest.raises(RuleError, match="AthenaExporterBehind: its label region would hide"):
        said(_rule(labels={"region": "everywhere"}), Dialect.GRAFANA)


def test_a_dollar_that_grafana_would_expand_is_an_error() -> None:
    with pytest.raises(RuleError, match="Grafana would expand"):
        grafana._rule(said(_rule(summary="It costs ${MUCH}."), Dialect.GRAFANA))
    with pytest.raises(RuleError, match="Grafana would expand"):
        grafana._rule(said(_rule(labels={"price": "$5"}), Dialect.GRAFANA))


def test_a_rule_of_two_series_that_never_match_is_an_error_that_names_it() -> None:
    def wrong() -> Any:
        return total(select(catalog.CATCHING_UP).now, "region") / total(select(catalog.CATCHING_UP).now)

    with pytest.raises(RuleError, match=r"AthenaExporterBehind: series by .* never match"):
        said(_rule(expr=wrong), Dialect.GRAFANA)


@pytest.mark.parametrize(
    ("value", "unit", "said_as"),
    [
        (5 * 2**40, Unit.BYTES, "5 TiB"),
        (512, Unit.BYTES, "512 B"),
        (0.25, Unit.RATIO, "25 %"),
        (1800, Unit.SECONDS, "30 min"),
        (90, Unit.SECONDS, "90 s"),
        (86_400, Unit.SECONDS, "1 d"),
        (500_000, Unit.COUNT, "500000"),
    ],
)
def test_a_threshold_is_read_with_its_unit(value: float, unit: Unit, said_as: str) -> None:
    assert readable(Threshold(value=value, unit=unit, why="")) == said_as


def test_the_three_renderings_have_the_same_rules_in_the_same_groups() -> None:
    names = {rule.title: group.name for group in GROUPS for rule in group.rules}
    for told in (_provisioned(), _terraform(), _prometheus()):
        assert {title: rule["group"] for title, rule in told.items()} == names
        assert list(told) == list(names)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.title)
def test_the_three_renderings_say_the_same(rule: Rule) -> None:
    file, module, plain = _provisioned()[rule.title], _terraform()[rule.title], _prometheus()[rule.title]
    assert file["uid"] == module["uid"] == rule.uid
    assert file["for"] == module["for"] == plain["for"] == duration(rule.lasts)
    assert file["labels"] == module["labels"] == plain["labels"] == {"severity": str(rule.severity), "system": "athena"}
    assert file["annotations"] == module["annotations"]
    assert file["noDataState"] == module["no_data_state"] == str(rule.no_data.state)
    assert file["execErrState"] == module["exec_err_state"] == str(rule.on_error.state)
    assert [query["model"] for query in file["data"]] == [query["model"] for query in module["data"]]
    assert plain["expr"] == f"({_asked(file)}) {_bound(file)}"
    assert _common(file["annotations"]) == _common(plain["annotations"])


def _asked(file: Told) -> str:
    """The query, once it is sure that B reduces it, C compares B, and C decides."""
    query, reduced, beyond = (one["model"] for one in file["data"])
    assert (reduced["type"], reduced["expression"], reduced["reducer"]) == ("reduce", "A", "last")
    assert (beyond["type"], beyond["expression"], file["condition"]) == ("threshold", "B", "C")
    assert (query["instant"], query["range"]) == (True, False)
    return str(query["expr"])


def _bound(file: Told) -> str:
    (condition,) = file["data"][2]["model"]["conditions"]
    (value,) = condition["evaluator"]["params"]
    return f"{ {'gt': '>', 'lt': '<'}[condition['evaluator']['type']] } {value:.15g}"


def _common(annotations: dict[str, str]) -> dict[str, str]:
    """Annotations with the figure spoken one way, and the two ways to name a panel made one."""
    spoken = dict(annotations)
    grafana = re.compile(r"\{\{ with \$values\.B \}\}\{\{ (.*?) \.Value \}\}(\w*)\{\{ end \}\}")
    spoken["description"] = grafana.sub(r"{{ \1 $value }}\2", spoken["description"])
    if "__panelId__" in spoken:
        spoken["dashboard"] = f"/d/{spoken.pop('__dashboardUid__')}?viewPanel={spoken.pop('__panelId__')}"
    return spoken


def test_every_alert_links_to_its_heading_wherever_the_runbook_is_published() -> None:
    published = "https://wiki.example.org/athena"
    made = yaml.safe_load(files.generated(published)[f"{files.ALERTING}/rules.yaml"])
    for group in made["groups"]:
        for rule in group["rules"]:
            assert rule["annotations"]["runbook_url"] == f"{published}#{rule['title'].lower()}"


def test_only_what_ends_all_watching_loses_data_or_hits_a_limit_calls_somebody() -> None:
    critical = {rule.title for rule in RULES if rule.severity is Severity.CRITICAL}
    assert critical == {"AthenaExporterDown", "AthenaOutboxNearBound", "AthenaBudgetExceeded"}


def test_one_rule_only_fires_when_prometheus_does_not_answer() -> None:
    assert [rule.title for rule in RULES if rule.on_error.state is not State.OK] == ["AthenaExporterDown"]


def test_codes_of_throttling_are_those_that_the_exporter_takes_for_it() -> None:
    pattern = re.compile(THROTTLED.value)
    for code in errors._THROTTLED:
        assert pattern.fullmatch(code), code
    for code in errors._DENIED | errors._CREDENTIALS | errors._SERVER | {"ok"}:
        assert not pattern.fullmatch(code), code


def test_the_delivery_of_events_is_called_what_the_exporter_calls_it() -> None:
    assert readers.OUTLET == OUTLET


def test_the_channels_of_notifications_are_called_what_the_exporter_calls_them() -> None:
    channel = WebhookSettings(name="ops", url_env="OPS_WEBHOOK")
    assert re.fullmatch(CHANNELS, consumer_of(channel))
    assert not re.fullmatch(CHANNELS, OUTLET)


def test_what_the_rules_say_of_the_exporters_bounds_is_so() -> None:
    spoken = " ".join(rule.description.text for rule in RULES)
    bounds = Bounds()
    assert f"Beyond {bounds.max_bytes // 2**30} GiB or {bounds.max_age.days} days the oldest are dropped" in spoken


def test_rules_wait_longer_than_the_slowest_source_by_default_takes() -> None:
    stale = next(rule for rule in RULES if rule.title == "AthenaSourceStale")
    sources = Config().sources
    slowest = max(sources.athena.interval, sources.lookup.interval, sources.workgroups.interval,
                  sources.cloudwatch.interval)  # fmt: skip  # as short as it can be said
    assert stale.threshold.value >= 2 * slowest.total_seconds()


def test_generated_folders_are_those_of_the_files() -> None:
    assert {str(Path(path).parent) for path in MADE} == set(files.FOLDERS)
