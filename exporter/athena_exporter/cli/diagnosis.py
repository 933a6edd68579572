"""What was tried and seen becomes findings: what is there, what is missing, how to mend it. Pure.

Stage: sources/probing.py, sources/survey.py, ledger/inspection.py -> **diagnosis** -> outlets/findings.py.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from athena_exporter.budgets import Budget, Mode, advise, advise_guard
from athena_exporter.cli import wiring
from athena_exporter.config import Config, write_duration
from athena_exporter.costs import Facts, estimate
from athena_exporter.ledger.inspection import LedgerPlace
from athena_exporter.outlets.findings import Chapter, Cost, Finding, Mark
from athena_exporter.outlets.guard import KillSwitch
from athena_exporter.outlets.report.render import binary_bytes
from athena_exporter.records import Target, Workgroup
from athena_exporter.sources.arns import account_of, partition
from athena_exporter.sources.grants import Grant, Place, log_groups
from athena_exporter.sources.permissions import PERMISSIONS, Permission
from athena_exporter.sources.policy import one_statement
from athena_exporter.sources.probing import Attempt, Outcome, Sights
from athena_exporter.sources.survey import Lag, Pace, Survey

CLOCK_TOLERANCE = timedelta(seconds=60)
"""How far the machine's clock may be from AWS's. AWS refuses requests that are 5 minutes off."""
LATE = timedelta(minutes=15)
"""CloudTrail mostly shows a start within it."""
_LOOKUPS_A_SECOND = 2
_EVENTS_A_PAGE = 50
_READS_A_START = 5
_CROWDED = 0.8
_NAMED = 5
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One target, as far as it could be looked at."""

    target: Target
    skew: timedelta
    attempts: Sequence[Attempt]
    sights: Sights
    survey: Survey | None
    alias: str | None = None

    @property
    def where(self) -> str:
        """How it is named in findings: by what people call it, first of all."""
        return place_of(self.target) if self.alias is None else f"{self.alias} {place_of(self.target)}"


def place_of(target: Target) -> str:
    """How a target is named in findings."""
    return f"{target.account_id} {target.region}"


def of_target(config: Config, examined: Examined) -> Iterator[Finding]:
    """Everything about one target."""
    where = examined.where
    for attempt in examined.attempts:
        yield of_attempt(config, examined.target, attempt, where)
    yield _clock(where, examined.skew)
    if examined.survey is not None:
        yield from _denied(config, examined)
        yield from _survey(config, where, examined.survey)


def of_events(config: Config, examined: Examined) -> Iterator[Finding]:
    """Everything about the log groups of events."""
    for attempt in examined.attempts:
        yield of_attempt(config, examined.target, attempt)
    if examined.sights.missing_groups:
        yield _missing_groups(place_of(examined.target), examined.sights.missing_groups)


def of_budgets(budgets: Sequence[Budget], now_ms: int, guard: Mode = Mode.OFF) -> Iterator[Finding]:
    """The budgets: how many there are, and what is odd about them, and about a guard in this mode."""
    advices = [*advise(budgets, now_ms), *advise_guard(budgets, guard)]
    for advice in advices:
        yield Finding(
            chapter=Chapter.SETUP, mark=Mark.NOTE, where="", what="budgets", words=advice.words
        )  # fmt: skip  # as the others
    if not advices:
        words = f"{len(budgets)}, none contradicts another" if budgets else "none: nobody is warned of anything"
        yield Finding(chapter=Chapter.SETUP, mark=Mark.OK, where="", what="budgets", words=words)


def of_guarded(config: Config, target: Target) -> Finding:
    """Whether the guard acts in an account and Region at all."""
    guard = config.guard
    told = Finding(
        chapter=Chapter.SETUP, mark=Mark.OK, where=place_of(target), what="guard", words=_guard_words(config)
    )
    role_account = account_of(guard.role_arn or "")
    if guard.mode is Mode.ENFORCE and role_account != target.account_id:
        words = f"not guarded: guard.role_arn belongs to account {role_account}; the alert is all there is here"
        return _with(told, Mark.NOTE, words)
    if guard.kill_switch is not None and KillSwitch(file=guard.kill_switch).is_on():
        return _with(told, Mark.NOTE, f"the kill switch is on ({guard.kill_switch} exists): nothing is stopped")
    return told


def _guard_words(config: Config) -> str:
    if config.guard.mode is Mode.DRY_RUN:
        return "dry run: it tells what it would stop, and stops nothing"
    return f"at most {config.guard.max_stops_per_minute} queries a minute, through {config.guard.role_arn}"


