"""Why these tests exist: this is the one part of the product that takes something away from people.

A real ledger, an Athena that answers as told, clocks by hand.
"""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from book import HOUR, MINUTE, NOON, SECOND, TARGET, opened, query, query_id, settings_for, start, who
from guarded import LIMIT, TroubleError, World, enforced, ids

from athena_exporter import catalog
from athena_exporter.budgets import Allowance, Amount, Budget, Enforce, Level, Mode, Per, Reason, Rolling, Unit
from athena_exporter.ledger.budgeting import REST
from athena_exporter.outlets.guard import AwsClock, KillSwitch, give_up
from athena_exporter.records import OTHER, PENDING, UNATTRIBUTED, UNKNOWN
from athena_exporter.sources.stopping import Outcome

MakeWorld = Callable[..., World]


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[MakeWorld]:
    with ExitStack() as stack:

        def make(*budgets: Budget, **changed: Any) -> World:
            settings = settings_for(tmp_path, budgets=budgets or (enforced(),), **changed)
            return World(stack.enter_context(opened(settings)))

        yield make


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    """Ann has used twice what she may use in a day, and a query of hers runs; so does one of Bob's."""
    world = make_world()
    world.spend(1, "ann")
    world.begin(2, "ann")
    world.begin(3, "bob")
    return world


# -- who is stopped ----------------------------------------------------------------------------------------------


def test_a_running_query_of_somebody_over_the_limit_is_stopped_and_nobody_elses(world: World) -> None:
    world.guard().run_once()
    assert world.athena.stopped == ids([2])
    assert world.results() == [(query_id(2), "stopped")]
    assert world.actions() == {("daily", "stop", "stopped"): 1}
    assert world.counted.mode is Mode.ENFORCE
    assert world.counted.why == {}


def test_a_query_that_began_before_the_limit_was_reached_is_stopped_too(make_world: MakeWorld) -> None:
    world = make_world()
    world.begin(2, "ann", at=NOON - 2 * HOUR)
    world.spend(1, "ann")
    world.guard().run_once()
    assert world.athena.stopped == ids([2])


def test_a_stopped_query_is_left_alone_while_the_ledger_still_thinks_that_it_runs(world: World) -> None:
    guard = world.guard()
    for _ in range(3):
        guard.run_once()
        world.later(MINUTE)
    assert world.athena.stopped == ids([2])
    assert len(world.intents()) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"limit": 4 * LIMIT},
        {"enforce": Enforce.NONE},
        {"match": {"workgroup": ("etl",)}},
        {"match": {"user": ("b*",)}},
        {
            "exceptions": (
                Allowance(
                    subject=("ann",), limit=Amount(unit=Unit.BYTES, value=4 * LIMIT), until=None, reason="closing"
                ),
            )
        },
        {"exceptions": (Allowance(subject=("a*",), limit=None, until=None, reason="closing"),)},
    ],
    ids=["below the limit", "not enforced", "another workgroup", "another user", "a higher limit", "no limit at all"],
)
def test_whoever_is_within_their_limit_is_not_touched(make_world: MakeWorld, changed: dict[str, Any]) -> None:
    world = make_world(enforced(**changed))
    world.spend(1, "ann")
    world.begin(2, "ann")
    world.guard().run_once()
    assert world.athena.asked == []
    assert world.results() == []
    assert world.counted.why == {}


@pytest.mark.parametrize(
    ("per", "match"),
    [
        (Per.USER, {}),
        (Per.ROLE, {}),
        (Per.WORKGROUP, {}),
        (Per.WORKLOAD, {}),
        (Per.USER, {"database": ("sales",), "client": ("console",)}),
    ],
)
def test_every_kind_of_subject_can_be_over_its_limit(
    make_world: MakeWorld, per: Per, match: dict[str, tuple[str, ...]]
) -> None:
    world = make_world(enforced(per=per, match=match))
    world.spend(1, "ann", workload="dbt:model")
    world.begin(2, "ann", workload="dbt:model")
    world.begin(3, "bob", workgroup="other", workload="dbt:other")
    world.guard().run_once()
    expected = ids([2, 3]) if per is Per.ROLE else ids([2])  # both are analysts
    assert world.athena.stopped == expected


