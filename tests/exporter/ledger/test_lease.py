"""Why these tests exist: on a disk without working locks the lease alone keeps two writers apart. Whoever may still be
at work is waited for, whoever was silent for too long stops by himself before anybody else begins, and whatever stands
in the lease's file is one clear line."""

import json
import logging
import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machines import Time, holder
from processes import until

from athena_exporter.ledger.errors import LedgerError, ReplacedError
from athena_exporter.ledger.lease import LONGEST, Lease, lease_path, read

LENGTH = timedelta(seconds=30)
SETTLE = 3
"""A claim stands for a tenth of the length before it is a lease."""


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def time() -> Time:
    return Time()


def taken(ledger: Path, time: Time, token: str, *, length: timedelta = LENGTH, ahead: float = 0.0) -> Lease:
    lease = Lease(ledger, length, time.machine(token, ahead=ahead))
    lease.take(is_locked_by_us=True)
    return lease


def refusal(lease: Lease, *, is_locked_by_us: bool = True) -> str:
    with pytest.raises(LedgerError) as caught:
        lease.take(is_locked_by_us=is_locked_by_us)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def whose(ledger: Path) -> str:
    said = read(lease_path(ledger).read_bytes())
    assert said is not None
    return said.holder.token


# -- taking ---------------------------------------------------------------------------------------------------------


def test_where_nobody_was_before_a_claim_has_to_stand_for_a_moment_only(ledger: Path, time: Time) -> None:
    lease = taken(ledger, time, "a")
    assert time.paused == SETTLE
    assert (lease.doubt(), whose(ledger)) == (None, "a")


def test_a_lease_that_was_given_back_is_not_waited_for(ledger: Path, time: Time) -> None:
    taken(ledger, time, "a").release()
    time.paused = 0
    taken(ledger, time, "b")
    assert time.paused == SETTLE


def test_a_holder_that_is_proved_to_be_dead_is_not_waited_for(ledger: Path, time: Time) -> None:
    taken(ledger, time, "a")
    time.paused = 0
    lease = Lease(ledger, LENGTH, time.machine("b", dead=("a",)))
    lease.take(is_locked_by_us=True)
    assert time.paused == SETTLE


