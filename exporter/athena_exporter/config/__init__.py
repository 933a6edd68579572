"""The configuration: one YAML file and the environment become one frozen `Config`, or a list of what to mend.

Stage: file -> document -> model -> **Config** -> composition root. Nothing else reads the file or the environment.
"""

from collections.abc import Mapping
from pathlib import Path

from athena_exporter.config.asking import AskingSettings
from athena_exporter.config.budgets import BudgetSettings, BudgetsFile
from athena_exporter.config.document import Document, Problem, one_line, parse
from athena_exporter.config.guard import GuardSettings
from athena_exporter.config.history import HistorySettings
from athena_exporter.config.kinds import found_words, parse_duration, parse_size, write_duration, write_size
from athena_exporter.config.model import (
    AwsSettings,
    Config,
    IdentitySettings,
    Journal,
    LabelsSettings,
    LedgerSettings,
    OutboxSettings,
    PricingSettings,
    Privacy,
    SqlSettings,
    dotted,
)
from athena_exporter.config.notifications import (
    Channel,
    News,
    NotificationsSettings,
    SnsSettings,
    WebhookFormat,
    WebhookSettings,
)
from athena_exporter.config.outlets import EventsSettings, ExpositionSettings, Histogram, QueryText
from athena_exporter.config.people import PeopleFile, PersonSettings
from athena_exporter.config.problems import checked, problems_of
from athena_exporter.config.reference import table
from athena_exporter.config.sources import (
    AccessEvent,
    AthenaSettings,
    CloudWatchMetric,
    CloudWatchSettings,
    LookupSettings,
    SourcesSettings,
    WorkgroupsSettings,
)
from athena_exporter.config.targets import REGION, TargetSettings, TargetSourcesSettings, by_region

__all__ = [
    "AccessEvent",
    "AskingSettings",
    "AthenaSettings",
    "AwsSettings",
    "BudgetSettings",
    "Channel",
    "CloudWatchMetric",
    "CloudWatchSettings",
    "Config",
    "ConfigError",
    "EventsSettings",
    "ExpositionSettings",
    "GuardSettings",
    "Histogram",
    "HistorySettings",
    "IdentitySettings",
    "Journal",
    "LabelsSettings",
    "LedgerSettings",
    "LookupSettings",
    "News",
    "NotificationsSettings",
    "OutboxSettings",
    "PersonSettings",
    "PricingSettings",
    "Privacy",
    "QueryText",
    "SnsSettings",
    "SourcesSettings",
    "SqlSettings",
    "TargetSettings",
    "TargetSourcesSettings",
    "WebhookFormat",
    "WebhookSettings",
    "WorkgroupsSettings",
    "load",
    "load_budgets",
    "load_people",
    "parse_duration",
    "parse_size",
    "table",
    "write_duration",
    "write_size",
]

_REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


class ConfigError(Exception):
    """What is wrong with a configuration; `str` of it is one line a problem, each with place and mend."""

    def __init__(self, *lines: str) -> None:
        self.lines = tuple(map(one_line, lines))
        super().__init__("\n".join(self.lines))


def load(path: Path | None, environ: Mapping[str, str]) -> Config:
    """Read the file (None: all defaults) and complete it from the environment.

    A target without a Region gets AWS_REGION, else AWS_DEFAULT_REGION, else keeps None: then it is for the AWS SDK
    to find one. No target at all means one, the environment's. A target of several Regions becomes one for each.

    Raises:
        ConfigError: every problem at once: unreadable file, bad YAML, unknown keys, wrong values, contradictions.
    """
    document = parse(_text(path)) if path is not None else Document()
    region, unfit = _region(environ)
    completed = Document(
        content=_with_budgets(_with_targets(document.content, region)), lines=document.lines, problems=document.problems
    )
    config, problems = problems_of(completed)
    lines = (*unfit, *(_line(path, problem) for problem in problems))
    if config is None or lines:
        raise ConfigError(*lines)
    return config.model_copy(update={"targets": by_region(config.targets)})


def load_budgets(path: Path) -> tuple[BudgetSettings, ...]:
    """Read a file of budgets: what may stand under `budgets:` in a configuration stands under the same key there.

    Raises:
        ConfigError: every problem at once, as `load` does.
    """
    found, problems = checked(parse(_text(path)), BudgetsFile)
    if found is None or problems:
        raise ConfigError(*(_line(path, problem) for problem in problems))
    return found.budgets


def load_people(path: Path) -> dict[str, PersonSettings]:
    """Read a file of people: pattern of a subject -> whom to address, in the order of the file.

    Raises:
        ConfigError: every problem at once, as `load` does.
    """
    found, problems = checked(parse(_text(path)), PeopleFile)
    if found is None or problems:
        raise ConfigError(*(_line(path, problem) for problem in problems))
    return found.people


def _with_budgets(content: object) -> object:
    """The content with the budgets of the file that it names, if it names one."""
    if not isinstance(content, dict) or not isinstance(content.get("budgets"), dict):
        return content
    named = content["budgets"]
    if set(named) != {"file"} or not isinstance(named["file"], str) or not named["file"]:
        return content
    return content | {"budgets": load_budgets(Path(named["file"]))}


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path}:{line}: not YAML: a byte that is not UTF-8; save the file as UTF-8") from error


def _region(environ: Mapping[str, str]) -> tuple[str | None, tuple[str, ...]]:
    """The environment's Region, or why it is none."""
    variable = next((name for name in _REGION_VARIABLES if environ.get(name)), None)
    if variable is None:
        return None, ()
    try:
        return str(REGION.read(environ[variable])), ()
    except ValueError:
        found = found_words(environ[variable])
        return None, (f"environment: {variable}: found {found}, wanted {REGION.request}",)


def _with_targets(content: object, region: str | None) -> object:
    """The file's content with the environment's Region wherever a target names none."""
    if content is None:
        return {"targets": [{"region": region}]}
    if not isinstance(content, dict) or not isinstance(content.get("targets"), list | None):
        return content
    targets = [_with_region(target, region) for target in content.get("targets") or [{}]]
    return content | {"targets": targets}


def _with_region(target: object, region: str | None) -> object:
    target = {} if target is None else target
    if not isinstance(target, dict) or target.get("regions"):
        return target
    return {**target, "region": target.get("region") or region}


def _line(path: Path | None, problem: Problem) -> str:
    location = dotted(problem.location)
    return (
        f"{path}:{problem.line}: {location}: {problem.words}" if location else f"{path}:{problem.line}: {problem.words}"
    )
