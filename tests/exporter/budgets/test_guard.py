"""Why these tests exist: whatever comes together, nobody is stopped who must not be, and nothing is left untold."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_exporter.budgets import (
    Amount,
    Budget,
    Calendar,
    Circumstances,
    Enforce,
    Enforced,
    Excess,
    Intent,
    Match,
    Mode,
    Per,
    Period,
    Protected,
    Query,
    Reason,
    Result,
    RunningQuery,
    Unit,
    Verdict,
    advise_guard,
    decide,
    is_wanted,
)
from athena_exporter.budgets.guard import EXPIRY_MS, action_id
from athena_exporter.records import PENDING, UNATTRIBUTED, UNKNOWN, Identity, Kind, Target

NOW_MS = 10_000_000
USERS = ("ann", "bob", "etl", None, PENDING, UNATTRIBUTED, UNKNOWN)
TARGET = Target(account_id="111122223333", region="eu-west-1")


def running(number: int, user: str | None = "ann", role: str | None = None, at_ms: int = 0) -> RunningQuery:
    query = Query("primary", "sales", None, user, role, None if user is None else "console")
    return RunningQuery(query_id=f"q{number}", submitted_ms=at_ms, query=query)


def excess(one: RunningQuery, budget: str = "daily", told_ms: int | None = None) -> Excess:
    return Excess(
        running=one, budget=budget, subject=one.query.user or "primary", unit=Unit.BYTES, used=2, limit=1, start_ms=0,
        told_ms=told_ms,
    )  # fmt: skip  # eight fields read best as a block


def intent(number: int, mode: Mode, result: Result | None, decided_ms: int) -> Intent:
    return Intent(
        action_id=f"a{number}", query_id=f"q{number}", workgroup="primary", user="ann", budget="daily", subject="ann",
        unit=Unit.BYTES, used=2, limit=1, mode=mode, decided_ms=decided_ms, expires_ms=decided_ms + EXPIRY_MS,
        result=result,
    )  # fmt: skip  # a dozen fields read best as a block


QUERIES = st.lists(
    st.builds(
        running, st.integers(0, 12), st.sampled_from(USERS), st.sampled_from((None, "analyst", "exporter")),
        st.integers(0, 5),
    ),
    max_size=12,
    unique_by=lambda one: one.query_id,
)  # fmt: skip  # as short as it can be said
INTENTS = st.lists(
    st.builds(
        intent, st.integers(0, 12), st.sampled_from([Mode.DRY_RUN, Mode.ENFORCE]),
        st.sampled_from([*Result, None]), st.integers(NOW_MS - 2 * EXPIRY_MS, NOW_MS),
    ),
    max_size=8,
    unique_by=lambda one: one.query_id,
)  # fmt: skip  # as above
AROUND = st.builds(
    Circumstances,
    mode=st.sampled_from([Mode.DRY_RUN, Mode.ENFORCE]),
    now_ms=st.just(NOW_MS),
    room=st.integers(-2, 6),
    protected=st.builds(
        Protected,
        patterns=st.sampled_from([(), ("etl",), ("b*", "[a]nn")]),
        own=st.sampled_from([(), (Identity(user="exporter", role="exporter", kind=Kind.ROLE, client="boto3"),)]),
    ),
    is_killed=st.booleans(),
    has_role=st.booleans(),
)


@given(QUERIES, INTENTS, AROUND, st.data())
def test_whatever_comes_together_only_the_right_ones_are_stopped_and_all_others_are_told(
    queries: list[RunningQuery], intents: list[Intent], around: Circumstances, data: st.DataObject
) -> None:
    told = [excess(one, budget) for budget in ("first", "second") for one in queries]
    excesses = data.draw(st.permutations(told))
    earlier = {one.query_id: one for one in intents}
    verdict = decide(excesses, earlier, around)
    stopped = [one.running for one in verdict.stops]
    assert len({one.query_id for one in stopped}) == len(stopped) <= max(around.room, 0)
    assert all(may_be_stopped(one, earlier, around) for one in stopped)
    settled = [one for one in queries if is_settled(earlier.get(one.query_id))]
    dry = len(stopped) if around.mode is Mode.DRY_RUN else 0
    assert len(stopped) - dry + sum(verdict.waiting.values()) + len(settled) == len(queries)
    open_ones = [one for one in queries if may_be_stopped(one, earlier, around) and one not in settled]
    assert len(stopped) == min(len(open_ones), max(around.room, 0))
    assert [age(one) for one in stopped] == sorted(map(age, open_ones))[: len(stopped)]
    assert all(one.budget == first_of(excesses, one.running) for one in verdict.stops)


def may_be_stopped(one: RunningQuery, earlier: Mapping[str, Intent], around: Circumstances) -> bool:
    """The rules, one after the other, in other words than the product's."""
    user, before = one.query.user, earlier.get(one.query_id)
    if user not in {"ann", "bob", "etl"} or around.is_killed or not around.has_role:
        return False
    is_own = bool(around.protected.own) and one.query.role == "exporter"
    if is_own or any(fnmatchcase(user, pattern) for pattern in around.protected.patterns):
        return False
    if before is None:
        return True
    if is_settled(before):
        return False
    if before.mode is not around.mode or before.result is Result.KILLED:
        return True
    return before.result is not Result.DRY_RUN and NOW_MS - before.decided_ms >= EXPIRY_MS