def test_a_silent_holder_is_waited_for_and_the_log_says_how_long(
    ledger: Path, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    taken(ledger, time, "a")
    time.paused = 0
    taken(ledger, time, "b", ahead=-1_000_000)
    assert LENGTH.total_seconds() < time.paused < 1.2 * LENGTH.total_seconds()
    assert caplog.messages == [
        (
            f"ledger {ledger}: waiting for 30 s: its lease was last renewed by process 7 on host-a, "
            "and may still be in use"
        ),
        f"ledger {ledger}: its lease stood still for 30 s: taking it over",
    ]
    assert whose(ledger) == "b"


def test_the_longer_of_two_lengths_is_waited_for(ledger: Path, time: Time) -> None:
    taken(ledger, time, "a", length=timedelta(minutes=2))
    time.paused = 0
    taken(ledger, time, "b")
    assert time.paused > 120


def test_a_holder_that_is_at_work_is_named_and_kept(ledger: Path, time: Time) -> None:
    first = taken(ledger, time, "a")
    time.paused, time.meanwhile = 0, first.renew
    line = refusal(Lease(ledger, LENGTH, time.machine("b")))
    assert line == (
        f"ledger {ledger}: another exporter uses it (process 7 on host-a); one ledger has one writer, "
        "end that one first"
    )
    assert time.paused < LENGTH.total_seconds() / 3
    assert first.doubt() is None


def test_a_holder_that_gives_back_while_it_is_watched_is_followed_at_once(ledger: Path, time: Time) -> None:
    first = taken(ledger, time, "a")
    time.paused, time.meanwhile = 0, first.release
    taken(ledger, time, "b")
    assert time.paused < 2 * SETTLE


def test_a_writer_without_a_lease_is_known_by_its_lock(ledger: Path, time: Time) -> None:
    line = refusal(Lease(ledger, LENGTH, time.machine("b")), is_locked_by_us=False)
    assert line.endswith("another exporter uses it; one ledger has one writer, end that one first")
    assert not lease_path(ledger).exists()


def test_a_lock_that_outlived_its_holder_keeps_nobody_out_for_ever(ledger: Path, time: Time) -> None:
    taken(ledger, time, "a")
    Lease(ledger, LENGTH, time.machine("b")).take(is_locked_by_us=False)
    assert whose(ledger) == "b"


def test_of_two_who_find_it_free_at_the_same_moment_one_gives_way(ledger: Path, time: Time) -> None:
    """The first has claimed and waits; the other had read before, and writes now."""
    first, second = Lease(ledger, LENGTH, time.machine("a")), Lease(ledger, LENGTH, time.machine("b"))
    time.meanwhile = second._write
    assert refusal(first) == (
        f"ledger {ledger}: process 7 on host-b takes it at the same time; one ledger has one writer, end that one first"
    )


def test_a_claim_that_took_too_long_to_be_sure_of_is_made_again(ledger: Path, time: Time) -> None:
    delays = iter([SETTLE])

    class Slow(Lease):
        def _write(self, *, is_released: bool = False) -> None:
            time.now += next(delays, 0)
            super()._write(is_released=is_released)

    Slow(ledger, LENGTH, time.machine("a")).take(is_locked_by_us=True)
    assert time.paused > LENGTH.total_seconds(), "its first claim is a stranger's to itself"
    delays = iter([SETTLE] * 9)
    line = refusal(Slow(ledger, LENGTH, time.machine("b", dead=("a", "b"))))
    assert "too slow for a lease of 30 s" in line
    assert "make ledger.lease longer" in line


# -- two writers are never at work at once --------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    stops=st.floats(0, 100),
    comes=st.floats(0, 100),
    slow=st.floats(0, 9),
    fast=st.sampled_from([0.96, 1.0, 1.04]),
    lengths=st.tuples(st.sampled_from([10, 30, 60]), st.sampled_from([10, 30, 60])),
)
def test_whoever_falls_silent_has_stopped_before_another_one_begins(
    tmp_path_factory: pytest.TempPathFactory,
    stops: float,
    comes: float,
    slow: float,
    fast: float,
    lengths: tuple[int, int],
) -> None:
    """The first renews until `stops`, its last beat takes `slow` seconds; its clock goes wrong by a few per cent."""
    ledger, time = tmp_path_factory.mktemp("lease") / "ledger.db", Time()
    machine = time.machine("a")
    slower = type(machine)(me=machine.me, clock=lambda: time.now * fast, pause=time.pause, is_dead=machine.is_dead)
    first = Lease(ledger, timedelta(seconds=lengths[0]), slower)
    first.take(is_locked_by_us=True)
    last = time.now

    def beat() -> None:
        nonlocal last
        if time.now < stops and time.now - last >= lengths[0] / 3:
            last = time.now
            first.renew()

    while time.now < comes:
        time.pause(0.5)
        beat()
    time.now += slow
    time.meanwhile = beat
    second = Lease(ledger, timedelta(seconds=lengths[1]), time.machine("b", ahead=12_345))
    try:
        second.take(is_locked_by_us=True)
    except LedgerError:
        assert first.doubt() is None, "nobody is refused for one that is gone"
    else:
        assert first.doubt() is not None
        with pytest.raises(ReplacedError):
            first.hold()
        assert second.doubt() is None


# -- keeping --------------------------------------------------------------------------------------------------------


def test_a_lease_that_is_renewed_stays(ledger: Path, time: Time) -> None:
    lease = taken(ledger, time, "a")
    for _ in range(20):
        time.now += 20
        lease.renew()
    lease.hold()


def test_a_lease_that_was_not_renewed_in_time_is_lost_for_good(ledger: Path, time: Time) -> None:
    lease = taken(ledger, time, "a")
    before = lease_path(ledger).read_bytes()
    time.now += 28
    lease.renew()
    assert lease.doubt() == (
        f"ledger {ledger}: its lease was not renewed for 27 s (this process or its disk stood still), and another "
        "exporter may have taken it over; this one ends, and nothing is lost"
    )
    assert lease_path(ledger).read_bytes() == before, "it may be another's by now"
    lease.release()
    assert lease_path(ledger).read_bytes() == before


def test_a_renewal_that_ends_too_late_does_not_count(ledger: Path, time: Time) -> None:
    class Stalling(Lease):
        def _write(self, *, is_released: bool = False) -> None:
            super()._write(is_released=is_released)
            time.now += stall

    stall = 0
    lease = Stalling(ledger, LENGTH, time.machine("a"))
    lease.take(is_locked_by_us=True)
    stall = 25
    lease.renew()
    assert lease.doubt() is not None