def test_a_rolling_window_is_over_when_enough_has_left_it(make_world: MakeWorld) -> None:
    world = make_world(enforced(window=Rolling(length=timedelta(hours=2))))
    world.spend(1, "ann")
    world.begin(2, "ann")
    world.later(2 * HOUR)
    world.guard().run_once()
    assert world.athena.stopped == []
    world.athena.at -= 2 * HOUR
    world.guard().run_once()
    assert world.athena.stopped == ids([2])


def test_the_window_is_that_of_awss_clock(world: World) -> None:
    """Tomorrow ann has used nothing yet, whatever this machine's clock says."""
    world.later(timedelta(days=1))
    world.guard().run_once()
    assert world.athena.stopped == []


def test_two_budgets_on_one_query_stop_it_once_for_the_first_of_them(make_world: MakeWorld) -> None:
    world = make_world(enforced("weekly-of-etl", match={"workgroup": ("etl",)}), enforced("first"), enforced("second"))
    world.spend(1, "ann")
    world.begin(2, "ann")
    guard = world.guard()
    guard.run_once()
    world.later(MINUTE)
    guard.run_once()
    assert world.athena.stopped == ids([2])
    assert [one.budget for one in world.intents()] == ["first"]


def test_a_budget_that_is_exceeded_later_does_not_stop_the_query_again(make_world: MakeWorld) -> None:
    world = make_world(enforced("high", limit=3 * LIMIT), enforced("low"))
    world.spend(1, "ann")
    world.begin(2, "ann")
    guard = world.guard()
    guard.run_once()
    world.spend(3, "ann")
    world.later(MINUTE)
    guard.run_once()
    assert [(one.budget, one.result) for one in world.intents()] == [("low", "stopped")]
    assert world.athena.stopped == ids([2])


# -- who never is ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ["ann", "a*", "?nn"])
def test_a_protected_user_is_never_touched_and_counted(world: World, pattern: str) -> None:
    world.guard(patterns=("zoe", pattern)).run_once()
    assert world.athena.asked == []
    assert world.counted.why == {Reason.PROTECTED: 1}


@pytest.mark.parametrize("own", [who("ann", role=None), who("exporter", role="analyst")], ids=["its user", "its role"])
def test_the_exporter_itself_is_never_touched(world: World, own: Any) -> None:
    world.guard(own=(own,)).run_once()
    assert world.athena.asked == []
    assert world.counted.why == {Reason.PROTECTED: 1}


def test_nobody_is_touched_for_a_role_that_the_exporter_has_not(world: World) -> None:
    world.guard(own=(who("exporter", role=None),)).run_once()
    assert world.athena.stopped == ids([2])


def test_a_query_that_nobody_has_told_the_user_of_is_not_touched(make_world: MakeWorld) -> None:
    world = make_world(enforced(per=Per.WORKGROUP))
    world.spend(1, "ann")
    world.begin(2, None)
    guard = world.guard()
    guard.run_once()
    assert world.athena.asked == []
    assert world.counted.why == {Reason.IDENTITY_UNSURE: 1}
    world.book.deliver(start(2, "bob"))
    world.later(SECOND)
    guard.run_once()
    assert world.athena.stopped == ids([2])
    assert world.counted.why == {}


@pytest.mark.parametrize("name", [PENDING, UNATTRIBUTED, UNKNOWN])
def test_a_name_that_is_nobodys_is_no_sure_identity(make_world: MakeWorld, name: str) -> None:
    world = make_world(enforced(per=Per.WORKGROUP))
    world.spend(1, "ann")
    world.begin(2, name)
    world.guard().run_once()
    assert world.athena.asked == []
    assert world.counted.why == {Reason.IDENTITY_UNSURE: 1}


