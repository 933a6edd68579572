"""Who writes a ledger: enough to tell people whom they meet, and to prove that it is dead where that can be proved.

Stage: **holder** -> lease. A proof needs one running system: the boot, the process namespace, the number and the time
of start together mean one process (man 5 proc, man 7 pid_namespaces). On any other machine nothing is proved, and the
lease has to be waited out.
"""

import os
import socket
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

_PROC = Path("/proc")
_STATE, _THREADS, _STARTED = 0, 17, 19
"""Places in /proc/PID/stat, counted from what follows the name (man 5 proc: fields 3, 20 and 22)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """One process that holds a lease, or asks for it. `token` is its own; '' is what its machine does not tell."""

    token: str
    host: str
    pid: int
    boot: str
    namespace: str
    started: str

    def __str__(self) -> str:
        """For people: whom to look for."""
        return f"process {self.pid} on {self.host}"

    def document(self) -> dict[str, str | int]:
        """What the lease file says of it."""
        return asdict(self)

    @classmethod
    def read(cls, document: dict[str, object]) -> Self:
        """The opposite of `document`. Raises KeyError, TypeError or ValueError: it is none."""
        words = {name: str(document[name]) for name in ("token", "host", "boot", "namespace", "started")}
        return cls(pid=int(str(document["pid"])), **words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """What a lease asks of the machine it is on.

    Args:
        me: this process.
        clock: seconds that never go back and, where the system has such a clock, go on while the machine sleeps.
        pause: waits for so many seconds.
        is_dead: whether a holder is proved to have ended; False where nobody can know.
    """

    me: Holder
    clock: Callable[[], float]
    pause: Callable[[float], None]
    is_dead: Callable[[Holder], bool]


def here(token: str, proc: Path = _PROC) -> Here:
    """This process on this machine; `token` is random and used once."""
    me = Holder(
        token=token,
        host=socket.gethostname(),
        pid=os.getpid(),
        boot=_boot(proc),
        namespace=_namespace(proc),
        started=_started(proc, os.getpid()),
    )
    return Here(me=me, clock=_clock(), pause=time.sleep, is_dead=lambda holder: is_dead(holder, me, proc))


def is_dead(holder: Holder, me: Holder, proc: Path = _PROC) -> bool:
    """Whether a process of this very system has ended.

    Another process may have its number by now: then it began at another time. The number of a namespace that is gone
    may be given anew within one boot; then, too, all processes of the old one have ended.
    """
    same = (holder.boot, holder.namespace) == (me.boot, me.namespace)
    if not same or not (holder.boot and holder.namespace and holder.started):
        return False
    return _started(proc, holder.pid) != holder.started


def _clock() -> Callable[[], float]:
    """Time that passes for a sleeping machine has passed for its neighbours, too."""
    found = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic if found is None else lambda: time.clock_gettime(found)


def _boot(proc: Path) -> str:
    return _text(proc / "sys/kernel/random/boot_id").strip()


def _namespace(proc: Path) -> str:
    try:
        return str((proc / "self/ns/pid").readlink())
    except OSError:  # not Linux: nothing is proved
        return ""


def _started(proc: Path, pid: int) -> str:
    """When a process began, in ticks of this boot; '' if it has ended, whether it was reaped or not."""
    _, _, rest = _text(proc / str(pid) / "stat").rpartition(")")
    fields = rest.split()
    if len(fields) <= _STARTED:
        return ""
    # The first of its threads may have ended while another one still waits for the disk it writes to.
    has_ended = fields[_STATE] in {"Z", "X"} and int(fields[_THREADS]) <= 1
    return "" if has_ended else fields[_STARTED]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