def test_a_disk_that_takes_no_renewal_is_said_once_and_ends_it_in_time(
    ledger: Path, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    lease = taken(ledger, time, "a")
    lease_path(ledger).unlink()
    lease_path(ledger).mkdir()
    for _ in range(3):
        time.now += 7
        lease.renew()
    trouble = f"ledger lease {ledger}.lease: cannot be read: is a directory; the file has to be writable"
    assert caplog.messages == [f"{trouble}; this exporter ends in 17 s if that goes on"]
    assert lease.doubt() is None
    time.now += 7
    assert trouble in (lease.doubt() or "")


def test_a_file_that_somebody_changed_or_removed_is_written_anew(
    ledger: Path, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    lease = taken(ledger, time, "a")
    lease_path(ledger).unlink()
    lease.renew()
    assert whose(ledger) == "a"
    lease_path(ledger).write_bytes(b"\0" * 400)
    lease.renew()
    assert whose(ledger) == "a"
    assert caplog.messages == [f"ledger lease {ledger}.lease: somebody else has changed it; written anew"] * 2
    lease.hold()


def test_a_copy_of_the_same_process_is_noticed(ledger: Path, time: Time) -> None:
    """As two clones of one virtual machine are: one process, one token, one mark."""
    first = taken(ledger, time, "a")
    clone = Lease(ledger, LENGTH, time.machine("a"))
    clone._write()
    clone._write()
    first.renew()
    assert first.doubt() == f"ledger {ledger}: a copy of this process writes it, too; this one ends"


def test_a_full_disk_takes_no_lease_away(small_disk: Path, time: Time) -> None:
    lease = taken(small_disk / "ledger.db", time, "a")
    with (small_disk / "filler").open("wb") as file:
        while os.statvfs(small_disk).f_bavail:
            file.write(b"x" * 1024)
            file.flush()
    time.now += 20
    lease.renew()
    time.now += 20
    lease.hold()


def test_a_disk_that_is_full_at_the_start_is_named(small_disk: Path, time: Time) -> None:
    with (small_disk / "filler").open("wb") as file:
        while os.statvfs(small_disk).f_bavail:
            file.write(b"x" * 1024)
            file.flush()
    ledger = small_disk / "ledger.db"
    assert refusal(Lease(ledger, LENGTH, time.machine("a"))) == (
        f"ledger lease {ledger}.lease: cannot be written: the disk is full; the file has to be writable"
    )


# -- what may stand in the file -------------------------------------------------------------------------------------


def text(**changed: object) -> bytes:
    plain = {"beat": 1, "seconds": 30.0, "released": False, "holder": holder("a").document()}
    return json.dumps(plain | changed).encode()


@pytest.mark.parametrize(
    "torn",
    [
        text()[:40],
        b"\0" * 1024,
        b"\xff\xfe",
        b"[]",
        b'"held"',
        text(holder={"token": "a"}),
        text(holder=None),
        text(seconds="soon"),
    ],
)
def test_a_torn_lease_is_waited_for_as_any_other_and_said(
    ledger: Path, time: Time, caplog: pytest.LogCaptureFixture, torn: bytes
) -> None:
    lease_path(ledger).write_bytes(torn)
    taken(ledger, time, "b")
    assert time.paused > LENGTH.total_seconds()
    assert "its lease cannot be read as one, and may still be in use" in caplog.messages[0]
    assert whose(ledger) == "b"


def test_an_empty_file_is_no_lease(ledger: Path, time: Time) -> None:
    lease_path(ledger).touch()
    taken(ledger, time, "b")
    assert time.paused == SETTLE


@pytest.mark.parametrize("seconds", [10.0**9, "Infinity", "NaN"])
def test_a_lease_from_the_future_is_waited_for_as_long_as_any_may_last(
    ledger: Path, time: Time, seconds: object
) -> None:
    lease_path(ledger).write_bytes(text(seconds=float(str(seconds))))
    os.utime(lease_path(ledger), (4_000_000_000, 4_000_000_000))
    taken(ledger, time, "b")
    assert time.paused < 1.1 * LONGEST.total_seconds()
    assert whose(ledger) == "b"


def test_a_lease_that_cannot_be_read_is_named(ledger: Path, time: Time) -> None:
    lease_path(ledger).mkdir()
    line = refusal(Lease(ledger, LENGTH, time.machine("b")))
    assert line == f"ledger lease {ledger}.lease: cannot be read: is a directory; the file has to be writable"


def test_the_thread_renews_by_itself(ledger: Path, time: Time, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    lease = taken(ledger, time, "a", length=timedelta(milliseconds=60))
    before = lease_path(ledger).read_bytes()
    lease.keep()

    until(lambda: lease_path(ledger).read_bytes() != before, what="a beat", every=0.01)
    lease.release()
    said = read(lease_path(ledger).read_bytes())
    assert said is not None
    assert said.is_released