def test_a_query_of_nobody_is_in_no_users_budget(make_world: MakeWorld) -> None:
    world = make_world()
    world.spend(1, "ann")
    world.begin(2, None)
    world.guard().run_once()
    assert world.counted.why == {}


def test_a_user_who_is_called_other_is_a_user(make_world: MakeWorld) -> None:
    world = make_world()
    world.spend(1, OTHER)
    world.begin(2, OTHER)
    world.guard().run_once()
    assert world.athena.stopped == ids([2])


# -- what holds it back ------------------------------------------------------------------------------------------


def test_a_dry_run_asks_athena_nothing_and_tells_what_it_would_have_done(world: World) -> None:
    guard = world.guard(Mode.DRY_RUN, has_role=False)
    for _ in range(2):
        guard.run_once()
        assert world.counted.mode is Mode.DRY_RUN
        assert world.counted.why == {Reason.DRY_RUN: 1}
        world.later(MINUTE)
    assert world.athena.asked == []
    assert world.actions() == {("daily", "stop", "dry_run"): 1}


def test_after_a_dry_run_the_same_query_can_be_stopped(world: World) -> None:
    world.guard(Mode.DRY_RUN, has_role=False).run_once()
    world.guard().run_once()
    assert world.athena.stopped == ids([2])
    assert world.actions() == {("daily", "stop", "dry_run"): 1, ("daily", "stop", "stopped"): 1}


def test_without_a_role_nothing_is_stopped_and_the_guard_says_that_it_is_off(world: World) -> None:
    world.guard(has_role=False).run_once()
    assert world.results() == []
    assert world.counted.mode is Mode.OFF
    assert world.counted.why == {Reason.NO_ROLE: 1}


def test_the_kill_switch_stops_the_guard_and_its_end_lets_it_go_on(world: World, tmp_path: Path) -> None:
    switch = tmp_path / "stop-the-guard"
    switch.touch()
    guard = world.guard(switch=KillSwitch(file=switch))
    guard.run_once()
    assert world.athena.asked == []
    assert (world.counted.is_killed, world.counted.why) == (True, {Reason.KILL_SWITCH: 1})
    switch.unlink()
    world.later(SECOND)
    guard.run_once()
    assert world.athena.stopped == ids([2])
    assert (world.counted.is_killed, world.counted.why) == (False, {})


def test_the_kill_switch_ends_what_is_open_and_the_query_may_be_stopped_afterwards(
    world: World, tmp_path: Path
) -> None:
    switch = tmp_path / "stop-the-guard"
    world.athena.troubles.append(("stop", Outcome.UNREACHABLE))
    guard = world.guard(switch=KillSwitch(file=switch))
    with pytest.raises(TroubleError):
        guard.run_once()
    switch.touch()
    world.later(SECOND)
    guard.run_once()
    assert world.results() == [(query_id(2), "killed")]
    switch.unlink()
    world.later(SECOND)
    guard.run_once()
    assert world.results() == [(query_id(2), "stopped")]
    assert world.actions() == {("daily", "stop", "killed"): 1, ("daily", "stop", "stopped"): 1}


def test_a_kill_switch_that_comes_while_athena_is_asked_is_heeded(world: World, tmp_path: Path) -> None:
    switch = tmp_path / "stop-the-guard"
    world.athena.before_look = switch.touch
    world.guard(switch=KillSwitch(file=switch)).run_once()
    assert world.athena.stopped == []
    assert world.results() == [(query_id(2), "killed")]


def test_a_kill_switch_that_comes_between_two_stops_is_heeded(world: World, tmp_path: Path) -> None:
    switch = tmp_path / "stop-the-guard"
    world.begin(4, "ann", at=NOON + MINUTE)
    world.athena.before_stop = switch.touch  # the first stop is under way when somebody pulls the switch
    world.guard(switch=KillSwitch(file=switch)).run_once()
    assert world.athena.stopped == ids([2])
    assert dict(world.results()) == {query_id(2): "stopped", query_id(4): "killed"}