def is_settled(before: Intent | None) -> bool:
    return before is not None and before.result in {None, Result.STOPPED, Result.ALREADY_FINISHED}


def age(one: RunningQuery) -> tuple[int, str]:
    return one.submitted_ms, one.query_id


def first_of(excesses: Sequence[Excess], one: RunningQuery) -> str:
    return next(each.budget for each in excesses if each.running.query_id == one.query_id)


@given(QUERIES, INTENTS, AROUND)
def test_to_protect_somebody_never_stops_anybody_else_sooner_than_their_turn(
    queries: list[RunningQuery], intents: list[Intent], around: Circumstances
) -> None:
    around = replace(around, room=100)
    earlier = {one.query_id: one for one in intents}
    before = ids(decide([excess(one) for one in queries], earlier, around))
    more = replace(around, protected=replace(around.protected, patterns=(*around.protected.patterns, "ann")))
    after = ids(decide([excess(one) for one in queries], earlier, more))
    assert after == before - {one.query_id for one in queries if one.query.user == "ann"}


def ids(verdict: Verdict) -> set[str]:
    return {one.running.query_id for one in verdict.stops}


@given(QUERIES, AROUND)
def test_what_is_stopped_is_still_wanted_a_moment_later(queries: list[RunningQuery], around: Circumstances) -> None:
    excesses = [excess(one) for one in queries]
    for one in decide(excesses, {}, around).stops:
        number = int(one.running.query_id[1:])
        meant = replace(intent(number, around.mode, None, NOW_MS), subject=one.subject)
        assert is_wanted(meant, excesses, around.protected)
        assert not is_wanted(replace(meant, budget="another"), excesses, around.protected)
        assert not is_wanted(replace(meant, subject="another"), excesses, around.protected)
        assert not is_wanted(meant, [], around.protected)
        assert not is_wanted(meant, excesses, Protected(patterns=("*",)))
    nameless = excess(running(1, None))
    meant = replace(intent(1, Mode.ENFORCE, None, NOW_MS), subject=nameless.subject)
    assert not is_wanted(meant, [nameless], Protected())


@pytest.mark.parametrize(
    ("told_ms", "is_stopped"),
    [(None, False), (NOW_MS - 59_999, False), (NOW_MS - 60_000, True)],
    ids=["not told yet", "told just now", "told a minute ago"],
)
def test_who_was_told_a_moment_ago_has_the_grace_left(told_ms: int | None, *, is_stopped: bool) -> None:
    around = Circumstances(mode=Mode.ENFORCE, now_ms=NOW_MS, room=10, grace_ms=60_000)
    verdict = decide([excess(running(1, "ann"), told_ms=told_ms)], {}, around)
    assert len(verdict.stops) == is_stopped
    assert verdict.waiting[Reason.GRACE] == 1 - is_stopped


def test_every_reason_is_told_also_with_0() -> None:
    around = Circumstances(mode=Mode.ENFORCE, now_ms=NOW_MS, room=10)
    assert decide([], {}, around).waiting == dict.fromkeys(Reason, 0)


def test_an_action_has_one_id_for_its_query_budget_and_window_and_another_for_any_other() -> None:
    one = excess(running(1))
    assert action_id(TARGET, one) == action_id(TARGET, replace(one, used=5, subject="x"))
    others = (
        replace(one, start_ms=1), replace(one, budget="weekly"), excess(running(2)),
    )  # fmt: skip  # one each
    elsewhere = (action_id(Target(account_id="1", region="eu-west-1"), one),)
    assert len({action_id(TARGET, one), *elsewhere, *(action_id(TARGET, other) for other in others)}) == 5


def budget(name: str, per: Per = Per.USER, **changed: object) -> Budget:
    told = {"window": Calendar(period=Period.DAY), "limit": Amount(unit=Unit.BYTES, value=1)}
    return Budget(name=name, per=per, **told | {"enforce": Enforce.STOP_QUERIES} | changed)  # type: ignore[arg-type]  # a test names them right or fails


def test_a_query_counts_in_the_budgets_that_enforce_and_match() -> None:
    enforced = Enforced(
        (
            budget("watched", enforce=Enforce.NONE),
            budget("users"),
            budget("elsewhere", match=Match(workgroup=("etl",))),
            budget("bobs", match=Match(user=("b*",))),
            budget("components", Per.COMPONENT),
        )
    )
    ann = running(1).query
    assert [(one.name, who) for one, who in enforced.subjects(ann, {"primary": "shop"})] == [
        ("users", "ann"),
        ("components", "shop"),
    ]
    assert [(one.name, who) for one, who in enforced.subjects(ann, {})] == [("users", "ann")]
    assert list(enforced.subjects(running(1, None).query, {})) == []


def test_a_guard_and_budgets_that_know_nothing_of_each_other_are_told_of() -> None:
    enforcing, watching = budget("hard"), budget("soft", enforce=Enforce.NONE)
    (off,) = advise_guard([enforcing, watching], Mode.OFF)
    assert off.words == (
        "enforce: stop_queries of 'hard' stops nobody: guard.mode is off; write dry_run or enforce there"
    )
    (idle,) = advise_guard([watching], Mode.DRY_RUN)
    assert idle.words == "guard.mode is dry_run, but no budget has enforce: stop_queries: nobody is ever stopped"
    assert list(advise_guard([watching], Mode.OFF)) == []
    assert list(advise_guard([enforcing], Mode.ENFORCE)) == []