def of_attempt(config: Config, target: Target, attempt: Attempt, where: str | None = None) -> Finding:
    """One permission: there, missing with the statement to add, or unknown. `where` is said instead of the target."""
    permission = attempt.permission
    told = Finding(
        chapter=Chapter.PERMISSIONS, mark=Mark.OK, where=where or place_of(target), what=permission.action,
        words=f"{permission.why}: {attempt.words}",
    )  # fmt: skip  # as the others
    if attempt.outcome is Outcome.ALLOWED:
        return told
    if attempt.outcome is Outcome.FAILED:
        return _with(told, Mark.UNKNOWN, attempt.words)
    whose = attempt.principal or "the exporter's role or user"
    how = (
        "by granting it DESCRIBE in Lake Formation, which governs the catalogue, and" if _is_governed(attempt) else "by"
    )
    return Finding(
        chapter=told.chapter, mark=Mark.MISSING, where=told.where, what=told.what,
        words=f"denied; {permission.without}", principal=attempt.principal,
        mend=f"allow it for {whose} {how} adding this statement to a policy ({attempt.words})",
        statement=statement_for(config, target, permission),
    )  # fmt: skip  # as the others


def statement_for(config: Config, target: Target, permission: Permission) -> Mapping[str, Any]:
    """What to add to a policy, for this account and Region."""
    place = Place(account=target.account_id, region=target.region, partition=partition(target.region))
    grant = Grant(
        permissions=(permission,), places=(place,), log_groups=log_groups(config), logs=place,
        queues=config.sources.queue_urls, topics=tuple(one.topic_arn for one in config.notifications.sns),
        system_table=config.sources.system_table, asking=config.asking, asking_in=place,
    )  # fmt: skip  # as short as it can be said
    return one_statement(permission, grant)


def _is_governed(attempt: Attempt) -> bool:
    return "lake formation" in attempt.words.lower()


def _with(finding: Finding, mark: Mark, words: str) -> Finding:
    return Finding(chapter=finding.chapter, mark=mark, where=finding.where, what=finding.what, words=words)


def unreachable(region: str, role_arn: str | None, words: str, alias: str | None = None) -> Finding:
    """A target of which not even the account could be found out."""
    where = region if alias is None else f"{alias} {region}"
    what = f"credentials for {region}" if role_arn is None else f"role {role_arn} for {region}"
    mend = "set credentials that AWS accepts (environment, profile or role), and look whether AWS can be reached"
    if role_arn is not None:
        mend = (
            "allow the exporter's identity sts:AssumeRole on the role (athena-exporter iam-policy), and name that "
            "identity, and the external id if there is one, in the role's trust policy"
        )
    return Finding(chapter=Chapter.PERMISSIONS, mark=Mark.MISSING, where=where, what=what, words=words, mend=mend)


def _clock(where: str, skew: timedelta) -> Finding:
    seconds = round(skew.total_seconds())
    words = f"AWS's clock is {abs(seconds)} s {'ahead of' if seconds >= 0 else 'behind'} this machine's"
    off = abs(skew) > CLOCK_TOLERANCE
    return Finding(
        chapter=Chapter.SETUP, mark=Mark.MISSING if off else Mark.OK, where=where, what="clock", words=words,
        mend="set this machine's clock by NTP: AWS refuses requests that are five minutes off" if off else None,
    )  # fmt: skip  # as the others


def _missing_groups(where: str, names: Sequence[str]) -> Finding:
    return Finding(
        chapter=Chapter.SETUP, mark=Mark.MISSING, where=where, what="log groups of events",
        words=f"there is no {' and no '.join(names)}",
        mend="make them, or set events.create_groups: true; until then events wait in the outbox",
    )  # fmt: skip  # as the others


def _denied(config: Config, examined: Examined) -> Iterator[Finding]:
    """A policy may name single workgroups: the try succeeded, others are closed."""
    target, survey = examined.target, examined.survey
    allowed = {one.permission.action for one in examined.attempts if one.outcome is Outcome.ALLOWED}
    closed = {} if survey is None else survey.denied
    for action, names in closed.items():
        if action not in allowed:
            continue
        permission = next(one for one in PERMISSIONS if one.action == action)
        yield Finding(
            chapter=Chapter.PERMISSIONS, mark=Mark.MISSING, where=examined.where, what=f"{action} on some workgroups",
            words=f"denied for {_some(names)}; {permission.without}",
            mend="allow it on all workgroups by replacing the narrower statement with this one",
            statement=statement_for(config, target, permission),
        )  # fmt: skip  # as the others


def _survey(config: Config, where: str, survey: Survey) -> Iterator[Finding]:
    yield from _trail(config, where, survey)
    yield from _setups(config, where, survey)
    yield from _unread(where, survey)
    yield from _volume(where, survey)
    yield from _advice(config, where, survey)