@pytest.mark.parametrize("is_on", [True, False])
def test_the_flag_is_a_kill_switch_for_as_long_as_the_process_lives(is_on: bool) -> None:  # noqa: FBT001  # a parameter
    assert KillSwitch(is_forced=is_on).is_on() is is_on


def test_a_kill_switch_is_whatever_has_its_name(tmp_path: Path) -> None:
    for name, make in (("folder", Path.mkdir), ("link", lambda path: path.symlink_to("/nowhere"))):
        make(tmp_path / name)
        assert KillSwitch(file=tmp_path / name).is_on()
    assert not KillSwitch(file=tmp_path / "folder" / "missing").is_on()
    (tmp_path / "file").touch()
    assert not KillSwitch(file=tmp_path / "file" / "below").is_on()


def test_a_kill_switch_that_nobody_can_look_for_counts_as_pulled() -> None:
    assert KillSwitch(file=Path("x" * 300)).is_on()


def test_not_more_than_so_many_are_stopped_in_a_minute_the_longest_running_first(make_world: MakeWorld) -> None:
    world = make_world()
    world.spend(1, "ann")
    for number in (2, 3, 4, 5, 6):
        world.begin(number, "ann", at=NOON - number * MINUTE)
    guard = world.guard(most_a_minute=2)
    guard.run_once()
    assert world.athena.stopped == ids([6, 5])
    assert world.counted.why == {Reason.RATE_LIMITED: 3}
    world.later(30 * SECOND)
    guard.run_once()
    assert world.athena.stopped == ids([6, 5])
    world.later(31 * SECOND)
    guard.run_once()
    assert world.athena.stopped == ids([6, 5, 4, 3])
    assert world.counted.why == {Reason.RATE_LIMITED: 1}


def test_whoever_comes_to_a_limit_is_told_first_and_has_the_grace_to_end_the_queries(make_world: MakeWorld) -> None:
    world = make_world()
    world.spend(1, "ann")
    world.begin(2, "ann")
    guard = world.guard(grace=MINUTE)
    guard.run_once()
    assert world.counted.why == {Reason.GRACE: 1}, "nobody has told ann yet"
    (told,) = [one for one in world.book.ledger.decide(NOON) if one.level is Level.EXCEEDED]
    assert told.standing.subject == "ann"
    world.later(59 * SECOND)
    guard.run_once()
    assert (world.athena.stopped, world.counted.why) == ([], {Reason.GRACE: 1})
    world.later(2 * SECOND)
    world.book.reopen()
    world.guard(grace=MINUTE).run_once()
    assert world.athena.stopped == ids([2]), "a restart does not begin it anew"


def test_a_restart_does_not_lift_the_rate(make_world: MakeWorld) -> None:
    world = make_world()
    world.spend(1, "ann")
    for number in (2, 3, 4):
        world.begin(number, "ann", at=NOON - number * MINUTE)
    world.guard(most_a_minute=1).run_once()
    world.book.reopen()
    world.guard(most_a_minute=1).run_once()
    assert world.athena.stopped == ids([4])
    assert world.counted.why == {Reason.RATE_LIMITED: 2}


def test_looking_rests_many_times_as_long_as_it_took(world: World) -> None:
    guard = world.guard()
    look = guard._book.excesses
    looks = []

    def slow(now: Any) -> Any:
        looks.append(now)
        world.monotonic += 2
        return look(now)

    guard._book.excesses = slow  # type: ignore[method-assign]  # a clock by hand cannot be slow by itself
    for _ in range(2 * REST - 1):
        guard.run_once()
        world.monotonic += 1
    assert len(looks) == 1
    world.monotonic += 2
    guard.run_once()
    assert len(looks) == 2


# -- how it ends -------------------------------------------------------------------------------------------------


