"""Why these tests exist: a restart on the same machine is quick because the dead are proved to be dead. A wrong proof
would let two writers in."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from processes import until

from athena_exporter.ledger.holder import Holder, here, is_dead

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux's /proc proves anything")
ME = here("me").me


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits until its standard input ends."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    yield process
    process.kill()
    process.communicate(timeout=60)


def started(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


def of(process: "subprocess.Popen[bytes]") -> Holder:
    return replace(ME, pid=process.pid, started=started(process.pid))


def test_this_process_is_known_and_alive() -> None:
    assert (ME.pid, ME.started) == (os.getpid(), started(os.getpid()))
    assert all((ME.boot, ME.namespace, ME.host))
    assert not is_dead(ME, ME)


def test_another_process_is_alive_until_it_has_ended(child: "subprocess.Popen[bytes]") -> None:
    other = of(child)
    assert not here("me").is_dead(other)
    child.kill()
    until(lambda: here("me").is_dead(other), what="the proof, before anybody has reaped it", every=0.01)
    child.wait(timeout=60)
    assert here("me").is_dead(other)


def test_a_number_that_went_to_another_process_proves_the_death_of_the_first() -> None:
    assert is_dead(replace(ME, started="1"), ME)


@pytest.mark.parametrize("other", [{"boot": "another"}, {"namespace": "pid:[1]"}, {"boot": ""}, {"started": ""}])
def test_of_another_machine_nothing_is_proved(other: dict[str, str]) -> None:
    gone = replace(ME, pid=2**22 + 1, started="1")
    assert is_dead(gone, ME)
    assert not is_dead(replace(gone, **other), ME)  # type: ignore[arg-type]  # the fields named are all texts


def test_a_machine_that_tells_nothing_proves_nothing(tmp_path: Path) -> None:
    blind = here("me", tmp_path).me
    assert (blind.boot, blind.namespace, blind.started) == ("", "", "")
    assert not is_dead(replace(blind, pid=2**22 + 1, started="1"), blind, tmp_path)


def stat(folder: Path, state: str, threads: int) -> Path:
    """A /proc in which process 5 began at 77."""
    fields = [state, *["0"] * 16, str(threads), "0", "77"]
    (folder / "5").mkdir()
    (folder / "5" / "stat").write_text(f"5 (a) name) {' '.join(fields)} 0 0")
    return folder


@pytest.mark.parametrize(
    ("state", "threads", "dead"), [("S", 4, False), ("D", 1, False), ("Z", 1, True), ("Z", 2, False), ("X", 1, True)]
)
def test_a_process_lives_as_long_as_one_of_its_threads_may_write(
    tmp_path: Path, state: str, threads: int, *, dead: bool
) -> None:
    other = replace(ME, pid=5, started="77")
    assert is_dead(other, ME, stat(tmp_path, state, threads)) is dead


def test_what_a_lease_says_of_its_holder_is_read_as_it_was_written() -> None:
    assert Holder.read(dict(ME.document())) == ME
    assert str(replace(ME, pid=12, host="node-3")) == "process 12 on node-3"


def test_the_clock_goes_on(tmp_path: Path) -> None:
    clock = here("me", tmp_path).clock
    assert clock() <= clock()