def _trail(config: Config, where: str, survey: Survey) -> Iterator[Finding]:
    if not config.sources.lookup.enabled:
        yield Finding(
            chapter=Chapter.SETUP, mark=Mark.NOTE, where=where, what="users",
            words="sources.lookup is off: every query stays without a user",
        )  # fmt: skip  # as the others
        return
    lag, starts = survey.lag, survey.starts
    if starts is None or lag is None:
        return
    old = [one for pace in survey.paces for one in pace.executions if _is_old(survey, one.submitted_at)]
    blind = not starts.starts and bool(old)
    yield Finding(
        chapter=Chapter.SETUP, mark=Mark.MISSING if blind else Mark.OK, where=where, what="starts in CloudTrail",
        words=_blind_words(len(old)) if blind else f"{len(starts.starts)} of the last day were looked at",
        mend="look whether CloudTrail's event history of this Region shows StartQueryExecution to these credentials"
        if blind else None,
    )  # fmt: skip  # as the others
    if starts.starts:
        yield _lag(where, lag)


def _is_old(survey: Survey, at: object) -> bool:
    return isinstance(at, type(survey.at)) and timedelta(hours=2) <= survey.at - at <= timedelta(hours=23)


def _blind_words(queries: int) -> str:
    return f"none in the last day, although Athena shows {queries} queries that are hours old"


def _lag(where: str, lag: Lag) -> Finding:
    seen = "none of them is visible" if lag.newest_seen is None else f"the youngest visible is {_age(lag.newest_seen)}"
    late = lag.oldest_unseen is not None and lag.oldest_unseen > LATE
    unseen = "all are visible" if lag.oldest_unseen is None else f"the oldest missing is {_age(lag.oldest_unseen)}"
    words = f"{lag.compared} queries compared: {seen}, {unseen}" if lag.compared else "no recent query to measure it by"
    if late:
        words += "; starts that come this late leave their query without a user until then"
    return Finding(chapter=Chapter.SETUP, mark=Mark.NOTE if late else Mark.OK, where=where,
                   what="lag of CloudTrail", words=words)  # fmt: skip  # as the others


def _age(age: timedelta) -> str:
    return f"{write_duration(timedelta(seconds=max(0, round(age.total_seconds()))))} old"


_Judged = tuple[str, Callable[[Workgroup], bool], str]


def _setups(config: Config, where: str, survey: Survey) -> Iterator[Finding]:
    if not survey.setups:
        return
    unseen = "CloudWatch has nothing of them" + (
        "; turn on 'Publish query metrics to CloudWatch'" if config.sources.cloudwatch.enabled else ""
    )
    judged: tuple[_Judged, ...] = (
        ("workgroups that don't publish", lambda one: one.is_publishing is False, unseen),
        ("workgroups that don't enforce", lambda one: one.is_enforced is False, "clients may override their settings"),
        ("workgroups without a limit", lambda one: one.cutoff_bytes is None, "nothing stops a query that scans a lot"),
    )
    for what, is_one, meaning in judged:
        names = [setup.name for setup in survey.setups if is_one(setup)]
        words = f"{_some(names)}; {meaning}" if names else f"none of {len(survey.setups)}"
        yield Finding(chapter=Chapter.SETUP, mark=Mark.NOTE if names else Mark.OK, where=where, what=what, words=words)


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    shown = ", ".join(names[:_NAMED])
    return f"{len(names)}: {shown} and {more} more" if more > 0 else f"{len(names)}: {shown}"


def _unread(where: str, survey: Survey) -> Iterator[Finding]:
    unread = sum(pace.unread for pace in survey.paces) + (survey.starts.unread if survey.starts else 0)
    if unread:
        yield Finding(
            chapter=Chapter.SETUP, mark=Mark.NOTE, where=where, what="records of AWS",
            words=f"{unread} could not be read; please report them, with --record",
        )  # fmt: skip  # as the others


def _volume(where: str, survey: Survey) -> Iterator[Finding]:
    rate = survey.queries_per_day
    looked = f"{len(survey.paces)} of {survey.total} workgroups looked at"
    if rate is not None:
        yield Finding(
            chapter=Chapter.ACCOUNT, mark=Mark.OK, where=where, what="queries a day",
            words=f"about {rate:,.0f}; {looked}",
        )  # fmt: skip  # as the others
    busy = sorted((pace for pace in survey.paces if pace.queries_per_day), key=_busiest)[:_NAMED]
    if busy:
        names = ", ".join(f"{pace.workgroup} {pace.queries_per_day:,.0f}" for pace in busy)
        yield Finding(chapter=Chapter.ACCOUNT, mark=Mark.OK, where=where, what="busiest workgroups", words=names)
    if survey.starts is not None and survey.starts.starts:
        people = {(start.identity.kind, start.identity.user) for start in survey.starts.starts}
        clients = sorted({start.identity.client for start in survey.starts.starts})
        yield Finding(
            chapter=Chapter.ACCOUNT, mark=Mark.OK, where=where, what="identities",
            words=f"{len(people)} in the {len(survey.starts.starts)} newest starts, through {', '.join(clients)}",
        )  # fmt: skip  # as the others