def test_a_query_that_has_ended_by_itself_is_not_stopped(world: World) -> None:
    world.athena.ended[query_id(2)] = Outcome.ENDED
    world.guard().run_once()
    assert world.athena.stopped == []
    assert world.results() == [(query_id(2), "already_finished")]


def test_a_query_that_somebody_else_has_cancelled_is_not_ours(world: World) -> None:
    world.athena.ended[query_id(2)] = Outcome.CANCELLED
    world.guard().run_once()
    assert world.athena.stopped == []
    assert world.results() == [(query_id(2), "already_finished")]


def test_a_query_that_ends_while_it_is_being_stopped_was_not_stopped(world: World) -> None:
    world.athena.before_stop = lambda: world.athena.ended.update({query_id(2): Outcome.ENDED})
    world.guard().run_once()
    assert world.results() == [(query_id(2), "already_finished")]


def test_a_stop_that_athena_refuses_because_the_query_has_ended_is_no_failure(world: World) -> None:
    world.athena.before_stop = lambda: world.athena.ended.update({query_id(2): Outcome.ENDED})
    world.athena.troubles.append(("stop", Outcome.REFUSED))
    world.guard().run_once()
    assert world.results() == [(query_id(2), "already_finished")]


def test_a_stop_that_athena_takes_while_the_query_still_runs_is_a_stop(world: World) -> None:
    world.athena.before_stop = lambda: world.athena.ended.update({query_id(2): Outcome.RUNNING})
    world.guard().run_once()
    assert world.results() == [(query_id(2), "stopped")]


@pytest.mark.parametrize(
    ("call", "outcome", "result"),
    [
        ("look", Outcome.DENIED, "denied"),
        ("stop", Outcome.DENIED, "denied"),
        ("look", Outcome.REFUSED, "failed"),
        ("stop", Outcome.REFUSED, "failed"),
    ],
)
def test_what_aws_refuses_is_written_down_told_and_tried_again_five_minutes_later(
    world: World, call: str, outcome: Outcome, result: str
) -> None:
    guard = world.guard()
    world.athena.troubles.append((call, outcome))
    with pytest.raises(TroubleError):
        guard.run_once()
    assert world.results() == [(query_id(2), result)]
    world.later(4 * MINUTE)
    guard.run_once()
    assert world.counted.why == {Reason.FAILED: 1}
    assert world.results() == [(query_id(2), result)]
    world.later(MINUTE)
    guard.run_once()
    assert world.results() == [(query_id(2), "stopped")]
    assert world.actions() == {("daily", "stop", result): 1, ("daily", "stop", "stopped"): 1}


def test_a_try_whose_end_nobody_may_look_at_stays_open_until_somebody_may(world: World) -> None:
    guard = world.guard()
    world.athena.before_stop = lambda: world.athena.ended.update({query_id(2): Outcome.CANCELLED})
    world.athena.troubles.append(("stop", Outcome.UNREACHABLE))
    with pytest.raises(TroubleError):
        guard.run_once()
    world.athena.troubles.append(("look", Outcome.DENIED))
    with pytest.raises(TroubleError):
        guard.run_once()
    assert world.results() == [(query_id(2), None)]
    guard.run_once()
    assert world.results() == [(query_id(2), "stopped")]
    assert world.actions() == {("daily", "stop", "stopped"): 1}


def test_a_try_whose_end_nobody_may_look_at_expires(world: World) -> None:
    guard = world.guard()
    for trouble in (("stop", Outcome.UNREACHABLE), ("look", Outcome.DENIED)):
        world.athena.troubles.append(trouble)
        with pytest.raises(TroubleError):
            guard.run_once()
        world.later(5 * MINUTE)
    assert world.results() == [(query_id(2), "expired")]


