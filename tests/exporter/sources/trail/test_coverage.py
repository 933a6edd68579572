"""What files prove: never more than is known, so that nobody stays without a user too early."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from athena_exporter.records import Read, Target
from athena_exporter.sources.trail.coverage import ANNOUNCED, DRAINED, PAUSE, Coverage

TARGET = Target(account_id="111122223333", region="eu-west-1")
START = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
SETTLE = timedelta(minutes=15)
HIDDEN = timedelta(minutes=10)
RETENTION = timedelta(days=4)
MINUTE = timedelta(minutes=1)


def begun(cursors: Mapping[str, str] | None = None, now: datetime = START) -> Coverage:
    coverage = Coverage(hidden=HIDDEN, retention=RETENTION, settle=SETTLE)
    coverage.begin(cursors or {}, now)
    return coverage


def proofs(coverage: Coverage, now: datetime) -> list[Read]:
    return [read for _, read in coverage.proofs(now, now)]


def test_no_file_proves_nothing() -> None:
    assert proofs(begun(), START + timedelta(days=1)) == []


def test_one_file_proves_nothing_and_a_later_one_what_lies_well_between_both() -> None:
    coverage = begun()
    coverage.read(TARGET, START)
    assert proofs(coverage, START + 60 * MINUTE) == []
    coverage.read(TARGET, START + 90 * MINUTE)
    now = START + 95 * MINUTE
    (read,) = proofs(coverage, now)
    assert (read.since, read.until) == (START + SETTLE, START + 90 * MINUTE - SETTLE)
    assert read.begun_at == now - ANNOUNCED


def test_files_that_stop_coming_prove_nothing_about_the_time_after_them() -> None:
    coverage = begun()
    for minutes in (0, 60):
        coverage.read(TARGET, START + minutes * MINUTE)
    for days in range(1, 4):
        assert [read.until for read in proofs(coverage, START + timedelta(days=days))] == [START + 45 * MINUTE]


def test_a_file_that_could_not_be_read_ends_what_was_proved() -> None:
    coverage = begun()
    for minutes in (0, 60, 120):
        coverage.read(TARGET, START + minutes * MINUTE)
    cursors = coverage.failed(TARGET, START + 50 * MINUTE)
    (read,) = proofs(coverage, START + 130 * MINUTE)
    assert read.since == START + 65 * MINUTE
    again = begun({**cursors, DRAINED: (START + 130 * MINUTE).isoformat()}, START + 140 * MINUTE)
    again.read(TARGET, START + 150 * MINUTE)
    assert [read.since for read in proofs(again, START + 160 * MINUTE)] == [START + 65 * MINUTE]


def test_a_restart_proves_nothing_while_messages_may_be_hidden() -> None:
    first = begun()
    cursors = {**first.read(TARGET, START), DRAINED: (START + MINUTE).isoformat()}
    again = begun(cursors, START + 60 * MINUTE)
    again.read(TARGET, START + 60 * MINUTE)
    assert proofs(again, START + 60 * MINUTE + HIDDEN - MINUTE) == []
    assert proofs(again, START + 60 * MINUTE + HIDDEN) != []


def test_after_a_pause_in_which_messages_may_have_expired_the_proof_begins_anew() -> None:
    cursors = {**begun().read(TARGET, START), DRAINED: START.isoformat()}
    late = START + RETENTION
    again = begun(cursors, late)
    again.read(TARGET, late)
    again.read(TARGET, late + 60 * MINUTE)
    assert [read.since for read in proofs(again, late + 61 * MINUTE)] == [late + SETTLE]


def test_a_target_is_proved_only_now_and_then() -> None:
    coverage = begun()
    for minutes in (0, 60):
        coverage.read(TARGET, START + minutes * MINUTE)
    at = START + 61 * MINUTE
    assert len(proofs(coverage, at)) == 1
    assert proofs(coverage, at + PAUSE - MINUTE) == []
    assert len(proofs(coverage, at + PAUSE)) == 1


@given(st.lists(st.tuples(st.integers(0, 300), st.booleans()), max_size=30), st.integers(0, 400))
def test_no_proof_reaches_before_a_failure_or_the_first_file_or_behind_the_newest(
    told: list[tuple[int, bool]], minutes: int
) -> None:
    coverage, now = begun(), START + minutes * MINUTE
    for minute, is_read in told:
        (coverage.read if is_read else coverage.failed)(TARGET, START + minute * MINUTE)
    read_at = [START + minute * MINUTE for minute, is_read in told if is_read]
    failed_at = [START + minute * MINUTE for minute, is_read in told if not is_read]
    for read in proofs(coverage, now):
        assert read.until <= max(read_at) - SETTLE
        assert read.until <= read.begun_at == now - ANNOUNCED
        assert all(read.since >= at + SETTLE for at in failed_at)