def _busiest(pace: Pace) -> tuple[float, str]:
    return -pace.queries_per_day, pace.workgroup


def _advice(config: Config, where: str, survey: Survey) -> Iterator[Finding]:
    rate = survey.queries_per_day
    if rate is None or not config.sources.lookup.enabled:
        return
    needed, budget = lookups_an_hour(config, rate), 3600 * _LOOKUPS_A_SECOND * config.aws.rate_share
    crowded = needed > _CROWDED * budget
    words = f"about {needed:,.0f} of the {budget:,.0f} LookupEvents calls an hour that it may make"
    if crowded:
        words += "; users will come late: raise aws.rate_share, or sources.lookup.interval"
    yield Finding(
        chapter=Chapter.ADVICE, mark=Mark.NOTE if crowded else Mark.OK, where=where,
        what="lookup is too slow for this account" if crowded else "lookup is enough for this account", words=words,
    )  # fmt: skip  # as the others


def lookups_an_hour(config: Config, queries_per_day: float) -> float:
    """LookupEvents calls that name all users in time: a window in most passes, and each start read a few times."""
    passes = _HOUR / config.sources.lookup.interval
    return passes + _READS_A_START * queries_per_day / 24 / _EVENTS_A_PAGE


def cost_of(config: Config, examined: Examined) -> Cost | None:
    """What the configuration will ask of this target in an hour; None where its size is not known."""
    survey = examined.survey
    if survey is None or survey.queries_per_day is None:
        return None
    facts = Facts(
        workgroups=survey.total,
        queries_per_hour=round(survey.queries_per_day / 24),
        reservations=len(examined.sights.reservations),
    )
    prices = wiring.rules(config).prices
    calls = estimate(facts, config.sources, rate_share=config.aws.rate_share, prices=prices).values()
    return Cost(
        where=examined.where,
        requests=sum(one.requests for one in calls),
        usd=sum(one.usd for one in calls),
    )


def of_cost(cost: Cost) -> Finding:
    """The same as a line."""
    price = f"${cost.usd:.4f} at list price" if cost.usd else "free"
    return Finding(
        chapter=Chapter.ADVICE, mark=Mark.OK, where=cost.where, what="this configuration, an hour",
        words=f"about {cost.requests:,.0f} calls to AWS, {price}",
    )  # fmt: skip  # as the others


def of_strangers(counted: Sequence[Target], read: Collection[Target]) -> Iterator[Finding]:
    """Accounts and Regions that the ledger has counted and nobody reads any longer; told when all others are known."""
    gone = [one for one in counted if one not in read]
    if gone:
        yield Finding(
            chapter=Chapter.SETUP, mark=Mark.NOTE, where="", what="targets of the ledger",
            words=f"{_some([place_of(one) for one in gone])}, of which none is a target: what was counted stays, is "
            "not shown, and goes on when it is a target again",
        )  # fmt: skip  # as the others


def of_twins(targets: Sequence[Target]) -> Iterator[Finding]:
    """Targets that turn out to be one account in one Region: `serve` would refuse to start."""
    for one in sorted({target for target in targets if targets.count(target) > 1}):
        yield Finding(
            chapter=Chapter.SETUP, mark=Mark.MISSING, where=place_of(one), what="targets",
            words=f"{targets.count(one)} targets are this account and Region; every query would count twice",
            mend="remove all of them but one from targets",
        )  # fmt: skip  # as the others


def of_ledger(place: LedgerPlace) -> Iterator[Finding]:
    """Whether an exporter can keep its ledger there."""
    said = f"{place.path}: {'there' if place.exists else 'will be made'}, {place.disk or 'unknown disk'}"
    free = "" if place.free_bytes is None else f", {binary_bytes(place.free_bytes)} free"
    yield Finding(
        chapter=Chapter.SETUP, mark=Mark.MISSING if place.trouble else Mark.OK, where="", what="ledger",
        words=f"{place.path}: not usable" if place.trouble else f"{said}, {place.journal} journal{free}",
        mend=place.trouble,
    )  # fmt: skip  # as the others
    if place.in_use:
        yield Finding(
            chapter=Chapter.SETUP, mark=Mark.NOTE, where="", what="ledger in use",
            words="an exporter is running on it; a second one would refuse to start",
        )  # fmt: skip  # as the others