def test_one_query_that_is_denied_holds_up_no_other(world: World) -> None:
    world.begin(4, "ann", at=NOON + MINUTE)
    world.athena.troubles.append(("stop", Outcome.DENIED))
    with pytest.raises(TroubleError):
        world.guard().run_once()
    assert dict(world.results()) == {query_id(2): "denied", query_id(4): "stopped"}


@pytest.mark.parametrize("outcome", [Outcome.THROTTLED, Outcome.UNREACHABLE])
@pytest.mark.parametrize("call", ["look", "stop"])
def test_what_aws_does_not_do_now_is_tried_again(world: World, call: str, outcome: Outcome) -> None:
    guard = world.guard()
    world.athena.troubles.extend([(call, outcome)] * 2)
    for _ in range(2):
        with pytest.raises(TroubleError):
            guard.run_once()
        assert world.results() == [(query_id(2), None)]
        world.later(SECOND)
    guard.run_once()
    assert world.results() == [(query_id(2), "stopped")]


def test_a_throttled_aws_is_not_asked_for_the_next_query(world: World) -> None:
    world.begin(4, "ann", at=NOON + MINUTE)
    world.athena.troubles.append(("look", Outcome.THROTTLED))
    with pytest.raises(TroubleError):
        world.guard().run_once()
    assert world.athena.asked == [("look", query_id(2))]


@pytest.mark.parametrize(("outcome", "result"), [(Outcome.THROTTLED, "throttled"), (Outcome.UNREACHABLE, "expired")])
def test_what_aws_never_does_expires_after_five_minutes_of_its_clock(
    world: World, outcome: Outcome, result: str
) -> None:
    guard = world.guard()
    world.athena.troubles.extend([("look", outcome)] * 6)
    for _ in range(6):
        with pytest.raises(TroubleError):
            guard.run_once()
        world.later(MINUTE)
    assert world.results() == [(query_id(2), result)]
    assert world.athena.stopped == []


# -- restarts ----------------------------------------------------------------------------------------------------


class DiedError(BaseException):
    """The process is gone: nothing after it is done."""


def die() -> None:
    raise DiedError


def begun(world: World, *, before_stop: bool) -> None:
    """A guard dies between intent and act, or between act and record."""
    guard = world.guard()
    if before_stop:
        guard._book.tried = lambda _: die()  # type: ignore[assignment,method-assign]  # the death of a process
    else:
        guard._book.end = lambda *_: die()  # type: ignore[method-assign]  # as above
    with pytest.raises(DiedError):
        guard.run_once()
    world.book.reopen()


def test_killed_between_intent_and_act_the_next_process_acts(world: World) -> None:
    begun(world, before_stop=True)
    assert world.athena.stopped == []
    world.guard().run_once()
    assert world.athena.stopped == ids([2])
    assert world.results() == [(query_id(2), "stopped")]
    assert world.actions() == {("daily", "stop", "stopped"): 1}


def test_killed_between_act_and_record_the_next_process_records_and_stops_nothing_twice(world: World) -> None:
    begun(world, before_stop=False)
    assert world.athena.stopped == ids([2])
    world.guard().run_once()
    assert world.athena.stopped == ids([2])
    assert world.results() == [(query_id(2), "stopped")]
    assert world.actions() == {("daily", "stop", "stopped"): 1}


def test_an_intent_of_a_process_that_died_long_ago_is_not_acted_upon(world: World) -> None:
    begun(world, before_stop=True)
    world.later(5 * MINUTE)
    world.guard(most_a_minute=1).run_once()
    assert world.results() == [(query_id(2), "expired")]
    assert world.athena.stopped == []


@pytest.mark.parametrize(
    "changed",
    [
        lambda world: world.later(timedelta(days=1)),
        lambda world: world.book.deliver(query(2, at=NOON + SECOND)),
    ],
    ids=["a new day", "the query has ended"],
)
def test_an_intent_whose_reason_is_gone_is_not_acted_upon(world: World, changed: Callable[[World], None]) -> None:
    begun(world, before_stop=True)
    changed(world)
    world.guard().run_once()
    assert world.results() == [(query_id(2), "expired")]
    assert world.athena.stopped == []


def test_an_intent_about_somebody_who_is_protected_by_now_is_not_acted_upon(world: World) -> None:
    begun(world, before_stop=True)
    world.guard(patterns=("ann",)).run_once()
    assert world.results() == [(query_id(2), "expired")]
    assert world.athena.stopped == []


def test_an_intent_for_a_budget_that_does_not_enforce_any_more_is_not_acted_upon(
    make_world: MakeWorld, tmp_path: Path
) -> None:
    world = make_world()
    world.spend(1, "ann")
    world.begin(2, "ann")
    begun(world, before_stop=True)
    world.book.settings = settings_for(tmp_path, budgets=(enforced(enforce=Enforce.NONE),))
    world.book.reopen()
    world.guard().run_once()
    assert world.results() == [(query_id(2), "expired")]
    assert world.athena.stopped == []


@pytest.mark.parametrize("mode", [Mode.DRY_RUN, Mode.OFF])
def test_an_intent_is_not_acted_upon_by_a_guard_that_does_not_enforce(world: World, mode: Mode) -> None:
    begun(world, before_stop=True)
    if mode is Mode.OFF:
        give_up(world.book.ledger.guard_book(TARGET), world.athena.at)
    else:
        world.guard(mode, has_role=False).run_once()
    assert ("daily", "stop", "expired") in world.actions()
    assert world.athena.stopped == []


def test_a_machines_clock_that_jumps_changes_nothing() -> None:
    monotonic = [0.0]
    clock = AwsClock(NOON, lambda: monotonic[0])
    monotonic[0] = 60
    assert clock.now() == NOON + MINUTE
    clock.heard(NOON + HOUR)
    monotonic[0] = 61
    assert clock.now() == NOON + HOUR + SECOND


# -- what is seen of it ------------------------------------------------------------------------------------------


def test_the_counter_of_every_result_is_there_from_the_start(make_world: MakeWorld) -> None:
    world = make_world(enforced(), enforced("watched", enforce=Enforce.NONE))
    shown = world.book.shown(catalog.GUARD_ACTIONS)
    assert set(shown.values()) == {0}
    assert {labels[0] for labels in shown} == {"daily"}
    assert {labels[2] for labels in shown} == {
        "stopped", "already_finished", "denied", "throttled", "failed", "expired", "dry_run", "killed",
    }  # fmt: skip  # a list of words


def test_each_action_is_one_line_of_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "athena_exporter.outlets.guard"):
        world.guard().run_once()
    (line,) = caplog.messages
    assert line.startswith(f"guard: stopped: query {query_id(2)} of ann in workgroup primary, budget daily")
    assert line.endswith("subject ann, 2147483648 of 1073741824 bytes used")


def test_each_action_is_a_fact_for_the_outbox_if_somebody_reads_it(make_world: MakeWorld) -> None:
    world = make_world(consumers=("events",))
    world.spend(1, "ann")
    world.begin(2, "ann")
    world.guard().run_once()
    (fact,) = [one for one in world.book.ledger.pending_facts("events", 10) if one.kind == "guard"]
    (intent,) = world.intents()
    assert json.loads(fact.body) == {
        "action_id": intent.action_id, "query_id": query_id(2), "workgroup": "primary", "user": "ann",
        "budget": "daily", "subject": "ann", "mode": "enforce", "result": "stopped",
        "decided_at": "2026-03-10T12:00:00.000+00:00", "ended_at": "2026-03-10T12:00:00.000+00:00",
        "used": 2 * LIMIT, "limit": LIMIT, "unit": "bytes",
    }  # fmt: skip  # thirteen fields read best as a block


def test_without_a_reader_no_fact_is_written(world: World) -> None:
    world.guard().run_once()
    assert world.book.ledger._writer.execute("SELECT count(*) FROM facts").fetchone() == (0,)
